use super::*;

fn stamp(path: &Path, sequence: u64) {
    let view = View::open(path, &[1; 32], 0).unwrap();
    view.rows.apply(vec![view.stamped(sequence)]).unwrap();
}

#[test]
fn projections_that_do_not_open_are_moved_aside_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("view");
    stamp(&path, 4);
    assert_eq!(View::open(&path, &[1; 32], 5).unwrap().folded(), 5);
    // A view that has folded more than the log holds belongs to another log.
    assert_eq!(View::open(&path, &[1; 32], 4).unwrap().folded(), 0);
    assert!(dir.path().join("view.broken-0").is_dir());

    std::fs::remove_file(path.join("db")).unwrap();
    std::fs::create_dir(path.join("db")).unwrap();
    assert_eq!(View::open(&path, &[1; 32], 9).unwrap().folded(), 0);
    assert!(dir.path().join("view.broken-1").is_dir());
}
