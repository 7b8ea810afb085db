//! The 14 committed fields of an entry: what an auditor can be shown of an event, group by group.
//!
//! Values are canonical JSON (sorted keys, no spaces) or empty. None holds a name, a date of birth,
//! an address or free text but `note`.

mod ledger;
mod link;
mod referral;

use loopgate_consent::{GrantEvent, GrantState};
use loopgate_ledger::{Field, Fields, Link, links_to_value};
use loopgate_referral::{ContactAttempt, Event as ReferralEvent, PersonEvent, Says};
use serde_json::{Value, json};

use crate::journal::{BasisUsed, Event, StaffEvent};

pub use ledger::in_payloads;

/// Who or what caused an event, for the fields.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    /// The organization that asked, or `loopgate`.
    pub actor: String,
    /// How it came in: `fhir`, `cbo-rest`, `timer`, `admin`.
    pub transport: String,
    /// SHA-256 of the request, hex.
    pub request: String,
}

/// Ordinals and back-links of an event.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Referrals.
    pub subject: Vec<Link>,
    /// Persons.
    pub patient: Vec<Link>,
    /// Organizations.
    pub parties: Vec<Link>,
}

/// The committed fields of one event.
pub fn fields(event: &Event, cause: &Cause, links: &Links, at_ms: i64) -> Fields {
    let mut fields = Fields::default();
    fields.set(Field::Kind, kind(event));
    fields.set(Field::Subject, links_to_value(&links.subject));
    fields.set(Field::Patient, links_to_value(&links.patient));
    fields.set(Field::Parties, links_to_value(&links.parties));
    fields.set(Field::Actor, json!({ "org": cause.actor }).to_string());
    fields.set(Field::Time, json!({ "recorded_ms": at_ms }).to_string());
    fields.set(
        Field::Code,
        json!({ "build": env!("CARGO_PKG_VERSION"), "schema": crate::journal::SCHEMA }).to_string(),
    );
    fields.set(Field::Source, json!({ "transport": cause.transport }).to_string());
    if !cause.request.is_empty() {
        fields.set(Field::Command, json!({ "request_sha256": cause.request }).to_string());
    }
    detail(event, &mut fields);
    fields
}

fn set(fields: &mut Fields, field: Field, mut value: Value) {
    strip_nulls(&mut value);
    fields.set(field, value.to_string());
}

/// Canonical JSON here has no null: what is not there is left out.
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

fn detail(event: &Event, fields: &mut Fields) {
    match event {
        Event::Stored { resources, .. } => {
            let list: Vec<Value> = resources
                .iter()
                .map(|r| json!({ "resource": r.resource, "sha256": hex::encode(r.sha256), "version": r.version }))
                .collect();
            set(fields, Field::Payload, Value::Array(list));
        }
        Event::Grant(fact) => set(fields, Field::Basis, grant_basis(fact)),
        Event::Referral { fact, .. } => {
            set(fields, Field::Transition, referral::transition(fact));
            if let ReferralEvent::InterimNote { text, .. }
            | ReferralEvent::Commented { text, .. }
            | ReferralEvent::SafeContactNoted { text: Some(text), .. }
            | ReferralEvent::Assigned { to: Some(text), .. }
            | ReferralEvent::ContactAttempted {
                attempt: ContactAttempt { text: Some(text), .. },
                ..
            }
            | ReferralEvent::CameLate { says: Says::Note(text), .. } = fact
            {
                set(fields, Field::Note, json!({ "text": text }));
            }
        }
        Event::Disclosed(d) => {
            let bases: Vec<Value> = d.bases.iter().map(basis).collect();
            set(fields, Field::Basis, Value::Array(bases));
            set(
                fields,
                Field::Disclosed,
                json!({ "channel": d.channel, "mapping": d.mapping, "recipient": d.recipient, "resources": d.resources, "view": d.view }),
            );
            set(
                fields,
                Field::Payload,
                json!({ "bytes": d.bytes, "sha256": hex::encode(d.sha256) }),
            );
        }
        Event::Reread { recipient, day, .. } => {
            set(fields, Field::Disclosed, json!({ "again_on_day": day, "recipient": recipient }));
        }
        Event::Denied { action, code, correlation, grant, dropped, .. } => {
            let mut basis = json!({ "action": action, "reason": code });
            if let Some(correlation) = correlation {
                basis["correlation"] = json!(correlation);
            }
            if let Some(grant) = grant {
                basis["grant"] = crate::journal::json(grant);
            }
            if !dropped.is_empty() {
                basis["dropped"] = crate::journal::json(dropped);
            }
            set(fields, Field::Basis, basis);
        }
        Event::Answered { answer, .. } => set(fields, Field::Payload, json!({ "answer": answer })),
        Event::Heard { content, not_carried, kind, kept, .. } => set(
            fields,
            Field::Payload,
            json!({ "kept": kept, "not_carried": not_carried, "sha256": hex::encode(content), "type": kind }),
        ),
        Event::Spent { .. } | Event::TokenRevoked { .. } => {}
        Event::Staff(fact) => staff(fact, fields),
        Event::Ledger(fact) => ledger::detail(fact, fields),
        Event::Link(fact) => link::detail(fact, fields),
        Event::StopUseTold { entry, of: None, .. } => {
            set(fields, Field::Basis, json!({ "withdrawal": entry }));
        }
        Event::StopUseTold { entry, of: Some(referral), .. } => {
            set(fields, Field::Basis, json!({ "referral": referral, "withdrawal": entry }));
        }
        Event::TokenMinted { minted, index, .. } => set(
            fields,
            Field::Basis,
            json!({ "grant": minted.grant, "index": index, "recipient": minted.recipient }),
        ),
        Event::Strangers { count } => set(fields, Field::Disclosed, json!({ "attempts": count })),
        Event::Partner { sha256, suspended, .. } => set(
            fields,
            Field::Transition,
            json!({ "partner_sha256": hex::encode(sha256), "suspended": suspended }),
        ),
        Event::Exported { size, case, what } => {
            set(fields, Field::Disclosed, json!({ "case": case, "leaves": size, "what": what }));
        }
        Event::Person(PersonEvent::Linked { basis, .. }) => {
            set(fields, Field::Basis, crate::journal::json(basis));
        }
        Event::Person(PersonEvent::Merged { .. } | PersonEvent::Superseded { .. }) => {
            set(fields, Field::Basis, json!({ "by": "identifiers-owner" }));
        }
        Event::Person(_) | Event::Patient { .. } => {}
    }
}

