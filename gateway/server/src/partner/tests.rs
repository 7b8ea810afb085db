use std::fs;

use jiff::tz::TimeZone;
use loopgate_consent::{Action, LegalClass};
use loopgate_referral::{OrgId, Timestamp};

use super::{
    ChannelKind, Day, Digest, Language, Partner, Payload, Role, Timing, load_partners,
    load_speaking, set_suspended,
};
use crate::config::Problem;

const SOURCE: &str = r#"
name = "Hospital A"
roles = ["source"]
legal_class = "ce"
"#;

const FULL: &str = r#"# kept
name = "Pantry \"North\" \\ 1"
roles = ["target", "auditor"]
legal_class = "cbo-nonhipaa"
purpose = "CAREMGT"
actions = ["notify"]
identifiers = [
  { system = "urn:oid:1.2", value = "17" },
  { system = "urn:oid:1.3", value = "17" },
]
certificate_sha256 = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
time_zone = "America/New_York"
production = true
suspended = true  # why
[agreement]
reference = "contract 9"
expires = "2027-12-31"
[channel]
kind = "push"
endpoint = "https://pantry.example/hook"
dialect = "cbo-json"
"#;

fn org() -> OrgId {
    "north".parse().unwrap()
}

fn parse(text: &str) -> Partner {
    Partner::parse(org(), text).unwrap()
}

/// The problems of the full file with `old` replaced by `new`.
fn check(old: &str, new: &str) -> Vec<String> {
    assert!(FULL.contains(old), "{old}");
    words(Partner::parse(org(), &FULL.replacen(old, new, 1)).err().unwrap_or_default())
}

fn words(problems: Vec<Problem>) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn actions_follow_the_role_unless_they_are_given() {
    use Action::{Forward, Notify, StatusRead, Submit, UpdateBack};
    let source = parse(SOURCE);
    assert_eq!(source.actions, [Submit, UpdateBack, StatusRead].into());
    let target = SOURCE.replace("source", "target") + "[channel]\nkind = 'rest'\n";
    let target = parse(&target);
    assert_eq!(target.actions, [Forward, Notify, StatusRead].into());
    let channel = target.channel.unwrap();
    assert_eq!((channel.dialect.as_str(), channel.kind), ("cbo-json", ChannelKind::Rest));
    assert!(parse(&SOURCE.replace("source", "auditor")).actions.is_empty());
    assert_eq!(parse(FULL).actions, [Notify].into());
    assert!(parse(&FULL.replace("\"notify\"", "")).actions.is_empty());
}

#[test]
fn what_is_not_said_is_the_cautious_thing() {
    let partner = parse(SOURCE);
    assert!(!partner.production && !partner.suspended);
    assert_eq!(partner.time_zone, TimeZone::UTC);
    assert_eq!((partner.agreement, partner.channel, partner.purpose), (None, None, None));
    assert!(partner.identifiers.is_empty() && partner.certificates.is_empty());
}

#[test]
fn an_agreement_ends_with_its_last_day_where_the_partner_is() {
    let ends = |zone: &str, day: &str| {
        let text = FULL.replace("America/New_York", zone).replace("2027-12-31", day);
        let ends = parse(&text).party(&"t".parse().unwrap()).agreement_ends.unwrap();
        jiff::Timestamp::from_millisecond(ends.0).unwrap().to_string()
    };
    assert_eq!(ends("UTC", "2027-12-31"), "2028-01-01T00:00:00Z");
    assert_eq!(ends("America/New_York", "2027-12-31"), "2028-01-01T05:00:00Z");
    assert_eq!(ends("America/New_York", "2027-06-30"), "2027-07-01T04:00:00Z");
    assert_eq!(ends("Asia/Kolkata", "2027-12-31"), "2027-12-31T18:30:00Z");
    // Midnight does not exist on this day in Beirut: the day starts at 01:00 +03:00.
    assert_eq!(ends("Asia/Beirut", "2024-03-30"), "2024-03-30T22:00:00Z");
}

#[test]
fn a_party_is_what_the_file_says() {
    let tenant = "community".parse().unwrap();
    let party = parse(FULL).party(&tenant);
    assert_eq!((party.org, party.tenant), (org(), tenant));
    assert_eq!((party.legal, party.suspended), (LegalClass::CboNonhipaa, true));
    assert_eq!(party.purpose.unwrap().code(), "CAREMGT");
    assert_eq!(party.agreement_ends, Some(Timestamp(1_830_315_600_000)));
    assert_eq!(parse(SOURCE).party(&"t".parse().unwrap()).agreement_ends, None);
}

