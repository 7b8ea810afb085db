//! A hospital's REF^I12 is a referral like any other: acknowledged once it is safe, placed under the
//! person's consent, answered in the hospital's own dialect until the loop is closed.

use serde_json::json;

use crate::harness::{Gateway, field, referral_v2, texts};

#[test]
fn a_referral_goes_all_the_way_round_by_hl7_v2() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");

    let ack = engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    assert_eq!(field(&ack, "MSH", 9), "ACK^I12^ACK");
    assert_eq!((field(&ack, "MSH", 5), field(&ack, "MSH", 6)), ("EHR".into(), "HOSPA".into()));
    assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 2)), ("CA".into(), "MSG-1".into()));
    // Its application answer comes on its own link: received, and nobody has answered.
    let answer = inbox.next();
    assert_eq!(field(&answer, "MSH", 9), "RRI^I12^RRI_I12");
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AA".into(), "MSG-1".into()));
    assert_eq!(
        (field(&answer, "RF1", 1), field(&answer, "RF1", 6)),
        ("P".into(), "RA-1^HOSPA".into())
    );

    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
    assert_eq!(read["client"]["name"]["family"], "Lindqvist-Okafor");
    assert_eq!(read["client"]["phone"], "+1 555 0142");
    assert_eq!(read["household"]["size"], 4);
    let text = read.to_string();
    for hidden in ["A-99871", "RA-1", "19880402", "1988-04-02", "Juniper", "HOSPA", "Lindqvist\""] {
        assert!(!text.contains(hidden), "{hidden} reached the pantry");
    }

    pantry.act(&id, "accept", &json!({})).expect(200);
    let accepted = inbox.next();
    assert_eq!(field(&accepted, "MSH", 9), "RRI^I12^RRI_I12");
    assert_eq!(field(&accepted, "RF1", 1), "A");
    assert_eq!(field(&accepted, "PID", 3), "A-99871^^^HOSPA");
    assert_eq!(field(&accepted, "PRD", 10), "pantry^^^^^NPI^^^^pantry");

    let booked = json!({ "start": "2026-11-27T16:00:00Z", "place": "Side | door" });
    pantry.act(&id, "appointment", &booked).expect(200);
    let appointment = inbox.next();
    assert_eq!(field(&appointment, "MSH", 9), "RRI^I13^RRI_I12");
    let note = "appointment scheduled: 2026-11-27 16:00 UTC, Side \\F\\ door";
    assert_eq!(field(&appointment, "NTE", 3), note);
    pantry.act(&id, "no-show", &json!({})).expect(200);
    let missed = inbox.next();
    assert_eq!(
        (field(&missed, "RF1", 1), field(&missed, "NTE", 3)),
        ("A".into(), "appointment missed".into())
    );
    let outcome = json!({ "outcome": { "text": "Food box", "system": "http://snomed.info/sct", "code": "710925007" },
        "performed": "2026-11-29T16:00:00Z" });
    pantry.act(&id, "served", &outcome).expect(200);
    let served = inbox.next();
    assert_eq!(field(&served, "MSH", 9), "RRI^I13^RRI_I12");
    assert_eq!(field(&served, "RF1", 1), "A");
    assert_eq!(
        (field(&served, "OBR", 4), field(&served, "OBR", 7)),
        ("710925007^^SCT".into(), "20261129160000+0000".into())
    );
    assert_eq!(field(&served, "OBX", 5), "Food box");
    assert!(inbox.waiting().is_empty());

    // What the hospital may read by FHIR is the same referral, closed.
    let hospital = gateway.party("hospital-a");
    let page = hospital.get("/fhir/Task?status=completed").expect(200).json;
    let task = &page["entry"][0]["resource"];
    assert_eq!(task["identifier"][0]["value"], "RA-1");
    assert_eq!(task["identifier"][0]["system"], "urn:example:hospital-a:mrn");

    let kinds = gateway.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!(
        (count("message.heard"), count("referral.received"), count("referral.told")),
        (1, 1, 5)
    );
    let told: Vec<String> = gateway
        .of_kind("phi.disclosed")
        .iter()
        .filter(|entry| entry["disclosed"]["channel"] == "mllp")
        .map(|entry| entry["disclosed"]["recipient"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, ["hospital-a"; 5]);
    gateway.stop();
}

#[test]
fn what_was_not_carried_is_said_to_both_sides() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let ack = engine.send(&referral_v2("MSG-1", "", "RA-1", "A-99871"));
    assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 3)), ("AA".into(), String::new()));
    let rows: Vec<&str> = ack.split('\r').filter(|line| line.starts_with("ERR")).collect();
    let said: Vec<(&str, &str, &str)> = rows
        .iter()
        .map(|row| {
            let fields: Vec<&str> = row.split('|').collect();
            (fields[2], fields[3], fields[4])
        })
        .collect();
    let accepted = "0^Message accepted^HL70357";
    assert!(said.contains(&("NK1^1^2", accepted, "I")), "{said:?}");
    assert!(said.contains(&("NK1^1^2^1^2", accepted, "I")), "{said:?}");
    assert!(!ack.contains("Ana"), "a value of the message is in the acknowledgement");

    let pantry = gateway.party("pantry");
    let id = pantry.only_referral();
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
    let told = texts(&read["not_carried"]);
    assert!(told.contains(&"NK1-2"), "{told:?}");
    assert!(!read.to_string().contains("Ana"));
    gateway.stop();
}

#[test]
fn a_need_without_consent_waits_and_one_that_is_not_covered_is_refused_in_v2() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    let ack = engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-1"));
    assert_eq!(field(&ack, "MSA", 1), "CA", "a sound message of a known source is taken in");
    let held = inbox.next();
    assert_eq!(field(&held, "MSH", 9), "RRI^I12^RRI_I12");
    assert_eq!(
        (field(&held, "RF1", 1), field(&held, "NTE", 3)),
        ("P".into(), "waiting for consent".into())
    );
    gateway.maria_consents();
    let housing = referral_v2("MSG-2", "AL|NE", "RA-2", "A-99871")
        .replace("food-insecurity", "housing-instability");
    assert_eq!(field(&engine.send(&housing), "MSA", 1), "CA");
    let refused = inbox.next();
    // MSG-2 asked for no application answer: this is news, and engines read MSA as an answer.
    assert_eq!(field(&refused, "MSA", 1), "");
    assert_eq!(field(&refused, "RF1", 1), "R");
    let why = field(&refused, "NTE", 3);
    assert!(why.starts_with("need not covered: housing-instability (reference "), "{why}");
    assert!(gateway.party("pantry").inbox().is_empty());
    assert!(inbox.waiting().is_empty());
    gateway.stop();
}

#[test]
fn that_the_person_must_not_be_contacted_comes_in_by_v2_too() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let silent =
        referral_v2("MSG-1", "", "RA-1", "A-99871").replace("NK1|1|", "PD1||||||||||||Y\rNK1|1|");
    assert_eq!(field(&engine.send(&silent), "MSA", 1), "AA");
    let row = gateway.party("pantry").inbox().remove(0);
    assert_eq!(row["need"]["contact"], "do-not-contact");
    // A protection that nobody knows stops the message rather than being passed over.
    let odd =
        referral_v2("MSG-2", "", "RA-2", "A-99871").replace("NK1|1|", "PD1||||||||||||X\rNK1|1|");
    let ack = engine.send(&odd);
    assert_eq!((field(&ack, "MSA", 1), field(&ack, "ERR", 2)), ("AE".into(), "PD1^1^12".into()));
    assert!(field(&ack, "ERR", 3).starts_with("103^"));
    gateway.stop();
}
