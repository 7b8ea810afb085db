//! N72: what other enforcers of consent got wrong (E01 to E17).

use serde_json::{Value, json};

use crate::harness::{Answer, Endpoint, Gateway, Need, Party, Referral, partner_file, patient};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

fn start() -> (Gateway, Party, Party) {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    (gateway, clinic, pantry)
}

/// Sends a referral whose consent is changed so; its Task as its source reads it.
fn with_consent(clinic: &Party, mrn: &'static str, change: impl FnOnce(&mut Value)) -> Value {
    let mut bundle = Referral { mrn, ..Referral::food() }.bundle();
    change(&mut bundle["entry"][1]["resource"]);
    let task = clinic.post("/fhir", &bundle).expect(200).entry(3);
    clinic.get(&task).expect(200).json
}

/// Only GET was filtered, and other answers passed whole.
#[test]
fn e01_no_answer_to_a_write_holds_data() {
    let (gateway, clinic, pantry) = start();
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let silent = |answer: &Answer| {
        for word in ["Maria", "Lindqvist", "Juniper", "555 0142", "1988", "food"] {
            assert!(!answer.text.contains(word), "{word}: {}", answer.text);
        }
    };
    silent(&parts);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for party in [&clinic, &pantry] {
        for path in ["/fhir/Task/_search", "/fhir/Patient/_search", "/fhir/_search"] {
            let answer = party.call("POST", path, &form, b"_id=x".to_vec());
            // A search that is posted is a search: nothing has this id.
            assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.status);
            silent(&answer);
        }
    }
    let prefer = [("content-type", "application/fhir+json"), ("prefer", "return=minimal")];
    let body = |value: &Value| value.to_string().into_bytes();
    silent(
        &clinic
            .call("POST", "/fhir/Patient", &prefer, body(&patient("clinic-b", "B-2")))
            .expect(201),
    );
    let placed = pantry.get("/fhir/Task").expect(200).json["entry"][0]["resource"].clone();
    let path = format!("/fhir/Task/{}", placed["id"].as_str().unwrap());
    let mut accepted = placed.clone();
    accepted["status"] = json!("accepted");
    let moved = pantry.call("PUT", &path, &prefer, body(&accepted)).expect(200);
    assert_eq!(moved.text, "");
    silent(
        &pantry
            .act(placed["identifier"][0]["value"].as_str().unwrap(), "no-show", &json!({}))
            .expect(200),
    );
    let consent = clinic.get(&parts.entry(1)).expect(200).json;
    assert_eq!(clinic.call("PUT", &parts.entry(1), &prefer, body(&consent)).expect(200).text, "");
    drop(gateway);
}

/// A purpose that nobody named became treatment.
#[test]
fn e03_no_purpose_is_no_purpose() {
    let (gateway, clinic, pantry) = start();
    let purpose = |form: &mut Value| {
        form["provision"]["provision"][0].as_object_mut().unwrap().remove("purpose")
    };
    let task = with_consent(&clinic, "B-1", |form| drop(purpose(form)));
    assert_eq!(task["status"], "rejected");
    assert_eq!(gateway.of_kind("referral.refused")[0]["transition"]["reason"], "consent-denied");
    // Nor is treatment what the pantry does.
    let task = with_consent(&clinic, "B-2", |form| {
        form["provision"]["provision"][0]["purpose"][0]["code"] = json!("TREAT");
    });
    assert_eq!(task["status"], "rejected");
    assert!(pantry.inbox().is_empty());
}

