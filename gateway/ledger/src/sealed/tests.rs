use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::cosign::CosignerKey;
use crate::testing::{ORIGIN, SECRET, Sample, log_key, seed};
use crate::{Field, Fields, Opening, Policy, Report};

const TIME_S: i64 = 1_795_309_400;

fn holder(name: &str) -> LogKey {
    LogKey::from_seed(name, [11; 32]).unwrap()
}

/// What one test makes otherwise.
struct Made {
    sample: Sample,
    entries: Vec<u64>,
    shown: Vec<Field>,
    note: String,
    key: LogKey,
}

impl Made {
    fn new() -> Made {
        let sample = Sample::small();
        let (key, note) = (log_key(), sample.note(&log_key()));
        Made { sample, entries: vec![0, 2], shown: vec![Field::Kind, Field::Note], note, key }
    }

    fn entry(&self, index: u64) -> ReportEntry {
        let (at, tree) = (index as usize, self.sample.tree());
        ReportEntry {
            leaf: self.sample.leaves[at].clone(),
            inclusion: tree.prove_inclusion(index, tree.len()).unwrap(),
            opening: Some(Opening::make(
                index,
                &seed(index),
                &self.sample.entries[at],
                &self.shown,
            )),
        }
    }

    fn parts(&self) -> EvidenceParts<'_> {
        EvidenceParts {
            case: "case 12",
            made_for: "the auditor",
            made_by: "the operator",
            time_s: TIME_S,
            key: &self.key,
            checkpoint_note: &self.note,
        }
    }

    fn write(&self) -> Written {
        let dir = TempDir::new().unwrap();
        let entries = self.entries.iter().map(|index| Ok(self.entry(*index)));
        write_evidence(&dir.path().join("evidence"), &self.parts(), entries).unwrap();
        Written(dir)
    }
}

struct Written(TempDir);

impl Written {
    fn path(&self) -> PathBuf {
        self.0.path().join("evidence")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn verify(&self) -> (Report, Option<SealedEvidence>) {
        let (report, found) = verify_evidence(&self.path(), Trust::Key(&log_key().vkey()));
        assert!(!format!("{report:?}").contains(SECRET));
        assert_eq!(found.is_some(), report.integrity.holds());
        (report, found)
    }

    fn hand(&self, from: &str, to: &str, time_s: i64, key: &LogKey) -> Result<(), SealedError> {
        hand_over(&self.path(), HandOver { from, to, time_s }, key)
    }

    #[track_caller]
    fn fails(&self, text: &str, problem: &str) {
        fs::write(self.path(), text).unwrap();
        let (report, _) = self.verify();
        assert_eq!((report.exit_code(), report.first_problem()), (2, Some(problem)));
    }
}

/// Two hand-overs after the seal.
fn handed() -> Written {
    let written = Made::new().write();
    written.hand("the auditor", "the court", TIME_S, &holder("auditor.example")).unwrap();
    written.hand("the court", "the expert", TIME_S + 9, &holder("court.example")).unwrap();
    written
}

#[test]
fn what_is_sealed_and_handed_on_verifies() {
    let (report, found) = handed().verify();
    let found = found.unwrap();
    assert_eq!((report.exit_code(), report.entries, report.size), (0, 2, 3));
    assert_eq!(report.integrity.text(), "ok, key pinned");
    assert_eq!((found.case.as_str(), found.made_for.as_str()), ("case 12", "the auditor"));
    assert_eq!(found.rows.iter().map(|row| row.index).collect::<Vec<_>>(), [0, 2]);
    let shown = found.rows[1].shown.as_ref().unwrap();
    assert_eq!(shown.iter().map(|one| one.field).collect::<Vec<_>>(), [Field::Kind, Field::Note]);
    assert_eq!(shown[1].value, SECRET.as_bytes());
    let steps: Vec<(CustodyWhat, &str, i64)> =
        found.custody.iter().map(|it| (it.what, it.to.as_str(), it.time_s)).collect();
    let given = CustodyWhat::HandedOver;
    assert_eq!(
        steps,
        [
            (CustodyWhat::Sealed, "the auditor", TIME_S),
            (given, "the court", TIME_S),
            (given, "the expert", TIME_S + 9)
        ]
    );
    assert_eq!(found.custody[0].vkey, log_key().vkey());
    assert_eq!(found.custody[2].vkey, holder("court.example").vkey());
}

/// The bytes that are signed, written out by hand.
#[test]
fn a_custody_line_is_spelt_as_the_format_says() {
    let text = Made::new().write().text();
    let (before, line) = text.trim_end().rsplit_once('\n').unwrap();
    let hash = hex::encode(Sha256::digest(format!("{before}\n")));
    let body = format!(
        "loopgate-evidence/v1\\n{hash}\\nsealed\\nthe operator\\nthe auditor\\n\
         2026-11-22T01:03:20Z\\n{}\\n\\n— {ORIGIN} ",
        log_key().vkey()
    );
    assert!(line.starts_with(&format!("\"{body}")), "{line}");
}

#[test]
fn one_bit_of_every_byte_matters() {
    let written = handed();
    let bytes = fs::read(written.path()).unwrap();
    let by_key = written.verify().0;
    assert_eq!(by_key.exit_code(), 0);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(written.path(), flipped).unwrap();
        assert_eq!(written.verify().0.exit_code(), 2, "byte {at}");
        let (own, _) = verify_evidence(&written.path(), Trust::Own);
        assert_eq!(own.exit_code(), 2, "byte {at}");
    }
}

