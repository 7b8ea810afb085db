//! Integrity: what is shown is what was signed, and the header leads to the chain's value.

use super::*;
use crate::{CosignerKey, Freshness, Policy, Trust};

#[test]
fn the_key_is_the_pinned_one() {
    let written = Draft::new().write();
    let other = LogKey::from_seed(log_key().name(), [8; 32]).unwrap().vkey();
    let report = verify_report(&written.path(), Some(&other));
    let problem = report.first_problem();
    assert_eq!(
        (report.exit_code(), problem),
        (2, Some("checkpoint: the file's key is not the pinned key"))
    );
    // Not pinned, the checkpoint must still be signed by the key that is named.
    let text = fs::read_to_string(written.path()).unwrap();
    fs::write(written.path(), text.replacen(&log_key().vkey(), &other, 1)).unwrap();
    let report = verify_report(&written.path(), None);
    let expected = "checkpoint: the checkpoint is not signed by the key (key not pinned)";
    assert_eq!((report.exit_code(), report.first_problem()), (2, Some(expected)));
}

#[test]
fn the_header_is_what_it_says() {
    let check = |from: &str, to: &str, problem: &str| {
        Draft::new().write().put(0, from, to).check(2, None, problem);
    };
    let unknown = "the report is of an unknown format or version";
    check(r#""version":1"#, r#""version":2"#, unknown);
    check("loopgate-report", "loopgate-bundle", unknown);
    check(r#""version":1"#, r#""version": 1"#, "the header is not canonical");
    check(r#"{"checkpoint""#, r#"{"a":1,"checkpoint""#, "the header is not canonical");
    check(r#""field":"subject""#, r#""field":"sub""#, "the header is not canonical");
    check(
        r#""field":"subject""#,
        r#""field":"note""#,
        "the report is about a field without chains",
    );
    let elsewhere = "index: the proof does not lead to the root";
    check(r#""field":"subject""#, r#""field":"patient""#, elsewhere);
    check(r#""id":"Zyxw1""#, r#""id":"Zyxw2""#, elsewhere);
    check(r#""siblings":["#, r#""siblings":[ "#, "the index proof is not canonical");
    check(r#""count":3"#, r#""count":2"#, elsewhere);
}

#[test]
fn a_value_of_another_root_is_refused() {
    let mut draft = Draft::new();
    draft.index.extend(Field::Subject, "Zyxw1", 6);
    draft.entries.push(6);
    draft.check(2, None, "index: the proof does not lead to the root");
}

#[test]
fn the_index_entry_is_one() {
    let draft = |index_at: u64, shown: &[Field]| {
        let mut draft = Draft::new();
        (draft.index_at, draft.index_shown) = (index_at, shown.to_vec());
        draft
    };
    let kind = "not an index entry, or `kind` is not shown";
    draft(3, &ALL).check(2, Some(3), &format!("entry 3: {kind}"));
    draft(5, &[Field::Payload]).check(2, Some(5), &format!("entry 5: {kind}"));
    draft(5, &[Field::Kind]).check(2, Some(5), "entry 5: `payload` is not shown");
    let not_its_own = Draft::of(|entries| {
        let payload = IndexRoot { root: [1; 32], leaves: INDEX_AT + 1 };
        entries[5].set(Field::Payload, payload.to_value());
    });
    not_its_own.check(2, Some(5), "entry 5: the index is not over the leaves before it");
    let garbage = Draft::of(|entries| entries[5].set(Field::Payload, SECRET));
    garbage.check(2, Some(5), "entry 5: the payload is not canonical");
    let erased = Draft::new().write().edit(|lines| {
        let from = lines[0].find(r#","opening":{"f":"#).unwrap();
        let to = lines[0].find(r#","proof":["#).unwrap();
        lines[0].replace_range(from..to, "");
        lines[0] = lines[0].replacen(r#""index":{"#, r#""index":{"erased":true,"#, 1);
    });
    erased.check(2, Some(5), "entry 5: the index entry is not shown");
}

#[test]
fn an_entry_beyond_the_index_is_refused() {
    let mut draft = Draft::new();
    draft.entries.push(6);
    draft.check(2, Some(6), "entry 6: the entry lies beyond the index");
    draft.entries = vec![0, 1, 4, 5];
    draft.check(2, Some(5), "entry 5: the entry lies beyond the index");
}

#[test]
fn entries_ascend_in_index_and_time() {
    let order = "listed twice or out of order";
    for (entries, at) in [([0, 0, 4], 0), ([1, 0, 4], 0), ([0, 4, 1], 1)] {
        let mut draft = Draft::new();
        (draft.entries, draft.shown) = (entries.to_vec(), Vec::new());
        draft.check(2, Some(at), &format!("entry {at}: {order}"));
    }
    // Entry 4 a second before entry 1; the index entry a second before entry 4.
    for (at, time_s, bad) in [(4, 1_795_309_323, 4), (5, 1_795_309_326, 4)] {
        let mut draft = Draft::new();
        let mut leaf = Leaf::parse(&draft.sample.leaves[at]).unwrap();
        leaf.time_s = time_s;
        draft.sample.leaves[at] = leaf.to_bytes();
        draft.check(2, Some(bad), "entry 4: the leaf is older than one before it");
    }
}

#[test]
fn every_leaf_is_of_this_log_and_under_its_root() {
    let mut draft = Draft::new();
    let mut leaf = Leaf::parse(&draft.sample.leaves[1]).unwrap();
    leaf.log = log_id("log.example/ledger/1");
    draft.sample.leaves[1] = leaf.to_bytes();
    draft.check(2, Some(1), "entry 1: the leaf is of another log");

    let mismatch = "entry 1: the proof does not lead to the root";
    let later = Draft::new().write().put(2, ":04Z", ":05Z");
    later.check(2, Some(1), mismatch);
    let exchanged = Draft::new().write().edit(|lines| {
        let proof = |line: &str| line[line.find(r#""proof""#).unwrap()..].to_owned();
        let (one, two) = (proof(&lines[2]), proof(&lines[3]));
        lines[2] = lines[2].replace(&one, &two);
    });
    exchanged.check(2, Some(1), mismatch);
    let malformed = Draft::new().write().put(2, r#""proof":[""#, r#""proof":["A"#);
    malformed.check(2, Some(1), "entry 1: the inclusion proof is malformed");
}

#[test]
fn every_opening_is_of_its_leaf() {
    let recorded = "what is shown is not what was recorded";
    let other_note = Draft::new().write().put(2, r#""v":"Zyxw""#, r#""v":"Zyxv""#);
    other_note.check(2, Some(1), &format!("entry 1: {recorded}"));
    let other_index = Draft::new().write().put(2, r#"],"i":1}"#, r#"],"i":2}"#);
    other_index.check(2, Some(1), &format!("entry 1: {recorded}"));
    let spaced = Draft::new().write().put(2, r#"{"f":["#, r#"{"f":[ "#);
    spaced.check(2, Some(1), "entry 1: the opening is not canonical");

    let either = "entry 1: neither shown nor erased, or both";
    let both = Draft::new().write().put(2, r#"{"leaf""#, r#"{"erased":true,"leaf""#);
    both.check(2, Some(1), either);
    let mut draft = Draft::new();
    draft.erased = vec![1];
    draft.write().put(2, r#""erased":true,"#, "").check(2, Some(1), either);
    draft.write().put(2, r#""erased":true"#, r#""erased":false"#).check(2, Some(1), either);
    let number = draft.write().put(2, r#""erased":true"#, r#""erased":1"#);
    number.check(2, None, "line 2 of the report is not canonical");
}

#[test]
fn a_byte_more_or_less_fails() {
    let written = Draft::new().write();
    let bytes = fs::read(written.path()).unwrap();
    for more in [&b"\n"[..], b" ", b"x", b"\0", b"{}\n"] {
        fs::write(written.path(), [&bytes[..], more].concat()).unwrap();
        assert_eq!(written.verify().exit_code(), 2);
    }
    for less in [1, bytes.len()] {
        fs::write(written.path(), &bytes[..bytes.len() - less]).unwrap();
        assert_eq!(written.verify().exit_code(), 2);
    }
    let long = [&bytes[..], &vec![b'x'; LINE_BYTES_MAX + 1], b"\n"].concat();
    fs::write(written.path(), long).unwrap();
    written.check(2, None, "line 4 of the report is too long or has no line end");
    fs::remove_file(written.path()).unwrap();
    written.check(2, None, "the report cannot be read");
}

/// Two keys signed while one followed the other; the policy lists either.
#[test]
fn a_policy_and_an_age_judge_a_report() {
    let (mut draft, other) = (Draft::new(), LogKey::from_seed(log_key().name(), [8; 32]).unwrap());
    let check = |draft: &Draft, text: String, now_s| {
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let freshness = Some(Freshness { now_s, age_s_max: 60 });
        let path = draft.write();
        read_report_trusting(&path.path(), Trust::Policy(&policy), freshness).0.exit_code()
    };
    let witness = CosignerKey::from_seed("w.example", [3; 32]).unwrap().vkey();
    let (ours, theirs) = (log_key().vkey(), other.vkey());
    let index_s = 1_795_309_323 + INDEX_AT;
    let none = |vkey: &str| format!("log {vkey}\nquorum none\n");
    assert_eq!(check(&draft, none(&ours), index_s + 60), 0);
    assert_eq!(check(&draft, none(&ours), index_s + 61), 5);
    assert_eq!(check(&draft, none(&theirs), index_s), 2);
    let quorum = format!("log {ours}\nwitness w {witness}\nquorum w\n");
    assert_eq!(check(&draft, quorum, index_s), 4);
    draft.signers = vec![log_key(), other];
    assert_eq!(check(&draft, none(&theirs), index_s), 0);
    let retired = format!("# loopgate: retired {ours} 6\n");
    assert_eq!(check(&draft, none(&ours) + &retired, index_s), 2);
    assert_eq!(check(&draft, format!("log {theirs}\n{}{retired}", none(&ours)), index_s), 0);
}
