//! Black-box conformance: cases for any base URL, each citing the clause it shows.
//!
//! What is claimed today, and which story shows it, is in `CLAIMS.md`; there is no runner yet.
