//! What is read is what one may read: every version of what one supplied, nothing when nothing changed,
//! and in no language but JSON.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral, patient};

fn conditional(party: &Party, path: &str, header: (&str, &str)) -> Answer {
    party.call("GET", path, &[header], Vec::new())
}

#[test]
fn every_version_of_what_one_supplied_can_be_read_again() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let whose = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let seen = json!({
        "resourceType": "Observation",
        "status": "preliminary",
        "code": { "text": "Household" },
        "subject": { "reference": whose.strip_prefix("/fhir/").unwrap() },
    });
    let path = clinic.post("/fhir/Observation", &seen).expect(201).created();
    let mut form = clinic.get(&path).expect(200).json;
    for status in ["final", "amended"] {
        form["status"] = json!(status);
        clinic.put(&path, &form).expect(200);
    }
    let check = |gateway: &Gateway| {
        let clinic = gateway.party("clinic-b");
        for (version, status) in [("1", "preliminary"), ("2", "final"), ("3", "amended")] {
            let read = clinic.get(&format!("{path}/_history/{version}")).expect(200);
            assert_eq!(read.json["meta"]["versionId"], version);
            assert_eq!(read.json["status"], status);
            assert_eq!(read.etag, Some(format!("W/\"{version}\"")));
        }
        clinic.get(&format!("{path}/_history/4")).expect(404);
        // What is another's has no versions either.
        gateway.party("hospital-a").get(&format!("{path}/_history/1")).expect(404);
    };
    check(&gateway);
    // Each version that is read is an entry of its own, and reading it again is not.
    let shown = gateway.of_kind("phi.disclosed").len();
    check(&gateway);
    assert_eq!(gateway.of_kind("phi.disclosed").len(), shown);
    drop(hospital);
    gateway.stop();
    gateway.serve();
    check(&gateway);
    gateway.stop();
}

#[test]
fn who_has_it_is_told_that_nothing_changed_and_who_may_not_have_it_is_not() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let page = pantry.get("/fhir/Task").expect(200).json;
    let task = format!("/fhir/Task/{}", page["entry"][0]["resource"]["id"].as_str().unwrap());
    let tag = ("if-none-match", "W/\"7\", W/\"1\"");
    // It was shown on a page: here it is shown as such.
    let read = pantry.get(&task).expect(200);
    assert_eq!(read.etag.as_deref(), Some("W/\"1\""));
    let before = gateway.count();
    let same = conditional(&pantry, &task, tag).expect(304);
    assert_eq!((same.text.as_str(), same.etag), ("", read.etag.clone()));
    // Recorded as a look again, once a day.
    conditional(&pantry, &task, ("if-none-match", "*")).expect(304);
    conditional(&pantry, &task, ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")).expect(304);
    assert!(gateway.count() - before <= 1);
    for header in [
        ("if-none-match", "W/\"2\""),
        ("if-modified-since", "Mon, 01 Jan 2001 00:00:00 GMT"),
        ("if-modified-since", "yesterday"),
    ] {
        assert_eq!(conditional(&pantry, &task, header).expect(200).json, read.json);
    }
    // Whoever may not read it learns nothing of it.
    let hidden = conditional(&housing, &task, tag).expect(404);
    let never = conditional(&housing, "/fhir/Task/never", tag).expect(404);
    assert_eq!(hidden.unnamed(), never.unnamed());
    // What changed is told.
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    let changed = conditional(&pantry, &task, tag).expect(200);
    assert_eq!(
        (changed.json["status"].as_str(), changed.etag.as_deref()),
        (Some("accepted"), Some("W/\"2\""))
    );
    gateway.stop();
}

#[test]
fn what_was_never_shown_is_not_said_to_be_unchanged() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let path = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let first = conditional(&clinic, &path, ("if-none-match", "W/\"1\"")).expect(200);
    assert_eq!(first.json["birthDate"], "1988-04-02");
    conditional(&clinic, &path, ("if-none-match", "W/\"1\"")).expect(304);
    gateway.stop();
}

#[test]
fn nothing_is_written_but_json() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let path = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let before = gateway.count();
    for accept in ["application/fhir+xml", "application/xml", "text/turtle", "*/*;q=0"] {
        for path in [path.as_str(), "/fhir/Patient", "/fhir/metadata"] {
            let answer = conditional(&clinic, path, ("accept", accept)).expect(406);
            assert_eq!(answer.json["issue"][0]["code"], "not-supported", "{accept} {path}");
        }
    }
    // Nor is anything done that could not be answered.
    let body = patient("clinic-b", "B-2").to_string().into_bytes();
    let xml = [("accept", "application/fhir+xml"), ("content-type", "application/fhir+json")];
    clinic.call("POST", "/fhir/Patient", &xml, body).expect(406);
    clinic.get(&format!("{path}?_format=xml")).expect(406);
    assert_eq!(gateway.count(), before);
    for accept in ["application/fhir+json", "application/json", "*/*", "application/fhir+xml, */*"]
    {
        conditional(&clinic, &path, ("accept", accept)).expect(200);
    }
    // `_format` is heard before `Accept`.
    let json = format!("{path}?_format=application/fhir%2Bjson");
    let read: Value = conditional(&clinic, &json, ("accept", "application/xml")).expect(200).json;
    assert_eq!(read["resourceType"], "Patient");
    gateway.stop();
}
