//! Which AuditEvent an entry is: its profile, its codes, what it is about.

use loopgate_consent::GrantEvent;
use loopgate_referral::{Event as ReferralEvent, ReferralId, ResourceId, SourceMove, TargetMove};
use serde_json::{Value, json};

use super::{
    AUTHZ, DCM, ENTITY_TYPE, INTERACTION, LIFECYCLE, OBJECT_ROLE, RESOURCE_TYPES, REST, coding,
};
use crate::journal::{BasisUsed, Disclosure, Event, LedgerEvent, StaffEvent};

/// Which way it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// To us.
    Comes,
    /// From us.
    Goes,
    /// We decided.
    Decided,
    /// Somebody did something here.
    Did,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The profile's last part; none where no profile is for it.
    pub profile: Option<&'static str>,
    /// `AuditEvent.type`.
    pub code: Value,
    /// `AuditEvent.subtype`.
    pub subtypes: Vec<Value>,
    /// `AuditEvent.action`.
    pub action: &'static str,
    /// `AuditEvent.outcome`.
    pub outcome: &'static str,
    /// `AuditEvent.purposeOfEvent`.
    pub purpose: Option<String>,
    /// Which way.
    pub part: Part,
    /// The other party, unless it is who caused the entry.
    pub other: Option<String>,
    /// The person agreed to it.
    pub authorized: bool,
    /// What it is about, beside the patient.
    pub entities: Vec<Value>,
}

const SUCCESS: &str = "0";
const FAILURE: &str = "8";

fn kind(profile: Option<&'static str>, code: Value, action: &'static str, part: Part) -> Kind {
    Kind {
        profile,
        code,
        subtypes: Vec::new(),
        action,
        outcome: SUCCESS,
        purpose: None,
        part,
        other: None,
        authorized: false,
        entities: Vec::new(),
    }
}

