//! What every log must promise, and what this one does on the way to it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use loopgate_ledger::{Committed, Leaf};

use super::*;
use crate::{Attachments, EntryRecord, Restored, WrappedKey, read_backup, restore, write_backup};

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

fn open(dir: &Path) -> FileLog {
    open_with(dir, || None)
}

fn open_with(dir: &Path, hook: impl Fn() -> Option<StepHook>) -> FileLog {
    FileLog::open(&dir.join("log"), hook()).unwrap()
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
    let mut log = FileLog::open(&dir.path().join("log"), Some(hook)).unwrap();
    let epoch = log.take_over().unwrap();
    told.try_iter().count();
    committed(log.append(epoch, &frame(0, 0, 10), 0));
    let steps: Vec<CommitStep> = told.try_iter().collect();
    let expected = [CommitStep::Write, CommitStep::Torn, CommitStep::Sync, CommitStep::Synced];
    assert_eq!(steps, expected);
}

/// A hook that says this once, at this step of the first commit after the trap is set.
fn trap(at: CommitStep, kind: io::ErrorKind) -> (Arc<AtomicBool>, StepHook) {
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
    assert_eq!(copy.read(3).unwrap().unwrap().frame, last_as_read(last));

    for at in (0..file.len()).step_by(977) {
        let mut bad = file.clone();
        bad[at] ^= 1;
        assert!(read_backup(&mut bad.as_slice()).is_err(), "byte {at}");
    }
    assert!(read_backup(&mut &file[..file.len() - 1]).is_err());
}

/// A payload's hash is never on disk.
fn last_as_read(mut frame: Frame) -> Frame {
    frame.entries.iter_mut().for_each(|entry| entry.payload = None);
    frame
}

fn wrap(epoch: u32) -> KeyRow {
    KeyRow::Wrapped(WrappedKey::new([&epoch.to_be_bytes()[..], &[9; 60]].concat()))
}

#[test]
fn an_older_backup_brings_no_destroyed_key_back_nor_its_attachments() {
    let dir = tempfile::tempdir().unwrap();
    let (maria, other) = (KeyName::new([1; 16]), KeyName::new([2; 16]));
    let mut log = open(dir.path());
    let epoch = log.take_over().unwrap();
    let vault = Attachments::open(&dir.path().join("vault")).unwrap();
    let (hers, theirs) = (vault.put(b"hers").unwrap(), vault.put(b"theirs").unwrap());
    let mut first = frame(0, 0, 10);
    first.entries[0].key = maria;
    first.entries[0].files = vec![hers];
    let KeyRow::Wrapped(wrapped) = wrap(1) else { unreachable!() };
    first.keys = vec![(maria, wrapped.clone()), (other, wrapped)];
    let mut second = frame(1, 1, 10);
    second.entries[0].key = other;
    second.entries[0].files = vec![theirs];
    second.keys.clear();
    committed(log.append(epoch, &first, 0));
    committed(log.append(epoch, &second, 1));
    let backup = |log: &FileLog, vault: &Attachments, first, next| {
        let mut file = Vec::new();
        write_backup(log.reader().as_ref(), vault, first, next, &mut file).unwrap();
        read_backup(&mut file.as_slice()).unwrap()
    };
    let older = backup(&log, &vault, 0, 2);
    assert_eq!(older.attachments, [(maria, b"hers".to_vec()), (other, b"theirs".to_vec())]);

    let mut third = frame(2, 2, 10);
    third.keys.clear();
    committed(log.append(epoch, &third, 2));
    let gone = KeyRow::Destroyed { sequence: 2 };
    log.rewrap(epoch, vec![(maria, gone.clone()), (other, wrap(2))]).unwrap();
    vault.remove(&hers).unwrap();
    let (newer, whole) = (backup(&log, &vault, 2, 3), backup(&log, &vault, 0, 3));
    assert_eq!(whole.attachments, [(other, b"theirs".to_vec())]);
    let stand = vec![(maria, gone), (other, wrap(2))];
    assert_eq!((&newer.keys, &whole.keys), (&stand, &stand));

    // On the log itself; on a log that the newer table reached before, or in between.
    let rest = read_again(&older);
    restore(&mut log, &vault, &rest).unwrap();
    assert_eq!(log.keys().unwrap(), stand);
    assert!(!vault.has(&hers).unwrap());
    for order in [vec![&older, &newer, &rest], vec![&whole, &rest]] {
        let there = tempfile::tempdir().unwrap();
        let mut copy = open(there.path());
        let vault = Attachments::open(&there.path().join("vault")).unwrap();
        order.into_iter().for_each(|backup| restore(&mut copy, &vault, backup).unwrap());
        assert_eq!((copy.keys().unwrap(), copy.head().next), (stand.clone(), 3));
        assert!(vault.has(&theirs).unwrap());
    }
}

/// A backup whose frames are there already: what is left of it is its keys and attachments.
fn read_again(backup: &Restored) -> Restored {
    Restored {
        frames: Vec::new(),
        keys: backup.keys.clone(),
        attachments: backup.attachments.clone(),
    }
}

#[test]
fn key_rows_only_go_forward_and_are_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b, c) = (KeyName::new([1; 16]), KeyName::new([2; 16]), KeyName::new([3; 16]));
    let gone = |sequence| KeyRow::Destroyed { sequence };
    let mut log = open(dir.path());
    let old = log.take_over().unwrap();
    log.rewrap(old, vec![(a, wrap(1)), (b, wrap(1))]).unwrap();
    log.rewrap(old, vec![(a, gone(5)), (b, wrap(2)), (a, wrap(2)), (c, wrap(2))]).unwrap();
    log.rewrap(old, vec![(a, wrap(3)), (a, gone(7)), (b, wrap(1))]).unwrap();
    let stand = vec![(a, gone(5)), (b, wrap(2)), (c, wrap(2))];
    assert_eq!(log.keys().unwrap(), stand);
    // A frame that brings the key of a name that is destroyed does not bring it back.
    let mut first = frame(0, 0, 10);
    let KeyRow::Wrapped(wrapped) = wrap(4) else { unreachable!() };
    first.keys = vec![(a, wrapped)];
    committed(log.append(old, &first, 0));
    assert_eq!(log.key(&a).unwrap(), Some(gone(5)));
    drop(log);
    let mut log = open(dir.path());
    assert_eq!(log.keys().unwrap(), stand);
    let new = log.take_over().unwrap();
    assert!(matches!(log.rewrap(old, vec![(b, gone(6))]), Err(Outage::Fenced)));
    assert_eq!(log.key(&b).unwrap(), Some(wrap(2)));
    log.rewrap(new, vec![(b, gone(6))]).unwrap();
    assert_eq!(log.key(&b).unwrap(), Some(gone(6)));
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
