//! Terms by which a search finds a resource: of the document that was supplied, and of what is known
//! beside it. Together they hold every term of the resource as any reader may read it.

use loopgate_consent::Groups;
use loopgate_fhir::{
    DocumentView, Json, OutcomeView, PlacementView, Served, Term, document_reference,
    filler_request, index_terms, outcome_procedure, placement_task, request_copy,
};
use loopgate_referral::{Attached, OrgId, Placement, Referral, ResourceId, TaskStatus};

use crate::fold::{World, document_id};
use crate::gate::{Gate, OWN_ID};

/// Of a resource as it was supplied.
pub fn supplied(kind: &str, document: &Json) -> Vec<Term> {
    Served::of(kind).map(|served| index_terms(served, document)).unwrap_or_default()
}

/// Of a source's Task as it was supplied: where it stands is not the document's to say.
pub fn source_task(mut document: Json) -> Vec<Term> {
    document.remove("status");
    supplied("Task", &document)
}

/// Of where a source's Task stands, with the target's answer and without it.
pub fn standing(referral: &Referral) -> Vec<Term> {
    let outcomes = referral.placements.iter().flat_map(Placement::given);
    let added = referral.placements.iter().flat_map(|placement| &placement.attachments);
    let added = added.filter(|one| one.by_target).filter_map(|one| document_id(&one.attachment));
    let outputs = outcomes.map(|outcome| outcome.procedure.clone()).chain(added);
    let outputs =
        outputs.map(|output| Json::object([("valueReference", Json::reference(output.as_str()))]));
    let mut task = Json::object([("resourceType", "Task".into())]);
    task.set("output", Json::array(outputs));
    if referral.placements.iter().any(|placement| placement.rerouted) {
        task.set("owner", Json::reference(&Gate::organization(&referral.owner)));
    }
    let mut terms = Vec::new();
    let withheld = referral.has_news().then_some(TaskStatus::Requested);
    for status in [Some(referral.state.status()), withheld].into_iter().flatten() {
        task.set("status", status.code().into());
        terms.extend(supplied("Task", &task));
    }
    terms
}

/// Of our Task to a target.
pub fn placed_task(world: &World, referral: &Referral, placement: &Placement) -> Vec<Term> {
    with_view(world, referral, placement, |view| supplied("Task", &placement_task(view)))
}

/// Of our ServiceRequest to a target, but for what it repeats.
pub fn placed_request(world: &World, referral: &Referral, placement: &Placement) -> Vec<Term> {
    let nothing = Json::object([]);
    with_view(world, referral, placement, |view| {
        supplied("ServiceRequest", &filler_request(&nothing, view))
    })
}

/// Of what our ServiceRequest repeats of the source's.
pub fn repeated(document: &Json) -> Vec<Term> {
    let mut copy = request_copy(document, &Groups::all());
    for ours in ["id", "status", "intent", "subject", "authoredOn"] {
        copy.remove(ours);
    }
    supplied("ServiceRequest", &copy)
}

/// Of the Procedure of an outcome, as its source reads it.
pub fn outcome(
    world: &World,
    (referral, placement): (&Referral, &Placement),
    procedure: &ResourceId,
) -> Vec<Term> {
    let Some(given) = placement.outcome(procedure) else { return Vec::new() };
    let patient = patient_text(world, referral);
    let performer = Gate::organization(&placement.target);
    let procedure = outcome_procedure(&OutcomeView {
        based_on: referral.request.as_str(),
        patient: &patient,
        performer: Some(&performer),
        need: referral.needs.first(),
        given,
    });
    supplied("Procedure", &procedure)
}

/// Of a document that a party added, as another party reads it.
pub fn document(
    world: &World,
    reader: &OrgId,
    (referral, placement): (&Referral, &Placement),
    id: &ResourceId,
) -> Vec<Term> {
    let of = |one: &&Attached| one.attachment.id == id.id();
    let Some(attached) = placement.attachments.iter().find(of) else { return Vec::new() };
    let author = if attached.by_target { &placement.target } else { &referral.source };
    let request = if referral.source == *reader { &referral.request } else { &placement.request };
    let document = document_reference(&DocumentView {
        attached,
        related: request.as_str(),
        patient: &patient_text(world, referral),
        author: &Gate::organization(author),
        data: None,
    });
    supplied("DocumentReference", &document)
}

/// The Patient that a referral is about, as its ServiceRequest names it.
pub fn patient_of(world: &World, referral: &Referral) -> Option<ResourceId> {
    patient_text(world, referral).parse().ok()
}

fn patient_text(world: &World, referral: &Referral) -> String {
    let request = world.resources.get(&referral.request).and_then(|held| held.request.as_ref());
    request.map(|facts| facts.patient.clone()).unwrap_or_default()
}

fn with_view(
    world: &World,
    referral: &Referral,
    placement: &Placement,
    of: impl FnOnce(&PlacementView<'_>) -> Vec<Term>,
) -> Vec<Term> {
    let outputs: Vec<ResourceId> =
        placement.given().map(|outcome| outcome.procedure.clone()).collect();
    of(&PlacementView {
        referral: referral.id,
        task: &placement.task,
        request: &placement.request,
        source_task: referral.task.as_str(),
        source_request: referral.request.as_str(),
        patient: &patient_text(world, referral),
        requester: &format!("Organization/{OWN_ID}"),
        target: &Gate::organization(&placement.target),
        status: placement.state.status(),
        status_reason: None,
        business: None,
        outputs: &outputs,
        authored: placement.placed,
        version: placement.version,
        changed: placement.changed,
    })
}
