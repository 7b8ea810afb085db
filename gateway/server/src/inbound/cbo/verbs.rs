//! The acts of `/cbo/v1`, and what each wants said with it (adr/0011).
//!
//! Not here: whether the act is open now (crate `referral`), whose it is (`scribe/act.rs`).

use loopgate_referral::{Appointment, StatusReason, TargetMove};
use serde_json::Value;

use super::body::{bad, parse};
use super::says::{
    Because, Book, Nothing, Outcome, Reason, ServedOne, Text,
};
use crate::refusal::Trouble;
use crate::scribe::Wish;

/// What an act and its body ask for.
pub type Read = fn(&[u8]) -> Result<Wish, Trouble>;

pub fn accept(body: &[u8]) -> Result<Wish, Trouble> {
    let Nothing {} = parse(body)?;
    Ok(Wish::Target(TargetMove::Accept))
}

pub fn decline(body: &[u8]) -> Result<Wish, Trouble> {
    let Because { reason } = parse(body)?;
    Ok(Wish::Target(TargetMove::Reject { why: why(reason)? }))
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
    let Nothing {} = parse(body)?;
    Ok(Wish::Target(TargetMove::Start))
}

pub fn agree_cancel(body: &[u8]) -> Result<Wish, Trouble> {
    let Nothing {} = parse(body)?;
    Ok(Wish::AgreeCancel)
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
    let Nothing {} = parse(body)?;
    Ok(Wish::CancelAppointment)
}

pub fn no_show(body: &[u8]) -> Result<Wish, Trouble> {
    let Nothing {} = parse(body)?;
    Ok(Wish::NoShow)
}

pub fn note(body: &[u8]) -> Result<Wish, Trouble> {
    let Text { text } = parse(body)?;
    Ok(Wish::Note(text.0))
}

pub fn served(body: &[u8]) -> Result<Wish, Trouble> {
    let ServedOne { outcome, performed } = parse(body)?;
    let code = code(&outcome)?;
    Ok(Wish::Serve { code, text: outcome.text.0, performed: performed.map(|at| at.0) })
}

pub fn corrected(body: &[u8]) -> Result<Wish, Trouble> {
    let ServedOne { outcome, performed } = parse(body)?;
    let code = code(&outcome)?;
    Ok(Wish::Correct { code, text: outcome.text.0, performed: performed.map(|at| at.0) })
}

fn code(outcome: &Outcome) -> Result<Option<(String, String)>, Trouble> {
    match (&outcome.system, &outcome.code) {
        (Some(system), Some(code)) => Ok(Some((system.0.clone(), code.0.clone()))),
        (None, None) => Ok(None),
        _ => Err(bad("#/outcome", "needs both code and system, or neither")),
    }
}

fn why(reason: Reason) -> Result<StatusReason, Trouble> {
    let why = StatusReason::new(&reason.code.0, &reason.text.0);
    why.ok_or_else(|| bad("#/reason", "is not a code and a text"))
}

/// Whether a body says several services.
fn several(body: &[u8]) -> bool {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    body.is_some_and(|body| body.get("services").is_some())
}
