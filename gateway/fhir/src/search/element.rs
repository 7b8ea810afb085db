//! What the elements that searches look at are made of: which of them are primitives, and the code
//! systems that a `code` implies (R4 search.html#token, "the system is defined in the value set").

use crate::{Json, Served};

/// What a token is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `Coding`, `CodeableConcept` or `Identifier`: it says its system itself.
    Coded,
    /// `code`, of one of these systems.
    Code(&'static [System]),
    /// `boolean`.
    Boolean,
    /// `ContactPoint`.
    Contact,
    /// `id` or `string`.
    Text,
}

/// A code system that a `code` may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct System {
    /// Its URI.
    pub(super) uri: &'static str,
    /// Those of its codes that the value set has; empty for all of them.
    pub(super) codes: &'static [&'static str],
}

impl System {
    /// Whether it has a code.
    pub(super) fn has(&self, code: &str) -> bool {
        self.codes.is_empty() || self.codes.contains(&code)
    }
}

macro_rules! code {
    ($($name:literal),*) => {
        Form::Code(&[$(System { uri: concat!("http://hl7.org/fhir/", $name), codes: &[] }),*])
    };
}

/// `Task.intent` adds one code to those of a request.
const TASK_INTENT: Form = Form::Code(&[
    System { uri: "http://hl7.org/fhir/task-intent", codes: &["unknown"] },
    System {
        uri: "http://hl7.org/fhir/request-intent",
        codes: &[
            "proposal",
            "plan",
            "order",
            "original-order",
            "reflex-order",
            "filler-order",
            "instance-order",
            "option",
        ],
    },
]);

/// Type, path, form. What is not here says its system itself.
pub(super) const FORMS: &[(&str, &str, Form)] = &[
    ("CareTeam", "status", code!("care-team-status")),
    ("Consent", "status", code!("consent-state-codes")),
    ("Coverage", "status", code!("fm-status")),
    ("Device", "status", code!("device-status")),
    ("DiagnosticReport", "status", code!("diagnostic-report-status")),
    ("DocumentReference", "status", code!("document-reference-status")),
    ("Encounter", "status", code!("encounter-status")),
    ("Goal", "lifecycleStatus", code!("goal-status")),
    ("Group", "type", code!("group-type")),
    ("Group", "characteristic.valueBoolean", Form::Boolean),
    ("HealthcareService", "active", Form::Boolean),
    ("Immunization", "status", code!("event-status")),
    ("Location", "status", code!("location-status")),
    ("Observation", "status", code!("observation-status")),
    ("Organization", "active", Form::Boolean),
    ("Patient", "gender", code!("administrative-gender")),
    ("Procedure", "status", code!("event-status")),
    ("Questionnaire", "status", code!("publication-status")),
    ("Questionnaire", "subjectType", code!("resource-types")),
    ("Questionnaire", "version", Form::Text),
    ("QuestionnaireResponse", "status", code!("questionnaire-answers-status")),
    ("ServiceRequest", "intent", code!("request-intent")),
    ("ServiceRequest", "priority", code!("request-priority")),
    ("ServiceRequest", "status", code!("request-status")),
    ("Task", "intent", TASK_INTENT),
    ("Task", "priority", code!("request-priority")),
    ("Task", "status", code!("task-status")),
];

/// The form of the element at a path.
pub(super) fn form(served: &Served, path: &str) -> Form {
    match path {
        "id" => return Form::Text,
        "telecom" => return Form::Contact,
        _ => {}
    }
    let found = FORMS.iter().find(|(kind, known, _)| *kind == served.kind && *known == path);
    found.map_or(Form::Coded, |(_, _, form)| *form)
}

/// `instant`s: fixed points in time, however many digits they are written with.
pub(super) fn is_instant(served: &Served, path: &str) -> bool {
    path == "meta.lastUpdated"
        || matches!(
            (served.kind, path),
            ("DocumentReference", "date") | ("Observation", "effectiveInstant")
        )
}

/// `canonical`s; other references are of type `Reference`.
pub(super) fn is_canonical(served: &Served, path: &str) -> bool {
    (served.kind, path) == ("QuestionnaireResponse", "questionnaire")
}

/// Every value at a path of member names; arrays are walked through, `null`s are none.
pub(super) fn values<'a>(json: &'a Json, path: &str) -> Vec<&'a Json> {
    let mut found = Vec::new();
    collect(json, path, &mut found);
    found
}

fn collect<'a>(json: &'a Json, path: &str, found: &mut Vec<&'a Json>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Json::Null => {}
        json if path.is_empty() => found.push(json),
        json => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(value) = json.get(name) {
                collect(value, rest, found);
            }
        }
    }
}

/// Whether an element has a value, and not extensions alone (R4 search.html#modifiers, `:missing`).
pub(super) fn has_value(json: &Json) -> bool {
    match json {
        Json::Object(members) => members.iter().any(|(name, value)| {
            !name.starts_with('_') && name != "extension" && name != "id" && *value != Json::Null
        }),
        Json::Null => false,
        _ => true,
    }
}
