//! The mapping language: equations between FHIR paths and other dialects, read either way.
//!
//! A mapping file is rows; a row says that a place in the pivot (left) and a place in a dialect
//! (right) hold the same value. [`Mapping::write`] goes left to right under the field groups of a
//! permit, [`Mapping::read`] goes right to left. What could not be carried is listed by path.
//!
//! The pivot is a JSON object keyed by resource type, `{"Task": {..}, "Observation": [..]}`; the
//! file `fhir-repeats.toml` says which types and elements are lists.
//!
//! **Invariant**: everything that can be wrong with a file is found by [`Library::from_files`];
//! what is left to refuse at run time is in the message, and a [`Refused`] never holds its values.
//!
//! Not here: sockets, permits, partners, the envelope of an HL7 v2 message (MSH).

mod acts;
mod builtin;
mod codes;
mod constants;
mod file;
mod find;
mod folder;
mod form;
mod leaves;
mod library;
mod local;
mod mapping;
mod path;
mod problem;
mod put;
mod read;
mod refused;
mod repeats;
mod right;
mod route;
mod row;
mod rows;
mod states;
mod template;
mod v2;
mod view;
mod whole;
mod write;

#[cfg(test)]
mod tests;

pub use acts::{Act, Acts};
pub use constants::Constants;
pub use library::Library;
pub use mapping::{Carried, Mapping, Read, Written, WrittenV2};
pub use problem::Problem;
pub use refused::{Refused, Why};
pub use states::{By, Said, State, States, Way};
pub use template::Template;
pub use view::{Needed, Pair, RowView, TableView};
