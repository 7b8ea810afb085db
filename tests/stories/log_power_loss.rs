//! The power fails under a log at a thousand points of a recorded run, killed and begun again in
//! between: it opens, and all that was acknowledged by then is there (promises P1, P3, P5).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use loopgate_store::{FileLog, Log};

use super::power_loss::{points, shim};
use crate::harness::{Dice, Disk, Failing, Heard, Held, Op, Writer, read_trace};

const SEED: u64 = 20_261_125;
const IMAGES: usize = 1000;

/// A recorded run, and what had been heard when the trace was so long.
struct Run {
    root: PathBuf,
    start: Disk,
    ops: Vec<(usize, Op)>,
    heard: Vec<(usize, Heard)>,
}

/// One thing after the other: what is heard is noted with how long the trace was.
fn recorded(folder: &Path) -> Run {
    let root = folder.join("root");
    // What is synced is recorded below the root.
    fs::create_dir_all(root.join("data")).unwrap();
    let root = root.canonicalize().unwrap();
    let (library, trace) = (shim(folder), folder.join("trace"));
    let start = Disk::of(&root);
    let mut heard = vec![(0, Heard::default())];
    for run in 0..3 {
        let variables =
            [("LD_PRELOAD", &*library), ("POWER_ROOT", &*root), ("POWER_TRACE", &*trace)];
        let mut writer = Writer::start(&root.join("data/log"), run, &variables);
        for _ in 0..60 {
            writer.tell(1);
            for _ in 0..2 {
                let mut now = heard.last().unwrap().1.clone();
                writer.hear(&mut now).unwrap();
                let at = usize::try_from(fs::metadata(&trace).unwrap().len()).unwrap();
                heard.push((at, now));
            }
        }
        let mut rest = heard.last().unwrap().1.clone();
        writer.kill(&mut rest);
    }
    let ops = read_trace(&fs::read(&trace).unwrap());
    Run { root, start, ops, heard }
}

/// What goes wrong at each point, if anything. `durable` says which syncs hold.
fn failures(run: &Run, points: &[usize], durable: &(dyn Fn(&Path) -> bool + Sync)) -> Vec<String> {
    let found = Mutex::new(Vec::new());
    let failing =
        Failing { root: &run.root, start: &run.start, ops: &run.ops, durable, seed: SEED };
    failing.at_each(points, &|n, image, end| {
        if let Err(words) = check(run, &image.join("data/log"), end) {
            found.lock().unwrap().push(format!("image {n}: {words}"));
        }
    });
    found.into_inner().unwrap()
}

/// Opens an image with the real code, and once more after it was written to.
fn check(run: &Run, image: &Path, end: usize) -> Result<(), String> {
    // What was said after is not known yet; what was begun by the end of the run may be there.
    let acknowledged = run.heard.iter().rev().find(|(at, _)| *at <= end);
    let heard = acknowledged.unwrap().1.clone().allowing(&run.heard.last().unwrap().1);
    let mut held = Held::default();
    for _ in 0..2 {
        let opened = FileLog::open(image, None);
        let mut log = opened.map_err(|outage| format!("it does not open: {outage:?}"))?;
        held.read(&log)?;
        held.check(&heard, &log)?;
        log.take_over().map_err(|outage| outage.to_string())?;
    }
    Ok(())
}

#[test]
fn a_log_opens_with_all_it_acknowledged_whenever_the_power_fails() {
    let folder = tempfile::tempdir().unwrap();
    let run = recorded(folder.path());
    let points = points(&run.ops, &mut Dice(SEED), IMAGES);
    let told = |kind: &str, found: &[String]| {
        let (images, changes, wrong) = (points.len(), run.ops.len(), found.len());
        let line = format!(
            "power loss of the log, {kind}: {images} images of {changes} changes, {wrong} with a loss (seed {SEED})\n"
        );
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    };
    let found = failures(&run, &points, &|_| true);
    told("as it is", &found);
    assert!(found.is_empty(), "{:#?}", &found[..found.len().min(10)]);

    // The same if syncs never happened: it would be noticed.
    let some: Vec<usize> = points.iter().copied().step_by(20).collect();
    let written = failures(&run, &some, &|path| path.extension().is_none_or(|end| end != "seg"));
    assert!(!written.is_empty(), "a frame that is only written would not be noticed");
    let flushed = failures(&run, &some, &|path| !path.ends_with("keys/db"));
    assert!(!flushed.is_empty(), "plain flush() would not be noticed");
}
