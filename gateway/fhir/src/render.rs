//! A resource for the organization that supplied it: as it was received, but for what is ours.

use loopgate_referral::{ResourceId, TaskStatus, Timestamp};

use crate::code::{RESULTING_ACTIVITY, SDOHCC, STATUS_REASON, coding, concept};
use crate::{Json, print_instant};

/// Where a Task stands now, whatever it said when it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOverlay<'a> {
    /// `status`.
    pub status: TaskStatus,
    /// Code and text of `statusReason`; without one the Task has none.
    pub status_reason: Option<(&'a str, &'a str)>,
    /// `businessStatus.text`; without one it is left as received.
    pub business: Option<&'a str>,
    /// The Procedures of its outcome, and the DocumentReferences that its target added; without one `output`
    /// is left as received.
    pub outputs: &'a [ResourceId],
    /// `lastModified`.
    pub last_modified: Timestamp,
}

/// The resource as its supplier reads it back: `id`, `meta.versionId` and `meta.lastUpdated` are
/// ours, and of a Task what the overlay says. All else is as received, in the order received.
pub fn as_supplied(
    resource: &Json,
    id: &str,
    version: u64,
    last_updated: Timestamp,
    overlay: Option<&TaskOverlay<'_>>,
) -> Json {
    let mut json = resource.clone();
    set_identity(&mut json, id, version, last_updated);
    if let Some(overlay) = overlay {
        lay_over(&mut json, overlay);
    }
    json
}

/// Sets `id` and our part of `meta`, after `resourceType` where they are new.
pub(crate) fn set_identity(json: &mut Json, id: &str, version: u64, last_updated: Timestamp) {
    let after = |json: &Json, name: &str| {
        json.members().iter().position(|(known, _)| known == name).map_or(0, |i| i + 1)
    };
    json.set_at(after(json, "resourceType"), "id", id.into());
    if json.get("meta").is_none() {
        json.set_at(after(json, "id"), "meta", Json::object([]));
    }
    if let Some(meta) = json.get_mut("meta") {
        meta.set("versionId", version.to_string().into());
        meta.set("lastUpdated", print_instant(last_updated).into());
    }
}

pub(crate) fn lay_over(task: &mut Json, overlay: &TaskOverlay<'_>) {
    task.set("status", overlay.status.code().into());
    task.remove("_status");
    match overlay.status_reason {
        Some((code, text)) => {
            let codings = Json::array([coding(STATUS_REASON, code)]);
            let reason = Json::object([("coding", codings), ("text", text.into())]);
            task.set("statusReason", reason);
        }
        None => {
            task.remove("statusReason");
        }
    }
    if let Some(text) = overlay.business {
        let words = Json::from(text);
        match task.get_mut("businessStatus") {
            Some(status) => {
                status.set("text", words);
                status.remove("_text");
            }
            None => task.set("businessStatus", Json::object([("text", words)])),
        }
    }
    if !overlay.outputs.is_empty() {
        // SDOHCC's additional-content takes no DocumentReference: a document is an output of its own.
        let document = || Json::object([("text", "document".into())]);
        let outputs = overlay.outputs.iter().map(|output| {
            let kind = match output.kind() {
                "Procedure" => concept(SDOHCC, RESULTING_ACTIVITY),
                _ => document(),
            };
            Json::object([("type", kind), ("valueReference", Json::reference(output.as_str()))])
        });
        task.set("output", Json::array(outputs));
    }
    task.set("lastModified", print_instant(overlay.last_modified).into());
    task.remove("_lastModified");
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
