//! The gateway is killed twenty times while two threads refer as fast as they can: whatever was
//! acknowledged is there, once, and every history continues the one before (promises P1, P3, P5).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc;

use loopgate_ledger::{verify_bundle, verify_consistency};
use loopgate_server::admin::Ask;
use serde_json::Value;

use crate::harness::{Gateway, Party, Referral};

const CYCLES: u64 = 20;
const SEED: u64 = 0x10_09_6a_7e;

/// Business identifier of a referral -> the Task's path, if it was acknowledged.
type Journal = BTreeMap<String, Option<String>>;

#[test]
fn what_was_acknowledged_survives_twenty_kills_once() {
    let mut gateway = Gateway::start();
    let mut journal = Journal::new();
    let mut random = SEED;
    let mut before: Option<PathBuf> = None;
    for cycle in 0..CYCLES {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let acknowledged = 1 + (random >> 33) % 6;
        kill_at(&mut gateway, cycle, acknowledged, &mut journal);
        gateway.serve();
        let case = format!("cycle {cycle} of seed {SEED:#x}");

        let clinic = gateway.party("clinic-b");
        let ours = journal.iter().filter(|(mrn, _)| mrn.starts_with(&format!("K{cycle}-")));
        for (mrn, task) in ours {
            if let Some(task) = task {
                let read = clinic.get(task).expect(200).json;
                assert_eq!(read["identifier"][0]["value"], format!("{mrn}-0"), "{case}");
            }
        }
        let after = gateway.evidence();
        if cycle % 5 == 4 {
            let report = verify_bundle(&after, None);
            assert_eq!(report.exit_code(), 0, "{case}: {report:?}");
        }
        if let Some(before) = before.replace(after.clone()) {
            let report = verify_consistency(&before, &after, None);
            assert_eq!(report.exit_code(), 0, "{case}: {report:?}");
        }
    }
    let unanswered = settle(&gateway, &mut journal);
    assert!(unanswered > 0, "no kill struck a request in flight");
    every_referral_once(&gateway, &journal);
    gateway.stop();
}

/// Two threads refer until the gateway is killed, which is when one of them has so many answers.
fn kill_at(gateway: &mut Gateway, cycle: u64, acknowledged: u64, journal: &mut Journal) {
    let (told, answers) = mpsc::channel();
    let writers: Vec<_> = ["a", "b"]
        .map(|name| (gateway.party("clinic-b"), format!("K{cycle}-{name}"), told.clone()))
        .into_iter()
        .map(|(clinic, name, told)| std::thread::spawn(move || write(&clinic, &name, &told)))
        .collect();
    drop(told);
    let mut count = 0;
    for (mrn, task) in &answers {
        count += u64::from(task.is_some());
        journal.insert(mrn, task);
        if count == acknowledged {
            // The threads go on: requests are in flight.
            gateway.kill();
            break;
        }
    }
    journal.extend(&answers);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert!(count >= acknowledged);
}

/// Refers until nobody answers.
fn write(clinic: &Party, name: &str, told: &mpsc::Sender<(String, Option<String>)>) {
    for n in 0.. {
        let mrn = format!("{name}-{n}");
        let answer = clinic.post("/fhir", &bundle(&mrn));
        let task = (answer.status == 200).then(|| answer.entry(Referral::food().task_entry(0)));
        assert!(task.is_some() || answer.status == 0, "{}", answer.text);
        let ended = task.is_none();
        told.send((mrn, task)).unwrap();
        if ended {
            return;
        }
    }
}

/// Each a person of another name: the same name would make candidates of all of them.
fn bundle(mrn: &str) -> Value {
    let mut bundle = Referral::food().bundle();
    bundle["entry"][0]["resource"]["name"][0]["family"] = mrn.into();
    serde_json::from_str(&bundle.to_string().replace(Referral::food().mrn, mrn)).unwrap()
}

/// Sends again whatever was never answered. Returns how much that was.
fn settle(gateway: &Gateway, journal: &mut Journal) -> usize {
    let clinic = gateway.party("clinic-b");
    let mut unanswered = 0;
    for (mrn, task) in journal.iter_mut() {
        let answer = clinic.post("/fhir", &bundle(mrn)).expect(200);
        let again = answer.entry(Referral::food().task_entry(0));
        match task {
            Some(task) => assert_eq!(*task, again),
            None => {
                unanswered += 1;
                *task = Some(again);
            }
        }
    }
    unanswered
}

/// No identifier exists twice, and none is missing.
fn every_referral_once(gateway: &Gateway, journal: &Journal) {
    let clinic = gateway.party("clinic-b");
    let mut found = BTreeSet::new();
    let mut path = "/fhir/Task?_count=100".to_owned();
    loop {
        let page = clinic.get(&path).expect(200).json;
        for entry in page["entry"].as_array().into_iter().flatten() {
            let task = &entry["resource"];
            let value = task["identifier"][0]["value"].as_str().unwrap().to_owned();
            let path = format!("/fhir/Task/{}", task["id"].as_str().unwrap());
            assert!(found.insert((value, path)), "twice: {task}");
        }
        let links = page["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        let url = next["url"].as_str().unwrap();
        path = format!("/fhir/Task?{}", url.split_once('?').unwrap().1);
    }
    let expected: BTreeSet<(String, String)> =
        journal.iter().map(|(mrn, task)| (format!("{mrn}-0"), task.clone().unwrap())).collect();
    assert_eq!(found, expected);
    let status = gateway.admin(&Ask::Status);
    assert!(status.ends_with(&format!(", {} referrals", journal.len())), "{status}");
}
