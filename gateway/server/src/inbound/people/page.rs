//! The page of one referral, for one organization: what it shows, and what can be done on it.

use loopgate_consent::FieldGroup;
use loopgate_referral::{OrgId, Placement, PlacementId, Referral, Timestamp};
use sha2::{Digest, Sha256};

use super::form::Filled;
use super::pin::{self, Given};
use super::referral_html::Shown;
use super::sessions::Member;
use super::wishes::{Known, Wrong, wish};
use super::words::Words;
use super::{Visit, html, plain, recovery, referral_html, sheet};
use crate::egress::{Released, Way};
use crate::exit;
use crate::gate::Gate;
use crate::partner::{ChannelKind, Partner, PinHash, Role};
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::{Act, Command, is_held};

/// What a link leads to.
pub struct Opened {
    pub partner: Partner,
    pub pin: PinHash,
    pub referral: Referral,
    pub placement: Placement,
    /// Whom it can be sent on to, by name.
    pub others: Vec<(OrgId, String)>,
}

/// Where a referral is read, and by whom.
pub struct At<'a> {
    /// The address of its page; its acts are below.
    pub base: String,
    /// In which language.
    pub words: &'static Words,
    /// Who of the staff reads it to the organization; none: the organization reads it.
    pub by: Option<&'a Member>,
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
    let words = visit.words(None);
    let reply = match (visit.method.as_str(), segments.as_slice()) {
        ("GET", [""]) => plain::welcome(words),
        ("GET", ["page.css"]) => html::stylesheet(),
        ("GET", ["r", token]) => match open(gate, token) {
            Some(opened) => {
                let at = link(token, &opened, visit);
                shown(gate, &opened, &at, visit, Saying::default())
            }
            None => plain::nowhere(words),
        },
        ("GET", ["r", token, "sheet"]) => match open(gate, token) {
            Some(opened) => sheet::shown(gate, &opened, &link(token, &opened, visit), visit),
            None => plain::nowhere(words),
        },
        ("POST", ["r", token, what]) => match open(gate, token) {
            Some(opened) => {
                let at = link(token, &opened, visit);
                posted(gate, &opened, (&at, what), visit)
            }
            None => plain::nowhere(words),
        },
        ("GET" | "POST", _) => plain::nowhere(words),
        _ => plain::sorry(words, 405, words.only_buttons),
    };
    visit.keep_language(reply)
}

/// The page of a link, in the reader's language.
fn link<'a>(token: &str, opened: &Opened, visit: &Visit) -> At<'a> {
    let words = visit.words(Some(opened.partner.language));
    At { base: format!("/r/{token}"), words, by: None }
}

/// What a token opens now; every other token opens nothing, whatever the reason.
fn open(gate: &Gate, token: &str) -> Option<Opened> {
    opened(gate, &gate.doorkeys.placement(token)?)
}

