//! The one crate that names fhir-sdk: typed checks of R4 resources behind plain functions.
//!
//! **Invariant**: typed parsing is compiled here and nowhere else, from one entry point, and no
//! text of fhir-sdk or serde leaves this crate: it may quote the message.
//!
//! Not here: what fhir-sdk does not check (ids, empty values, duplicate or unknown members), which
//! is crate `fhir`'s.

use fhir_sdk::r4b::resources::Resource;

/// The resource types accepted.
pub const ACCEPTED: [&str; 24] = [
    "CareTeam",
    "Condition",
    "Consent",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Goal",
    "Group",
    "HealthcareService",
    "Immunization",
    "Location",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "ServiceRequest",
    "Task",
];

/// What is wrong with a resource, without a word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// A code outside its required value set, or text that is not of its type's form.
    UnknownCode,
    /// A required element is missing.
    Missing,
    /// A JSON type that the element cannot have.
    WrongType,
    /// Anything else.
    Other,
}

/// A resource that is not of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the resource is not of its type ({category:?})")]
pub struct TypeFault {
    /// What is wrong.
    pub category: Category,
    /// The element, by its name in the schema, where that is known.
    pub element: Option<String>,
}

/// Parses one resource of type `kind` and forgets it again.
///
/// fhir-sdk takes a resource without a type, or of another type, for the type asked for; so the
/// type is checked on what it parsed.
pub fn check(kind: &str, json: &[u8]) -> Result<(), TypeFault> {
    if !ACCEPTED.contains(&kind) {
        return Err(TypeFault { category: Category::Other, element: None });
    }
    let resource: Resource = serde_json::from_slice(json).map_err(|error| fault(&error))?;
    if resource.resource_type().as_str() != kind {
        return Err(TypeFault { category: Category::WrongType, element: None });
    }
    Ok(())
}

/// The category of a serde message. Only the fixed words at its start are looked at, and only a
/// field name of the schema, which serde takes from the type, is kept.
fn fault(error: &serde_json::Error) -> TypeFault {
    let text = error.to_string();
    let (category, element) = match text.strip_prefix("missing field `") {
        Some(rest) => (Category::Missing, rest.split('`').next().and_then(element_name)),
        None if text.starts_with("Unknown value") || text.starts_with("unknown variant") => {
            (Category::UnknownCode, None)
        }
        None if text.starts_with("invalid type") => (Category::WrongType, None),
        None => (Category::Other, None),
    };
    TypeFault { category, element }
}

fn element_name(name: &str) -> Option<String> {
    let ok = (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    ok.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_fault(kind: &str, json: &str, category: Category, element: Option<&str>) {
        let fault = check(kind, json.as_bytes()).unwrap_err();
        assert_eq!((fault.category, fault.element.as_deref()), (category, element), "{json}");
        assert!(!format!("{fault} {fault:?}").contains("nonsense"));
    }

    #[test]
    fn a_resource_of_its_type_passes() {
        for json in [
            r#"{"resourceType":"Task","status":"requested","intent":"order"}"#,
            r#"{"resourceType":"Task","id":"x","status":"requested","intent":"order","new":1}"#,
        ] {
            assert_eq!(check("Task", json.as_bytes()), Ok(()), "{json}");
        }
    }

    #[test]
    fn a_fault_says_what_kind_and_never_the_value() {
        use Category::*;
        let rows = [
            ("Task", r#"{"resourceType":"Task","intent":"order"}"#, Missing, Some("status")),
            (
                "Task",
                r#"{"resourceType":"Task","status":"nonsense","intent":"order"}"#,
                UnknownCode,
                None,
            ),
            (
                "Task",
                r#"{"resourceType":"Task","status":"missing field `nonsense`","intent":"order"}"#,
                UnknownCode,
                None,
            ),
            ("Patient", r#"{"resourceType":"Patient","active":"nonsense"}"#, WrongType, None),
            ("Patient", r#"{"resourceType":"Patient","birthDate":"nonsense"}"#, Other, None),
            ("Task", r#"{"resourceType":"Patient"}"#, WrongType, None),
            ("Task", r#"{"status":"requested","intent":"order"}"#, Missing, Some("resourceType")),
            ("Nonsense", r#"{"resourceType":"Nonsense"}"#, Other, None),
            ("Basic", r#"{"resourceType":"Basic","code":{"text":"nonsense"}}"#, Other, None),
            ("Patient", "nonsense", Other, None),
        ];
        for (kind, json, category, element) in rows {
            check_fault(kind, json, category, element);
        }
    }
}
