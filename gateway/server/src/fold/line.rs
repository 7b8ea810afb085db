//! What happened to a person's data, as a line that the person can read.

use loopgate_consent::ReasonCode;
use loopgate_referral::{OrgId, PersonId, Timestamp};

use super::{Place, WRONG_PIN};
use crate::journal::{BasisUsed, Event};

/// One line of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// The entry's index in the log.
    pub index: u64,
    /// To whom, or who asked.
    pub who: OrgId,
    /// What was shared: field groups, or `what they sent us`; why it was refused, otherwise.
    pub what: Result<Vec<String>, ReasonCode>,
    /// For which purpose of use.
    pub purpose: Option<String>,
    /// On which ground, in words.
    pub ground: &'static str,
}

impl Line {
    /// The line of an event, if it is about somebody's data.
    pub fn of(event: &Event, place: Place) -> Option<(PersonId, Line)> {
        let line = |who: &OrgId, what, purpose, ground| Line {
            at: place.at,
            index: place.index,
            who: who.clone(),
            what,
            purpose,
            ground,
        };
        match event {
            Event::Disclosed(one) => {
                let mut groups = Vec::new();
                let (mut purpose, mut ground) = (None, "they sent it to us");
                for basis in &one.bases {
                    ground = match basis {
                        BasisUsed::Consent { groups: passed, purpose: of, .. } => {
                            groups.extend(passed.iter().cloned());
                            purpose.clone_from(of);
                            "you agreed"
                        }
                        BasisUsed::ReturnToSupplier if groups.is_empty() => "they sent it to us",
                        BasisUsed::ReturnToSupplier => ground,
                        BasisUsed::Treatment => "they treat you",
                        BasisUsed::BusinessAssociate => "they work for who sent it",
                        BasisUsed::Law { .. } => "a court or a law ordered it",
                        BasisUsed::BreakGlass { .. } => "it was an emergency",
                        BasisUsed::ThePerson => "you asked",
                        BasisUsed::Audit { .. } => "it was audited",
                    };
                }
                Some((one.person, line(&one.recipient, Ok(groups), purpose, ground)))
            }
            Event::Denied { org, person: Some(person), code, .. } if code != WRONG_PIN => {
                let code = ReasonCode::ALL.iter().find(|one| one.name() == code)?;
                Some((*person, line(org, Err(*code), None, "refused")))
            }
            _ => None,
        }
    }
}
