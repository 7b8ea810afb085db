//! No bytes make the reading of a Consent panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopgate_fhir::{ConsentIn, Limits, Resource};

fuzz_target!(|data: &[u8]| {
    if let Ok(resource) = Resource::read(data, &Limits::default()) {
        let _ = ConsentIn::read(&resource, jiff::tz::Offset::UTC);
    }
});
