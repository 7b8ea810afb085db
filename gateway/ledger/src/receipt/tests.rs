use super::*;
use crate::cosign::CosignerKey;
use crate::entry::Field;
use crate::policy::Policy;
use crate::testing::{ORIGIN, SECRET, Sample, flips, log_key, seed};

const TIME_S: u64 = 1_795_309_400;

fn cosigner() -> CosignerKey {
    CosignerKey::from_seed("w.example", [3; 32]).unwrap()
}

fn note() -> String {
    let note = Sample::small().note(&log_key());
    let body = note[..note.find("\n\n").unwrap() + 1].to_owned();
    note + &cosigner().cosign(&body, TIME_S).unwrap()
}

fn receipt(index: u64, note: &str) -> Result<String, ReceiptError> {
    let sample = Sample::small();
    let (at, tree) = (usize::try_from(index).unwrap(), sample.tree());
    let shown = [Field::Kind, Field::Note];
    let opening = Opening::make(index, &seed(index), &sample.entries[at], &shown);
    let proof = tree.prove_inclusion(index, tree.len()).unwrap();
    write_receipt(&sample.leaves[at], &opening, &proof, note)
}

fn policy(quorum: &str) -> Policy {
    let (log, witness) = (log_key().vkey(), cosigner().vkey());
    let text = format!("log {log}\nwitness w {witness}\nquorum {quorum}\n");
    Policy::parse(text.as_bytes()).unwrap()
}

#[test]
fn what_is_written_verifies() {
    for index in 0..3 {
        let text = receipt(index, &note()).unwrap();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
        let by_key = verify_receipt(&text, Trust::Key(&log_key().vkey()), None);
        assert_eq!((by_key.exit_code(), by_key.index), (0, Some(index)), "{by_key:?}");
        assert!(!by_key.report.completeness.holds() && !by_key.report.completeness.fails());
        let by_policy = verify_receipt(&text, Trust::Policy(&policy("w")), None);
        assert_eq!(by_policy.exit_code(), 0);
        assert!(by_policy.policy.holds());
    }
}

#[test]
fn quorum_and_age_have_exit_codes_of_their_own() {
    let (text, bare) = (receipt(1, &note()), receipt(1, &Sample::small().note(&log_key())));
    let (text, bare, policy) = (text.unwrap(), bare.unwrap(), policy("w"));
    let check = |text: &str, now_s, age_s_max| {
        let freshness = Some(Freshness { now_s, age_s_max });
        verify_receipt(text, Trust::Policy(&policy), freshness).exit_code()
    };
    assert_eq!(check(&text, TIME_S + 60, 60), 0);
    assert_eq!(check(&text, TIME_S + 61, 60), 5);
    assert_eq!(check(&text, TIME_S - 300, 60), 0);
    // A witness whose clock is far ahead says nothing of freshness.
    assert_eq!(check(&text, TIME_S - 301, 60), 5);
    assert_eq!(check(&bare, TIME_S, 60), 4);
    let vkey = log_key().vkey();
    let pinned = Trust::Key(&vkey);
    let freshness = Some(Freshness { now_s: TIME_S, age_s_max: 60 });
    assert_eq!(verify_receipt(&text, pinned, freshness).exit_code(), 5);
}

#[test]
fn no_bit_flip_verifies_and_no_report_says_a_value() {
    let text = receipt(1, &note()).unwrap();
    let policy = policy("w");
    for flipped in flips(text.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok()) {
        let report = verify_receipt(&flipped, Trust::Policy(&policy), None);
        assert_ne!(report.exit_code(), 0, "{flipped}");
        assert!(!format!("{report:?}").contains(SECRET));
    }
}

#[test]
fn a_receipt_of_another_log_entry_or_opening_is_refused() {
    let text = receipt(1, &note()).unwrap();
    let stranger = crate::LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    assert_eq!(verify_receipt(&text, Trust::Key(&stranger.vkey()), None).exit_code(), 2);
    let sample = Sample::small();
    let tree = sample.tree();
    let proof = tree.prove_inclusion(1, 3).unwrap();
    let opening = |index, by| Opening::make(index, &seed(by), &sample.entries[1], &[Field::Kind]);
    let write = |leaf: usize, opening, proof: &[Hash]| {
        write_receipt(&sample.leaves[leaf], &opening, proof, &note())
    };
    assert_eq!(write(1, opening(1, 2), &proof), Err(ReceiptError::Opening));
    assert_eq!(write(0, opening(1, 1), &proof), Err(ReceiptError::Leaf));
    assert_eq!(write(1, opening(1, 1), &proof[1..]), Err(ReceiptError::Inclusion));
    let none = tree.prove_inclusion(0, 3).unwrap();
    assert_eq!(write(1, opening(1, 1), &none), Err(ReceiptError::Inclusion));
    assert!(write(1, opening(1, 1), &proof).is_ok());
}

/// The example of tlog-proof has no leaf of ours; without the `extra` line it is no receipt.
#[test]
fn spellings_that_would_not_be_written_are_refused() {
    let text = receipt(1, &note()).unwrap();
    let vkey = log_key().vkey();
    let extra = text.lines().nth(1).unwrap();
    for spoilt in [
        text.replace(&format!("{extra}\n"), ""),
        text.replace("index 1\n", "index 01\n"),
        text.replace("index 1\n", "index 1 \n"),
        text.replace("@v1", "@v2"),
        text.replace("\n\n", "\n\n\n"),
        text.replace('\n', "\r\n"),
        text.clone() + "\n",
        text.replace(extra, &format!("{extra}\n{extra}")),
        text.replace("index 1\n", "index 1\n\n"),
    ] {
        assert_ne!(spoilt, text);
        assert_eq!(verify_receipt(&spoilt, Trust::Key(&vkey), None).exit_code(), 2, "{spoilt}");
    }
    let json = String::from_utf8(BASE64_STANDARD.decode(&extra[6..]).unwrap()).unwrap();
    // Sound in itself, and an opening of another entry by its own word.
    let other = json.replace("\"i\":1},", "\"i\":2},").replace("\"i\":1}}", "\"i\":2}}");
    assert_ne!(other, json);
    let other = text.replace(extra, &format!("extra {}", BASE64_STANDARD.encode(other)));
    let report = verify_receipt(&other, Trust::Key(&vkey), None).report;
    assert_eq!(report.first_problem(), Some("what is shown is not what was recorded"));
    for spoilt in [json.replace("{\"leaf\"", "{ \"leaf\""), json.replace("\"i\":1}", "\"i\":1 }")] {
        assert_ne!(spoilt, json);
        let spoilt = text.replace(extra, &format!("extra {}", BASE64_STANDARD.encode(spoilt)));
        assert_eq!(verify_receipt(&spoilt, Trust::Key(&vkey), None).exit_code(), 2);
    }
}
