use std::collections::BTreeSet;
use std::path::Path;

use super::edit::{Edit, set_value};
use super::{Config, LogFormat, MailTls, PrivateTarget, Problem};

const REFERENCE: &str = include_str!("../../../../docker/loopgate.toml");

const LEAST: &str = r#"
[tenant]
name = "t"
[organization]
name = "Gateway"
identifier_system = "urn:ietf:rfc:3986"
identifier_value = "https://gateway.example"
base_url = "https://localhost:8443/fhir"
[ledger]
origin = "gateway.example/ledger/1"
[tls]
certificate = "certs/server.pem"
key = "certs/server.key"
client_roots = "/etc/roots.pem"
"#;

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(text, Path::new("/srv/loopgate"))
}

/// The problems of the least file with `old` replaced by `new`.
fn check(old: &str, new: &str) -> Vec<String> {
    assert!(LEAST.contains(old), "{old}");
    problems(&LEAST.replacen(old, new, 1))
}

fn problems(text: &str) -> Vec<String> {
    parse(text).err().unwrap_or_default().iter().map(Problem::to_string).collect()
}

fn with(section: &str) -> Vec<String> {
    problems(&format!("{section}\n{LEAST}"))
}

#[test]
fn the_least_file_has_the_documented_defaults() {
    let config = parse(LEAST).unwrap();
    assert_eq!(config.folders.data, Path::new("/srv/loopgate/data"));
    assert_eq!(config.folders.keys, Path::new("/srv/loopgate/keys"));
    assert_eq!(config.tls.certificate, Path::new("/srv/loopgate/certs/server.pem"));
    assert_eq!(config.tls.client_roots, Path::new("/etc/roots.pem"));
    assert_eq!(config.tls.handshake_timeout_s, 5);
    assert_eq!(config.listen.machines, "127.0.0.1:8443".parse().unwrap());
    assert_eq!(config.listen.ops, "127.0.0.1:9464".parse().unwrap());
    assert_eq!(config.ledger.checkpoint_interval_s, 1);
    assert_eq!(config.consent.hold_days_max, 7);
    assert_eq!(config.limits.http_body_bytes_max, 8_388_608);
    assert_eq!((config.limits.json_depth_max, config.limits.connections_max), (64, 512));
    assert_eq!((config.delivery.retry_delay_s_min, config.delivery.retry_delay_s_max), (5, 3600));
    assert_eq!((config.clock.forward_jump_s_max, config.clock.backward_jump_s_max), (60, 5));
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.identity.shared_systems.is_empty() && config.fhir.cors_origins.is_empty());
    assert_eq!(config.listen.people, "127.0.0.1:8444".parse().unwrap());
    assert_eq!(config.listen.mllp, "127.0.0.1:2575".parse().unwrap());
    assert_eq!(config.people.base_url, "https://localhost:8444");
    assert_eq!((config.people.link_days_max, config.people.pin_hours), (30, 12));
    assert_eq!(config.mail, None);
}

#[test]
fn the_reference_file_is_sound_and_shows_every_key_and_its_default() {
    let base = Path::new("/srv/loopgate");
    let reading = super::read_config("loopgate.toml", REFERENCE, base);
    let known = reading.keys.clone();
    let shown = reading.finish().unwrap();
    let least = parse(LEAST).unwrap();
    let limits = (&shown.limits, &shown.delivery, &shown.clock, &shown.log, &shown.consent);
    assert_eq!(limits, (&least.limits, &least.delivery, &least.clock, &least.log, &least.consent));
    assert_eq!(shown.people.desk_phone.as_deref(), Some("+1 555 0100"));
    let people = super::People { desk_phone: None, ..shown.people.clone() };
    assert_eq!((&people, &shown.fhir), (&least.people, &least.fhir));
    assert_eq!((&shown.folders, &shown.identity), (&least.folders, &least.identity));

    let table: toml::Table = REFERENCE.parse().unwrap();
    assert_eq!(known, dotted("", &toml::Value::Table(table)).into_iter().collect::<BTreeSet<_>>());
    for line in REFERENCE.lines().filter(|line| line.contains(" = ")) {
        assert!(line.contains("  # "), "no comment: {line}");
        assert!(["default", "required"].iter().any(|word| line.contains(word)), "{line}");
    }
}

