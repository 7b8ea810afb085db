use super::Element::*;
use super::*;
use crate::{Action, LegalClass, Period};

const DAY_MS: i64 = 86_400_000;

fn full(basis: LegalBasis) -> Reading {
    let rule = Rule {
        recipients: vec![("pantry".parse().unwrap(), LegalClass::CboNonhipaa)],
        classes: vec![DataClass::Food],
        purposes: vec!["CAREMGT".parse().unwrap()],
        actions: Action::ALL.to_vec(),
        period: Period { start: None, end: Some(Timestamp(400 * DAY_MS)) },
        ..Rule::of(Effect::Permit)
    };
    Reading {
        rules: vec![rule],
        terms: Terms { basis, ..Terms::default() },
        signed: Some(Timestamp(0)),
        shows: vec![Signature, RightToRevoke, Redisclosure, Intermediary],
        of_age: None,
    }
}

fn check(basis: LegalBasis, change: impl FnOnce(&mut Reading), missing: &[Element]) {
    let mut reading = full(basis);
    change(&mut reading);
    assert_eq!(reading.missing(true), missing, "{basis:?}");
}

/// 45 CFR 164.508(c)(1)(i) to (vi), (c)(2).
#[test]
fn an_authorization_says_what_the_rule_wants() {
    use LegalBasis::Authorization;
    check(Authorization, |_| {}, &[]);
    check(Authorization, |r| r.rules[0].classes.clear(), &[What]);
    check(Authorization, |r| r.rules[0].recipients.clear(), &[To]);
    check(Authorization, |r| r.rules[0].recipients_unknown = true, &[To]);
    check(Authorization, |r| r.rules[0].purposes.clear(), &[Why]);
    check(Authorization, |r| r.rules[0].period.end = None, &[Expiry]);
    check(Authorization, |r| r.signed = None, &[Date]);
    check(Authorization, |r| r.shows.clear(), &[Signature, RightToRevoke, Redisclosure]);
    check(Authorization, |r| r.rules.clear(), &[What, To, Why, Expiry]);
    // What it denies needs no recipient.
    check(Authorization, |r| r.rules.push(Rule::of(Effect::Deny)), &[]);
}

/// 42 CFR 2.31(a)(4)(ii): the intermediary is named. Row 36 of the decision table.
#[test]
fn part_2_names_the_intermediary_and_wants_a_signature() {
    let without = |element: Element| move |r: &mut Reading| r.shows.retain(|one| *one != element);
    check(LegalBasis::Part2, |_| {}, &[]);
    check(LegalBasis::Part2, without(Intermediary), &[Intermediary]);
    check(LegalBasis::Part2, without(Signature), &[Signature]);
    check(LegalBasis::Authorization, without(Intermediary), &[]);
}

#[test]
fn spoken_words_are_taken_where_the_community_says_so_and_never_about_violence() {
    let verbal = full(LegalBasis::Verbal);
    assert_eq!(verbal.missing(true), []);
    assert_eq!(verbal.missing(false), [Allowed]);
    check(LegalBasis::Verbal, |r| r.rules[0].classes.push(DataClass::Ipv), &[Allowed]);
    check(LegalBasis::Verbal, |r| (r.signed, r.shows) = (None, vec![]), &[]);
}

#[test]
fn two_persons_read_what_is_most_private() {
    let two = |basis| full(basis).takes_two();
    assert!(two(LegalBasis::Part2) && two(LegalBasis::Vawa));
    assert!(!two(LegalBasis::Authorization) && !two(LegalBasis::Verbal));
    let mut violence = full(LegalBasis::Authorization);
    violence.rules[0].classes.push(DataClass::Ipv);
    assert!(violence.takes_two());
}

#[test]
fn each_law_has_its_limit() {
    let end = |reading: Reading, now: i64| reading.limited(Timestamp(now)).rules[0].period.end;
    let days = |n: i64| Some(Timestamp(n * DAY_MS));
    assert_eq!(end(full(LegalBasis::Authorization), 0), days(400));
    assert_eq!(end(full(LegalBasis::Vawa), 0), days(30));
    assert_eq!(end(full(LegalBasis::Verbal), 5 * DAY_MS), days(8));
    let spoken = full(LegalBasis::Verbal).limited(Timestamp(0));
    assert_eq!((spoken.terms.back, Back::default()), (Back::StatusOnly, Back::Full));
    let mut guarded = full(LegalBasis::Authorization);
    guarded.terms.grantor = Grantor::Guardian;
    assert_eq!(guarded.missing(true), [BirthDate]);
    guarded.of_age = days(100);
    assert_eq!(guarded.missing(true), []);
    assert_eq!(end(guarded, 0), days(100));
}