/// A placement that has a page now.
pub fn opened(gate: &Gate, id: &PlacementId) -> Option<Opened> {
    let (referral, placement) = {
        let world = gate.scribe.published().world();
        let referral = world.referrals.get(world.placements.get(id)?)?;
        (referral.clone(), referral.placement(id)?.clone())
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
    let had = |org: &OrgId| {
        referral.source == *org || referral.placements.iter().any(|one| one.target == *org)
    };
    let others = roster.iter().map(|one| &one.partner);
    let others = others.filter(|one| one.is(Role::Target) && !one.suspended && !had(&one.org));
    let mut others: Vec<_> = others.map(|one| (one.org.clone(), one.name.clone())).collect();
    others.sort_by(|one, other| one.1.cmp(&other.1));
    let pin = gate.scribe.published().world().mail.pin(&partner.org, pin);
    let partner = partner.clone();
    Some(Opened { pin, partner, referral, placement, others })
}

/// Until when an answer can be taken back, if it can now.
fn mistake_until(gate: &Gate, opened: &Opened) -> Option<Timestamp> {
    opened.referral.take_back_until(&opened.placement).filter(|until| gate.now() <= *until)
}

fn shown(gate: &Gate, opened: &Opened, at: &At<'_>, visit: &Visit, saying: Saying) -> Reply {
    let known = pin::is_known(gate, opened, visit.cookie.as_deref());
    match (known, opened.placement.state.is_final()) {
        // The link ended; who just ended it is told so.
        (false, true) => plain::nowhere(visit.words(None)),
        (false, false) => first(gate, opened, at, &saying),
        (true, true) => ended(gate, opened, at, &saying),
        (true, false) => whole(gate, opened, at, &saying),
    }
}

/// It is closed; or it was taken back, and goes on at another address.
pub fn ended(gate: &Gate, opened: &Opened, at: &At<'_>, saying: &Saying) -> Reply {
    if opened.placement.taken_back {
        let mut placed = opened.referral.placements.iter().rev();
        let anew = placed.find(|one| one.target == opened.partner.org && !one.taken_back);
        return match anew {
            Some(anew) => html::see(&at.of(gate, &anew.id), None),
            None => plain::nowhere(at.words),
        };
    }
    let until = mistake_until(gate, opened);
    let body = referral_html::closed(opened, at, saying, until);
    Reply::with(saying.status.unwrap_or(200), html::HTML, body)
}

/// Need and area, and the question for the PIN.
fn first(gate: &Gate, opened: &Opened, at: &At<'_>, saying: &Saying) -> Reply {
    let made = || -> Result<Released, Trouble> {
        let mapping = exit::mapping(gate)?;
        let mut ask = exit::need_ask(&opened.referral, &opened.placement);
        ask.view = "link-need";
        gate.egress.release(way(opened, at, mapping.digest()), ask, |permits| {
            let need = exit::Passing::of(permits).only(&[FieldGroup::Need, FieldGroup::Status]);
            let said = exit::community(gate, mapping, &opened.referral, &opened.placement, &need)?;
            let document = said.ok_or(Trouble::Outage)?;
            Ok(referral_html::first(&document, &opened.partner.name, at, saying))
        })
    };
    answer(at, saying, made())
}

/// All that the organization may see, and what it can do.
pub fn whole(gate: &Gate, opened: &Opened, at: &At<'_>, saying: &Saying) -> Reply {
    let view = if at.by.is_some() { "phone-desk" } else { "link" };
    let made =
        released(gate, opened, (at, view), |shown| referral_html::whole(shown, opened, at, saying));
    answer(at, saying, made)
}

fn answer(at: &At<'_>, saying: &Saying, made: Result<Released, Trouble>) -> Reply {
    match made {
        Ok(body) => Reply::released(saying.status.unwrap_or(200), html::HTML, body),
        Err(trouble) => plain::trouble(at.words, trouble),
    }
}

/// The whole referral through the exit, in this view.
pub fn released(
    gate: &Gate,
    opened: &Opened,
    (at, view): (&At<'_>, &'static str),
    render: impl Fn(&Shown<'_>) -> Vec<u8>,
) -> Result<Released, Trouble> {
    let mapping = exit::mapping(gate)?;
    let ask = exit::whole_ask(gate, &opened.referral, &opened.placement, view)?;
    let channel = if view == "sheet" { "sheet" } else { at.channel() };
    let way = Way { channel, ..way(opened, at, mapping.digest()) };
    gate.egress.release(way, ask, |permits| {
        let (referral, placement) = (&opened.referral, &opened.placement);
        let passing = exit::Passing::of(permits);
        let said = exit::whole(gate, mapping, referral, placement, &passing)?;
        Ok(render(&Shown {
            document: &said.ok_or(Trouble::Outage)?,
            notes: exit::notes::pass(&passing.groups, placement),
            contact: passing.groups.contains(FieldGroup::Contact),
            mistake_until: mistake_until(gate, opened),
        }))
    })
}

impl At<'_> {
    /// Where another placement is read by the same way.
    fn of(&self, gate: &Gate, placement: &PlacementId) -> String {
        match self.by {
            None => format!("/r/{}", gate.doorkeys.token(placement)),
            Some(_) => format!("/staff/sheet/{}", gate.doorkeys.reply_code(placement)),
        }
    }

    /// By which way.
    fn channel(&self) -> &'static str {
        if self.by.is_some() { "phone-desk" } else { "link" }
    }
}

