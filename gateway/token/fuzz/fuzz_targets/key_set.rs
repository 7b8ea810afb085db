//! No bytes make a key set panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = loopgate_token::KeySet::parse(data);
});
