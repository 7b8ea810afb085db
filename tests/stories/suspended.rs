//! A suspended partner gets nothing and may do nothing, from the moment the operator is answered;
//! once it is reinstated, what was queued goes on.

use loopgate_server::admin::Ask;
use serde_json::json;

use crate::harness::{Endpoint, Gateway, Referral, partner_file};

const AFTER_RETRY_MS: i64 = 120_000;

#[test]
fn what_is_queued_for_a_suspended_partner_waits_until_it_is_reinstated() {
    let mut gateway = Gateway::start_with(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let endpoint = Endpoint::open(&gateway.root());
    for name in ["push-pantry", "push-other"] {
        let text = partner_file(name, "target", &endpoint.channel(&format!("/{name}")));
        gateway.add_partner(name, &text);
    }
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("push-pantry"));
    let to = |mrn, name: &str| {
        let referral = Referral { mrn, owner: Some("push-pantry"), ..Referral::food() };
        let text = referral.bundle().to_string().replace("push-pantry", name);
        let answer = clinic.post("/fhir", &serde_json::from_str(&text).unwrap()).expect(200);
        answer.entry(referral.task_entry(0))
    };
    endpoint.answer(503);
    let task = to("B-1", "push-pantry");
    let failed = endpoint.next();
    let id = failed.json["referral_id"].as_str().unwrap().to_owned();
    let queued = gateway.kinds();

    suspend(&gateway, "push-pantry", true);
    let path = format!("/cbo/v1/referrals/{id}");
    for refused in [
        pantry.get(&path),
        pantry.get("/cbo/v1/referrals"),
        pantry.act(&id, "accept", &json!({})),
        pantry.get("/fhir/Task"),
    ] {
        assert_eq!(refused.status, 403, "{}", refused.text);
    }
    endpoint.answer(200);
    gateway.pass(AFTER_RETRY_MS);
    gateway.pass(AFTER_RETRY_MS);
    // Sent to it meanwhile, a referral waits too.
    let late = to("B-2", "push-pantry");
    // Two to somebody else arrive, and nothing beside them.
    to("B-3", "push-other");
    assert_eq!(endpoint.next().path, "/push-other");
    to("B-4", "push-other");
    assert_eq!(endpoint.next().path, "/push-other");
    assert!(endpoint.waiting().is_empty());
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
    assert_eq!(clinic.get(&late).expect(200).json["status"], "requested");
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.len(), 4);
    assert!(denied.iter().all(|fields| {
        fields["basis"]["reason"] == "R2" && fields["parties"][0]["id"] == "push-pantry"
    }));
    let shown = |gateway: &Gateway| {
        let all = gateway.of_kind("phi.disclosed").into_iter();
        all.filter(|fields| fields["disclosed"]["recipient"] == "push-pantry").count()
    };
    assert_eq!(shown(&gateway), 1);

    suspend(&gateway, "push-pantry", false);
    // The gateway looks again: the one that was queued, and the one that came meanwhile.
    gateway.tick();
    let (mut first, mut second) = (endpoint.next(), endpoint.next());
    if first.key != failed.key {
        std::mem::swap(&mut first, &mut second);
    }
    assert_eq!((first.path.as_str(), &first.json), ("/push-pantry", &failed.json));
    assert_eq!((first.key == failed.key, second.path.as_str()), (true, "/push-pantry"));
    assert_ne!(second.key, first.key);
    pantry.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "accepted");
    assert!(endpoint.waiting().is_empty());
    // One more arrives: by then the others are written down.
    to("B-5", "push-other");
    assert_eq!(endpoint.next().path, "/push-other");
    let delivered = gateway.of_kind("referral.delivered").into_iter();
    let delivered: Vec<_> = delivered.map(|fields| fields["transition"].clone()).collect();
    for push in [&first, &second] {
        let taken = json!({ "delivered": push.key });
        assert_eq!(delivered.iter().filter(|one| **one == taken).count(), 1);
    }
    assert!(queued.iter().all(|kind| kind != "referral.delivered"));
    // The first referral and the late one; the second try of the first is a re-read.
    assert_eq!(shown(&gateway), 2);
    gateway.stop();
}

#[test]
fn a_suspended_source_hands_in_nothing_and_reads_nothing() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    suspend(&gateway, "clinic-b", true);
    let before = gateway.kinds();
    let other = Referral { mrn: "B-2", ..Referral::food() };
    let first = clinic.post("/fhir", &other.bundle()).expect(403);
    let again = clinic.get(&task).expect(403);
    assert_eq!(first.text, again.text);
    let expected = [before, vec!["phi.denied".to_owned(); 2]].concat();
    assert_eq!(gateway.kinds(), expected);
    suspend(&gateway, "clinic-b", false);
    clinic.post("/fhir", &other.bundle()).expect(200);
    assert_eq!(pantry.inbox().len(), 2);
    gateway.stop();
}

fn suspend(gateway: &Gateway, name: &str, suspended: bool) {
    gateway.admin(&Ask::PartnerSuspend { name: name.parse().unwrap(), suspended });
}

#[test]
fn another_partners_broken_file_does_not_stand_in_the_way() {
    let mut gateway = Gateway::start();
    let pantry = gateway.party("pantry");
    pantry.get("/cbo/v1/referrals").expect(200);
    std::fs::write(gateway.root().join("partners/housing.toml"), "name = ").unwrap();
    gateway.try_admin(&Ask::PartnersReload).unwrap_err();
    suspend(&gateway, "pantry", true);
    pantry.get("/cbo/v1/referrals").expect(403);
    gateway.stop();
}