fn way<'a>(opened: &'a Opened, at: &'a At<'_>, mapping: [u8; 32]) -> Way<'a> {
    let by = at.by.map(|member| member.name.as_str());
    Way { to: &opened.partner.org, channel: at.channel(), mapping: Some(mapping), by }
}

fn posted(gate: &Gate, opened: &Opened, (at, what): (&At<'_>, &str), visit: &Visit) -> Reply {
    let filled = match visit.form() {
        Ok(filled) => filled,
        Err(reply) => return reply,
    };
    if what == "forgot" && !opened.placement.state.is_final() {
        return recovery::asked(gate, &opened.partner, at.words);
    }
    if what == "pin" {
        return given(gate, opened, at, visit, &filled);
    }
    if !pin::is_known(gate, opened, visit.cookie.as_deref()) {
        let notice = Some(at.words.pin_first);
        let saying = Saying { status: Some(403), notice, wrong: None };
        return shown(gate, opened, at, visit, saying);
    }
    match acted(gate, opened, (at, what), (visit, filled)) {
        Ok(reply) => reply,
        Err(saying) => {
            // What is shown is what it is now.
            let Some(opened) = self::opened(gate, &opened.placement.id) else {
                return plain::nowhere(at.words);
            };
            shown(gate, &opened, at, visit, saying)
        }
    }
}

/// Does what a form asks; what the page has to say if it was not done.
pub fn acted(
    gate: &Gate,
    opened: &Opened,
    (at, what): (&At<'_>, &str),
    (visit, filled): (&Visit, Filled),
) -> Result<Reply, Saying> {
    let known = Known { zone: &opened.partner.time_zone, others: &opened.others };
    let wish = match wish(what, &filled, known) {
        None => return Ok(plain::nowhere(at.words)),
        Some(Ok(wish)) => wish,
        Some(Err(wrong)) => {
            return Err(Saying { status: Some(422), notice: None, wrong: Some((wrong, filled)) });
        }
    };
    let Some(version) = filled.version() else {
        return Ok(plain::sorry(at.words, 422, at.words.unreadable_form));
    };
    let act = Act {
        org: opened.partner.org.clone(),
        request: digest(visit),
        once: true,
        transport: at.channel(),
        referral: opened.referral.id,
        if_match: Some(version),
        happened: None,
        message: None,
        wish,
    };
    let act = Box::new(act);
    let done = match at.by {
        None => gate.scribe.ask_blocking(|reply| Command::Act(act, reply)),
        Some(by) => {
            let said = (by.name.clone(), what.to_owned());
            gate.scribe.ask_blocking(|reply| Command::Behalf(act, said, reply))
        }
    };
    match done {
        Ok(_) => Ok(html::see(&at.base, None)),
        Err(Trouble::Refused(refusal))
            if matches!(refusal.kind, Kind::VersionConflict | Kind::IllegalMove) =>
        {
            Err(Saying { status: Some(409), notice: Some(at.words.changed), wrong: None })
        }
        Err(trouble) => Ok(plain::trouble(at.words, trouble)),
    }
}

/// A PIN was given.
fn given(gate: &Gate, opened: &Opened, at: &At<'_>, visit: &Visit, filled: &Filled) -> Reply {
    match pin::check(gate, opened, filled.text("pin")) {
        Ok(Given::Right(cookie)) => html::see(&at.base, Some(cookie)),
        Ok(Given::Wrong) => {
            let notice = Some(at.words.pin_wrong);
            shown(gate, opened, at, visit, Saying { status: Some(403), notice, wrong: None })
        }
        Ok(Given::Wait(seconds)) => plain::sorry(at.words, 429, at.words.pin_wait)
            .header("retry-after", seconds.to_string()),
        Err(trouble) => plain::trouble(at.words, trouble),
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
