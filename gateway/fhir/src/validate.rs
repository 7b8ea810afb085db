//! Whether a resource is what R4 defines, and what the profiles ask for that it claims.
//!
//! Two walks over one resource: `base` along the definition of its type, and `profile` along what
//! each profile asks beyond it. Both read `tables` (`table`), which are compiled from the
//! StructureDefinitions; what those write in FHIRPath is in `rules`, by hand. Every fault is at
//! its own place.
//!
//! Choice elements are located by their JSON names, `Observation.valueQuantity`, as everywhere here.
//!
//! Not here: JSON (`parse`), what holds for any element (`shape`), what we make of it (`task` and
//! the like), codes of systems that need a licence, whatever is behind a reference.

mod base;
mod lenient;
mod place;
mod primitive;
mod profile;
mod rules;
mod table;

use crate::Json;
use crate::fault::Faults;
use base::Base;
use place::{At, Report};
use table::{SETS, TABLES};

pub use lenient::{LENIENCIES, Leniency};

/// Notes what is wrong with a resource located at `root`, and what is worth a word.
pub(crate) fn check(resource: &Json, root: &str, faults: &mut Faults, warnings: &mut Faults) {
    let report = Report { faults, warnings, profile: None, advisory: false };
    let mut base = Base { tables: &TABLES, root: resource, report };
    base.resource(resource, &At::root(root));
}

/// Whether a code is of SDOHCC's categories (SDOHCC-ValueSetSDOHCategory).
pub fn is_category(code: &str) -> bool {
    SETS.get("SDOHCC-ValueSetSDOHCategory").is_some_and(|set| set.has_code(code))
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
