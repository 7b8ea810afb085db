//! The acts of `/cbo/v1`, and what each wants said with it (adr/0011).
//!
//! Not here: whether the act is open now (crate `referral`), whose it is (`scribe/act.rs`).

use loopgate_referral::{Appointment, StatusReason, TargetMove};
use serde_json::Value;

use super::body::{Words, bad, parse};
use super::says::{
    Assign, Attempt, Because, Book, ListedReason, NotDone, Nothing, Reason, Reroute, SafeContact,
    ServedOne, ServedSeveral, Text,
};
use crate::refusal::Trouble;
use crate::scribe::{ASSIGNED_BYTES_MAX, SERVICES_MAX, Service, Wish};

/// What an act and its body ask for.
pub type Read = fn(&[u8]) -> Result<Wish, Trouble>;

pub fn accept(body: &[u8]) -> Result<Wish, Trouble> {
    nothing(body, Wish::Target(TargetMove::Accept))
}

pub fn decline(body: &[u8]) -> Result<Wish, Trouble> {
    let NotDone { reason } = parse(body)?;
    Ok(Wish::Target(TargetMove::Reject { why: listed(reason)? }))
}

pub fn fail(body: &[u8]) -> Result<Wish, Trouble> {
    let NotDone { reason } = parse(body)?;
    Ok(Wish::Target(TargetMove::Fail { why: listed(reason)? }))
}

pub fn withdraw(body: &[u8]) -> Result<Wish, Trouble> {
    let Because { reason } = parse(body)?;
    Ok(Wish::Target(TargetMove::Withdraw { why: why(reason)? }))
}

pub fn hold(body: &[u8]) -> Result<Wish, Trouble> {
    let Because { reason } = parse(body)?;
    Ok(Wish::Target(TargetMove::Hold { why: why(reason)? }))
}

pub fn resume(body: &[u8]) -> Result<Wish, Trouble> {
    nothing(body, Wish::Target(TargetMove::Start))
}

pub fn agree_cancel(body: &[u8]) -> Result<Wish, Trouble> {
    nothing(body, Wish::AgreeCancel)
}

pub fn refuse_cancel(body: &[u8]) -> Result<Wish, Trouble> {
    let Because { reason } = parse(body)?;
    Ok(Wish::RefuseCancel { why: why(reason)? })
}

pub fn appointment(body: &[u8]) -> Result<Wish, Trouble> {
    let Book { start, place } = parse(body)?;
    Ok(Wish::Book(Appointment { start: start.0, place: place.map(|place| place.0) }))
}

pub fn appointment_cancelled(body: &[u8]) -> Result<Wish, Trouble> {
    nothing(body, Wish::CancelAppointment)
}

pub fn no_show(body: &[u8]) -> Result<Wish, Trouble> {
    nothing(body, Wish::NoShow)
}

pub fn attempts(body: &[u8]) -> Result<Wish, Trouble> {
    let attempt: Attempt = parse(body)?;
    Ok(Wish::Attempt(attempt.into()))
}

pub fn note(body: &[u8]) -> Result<Wish, Trouble> {
    let Text { text } = parse(body)?;
    Ok(Wish::Note(text.0))
}

pub fn comment(body: &[u8]) -> Result<Wish, Trouble> {
    let Text { text } = parse(body)?;
    Ok(Wish::Comment(text.0))
}

pub fn assign(body: &[u8]) -> Result<Wish, Trouble> {
    let Assign { to } = parse(body)?;
    if to.as_ref().is_some_and(|Words(to)| to.len() > ASSIGNED_BYTES_MAX) {
        return Err(bad("#/to", "is a text of 1 to 100 bytes"));
    }
    Ok(Wish::Assign(to.map(|to| to.0)))
}

pub fn safe_contact(body: &[u8]) -> Result<Wish, Trouble> {
    let SafeContact { text } = parse(body)?;
    Ok(Wish::SafeContact(text.map(|text| text.0)))
}

pub fn reroute(body: &[u8]) -> Result<Wish, Trouble> {
    let Reroute { to, reason } = parse(body)?;
    Ok(Wish::Reroute { to: to.0, why: why(reason)? })
}

pub fn take_back(body: &[u8]) -> Result<Wish, Trouble> {
    nothing(body, Wish::TakeBack)
}

pub fn served(body: &[u8]) -> Result<Wish, Trouble> {
    Ok(Wish::Serve { services: services(body)? })
}

pub fn corrected(body: &[u8]) -> Result<Wish, Trouble> {
    Ok(Wish::Correct { services: services(body)? })
}

