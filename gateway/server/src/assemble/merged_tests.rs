//! Two persons who are one, in everything that is decided on.

use std::collections::BTreeSet;

use loopgate_consent::{Effect, GrantState};
use loopgate_referral::{Identifier, PersonId, ReferralId, SourceMove, StatusReason, TaskStatus};

use super::moves_tests::{hearing, key, org, placed, replays, since};
use super::tests::{MARIA, request, world};
use super::*;
use crate::archive::Kept;
use crate::fold::{Locator, World};
use crate::journal::{LedgerEvent, ShredGround, ShredRefusal};
use crate::refusal::{Kind, Trouble};
use crate::scribe::{Act, AskFor, Erase, Erasure, Hearing, Merge, Wish};
use crate::{exit, intake, run};

const FIRST: &str = "B-20417";

fn mrn(value: &str) -> Identifier {
    Identifier { system: "urn:example:clinic-b:mrn".into(), value: value.into() }
}

fn who(live: &Deployment, value: &str) -> PersonId {
    let holding = world(live).persons.holding(&mrn(value));
    assert_eq!(holding.len(), 1, "{value}");
    holding[0]
}

/// The same woman under another number, of whom nobody knows that she is.
fn again_as(live: &Deployment, number: &str, change: impl Fn(String) -> String) {
    let text = MARIA.replace(FIRST, number).replace("C-5501", &format!("C-{number}"));
    let text = text.replace("B-REF-", &format!("{number}-REF-"));
    super::tests::submitted(&live.gate, &org("clinic-b"), &request(&change(text))).unwrap();
}

fn merge(live: &Deployment, control: &str, retired: &str, survivor: &str) -> Result<bool, Kind> {
    let merge = Merge {
        org: org("clinic-b"),
        request: key(control),
        survivor: vec![mrn(survivor)],
        retired: vec![mrn(retired)],
        message: Some(Hearing { kind: "ADT^A40".into(), ..hearing(control, control) }),
    };
    intake::merge(&live.gate, merge).map_err(|trouble| match trouble {
        Trouble::Refused(refusal) => refusal.kind,
        Trouble::Outage => panic!("an outage"),
    })
}

fn of(world: &World, person: PersonId) -> Vec<ReferralId> {
    let all = world.referrals.iter().filter(|(_, one)| one.persons.contains(&person));
    let all: Vec<ReferralId> = all.map(|(id, _)| *id).collect();
    assert_eq!(world.referrals_of(person).map(|one| one.id).collect::<Vec<_>>(), all);
    let patients = world.patients.iter().filter(|(_, one)| **one == person).map(|(id, _)| id);
    assert_eq!(
        world.patients_of(person).map(|(id, _)| id).collect::<Vec<_>>(),
        patients.collect::<Vec<_>>()
    );
    all
}

/// Nothing that is decided on names them.
fn is_nobody(world: &World, person: PersonId) {
    assert!(world.patients.values().all(|one| *one != person));
    assert!(world.resources.values().all(|held| held.person != Some(person)));
    assert!(world.grants.of(person).is_empty());
    assert!(!world.accounts.contains_key(&person));
    assert!(!world.book.holds.contains_key(&person));
    assert_eq!(of(world, person), []);
}

