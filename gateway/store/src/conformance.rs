//! What every log must promise, whatever it is made of: an engine names how it is opened, and
//! `conforms!` makes its tests. (L1 to L6 of the contract: order, durability, fencing, unknown
//! outcomes, reads, head.)
//!
//! Not here: what an engine does on the way to it, and power loss, which needs its disk.

use std::sync::atomic::{AtomicU64, Ordering};

use loopgate_ledger::{Committed, Leaf};

use crate::{
    Appended, EntryRecord, Frame, Head, KeyName, KeyRow, Log, LogKeys, LogReader, Outage,
    WrappedKey,
};

/// One log, which outlives whoever opens it.
pub(crate) trait Engine: Sized {
    /// Its handle.
    type Log: Log;
    /// An empty log.
    fn new() -> Self;
    /// Opens it; every handle that was opened before is dropped or is an older one.
    fn open(&self) -> Self::Log;
    /// Opens it while another handle is open; none if an engine admits one at a time.
    fn open_beside(&self) -> Option<Self::Log> {
        None
    }
    /// Lets the next append end without an answer, kept or lost; whether it can.
    fn lose_the_answer(&self, _kept: bool) -> bool {
        false
    }
}

/// Makes the tests of an engine.
macro_rules! conforms {
    ($engine:ident) => {
        $crate::conformance::conforms!($engine:
            order_is_total_and_without_gaps,
            what_conflicts_leaves_nothing,
            an_older_epoch_never_succeeds_again,
            an_unknown_outcome_is_known_after_taking_over,
            reads_are_of_one_growing_prefix,
            key_rows_only_go_forward,
            an_interrupted_writer_goes_on
        );
    };
    ($engine:ident: $($promise:ident),*) => {
        mod promises {
            $(
                #[test]
                fn $promise() {
                    $crate::conformance::$promise::<super::$engine>();
                }
            )*
        }
    };
}
pub(crate) use conforms;

/// A frame with one entry about nobody and the tenant's key.
pub(crate) fn frame(sequence: u64, first_leaf: u64, body_bytes: usize) -> Frame {
    let keys = vec![(KeyName::TENANT, WrappedKey::new(vec![0; 64]))];
    Frame { keys, ..frame_of(sequence, first_leaf, &[body_bytes]) }
}

/// A frame of entries with bodies of these lengths, and no keys.
fn frame_of(sequence: u64, first_leaf: u64, bodies: &[usize]) -> Frame {
    let entry = |(n, body): (u64, &usize)| {
        let leaf = Leaf::new([7; 32], first_leaf + n, "log", 1_700_000_000).unwrap();
        EntryRecord {
            leaf: leaf.to_bytes(),
            key: KeyName::TENANT,
            seed: vec![1; 60],
            body: vec![2; *body],
            files: Vec::new(),
            payload: Some([3; 32]),
        }
    };
    let at_ms = 1_700_000_000_000 + i64::try_from(sequence).unwrap();
    let entries = (0..).zip(bodies).map(entry).collect();
    Frame { sequence, first_leaf, at_ms, entries, keys: Vec::new() }
}

/// A key row of a KEK epoch.
pub(crate) fn wrap(epoch: u32) -> KeyRow {
    KeyRow::Wrapped(wrapped(epoch))
}

fn wrapped(epoch: u32) -> WrappedKey {
    WrappedKey::new([&epoch.to_be_bytes()[..], &[9; 60]].concat())
}

/// The proofs of an append that was committed.
pub(crate) fn committed(outcome: Result<Appended, Outage>) -> Vec<Committed> {
    match outcome.unwrap() {
        Appended::Committed(proofs) => proofs,
        other => panic!("{other:?}"),
    }
}

/// As it is read back: the payload's hash is never kept.
pub(crate) fn as_read(frame: &Frame) -> Frame {
    let mut frame = frame.clone();
    frame.entries.iter_mut().for_each(|entry| entry.payload = None);
    frame
}

/// Frames of several entries and lengths.
fn several(count: u64) -> Vec<Frame> {
    let mut leaf = 0;
    let mut make = |n: u64| {
        let bodies: Vec<usize> = (0..=n % 4).map(|k| (n * 997 + k * 31) as usize % 9000).collect();
        let frame = frame_of(n, leaf, &bodies);
        leaf += bodies.len() as u64;
        frame
    };
    (0..count).map(&mut make).collect()
}

