//! Resources come in: everything is checked before anything is recorded, and one submission is one
//! frame at most.

use std::collections::BTreeMap;

use loopgate_consent::GrantDraft;
use loopgate_fhir::{ConsentIn, Json, Limits, PartyRef, PatientIn};
use loopgate_referral::{
    Event as ReferralEvent, LinkBasis, OrgId, PersonEvent, PersonId, Presented, ReferralId,
    ResourceId,
};

use super::amend;
use super::desk::Desk;
use super::hear;
use super::known::{PlannedReferral, request_facts};
use super::plan::Plan;
use super::settle;
use super::submission::{Incoming, Meaning, Purpose, Submission, Verb};
use crate::fields::Cause;
use crate::fold::{Answer, World};
use crate::journal::{Event, StoredVersion};
use crate::refusal::{Kind, Trouble};

/// What is kept of one person, with its documents.
type Kept = (Vec<StoredVersion>, Vec<Vec<u8>>);

/// Decides a submission.
pub fn decide(desk: &mut Desk<'_>, submission: Submission) -> Result<Answer, Trouble> {
    // Suspended since the door looked.
    if desk.roster().get(&submission.org).is_none_or(|partner| partner.suspended) {
        return Err(Kind::Forbidden.into());
    }
    let key = (submission.org.clone(), submission.request);
    if let Some(message) = &submission.message
        && hear::is_known(desk, &submission.org, submission.request, message)?
    {
        return Ok(Answer::new());
    }
    if let Some(answer) = answered(desk.world(), &key, is_creating(&submission)) {
        return Ok(answer);
    }
    match submission.purpose {
        Purpose::Keep => {
            // Consent may have ended since the clocks were last looked at.
            let moved: Vec<ReferralId> =
                submission.along.acts.iter().map(|(_, act)| act.referral).collect();
            moved.into_iter().for_each(|referral| settle::settle(desk, referral));
            let plan = Plan::make(desk, &submission)?;
            Ok(plan.carry_out(desk, submission))
        }
        Purpose::Amend(referral) => amend::amend(desk, submission, referral),
        Purpose::Demographics => amend::demographics(desk, submission),
    }
}

/// Whether some of it is new: sent again, it is the same and not new once more.
fn is_creating(submission: &Submission) -> bool {
    submission.incoming.iter().any(|one| one.verb == Verb::Create)
}

/// The first answer to a request. What creates nothing is a resend only while nothing came in between.
pub fn answered(world: &World, key: &(OrgId, [u8; 32]), creates: bool) -> Option<Answer> {
    let answer = world.answers.get(key)?;
    let current = |(id, version): &(ResourceId, u64)| world.version(id) == Some(*version);
    (creates || answer.iter().all(current)).then(|| answer.clone())
}

/// That a submission was the cause.
pub fn cause_of(submission: &Submission) -> Cause {
    Cause {
        actor: submission.org.to_string(),
        transport: submission.transport.into(),
        request: hex::encode(submission.request),
    }
}

/// Keeps resources in these versions, and reads the consents among them; says which are kept.
pub fn keep(
    desk: &mut Desk<'_>,
    cause: &Cause,
    org: &OrgId,
    incoming: Vec<Incoming>,
    versions: Vec<u64>,
) -> Answer {
    let mut by_person: BTreeMap<Option<PersonId>, Kept> = BTreeMap::new();
    let mut kept = Answer::new();
    let mut consents = Vec::new();
    for (incoming, version) in incoming.into_iter().zip(versions) {
        let person = person_of(desk, &incoming);
        let (resources, docs) = by_person.entry(person).or_default();
        resources.push(stored(&incoming, version));
        docs.push(incoming.doc);
        kept.push((incoming.id.clone(), version));
        if let (Meaning::Consent(consent), Some(person)) = (incoming.meaning, person) {
            consents.push((consent, person, incoming.id, incoming.sha256));
        }
    }
    for (person, (resources, docs)) in by_person {
        desk.record(cause, Event::Stored { org: org.clone(), person, resources }, docs, None);
    }
    // The organizations a consent names may have come with it: they are kept by now.
    for (consent, person, id, sha256) in consents {
        let draft = read_consent(desk, org, &consent, (person, id, sha256));
        if let Some(event) = desk.world().grants.decide(draft, desk.at) {
            desk.record(cause, Event::Grant(event), Vec::new(), None);
            settle::settle_person(desk, person);
        }
    }
    kept
}

/// What is kept of one version of a resource.
pub fn stored(incoming: &Incoming, version: u64) -> StoredVersion {
    let (identifiers, request) = match &incoming.meaning {
        Meaning::Organization(identifiers) => (identifiers.clone(), None),
        Meaning::Task(task) => (task.identifiers.clone(), None),
        Meaning::Request(request) => (Vec::new(), Some(request_facts(request))),
        _ => (Vec::new(), None),
    };
    StoredVersion {
        resource: incoming.id.clone(),
        version,
        sha256: incoming.sha256,
        identifiers,
        rewrites: incoming.rewrites.clone(),
        request,
        labels: incoming.labels.clone(),
        dated: incoming.dated,
    }
}

