//! There is no wrong door: a community organization refers whom it serves, or anybody else, to another
//! organization or back to the clinic, and sees what became of it.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral, consent, partner_file};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The pantry may refer too.
pub fn start() -> Gateway {
    let gateway = Gateway::start();
    may_refer(&gateway, "pantry", "\"submit\", \"update_back\", ");
    gateway
}

/// A partner is a source too, with these actions more.
pub fn may_refer(gateway: &Gateway, name: &str, actions: &str) {
    gateway.change_partner(name, |text| {
        let text = text.replace("roles = [\"target\"]", "roles = [\"source\", \"target\"]");
        text.replace("actions = [", &format!("actions = [{actions}"))
    });
}

/// Clinic B refers Maria to the pantry. Both may disclose, for these needs.
pub fn served(gateway: &Gateway, needs: &[Need], referral: &Referral) -> String {
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut bundle = Referral { consent: Some(needs.to_vec()), ..referral.clone() }.bundle();
    let organizations = ["clinic-b", "pantry"]
        .map(|name| json!({ "identifier": { "system": "urn:example:npi", "value": name } }));
    bundle["entry"][1]["resource"]["organization"] = json!(organizations);
    clinic.post("/fhir", &bundle).expect(200);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    id
}

fn post(party: &Party, path: &str, body: &Value, key: Option<&str>) -> Answer {
    let key = key.map(|key| ("idempotency-key", key));
    let headers: Vec<_> = [JSON].into_iter().chain(key).collect();
    party.call("POST", path, &headers, body.to_string().into_bytes())
}

pub fn refer(party: &Party, body: &Value) -> Answer {
    post(party, "/cbo/v1/referrals", body, None)
}

pub fn to_housing(about: Value) -> Value {
    json!({
        "to": "housing",
        "about": about,
        "need": {
            "category": "housing-instability",
            "priority": "urgent",
            "service": { "system": "http://snomed.info/sct", "code": "470621000124109", "display": "Referral to housing" },
        },
        "note": "The room is cold",
    })
}

fn juan() -> Value {
    json!({ "client": { "name": { "family": "Vidal", "given": ["Juan"] }, "phone": "+1 555 0199" } })
}

#[test]
fn whom_it_serves_it_refers_on_and_sees_what_became_of_it() {
    let mut gateway = start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let body = to_housing(json!({ "referral": id }));
    let made = post(&pantry, "/cbo/v1/referrals", &body, Some("k-1")).expect(201);
    let sent = made.json["referral_id"].as_str().unwrap().to_owned();
    assert_eq!(made.json, json!({ "referral_id": sent, "status": "new", "version": 1 }));
    let path = format!("/cbo/v1/sent/{sent}");
    assert_eq!(made.location, Some(format!("{}{path}", gateway.base())));

    // What the other organization reads: what the pantry was shown, and nothing of the clinic's.
    assert_eq!(housing.only_referral(), sent);
    let read = housing.get(&format!("/cbo/v1/referrals/{sent}")).expect(200);
    let name = json!({ "family": "Lindqvist-Okafor", "given": ["Maria"] });
    assert_eq!(read.json["client"], json!({ "name": name, "phone": "+1 555 0142" }));
    assert_eq!(read.json["need"], body["need"]);
    // No template of a need lists notes.
    assert_eq!(read.json.get("note"), None);
    assert!(
        !read.text.contains("B-20417")
            && !read.text.contains("1988")
            && !read.text.contains("Juniper")
    );

    // Sent again, it is one referral and the first answer, whatever came of it.
    housing.act(&sent, "accept", &json!({})).expect(200);
    let again = post(&pantry, "/cbo/v1/referrals", &body, Some("k-1")).expect(201);
    assert_eq!((again.json, again.location), (made.json, made.location));
    assert_eq!(housing.inbox().len(), 1);

    let start = json!({ "start": "2026-11-24T09:00:00Z" });
    housing.act(&sent, "appointment", &start).expect(200);
    let row = &pantry.get("/cbo/v1/sent").expect(200).json["sent"][0];
    assert_eq!((&row["status"], &row["to"]), (&json!("in-progress"), &json!("housing")));
    assert_eq!(row["business_status"], "appointment scheduled");
    assert_eq!(row.get("client"), None);
    let said = json!({ "text": "She works until five" });
    post(&pantry, &format!("{path}/comment"), &said, Some("k-2")).expect(200);
    let done = json!({ "outcome": { "text": "A room" }, "performed": "2026-11-24T09:30:00Z" });
    housing.act(&sent, "served", &done).expect(200);
    let read = pantry.get(&path).expect(200).json;
    assert_eq!(read["status"], "served");
    assert_eq!(
        read["services"],
        json!([{ "text": "A room", "performed": "2026-11-24T09:30:00Z" }])
    );
    let wrote = |n: usize| (read["comments"][n]["by"].clone(), read["comments"][n]["text"].clone());
    let booked = json!("appointment scheduled: 2026-11-24 09:00 UTC");
    assert_eq!(wrote(0), (json!("housing"), booked));
    assert_eq!(wrote(1), (json!("pantry"), said["text"].clone()));
    assert_eq!(read["client"]["name"], name);

    // One person in both, and the ledger says why.
    let received = gateway.of_kind("referral.received");
    assert_eq!(received[0]["patient"][0]["id"], received[1]["patient"][0]["id"]);
    assert_eq!(received[1]["actor"]["org"], "pantry");
    let linked = &gateway.of_kind("patient.linked")[0];
    assert_eq!(linked["basis"], json!({ "by": "referred-on", "referral": id }));
    assert_eq!(gateway.of_kind("patient.registered").len(), 1);
    let shown = gateway.of_kind("phi.disclosed");
    let took = shown.iter().find(|one| one["disclosed"]["view"] == "passed-on").unwrap();
    assert_eq!(took["disclosed"]["recipient"], "pantry");
    // Nobody else finds it among what they sent.
    housing.get(&path).expect(404);
    gateway.party("clinic-b").get(&path).expect(403);
    gateway.stop();
}

