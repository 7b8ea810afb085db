//! A county's hub in the shape of the 211 CIE Hub reads a referral and says what became of it in its own
//! words, by its own paths: outcomes, interventions, local times, empty strings.

use loopgate_mapping::{Constants, Library};
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, Endpoint, Gateway, Party, Referral, letter, partner_file};

/// The pantry's system speaks the hub's dialect, from California.
fn hub() -> Gateway {
    let gateway = Gateway::start();
    gateway.change_partner("pantry", |text| {
        let text = text.replace("\"cbo-json\"", "\"cie-hub\"");
        let zone = "time_zone = \"America/Los_Angeles\"";
        let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("time_zone")).collect();
        format!("{zone}\n{}\n", text.join("\n"))
    });
    gateway
}

fn refer(gateway: &Gateway, referral: &Referral) -> (Party, String) {
    let clinic = gateway.party("clinic-b");
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    (clinic, task)
}

fn only(pantry: &Party) -> Value {
    let rows =
        pantry.get("/v1/referrals").expect(200).json["referrals"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1);
    rows[0].clone()
}

fn post(pantry: &Party, id: &str, door: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    let path = format!("/v1/referrals/{id}/{door}");
    pantry.call("POST", &path, &json, body.to_string().into_bytes())
}

fn outcome(id: &str, status: &str, when: &str, notes: &str) -> Value {
    json!({
        "referralId": id,
        "outcomeId": "out-7",
        "createdFromAssessmentId": "",
        "dateTime": when,
        "domain": "Economic Stability",
        "subDomain": "Food Insecurity",
        "organizationName": "Fernhill Pantry",
        "status": status,
        "notes": notes,
    })
}

#[test]
fn a_referral_is_worked_to_its_end_in_the_hubs_own_words() {
    let mut gateway = hub();
    let (clinic, task) =
        refer(&gateway, &Referral { contact_prohibited: true, ..Referral::food() });
    let pantry = gateway.party("pantry");
    let row = only(&pantry);
    assert_eq!(
        (&row["domain"], &row["subDomain"], &row["status"], &row["contactRestriction"]),
        (
            &json!("Economic Stability"),
            &json!("Food Insecurity"),
            &json!("Received"),
            &json!("Do Not Contact")
        )
    );
    // It was placed at 10:00 UTC.
    assert_eq!(row["dateTime"], "11/22/2026 2:00:00 AM");
    let id = row["referralId"].as_str().unwrap().to_owned();
    for path in [format!("/v1/referrals/{id}"), format!("/cbo/v1/referrals/{id}")] {
        let read = pantry.get(&path).expect(200).json;
        assert_eq!(read["client"]["lastName"], "Lindqvist-Okafor");
        assert_eq!(read["contactRestriction"], "Do Not Contact");
        assert_eq!(read.get("referral_id"), None);
    }

    let stands = || {
        let read = clinic.get(&task).expect(200).json;
        read["status"].as_str().unwrap().to_owned()
    };
    // That it came is no news.
    let said = post(&pantry, &id, "outcomes", &outcome(&id, "Received", "", "")).expect(200);
    assert_eq!((said.json["status"].as_str(), stands().as_str()), (Some("Received"), "requested"));
    let started = outcome(&id, "Work Started", "11/22/2026 2:00:00 AM", "");
    let said = post(&pantry, &id, "outcomes", &started).expect(200).json;
    assert_eq!((said["status"].as_str(), stands().as_str()), (Some("Work Started"), "accepted"));
    assert_eq!(said["not_carried"], json!(["organizationName"]));
    let words = "Appointment was scheduled on 11/27 at noon";
    let when = "11/22/2026 2:00:00 AM";
    let scheduled = outcome(&id, "Assistance Initiated/Scheduled", when, words);
    let said = post(&pantry, &id, "outcomes", &scheduled).expect(200).json;
    // The time of an appointment in words is not guessed: it stays a comment, and is named.
    assert_eq!(said["not_carried"], json!(["organizationName", "Appointment.start"]));
    assert_eq!(stands(), "in-progress");
    assert_eq!(gateway.of_kind("referral.comment").len(), 1);
    assert_eq!(gateway.of_kind("referral.appointment").len(), 0);

    let complete = outcome(&id, "Complete", "11/22/2026 1:59:00 AM", "Food box for four");
    let said = post(&pantry, &id, "outcomes", &complete).expect(200).json;
    assert_eq!((said["status"].as_str(), stands().as_str()), (Some("Complete"), "completed"));
    let output = clinic.get(&task).expect(200).json["output"][0].clone();
    let procedure = format!("/fhir/{}", output["valueReference"]["reference"].as_str().unwrap());
    let procedure = clinic.get(&procedure).expect(200).json;
    assert_eq!(procedure["code"]["text"], "Food box for four");
    assert_eq!(procedure["performedDateTime"], "2026-11-22T09:59:00.000Z");

    // The mapping by which it was shown is named, by the SHA-256 of its file.
    let digest = Library::builtin();
    let digest = digest.mapping("cie-hub/referral").unwrap().digest();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = gateway.of_kind("phi.disclosed");
    let to_pantry: Vec<&Value> = shown
        .iter()
        .map(|one| &one["disclosed"])
        .filter(|one| one["recipient"] == "pantry")
        .collect();
    assert!(!to_pantry.is_empty());
    assert!(to_pantry.iter().all(|one| one["mapping"] == digest), "{to_pantry:?}");
    gateway.stop();
}