/// The decision about one person was applied to another's entry, by position.
#[test]
fn e04_each_entry_is_decided_by_itself() {
    let (_gateway, clinic, pantry) = start();
    let mrns = ["B-1", "B-2", "B-3", "B-4", "B-5"];
    let parts = mrns.map(|mrn| {
        let mut bundle = Referral { mrn, ..Referral::food() }.bundle();
        bundle["entry"][0]["resource"]["telecom"][0]["value"] = json!(format!("phone of {mrn}"));
        clinic.post("/fhir", &bundle).expect(200)
    });
    for n in [0, 1, 3] {
        let path = parts[n].entry(1);
        let mut form = clinic.get(&path).expect(200).json;
        form["status"] = json!("inactive");
        clinic.put(&path, &form).expect(200);
    }
    let page = pantry.get("/fhir/Task").expect(200).json;
    let shown: Vec<String> = page["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("/fhir/{}", one["resource"]["for"]["reference"].as_str().unwrap()))
        .collect();
    let phones: Vec<String> = shown
        .iter()
        .map(|path| {
            pantry.get(path).expect(200).json["telecom"][0]["value"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(phones, ["phone of B-3", "phone of B-5"]);
    assert_eq!(shown, [parts[2].entry(0), parts[4].entry(0)]);
    assert_eq!(pantry.inbox().len(), 2);
    for n in [0, 1, 3] {
        pantry.get(&parts[n].entry(0)).expect(404);
    }
}

/// Identifiers of one person were given to another: A, A, B.
#[test]
fn e05_each_keeps_its_own_identifiers() {
    let (gateway, clinic, pantry) = start();
    let mut bundle = Referral { mrn: "B-1", ..Referral::food() }.bundle();
    // Two referrals of one person with consent, and one of another without, in one Bundle.
    let more = Referral { mrn: "B-1", consent: None, ..Referral::food() }.bundle();
    let theirs = Referral { mrn: "B-2", consent: None, ..Referral::food() }.bundle();
    let entries = bundle["entry"].as_array_mut().unwrap();
    for (n, other) in [(1, &more), (2, &theirs)] {
        let text = other["entry"].to_string().replace("4b0e-9d1a", &format!("4b0e-9d1{n}"));
        let mut others: Vec<Value> = serde_json::from_str(&text).unwrap();
        others[2]["resource"]["identifier"][0]["value"] = json!(format!("R-{n}"));
        if n == 1 {
            // The same Patient, by its own entry of this Bundle.
            let first = entries[0]["fullUrl"].clone();
            others[1]["resource"]["subject"]["reference"] = first.clone();
            others[2]["resource"]["for"]["reference"] = first;
            others.remove(0);
        }
        entries.extend(others);
    }
    let answer = clinic.post("/fhir", &bundle).expect(200);
    assert_eq!(gateway.of_kind("patient.registered").len(), 2);
    assert_eq!(pantry.inbox().len(), 2);
    let last = clinic.get(&answer.entry(8)).expect(200).json;
    assert_eq!(last["businessStatus"]["text"], "waiting for consent");
    assert_eq!(clinic.get(&answer.entry(6)).expect(200).json["identifier"][0]["value"], "B-2");
    pantry.get(&answer.entry(0)).expect(200);
    pantry.get(&answer.entry(6)).expect(404);
}

/// A deny that could not be read was left out, and a permit won.
#[test]
fn e07_a_no_that_cannot_be_read_is_a_no() {
    let (gateway, clinic, pantry) = start();
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let path = format!("/cbo/v1/referrals/{}", pantry.only_referral());
    let mut second = clinic.get(&parts.entry(1)).expect(200).json;
    let members = second.as_object_mut().unwrap();
    members.remove("id");
    members.remove("meta");
    second["provision"] = json!({ "type": "permit", "provision": [
        { "type": "deny", "provision": [{ "type": "deny" }] },
    ] });
    clinic.post("/fhir/Consent", &second).expect(201);
    assert!(pantry.inbox().is_empty());
    pantry.get(&path).expect(404);
    assert_eq!(gateway.of_kind("phi.denied").last().unwrap()["basis"]["reason"], "C8");
    pantry.get(&parts.entry(0)).expect(404);
}

/// A consent that names no kind of data matched all of it.
#[test]
fn e08_what_is_not_named_is_not_permitted() {
    let (gateway, clinic, pantry) = start();
    for (mrn, member) in [("B-1", "code"), ("B-2", "actor"), ("B-3", "purpose")] {
        let task = with_consent(&clinic, mrn, |form| {
            form["provision"]["provision"][0].as_object_mut().unwrap().remove(member).unwrap();
        });
        assert_eq!(task["status"], "rejected", "{member}");
    }
    let refused = gateway.of_kind("referral.refused");
    assert_eq!(refused.len(), 3);
    // A permit at the root that selects nothing permits nothing.
    let task = with_consent(&clinic, "B-4", |form| form["provision"] = json!({ "type": "permit" }));
    assert_eq!(task["businessStatus"]["text"], "waiting for consent");
    assert!(pantry.inbox().is_empty());
}

/// The type of what is nested was ignored: every exception turned the base round.
#[test]
fn e09_a_nested_no_is_a_no() {
    let (_gateway, clinic, pantry) = start();
    for (mrn, root) in [("B-1", "permit"), ("B-2", "deny")] {
        let task = with_consent(&clinic, mrn, |form| {
            let permit = form["provision"]["provision"][0].clone();
            let mut deny =
                json!({ "type": "deny", "actor": permit["actor"], "code": permit["code"] });
            deny["purpose"] = permit["purpose"].clone();
            form["provision"]["type"] = json!(root);
            form["provision"]["provision"] = json!([permit, deny]);
        });
        assert_eq!(task["status"], "rejected", "{root}");
    }
    assert!(pantry.inbox().is_empty());
    // And a nested yes under a no is one.
    with_consent(&clinic, "B-3", |_| {});
    pantry.only_referral();
}

/// What was labelled was shown and what was not was hidden; or the other way round.
#[test]
fn e10_labels_keep_back_what_they_label() {
    let (_gateway, clinic, pantry) = start();
    let send = |mrn: &'static str, label: Option<Value>, granted: Option<Value>| {
        let mut bundle = Referral { mrn, ..Referral::food() }.bundle();
        if let Some(label) = label {
            bundle["entry"][2]["resource"]["meta"] = json!({ "security": [label] });
        }
        if let Some(granted) = granted {
            bundle["entry"][1]["resource"]["provision"]["provision"][0]["securityLabel"] =
                json!([granted]);
        }
        let task = clinic.post("/fhir", &bundle).expect(200).entry(3);
        let status = clinic.get(&task).expect(200).json["status"].clone();
        status.as_str().unwrap().to_owned()
    };
    let level = |code: &str| json!({ "system": CONFIDENTIALITY, "code": code });
    let about = |code: &str| json!({ "system": ACT_CODE, "code": code });
    for (mrn, label, granted, status) in [
        ("B-1", None, None, "requested"),
        ("B-2", Some(level("N")), None, "requested"),
        ("B-3", Some(level("L")), None, "requested"),
        ("B-4", Some(level("R")), None, "rejected"),
        ("B-5", Some(level("V")), None, "rejected"),
        ("B-6", Some(level("R")), Some(level("R")), "requested"),
        ("B-7", Some(level("V")), Some(level("R")), "rejected"),
        // What is not labelled is taken for normal, not for free.
        ("B-8", None, Some(level("L")), "rejected"),
        ("B-9", Some(about("HIV")), None, "rejected"),
        ("B-10", Some(about("HIV")), Some(level("R")), "rejected"),
    ] {
        assert_eq!(send(mrn, label, granted), status, "{mrn}");
    }
    assert_eq!(pantry.inbox().len(), 4);
}

/// What is here was found by its relative name and not by its absolute one, or the other way round.
#[test]
fn e13_one_thing_has_one_name() {
    let (gateway, clinic, pantry) = start();
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let theirs = parts.entry(0).trim_start_matches("/fhir/").to_owned();
    let base = format!("{}/fhir", gateway.base());
    let hospital = gateway.party("hospital-a");
    let before = gateway.count();
    // Another source's Patient is none of the hospital's, however it is spelt.
    for name in [
        theirs.clone(),
        format!("{base}/{theirs}"),
        format!("{theirs}/_history/1"),
        format!("{base}/{theirs}/_history/1"),
    ] {
        let mut bundle = Referral { source: "hospital-a", mrn: "A-1", ..Referral::food() }.bundle();
        bundle["entry"][2]["resource"]["subject"] = json!({ "reference": name });
        bundle["entry"][3]["resource"]["for"] = json!({ "reference": name });
        hospital.post("/fhir", &bundle).expect(422);
    }
    assert_eq!(gateway.count(), before);
    // To its own source both are the same person.
    for (mrn, name) in [("B-2", theirs.clone()), ("B-3", format!("{base}/{theirs}"))] {
        let mut bundle = Referral { mrn, consent: None, ..Referral::food() }.bundle();
        bundle["entry"].as_array_mut().unwrap().remove(0);
        bundle["entry"][0]["resource"]["subject"] = json!({ "reference": name });
        bundle["entry"][1]["resource"]["for"] = json!({ "reference": name });
        clinic.post("/fhir", &bundle).expect(200);
    }
    assert_eq!(pantry.inbox().len(), 3, "her consent covers them");
    for query in [format!("patient={theirs}"), format!("patient={base}/{theirs}")] {
        let page = clinic.get(&format!("/fhir/Task?{query}")).expect(200).json;
        assert_eq!(page["entry"].as_array().map(Vec::len), Some(3), "{query}");
    }
    let other = format!("/fhir/Task?patient=https://other.example/fhir/{theirs}");
    assert!(clinic.get(&other).expect(200).json["entry"].is_null());
}

/// Access was checked at the first hop of a link between persons, and lost after it.
#[test]
fn e15_a_link_between_patients_carries_nobodys_consent() {
    let (gateway, clinic, pantry) = start();
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let maria = parts.entry(0).trim_start_matches("/fhir/").to_owned();
    let hospital = gateway.party("hospital-a");
    let base = format!("{}/fhir", gateway.base());
    let mut waiting = 0;
    for (n, name) in [maria.clone(), format!("{base}/{maria}")].into_iter().enumerate() {
        for kind in ["seealso", "replaces", "replaced-by", "refer"] {
            let mrn: &'static str = ["A-1", "A-2"][n];
            let mut bundle =
                Referral { source: "hospital-a", mrn, consent: None, ..Referral::food() }.bundle();
            bundle["entry"][0]["resource"]["link"] =
                json!([{ "other": { "reference": name }, "type": kind }]);
            bundle["entry"][2]["resource"]["identifier"][0]["value"] =
                json!(format!("{mrn}-{kind}"));
            let answer = hospital.post("/fhir", &bundle);
            assert!(matches!(answer.status, 200 | 422), "{}", answer.text);
            waiting += usize::from(answer.status == 200);
        }
    }
    assert_eq!(pantry.inbox().len(), 1);
    assert!(gateway.of_kind("patient.linked").is_empty());
    assert_eq!(gateway.of_kind("referral.held").len(), waiting);
    hospital.get(&parts.entry(0)).expect(404);
}

/// What was pushed passed no decision.
#[test]
fn e16_a_push_is_a_release_like_any_other() {
    let gateway = Gateway::start_with(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let endpoint = Endpoint::open(&gateway.root());
    gateway.add_partner(
        "push-pantry",
        &partner_file("push-pantry", "target", &endpoint.channel("/in")),
    );
    let clinic = gateway.party("clinic-b");
    let send = |mrn: &'static str, consent: Option<Vec<Need>>, period| {
        let referral =
            Referral { mrn, consent, period, owner: Some("push-pantry"), ..Referral::food() };
        clinic.post("/fhir", &referral.bundle()).expect(200);
    };
    let year = ("2026-11-20", "2027-11-20");
    send("B-1", None, year);
    send("B-2", Some(vec![Need::Housing]), year);
    send("B-3", Some(vec![Need::Food]), ("2026-01-01", "2026-06-30"));
    // Two that may go, so that whatever was due before them has gone.
    send("B-4", Some(vec![Need::Food]), year);
    let first = endpoint.next();
    send("B-5", Some(vec![Need::Food]), year);
    let second = endpoint.next();
    assert_ne!(first.key, second.key);
    assert!(endpoint.waiting().is_empty());
    // Less than the minimum necessary for food is in neither.
    for push in [first, second] {
        let text = push.json.to_string();
        for hidden in ["1988-04-02", "Juniper", "B-4", "B-5", "urn:example:clinic-b"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
        assert_eq!(push.json["need"]["category"], "food-insecurity");
    }
    let shown = gateway.of_kind("phi.disclosed");
    let pushed = shown.iter().filter(|one| one["disclosed"]["recipient"] == "push-pantry");
    assert_eq!(pushed.count(), 2);
}
