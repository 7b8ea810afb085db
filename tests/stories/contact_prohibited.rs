//! That a person must not be contacted arrives wherever the referral does (SDOHCC ServiceRequest,
//! orderDetail:SubjectContactDetail).

use serde_json::{Value, json};

use crate::harness::{Endpoint, Gateway, Referral, partner_file};

#[test]
fn whoever_gets_the_referral_reads_that_contact_is_prohibited() {
    let mut gateway = Gateway::start_with(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let endpoint = Endpoint::open(&gateway.root());
    gateway.add_partner(
        "push-pantry",
        &partner_file("push-pantry", "target", &endpoint.channel("/in")),
    );
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let silent = Referral { contact_prohibited: true, ..Referral::food() };
    clinic.post("/fhir", &silent.bundle()).expect(200);
    let row = pantry.inbox().remove(0);
    assert_eq!(row["need"]["contact"], "do-not-contact");
    // A row of the list shows need and status only.
    assert_eq!(row["client"], Value::Null);
    let id = row["referral_id"].as_str().unwrap();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
    assert_eq!(read["need"]["contact"], "do-not-contact");
    let task = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let request = format!("/fhir/{}", task["focus"]["reference"].as_str().unwrap());
    let request = pantry.get(&request).expect(200).json;
    let detail = &request["orderDetail"][0]["coding"][0]["code"];
    assert_eq!(detail, "contacting-subject-prohibited");

    let pushed = Referral { mrn: "B-2", owner: Some("push-pantry"), ..silent };
    clinic.post("/fhir", &pushed.bundle()).expect(200);
    assert_eq!(endpoint.next().json["need"]["contact"], "do-not-contact");

    // Said twice, in the words of two systems, it still arrives.
    let mut twice =
        Referral { mrn: "B-4", owner: Some("push-pantry"), ..Referral::food() }.bundle();
    let detail = |system: &str| json!({ "coding": [{ "system": system, "code": "contacting-subject-prohibited" }] });
    twice["entry"][2]["resource"]["orderDetail"] = json!([detail("urn:a"), detail("urn:b")]);
    clinic.post("/fhir", &twice).expect(200);
    assert_eq!(endpoint.next().json["need"]["contact"], "do-not-contact");

    // Nothing is said where nothing was said.
    let open = Referral { mrn: "B-3", ..Referral::food() };
    clinic.post("/fhir", &open.bundle()).expect(200);
    let rows = pantry.inbox();
    let told: Vec<&Value> = rows.iter().map(|row| &row["need"]["contact"]).collect();
    assert_eq!(told, [&json!("do-not-contact"), &Value::Null]);
    let kinds = gateway.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "referral.sent").count(), 4);
    gateway.stop();
}
