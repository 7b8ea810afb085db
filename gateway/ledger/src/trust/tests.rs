use super::*;
use crate::cosign::CosignerKey;
use crate::testing::{Copy, Sample, log_key};
use crate::{LogKey, verify_bundle_trusting};

/// The sample's three leaves are of this second and the two after it.
const FIRST_LEAF_S: u64 = 1_795_309_323;
const COSIGNED_S: u64 = 1_795_309_400;

fn witness() -> CosignerKey {
    CosignerKey::from_seed("w.example", [3; 32]).unwrap()
}

fn policy(retired: &str) -> Policy {
    let (log, vkey) = (log_key().vkey(), witness().vkey());
    let text = format!("log {log}\nwitness w {vkey}\nquorum w\n{retired}");
    Policy::parse(text.as_bytes()).unwrap()
}

/// A bundle whose checkpoint has the witness's line, or none.
fn bundle(cosigned: bool) -> Copy {
    let (copy, sample) = (Copy::empty(), Sample::small());
    let mut note = sample.note(&log_key());
    if cosigned {
        let body = note[..=note.find("\n\n").unwrap()].to_owned();
        note += &witness().cosign(&body, COSIGNED_S).unwrap();
    }
    sample.write_signed(&copy.dir(), &[log_key().vkey()], &[], &note, sample.openings());
    copy
}

fn at(now_s: u64) -> Option<Freshness> {
    Some(Freshness { now_s, age_s_max: 60 })
}

#[test]
fn a_bundle_is_judged_by_a_policy() {
    let (with, without, policy_w) = (bundle(true), bundle(false), policy(""));
    let code = |bundle: &Copy, policy: &Policy| {
        let report = verify_bundle_trusting(&bundle.dir(), Trust::Policy(policy), None);
        (report.exit_code(), report.policy.text().to_owned())
    };
    assert_eq!(code(&with, &policy_w), (0, "ok, cosigned by 1".to_owned()));
    let unmet = "the quorum is not met: 0 of the listed witnesses cosigned";
    assert_eq!(code(&without, &policy_w), (4, unmet.to_owned()));
    let retired = |size: u64| policy(&format!("# loopgate: retired {} {size}\n", log_key().vkey()));
    assert_eq!(code(&with, &retired(3)).0, 0);
    assert_eq!(code(&with, &retired(2)), (2, "not checked".to_owned()));
    let other = LogKey::from_seed("another.example", [8; 32]).unwrap().vkey();
    let stranger = Policy::parse(format!("log {other}\nquorum none\n").as_bytes()).unwrap();
    assert_eq!(code(&with, &stranger).0, 2);
}

/// A listed witness's line that does not verify spoils the note: integrity, not the quorum.
#[test]
fn a_bad_cosignature_is_not_a_missing_one() {
    let (copy, sample) = (Copy::empty(), Sample::small());
    let other = sample.checkpoint(2);
    let body = log_key().sign(&other);
    let line = witness().cosign(&body[..=body.find("\n\n").unwrap()], COSIGNED_S).unwrap();
    let note = sample.note(&log_key()) + &line;
    sample.write_signed(&copy.dir(), &[log_key().vkey()], &[], &note, sample.openings());
    let report = verify_bundle_trusting(&copy.dir(), Trust::Policy(&policy("")), None);
    let expected = (2, Some("checkpoint: the signature does not verify"));
    assert_eq!((report.exit_code(), report.first_problem()), expected);
}

#[test]
fn the_newest_sign_of_life_is_the_cosignature_or_else_the_last_leaf() {
    let (with, without, policy) = (bundle(true), bundle(false), policy(""));
    let check = |bundle: &Copy, trust, now_s| {
        let report = verify_bundle_trusting(&bundle.dir(), trust, at(now_s));
        (report.exit_code(), report.fresh.text().to_owned())
    };
    let vkey = log_key().vkey();
    let ok = |what: &str, age_s| (0, format!("ok, the newest {what} is {age_s} s old"));
    let by_policy = |now_s| check(&with, Trust::Policy(&policy), now_s);
    assert_eq!(by_policy(COSIGNED_S + 60), ok("cosignature", 60));
    assert_eq!(by_policy(COSIGNED_S + 61), (5, "the newest cosignature is 61 s old".to_owned()));
    assert_eq!(by_policy(COSIGNED_S - 300), ok("cosignature", 0));
    assert_eq!(by_policy(COSIGNED_S - 301), (5, "every cosignature is later than now".to_owned()));
    for trust in [Trust::Key(&vkey), Trust::Own] {
        assert_eq!(check(&without, trust, FIRST_LEAF_S + 62), ok("leaf", 60));
        let stale = (5, "the newest leaf is 61 s old".to_owned());
        assert_eq!(check(&without, trust, FIRST_LEAF_S + 63), stale);
    }
}

/// Integrity before the quorum, the quorum before completeness, completeness before age.
#[test]
fn the_first_failure_gives_the_exit_code() {
    let fails = || Verdict::Fails("x".to_owned());
    let mut report = Report { integrity: Verdict::Holds(String::new()), ..Report::unchecked() };
    assert_eq!(report.exit_code(), 0);
    report.fresh = fails();
    assert_eq!(report.exit_code(), 5);
    report.completeness = fails();
    assert_eq!(report.exit_code(), 3);
    report.policy = fails();
    assert_eq!(report.exit_code(), 4);
    report.integrity = fails();
    assert_eq!(report.exit_code(), 2);
    assert_eq!(Report::unchecked().exit_code(), 2);
}
