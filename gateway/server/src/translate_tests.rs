//! What `translate` promises: every dialect into every other, and nothing lost in silence.

#![allow(clippy::print_stderr)] // what the public messages came to

use super::*;

const REFERRAL_BUNDLE: &[u8] = include_bytes!("../samples/food-referral.json");

fn to_cbo(input: &[u8], groups: &[&str]) -> Result<Translated, Stopped> {
    let groups: Groups = match groups {
        [] => Groups::all(),
        some => some.iter().map(|group| group.parse().unwrap()).collect(),
    };
    let link = LinkOf::new(None);
    let ways = (&Dialect::Fhir, &Dialect::Json("cbo-json".to_owned()));
    translate(&Library::builtin(), ways, input, &groups, &link).map(one)
}

/// The only message.
fn one(mut all: Vec<Translated>) -> Translated {
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn v2(code: &str, event: &str) -> Dialect {
    Dialect::Hl7v2([code.to_owned(), event.to_owned()])
}

/// From HL7 v2, whatever the message.
fn heard(input: &[u8], link: &LinkOf) -> Result<Vec<Translated>, Stopped> {
    let ways = (&v2("", ""), &Dialect::Fhir);
    translate(&Library::builtin(), ways, input, &Groups::all(), link)
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
        (&Dialect::Json("cbo-json".to_owned()), &Dialect::Fhir),
        translated.text.as_bytes(),
        &Groups::all(),
        &LinkOf::new(None),
    );
    let back = one(back.map_err(|_| "stopped").unwrap());
    let bundle: Value = serde_json::from_str(&back.text).unwrap();
    assert_eq!(bundle["entry"][0]["resource"]["telecom"][0]["value"], "+1 555 0142");
}

const REF_I12: &[u8] =
    b"MSH|^~\\&|EHR|HOSPA|LG|TOWN|20261120094000-0500||REF^I12^REF_I12|1|T|2.5.1\r\
    RF1||R|food-insecurity|||RA-1^HOSPA\rPRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\r\
    PID|||A-1^^^HOSPA||Lindqvist^Eva||19880402\rNK1|1|Lindqvist^Ana\r\
    PR1|||467771000124109^Help^SCT\r";

fn hospital() -> LinkOf {
    let text = "name = 'A'\nroles = ['source']\nlegal_class = 'ce'\n[hl7v2]\napplication = 'EHR'\n\
        facility = 'HOSPA'\nauthorities = [{ name = 'HOSPA', system = 'urn:a' }, { name = 'NPI', system = 'urn:npi' }]\n";
    LinkOf::new(Some(&Partner::parse("a".parse().unwrap(), text).unwrap()))
}

#[test]
fn a_ref_i12_becomes_a_bundle_that_reads_and_comes_back_as_each_message_of_a_referral() {
    let link = hospital();
    let bundle = one(heard(REF_I12, &link).map_err(|_| "stopped").unwrap());
    assert_eq!(bundle.not_carried, ["NK1-1"]);
    let parsed: Value = serde_json::from_str(&bundle.text).unwrap();
    let entries = parsed["entry"].as_array().unwrap();
    let kinds: Vec<&str> =
        entries.iter().map(|one| one["resource"]["resourceType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Patient", "RelatedPerson", "ServiceRequest", "Task"]);
    assert_eq!(entries[3]["resource"]["authoredOn"], "2026-11-20T14:40:00Z");
    assert_eq!(entries[0]["resource"]["identifier"][0]["system"], "urn:a");
    assert_eq!(entries[1]["resource"]["patient"]["reference"], entries[0]["fullUrl"]);
    read_pivot(bundle.text.as_bytes()).unwrap();

    let back = |code, event| {
        let ways = (&Dialect::Fhir, &v2(code, event));
        let made =
            translate(&Library::builtin(), ways, bundle.text.as_bytes(), &Groups::all(), &link);
        one(made.map_err(|_| "stopped").unwrap()).text
    };
    let text = back("REF", "I12");
    for segment in [
        "RF1|P|R|food-insecurity^^SDOHCC|||RA-1^HOSPA",
        "PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry",
        "PID|||A-1^^^HOSPA||Lindqvist^Eva||19880402",
        "NK1||Lindqvist^Ana",
        "PR1|||467771000124109^Help^SCT",
    ] {
        assert!(text.contains(segment), "{segment} is not in {text}");
    }
    let msh = "MSH|^~\\&|EHR|HOSPA|LOOPGATE||20261120144000+0000||REF^I12^REF_I12|1|";
    assert!(text.starts_with(msh));
    for (code, event) in [("OMG", "O19"), ("ORM", "O01")] {
        let text = back(code, event);
        for segment in
            ["ORC|NW|RA-1^HOSPA|", "OBR||||467771000124109^Help^SCT", "PID|||A-1^^^HOSPA"]
        {
            assert!(text.contains(segment), "{segment} is not in {text}");
        }
    }
    let ways = (&v2("", ""), &Dialect::Json("cbo-json".to_owned()));
    let cbo = translate(&Library::builtin(), ways, REF_I12, &Groups::all(), &link);
    let cbo = one(cbo.map_err(|_| "stopped").unwrap());
    let document: Value = serde_json::from_str(&cbo.text).unwrap();
    assert_eq!(document["client"]["name"]["given"], serde_json::json!(["Eva"]));
}

