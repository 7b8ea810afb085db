//! SDOHCC TaskForReferralManagement: the handle of a referral.

use jiff::tz::Offset;
use loopgate_referral::{Identifier, TaskStatus, Timestamp};

use crate::code::{TASK_CODE, is_coded};
use crate::fault::Faults;
use crate::party::{PartyRef, identifiers, literal, literals};
use crate::{Fault, IssueCode, Json, Moment, Resource};

/// A referral Task, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskIn {
    /// Where it stands.
    pub status: TaskStatus,
    /// `statusReason.text`.
    pub status_reason: Option<String>,
    /// The text of its reference to a ServiceRequest.
    pub focus: String,
    /// The text of its reference to a Patient, `Task.for`.
    pub patient: String,
    /// When it was written; the first instant of what is written.
    pub authored_on: Timestamp,
    /// Who refers.
    pub requester: PartyRef,
    /// Who is asked; an open Task has none.
    pub owner: Option<PartyRef>,
    /// The texts of its references to Tasks.
    pub part_of: Vec<String>,
    /// It came with an outcome.
    pub has_output: bool,
    /// Its business identifiers.
    pub identifiers: Vec<Identifier>,
}

impl TaskIn {
    /// Reads a referral Task; a Task for the patient to do is not one.
    pub fn read(resource: &Resource) -> Result<TaskIn, Vec<Fault>> {
        let json = of_kind(resource, "Task")?;
        let mut faults = Faults::default();
        let status = faults.take(status(json));
        let status_reason = faults.take(status_reason(json, status));
        faults.take(order(json));
        faults.take(fulfill(json));
        let focus = faults.take(literal(json, "focus", "ServiceRequest", "Task"));
        let patient = faults.take(literal(json, "for", "Patient", "Task"));
        let authored_on = faults.take(authored_on(json));
        let requester = faults.take(match json.get("requester") {
            Some(requester) => PartyRef::read(requester, "Task.requester"),
            None => Err(Fault::required("Task.requester")),
        });
        let owner = faults.take(owner(json));
        let read = || {
            Some(TaskIn {
                status: status?,
                status_reason: status_reason?,
                focus: focus?,
                patient: patient?,
                authored_on: authored_on?,
                requester: requester?,
                owner: owner?,
                part_of: literals(json, "partOf"),
                has_output: json.get("output").is_some(),
                identifiers: identifiers(json),
            })
        };
        let read = read();
        faults.or(read)
    }
}

/// The content of a resource of the type asked for.
pub(crate) fn of_kind<'a>(resource: &'a Resource, kind: &str) -> Result<&'a Json, Vec<Fault>> {
    if resource.kind == kind {
        return Ok(&resource.json);
    }
    let words = "is not the type of resource asked for";
    Err(vec![Fault::new(IssueCode::Invalid, resource.kind, words)])
}

fn status(task: &Json) -> Result<TaskStatus, Fault> {
    let code = task.text("status").ok_or_else(|| Fault::required("Task.status"))?;
    let words = "is not a status of a referral Task";
    TaskStatus::from_code(code).ok_or_else(|| Fault::value("Task.status", words))
}

/// The profile asks for the text where there is a reason, and its comment for the reason where the
/// Task did not go well.
fn status_reason(task: &Json, status: Option<TaskStatus>) -> Result<Option<String>, Fault> {
    use TaskStatus::{Cancelled, Failed, OnHold, Rejected};
    let text = task.text("statusReason.text").map(str::trim).filter(|text| !text.is_empty());
    let needed = task.get("statusReason").is_some()
        || matches!(status, Some(Cancelled | Failed | OnHold | Rejected));
    if needed && text.is_none() {
        return Err(Fault::required("Task.statusReason.text"));
    }
    Ok(text.map(str::to_owned))
}

fn order(task: &Json) -> Result<(), Fault> {
    match task.text("intent") {
        Some("order") => Ok(()),
        Some(_) => Err(Fault::value("Task.intent", "is not order")),
        None => Err(Fault::required("Task.intent")),
    }
}

fn fulfill(task: &Json) -> Result<(), Fault> {
    match task.get("code") {
        code @ Some(_) if is_coded(code, TASK_CODE, "fulfill") => Ok(()),
        Some(_) => Err(Fault::not_supported("Task.code", "is not fulfill")),
        None => Err(Fault::required("Task.code")),
    }
}

fn authored_on(task: &Json) -> Result<Timestamp, Fault> {
    let text = task.text("authoredOn").ok_or_else(|| Fault::required("Task.authoredOn"))?;
    let moment = Moment::parse(text, Offset::UTC);
    let words = "is no date we can read";
    moment.map(|moment| moment.start).ok_or_else(|| Fault::value("Task.authoredOn", words))
}

fn owner(task: &Json) -> Result<Option<PartyRef>, Fault> {
    let Some(owner) = task.get("owner") else { return Ok(None) };
    if let Some("Patient" | "RelatedPerson") = PartyRef::kind(owner).as_deref() {
        return Err(Fault::not_supported("Task.owner", "is a person; the Task is for a patient"));
    }
    PartyRef::read(owner, "Task.owner").map(Some)
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
