//! Rotations: whose log it is, once its key has changed.

use super::*;
use crate::{KeyEvent, Opening};

fn key(number: u8) -> LogKey {
    LogKey::from_seed(ORIGIN, [number; 32]).unwrap()
}

/// A note with the lines of both.
fn both(one: &LogKey, other: &LogKey, checkpoint: &Checkpoint) -> String {
    let note = other.sign(checkpoint);
    one.sign(checkpoint) + note.split_once("\n\n").unwrap().1
}

fn event(event: &KeyEvent) -> Fields {
    let mut fields = Fields::default();
    fields.set(Field::Kind, "ledger.key");
    fields.set(Field::Payload, event.to_payload());
    fields
}

fn next(from: u8, to: u8) -> Fields {
    event(&KeyEvent::Next { from: key(from).vkey(), to: key(to).vkey() })
}

fn retired(number: u8, size: u64) -> Fields {
    event(&KeyEvent::Retired { retired: key(number).vkey(), size })
}

/// Key 7, key 8 from entry 1 on, key 9 from entry 3 on, key 7 retired at 4 leaves.
fn rotated() -> Sample {
    let empty = Fields::default;
    let entries = vec![empty(), next(7, 8), empty(), next(8, 9), retired(7, 4), empty()];
    let mut sample = Sample::of(entries);
    sample.shown.extend([Field::Kind, Field::Payload]);
    sample
}

/// The bundle of that log, with one thing made otherwise.
struct Made {
    sample: Sample,
    vkeys: Vec<String>,
    rotations: Vec<String>,
    note: String,
    openings: Vec<Opening>,
}

impl Made {
    fn new(sample: Sample) -> Made {
        let size = sample.leaves.len() as u64;
        Made {
            vkeys: [7, 8, 9].map(|number| key(number).vkey()).to_vec(),
            rotations: vec![
                both(&key(7), &key(8), &sample.checkpoint(2)),
                both(&key(8), &key(9), &sample.checkpoint(5)),
            ],
            note: both(&key(9), &key(8), &sample.checkpoint(size)),
            openings: sample.openings(),
            sample,
        }
    }

    fn write(self) -> Copy {
        let copy = Copy::empty();
        let Made { sample, vkeys, rotations, note, openings } = self;
        sample.write_signed(&copy.dir(), &vkeys, &rotations, &note, openings);
        copy
    }
}

#[test]
fn a_pinned_key_is_followed_to_the_one_that_signs() {
    let copy = Made::new(rotated()).write();
    for number in [7, 8, 9] {
        let report = verify_bundle(&copy.dir(), Some(&key(number).vkey()));
        assert_eq!((report.exit_code(), report.integrity.text()), (0, "ok, key pinned"));
    }
    assert_eq!(verify_bundle(&copy.dir(), Some(&key(6).vkey())).exit_code(), 2);
    assert_eq!(verify_bundle(&copy.dir(), None).integrity.text(), "ok, key not pinned");

    // An older bundle under its key, a newer one under the next.
    let older = Copy::empty();
    let sample = rotated();
    let first = Sample::of(sample.entries[..1].to_vec());
    first.write(&older.dir());
    for pinned in [None, Some(key(7).vkey())] {
        let report = verify_consistency(&older.dir(), &copy.dir(), pinned.as_deref());
        assert_eq!(report.exit_code(), 0, "{report:?}");
    }
    assert_eq!(verify_consistency(&copy.dir(), &older.dir(), None).exit_code(), 2);
}

#[test]
fn a_rotation_that_does_not_hold_fails() {
    let check = |change: &dyn Fn(&mut Made), problem: &str| {
        let mut made = Made::new(rotated());
        change(&mut made);
        made.write().check(2, None, problem);
    };
    let sample = rotated();
    let unsigned = "the checkpoint is not signed by the key";
    check(
        &|it| it.rotations[0] = key(7).sign(&sample.checkpoint(2)),
        &format!("rotations/0: {unsigned}"),
    );
    check(
        &|it| it.rotations[1] = key(9).sign(&sample.checkpoint(5)),
        &format!("rotations/1: {unsigned}"),
    );
    let unannounced = |path| format!("{path}: no entry shown announces the key");
    check(
        &|it| it.rotations[0] = both(&key(7), &key(8), &sample.checkpoint(1)),
        &unannounced("rotations/0"),
    );
    check(&|it| drop(it.openings.remove(1)), &unannounced("rotations/0"));
    check(&|it| drop(it.openings.remove(3)), &unannounced("rotations/1"));
    let fork = Checkpoint { root: [1; 32], ..sample.checkpoint(2) };
    check(
        &|it| it.rotations[0] = both(&key(7), &key(8), &fork),
        "rotations/0 is not of a tree that this one begins with",
    );
    let longer = Checkpoint { size: 7, ..sample.checkpoint(6) };
    check(
        &|it| it.rotations[0] = both(&key(7), &key(8), &longer),
        "rotations/0 is not of a tree that this one begins with",
    );
    let mut twice = Made::new(rotated());
    twice.vkeys[1] = key(7).vkey();
    twice.write().check(2, None, "log.vkeys holds a key twice");
}