/// A referral, of whom it says that the person must not be contacted.
fn silent() -> Vec<u8> {
    let mut bundle: Value = serde_json::from_slice(REFERRAL_BUNDLE).unwrap();
    for entry in bundle["entry"].as_array_mut().unwrap() {
        if entry["resource"]["resourceType"] == "ServiceRequest" {
            let system = entry["resource"]["category"][0]["coding"][0]["system"].clone();
            entry["resource"]["orderDetail"] = json!([{ "coding": [{ "system": system, "code": "contacting-subject-prohibited" }] }]);
        }
    }
    bundle.to_string().into_bytes()
}

#[test]
fn every_dialect_of_the_mappings_is_spoken_both_ways_and_says_that_contact_is_prohibited() {
    let library = Library::builtin();
    let link = LinkOf::new(None);
    let dialects: Vec<String> = library.dialects().map(str::to_owned).collect();
    assert!(["cbo-json", "cie-hub"].iter().all(|one| dialects.iter().any(|known| known == one)));
    let go = |from: &Dialect, to: &Dialect, input: &[u8]| {
        let found = translate(&library, (from, to), input, &Groups::all(), &link);
        one(found.unwrap_or_else(|why| panic!("{from:?} to {to:?}: {why:?}"))).text
    };
    for name in &dialects {
        let dialect = Dialect::Json(name.clone());
        let said = go(&Dialect::Fhir, &dialect, &silent());
        let back = go(&dialect, &Dialect::Fhir, said.as_bytes());
        assert!(back.contains("contacting-subject-prohibited"), "{name}: {back}");
        for other in dialects.iter().filter(|other| *other != name) {
            let other = Dialect::Json(other.clone());
            let there = go(&dialect, &other, said.as_bytes());
            let again = go(&other, &dialect, there.as_bytes());
            assert!(
                go(&dialect, &Dialect::Fhir, again.as_bytes())
                    .contains("contacting-subject-prohibited")
            );
        }
    }
    // Of a folder that is not there, its name is said.
    let nowhere = (&Dialect::Fhir, &Dialect::Json("nowhere".to_owned()));
    let Err(Stopped::Refused(why)) =
        translate(&library, nowhere, REFERRAL_BUNDLE, &Groups::all(), &link)
    else {
        panic!("not refused")
    };
    assert!(why.to_string().starts_with("there is no mapping nowhere/referral.toml"));
}

