//! A partner nobody has heard of is a folder and a sample: no code. It reads a referral, accepts it and says
//! that it was served, all in its own dialect.

use std::fs;

use loopgate_consent::Groups;
use loopgate_mapping::{Constants, Library};
use serde_json::{Value, json};

use crate::harness::{Gateway, Referral};

const REFERRAL: &str = r#"
[mapping]
name = "harvest-share/referral"
version = 1
left = "fhir"
right = "json"

[rows]
must = [
  { left = "Task.identifier.where(system=%referral).value", right = "Case.Number" },
  { left = "ServiceRequest.category.where(coding.system='http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes').coding.where(system='http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes').code", right = "Case.Wants", group = "need" },
  { left = "Task.status", right = "Case.Stage", group = "status", codes = "task-status/harvest-share" },
]
safety = [
  { left = "ServiceRequest.orderDetail.where(coding.code='contacting-subject-prohibited').coding.where(code='contacting-subject-prohibited').code", right = "Case.Hush", group = "need", codes = "contact/harvest-share" },
]
may = [
  { left = "Patient.name.family", right = "Neighbor.Last", group = "identity" },
  { left = "Patient.name.given", right = "Neighbor.First[]", group = "identity" },
  { left = "Patient.telecom.where(system='phone').value", right = "Neighbor.Call", group = "contact" },
]
first = ["Patient.name"]
"#;

const STATUS: &str = r#"
[mapping]
name = "harvest-share/status"
version = 1
left = "fhir"
right = "json"

[acts]
of = "Stage"
words = [
  { said = "seed",     act = "none" },
  { said = "sprout",   act = "accept" },
  { said = "growing",  act = "start" },
  { said = "wilted",   act = "not-served" },
  { said = "compost",  act = "decline" },
  { said = "harvest",  act = "served" },
]

[rows]
must = [
  { left = "Task.identifier.where(system=%referral).value", right = "Number" },
  { left = "Task.status", right = "Stage", group = "status", codes = "task-status/harvest-share" },
]
may = [
  { left = "Task.statusReason.text", right = "Because", group = "status" },
  { left = "Procedure.code.text", right = "Basket", group = "status" },
  { left = "Procedure.performedDateTime", right = "Handed", group = "status" },
  { left = "Task.note.text", right = "Diary", group = "note" },
]
first = ["Task.note"]
"#;

const STAGES: &str = r#"
[both]
requested   = "seed"
accepted    = "sprout"
in-progress = "growing"
completed   = "harvest"
failed      = "wilted"
rejected    = "compost"
"#;

const HUSH: &str = "[both]\ncontacting-subject-prohibited = \"yes\"\n";

/// A sample: what the dialect says, and nothing that is lost of it.
const SAMPLE: &str = r#"{
  "Case": { "Number": "ref_0001", "Wants": "food-insecurity", "Stage": "seed", "Hush": "yes" },
  "Neighbor": { "Last": "Umberlake", "First": ["Tamsin"], "Call": "+1 555 0117" }
}"#;

fn files() -> [(&'static str, &'static str); 5] {
    [
        ("harvest-share/referral.toml", REFERRAL),
        ("harvest-share/status.toml", STATUS),
        ("codes/task-status/harvest-share.toml", STAGES),
        ("codes/contact/harvest-share.toml", HUSH),
        ("harvest-share/samples/referral-full/right.json", SAMPLE),
    ]
}

