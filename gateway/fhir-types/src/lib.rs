//! The one crate that names fhir-sdk: typed checks of R4 resources behind plain functions.