#[test]
fn a_need_that_the_person_did_not_agree_to_goes_nowhere() {
    let mut gateway = start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let id = served(&gateway, &[Need::Food], &Referral::food());
    let made = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(201);
    assert_eq!(
        (&made.json["status"], &made.json["reason"]["code"]),
        (&json!("declined"), &json!("need-not-covered"))
    );
    assert!(housing.inbox().is_empty());
    let path = format!("/cbo/v1/sent/{}", made.json["referral_id"].as_str().unwrap());
    let read = pantry.get(&path).expect(200).json;
    assert_eq!(
        (&read["status"], &read["reason"]["code"]),
        (&json!("declined"), &json!("need-not-covered"))
    );
    assert!(
        read["reason"]["text"]
            .as_str()
            .unwrap()
            .starts_with("need not covered: housing-instability")
    );
    gateway.stop();
}

#[test]
fn somebody_new_waits_for_consent_and_is_nobody_known_by_name() {
    let mut gateway = start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    // She has Maria's name, and is another person.
    let maria =
        json!({ "client": { "name": { "family": "Lindqvist-Okafor", "given": ["Maria"] } } });
    let made = refer(&pantry, &to_housing(maria)).expect(201);
    let sent = made.json["referral_id"].as_str().unwrap().to_owned();
    let waiting = json!({ "referral_id": sent, "status": "new", "business_status": "waiting for consent", "version": 2 });
    assert_eq!(made.json, waiting);
    assert!(housing.inbox().is_empty());
    housing.get(&format!("/cbo/v1/referrals/{sent}")).expect(404);
    // Nor does anything that the pantry writes to them go anywhere, and it is told so.
    let path = format!("/cbo/v1/sent/{sent}");
    post(&pantry, &format!("{path}/comment"), &json!({ "text": "Please" }), None).expect(422);
    let text = [("content-type", "text/plain")];
    let form = format!("{path}/attachments?name=form");
    pantry.call("POST", &form, &text, b"A form".to_vec()).expect(422);
    let read = pantry.get(&format!("/cbo/v1/sent/{sent}")).expect(200).json;
    assert_eq!(read["business_status"], "waiting for consent");
    let received = gateway.of_kind("referral.received");
    assert_ne!(received[0]["patient"][0]["id"], received[1]["patient"][0]["id"]);

    // Her own consent lets it go on.
    let patients = pantry.get("/fhir/Patient").expect(200).json;
    let entries = patients["entry"].as_array().unwrap().iter();
    let own =
        entries.map(|entry| &entry["resource"]).find(|one| one.get("telecom").is_none()).unwrap();
    let reference = format!("Patient/{}", own["id"].as_str().unwrap());
    let paper = consent(&reference, "pantry", &[Need::Housing], "2026-11-20", "2027-11-20");
    pantry.post("/fhir/Consent", &paper).expect(201);
    assert_eq!(housing.only_referral(), sent);
    let read = pantry.get(&format!("/cbo/v1/sent/{sent}")).expect(200).json;
    assert_eq!((&read["status"], read.get("business_status")), (&json!("new"), None));
    gateway.stop();
}