/// The events of an entry, for one person it is about or for nobody.
pub fn of(event: &Event, about_somebody: bool) -> Vec<Kind> {
    match event {
        Event::Disclosed(one) => disclosed(one),
        Event::Reread { recipient, .. } => {
            let mut read = rest("R", ("read", "Read"), Part::Goes, about_somebody);
            read.other = Some(recipient.to_string());
            read.entities = vec![thing("what was shown before")];
            vec![read]
        }
        Event::Denied { .. } => denied(event, about_somebody).into_iter().collect(),
        Event::Stored { org, person: Some(_), resources } => {
            let items = resources.iter().map(|one| version(&one.resource, one.version));
            vec![received(org.as_str(), items.collect())]
        }
        Event::Stored { org, resources, .. } => {
            let each = resources.iter().map(|one| {
                let (action, code) =
                    if one.version == 1 { ("C", "create") } else { ("U", "update") };
                let mut made = rest(action, (code, code), Part::Comes, false);
                made.other = Some(org.to_string());
                made.entities = vec![version(&one.resource, one.version)];
                made
            });
            each.collect()
        }
        Event::Heard { org, content, person: Some(_), .. } => {
            let mut message = thing("HL7 v2 message");
            message["detail"] = sha256(content);
            vec![received(org.as_str(), vec![message])]
        }
        Event::Grant(fact) => vec![grant(fact)],
        Event::Referral { referral, fact } => vec![moved(*referral, fact, about_somebody)],
        Event::TokenMinted { .. } | Event::TokenRevoked { .. } => Vec::new(),
        Event::Partner { .. } => vec![alert("110129", "Security Configuration", SUCCESS)],
        Event::Strangers { .. } => vec![alert("110126", "Node Authentication", "4")],
        Event::Ledger(LedgerEvent::Configured { .. }) => {
            vec![alert("110129", "Security Configuration", SUCCESS)]
        }
        Event::Ledger(LedgerEvent::Shredded { .. }) => {
            let mut made =
                kind(None, coding(LIFECYCLE, "destroy", "Destroy/Delete"), "D", Part::Did);
            made.entities = vec![thing("the key of a person")];
            vec![made]
        }
        Event::Exported { .. } | Event::Staff(StaffEvent::Looked { .. }) => {
            vec![kind(None, dcm("110101", "Audit Log Used"), "R", Part::Did)]
        }
        Event::Staff(fact) => staff(fact).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn disclosed(one: &Disclosure) -> Vec<Kind> {
    let consent = one.bases.iter().find_map(|basis| match basis {
        BasisUsed::Consent { grant, purpose, .. } => Some((grant, purpose.clone())),
        _ => None,
    });
    let passed_on = one.bases.iter().any(|basis| {
        matches!(
            basis,
            BasisUsed::Consent { .. }
                | BasisUsed::Treatment
                | BasisUsed::Law { .. }
                | BasisUsed::BreakGlass { .. }
        )
    });
    let mut out = if passed_on {
        let mut out =
            kind(Some("PrivacyDisclosure.Source"), dcm("110106", "Export"), "R", Part::Goes);
        out.subtypes = vec![coding(LIFECYCLE, "disclose", "Disclose")];
        out.entities = one.resources.iter().map(|(id, v)| version(id, *v)).collect();
        out
    } else {
        // BALP: one data entity; what was shown is named by its hash.
        rest("R", ("read", "Read"), Part::Goes, true)
    };
    let mut payload = thing("payload");
    payload["detail"] = sha256(&one.sha256);
    out.entities.push(payload);
    out.other = Some(one.recipient.to_string());
    out.authorized = consent.is_some();
    out.purpose = match &consent {
        Some((_, purpose)) => purpose.clone(),
        None => one.bases.iter().find_map(purpose_of).map(str::to_owned),
    };
    let decision = consent.map(|(grant, purpose)| {
        let made = decision(&grant.id.to_string(), SUCCESS);
        Kind { other: out.other.clone(), purpose, ..made }
    });
    std::iter::once(out).chain(decision).collect()
}

/// v3 ActReason, where the basis itself is a purpose.
fn purpose_of(basis: &BasisUsed) -> Option<&'static str> {
    match basis {
        BasisUsed::Treatment => Some("TREAT"),
        BasisUsed::BreakGlass { .. } => Some("ETREAT"),
        BasisUsed::ThePerson => Some("PATRQT"),
        BasisUsed::Audit { .. } | BasisUsed::BusinessAssociate => Some("HOPERAT"),
        BasisUsed::ReturnToSupplier | BasisUsed::Law { .. } | BasisUsed::Consent { .. } => None,
    }
}

/// A refusal: by the person's consent where a Grant was reached, else by what the caller is.
fn denied(event: &Event, about_somebody: bool) -> Option<Kind> {
    let Event::Denied { org, grant, .. } = event else { return None };
    let made = match grant {
        Some(grant) if about_somebody => decision(&grant.id.to_string(), FAILURE),
        _ => alert("110132", "Use of Restricted Function", FAILURE),
    };
    Some(Kind { other: Some(org.to_string()), ..made })
}

/// `AuthZconsent`, which takes patient, consent and token for entities and nothing else.
fn decision(consent: &str, outcome: &'static str) -> Kind {
    let mut made = kind(Some("AuthZconsent"), dcm("110113", "Security Alert"), "E", Part::Decided);
    made.subtypes = vec![json!({ "system": AUTHZ, "code": "AuthZ-Consent" })];
    made.outcome = outcome;
    made.entities = vec![json!({
        "what": { "type": "Consent", "identifier": { "system": "urn:loopgate:grant", "value": consent } },
        "type": coding(RESOURCE_TYPES, "Consent", "Consent"),
    })];
    made
}

fn received(org: &str, entities: Vec<Value>) -> Kind {
    let mut made =
        kind(Some("PrivacyDisclosure.Recipient"), dcm("110107", "Import"), "C", Part::Comes);
    made.subtypes = vec![coding(LIFECYCLE, "disclose", "Disclose")];
    made.other = Some(org.to_owned());
    made.entities = entities;
    made
}

fn rest(
    action: &'static str,
    (code, words): (&str, &str),
    part: Part,
    about_somebody: bool,
) -> Kind {
    let profile = match (action, about_somebody) {
        ("C", true) => "PatientCreate",
        ("C", false) => "Create",
        ("U", true) => "PatientUpdate",
        ("U", false) => "Update",
        (_, true) => "PatientRead",
        (_, false) => "Read",
    };
    let mut made = kind(Some(profile), coding(REST, "rest", "Restful Operation"), action, part);
    made.subtypes = vec![coding(INTERACTION, code, &words.to_ascii_lowercase())];
    made
}

fn grant(fact: &GrantEvent) -> Kind {
    let consent = |value: &str| {
        json!({
            "what": { "type": "Consent", "identifier": { "system": "urn:loopgate:grant", "value": value } },
            "type": coding(ENTITY_TYPE, "2", "System Object"),
            "role": coding(OBJECT_ROLE, "4", "Domain Resource"),
        })
    };
    let (action, entity) = match fact {
        GrantEvent::Given { says } => {
            let id = loopgate_consent::GrantId::of_consent(&says.consent);
            (("C", "create"), consent(&id.to_string()))
        }
        GrantEvent::Revoked { grant, .. } | GrantEvent::Doubted { grant, .. } => {
            (("U", "update"), consent(&grant.to_string()))
        }
        GrantEvent::Suspended { .. } | GrantEvent::AllRevoked { .. } => {
            (("U", "update"), consent("all"))
        }
    };
    let mut made = rest(action.0, (action.1, action.1), Part::Comes, true);
    made.entities = vec![entity];
    made
}

/// A referral moved: the Task is the job that somebody changed.
fn moved(referral: ReferralId, fact: &ReferralEvent, about_somebody: bool) -> Kind {
    let (action, code) = match fact {
        ReferralEvent::Received { .. } | ReferralEvent::Placed { .. } => ("C", "create"),
        _ => ("U", "update"),
    };
    let mut made = rest(action, (code, code), Part::Comes, about_somebody);
    let to = match fact {
        ReferralEvent::SourceMoved { step: SourceMove::Cancel { .. } }
        | ReferralEvent::CancelAgreed { .. } => Some("cancelled"),
        ReferralEvent::TargetMoved { step, .. } => Some(match step {
            TargetMove::Accept => "accepted",
            TargetMove::Reject { .. } => "rejected",
            TargetMove::Start => "in-progress",
            TargetMove::Hold { .. } => "on-hold",
            TargetMove::Complete => "completed",
            TargetMove::Fail { .. } => "failed",
            TargetMove::Withdraw { .. } => "cancelled",
        }),
        _ => None,
    };
    let id = referral.to_string();
    let mut task = json!({
        "what": { "type": "Task", "identifier": { "system": "urn:loopgate:referral", "value": id } },
        "type": coding(ENTITY_TYPE, "2", "System Object"),
        "role": coding(OBJECT_ROLE, "20", "Job"),
    });
    if let Some(to) = to {
        task["detail"] = json!([{ "type": "status", "valueString": to }]);
    }
    made.entities = vec![task];
    made
}

fn staff(fact: &StaffEvent) -> Option<Kind> {
    let outcome = |right: bool| if right { SUCCESS } else { "4" };
    Some(match fact {
        StaffEvent::SignIn { staff, right, .. } => {
            let mut made = kind(None, dcm("110114", "User Authentication"), "E", Part::Did);
            made.subtypes = vec![dcm("110122", "Login")];
            made.other = Some(staff.to_string());
            Kind { outcome: outcome(*right), ..made }
        }
        StaffEvent::GlassBroken { org, .. } => {
            let made = alert("110127", "Emergency Override Started", SUCCESS);
            Kind { other: Some(org.to_string()), purpose: Some("ETREAT".to_owned()), ..made }
        }
        StaffEvent::GlassReviewed { .. } => alert("110138", "Emergency Override Stopped", SUCCESS),
        StaffEvent::RevealAsked { .. } | StaffEvent::RevealConfirmed { .. } => {
            alert("110132", "Use of Restricted Function", SUCCESS)
        }
        _ => return None,
    })
}

fn alert(code: &str, words: &str, outcome: &'static str) -> Kind {
    let mut made = kind(None, dcm("110113", "Security Alert"), "E", Part::Did);
    made.subtypes = vec![dcm(code, words)];
    Kind { outcome, ..made }
}

fn dcm(code: &str, words: &str) -> Value {
    coding(DCM, code, words)
}

/// One version of one resource.
fn version(id: &ResourceId, version: u64) -> Value {
    json!({
        "what": { "reference": format!("{id}/_history/{version}") },
        "type": coding(ENTITY_TYPE, "2", "System Object"),
        "role": coding(OBJECT_ROLE, "4", "Domain Resource"),
    })
}

fn thing(words: &str) -> Value {
    json!({
        "what": { "display": words },
        "type": coding(ENTITY_TYPE, "2", "System Object"),
        "role": coding(OBJECT_ROLE, "4", "Domain Resource"),
    })
}

fn sha256(digest: &[u8; 32]) -> Value {
    json!([{ "type": "sha256", "valueString": hex::encode(digest) }])
}
