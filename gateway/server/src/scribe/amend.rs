//! A source says anew what it refers, or who somebody is: what it supplied gets a new version, and no
//! referral changes its state.
//!
//! A message dialect has no resource ids: its Patient, ServiceRequest and Task are those of the referral
//! it amends, or the organization's own Patients of the person it is about. Observations and the like have
//! nothing to be told apart by; they are new, and the new ServiceRequest refers to no others.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_fhir::{Fault, IssueCode, PartyRef, RequestIn, TaskIn};
use loopgate_referral::{
    Actor, Command as Move, OrgId, PersonEvent, PersonId, Presented, Referral, ReferralId,
    ResourceId, TaskStatus, decide as decide_referral,
};

use super::desk::Desk;
use super::hear::{self, Consequence};
use super::known::Known;
use super::settle;
use super::submission::{Incoming, Meaning, Submission};
use super::submit::{cause_of, keep, presented};
use crate::fold::Answer;
use crate::journal::Event;
use crate::refusal::{Kind, Refusal, Trouble};

/// Decides an amendment of a referral.
pub fn amend(
    desk: &mut Desk<'_>,
    mut submission: Submission,
    id: ReferralId,
) -> Result<Answer, Trouble> {
    let referral = desk.world().referrals.get(&id);
    let referral = referral.filter(|one| one.source == submission.org);
    let referral = referral.ok_or(Trouble::from(Kind::NotFound))?;
    if referral.state.is_final() {
        return Err(Kind::IllegalMove.into());
    }
    settle_ids(desk, referral, &mut submission.incoming)?;
    let (referral, submission) = (referral.clone(), submission);
    let contact_prohibited = check(desk, &referral, &submission)?;
    let versions: Vec<u64> = submission.incoming.iter().map(|one| next(desk, &one.id)).collect();
    let cause = cause_of(&submission);
    let Submission { org, request, incoming, message, .. } = submission;
    for one in &incoming {
        if let Meaning::Patient(patient) = &one.meaning {
            let said = presented(desk, &org, patient);
            for fact in known_again(desk, &said) {
                desk.record(&cause, Event::Person(fact), Vec::new(), None);
            }
        }
    }
    let kept = keep(desk, &cause, &org, incoming, versions);
    let step = Move::Amend { contact_prohibited };
    let facts = desk
        .world()
        .referrals
        .get(&id)
        .map(|referral| decide_referral(referral, &Actor::Source(org.clone()), step));
    for fact in facts.transpose()?.unwrap_or_default() {
        desk.record(&cause, Event::Referral { referral: id, fact }, Vec::new(), None);
    }
    settle::settle(desk, id);
    let answer: Answer = kept
        .into_iter()
        .map(|(id, version)| {
            let moved = desk.world().task_version(&id).unwrap_or(version);
            (id, moved)
        })
        .collect();
    match message {
        Some(message) => {
            let person = referral.persons.first().copied();
            let effect = Consequence { person, about: vec![id], ..Consequence::default() };
            hear::record(desk, &cause, (org, request), effect, message);
        }
        None => {
            let event = Event::Answered { org, request, answer: answer.clone() };
            desk.record(&cause, event, Vec::new(), None);
        }
    }
    Ok(answer)
}

/// Gives what is amended the ids it has here, wherever it is named.
fn settle_ids(
    desk: &Desk<'_>,
    referral: &Referral,
    incoming: &mut [Incoming],
) -> Result<(), Trouble> {
    let patient = patient_of(desk, referral).ok_or(Trouble::from(Kind::NotFound))?;
    let mut ids: BTreeMap<String, ResourceId> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut faults = Vec::new();
    for one in incoming.iter() {
        let (kind, id) = match &one.meaning {
            Meaning::Patient(_) => ("Patient", &patient),
            Meaning::Request(_) => ("ServiceRequest", &referral.request),
            Meaning::Task(_) => ("Task", &referral.task),
            _ => continue,
        };
        if !seen.insert(kind) {
            let words = "is one more than the referral has";
            faults.push(Fault::new(IssueCode::BusinessRule, &one.place, words));
        }
        ids.insert(one.id.to_string(), id.clone());
    }
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).into());
    }
    incoming.iter_mut().for_each(|one| rename(one, &ids));
    Ok(())
}

fn rename(one: &mut Incoming, ids: &BTreeMap<String, ResourceId>) {
    let of = |text: &mut String| {
        if let Some(id) = ids.get(text.as_str()) {
            *text = id.to_string();
        }
    };
    if let Some(id) = ids.get(one.id.as_str()) {
        one.id = id.clone();
    }
    one.rewrites.values_mut().for_each(of);
    one.references.iter_mut().for_each(|(_, target)| of(target));
    one.patient.iter_mut().for_each(of);
    match &mut one.meaning {
        Meaning::Task(task) => {
            of(&mut task.focus);
            of(&mut task.patient);
        }
        Meaning::Request(request) => of(&mut request.subject),
        Meaning::Consent(consent) => of(&mut consent.patient),
        Meaning::Patient(_) | Meaning::Organization(_) | Meaning::Group(_) | Meaning::Other => {}
    }
}

fn next(desk: &Desk<'_>, id: &ResourceId) -> u64 {
    desk.world().resources.get(id).map_or(1, |held| held.version + 1)
}

