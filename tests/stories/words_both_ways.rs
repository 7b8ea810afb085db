//! What source and target tell each other beside the steps comes back in the source's own chart, with who
//! wrote it.

use serde_json::{Value, json};

use crate::harness::{Gateway, Referral};

fn notes(task: &Value) -> Vec<(&str, &str)> {
    let all = task["note"].as_array().into_iter().flatten();
    let said = all.map(|note| {
        let who = note["authorReference"]["reference"].as_str().unwrap_or_default();
        (who, note["text"].as_str().unwrap())
    });
    said.collect()
}

#[test]
fn source_and_target_write_to_each_other_by_notes_of_their_tasks() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let placed = || pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", placed()["id"].as_str().unwrap());
    let with = |mut task: Value, text: &str| {
        let note = json!({ "text": text });
        match task["note"].as_array_mut() {
            Some(notes) => notes.push(note),
            None => task["note"] = json!([note]),
        }
        task
    };
    let own = clinic.get(&task).expect(200).json;
    clinic.put(&task, &with(own, "She is deaf, please write.")).expect(200);
    let theirs = [("Organization/clinic-b", "She is deaf, please write.")];
    assert_eq!(notes(&placed()), theirs);
    pantry.put(&path, &with(placed(), "When may she come?")).expect(200);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    let booked = json!({ "start": "2026-11-27T16:00:00Z", "place": "Side door" });
    pantry.act(&id, "appointment", &booked).expect(200);
    pantry.act(&id, "note", &json!({ "text": "We packed a box" })).expect(200);
    let read = clinic.get(&task).expect(200).json;
    let said = [
        theirs[0],
        ("Organization/pantry", "When may she come?"),
        ("Organization/pantry", "appointment scheduled: 2026-11-27 16:00 UTC, Side door"),
        ("Organization/pantry", "We packed a box"),
    ];
    assert_eq!(notes(&read), said);
    assert_eq!(read["status"], "in-progress", "words move nothing");
    // One at a time, and beside nothing else; an older version of the Task takes none away.
    let two = with(with(read.clone(), "one"), "two");
    clinic.put(&task, &two).expect(422);
    let mut cancelled = with(read.clone(), "and stop");
    cancelled["status"] = json!("cancelled");
    clinic.put(&task, &cancelled).expect(422);
    let mut old = read.clone();
    old.as_object_mut().unwrap().remove("note");
    clinic.put(&task, &old).expect(200);
    assert_eq!(notes(&clinic.get(&task).expect(200).json), said);
    let comments = gateway.of_kind("referral.comment");
    let by: Vec<&Value> = comments.iter().map(|one| &one["transition"]["by"]).collect();
    assert_eq!(by, [&json!("source"), &json!("target")]);
    let entries = std::fs::read_to_string(gateway.evidence().join("entries.jsonl")).unwrap();
    assert!(!entries.contains("deaf") && !entries.contains("may she come"));
    gateway.stop();
}

#[test]
fn several_services_come_back_as_several_procedures() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let mut placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    let kind = json!({ "coding": [{
        "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
        "code": "resulting-activity",
    }] });
    let given = |text: &str| json!({ "type": kind, "valueCodeableConcept": { "text": text } });
    placed["status"] = json!("completed");
    placed["output"] = json!([given("A food box"), given("A ride")]);
    pantry.put(&path, &placed).expect(200);
    let read = clinic.get(&task).expect(200).json;
    let texts: Vec<String> = read["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| {
            let procedure = output["valueReference"]["reference"].as_str().unwrap();
            let procedure = clinic.get(&format!("/fhir/{procedure}")).expect(200).json;
            assert_eq!(procedure["performer"][0]["actor"]["reference"], "Organization/pantry");
            procedure["code"]["text"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(texts, ["A food box", "A ride"]);
    assert_eq!(gateway.of_kind("referral.outcome").len(), 2);
    gateway.stop();
}
