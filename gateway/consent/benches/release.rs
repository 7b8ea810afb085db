//! Release decisions, with 1, 10 and 1,000 Grants of one person: the ratio to one Grant is what a
//! Grant more costs.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_consent::{
    Action, Ask, Caller, Claim, DataClass, Dated, Detail, Effect, FieldGroup, Grant, GrantDraft,
    GrantEvent, GrantState, Grants, Health, Item, LegalClass, Party, Period, Policy, Rule,
    Template, Terms, Token, release,
};
use loopgate_referral::{PersonId, ResourceId, Timestamp};

fn main() {
    divan::main();
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

#[divan::bench(args = [1, 10, 1_000])]
fn decision(bencher: divan::Bencher<'_, '_>, count: usize) {
    let (from, to) = (party("clinic-b", LegalClass::Ce), party("pantry", LegalClass::CboNonhipaa));
    let groups = [FieldGroup::Need, FieldGroup::Identity].into_iter().collect();
    let template = Template { id: "food".into(), version: 1, groups };
    let policy = Policy::of(BTreeMap::from([(DataClass::Food, template)]));
    let request: ResourceId = parsed("ServiceRequest/1");
    let items = [Item {
        resource: request,
        person: Some(person()),
        needs: vec![parsed("food-insecurity")],
        labels: Vec::new(),
        dated: Dated::At(Timestamp(40)),
        must: true,
    }];
    let (all, tenant) = (grants(count), parsed("community"));
    let grants: &[Grant] = all.of(person());
    bencher.bench(|| {
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
        release(&ask, grants, &policy).is_ok()
    });
}
