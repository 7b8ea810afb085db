//! The 14 committed fields of an entry: what an auditor can be shown of an event, group by group.
//!
//! Values are canonical JSON (sorted keys, no spaces) or empty. None holds a name, a date of birth,
//! an address or free text but `note`.

mod capacity;
mod ledger;
mod link;

use loopgate_consent::{GrantEvent, GrantState};
use loopgate_ledger::{Field, Fields, Link, links_to_value};
use loopgate_referral::{
    ContactAttempt, Event as ReferralEvent, PersonEvent, Says, SourceMove, TargetMove,
};
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
            set(fields, Field::Transition, transition(fact));
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
        Event::Capacity { said, .. } => capacity::detail(said, fields),
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

/// What moved, in codes; reasons by their code only, since their text may be about the person.
fn transition(fact: &ReferralEvent) -> Value {
    match fact {
        ReferralEvent::Received { owner, needs, .. } => {
            json!({ "needs": needs, "owner": owner, "to": "requested" })
        }
        ReferralEvent::Held { why } => json!({ "held": why.0 }),
        ReferralEvent::Resumed => json!({ "held": false }),
        ReferralEvent::Refused { why } => json!({ "reason": why.code(), "to": "rejected" }),
        ReferralEvent::Placed { placement, target, .. } => {
            json!({ "placement": placement, "target": target })
        }
        ReferralEvent::Delivered { placement, amended } => {
            let amended = (*amended > 0).then_some(amended);
            json!({ "amended": amended, "delivered": placement })
        }
        ReferralEvent::TargetTold { placement, version } => {
            json!({ "placement": placement, "target_told": version })
        }
        ReferralEvent::SourceToBeToldAgain { since } => json!({ "tell_again_since_ms": since.0 }),
        ReferralEvent::Amended { contact_prohibited } => {
            json!({ "amended": true, "contact_prohibited": contact_prohibited })
        }
        ReferralEvent::SourceTold { version } => json!({ "told": version }),
        ReferralEvent::SourceMoved { step } => match step {
            SourceMove::Cancel { why } | SourceMove::AskToCancel { why } => {
                json!({ "by": "source", "reason": why.code(), "to": "cancelled" })
            }
            SourceMove::EnterInError => json!({ "by": "source", "to": "entered-in-error" }),
        },
        ReferralEvent::TargetMoved { placement, step, inferred, happened } => {
            let (to, reason) = target_move(step);
            json!({ "by": "target", "happened_ms": happened, "inferred": inferred, "placement": placement, "reason": reason, "to": to })
        }
        ReferralEvent::AppointmentBooked { placement, appointment, happened } => {
            json!({ "appointment_ms": appointment.start, "happened_ms": happened, "placement": placement })
        }
        ReferralEvent::AppointmentCancelled { placement, happened } => {
            json!({ "appointment_cancelled": true, "happened_ms": happened, "placement": placement })
        }
        ReferralEvent::NoShow { placement, happened } => {
            json!({ "happened_ms": happened, "no_show": true, "placement": placement })
        }
        ReferralEvent::InterimNote { placement, happened, .. } => {
            json!({ "happened_ms": happened, "note": true, "placement": placement })
        }
        ReferralEvent::CancelRequested { why } => {
            json!({ "by": "source", "cancel_requested": true, "reason": why.code() })
        }
        ReferralEvent::CancelAgreed { placement, happened } => {
            json!({ "by": "target", "cancel_agreed": true, "happened_ms": happened, "placement": placement, "to": "cancelled" })
        }
        ReferralEvent::CancelRefused { placement, why, happened } => {
            json!({ "by": "target", "cancel_refused": true, "happened_ms": happened, "placement": placement, "reason": why.code() })
        }
        ReferralEvent::CameLate { placement, says, happened } => {
            json!({ "happened_ms": happened, "late": late(says), "placement": placement })
        }
        ReferralEvent::CapacityReported { placement, code } => {
            json!({ "capacity": code, "placement": placement })
        }
        ReferralEvent::OutcomeRecorded { placement, outcome, happened } => {
            json!({ "happened_ms": happened, "outcome": outcome.procedure, "performed_ms": outcome.performed, "placement": placement })
        }
        ReferralEvent::OutcomeWithdrawn { placement, procedure, happened } => {
            json!({ "happened_ms": happened, "outcome": procedure, "placement": placement, "withdrawn": true })
        }
        ReferralEvent::ContactAttempted { placement, attempt, happened } => {
            json!({ "contact": attempt.how.code(), "happened_ms": happened, "placement": placement, "reached": attempt.reached })
        }
        ReferralEvent::Commented { placement, by_target, .. } => {
            json!({ "by": party(*by_target), "comment": true, "placement": placement })
        }
        ReferralEvent::Assigned { placement, to } => {
            json!({ "assigned": to.is_some(), "placement": placement })
        }
        ReferralEvent::SafeContactNoted { placement, text } => {
            json!({ "placement": placement, "safe_contact": text.is_some() })
        }
        ReferralEvent::Rerouted { placement, to, why } => {
            json!({ "placement": placement, "reason": why.code(), "rerouted": to })
        }
        ReferralEvent::TakenBack { placement } => {
            json!({ "by": "target", "placement": placement, "taken_back": true, "to": "requested" })
        }
        ReferralEvent::Attached { placement, by_target, attachment } => {
            json!({ "attached": attachment.id, "by": party(*by_target), "bytes": attachment.bytes, "media": attachment.media, "placement": placement, "sha256": hex::encode(attachment.sha256) })
        }
        ReferralEvent::OutcomeCorrected { placement, outcome, happened } => {
            json!({ "corrected": true, "happened_ms": happened, "outcome": outcome.procedure, "performed_ms": outcome.performed, "placement": placement })
        }
    }
}