#[test]
fn every_problem_of_a_file_is_reported_with_its_line() {
    let text = r#"roles = ["target", "king"]
legal_class = "other"
purpose = "care"
actions = ["erase"]
identifiers = [
  { system = "urn:oid:1.2", value = "1" },
  { system = "x", values = "1" },
]
certificate_sha256 = [
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "aa",
]
time_zone = "Mars/Base"
[agreement]
expires = 2027-12-31
[channel]
kind = "push"
dialect = "../x"
"#;
    let expected = "\
partners/north.toml: name: is missing
partners/north.toml:1: roles: is none of source, target, auditor
partners/north.toml:2: legal_class: is none of ce, ba, cbo-nonhipaa, vawa-grantee, part2-program
partners/north.toml:3: purpose: is not a purpose of use, like CAREMGT
partners/north.toml:4: actions: is none of submit, forward, update_back, notify, status_read
partners/north.toml:7: identifiers.system: is not an absolute URI
partners/north.toml:7: identifiers.value: is missing
partners/north.toml:7: identifiers.values: there is no such key
partners/north.toml:10: certificate_sha256: is not 64 lower-case hex digits
partners/north.toml:11: certificate_sha256: is not 64 lower-case hex digits
partners/north.toml:13: time_zone: is not a time zone of the IANA database
partners/north.toml:14: agreement.reference: is missing
partners/north.toml:15: agreement.expires: is a date without quotes, a string is wanted
partners/north.toml:16: channel.endpoint: is missing, a push channel needs one
partners/north.toml:18: channel.dialect: is not the name of a folder, of a-z, 0-9 and -";
    assert_eq!(words(Partner::parse(org(), text).unwrap_err()).join("\n"), expected);
}

#[test]
fn a_channel_is_whole_and_a_target_has_one() {
    assert_eq!(
        check("\"push\"", "\"rest\""),
        ["partners/north.toml:20: channel.endpoint: is for another kind of channel"]
    );
    assert_eq!(check("https://pantry", "http://pantry").len(), 1);
    assert_eq!(check("https://pantry", "https://user:secret@pantry").len(), 1);
    let no_channel = FULL.split_once("[channel]").unwrap().0;
    let found = words(Partner::parse(org(), no_channel).unwrap_err());
    assert_eq!(found, ["partners/north.toml: channel: is missing, a target needs one"]);
    assert_eq!(check("[\"target\", \"auditor\"]", "[]").len(), 1);
}

#[test]
fn webhooks_are_signed_and_by_reference_unless_the_file_says_otherwise() {
    let pushed = |text: &str| match parse(text).channel.unwrap().kind {
        ChannelKind::Push(push) => (push.payload, push.signed, push.contact),
        other => panic!("{other:?}"),
    };
    assert_eq!(pushed(FULL), (Payload::Reference, true, None));
    let other = FULL.replace(
        "dialect =",
        "payload = \"whole\"\nsigned = false\ncontact = \"it@pantry.example\"\ndialect =",
    );
    assert_eq!(pushed(&other), (Payload::Whole, false, Some("it@pantry.example".to_owned())));
    assert_eq!(parse(&parse(&other).render()), parse(&other));
    assert_eq!(check("dialect =", "payload = \"some\"\ndialect =").len(), 1);
    assert_eq!(check("\"push\"", "\"rest\"\npayload = \"whole\"").len(), 2);
}

#[test]
fn what_is_rendered_reads_the_same() {
    for text in [SOURCE, FULL] {
        let partner = parse(text);
        assert_eq!(parse(&partner.render()), partner, "{}", partner.render());
    }
}

#[test]
fn an_organization_is_written_to_in_its_language() {
    assert_eq!(parse(SOURCE).language, Language::En);
    let spanish = parse(&FULL.replace("production", "language = \"es\"\nproduction"));
    assert_eq!(spanish.language, Language::Es);
    assert!(spanish.render().contains("\nlanguage = \"es\"  # en, es"));
    assert_eq!(parse(&spanish.render()), spanish);
    let problem = ["partners/north.toml:13: language: is none of en, es"];
    assert_eq!(check("production", "language = \"tlh\"\nproduction"), problem);
}

