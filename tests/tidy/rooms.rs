//! One responsibility per crate: what each may depend on, and what it must not mention. A new crate
//! gets a row here before it builds.

use std::fs;

use super::source::{Source, root, says, sources};
use super::{all, none};

/// A crate under `gateway/`.
pub struct Room {
    name: &'static str,
    /// Which of our own crates it may depend on.
    ours: &'static [&'static str],
    /// Words its code must not have, in strings either.
    unspoken: &'static [&'static str],
}

const SEGMENTS_AND_OTHERS: &[&str] = &[
    "serde_json",
    "tokio",
    "axum",
    "fhir",
    "hl7v2",
    "MSH",
    "PID",
    "PV1",
    "ORC",
    "OBR",
    "OBX",
    "RF1",
    "NK1",
    "AL1",
    "SystemTime",
    "Instant",
];

/// The table.
pub const ROOMS: [Room; 10] = [
    Room { name: "referral", ours: &[], unspoken: SEGMENTS_AND_OTHERS },
    Room {
        name: "hl7v2",
        ours: &[],
        unspoken: &["FHIR", "fhir", "tokio", "async", "Task", "ServiceRequest", "Patient"],
    },
    Room {
        name: "ledger",
        ours: &[],
        unspoken: &[
            "sled",
            "tokio",
            "FHIR",
            "fhir",
            "hl7",
            "hl7v2",
            "consent",
            "Consent",
            "referral",
            "Referral",
            "person",
            "Person",
            "clinical",
            "hospital",
            "patient",
            "Patient",
            "SystemTime",
            "Instant",
        ],
    },
    Room {
        name: "fhir-types",
        ours: &[],
        unspoken: &["tokio", "axum", "sled", "hl7v2", "Referral", "Permit"],
    },
    Room {
        name: "fhir",
        ours: &["fhir-types", "referral", "consent"],
        unspoken: &[
            "axum",
            "tokio",
            "hl7v2",
            "HL7",
            "MSH",
            "PID",
            "fhir_sdk",
            "sled",
            "SystemTime",
        ],
    },
    Room {
        name: "consent",
        ours: &["referral", "ledger"],
        unspoken: &["axum", "tokio", "sled", "SystemTime", "Instant", "jiff", "clock"],
    },
    Room {
        name: "mapping",
        ours: &["hl7v2", "consent"],
        unspoken: &[
            "axum",
            "tokio",
            "sled",
            "pantry",
            "clinic",
            "hospital",
            "TaskStatus",
            "Placement",
            "loopgate_referral",
            "loopgate_fhir",
        ],
    },
    Room {
        name: "store",
        ours: &["ledger"],
        unspoken: &[
            "axum", "tokio", "FHIR", "fhir", "hl7v2", "referral", "Referral", "consent", "Consent",
            "patient", "Patient", "Task", "Permit",
        ],
    },
    Room {
        name: "token",
        ours: &[],
        unspoken: &[
            "axum",
            "tokio",
            "sled",
            "SystemTime",
            "Instant",
            "referral",
            "Consent",
            "grant",
        ],
    },
    Room {
        name: "server",
        ours: &["token", "consent", "fhir", "hl7v2", "ledger", "mapping", "referral", "store"],
        unspoken: &["fhir_sdk", "sled"],
    },
];

/// A chain of entries is about a subject, a patient or a party: the name of that one field.
const PATIENT_IS_A_FIELD: [&str; 2] =
    ["gateway/ledger/src/entry.rs", "gateway/ledger/src/chain.rs"];

/// A dependency from outside, and the only manifests that may have it.
const OUTSIDE: [(&str, &[&str]); 7] = [
    ("sled", &["gateway/store"]),
    ("fhir-sdk", &["gateway/fhir-types"]),
    ("tokio", &["gateway/server", "tests", "conformance"]),
    ("axum", &["gateway/server", "tests", "conformance"]),
    ("reqwest", &["gateway/server", "tests", "conformance"]),
    ("anyhow", &["gateway/server", "tests", "conformance"]),
    ("tracing", &["gateway/server", "tests"]),
];

/// Words of a file that its room must not have.
pub fn unspoken(source: &Source) -> Vec<String> {
    let Some(room) = ROOMS.iter().find(|room| Some(room.name) == source.room()) else {
        return Vec::new();
    };
    if source.is_test() {
        return Vec::new();
    }
    let words = source.words();
    let is_field = PATIENT_IS_A_FIELD.contains(&source.path.as_str());
    room.unspoken
        .iter()
        .filter(|word| says(&words, word))
        .filter(|word| !(is_field && word.eq_ignore_ascii_case("patient")))
        .map(|word| format!("{}: {} must not mention {word}", source.path, room.name))
        .collect()
}

