//! N39, N45, N46, N62, N64: what a resource holds beside what it says.

use serde_json::{Value, json};

use crate::harness::{Browser, Gateway, Need, Party, Referral, consent, letter, patient};

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// What is changed of a consent.
type Change<'c> = &'c dyn Fn(&mut Value);

/// Everything that a target can read of its referrals, as texts.
fn all_that_is_shown(pantry: &Party) -> Vec<String> {
    let mut texts = vec![pantry.get("/cbo/v1/referrals").expect(200).text];
    let page = pantry.get("/fhir/Task").expect(200);
    for row in pantry.inbox() {
        let id = row["referral_id"].as_str().unwrap();
        texts.push(pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).text);
    }
    for entry in page.json["entry"].as_array().unwrap() {
        let task = &entry["resource"];
        for member in ["focus", "for"] {
            let path = format!("/fhir/{}", task[member]["reference"].as_str().unwrap());
            texts.push(pantry.get(&path).expect(200).text);
        }
        texts.push(
            pantry.get(&format!("/fhir/Task/{}", task["id"].as_str().unwrap())).expect(200).text,
        );
    }
    texts.push(page.text);
    texts
}

#[test]
fn n39_what_is_contained() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut bundle = Referral::food().bundle();
    let condition = |id: &str, display: &str| {
        json!({
            "resourceType": "Condition", "id": id,
            "meta": { "security": [{ "system": ACT_CODE, "code": "HIV" }] },
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "86406008", "display": display }] },
            "subject": { "display": "Maria" },
        })
    };
    for (entry, words) in
        [(0, "secret-of-the-patient"), (2, "secret-of-the-request"), (3, "secret-of-the-task")]
    {
        let resource = &mut bundle["entry"][entry]["resource"];
        resource["contained"] =
            json!([condition("named", words), condition("by-extension", words)]);
        // One is referred to by an extension alone.
        resource["extension"] = json!([{ "url": "urn:example:why", "valueReference": { "reference": "#by-extension" } }]);
    }
    bundle["entry"][2]["resource"]["reasonReference"] = json!([{ "reference": "#named" }]);
    bundle["entry"][3]["resource"]["reasonReference"] = json!({ "reference": "#named" });
    let parts = clinic.post("/fhir", &bundle).expect(200);
    let shown = all_that_is_shown(&pantry);
    assert_eq!(shown.len(), 6);
    for text in shown {
        for word in ["secret", "86406008", "HIV", "contained", "urn:example:why", "#named"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    // Whoever brought it has it still.
    assert!(clinic.get(&parts.entry(2)).expect(200).text.contains("secret-of-the-request"));
}

#[test]
fn n45_labels_that_a_sender_would_take_off() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let restricted = json!({ "security": [
        { "system": CONFIDENTIALITY, "code": "R" }, { "system": CONFIDENTIALITY, "code": "U" },
    ] });
    let mut bundle = Referral::food().bundle();
    bundle["entry"][3]["resource"]["meta"] = restricted.clone();
    let parts = clinic.post("/fhir", &bundle).expect(200);
    let task = parts.entry(3);
    // Of two labels the stronger counts, wherever on the referral it is.
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "rejected");
    assert!(pantry.inbox().is_empty());
    let refused = gateway.of_kind("referral.refused");
    assert_eq!(refused.len(), 1);
    // Neither taken off nor lowered later.
    for meta in [json!({ "security": [{ "system": CONFIDENTIALITY, "code": "U" }] }), Value::Null] {
        let mut lowered = read.clone();
        lowered["meta"]["security"] = meta["security"].clone();
        if meta.is_null() {
            lowered["meta"].as_object_mut().unwrap().remove("security").unwrap();
        }
        let answer = clinic.put(&task, &lowered).expect(422);
        assert_eq!(answer.expressions(), ["Task.meta"]);
    }
    let mut request = clinic.get(&parts.entry(2)).expect(200).json;
    request["priority"] = json!("urgent");
    // What is replaced is the source's own, and nothing of it goes back.
    assert_eq!(clinic.put(&parts.entry(2), &request).expect(200).text, "");
    // A label that nobody knows keeps the whole back.
    let mut bundle = Referral { mrn: "B-2", ..Referral::food() }.bundle();
    bundle["entry"][2]["resource"]["meta"] =
        json!({ "security": [{ "system": "urn:own", "code": "X" }] });
    clinic.post("/fhir", &bundle).expect(200);
    assert!(pantry.inbox().is_empty());
    // What passes bears our label, whatever the sender says.
    let mut bundle = Referral { mrn: "B-3", ..Referral::food() }.bundle();
    bundle["entry"][0]["resource"]["meta"] =
        json!({ "security": [{ "system": CONFIDENTIALITY, "code": "U" }] });
    clinic.post("/fhir", &bundle).expect(200);
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let patient = format!("/fhir/{}", placed["for"]["reference"].as_str().unwrap());
    for shown in [placed, pantry.get(&patient).expect(200).json] {
        let labels = shown["meta"]["security"].as_array().unwrap();
        assert_eq!(labels.len(), 1, "{shown}");
        assert_eq!(labels[0], json!({ "system": ACT_CODE, "code": "NORDSCLCD" }));
    }
}

