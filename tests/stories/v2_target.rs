//! A community organization that speaks HL7 v2 gets its referrals so, and no more than any other: what
//! the need lets pass, under our name for it. What calls it off names nobody.

use serde_json::json;

use crate::harness::{Engine, Gateway, Inbox, Need, Referral, field, referral_v2, server_config};

const HOUR_MS: i64 = 3_600_000;

/// Hospital A and the housing organization, both with engines; this message is how the latter is asked.
/// Maria consents to housing. The path is of her Consent.
fn town(requests: &str) -> (Gateway, Engine, Inbox, String) {
    let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let inbox = Inbox::open(server_config(&gateway.root())).unwrap();
    gateway.speaks_v2(None, "");
    gateway.change_partner("housing", |text| {
        let (head, _) = text.split_once("[channel]").unwrap();
        let tables = "[channel]\nkind = \"hl7v2\"\n\n[hl7v2]\napplication = \"CASES\"\nfacility = \"HOUSE\"\n";
        let port = inbox.port;
        format!("{head}{tables}endpoint = \"127.0.0.1:{port}\"\nrequests = \"{requests}\"\n")
    });
    gateway.serve();
    let whole = Referral {
        source: "hospital-a",
        mrn: "A-99871",
        consent: Some(vec![Need::Housing]),
        needs: Vec::new(),
        ..Referral::food()
    };
    let consent = gateway.party("hospital-a").post("/fhir", &whole.bundle()).expect(200).entry(1);
    let engine = gateway.engine("hospital-a");
    (gateway, engine, inbox, consent)
}

fn housing_v2(control: &str, placer: &str) -> String {
    referral_v2(control, "", placer, "A-99871")
        .replace("food-insecurity^Food", "housing-instability^Housing")
        .replace("Pantry^^^^^NPI^^^^pantry", "Housing^^^^^NPI^^^^housing")
        .replace("NK1|1|", "PD1||||||||||||Y\rNK1|1|")
}

/// What the hospital calls things, and what a need for housing does not have to know.
const KEPT_BACK: [&str; 10] = [
    "A-99871",
    "RA-1",
    "MSG-1",
    "HOSPA",
    "EHR",
    "19880402",
    "1988-04-02",
    "Juniper",
    "Fernhill",
    "Lindqvist^Ana",
];

#[track_caller]
fn says_no_more_than_needed(message: &str) {
    for hidden in KEPT_BACK {
        assert!(!message.contains(hidden), "{hidden} is in {message}");
    }
}

/// Who was shown something of her by HL7 v2.
fn told(gateway: &Gateway) -> Vec<String> {
    let disclosed = gateway.of_kind("phi.disclosed");
    let by_v2 = disclosed.iter().filter(|entry| entry["disclosed"]["channel"] == "mllp");
    by_v2.map(|entry| entry["disclosed"]["recipient"].as_str().unwrap().to_owned()).collect()
}

fn withdraw(gateway: &Gateway, consent: &str) {
    let hospital = gateway.party("hospital-a");
    let mut withdrawn = hospital.get(consent).expect(200).json;
    withdrawn["status"] = json!("inactive");
    hospital.put(consent, &withdrawn).expect(200);
}

#[test]
fn a_target_gets_what_the_need_lets_pass() {
    let (mut gateway, engine, inbox, _) = town("ref");
    engine.send(&housing_v2("MSG-1", "RA-1"));
    let message = inbox.next();
    says_no_more_than_needed(&message);
    assert_eq!(field(&message, "MSH", 9), "REF^I12^REF_I12");
    let to = (field(&message, "MSH", 5), field(&message, "MSH", 6));
    assert_eq!(to, ("CASES".into(), "HOUSE".into()));
    assert!(field(&message, "RF1", 3).starts_with("housing-instability^"), "{message}");
    assert_eq!(field(&message, "PID", 5), "Lindqvist-Okafor^Maria");
    assert!(field(&message, "PID", 13).contains("+1 555 0142"), "{message}");
    assert_eq!(field(&message, "PD1", 12), "Y");
    assert_eq!(field(&message, "PR1", 3), "467771000124109^Assistance with food^SCT");
    assert_eq!(field(&message, "OBX", 5), "4");
    // Our name for it is all the keys there are.
    let id = gateway.party("housing").only_referral();
    assert_eq!(field(&message, "RF1", 6), format!("{id}^LOOPGATE"));
    assert_eq!(field(&message, "PID", 3), format!("{id}^^^LOOPGATE"));
    // That she is named, and to whom, is written down before.
    assert_eq!(told(&gateway), ["housing"]);
    gateway.pass(HOUR_MS);
    assert!(inbox.waiting().is_empty(), "nothing comes twice");
    gateway.stop();
}

