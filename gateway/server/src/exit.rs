//! What leaves, and in which shape: parts of a referral as each party may see them.
//!
//! Every function here names what it would show (an [`AskFor`]) and renders it under the permits
//! that [`crate::egress::Egress`] brings.

mod comments;
mod community;
pub mod documents;
mod forward;
mod handling;
mod letter;
pub mod loss;
pub mod notes;

mod one;
mod onward;
mod passing;
pub mod sent;
pub mod v2;
mod webhook;

use loopgate_consent::{Action, Denial, Detail, Groups};
use loopgate_fhir::{
    Json, OutcomeView, PlacementView, REFERRAL, TaskOverlay, add_notes, as_supplied, filler_copy,
    filler_request, outcome_procedure, patient_copy, placement_task,
};
use loopgate_mapping::Mapping;
use loopgate_referral::{
    OrgId, Placement, Referral, ReferralId, ResourceId, TaskStatus, Timestamp,
};
use serde_json::{Value, json};

use crate::dialect;
use crate::egress::{Released, Way};
use crate::fold::Held;
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};
use one::{newest_household, prefer_one, prohibit_once};

pub use comments::comments;
pub use community::{community, whole};
pub use letter::{Item, mail, may_mail};
pub use onward::client;
pub use passing::{Answer, Passing};
pub use webhook::{HookBody, envelope};

/// The whole referral in its target's dialect, for who asks; `shown` says who that is.
pub fn for_target(
    gate: &Gate,
    referral: &Referral,
    placement: &Placement,
    shown: impl FnOnce(AskFor) -> AskFor,
) -> Result<Released, Trouble> {
    let (mapping, _) = dialect::mapping(gate, &placement.target, "referral")?;
    let way = Way {
        to: &placement.target,
        channel: "cbo-rest",
        mapping: Some(mapping.digest()),
        by: None,
    };
    let ask = shown(whole_ask(gate, referral, placement, "referral")?);
    gate.egress.release(way, ask, |permits| {
        let passing = Passing::of(permits);
        let value = whole(gate, mapping, referral, placement, &passing)?;
        Ok(value.ok_or(Trouble::Outage)?.to_string().into_bytes())
    })
}

/// Where a referral stands, in the words of the target's dialect; what it has no word for is named.
pub fn standing(
    gate: &Gate,
    target: &OrgId,
    referral: &ReferralId,
    status: TaskStatus,
) -> Result<Value, Trouble> {
    let (mapping, constants) = dialect::mapping(gate, target, "status")?;
    let identifier = json!([{ "system": REFERRAL, "value": referral.to_string() }]);
    let pivot = json!({ "Task": { "identifier": identifier, "status": status.code() } });
    let mut written = mapping.write(&pivot, &Groups::all(), &constants).map_err(|refused| {
        let mapping = mapping.name();
        tracing::error!(mapping, %refused, "a mapping refused where a referral stands");
        Trouble::Outage
    })?;
    if !written.not_carried.is_empty() {
        written.document["not_carried"] = json!(written.not_carried);
    }
    Ok(written.document)
}

/// The mapping that our own pages are made from, whatever the dialect of who reads them.
pub fn mapping(gate: &Gate) -> Result<&Mapping, Trouble> {
    gate.library.mapping(dialect::COMMUNITY_REFERRAL).ok_or(Trouble::Outage)
}

/// What a target may see of a placement, and why.
pub fn forward_ask(referral: &Referral, placement: &Placement) -> AskFor {
    AskFor {
        person: person(referral),
        claims: vec![OwnedClaim::Consent {
            action: Action::Forward,
            from: referral.source.clone(),
            detail: Detail::Whole,
            referral: referral.id,
        }],
        resources: vec![(placement.task.clone(), placement.version)],
        referral: Some(referral.id),
        view: "task",
        token: OwnedToken::default(),
    }
}

/// The same, with what is needed: a row of a list.
pub fn need_ask(referral: &Referral, placement: &Placement) -> AskFor {
    let mut ask = forward_ask(referral, placement);
    ask.resources.push((placement.request.clone(), placement.version));
    ask.view = "list";
    ask
}

/// The same, with whom it is about: the whole referral, in this shape.
pub fn whole_ask(
    gate: &Gate,
    referral: &Referral,
    placement: &Placement,
    view: &'static str,
) -> Result<AskFor, Trouble> {
    let mut ask = need_ask(referral, placement);
    ask.resources.extend(Source::read(gate, referral)?.about_the_person);
    ask.view = view;
    Ok(ask)
}

