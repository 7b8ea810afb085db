//! Doors: sockets in, one dispatch each, nothing decided here.

mod audit;
pub mod cbo;
mod cors;
pub mod fhir;
pub mod http;
mod ledger;
pub mod mllp;
mod oauth;
pub mod ops;
pub mod people;
pub mod tls;
pub mod v2;
mod wire;
