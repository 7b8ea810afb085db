//! Code systems, and reading and writing the concepts coded in them.

use crate::Json;

/// SDOHCC-CodeSystemTemporaryCodes: categories of need, types of output, the contact prohibition.
pub const SDOHCC: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
/// The system of our own `Task.statusReason` codes.
pub const STATUS_REASON: &str = "urn:loopgate:status-reason";

/// SDC's temporary codes: that a questionnaire is to be completed.
pub(crate) const SDC_TEMP: &str = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp";
pub(crate) const TASK_CODE: &str = "http://hl7.org/fhir/CodeSystem/task-code";
pub(crate) const SNOMED: &str = "http://snomed.info/sct";
pub(crate) const CONSENT_SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
pub(crate) const CONSENT_ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
pub(crate) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(crate) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// `ServiceRequest.orderDetail`: the target must not contact the person.
pub(crate) const CONTACT_PROHIBITED: &str = "contacting-subject-prohibited";
/// `Task.output.type`: what came of it.
pub(crate) const RESULTING_ACTIVITY: &str = "resulting-activity";

/// One coding: its system, if any, and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding<'a> {
    pub(crate) system: Option<&'a str>,
    pub(crate) code: &'a str,
}

/// The codings with a code, of one CodeableConcept or of an array of them.
pub(crate) fn codings(concepts: Option<&Json>) -> impl Iterator<Item = Coding<'_>> {
    each(concepts).flat_map(|concept| concept.list("coding")).filter_map(|coding| {
        Some(Coding { system: coding.text("system"), code: coding.text("code")? })
    })
}

/// The items of an array, or the one value.
pub(crate) fn each(json: Option<&Json>) -> impl Iterator<Item = &Json> {
    match json {
        Some(Json::Array(items)) => items.iter(),
        Some(one) => std::slice::from_ref(one).iter(),
        None => [].iter(),
    }
}

/// Whether a concept, or one of an array of them, has this code.
pub(crate) fn is_coded(concepts: Option<&Json>, system: &str, code: &str) -> bool {
    codings(concepts).any(|coding| coding.system == Some(system) && coding.code == code)
}

/// A CodeableConcept of one coding.
pub(crate) fn concept(system: &str, code: &str) -> Json {
    Json::object([("coding", Json::array([coding(system, code)]))])
}

/// A Coding.
pub(crate) fn coding(system: &str, code: &str) -> Json {
    Json::object([("system", system.into()), ("code", code.into())])
}

/// The Codings of a list of them that have a code.
pub(crate) fn bare_codings(list: &[Json]) -> impl Iterator<Item = Coding<'_>> {
    list.iter().filter_map(|coding| {
        Some(Coding { system: coding.text("system"), code: coding.text("code")? })
    })
}
