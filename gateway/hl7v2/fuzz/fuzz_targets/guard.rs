//! Looks for bytes for which `holds::guard` does not hold.
#![no_main]

#[path = "../holds.rs"]
#[allow(dead_code)]
mod holds;

libfuzzer_sys::fuzz_target!(|data: &[u8]| holds::guard(data));