/// A log that went on to other keys, seen through the one it left: who holds the old key alone
/// can sign anything, and has to hide the entry that says so.
#[test]
fn a_key_left_behind_does_not_speak_for_the_log() {
    let sample = rotated();
    let write = |openings: Vec<Opening>| {
        let copy = Copy::empty();
        sample.write_signed(&copy.dir(), &[key(7).vkey()], &[], &sample.note(&key(7)), openings);
        copy
    };
    let whole = write(sample.openings());
    whole.check(2, Some(1), "entry 1: its keys are not those of log.vkeys");
    let mut openings = sample.openings();
    openings.retain(|opening| ![1, 3, 4].contains(&opening.index));
    write(openings).check(3, Some(1), "entry 1 is not shown");
}

#[test]
fn a_retired_key_signs_nothing_more() {
    let made = |note: &dyn Fn(&Sample) -> String| {
        let mut made = Made::new(rotated());
        made.note = note(&made.sample);
        made.write()
    };
    let size = 6;
    let copy = made(&|sample| both(&key(9), &key(7), &sample.checkpoint(size)));
    copy.check(2, None, "checkpoint is signed by a retired key");
    let copy = made(&|sample| both(&key(9), &key(6), &sample.checkpoint(size)));
    assert_eq!(copy.verify().exit_code(), 0);

    // Retired below the size at which it handed over.
    let mut entries = rotated().entries;
    entries[4] = retired(8, 4);
    let mut sample = Sample::of(entries);
    sample.shown.extend([Field::Kind, Field::Payload]);
    let mut spoilt = Made::new(sample);
    spoilt.note = key(9).sign(&spoilt.sample.checkpoint(size));
    spoilt.write().check(2, None, "rotations/1 is signed by a retired key");
}

#[test]
fn a_key_event_that_cannot_be_read_fails() {
    for payload in ["", "Zyxw", r#"{"from":"Zyxw"}"#] {
        let mut entries = rotated().entries;
        entries[2].set(Field::Kind, "ledger.key");
        entries[2].set(Field::Payload, payload);
        let mut sample = Sample::of(entries);
        sample.shown.extend([Field::Kind, Field::Payload]);
        let problem = "entry 2: `payload` is not a key event";
        Made::new(sample).write().check(2, Some(2), problem);
    }
    let mut made = Made::new(rotated());
    let shown = [Field::Subject, Field::Patient, Field::Parties, Field::Kind];
    made.openings[3] = Opening::make(3, &crate::testing::seed(3), &made.sample.entries[3], &shown);
    made.write().check(2, Some(3), "entry 3: `payload` is not shown");
}

/// A policy that still lists an old key follows the rotations from it, unless it signed too much.
#[test]
fn a_policy_follows_a_key_it_lists() {
    let copy = Made::new(rotated()).write();
    let check = |number: u8, retired: Option<u64>| {
        let vkey = key(number).vkey();
        let extension = retired.map(|size| format!("# loopgate: retired {vkey} {size}\n"));
        let text = format!("log {vkey}\nquorum none\n{}", extension.unwrap_or_default());
        let policy = crate::Policy::parse(text.as_bytes()).unwrap();
        let trust = crate::Trust::Policy(&policy);
        crate::verify_bundle_trusting(&copy.dir(), trust, None).exit_code()
    };
    for number in [7, 8, 9] {
        assert_eq!(check(number, None), 0, "{number}");
    }
    assert_eq!(check(6, None), 2);
    // Key 7 led to key 8 at size 2, key 8 to key 9 at 5; key 9 signed all 6.
    for (number, size) in [(7, 2), (8, 5), (9, 6)] {
        assert_eq!((check(number, Some(size)), check(number, Some(size - 1))), (0, 2), "{number}");
    }
}
