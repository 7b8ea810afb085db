//! SDOHCC Consent: what a person agreed to, as far as a program may say so.
//!
//! A Consent whose status, scope and date are in order and whose provisions we read becomes an
//! active Grant. One that says nothing computable waits for a person to transcribe it; one that says
//! something we do not read forbids everything, since it might forbid just this.
//!
//! Not here: the rules for provisions (`provision.rs`), what a Grant permits (crate `consent`).

use jiff::tz::Offset;
use loopgate_consent::{Effect, GrantDraft, GrantState, LegalBasis, LegalClass, Rule, Terms};
use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};

use crate::code::{ACT_CODE, CONSENT_SCOPE, is_coded};
use crate::fault::Faults;
use crate::party::{PartyRef, literal};
use crate::provision::{self, Provision, Reading, extends_a_primitive};
use crate::task::of_kind;
use crate::{Fault, Json, Moment, Resource};

/// HL7 FAST Consent: who controls it (fhir-consent-management, `extension:controller`).
const CONTROLLER: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Consent.controller";

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
    /// The law it says it rests on.
    pub basis: LegalBasis,
    /// The signed form came along, or somebody checked it.
    pub evidence: Evidence,
}

/// What there is to show that the form was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Nothing.
    None,
    /// `Consent.source[x]`.
    Form,
    /// `Consent.verification`: somebody asked the person, and says when.
    Verified,
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
        let organizations = disclosers(json)
            .filter_map(|party| PartyRef::read(party, "Consent.organization").ok())
            .collect();
        let patient_alone = json.list("performer").iter().all(|performer| {
            let same = |patient: &String| performer.text("reference") == Some(patient.as_str());
            patient.as_ref().is_some_and(same)
        });
        // Whether somebody else may speak for the person, a person has to look.
        let state = match state {
            GrantState::Active if !patient_alone => GrantState::Pending,
            state => state,
        };
        faults.or(patient.map(|patient| ConsentIn {
            patient,
            state,
            organizations,
            provisions,
            signed,
            basis: basis(json),
            evidence: evidence(json),
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
        let disclosers: Vec<OrgId> =
            self.organizations.iter().filter_map(resolve).map(|(org, _)| org).collect();
        let rules: Vec<Rule> =
            self.provisions.iter().map(|provision| rule(provision, resolve)).collect();
        let incomplete = self.lacks_evidence(&rules);
        GrantDraft {
            consent,
            person,
            state: self.state,
            disclosers,
            rules,
            signed: self.signed,
            consent_sha256,
            terms: Terms { basis: self.basis, incomplete, ..Terms::default() },
        }
    }
}

impl ConsentIn {
    /// Whether the form, as far as a program can see, lacks what the law wants on it: a signature
    /// and an end (45 CFR 164.508(c)(1)(v), (vi)). What 42 CFR 2.31 wants beyond, statements among
    /// it, only a person can see, who says so by `Consent.verification`.
    fn lacks_evidence(&self, rules: &[Rule]) -> bool {
        let least = match self.basis {
            LegalBasis::Part2 | LegalBasis::Vawa => Evidence::Verified,
            LegalBasis::Authorization | LegalBasis::Verbal => Evidence::Form,
        };
        let endless = |rule: &Rule| rule.effect == Effect::Permit && rule.period.end.is_none();
        self.evidence < least || rules.iter().any(endless)
    }
}

/// `Consent.organization`, or the controller of a FAST Consent, which has none.
fn disclosers(consent: &Json) -> impl Iterator<Item = &Json> {
    let controllers = consent
        .list("extension")
        .iter()
        .filter(|one| one.text("url") == Some(CONTROLLER))
        .filter_map(|one| one.get("valueReference"));
    let own = consent.list("organization").iter();
    own.chain(controllers.filter(|_| consent.get("organization").is_none()))
}

/// 42 CFR Part 2 where a category says so.
fn basis(consent: &Json) -> LegalBasis {
    if is_coded(consent.get("category"), ACT_CODE, "42CFRPart2CD") {
        LegalBasis::Part2
    } else {
        LegalBasis::Authorization
    }
}

fn evidence(consent: &Json) -> Evidence {
    let verified = |one: &Json| {
        matches!(one.get("verified"), Some(Json::Bool(true)))
            && one.get("verificationDate").is_some()
    };
    if consent.list("verification").iter().any(verified) {
        return Evidence::Verified;
    }
    let form = ["sourceAttachment", "sourceReference"].iter().any(|at| consent.get(at).is_some());
    if form { Evidence::Form } else { Evidence::None }
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
        labels: provision.labels.clone(),
        data_period: provision.data_period,
        kinds: provision.kinds.clone(),
        // A permit of something that cannot be named permits nothing; the list says which is meant.
        instances: provision.instances.iter().filter_map(|text| text.parse().ok()).collect(),
        treating_providers: false,
    }
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