#[test]
fn what_is_known_of_the_retired_is_the_survivors() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    let (survivor, retired) = (who(&live, FIRST), who(&live, "B-2"));
    // The pantry read both: each has an account.
    for id in of(&world(&live), survivor).into_iter().chain(of(&world(&live), retired)) {
        let referral = live.gate.referral(&id).unwrap();
        if let Some(placement) = referral.placements.first() {
            exit::for_target(&live.gate, &referral, placement, AskFor::unasked).unwrap();
        }
    }
    let before = world(&live);
    let lines = |world: &World, person| world.accounts.get(&person).map_or(0, Vec::len);
    assert!(lines(&before, survivor) > 0 && lines(&before, retired) > 0);

    assert_eq!(merge(&live, "A40", "B-2", FIRST), Ok(true));
    let now = world(&live);
    is_nobody(&now, retired);
    assert_eq!(who(&live, "B-2"), survivor);
    let all: BTreeSet<ReferralId> =
        of(&before, survivor).into_iter().chain(of(&before, retired)).collect();
    assert_eq!(of(&now, survivor).into_iter().collect::<BTreeSet<_>>(), all);
    let grants = |world: &World, person| world.grants.of(person).len();
    assert_eq!(grants(&now, survivor), grants(&before, survivor) + grants(&before, retired));
    let account = &now.accounts[&survivor];
    assert_eq!(account.len(), lines(&before, survivor) + lines(&before, retired));
    assert!(account.is_sorted_by_key(|line| line.index));
    // What was read before is still there to be read, and what is read now is an entry of the survivor.
    for id in all {
        let referral = live.gate.referral(&id).unwrap();
        let Some(placement) = referral.placements.first() else { continue };
        let leaves = world(&live).leaves;
        exit::for_target(&live.gate, &referral, placement, AskFor::unasked).unwrap();
        let shown = since(&live, leaves).remove(0);
        assert_eq!(shown.person(), Some(survivor));
    }
    replays(&root, live);
}

#[test]
fn the_same_merge_again_changes_nothing_and_a_ring_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    again_as(&live, "B-3", |text| text);
    assert_eq!(merge(&live, "1", FIRST, "B-2"), Ok(true));
    let before = world(&live);
    assert_eq!(merge(&live, "1", FIRST, "B-2"), Ok(true));
    assert_eq!(world(&live).leaves, before.leaves);
    // By another message: it was heard, and nothing else.
    assert_eq!(merge(&live, "2", FIRST, "B-2"), Ok(true));
    let heard: Vec<_> = since(&live, before.leaves).iter().map(crate::fields::kind).collect();
    assert_eq!(heard, ["message.heard"]);
    assert_eq!(world(&live).persons, before.persons);

    assert_eq!(merge(&live, "3", "B-2", "B-3"), Ok(true));
    let last = who(&live, "B-3");
    assert_eq!((who(&live, FIRST), who(&live, "B-2")), (last, last));
    assert_eq!(world(&live).persons.names_of(last).len(), 3);
    let before = world(&live).leaves;
    assert_eq!(merge(&live, "4", "B-3", FIRST), Err(Kind::Invalid));
    assert_eq!(world(&live).leaves, before);
    replays(&root, live);
}

#[test]
fn of_who_is_not_known_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    let before = world(&live);
    assert_eq!(merge(&live, "1", "B-8", "B-9"), Ok(false));
    let [crate::journal::Event::Heard { kept, person, .. }] = &since(&live, before.leaves)[..]
    else {
        panic!("more than a message")
    };
    assert_eq!((*kept, *person), (false, None));
    assert_eq!(world(&live).persons, before.persons);
    // A number that replaces hers, and that nobody had, is hers.
    let maria = who(&live, FIRST);
    assert_eq!(merge(&live, "2", FIRST, "B-9"), Ok(true));
    assert_eq!(who(&live, "B-9"), maria);
    replays(&root, live);
}

#[test]
fn another_organizations_numbers_are_not_its_to_merge() {
    let dir = tempfile::tempdir().unwrap();
    let (_, live, _) = placed(dir.path());
    let other = Identifier { system: "urn:example:community-id".into(), value: "C-5501".into() };
    let merge = Merge {
        org: org("clinic-b"),
        request: key("1"),
        survivor: vec![mrn(FIRST)],
        retired: vec![other],
        message: None,
    };
    let before = world(&live).leaves;
    let Err(Trouble::Refused(refusal)) = intake::merge(&live.gate, merge) else { panic!("taken") };
    assert_eq!(refusal.kind, Kind::Invalid);
    assert_eq!(world(&live).leaves, before);
    run::finish(live).unwrap();
}