/// Who the patients are comes first: everything else is kept under their keys.
pub fn register_patients(
    desk: &mut Desk<'_>,
    cause: &Cause,
    org: &OrgId,
    incoming: &[Incoming],
    known: Option<(PersonId, ReferralId)>,
) {
    for one in incoming {
        let Meaning::Patient(patient) = &one.meaning else { continue };
        if let Some((person, referral)) = known {
            let (by, basis) = (org.clone(), LinkBasis::ReferredOn { referral });
            let linked = PersonEvent::Linked { person, by, identifiers: Vec::new(), basis };
            desk.record(cause, Event::Person(linked), Vec::new(), None);
            let event = Event::Patient { patient: one.id.clone(), person };
            desk.record(cause, event, Vec::new(), None);
            continue;
        }
        let presented = presented(desk, org, patient);
        if let Verb::Update(_) = one.verb {
            know_again(desk, cause, (&one.id, &presented));
            continue;
        }
        let fresh = PersonId::from_random(desk.random16());
        let shared = &desk.settings().shared_systems;
        let (person, facts) = desk.world().persons.decide(&presented, shared, fresh);
        for fact in facts {
            desk.record(cause, Event::Person(fact), Vec::new(), None);
        }
        let event = Event::Patient { patient: one.id.clone(), person };
        desk.record(cause, event, Vec::new(), None);
    }
}

/// A Patient that is replaced is the person it was; what it says of them more is known from now on.
fn know_again(desk: &mut Desk<'_>, cause: &Cause, (id, said): (&ResourceId, &Presented)) {
    let Some(person) = desk.world().patients.get(id).copied() else { return };
    let shared = &desk.settings().shared_systems;
    if let Some(fact) = desk.world().persons.again(said, shared, person) {
        desk.record(cause, Event::Person(fact), Vec::new(), None);
    }
}

/// A patient as an organization presents them.
pub fn presented(desk: &Desk<'_>, org: &OrgId, patient: &PatientIn) -> Presented {
    Presented {
        by: org.clone(),
        index: desk.roster().get(org).and_then(|partner| partner.patient_index.clone()),
        identifiers: patient.identifiers.clone(),
        sameness: patient.sameness.clone(),
    }
}

pub fn person_of(desk: &Desk<'_>, incoming: &Incoming) -> Option<PersonId> {
    let patient = match incoming.meaning {
        Meaning::Patient(_) => Some(incoming.id.clone()),
        _ => incoming.patient.as_deref().and_then(|reference| reference.parse().ok()),
    };
    desk.world().patients.get(&patient?).copied()
}

fn read_consent(
    desk: &Desk<'_>,
    org: &OrgId,
    consent: &ConsentIn,
    (person, id, sha256): (PersonId, ResourceId, [u8; 32]),
) -> GrantDraft {
    let roster = desk.roster();
    let known = |text: &str| {
        let id: ResourceId = text.parse().ok()?;
        let held = desk.world().resources.get(&id).filter(|held| held.org == *org)?;
        Some(held.identifiers.clone())
    };
    let resolve = |reference: &PartyRef| {
        roster.by_reference(reference, &known).map(|partner| (partner.org.clone(), partner.legal))
    };
    consent.to_draft(person, id, sha256, &resolve)
}

pub fn receive(
    desk: &mut Desk<'_>,
    cause: &Cause,
    org: &OrgId,
    planned: PlannedReferral,
) -> ReferralId {
    let patient: Option<ResourceId> = planned.patient.parse().ok();
    let person = patient.and_then(|patient| desk.world().patients.get(&patient).copied());
    let Some(person) = person else {
        unreachable!("the plan found the patient and registering gave it a person");
    };
    let referral = ReferralId::from_random(desk.random16());
    let fact = ReferralEvent::Received {
        referral,
        source: org.clone(),
        owner: planned.owner,
        persons: vec![person],
        needs: planned.facts.needs,
        contact_prohibited: planned.facts.contact_prohibited,
        task: planned.task,
        request: planned.request,
    };
    desk.record(cause, Event::Referral { referral, fact }, Vec::new(), None);
    settle::settle(desk, referral);
    referral
}

/// What is kept was within the limits when it came; a limit that changed since does not hide it.
const KEPT: Limits = Limits {
    json_depth_max: 128,
    members_max: usize::MAX,
    bundle_entries_max: usize::MAX,
    contained_max: usize::MAX,
    string_bytes_max: usize::MAX,
};

/// A document and what its `urn:uuid` references became, as its supplier reads it back.
pub fn resolved(doc: &[u8], rewrites: &BTreeMap<String, String>) -> Option<Json> {
    let mut json = Json::parse(doc, "", &KEPT).ok()?;
    loopgate_fhir::rewrite(&mut json, &|text| rewrites.get(text).cloned());
    Some(json)
}
