use super::*;
use crate::Period;

fn person() -> PersonId {
    PersonId::from_random([1; 16])
}

fn draft(id: &str, state: GrantState) -> GrantDraft {
    GrantDraft {
        consent: ResourceId::of("Consent", id).unwrap(),
        person: person(),
        state,
        disclosers: Vec::new(),
        rules: Vec::new(),
        signed: None,
        consent_sha256: [0; 32],
        terms: Terms::default(),
    }
}

fn given(id: &str) -> GrantEvent {
    GrantEvent::Given { says: draft(id, GrantState::Active) }
}

fn grants(events: &[GrantEvent]) -> Grants {
    let mut grants = Grants::default();
    events.iter().for_each(|event| grants.evolve(event));
    grants
}

fn at(grants: &Grants, id: &str) -> Option<(u32, u64, GrantState)> {
    let id: GrantId = id.parse().unwrap();
    grants.get(person(), &id).map(|grant| (grant.version, grant.epoch, grant.says.state))
}

#[test]
fn each_reading_is_a_version_and_each_change_an_epoch() {
    let grant: GrantId = "grt_a".parse().unwrap();
    let revoked = GrantEvent::Revoked { grant, person: person(), at: None };
    let one = grants(&[given("a"), given("b"), given("a"), given("a")]);
    assert_eq!(at(&one, "grt_a"), Some((3, 3, GrantState::Active)));
    assert_eq!(at(&one, "grt_b"), Some((1, 1, GrantState::Active)));
    assert_eq!(at(&one, "grt_c"), None);
    let gone = grants(&[given("a"), given("b"), given("a"), given("a"), revoked.clone(), revoked]);
    assert_eq!(at(&gone, "grt_a"), Some((3, 5, GrantState::Revoked)));
    assert_eq!(at(&gone, "grt_b"), Some((1, 1, GrantState::Active)));
    assert_eq!(gone.iter().count(), 2);
    assert_eq!(gone.of(PersonId::from_random([2; 16])), []);
}

#[test]
fn a_suspension_is_a_change_of_every_grant() {
    let with = PersonId::from_random([2; 16]);
    let wait = |suspended| GrantEvent::Suspended { person: person(), with, suspended };
    let both = grants(&[given("a"), given("b"), wait(true)]);
    assert_eq!(at(&both, "grt_a").map(|(_, epoch, _)| epoch), Some(2));
    assert_eq!(at(&both, "grt_b").map(|(_, epoch, _)| epoch), Some(2));
    assert_eq!(at(&grants(&[given("a"), wait(false)]), "grt_a").map(|one| one.1), Some(1));
}

#[test]
fn withdrawing_happens_once_and_only_to_what_was_given() {
    let withdrawn =
        |known: &Grants| known.decide(draft("a", GrantState::Revoked), Timestamp(1_000));
    let grant: GrantId = "grt_a".parse().unwrap();
    let revoked = GrantEvent::Revoked { grant: grant.clone(), person: person(), at: None };
    assert_eq!(withdrawn(&grants(&[])), None);
    assert_eq!(withdrawn(&grants(&[given("a")])), Some(revoked.clone()));
    assert_eq!(withdrawn(&grants(&[given("a"), revoked])), None);
    assert_eq!(
        grants(&[]).decide(draft("a", GrantState::Active), Timestamp(1_000)),
        Some(given("a"))
    );
    assert_eq!(String::from(grant), "grt_a");
    assert!("a".parse::<GrantId>().is_err() && "grt_".parse::<GrantId>().is_err());
}

#[test]
fn a_period_has_a_first_instant_and_one_after_it() {
    let at = Timestamp;
    let period = Period { start: Some(at(10)), end: Some(at(20)) };
    assert_eq!([9, 10, 19, 20].map(|t| period.contains(at(t))), [false, true, true, false]);
    assert_eq!(period.until(at(15)).end, Some(at(15)));
    assert_eq!(period.until(at(25)).end, Some(at(20)));
    assert_eq!(Period::default().until(at(15)).end, Some(at(15)));
    assert!(Period::default().is_open() && Period::default().contains(at(0)));
    assert!(!Period { start: None, end: Some(at(1)) }.is_open());
    assert!(!Period { start: Some(at(1)), end: None }.is_open());
}

#[test]
fn what_the_person_withdrew_holds_again_only_if_they_signed_anew() {
    let grant: GrantId = "grt_a".parse().unwrap();
    let at = Some(Timestamp(100));
    let known = grants(&[given("a"), GrantEvent::Revoked { grant, person: person(), at }]);
    let signed = |signed: Option<i64>| GrantDraft {
        signed: signed.map(Timestamp),
        ..draft("a", GrantState::Active)
    };
    assert_eq!(known.decide(signed(None), Timestamp(1_000)), None);
    assert_eq!(known.decide(signed(Some(100)), Timestamp(1_000)), None);
    let anew = signed(Some(101));
    assert_eq!(
        known.decide(anew.clone(), Timestamp(1_000)),
        Some(GrantEvent::Given { says: anew })
    );
}

#[test]
fn the_same_form_under_another_id_is_no_new_signature() {
    let from = |id: &str, discloser: &str, signed: i64| GrantDraft {
        signed: Some(Timestamp(signed)),
        disclosers: vec![discloser.parse().unwrap()],
        rules: vec![Rule::of(Effect::Permit)],
        ..draft(id, GrantState::Active)
    };
    let grant: GrantId = "grt_a".parse().unwrap();
    let says = from("a", "clinic-b", 5);
    let revoked = GrantEvent::Revoked { grant, person: person(), at: Some(Timestamp(100)) };
    let known = grants(&[GrantEvent::Given { says }, revoked]);
    assert_eq!(known.decide(from("b", "clinic-b", 100), Timestamp(1_000)), None);
    assert!(known.decide(from("b", "clinic-b", 101), Timestamp(1_000)).is_some());
    assert!(known.decide(from("b", "hospital-a", 100), Timestamp(1_000)).is_some());
    // What forbids is heard whenever it was said.
    let no = GrantDraft { rules: vec![Rule::of(Effect::Deny)], ..from("b", "clinic-b", 100) };
    assert!(known.decide(no, Timestamp(1_000)).is_some());
}

