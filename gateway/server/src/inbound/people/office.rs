//! An organization's own page, `/o/{token}`: its open referrals, the file of them, and the file back.
//!
//! Only for organizations that are told by e-mail, and only after their PIN. A GET changes nothing; what
//! it shows is a disclosure like any other.

use loopgate_consent::FieldGroup;
use loopgate_referral::Timestamp;

use super::office_html::{self, Listed};
use super::office_words::OfficeWords;
use super::pin::{self, Door, Given};
use super::words::Words;
use super::{Visit, html, plain, upload};
use crate::csv::out::{self, Walk, Which};
use crate::csv::table::NotCsv;
use crate::csv::take::{self, Refused};
use crate::egress::{Released, Way, Weighed};
use crate::exit;
use crate::gate::Gate;
use crate::inbound::cbo::spreadsheet;
use crate::partner::{ChannelKind, Partner, PinHash};
use crate::refusal::Trouble;
use crate::reply::Reply;

/// Rows of the list.
const LISTED_MAX: usize = 100;

/// Whose page it is.
pub struct Office {
    pub partner: Partner,
    pub pin: PinHash,
    pub base: String,
    pub words: &'static Words,
    pub own: &'static OfficeWords,
}

/// Answers one visit below `/o`.
pub fn handle(gate: &Gate, visit: &Visit) -> Reply {
    let segments: Vec<&str> = visit.path.split('/').skip(2).collect();
    let Some(office) = segments.first().and_then(|token| open(gate, token, visit)) else {
        return visit.keep_language(plain::nowhere(visit.words(None)));
    };
    let known = is_known(gate, &office, visit);
    let reply = match (visit.method.as_str(), &segments[1..], known) {
        ("GET", [], false) => asked(&office, 200, None),
        ("GET", [], true) => list(gate, &office),
        ("GET", ["referrals.csv"], true) => download(gate, &office, Which::Open),
        ("GET", ["all.csv"], true) => download(gate, &office, Which::All),
        ("GET", ["referrals.csv" | "all.csv"], false) => html::see(&office.base, None),
        ("POST", ["pin"], _) => given(gate, &office, visit),
        ("POST", ["upload"], true) => uploaded(gate, &office, visit),
        ("POST", ["upload"], false) => asked(&office, 403, Some(office.words.pin_first)),
        ("GET" | "POST", ..) => plain::nowhere(office.words),
        _ => plain::sorry(office.words, 405, office.words.only_buttons),
    };
    visit.keep_language(reply)
}

/// How many bytes of a body are read: a file only from who gave the PIN.
pub fn body_bytes_max(gate: &Gate, visit: &Visit) -> Option<usize> {
    let segments: Vec<&str> = visit.path.split('/').skip(1).collect();
    let (["o", token, "upload"], "POST") = (segments.as_slice(), visit.method.as_str()) else {
        return None;
    };
    let office = open(gate, token, visit)?;
    is_known(gate, &office, visit).then_some(gate.config.limits.http_body_bytes_max)
}

/// What a token opens now; every other token opens nothing, whatever the reason.
fn open(gate: &Gate, token: &str, visit: &Visit) -> Option<Office> {
    let org = gate.doorkeys.office(token)?;
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(&org).filter(|partner| !partner.suspended)?;
    let Some(ChannelKind::Email { pin, .. }) = partner.channel.as_ref().map(|one| &one.kind) else {
        return None;
    };
    let words = visit.words(Some(partner.language));
    let (own, base) = (OfficeWords::of(words.language), format!("/o/{token}"));
    let pin = gate.scribe.published().world().mail.pin(&partner.org, pin);
    Some(Office { pin, partner: partner.clone(), base, words, own })
}

fn door(office: &Office) -> Door<'_> {
    Door { org: &office.partner.org, pin: &office.pin, referral: None }
}

fn is_known(gate: &Gate, office: &Office, visit: &Visit) -> bool {
    pin::knows(gate, &door(office), visit.cookie.as_deref())
}

