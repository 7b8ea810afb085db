//! What auditors are told. Persons are called by a pseudonym of the asker's; a case is named, and each
//! look is an entry itself.
//!
//! Here: who asks, why one thing was allowed or refused, and the one way out for whatever is told. Not
//! here: proofs, which `verify` makes offline.

pub mod accounting;
mod call;
mod event;
pub mod evidence;
pub mod form;
pub mod policy;
pub mod proof;
mod pseudonyms;
pub mod reveal;
pub mod roster;
pub mod search;
pub mod timeline;
pub mod told;
pub mod words;

use loopgate_consent::ReasonCode;
use loopgate_fhir::{Fault, IssueCode};
use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};
use serde_json::{Value, json};

use crate::archive::Kept;
use crate::catalogue::Row;
use crate::egress::{Released, Way};
use crate::gate::Gate;
use crate::journal::{BasisUsed, Body, Event, StaffEvent, json as plain};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::{AskFor, Command, OwnedClaim, OwnedToken};

pub use call::Call;
pub use pseudonyms::Pseudonyms;
use told::Told;

/// Who asks, by which way, about which case.
#[derive(Clone)]
pub struct Asker<'a> {
    /// The recipient.
    pub way: Way<'a>,
    /// The case; an audit without one is refused.
    pub case: Option<String>,
}

/// Whether it names a case: a number or a name of it, never words, which could be about a person.
pub fn is_case(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(sign)
}

/// The entry that a number or a correlation id names.
pub fn entry_of(gate: &Gate, about: &str) -> Option<u64> {
    let about = about.trim();
    if about.len() == 16 {
        return gate.scribe.published().world().refusals.entry(about);
    }
    about.parse().ok()
}

impl Asker<'_> {
    /// An audit without a case is curiosity, whatever it is about: it is refused, and recorded.
    pub fn case(&self, gate: &Gate) -> Result<&str, Trouble> {
        let case = self.case.as_deref().filter(|case| is_case(case));
        case.ok_or_else(|| gate.refused(self.way.to, "A4", Kind::Denied))
    }

    /// What this asker calls a person.
    pub fn called(&self, gate: &Gate, person: PersonId) -> String {
        gate.doorkeys.pseudonym(&gate.config.tenant.name, person, self.way.to)
    }

    /// The person whom this asker calls so.
    pub fn person(&self, gate: &Gate, pseudonym: &str) -> Option<PersonId> {
        gate.pseudonyms.find(gate, self.way.to, pseudonym)
    }
}

/// Now, or when the newest entry was recorded: commit times may be a little ahead of the clock.
fn now(gate: &Gate) -> Timestamp {
    gate.now().max(gate.scribe.published().world().last_at)
}

/// A parameter that cannot be read.
fn wrong(at: &str, words: &'static str) -> Trouble {
    Refusal::invalid(vec![Fault::new(IssueCode::Value, at, words)]).into()
}

/// What an entry says; none past the end of the log, and of what was erased.
fn entry(gate: &Gate, index: u64) -> Result<Option<(Row, Body)>, Trouble> {
    let Some(row) = gate.scribe.published().catalogue().row(index) else { return Ok(None) };
    match read(gate, &[row])?.pop() {
        Some(Kept::Here(body)) => Ok(Some((row, body))),
        _ => Ok(None),
    }
}

fn read(gate: &Gate, rows: &[Row]) -> Result<Vec<Kept<Body>>, Trouble> {
    gate.archive.entries(rows).map_err(|outage| {
        tracing::error!(%outage, "an entry does not read back");
        Trouble::Outage
    })
}

/// Explains one entry, rendered so.
pub fn explain(
    gate: &Gate,
    asker: &Asker<'_>,
    about: &str,
    render: &dyn Fn(&Value) -> Vec<u8>,
) -> Result<Released, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    asker.case(gate)?;
    let index = entry_of(gate, about).ok_or_else(missing)?;
    let (row, body) = entry(gate, index)?.ok_or_else(missing)?;
    let person = {
        let world = gate.scribe.published().world();
        world.person_of(&body.event)
    };
    let mut said = why(&body.event).ok_or_else(missing)?;
    said["entry"] = json!(index);
    said["kind"] = json!(crate::fields::kind(&body.event));
    said["time"] = json!(instant(row.at));
    let Some(person) = person else {
        // About nobody: that somebody was refused, with which code.
        record_look(gate, asker, "why")?;
        return Ok(Released { bytes: render(&said), sending: None, receipt: None });
    };
    said["person"] = json!(asker.called(gate, person));
    let ask = ask(person, vec![entry_id(index)], asker, "why");
    gate.egress.release(asker.way, ask, |_| Ok(render(&said)))
}