#[test]
fn lines_left_out_swapped_or_doubled_fail() {
    let written = handed();
    let text = written.text();
    let lines: Vec<&str> = text.lines().collect();
    let with = |order: &[usize]| -> String {
        order.iter().map(|at| format!("{}\n", lines[*at])).collect()
    };
    let check = |order: &[usize], problem: &str| written.fails(&with(order), problem);
    let not_over = |at| format!("line {at} of the evidence is not over what comes before it");
    check(&[0, 1, 3, 4, 5], &not_over(2));
    check(&[0, 1, 2, 4, 5], &not_over(3));
    check(&[0, 1, 2, 3, 5], &not_over(4));
    check(&[0, 1, 2, 3, 4, 5, 5], &not_over(6));
    check(&[0, 1, 2, 3, 1], "line 4 of the evidence comes after the seal");
    check(&[0, 2, 1, 3], "entry 0: listed twice or out of order");
    check(&[0, 1, 1, 3], "entry 0: listed twice or out of order");
    check(&[0, 1, 2], "the evidence is not sealed");
    // As it was before a step was added: no file can show that there was one.
    fs::write(written.path(), with(&[0, 1, 2, 3, 4])).unwrap();
    assert_eq!(written.verify().0.exit_code(), 0);
}

#[test]
fn only_the_logs_key_seals() {
    let mut made = Made::new();
    made.key = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let written = made.write();
    let refused = "checkpoint: the file's key is not the pinned key";
    written.fails(&written.text(), refused);
    // Even if the other key signed the checkpoint as well, next to one that the policy lists.
    let checkpoint = made.sample.checkpoint(3);
    made.note = LogKey::sign_with(&[&log_key(), &made.key], &checkpoint);
    let policy = format!("log {}\nquorum none\n", log_key().vkey());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let (report, _) = verify_evidence(&made.write().path(), Trust::Policy(&policy));
    let problem = "the key that seals is not one that is trusted";
    assert_eq!((report.exit_code(), report.first_problem()), (2, Some(problem)));
    // A good header under a stranger's seal.
    let (good, mut bad) = (Made::new().write(), Vec::new());
    let text = good.text();
    let before = &text[..text.trim_end().rfind('\n').unwrap() + 1];
    let seal = Custody {
        what: CustodyWhat::Sealed,
        from: "the operator".to_owned(),
        to: "the auditor".to_owned(),
        time_s: TIME_S,
        vkey: made.key.vkey(),
    };
    let mut forge = |change: &dyn Fn(&mut Custody), key: &LogKey| {
        let mut seal = seal.clone();
        change(&mut seal);
        let line = seal.signed_line(&Sha256::digest(before).into(), key);
        bad.push(format!("{before}{line}\n"));
    };
    forge(&|_| (), &made.key);
    forge(&|seal| seal.vkey = log_key().vkey(), &made.key);
    forge(&|seal| (seal.vkey, seal.to) = (log_key().vkey(), "another".to_owned()), &log_key());
    forge(&|seal| (seal.vkey, seal.what) = (log_key().vkey(), CustodyWhat::HandedOver), &log_key());
    let line = "line 3 of the evidence";
    good.fails(&bad[0], &format!("{line} is not sealed by the log's key"));
    good.fails(&bad[1], &format!("{line} is not signed by its key alone"));
    good.fails(&bad[2], &format!("{line} is sealed for another"));
    good.fails(&bad[3], &format!("{line} comes before the seal"));
}

