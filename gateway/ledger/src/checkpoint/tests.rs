use signed_note::{Note, StandardVerifier, VerifierList};

use super::*;
use crate::testing::{ORIGIN, flips, hex32, log_key};

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size: 42, root: [9; 32] }
}

/// Signs any body as the log would, to show what is refused for its content alone.
fn note_over(body: &str) -> String {
    let key = log_key();
    let signature = key.key.sign(body.as_bytes()).to_bytes();
    format!("{body}\n{}", key.public.line(&signature))
}

#[test]
fn what_is_signed_opens() {
    let note = log_key().sign(&checkpoint());
    assert_eq!(open_checkpoint(&note, &log_key().vkey()), Ok(checkpoint()));
    let root = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk="; // base64 of 32 times 09
    let start = format!("{ORIGIN}\n42\n{root}\n\n— {ORIGIN} ");
    assert!(note.starts_with(&start) && note.ends_with("\n"));
}

/// signed_note's own verifier, a port of Go's, accepts what we sign.
#[test]
fn the_reference_verifier_agrees() {
    let note = Note::from_bytes(log_key().sign(&checkpoint()).as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&log_key().vkey()).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    assert_eq!(note.verify(&known).unwrap().0.len(), 1);
}

/// RFC 8032 §7.1, test 1: the public key of that seed.
#[test]
fn vkey_holds_the_public_key() {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let vkey = LogKey::from_seed("a", hex32(seed)).unwrap().vkey();
    let encoded = vkey.splitn(3, '+').last().unwrap();
    assert_eq!(BASE64_STANDARD.encode([&[1][..], &hex32(public)].concat()), encoded);
}

#[test]
fn no_bit_flip_of_the_note_opens() {
    let (note, vkey) = (log_key().sign(&checkpoint()), log_key().vkey());
    for flipped in flips(note.as_bytes()) {
        let Ok(flipped) = String::from_utf8(flipped) else {
            continue;
        };
        assert!(open_checkpoint(&flipped, &vkey).is_err(), "{flipped}");
    }
    for spoilt in [format!("{note}\n"), format!("{note}x"), note.replace('\n', "\r\n")] {
        assert!(open_checkpoint(&spoilt, &vkey).is_err());
    }
    assert!(open_checkpoint(note.trim_end(), &vkey).is_err());
}

#[test]
fn no_bit_flip_of_the_key_opens() {
    let (note, vkey) = (log_key().sign(&checkpoint()), log_key().vkey());
    for flipped in flips(vkey.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
        assert!(open_checkpoint(&note, &flipped).is_err(), "{flipped}");
    }
    let (name, rest) = vkey.split_once('+').unwrap();
    let (id, key) = rest.split_once('+').unwrap();
    for spelling in [
        format!("{name}+{}+{key}", id.to_uppercase()),
        format!("{name}++{}+{key}", &id[1..]),
        format!("{vkey}\n"),
        format!("{vkey}+"),
    ] {
        let refused = open_checkpoint(&note, &spelling);
        assert!(spelling == vkey || refused == Err(CheckpointError::VerifierKey));
    }
}

#[test]
fn another_key_of_the_same_name_does_not_open() {
    let other = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let opened = open_checkpoint(&log_key().sign(&checkpoint()), &other.vkey());
    assert_eq!(opened, Err(CheckpointError::Unsigned));
}

#[test]
fn signature_lines_of_others_are_ignored() {
    let (note, vkey) = (log_key().sign(&checkpoint()), log_key().vkey());
    let (body, line) = note.split_once("\n\n").unwrap();
    let stranger = format!("— witness.example {}\n", BASE64_STANDARD.encode([5; 2424]));
    for note in [
        format!("{note}{stranger}"),
        format!("{body}\n\n{stranger}{line}"),
        format!("{note}{stranger}{stranger}"),
    ] {
        assert_eq!(open_checkpoint(&note, &vkey), Ok(checkpoint()));
    }
    let stranger_alone = format!("{body}\n\n{stranger}");
    let opened = open_checkpoint(&stranger_alone, &vkey);
    assert_eq!(opened, Err(CheckpointError::Unsigned));
}

#[test]
fn one_signature_line_per_key() {
    let note = log_key().sign(&checkpoint());
    let (_, line) = note.split_once("\n\n").unwrap();
    let twice = open_checkpoint(&format!("{note}{line}"), &log_key().vkey());
    assert_eq!(twice, Err(CheckpointError::Signature));
}

#[test]
fn refuses_bodies_that_are_not_three_lines() {
    let root = BASE64_STANDARD.encode([9; 32]);
    let check = |body: String, why| {
        let opened = open_checkpoint(&note_over(&body), &log_key().vkey());
        assert_eq!(opened, Err(why), "{body}");
    };
    let good = format!("{ORIGIN}\n42\n{root}\n");
    assert!(open_checkpoint(&note_over(&good), &log_key().vkey()).is_ok());
    use CheckpointError::{Body, Origin};
    check(format!("{good}extension\n"), Body);
    check(format!("{ORIGIN}\n42\n"), Body);
    check(format!("{ORIGIN}\n042\n{root}\n"), Body);
    check(format!("{ORIGIN}\n+42\n{root}\n"), Body);
    check(format!("{ORIGIN}\n-1\n{root}\n"), Body);
    check(format!("{ORIGIN}\n9007199254740992\n{root}\n"), Body);
    check(format!("{ORIGIN}\n42\n{root}=\n"), Body);
    check(format!("{ORIGIN}\n42\nAAAA\n"), Body);
    check(format!("{ORIGIN}\n42\n{}l=\n", &root[..42]), Body); // stray bits
    check(format!("other.example\n42\n{root}\n"), Origin);
}

#[test]
fn refuses_names_that_break_a_note() {
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{7}b", &"a".repeat(256)] {
        assert!(LogKey::from_seed(name, [7; 32]).is_err(), "{name:?}");
    }
    assert_eq!(format!("{:?}", log_key()), format!("LogKey({ORIGIN})"));
}

#[test]
fn two_keys_of_one_log_sign_one_note() {
    let next = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let note = LogKey::sign_with(&[&log_key(), &next], &checkpoint());
    for key in [&log_key(), &next] {
        assert_eq!(open_checkpoint(&note, &key.vkey()), Ok(checkpoint()));
        assert!(note.contains(key.sign(&checkpoint()).split_once("\n\n").unwrap().1));
    }
    assert_eq!(note.lines().count(), 6);
}

/// Only a witness reads them; our own log writes none.
#[test]
fn extension_lines_are_read_by_the_tolerant_reader_alone() {
    let root = BASE64_STANDARD.encode([9; 32]);
    let body = format!("{ORIGIN}\n42\n{root}\nextension\n");
    assert_eq!(Checkpoint::read(&body), Some(checkpoint()));
    assert_eq!(Checkpoint::parse(&body), None);
    let many = format!("{ORIGIN}\n42\n{root}\n{}", "x\n".repeat(65));
    assert_eq!(Checkpoint::read(&many), None);
    for flipped in flips(body.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
        if let Some(read) = Checkpoint::read(&flipped) {
            assert!(flipped.starts_with(&read.body()) && flipped.ends_with('\n'));
        }
    }
}
