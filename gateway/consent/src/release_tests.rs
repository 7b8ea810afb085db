//! Laws of the decision: adding a deny never permits, taking something away never adds a field, and
//! an error never permits.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::world::*;
use super::*;
use crate::{Dated, Effect, GrantState, Item, LegalClass, Period, Rule};

fn any_rule() -> impl Strategy<Value = Rule> {
    let orgs = prop::sample::subsequence(vec!["pantry", "shelter"], 0..=2);
    let classes = prop::sample::subsequence(DataClass::ALL[..3].to_vec(), 0..=3);
    let actions = prop::sample::subsequence(Action::ALL.to_vec(), 0..=5);
    let purposes = prop::sample::subsequence(vec!["CAREMGT", "HMARKT"], 0..=2);
    let labels = prop::sample::subsequence(vec![HIV, R, SDV], 0..=2);
    let kinds = prop::sample::subsequence(vec!["ServiceRequest", "Condition"], 0..=2);
    let about = (labels, kinds, any::<bool>());
    (any::<bool>(), orgs, classes, actions, purposes, any::<bool>(), about).prop_map(
        |(permit, orgs, classes, actions, purposes, unknown, (labels, kinds, dated))| Rule {
            recipients: orgs.iter().map(|name| (org(name), LegalClass::CboNonhipaa)).collect(),
            recipients_unknown: unknown,
            classes,
            purposes: purposes.iter().map(|code| purpose(code)).collect(),
            actions,
            labels,
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            data_period: Period { start: dated.then_some(Timestamp(30)), end: None },
            ..Rule::of(if permit { Effect::Permit } else { Effect::Deny })
        },
    )
}

fn any_world() -> impl Strategy<Value = World> {
    let rules = prop::collection::vec(any_rule(), 0..5);
    let labels = prop::sample::subsequence(vec![HIV, R, SDV, Label::Unknown], 0..=2);
    (rules, labels, any::<bool>(), any::<bool>()).prop_map(|(rules, labels, split, along_too)| {
        let mut world = base();
        // Half of the worlds start from a permit, so that permits are not rare.
        let first = rule(Effect::Permit);
        world.drafts = if split {
            let one = |(n, rule): (usize, Rule)| draft(&format!("c{n}"), vec![rule]);
            rules.into_iter().chain([first]).enumerate().map(one).collect()
        } else {
            vec![draft("c0", rules.into_iter().chain([first]).collect())]
        };
        world.items.push(along("Condition", &labels));
        if along_too {
            world.items[0].labels = labels;
        }
        world
    })
}

/// What passes: the items and the groups.
fn passes(world: &World) -> (BTreeSet<String>, BTreeSet<crate::FieldGroup>) {
    let Ok(permit) = world.ask() else { return Default::default() };
    let passing = |item: &&Item| permit.lets_pass(&item.resource);
    let items = world.items.iter().filter(passing).map(|item| item.resource.to_string());
    (items.collect(), permit.groups().iter().collect())
}