/// A narrower version of a Consent that holds replaces it, whatever else was withdrawn.
#[test]
fn a_consent_that_holds_is_narrowed_also_after_another_was_withdrawn() {
    let from = |id: &str, rules: Vec<Rule>| GrantDraft {
        signed: Some(Timestamp(5)),
        disclosers: vec!["clinic-b".parse().unwrap()],
        rules,
        ..draft(id, GrantState::Active)
    };
    let permit = || Rule::of(Effect::Permit);
    let other = GrantEvent::Revoked {
        grant: "grt_a".parse().unwrap(),
        person: person(),
        at: Some(Timestamp(100)),
    };
    let both = ["a", "b"].map(|id| GrantEvent::Given { says: from(id, vec![permit(), permit()]) });
    let known = grants(&[both[0].clone(), both[1].clone(), other]);
    let says = from("b", vec![permit()]);
    let decided = known.decide(says.clone(), Timestamp(1_000));
    assert_eq!(decided, Some(GrantEvent::Given { says }));
    for state in [GrantState::Pending, GrantState::Uninterpretable] {
        let says = GrantDraft { state, ..from("b", Vec::new()) };
        assert!(known.decide(says, Timestamp(1_000)).is_some(), "{state:?}");
    }
    // A new one of the same discloser keeps its no, and loses the yes that was taken back.
    let says = from("c", vec![permit(), Rule::of(Effect::Deny)]);
    let Some(GrantEvent::Given { says }) = known.decide(says, Timestamp(1_000)) else { panic!() };
    assert_eq!(says.rules, [Rule::of(Effect::Deny)]);
}

#[test]
fn who_withdrew_all_has_to_sign_anew_for_everybody() {
    let known = grants(&[GrantEvent::AllRevoked { person: person(), at: Timestamp(100) }]);
    let signed = |at: i64| GrantDraft {
        signed: Some(Timestamp(at)),
        rules: vec![Rule::of(Effect::Permit)],
        ..draft("new", GrantState::Active)
    };
    assert_eq!(known.decide(signed(100), Timestamp(1_000)), None);
    assert!(known.decide(signed(101), Timestamp(1_000)).is_some());
    // A signature of the future is none.
    assert_eq!(known.decide(signed(2_000), Timestamp(1_000)), None);
}

#[test]
fn one_pair_that_is_settled_does_not_settle_another() {
    let other = |n| PersonId::from_random([n; 16]);
    let event =
        |n, suspended| GrantEvent::Suspended { person: person(), with: other(n), suspended };
    let held = grants(&[given("a"), event(2, true), event(3, true), event(2, false)]);
    assert!(held.are_suspended(person()) && held.of(person())[0].suspended);
    let free =
        grants(&[given("a"), event(2, true), event(3, true), event(2, false), event(3, false)]);
    assert!(!free.are_suspended(person()) && !free.of(person())[0].suspended);
}

#[test]
fn two_persons_who_are_one_have_what_either_agreed_to_denied_and_withdrew() {
    let [one, other, third] = [1, 2, 3].map(|n| PersonId::from_random([n; 16]));
    let of = |id: &str, person| GrantEvent::Given {
        says: GrantDraft { person, ..draft(id, GrantState::Active) },
    };
    let waits = |person, with| GrantEvent::Suspended { person, with, suspended: true };
    let withdrew = |person, at| GrantEvent::AllRevoked { person, at: Timestamp(at) };
    let merged = |events: &[GrantEvent]| {
        let mut grants = grants(events);
        grants.merge(one, other);
        grants
    };
    let both = merged(&[of("a", one), of("b", other), of("c", third)]);
    let ids: Vec<String> = both.of(one).iter().map(|grant| grant.id.to_string()).collect();
    assert_eq!(ids, ["grt_a", "grt_b"]);
    assert!(both.of(one).iter().all(|grant| grant.says.person == one && grant.epoch == 2));
    assert_eq!((both.of(other), both.of(third)[0].epoch), (&[][..], 1));
    // They waited for each other, and do no more; who else may be one of them still makes them wait.
    let alike = [of("a", one), of("b", other), waits(one, other), waits(other, one)];
    assert!(!merged(&alike).are_suspended(one) && !merged(&alike).of(one)[1].suspended);
    let more = [&alike[..], &[waits(other, third), waits(third, other)]].concat();
    let mut more = merged(&more);
    assert!(more.are_suspended(one) && more.of(one).iter().all(|grant| grant.suspended));
    more.evolve(&GrantEvent::Suspended { person: one, with: third, suspended: false });
    more.evolve(&GrantEvent::Suspended { person: third, with: one, suspended: false });
    assert!(!more.are_suspended(one) && !more.are_suspended(third));
    // The later of two withdrawals counts.
    let both = merged(&[withdrew(one, 5), withdrew(other, 9)]);
    assert_eq!((both.all_withdrawn(one), both.all_withdrawn(other)), (Some(Timestamp(9)), None));
    assert_eq!(merged(&[withdrew(one, 5)]).all_withdrawn(one), Some(Timestamp(5)));
    assert_eq!(merged(&[of("a", one)]).all_withdrawn(one), None);
}