#[test]
fn whom_nobody_may_contact_nobody_contacts_whoever_refers() {
    let mut gateway = start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let prohibited = Referral { contact_prohibited: true, ..Referral::food() };
    let id = served(&gateway, &[Need::Food, Need::Housing], &prohibited);
    // The pantry does not say so, and it is said all the same.
    let made = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(201);
    let sent = made.json["referral_id"].as_str().unwrap();
    let read = housing.get(&format!("/cbo/v1/referrals/{sent}")).expect(200).json;
    assert_eq!(read["need"]["contact"], "do-not-contact");
    // Of somebody new it says so itself.
    let mut body = to_housing(juan());
    body["need"]["contact"] = json!("do-not-contact");
    let made = refer(&pantry, &body).expect(201);
    let read = pantry.get(&format!("/cbo/v1/sent/{}", made.json["referral_id"].as_str().unwrap()));
    assert_eq!(read.expect(200).json["need"]["contact"], "do-not-contact");
    body["need"]["contact"] = json!("please-call");
    refer(&pantry, &body).expect(422);
    gateway.stop();
}

#[test]
fn what_it_sent_it_may_call_off() {
    let mut gateway = start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let made = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(201);
    let sent = made.json["referral_id"].as_str().unwrap();
    let path = format!("/cbo/v1/sent/{sent}/cancel");
    post(&pantry, &path, &json!({}), None).expect(400);
    post(&pantry, &format!("/cbo/v1/sent/{sent}/accept"), &json!({}), None).expect(404);
    let why = json!({ "reason": { "code": "moved", "text": "She found a room" } });
    post(&housing, &path, &why, None).expect(404);
    let off = post(&pantry, &path, &why, None).expect(200);
    assert_eq!(off.json["status"], "cancelled");
    assert_eq!(housing.inbox()[0]["status"], "cancelled");
    let read = pantry.get(&format!("/cbo/v1/sent/{sent}")).expect(200).json;
    assert_eq!(read["reason"], json!({ "code": "moved", "text": "She found a room" }));
    gateway.stop();
}

#[test]
fn what_the_person_took_back_is_not_passed_on() {
    let mut gateway = start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let made = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(201);
    let housing = gateway.party("housing");
    housing.act(made.json["referral_id"].as_str().unwrap(), "accept", &json!({})).expect(200);
    let consents = clinic.get("/fhir/Consent").expect(200).json;
    let mut paper = consents["entry"][0]["resource"].clone();
    paper["status"] = json!("inactive");
    clinic.put(&format!("/fhir/Consent/{}", paper["id"].as_str().unwrap()), &paper).expect(200);
    let before = gateway.of_kind("referral.received").len();
    let mut other = to_housing(json!({ "referral": id }));
    other["note"] = json!("Once more");
    refer(&pantry, &other).expect(404);
    assert_eq!(gateway.of_kind("referral.received").len(), before);
    // What the other said meanwhile does not come back either, and that is said.
    let read = pantry.get(&format!("/cbo/v1/sent/{}", made.json["referral_id"].as_str().unwrap()));
    let read = read.expect(200).json;
    assert_eq!(
        (&read["status"], &read["business_status"]),
        (&json!("new"), &json!("answer withheld"))
    );
    assert_eq!(read.get("services"), None);
    gateway.stop();
}

#[test]
fn who_may_not_refer_is_told_what_is_missing() {
    let mut gateway = Gateway::start();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let refused = refer(&housing, &to_housing(juan())).expect(403);
    let detail = refused.json["errors"][0]["detail"].as_str().unwrap();
    assert_eq!(detail, "to refer, a partner needs the role source and the action submit");
    may_refer(&gateway, "pantry", "");
    refer(&pantry, &to_housing(juan())).expect(403);
    assert!(gateway.of_kind("referral.received").is_empty());
    assert_eq!(gateway.of_kind("phi.denied")[0]["basis"]["reason"], "A4");
    gateway.stop();
}

