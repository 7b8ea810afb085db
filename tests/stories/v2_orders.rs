//! A hospital that refers by orders, changes them, calls them off and asks about them has the same
//! closed loop as one that sends REF. An order that is no referral leaves nothing behind.

use serde_json::{Value, json};

use crate::harness::{Gateway, field, msh, referral_v2};

/// Which orders hospital A's link calls referrals.
const RULES: &str = "referrals = [\n\
    { code = \"FOODREF\", need = \"food-insecurity\", target = \"pantry\" },\n\
    { diagnosis = \"Z59.4\", need = \"food-insecurity\", target = \"pantry\" },\n]\n";

/// An order of this control (ORC-1), for this service, about Maria.
fn order(kind: &str, control: &str, orc1: &str, placer: &str, service: &str) -> String {
    let head = msh(kind, control, "");
    format!(
        "{head}PID|1||A-99871^^^HOSPA||Lindqvist-Okafor^Maria||19880402|F|||14 Juniper Row^^Fernhill||^^PH^^^^^^^^^+1 555 0142\r\
         ORC|{orc1}|{placer}^HOSPA\r\
         OBR|1|{placer}^HOSPA||{service}|||20261122093000+0000\r\
         DG1|1||Z59.41^Food insecurity^I10C\r\
         NTE|1||Prefers mornings\r"
    )
}

#[test]
fn an_order_that_the_link_calls_a_referral_is_one() {
    for kind in ["OMG^O19^OMG_O19", "ORM^O01"] {
        let (mut gateway, engine, _inbox) = Gateway::with_hospital_link(RULES);
        gateway.maria_consents();
        let pantry = gateway.party("pantry");
        let ack = engine.send(&order(kind, "MSG-1", "NW", "OA-1", "FOODREF^Food referral^L"));
        assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
        let id = pantry.only_referral();
        let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
        assert_eq!(read["need"]["category"], "food-insecurity", "{read}");
        assert_eq!(read["client"]["name"]["family"], "Lindqvist-Okafor");
        for hidden in ["A-99871", "OA-1", "HOSPA", "1988"] {
            assert!(!read.to_string().contains(hidden), "{hidden} reached the pantry");
        }
        // The hospital finds it by its own number.
        let page = gateway.party("hospital-a").get("/fhir/Task?status=requested").expect(200).json;
        assert_eq!(page["entry"][0]["resource"]["identifier"][0]["value"], "OA-1");
        gateway.stop();
    }
}

#[test]
fn an_order_that_is_no_referral_is_acknowledged_and_not_kept() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital_link(RULES);
    gateway.maria_consents();
    let lab = order("OMG^O19^OMG_O19", "LAB-1", "NW", "OA-9", "24323-8^Panel^LN")
        .replace("Z59.41", "E11.9")
        .replace("Prefers mornings", "Zanzibarine");
    let before = gateway.kinds();
    let ack = engine.send(&lab);
    assert_eq!(field(&ack, "MSA", 1), "AA");
    assert_eq!(field(&ack, "ERR", 4), "I");
    assert!(
        field(&ack, "ERR", 8).contains("none is one") || ack.contains("calls a referral"),
        "{ack}"
    );
    assert_eq!(engine.send(&lab), ack, "a resend gets the same answer");
    let after = gateway.kinds();
    assert_eq!(after[before.len()..], ["message.heard"]);
    assert!(gateway.party("pantry").inbox().is_empty());
    // Without rules no order is a referral.
    gateway.stop();
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let ack = engine.send(&order("ORM^O01", "MSG-1", "NW", "OA-1", "FOODREF^Food^L"));
    assert_eq!(field(&ack, "MSA", 1), "AA");
    assert!(gateway.party("pantry").inbox().is_empty());
    gateway.stop();
}