/// Every key of a table and of those within it.
fn dotted(path: &str, value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::Table(table) => {
            let below = |(key, value): (&String, &toml::Value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let mut keys = dotted(&path, value);
                keys.push(path);
                keys
            };
            table.iter().flat_map(below).collect()
        }
        toml::Value::Array(items) => items.iter().flat_map(|item| dotted(path, item)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_problem_is_reported_at_once_with_its_line() {
    let text = r#"[tenant]
name = "Not An Id"
colour = "blue"

[organization]
name = 7
identifier_system = "no uri"
base_url = "http://gateway.example/fhir"

[limits]
http_body_bytes_max = 12
frame_events_max = "many"

[listen]
ops = "0.0.0.0:9464"

[identity]
shared_systems = [
  "urn:oid:1.2.3",
  "plain",
  "urn:oid:1.2.3",
]

[ledger]
origin = "a b"

[extra]
x = 1

[log]
format = "xml"
"#;
    let expected = "\
loopgate.toml: tls.certificate: is missing
loopgate.toml: tls.key: is missing
loopgate.toml: tls.client_roots: is missing
loopgate.toml:2: tenant.name: is not 1 to 64 of a-z, 0-9 and -
loopgate.toml:3: tenant.colour: there is no such key
loopgate.toml:5: organization.identifier_value: is missing
loopgate.toml:6: organization.name: is an integer, a string is wanted
loopgate.toml:7: organization.identifier_system: is not an absolute URI
loopgate.toml:8: organization.base_url: is not an https URL of host, port and path alone
loopgate.toml:11: limits.http_body_bytes_max: is not from 1024 to 67108864
loopgate.toml:12: limits.frame_events_max: is a string, an integer is wanted
loopgate.toml:15: listen.ops: is not a loopback address
loopgate.toml:20: identity.shared_systems: is not an absolute URI
loopgate.toml:21: identity.shared_systems: lists an item twice
loopgate.toml:25: ledger.origin: is not printable ASCII without space and +
loopgate.toml:27: extra: there is no such section
loopgate.toml:31: log.format: is none of text, json";
    assert_eq!(problems(text).join("\n"), expected);
}

#[test]
fn text_that_is_not_toml_is_reported_with_every_line_and_nothing_else() {
    let found = problems("[tenant]\nname = \n[log]\nformat = text\n");
    let lines: Vec<&str> = found.iter().map(|problem| &problem[..16]).collect();
    assert_eq!(lines, ["loopgate.toml:2:", "loopgate.toml:4:"], "{found:?}");
    assert!(
        problems("[log]\nformat = 'text'\nformat = 'text'\n")[0].starts_with("loopgate.toml:3:")
    );
}

#[test]
fn keys_are_never_under_the_data() {
    let words = "is under data.dir, where no key may be";
    let at = |line: u32, key: &str| vec![format!("loopgate.toml:{line}: {key}: {words}")];
    assert_eq!(with("[keys]\ndir = \"data/keys\""), at(2, "keys.dir"));
    assert_eq!(with("[keys]\ndir = \"./x/../data/../data\""), at(2, "keys.dir"));
    assert_eq!(with("[keys]\ndir = \"/srv/loopgate/data\""), at(2, "keys.dir"));
    assert_eq!(check("certs/server.key", "data/server.key"), at(13, "tls.key"));
    let all = with("[data]\ndir = \".\"").join("\n");
    assert!(all.contains("loopgate.toml: keys.dir: is under"), "{all}");
    assert!(with("[keys]\ndir = \"data-keys\"").is_empty());
    assert!(with("[keys]\ndir = \"data/../keys\"").is_empty());
}

#[test]
fn ranges_hold_at_both_ends() {
    for (section, key, low, high) in [
        ("consent", "hold_days_max", 1, 90),
        ("ledger2", "checkpoint_interval_s", 1, 60),
        ("limits", "page_entries_max", 1, 1000),
    ] {
        let found = |n: i64| match section {
            "ledger2" => check("[ledger]", &format!("[ledger]\n{key} = {n}")),
            _ => with(&format!("[{section}]\n{key} = {n}")),
        };
        assert!(found(low).is_empty() && found(high).is_empty(), "{key}");
        assert!(found(low - 1)[0].contains("is not from"), "{key}");
        assert!(found(high + 1)[0].contains("is not from"), "{key}");
    }
    assert!(with("[consent]\nhold_days_max = 0x07").is_empty());
    assert!(with("[consent]\nhold_days_max = 7.0")[0].contains("a float"));
    let huge = with("[consent]\nhold_days_max = 99999999999999999999999");
    assert!(huge[0].contains("is not from 1 to 90"), "{huge:?}");
    let delays = with("[delivery]\nretry_delay_s_min = 60\nretry_delay_s_max = 30");
    let words = "is less than delivery.retry_delay_s_min";
    assert_eq!(delays, [format!("loopgate.toml:3: delivery.retry_delay_s_max: {words}")]);
}

#[test]
fn a_base_url_is_https_with_a_path_and_no_slash_at_the_end() {
    for bad in ["https://h/fhir/", "https://h", "https://u:p@h/fhir", "https://h/fhir?x=1", "fhir"]
    {
        assert_eq!(check("https://localhost:8443/fhir", bad).len(), 1, "{bad}");
    }
}

#[test]
fn a_private_target_is_an_address_or_a_host_and_port() {
    let text = "[delivery]\nprivate_targets = [\"10.0.0.7\", \"::1\", \"Pantry.LAN:8080\", \"[fd00::7]:443\"]";
    let config = parse(&format!("{text}\n{LEAST}")).unwrap();
    let host = |host: &str, port| PrivateTarget::HostPort(host.to_owned(), port);
    assert_eq!(
        config.delivery.private_targets,
        [
            PrivateTarget::Address("10.0.0.7".parse().unwrap()),
            PrivateTarget::Address("::1".parse().unwrap()),
            host("pantry.lan", 8080),
            host("fd00::7", 443),
        ]
    );
    for bad in ["pantry.lan", "pantry.lan:", ":80", "pantry:99999", "a/b:80", "10.0.0.0/8"] {
        assert!(bad.parse::<PrivateTarget>().is_err(), "{bad}");
    }
}

#[test]
fn an_origin_is_exactly_what_a_browser_says() {
    let list = |origin: &str| with(&format!("[fhir]\ncors_origins = [\"{origin}\"]"));
    for good in ["https://app.example", "https://app.example:8443", "http://localhost:3000"] {
        assert!(list(good).is_empty(), "{good}");
    }
    let bad = ["*", "null", "app.example", "http://app.example", "https://*.example"];
    let spelt_otherwise =
        ["https://app.example/", "https://app.example:443", "https://App.example", "https://a.b/c"];
    let words = "is not an origin like https://app.example, or http of this machine";
    for bad in bad.into_iter().chain(spelt_otherwise) {
        let want = format!("loopgate.toml:2: fhir.cors_origins: {words}");
        assert_eq!(list(bad), [want], "{bad}");
    }
}

#[test]
fn named_files_that_are_not_there_are_reported_and_links_into_the_data_too() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::parse(LEAST, dir.path()).unwrap();
    let keys = |config: &Config| -> Vec<String> {
        config.check_files().into_iter().map(|problem| problem.key).collect()
    };
    let all = ["tls.certificate", "tls.key", "tls.client_roots"];
    let folders = ["keys.dir", "partners.dir", "mappings.dir"];
    assert_eq!(keys(&config), [all, folders].concat());
    for folder in ["certs", "partners", "mappings", "data/hidden"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    for file in ["certs/server.pem", "certs/server.key"] {
        std::fs::write(dir.path().join(file), "").unwrap();
    }
    std::os::unix::fs::symlink(dir.path().join("data/hidden"), dir.path().join("keys")).unwrap();
    assert_eq!(keys(&config), ["tls.client_roots", "keys.dir"]);
}

#[test]
fn a_file_is_loaded_from_its_own_folder_and_named_in_its_problems() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.toml");
    std::fs::write(&path, LEAST).unwrap();
    assert_eq!(Config::load(&path).unwrap().folders.data, dir.path().join("data"));
    std::fs::write(&path, "x = 1").unwrap();
    let first = Config::load(&path).unwrap_err().pop().unwrap();
    assert_eq!(first.to_string(), "other.toml:1: x: there is no such key");
    let missing = Config::load(&dir.path().join("none.toml")).unwrap_err();
    assert_eq!(missing[0].to_string(), "none.toml: entity not found");
}

#[test]
fn an_edit_changes_one_value_and_no_other_byte() {
    let text = "\u{feff}# top\r\n[a]\nx = 'old' # why\ny.z = 1\n";
    let changed = text.replace("'old'", "\"new\"");
    assert_eq!(set_value(text, &["a", "x"], "\"new\""), Edit::Changed(changed));
    assert_eq!(set_value(text, &["a", "y", "z"], "2"), Edit::Changed(text.replace('1', "2")));
    assert_eq!(set_value(text, &["a", "none"], "2"), Edit::Absent);
    assert_eq!(set_value(text, &["a", "x", "deeper"], "2"), Edit::Absent);
    assert_eq!(set_value("x = ", &["x"], "2"), Edit::Unreadable);
}

const MAIL: &str = "[mail]\nhost = \"smtp.example\"\nfrom = \"a@gateway.example\"\n";

#[test]
fn e_mails_leave_encrypted_unless_the_server_is_this_machine() {
    let mail = parse(&format!("{MAIL}{LEAST}")).unwrap().mail.unwrap();
    assert_eq!((mail.port, mail.tls, mail.login), (587, MailTls::Starttls, None));
    let implicit = parse(&format!("{MAIL}tls = \"implicit\"\n{LEAST}")).unwrap().mail.unwrap();
    assert_eq!(implicit.port, 465);
    assert_eq!(mail.digest_gather_s, 60);
    assert_eq!(with(&format!("{MAIL}digest_gather_s = 3601")).len(), 1);
    let plain = format!("{MAIL}tls = \"none\"");
    assert_eq!(with(&plain), ["loopgate.toml:4: mail.tls: may be \"none\" on this machine alone"]);
    assert!(with(&plain.replace("smtp.example", "localhost")).is_empty());
    let half = format!("{MAIL}user = \"u\"");
    assert_eq!(
        with(&half),
        ["loopgate.toml:4: mail.user: needs password_file, and password_file needs user"]
    );
    let under = format!("{MAIL}user = \"u\"\npassword_file = \"data/p\"");
    assert_eq!(with(&under).len(), 1);
    for address in ["nobody", "@host", "a b@host", "A <a@host>", "a@ho st", "a@", "ä@host"] {
        assert_eq!(with(&MAIL.replace("a@gateway.example", address)).len(), 1, "{address}");
    }
}

#[test]
fn a_link_leads_to_a_host_alone() {
    assert!(with("[people]\nbase_url = \"https://go.example:8444\"").is_empty());
    for url in ["http://go.example", "https://go.example/path", "https://u@go.example"] {
        assert_eq!(with(&format!("[people]\nbase_url = \"{url}\"")).len(), 1, "{url}");
    }
}