/// The partner's folder, in the deployment's mappings.
fn write(gateway: &Gateway, without: &str) {
    for (path, text) in files().iter().filter(|(path, _)| *path != without) {
        let path = gateway.root().join("mappings").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn speaking(text: String) -> String {
    text.replace("\"cbo-json\"", "\"harvest-share\"")
}

#[test]
fn a_folder_and_a_sample_are_a_new_partner() {
    let mut gateway = Gateway::start();
    gateway.stop();
    write(&gateway, "");
    // The sample comes back as it is.
    let library = Library::load(&gateway.root().join("mappings")).unwrap();
    let constants: Constants = [("referral", "urn:loopgate:referral")].into_iter().collect();
    let mapping = library.mapping("harvest-share/referral").unwrap();
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let read = mapping.read(&sample, &constants).unwrap();
    assert_eq!(read.not_carried, [""; 0]);
    assert_eq!(mapping.write(&read.pivot, &Groups::all(), &constants).unwrap().document, sample);
    let partner = gateway.root().join("partners/pantry.toml");
    fs::write(&partner, speaking(fs::read_to_string(&partner).unwrap())).unwrap();
    gateway.serve();

    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral { contact_prohibited: true, ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let row = pantry.inbox().remove(0);
    let id = row["Case"]["Number"].as_str().unwrap().to_owned();
    assert_eq!(
        row,
        json!({ "Case": { "Number": id, "Wants": "food-insecurity", "Stage": "seed", "Hush": "yes" } })
    );
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
    assert_eq!(
        read["Neighbor"],
        json!({ "Last": "Lindqvist-Okafor", "First": ["Maria"], "Call": "+1 555 0142" })
    );
    assert_eq!(read["Case"]["Hush"], "yes");

    let say = |body: Value| pantry.act(&id, "say", &body);
    let said = say(json!({ "Number": id, "Stage": "sprout" })).expect(200);
    assert_eq!((&said.json["Number"], &said.json["Stage"]), (&json!(id), &json!("sprout")));
    // Said again, it is so already.
    say(json!({ "Number": id, "Stage": "sprout", "Diary": "" })).expect(200);
    // The words of our own dialect are not this one's.
    say(json!({ "referral_id": id, "status": "accepted" })).expect(422);
    say(json!({ "Number": id, "Stage": "harvested" })).expect(422);
    say(json!({ "Number": id, "Stage": "growing", "Diary": "She has no oven" })).expect(200);
    let handed = json!({ "Number": id, "Stage": "harvest", "Basket": "Two crates", "Handed": "2026-11-22T09:00:00Z" });
    let said = say(handed).expect(200).json;
    assert_eq!((&said["Stage"], said.get("not_carried")), (&json!("harvest"), None));

    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "completed");
    let procedure = read["output"][0]["valueReference"]["reference"].as_str().unwrap().to_owned();
    let procedure = clinic.get(&format!("/fhir/{procedure}")).expect(200).json;
    assert_eq!(
        (&procedure["code"]["text"], &procedure["performedDateTime"]),
        (&json!("Two crates"), &json!("2026-11-22T09:00:00.000Z"))
    );
    let kinds = gateway.kinds();
    for kind in ["referral.accepted", "referral.comment", "referral.outcome"] {
        assert_eq!(kinds.iter().filter(|one| *one == kind).count(), 1, "{kind}: {kinds:?}");
    }
    gateway.stop();
}

#[test]
fn our_own_dialect_is_said_by_the_same_door() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral::food();
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let id = pantry.only_referral();
    let say = |body: Value| pantry.act(&id, "say", &body);
    say(json!({ "referral_id": id, "status": "in-progress", "appointment": { "start": "2026-11-27T16:00:00Z" } })).expect(200);
    assert_eq!(
        clinic.get(&task).expect(200).json["businessStatus"]["text"],
        "appointment scheduled"
    );
    say(json!({ "referral_id": id, "status": "withdrawn" })).expect(409);
    // One word for both: what was taken on is given back.
    let why = json!({ "code": "no-capacity", "text": "The oven broke" });
    let said = say(json!({ "referral_id": id, "status": "declined", "reason": why })).expect(200);
    assert_eq!(said.json["status"], "cancelled");
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (
            &read["status"],
            &read["statusReason"]["text"],
            &read["statusReason"]["coding"][0]["code"]
        ),
        (&json!("cancelled"), &json!("The oven broke"), &json!("no-capacity"))
    );
    gateway.stop();
}

#[test]
fn a_folder_that_could_lose_a_prohibition_or_is_not_whole_is_not_spoken() {
    let mut gateway = Gateway::start();
    gateway.stop();
    let partner = gateway.root().join("partners/pantry.toml");
    let text = speaking(fs::read_to_string(&partner).unwrap());
    let line = 1 + text.lines().position(|line| line.starts_with("dialect")).unwrap();
    fs::write(&partner, text).unwrap();
    let refused = |gateway: &mut Gateway, words: &str| {
        assert!(!gateway.try_serve());
        let said = format!("partners/pantry.toml:{line}: channel.dialect: {words}");
        assert!(gateway.log().contains(&said), "{said}: {}", gateway.log());
    };
    refused(&mut gateway, "there is no mapping harvest-share/referral.toml");
    write(&gateway, "harvest-share/status.toml");
    refused(&mut gateway, "there is no mapping harvest-share/status.toml");
    write(&gateway, "");
    let path = gateway.root().join("mappings/harvest-share/referral.toml");
    let unsafe_one = REFERRAL
        .replace("safety = [", "may = [")
        .replace("]\nmay = [\n  { left = \"Patient", "\n  { left = \"Patient");
    fs::write(&path, unsafe_one).unwrap();
    let words = "harvest-share/referral.toml has no safety row for contacting-subject-prohibited";
    refused(&mut gateway, words);
    write(&gateway, "");
    gateway.serve();
    gateway.stop();
}
