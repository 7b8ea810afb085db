//! The verbs of `/cbo/v1`, and what each wants said with it (adr/0011).
//!
//! Not here: whether the act is open now (crate `referral`), whose it is (`scribe/act.rs`).

use loopgate_referral::{Appointment, StatusReason, TargetMove, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::bad;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{self, NOTE_BYTES_MAX, Wish};

/// What a verb and its body ask for.
pub fn wish(act: &str, body: &[u8]) -> Result<Wish, Trouble> {
    Ok(match act {
        "accept" => {
            let Nothing {} = parse(body)?;
            Wish::Target(TargetMove::Accept)
        }
        "decline" => Wish::Target(TargetMove::Reject { why: why(body)? }),
        "withdraw" => Wish::Target(TargetMove::Withdraw { why: why(body)? }),
        "agree-cancel" => {
            let Nothing {} = parse(body)?;
            Wish::AgreeCancel
        }
        "refuse-cancel" => Wish::RefuseCancel { why: why(body)? },
        "appointment" => {
            let Book { start, place } = parse(body)?;
            let place = place.map(|place| words("place", place)).transpose()?;
            Wish::Book(Appointment { start: instant("start", &start)?, place })
        }
        "appointment-cancelled" => {
            let Nothing {} = parse(body)?;
            Wish::CancelAppointment
        }
        "note" => {
            let Words { text } = parse(body)?;
            Wish::Note(words("text", text)?)
        }
        "no-show" => {
            let Nothing {} = parse(body)?;
            Wish::NoShow
        }
        "served" => Wish::Serve { services: vec![service(body)?] },
        "corrected" => Wish::Correct { services: vec![service(body)?] },
        _ => return Err(Kind::NotFound.into()),
    })
}

fn service(body: &[u8]) -> Result<scribe::Service, Trouble> {
    let Served { outcome, performed } = parse(body)?;
    let code = match (outcome.system, outcome.code) {
        (Some(system), Some(code)) => {
            Some((words("outcome.system", system)?, words("outcome.code", code)?))
        }
        (None, None) => None,
        _ => return Err(bad("outcome", "needs both code and system, or neither")),
    };
    let performed = performed.map(|at| instant("performed", &at)).transpose()?;
    Ok(scribe::Service { code, text: words("outcome.text", outcome.text)?, performed })
}

pub fn why(body: &[u8]) -> Result<StatusReason, Trouble> {
    let Because { reason } = parse(body)?;
    StatusReason::new(&reason.code, &reason.text)
        .ok_or_else(|| bad("reason", "needs a code of a-z0-9- and a text of 1 to 1000 bytes"))
}

pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    let body = if body.is_empty() { b"{}" } else { body };
    // The error's text could hold a value of the message; where it is wrong is said in the manual.
    serde_json::from_slice(body).map_err(|_| Kind::Malformed.into())
}

pub fn words(at: &str, text: String) -> Result<String, Trouble> {
    if text.trim().is_empty() || text.len() > NOTE_BYTES_MAX {
        return Err(bad(at, "is a text of 1 to 1000 bytes"));
    }
    Ok(text)
}

/// An instant with its zone: a local time means another instant to somebody else.
fn instant(at: &str, text: &str) -> Result<Timestamp, Trouble> {
    let instant: Result<jiff::Timestamp, _> = text.parse();
    instant
        .map(|instant| Timestamp(instant.as_millisecond()))
        .map_err(|_| bad(at, "is not a date and time with its zone"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Because {
    reason: Reason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    code: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    start: String,
    #[serde(default)]
    place: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Served {
    outcome: Service,
    #[serde(default)]
    performed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    text: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    system: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    text: String,
}