#[test]
fn a_message_of_two_orders_is_two_referrals_or_none() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital_link(RULES);
    gateway.maria_consents();
    let two = |second: &str| {
        let one = order("OMG^O19^OMG_O19", &format!("M{second}"), "NW", "OA-1", "FOODREF^Food^L");
        format!("{one}ORC|NW|{second}^HOSPA\rOBR|2|{second}^HOSPA||FOODREF^Food^L\r")
    };
    let broken = engine.send(&two(""));
    assert_eq!(field(&broken, "MSA", 1), "AE", "{broken}");
    assert!(gateway.party("pantry").inbox().is_empty(), "all of them, or none");
    let ack = engine.send(&two("OA-2"));
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    assert_eq!(gateway.party("pantry").inbox().len(), 2);
    gateway.stop();
}

#[test]
fn a_source_changes_and_calls_off_by_its_own_number() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");
    let said = |control: &str, event: &str| {
        referral_v2(control, "", "RA-1", "A-99871").replace("REF^I12^", &format!("REF^{event}^"))
    };
    assert_eq!(field(&engine.send(&said("MSG-1", "I12")), "MSA", 1), "AA");
    let id = pantry.only_referral();
    // Changed: the target reads what is so now.
    let amended =
        said("MSG-2", "I13").replace("OBX||NM|63512-8^^LN||4|", "OBX||NM|63512-8^^LN||6|");
    let ack = engine.send(&amended);
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
    assert_eq!(read["household"]["size"], 6);
    assert_eq!(pantry.inbox().len(), 1, "no second referral");
    // Another need is another referral.
    let other = said("MSG-3", "I13").replace("food-insecurity", "housing-instability");
    assert_eq!(field(&engine.send(&other), "MSA", 1), "AE");

    pantry.act(&id, "accept", &json!({})).expect(200);
    assert_eq!(field(&inbox.next(), "RF1", 1), "A");
    // Called off once somebody works on it: the target is asked, and answers.
    let ack = engine.send(&said("MSG-4", "I14"));
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    let status = |gateway: &Gateway| {
        let page = gateway.party("hospital-a").get("/fhir/Task").expect(200).json;
        let task = page["entry"][0]["resource"].clone();
        (task["status"].as_str().unwrap().to_owned(), task["businessStatus"]["text"].clone())
    };
    assert_eq!(status(&gateway), ("accepted".into(), json!("cancellation requested")));
    pantry.act(&id, "agree-cancel", &json!({})).expect(200);
    assert_eq!(status(&gateway).0, "cancelled");
    let told = inbox.next();
    assert_eq!(field(&told, "MSH", 9), "RRI^I14^RRI_I12");
    // Of what is not there, or not the sender's, nothing is told apart.
    let unknown = said("MSG-5", "I14").replace("RA-1", "RA-77");
    let ack = engine.send(&unknown);
    assert_eq!(field(&ack, "MSA", 1), "AE");
    assert!(field(&ack, "ERR", 3).starts_with("204^"), "{ack}");
    assert_eq!(field(&ack, "ERR", 2), "RF1^1^6");
    gateway.stop();
}

/// The hospital's system knows whom it named, and goes on naming it.
#[test]
fn a_source_changes_what_its_first_target_sent_on() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let (pantry, housing) = (gateway.party("pantry"), gateway.party("housing"));
    let first = referral_v2("MSG-1", "", "RA-1", "A-99871");
    assert_eq!(field(&engine.send(&first), "MSA", 1), "AA");
    let id = pantry.only_referral();
    let on = json!({ "to": "housing", "reason": { "code": "misdirected", "text": "Ask them" } });
    pantry.act(&id, "reroute", &on).expect(200);
    let amended = referral_v2("MSG-2", "", "RA-1", "A-99871")
        .replace("REF^I12^", "REF^I13^")
        .replace("OBX||NM|63512-8^^LN||4|", "OBX||NM|63512-8^^LN||6|");
    let ack = engine.send(&amended);
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    let path = format!("/cbo/v1/referrals/{id}");
    assert_eq!(housing.get(&path).expect(200).json["household"]["size"], 6);
    assert_eq!(gateway.of_kind("referral.amended").len(), 1);
    // Who sent it on is shown nothing of the household any more.
    let read = pantry.get(&path).expect(200).json;
    assert_eq!((&read["status"], &read["household"]), (&json!("declined"), &Value::Null));
    gateway.stop();
}