#[test]
fn what_either_denied_is_denied_to_both() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let placement = live.gate.referral(&referral).unwrap().placements[0].clone();
    let may = |live: &Deployment| {
        let referral = live.gate.referral(&referral).unwrap();
        live.gate.egress.weigh(&org("pantry"), &crate::exit::forward_ask(&referral, &placement))
    };
    assert!(may(&live).is_ok());
    // Under her other number she said no to the pantry.
    again_as(&live, "B-2", |text| text.replace("\"permit\"", "\"deny\""));
    let retired = who(&live, "B-2");
    let denies = |grant: &loopgate_consent::Grant| {
        grant.says.rules.iter().any(|rule| rule.effect == Effect::Deny)
    };
    assert!(world(&live).grants.of(retired).iter().any(denies));
    assert!(may(&live).is_ok());
    assert_eq!(merge(&live, "1", "B-2", FIRST), Ok(true));
    assert!(may(&live).is_err());
    // Nobody had answered it: it is not passed on any more.
    let now = live.gate.referral(&referral).unwrap();
    assert!(now.state.status() == TaskStatus::Rejected || now.held_since().is_some());
    replays(&root, live);
}

#[test]
fn what_either_withdrew_is_withdrawn_for_both() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    let (survivor, retired) = (who(&live, FIRST), who(&live, "B-2"));
    let all = (retired.to_string(), "staff");
    let withdraw = |reply| Command::Withdraw(retired, None, all, reply);
    assert!(live.gate.scribe.ask_blocking(withdraw).unwrap());
    assert!(
        world(&live).grants.of(survivor).iter().all(|one| one.says.state == GrantState::Active)
    );
    assert_eq!(merge(&live, "1", "B-2", FIRST), Ok(true));
    let now = world(&live);
    assert_eq!(now.grants.of(survivor).len(), 2);
    assert!(now.grants.of(survivor).iter().all(|one| one.says.state == GrantState::Revoked));
    assert!(now.grants.all_withdrawn(survivor).is_some());
    let status = live.gate.referral(&referral).unwrap().state.status();
    assert_eq!(status, TaskStatus::Rejected);
    replays(&root, live);
}

#[test]
fn a_withdrawal_under_a_former_name_is_the_survivors() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    let (survivor, retired) = (who(&live, FIRST), who(&live, "B-2"));
    assert_eq!(merge(&live, "1", "B-2", FIRST), Ok(true));
    let withdraw = |reply| Command::Withdraw(retired, None, ("her".into(), "staff"), reply);
    assert!(live.gate.scribe.ask_blocking(withdraw).unwrap());
    let now = world(&live);
    assert!(now.grants.of(survivor).iter().all(|one| one.says.state == GrantState::Revoked));
    assert!(now.grants.of(retired).is_empty());
    replays(&root, live);
}

fn erase(live: &Deployment, person: PersonId) -> Erasure {
    let ground = ShredGround::Order { order: "case 1".into() };
    let erase = Erase { persons: [person].into(), ground, by: "privacy-officer".into() };
    live.gate.scribe.ask_blocking(|reply| Command::Erase(Box::new(erase), reply)).unwrap()
}

fn call_off(live: &Deployment, id: ReferralId) {
    let why = StatusReason::new("moved", "moved").unwrap();
    let act = Act {
        org: org("clinic-b"),
        request: key(&id.to_string()[..20]),
        once: true,
        transport: "test",
        referral: id,
        if_match: None,
        happened: None,
        message: None,
        wish: Wish::Source(SourceMove::Cancel { why }),
    };
    live.gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply)).unwrap();
}

