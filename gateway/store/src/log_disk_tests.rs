//! What a disk may do to the log: tear its end, rot, lose files, be full.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::Ordering;

use super::tests::{open, trap};
use super::*;
use crate::conformance::{committed, frame};

/// A log of so many frames, closed, in a folder; and its segments.
fn written(count: u64, body_bytes: usize) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    for n in 0..count {
        committed(log.append(epoch, &frame(n, n, body_bytes), n));
    }
    let files = fs::read_dir(dir.path().join("log")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let mut segments: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    segments.sort();
    (dir, segments)
}

/// Where the record of a frame begins, if all are as long.
fn begins(sequence: u64, body_bytes: usize) -> usize {
    let record = crate::segment::HEAD_BYTES + frame(sequence, sequence, body_bytes).encode().len();
    RECORDS_AT as usize + sequence as usize * record
}

#[test]
fn a_torn_end_is_cut_off_and_the_log_goes_on() {
    let cuts: [fn(usize, usize, &mut Vec<u8>); 4] = [
        |at, end, bytes| bytes.truncate(at + (end - at) / 2),
        |at, _, bytes| bytes[at..at + 200].fill(0),
        |_, end, bytes| bytes[end - 300..end].fill(0),
        |at, _, bytes| bytes[at + 100] ^= 1,
    ];
    for (n, cut) in cuts.into_iter().enumerate() {
        let (dir, segments) = written(5, 1000);
        let mut bytes = fs::read(&segments[0]).unwrap();
        cut(begins(4, 1000), begins(5, 1000), &mut bytes);
        fs::write(&segments[0], bytes).unwrap();
        let mut log = open(dir.path());
        assert_eq!(log.head().next, 4, "cut {n}");
        assert_eq!(fs::metadata(&segments[0]).unwrap().len() as usize, begins(4, 1000));
        let epoch = log.take_over().unwrap();
        // A shorter frame: nothing of the torn one is left behind it.
        committed(log.append(epoch, &frame(4, 4, 10), 4));
        drop(log);
        assert_eq!(open(dir.path()).head().next, 5);
    }
}

#[test]
fn a_damaged_frame_before_a_whole_one_halts_and_nothing_is_changed() {
    for at in [0, 20, 47, 60, 900] {
        let (dir, segments) = written(5, 1000);
        let mut bytes = fs::read(&segments[0]).unwrap();
        bytes[begins(2, 1000) + at] ^= 0x40;
        fs::write(&segments[0], &bytes).unwrap();
        for _ in 0..2 {
            let outage = FileLog::open(&dir.path().join("log"), None).err().unwrap();
            assert!(matches!(outage, Outage::Corrupt { sequence: 2 }), "{at}: {outage:?}");
            let words = outage.to_string();
            assert!(words.contains("frame 2") && words.contains("restore it from backups"));
        }
        assert!(fs::read(&segments[0]).unwrap() == bytes);
    }
}

#[test]
fn a_segment_that_is_not_the_newest_is_whole_or_not_read() {
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes[begins(3, 9_000_000) + 70] ^= 1,
        |bytes| bytes.truncate(begins(6, 9_000_000)),
        |bytes| bytes.truncate(begins(6, 9_000_000) - 9),
        |bytes| bytes[3] ^= 1,
        |bytes| bytes[20] ^= 1,
    ];
    let (dir, segments) = written(9, 9_000_000);
    assert_eq!(segments.len(), 2);
    // What is older than the key table is not read when it is opened.
    open(dir.path()).take_over().unwrap();
    let whole = fs::read(&segments[0]).unwrap();
    for (n, damage) in damages.into_iter().enumerate() {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        fs::write(&segments[0], bytes).unwrap();
        let log = open(dir.path());
        assert!(log.read(8).unwrap().is_some());
        assert!(matches!(log.read(0), Err(Outage::Corrupt { .. })), "damage {n}");
    }
    // One of another log that is as long.
    let (_other, others) = written(9, 8_999_999);
    fs::write(&segments[0], fs::read(&others[0]).unwrap()).unwrap();
    assert!(matches!(open(dir.path()).read(0), Err(Outage::Damaged(_))));
    fs::remove_file(&segments[0]).unwrap();
    assert!(matches!(FileLog::open(&dir.path().join("log"), None), Err(Outage::Damaged(_))));
}

