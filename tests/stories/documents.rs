//! Either party of a referral adds a document; the other reads it as far as consent lets it, as what it is and
//! as something to save.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR not for a screen";

/// A gateway, the clinic's Task, and the referral that the pantry took on.
fn accepted() -> (Gateway, String, String) {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    (gateway, task, id)
}

fn add(party: &Party, path: &str, (name, media): (&str, &str), bytes: &[u8]) -> Answer {
    let path = format!("{path}/attachments?name={name}");
    party.call("POST", &path, &[("content-type", media)], bytes.to_vec())
}

/// The documents that the clinic's Task names.
fn named(task: &Value) -> Vec<String> {
    let outputs = task["output"].as_array().cloned().unwrap_or_default().into_iter();
    let texts = outputs.filter(|one| one["type"]["text"] == "document");
    texts.map(|one| one["valueReference"]["reference"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_target_adds_its_source_reads_in_its_own_dialect() {
    let (mut gateway, task, id) = accepted();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let path = format!("/cbo/v1/referrals/{id}");
    let added = add(&pantry, &path, ("../Maria%20%C3%9C.png", "image/png"), PNG).expect(201);
    let document = added.json["id"].as_str().unwrap().to_owned();
    let (name, by) = (&added.json["name"], &added.json["by"]);
    assert_eq!((name, by), (&json!("Maria Ü.png"), &json!("pantry")));
    assert_eq!(
        (&added.json["media"], &added.json["bytes"]),
        (&json!("image/png"), &json!(PNG.len()))
    );
    let at = format!("{path}/attachments/{document}");
    assert_eq!(added.location, Some(format!("{}{at}", gateway.base())));
    // Sent again it is the same one.
    let again = add(&pantry, &path, ("Maria%20%C3%9C.png", "image/png"), PNG).expect(201);
    assert_eq!(again.json, added.json);
    assert_eq!(gateway.of_kind("referral.attached").len(), 1);

    // Its own it reads back, as something to save.
    let listed = pantry.get(&format!("{path}/attachments")).expect(200).json;
    assert_eq!(listed, json!({ "attachments": [added.json] }));
    let (status, head) = pantry.head_of("GET", &at, &[]);
    assert_eq!((status, head["content-type"].as_str()), (200, "image/png"));
    assert_eq!(head["x-content-type-options"], "nosniff");
    let wanted = "attachment; filename=\"Maria _.png\"; filename*=UTF-8''Maria%20%C3%9C.png";
    assert_eq!(head["content-disposition"], wanted);
    assert_eq!(head["cache-control"], "no-store");
    assert!(head.contains_key("loopgate-receipt"));

    // The clinic's chart names it, and has it.
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&read["status"], named(&read)),
        (&json!("accepted"), vec![format!("DocumentReference/{document}")])
    );
    let read = clinic.get(&format!("/fhir/DocumentReference/{document}")).expect(200).json;
    let attachment = &read["content"][0]["attachment"];
    assert_eq!(
        (&attachment["title"], &attachment["size"]),
        (&json!("Maria Ü.png"), &json!(PNG.len()))
    );
    assert_eq!(attachment["data"], "iVBORw0KGgoAAAANSUhEUiBub3QgZm9yIGEgc2NyZWVu");
    assert_eq!(read["author"], json!([{ "reference": "Organization/pantry" }]));
    let subject = read["subject"]["reference"].as_str().unwrap();
    clinic.get(&format!("/fhir/{subject}")).expect(200);
    // A search finds it without its bytes.
    let found = clinic.get(&format!("/fhir/DocumentReference?patient={subject}")).expect(200).json;
    assert_eq!(found["entry"].as_array().unwrap().len(), 1, "{found}");
    let found = &found["entry"][0]["resource"];
    assert_eq!((&found["id"], found["content"][0]["attachment"].get("data")), (&read["id"], None));
    let by_output = format!("/fhir/Task?output=DocumentReference/{document}");
    assert_eq!(clinic.get(&by_output).expect(200).json["entry"].as_array().unwrap().len(), 1);

    // Nobody else has it.
    gateway.party("hospital-a").get(&format!("/fhir/DocumentReference/{document}")).expect(404);
    gateway.party("housing").get(&at).expect(404);
    let shown = gateway.of_kind("phi.disclosed");
    let of = |view: &str, to: &str| {
        let found = |one: &&Value| {
            (&one["disclosed"]["view"], &one["disclosed"]["recipient"])
                == (&json!(view), &json!(to))
        };
        shown.iter().filter(found).count()
    };
    assert_eq!([of("attachment", "pantry"), of("document", "clinic-b")], [1, 1]);
    gateway.stop();
}

#[test]
fn what_consent_does_not_let_back_stays_with_who_added_it() {
    let (mut gateway, task, id) = accepted();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let path = format!("/cbo/v1/referrals/{id}");
    let added = add(&pantry, &path, ("note.txt", "text/plain"), b"She came by").expect(201);
    let document = added.json["id"].as_str().unwrap();
    let consents = clinic.get("/fhir/Consent").expect(200).json;
    let mut paper = consents["entry"][0]["resource"].clone();
    paper["status"] = json!("inactive");
    clinic.put(&format!("/fhir/Consent/{}", paper["id"].as_str().unwrap()), &paper).expect(200);
    let read = clinic.get(&task).expect(200);
    assert_eq!(read.json["businessStatus"]["text"], "answer withheld");
    assert!(!read.text.contains(document) && !read.text.contains("note.txt"), "{}", read.text);
    clinic.get(&format!("/fhir/DocumentReference/{document}")).expect(404);
    assert_eq!(clinic.get("/fhir/DocumentReference").expect(200).json["entry"], Value::Null);
    let own = pantry.get(&format!("{path}/attachments/{document}")).expect(200);
    assert_eq!(own.text, "She came by");
    gateway.stop();
}

#[test]
fn a_document_before_any_answer_is_news_that_needs_consent_too() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let path = format!("/cbo/v1/referrals/{id}");
    let added = add(&pantry, &path, ("form.pdf", "application/pdf"), b"%PDF-1.7\n").expect(201);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!((&read["status"], named(&read).len()), (&json!("requested"), 1));
    let told = gateway.of_kind("phi.disclosed");
    let last = told.last().unwrap()["basis"].as_array().unwrap().clone();
    let bases: Vec<&Value> = last.iter().map(|one| &one["basis"]).collect();
    assert_eq!(bases, ["return-to-supplier", "consent"], "{}", added.text);
    gateway.stop();
}

