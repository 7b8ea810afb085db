use std::path::Path;

use super::*;
use crate::config::Config;

const REFERENCE: &str = include_str!("../../../../../docker/loopgate.toml");

const SOURCE: &str = r#"name = "Hospital | A"
roles = ["source"]
legal_class = "ce"
certificate_sha256 = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
[hl7v2]
application = "EHR"
facility = "HOSPA"
endpoint = "engine.hospital.example:2575"
authorities = [
  { name = "HOSPA", system = "urn:example:a:mrn" },
  { name = "DIR", system = "urn:example:directory" },
]
authority = "HOSPA"
frame_bytes_max = 2048
charset = "8859/1"
version = "2.4"
answers = "rri"
referrals = [
  { code = "CM1", system = "L", need = "food-insecurity" },
  { diagnosis = "Z59", target = "pantry" },
]
lenient = ["timestamps"]
park_after = 7
z_fields = [{ field = "ZRF-2", carries = "contact-prohibited" }, { field = "ZPV-1", carries = "nothing" }]
codes = [{ field = "RF1-3", theirs = "FOOD", ours = "food-insecurity" }]
"#;

const TARGET: &str = r#"name = "Pantry"
roles = ["target"]
legal_class = "cbo-nonhipaa"
[channel]
kind = "hl7v2"
[hl7v2]
application = "CASE"
facility = "PANTRY"
endpoint = "engine.pantry.example:2575"
"#;

fn config() -> Config {
    Config::parse(REFERENCE, Path::new("/deployment")).unwrap()
}

fn spec(text: &str) -> Spec {
    let partner = Partner::parse("a".parse().unwrap(), text).unwrap();
    let (config, library) = (config(), Library::builtin());
    let deployment = Deployment { config: &config, library: &library, certificate: None };
    Spec::of(&partner, deployment).unwrap()
}

/// The message of this type from there.
fn found<'s>(spec: &'s Spec, from: &str, kind: &str) -> &'s Message {
    let here =
        spec.messages.iter().find(|one| one.from == from && one.types.iter().any(|t| t == kind));
    here.unwrap_or_else(|| panic!("no {kind} from {from}"))
}

#[test]
fn both_directions_are_named_with_what_is_shown() {
    let spec = spec(SOURCE);
    let config = config();
    let gateway = config.organization.name.as_str();
    let ways: Vec<(&str, &str)> =
        spec.connections.iter().map(|one| (one.from.as_str(), one.to.as_str())).collect();
    assert_eq!(ways, [("Hospital | A", gateway), (gateway, "Hospital | A")]);
    assert!(spec.connections[0].address.ends_with(&format!(":{}", config.listen.mllp.port())));
    assert!(spec.connections[0].terms.concat().contains(&"aa".repeat(32)));
    assert_eq!(spec.connections[1].address, "engine.hospital.example:2575");
    // Without an endpoint nobody calls.
    let quiet = SOURCE.replace("endpoint = ", "# ");
    let quiet = self::spec(&quiet);
    assert_eq!(quiet.connections.len(), 1);
    assert!(quiet.messages.iter().all(|one| one.from == "Hospital | A"));
}

#[test]
fn the_header_is_what_the_door_asks_for_and_the_exit_writes() {
    let spec = spec(SOURCE);
    let row = |field: &str| {
        let one = spec.header.iter().find(|one| one.field == field).unwrap();
        (one.to_gateway.as_str(), one.from_gateway.as_str())
    };
    let tenant = config().tenant.name.to_string();
    assert_eq!(row("MSH-3"), ("EHR", "LOOPGATE"));
    assert_eq!(row("MSH-4"), ("HOSPA", tenant.as_str()));
    assert_eq!(row("MSH-5"), ("LOOPGATE", "EHR"));
    assert_eq!(row("MSH-11"), ("T or D", "T"));
    assert_eq!(row("MSH-12").1, "2.4");
    assert_eq!(row("MSH-18").0, "as the message is; if it is empty, 8859/1");
    let real = self::spec(&SOURCE.replace("legal_class", "production = true\nlegal_class"));
    let mode = real.header.iter().find(|one| one.field == "MSH-11").unwrap();
    assert_eq!((mode.to_gateway.as_str(), mode.from_gateway.as_str()), ("P", "P"));
}

#[test]
fn limits_and_settings_are_the_links_own() {
    let spec = spec(SOURCE);
    let limit = |what: &str| spec.limits.iter().find(|one| one.what == what).unwrap().value.clone();
    assert_eq!(limit("bytes of a frame to the gateway"), "2048");
    let wait = config().delivery.timeout_s;
    assert_eq!(limit("the gateway waits for an acknowledgement"), format!("{wait} s"));
    assert!(spec.acknowledgements.concat().contains("After 7 refusals"));
    let own = spec.own.join("\n");
    for line in [
        "A source is answered in RRI;",
        "names no assigning authority is taken for one of HOSPA.",
        "Referral: OBR-4 or OBR-44 is CM1 of L; where the message does not say, the need is food-insecurity.",
        "Referral: a diagnosis (DG1-3, OBR-31) begins with Z59; where the message does not say, it goes to pantry.",
        "ZRF-2 is read as PD1-12 (contact-prohibited), and written beside it.",
        "ZPV-1 is known and not carried; acknowledgements do not mention it.",
        "In RF1-3 the code FOOD is food-insecurity.",
    ] {
        assert!(own.contains(line), "{line} in {own}");
    }
    let words: Vec<&str> = spec.lenient.iter().map(|one| one.word).collect();
    assert_eq!(words, ["timestamps"]);
}

