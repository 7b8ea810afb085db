//! A hospital hears of its referrals in the messages that its engine has: order responses, status
//! updates, appointments, results; and in those of IHE 360X.

use serde_json::json;

use crate::harness::{Engine, Gateway, Inbox, field, referral_v2};

/// Hospital A, whose link has these settings.
fn hospital(settings: &[(&str, &str)]) -> (Gateway, Engine, Inbox) {
    let (gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    gateway.change_partner("hospital-a", |text| {
        let (head, link) = text.split_once("[hl7v2]\n").unwrap();
        let given = |line: &&str| settings.iter().any(|(key, _)| line.starts_with(key));
        let kept: Vec<&str> = link.lines().filter(|line| !given(line)).collect();
        let ours: String =
            settings.iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
        format!("{head}[hl7v2]\n{ours}{}\n", kept.join("\n"))
    });
    (gateway, engine, inbox)
}

/// MSH-9 of the next message, and the values of these of its fields.
#[track_caller]
fn next(inbox: &Inbox, places: &[(&str, usize)]) -> (String, Vec<String>) {
    let message = inbox.next();
    let values = places.iter().map(|(segment, number)| field(&message, segment, *number));
    (field(&message, "MSH", 9), values.collect())
}

#[track_caller]
fn expect(inbox: &Inbox, kind: &str, fields: &[((&str, usize), &str)]) {
    let places: Vec<(&str, usize)> = fields.iter().map(|(place, _)| *place).collect();
    let values = fields.iter().map(|(_, value)| (*value).to_owned()).collect();
    assert_eq!(next(inbox, &places), (kind.to_owned(), values));
}

const KEY: ((&str, usize), &str) = (("ORC", 2), "RA-1^HOSPA");

#[test]
fn an_order_system_hears_of_it_in_responses_updates_appointments_and_results() {
    let settings = [("answers", "orders"), ("appointments", "siu"), ("outcomes", "oru")];
    let (mut gateway, engine, inbox) = hospital(&settings);
    let pantry = gateway.party("pantry");
    engine.send(&referral_v2("MSG-1", "AL|AL", "RA-1", "A-99871"));
    let answers = [(("MSA", 1), "AA"), (("MSA", 2), "MSG-1")];
    expect(&inbox, "ORG^O20^ORG_O20", &answers);
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    expect(&inbox, "OSU^O51^OSU_O51", &[KEY, (("ORC", 1), "OK"), (("ORC", 3), &filler(&id))]);

    let appointment = |start: &str| json!({ "start": start, "place": "Side door" });
    pantry.act(&id, "appointment", &appointment("2026-11-27T16:00:00Z")).expect(200);
    let key = (("SCH", 26), "RA-1^HOSPA");
    expect(&inbox, "SIU^S12^SIU_S12", &[key, (("SCH", 25), "Booked")]);
    pantry.act(&id, "appointment", &appointment("2026-11-28T16:00:00Z")).expect(200);
    expect(&inbox, "SIU^S13^SIU_S12", &[key, (("SCH", 25), "Booked")]);
    pantry.act(&id, "no-show", &json!({})).expect(200);
    expect(&inbox, "SIU^S26^SIU_S12", &[key, (("SCH", 25), "Noshow")]);

    let outcome = json!({ "outcome": { "text": "Food box", "system": "http://snomed.info/sct", "code": "710925007" },
        "performed": "2026-11-29T16:00:00Z" });
    pantry.act(&id, "served", &outcome).expect(200);
    let result = [
        (("OBR", 2), "RA-1^HOSPA"),
        (("OBR", 25), "F"),
        (("OBX", 5), "Food box"),
        (("PID", 3), "A-99871^^^HOSPA"),
    ];
    expect(&inbox, "ORU^R01^ORU_R01", &result);
    assert!(inbox.waiting().is_empty());
    gateway.stop();
}

/// Our number of a referral, as a filler's (EI).
fn filler(id: &str) -> String {
    format!("{id}^LOOPGATE")
}

#[test]
fn an_order_that_is_declined_is_declined_in_its_response() {
    let (mut gateway, engine, inbox) = hospital(&[("answers", "orders")]);
    let pantry = gateway.party("pantry");
    engine.send(&referral_v2("MSG-1", "AL|NE", "RA-1", "A-99871"));
    let id = pantry.only_referral();
    let reason = json!({ "reason": { "code": "no-capacity", "text": "no room this week" } });
    pantry.act(&id, "decline", &reason).expect(200);
    let message = inbox.next();
    assert_eq!(field(&message, "MSH", 9), "ORG^O20^ORG_O20");
    // It was taken, and the answer is no.
    assert_eq!((field(&message, "MSA", 1), field(&message, "ORC", 1)), ("AA".into(), "UA".into()));
    assert!(field(&message, "ORC", 16).contains("no room this week"), "{message}");
    gateway.stop();
}

#[test]
fn a_cancellation_is_confirmed() {
    for (answers, kind, code) in
        [("rri", "RRI^I14^RRI_I12", ""), ("orders", "ORG^O20^ORG_O20", "CR")]
    {
        let (mut gateway, engine, inbox) = hospital(&[("answers", answers)]);
        engine.send(&referral_v2("MSG-1", "AL|NE", "RA-1", "A-99871"));
        let hospital = gateway.party("hospital-a");
        let page = hospital.get("/fhir/Task?status=requested").expect(200).json;
        let mut task = page["entry"][0]["resource"].clone();
        task["status"] = json!("cancelled");
        task["statusReason"] = json!({ "text": "moved away" });
        hospital.put(&format!("/fhir/Task/{}", task["id"].as_str().unwrap()), &task).expect(200);
        let fields = [(("MSA", 1), "AA"), (("MSA", 2), "MSG-1"), (("ORC", 1), code)];
        expect(&inbox, kind, &fields);
        assert!(inbox.waiting().is_empty());
        gateway.stop();
    }
}

#[test]
fn a_360x_hospital_hears_of_it_in_its_transactions() {
    let (mut gateway, engine, inbox) = hospital(&[("answers", "360x"), ("version", "2.5.1")]);
    let pantry = gateway.party("pantry");
    engine.send(&referral_v2("MSG-1", "AL|NE", "RA-1", "A-99871"));
    let id = pantry.only_referral();
    let profile = (("MSH", 21), "360X");
    pantry.act(&id, "accept", &json!({})).expect(200);
    expect(&inbox, "OSU^O51^OSU_O51", &[KEY, profile]);
    pantry.act(&id, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" })).expect(200);
    expect(&inbox, "SIU^S12^SIU_S12", &[(("SCH", 26), "RA-1^HOSPA"), profile]);
    pantry.act(&id, "no-show", &json!({})).expect(200);
    expect(&inbox, "SIU^S26^SIU_S12", &[(("SCH", 25), "Noshow"), profile]);
    let outcome = json!({ "outcome": { "text": "Food box" }, "performed": "2026-11-29T16:00:00Z" });
    pantry.act(&id, "served", &outcome).expect(200);
    expect(&inbox, "OMG^O19^OMG_O19", &[KEY, (("ORC", 5), "CM"), profile]);
    gateway.stop();
}