#[test]
fn what_was_said_of_what_its_source_called_off_needs_consent_still() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let path = format!("/cbo/v1/referrals/{}", pantry.only_referral());
    let added = add(&pantry, &path, ("form.txt", "text/plain"), b"A form").expect(201);
    let mut off = clinic.get(&task).expect(200).json;
    off["status"] = json!("cancelled");
    off["statusReason"] = json!({ "text": "She moved" });
    clinic.put(&task, &off).expect(200);
    assert_eq!(named(&clinic.get(&task).expect(200).json).len(), 1);
    let consents = clinic.get("/fhir/Consent").expect(200).json;
    let mut paper = consents["entry"][0]["resource"].clone();
    paper["status"] = json!("inactive");
    clinic.put(&format!("/fhir/Consent/{}", paper["id"].as_str().unwrap()), &paper).expect(200);
    let read = clinic.get(&task).expect(200);
    assert_eq!(read.json["status"], "cancelled");
    assert!(!read.text.contains(added.json["id"].as_str().unwrap()), "{}", read.text);
    gateway.stop();
}

#[test]
fn a_large_one_lies_encrypted_beside_the_log_and_is_there_after_a_restart() {
    let (mut gateway, _, id) = accepted();
    let pantry = gateway.party("pantry");
    let path = format!("/cbo/v1/referrals/{id}");
    let words = "Maria came to the pantry. ".repeat(40_000);
    let added = add(&pantry, &path, ("long.txt", "text/plain"), words.as_bytes()).expect(201);
    let at = format!("{path}/attachments/{}", added.json["id"].as_str().unwrap());
    let files = fs::read_dir(gateway.root().join("data/vault")).unwrap();
    let files: Vec<Vec<u8>> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(files.len() == 1 && files[0].len() > words.len());
    assert!(!files[0].windows(20).any(|window| window == &words.as_bytes()[..20]));
    gateway.stop();
    gateway.serve();
    assert_eq!(gateway.party("pantry").get(&at).expect(200).text, words);
    gateway.stop();
}

