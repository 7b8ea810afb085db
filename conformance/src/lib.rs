//! Black-box conformance cases for any base URL.