fn no_more(after: &World, before: &World) -> Result<(), TestCaseError> {
    let ((items, groups), (were, had)) = (passes(after), passes(before));
    prop_assert!(items.is_subset(&were), "{items:?} of {were:?}");
    prop_assert!(groups.is_subset(&had), "{groups:?} of {had:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn adding_a_deny_never_adds(world in any_world(), deny in any_rule()) {
        let mut with_deny = world.clone();
        with_deny.drafts.push(draft("deny", vec![Rule { effect: Effect::Deny, ..deny }]));
        no_more(&with_deny, &world)?;
    }

    #[test]
    fn a_consent_that_cannot_be_read_never_permits(world in any_world(), at in 0usize..6) {
        let mut strange = draft("strange", vec![]);
        strange.state = GrantState::Uninterpretable;
        let mut with_it = world.clone();
        with_it.drafts.insert(at.min(world.drafts.len()), strange);
        prop_assert!(with_it.ask().is_err());
    }

    #[test]
    fn taking_a_scope_away_never_adds(world in any_world(), which in 0usize..8, at in any::<prop::sample::Index>()) {
        let mut less = world.clone();
        let of = at.index(less.drafts.len());
        let Some(rule) = less.drafts[of].rules.iter_mut().find(|r| r.effect == Effect::Permit) else {
            return Ok(());
        };
        match which {
            0 => drop(rule.recipients.pop()),
            1 => drop(rule.classes.pop()),
            2 => drop(rule.purposes.pop()),
            3 => drop(rule.actions.pop()),
            4 => rule.period.end = Some(Timestamp(50)),
            5 => rule.labels.retain(|label| !matches!(label, Label::Sensitivity(_))),
            6 => rule.data_period = Period { start: Some(Timestamp(45)), end: None },
            _ => less.to.actions.clear(),
        }
        if world.drafts.len() == 1 {
            return no_more(&less, &world);
        }
        // Where several Grants permit, one decides: never more than some Grant alone permitted.
        let alone = |n: usize| {
            let mut alone = world.clone();
            let others = (0..world.drafts.len()).filter(|other| *other != n);
            others.for_each(|other| {
                alone.drafts[other].rules.retain(|rule| rule.effect == Effect::Deny);
            });
            passes(&alone)
        };
        let (items, groups) = passes(&less);
        let permitted = (0..world.drafts.len()).map(alone).any(|(were, had)| {
            items.is_subset(&were) && groups.is_subset(&had)
        });
        prop_assert!(permitted || items.is_empty());
    }

    #[test]
    fn a_token_never_adds(world in any_world(), version in 0u32..3, recipients in any::<bool>()) {
        let mut narrowed = world.clone();
        let mut token = token();
        token.grant = narrowed.grants().of(person(1))[0].id.clone();
        token.version = version;
        if recipients { token.recipients.clear(); }
        narrowed.token = Some(token);
        no_more(&narrowed, &world)?;
    }

    #[test]
    fn a_label_never_adds(world in any_world(), which in 0usize..4) {
        let mut labelled = world.clone();
        labelled.items[1].labels.push([HIV, R, Label::Part2, Label::Unknown][which]);
        no_more(&labelled, &world)?;
    }

    #[test]
    fn an_error_never_permits(world in any_world(), which in 0usize..10) {
        let mut wrong = world;
        match which {
            0 => wrong.health = Health::NoLog,
            1 => wrong.health = Health::NoClock,
            2 => wrong.caller = Caller::Unknown,
            3 => wrong.caller = Caller::Revoked,
            4 => wrong.caller = Caller::Unbound,
            5 => wrong.caller = Caller::OutOfScope,
            6 => wrong.tenant = org("else"),
            7 => wrong.no_token = Some(ReasonCode::T4),
            8 => wrong.purpose = None,
            _ => wrong.items.iter_mut().for_each(|item| item.person = Some(person(9))),
        }
        prop_assert!(wrong.ask().is_err());
    }

    /// Withdrawing a consent that denies nothing adds nothing.
    #[test]
    fn withdrawing_a_permission_never_adds(world in any_world(), at in any::<prop::sample::Index>()) {
        let of = at.index(world.drafts.len());
        if world.drafts[of].rules.iter().any(|rule| rule.effect == Effect::Deny) {
            return Ok(());
        }
        let mut less = world.clone();
        less.drafts[of].state = GrantState::Revoked;
        no_more(&less, &world)?;
    }

    #[test]
    fn an_item_more_never_adds_to_the_others(world in any_world(), needs in any::<bool>()) {
        let mut more = world.clone();
        let mut item = along("Observation", &[]);
        item.dated = Dated::Unknown;
        if needs { item.needs = vec![need("stress")]; }
        let name = item.resource.to_string();
        more.items.push(item);
        let ((mut items, groups), (were, had)) = (passes(&more), passes(&world));
        items.remove(&name);
        prop_assert!(items.is_subset(&were) && groups.is_subset(&had));
    }
}

#[test]
fn a_grant_of_another_person_denies() {
    let mut world = base();
    world.drafts[0].person = person(2);
    let grants = world.grants();
    let claim = crate::Claim::Consent {
        action: Action::Forward,
        from: &world.from,
        token: crate::Token::None,
        referral: None,
        detail: crate::Detail::Whole,
    };
    let ask = Ask {
        tenant: &world.tenant,
        health: Health::Sound,
        caller: Caller::Gateway,
        to: &world.to,
        person: person(1),
        items: &world.items,
        claim,
        purpose: world.purpose.as_ref(),
        at: Timestamp(50),
    };
    let denial = release(&ask, grants.of(person(2)), &world.policy).unwrap_err();
    assert_eq!(denial.code, ReasonCode::C6);
}