/// L1, L2, L6: each frame whole, at its place, with proofs that say so; the head says how many.
pub(crate) fn order_is_total_and_without_gaps<E: Engine>() {
    let engine = E::new();
    let mut log = engine.open();
    assert_eq!(log.head(), Head::default());
    assert!(log.read(0).unwrap().is_none());
    let epoch = log.take_over().unwrap();
    let frames = several(40);
    let mut leaves = 0;
    for frame in &frames {
        let proofs = committed(log.append(epoch, frame, frame.sequence));
        for (proof, entry) in proofs.iter().zip(&frame.entries) {
            assert_eq!((proof.sequence(), proof.leaf_index()), (frame.sequence, leaves));
            assert_eq!(*proof.leaf_hash(), Leaf::hash(&entry.leaf));
            assert_eq!(proof.payload(), Some(&[3; 32]));
            leaves += 1;
        }
        let next = frame.sequence + 1;
        assert_eq!(log.head(), Head { next, leaves, at_ms: frame.at_ms });
    }
    let head = log.head();
    for reopened in [false, true] {
        if reopened {
            drop(log);
            log = engine.open();
        }
        assert_eq!(log.head(), head);
        for frame in &frames {
            let stored = log.read(frame.sequence).unwrap().unwrap();
            assert_eq!(stored.frame, as_read(frame));
            let indices = stored.committed.iter().map(Committed::leaf_index);
            assert!(indices.eq(frame.first_leaf..frame.first_leaf + frame.entries.len() as u64));
        }
        assert!(log.read(head.next).unwrap().is_none());
    }
}

/// L1: no entry, no key, no longer head.
pub(crate) fn what_conflicts_leaves_nothing<E: Engine>() {
    let engine = E::new();
    let mut log = engine.open();
    let epoch = log.take_over().unwrap();
    committed(log.append(epoch, &frame(0, 0, 10), 0));
    let head = log.head();
    for (sequence, leaf, expected) in [(0, 0, 0), (2, 1, 2), (1, 1, 2), (1, 5, 1), (1, 0, 1)] {
        let mut wrong = frame(sequence, leaf, 10);
        wrong.keys = vec![(KeyName::new([1; 16]), wrapped(1))];
        let outcome = log.append(epoch, &wrong, expected).unwrap();
        assert!(matches!(outcome, Appended::Conflict { head: told } if told == head));
    }
    drop(log);
    let log = engine.open();
    assert_eq!(log.head(), head);
    assert_eq!(log.key(&KeyName::new([1; 16])).unwrap(), None);
    assert_eq!(log.read(0).unwrap().unwrap().frame, as_read(&frame(0, 0, 10)));
}

/// L3: neither through the handle that took over then, nor through one that was opened since.
pub(crate) fn an_older_epoch_never_succeeds_again<E: Engine>() {
    let engine = E::new();
    let mut old_log = engine.open();
    let old = old_log.take_over().unwrap();
    committed(old_log.append(old, &frame(0, 0, 10), 0));
    let beside = engine.open_beside();
    let mut old_log = if beside.is_some() {
        Some(old_log)
    } else {
        drop(old_log);
        None
    };
    let mut log = beside.unwrap_or_else(|| engine.open());
    let new = log.take_over().unwrap();
    assert!(new > old);
    let gone = || vec![(KeyName::TENANT, KeyRow::Destroyed { sequence: 0 })];
    for log in old_log.iter_mut().chain([&mut log]) {
        let outcome = log.append(old, &frame(1, 1, 10), 1).unwrap();
        assert!(matches!(outcome, Appended::Fenced { by } if by == new), "{outcome:?}");
        assert!(matches!(log.rewrap(old, gone()), Err(Outage::Fenced)));
    }
    assert_eq!(
        log.key(&KeyName::TENANT).unwrap(),
        Some(KeyRow::Wrapped(WrappedKey::new(vec![0; 64])))
    );
    assert_eq!(log.head().next, 1);
    committed(log.append(new, &frame(1, 1, 10), 1));
    // Nor once the newer one wrote: what it wrote is not in the way of being fenced.
    if let Some(old_log) = &mut old_log {
        let outcome = old_log.append(old, &frame(1, 1, 10), 1).unwrap();
        assert!(matches!(outcome, Appended::Fenced { .. }), "{outcome:?}");
    }
    drop((old_log, log));
    let mut log = engine.open();
    assert!(log.take_over().unwrap() > new);
    assert!(matches!(log.append(new, &frame(2, 2, 10), 2).unwrap(), Appended::Fenced { .. }));
}

