//! No pairs make the reading of a search panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopgate_fhir::{Handling, SERVED, Search};

fuzz_target!(|input: (u8, Vec<(String, String)>)| {
    let (kind, pairs) = input;
    let served = &SERVED[usize::from(kind) % SERVED.len()];
    if let Ok(search) = Search::parse(served, &pairs, "https://gate.example/fhir", Handling::Lenient)
    {
        let _ = (search.required_terms(), search.ids(), search.updated_from());
    }
});
