//! Release decisions, with 1, 10 and 1,000 Grants of one person: p50 and p99, and their ratio to a
//! SHA-256 over 1 KiB in the same run. Then divan's own table.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use loopgate_consent::{
    Action, Ask, Caller, Claim, DataClass, Dated, Detail, Effect, FieldGroup, Grant, GrantDraft,
    GrantEvent, GrantState, Grants, Health, Item, LegalClass, Party, Period, Policy, Rule,
    Template, Terms, Token, release,
};
use loopgate_referral::{PersonId, Timestamp};
use sha2::{Digest, Sha256};

fn main() {
    quantiles();
    divan::main();
}

const SAMPLES: usize = 20_000;

/// p50 and p99 of so many runs, ns.
fn measured(mut run: impl FnMut() -> bool) -> (u128, u128) {
    let mut times: Vec<u128> = (0..SAMPLES)
        .map(|_| {
            let begun = Instant::now();
            divan::black_box(run());
            begun.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    (times[SAMPLES / 2], times[SAMPLES / 100 * 99])
}

#[allow(clippy::cast_precision_loss)]
fn quantiles() {
    let block = [7u8; 1024];
    let (digest, _) = measured(|| Sha256::digest(block)[0] == 1);
    println!("sha-256 of 1 KiB: p50 {digest} ns");
    for count in [1, 10, 1_000] {
        let (p50, p99) = World::of(count, |ask, grants, policy| {
            measured(|| release(ask, grants, policy).is_ok())
        });
        let ratio = p50 as f64 / digest as f64;
        println!("release, {count} grants: p50 {p50} ns, p99 {p99} ns, p50 {ratio:.1} digests");
    }
}

/// # Panics
/// Never: what is written here has its form.
fn parsed<T: std::str::FromStr>(text: &str) -> T {
    match text.parse() {
        Ok(value) => value,
        Err(_) => unreachable!("what is written here has its form"),
    }
}

fn person() -> PersonId {
    PersonId::from_random([1; 16])
}

fn party(name: &str, legal: LegalClass) -> Party {
    Party {
        org: parsed(name),
        tenant: parsed("community"),
        legal,
        purpose: Some(parsed("CAREMGT")),
        purposes: BTreeSet::new(),
        treats: false,
        associate: false,
        break_glass: false,
        wants_token: false,
        actions: Action::ALL.into_iter().collect(),
        suspended: false,
        agreement_ends: Some(Timestamp(1_000)),
    }
}

/// The oldest permits; every later one names somebody else.
fn grants(count: usize) -> Grants {
    let mut grants = Grants::default();
    for n in 0..count {
        let recipient = if n == 0 { "pantry" } else { "shelter" };
        let rule = Rule {
            recipients: vec![(parsed(recipient), LegalClass::CboNonhipaa)],
            classes: vec![DataClass::Food],
            purposes: vec![parsed("CAREMGT")],
            actions: Action::ALL.to_vec(),
            period: Period { start: Some(Timestamp(10)), end: Some(Timestamp(100)) },
            ..Rule::of(Effect::Permit)
        };
        let says = GrantDraft {
            consent: parsed(&format!("Consent/c{n}")),
            person: person(),
            state: GrantState::Active,
            disclosers: vec![parsed("clinic-b")],
            rules: vec![rule],
            signed: Some(Timestamp(5)),
            consent_sha256: [7; 32],
            terms: Terms::default(),
        };
        grants.evolve(&GrantEvent::Given { says });
    }
    grants
}

/// A question about food at the pantry, and what it is asked on.
struct World;

impl World {
    fn of<T>(count: usize, run: impl FnOnce(&Ask<'_>, &[Grant], &Policy) -> T) -> T {
        let (from, to) =
            (party("clinic-b", LegalClass::Ce), party("pantry", LegalClass::CboNonhipaa));
        let groups = [FieldGroup::Need, FieldGroup::Identity].into_iter().collect();
        let template = Template { id: "food".into(), version: 1, groups };
        let policy = Policy::of(BTreeMap::from([(DataClass::Food, template)]));
        let items = [Item {
            resource: parsed("ServiceRequest/1"),
            person: Some(person()),
            needs: vec![parsed("food-insecurity")],
            labels: Vec::new(),
            dated: Dated::At(Timestamp(40)),
            must: true,
        }];
        let (all, tenant) = (grants(count), parsed("community"));
        let claim = Claim::Consent {
            action: Action::Forward,
            from: &from,
            token: Token::None,
            referral: None,
            detail: Detail::Whole,
        };
        let ask = Ask {
            tenant: &tenant,
            health: Health::Sound,
            caller: Caller::Known,
            to: &to,
            person: person(),
            items: &items,
            claim,
            purpose: to.purpose.as_ref(),
            at: Timestamp(50),
        };
        assert!(release(&ask, all.of(person()), &policy).is_ok());
        run(&ask, all.of(person()), &policy)
    }
}

#[divan::bench(args = [1, 10, 1_000])]
fn decision(bencher: divan::Bencher<'_, '_>, count: usize) {
    World::of(count, |ask, grants, policy| bencher.bench(|| release(ask, grants, policy).is_ok()));
}
