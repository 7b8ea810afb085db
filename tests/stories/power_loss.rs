//! What was acknowledged survives the loss of power (promises P1, P3, P5): the real gateway does its
//! work while every write and sync is recorded; then the power fails at many points of the record, on a
//! disk that keeps for sure only what was synced, and the real code opens what is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;

use loopgate_ledger::verify_bundle;
use loopgate_referral::{ResourceId, Timestamp};
use loopgate_server::admin::{self, Ask};
use loopgate_server::assemble;
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::run::finish;
use serde_json::json;

use crate::harness::{Dice, Disk, Failing, Gateway, Need, Op, Referral, START_MS, read_trace};

const SEED: u64 = 20_261_124;
const IMAGES: usize = 220;

/// Something that was acknowledged, and how long the trace was when its answer was here.
#[derive(Debug, Clone)]
struct Acked {
    at: usize,
    what: Fact,
}

#[derive(Debug, Clone)]
enum Fact {
    /// A resource was created.
    Resource(ResourceId),
    /// A target's Task has at least this version.
    Version(ResourceId, u64),
}

/// A recorded run.
struct Run {
    root: PathBuf,
    start: Disk,
    ops: Vec<(usize, Op)>,
    acked: Vec<Acked>,
    _gateway: Gateway,
}

/// The recorder of changes, compiled.
pub fn shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("power-loss/shim.c");
    let library = folder.join("shim.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .status()
        .expect("a C compiler is part of what a machine needs");
    assert!(built.success(), "the shim does not compile");
    library
}

/// The gateway does its work, twice, with a restart between.
fn recorded() -> Run {
    let mut gateway = Gateway::prepare(&[]);
    let root = gateway.root().canonicalize().unwrap();
    let (library, trace) = (shim(&gateway.beside("")), gateway.beside("trace"));
    let start = Disk::of(&root);
    let preload = format!("LD_PRELOAD={}", library.display());
    let watched = format!("POWER_ROOT={}", root.display());
    let file = format!("POWER_TRACE={}", trace.display());
    let program = ["env", preload.as_str(), watched.as_str(), file.as_str()];
    let mut acked = Vec::new();
    let mut note = |what: Fact| {
        let at = usize::try_from(fs::metadata(&trace).unwrap().len()).unwrap();
        acked.push(Acked { at, what });
    };
    for round in 0..2 {
        assert!(gateway.try_serve_under(&program), "the gateway opens under the shim");
        let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
        for n in 0..5 {
            let mrn: &'static str = ["B-1", "B-2", "B-3", "B-4", "B-5"][n];
            let mrn = if round == 0 { mrn } else { ["C-1", "C-2", "C-3", "C-4", "C-5"][n] };
            let mut bundle = Referral { mrn, ..Referral::food() }.bundle();
            if n == 3 {
                // A document that lies in a file of its own.
                let data = "QUJD".repeat(100_000);
                bundle["entry"][1]["resource"]["sourceAttachment"] =
                    json!({ "contentType": "application/pdf", "data": data });
            }
            let answer = clinic.post("/fhir", &bundle).expect(200);
            for entry in 0..4 {
                let id = answer.entry(entry).replace("/fhir/", "").parse().unwrap();
                note(Fact::Resource(id));
            }
            gateway.pass(2000);
        }
        for row in pantry.inbox() {
            let id = row["referral_id"].as_str().unwrap();
            pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
            if row["status"] == "new" {
                pantry.act(id, "accept", &json!({})).expect(200);
            }
            let served = json!({ "outcome": { "text": "Food box" } });
            if row["status"] != "served" {
                pantry.act(id, "served", &served).expect(200);
            }
        }
        let page = pantry.get("/fhir/Task").expect(200).json;
        for entry in page["entry"].as_array().unwrap() {
            let task = &entry["resource"];
            let id = format!("Task/{}", task["id"].as_str().unwrap()).parse().unwrap();
            let version = task["meta"]["versionId"].as_str().unwrap().parse().unwrap();
            note(Fact::Version(id, version));
        }
        if round == 0 {
            gateway.kill();
        } else {
            let housing = Referral {
                mrn: "B-9",
                needs: vec![Need::Housing],
                consent: Some(vec![Need::Housing]),
                ..Referral::food()
            };
            let answer = clinic.post("/fhir", &housing.bundle()).expect(200);
            note(Fact::Resource(answer.entry(0).replace("/fhir/", "").parse().unwrap()));
            gateway.stop();
        }
    }
    let ops = read_trace(&fs::read(&trace).unwrap());
    Run { root, start, ops, acked, _gateway: gateway }
}

/// The points at which the power fails: around syncs, and anywhere.
pub fn points(ops: &[(usize, Op)], dice: &mut Dice, images: usize) -> Vec<usize> {
    let syncs: Vec<usize> = (0..ops.len()).filter(|n| matches!(ops[*n].1, Op::Sync(_))).collect();
    let mut points: Vec<usize> = (0..images)
        .map(|n| match n % 3 {
            0 => syncs[dice.roll(syncs.len())],
            1 => syncs[dice.roll(syncs.len())] + 1,
            _ => dice.roll(ops.len() + 1),
        })
        .collect();
    points.sort_unstable();
    points
}

