use std::os::unix::fs::PermissionsExt;

use loopgate_referral::OrgId;

use super::*;
use crate::config::Config;
use crate::partner::{Partner, load_partners};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Counts up, so that no two draws are alike.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0u8;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_add(1);
        }
    }
}

/// A new deployment.
fn deployment() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), now(), &mut counting()).unwrap();
    dir
}

fn partner(org: &str) -> Partner {
    let org: OrgId = org.parse().unwrap();
    let text = "name = 'Hospital A'\nroles = ['source']\nlegal_class = 'ce'\n\
                identifiers = [{ system = 'urn:oid:1.2', value = '1' }]\n";
    Partner::parse(org, text).unwrap()
}

#[test]
fn init_makes_a_deployment_that_loads() {
    let dir = deployment();
    let config = Config::load(&dir.path().join("loopgate.toml")).unwrap();
    let missing: Vec<String> = config.check_files().into_iter().map(|one| one.key).collect();
    assert_eq!(missing, ["mappings.dir"], "the caller writes them");
    assert_eq!(config.organization.base_url, "https://localhost:8443/fhir");
    assert!(config.listen.machines.ip().is_loopback());
    assert_eq!(config.ledger.origin, "dev-6061626364656667.localhost/ledger/1");
    assert_eq!(load_partners(&config.folders.partners), Ok(vec![]));
    let text = fs::read_to_string(dir.path().join("loopgate.toml")).unwrap();
    assert!(text.starts_with("# DEVELOPMENT") && !text.contains("gateway.example"));
}

#[test]
fn secrets_are_for_their_owner_only() {
    let dir = deployment();
    let mode =
        |path: &str| fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("keys"), mode("certs")), (0o700, 0o700));
    for path in ["kek-1.key", "ledger.seed", "index.key"] {
        assert_eq!(mode(&format!("keys/{path}")), 0o600, "{path}");
    }
    assert_eq!((mode("certs/ca.key"), mode("certs/server.key")), (0o600, 0o600));
}

#[test]
fn each_key_is_32_bytes_of_its_own() {
    let dir = deployment();
    let key = |name: &str| fs::read_to_string(dir.path().join("keys").join(name)).unwrap();
    let bytes = |from: u8| hex::encode((from..from + 32).collect::<Vec<u8>>()) + "\n";
    assert_eq!(key("kek-1.key"), bytes(0));
    assert_eq!(key("ledger.seed"), bytes(32));
    assert_eq!(key("index.key"), bytes(64));
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let dir = deployment();
    let before = fs::read(dir.path().join("keys/ledger.seed")).unwrap();
    let mut random = |bytes: &mut [u8]| bytes.fill(9);
    let refused = init(dir.path(), now(), &mut random).unwrap_err();
    assert!(refused.to_string().ends_with("is not empty"), "{refused}");
    assert_eq!(fs::read(dir.path().join("keys/ledger.seed")).unwrap(), before);
    let file = dir.path().join("loopgate.toml");
    assert!(init(&file, now(), &mut random).is_err(), "a file is no folder");
    assert!(init(&dir.path().join("new/deeper"), now(), &mut random).is_ok());
}

#[test]
fn the_example_is_a_sound_partner_file() {
    let dir = deployment();
    let text = fs::read_to_string(dir.path().join("partners/EXAMPLE.toml.txt")).unwrap();
    assert_eq!(Partner::parse("example".parse().unwrap(), &text).unwrap().render(), {
        text.split_once("\n\n").unwrap().1
    });
}

#[test]
fn an_added_partner_is_loaded_with_the_certificate_it_was_issued() {
    let dir = deployment();
    let path = add_partner(dir.path(), partner("hospital-a"), Some(now())).unwrap();
    assert_eq!(path, dir.path().join("partners/hospital-a.toml"));
    let pem = fs::read_to_string(dir.path().join("certs/clients/hospital-a.pem")).unwrap();
    let issued = crate::certificates::certificate_sha256(&pem).unwrap();
    let loaded = load_partners(&dir.path().join("partners")).unwrap();
    assert_eq!(loaded[0].partner.certificates, [issued]);
    let key = fs::metadata(dir.path().join("certs/clients/hospital-a.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_partner_that_is_there_or_shares_an_identifier_is_not_added() {
    let dir = deployment();
    add_partner(dir.path(), partner("a"), Some(now())).unwrap();
    let text = fs::read(dir.path().join("partners/a.toml")).unwrap();
    let again = add_partner(dir.path(), partner("a"), Some(now())).unwrap_err();
    assert_eq!(again.to_string(), "partner a is there already");
    assert_eq!(fs::read(dir.path().join("partners/a.toml")).unwrap(), text);
    let shares = add_partner(dir.path(), partner("b"), Some(now())).unwrap_err();
    assert_eq!(shares.to_string(), "the identifier belongs to partner a");
    assert!(!dir.path().join("certs/clients/b.key").exists());
    assert!(!dir.path().join("partners/b.toml").exists());
}
