use super::*;
use crate::checkpoint::LogKey;
use crate::testing::{ORIGIN, flips, hex32, log_key};

/// The checkpoint body of the example in tlog-checkpoint and tlog-cosignature.
const BODY: &str = "example.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const TIME_S: u64 = 1_679_315_147;

fn cosigner() -> CosignerKey {
    // RFC 8032 §7.1, test 1.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    CosignerKey::from_seed("witness.example.com/w1", hex32(seed)).unwrap()
}

fn note(extra: &str) -> String {
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 42, root: [9; 32] };
    log_key().sign(&checkpoint) + extra
}

fn cosigned(time_s: u64) -> String {
    let note = note("");
    let (body, _) = note.split_once("\n\n").unwrap();
    cosigner().cosign(&format!("{body}\n"), time_s).unwrap()
}

/// Key id and signature by OpenSSL over the message that tlog-cosignature shows for its example.
#[test]
fn the_example_of_the_spec_signed_by_openssl() {
    let vkey = "witness.example.com/w1+7e6f4aaa+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    let line = "— witness.example.com/w1 fm9KqgAAAABkGFDL+TPmh4BYuAjsYRoqMJCWb/gWJaeRF/kmm5tlCr9s\
                J57DLErur7K0yDXc2ArN+TIuotuB/HbuL3AJsp3bv/aNCQ==\n";
    assert_eq!(cosigner().vkey(), vkey);
    assert_eq!(cosigner().cosign(BODY, TIME_S).unwrap(), line);
    let cosigner = Cosigner::parse(vkey).unwrap();
    let log = LogKey::from_seed("example.com/behind-the-sofa", [1; 32]).unwrap();
    let note = log.sign(&Checkpoint::read(BODY).unwrap()) + line;
    assert_eq!(cosigner.cosigned_at(&note), Ok(Some(TIME_S)));
}

/// The whole examples of tlog-cosignature and tlog-checkpoint read; their keys are not published.
#[test]
fn the_examples_of_the_specs_read() {
    let log = "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u\
               5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let witness = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB\
                   9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = format!("{BODY}\n{log}{witness}");
    let parts = Parts::parse(&note).unwrap();
    assert_eq!(Checkpoint::read(parts.body).unwrap().size, 20_852_163);
    let stranger = Cosigner::parse(&cosigner().vkey()).unwrap();
    assert_eq!(stranger.cosigned_at(&note), Ok(None));
    // Its time is the one the spec shows.
    let line = note::lines(witness).unwrap().remove(0);
    let time = line.signature.first_chunk::<8>().unwrap();
    assert_eq!(u64::from_be_bytes(*time), TIME_S);
}

#[test]
fn no_bit_flip_of_a_line_verifies() {
    let witness = Cosigner::parse(&cosigner().vkey()).unwrap();
    let line = cosigned(TIME_S);
    assert_eq!(witness.cosigned_at(&note(&line)), Ok(Some(TIME_S)));
    for flipped in flips(line.as_bytes()) {
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        let read = witness.cosigned_at(&note(&flipped));
        // Another name or id is another key's line.
        assert!(matches!(read, Ok(None) | Err(_)), "{flipped}");
    }
    for flipped in flips(note("").as_bytes()) {
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        let same_body = flipped.split_once("\n\n").map(|(body, _)| body)
            == note("").split_once("\n\n").map(|(body, _)| body);
        let read = witness.cosigned_at(&(flipped + &line));
        assert!(same_body || !matches!(read, Ok(Some(_))));
    }
}

#[test]
fn lines_of_other_algorithms_are_ignored_and_malformed_ones_are_not() {
    let witness = Cosigner::parse(&cosigner().vkey()).unwrap();
    let line = cosigned(TIME_S);
    let typed = [&[6][..], &[5; 1312]].concat();
    let id = signed_note::key_id("witness.example.com/w1", &typed);
    let bytes = [&id.to_be_bytes()[..], &[7; 2428]].concat();
    use base64::prelude::{BASE64_STANDARD, Engine};
    let other = format!("— witness.example.com/w1 {}\n", BASE64_STANDARD.encode(bytes));
    assert_eq!(witness.cosigned_at(&note(&format!("{other}{line}"))), Ok(Some(TIME_S)));
    assert_eq!(
        witness.cosigned_at(&note(&format!("{line}{line}"))),
        Err(CheckpointError::Signature)
    );
    for spoilt in ["— x\n", "- x AAAAAAAA\n", "— x AAAAAAAA=\n", "—  AAAAAAAA\n", "\n", "x"] {
        let read = witness.cosigned_at(&note(&format!("{line}{spoilt}")));
        assert!(read.is_err(), "{spoilt}");
    }
}

#[test]
fn an_answer_gives_the_line_of_the_known_key_only() {
    let witness = Cosigner::parse(&cosigner().vkey()).unwrap();
    let (line, stranger) = (cosigned(TIME_S), "— other.example AAAAAAAAAAAAAA==\n");
    let answered = witness.line_for(&note(""), &format!("{stranger}{line}"));
    assert_eq!(answered, Ok((line.clone(), TIME_S)));
    assert_eq!(witness.line_for(&note(""), stranger), Err(CheckpointError::Unsigned));
    assert_eq!(witness.line_for(&note(""), ""), Err(CheckpointError::Note));
    let twice = witness.line_for(&note(""), &format!("{line}{line}"));
    assert_eq!(twice, Err(CheckpointError::Signature));
}

#[test]
fn cosigns_foreign_checkpoints_with_extension_lines_and_nothing_else() {
    let cosigner = cosigner();
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    assert!(cosigner.cosign(&format!("an origin\n0\n{root}\nextension\nmore\n"), 0).is_ok());
    for body in [
        String::new(),
        format!("x\n1\n{root}"),
        format!("\n1\n{root}\n"),
        format!("x\n01\n{root}\n"),
        format!("x\n1\n{root}\n\n"),
        format!("x\n1\n{root}\nextension\n\nmore\n"),
        format!("x\n9007199254740992\n{root}\n"),
    ] {
        assert_eq!(cosigner.cosign(&body, 0), Err(CheckpointError::Body), "{body:?}");
    }
    assert!(cosigner.cosign(BODY, 1 << 63).is_err());
    assert!(cosigner.cosign(BODY, (1 << 63) - 1).is_ok());
}

#[test]
fn keys_of_another_kind_are_not_cosigners() {
    assert!(Cosigner::parse(&log_key().vkey()).is_err());
    let vkey = cosigner().vkey();
    for flipped in flips(vkey.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
        assert!(Cosigner::parse(&flipped).is_err(), "{flipped}");
    }
    assert_eq!(format!("{:?}", cosigner()), "CosignerKey(witness.example.com/w1)");
    assert!(CosignerKey::from_seed("a b", [1; 32]).is_err());
}