#[test]
fn a_document_by_its_own_name_is_taken_once() {
    let mut gateway = hub();
    refer(&gateway, &Referral::food());
    let pantry = gateway.party("pantry");
    let id = only(&pantry)["referralId"].as_str().unwrap().to_owned();
    let started = outcome(&id, "Work Started", "11/22/2026 2:00:00 AM", "Called her");
    let first = post(&pantry, &id, "outcomes", &started).expect(200);
    let complete = outcome(&id, "Complete", "", "");
    let last = post(&pantry, &id, "outcomes", &complete).expect(200);
    let count = gateway.count();
    // Resent late, in another order of its members: the first answer, and nothing happens.
    let members = started.as_object().unwrap().iter().rev();
    let members: Vec<String> =
        members.map(|(name, said)| format!("{} : {said}", json!(name))).collect();
    let json = [("content-type", "application/json")];
    let path = format!("/v1/referrals/{id}/outcomes");
    let turned = format!("{{ {} }}", members.join(", "));
    let again = pantry.call("POST", &path, &json, turned.into_bytes()).expect(200);
    assert_eq!(again.json, first.json);
    assert_eq!(
        post(&pantry, &id, "outcomes", &complete).expect(200).json["status"],
        last.json["status"]
    );
    assert_eq!(gateway.count(), count);
    // Said anew, it would undo what is over.
    post(&pantry, &id, "outcomes", &outcome(&id, "Work Started", "", "Again")).expect(409);
    gateway.stop();
}

#[test]
fn what_was_given_is_no_comment_when_it_is_said_again() {
    let mut gateway = hub();
    refer(&gateway, &Referral::food());
    let pantry = gateway.party("pantry");
    let id = only(&pantry)["referralId"].as_str().unwrap().to_owned();
    let mut complete = outcome(&id, "Complete", "", "Food box for four");
    for name in ["out-7", "out-8"] {
        complete["outcomeId"] = json!(name);
        post(&pantry, &id, "outcomes", &complete).expect(200);
    }
    assert!(gateway.of_kind("referral.comment").is_empty());
    assert_eq!(gateway.of_kind("referral.outcome").len(), 1);
    gateway.stop();
}

