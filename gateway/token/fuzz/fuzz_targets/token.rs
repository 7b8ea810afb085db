//! No text makes verification panic, and nobody's text is taken for a token.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loopgate_token::{Algorithm, KeySet, Rules, status::StatusList, unverified_issuer, verify};

const KEYS: &[u8] = include_bytes!("../keys.json");

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keys = KeySet::parse(KEYS).unwrap();
    let rules = Rules {
        typ: "JWT",
        algorithms: &Algorithm::ALL,
        issuer: "clinic-b",
        audience: "gateway",
        life_s_max: 300,
        jku: None,
        foreign: false,
    };
    assert!(verify::<serde_json::Value>(text, &keys, &rules, 1_795_341_600).is_err());
    let _ = unverified_issuer(text);
    let _ = StatusList::decode(2, text);
});