#[test]
fn what_is_wrong_is_said_at_its_place_and_nothing_is_kept() {
    let mut gateway = start();
    let pantry = gateway.party("pantry");
    let id = served(&gateway, &[Need::Food, Need::Housing], &Referral::food());
    let before = gateway.kinds();
    let good = to_housing(juan());
    let cases: [(&str, Value, u16, &str); 22] = [
        ("/to", json!("nobody"), 422, "#/to"),
        ("/to", json!("No Body"), 422, "#/to"),
        ("/to", json!("pantry"), 422, "#/to"),
        // A source alone takes no referrals.
        ("/to", json!("clinic-b"), 422, "#/to"),
        ("/about", Value::Null, 400, "#/about"),
        ("/about", json!({}), 422, "#/about"),
        (
            "/about",
            json!({ "referral": id, "client": { "name": { "text": "J" } } }),
            422,
            "#/about",
        ),
        ("/about", json!({ "client": { "phone": "1" } }), 400, "#/about/client/name"),
        ("/about", json!({ "client": { "name": {} } }), 422, "#/about/client/name"),
        ("/need/category", json!("hunger"), 422, "#/need/category"),
        ("/need/category", json!(5), 400, "#/need/category"),
        ("/need/priority", json!("whenever"), 422, "#/need/priority"),
        ("/need/priority", Value::Null, 400, "#/need/priority"),
        ("/need/mrn", json!("1"), 400, "#/need/mrn"),
        (
            "/about",
            json!({ "client": { "name": { "text": "J" }, "ssn": "1" } }),
            400,
            "#/about/client/ssn",
        ),
        (
            "/about",
            json!({ "client": { "name": { "text": "" } } }),
            422,
            "#/about/client/name/text",
        ),
        (
            "/about",
            json!({ "client": { "name": { "given": "J" } } }),
            400,
            "#/about/client/name/given",
        ),
        ("/about", json!({ "client": { "name": { "text": 5 } } }), 400, "#/about/client/name/text"),
        ("/status", json!("served"), 400, "#/status"),
        ("/client", json!({}), 400, "#/client"),
        ("/household", json!({ "size": 0 }), 422, "#/household/size"),
        ("/note", json!("x".repeat(1001)), 422, "#/note"),
    ];
    for (pointer, value, status, at) in cases {
        let mut body = good.clone();
        let (outer, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(outer).unwrap()[name] = value;
        let refused = refer(&pantry, &body).expect(status);
        assert_eq!(refused.json["errors"][0]["pointer"], at, "{pointer}: {}", refused.text);
    }
    refer(&pantry, &json!([])).expect(400);
    let xml = [("content-type", "application/xml")];
    pantry.call("POST", "/cbo/v1/referrals", &xml, b"<a/>".to_vec()).expect(415);
    let long = to_housing(json!({ "client": { "name": { "text": "x".repeat(70_000) } } }));
    refer(&pantry, &long).expect(413);
    assert_eq!(gateway.kinds(), before);
    // Of what is not there, or is over, nobody is referred on; both look alike.
    let unknown = to_housing(json!({ "referral": "ref_00000000000000000000000000000000" }));
    refer(&pantry, &unknown).expect(404);
    let why = json!({ "reason": { "code": "other", "text": "No" } });
    pantry.act(&id, "withdraw", &why).expect(200);
    let over = refer(&pantry, &to_housing(json!({ "referral": id }))).expect(422);
    assert_eq!(over.json["errors"][0]["pointer"], "#/about/referral");
    assert_eq!(gateway.of_kind("referral.received").len(), 1);
    gateway.stop();
}

#[test]
fn back_to_the_clinic_that_takes_referrals() {
    let mut gateway = start();
    let clinic = partner_file("clinic-c", "target", "kind = \"rest\"");
    gateway.add_partner("clinic-c", &clinic.replace("[\"target\"]", "[\"source\", \"target\"]"));
    let (pantry, clinic) = (gateway.party("pantry"), gateway.party("clinic-c"));
    let mut body = to_housing(juan());
    body["to"] = json!("clinic-c");
    body["need"] = json!({ "category": "medical-cost-burden" });
    let made = refer(&pantry, &body).expect(201);
    assert_eq!(made.json["business_status"], "waiting for consent");
    assert!(clinic.inbox().is_empty());
    gateway.stop();
}
