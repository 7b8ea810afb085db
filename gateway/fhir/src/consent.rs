//! SDOHCC Consent: what a person agreed to, as far as a program may say so.
//!
//! A Consent whose status, scope and date are in order and whose provisions we read becomes an
//! active Grant. One that says nothing computable waits for a person to transcribe it; one that says
//! something we do not read forbids everything, since it might forbid just this.
//!
//! Not here: the rules for provisions (`provision.rs`), what a Grant permits (crate `consent`).

use jiff::tz::Offset;
use loopgate_consent::{Effect, GrantDraft, GrantState, LegalClass, Rule};
use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};

use crate::code::{CONSENT_SCOPE, is_coded};
use crate::fault::Faults;
use crate::party::{PartyRef, literal};
use crate::provision::{self, Provision, Reading, extends_a_primitive};
use crate::task::of_kind;
use crate::{Fault, Json, Moment, Resource};

/// A Consent, read; whom it names is not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentIn {
    /// The text of its reference to a Patient.
    pub patient: String,
    /// Whether it can be used.
    pub state: GrantState,
    /// Who may disclose: `Consent.organization`.
    pub organizations: Vec<PartyRef>,
    /// Its provisions; none while it is not in force, or not about privacy.
    pub provisions: Vec<Provision>,
    /// `dateTime`; the first instant of what is written.
    pub signed: Option<Timestamp>,
}

impl ConsentIn {
    /// Reads a Consent. `zone` is where its dates without a zone are midnight.
    pub fn read(resource: &Resource, zone: Offset) -> Result<ConsentIn, Vec<Fault>> {
        let json = of_kind(resource, "Consent")?;
        let mut faults = Faults::default();
        let patient = faults.take(literal(json, "patient", "Patient", "Consent"));
        let signed = json.text("dateTime").and_then(|text| Moment::parse(text, zone));
        let signed = signed.map(|moment| moment.start);
        let (state, provisions) = read_state(json, signed, zone);
        // An unreadable discloser is nobody, and may disclose nothing.
        let organizations = json.list("organization").iter();
        let organizations = organizations
            .filter_map(|party| PartyRef::read(party, "Consent.organization").ok())
            .collect();
        faults.or(patient.map(|patient| ConsentIn {
            patient,
            state,
            organizations,
            provisions,
            signed,
        }))
    }

    /// The Grant it makes for a person. `resolve` finds the organization that a Reference names,
    /// with its legal class now.
    pub fn to_draft(
        &self,
        person: PersonId,
        consent: ResourceId,
        consent_sha256: [u8; 32],
        resolve: &dyn Fn(&PartyRef) -> Option<(OrgId, LegalClass)>,
    ) -> GrantDraft {
        let disclosers =
            self.organizations.iter().filter_map(resolve).map(|(org, _)| org).collect();
        GrantDraft {
            consent,
            person,
            state: self.state,
            disclosers,
            rules: self.provisions.iter().map(|provision| rule(provision, resolve)).collect(),
            signed: self.signed,
            consent_sha256,
        }
    }
}

fn read_state(
    consent: &Json,
    signed: Option<Timestamp>,
    zone: Offset,
) -> (GrantState, Vec<Provision>) {
    let idle = |state| (state, Vec::new());
    let scope = consent.get("scope");
    if consent.get("_status").is_some() || scope.is_some_and(extends_a_primitive) {
        return idle(GrantState::Uninterpretable);
    }
    match consent.text("status") {
        Some("active") => {}
        Some("rejected" | "inactive" | "entered-in-error") => return idle(GrantState::Revoked),
        // draft, proposed
        _ => return idle(GrantState::Pending),
    }
    if !is_coded(scope, CONSENT_SCOPE, "patient-privacy") {
        return idle(GrantState::Pending);
    }
    match provision::read(consent.get("provision"), zone) {
        Reading::Uninterpretable => idle(GrantState::Uninterpretable),
        Reading::Nothing => idle(GrantState::Pending),
        // Without a date it permits nothing yet; what it denies it denies.
        Reading::Provisions(provisions) if signed.is_none() => (GrantState::Pending, provisions),
        Reading::Provisions(provisions) => (GrantState::Active, provisions),
    }
}

fn rule(provision: &Provision, resolve: &dyn Fn(&PartyRef) -> Option<(OrgId, LegalClass)>) -> Rule {
    let known = |party: &Option<PartyRef>| party.as_ref().and_then(resolve);
    let recipients: Vec<_> = provision.recipients.iter().map(known).collect();
    let unknown = recipients.iter().any(Option::is_none);
    Rule {
        effect: provision.effect,
        recipients: recipients.into_iter().flatten().collect(),
        recipients_unknown: unknown && provision.effect == Effect::Deny,
        classes: provision.classes.clone(),
        purposes: provision.purposes.clone(),
        actions: provision.actions.clone(),
        period: provision.period,
    }
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
