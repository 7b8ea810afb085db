//! What the FHIR door serves, one row for each resource type: the CoordinationPlatform server of
//! SDOHCC 3.0.0, and the search parameters of R4 that go with it.
//!
//! Routes, the CapabilityStatement, searches and scopes all read this table, so that none of them
//! knows a type or a parameter that the others do not.

mod clinical;
mod parties;
mod row;

use Interaction::{Create, Read, Search, Update, Vread};
use ParamKind::{Composite, Date, Reference, Token, Uri};
use row::{date, token};

/// An interaction with a resource type (R4 `type-restful-interaction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    /// `read`
    Read,
    /// `vread`
    Vread,
    /// `search-type`
    Search,
    /// `create`
    Create,
    /// `update`
    Update,
}

impl Interaction {
    /// What can be done with every type.
    pub const ALL: [Interaction; 5] = [Read, Vread, Search, Create, Update];

    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Read => "read",
            Vread => "vread",
            Search => "search-type",
            Create => "create",
            Update => "update",
        }
    }
}

/// The type of a search parameter (R4 `search-param-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// `token`
    Token,
    /// `reference`
    Reference,
    /// `date`
    Date,
    /// `string`
    String,
    /// `uri`
    Uri,
    /// `composite`: its paths are those of its two parts, below [`Param::base`].
    Composite,
}

impl ParamKind {
    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Token => "token",
            Reference => "reference",
            Date => "date",
            ParamKind::String => "string",
            Uri => "uri",
            Composite => "composite",
        }
    }
}

/// A search parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamKind,
    /// The last part of its canonical under `http://hl7.org/fhir/SearchParameter/`, or all of it.
    pub definition: &'static str,
    /// Of a composite: the element that each match lies in. Otherwise empty.
    pub base: &'static str,
    /// Paths of member names from the resource, or from `base`; arrays are walked through.
    pub paths: &'static [&'static str],
    /// The types that a reference may lead to; empty for any.
    pub targets: &'static [&'static str],
}

impl Param {
    /// Its canonical.
    pub fn canonical(&self) -> std::string::String {
        if self.definition.starts_with("http") {
            return self.definition.to_owned();
        }
        format!("http://hl7.org/fhir/SearchParameter/{}", self.definition)
    }
}

/// A resource type that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The type.
    pub kind: &'static str,
    /// Canonicals of the profiles that the guide names for it.
    pub profiles: &'static [&'static str],
    /// A target may create and update it too, not only a source.
    pub by_target: bool,
    /// Its search parameters, but for those that every type has ([`EVERY`]).
    pub params: &'static [Param],
    /// `_include`s, as `Type:param` or `Type:param:TargetType`.
    pub includes: &'static [&'static str],
    /// `_revinclude`s.
    pub rev_includes: &'static [&'static str],
}

impl Served {
    /// The row of a type.
    pub fn of(kind: &str) -> Option<&'static Served> {
        SERVED.iter().find(|served| served.kind == kind)
    }

    /// A search parameter by its name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().chain(EVERY).find(|param| param.name == name)
    }
}

/// Which of the search parameters of every type are served.
pub const EVERY: &[Param] = &[
    token("_id", "Resource-id", &["id"]),
    date("_lastUpdated", "Resource-lastUpdated", &["meta.lastUpdated"]),
];

/// Every type that is served.
pub static SERVED: [Served; 24] = [
    parties::CARE_TEAM,
    clinical::CONDITION,
    clinical::CONSENT,
    parties::COVERAGE,
    parties::DEVICE,
    clinical::DIAGNOSTIC_REPORT,
    clinical::DOCUMENT_REFERENCE,
    clinical::ENCOUNTER,
    clinical::GOAL,
    parties::GROUP,
    parties::HEALTHCARE_SERVICE,
    clinical::IMMUNIZATION,
    parties::LOCATION,
    clinical::OBSERVATION,
    parties::ORGANIZATION,
    parties::PATIENT,
    parties::PRACTITIONER,
    parties::PRACTITIONER_ROLE,
    clinical::PROCEDURE,
    parties::QUESTIONNAIRE,
    parties::QUESTIONNAIRE_RESPONSE,
    parties::RELATED_PERSON,
    clinical::SERVICE_REQUEST,
    clinical::TASK,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_what_is_accepted() {
        let served: Vec<&str> = SERVED.iter().map(|served| served.kind).collect();
        assert_eq!(served, crate::ACCEPTED);
        assert!(served.is_sorted(), "by name");
    }
}