#[test]
fn a_suspension_changes_one_word_and_keeps_the_rest() {
    let lifted = set_suspended(FULL, false).unwrap();
    assert_eq!(lifted, FULL.replace("suspended = true  # why", "suspended = false  # why"));
    assert_eq!(set_suspended(&lifted, true).unwrap(), FULL);

    let text =
        format!("# top{SOURCE}# below\n[agreement]\nreference = 'r'\nexpires = '2030-01-01'\n");
    let suspended = set_suspended(&text, true).unwrap();
    assert_eq!(suspended, text.replace("name =", "suspended = true\nname ="));
    assert!(parse(&suspended).suspended);
    assert_eq!(parse(&set_suspended(&suspended, false).unwrap()), parse(&text));

    assert!(set_suspended("name = ", true).is_err());
    assert!(set_suspended("", true).is_err());
}

#[test]
fn a_folder_reports_every_problem_of_every_file_and_what_two_partners_share() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("a.toml", FULL);
    write("b.toml", SOURCE);
    write("EXAMPLE.toml.txt", "not read");
    write("a.toml.new", "not read");
    let loaded = load_partners(dir.path()).unwrap();
    let names: Vec<&str> = loaded.iter().map(|one| one.partner.org.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(loaded[1].partner.roles, [Role::Source].into());
    assert_eq!(
        hex::encode(loaded[1].sha256),
        "5647cf7ccb4d5a68b1b9c9c2ec566cbae350a09f1d280c20a522a3f496711c9e"
    );

    write("c.toml", &FULL.replace("urn:oid:1.3", "urn:oid:1.2"));
    write("d.toml", "");
    write("E.toml", SOURCE);
    let expected = "\
partners/E.toml: the file name is not 1 to 64 of a-z, 0-9 and -
partners/c.toml:11: certificate_sha256: is also in partners/a.toml
partners/c.toml:8: identifiers: is also in partners/a.toml
partners/c.toml:9: identifiers: is also in partners/a.toml
partners/d.toml: name: is missing
partners/d.toml: roles: is missing
partners/d.toml: legal_class: is missing";
    assert_eq!(words(load_partners(dir.path()).unwrap_err()).join("\n"), expected);

    let missing = load_partners(&dir.path().join("none")).unwrap_err();
    assert_eq!(words(missing), ["partners: entity not found"]);
}

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzYWx0$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn an_e_mail_channel_needs_an_address_and_a_hashed_pin() {
    let channel = |lines: &str| {
        let head = FULL.split_once("[channel]").unwrap().0;
        let text = format!("{head}[channel]\nkind = \"email\"\n{lines}");
        Partner::parse(org(), &text)
    };
    let whole = format!("address = \"in@pantry.example\"\npin_hash = \"{HASH}\"\n");
    let partner = channel(&whole).unwrap();
    assert_eq!(parse(&partner.render()), partner);
    let found = words(channel("").unwrap_err());
    assert_eq!(
        found,
        [
            "partners/north.toml:18: channel.address: is missing, an email channel needs one",
            "partners/north.toml:18: channel.pin_hash: is missing, an email channel needs one",
        ]
    );
    assert_eq!(channel(&whole.replace(HASH, "1234")).unwrap_err().len(), 1);
    assert_eq!(channel(&whole.replace("in@", "")).unwrap_err().len(), 1);
}