#[test]
fn a_referral_that_should_never_have_been_sent_is_entered_in_error() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    engine.send(&referral_v2("MSG-1", "", "RA-1", "A-99871"));
    assert_eq!(gateway.party("pantry").inbox().len(), 1);
    // Its number used for another one is refused; RF1-25 D takes it back.
    let again = engine.send(&referral_v2("MSG-2", "", "RA-1", "A-99871"));
    assert!(field(&again, "ERR", 3).starts_with("205^"), "{again}");
    let taken_back = referral_v2("MSG-3", "", "RA-1", "A-99871")
        .replace("20261122093000+0000\r", "20261122093000+0000||||||||||||||||D\r");
    let ack = engine.send(&taken_back);
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    let page = gateway.party("hospital-a").get("/fhir/Task").expect(200).json;
    assert_eq!(page["entry"][0]["resource"]["status"], "entered-in-error");
    gateway.stop();
}

#[test]
fn a_message_about_one_persons_referral_that_names_another_person_is_refused() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    engine.send(&referral_v2("MSG-1", "", "RA-1", "A-99871"));
    engine.send(&referral_v2("MSG-2", "", "RA-2", "A-2"));
    let mixed = referral_v2("MSG-3", "", "RA-1", "A-2").replace("REF^I12^", "REF^I14^");
    let ack = engine.send(&mixed);
    assert_eq!((field(&ack, "MSA", 1), field(&ack, "ERR", 2)), ("AE".into(), "PID^1^3".into()));
    let page = gateway.party("hospital-a").get("/fhir/Task?status=cancelled").expect(200).json;
    assert!(page["entry"].as_array().is_none_or(Vec::is_empty));
    gateway.stop();
}

#[test]
fn a_query_is_answered_at_once_with_where_it_stands() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");
    engine.send(&referral_v2("MSG-1", "", "RA-1", "A-99871"));
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    inbox.next();
    let query = referral_v2("MSG-2", "", "RA-1", "A-99871").replace("REF^I12^", "REF^I15^");
    let answer = engine.send(&query);
    assert_eq!(field(&answer, "MSH", 9), "RRI^I15^RRI_I12", "{answer}");
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AA".into(), "MSG-2".into()));
    assert_eq!(
        (field(&answer, "RF1", 1), field(&answer, "RF1", 6)),
        ("A".into(), "RA-1^HOSPA".into())
    );
    gateway.stop();
}

#[test]
fn a_batch_is_its_messages_and_its_answer_is_a_batch() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let messages = [("MSG-1", "RA-1"), ("MSG-2", "RA-2")]
        .map(|(control, placer)| referral_v2(control, "", placer, "A-99871"))
        .concat();
    let batch = |count: u32| {
        format!(
            "FHS|^~\\&|EHR|HOSPA\rBHS|^~\\&|EHR|HOSPA||||||B-{count}\r{messages}BTS|{count}\rFTS|1\r"
        )
    };
    // A count that is wrong says that something was lost on the way: nothing is taken.
    let lost = engine.send(&batch(3));
    assert_eq!(field(&lost, "MSA", 1), "AR", "{lost}");
    assert!(gateway.party("pantry").inbox().is_empty());
    let answer = engine.send(&batch(2));
    let acks: Vec<&str> =
        answer.split('\r').filter(|line| line.starts_with("MSA|AA|MSG-")).collect();
    assert_eq!(acks, ["MSA|AA|MSG-1", "MSA|AA|MSG-2"], "{answer}");
    assert!(answer.split('\r').any(|line| line == "BTS|2"), "{answer}");
    assert_eq!(gateway.party("pantry").inbox().len(), 2);
    gateway.stop();
}
