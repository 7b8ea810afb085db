use std::collections::BTreeSet;

use loopgate_consent::{Glass, GrantDraft, GrantEvent, GrantId, GrantRef, GrantState, Terms};

use super::*;
use crate::fold::Broken;

fn person() -> PersonId {
    PersonId::from_random([1; 16])
}

fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

/// A world in which the person gave a Grant of this basis, and a clinician broke the glass at entry 4.
fn world(basis: LegalBasis, reviewed: Option<bool>) -> World {
    let mut world = World::default();
    let says = GrantDraft {
        consent: "Consent/c1".parse().unwrap(),
        person: person(),
        state: GrantState::Active,
        disclosers: vec![org("clinic-b")],
        rules: Vec::new(),
        signed: None,
        consent_sha256: [0; 32],
        terms: Terms { basis, ..Terms::default() },
    };
    world.grants.evolve(&GrantEvent::Given { says });
    let glass = Glass {
        broken: Timestamp(0),
        reason: "r".to_owned(),
        medical_emergency: false,
        is_read: true,
    };
    let reviewed = reviewed.map(|justified| (org("ines"), justified));
    let broken = Broken { org: org("hospital-a"), person: person(), entry: 4, glass, reviewed };
    world.staff.broken.push(broken);
    world
}

fn on_consent(obligations: Vec<Obligation>) -> BasisUsed {
    let id = GrantId::of_consent(&"Consent/c1".parse().unwrap());
    BasisUsed::Consent {
        grant: GrantRef { id, version: 1, epoch: 1 },
        action: "forward".to_owned(),
        purpose: Some("CAREMGT".to_owned()),
        code: "OK1".to_owned(),
        templates: Vec::new(),
        groups: vec!["identity".to_owned(), "need".to_owned()],
        dropped: Vec::new(),
        obligations,
    }
}

fn shown(to: &str, bases: Vec<BasisUsed>) -> Disclosure {
    Disclosure {
        person: person(),
        recipient: org(to),
        bases,
        resources: vec![("Patient/p1".parse().unwrap(), 1)],
        referral: None,
        view: "referral".to_owned(),
        channel: "cbo-rest".to_owned(),
        mapping: None,
        sha256: [0; 32],
        bytes: 1,
    }
}

/// 45 CFR 164.528(a)(1), basis by basis; 42 CFR 2.24 wants Part 2 records passed on under consent.
#[test]
fn each_basis_is_on_the_list_that_the_law_puts_it_on() {
    use BasisUsed::{
        Audit, BreakGlass, BusinessAssociate, Law as Ordered, ReturnToSupplier, ThePerson,
        Treatment,
    };
    let roster = Roster::new(org("dev"), Vec::new());
    let authorized = LegalBasis::Authorization;
    let order = || Ordered { order: "order 12".to_owned() };
    let glass = || BreakGlass { entry: 4 };
    let audit = || Audit { case: "7".to_owned() };
    let part2 = || on_consent(vec![Obligation::Part2Notice]);
    for (to, basis, law, reviewed, wanted) in [
        ("pantry", on_consent(vec![]), authorized, None, (false, false)),
        ("pantry", part2(), LegalBasis::Part2, None, (false, true)),
        ("pantry", on_consent(vec![]), LegalBasis::Verbal, None, (true, false)),
        ("pantry", on_consent(vec![]), LegalBasis::Vawa, None, (true, false)),
        ("hospital-a", Treatment, authorized, None, (false, false)),
        ("billing", BusinessAssociate, authorized, None, (false, false)),
        ("clinic-b", ReturnToSupplier, authorized, None, (false, false)),
        ("the-person", ThePerson, authorized, None, (false, false)),
        ("court", order(), authorized, None, (true, false)),
        ("hospital-a", glass(), authorized, None, (true, false)),
        ("hospital-a", glass(), authorized, Some(false), (true, false)),
        ("hospital-a", glass(), authorized, Some(true), (false, false)),
        ("the-staff", audit(), authorized, None, (false, false)),
        ("agency", audit(), authorized, None, (true, false)),
    ] {
        let world = world(law, reviewed);
        let one = shown(to, vec![basis]);
        let on = |law| belongs(&one, law, &world, &roster);
        assert_eq!((on(Law::Accounting), on(Law::Intermediary)), wanted, "{one:?}");
    }
    // One ground that is accounted for is enough; a Grant that is not known is no authorization.
    let both = shown("court", vec![BasisUsed::Treatment, order()]);
    assert!(belongs(&both, Law::Accounting, &world(authorized, None), &roster));
    let unknown = shown("pantry", vec![on_consent(vec![])]);
    assert!(belongs(&unknown, Law::Accounting, &World::default(), &roster));
}

/// 45 CFR 164.528(b)(3): the same to the same for the same purpose is one line, with first and last.
#[test]
fn the_same_is_one_line_and_another_purpose_another() {
    let told = |index: u64, event| {
        let mut told = Told::sample(event, vec![person()]);
        (told.index, told.at) = (index, Timestamp(i64::try_from(index).unwrap() * 1000));
        told
    };
    let law = |order: &str| BasisUsed::Law { order: order.to_owned() };
    let again = Event::Reread { person: person(), recipient: org("court"), day: 1 };
    let newest_first = vec![
        told(9, Event::Disclosed(shown("court", vec![law("b")]))),
        told(7, again),
        told(5, Event::Disclosed(shown("court", vec![law("a")]))),
        told(3, Event::Disclosed(shown("court", vec![law("a")]))),
        told(2, Event::Disclosed(shown("agency", vec![law("a")]))),
    ];
    let rows = lines(&newest_first);
    let short: Vec<_> = rows
        .iter()
        .map(|row| {
            (row.recipient.as_str(), row.purpose.as_str(), row.times, row.first.0, row.last.0)
        })
        .collect();
    let purpose = |order: &str| format!("a court or a statute ordered it: {order}");
    assert_eq!(
        short,
        [
            ("court", purpose("b").as_str(), 1, 9000, 9000),
            ("court", purpose("a").as_str(), 3, 3000, 7000),
            ("agency", purpose("a").as_str(), 1, 2000, 2000),
        ]
    );
    assert_eq!(rows[1].entries, [7, 5, 3]);
    let known: BTreeSet<&str> = rows.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(known, BTreeSet::from(["Patient"]));
}

#[test]
fn years_are_years_of_the_calendar() {
    // `date -u -d 2026-11-22T10:00:00Z +%s`, and of 2020 and 2023.
    let now = Timestamp(1_795_341_600_000);
    assert_eq!(years_before(now, 6), Timestamp(1_606_039_200_000));
    assert_eq!(years_before(now, 3), Timestamp(1_700_647_200_000));
}
