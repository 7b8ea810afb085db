//! Canonical JSON: sorted keys, no white space, integers below 2^53, one spelling for each text.
//!
//! It is what RFC 8785 gives for objects of strings, integers, arrays and objects. Writing is
//! serde_json on structs whose members stand in sorted order; reading is strict by writing again
//! and comparing bytes. Not here: floats, null, booleans.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest integer every JSON reader keeps exactly.
pub(crate) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Members come out in declaration order, so declare them sorted.
pub(crate) fn write<T: Serialize>(value: &T) -> String {
    match serde_json::to_string(value) {
        Ok(text) => text,
        Err(_) => unreachable!("structs of strings, integers and lists always serialise"),
    }
}

/// `None` for anything that is not the one spelling of a `T`.
pub(crate) fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    (write(&value).as_bytes() == bytes).then_some(value)
}
