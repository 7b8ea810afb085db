//! CSV for organizations whose system is a spreadsheet: their referrals as a file, and the file with
//! their answers back (RFC 4180).
//!
//! What leaves goes through the exit, what comes in is the same acts as by REST. Not here: doors
//! (`inbound/cbo/spreadsheet.rs`, `inbound/people/office.rs`), what may happen to a referral.

pub mod cell;
pub mod documents;
pub mod headings;
pub mod hmis;
pub mod layout;
pub mod moment;
pub mod out;
pub mod places;
pub mod report;
pub mod row;
pub mod said;
pub mod table;
pub mod take;

pub use layout::Layout;

/// The media type, as it is written.
pub const CSV: &str = "text/csv; charset=utf-8";
/// How the acts and disclosures of a file are called in the log.
pub const CHANNEL: &str = "csv";
