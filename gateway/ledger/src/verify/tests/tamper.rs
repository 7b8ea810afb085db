//! Whatever is done to the files of a bundle, it does not verify.

use super::*;
use crate::testing::files;

/// 600 entries: two full tiles and a partial one, and two levels.
fn six_hundred() -> Sample {
    Sample::of(vec![Fields::default(); 600])
}

/// One bit of every byte of every file, with the manifest as it was, and made to match.
#[test]
fn no_flip_of_any_byte_verifies() {
    let copy = Copy::of(&Sample::small());
    let sealed = copy.read(MANIFEST);
    let mut flipped_count = 0;
    for name in files(&copy.dir()) {
        let bytes = copy.read(&name);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            copy.write(&name, &flipped);
            let report = verify_bundle(&copy.dir(), None);
            assert_eq!(report.exit_code(), 2, "{name} byte {at}: {report:?}");
            if name != MANIFEST {
                reseal(&copy.dir());
                let report = copy.verify();
                assert_eq!(report.exit_code(), 2, "{name} byte {at} resealed: {report:?}");
                copy.write(MANIFEST, &sealed);
            }
            flipped_count += 1;
        }
        copy.write(&name, bytes);
    }
    assert_eq!(copy.verify().exit_code(), 0);
    assert!(flipped_count > 5000, "{flipped_count}");
}

#[test]
fn a_byte_more_or_less_fails() {
    for name in files(&Copy::of(&Sample::small()).dir()) {
        let copy = Copy::of(&Sample::small());
        let bytes = copy.read(&name);
        for more in [&b"\n"[..], b" ", b"x", b"\0"] {
            copy.write(&name, [&bytes[..], more].concat());
            assert_eq!(copy.verify().exit_code(), 2, "{name}");
            if name != MANIFEST {
                reseal(&copy.dir());
                assert_eq!(copy.verify().exit_code(), 2, "{name} resealed");
            }
        }
        copy.write(&name, &bytes[..bytes.len() - 1]);
        assert_eq!(copy.verify().exit_code(), 2, "{name}");
    }
}

#[test]
fn a_file_more_or_less_fails() {
    for sample in [Sample::small(), six_hundred()] {
        for name in files(&Copy::of(&sample).dir()) {
            let copy = Copy::of(&sample);
            let missing = format!("{name} is missing or not a plain file");
            fs::remove_file(copy.dir().join(&name)).unwrap();
            copy.check(2, None, &missing);
            fs::create_dir(copy.dir().join(&name)).unwrap();
            copy.check(2, None, &missing);
            fs::remove_dir(copy.dir().join(&name)).unwrap();
            if name != MANIFEST {
                reseal(&copy.dir());
                assert_eq!(copy.verify().exit_code(), 2, "{name} resealed");
            }
        }
    }
    let unlisted = "a file is not listed in the manifest";
    let superfluous = "manifest.json lists a file that has no place in it";
    for name in [
        "extra",
        ".hidden",
        "entries.jsonl.bak",
        "leaves.jsonl",
        "rotations",
        "tile/0/000",
        "tile/0/000.p/2",
        "tile/0/001.p/1",
        "tile/1",
        "tile/entries/000",
        "tile/entries/000.p/2",
    ] {
        let copy = Copy::of(&Sample::small());
        fs::create_dir_all(copy.dir().join(name).parent().unwrap()).unwrap();
        copy.write(name, "");
        copy.check(2, None, unlisted);
        reseal(&copy.dir());
        copy.check(2, None, superfluous);
    }
    for name in ["more", "rotations", "tile/1", "tile/0/x001", "tile/entries/001.p"] {
        let copy = Copy::of(&Sample::small());
        fs::create_dir_all(copy.dir().join(name)).unwrap();
        copy.check(2, None, unlisted);
    }
    let nowhere = verify_bundle(Path::new("/nonexistent/bundle"), None);
    assert_eq!(nowhere.exit_code(), 2);
}

