use super::*;
use crate::checkpoint::LogKey;
use crate::cosign::CosignerKey;
use crate::testing::{ORIGIN, flips, log_key};

fn witness(number: u8) -> CosignerKey {
    CosignerKey::from_seed(&format!("w{number}.example"), [number; 32]).unwrap()
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: [9; 32] }
}

/// A checkpoint of 42 leaves, cosigned by these, the n-th at second n.
fn note(by: &[u8]) -> String {
    let mut note = log_key().sign(&checkpoint(42));
    let body = note[..note.find("\n\n").unwrap() + 1].to_owned();
    for number in by {
        note.push_str(&witness(*number).cosign(&body, u64::from(*number)).unwrap());
    }
    note
}

/// The example of tlog-policy, with keys.
fn example() -> String {
    let mut text = format!("log {}\n\n", log_key().vkey());
    for (name, number) in [("X1", 1), ("X2", 2), ("X3", 3), ("Y1", 4), ("Y2", 5), ("Y3", 6)] {
        text.push_str(&format!("witness {name} {}\n", witness(number).vkey()));
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\n\
            group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn parse(text: &str) -> Result<Policy, PolicyFault> {
    Policy::parse(text.as_bytes())
}

/// "At least two of the X-witnesses, and at least one of the Y-witnesses": all 64 subsets.
#[test]
fn the_example_of_the_spec_asks_for_what_it_says() {
    let policy = parse(&example()).unwrap();
    for subset in 0..64_u8 {
        let by: Vec<u8> = (1..=6).filter(|number| subset & (1 << (number - 1)) != 0).collect();
        let (xs, ys) = ((subset & 0b111).count_ones(), (subset >> 3).count_ones());
        match policy.check(&note(&by)) {
            Ok(accepted) => {
                assert!(xs >= 2 && ys >= 1, "{by:?}");
                assert_eq!(accepted.checkpoint, checkpoint(42));
                let times = (u64::from(by[0]), u64::from(*by.last().unwrap()));
                assert_eq!(accepted.times_s(), Some(times));
                assert_eq!(accepted.cosigned_by.len(), by.len());
            }
            Err(why) => {
                assert!(xs < 2 || ys < 1, "{by:?}");
                assert_eq!(why, PolicyError::Quorum { cosigned: by.len() });
                assert_eq!(why.exit_code(), 4);
            }
        }
    }
}

#[test]
fn integrity_is_another_thing_than_quorum() {
    let policy = parse(&example()).unwrap();
    let good = note(&[1, 2, 4]);
    let check = |note: &str| policy.check(note).unwrap_err().exit_code();
    let stranger = LogKey::from_seed(ORIGIN, [8; 32]).unwrap().sign(&checkpoint(42));
    assert_eq!(check(&stranger), 2);
    assert_eq!(check("nothing"), 2);
    // A listed witness's line over something else, and the same line twice.
    let elsewhere = witness(3).cosign("x\n1\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n", 3);
    assert_eq!(check(&(good.clone() + &elsewhere.unwrap())), 2);
    assert_eq!(check(&format!("{good}{}\n", good.lines().last().unwrap())), 2);
    for flipped in flips(good.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
        let Ok(accepted) = policy.check(&flipped) else { continue };
        panic!("{flipped} {accepted:?}");
    }
}

#[test]
fn quorum_none_and_a_single_witness() {
    let log = format!("log {}\n", log_key().vkey());
    assert_eq!(
        parse(&format!("{log}quorum none\n")).unwrap().check(&note(&[])).unwrap().times_s(),
        None
    );
    let one =
        parse(&format!("{log}witness w {} https://w.example/\nquorum w\n", witness(1).vkey()));
    let one = one.unwrap();
    assert!(one.check(&note(&[1])).is_ok());
    assert_eq!(one.check(&note(&[2])), Err(PolicyError::Quorum { cosigned: 0 }));
    assert_eq!(one.witnesses().next().unwrap().1, Some("https://w.example/"));
    assert_eq!(one.logs().next().unwrap(), (log_key().vkey(), None));
    let unlisted = parse("quorum none\n").unwrap().check(&note(&[]));
    assert_eq!(unlisted, Err(PolicyError::Integrity(CheckpointError::Unsigned)));
}

#[test]
fn a_retired_key_signs_no_larger_tree() {
    let next = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let text = |size| {
        let (old, new) = (log_key().vkey(), next.vkey());
        format!("log {old}\nlog {new}\n# loopgate: retired {old} {size}\nquorum none\n")
    };
    let (at, below) = (parse(&text(42)).unwrap(), parse(&text(41)).unwrap());
    assert!(at.check(&note(&[])).is_ok());
    assert_eq!(below.check(&note(&[])), Err(PolicyError::Retired));
    let both = LogKey::sign_with(&[&log_key(), &next], &checkpoint(42));
    assert!(below.check(&both).is_ok());
    let unknown = format!("# loopgate: retired {} 1\nquorum none\n", log_key().vkey());
    assert_eq!(parse(&unknown).unwrap_err().line, 2);
}

#[test]
fn a_witness_of_an_unknown_kind_never_counts() {
    // SHA-256("pq.example" 0x0a 0x06 and 1,312 zero bytes), by Python.
    use base64::prelude::{BASE64_STANDARD, Engine};
    let key = BASE64_STANDARD.encode([&[6][..], &[0; 1312]].concat());
    let text = |rule: &str| {
        let (log, one) = (log_key().vkey(), witness(1).vkey());
        format!(
            "log {log}\nwitness a {one}\nwitness b pq.example+33497fc9+{key}\ngroup g {rule} a b\nquorum g\n"
        )
    };
    assert!(parse(&text("any")).unwrap().check(&note(&[1])).is_ok());
    assert_eq!(parse(&text("all")).unwrap().check(&note(&[1])).unwrap_err().exit_code(), 4);
}

#[test]
fn every_fault_has_its_line() {
    let (log, w1, w2) = (log_key().vkey(), witness(1).vkey(), witness(2).vkey());
    let check = |text: &str, line: usize| {
        let fault = parse(text).unwrap_err();
        assert_eq!(fault.line, line, "{text}: {fault}");
    };
    check("", 1);
    check("quorum none", 1);
    check("\n# only a comment\n", 2);
    check("quorum none\nquorum none\n", 2);
    check("quorum w\n", 1);
    check("log\nquorum none\n", 1);
    check(&format!("quorum none\nlog {log} u v\n"), 2);
    check(&format!("log {log}\nlog {log}\nquorum none\n"), 2);
    check(&format!("log {w1}\nquorum none\n"), 1);
    check(&format!("witness a {log}\nquorum none\n"), 1);
    check(&format!("witness a {w1}\nwitness b {w1}\nquorum none\n"), 2);
    check(&format!("witness a {w1}\nwitness a {w2}\nquorum none\n"), 2);
    check(&format!("witness none {w1}\nquorum none\n"), 1);
    check(&format!("witness a {w1}\ngroup g 0 a\nquorum g\n"), 2);
    check(&format!("witness a {w1}\ngroup g 2 a\nquorum g\n"), 2);
    check(&format!("witness a {w1}\ngroup g 01 a\nquorum g\n"), 2);
    check(&format!("witness a {w1}\ngroup g all\nquorum g\n"), 2);
    check(&format!("witness a {w1}\ngroup g any a a\nquorum g\n"), 2);
    check(&format!("witness a {w1}\ngroup g any a\ngroup h any a\nquorum g\n"), 3);
    check(&format!("witness a {w1}\ngroup g any g\nquorum g\n"), 2);
    check(&format!("witness a {w1}\ngroup g any none\nquorum g\n"), 2);
    check(&format!("quorum a\nwitness a {w1}\n"), 1);
    check("quorum none\nother x\n", 2);
    check("quorum none\r\n", 1);
    check("quorum none\n\u{7f}\n", 2);
    check("quorum none\n# loopgate: other\n", 2);
    check(&format!("quorum none\n# loopgate: retired {log} -1\nlog {log}\n"), 2);
    check(&format!("log {log}\n# loopgate: retired {log} 1\n# loopgate: retired {log} 2\n"), 3);
}

#[test]
fn white_space_comments_and_octets_are_as_the_spec_says() {
    let key = witness(1).vkey();
    let text =
        format!("\t# a comment \n \t\n\twitness  K\u{212a}\t{key}  \n quorum \tK\u{212a} \n");
    assert!(parse(&text).is_ok());
    assert_eq!(parse(&text.replace("quorum \tK\u{212a}", "quorum K")).unwrap_err().line, 4);
    let octets = [b"witness \xff ".as_slice(), key.as_bytes(), b"\nquorum \xff\n"].concat();
    assert!(Policy::parse(&octets).is_ok());
}

/// No flipped bit makes another policy of the same logs and witnesses with a weaker quorum.
#[test]
fn bit_flips_never_panic_and_never_lose_a_fault() {
    for flipped in flips(example().as_bytes()) {
        let Ok(policy) = Policy::parse(&flipped) else { continue };
        assert!(policy.logs.len() <= 1 && policy.voices.len() <= 9);
    }
}

#[test]
fn limits() {
    let mut text = String::new();
    for number in 0..64_u8 {
        text.push_str(&format!("witness n{number} {}\n", witness(number).vkey()));
    }
    assert!(parse(&format!("{text}quorum n63\n")).is_ok());
    let more = format!("{text}witness n64 {}\nquorum n1\n", witness(64).vkey());
    assert_eq!(parse(&more).unwrap_err().line, 65);
    let long = format!("#{}\nquorum none\n", "x".repeat(256 * 1024));
    assert!(parse(&long).is_err());
}
