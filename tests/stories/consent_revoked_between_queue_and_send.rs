//! The release decision is made at each send: a consent withdrawn after a referral was queued stops
//! every later try.

use serde_json::json;

use crate::harness::{Answer, Endpoint, Gateway, Party, Referral, partner_file};

/// The courier's longest delay after one failed try is well below this.
const AFTER_RETRY_MS: i64 = 120_000;

#[test]
fn a_delivery_is_made_once() {
    let (mut gateway, endpoint) = start();
    let clinic = gateway.party("clinic-b");
    endpoint.answer(503);
    let answer = submit(&clinic, "B-1");
    let failed = endpoint.next();
    assert_eq!(failed.answered, 503);
    endpoint.answer(200);
    gateway.pass(AFTER_RETRY_MS);
    let taken = endpoint.next();
    assert_eq!(taken.answered, 200);
    // The same words under the same key, so that the other side can tell a second try.
    assert_eq!((&taken.json, &taken.key, taken.path.as_str()), (&failed.json, &failed.key, "/in"));
    assert_eq!(taken.json["client"]["phone"], "+1 555 0142");
    assert_eq!(taken.json["status"], "new");

    // Time passes, and another referral is delivered: the first is not delivered again.
    gateway.pass(AFTER_RETRY_MS);
    submit(&clinic, "B-2");
    let second = endpoint.next();
    gateway.pass(AFTER_RETRY_MS);
    submit(&clinic, "B-3");
    let third = endpoint.next();
    let keys = [&taken.key, &second.key, &third.key];
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    assert!(endpoint.waiting().is_empty());

    let delivered = gateway.of_kind("referral.delivered");
    // The third may or may not be written down yet.
    assert_eq!(delivered[0]["transition"]["delivered"], taken.key.as_str());
    assert_eq!(delivered[1]["transition"]["delivered"], second.key.as_str());
    // The source's Task shows nothing of it.
    let read = clinic.get(&task(&answer)).expect(200).json;
    assert_eq!((&read["status"], &read["meta"]["versionId"]), (&json!("requested"), &json!("1")));
    // Nor does the other side's reading by itself: it knows the referral already.
    let pantry = gateway.party("push-pantry");
    let id = taken.json["referral_id"].as_str().unwrap();
    pantry.act(id, "accept", &json!({})).expect(200);
    assert_eq!(clinic.get(&task(&answer)).expect(200).json["status"], "accepted");
    gateway.stop();
}

#[test]
fn a_consent_withdrawn_after_the_first_try_stops_the_second() {
    let (mut gateway, endpoint) = start();
    let clinic = gateway.party("clinic-b");
    endpoint.answer(503);
    let answer = submit(&clinic, "B-1");
    let failed = endpoint.next();
    assert_eq!(failed.answered, 503);
    let shown_before = shown(&gateway).len();

    let consent = answer.entry(1);
    let mut withdrawn = clinic.get(&consent).expect(200).json;
    withdrawn["status"] = json!("inactive");
    endpoint.answer(200);
    clinic.put(&consent, &withdrawn).expect(200);
    // What arrived with the first try is not to be used any more, which is all that is said.
    let notice = endpoint.next();
    assert_eq!(notice.json["kind"], "stop-use");
    assert_eq!(notice.json["referrals"], json!([failed.json["referral_id"]]));
    // At once, not when the gateway next looks at its clocks.
    assert_eq!(clinic.get(&task(&answer)).expect(200).json["status"], "rejected");
    gateway.pass(AFTER_RETRY_MS);
    gateway.pass(AFTER_RETRY_MS);

    // Two later referrals arrive, and nothing before, between or beside them.
    submit(&clinic, "B-2");
    let second = endpoint.next();
    submit(&clinic, "B-3");
    let third = endpoint.next();
    assert!(second.key != failed.key && third.key != failed.key && second.key != third.key);
    assert!(endpoint.waiting().is_empty());

    let read = clinic.get(&task(&answer)).expect(200).json;
    assert_eq!(read["status"], "rejected");
    let text = read["statusReason"]["text"].as_str().unwrap();
    assert!(text.starts_with("consent does not permit this referral (reference "), "{text}");
    let pantry = gateway.party("push-pantry");
    let id = failed.json["referral_id"].as_str().unwrap();
    pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(404);
    let inbox = pantry.inbox();
    assert!(inbox.iter().all(|row| row["referral_id"] != id), "{inbox:?}");

    let kinds = gateway.kinds();
    let revoked = kinds.iter().position(|kind| kind == "consent.revoked").unwrap();
    assert_eq!(kinds[revoked + 1..revoked + 3], ["phi.denied", "referral.refused"]);
    let refused = &gateway.of_kind("referral.refused")[0];
    assert_eq!(refused["transition"]["reason"], "consent-denied");
    // After it, what was shown to the pantry was of the other two referrals only.
    let later = shown(&gateway).split_off(shown_before);
    assert!(!later.is_empty());
    let about = refused["subject"][0]["id"].as_str().unwrap();
    assert!(later.iter().all(|fields| !fields.to_string().contains(about)), "{later:?}");
    // Nor was the person's data read again.
    let person = refused["patient"][0]["id"].as_str().unwrap();
    let mut again = gateway.of_kind("phi.reread");
    again.retain(|fields| fields["disclosed"]["recipient"] == "push-pantry");
    assert!(again.iter().all(|fields| !fields.to_string().contains(person)), "{again:?}");
    gateway.stop();
}

fn start() -> (Gateway, Endpoint) {
    let gateway = Gateway::start_with(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let endpoint = Endpoint::open(&gateway.root());
    let text = partner_file("push-pantry", "target", &endpoint.channel("/in"));
    gateway.add_partner("push-pantry", &text);
    (gateway, endpoint)
}

fn submit(clinic: &Party, mrn: &'static str) -> Answer {
    let referral = Referral { mrn, owner: Some("push-pantry"), ..Referral::food() };
    clinic.post("/fhir", &referral.bundle()).expect(200)
}

fn task(answer: &Answer) -> String {
    answer.entry(Referral::food().task_entry(0))
}

/// What was shown to the pantry so far.
fn shown(gateway: &Gateway) -> Vec<serde_json::Value> {
    let all = gateway.of_kind("phi.disclosed").into_iter();
    all.filter(|fields| fields["disclosed"]["recipient"] == "push-pantry").collect()
}