/// L4: it is there or it is not, for good, and whoever takes over can tell.
pub(crate) fn an_unknown_outcome_is_known_after_taking_over<E: Engine>() {
    for kept in [true, false] {
        let engine = E::new();
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        committed(log.append(epoch, &frame(0, 0, 10), 0));
        if !engine.lose_the_answer(kept) {
            return;
        }
        let unknown = frame(1, 1, 777);
        assert!(matches!(log.append(epoch, &unknown, 1).unwrap(), Appended::Indeterminate));
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        assert_eq!(log.head().next, 1 + u64::from(kept));
        let found = log.read(1).unwrap().map(|stored| stored.frame);
        assert_eq!(found, kept.then(|| as_read(&unknown)));
        let next = log.head().next;
        committed(log.append(epoch, &frame(next, next, 10), next));
        assert_eq!(log.read(1).unwrap().unwrap().frame.sequence, 1);
    }
}

/// L5: whoever reads meanwhile sees frames that were begun, in order, and the same ones again.
pub(crate) fn reads_are_of_one_growing_prefix<E: Engine>() {
    let engine = E::new();
    let mut log = engine.open();
    let epoch = log.take_over().unwrap();
    let (reader, frames) = (log.reader(), several(200));
    let (begun, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| watch(reader.as_ref(), &frames, &begun, &ended));
        }
        for frame in &frames {
            begun.store(frame.sequence + 1, Ordering::SeqCst);
            committed(log.append(epoch, frame, frame.sequence));
            ended.store(frame.sequence + 1, Ordering::SeqCst);
        }
    });
}

fn watch(reader: &dyn LogReader, frames: &[Frame], begun: &AtomicU64, ended: &AtomicU64) {
    let mut seen = 0;
    while seen < frames.len() as u64 {
        let acknowledged = ended.load(Ordering::SeqCst);
        let found = reader.read(seen).unwrap();
        assert!(found.is_some() || seen >= acknowledged, "an acknowledged frame is not there");
        let Some(found) = found else { continue };
        assert!(seen < begun.load(Ordering::SeqCst), "a frame nobody wrote");
        assert_eq!(found.frame, as_read(&frames[seen as usize]));
        let before = seen / 2;
        let again = reader.read(before).unwrap().unwrap();
        assert_eq!(again.frame, as_read(&frames[before as usize]));
        seen += 1;
    }
}

/// Destroyed stays destroyed, a newer wrap stays; the same call again changes nothing.
pub(crate) fn key_rows_only_go_forward<E: Engine>() {
    let engine = E::new();
    let (a, b, c) = (KeyName::new([1; 16]), KeyName::new([2; 16]), KeyName::new([3; 16]));
    let gone = |sequence| KeyRow::Destroyed { sequence };
    let mut log = engine.open();
    let epoch = log.take_over().unwrap();
    log.rewrap(epoch, Vec::new()).unwrap();
    assert_eq!(log.keys().unwrap(), []);
    log.rewrap(epoch, vec![(a, wrap(1)), (b, wrap(1))]).unwrap();
    let stand = vec![(a, gone(5)), (b, wrap(2)), (c, wrap(2))];
    for _ in 0..2 {
        let rows = vec![(a, gone(5)), (b, wrap(2)), (a, wrap(2)), (c, wrap(2))];
        log.rewrap(epoch, rows).unwrap();
        assert_eq!(log.keys().unwrap(), stand);
    }
    log.rewrap(epoch, vec![(a, wrap(3)), (a, gone(7)), (b, wrap(1))]).unwrap();
    // A frame that brings the key of a name that is destroyed does not bring it back, nor an older one.
    let mut first = frame(0, 0, 10);
    first.keys = vec![(a, wrapped(4)), (b, wrapped(1))];
    committed(log.append(epoch, &first, 0));
    assert_eq!(log.reader().keys().unwrap(), stand);
    for reopened in [false, true] {
        if reopened {
            drop(log);
            log = engine.open();
        }
        assert_eq!(log.keys().unwrap(), stand);
        assert_eq!(log.key(&a).unwrap(), Some(gone(5)));
    }
}

/// Opened again after each frame, by ever newer epochs, it is one log with the keys of its frames.
pub(crate) fn an_interrupted_writer_goes_on<E: Engine>() {
    let engine = E::new();
    let mut before = None;
    for n in 0..12u8 {
        let mut log = engine.open();
        let epoch = log.take_over().unwrap();
        assert!(before.replace(epoch).is_none_or(|before| before < epoch));
        assert_eq!(log.head().next, u64::from(n));
        assert_eq!(log.keys().unwrap().len(), usize::from(n));
        let mut next = frame(n.into(), n.into(), 5000);
        next.keys = vec![(KeyName::new([n; 16]), wrapped(1))];
        committed(log.append(epoch, &next, n.into()));
        assert_eq!(log.key(&KeyName::new([n; 16])).unwrap(), Some(wrap(1)));
    }
}
