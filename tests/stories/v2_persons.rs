//! Registration feeds: what a hospital says of who its patients are is taken for persons that are
//! known here, and of nobody else.

use crate::harness::{Gateway, field, msh, referral_v2};

fn adt(event: &str, control: &str, mrn: &str, phone: &str) -> String {
    let head = msh(&format!("ADT^{event}^ADT_A01"), control, "");
    format!(
        "{head}EVN|{event}|20261122094000+0000\r\
         PID|1||{mrn}^^^HOSPA||Lindqvist-Okafor^Maria||19880402|F|||14 Juniper Row^^Fernhill||^^PH^^^^^^^^^{phone}\r\
         PV1|1|O\r"
    )
}

#[test]
fn a_new_telephone_number_reaches_whoever_serves_the_person() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");
    engine.send(&referral_v2("MSG-1", "", "RA-1", "A-99871"));
    let id = pantry.only_referral();
    let phone = || {
        let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).json;
        read["client"]["phone"].as_str().unwrap().to_owned()
    };
    assert_eq!(phone(), "+1 555 0142");
    for (n, event) in ["A01", "A04", "A08", "A28", "A31"].into_iter().enumerate() {
        let number = format!("+1 555 020{n}");
        let ack = engine.send(&adt(event, &format!("ADT-{n}"), "A-99871", &number));
        assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
        assert_eq!(phone(), number, "{event}");
    }
    gateway.stop();
}

#[test]
fn of_a_person_that_nobody_referred_nothing_is_kept() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let before = gateway.kinds();
    let stranger = adt("A04", "ADT-1", "A-31337", "+1 555 0999").replace("Maria", "Zanzibarina");
    let ack = engine.send(&stranger);
    assert_eq!((field(&ack, "MSA", 1), field(&ack, "ERR", 4)), ("AA".into(), "I".into()));
    assert_eq!(engine.send(&stranger), ack);
    assert_eq!(gateway.kinds()[before.len()..], ["message.heard"]);
    let page = gateway.party("hospital-a").get("/fhir/Task").expect(200).json;
    assert!(page["entry"].as_array().is_none_or(Vec::is_empty));
    gateway.stop();
}

/// PID-3 survives, MRG-1 is retired.
fn merge(control: &str, survivor: &str, retired: &str) -> String {
    let head = msh("ADT^A40^ADT_A39", control, "");
    format!(
        "{head}EVN|A40|20261122094000+0000\r\
         PID|1||{survivor}^^^HOSPA||Lindqvist-Okafor^Maria\rMRG|{retired}^^^HOSPA\r"
    )
}

#[test]
fn two_numbers_of_one_person_become_one_person_and_never_in_a_circle() {
    let (mut gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let pantry = gateway.party("pantry");
    // Referred under a second number, for which no consent is on file: it waits.
    engine.send(&referral_v2("MSG-1", "", "RA-1", "A-2"));
    assert!(pantry.inbox().is_empty());
    let first = merge("MRG-1", "A-99871", "A-2");
    let ack = engine.send(&first);
    assert_eq!(field(&ack, "MSA", 1), "AA", "{ack}");
    // Now it is Maria's, and she agreed.
    assert_eq!(pantry.inbox().len(), 1);
    // What the hospital is told meanwhile has entries of its own.
    let done = |gateway: &Gateway| {
        let kinds = gateway.kinds();
        kinds
            .iter()
            .filter(|kind| !["referral.told", "phi.disclosed"].contains(&kind.as_str()))
            .count()
    };
    let before = done(&gateway);
    assert_eq!(engine.send(&first), ack, "sent again, nothing happens");
    assert_eq!(done(&gateway), before);
    // A chain is followed, a circle is refused.
    assert_eq!(field(&engine.send(&merge("MRG-2", "A-3", "A-99871")), "MSA", 1), "AA");
    let circle = engine.send(&merge("MRG-3", "A-2", "A-3"));
    assert_eq!(field(&circle, "MSA", 1), "AE", "{circle}");
    // Of nobody known: answered, and nothing kept.
    let nobody = engine.send(&merge("MRG-4", "A-50", "A-51"));
    assert_eq!((field(&nobody, "MSA", 1), field(&nobody, "ERR", 4)), ("AA".into(), "I".into()));
    gateway.kill();
    gateway.serve();
    let again = gateway.engine("hospital-a").send(&first);
    assert_eq!(again, ack, "after a restart as before");
    gateway.stop();
}