#[test]
fn an_e_mail_channel_says_when_it_is_told() {
    let channel = |lines: &str| {
        let head = FULL.split_once("[channel]").unwrap().0;
        let whole = format!("address = \"in@pantry.example\"\npin_hash = \"{HASH}\"\n");
        Partner::parse(org(), &format!("{head}[channel]\nkind = \"email\"\n{whole}{lines}"))
    };
    let timing = |partner: &Partner| match &partner.channel.as_ref().unwrap().kind {
        ChannelKind::Email { timing, .. } => timing.clone(),
        other => panic!("{other:?}"),
    };
    let bare = channel("").unwrap();
    assert_eq!(timing(&bare), Timing::default());
    assert_eq!(timing(&bare).digest, Digest::AtOnce);
    let full = channel(
        "digest = \"daily\"\ndigest_at = \"08:00\"\nquiet = \"20:00-07:00\"\nquiet_days = [\"sat\", \"sun\"]\n",
    );
    let full = full.unwrap();
    let expected = Timing {
        digest: Digest::Daily("08:00".parse().unwrap()),
        quiet: Some("20:00-07:00".parse().unwrap()),
        quiet_days: [Day::Sat, Day::Sun].into_iter().collect(),
    };
    assert_eq!(timing(&full), expected);
    for partner in [&bare, &full, &channel("digest = \"hourly\"\n").unwrap()] {
        assert_eq!(parse(&partner.render()), *partner, "{}", partner.render());
    }
    for (lines, problem) in [
        ("digest = \"daily\"", "channel.digest_at: is missing, a daily digest needs one"),
        ("digest_at = \"08:00\"", "channel.digest_at: is for a daily digest"),
        ("digest = \"weekly\"", "channel.digest: is none of at-once, hourly, daily"),
        ("quiet = \"20:00\"", "channel.quiet: is not two times of the day, like 20:00-07:00"),
        (
            "quiet_days = [\"sunday\"]",
            "channel.quiet_days: is none of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            "quiet_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]",
            "channel.quiet_days: is every day: nothing would ever be sent",
        ),
    ] {
        let found = words(channel(lines).unwrap_err());
        assert!(found.len() == 1 && found[0].ends_with(problem), "{found:?}");
    }
    for line in ["digest = \"hourly\"", "quiet = \"20:00-07:00\"", "quiet_days = [\"sun\"]"] {
        let found = check("kind = \"push\"\n", &format!("kind = \"push\"\n{line}\n"));
        assert!(
            found.len() == 1 && found[0].ends_with("is for another kind of channel"),
            "{found:?}"
        );
    }
}

#[test]
fn an_hl7_v2_link_names_who_speaks_and_whose_numbers_these_are() {
    let link = r#"[hl7v2]
application = "EHR"
facility = "HOSPA"
endpoint = "mllp.hospital.example:2575"
authorities = [
  { name = "HOSPA", system = "urn:example:a:mrn" },
  { name = "COMM", system = "urn:example:community-id" },
]
"#;
    let partner = parse(&format!("{SOURCE}{link}"));
    assert_eq!(parse(&partner.render()), partner);
    let found = partner.hl7v2.unwrap();
    assert_eq!(found.endpoint.unwrap().to_string(), "mllp.hospital.example:2575");
    assert_eq!(found.authorities[1].name, "COMM");
    let refused = |old: &str, new: &str| {
        words(Partner::parse(org(), &format!("{SOURCE}{}", link.replace(old, new))).unwrap_err())
    };
    assert_eq!(
        refused("COMM", "HOSPA"),
        ["partners/north.toml:11: hl7v2.authorities: gives a name or a system twice"]
    );
    assert_eq!(refused("\"EHR\"", "\"A^B\"").len(), 1);
    assert_eq!(refused(":2575", "").len(), 1);
}

#[test]
fn a_dialect_is_a_folder_of_the_mappings() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, channel: &str| {
        let head = "name = 'Pantry'\nlegal_class = 'cbo-nonhipaa'\nroles = ['target']\n";
        std::fs::write(dir.path().join(name), format!("{head}[channel]\n{channel}\n")).unwrap();
    };
    write("a.toml", "kind = 'rest'\ndialect = 'cie-hub'");
    write("b.toml", "kind = 'rest'");
    let library = loopgate_mapping::Library::builtin();
    let loaded = load_speaking(dir.path(), &library).unwrap();
    let spoken: Vec<&str> = loaded.iter().map(|one| crate::dialect::of(&one.partner)).collect();
    assert_eq!(spoken, ["cie-hub", "cbo-json"]);

    write("c.toml", "kind = 'rest'\ndialect = 'harvest-share'");
    write("d.toml", "kind = 'rest'\ndialect = 'hl7v2'");
    let said = |org: &str, dialect: &str| {
        let words = |message: &str| {
            format!(
                "partners/{org}.toml:6: channel.dialect: there is no mapping {dialect}/{message}.toml"
            )
        };
        [words("referral"), words("status")]
    };
    let expected = [said("c", "harvest-share"), said("d", "hl7v2")].concat();
    assert_eq!(words(load_speaking(dir.path(), &library).unwrap_err()), expected);
}
