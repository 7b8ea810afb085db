//! FHIR R4 resources: the pivot document, checks with FHIRPath locations, rendering under a permit.
//!
//! Bytes become [`Json`], which keeps member order, unknown members and the digits of numbers; a
//! [`Resource`] is Json that passed every check; the `…In` structs are what it means to us.
//!
//! **Invariant**: no [`Fault`] holds a value of the message, and a copy for anyone but the supplier
//! is built by allow-list, never by deletion.
//!
//! Not here: HTTP and where resources are kept (crate `server`), the typed model (crate
//! `fhir-types`), what a referral may do next (crate `referral`), whether data may leave
//! (crate `consent`).

mod bundle;
mod capability;
mod change;
mod claim;
mod code;
mod consent;
mod copy;
mod document;
mod fault;
mod group;
mod json;
mod label;
mod moment;
mod notes;
mod outcome;
mod parse;
mod party;
mod patient;
mod patient_task;
mod placement;
mod procedure;
mod provision;
mod reference;
mod render;
mod request;
mod resource;
mod responses;
mod search;
mod served;
mod shape;
mod task;
mod validate;

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod law_tests;

pub use bundle::{Asked, Entry, Posted, Write, read_posted};
pub use capability::{COORDINATION_PLATFORM, Capability, capability_statement};
pub use change::changed_members;
pub use claim::organization;
pub use code::{SDOHCC, STATUS_REASON};
pub use consent::ConsentIn;
pub use copy::{filler_copy, patient_copy, pivot, request_copy};
pub use document::{DocumentView, document_reference};
pub use fault::{Fault, IssueCode};
pub use group::GroupIn;
pub use json::Json;
pub use label::{dated, labels};
pub use loopgate_fhir_types::ACCEPTED;
pub use moment::{Moment, print_instant};
pub use notes::{Annotation, add_notes, new_notes};
pub use outcome::{informational, operation_outcome, taken, warnings};
pub use party::{PartyRef, organization_identifiers};
pub use patient::PatientIn;
pub use patient_task::PatientTaskIn;
pub use placement::{
    OutcomeView, PlacementView, REFERRAL, filler_request, outcome_procedure, placement_task,
};
pub use procedure::{ProcedureIn, ServiceIn};
pub use provision::{Actor, Provision};
pub use reference::{Ref, RefText, references, rewrite};
pub use render::{TaskOverlay, as_supplied};
pub use request::{RequestIn, RequestStatus};
pub use resource::{Limits, Resource, person_reference};
pub use responses::{Posting, ResponseItem, SearchItem, SearchMode, posted_response, searchset};
pub use search::{
    Handling, Include, Search, Shape, SortKey, Term, compare, include_references, index_terms,
    is_json, shaped,
};
pub use served::{EVERY, Interaction, Param, ParamKind, SERVED, Served};
pub use task::TaskIn;
pub use validate::{LENIENCIES, Leniency, is_category};
