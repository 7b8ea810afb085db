//! Backups: what comes back, and what never does.

use std::path::Path;

use super::*;
use crate::conformance::{as_read, committed, frame, wrap};
use crate::{Attachments, FileLog, KeyName, LogKeys, read_backup};

fn open(dir: &Path) -> FileLog {
    FileLog::open(&dir.join("log"), None).unwrap()
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
    assert_eq!(copy.read(3).unwrap().unwrap().frame, as_read(&last));

    for at in (0..file.len()).step_by(977) {
        let mut bad = file.clone();
        bad[at] ^= 1;
        assert!(read_backup(&mut bad.as_slice()).is_err(), "byte {at}");
    }
    assert!(read_backup(&mut &file[..file.len() - 1]).is_err());
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