#[test]
fn frames_that_are_gone_are_missed() {
    let (dir, segments) = written(3, 1000);
    let mut log = open(dir.path());
    log.take_over().unwrap();
    drop(log);
    fs::remove_file(&segments[0]).unwrap();
    let outage = FileLog::open(&dir.path().join("log"), None).err().unwrap();
    assert!(outage.to_string().contains("frames are gone"), "{outage}");
}

#[test]
fn keys_of_frames_are_there_although_the_table_was_not_written_since() {
    let (dir, _) = written(3, 1000);
    // As a power loss leaves it: the table as it was when the writer took over.
    assert_eq!(open(dir.path()).keys().unwrap().len(), 1);
    fs::remove_dir_all(dir.path().join("log/keys")).unwrap();
    fs::remove_file(dir.path().join("log/keys.born")).unwrap();
    let _ = fs::remove_dir_all(dir.path().join("log/keys.snapshots"));
    assert_eq!(open(dir.path()).keys().unwrap().len(), 1);
}

#[test]
fn one_process_at_a_time_has_the_log_open() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let reader = log.reader();
    for _ in 0..2 {
        assert!(matches!(
            FileLog::open(&dir.path().join("log"), None),
            Err(Outage::DoesNotOpen("another process has it open"))
        ));
    }
    drop((log, reader));
    open(dir.path());
}

#[test]
fn a_full_disk_is_told_apart_leaves_the_log_as_it_was_and_frees_the_reserve() {
    for at in [CommitStep::Write, CommitStep::Torn] {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("reserve");
        let reserve = Reserve::hold(&kept, 100_000).unwrap();
        let (trap, hook) = trap(at, io::ErrorKind::StorageFull);
        let mut log = FileLog::open_with(&dir.path().join("log"), Some(hook), reserve).unwrap();
        let epoch = log.take_over().unwrap();
        committed(log.append(epoch, &frame(0, 0, 3000), 0));
        trap.store(true, Ordering::SeqCst);
        assert!(matches!(log.append(epoch, &frame(1, 1, 3000), 1), Err(Outage::Full(_))));
        assert!(!kept.exists());
        assert_eq!(log.head().next, 1);
        // There is room again.
        committed(log.append(epoch, &frame(1, 1, 10), 1));
        drop(log);
        assert_eq!(open(dir.path()).head().next, 2);
    }
}

/// A file system of so many bytes, gone when dropped; none where it may not be mounted.
struct Small(tempfile::TempDir);

impl Small {
    fn new(bytes: u64) -> Option<Small> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(dir.path())
            .output();
        mount.is_ok_and(|done| done.status.success()).then(|| Small(dir))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_is_full_indeed_loses_nothing_and_opens_again() {
    let Some(disk) = Small::new(12 * 1024 * 1024) else {
        return eprintln_skipped();
    };
    let (kept, dir) = (disk.0.path().join("reserve"), disk.0.path().join("log"));
    let reserve = Reserve::hold(&kept, 4 * 1024 * 1024).unwrap();
    assert!(reserve.is_held());
    let mut log = FileLog::open_with(&dir, None, reserve).unwrap();
    let epoch = log.take_over().unwrap();
    let mut next = 0;
    let outage = loop {
        match log.append(epoch, &frame(next, next, 30_000), next) {
            Ok(Appended::Committed(_)) => next += 1,
            outcome => break outcome,
        }
    };
    assert!(matches!(outage, Err(Outage::Full(_))), "{outage:?}");
    assert!(next > 50 && !kept.exists());
    // What has to be written to stop in order is written.
    committed(log.append(epoch, &frame(next, next, 30_000), next));
    log.rewrap(epoch, vec![(KeyName::new([1; 16]), crate::conformance::wrap(1))]).unwrap();
    let reader = log.reader();
    assert!((0..=next).all(|n| reader.read(n).unwrap().is_some()));
    drop((log, reader));
    // It opens without more room, and keeps back what there is room for.
    let reserve = Reserve::hold(&kept, 4 * 1024 * 1024).unwrap();
    assert!(!reserve.is_held() && !kept.exists());
    let mut log = FileLog::open_with(&dir, None, reserve).unwrap();
    assert_eq!(log.head().next, next + 1);
    log.take_over().unwrap();
    assert!(Reserve::hold(&kept, 1024 * 1024).unwrap().is_held());
}

/// Only root may mount.
#[allow(clippy::print_stderr)] // a test that is not run says so
fn eprintln_skipped() {
    eprintln!("skipped: no file system can be mounted here; the hook's test stands for it");
}
