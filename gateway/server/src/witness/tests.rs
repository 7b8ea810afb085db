use loopgate_ledger::{Checkpoint, Cosigner, LogKey, Tree, add_checkpoint};

use super::*;

fn made() -> (tempfile::TempDir, LogKey) {
    let dir = tempfile::tempdir().unwrap();
    let vkey = init(dir.path(), "witness.example/w1", &|seed| seed.fill(3)).unwrap();
    assert_eq!(Cosigner::parse(&vkey).unwrap().name(), "witness.example/w1");
    let log = LogKey::from_seed("log.example/1", [4; 32]).unwrap();
    add_log(dir.path(), &log.vkey()).unwrap();
    (dir, log)
}

fn request(log: &LogKey, size: u64) -> String {
    let mut tree = Tree::new();
    for n in 0..size {
        tree.append([u8::try_from(n).unwrap(); 32]);
    }
    let origin = log.name().to_owned();
    let note = log.sign(&Checkpoint { origin, size, root: tree.root() });
    format!("old 0\n\n{note}")
}

fn status(opened: &Opened, request: &str) -> u16 {
    add_checkpoint(&opened.witness, request.as_bytes(), &mut &opened.shelves, 1).unwrap().status()
}

#[test]
fn what_was_cosigned_is_known_to_the_next_process() {
    let (dir, log) = made();
    assert_eq!(status(&open(dir.path()).unwrap(), &request(&log, 5)), 200);
    let again = open(dir.path()).unwrap();
    assert_eq!(status(&again, &request(&log, 4)), 409);
    let known = again.shelves.read("log.example/1").unwrap();
    assert_eq!(known.size, 5);
}

#[test]
fn a_witness_that_forgot_does_not_serve() {
    let (dir, log) = made();
    let file = fs::read_dir(dir.path().join("state")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    for broken in [text.replace("\n0\n", "\n00\n"), text.replace("log.", "gol."), text + "\n"] {
        fs::write(&file, broken).unwrap();
        assert!(matches!(open(dir.path()), Err(WitnessError::Lost(_))));
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(open(dir.path()), Err(WitnessError::Lost(_))));
    // Nor is a second key of the log a way to begin anew.
    let next = LogKey::from_seed("log.example/1", [5; 32]).unwrap();
    add_log(dir.path(), &next.vkey()).unwrap();
    assert!(matches!(open(dir.path()), Err(WitnessError::Lost(_))));
    assert!(matches!(add_log(dir.path(), &log.vkey()), Err(WitnessError::Listed)));
}

#[test]
fn one_process_serves_and_one_key_is_made() {
    let (dir, _) = made();
    let first = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(WitnessError::Taken)));
    drop(first);
    assert!(open(dir.path()).is_ok());
    let again = init(dir.path(), "other", &|seed| seed.fill(9));
    assert!(matches!(again, Err(WitnessError::There(_))));
    assert!(matches!(add_log(dir.path(), "no key"), Err(WitnessError::Vkey)));
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(dir.path().join("witness.seed")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bad = init(&dir.path().join("x"), "a b", &|seed| seed.fill(9));
    assert!(matches!(bad, Err(WitnessError::Name)));
}

/// Of two that read the same state one is kept; the other is told what the state is now.
#[test]
fn what_was_read_is_still_there_when_it_is_replaced() {
    use loopgate_ledger::{Known, Shelf};
    let (dir, _) = made();
    let opened = open(dir.path()).unwrap();
    let origin = "log.example/1";
    let at = |size| Known { size, root: [1; 32] };
    let mut shelf = &opened.shelves;
    let nothing = shelf.load(origin).unwrap();
    assert_eq!(nothing, Known::nothing());
    assert!(shelf.replace(origin, &nothing, &at(7)).unwrap());
    assert!(!shelf.replace(origin, &nothing, &at(5)).unwrap());
    assert!(!shelf.replace(origin, &Known { size: 7, root: [2; 32] }, &at(8)).unwrap());
    assert_eq!(shelf.load(origin).unwrap(), at(7));
    assert!(!shelf.replace("another", &nothing, &at(1)).unwrap());
    let started = std::sync::Barrier::new(8);
    let won = std::thread::scope(|scope| {
        let race = |size| {
            let (mut shelf, started) = (&opened.shelves, &started);
            scope.spawn(move || {
                started.wait();
                shelf.replace(origin, &at(7), &at(size)).unwrap()
            })
        };
        let racing: Vec<_> = (8..16).map(race).collect();
        racing.into_iter().map(|one| one.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}