fn staff(fact: &StaffEvent, fields: &mut Fields) {
    let basis = match fact {
        StaffEvent::SignIn { right, .. } => json!({ "right": right }),
        StaffEvent::Proposed { says, .. } => {
            json!({ "consent": says.consent, "terms": says.terms.basis })
        }
        StaffEvent::LinkMade { proxy, .. } => json!({ "proxy": proxy }),
        StaffEvent::LinksEnded { .. } => json!({ "ended": true }),
        StaffEvent::GlassBroken { reason, medical_emergency, .. } => {
            set(fields, Field::Note, json!({ "text": reason }));
            json!({ "medical_emergency": medical_emergency })
        }
        StaffEvent::GlassReviewed { entry, justified, .. } => {
            json!({ "glass": entry, "justified": justified })
        }
        StaffEvent::Looked { case, view, .. } => json!({ "case": case, "view": view }),
        StaffEvent::RevealAsked { case, reason, .. } => {
            set(fields, Field::Note, json!({ "text": reason }));
            json!({ "case": case })
        }
        StaffEvent::RevealConfirmed { entry, .. } => json!({ "reveal": entry }),
    };
    set(fields, Field::Basis, basis);
}

fn basis(used: &BasisUsed) -> Value {
    crate::journal::json(used)
}

fn grant_basis(fact: &GrantEvent) -> Value {
    match fact {
        GrantEvent::Given { says } => json!({
            "consent": says.consent,
            "sha256": hex::encode(says.consent_sha256),
            "state": crate::journal::json(&says.state),
            "attested_by": says.terms.attested_by,
        }),
        GrantEvent::Revoked { grant, .. } => {
            json!({ "grant": grant, "state": crate::journal::json(&GrantState::Revoked) })
        }
        GrantEvent::Suspended { suspended, .. } => json!({ "suspended": suspended }),
        GrantEvent::AllRevoked { .. } => json!({ "all": true }),
        GrantEvent::Doubted { grant, doubted, .. } => json!({ "doubted": doubted, "grant": grant }),
    }
}

/// The entry's kind.
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::Stored { .. } => "resource.stored",
        Event::Patient { .. } => "patient.known",
        Event::Person(PersonEvent::Registered { .. }) => "patient.registered",
        Event::Person(PersonEvent::Linked { .. }) => "patient.linked",
        Event::Person(PersonEvent::CandidateNoted { .. }) => "patient.candidate",
        Event::Person(PersonEvent::Merged { .. }) => "patient.merged",
        Event::Person(PersonEvent::Superseded { .. }) => "patient.superseded",
        Event::Grant(GrantEvent::Given { .. }) => "consent.given",
        Event::Grant(GrantEvent::Revoked { .. }) => "consent.revoked",
        Event::Grant(GrantEvent::Suspended { .. }) => "consent.suspended",
        Event::Grant(GrantEvent::AllRevoked { .. }) => "consent.all-revoked",
        Event::Grant(GrantEvent::Doubted { .. }) => "consent.doubted",
        Event::Referral { fact, .. } => referral::kind(fact),
        Event::Answered { .. } => "command.answered",
        Event::Heard { .. } => "message.heard",
        Event::Disclosed(_) => "phi.disclosed",
        Event::Reread { .. } => "phi.reread",
        Event::Denied { .. } => "phi.denied",
        Event::Spent { .. } => "client.asserted",
        Event::Staff(fact) => match fact {
            StaffEvent::SignIn { .. } => "staff.signed-in",
            StaffEvent::Proposed { .. } => "consent.proposed",
            StaffEvent::LinkMade { .. } => "person.link-made",
            StaffEvent::LinksEnded { .. } => "person.links-ended",
            StaffEvent::GlassBroken { .. } => "glass.broken",
            StaffEvent::GlassReviewed { .. } => "glass.reviewed",
            StaffEvent::Looked { .. } => "audit.looked",
            StaffEvent::RevealAsked { .. } => "reveal.asked",
            StaffEvent::RevealConfirmed { .. } => "reveal.confirmed",
        },
        Event::Ledger(fact) => fact.kind(),
        Event::Link(fact) => fact.kind(),
        Event::StopUseTold { .. } => "consent.stop-use-told",
        Event::TokenRevoked { .. } => "token.revoked",
        Event::TokenMinted { .. } => "token.minted",
        Event::Strangers { .. } => "strangers.counted",
        Event::Partner { .. } => "config.changed",
        Event::Exported { .. } => "ledger.exported",
    }
}
