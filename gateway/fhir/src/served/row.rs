//! How a row of the table is written.

use super::ParamKind::{self, Composite, Date, Reference, Token, Uri};
use super::{Param, Served};

pub(super) const fn param(
    name: &'static str,
    kind: ParamKind,
    definition: &'static str,
    paths: &'static [&'static str],
    targets: &'static [&'static str],
) -> Param {
    Param { name, kind, definition, base: "", paths, targets }
}

pub(super) const fn token(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
) -> Param {
    param(name, Token, definition, paths, &[])
}

pub(super) const fn date(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
) -> Param {
    param(name, Date, definition, paths, &[])
}

pub(super) const fn string(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
) -> Param {
    param(name, ParamKind::String, definition, paths, &[])
}

pub(super) const fn uri(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
) -> Param {
    param(name, Uri, definition, paths, &[])
}

pub(super) const fn to(
    name: &'static str,
    definition: &'static str,
    paths: &'static [&'static str],
    targets: &'static [&'static str],
) -> Param {
    param(name, Reference, definition, paths, targets)
}

pub(super) const fn composite(
    name: &'static str,
    definition: &'static str,
    base: &'static str,
    paths: &'static [&'static str],
) -> Param {
    Param { name, kind: Composite, definition, base, paths, targets: &[] }
}

/// `patient`, at `subject`.
pub(super) const OF_SUBJECT: Param = to("patient", "clinical-patient", &["subject"], &["Patient"]);
/// `patient`, at `patient`.
pub(super) const OF_PATIENT: Param = to("patient", "clinical-patient", &["patient"], &["Patient"]);

/// Those who may be asked to do something.
pub(super) const PERFORMERS: &[&str] = &[
    "Practitioner",
    "Organization",
    "CareTeam",
    "Device",
    "Patient",
    "HealthcareService",
    "PractitionerRole",
    "RelatedPerson",
];
/// Those who may ask for something, and who may have written or done it.
pub(super) const REQUESTERS: &[&str] =
    &["Practitioner", "Organization", "Device", "Patient", "PractitionerRole", "RelatedPerson"];

macro_rules! sdohcc {
    ($name:literal) => {
        concat!("http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/", $name)
    };
}

macro_rules! sdohcc_search {
    ($name:literal) => {
        concat!("http://hl7.org/fhir/us/sdoh-clinicalcare/SearchParameter/", $name)
    };
}

macro_rules! us_core {
    ($name:literal) => {
        concat!("http://hl7.org/fhir/us/core/StructureDefinition/us-core-", $name)
    };
}

pub(super) const fn served(
    kind: &'static str,
    profiles: &'static [&'static str],
    params: &'static [Param],
) -> Served {
    Served { kind, profiles, by_target: false, params, includes: &[], rev_includes: &[] }
}

pub(super) const fn by_target(row: Served) -> Served {
    Served { by_target: true, ..row }
}

pub(super) const fn including(
    row: Served,
    includes: &'static [&'static str],
    rev_includes: &'static [&'static str],
) -> Served {
    Served { includes, rev_includes, ..row }
}

pub(super) use {sdohcc, sdohcc_search, us_core};