#[test]
fn n46_words_that_would_be_a_page() {
    let (gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let evil = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>";
    let quoted = "\"><b style='background:url(//evil.example)'>&#x202e;</b><a href=\"javascript:x\">\u{202e}";
    let div = |inside: &str| json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inside}</div>") });
    let mut bundle = Referral { owner: Some("mail-pantry"), ..Referral::food() }.bundle();
    for entry in [0, 2, 3] {
        bundle["entry"][entry]["resource"]["text"] = div(evil);
    }
    let person = &mut bundle["entry"][0]["resource"];
    person["name"][0]["family"] = json!(evil);
    person["name"][0]["given"] = json!([quoted]);
    person["telecom"][0]["value"] = json!(format!("+1 555 0142{quoted}"));
    bundle["entry"][2]["resource"]["code"]["coding"][0]["display"] = json!(evil);
    bundle["entry"][3]["resource"]["description"] = json!(evil);
    clinic.post("/fhir", &bundle).expect(200);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    let first = browser.get(&link).expect(200);
    browser.give_pin(&link);
    let whole = browser.get(&link).expect(200);
    assert!(whole.text.contains("&lt;script&gt;alert(1)"), "{}", whole.text);
    browser.act(&link, "accept", "");
    let form = "reason=no-capacity&text=%3Cscript%3Ealert(4)%3C/script%3E%22%3E";
    let version = browser.get(&link).expect(200).version();
    let answered = browser.post(
        &format!("{link}/appointment"),
        &format!("version={version}&date=%22%3E%3Cscript%3E&{form}"),
    );
    for page in [first, whole, answered] {
        let text = page.text.to_lowercase();
        for tag in ["<script", "<img", "<svg", "<b ", "<a href=\"j", " style=\"", "xmlns"] {
            assert!(!text.contains(tag), "{tag}: {}", page.text);
        }
        let csp = page.header("content-security-policy").unwrap();
        assert!(csp.starts_with("default-src 'none'") && !csp.contains("unsafe"), "{csp}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
    // No narrative is passed on, to whom it may concern by FHIR either.
    let pantry = gateway.party("mail-pantry");
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    assert_eq!(placed.get("text"), None);
    for member in ["focus", "for"] {
        let path = format!("/fhir/{}", placed[member]["reference"].as_str().unwrap());
        let read = pantry.get(&path).expect(200);
        assert!(read.json.get("text").is_none() && !read.text.contains("xmlns"), "{}", read.text);
    }
}

#[test]
fn n62_consents_that_say_what_nobody_understands() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let extension = json!([{ "url": "urn:example:negates", "valueBoolean": true }]);
    let mut n = 0;
    let mut send = |change: &dyn Fn(&mut Value)| {
        n += 1;
        let text = Referral::food().bundle().to_string().replace("B-20417", &format!("B-{n}"));
        let mut bundle: Value = serde_json::from_str(&text).unwrap();
        change(&mut bundle["entry"][1]["resource"]);
        clinic.post("/fhir", &bundle)
    };
    let inner = |form: &mut Value| form["provision"]["provision"][0].take();
    // At the door: nothing of it is kept.
    let before = gateway.count();
    let at_the_door: [(&str, u16, Change<'_>); 6] = [
        ("a modifierExtension", 422, &|form| form["modifierExtension"] = extension.clone()),
        ("one inside", 422, &|form| form["provision"]["modifierExtension"] = extension.clone()),
        ("one further inside", 422, &|form| {
            form["provision"]["provision"][0]["actor"][0]["modifierExtension"] = extension.clone();
        }),
        ("no actors", 400, &|form| form["provision"]["provision"][0]["actor"] = json!([])),
        ("an empty actor", 400, &|form| form["provision"]["provision"][0]["actor"] = json!([{}])),
        ("implicitRules", 422, &|form| form["implicitRules"] = json!("urn:example:rules")),
    ];
    for (what, status, change) in at_the_door {
        let answer = send(change);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(gateway.count(), before, "{what}");
    }
    // Inside: it is kept, and the referral waits for somebody to read it.
    let held: [(&str, Change<'_>); 7] = [
        ("an extension beside the status", &|form| {
            form["_status"] = json!({ "extension": extension })
        }),
        ("an extension in place of a type", &|form| {
            let provision = form["provision"].as_object_mut().unwrap();
            provision.remove("type").unwrap();
            provision.insert("_type".to_owned(), json!({ "extension": extension }));
        }),
        ("nested ten deep", &|form| {
            let permit = inner(form);
            let deep =
                (0..10).fold(permit, |inner, _| json!({ "type": "permit", "provision": [inner] }));
            form["provision"] = json!({ "type": "deny", "provision": [deep] });
        }),
        ("nested three deep", &|form| {
            let permit = inner(form);
            form["provision"]["provision"][0] = json!({ "type": "permit", "provision": [permit] });
        }),
        ("a label nobody knows", &|form| {
            form["provision"]["provision"][0]["securityLabel"] =
                json!([{ "system": "urn:own", "code": "X" }]);
        }),
        ("a class of another kind", &|form| {
            form["provision"]["provision"][0]["class"] =
                json!([{ "system": "urn:own", "code": "X" }]);
        }),
        ("data that is related somehow", &|form| {
            form["provision"]["provision"][0]["data"] =
                json!([{ "meaning": "related", "reference": form["patient"] }]);
        }),
    ];
    for (what, change) in held {
        let task = send(change).expect(200).entry(3);
        let read = clinic.get(&task).expect(200).json;
        assert_eq!(read["businessStatus"]["text"], "waiting for consent", "{what}");
        let held = gateway.of_kind("referral.held");
        assert_eq!(held.last().unwrap()["transition"]["held"], "C8", "{what}");
    }
    // More than anybody agreed to is no consent that is taken.
    let before = gateway.count();
    let answer = send(&|form| {
        let permit = form["provision"]["provision"][0].clone();
        form["provision"]["provision"] = json!(vec![permit; 10_000]);
    });
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert_eq!(gateway.count(), before);
    assert!(pantry.inbox().is_empty());
    assert!(gateway.of_kind("referral.sent").is_empty());
}

#[test]
fn n64_a_consent_of_whoever_has_this_number() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let number = json!({ "system": "urn:example:insurer", "value": "I-1" });
    for mrn in ["B-1", "B-2"] {
        let mut person = patient("clinic-b", mrn);
        person["identifier"].as_array_mut().unwrap().push(number.clone());
        clinic.post("/fhir/Patient", &person).expect(201);
    }
    let before = gateway.count();
    let form = || consent("Patient/x", "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    let query = "Patient?identifier=urn:example:insurer|I-1";
    for (who, status) in [
        (json!({ "identifier": number }), 422),
        (json!({ "identifier": number, "type": "Patient" }), 422),
        (json!({ "reference": query }), 422),
        (json!({ "display": "Maria Lindqvist-Okafor" }), 422),
        (json!({ "reference": "#" }), 422),
        (json!({ "reference": "Patient/not-here" }), 422),
        (json!({ "reference": "Group/1" }), 422),
    ] {
        let mut alone = form();
        alone["patient"] = who.clone();
        let answer = clinic.post("/fhir/Consent", &alone);
        assert_eq!(answer.status, status, "{who}: {}", answer.text);
        assert_eq!(answer.expressions()[0], "Consent.patient", "{who}");
        let mut bundle = Referral { mrn: "B-3", ..Referral::food() }.bundle();
        bundle["entry"][1]["resource"]["patient"] = who.clone();
        // In a transaction a condition may be met; by two, it is not clear whose consent it is.
        let status = if who["reference"] == query { 412 } else { status };
        clinic.post("/fhir", &bundle).expect(status);
    }
    assert_eq!(gateway.count(), before);
    assert!(gateway.of_kind("consent.given").is_empty() && pantry.inbox().is_empty());
    // A consent of one of two who look the same is of that one alone.
    let agreed = Referral::food();
    clinic.post("/fhir", &agreed.bundle()).expect(200);
    let other = Referral { mrn: "B-2", consent: None, ..Referral::food() };
    let task = clinic.post("/fhir", &other.bundle()).expect(200).entry(other.task_entry(0));
    assert_eq!(clinic.get(&task).expect(200).json["businessStatus"]["text"], "waiting for consent");
    pantry.only_referral();
}
