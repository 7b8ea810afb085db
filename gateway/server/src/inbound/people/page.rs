//! The page of one referral, for one organization: what it shows, and what can be done on it.

use loopgate_consent::FieldGroup;
use loopgate_referral::{Placement, Referral, TaskStatus};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::form::{Filled, Wrong, wish};
use super::pin::{self, Given};
use super::{Visit, html, sorry};
use crate::egress::{Released, Way};
use crate::exit;
use crate::gate::Gate;
use crate::partner::{ChannelKind, Partner, PinHash};
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::{Act, Command, is_held};

/// What a link leads to.
pub struct Opened {
    pub partner: Partner,
    pub pin: PinHash,
    pub referral: Referral,
    pub placement: Placement,
}

/// What a page says beside what it shows.
#[derive(Default)]
pub struct Saying {
    pub status: Option<u16>,
    /// A sentence on top.
    pub notice: Option<&'static str>,
    /// What to put right, and what was filled in.
    pub wrong: Option<(Wrong, Filled)>,
}

/// Answers one visit.
pub fn handle(gate: &Gate, visit: &Visit) -> Reply {
    let segments: Vec<&str> = visit.path.split('/').skip(1).collect();
    match (visit.method.as_str(), segments.as_slice()) {
        ("GET", [""]) => html::welcome(),
        ("GET", ["page.css"]) => html::stylesheet(),
        ("GET", ["r", token]) => match open(gate, token) {
            Some(opened) => shown(gate, &opened, token, visit, Saying::default()),
            None => html::nowhere(),
        },
        ("POST", ["r", token, what]) => match open(gate, token) {
            Some(opened) => posted(gate, &opened, (token, what), visit),
            None => html::nowhere(),
        },
        ("GET" | "POST", _) => html::nowhere(),
        _ => html::sorry(405, "This page is read, and answered by its buttons."),
    }
}

/// What a token opens now; every other token opens nothing, whatever the reason.
fn open(gate: &Gate, token: &str) -> Option<Opened> {
    let id = gate.doorkeys.placement(token)?;
    let (referral, placement) = {
        let world = gate.scribe.published().world();
        let referral = world.referrals.get(world.placements.get(&id)?)?;
        (referral.clone(), referral.placement(&id)?.clone())
    };
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(&placement.target).filter(|partner| !partner.suspended)?;
    let Some(ChannelKind::Email { pin, .. }) = partner.channel.as_ref().map(|one| &one.kind) else {
        return None;
    };
    let ends = placement.placed.plus_days(gate.config.people.link_days_max);
    if is_held(&referral) || gate.now() >= ends {
        return None;
    }
    Some(Opened { pin: pin.clone(), partner: partner.clone(), referral, placement })
}

fn shown(gate: &Gate, opened: &Opened, token: &str, visit: &Visit, saying: Saying) -> Reply {
    let known = pin::is_known(gate, opened, visit.cookie.as_deref());
    if opened.placement.state.is_final() {
        // The link ended; who just ended it is told so.
        return if known { html::closed(status(opened)) } else { html::nowhere() };
    }
    let code = saying.status.unwrap_or(200);
    let made = if known {
        whole(gate, opened, token, &saying)
    } else {
        first(gate, opened, token, &saying)
    };
    match made {
        Ok(body) => Reply::released(code, html::HTML, body),
        Err(trouble) => sorry(trouble),
    }
}

fn status(opened: &Opened) -> TaskStatus {
    opened.placement.state.status()
}

/// Need and area, and the question for the PIN.
fn first(gate: &Gate, opened: &Opened, token: &str, saying: &Saying) -> Result<Released, Trouble> {
    let mapping = exit::mapping(gate)?;
    let mut ask = exit::need_ask(&opened.referral, &opened.placement);
    ask.view = "link-need";
    let way = way(opened, mapping.digest());
    gate.egress.release(way, ask, |permits| {
        let need = exit::Passing::of(permits).only(&[FieldGroup::Need, FieldGroup::Status]);
        let said = exit::community(gate, mapping, &opened.referral, &opened.placement, &need)?;
        let document = said.ok_or(Trouble::Outage)?;
        Ok(html::first(&document, &opened.partner.name, token, saying))
    })
}

