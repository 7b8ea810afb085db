//! An organization whose system is a spreadsheet downloads its referrals, writes its answers into the
//! file and uploads it; the clinic reads them, and the same file again changes nothing.

use std::collections::BTreeMap;

use loopgate_server::admin::Ask;
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral};

/// A file as another reader reads it: a map of heading to cell for each row.
pub fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// The file again, with these cells changed in the row of a referral.
pub fn filled(bytes: &[u8], id: &str, cells: &[(&str, &str)]) -> Vec<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    let heads = reader.headers().unwrap().clone();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&heads).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let mine = record.iter().any(|cell| cell == id);
        let cell = |(head, cell)| {
            let changed = cells.iter().find(|(one, _)| mine && *one == head);
            changed.map_or(cell, |(_, new)| *new).to_owned()
        };
        let cells: Vec<String> = heads.iter().zip(record.iter()).map(cell).collect();
        writer.write_record(&cells).unwrap();
    }
    writer.into_inner().unwrap()
}

pub fn upload(party: &Party, bytes: &[u8]) -> Answer {
    party.call("POST", "/cbo/v1/referrals.csv", &[("content-type", "text/csv")], bytes.to_vec())
}

pub fn download(party: &Party) -> Vec<u8> {
    party.bytes("/cbo/v1/referrals.csv")
}

fn counts(answer: &Answer) -> [u64; 3] {
    ["taken", "unchanged", "wrong"].map(|name| answer.json[name].as_u64().unwrap())
}

fn referred(gateway: &Gateway, mrn: &'static str, silent: bool) -> String {
    let clinic = gateway.party("clinic-b");
    let referral = Referral { mrn, contact_prohibited: silent, ..Referral::food() };
    clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0))
}