#[test]
fn the_hubs_shape_has_two_members_of_one_need_and_local_times() {
    let text = "name = 'Hub'\nroles = ['target']\nlegal_class = 'cbo-nonhipaa'\ntime_zone = 'America/Los_Angeles'\n\
        [channel]\nkind = 'rest'\ndialect = 'cie-hub'\n";
    let hub = Partner::parse("hub".parse().unwrap(), text).unwrap();
    let ways = (&Dialect::Fhir, &Dialect::Json("cie-hub".to_owned()));
    let said = translate(
        &Library::builtin(),
        ways,
        REFERRAL_BUNDLE,
        &Groups::all(),
        &LinkOf::new(Some(&hub)),
    );
    let said = one(said.map_err(|_| "stopped").unwrap());
    let document: Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(document["domain"], "Economic Stability");
    assert_eq!(document["subDomain"], "Food Insecurity");
    let authored = pivot_of(REFERRAL_BUNDLE)["Task"]["authoredOn"].as_str().unwrap().to_owned();
    let authored: jiff::Timestamp = authored.parse().unwrap();
    let local = authored.to_zoned(TimeZone::get("America/Los_Angeles").unwrap());
    let local = local.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string();
    assert_eq!(document["dateTime"], local);
}

fn pivot_of(bundle: &[u8]) -> Value {
    read_bundle(bundle).map_err(|_| "stopped").unwrap().pivot
}

#[test]
fn each_field_that_was_carried_says_by_which_row() {
    let bundle = one(heard(REF_I12, &hospital()).map_err(|_| "stopped").unwrap());
    let family = bundle.carried.iter().find(|one| one.carried.right == "PID-5.1").unwrap();
    assert_eq!(family.carried.left, "Patient.name.family");
    assert_eq!(family.carried.file, "hl7v2/segments/pid.toml");
    let (_, text) = Library::files().find(|(path, _)| *path == family.carried.file).unwrap();
    let line = text.lines().nth(family.carried.line as usize - 1).unwrap();
    assert!(line.contains("PID-5[*].1") && line.contains("Patient.name[*].family"), "{line}");
    assert_eq!(family.way, Way::Read);
}

#[test]
fn a_message_without_a_mapping_is_refused_by_its_name() {
    let message =
        b"MSH|^~\\&|EHR|HOSPA|LG|TOWN|20261120094000-0500||VXU^V04^VXU_V04|1|T|2.5.1\rPID|1\r";
    let Err(Stopped::Refused(why)) = heard(message, &hospital()) else { panic!("not refused") };
    assert_eq!(why.to_string(), "VXU^V04 is not a message that has a mapping");
    let ways = (&Dialect::Fhir, &v2("ADT", "A01"));
    let library = Library::builtin();
    let written = translate(&library, ways, REFERRAL_BUNDLE, &Groups::all(), &hospital());
    assert!(matches!(written, Err(Stopped::Refused(_))));
}

#[test]
fn a_batch_and_an_order_of_several_are_several() {
    let orders = b"MSH|^~\\&|EHR|HOSPA|LG|TOWN|20261120094000-0500||ORM^O01|1|T|2.5.1\r\
        PID|||A-1^^^HOSPA\rORC|NW|R-1\rOBR||||a^A^L\rORC|NW|R-2\rOBR||||b^B^L\r";
    assert_eq!(heard(orders, &hospital()).map_err(|_| "stopped").unwrap().len(), 2);
    let batch = [b"BHS|^~\\&|A\r".as_slice(), REF_I12, orders, b"BTS|2\r"].concat();
    assert_eq!(heard(&batch, &hospital()).map_err(|_| "stopped").unwrap().len(), 3);
}

/// What the public messages come to as FHIR is FHIR.
#[test]
fn every_resource_of_the_public_messages_reads() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else { return };
    let corpus = std::path::PathBuf::from(corpus).join("hl7v2");
    let mut wrong = std::collections::BTreeSet::new();
    let (mut files, mut translated, mut resources) = (0, 0, 0);
    for folder in std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.to_string_lossy().into_owned();
            if !name.ends_with(".hl7") || name.contains(".expected") {
                continue;
            }
            files += 1;
            let Ok(all) = heard(&std::fs::read(&path).unwrap(), &hospital()) else { continue };
            translated += 1;
            for one in all {
                let bundle: Value = serde_json::from_str(&one.text).unwrap();
                for entry in bundle["entry"].as_array().into_iter().flatten() {
                    let resource = &entry["resource"];
                    let kind = resource["resourceType"].as_str().unwrap();
                    resources += 1;
                    // The door has no use for these two; the others it reads.
                    if matches!(kind, "Appointment" | "MessageHeader") {
                        continue;
                    }
                    let text = resource.to_string();
                    let read = loopgate_fhir::Resource::read(text.as_bytes(), &Limits::default());
                    if let Err(faults) = read {
                        let file = path.file_name().unwrap().to_string_lossy();
                        wrong.insert(format!("{}: {} {file}", kind, faults[0]));
                    }
                }
            }
        }
    }
    eprintln!("{translated} of {files} files, {resources} resources");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(translated > 200);
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

