//! What `translate` promises: every dialect into every other, and nothing lost in silence.

use super::*;

const REFERRAL_BUNDLE: &[u8] = include_bytes!("../samples/food-referral.json");

fn to_cbo(input: &[u8], groups: &[&str]) -> Result<Translated, Stopped> {
    let groups: Groups = match groups {
        [] => Groups::all(),
        some => some.iter().map(|group| group.parse().unwrap()).collect(),
    };
    let link = LinkOf::new(None);
    translate(&Library::builtin(), (Dialect::Fhir, Dialect::CboJson), input, &groups, &link)
}

#[test]
fn a_referral_bundle_becomes_what_a_community_organization_reads() {
    let translated = to_cbo(REFERRAL_BUNDLE, &[]).map_err(|_| "stopped").unwrap();
    let document: Value = serde_json::from_str(&translated.text).unwrap();
    assert_eq!(document["client"]["phone"], "+1 555 0142");
    assert_eq!(document["household"]["size"], 4);
    assert!(translated.not_carried.contains(&"Patient.birthDate".to_owned()));
    let back = translate(
        &Library::builtin(),
        (Dialect::CboJson, Dialect::Fhir),
        translated.text.as_bytes(),
        &Groups::all(),
        &LinkOf::new(None),
    );
    let back = back.map_err(|_| "stopped").unwrap();
    let bundle: Value = serde_json::from_str(&back.text).unwrap();
    assert_eq!(bundle["entry"][0]["resource"]["telecom"][0]["value"], "+1 555 0142");
}

const REF_I12: &[u8] =
    b"MSH|^~\\&|EHR|HOSPA|LG|TOWN|20261120094000-0500||REF^I12^REF_I12|1|T|2.5.1\r\
    RF1||R|food-insecurity|||RA-1^HOSPA\rPRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\r\
    PID|||A-1^^^HOSPA||Lindqvist^Eva||19880402\rNK1|1|Lindqvist^Ana\r\
    PR1|||467771000124109^Help^SCT\r";

#[test]
fn a_ref_i12_becomes_a_bundle_that_our_own_door_reads_and_comes_back() {
    let text = "name = 'A'\nroles = ['source']\nlegal_class = 'ce'\n[hl7v2]\napplication = 'EHR'\n\
        facility = 'HOSPA'\nauthorities = [{ name = 'HOSPA', system = 'urn:a' }, { name = 'NPI', system = 'urn:npi' }]\n";
    let partner = Partner::parse("a".parse().unwrap(), text).unwrap();
    let link = LinkOf::new(Some(&partner));
    let go = |ways, input: &[u8]| {
        let made = translate(&Library::builtin(), ways, input, &Groups::all(), &link);
        made.map_err(|_| "stopped").unwrap()
    };
    let bundle = go((Dialect::Hl7v2, Dialect::Fhir), REF_I12);
    assert_eq!(bundle.not_carried, ["NK1-1", "NK1-2", "NK1-2.2"]);
    let parsed: Value = serde_json::from_str(&bundle.text).unwrap();
    let entries = parsed["entry"].as_array().unwrap();
    let kinds: Vec<&str> =
        entries.iter().map(|one| one["resource"]["resourceType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Patient", "ServiceRequest", "Task"]);
    assert_eq!(entries[2]["resource"]["authoredOn"], "2026-11-20T14:40:00Z");
    assert_eq!(entries[0]["resource"]["identifier"][0]["system"], "urn:a");
    read_pivot(bundle.text.as_bytes()).unwrap();

    let back = go((Dialect::Fhir, Dialect::Hl7v2), bundle.text.as_bytes());
    for segment in [
        "RF1||R|food-insecurity^^SDOHCC|||RA-1^HOSPA",
        "PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry",
        "PID|||A-1^^^HOSPA||Lindqvist^Eva||19880402",
        "PR1|||467771000124109^Help^SCT",
    ] {
        assert!(back.text.contains(segment), "{segment} is not in {}", back.text);
    }
    assert!(
        back.text
            .starts_with("MSH|^~\\&|EHR|HOSPA|LOOPGATE||20261120144000+0000||REF^I12^REF_I12|1|")
    );
    let cbo = go((Dialect::Hl7v2, Dialect::CboJson), REF_I12);
    let document: Value = serde_json::from_str(&cbo.text).unwrap();
    assert_eq!(document["client"]["name"]["given"], serde_json::json!(["Eva"]));
}

#[test]
fn a_withheld_group_is_said_and_a_needed_one_refuses() {
    let translated = to_cbo(REFERRAL_BUNDLE, &["need", "status"]).map_err(|_| "stopped").unwrap();
    assert!(!translated.text.contains("Maria"));
    assert_eq!(translated.withheld, ["contact", "household", "identity"]);
    assert!(matches!(to_cbo(REFERRAL_BUNDLE, &["identity"]), Err(Stopped::Refused(_))));
}

#[test]
fn what_does_not_read_is_not_refused_but_unreadable() {
    for input in [b"{".as_slice(), b"{}", br#"{"resourceType":"Bundle","type":"transaction"}"#] {
        assert!(matches!(to_cbo(input, &[]), Err(Stopped::Unreadable(_))));
    }
}