fn asked(office: &Office, status: u16, notice: Option<&str>) -> Reply {
    Reply::with(status, html::HTML, office_html::asked(office, notice))
}

fn given(gate: &Gate, office: &Office, visit: &Visit) -> Reply {
    let filled = match visit.form() {
        Ok(filled) => filled,
        Err(reply) => return reply,
    };
    match pin::check_at(gate, &door(office), filled.text("pin")) {
        Ok(Given::Right(cookie)) => html::see(&office.base, Some(cookie)),
        Ok(Given::Wrong) => asked(office, 403, Some(office.words.pin_wrong)),
        Ok(Given::Wait(seconds)) => plain::sorry(office.words, 429, office.words.pin_wait)
            .header("retry-after", seconds.to_string()),
        Err(trouble) => plain::trouble(office.words, trouble),
    }
}

fn list(gate: &Gate, office: &Office) -> Reply {
    match out::tried(|| listed(gate, office)) {
        Ok(released) => Reply::released(200, html::HTML, released),
        Err(trouble) => plain::trouble(office.words, trouble),
    }
}

/// Name, need and status of what is open, and where it is answered.
fn listed(gate: &Gate, office: &Office) -> Result<Released, Trouble> {
    const SHOWN: [FieldGroup; 3] = [FieldGroup::Identity, FieldGroup::Need, FieldGroup::Status];
    let mapping = exit::mapping(gate)?;
    let org = &office.partner.org;
    let (mut rows, mut weighed, mut more) = (Vec::new(), Vec::<Weighed>::new(), false);
    let mut walk = Walk::new(Which::Open);
    'all: while let Some(chunk) = walk.next(gate, org)? {
        for (referral, placement) in &chunk {
            let ask = exit::whole_ask(gate, referral, placement, "office")?;
            let Some(permits) = gate.egress.may(org, &ask)? else { continue };
            let passing = exit::Passing::of(&permits).only(&SHOWN);
            let document = exit::community(gate, mapping, referral, placement, &passing)?;
            let Some(document) = document else { continue };
            if rows.len() == LISTED_MAX {
                more = true;
                break 'all;
            }
            let ends = placement.placed.plus_days(gate.config.people.link_days_max);
            let link =
                (gate.now() < ends).then(|| format!("/r/{}", gate.doorkeys.token(&placement.id)));
            rows.push(Listed { document, since: since(office, placement.placed), link });
            weighed.push((ask, permits));
        }
    }
    let way = Way { to: org, channel: "link", mapping: Some(mapping.digest()), by: None };
    gate.egress.release_page(way, weighed, || Ok(office_html::list(office, &rows, more)))
}

fn since(office: &Office, at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    office.words.day_of(&at.to_zoned(office.partner.time_zone.clone()))
}

fn download(gate: &Gate, office: &Office, which: Which) -> Reply {
    match out::referrals(gate, &office.partner, None, which) {
        Ok(parts) => spreadsheet::attached(parts, "referrals.csv"),
        Err(trouble) => plain::trouble(office.words, trouble),
    }
}

fn uploaded(gate: &Gate, office: &Office, visit: &Visit) -> Reply {
    if !visit.same_origin {
        return plain::sorry(office.words, 403, office.words.own_buttons);
    }
    let bytes_max = gate.config.limits.http_body_bytes_max;
    let file = upload::file(visit.content_type.as_deref(), &visit.body, bytes_max);
    let Some(file) = file else { return plain::sorry(office.words, 422, office.own.no_file) };
    let said = match take::take(gate, &office.partner, &file) {
        Ok(report) => report,
        Err(Refused::Trouble(trouble)) => return plain::trouble(office.words, trouble),
        Err(Refused::NotCsv(NotCsv::Rows)) => {
            return plain::sorry(office.words, 413, office.own.too_many);
        }
        Err(Refused::NotCsv(_)) => return plain::sorry(office.words, 422, office.own.no_table),
    };
    Reply::with(200, html::HTML, office_html::report(office, &said))
}