#[test]
fn a_message_shows_its_fields_and_an_example_in_the_links_own_words() {
    let spec = spec(SOURCE);
    let referral = found(&spec, "Hospital | A", "REF^I12");
    let field = |place: &str| referral.fields.iter().find(|one| one.place == place).unwrap();
    assert_eq!(field("RF1-6.1").needed, "required");
    assert_eq!(field("PD1-12").needed, "never left out");
    assert!(field("PID-8").form.as_deref().unwrap().starts_with("table gender/"));
    assert!(referral.says.iter().any(|one| one.message == "REF^I12" && one.state == "sent"));
    let pid = referral.segments.iter().find(|one| one.name == "PID").unwrap();
    assert_eq!(pid.title, "patient identification");
    let example = referral.example.as_deref().unwrap();
    let line = |name: &str| example.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("MSH").starts_with("MSH|^~\\&|EHR|HOSPA|LOOPGATE|"), "{example}");
    assert!(line("MSH").contains("||REF^I12^REF_I12|EXAMPLE-1|T|2.4|"), "{example}");
    assert!(line("RF1").contains("|FOOD^"), "{example}");
    assert!(line("RF1").contains("|R-1001^HOSPA"), "{example}");
    assert!(line("PID").contains("X-20417^^^HOSPA"), "{example}");

    let gateway = config().organization.name;
    let answer = found(&spec, &gateway, "RRI^I13");
    let example = answer.example.as_deref().unwrap();
    assert!(example.contains("|EHR|HOSPA|"), "{example}");
    assert!(example.contains("||RRI^I13^RRI_I12|"), "{example}");
    assert!(!example.contains("MSA|"), "news answers no message: {example}");
    assert!(example.lines().any(|line| line.starts_with("RF1|A|")), "what came of it: {example}");
}

#[test]
fn a_target_is_asked_and_answers() {
    let spec = spec(TARGET);
    let gateway = config().organization.name;
    let asked = found(&spec, &gateway, "REF^I12");
    let example = asked.example.as_deref().unwrap();
    // The placer number is the gateway's own, and the patient's number is nobody's it knows.
    assert!(example.contains("ref_0190exampleexampleexample"), "{example}");
    assert!(!example.contains("R-1001"), "{example}");
    found(&spec, "Pantry", "RRI^I12");
    assert!(
        spec.messages
            .iter()
            .all(|one| one.from == gateway || !one.types.contains(&"REF^I12".to_owned()))
    );
    let sent = spec.states.iter().find(|one| one.name == "sent").unwrap();
    assert_eq!(sent.said[0], "REF^I12 RF1-1 P");
    let accepted = spec.states.iter().find(|one| one.name == "accepted").unwrap();
    assert!(accepted.said.contains(&"RRI^I12 RF1-1 A".to_owned()));
    assert_eq!(
        (accepted.by.as_slice(), accepted.task.as_deref()),
        (&["target"][..], Some("accepted"))
    );
}

#[test]
fn a_message_that_no_mapping_knows_is_said_to_be_refused() {
    let files = Library::files().filter(|(path, _)| !path.starts_with("hl7v2/rri"));
    let library = Library::from_files(files).unwrap();
    let partner = Partner::parse("a".parse().unwrap(), SOURCE).unwrap();
    let config = config();
    let deployment = Deployment { config: &config, library: &library, certificate: None };
    let spec = Spec::of(&partner, deployment).unwrap();
    assert!(spec.without_mapping.contains(&"RRI^I12".to_owned()));
    assert!(spec.markdown().contains("has no mapping for "));
    let none = SOURCE.split_once("[hl7v2]").unwrap().0;
    let partner = Partner::parse("a".parse().unwrap(), none).unwrap();
    assert_eq!(Spec::of(&partner, deployment), None);
}

#[test]
fn every_table_that_is_named_is_printed_and_cells_do_not_break() {
    let spec = spec(SOURCE);
    for message in &spec.messages {
        let named = message.fields.iter().filter_map(|one| one.form.as_deref());
        for name in named.filter_map(|form| form.strip_prefix("table ")) {
            assert!(spec.tables.iter().any(|table| table.name == name), "{name}");
        }
    }
    let text = spec.markdown();
    assert!(text.starts_with("# HL7 v2 interface: Hospital | A and "));
    for table in text.split("\n\n").filter(|block| block.starts_with("| ")) {
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let head = columns(table.lines().next().unwrap());
        assert!(table.lines().all(|line| columns(line) == head), "{table}");
    }
    let json = serde_json::to_value(&spec).unwrap();
    assert_eq!(json["messages"][0]["types"][0], "REF^I12");
    assert_eq!(json["production"], false);
}
