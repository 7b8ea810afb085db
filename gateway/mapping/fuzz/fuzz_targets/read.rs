//! No message breaks the laws of a mapping.
#![no_main]

#[path = "../holds.rs"]
mod holds;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| holds::read(data));
