//! The phone desk (`/staff/sheet…`): a coordinator enters the code of a printed sheet, sees what the
//! organization sees, and enters what it says.
//!
//! What is shown is disclosed to the organization, by whoever reads it out; what is entered is the
//! organization's act, beside an entry that says who entered it. A code that no sheet has is counted
//! against who entered it.

use loopgate_referral::PlacementId;

use super::form::Filled;
use super::page::{self, At, Opened, Saying};
use super::sessions::Member;
use super::words::Words;
use super::{Visit, desk, desk_html, html, pin};
use crate::gate::Gate;
use crate::journal::StaffEvent;
use crate::partner::Language;
use crate::refusal::Trouble;
use crate::reply::Reply;
use crate::reply_code::ReplyCode;

/// Answers one visit of a coordinator to `/staff/sheet…`.
pub fn handle(
    gate: &Gate,
    member: &Member,
    visit: &Visit,
    (post, path): (Option<&Filled>, &[&str]),
) -> Result<Reply, Trouble> {
    match (post, path) {
        (None, []) => Ok(desk_html::sheet_code(200, None)),
        (Some(filled), []) => entered(gate, member, filled.text("code")),
        (None, [code]) => match found(gate, member, code)? {
            Ok((opened, at)) => Ok(shown(gate, &opened, &at, &Saying::default())),
            Err(reply) => Ok(reply),
        },
        (Some(filled), [code, act]) => match found(gate, member, code)? {
            Ok((opened, at)) => Ok(posted(gate, &opened, (&at, act), (visit, filled.clone()))),
            Err(reply) => Ok(reply),
        },
        _ => Ok(html::nowhere()),
    }
}

/// A code was typed in: its page, under the code as it is printed.
fn entered(gate: &Gate, member: &Member, typed: &str) -> Result<Reply, Trouble> {
    match found(gate, member, typed)? {
        Ok((_, at)) => Ok(html::see(&at.base, None)),
        Err(reply) => Ok(reply),
    }
}

/// The referral whose sheet has this code, or what to answer instead.
fn found<'m>(
    gate: &Gate,
    member: &'m Member,
    typed: &str,
) -> Result<Result<(Opened, At<'m>), Reply>, Trouble> {
    let Ok(code) = typed.parse::<ReplyCode>() else {
        // The check symbol says so: no guess, but a slip.
        let words = "That is not a whole code. Please have it read to you again.";
        return Ok(Err(desk_html::sheet_code(422, Some(words))));
    };
    // One at a time, so that many guesses at once are counted like one after the other.
    let turn = gate.turnstile.turn(format!("sheet {}", member.name));
    let Some(_turn) = turn else { return Ok(Err(wait(1))) };
    let lately = {
        let world = gate.scribe.published().world();
        world.staff.wrong_reply_codes.get(&member.name).and_then(|tries| pin::wait(gate, tries))
    };
    if let Some(seconds) = lately {
        return Ok(Err(wait(seconds)));
    }
    let opened = of(gate, code).and_then(|id| page::opened(gate, &id));
    let Some(opened) = opened else {
        desk::record(gate, member, StaffEvent::WrongReplyCode { by: member.name.clone() })?;
        let words = "No open referral has this code.";
        return Ok(Err(desk_html::sheet_code(404, Some(words))));
    };
    let (base, words) = (format!("/staff/sheet/{code}"), Words::of(Language::En));
    Ok(Ok((opened, At { base, words, by: Some(member) })))
}

fn wait(seconds: i64) -> Reply {
    let words = "Too many codes were wrong. Please wait a while and try again.";
    html::sorry(429, words).header("retry-after", seconds.to_string())
}

/// The one placement with this code that is open or can be taken back; or it was taken back, and the sheet on
/// somebody's wall leads on to where the referral is now.
fn of(gate: &Gate, code: ReplyCode) -> Option<PlacementId> {
    let now = gate.now();
    let open: Vec<PlacementId> = {
        let world = gate.scribe.published().world();
        let all = world.referrals.values();
        let all = all.flat_map(|whole| whole.placements.iter().map(move |one| (whole, one)));
        let open = all.filter(|(whole, one)| {
            let mistake = whole.take_back_until(one).is_some_and(|until| now <= until);
            !one.state.is_final() || mistake || (one.taken_back && !whole.state.is_final())
        });
        open.map(|(_, one)| one.id).collect()
    };
    // Outside the lock: it is a MAC for each.
    let mut same = open.into_iter().filter(|id| gate.doorkeys.reply_code(id).is(code));
    same.next().filter(|_| same.next().is_none())
}

fn shown(gate: &Gate, opened: &Opened, at: &At<'_>, saying: &Saying) -> Reply {
    if opened.placement.state.is_final() {
        page::ended(gate, opened, at, saying)
    } else {
        page::whole(gate, opened, at, saying)
    }
}

fn posted(
    gate: &Gate,
    opened: &Opened,
    (at, act): (&At<'_>, &str),
    form: (&Visit, Filled),
) -> Reply {
    match page::acted(gate, opened, (at, act), form) {
        Ok(reply) => reply,
        // What is shown is what it is now.
        Err(saying) => match page::opened(gate, &opened.placement.id) {
            Some(opened) => shown(gate, &opened, at, &saying),
            None => html::nowhere(),
        },
    }
}