/// Releases what is told of these entries: an entry for each person whom any is about, or who was asked
/// about, in one frame; or one that says that somebody looked, where it is about nobody.
pub fn release(
    gate: &Gate,
    asker: &Asker<'_>,
    (view, asked): (&'static str, &[PersonId]),
    told: &[Told],
    render: &dyn Fn() -> Vec<u8>,
) -> Result<Released, Trouble> {
    asker.case(gate)?;
    let mut parts: Vec<AskFor> =
        asked.iter().map(|person| ask(*person, Vec::new(), asker, view)).collect();
    for one in told {
        let of = |person: &PersonId| ask(*person, vec![entry_id(one.index)], asker, view);
        parts.extend(one.persons.iter().map(of));
    }
    if parts.is_empty() {
        record_look(gate, asker, view)?;
    }
    let parts = gate.egress.weighed(asker.way.to, parts)?;
    gate.egress.release_page(asker.way, parts, || Ok(render()))
}

/// Records that somebody looked at what is about nobody.
fn record_look(gate: &Gate, asker: &Asker<'_>, view: &str) -> Result<(), Trouble> {
    let by = asker.way.by.map(str::to_owned);
    let (org, case) = (asker.way.to.clone(), asker.case(gate)?.to_owned());
    record(gate, asker, StaffEvent::Looked { org, by, case, view: view.to_owned() }).map(drop)
}

/// Records what an asker did, before it is answered.
fn record(gate: &Gate, asker: &Asker<'_>, fact: StaffEvent) -> Result<u64, Trouble> {
    let who = asker.way.by.unwrap_or(asker.way.to.as_str()).to_owned();
    let channel = asker.way.channel;
    gate.scribe.ask_blocking(|reply| Command::Staff(Box::new(fact), (who, channel), reply))
}

/// An entry, as FHIR calls such a thing.
///
/// # Panics
/// Never: a number is a logical id.
fn entry_id(index: u64) -> ResourceId {
    match ResourceId::of("AuditEvent", &index.to_string()) {
        Ok(id) => id,
        Err(_) => unreachable!("a number is a logical id"),
    }
}

/// What would be shown of a person.
fn ask(
    person: PersonId,
    entries: Vec<ResourceId>,
    asker: &Asker<'_>,
    view: &'static str,
) -> AskFor {
    AskFor {
        person,
        claims: vec![OwnedClaim::Audit { case: asker.case.clone(), reveal: None }],
        resources: entries.into_iter().map(|id| (id, 1)).collect(),
        referral: None,
        view,
        token: OwnedToken::NotAsked,
    }
}

pub fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_string()
}

/// What an entry decided, if it decided about anybody's data.
fn why(event: &Event) -> Option<Value> {
    match event {
        Event::Denied { org, referral, action, code, correlation, grant, dropped, .. } => {
            Some(json!({
                "decision": "refused",
                "organization": org,
                "referral": referral,
                "action": action,
                "reason": reason(code),
                "grant": grant,
                "kept_back": kept_back(&plain(dropped)),
                "correlation": correlation,
            }))
        }
        Event::Disclosed(one) => Some(json!({
            "decision": "allowed",
            "organization": one.recipient,
            "referral": one.referral,
            "on": one.bases.iter().map(basis).collect::<Vec<_>>(),
            "resources": one.resources.iter().map(|(id, version)| {
                json!({ "resource": id, "version": version })
            }).collect::<Vec<_>>(),
            "channel": one.channel,
            "shape": one.view,
            "mapping_sha256": one.mapping,
            "payload_sha256": hex::encode(one.sha256),
        })),
        Event::Reread { recipient, day, .. } => Some(json!({
            "decision": "allowed",
            "organization": recipient,
            "on": [],
            "words": "what was shared before was read again on this day",
            "day": day,
        })),
        _ => None,
    }
}

fn reason(code: &str) -> Value {
    let known = ReasonCode::ALL.iter().find(|one| one.name() == code);
    json!({ "code": code, "words": known.map(|one| one.words()) })
}

fn basis(used: &BasisUsed) -> Value {
    let mut said = plain(used);
    if let BasisUsed::Consent { code, dropped, .. } = used {
        said["reason"] = reason(code);
        said["kept_back"] = kept_back(&plain(dropped));
        said.as_object_mut().map(|members| members.remove("dropped"));
    }
    said
}

/// What did not pass, with the words of its code.
fn kept_back(dropped: &Value) -> Value {
    let items = dropped.as_array().into_iter().flatten().map(|one| {
        let code = one["code"].as_str().unwrap_or_default();
        json!({ "resource": one["resource"], "reason": reason(code) })
    });
    items.collect()
}

/// The partner that asks over `/audit/v1`.
pub fn way(org: &OrgId) -> Way<'_> {
    Way { to: org, channel: "audit", mapping: None, by: None }
}