#[test]
fn a_spreadsheet_closes_a_loop_and_says_nothing_twice() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let tasks = [referred(&gateway, "B-1", false), referred(&gateway, "B-2", true)];
    let file = download(&pantry);
    assert!(file.starts_with(b"\xef\xbb\xbfReferral,Version,Do not contact,Need,"));
    assert!(file.ends_with(b"\r\n"));
    let read = rows(&file);
    assert_eq!(read.len(), 2);
    let cell = |row: usize, head: &str| read[row][head].as_str();
    assert_eq!((cell(0, "Do not contact"), cell(1, "Do not contact")), ("", "do-not-contact"));
    assert_eq!((cell(0, "Family name"), cell(0, "Given names")), ("Lindqvist-Okafor", "Maria"));
    assert_eq!((cell(0, "Status"), cell(0, "Version")), ("new", "1"));
    assert_eq!((cell(0, "Need"), cell(0, "Referred on")), ("food-insecurity", "2026-11-22"));
    // A telephone number would be a sum.
    assert_eq!(cell(0, "Phone"), "'+1 555 0142");
    // One entry for each person, and no birth date, address or MRN.
    let disclosed = gateway.of_kind("phi.disclosed");
    assert_eq!(disclosed.len(), 2);
    for entry in &disclosed {
        assert_eq!(entry["disclosed"]["channel"], "csv");
        assert_eq!(entry["disclosed"]["recipient"], "pantry");
    }
    let text = String::from_utf8(file.clone()).unwrap();
    for word in ["1988", "Juniper", "B-1", "B-2"] {
        assert!(!text.contains(word), "{word}");
    }

    // As it was downloaded, it says nothing new.
    let before = gateway.count();
    assert_eq!(counts(&upload(&pantry, &file).expect(200)), [0, 2, 0]);
    assert_eq!(gateway.count(), before);

    let ids = [cell(0, "Referral"), cell(1, "Referral")];
    let accepted = [
        ("Status", "Accepted"),
        ("Appointment day", "2026-11-27"),
        ("Appointment time", "16:00"),
        ("Appointment place", "Side door"),
        ("Note to the referrer", "She asked for a ramp"),
        ("Assigned to", "Ana"),
    ];
    let declined = [("Status", "declined"), ("Reason code", "no-capacity")];
    let answered = filled(&filled(&file, ids[0], &accepted), ids[1], &declined);
    let report = upload(&pantry, &answered).expect(200);
    assert_eq!(counts(&report), [2, 0, 0], "{}", report.text);
    assert_eq!(report.json["rows"][0]["done"], json!(["accept", "appointment", "assign", "note"]));
    assert_eq!(report.json["rows"][0]["row"], 2);
    let booked = clinic.get(&tasks[0]).expect(200).json;
    assert_eq!(
        (&booked["status"], &booked["businessStatus"]["text"]),
        (&json!("in-progress"), &json!("appointment scheduled"))
    );
    let refused = clinic.get(&tasks[1]).expect(200).json;
    assert_eq!(refused["status"], "rejected");
    assert_eq!(refused["statusReason"]["text"], "We have no room at the moment");

    // Again, and again: nothing.
    let before = gateway.count();
    for _ in 0..2 {
        assert_eq!(counts(&upload(&pantry, &answered).expect(200)), [0, 2, 0]);
    }
    assert_eq!(gateway.count(), before);

    // The new file says what was said; it is answered once more, and ends the loop.
    let file = download(&pantry);
    let read = rows(&file);
    assert_eq!(read.len(), 1, "what is over is not in it");
    assert_eq!(read[0]["Status"], "in-progress");
    assert_eq!(
        [&read[0]["Appointment day"], &read[0]["Appointment time"], &read[0]["Appointment place"]],
        ["2026-11-27", "16:00", "Side door"]
    );
    assert_eq!(
        (read[0]["Assigned to"].as_str(), read[0]["Note to the referrer"].as_str()),
        ("Ana", "")
    );
    assert_eq!(counts(&upload(&pantry, &file).expect(200)), [0, 1, 0]);
    let served = [
        ("Status", "served"),
        ("Service given", "Food box\nDiapers"),
        ("Service code", "http://snomed.info/sct|467771000124109"),
        ("Service day", "2026-11-21"),
    ];
    let end = filled(&file, ids[0], &served);
    let report = upload(&pantry, &end).expect(200);
    assert_eq!(counts(&report), [1, 0, 0], "{}", report.text);
    let done = clinic.get(&tasks[0]).expect(200).json;
    assert_eq!(
        (&done["status"], done["output"].as_array().unwrap().len()),
        (&json!("completed"), 2)
    );
    assert_eq!(counts(&upload(&pantry, &end).expect(200)), [0, 1, 0]);
    let all = pantry.bytes("/cbo/v1/referrals.csv?status=all");
    let read = rows(&all);
    assert_eq!(read.len(), 2);
    assert_eq!(
        (read[0]["Status"].as_str(), read[0]["Service given"].as_str()),
        ("served", "Food box\nDiapers")
    );
    // What was declined shows the need and no person.
    assert_eq!((read[1]["Status"].as_str(), read[1]["Family name"].as_str()), ("declined", ""));
    assert_eq!(read[1]["Do not contact"], "do-not-contact");
    let before = gateway.count();
    assert_eq!(counts(&upload(&pantry, &all).expect(200)), [0, 2, 0]);
    assert_eq!(gateway.count(), before);
    // Every act is recorded as one of a file.
    let acts: Vec<Value> = gateway.of_kind("referral.accepted");
    assert_eq!(acts[0]["source"]["transport"], "csv", "{}", acts[0]);
    gateway.stop();
}

