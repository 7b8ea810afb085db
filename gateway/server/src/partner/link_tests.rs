use std::collections::BTreeSet;

use loopgate_hl7v2::Charset;

use super::*;
use crate::config::Problem;
use crate::partner::{Carries, ChannelKind, Lenient, Partner, load_partners};

const HEAD: &str = "name = 'Hospital A'\nroles = ['source']\nlegal_class = 'ce'\n[hl7v2]\n";
const BARE: &str = "application = 'EHR'\nfacility = 'HOSPA'\n";

const FULL: &str = r#"application = "EHR"
facility = "HOSPA"
endpoint = "mllp.hospital.example:2575"
authorities = [
  { name = "HOSPA", system = "urn:example:a:mrn" },
  { name = "COMM", system = "urn:example:community-id" },
]
authority = "HOSPA"
frame_bytes_max = 2048
charset = "8859/1"
version = "2.3.1"
answers = "orders"
appointments = "siu"
outcomes = "mdm"
requests = "orm"
referrals = [
  { code = "CMREF", system = "L" },
  { code = "CMREF", system = "L", diagnosis = "Z59" },
  { diagnosis = "Z59.4", need = "food-insecurity", target = "pantry" },
]
lenient = ["timestamps", "frame-end"]
sequence = true
park_after = 9
z_fields = [
  { field = "ZPD-4", carries = "contact-prohibited" },
  { field = "ZCN-3.2", carries = "consent-token" },
  { field = "ZPD-5", carries = "language" },
  { field = "ZPV-1", carries = "nothing" },
  { field = "ZPV-2", carries = "nothing" },
]
codes = [
  { field = "RF1-3", theirs = "FOOD", ours = "food-insecurity" },
  { field = "RF1-3", theirs = "FOODINS", ours = "food-insecurity" },
  { field = "OBR-4", theirs = "FOOD", ours = "467771000124109", system = "SCT" },
]
"#;

fn parse(link: &str) -> Result<Partner, Vec<Problem>> {
    Partner::parse("a".parse().unwrap(), &format!("{HEAD}{link}"))
}

fn link(text: &str) -> Link {
    parse(text).unwrap().hl7v2.unwrap()
}