/// What only one room may say.
pub fn only_there(source: &Source) -> Vec<String> {
    let (code, path) = (source.code(), source.path.as_str());
    let in_folder = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    let mut wrong = Vec::new();
    let mut only = |found: bool, folders: &[&str], what: &str| {
        if found && !in_folder(folders) {
            wrong.push(format!("{path}: only {} may have {what}", folders.join(", ")));
        }
    };
    let asynchronous = ["async", "await", "tokio"].into_iter().any(|word| says(&code, word));
    only(asynchronous, &["gateway/server/", "tests/", "conformance/"], "async code");
    only(says(&code, "sled"), &["gateway/store/"], "sled");
    only(says(&code, "fhir_sdk"), &["gateway/fhir-types/"], "fhir_sdk");
    let store = ["gateway/store/src/proofs.rs"];
    only(says(&code, "Committed::new"), &store, "Committed::new");
    only(makes(&code, "Committed"), &["gateway/ledger/src/committed.rs"], "a Committed literal");
    only(makes(&code, "Permit"), &["gateway/consent/src/release.rs"], "a Permit literal");
    if path == "gateway/consent/src/permit.rs" && code.contains("Self {") {
        wrong.push(format!("{path}: only release makes a Permit"));
    }
    wrong
}

/// Whether a struct of this name is written out: `Name {`, but not where it is declared.
fn makes(code: &str, name: &str) -> bool {
    let written = format!("{name} {{");
    code.match_indices(&written).any(|(at, _)| {
        let before = code[..at]
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        let whole = before.len() == at || code[before.len()..at].ends_with("::");
        let before = before.trim_end();
        let declared =
            ["struct", "impl", "for", "enum", "->", ">"].iter().any(|w| before.ends_with(w));
        whole && !declared
    })
}

/// The dependencies of a manifest, of all kinds.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if section.ends_with("dependencies") && !line.starts_with('#') {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            found.extend((!name.is_empty()).then(|| name.to_owned()));
        }
    }
    found
}

/// What is wrong with the manifest of the crate in this folder.
pub fn manifest(folder: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in dependencies(text) {
        let room = folder.strip_prefix("gateway/");
        let room = room.and_then(|name| ROOMS.iter().find(|room| room.name == name));
        if let (Some(ours), Some(room)) = (name.strip_prefix("loopgate-"), room)
            && !room.ours.contains(&ours)
        {
            wrong.push(format!("{folder}: may not depend on {name}"));
        }
        let outside = OUTSIDE.iter().find(|(known, _)| *known == name);
        if outside.is_some_and(|(_, folders)| !folders.contains(&folder)) {
            wrong.push(format!("{folder}: may not depend on {name}"));
        }
    }
    if !text.contains("[lints]\nworkspace = true\n") {
        wrong.push(format!("{folder}: does not use the workspace's lints"));
    }
    wrong
}

/// The folders of the workspace's members, as its manifest lists them.
fn members() -> Vec<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("members = [")).unwrap();
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn a_crate_depends_on_what_its_room_may() {
    let members = members();
    let wrong: Vec<String> = members
        .iter()
        .flat_map(|folder| {
            let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
            manifest(folder, &text)
        })
        .collect();
    none(&wrong);
    for room in &ROOMS {
        assert!(members.contains(&format!("gateway/{}", room.name)), "{}", room.name);
    }
    let gateways = members.iter().filter(|folder| folder.starts_with("gateway/")).count();
    assert_eq!(gateways, ROOMS.len(), "a crate without a row in the table: {members:?}");
}

#[test]
fn a_crate_does_not_mention_what_is_not_its_own() {
    none(&all(&sources(), unspoken));
}

#[test]
fn what_only_one_room_may_do_is_done_there() {
    let sources = sources();
    none(&all(&sources, only_there));
    // The rule would hold for nothing if nobody made them.
    for (path, made) in [
        ("gateway/store/src/proofs.rs", "Committed::new("),
        ("gateway/consent/src/release.rs", "Permit {"),
    ] {
        let source = sources.iter().find(|source| source.path == path).unwrap();
        assert!(source.code().contains(made), "{path}");
    }
}
