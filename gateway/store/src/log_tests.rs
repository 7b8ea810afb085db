//! What this log does on the way to what every log promises (`conformance.rs`).

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::*;
use crate::conformance::{Engine, committed, conforms, frame, wrap};

/// In a folder that goes with it.
struct InFolder(tempfile::TempDir);

impl Engine for InFolder {
    type Log = FileLog;

    fn new() -> InFolder {
        InFolder(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> FileLog {
        open(self.0.path())
    }
}

conforms!(InFolder);

pub(super) fn open(dir: &Path) -> FileLog {
    open_with(dir, || None)
}

fn open_with(dir: &Path, hook: impl Fn() -> Option<StepHook>) -> FileLog {
    FileLog::open(&dir.join("log"), hook()).unwrap()
}

#[test]
fn frames_of_any_size_are_read_in_any_order_across_segments_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    let sizes = [10, 3_500, 16_300, 70_000, 300_000, 9_000_000, 1_200_000];
    let count = 60;
    let size = |n: u64| sizes[n as usize % sizes.len()];
    let reader = log.reader();
    for n in 0..count {
        committed(log.append(epoch, &frame(n, n, size(n)), n));
        assert!(reader.read(n).unwrap().is_some() && reader.read(n + 1).unwrap().is_none());
    }
    let named = |end: &str| {
        let files = std::fs::read_dir(dir.path().join("log")).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension() == Some(end.as_ref())).count()
    };
    assert_eq!(named("seg"), 2);
    let check = |read: &dyn Fn(u64) -> Result<Option<Stored>, Outage>| {
        for n in (0..count).chain((0..count).rev()).chain((0..count).map(|n| n * 37 % count)) {
            let stored = read(n).unwrap().unwrap();
            assert_eq!((stored.frame.sequence, stored.frame.entries[0].body.len()), (n, size(n)));
            assert_eq!(stored.committed[0].leaf_index(), n);
        }
        assert!(read(count).unwrap().is_none());
    };
    check(&|n| log.read(n));
    check(&|n| reader.read(n));
    drop((log, reader));
    let log = open(dir.path());
    assert_eq!((log.head().next, log.head().leaves), (count, count));
    check(&|n| log.read(n));
}

#[test]
fn one_sync_lies_between_write_and_acknowledgement() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, told) = mpsc::channel();
    let hook: StepHook = Box::new(move |step| tell.send(step).map_err(io::Error::other));
    let mut log = FileLog::open(&dir.path().join("log"), Some(hook)).unwrap();
    let epoch = log.take_over().unwrap();
    told.try_iter().count();
    committed(log.append(epoch, &frame(0, 0, 10), 0));
    let steps: Vec<CommitStep> = told.try_iter().collect();
    let expected = [CommitStep::Write, CommitStep::Torn, CommitStep::Sync, CommitStep::Synced];
    assert_eq!(steps, expected);
}

/// A hook that says this once, at this step of the first commit after the trap is set.
pub(super) fn trap(at: CommitStep, kind: io::ErrorKind) -> (Arc<AtomicBool>, StepHook) {
    let set = Arc::new(AtomicBool::new(false));
    let is_set = set.clone();
    let hook: StepHook = Box::new(move |step| {
        if step == at && is_set.swap(false, Ordering::SeqCst) { Err(kind.into()) } else { Ok(()) }
    });
    (set, hook)
}

#[test]
fn a_disk_that_says_no_poisons_the_log_until_it_is_opened_again() {
    for at in [CommitStep::Write, CommitStep::Torn, CommitStep::Sync, CommitStep::Synced] {
        let dir = tempfile::tempdir().unwrap();
        let (trap, hook) = trap(at, io::ErrorKind::Other);
        let mut log = FileLog::open(&dir.path().join("log"), Some(hook)).unwrap();
        let epoch = log.take_over().unwrap();
        trap.store(true, Ordering::SeqCst);
        assert!(matches!(log.append(epoch, &frame(0, 0, 10), 0), Err(Outage::Disk(_))), "{at:?}");
        assert!(log.read(0).unwrap().is_none(), "what was not acknowledged is not read");
        assert!(matches!(log.append(epoch, &frame(0, 0, 10), 0), Err(Outage::Poisoned)));
        assert!(matches!(
            log.rewrap(epoch, vec![(KeyName::TENANT, wrap(1))]),
            Err(Outage::Poisoned)
        ));
        assert!(matches!(log.take_over(), Err(Outage::Poisoned)));
        drop(log);
        let mut log = open(dir.path());
        let epoch = log.take_over().unwrap();
        let next = log.head().next;
        assert!(next <= 1, "at most the frame that was not acknowledged");
        committed(log.append(epoch, &frame(next, next, 10), next));
    }
}