/// What came late, as a code.
fn late(says: &Says) -> &'static str {
    match says {
        Says::Waiting | Says::NoLongerWaiting => "waiting",
        Says::Declined(_) => "declined",
        Says::Accepted => "accepted",
        Says::Started => "started",
        Says::OnHold(_) => "on-hold",
        Says::Booked(_) => "appointment",
        Says::Rebooked(_) => "appointment-changed",
        Says::AppointmentCancelled => "appointment-cancelled",
        Says::NoShow => "no-show",
        Says::Note(_) => "note",
        Says::Served(_) => "served",
        Says::Failed(_) => "failed",
        Says::GivenBack(_) => "given-back",
        Says::Cancelled(_) => "cancelled",
        Says::CancelRefused(_) => "cancel-refused",
        Says::Attempted(_) => "contact-attempt",
        Says::Commented(_) => "comment",
        Says::SafeContact(_) => "safe-contact",
        Says::Rerouted(_) => "rerouted",
        Says::TakenBack => "taken-back",
        Says::Attached(_) => "attached",
    }
}

fn party(by_target: bool) -> &'static str {
    if by_target { "target" } else { "source" }
}

fn target_move(step: &TargetMove) -> (&'static str, Option<&str>) {
    match step {
        TargetMove::Accept => ("accepted", None),
        TargetMove::Reject { why } => ("rejected", Some(why.code())),
        TargetMove::Start => ("in-progress", None),
        TargetMove::Hold { why } => ("on-hold", Some(why.code())),
        TargetMove::Complete => ("completed", None),
        TargetMove::Fail { why } => ("failed", Some(why.code())),
        TargetMove::Withdraw { why } => ("cancelled", Some(why.code())),
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
        Event::Referral { fact, .. } => match fact {
            ReferralEvent::Received { .. } => "referral.received",
            ReferralEvent::Held { .. } => "referral.held",
            ReferralEvent::Resumed => "referral.resumed",
            ReferralEvent::Refused { .. } => "referral.refused",
            ReferralEvent::Placed { .. } => "referral.sent",
            ReferralEvent::Delivered { .. } => "referral.delivered",
            ReferralEvent::SourceTold { .. } => "referral.told",
            ReferralEvent::SourceMoved { .. } => "referral.source-moved",
            ReferralEvent::TargetMoved { step, .. } => match step {
                TargetMove::Accept => "referral.accepted",
                TargetMove::Reject { .. } => "referral.declined",
                TargetMove::Start => "referral.started",
                TargetMove::Hold { .. } => "referral.on-hold",
                TargetMove::Complete | TargetMove::Fail { .. } => "referral.closed",
                TargetMove::Withdraw { .. } => "referral.withdrawn",
            },
            ReferralEvent::TargetTold { .. } => "referral.target-told",
            ReferralEvent::SourceToBeToldAgain { .. } => "referral.tell-again",
            ReferralEvent::Amended { .. } => "referral.amended",
            ReferralEvent::CancelAgreed { .. } => "referral.cancel-agreed",
            ReferralEvent::CancelRefused { .. } => "referral.cancel-refused",
            ReferralEvent::CameLate { .. } => "referral.came-late",
            ReferralEvent::OutcomeCorrected { .. } => "referral.outcome-corrected",
            ReferralEvent::AppointmentBooked { .. } => "referral.appointment",
            ReferralEvent::AppointmentCancelled { .. } => "referral.appointment-cancelled",
            ReferralEvent::NoShow { .. } => "referral.no-show",
            ReferralEvent::InterimNote { .. } => "referral.note",
            ReferralEvent::CancelRequested { .. } => "referral.cancel-requested",
            ReferralEvent::CapacityReported { .. } => "referral.capacity",
            ReferralEvent::OutcomeRecorded { .. } => "referral.outcome",
            ReferralEvent::OutcomeWithdrawn { .. } => "referral.outcome-withdrawn",
            ReferralEvent::ContactAttempted { .. } => "referral.contact-attempt",
            ReferralEvent::Commented { .. } => "referral.comment",
            ReferralEvent::Assigned { .. } => "referral.assigned",
            ReferralEvent::SafeContactNoted { .. } => "referral.safe-contact",
            ReferralEvent::Rerouted { .. } => "referral.rerouted",
            ReferralEvent::TakenBack { .. } => "referral.taken-back",
            ReferralEvent::Attached { .. } => "referral.attached",
        },
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
        Event::Capacity { .. } => "capacity.reported",
        Event::StopUseTold { .. } => "consent.stop-use-told",
        Event::TokenRevoked { .. } => "token.revoked",
        Event::TokenMinted { .. } => "token.minted",
        Event::Strangers { .. } => "strangers.counted",
        Event::Partner { .. } => "config.changed",
        Event::Exported { .. } => "ledger.exported",
    }
}