#[test]
fn what_was_provided_closes_the_loop_and_other_interventions_do_not() {
    let mut gateway = hub();
    let (clinic, task) = refer(&gateway, &Referral::food());
    let pantry = gateway.party("pantry");
    let id = only(&pantry)["referralId"].as_str().unwrap().to_owned();
    let say = |kind: &str, what: &str, notes: &str| {
        let body = json!({ "domain": "Food Insecurity", "interventionType": kind, "intervention": what, "notes": notes });
        post(&pantry, &id, "interventions", &body)
    };
    let said =
        say("Education", "Class on cooking for four", "She will come on Tuesday").expect(200).json;
    assert_eq!(said["status"], "Assistance Initiated/Scheduled");
    assert_eq!(said["not_carried"], json!(["interventionType"]));
    assert_eq!(gateway.of_kind("referral.note").len(), 1);
    say("Provision", "Provision of food", "").expect(200);
    say("Provision", "Provision of diapers", "").expect(200);
    let count = gateway.of_kind("referral.outcome-corrected").len();
    say("Provision", "Provision of food", "").expect(200);
    assert_eq!(gateway.of_kind("referral.outcome-corrected").len(), count);
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "completed");
    let outputs = read["output"].as_array().unwrap();
    let given: Vec<String> = outputs
        .iter()
        .map(|one| {
            let path = format!("/fhir/{}", one["valueReference"]["reference"].as_str().unwrap());
            let procedure = clinic.get(&path).expect(200).json;
            assert_eq!(procedure["code"]["coding"][0]["code"], "Provision");
            procedure["code"]["text"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(given, ["Provision of food", "Provision of diapers"]);
    // What has no act in the file is not guessed at.
    let odd = say("Miracle", "x", "").expect(422);
    assert!(odd.text.contains("says nothing that has an act in this dialect"), "{}", odd.text);
    gateway.stop();
}

#[test]
fn what_is_not_clear_is_refused_and_nothing_happens() {
    let mut gateway = hub();
    refer(&gateway, &Referral::food());
    let pantry = gateway.party("pantry");
    let id = only(&pantry)["referralId"].as_str().unwrap().to_owned();
    let count = gateway.count();
    let other = "ref_00000000000000000000000000000000";
    let refused = |change: &[(&str, Value)], words: &str| {
        let mut body = outcome(&id, "Work Started", "11/22/2026 2:00:00 AM", "");
        for (member, value) in change {
            body[*member] = value.clone();
        }
        let answer = post(&pantry, &id, "outcomes", &body).expect(422);
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    };
    // The clocks went back on 1 November 2026, and forward on 8 March.
    refused(
        &[("dateTime", json!("11/1/2026 1:30:00 AM"))],
        "is a local time that the clocks show twice",
    );
    refused(&[("dateTime", json!("3/8/2026 2:30:00 AM"))], "is a local time that the clocks skip");
    refused(&[("dateTime", json!("yesterday"))], "is not of its form");
    refused(&[("referralId", json!(other))], "names another referral than the path");
    refused(&[("referralId", json!(""))], "is missing");
    refused(&[("domain", json!("Education Access and Quality"))], "would get two different values");
    refused(
        &[
            ("domain", json!("Neighborhood and Built Environment")),
            ("subDomain", json!("Transportation Insecurity")),
        ],
        "is not what the referral is for",
    );
    refused(&[("subDomain", json!("Hunger"))], "has a code without an entry in the value table");
    refused(&[("status", json!("Rejected"))], "has a code without an entry in the value table");
    post(&pantry, &id, "outcome", &outcome(&id, "Complete", "", "")).expect(404);
    post(&pantry, other, "outcomes", &outcome(other, "Complete", "", "")).expect(404);
    assert_eq!(pantry.call("DELETE", "/v1/referrals", &[], Vec::new()).status, 405);
    // Somebody else's, who speaks the same dialect or not, is not there.
    let housing = gateway.party("housing");
    post(&housing, &id, "outcomes", &outcome(&id, "Complete", "", "")).expect(404);
    let kinds = gateway.kinds();
    assert!(!kinds.iter().any(|kind| kind == "referral.accepted"), "{kinds:?}");
    assert!(gateway.count() >= count);
    gateway.stop();
}

#[test]
fn a_push_in_every_dialect_says_that_contact_is_prohibited() {
    let mut gateway = Gateway::start_with(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let endpoint = Endpoint::open(&gateway.root());
    let channel = endpoint.channel("/in");
    gateway.add_partner("push-pantry", &partner_file("push-pantry", "target", &channel));
    let clinic = gateway.party("clinic-b");
    let library = Library::builtin();
    let mut speaks = "cbo-json".to_owned();
    for (n, dialect) in library.dialects().enumerate() {
        gateway.change_partner("push-pantry", |text| {
            text.replace(&format!("dialect = \"{speaks}\""), &format!("dialect = \"{dialect}\""))
        });
        dialect.clone_into(&mut speaks);
        let mrn = ["D-0", "D-1", "D-2", "D-3", "D-4", "D-5"][n];
        let owner = Some("push-pantry");
        let silent = Referral { mrn, owner, contact_prohibited: true, ..Referral::food() };
        clinic.post("/fhir", &silent.bundle()).expect(200);
        let pushed = endpoint.next().json;
        let constants: Constants = [("referral", "urn:loopgate:referral")].into_iter().collect();
        let mapping = library.mapping(&format!("{dialect}/referral")).unwrap();
        let read = mapping.read(&pushed, &constants).unwrap().pivot;
        let detail = &read["ServiceRequest"]["orderDetail"][0]["coding"][0]["code"];
        assert_eq!(detail, "contacting-subject-prohibited", "{dialect}: {pushed}");
    }
    gateway.stop();
}

#[test]
fn the_page_is_the_same_whatever_the_dialect() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.change_partner("mail-pantry", |text| text.replace("\"cbo-json\"", "\"cie-hub\""));
    let clinic = gateway.party("clinic-b");
    let silent =
        Referral { owner: Some("mail-pantry"), contact_prohibited: true, ..Referral::food() };
    clinic.post("/fhir", &silent.bundle()).expect(200);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    let page = browser.get(&link).expect(200).text;
    assert!(page.contains("Do not contact the person.") && page.contains("+1 555 0142"));
    gateway.stop();
}
