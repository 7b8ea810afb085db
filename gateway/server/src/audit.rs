//! Why something was allowed or refused: any entry that decided about somebody's data, in words, for
//! whoever may ask. Persons are called by a pseudonym of the asker's; a case is named, and a look at what
//! is about somebody is an entry itself.
//!
//! Not here: proofs, which `verify` makes offline; whole timelines.

use loopgate_consent::ReasonCode;
use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};
use serde_json::{Value, json};

use crate::archive::Kept;
use crate::egress::{Released, Way};
use crate::gate::Gate;
use crate::journal::{BasisUsed, Event, json as plain};
use crate::refusal::{Kind, Trouble};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};

/// Who asks, by which way, about which case.
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

/// Explains one entry, rendered so.
pub fn explain(
    gate: &Gate,
    asker: Asker<'_>,
    about: &str,
    render: &dyn Fn(&Value) -> Vec<u8>,
) -> Result<Released, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    // An audit without a case is curiosity, whatever it is about.
    if !asker.case.as_deref().is_some_and(is_case) {
        return Err(gate.refused(asker.way.to, "A4", Kind::Denied));
    }
    let index = entry_of(gate, about).ok_or_else(missing)?;
    let frames = gate.scribe.published().world().frames;
    let found = gate.archive.entry(index, frames).map_err(|outage| {
        tracing::error!(%outage, "an entry does not read back");
        Trouble::Outage
    })?;
    let Some(Kept::Here((body, at))) = found else { return Err(missing()) };
    let person = {
        let world = gate.scribe.published().world();
        world.person_of(&body.event)
    };
    let called =
        |person: PersonId| gate.doorkeys.pseudonym(&gate.config.tenant.name, person, asker.way.to);
    let mut said = why(&body.event).ok_or_else(missing)?;
    said["entry"] = json!(index);
    said["kind"] = json!(crate::fields::kind(&body.event));
    said["time"] = json!(instant(at));
    let Some(person) = person else {
        // About nobody: that somebody was refused, with which code.
        return Ok(Released { bytes: render(&said), sending: None, receipt: None });
    };
    said["person"] = json!(called(person));
    gate.egress.release(asker.way, ask(person, index, asker.case), |_| Ok(render(&said)))
}

/// What would be shown: the entry, as FHIR calls such a thing.
///
/// # Panics
/// Never: a number is a logical id.
fn ask(person: PersonId, index: u64, case: Option<String>) -> AskFor {
    let Ok(entry) = ResourceId::of("AuditEvent", &index.to_string()) else {
        unreachable!("a number is a logical id")
    };
    AskFor {
        person,
        claims: vec![OwnedClaim::Audit { case }],
        resources: vec![(entry, 1)],
        referral: None,
        view: "why",
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
