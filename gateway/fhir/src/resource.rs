//! A resource that passed every check. In order: JSON, its type, its form, its definition and the
//! profiles it claims, its type's model.

use loopgate_fhir_types::{ACCEPTED, Category, check};

use crate::fault::Faults;
use crate::{Fault, IssueCode, Json};
use crate::{shape, validate};

/// How much of everything one message may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Arrays and objects within each other.
    pub json_depth_max: usize,
    /// Members of one object. R4's widest element has fewer than 100.
    pub members_max: usize,
    /// Entries of one Bundle.
    pub bundle_entries_max: usize,
    /// Contained resources of one resource.
    pub contained_max: usize,
    /// One string (R4 datatypes.html); base64 data is limited by the message alone.
    pub string_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            json_depth_max: 64,
            members_max: 512,
            bundle_entries_max: 200,
            contained_max: 20,
            string_bytes_max: 1024 * 1024,
        }
    }
}

/// A resource of an accepted type that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its type.
    pub kind: &'static str,
    /// Its content.
    pub json: Json,
    /// The bytes it was read from: what is stored and hashed.
    pub received: Box<[u8]>,
    /// What a sender may want to know and need not mend: nothing here keeps it from being accepted.
    pub warnings: Vec<Fault>,
}

impl Resource {
    /// Reads one resource. Faults are located from its type, or from `Resource` while it has none.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Resource, Vec<Fault>> {
        let json = Json::parse(bytes, "Resource", limits)?;
        let root = accepted_kind(&json, "Resource").unwrap_or("Resource");
        Resource::of(json, bytes, root, limits)
    }

    /// Checks what is JSON already; `received` is the text it was read from.
    pub(crate) fn of(
        json: Json,
        received: &[u8],
        root: &str,
        limits: &Limits,
    ) -> Result<Resource, Vec<Fault>> {
        let kind = accepted_kind(&json, root).map_err(|fault| vec![fault])?;
        let mut faults = Faults::default();
        let mut warnings = Faults::default();
        shape::check(&json, root, limits, &mut faults);
        validate::check(&json, root, &mut faults, &mut warnings);
        // The last net: what our tables do not say and the model does.
        if faults.is_empty() {
            faults.extend(typed(kind, received, root).err());
        }
        let warnings = warnings.into_vec();
        faults.or(Some(Resource { kind, json, received: received.into(), warnings }))
    }

    /// Its `id`, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.json.text("id")
    }
}

fn accepted_kind(json: &Json, root: &str) -> Result<&'static str, Fault> {
    let words = match json.get("resourceType") {
        None if !matches!(json, Json::Object(_)) => "is not an object",
        None => "has no resourceType",
        Some(Json::String(kind)) => match ACCEPTED.into_iter().find(|known| known == kind) {
            Some(kind) => return Ok(kind),
            None => {
                let words = "is of a resource type that is not accepted";
                return Err(Fault::not_supported(root, words));
            }
        },
        Some(_) => "has a resourceType that is no string",
    };
    Err(Fault::new(IssueCode::Structure, root, words))
}

fn typed(kind: &str, bytes: &[u8], root: &str) -> Result<(), Fault> {
    check(kind, bytes).map_err(|fault| match (fault.category, fault.element) {
        (Category::Missing, Some(element)) => {
            Fault::new(IssueCode::Required, root, format!("element {element} is missing"))
        }
        (Category::Missing, None) => {
            Fault::new(IssueCode::Required, root, "a required element is missing")
        }
        (Category::UnknownCode, _) => {
            Fault::value(root, "a code or date is not one that its element takes")
        }
        (Category::WrongType, _) => {
            Fault::new(IssueCode::Structure, root, "an element has the wrong JSON type")
        }
        (Category::Other, _) => {
            Fault::new(IssueCode::Structure, root, "is not a resource of its type")
        }
    })
}

/// The reference to the Patient a resource is about, if it is about one and names it by a literal
/// reference. A Patient itself has none, and neither has a Group: it is about several
/// ([`crate::GroupIn`]).
pub fn person_reference(resource: &Resource) -> Option<&str> {
    let element = match resource.kind {
        "RelatedPerson" | "Consent" | "Device" | "Immunization" => "patient",
        "Coverage" => "beneficiary",
        "CareTeam"
        | "Condition"
        | "DiagnosticReport"
        | "DocumentReference"
        | "Encounter"
        | "Goal"
        | "Observation"
        | "QuestionnaireResponse"
        | "Procedure"
        | "ServiceRequest" => "subject",
        "Task" => "for",
        _ => return None,
    };
    resource.json.get(element)?.text("reference")
}

#[cfg(test)]
#[path = "resource_tests.rs"]
mod tests;