#[test]
fn a_step_must_follow_from_the_last() {
    let written = handed();
    let (before, key) = (written.text(), holder("expert.example"));
    let check = |from: &str, to: &str, time_s, why: &str| {
        let refused = written.hand(from, to, time_s, &key).unwrap_err().to_string();
        assert_eq!((refused.as_str(), written.text()), (why, before.clone()));
    };
    let words = "a name, the case or the time cannot be written";
    check("the auditor", "x", TIME_S + 9, "is from another than who had the file");
    check("the expert", "x", TIME_S + 8, "is older than the step before it");
    check("the expert", "", TIME_S + 9, words);
    check("the expert", "x\ny", TIME_S + 9, words);
    check("the expert", &"x".repeat(257), TIME_S + 9, words);
    check("the expert", "x", -1, words);
    written.hand("the expert", "x", TIME_S + 9, &key).unwrap();
    assert_eq!(written.verify().1.unwrap().custody.len(), 4);
    fs::write(written.path(), before.replacen("demo.opened", "demo.openeD", 1)).unwrap();
    let spoilt = written.text();
    assert!(written.hand("the expert", "x", TIME_S + 9, &key).is_err());
    assert_eq!(written.text(), spoilt);
}

#[test]
fn a_quorum_that_is_not_met_is_told_apart() {
    let witness = CosignerKey::from_seed("w.example", [3; 32]).unwrap();
    let (log, vkey) = (log_key().vkey(), witness.vkey());
    let text = format!("log {log}\nwitness w {vkey}\nquorum w\n");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let mut made = Made::new();
    let code = |made: &Made| verify_evidence(&made.write().path(), Trust::Policy(&policy)).0;
    assert_eq!(code(&made).exit_code(), 4);
    let body = made.note[..=made.note.find("\n\n").unwrap()].to_owned();
    made.note += &witness.cosign(&body, TIME_S as u64).unwrap();
    assert_eq!((code(&made).exit_code(), code(&made).policy.holds()), (0, true));
}

#[test]
fn nothing_is_written_over_and_nothing_hidden_is_evidence() {
    let (made, written) = (Made::new(), Made::new().write());
    let before = written.text();
    let none = || Vec::<io::Result<ReportEntry>>::new();
    let again = write_evidence(&written.path(), &made.parts(), none());
    assert!(matches!(again, Err(SealedError::Io(_))));
    assert_eq!(written.text(), before);
    let other = written.0.path().join("other");
    let hidden = ReportEntry { opening: None, ..made.entry(0) };
    let refused = write_evidence(&other, &made.parts(), [Ok(hidden)]);
    assert!(matches!(refused, Err(SealedError::Erased)));
    let parts = EvidenceParts { case: "", ..made.parts() };
    let refused = write_evidence(&written.0.path().join("third"), &parts, none());
    assert!(matches!(refused, Err(SealedError::Words)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// I9: any subset of fields verifies, and of no other field is there a value or a key.
    #[test]
    fn any_subset_verifies_and_reveals_nothing_else(shown in 0_u16..1 << FIELDS, chosen in 1_u8..8) {
        let mut made = Made::new();
        let mut entries = Vec::new();
        for at in 0..3 {
            let mut fields = Fields::default();
            for field in Field::ALL {
                fields.set(field, format!("value-{at}-of-{field}-ends"));
            }
            entries.push(fields);
        }
        made.sample = Sample::of(entries);
        made.note = made.sample.note(&log_key());
        made.shown = Field::ALL.into_iter().filter(|it| shown >> it.index() & 1 == 1).collect();
        made.entries = (0..3).filter(|at| chosen >> at & 1 == 1).collect();
        let written = made.write();
        let (report, found) = verify_evidence(&written.path(), Trust::Key(&log_key().vkey()));
        prop_assert_eq!(report.exit_code(), 0);
        let text = written.text();
        for at in 0..3_u64 {
            for field in Field::ALL {
                let open = made.entries.contains(&at) && made.shown.contains(&field);
                let key = hex::encode(seed(at).field_key(field));
                prop_assert_eq!(text.contains(&key), open);
                let value = made.sample.entries[at as usize].get(field);
                let value = std::str::from_utf8(value).unwrap();
                prop_assert!(value.is_empty() || text.contains(value) == open);
            }
        }
        for row in found.unwrap().rows {
            let fields: Vec<Field> = row.shown.unwrap().iter().map(|one| one.field).collect();
            prop_assert_eq!(&fields, &made.shown);
        }
    }
}

const FIELDS: usize = crate::FIELD_COUNT;