/// What went wrong with images, by image.
#[derive(Debug, Default)]
struct Losses {
    lost: usize,
    unopened: usize,
    words: BTreeMap<String, usize>,
}

/// Lets the power fail at every point, and opens what is left. `durable` says which syncs hold.
fn failures(run: &Run, points: &[usize], durable: &(dyn Fn(&Path) -> bool + Sync)) -> Losses {
    let losses = Mutex::new(Losses::default());
    let failing =
        Failing { root: &run.root, start: &run.start, ops: &run.ops, durable, seed: SEED };
    failing.at_each(points, &|_, image, end| {
        let outcome = check(run, image, end);
        let mut losses = losses.lock().unwrap();
        match outcome {
            Ok(()) => {}
            Err(Wrong::Unopened(words)) => {
                losses.unopened += 1;
                *losses.words.entry(words).or_default() += 1;
            }
            Err(Wrong::Lost(words)) => {
                losses.lost += 1;
                *losses.words.entry(words).or_default() += 1;
            }
        }
    });
    losses.into_inner().unwrap()
}

enum Wrong {
    Unopened(String),
    Lost(String),
}

/// Stands still, after everything that was recorded.
struct Later(SystemClock);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Timestamp(START_MS + 86_400_000)
    }
    fn monotonic_ms(&self) -> i64 {
        0
    }
    fn random(&self, buffer: &mut [u8]) {
        self.0.random(buffer);
    }
}

/// Opens an image with the real code: everything acknowledged by then is there, and its ledger holds.
fn check(run: &Run, image: &Path, end: usize) -> Result<(), Wrong> {
    let unopened = |error: anyhow::Error| {
        let words = format!("{error:#}").replace(&image.display().to_string(), "IMAGE");
        Wrong::Unopened(words)
    };
    let config = assemble::load_config(&image.join("loopgate.toml")).map_err(unopened)?;
    let clock = Arc::new(Later(SystemClock::new()));
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        assemble::open(config, clock, None, Box::new(|| {}))
    }));
    let opened = opened.map_err(|_| Wrong::Unopened("it panics".into()))?;
    let deployment = opened.map_err(unopened)?;
    let found = missing(run, &deployment, end);
    // It can still write, and what it writes verifies with all that came before.
    let out = image.join("evidence");
    let ask = Ask::ExportBundle { out: out.clone(), case: "power".into() };
    let exported = admin::perform(&deployment.gate, &ask);
    let ended = finish(deployment);
    if let Some(words) = found {
        return Err(Wrong::Lost(words));
    }
    exported.and(ended.map(|()| String::new())).map_err(unopened)?;
    let report = verify_bundle(&out, None);
    if report.exit_code() == 0 {
        Ok(())
    } else {
        Err(Wrong::Lost(format!("the ledger does not verify: {}", report.integrity.text())))
    }
}

fn missing(run: &Run, deployment: &assemble::Deployment, end: usize) -> Option<String> {
    let gate = &deployment.gate;
    for acked in run.acked.iter().filter(|acked| acked.at <= end) {
        match &acked.what {
            Fact::Resource(id) => {
                let held = gate.held(id).filter(|held| gate.document(held).is_ok());
                if held.is_none() {
                    return Some("an acknowledged resource is gone".into());
                }
            }
            Fact::Version(task, version) => {
                let world = gate.scribe.published().world();
                if world.task_version(task).is_none_or(|found| found < *version) {
                    return Some("an acknowledged act is gone".into());
                }
            }
        }
    }
    None
}

#[test]
fn nothing_acknowledged_is_lost_whenever_the_power_fails() {
    let run = recorded();
    // The record is whole: what it leaves is what is there.
    let mut whole = run.start.clone();
    run.ops.iter().for_each(|(_, op)| whole.apply(op));
    for (path, data) in whole.files() {
        assert!(fs::read(&path).is_ok_and(|found| found == data), "{}", path.display());
    }
    let there = Disk::of(&run.root);
    let names: Vec<PathBuf> = there.files().into_keys().collect();
    assert_eq!(whole.files().into_keys().collect::<Vec<_>>(), names);

    let mut dice = Dice(SEED);
    let points = points(&run.ops, &mut dice, IMAGES);
    let losses = failures(&run, &points, &|_| true);
    let told = |kind: &str, losses: &Losses| {
        let (lost, unopened) = (losses.lost, losses.unopened);
        let line = format!(
            "power loss, {kind}: {} images of {} changes, {lost} with a loss, {unopened} that do not open (seed {SEED})\n",
            points.len(),
            run.ops.len()
        );
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    };
    told("as it is", &losses);
    assert_eq!((losses.lost, losses.unopened), (0, 0), "{:?}", losses.words);

    // The same if the syncs of frames never happened.
    let is_segment = |path: &Path| path.extension().is_some_and(|end| end == "seg");
    let written = failures(&run, &points, &|path| !is_segment(path));
    told("without the syncs of frames", &written);
    assert!(
        written.lost + written.unopened > 0,
        "a frame that is only written would not be noticed"
    );
    // And if those of the key table did not: sled's own flush() is none (adr/0002).
    let flush = failures(&run, &points, &|path| !path.ends_with("data/log/keys/db"));
    told("with sled's flush() alone", &flush);
    assert!(flush.lost + flush.unopened > 0, "plain flush() would not be noticed");
}