#[test]
fn an_order_system_gets_it_as_an_order() {
    for (requests, kind) in [("omg", "OMG^O19^OMG_O19"), ("orm", "ORM^O01^ORM_O01")] {
        let (mut gateway, engine, inbox, _) = town(requests);
        engine.send(&housing_v2("MSG-1", "RA-1"));
        let message = inbox.next();
        says_no_more_than_needed(&message);
        assert_eq!(field(&message, "MSH", 9), kind);
        assert_eq!(field(&message, "ORC", 1), "NW");
        let id = gateway.party("housing").only_referral();
        assert!(field(&message, "ORC", 2).starts_with(&id), "{message}");
        assert!(field(&message, "OBR", 4).starts_with("467771000124109"), "{message}");
        assert_eq!(field(&message, "PD1", 12), "Y");
        gateway.stop();
    }
}

#[test]
fn what_is_off_is_said_and_names_nobody() {
    let (mut gateway, engine, inbox, consent) = town("ref");
    engine.send(&housing_v2("MSG-1", "RA-1"));
    let first = inbox.next();
    let id = field(&first, "RF1", 6);
    withdraw(&gateway, &consent);
    // It is off, and what was told before is not to be used any more.
    let off = [inbox.next(), inbox.next()];
    for message in &off {
        assert_eq!(field(message, "MSH", 9), "REF^I14^REF_I12");
        assert_eq!(field(message, "RF1", 6), id);
        says_no_more_than_needed(message);
        for hers in ["Lindqvist", "Maria", "0142", "housing-instability", "467771000124109"] {
            assert!(!message.contains(hers), "{hers} is in {message}");
        }
    }
    let words = off.concat();
    assert!(words.contains("The person has withdrawn their agreement."), "{words}");
    gateway.pass(HOUR_MS);
    assert!(inbox.waiting().is_empty(), "nothing comes twice");
    let kinds = gateway.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!((count("referral.target-told"), count("consent.stop-use-told")), (2, 1));
    assert_eq!(told(&gateway), ["housing"], "a closing shows nothing of her");
    gateway.stop();
}

#[test]
fn what_consent_no_longer_permits_is_not_sent_once_the_engine_is_back() {
    let (mut gateway, engine, inbox, consent) = town("ref");
    inbox.down(true);
    engine.send(&housing_v2("MSG-1", "RA-1"));
    gateway.pass(HOUR_MS);
    withdraw(&gateway, &consent);
    inbox.down(false);
    for _ in 0..4 {
        gateway.pass(HOUR_MS);
    }
    // Who was never told of it is told nothing.
    assert!(inbox.waiting().is_empty());
    assert!(gateway.of_kind("referral.target-told").is_empty());
    gateway.stop();
}

#[test]
fn a_referral_is_told_again_as_the_same_message_until_it_is_taken() {
    let (mut gateway, engine, inbox, _) = town("ref");
    inbox.say("CE");
    engine.send(&housing_v2("MSG-1", "RA-1"));
    let refused = inbox.next();
    inbox.say("CA");
    let again = inbox.in_time(&mut gateway);
    assert_eq!(field(&again, "MSH", 10), field(&refused, "MSH", 10));
    assert_eq!(field(&again, "RF1", 6), field(&refused, "RF1", 6));
    gateway.stop();
}

/// A message from the housing organization's own system.
fn from_housing(kind: &str, control: &str, body: &str) -> String {
    format!(
        "MSH|^~\\&|CASES|HOUSE|LOOPGATE|TOWN|20261122100500+0000||{kind}|{control}|T|2.5.1\r{body}"
    )
}

