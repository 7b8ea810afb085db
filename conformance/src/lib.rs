//! Black-box conformance of an SDOHCC coordination platform's FHIR door: cases for any base URL.
//!
//! Read `case` for what a case is, `cases` for the cases, `guide` for the rows of the guide that they
//! show, `declared` for what is said not to be met. What a case knows of the server it learnt over
//! HTTPS; nothing here looks behind the door.

pub mod case;
pub mod cases;
pub mod chart;
pub mod claims;
pub mod client;
pub mod declared;
pub mod guide;
pub mod people;
pub mod report;
pub mod spawn;
pub mod world;
