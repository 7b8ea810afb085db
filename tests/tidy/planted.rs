//! Each rule finds what is planted, and nothing in what is sound.

use std::fs;

use super::source::Source;
use super::{files, mappings, rooms};

type Rule = fn(&Source) -> Vec<String>;

#[track_caller]
fn check(rule: Rule, path: &str, text: &str, found: bool) {
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    let wrong = rule(&source);
    assert_eq!(!wrong.is_empty(), found, "{path}: {text:?}: {wrong:?}");
}

#[test]
fn words_of_another_room_are_found() {
    for (path, text) in [
        ("gateway/referral/src/id.rs", "use serde_json::Value;"),
        ("gateway/referral/src/id.rs", "let at = \"PID\";"),
        ("gateway/hl7v2/src/lib.rs", "fn fhir() {}"),
        ("gateway/ledger/src/tree.rs", "struct Patient;"),
        ("gateway/ledger/src/entry.rs", "let a = \"consent\";"),
        ("gateway/fhir-types/src/lib.rs", "use tokio::task;"),
        ("gateway/fhir/src/json.rs", "use fhir_sdk::r4b;"),
        ("gateway/consent/src/grant.rs", "std::time::SystemTime::now()"),
        ("gateway/mapping/src/row.rs", "if name == \"pantry\" {}"),
        ("gateway/store/src/frame.rs", "struct Referral;"),
        ("gateway/server/src/view.rs", "use sled::Db;"),
    ] {
        check(rooms::unspoken, path, text, true);
    }
    for (path, text) in [
        ("gateway/referral/src/id.rs", "// not serde_json\nstruct Id;"),
        (
            "gateway/referral/src/id.rs",
            "struct Id;\n#[cfg(test)]\nmod tests { use serde_json::json; }",
        ),
        ("gateway/ledger/src/entry.rs", "enum Field { Patient }"),
        ("gateway/ledger/src/tree/tests.rs", "struct Patient;"),
        ("gateway/server/src/view.rs", "use tokio::task;"),
    ] {
        check(rooms::unspoken, path, text, false);
    }
}

#[test]
fn what_another_room_does_is_found() {
    for (path, text) in [
        ("gateway/fhir/src/json.rs", "async fn a() {}"),
        ("gateway/server/src/view.rs", "sled::open(a)"),
        ("gateway/server/src/egress.rs", "Committed::new(1, 2, a, None)"),
        ("gateway/ledger/src/tree.rs", "Committed { sequence }"),
        ("gateway/consent/src/grant.rs", "let p = Permit { basis };"),
        ("gateway/consent/src/grant.rs", "crate::permit::Permit { basis }"),
        ("gateway/consent/src/permit.rs", "fn new() -> Permit { Self { basis } }"),
        ("gateway/fhir/src/json.rs", "fhir_sdk::check()"),
    ] {
        check(rooms::only_there, path, text, true);
    }
    for (path, text) in [
        ("gateway/consent/src/permit.rs", "pub struct Permit {}\nimpl Permit {}"),
        ("gateway/consent/src/grant.rs", "fn a() -> Permit { b() }\nlet a = WorkPermit { b };"),
        ("gateway/server/src/run.rs", "async fn a() { b.await }"),
        ("gateway/fhir/src/json.rs", "let a = \"async\"; // sled"),
    ] {
        check(rooms::only_there, path, text, false);
    }
}

#[test]
fn a_manifest_that_reaches_too_far_is_found() {
    let with = |line: &str| format!("[dependencies]\n{line}\n[lints]\nworkspace = true\n");
    for (folder, text, found) in [
        ("gateway/referral", with("serde.workspace = true"), false),
        ("gateway/referral", with("loopgate-fhir.workspace = true"), true),
        ("gateway/ledger", with("loopgate-store.workspace = true"), true),
        ("gateway/server", with("loopgate-store.workspace = true"), false),
        ("gateway/server", with("loopgate-fhir-types = { path = \"\" }"), true),
        ("gateway/server", with("sled = \"1\""), true),
        ("gateway/store", with("sled.workspace = true"), false),
        ("gateway/store", with("tokio.workspace = true"), true),
        ("gateway/fhir", with("fhir-sdk.workspace = true"), true),
        ("gateway/consent", with("anyhow.workspace = true"), true),
        ("gateway/mapping", "[dev-dependencies]\nloopgate-server.workspace = true\n".into(), true),
        ("gateway/mapping", "[dependencies]\n".into(), true),
    ] {
        assert_eq!(!rooms::manifest(folder, &text).is_empty(), found, "{folder}: {text}");
    }
}

#[test]
fn what_no_file_may_have_is_found() {
    for text in [
        "unsafe { a() }",
        "todo!()",
        "unimplemented!(\"a\")",
        "dbg!(a);",
        "std::thread::sleep(a)",
        "#[ignore]\nfn a() {}",
        "#[ignore = \"slow\"]\nfn a() {}",
        "#[should_panic]\nfn a() {}",
    ] {
        check(files::never, "gateway/fhir/src/json.rs", text, true);
        check(files::never, "tests/stories/a.rs", text, true);
    }
    for text in ["// unsafe", "let a = \"todo!\";", "unsafely()", "let todo = 1;", "fn ignore() {}"]
    {
        check(files::never, "gateway/fhir/src/json.rs", text, false);
    }
    check(
        files::ambient,
        "gateway/server/src/run.rs",
        "#[allow(clippy::disallowed_methods)]",
        true,
    );
    check(
        files::ambient,
        "gateway/server/src/clock.rs",
        "#![allow(clippy::disallowed_methods)]",
        false,
    );
    check(files::errors, "gateway/server/src/egress.rs", "use anyhow::Context;", true);
    check(files::errors, "gateway/store/src/log.rs", "anyhow!(\"a\")", true);
    check(files::errors, "gateway/server/src/run.rs", "use anyhow::Context;", false);
    check(files::preamble, "gateway/fhir/src/json.rs", "use a;", true);
    check(files::preamble, "gateway/fhir/src/json.rs", "//! What it is for.\n", false);
    let long = |lines: usize| "a();\n".repeat(lines);
    check(files::length, "gateway/fhir/src/json.rs", &long(401), true);
    check(files::length, "gateway/fhir/src/json.rs", &long(400), false);
    check(files::length, "gateway/fhir/src/json_tests.rs", &long(401), false);
}

#[test]
fn a_mapping_without_a_sample_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let dialect = dir.path().join("paper");
    let sample = dialect.join("samples/referral-first");
    fs::create_dir_all(dir.path().join("codes")).unwrap();
    fs::create_dir_all(&sample).unwrap();
    assert_eq!(mappings::missing(dir.path()).len(), 2, "no mapping, and a sample of none");
    fs::write(dialect.join("referral.toml"), "").unwrap();
    fs::write(sample.join("right.json"), "").unwrap();
    fs::write(sample.join("pivot.json"), "").unwrap();
    assert_eq!(mappings::missing(dir.path()).len(), 1, "what is not carried is not said");
    fs::write(sample.join("not-carried.txt"), "").unwrap();
    assert!(mappings::missing(dir.path()).is_empty());
    fs::write(dialect.join("status.toml"), "").unwrap();
    assert_eq!(mappings::missing(dir.path()).len(), 1, "status has no sample");
}