#[test]
fn a_wrong_row_does_not_stop_a_good_one_and_says_where_it_is_wrong() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let tasks = ["B-1", "B-2", "B-3"].map(|mrn| referred(&gateway, mrn, false));
    let file = download(&pantry);
    let ids: Vec<String> = rows(&file).iter().map(|row| row["Referral"].clone()).collect();
    // In between, somebody answers the third by hand.
    pantry.act(&ids[2], "accept", &json!({})).expect(200);
    let mut wrong = filled(&file, &ids[0], &[("Status", "maybe"), ("Appointment day", "soon")]);
    wrong = filled(&wrong, &ids[1], &[("Status", "accepted")]);
    wrong = filled(&wrong, &ids[2], &[("Status", "declined"), ("Reason", "No room")]);
    wrong.extend_from_slice(b"ref_00000000000000000000000000000000,1,,,,,,,,,,,,,,,accepted\n");
    let report = upload(&pantry, &wrong).expect(200);
    assert_eq!(counts(&report), [1, 0, 3], "{}", report.text);
    let said: Vec<_> = report.json["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let problems = row["problems"].as_array().into_iter().flatten();
            let problems = problems
                .map(|one| (one["column"].as_str().unwrap_or(""), one["code"].as_str().unwrap()));
            (row["row"].as_u64().unwrap(), row["result"].as_str().unwrap(), problems.collect())
        })
        .collect();
    let expected = [
        (2, "wrong", vec![("Status", "no-such-answer"), ("Appointment day", "not-a-day")]),
        (3, "taken", vec![]),
        (4, "wrong", vec![("", "changed")]),
        (5, "wrong", vec![("Referral", "not-there")]),
    ];
    assert_eq!(said, expected);
    for word in ["maybe", "soon", "No room"] {
        assert!(!report.text.contains(word), "{word} is repeated");
    }
    let statuses = tasks.map(|task| clinic.get(&task).expect(200).json["status"].clone());
    assert_eq!(statuses, ["requested", "accepted", "accepted"]);
    // As a file.
    let headers = [("content-type", "text/csv"), ("accept", "text/csv")];
    let report = pantry.call("POST", "/cbo/v1/referrals.csv", &headers, wrong).expect(200);
    assert!(report.text.contains("wrong"), "{}", report.text);
    let lines: Vec<&str> = report.text.lines().collect();
    assert!(
        lines[1].starts_with(&format!("2,{},wrong,,1,Status,no-such-answer,", ids[0])),
        "{}",
        lines[1]
    );
    assert_eq!(lines[3], format!("3,{},unchanged,,2,,,", ids[1]));
    // What is for somebody else looks like what never was, and both are recorded alike.
    let housing = gateway.party("housing");
    let before = gateway.of_kind("phi.denied").len();
    let (mine, none) = (
        upload(&housing, &file),
        format!("Referral,Version,Status\nref_{},1,accepted\n", "0".repeat(32)),
    );
    let none = upload(&housing, none.as_bytes()).expect(200);
    let problem = |answer: &Answer| answer.json["rows"][0]["problems"].clone();
    assert_eq!(problem(&mine.clone().expect(200)), problem(&none));
    assert_eq!(mine.json["rows"][0].get("version"), None);
    assert_eq!(gateway.of_kind("phi.denied").len(), before + 2);
    gateway.stop();
}

#[test]
fn what_is_no_table_is_refused_as_a_whole() {
    let mut gateway = Gateway::start();
    let pantry = gateway.party("pantry");
    let task = referred(&gateway, "B-1", false);
    let id = rows(&download(&pantry))[0]["Referral"].clone();
    let before = gateway.kinds();
    let json = [("content-type", "application/json")];
    pantry.call("POST", "/cbo/v1/referrals.csv", &json, b"{}".to_vec()).expect(415);
    let row = format!("{id},1,accepted\n");
    for (bytes, status) in [
        (b"PK\x03\x04workbook".to_vec(), 422),
        (b"%PDF-1.7\x00\x01".to_vec(), 422),
        (Vec::new(), 422),
        (b"Name,Status\nx,accepted\n".to_vec(), 422),
        (format!("Referral,Version,Status\n{row}\"{row}").into_bytes(), 422),
        (format!("Referral,Version,Status,STATUS\n{row}").into_bytes(), 422),
        (
            format!("Referral,Version,Status\n{row}")
                .into_bytes()
                .into_iter()
                .chain(vec![b'x'; 40_000])
                .collect(),
            422,
        ),
        (format!("Referral,Version,Status\n{}", row.repeat(20_001)).into_bytes(), 413),
        (vec![b'x'; 9 * 1024 * 1024], 413),
    ] {
        let refused = upload(&pantry, &bytes);
        assert_eq!(refused.status, status, "{}", refused.text);
        assert_eq!(refused.json["status"], status);
    }
    assert_eq!(gateway.kinds(), before);
    assert_eq!(gateway.party("clinic-b").get(&task).expect(200).json["status"], "requested");
    gateway.stop();
}

