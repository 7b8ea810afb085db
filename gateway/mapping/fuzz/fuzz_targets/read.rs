//! Looks for a message for which `holds::read` does not hold.
#![no_main]

#[path = "../holds.rs"]
mod holds;

libfuzzer_sys::fuzz_target!(|data: &[u8]| holds::read(data));