#[test]
fn a_target_answers_by_its_own_system_and_the_loop_closes() {
    let (mut gateway, engine, inbox, _) = town("ref");
    engine.send(&housing_v2("MSG-1", "RA-1"));
    let asked = inbox.next();
    let key = field(&asked, "RF1", 6);
    let housing = gateway.engine("housing");
    let hospital = gateway.party("hospital-a");
    let task = || {
        let page = hospital.get("/fhir/Task").expect(200).json;
        let task = page["entry"][0]["resource"].clone();
        let business = task["businessStatus"]["text"].as_str().unwrap_or_default().to_owned();
        (task["status"].as_str().unwrap().to_owned(), business)
    };
    let accept = from_housing("RRI^I12^RRI_I12", "H-1", &format!("RF1|A|||||{key}\r"));
    let ack = housing.send(&accept);
    assert_eq!(
        (field(&ack, "MSA", 1), field(&ack, "MSA", 2)),
        ("AA".into(), "H-1".into()),
        "{ack}"
    );
    assert_eq!(task().0, "accepted");
    // Sent again, it is answered the same and changes nothing.
    let before = gateway.kinds().len();
    assert_eq!(housing.send(&accept), ack);
    assert_eq!(gateway.kinds().len(), before);

    let booked = format!(
        "SCH||H-A1|||||||30|MIN|^^^20261127160000+0000^20261127163000+0000||||||||||||||Booked|{key}\r"
    );
    let ack = housing.send(&from_housing("SIU^S12^SIU_S12", "H-2", &booked));
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    assert_eq!(task(), ("in-progress".into(), "appointment scheduled".into()));
    let missed = format!("SCH||H-A1|||||||||^^^20261127160000+0000||||||||||||||Noshow|{key}\r");
    let ack = housing.send(&from_housing("SIU^S26^SIU_S12", "H-3", &missed));
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    assert_eq!(task(), ("in-progress".into(), "appointment missed".into()));
    let result = format!(
        "PID|||1^^^X\rOBR|1|{key}||HOUSING^Housing help^L|||20261129160000+0000||||||||||||||||||F\r\
         OBX|1|ST|OUTCOME^Outcome^L||Lease signed||||||F\r"
    );
    let ack = housing.send(&from_housing("ORU^R01^ORU_R01", "H-4", &result));
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    assert_eq!(task().0, "completed");
    let page = hospital.get("/fhir/Task").expect(200).json;
    let output = page["entry"][0]["resource"]["output"][0]["valueReference"]["reference"].clone();
    let outcome = hospital.get(&format!("/fhir/{}", output.as_str().unwrap())).expect(200).json;
    assert!(outcome["code"]["text"].as_str().unwrap().contains("Lease signed"), "{outcome}");

    // What is not its own is not there for it; what a source says is not its to say.
    let other = from_housing("RRI^I12^RRI_I12", "H-5", "RF1|A|||||RA-1^HOSPA\r");
    let ack = housing.send(&other);
    assert_eq!(field(&ack, "MSA", 1), "AE", "{ack}");
    assert!(field(&ack, "ERR", 3).starts_with("204^"), "{ack}");
    let refers = from_housing("REF^I12^REF_I12", "H-6", "RF1|P|||||H-9\rPID|||1^^^X\r");
    let ack = housing.send(&refers);
    assert_eq!(field(&ack, "MSA", 1), "AR", "{ack}");
    assert!(field(&ack, "ERR", 3).starts_with("200^"), "{ack}");
    gateway.stop();
}

#[test]
fn a_target_that_is_asked_to_stop_answers_with_msa_alone() {
    let (mut gateway, engine, inbox, _) = town("ref");
    engine.send(&housing_v2("MSG-1", "RA-1"));
    let key = field(&inbox.next(), "RF1", 6);
    let housing = gateway.engine("housing");
    let answer = |event: &str, control: &str, body: &str| {
        let kind = format!("RRI^{event}^RRI_I12");
        let ack = housing.send(&from_housing(&kind, control, body));
        assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    };
    answer("I12", "H-1", &format!("RF1|A|||||{key}\r"));
    engine.send(&housing_v2("MSG-2", "RA-1").replace("REF^I12^", "REF^I14^"));
    let asked = inbox.next();
    assert_eq!(field(&asked, "MSH", 9), "REF^I14^REF_I12");
    let control = field(&asked, "MSH", 10);
    answer("I14", "H-2", &format!("MSA|AA|{control}\rRF1||||||{key}\r"));
    let page = gateway.party("hospital-a").get("/fhir/Task").expect(200).json;
    assert_eq!(page["entry"][0]["resource"]["status"], "cancelled");
    gateway.stop();
}

#[test]
fn a_text_that_is_too_long_says_that_there_was_more() {
    let (mut gateway, engine, inbox, _) = town("ref");
    engine.send(&housing_v2("MSG-1", "RA-1"));
    let key = field(&inbox.next(), "RF1", 6);
    let declined = format!("RF1|R|||||{key}\rNTE|||{}\r", "ä".repeat(600));
    let ack = gateway.engine("housing").send(&from_housing("RRI^I12^RRI_I12", "H-1", &declined));
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    assert!(ack.contains("a text in it is over 1000 bytes, and is said on in part"), "{ack}");
    let page = gateway.party("hospital-a").get("/fhir/Task").expect(200).json;
    let why = page["entry"][0]["resource"]["statusReason"]["text"].as_str().unwrap().to_owned();
    assert!(why.len() <= 1000 && why.ends_with("ä […]"), "{why}");
    gateway.stop();
}