#[test]
fn a_formula_in_a_referral_is_a_text_and_comes_back_as_it_was() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let mut bundle = referral.bundle();
    let evil = "=cmd|' /C calc'!A0";
    bundle["entry"][0]["resource"]["name"][0]["given"] = json!(["@SUM(1+1)*cmd"]);
    bundle["entry"][0]["resource"]["name"][0]["family"] = json!(evil);
    let task = clinic.post("/fhir", &bundle).expect(200).entry(referral.task_entry(0));
    let file = download(&pantry);
    let read = rows(&file);
    assert_eq!(read[0]["Given names"], "'@SUM(1+1)*cmd");
    assert_eq!(read[0]["Family name"], format!("'{evil}"));
    for row in &read {
        for cell in row.values() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
    }
    // The other way: said by the pantry, it arrives as it was said, and is neutral in the next file.
    let id = read[0]["Referral"].as_str();
    let answer = [("Status", "on-hold"), ("Reason", "'=1+1"), ("Reason code", "other")];
    upload(&pantry, &filled(&file, id, &answer)).expect(200);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["statusReason"]["text"], "=1+1");
    let again = download(&pantry);
    assert_eq!(rows(&again)[0]["Reason"], "'=1+1");
    assert_eq!(counts(&upload(&pantry, &again).expect(200)), [0, 1, 0]);
    gateway.stop();
}

#[test]
fn what_consent_does_not_permit_is_not_in_the_file_and_who_is_suspended_gets_none() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    referred(&gateway, "B-1", false);
    let held = Referral { mrn: "B-2", consent: None, ..Referral::food() };
    clinic.post("/fhir", &held.bundle()).expect(200);
    let other = Referral {
        mrn: "B-3",
        consent: Some(vec![Need::Housing]),
        needs: vec![Need::Housing],
        ..Referral::food()
    };
    clinic.post("/fhir", &other.bundle()).expect(200);
    let file = download(&pantry);
    assert_eq!(rows(&file).len(), 1);
    gateway.admin(&Ask::PartnerSuspend { name: "pantry".parse().unwrap(), suspended: true });
    let before = gateway.count();
    pantry.get("/cbo/v1/referrals.csv").expect(403);
    upload(&pantry, &file).expect(403);
    // Two refusals are two entries, and nothing left.
    assert_eq!(gateway.count(), before + 2);
    clinic.get("/cbo/v1/referrals.csv").expect(403);
    gateway.stranger().get("/cbo/v1/referrals.csv").expect(401);
    gateway.stop();
}

#[test]
fn an_answer_that_was_taken_back_can_be_given_again_in_the_same_words() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let task = referred(&gateway, "B-1", false);
    let accepted = || {
        let file = download(&pantry);
        let row = &rows(&file)[0];
        assert_eq!((row["Status"].as_str(), row["Version"].as_str()), ("new", "1"));
        upload(&pantry, &filled(&file, &row["Referral"], &[("Status", "accepted")])).expect(200)
    };
    assert_eq!(counts(&accepted()), [1, 0, 0]);
    let id = pantry.only_referral();
    pantry.act(&id, "take-back", &json!({})).expect(200);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
    assert_eq!(counts(&accepted()), [1, 0, 0]);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "accepted");
    gateway.stop();
}

#[test]
fn asked_to_stop_a_second_time_it_says_a_second_time_that_it_goes_on() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let task = referred(&gateway, "B-1", false);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    for n in 1..=2 {
        let mut asked = clinic.get(&task).expect(200).json;
        asked["businessStatus"] = json!({ "text": "cancellation requested" });
        asked["statusReason"] = json!({ "text": format!("She moved ({n})") });
        clinic.put(&task, &asked).expect(200);
        let goes = [("Status", "goes-on"), ("Reason code", "other"), ("Reason", "We began")];
        let report = upload(&pantry, &filled(&download(&pantry), &id, &goes)).expect(200);
        assert_eq!(counts(&report), [1, 0, 0], "{n}: {}", report.text);
        let stands = clinic.get(&task).expect(200).json;
        assert_ne!(stands["businessStatus"]["text"], "cancellation requested", "{n}");
    }
    gateway.stop();
}

#[test]
fn how_the_person_is_reached_is_not_in_the_file_of_what_was_declined() {
    let mut gateway = Gateway::start();
    let pantry = gateway.party("pantry");
    referred(&gateway, "B-1", false);
    let id = pantry.only_referral();
    pantry.act(&id, "safe-contact", &json!({ "text": "Text only" })).expect(200);
    assert_eq!(rows(&download(&pantry))[0]["Safe contact"], "Text only");
    let why = json!({ "reason": { "code": "no-capacity" } });
    pantry.act(&id, "decline", &why).expect(200);
    let all = pantry.bytes("/cbo/v1/referrals.csv?status=all");
    assert_eq!(rows(&all)[0]["Safe contact"], "");
    gateway.stop();
}
