//! What loopgate itself does to a referral.

use super::{Command, Illegal};
use crate::{Event, Referral, Standing};

/// What consent and clocks decide, and what was told to whom.
pub(super) fn gateway(referral: &Referral, command: Command) -> Result<Vec<Event>, Illegal> {
    let waiting = matches!(referral.standing, Standing::Held { .. });
    let unanswered = referral.is_unanswered();
    match command {
        Command::Hold(why) if unanswered && !waiting => Ok(vec![Event::Held { why }]),
        Command::Resume if unanswered && waiting && referral.is_placed() => {
            Ok(vec![Event::Resumed])
        }
        Command::Refuse(why) if unanswered => Ok(vec![Event::Refused { why }]),
        Command::Place { placement, task, request } if unanswered && !referral.is_placed() => {
            Ok(vec![Event::Placed { placement, target: referral.owner.clone(), task, request }])
        }
        Command::Delivered(id, amended) => match referral.placement(&id) {
            Some(placement) if !placement.delivered && amended <= placement.amended => {
                Ok(vec![Event::Delivered { placement: id, amended }])
            }
            _ => Err(Illegal::NoSuchEdge),
        },
        Command::Told(version) if referral.told < version && version <= referral.version => {
            Ok(vec![Event::SourceTold { version }])
        }
        Command::TargetTold(id, version) => match referral.placement(&id) {
            Some(placement) if placement.told < version && version <= placement.version => {
                Ok(vec![Event::TargetTold { placement: id, version }])
            }
            _ => Err(Illegal::NoSuchEdge),
        },
        Command::TellAgain(since) if referral.said.iter().any(|news| news.at >= since) => {
            Ok(vec![Event::SourceToBeToldAgain { since }])
        }
        Command::Told(_)
        | Command::TellAgain(_)
        | Command::Hold(_)
        | Command::Resume
        | Command::Refuse(_)
        | Command::Place { .. } => Err(Illegal::NoSuchEdge),
        _ => Err(Illegal::NotYourAct),
    }
}