/// What its source may see of a referral now: as much of the answer as consent lets back, and the
/// denial of what it does not.
pub fn source_may(gate: &Gate, referral: &Referral) -> (AskFor, Answer, Option<Option<Denial>>) {
    if !referral.has_news() {
        return (source_ask(referral, Answer::Withheld), Answer::Whole, None);
    }
    let whole = source_ask(referral, Answer::Whole);
    match gate.egress.weigh(&referral.source, &whole) {
        Ok(permits) => (whole, Answer::permitted(&permits), None),
        Err(denial) => {
            let status = source_ask(referral, Answer::Status);
            if gate.egress.weigh(&referral.source, &status).is_ok() {
                return (status, Answer::Status, None);
            }
            (source_ask(referral, Answer::Withheld), Answer::Withheld, Some(denial))
        }
    }
}

/// What a source reads of its own Task: what it supplied, and so much of the target's answer.
pub fn source_ask(referral: &Referral, answer: Answer) -> AskFor {
    source_ask_of(referral, answer, referral.placements.last().map(|placement| &placement.target))
}

/// The same, of the answer of this target.
pub fn source_ask_of(referral: &Referral, answer: Answer, target: Option<&OrgId>) -> AskFor {
    let mut claims = vec![OwnedClaim::ReturnToSupplier { supplier: referral.source.clone() }];
    if answer != Answer::Withheld
        && let Some(target) = target
    {
        claims.push(OwnedClaim::Consent {
            action: Action::UpdateBack,
            from: target.clone(),
            detail: answer.detail(),
            referral: referral.id,
        });
    }
    AskFor {
        person: person(referral),
        claims,
        resources: vec![(referral.task.clone(), referral.version)],
        referral: Some(referral.id),
        view: if answer == Answer::Status { "source-status" } else { "source" },
        token: OwnedToken::default(),
    }
}

/// # Panics
/// Never: a referral is received about at least one person.
fn person(referral: &Referral) -> loopgate_referral::PersonId {
    match referral.persons.first() {
        Some(person) => *person,
        None => unreachable!("a referral is about somebody"),
    }
}

/// The source's Task: as supplied, with what became of it laid over.
pub fn source_task(
    gate: &Gate,
    referral: &Referral,
    held: &Held,
    answer: Answer,
) -> Result<Json, Trouble> {
    let supplied = gate.document(held)?;
    let changed = referral.changed.max(held.changed);
    if referral.version == 1 {
        return Ok(as_supplied(&supplied, referral.task.id(), 1, changed, None));
    }
    let withheld = referral.has_news() && answer == Answer::Withheld;
    let partly = referral.has_news() && answer == Answer::Status;
    // What the source itself did to its Task is no news to it.
    let hidden = withheld && !referral.is_called_off();
    let outcomes = outcomes(referral).map(|(_, id)| id);
    let outputs: Vec<ResourceId> = outcomes.chain(documents::outputs(referral)).collect();
    let overlay = TaskOverlay {
        status: if hidden { TaskStatus::Requested } else { referral.state.status() },
        status_reason: referral
            .reason
            .as_ref()
            .filter(|_| !hidden && !partly)
            .map(|r| (r.code(), r.text())),
        business: match (withheld, partly) {
            (true, _) => Some("answer withheld"),
            (false, true) => Some("answer withheld but for its status"),
            (false, false) => referral.business(),
        },
        outputs: if withheld || partly { &[] } else { &outputs },
        last_modified: changed,
    };
    let version = referral.version;
    let mut task = as_supplied(&supplied, referral.task.id(), version, changed, Some(&overlay));
    // That it was sent on is part of the answer.
    if !withheld && referral.placements.iter().any(|placement| placement.rerouted) {
        task.set("owner", Json::reference(&Gate::organization(&referral.owner)));
    }
    add_notes(&mut task, &notes::of_source(gate, referral, answer));
    Ok(task)
}

fn outcomes(referral: &Referral) -> impl Iterator<Item = (&Placement, ResourceId)> {
    referral
        .placements
        .iter()
        .flat_map(|placed| placed.given().map(move |one| (placed, one.procedure.clone())))
}

fn outcomes_with_versions(referral: &Referral) -> impl Iterator<Item = (ResourceId, u64)> {
    let all = referral.placements.iter().flat_map(|placement| &placement.outcomes);
    let given = all.filter(|given| !given.withdrawn);
    given.map(|given| (given.outcome.procedure.clone(), given.version))
}

/// Our Task to a target, as that target reads it.
pub fn target_task(
    gate: &Gate,
    referral: &Referral,
    placement: &Placement,
    passing: &Passing,
) -> Result<Json, Trouble> {
    let source = Source::read(gate, referral)?;
    let refs = Refs::of(gate, placement, &source);
    let mut task = placement_task(&refs.view(referral, placement));
    add_notes(&mut task, &notes::of_target(gate, (referral, placement), &passing.groups));
    Ok(handling::labelled(task, passing))
}

