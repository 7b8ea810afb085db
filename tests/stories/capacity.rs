//! Organizations say how much they can take on, in the standard's words, and others see it before they refer.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party};

const DAY_MS: i64 = 86_400_000;

fn put(party: &Party, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    party.call("PUT", "/cbo/v1/capacity", &json, body.to_string().into_bytes())
}

#[test]
fn what_an_organization_says_is_read_by_the_others_until_it_ends() {
    let mut gateway = Gateway::start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let none = json!([{ "id": "housing", "name": "housing", "capacity": [] }]);
    assert_eq!(pantry.get("/cbo/v1/organizations").expect(200).json["organizations"], none);

    // The story begins on 2026-11-22, and housing keeps its days in UTC.
    put(&housing, &json!({ "status": "capacity" })).expect(200);
    let food = json!({
        "status": "waitlist", "need": "food-insecurity", "until": "2026-11-24", "note": "Two weeks",
    });
    put(&housing, &food).expect(200);
    let at = "2026-11-22T10:00:00Z";
    let of = |gateway: &Gateway| {
        let read = gateway.party("pantry").get("/cbo/v1/organizations").expect(200).json;
        let mut entries = read["organizations"][0]["capacity"].as_array().unwrap().clone();
        for entry in &mut entries {
            let reported = entry.as_object_mut().unwrap().remove("reported").unwrap();
            assert_eq!(reported.as_str().unwrap().get(..13), at.get(..13));
        }
        entries
    };
    assert_eq!(of(&gateway), [json!({ "status": "capacity" }), food.clone()]);
    let own = housing.get("/cbo/v1/capacity").expect(200).json;
    assert_eq!(own["capacity"].as_array().unwrap().len(), 2);
    assert_eq!(pantry.get("/cbo/v1/capacity").expect(200).json, json!({ "capacity": [] }));

    // In place of what it said of that need before; the same again is no news.
    let full = json!({ "status": "no-capacity", "need": "food-insecurity", "until": "2026-11-24" });
    put(&housing, &full).expect(200);
    put(&housing, &full).expect(200);
    assert_eq!(of(&gateway), [json!({ "status": "capacity" }), full.clone()]);
    let told = gateway.of_kind("capacity.reported");
    let transitions: Vec<&Value> = told.iter().map(|one| &one["transition"]).collect();
    let on = |status: &str| json!({ "capacity": status, "need": "food-insecurity", "until": "2026-11-24" });
    assert_eq!(
        transitions,
        [&json!({ "capacity": "capacity" }), &on("waitlist"), &on("no-capacity")]
    );
    // Words are kept, and no auditor is shown them.
    assert!(told.iter().all(|one| one["note"].is_null()));
    assert_eq!(told[1]["actor"]["org"], "housing");

    // It is so through its last day, and through a restart.
    gateway.pass(2 * DAY_MS);
    gateway.stop();
    gateway.serve();
    assert_eq!(of(&gateway), [json!({ "status": "capacity" }), full]);
    gateway.pass(DAY_MS);
    assert_eq!(of(&gateway), [json!({ "status": "capacity" })]);
    gateway.stop();
}

#[test]
fn what_is_no_capacity_is_refused_at_its_place() {
    let mut gateway = Gateway::start();
    let housing = gateway.party("housing");
    let before = gateway.kinds();
    for (body, at) in [
        (json!({ "status": "plenty" }), "#/status"),
        (json!({ "status": "capacity", "need": "hunger" }), "#/need"),
        (json!({ "status": "capacity", "until": "tomorrow" }), "#/until"),
        (json!({ "status": "capacity", "until": "2026-11-21" }), "#/until"),
        (json!({ "status": "capacity", "until": "2026-11-24T10:00:00Z" }), "#/until"),
        (json!({ "status": "capacity", "note": " " }), "#/note"),
        (json!({ "status": "capacity", "note": "x".repeat(1001) }), "#/note"),
    ] {
        let refused = put(&housing, &body).expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], at, "{body}");
    }
    put(&housing, &json!({})).expect(400);
    put(&housing, &json!({ "status": "capacity", "beds": 4 })).expect(400);
    let form = [("content-type", "text/plain")];
    housing.call("PUT", "/cbo/v1/capacity", &form, b"full".to_vec()).expect(415);
    housing.call("DELETE", "/cbo/v1/capacity", &[], Vec::new()).expect(405);
    gateway.party("clinic-b").get("/cbo/v1/organizations").expect(403);
    gateway.stranger().get("/cbo/v1/organizations").expect(401);
    let after = gateway.kinds();
    let new: Vec<&String> = after[before.len()..].iter().collect();
    assert_eq!(new, ["phi.denied"], "of the clinic, which is no community organization");
    gateway.stop();
}

#[test]
fn who_takes_no_referrals_is_no_target() {
    let mut gateway = Gateway::start();
    let pantry = gateway.party("pantry");
    gateway.change_partner("housing", |text| text.replace("suspended = false", "suspended = true"));
    let read = pantry.get("/cbo/v1/organizations").expect(200).json;
    assert_eq!(read, json!({ "organizations": [] }));
    gateway.party("housing").get("/cbo/v1/organizations").expect(403);
    put(&gateway.party("housing"), &json!({ "status": "capacity" })).expect(403);
    assert!(gateway.of_kind("capacity.reported").is_empty());
    gateway.stop();
}