/// The Patient that a referral is about, as its ServiceRequest names it.
fn patient_of(desk: &Desk<'_>, referral: &Referral) -> Option<ResourceId> {
    let request = desk.world().resources.get(&referral.request)?;
    request.request.as_ref()?.patient.parse().ok()
}

/// Whether only what may change does; says whether the person may be contacted after it.
fn check(desk: &Desk<'_>, referral: &Referral, submission: &Submission) -> Result<bool, Trouble> {
    let known = Known::of(desk, submission);
    let mut faults = Vec::new();
    let mut contact_prohibited = referral.contact_prohibited;
    for one in &submission.incoming {
        known.check_references(one, &mut faults);
        let mut fault = |element: &str, words| {
            let at = format!("{}.{element}", one.place);
            faults.push(Fault::new(IssueCode::BusinessRule, at, words));
        };
        match &one.meaning {
            Meaning::Patient(patient) => {
                let said = presented(desk, &submission.org, patient);
                let shared = &desk.settings().shared_systems;
                let same = |person| desk.world().persons.is_again(&said, shared, person);
                if !referral.persons.first().is_some_and(|person| same(*person)) {
                    fault("identifier", "is somebody else: send a new referral");
                }
            }
            Meaning::Request(request) => {
                check_request(request, referral, one, &mut fault);
                contact_prohibited = request.contact_prohibited;
            }
            Meaning::Task(task) => check_task((&known, task), referral, &mut fault),
            _ => {}
        }
        if let Meaning::Task(task) = &one.meaning {
            known.other_than(one, task, &referral.task)?;
        }
    }
    if faults.is_empty() { Ok(contact_prohibited) } else { Err(Refusal::invalid(faults).into()) }
}

fn check_request(
    request: &RequestIn,
    referral: &Referral,
    one: &Incoming,
    fault: &mut dyn FnMut(&str, &'static str),
) {
    if request.needs != referral.needs {
        fault("category", "is another need: send a new referral");
    }
    if one.patient.as_deref() != Some(request.subject.as_str()) {
        fault("subject", "is somebody else: send a new referral");
    }
}

fn check_task(
    (known, task): (&Known<'_>, &TaskIn),
    referral: &Referral,
    fault: &mut dyn FnMut(&str, &'static str),
) {
    // Whom it named first it may name still, after that one sent it on.
    let named = |org: &OrgId| {
        *org == referral.owner || referral.placements.iter().any(|placed| placed.target == *org)
    };
    let owner = |owner: &PartyRef| known.owner(Some(owner)).as_ref().is_some_and(named);
    if !task.owner.as_ref().is_some_and(owner) {
        fault("owner", "is another organization: send a new referral");
    }
    if task.status != TaskStatus::Requested {
        fault("status", "is not moved by an amendment");
    }
    if task.has_output {
        fault("output", "is not the source's to say");
    }
    if task.focus != referral.request.as_str() {
        fault("focus", "is another request: send a new referral");
    }
}

/// What is noted of a patient whose person is known already; nothing of one who is not.
fn known_again(desk: &Desk<'_>, said: &Presented) -> Vec<PersonEvent> {
    let nobody = PersonId::from_random([0; 16]);
    let shared = &desk.settings().shared_systems;
    let (_, facts) = desk.world().persons.decide(said, shared, nobody);
    facts.into_iter().filter(|fact| matches!(fact, PersonEvent::Linked { .. })).collect()
}

/// Decides what an organization says anew of a person that it presented before. Nobody known: the answer
/// is empty, and nothing is recorded.
pub fn demographics(desk: &mut Desk<'_>, submission: Submission) -> Result<Answer, Trouble> {
    let cause = cause_of(&submission);
    let Submission { org, request, incoming, message, .. } = submission;
    let mut about = None;
    let mut answer = Answer::new();
    for mut one in incoming {
        let Meaning::Patient(patient) = &one.meaning else { continue };
        let facts = known_again(desk, &presented(desk, &org, patient));
        let Some(person) = facts.iter().find_map(|fact| match fact {
            PersonEvent::Linked { person, .. } => Some(*person),
            _ => None,
        }) else {
            continue;
        };
        let own = own_patients(desk, &org, person);
        if own.is_empty() {
            continue;
        }
        for fact in facts {
            desk.record(&cause, Event::Person(fact), Vec::new(), None);
        }
        let mut resources = Vec::new();
        let doc = std::mem::take(&mut one.doc);
        for id in own {
            let version = next(desk, &id);
            one.id = id.clone();
            resources.push(super::submit::stored(&one, version));
            answer.push((id, version));
        }
        let docs = vec![doc; resources.len()];
        let event = Event::Stored { org: org.clone(), person: Some(person), resources };
        desk.record(&cause, event, docs, None);
        about = Some(person);
    }
    if answer.is_empty() {
        return Ok(answer);
    }
    match message {
        Some(message) => {
            let effect = Consequence { person: about, ..Consequence::default() };
            hear::record(desk, &cause, (org, request), effect, message);
        }
        None => {
            let event = Event::Answered { org, request, answer: answer.clone() };
            desk.record(&cause, event, Vec::new(), None);
        }
    }
    Ok(answer)
}

/// The Patients of a person that an organization supplied.
fn own_patients(desk: &Desk<'_>, org: &OrgId, person: PersonId) -> Vec<ResourceId> {
    let world = desk.world();
    let own = world.patients_of(person).filter(|(_, held)| held.org == *org);
    own.map(|(id, _)| id.clone()).collect()
}