#[test]
fn a_referral_becomes_a_row_and_the_row_a_referral() {
    let library = Library::builtin();
    let link = LinkOf::new(None);
    let into = |from: &Dialect, to: &Dialect, input: &[u8]| {
        let all = translate(&library, (from, to), input, &Groups::all(), &link);
        all.unwrap_or_else(|_| panic!("stopped"))
    };
    let document =
        one(into(&Dialect::Fhir, &Dialect::Json("cbo-json".to_owned()), REFERRAL_BUNDLE)).text;
    let rows = one(into(&Dialect::Json("cbo-json".to_owned()), &Dialect::Csv, document.as_bytes()));
    let lines: Vec<&str> = rows.text.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}Referral,Version,Do not contact,Need,"), "{}", rows.text);
    assert!(lines[1].contains(",'+1 555 0142,") && lines.len() == 3, "{}", rows.text);
    assert!(rows.not_carried.contains(&"authored_on, the time of day".to_owned()));
    // Two rows are two referrals.
    let twice = format!("{}{}\r\n", rows.text, lines[1]);
    let back = into(&Dialect::Csv, &Dialect::Json("cbo-json".to_owned()), twice.as_bytes());
    assert_eq!(back.len(), 2);
    let mut expected: Value = serde_json::from_str(&document).unwrap();
    let day = expected["authored_on"].as_str().unwrap()[..10].to_owned();
    expected["authored_on"] = day.into();
    // What has no column is named, and is not in it.
    for lost in rows.not_carried.iter().filter(|place| place.starts_with("need.")) {
        let member = lost.trim_start_matches("need.service.");
        expected["need"]["service"].as_object_mut().unwrap().remove(member);
    }
    assert_eq!(serde_json::from_str::<Value>(&back[0].text).unwrap(), expected);
    assert_eq!(back[0].text, back[1].text);
    // What is no table is unreadable; a row without what every referral has is refused.
    for (input, unreadable) in
        [(&b"a,b\n1,2\n"[..], true), (b"Referral,Status\nref_1,new\n", false)]
    {
        let ways = (&Dialect::Csv, &Dialect::Fhir);
        match translate(&library, ways, input, &Groups::all(), &link) {
            Err(Stopped::Unreadable(_)) => assert!(unreadable),
            Err(Stopped::Refused(_)) => assert!(!unreadable),
            Ok(_) => panic!("it was translated"),
        }
    }
}

#[test]
fn that_a_person_must_not_be_contacted_survives_a_row() {
    let library = Library::builtin();
    let document = r#"{"referral_id":"ref_1","status":"new","need":{"category":"food-insecurity","contact":"do-not-contact"}}"#;
    let link = LinkOf::new(None);
    let row = translate(
        &library,
        (&Dialect::Json("cbo-json".to_owned()), &Dialect::Csv),
        document.as_bytes(),
        &Groups::all(),
        &link,
    );
    let row = one(row.unwrap_or_else(|_| panic!("stopped"))).text;
    assert!(row.contains("ref_1,,do-not-contact,food-insecurity,"), "{row}");
    let back = translate(
        &library,
        (&Dialect::Csv, &Dialect::Json("cbo-json".to_owned())),
        row.as_bytes(),
        &Groups::all(),
        &link,
    );
    let back = one(back.unwrap_or_else(|_| panic!("stopped"))).text;
    assert_eq!(
        serde_json::from_str::<Value>(&back).unwrap(),
        serde_json::from_str::<Value>(document).unwrap()
    );
}
