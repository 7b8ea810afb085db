//! Whoever receives personal data gets a receipt, and can prove with it, offline and for ever, that the
//! log says so; nobody else gets it.

use loopgate_ledger::{LogKey, Trust, verify_receipt};
use serde_json::json;

use crate::harness::{Gateway, Referral};

#[test]
fn who_received_something_holds_the_proof_of_it() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    let named = read.receipt.expect("the answer names its entries");
    let words: Vec<&str> = named.split(' ').collect();
    let [_, index, hash] = words[..] else { panic!("{named}") };
    pantry.act(&id, "accept", &json!({})).expect(200);
    gateway.pass(2_000);
    gateway.tick(); // what the one before made due is signed by now

    let path = format!("/ledger/receipt/{index}");
    let receipt = pantry.get(&path).expect(200).text;
    let key = gateway.stranger().get("/ledger/log.vkeys").expect(200).text;
    let found = verify_receipt(&receipt, Trust::Key(key.trim()), None);
    assert_eq!(found.exit_code(), 0, "{found:?}");
    assert_eq!(found.index, index.parse().ok());
    let leaf = receipt.lines().find_map(|line| line.strip_prefix("extra ")).unwrap();
    let leaf = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, leaf).unwrap();
    let leaf: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
    let leaf = leaf["leaf"].as_str().unwrap();
    let of_leaf = loopgate_ledger::leaf_hash(leaf.as_bytes());
    assert_eq!(base64::Engine::encode(&base64::prelude::BASE64_STANDARD, of_leaf), hash);
    assert!(!receipt.contains("Maria") && !leaf.contains("pantry"));

    // It is theirs alone, and holds under the log's key alone.
    clinic.get(&path).expect(404);
    gateway.stranger().get(&path).expect(401);
    pantry.get("/ledger/receipt/0").expect(404);
    pantry.get("/ledger/receipt/99999999").expect(404);
    let origin = key.split('+').next().unwrap();
    let other = LogKey::from_seed(origin, [9; 32]).unwrap().vkey();
    assert_eq!(verify_receipt(&receipt, Trust::Key(&other), None).exit_code(), 2);
    // An answer about nobody names nothing.
    assert_eq!(clinic.get("/fhir/metadata").expect(200).receipt, None);
}