/// Our ServiceRequest to a target.
pub fn target_request(
    gate: &Gate,
    referral: &Referral,
    placement: &Placement,
    passing: &Passing,
) -> Result<Json, Trouble> {
    let source = Source::read(gate, referral)?;
    let refs = Refs::of(gate, placement, &source);
    let request = filler_request(&source.request, &refs.view(referral, placement));
    Ok(handling::labelled(filler_copy(&request, &passing.groups), passing))
}

/// The Procedure of an outcome, as the source reads it: based on the source's own ServiceRequest.
pub fn source_procedure(
    gate: &Gate,
    (referral, placement): (&Referral, &Placement),
    procedure: &ResourceId,
) -> Result<Json, Trouble> {
    let given = placement.outcome(procedure).ok_or(Trouble::from(Kind::NotFound))?;
    let source = Source::read(gate, referral)?;
    let performer = Gate::organization(&placement.target);
    Ok(outcome_procedure(&OutcomeView {
        based_on: referral.request.as_str(),
        patient: &source.patient_ref,
        performer: Some(&performer),
        need: referral.needs.first(),
        given,
    }))
}

/// A Patient, as a target that serves them may see it, and since when it is as it is for that target.
pub fn target_patient(
    gate: &Gate,
    (id, changed): (&ResourceId, Timestamp),
    held: &Held,
    passing: &Passing,
) -> Result<Json, Trouble> {
    let mut copy = patient_copy(&gate.document(held)?, &passing.groups);
    prefer_one(&mut copy);
    let copy = as_supplied(&copy, id.id(), held.version, changed, None);
    Ok(handling::labelled(copy, passing))
}

/// The placement through which a target may see a Patient.
pub fn serving(gate: &Gate, target: &OrgId, patient: &ResourceId) -> Option<(Referral, Placement)> {
    let world = gate.scribe.published().world();
    let (referral, placement) = world.serving(target, patient)?;
    Some((referral.clone(), placement.clone()))
}

/// What the source supplied about a referral.
struct Source {
    request: Json,
    patient: Json,
    patient_ref: String,
    observations: Vec<(ResourceId, Json)>,
    /// The Patient and the Observations, with their versions.
    about_the_person: Vec<(ResourceId, u64)>,
}

impl Source {
    fn read(gate: &Gate, referral: &Referral) -> Result<Source, Trouble> {
        // Of the same source, and of nobody else than the person it is about.
        let whose = referral.persons.first();
        let kept = |id: &ResourceId| {
            gate.held(id).filter(|held| {
                held.org == referral.source && held.person.is_none_or(|one| whose == Some(&one))
            })
        };
        let missing = || {
            tracing::error!(referral = %referral.id, "a resource of a referral is missing");
            Trouble::Outage
        };
        let request = gate.document(&kept(&referral.request).ok_or_else(missing)?)?;
        let patient_ref = request.text("subject.reference").ok_or_else(missing)?.to_owned();
        let id: ResourceId = patient_ref.parse().map_err(|_| missing())?;
        let held = kept(&id).ok_or_else(missing)?;
        let patient = gate.document(&held)?;
        let mut about_the_person = vec![(id, held.version)];
        let mut observations = Vec::new();
        for link in request.list("supportingInfo").iter().chain(request.list("reasonReference")) {
            let id = link.text("reference").and_then(|text| text.parse::<ResourceId>().ok());
            let Some(id) = id.filter(|id| id.kind() == "Observation") else { continue };
            let Some(held) = kept(&id) else { continue };
            observations.push((id.clone(), gate.document(&held)?));
            about_the_person.push((id, held.version));
        }
        Ok(Source { request, patient, patient_ref, observations, about_the_person })
    }
}

/// References of a placement's resources, as texts.
struct Refs<'a> {
    requester: String,
    target: String,
    patient: &'a str,
    outputs: Vec<ResourceId>,
}

impl<'a> Refs<'a> {
    fn of(gate: &Gate, placement: &Placement, source: &'a Source) -> Refs<'a> {
        Refs {
            requester: gate.own_organization(),
            target: Gate::organization(&placement.target),
            patient: &source.patient_ref,
            outputs: placement.given().map(|outcome| outcome.procedure.clone()).collect(),
        }
    }

    fn view<'v>(&'v self, referral: &'v Referral, placement: &'v Placement) -> PlacementView<'v> {
        PlacementView {
            referral: referral.id,
            task: &placement.task,
            request: &placement.request,
            source_task: referral.task.as_str(),
            source_request: referral.request.as_str(),
            patient: self.patient,
            requester: &self.requester,
            target: &self.target,
            status: placement.state.status(),
            status_reason: placement.reason.as_ref().map(|r| (r.code(), r.text())),
            business: placement.business_text(),
            outputs: &self.outputs,
            authored: placement.placed,
            version: placement.version,
            changed: placement.changed,
        }
    }
}
