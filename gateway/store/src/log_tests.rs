//! What every log must promise, and what this one does on the way to it.

use std::io;
use std::sync::mpsc;

use loopgate_ledger::Leaf;

use super::*;
use crate::{Attachments, EntryRecord, read_backup, restore, write_backup};

fn frame(sequence: u64, first_leaf: u64, body_bytes: usize) -> Frame {
    let leaf = Leaf::new([7; 32], first_leaf, "log", 1_700_000_000).unwrap();
    Frame {
        sequence,
        first_leaf,
        at_ms: 1_700_000_000_000,
        entries: vec![EntryRecord {
            leaf: leaf.to_bytes(),
            key: KeyName::TENANT,
            seed: vec![1; 60],
            body: vec![2; body_bytes],
            files: Vec::new(),
            payload: Some([3; 32]),
        }],
        keys: vec![(KeyName::TENANT, WrappedKey::new(vec![4; 64]))],
    }
}

fn open(dir: &Path) -> SledLog {
    SledLog::open(&dir.join("log"), None).unwrap()
}

fn committed(outcome: Result<Appended, Outage>) -> Vec<Committed> {
    match outcome.unwrap() {
        Appended::Committed(proofs) => proofs,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    // The second frame needs several chunks.
    let proofs = committed(log.append(epoch, &frame(0, 0, 10), 0));
    assert_eq!((proofs[0].leaf_index(), proofs[0].payload()), (0, Some(&[3; 32])));
    committed(log.append(epoch, &frame(1, 1, 200_000), 1));
    drop(log);
    let log = open(dir.path());
    assert_eq!((log.head().next, log.head().leaves), (2, 2));
    let stored = log.read(1).unwrap().unwrap();
    assert_eq!(stored.frame.entries[0].body.len(), 200_000);
    assert_eq!(stored.frame.entries[0].payload, None, "the payload's hash is never on disk");
    assert!(log.read(2).unwrap().is_none());
    assert_eq!(log.keys().unwrap().len(), 1);
}

/// A leaf node of sled's tree holds up to 17 rows, and is a blob file when together they are over
/// 128 KiB: rows of any sizes, one after the other, must stay below that.
#[test]
fn no_row_of_frames_of_any_size_becomes_a_blob_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    let sizes = [10, 3_500, 4_000, 9_000, 16_000, 16_300, 40_000, 300_000];
    let mut next = 0;
    for size in sizes {
        for _ in 0..40 {
            committed(log.append(epoch, &frame(next, next, size), next));
            next += 1;
        }
    }
    let mixed = sizes.iter().cycle().take(80);
    for size in mixed {
        committed(log.append(epoch, &frame(next, next, *size), next));
        next += 1;
    }
    drop(log);
    assert_eq!(open(dir.path()).head().next, next);
}

#[test]
fn an_append_that_does_not_fit_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    committed(log.append(epoch, &frame(0, 0, 10), 0));
    for (sequence, leaf, expected) in [(0, 0, 0), (2, 1, 2), (1, 1, 2), (1, 5, 1)] {
        let outcome = log.append(epoch, &frame(sequence, leaf, 10), expected).unwrap();
        assert!(matches!(outcome, Appended::Conflict { head } if head.next == 1));
    }
    assert_eq!(log.head().next, 1);
}

#[test]
fn a_newer_epoch_fences_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let old = log.take_over().unwrap();
    drop(log);
    let mut log = open(dir.path());
    let new = log.take_over().unwrap();
    assert!(new > old);
    assert!(
        matches!(log.append(old, &frame(0, 0, 1), 0).unwrap(), Appended::Fenced { by } if by == new)
    );
    committed(log.append(new, &frame(0, 0, 1), 0));
}

#[test]
fn one_sync_lies_between_write_and_acknowledgement() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, told) = mpsc::channel();
    let hook: StepHook = Box::new(move |step| tell.send(step).map_err(io::Error::other));
    let mut log = SledLog::open(&dir.path().join("log"), Some(hook)).unwrap();
    let epoch = log.take_over().unwrap();
    told.try_iter().count();
    committed(log.append(epoch, &frame(0, 0, 10), 0));
    let steps: Vec<CommitStep> = told.try_iter().collect();
    let expected = [CommitStep::Apply, CommitStep::Flush, CommitStep::Sync, CommitStep::Synced];
    assert_eq!(steps, expected);
}

#[test]
fn a_disk_that_says_no_poisons_the_log_until_it_is_opened_again() {
    for at in [CommitStep::Apply, CommitStep::Flush, CommitStep::Sync] {
        let dir = tempfile::tempdir().unwrap();
        let mut armed = 0;
        let hook: StepHook = Box::new(move |step| {
            armed += usize::from(step == at);
            // The first is the take-over's; the second is the frame's.
            if step == at && armed == 2 { Err(io::Error::other("no space")) } else { Ok(()) }
        });
        let mut log = SledLog::open(&dir.path().join("log"), Some(hook)).unwrap();
        let epoch = log.take_over().unwrap();
        assert!(matches!(log.append(epoch, &frame(0, 0, 10), 0), Err(Outage::Disk(_))), "{at:?}");
        assert!(matches!(log.append(epoch, &frame(0, 0, 10), 0), Err(Outage::Poisoned)));
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
    std::fs::remove_file(dir.path().join("log/db")).unwrap();
    std::fs::create_dir(dir.path().join("log/db")).unwrap();
    assert!(SledLog::open(&dir.path().join("log"), None).is_err());
}

#[test]
fn a_backup_restores_frame_by_frame_and_a_damaged_one_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    for n in 0..3 {
        committed(log.append(epoch, &frame(n, n, 20_000), n));
    }
    let mut file = Vec::new();
    let vault = Attachments::open(&dir.path().join("vault")).unwrap();
    let name = vault.put(b"an attachment").unwrap();
    let mut last = frame(3, 3, 10);
    last.entries[0].files.push(name);
    committed(log.append(epoch, &last, 3));
    write_backup(log.reader().as_ref(), &vault, 0, 4, &mut file).unwrap();

    let there = tempfile::tempdir().unwrap();
    let mut copy = open(there.path());
    let attachments = Attachments::open(&there.path().join("vault")).unwrap();
    restore(&mut copy, &attachments, &read_backup(&mut file.as_slice()).unwrap()).unwrap();
    assert_eq!(attachments.get(&name).unwrap(), b"an attachment");
    assert_eq!(copy.head(), log.head());
    for n in 0..3 {
        assert_eq!(
            copy.read(n).unwrap().unwrap().frame.entries,
            log.read(n).unwrap().unwrap().frame.entries
        );
    }
    assert_eq!(copy.keys().unwrap(), log.keys().unwrap());

    for at in (0..file.len()).step_by(977) {
        let mut bad = file.clone();
        bad[at] ^= 1;
        assert!(read_backup(&mut bad.as_slice()).is_err(), "byte {at}");
    }
    assert!(read_backup(&mut &file[..file.len() - 1]).is_err());
}