#[test]
fn whoever_is_erased_is_erased_under_every_name() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    let (survivor, retired) = (who(&live, FIRST), who(&live, "B-2"));
    // A case that needs what is known under one name keeps what is known under the other.
    let hold = |fact| {
        let event = Box::new(crate::journal::Event::Ledger(fact));
        live.gate.scribe.ask_blocking(|reply| Command::Record(event, "ops".into(), reply)).unwrap();
    };
    hold(LedgerEvent::HoldPlaced { person: retired, case: "c".into() });
    assert_eq!(merge(&live, "1", "B-2", FIRST), Ok(true));
    let refused = |why: ShredRefusal| {
        Erasure::Refused(vec![(survivor.min(retired), why.clone()), (survivor.max(retired), why)])
    };
    assert_eq!(erase(&live, survivor), refused(ShredRefusal::LegalHold));
    hold(LedgerEvent::HoldEnded { person: survivor, case: "c".into() });
    // Nor while any referral is open, of whichever number.
    assert_eq!(erase(&live, retired), refused(ShredRefusal::OpenReferral));
    let open: Vec<ReferralId> = {
        let now = world(&live);
        let open = now.referrals.iter().filter(|(_, one)| !one.state.is_final());
        open.map(|(id, _)| *id).collect()
    };
    open.into_iter().for_each(|id| call_off(&live, id));

    // What was read just now is kept sealed, and is not to be opened afterwards.
    let held = world(&live).resources;
    let at: Vec<_> = held.values().filter(|one| one.person.is_some()).map(|one| one.at).collect();
    let opens = |at: &Locator| matches!(live.gate.archive.document(*at), Ok(Kept::Here(_)));
    assert!(at.len() > 5 && at.iter().all(opens));
    // Whichever of the names is given.
    assert!(matches!(erase(&live, retired), Erasure::Done(entries) if entries > 10));
    assert!(!at.iter().any(opens));
    let now = world(&live);
    let erased: BTreeSet<PersonId> = now.book.shredded.keys().copied().collect();
    assert_eq!(erased, [survivor, retired].into());
    assert!(now.patients.is_empty() && now.referrals.is_empty() && now.persons.is_empty());
    replays(&root, live);
}

#[test]
fn links_of_a_former_name_end_with_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    let (survivor, retired) = (who(&live, FIRST), who(&live, "B-2"));
    assert_eq!(merge(&live, "1", "B-2", FIRST), Ok(true));
    let epoch = |person| world(&live).staff.link_epoch(person, false);
    let before = (epoch(survivor), epoch(retired));
    let ended =
        crate::journal::StaffEvent::LinksEnded { by: "ines".parse().unwrap(), person: survivor };
    let by = ("ines".to_owned(), "staff");
    let command = |reply| Command::Staff(Box::new(ended), by, reply);
    live.gate.scribe.ask_blocking(command).unwrap();
    assert_eq!((epoch(survivor), epoch(retired)), (before.0 + 1, before.1 + 1));
    replays(&root, live);
}

#[test]
fn an_account_covers_every_name_and_says_which() {
    use crate::audit::{Asker, Call, accounting, form::Form};
    let dir = tempfile::tempdir().unwrap();
    let (_, live, _) = placed(dir.path());
    again_as(&live, "B-2", |text| text);
    let (survivor, retired) = (who(&live, FIRST), who(&live, "B-2"));
    let watch = org("housing");
    let way = crate::egress::Way { to: &watch, channel: "audit", mapping: None, by: None };
    let asker = Asker { way, case: Some("case-1".into()) };
    let account = |person: PersonId| {
        let pairs = [
            ("person".to_owned(), asker.called(&live.gate, person)),
            ("basis".to_owned(), "164.528".to_owned()),
        ];
        let call = Call::of(&pairs, &accounting::PARAMETERS).unwrap();
        accounting::page(&live.gate, &asker, &call).unwrap()
    };
    // A look under each number is an entry of each name.
    for person in [survivor, retired] {
        let looked = account(person);
        assert_eq!(looked.covers, [person]);
        accounting::release(&live.gate, &asker, &looked, &Vec::new).unwrap();
    }
    assert_eq!(merge(&live, "1", "B-2", FIRST), Ok(true));
    for person in [survivor, retired] {
        let both = account(person);
        assert_eq!((both.person, both.covers.as_slice()), (survivor, &[survivor, retired][..]));
        // One look under each name, by somebody who is nobody's associate.
        assert_eq!(both.told.len(), 2);
        let said = accounting::write(&live.gate, &asker, &both, Form::Json);
        let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
        let names = [survivor, retired].map(|person| asker.called(&live.gate, person));
        assert_eq!(said["covers"], serde_json::json!(names));
    }
    run::finish(live).unwrap();
}
