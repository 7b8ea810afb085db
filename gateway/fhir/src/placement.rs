//! What a coordination platform writes itself (SDOHCC refer-1, refer-2): its own ServiceRequest
//! and Task to a target, and the Procedure that shows what came of them.

use loopgate_referral::{Given, NeedCode, ReferralId, ResourceId, TaskStatus, Timestamp};

use crate::claim::{claim_service, sdohcc};
use crate::code::{SDOHCC, SNOMED, TASK_CODE, coding, concept};
use crate::copy::copy_need;
use crate::render::{TaskOverlay, lay_over, set_identity};
use crate::request::RequestStatus;
use crate::{Json, print_instant};

/// The system of `Task.identifier` under which a referral is known to everyone.
pub const REFERRAL: &str = "urn:loopgate:referral";

/// One placement, as its Task and ServiceRequest show it. References are texts, `Patient/1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementView<'a> {
    /// The referral.
    pub referral: ReferralId,
    /// Our Task.
    pub task: &'a ResourceId,
    /// Our ServiceRequest.
    pub request: &'a ResourceId,
    /// The source's Task.
    pub source_task: &'a str,
    /// The source's ServiceRequest.
    pub source_request: &'a str,
    /// The Patient.
    pub patient: &'a str,
    /// Our Organization.
    pub requester: &'a str,
    /// The target's Organization.
    pub target: &'a str,
    /// Where our Task stands.
    pub status: TaskStatus,
    /// Code and text of why it stands there.
    pub status_reason: Option<(&'a str, &'a str)>,
    /// `businessStatus.text`.
    pub business: Option<&'a str>,
    /// The Procedures of its outcome.
    pub outputs: &'a [ResourceId],
    /// When it was placed.
    pub authored: Timestamp,
    /// The version of both.
    pub version: u64,
    /// When both last changed.
    pub changed: Timestamp,
}

/// Our ServiceRequest: `filler-order`, based on the source's, of which it repeats what is needed,
/// in codes, and nothing else.
pub fn filler_request(source: &Json, view: &PlacementView<'_>) -> Json {
    let mut request = resource("ServiceRequest");
    set_identity(&mut request, view.request.id(), view.version, view.changed);
    request.set("basedOn", Json::array([Json::reference(view.source_request)]));
    request.set("status", request_status(view.status).code().into());
    request.set("intent", "filler-order".into());
    copy_need(&mut request, source);
    request.set("subject", Json::reference(view.patient));
    request.set("authoredOn", print_instant(view.authored).into());
    request.set("requester", Json::reference(view.requester));
    request.set("performer", Json::array([Json::reference(view.target)]));
    claim_service(&mut request, "ServiceRequest");
    request
}

/// The status of our ServiceRequest beside our Task's: SDOHCC does not couple them, so this is ours.
fn request_status(task: TaskStatus) -> RequestStatus {
    match task {
        TaskStatus::Draft => RequestStatus::Draft,
        TaskStatus::Requested | TaskStatus::Accepted | TaskStatus::InProgress => {
            RequestStatus::Active
        }
        TaskStatus::OnHold => RequestStatus::OnHold,
        TaskStatus::Completed => RequestStatus::Completed,
        TaskStatus::Rejected | TaskStatus::Cancelled | TaskStatus::Failed => RequestStatus::Revoked,
        TaskStatus::EnteredInError => RequestStatus::EnteredInError,
    }
}

/// Our Task: part of the source's, about our ServiceRequest, owned by the target.
pub fn placement_task(view: &PlacementView<'_>) -> Json {
    let mut task = resource("Task");
    let profile = Json::array([sdohcc("TaskForReferralManagement")]);
    task.set("meta", Json::object([("profile", profile)]));
    set_identity(&mut task, view.task.id(), view.version, view.changed);
    let referral =
        Json::object([("system", REFERRAL.into()), ("value", view.referral.to_string().into())]);
    task.set("identifier", Json::array([referral]));
    task.set("partOf", Json::array([Json::reference(view.source_task)]));
    task.set("status", view.status.code().into());
    task.set("intent", "order".into());
    task.set("code", concept(TASK_CODE, "fulfill"));
    task.set("focus", Json::reference(view.request.as_str()));
    task.set("for", Json::reference(view.patient));
    task.set("authoredOn", print_instant(view.authored).into());
    task.set("requester", Json::reference(view.requester));
    task.set("owner", Json::reference(view.target));
    let overlay = TaskOverlay {
        status: view.status,
        status_reason: view.status_reason,
        business: view.business,
        outputs: view.outputs,
        last_modified: view.changed,
    };
    lay_over(&mut task, &overlay);
    task
}

/// One outcome, as its Procedure shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeView<'a> {
    /// The ServiceRequest of the reader's own chain, `ServiceRequest/1`: the source's for the
    /// source, ours for the target.
    pub based_on: &'a str,
    /// The Patient.
    pub patient: &'a str,
    /// The Organization that served, if it may be named.
    pub performer: Option<&'a str>,
    /// The need that was met.
    pub need: Option<&'a NeedCode>,
    /// What was done, and the version of that.
    pub given: &'a Given,
}

/// The Procedure of an outcome (SDOHCC-Procedure, if what was done is coded).
pub fn outcome_procedure(view: &OutcomeView<'_>) -> Json {
    let mut procedure = resource("Procedure");
    let Given { outcome, version, changed, withdrawn } = view.given;
    set_identity(&mut procedure, outcome.procedure.id(), *version, *changed);
    procedure.set("basedOn", Json::array([Json::reference(view.based_on)]));
    let status = if *withdrawn { "entered-in-error" } else { "completed" };
    procedure.set("status", status.into());
    // Social service procedure.
    let mut categories = vec![coding(SNOMED, "410606002")];
    categories.extend(view.need.map(|need| coding(SDOHCC, need.as_str())));
    procedure.set("category", Json::object([("coding", Json::Array(categories))]));
    let mut code = match &outcome.code {
        Some((system, code)) => concept(system, code),
        None => Json::object([]),
    };
    code.set("text", outcome.text.as_str().into());
    procedure.set("code", code);
    procedure.set("subject", Json::reference(view.patient));
    procedure.set("performedDateTime", print_instant(outcome.performed).into());
    if let Some(performer) = view.performer {
        let performer = Json::object([("actor", Json::reference(performer))]);
        procedure.set("performer", Json::array([performer]));
    }
    claim_service(&mut procedure, "Procedure");
    procedure
}

fn resource(kind: &str) -> Json {
    Json::object([("resourceType", kind.into())])
}

#[cfg(test)]
#[path = "placement_tests.rs"]
mod tests;