/// The problems of the full section with `old` replaced by `new`.
fn refused(old: &str, new: &str) -> Vec<String> {
    assert!(FULL.contains(old), "{old}");
    let problems = parse(&FULL.replacen(old, new, 1)).err().unwrap_or_default();
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn an_endpoint_is_a_host_and_a_port() {
    for text in ["mllp.hospital.example:2575", "10.0.0.1:1", "[::1]:2575"] {
        assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
    }
    for text in ["", "host", ":1", "host:0", "host:65536", "ho st:1", "https://host:1", "[x]:1"] {
        assert_eq!(text.parse::<Endpoint>(), Err(BadEndpoint), "{text}");
    }
}

#[test]
fn what_a_link_does_not_say_is_the_standard() {
    let found = link(BARE);
    assert_eq!(found, Link::new("EHR", "HOSPA"));
    assert_eq!((found.charset, found.version.as_str()), (Charset::UTF_8, "2.5.1"));
    assert_eq!((found.answers, found.requests), (Answers::AsAsked, Requests::Ref));
    assert_eq!((found.appointments, found.outcomes), (How::Answers, Outcomes::Answers));
    assert!(found.lenient.is_empty() && found.referrals.is_empty() && !found.sequence);
    assert_eq!((found.park_after, found.authority), (5, None));
    assert!(found.z_fields.is_empty() && found.codes.is_empty());
}

#[test]
fn every_key_is_read() {
    let found = link(FULL);
    assert_eq!(found.authority.as_deref(), Some("HOSPA"));
    assert_eq!(found.frame_bytes_max, Some(2048));
    assert_eq!(found.charset.decode(b"M\xfcller").as_deref(), Some("M\u{fc}ller"));
    assert_eq!((found.version.as_str(), found.answers), ("2.3.1", Answers::Orders));
    assert_eq!((found.appointments, found.outcomes), (How::Siu, Outcomes::Mdm));
    assert_eq!(found.requests, Requests::Orm);
    let plain =
        Rule { code: Some("CMREF".to_owned()), system: Some("L".to_owned()), ..Rule::default() };
    let named = Rule {
        diagnosis: Some("Z59.4".to_owned()),
        need: Some("food-insecurity".parse().unwrap()),
        target: Some("pantry".parse().unwrap()),
        ..Rule::default()
    };
    assert_eq!((&found.referrals[0], &found.referrals[2]), (&plain, &named));
    assert_eq!(found.lenient, BTreeSet::from([Lenient::FrameEnd, Lenient::Timestamps]));
    assert!(found.passes(Lenient::FrameEnd) && !found.passes(Lenient::BlankLines));
    assert_eq!((found.sequence, found.park_after), (true, 9));
    assert_eq!(found.z_fields[1].field.to_string(), "ZCN-3.2");
    assert_eq!(found.z_fields[0].carries, Carries::ContactProhibited);
    assert_eq!(found.codes[1].theirs, "FOODINS");
    assert_eq!((&found.codes[1].system, found.codes[2].system.as_deref()), (&None, Some("SCT")));
}

#[test]
fn what_is_rendered_reads_the_same() {
    for text in [BARE, FULL] {
        let partner = parse(text).unwrap();
        let again = Partner::parse("a".parse().unwrap(), &partner.render());
        assert_eq!(again.as_ref(), Ok(&partner), "{}", partner.render());
    }
}

#[test]
fn every_value_of_every_setting_is_rendered_and_read() {
    fn all<T: Named>(key: &str, of: impl Fn(&Link) -> T) {
        for (name, value) in T::NAMES {
            let partner = parse(&format!("{BARE}{key} = '{name}'\n")).unwrap();
            assert!(of(partner.hl7v2.as_ref().unwrap()) == *value, "{key} {name}");
            assert_eq!(Partner::parse("a".parse().unwrap(), &partner.render()), Ok(partner));
        }
    }
    all("answers", |link| link.answers);
    all("appointments", |link| link.appointments);
    all("outcomes", |link| link.outcomes);
    all("requests", |link| link.requests);
    for (name, one) in Lenient::NAMES {
        let partner = parse(&format!("{BARE}lenient = ['{name}']\n")).unwrap();
        assert_eq!(partner.hl7v2.as_ref().unwrap().lenient, BTreeSet::from([*one]));
        assert_eq!(Partner::parse("a".parse().unwrap(), &partner.render()), Ok(partner));
    }
    for name in ["ASCII", "utf-8", "8859/2", "ISO 8859-15", "windows-1252"] {
        let partner = parse(&format!("{BARE}charset = '{name}'\n")).unwrap();
        assert_eq!(Partner::parse("a".parse().unwrap(), &partner.render()), Ok(partner), "{name}");
    }
}

#[test]
fn every_problem_of_a_link_has_its_line() {
    let text = r#"application = "EHR"
endpoint = "hospital"
authorities = [{ name = "HOSPA", system = "urn:example:a:mrn" }]
authority = "HOSPB"
frame_bytes_max = 1
charset = "EBCDIC"
version = "3.0"
answers = "ack"
appointments = "adt"
outcomes = "pdf"
requests = "fhir"
referrals = [
  { need = "food-insecurity" },
  { system = "L", diagnosis = "z59" },
  { code = "A", need = "food", target = "No One" },
  { code = "A" },
]
lenient = ["all", "version", "version"]
sequence = "yes"
park_after = 0
z_fields = [
  { field = "PID-5", carries = "language" },
  { field = "ZPD-4", carries = "language" },
  { field = "ZPD[1='A']-4", carries = "name" },
  { field = "ZPD-5", carries = "nothing" },
]
codes = [
  { field = "MSH-9", theirs = "A", ours = "B" },
  { field = "RF1-3", theirs = "A", ours = "B" },
  { field = "RF1-3", theirs = "A", ours = "C" },
  { field = "RF1", theirs = "A" },
]
dialect = "x"
"#;
    let expected = "\
partners/a.toml:4: hl7v2.facility: is missing
partners/a.toml:6: hl7v2.endpoint: is not host:port
partners/a.toml:8: hl7v2.authority: is none of the names in authorities
partners/a.toml:9: hl7v2.frame_bytes_max: is not from 1024 to 67108864
partners/a.toml:10: hl7v2.charset: is not UNICODE UTF-8, ASCII, or like 8859/1
partners/a.toml:11: hl7v2.version: is none of 2.1, 2.2, 2.3, 2.3.1, 2.4, 2.5, 2.5.1, 2.6, 2.7, 2.7.1, 2.8, 2.8.1, 2.8.2, 2.9
partners/a.toml:12: hl7v2.answers: is none of as-asked, rri, orders, 360x
partners/a.toml:13: hl7v2.appointments: is none of answers, siu
partners/a.toml:14: hl7v2.outcomes: is none of answers, oru, mdm
partners/a.toml:15: hl7v2.requests: is none of ref, omg, orm
partners/a.toml:17: hl7v2.referrals.code: is missing: give code or diagnosis
partners/a.toml:18: hl7v2.referrals.diagnosis: is not how a diagnosis begins, like Z59
partners/a.toml:18: hl7v2.referrals.system: is for a rule with a code
partners/a.toml:19: hl7v2.referrals.need: is not an SDOHCC category, like food-insecurity
partners/a.toml:19: hl7v2.referrals.target: is not the name of a partner
partners/a.toml:20: hl7v2.referrals: says the same thing twice
partners/a.toml:22: hl7v2.lenient: is none of frame-end, blank-lines, trailing-junk, processing-id, version, ack-codes, timestamps
partners/a.toml:22: hl7v2.lenient: lists an item twice
partners/a.toml:23: hl7v2.sequence: is a string, true or false is wanted
partners/a.toml:24: hl7v2.park_after: is not from 1 to 1000
partners/a.toml:26: hl7v2.z_fields.field: is not a field of a Z segment
partners/a.toml:28: hl7v2.z_fields.field: is not a plain place outside MSH
partners/a.toml:28: hl7v2.z_fields.carries: is none of consent-token, contact-prohibited, language, nothing
partners/a.toml:27: hl7v2.z_fields: says the same thing twice
partners/a.toml:32: hl7v2.codes.field: is not a plain place outside MSH
partners/a.toml:34: hl7v2.codes: says the same thing twice
partners/a.toml:35: hl7v2.codes.field: is not a place, like RF1-3 or ZPD-4.1
partners/a.toml:35: hl7v2.codes.ours: is missing
partners/a.toml:37: hl7v2.dialect: there is no such key";
    let found = parse(text).unwrap_err();
    let mut found: Vec<String> = found.iter().map(Problem::to_string).collect();
    let mut expected: Vec<&str> = expected.lines().collect();
    // Two on one line stand in the order in which they are found.
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_field_stands_for_one_thing() {
    let twice =
        |line: u32| [format!("partners/a.toml:{line}: hl7v2.z_fields: says the same thing twice")];
    assert_eq!(refused("\"ZPV-2\"", "\"ZPV-1\""), twice(33));
    assert_eq!(refused("\"language\"", "\"contact-prohibited\""), twice(31));
}

#[test]
fn an_own_authority_is_one_of_the_listed() {
    assert_eq!(
        refused("authority = \"HOSPA\"", "authority = \"OTHER\""),
        ["partners/a.toml:12: hl7v2.authority: is none of the names in authorities"]
    );
    assert_eq!(refused("\"COMM\"", "\"HOSPA\"").len(), 1);
}

#[test]
fn a_channel_of_hl7_v2_needs_an_endpoint() {
    let target = |channel: &str, link: &str| {
        let head = "name = 'Pantry'\nroles = ['target']\nlegal_class = 'ce'\n";
        let text = format!("{head}[channel]\n{channel}\n[hl7v2]\n{BARE}{link}");
        let found = Partner::parse("p".parse().unwrap(), &text);
        found.map_err(|found| found.iter().map(Problem::to_string).collect::<Vec<_>>())
    };
    let partner = target("kind = 'hl7v2'", "endpoint = 'engine.pantry.example:2575'").unwrap();
    let channel = partner.channel.clone().unwrap();
    assert_eq!((channel.dialect.as_str(), channel.kind), ("hl7v2", ChannelKind::Hl7v2));
    assert_eq!(Partner::parse("p".parse().unwrap(), &partner.render()), Ok(partner));
    let missing = "partners/p.toml:4: hl7v2.endpoint: is missing, an hl7v2 channel needs one";
    assert_eq!(target("kind = 'hl7v2'", ""), Err(vec![missing.to_owned()]));
    // What is wrong with it is said once.
    let wrong = "partners/p.toml:9: hl7v2.endpoint: is not host:port";
    assert_eq!(target("kind = 'hl7v2'", "endpoint = 'x'"), Err(vec![wrong.to_owned()]));
    let other = "partners/p.toml:6: channel.dialect: is none of hl7v2";
    let cbo_json = target("kind = 'hl7v2'\ndialect = 'cbo-json'", "endpoint = 'a:1'");
    assert_eq!(cbo_json, Err(vec![other.to_owned()]));
}

#[test]
fn a_rule_names_a_target_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("a.toml", &format!("{HEAD}{FULL}"));
    let found = || {
        let problems = load_partners(dir.path()).err().unwrap_or_default();
        problems.iter().map(Problem::to_string).collect::<Vec<_>>()
    };
    let nowhere =
        ["partners/a.toml:23: hl7v2.referrals.target: is no partner with the role target"];
    assert_eq!(found(), nowhere);
    let pantry = "name = 'Pantry'\nlegal_class = 'cbo-nonhipaa'\n";
    write("pantry.toml", &format!("{pantry}roles = ['source']\n"));
    assert_eq!(found(), nowhere);
    write("pantry.toml", &format!("{pantry}roles = ['target']\n"));
    assert_eq!(found(), ["partners/pantry.toml: channel: is missing, a target needs one"]);
    write("pantry.toml", &format!("{pantry}roles = ['target']\n[channel]\nkind = 'rest'\n"));
    assert_eq!(found(), [""; 0]);
}