#[test]
fn what_is_not_what_it_says_or_too_much_is_not_taken() {
    let mut gateway = Gateway::start_with(&[(["limits", "attachment_bytes_max"], "2000")]);
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let id = pantry.only_referral();
    let path = format!("/cbo/v1/referrals/{id}");
    let before = gateway.kinds();
    for (media, bytes) in [
        ("application/pdf", PNG),
        ("text/plain", PNG),
        ("text/html", b"<script>".as_slice()),
        ("image/svg+xml", b"<svg/>"),
        ("application/zip", b"PK\x03\x04"),
        ("text/plain; charset=windows-1252", b"caf\xe9"),
        ("text/plain", b""),
    ] {
        add(&pantry, &path, ("a", media), bytes).expect(415);
    }
    add(&pantry, &path, ("a", "text/plain"), &[b'a'; 2001]).expect(413);
    let bare = format!("{path}/attachments");
    let text = [("content-type", "text/plain")];
    pantry.call("POST", &bare, &text, b"a".to_vec()).expect(422);
    pantry.call("POST", &format!("{bare}?title=a"), &text, b"a".to_vec()).expect(422);
    pantry.call("DELETE", &bare, &[], Vec::new()).expect(405);
    assert_eq!(gateway.kinds(), before);
    gateway.party("housing").get(&bare).expect(404);
    add(&gateway.party("housing"), &path, ("a", "text/plain"), b"a").expect(404);
    pantry.get(&format!("{bare}/no-such-thing")).expect(404);

    for n in 0..20 {
        let words = format!("number {n}");
        add(&pantry, &path, (&format!("{n}"), "text/plain"), words.as_bytes()).expect(201);
    }
    add(&pantry, &path, ("20", "text/plain"), b"number 20").expect(422);
    assert_eq!(gateway.of_kind("referral.attached").len(), 20);
    gateway.stop();
}

#[test]
fn a_community_organization_that_refers_reads_and_adds_on_its_side() {
    let mut gateway = Gateway::start();
    let actions = "actions = [\"submit\", \"update_back\", ";
    gateway.change_partner("pantry", |text| {
        let text = text.replace("[\"target\"]", "[\"source\", \"target\"]");
        text.replace("actions = [", actions)
    });
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    let mut bundle =
        Referral { consent: Some(vec![Need::Food, Need::Housing]), ..Referral::food() }.bundle();
    let organizations = ["clinic-b", "pantry"]
        .map(|name| json!({ "identifier": { "system": "urn:example:npi", "value": name } }));
    bundle["entry"][1]["resource"]["organization"] = json!(organizations);
    clinic.post("/fhir", &bundle).expect(200);
    let about = json!({ "referral": pantry.only_referral() });
    let body =
        json!({ "to": "housing", "about": about, "need": { "category": "housing-instability" } });
    let json = [("content-type", "application/json")];
    let made = pantry.call("POST", "/cbo/v1/referrals", &json, body.to_string().into_bytes());
    let id = made.expect(201).json["referral_id"].as_str().unwrap().to_owned();
    let (sent, got) = (format!("/cbo/v1/sent/{id}"), format!("/cbo/v1/referrals/{id}"));

    let theirs =
        add(&housing, &got, ("lease.pdf", "application/pdf"), b"%PDF-1.7 lease").expect(201);
    let ours = add(&pantry, &sent, ("letter.txt", "text/plain"), b"She is on time").expect(201);
    let both = json!({ "attachments": [theirs.json, ours.json] });
    for (party, path) in [(&pantry, &sent), (&housing, &got)] {
        assert_eq!(party.get(&format!("{path}/attachments")).expect(200).json, both);
        for (one, text) in [(&theirs, "%PDF-1.7 lease"), (&ours, "She is on time")] {
            let at = format!("{path}/attachments/{}", one.json["id"].as_str().unwrap());
            assert_eq!(party.get(&at).expect(200).text, text);
        }
    }
    // The clinic that referred her to the pantry is no party of this.
    clinic
        .get(&format!("/fhir/DocumentReference/{}", theirs.json["id"].as_str().unwrap()))
        .expect(404);
    gateway.stop();
}
