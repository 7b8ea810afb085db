//! What can be made again is made again; what cannot is never papered over: a log that lost its
//! tail is not served, and a backup comes back whole or not at all (promise P5).

use std::fs;
use std::path::{Path, PathBuf};

use loopgate_ledger::verify_consistency;
use loopgate_server::admin::Ask;
use loopgate_server::assemble::load_config;
use loopgate_server::restore::restore;
use loopgate_store::{FileLog, Log};
use serde_json::json;

use crate::harness::{Gateway, Referral};

/// What is read from the projections.
fn seen(gateway: &Gateway) -> Vec<String> {
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut seen = vec![pantry.get("/cbo/v1/referrals").expect(200).text];
    for query in
        ["", "?status=requested", "?status=accepted", "?_lastUpdated=gt2026-11-22", "?_count=2"]
    {
        seen.push(clinic.get(&format!("/fhir/Task{query}")).expect(200).text);
        seen.push(pantry.get(&format!("/fhir/Task{query}")).expect(200).text);
    }
    seen
}

fn refer(gateway: &Gateway, mrn: &'static str) -> String {
    let referral = Referral { mrn, ..Referral::food() };
    let answer = gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    answer.entry(referral.task_entry(0))
}

/// Two referrals, the first accepted.
fn begun() -> Gateway {
    let gateway = Gateway::start();
    refer(&gateway, "B-1");
    let pantry = gateway.party("pantry");
    let first = pantry.only_referral();
    pantry.act(&first, "accept", &json!({})).expect(200);
    refer(&gateway, "B-2");
    gateway
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn projections_that_do_not_open_are_gone_or_are_behind_are_rebuilt() {
    let mut gateway = Gateway::start();
    refer(&gateway, "B-0");
    gateway.stop();
    let view = gateway.root().join("data/view");
    let older = gateway.beside("older-view");
    copy_folder(&view, &older);
    gateway.serve();
    let id = gateway.party("pantry").only_referral();
    gateway.party("pantry").act(&id, "accept", &json!({})).expect(200);
    refer(&gateway, "B-1");
    refer(&gateway, "B-2");
    let before = seen(&gateway);
    assert_eq!(gateway.party("pantry").inbox().len(), 3);

    let break_it = || {
        fs::remove_file(view.join("db")).unwrap();
        fs::create_dir(view.join("db")).unwrap();
    };
    let lose_it = || fs::remove_dir_all(&view).unwrap();
    let age_it = || {
        fs::remove_dir_all(&view).unwrap();
        copy_folder(&older, &view);
    };
    let damages: [(&str, &dyn Fn()); 3] =
        [("broken", &break_it), ("gone", &lose_it), ("behind", &age_it)];
    for (name, damage) in damages {
        gateway.stop();
        damage();
        gateway.serve();
        assert_eq!(seen(&gateway), before, "{name}");
    }
    assert!(gateway.root().join("data/view.broken-0").is_dir());
    gateway.stop();
}

#[test]
fn a_log_shorter_than_what_was_signed_is_not_served() {
    let mut gateway = begun();
    gateway.stop();
    let log = gateway.root().join("data/log");
    let (earlier, whole) = (gateway.beside("earlier-log"), gateway.beside("whole-log"));
    copy_folder(&log, &earlier);
    gateway.serve();
    let task = refer(&gateway, "B-3");
    gateway.stop();
    let checkpoint = gateway.root().join("keys/checkpoint");
    let signed = fs::read(&checkpoint).unwrap();

    fs::rename(&log, &whole).unwrap();
    copy_folder(&earlier, &log);
    assert!(!gateway.try_serve());
    assert!(!gateway.try_serve());
    // An empty log is shorter too.
    fs::remove_dir_all(&log).unwrap();
    assert!(!gateway.try_serve());
    assert_eq!(fs::read(&checkpoint).unwrap(), signed);

    fs::remove_dir_all(&log).unwrap();
    fs::rename(&whole, &log).unwrap();
    // Nor is one of which nobody knows any more what was signed.
    fs::remove_file(&checkpoint).unwrap();
    assert!(!gateway.try_serve());
    assert!(!checkpoint.exists());
    fs::write(&checkpoint, &signed).unwrap();
    gateway.serve();
    gateway.party("clinic-b").get(&task).expect(200);
    assert_eq!(gateway.party("pantry").inbox().len(), 3);
    gateway.stop();
}

/// Writes a backup; says which frame comes next.
fn backup(gateway: &Gateway, out: &Path, first: u64) -> u64 {
    let words = gateway.admin(&Ask::Backup { out: out.to_owned(), first });
    words.rsplit(' ').next().unwrap().parse().unwrap()
}

fn frames(gateway: &Gateway) -> u64 {
    FileLog::open(&gateway.root().join("data/log"), None).unwrap().head().next
}

fn restored(gateway: &Gateway, files: &[&PathBuf]) -> Result<usize, String> {
    let config = load_config(&gateway.root().join("loopgate.toml")).unwrap();
    let files: Vec<PathBuf> = files.iter().map(|file| (*file).clone()).collect();
    restore(&config, &files).map_err(|error| format!("{error:#}"))
}

#[test]
fn a_deployment_comes_back_from_its_backups_whole_or_not_at_all() {
    let mut gateway = begun();
    let (full, more) = (gateway.beside("full.backup"), gateway.beside("more.backup"));
    let large = json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{ "attachment": { "contentType": "application/pdf", "data": "QUJD".repeat(100_000) } }],
    });
    let document = gateway.party("clinic-b").post("/fhir/DocumentReference", &large).expect(201);
    let document = document.created();
    let next = backup(&gateway, &full, 0);
    let task = refer(&gateway, "B-3");
    let pantry = gateway.party("pantry");
    for row in pantry.inbox() {
        let id = row["referral_id"].as_str().unwrap().to_owned();
        pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    }
    (0..3).for_each(|_| drop(seen(&gateway)));
    let before = seen(&gateway);
    let earlier = gateway.evidence();
    let last = backup(&gateway, &more, next);
    assert!(last > next);
    // A backup never overwrites another.
    gateway.try_admin(&Ask::Backup { out: full.clone(), first: 0 }).unwrap_err();
    gateway.stop();
    fs::rename(gateway.root().join("data"), gateway.beside("lost-data")).unwrap();

    // Each of these is refused, and nothing is written.
    let shorter = restored(&gateway, &[&full]).unwrap_err();
    assert!(shorter.contains("were signed"), "{shorter}");
    let gap = restored(&gateway, &[&more]).unwrap_err();
    assert!(gap.contains("does not continue the log"), "{gap}");
    let bytes = fs::read(&more).unwrap();
    for (name, bad) in [
        ("flipped", [&bytes[..100], &[bytes[100] ^ 1], &bytes[101..]].concat()),
        ("cut", bytes[..bytes.len() / 2].to_vec()),
        ("empty", Vec::new()),
    ] {
        let path = gateway.beside(name);
        fs::write(&path, bad).unwrap();
        let damaged = restored(&gateway, &[&full, &path]).unwrap_err();
        assert!(damaged.contains("damaged"), "{name}: {damaged}");
    }
    assert_eq!(frames(&gateway), 0);

    let count = restored(&gateway, &[&full, &more]).unwrap();
    assert_eq!((count as u64, frames(&gateway)), (last, last));
    // Begun again, as after an interruption, it finds nothing left to do.
    assert_eq!(restored(&gateway, &[&full, &more]), Ok(0));
    gateway.serve();
    assert_eq!(seen(&gateway), before);
    let clinic = gateway.party("clinic-b");
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
    assert_eq!(clinic.get(&document).expect(200).json["content"], large["content"]);
    // A resend still gets the first answer, and the history goes on.
    assert_eq!(refer(&gateway, "B-3"), task);
    refer(&gateway, "B-4");
    assert_eq!(gateway.party("pantry").inbox().len(), 4);
    let report = verify_consistency(&earlier, &gateway.evidence(), None);
    assert_eq!(report.exit_code(), 0, "{report:?}");
    gateway.stop();
}