#[test]
fn a_log_whose_files_are_rubbish_does_not_open_and_does_not_crash() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let folder = dir.path().join("log");
    std::fs::remove_file(folder.join("keys/db")).unwrap();
    std::fs::create_dir(folder.join("keys/db")).unwrap();
    assert!(FileLog::open(&folder, None).is_err());
    std::fs::write(folder.join("00000000000000000000.seg"), "rubbish").unwrap();
    assert!(FileLog::open(&folder, None).is_err());
    std::fs::remove_file(folder.join("00000000000000000000.seg")).unwrap();
    std::fs::write(folder.join("00000000000000000005.seg"), "rubbish").unwrap();
    assert!(FileLog::open(&folder, None).is_err());
}

#[test]
fn a_key_table_of_several_commits_is_written_whole_by_calling_again() {
    let dir = tempfile::tempdir().unwrap();
    let name =
        |n: u32| KeyName::new([[0; 12].as_slice(), &n.to_be_bytes()].concat().try_into().unwrap());
    let count = 10_000;
    let rows = |epoch| (0..count).map(|n| (name(n), wrap(epoch))).collect::<Vec<_>>();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    log.rewrap(epoch, rows(1)).unwrap();
    drop(log);
    let hook = || -> Option<StepHook> {
        let mut syncs = 0;
        Some(Box::new(move |step| {
            syncs += usize::from(step == CommitStep::Sync);
            // The first is the take-over's, the second the first part's.
            if syncs == 3 { Err(io::Error::other("no power")) } else { Ok(()) }
        }))
    };
    let mut log = open_with(dir.path(), hook);
    let epoch = log.take_over().unwrap();
    assert!(matches!(log.rewrap(epoch, rows(2)), Err(Outage::Disk(_))));
    assert!(matches!(log.rewrap(epoch, rows(2)), Err(Outage::Poisoned)));
    drop(log);
    let mut log = open(dir.path());
    let keys = log.keys().unwrap();
    let old = keys.iter().filter(|(_, row)| *row == wrap(1)).count();
    assert_eq!(keys.len(), count as usize);
    assert!((1..count as usize).contains(&old), "{old} are still under the old KEK");
    assert!(keys.iter().all(|(_, row)| [wrap(1), wrap(2)].contains(row)));
    let epoch = log.take_over().unwrap();
    log.rewrap(epoch, rows(2)).unwrap();
    assert_eq!(log.keys().unwrap(), rows(2));
}

#[test]
fn a_reader_sees_a_frame_once_it_is_durable_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let reader: Arc<Mutex<Option<Box<dyn LogReader>>>> = Arc::default();
    let (tell, told) = mpsc::channel();
    let by = reader.clone();
    let hook: StepHook = Box::new(move |step| {
        if let Some(reader) = by.lock().unwrap().as_ref() {
            tell.send((step, reader.read(0).unwrap().is_some())).unwrap();
        }
        Ok(())
    });
    let mut log = FileLog::open(&dir.path().join("log"), Some(hook)).unwrap();
    let epoch = log.take_over().unwrap();
    *reader.lock().unwrap() = Some(log.reader());
    committed(log.append(epoch, &frame(0, 0, 10), 0));
    assert_eq!(told.try_iter().filter(|(_, seen)| *seen).count(), 0);
    assert!(reader.lock().unwrap().as_ref().unwrap().read(0).unwrap().is_some());
}