/// All that the organization may see, and what it can do.
fn whole(gate: &Gate, opened: &Opened, token: &str, saying: &Saying) -> Result<Released, Trouble> {
    let document = |passing: &exit::Passing| -> Result<Value, Trouble> {
        let (referral, placement) = (&opened.referral, &opened.placement);
        let said = exit::whole(gate, exit::mapping(gate)?, referral, placement, passing)?;
        said.ok_or(Trouble::Outage)
    };
    let digest = exit::mapping(gate)?.digest();
    let ask = exit::whole_ask(gate, &opened.referral, &opened.placement, "link")?;
    gate.egress.release(way(opened, digest), ask, |permits| {
        let document = document(&exit::Passing::of(permits))?;
        Ok(html::whole(&document, opened, token, saying))
    })
}

fn way(opened: &Opened, mapping: [u8; 32]) -> Way<'_> {
    Way { to: &opened.partner.org, channel: "link", mapping: Some(mapping), by: None }
}

fn posted(gate: &Gate, opened: &Opened, (token, what): (&str, &str), visit: &Visit) -> Reply {
    let filled = match visit.form() {
        Ok(filled) => filled,
        Err(reply) => return reply,
    };
    if what == "pin" {
        return given(gate, opened, token, visit, &filled);
    }
    if !pin::is_known(gate, opened, visit.cookie.as_deref()) {
        let notice = Some("Please give your organization's PIN first. Nothing was done.");
        let saying = Saying { status: Some(403), notice, wrong: None };
        return shown(gate, opened, token, visit, saying);
    }
    let wish = match wish(what, &filled, &opened.partner.time_zone) {
        None => return html::nowhere(),
        Some(Ok(wish)) => wish,
        Some(Err(wrong)) => {
            let saying = Saying { status: Some(422), notice: None, wrong: Some((wrong, filled)) };
            return shown(gate, opened, token, visit, saying);
        }
    };
    let Some(version) = filled.version() else {
        return html::sorry(422, "The form could not be read. Please go back and try again.");
    };
    let act = Act {
        org: opened.partner.org.clone(),
        request: digest(visit),
        once: true,
        transport: "link",
        referral: opened.referral.id,
        if_match: Some(version),
        happened: None,
        message: None,
        wish,
    };
    match gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply)) {
        Ok(_) => html::see(&format!("/r/{token}"), None),
        Err(Trouble::Refused(refusal))
            if matches!(refusal.kind, Kind::VersionConflict | Kind::IllegalMove) =>
        {
            // What is shown is what it is now.
            let Some(opened) = open(gate, token) else { return html::nowhere() };
            let notice =
                "Something changed in between, and nothing was done. This is how it is now.";
            let saying = Saying { status: Some(409), notice: Some(notice), wrong: None };
            shown(gate, &opened, token, visit, saying)
        }
        Err(trouble) => sorry(trouble),
    }
}

/// A PIN was given.
fn given(gate: &Gate, opened: &Opened, token: &str, visit: &Visit, filled: &Filled) -> Reply {
    match pin::check(gate, opened, filled.text("pin")) {
        Ok(Given::Right(cookie)) => html::see(&format!("/r/{token}"), Some(cookie)),
        Ok(Given::Wrong) => {
            let notice = Some("That is not the PIN. Please try again.");
            shown(gate, opened, token, visit, Saying { status: Some(403), notice, wrong: None })
        }
        Ok(Given::Wait(seconds)) => {
            let words = "Too many wrong PINs were given. Please wait a while and try again.";
            html::sorry(429, words).header("retry-after", seconds.to_string())
        }
        Err(trouble) => sorry(trouble),
    }
}

/// A double click is one act.
fn digest(visit: &Visit) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [visit.path.as_bytes(), &visit.body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