#[test]
fn a_file_under_another_name_fails() {
    let names = files(&Copy::of(&six_hundred()).dir());
    for (at, name) in names.iter().enumerate() {
        let copy = Copy::of(&six_hundred());
        let other = format!("{name}~");
        fs::rename(copy.dir().join(name), copy.dir().join(&other)).unwrap();
        assert_eq!(copy.verify().exit_code(), 2, "{name}");
        fs::rename(copy.dir().join(&other), copy.dir().join(name)).unwrap();
        // With the next one, as found and resealed.
        let next = &names[(at + 1) % names.len()];
        let (bytes, others) = (copy.read(name), copy.read(next));
        copy.write(name, others);
        copy.write(next, bytes);
        assert_eq!(copy.verify().exit_code(), 2, "{name} and {next}");
        reseal(&copy.dir());
        assert_eq!(copy.verify().exit_code(), 2, "{name} and {next} resealed");
    }
}

#[test]
fn two_tiles_swapped_fail() {
    let check = |one: &str, other: &str, first_bad, problem: &str| {
        let copy = Copy::of(&six_hundred());
        let (bytes, others) = (copy.read(one), copy.read(other));
        copy.write(one, others);
        copy.write(other, bytes);
        reseal(&copy.dir());
        copy.check(2, first_bad, problem);
    };
    let index = "entry 0: the leaf has another index";
    check("tile/entries/000", "tile/entries/001", Some(0), index);
    check("tile/0/000", "tile/0/001", None, "tile/0/000 is not what the leaves give");
}

/// A hash tile is of no use to this verifier, and is believed by the next reader.
#[test]
fn a_hash_tile_that_the_leaves_do_not_give_fails() {
    let copy = Copy::of(&six_hundred());
    for name in ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"] {
        let bytes = copy.read(name);
        let mut spoilt = bytes.clone();
        spoilt[40] ^= 1;
        copy.write(name, spoilt);
        reseal(&copy.dir());
        copy.check(2, None, &format!("{name} is not what the leaves give"));
        copy.write(name, bytes);
        reseal(&copy.dir());
    }
    assert_eq!((copy.verify().exit_code(), copy.verify().entries), (0, 600));
}

#[cfg(unix)]
#[test]
fn a_link_is_not_a_file() {
    for name in files(&Copy::of(&Sample::small()).dir()) {
        let copy = Copy::of(&Sample::small());
        let outside = copy.0.path().join("outside");
        fs::rename(copy.dir().join(&name), &outside).unwrap();
        std::os::unix::fs::symlink(&outside, copy.dir().join(&name)).unwrap();
        copy.check(2, None, &format!("{name} is missing or not a plain file"));
    }
    for name in ["tile", "tile/0", "tile/entries"] {
        let copy = Copy::of(&Sample::small());
        let outside = copy.0.path().join("outside");
        fs::rename(copy.dir().join(name), &outside).unwrap();
        std::os::unix::fs::symlink(&outside, copy.dir().join(name)).unwrap();
        copy.check(2, None, "a file is not listed in the manifest");
    }
}

/// The file is read in pieces of 256 KiB: every entry is checked, wherever a piece ends, and the
/// first problem is the first in the file.
#[test]
fn a_problem_in_any_piece_is_found_and_the_first_one_told() {
    let mut entries = vec![Fields::default(); 40];
    for (at, fields) in entries.iter_mut().enumerate() {
        fields.set(Field::Note, "x".repeat(10_007 + 5003 * (at % 7)));
    }
    let mut sample = Sample::of(entries);
    sample.shown = Field::ALL.to_vec();
    let copy = Copy::of(&sample);
    assert!(copy.read(ENTRIES).len() > 3 * 256 * 1024);
    assert_eq!((copy.verify().exit_code(), copy.verify().entries), (0, 40));
    let spoil = |lines: &mut Vec<String>, at: usize| lines[at] = lines[at].replacen("xx", "xy", 1);
    for at in 0..40 {
        let copy = Copy::of(&sample);
        copy.edit(ENTRIES, |lines| {
            for later in [at, 25, 38, 39] {
                if later >= at {
                    spoil(lines, later);
                }
            }
        });
        let problem = format!("entry {at}: what is shown is not what was recorded");
        for _ in 0..5 {
            copy.check(2, Some(at as u64), &problem);
            assert_eq!(copy.verify().entries, at as u64);
        }
    }
    copy.edit(ENTRIES, |lines| lines[39].push_str("  "));
    copy.check(2, None, "line 39 of entries.jsonl: the opening is not canonical");
}