fn nothing(body: &[u8], wish: Wish) -> Result<Wish, Trouble> {
    let Nothing {} = parse(body)?;
    Ok(wish)
}

/// One service as `outcome`, or several as `services`.
fn services(body: &[u8]) -> Result<Vec<Service>, Trouble> {
    let looked: Option<Value> = serde_json::from_slice(body).ok();
    if looked.is_none_or(|looked| looked.get("services").is_none()) {
        let ServedOne { outcome, performed } = parse(body)?;
        let code = code("#/outcome", outcome.system, outcome.code)?;
        let performed = performed.map(|at| at.0);
        return Ok(vec![Service { code, text: outcome.text.0, performed }]);
    }
    let ServedSeveral { services } = parse(body)?;
    if services.is_empty() || services.len() > SERVICES_MAX {
        return Err(bad("#/services", "needs 1 to 50 services"));
    }
    let said = services.into_iter().enumerate().map(|(n, one)| {
        let code = code(&format!("#/services/{n}"), one.system, one.code)?;
        Ok(Service { code, text: one.text.0, performed: one.performed.map(|at| at.0) })
    });
    said.collect()
}

fn code(
    at: &str,
    system: Option<Words>,
    code: Option<Words>,
) -> Result<Option<(String, String)>, Trouble> {
    match (system, code) {
        (Some(system), Some(code)) => Ok(Some((system.0, code.0))),
        (None, None) => Ok(None),
        _ => Err(bad(at, "needs both code and system, or neither")),
    }
}

pub fn why(reason: Reason) -> Result<StatusReason, Trouble> {
    reason_of(&reason.code.0, &reason.text.0)
}

fn listed(reason: ListedReason) -> Result<StatusReason, Trouble> {
    let (code, words) = reason.code.said();
    reason_of(code, reason.text.as_ref().map_or(words, |text| &text.0))
}

fn reason_of(code: &str, text: &str) -> Result<StatusReason, Trouble> {
    StatusReason::new(code, text).ok_or_else(|| bad("#/reason", "is not a code and a text"))
}

#[cfg(test)]
mod tests {
    use super::super::operations;
    use super::*;
    use crate::reply::JSON;

    /// An act's examples in the document are taken by the act itself.
    #[test]
    fn every_example_is_one() {
        let acts: [(&str, Read); 19] = [
            ("accept", accept),
            ("decline", decline),
            ("withdraw", withdraw),
            ("hold", hold),
            ("resume", resume),
            ("fail", fail),
            ("attempts", attempts),
            ("appointment", appointment),
            ("appointment-cancelled", appointment_cancelled),
            ("no-show", no_show),
            ("note", note),
            ("comment", comment),
            ("assign", assign),
            ("safe-contact", safe_contact),
            ("reroute", reroute),
            ("take-back", take_back),
            ("served", served),
            ("corrected", corrected),
            ("agree-cancel", agree_cancel),
        ];
        for (act, read) in acts.into_iter().chain([("refuse-cancel", refuse_cancel as Read)]) {
            let path = format!("/cbo/v1/referrals/{{id}}/{act}");
            let one = operations().find(|one| one.said.path == path && one.said.method == "POST");
            let takes = one.and_then(|one| one.said.takes).unwrap();
            assert_eq!(takes.media, [JSON]);
            assert!(!takes.examples.is_empty(), "{act}");
            for (name, text) in takes.examples {
                assert!(
                    read(text.as_bytes()).is_ok(),
                    "{act}: {name}: {:?}",
                    read(text.as_bytes())
                );
            }
        }
    }

    #[test]
    fn several_services_are_pointed_at_one_by_one() {
        let wrong = |body: &str| match served(body.as_bytes()) {
            Err(Trouble::Refused(refusal)) => refusal.faults[0].expression.clone(),
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!(wrong(r#"{"services":[]}"#), "#/services");
        let many: Vec<&str> = vec![r#"{"text":"a"}"#; 51];
        assert_eq!(wrong(&format!(r#"{{"services":[{}]}}"#, many.join(","))), "#/services");
        let half = r#"{"services":[{"text":"a"},{"text":"b","code":"c"}]}"#;
        assert_eq!(wrong(half), "#/services/1");
        assert_eq!(wrong(r#"{"services":[{"text":" "}]}"#), "#/services/0/text");
        assert_eq!(wrong(r#"{"outcome":{"text":"a"},"services":[{"text":"a"}]}"#), "#/outcome");
        assert_eq!(wrong(r#"{"outcome":{"text":"a","code":null}}"#), "#/outcome/code");
    }
}
