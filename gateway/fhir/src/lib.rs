//! FHIR R4 resources: the pivot document, checks with FHIRPath locations, rendering under a permit.
