//! The decision table: one base case, and each variation with the code it must give.

use std::collections::BTreeSet;

use loopgate_referral::ResourceId;
use proptest::prelude::*;

use super::*;
use crate::{GrantDraft, GrantEvent, Grants, Period, Purpose};

fn person(n: u8) -> PersonId {
    PersonId::from_random([n; 16])
}

fn party(org: &str, legal: LegalClass) -> Party {
    Party {
        org: org.parse().unwrap(),
        tenant: "community".parse().unwrap(),
        legal,
        purpose: Some("CAREMGT".parse().unwrap()),
        actions: Action::ALL.into_iter().collect(),
        suspended: false,
        agreement_ends: Some(Timestamp(1_000)),
    }
}

fn rule(effect: Effect) -> Rule {
    Rule {
        effect,
        recipients: vec![("pantry".parse().unwrap(), LegalClass::CboNonhipaa)],
        recipients_unknown: false,
        classes: vec![DataClass::Food],
        purposes: vec!["CAREMGT".parse().unwrap()],
        actions: Action::ALL.to_vec(),
        period: Period { start: Some(Timestamp(10)), end: Some(Timestamp(100)) },
    }
}

fn draft(id: &str, rules: Vec<Rule>) -> GrantDraft {
    GrantDraft {
        consent: ResourceId::of("Consent", id).unwrap(),
        person: person(1),
        state: GrantState::Active,
        disclosers: vec!["clinic-b".parse().unwrap()],
        rules,
        signed: Some(Timestamp(5)),
        consent_sha256: [0; 32],
    }
}

#[derive(Clone)]
struct World {
    tenant: TenantId,
    from: Party,
    to: Party,
    drafts: Vec<GrantDraft>,
    needs: Vec<&'static str>,
    action: Action,
    at: i64,
}

fn base() -> World {
    World {
        tenant: "community".parse().unwrap(),
        from: party("clinic-b", LegalClass::Ce),
        to: party("pantry", LegalClass::CboNonhipaa),
        drafts: vec![draft("c1", vec![rule(Effect::Permit)])],
        needs: vec!["food-insecurity"],
        action: Action::Forward,
        at: 50,
    }
}

fn templates() -> Templates {
    let template = |id: &str, groups: &[FieldGroup]| Template {
        id: id.into(),
        version: 1,
        groups: groups.iter().copied().collect(),
    };
    let food = [FieldGroup::Need, FieldGroup::Identity, FieldGroup::SourceKeys];
    BTreeMap::from([
        (DataClass::Food, template("food", &food)),
        (DataClass::Housing, template("housing", &[FieldGroup::Need])),
    ])
}

fn ask(world: &World) -> Result<Permit, Denial> {
    let mut grants = Grants::default();
    for draft in &world.drafts {
        grants.evolve(&GrantEvent::Given { says: draft.clone() });
    }
    let needs: Vec<NeedCode> = world.needs.iter().map(|need| need.parse().unwrap()).collect();
    let claim = Claim::Consent { action: world.action, needs: &needs, from: &world.from };
    let ask = Ask {
        tenant: &world.tenant,
        to: &world.to,
        person: person(1),
        claim,
        at: Timestamp(world.at),
    };
    release(&ask, grants.of(person(1)), &templates())
}

fn check(name: &str, change: impl FnOnce(&mut World), expected: ReasonCode) {
    let mut world = base();
    change(&mut world);
    let code = ask(&world).map_or_else(|denial| denial.code, |permit| permit.code());
    assert_eq!(code, expected, "{name}");
}

fn backward(world: &mut World) {
    world.action = Action::UpdateBack;
    std::mem::swap(&mut world.from, &mut world.to);
}

#[test]
fn the_table() {
    use ReasonCode::*;
    check("base", |_| {}, OK1);
    check("other tenant's recipient", |w| w.to.tenant = "else".parse().unwrap(), A5);
    check("other tenant's discloser", |w| w.from.tenant = "else".parse().unwrap(), A5);
    check("partner file lacks the action", |w| w.to.actions.clear(), A4);
    check("no grant", |w| w.drafts.clear(), C9);
    check("discloser not named", |w| w.from.org = "hospital-a".parse().unwrap(), C9);
    check("pending", |w| w.drafts[0].state = GrantState::Pending, C1);
    check("revoked", |w| w.drafts[0].state = GrantState::Revoked, C2);
    check("first instant", |w| w.at = 10, OK1);
    check("before", |w| w.at = 9, C3);
    check("last instant", |w| w.at = 99, OK1);
    check("after", |w| w.at = 100, C3);
    check("no provision", |w| w.drafts[0].rules.clear(), C12);
    check("second consent denies", |w| w.drafts.push(draft("c2", vec![rule(Effect::Deny)])), C7);
    check(
        "older consent denies everything",
        |w| {
            let mut all = rule(Effect::Deny);
            all.recipients.clear();
            all.classes.clear();
            all.purposes.clear();
            all.actions.clear();
            w.drafts.insert(0, draft("c0", vec![all]));
        },
        C7,
    );
    check(
        "deny of somebody unknown matches everyone",
        |w| {
            let mut unknown = rule(Effect::Deny);
            unknown.recipients.clear();
            unknown.recipients_unknown = true;
            w.drafts.push(draft("c2", vec![unknown]));
        },
        C7,
    );
    check(
        "deny of another recipient",
        |w| {
            let mut other = rule(Effect::Deny);
            other.recipients = vec![("shelter".parse().unwrap(), LegalClass::CboNonhipaa)];
            w.drafts.push(draft("c2", vec![other]));
        },
        OK1,
    );
    check("permit and deny siblings", |w| w.drafts[0].rules.push(rule(Effect::Deny)), C7);
    check(
        "a second consent we cannot read",
        |w| {
            let mut strange = draft("c2", vec![]);
            strange.state = GrantState::Uninterpretable;
            w.drafts.push(strange);
        },
        C8,
    );
    check("action not granted", |w| w.drafts[0].rules[0].actions = vec![Action::Submit], X1);
    check("purpose missing", |w| w.to.purpose = None, P1);
    check("purpose not granted", |w| w.to.purpose = Some("HMARKT".parse().unwrap()), P1);
    check("no purpose in the provision", |w| w.drafts[0].rules[0].purposes.clear(), P1);
    check("recipient not named", |w| w.to.org = "shelter".parse().unwrap(), R1);
    check("no recipient in the provision", |w| w.drafts[0].rules[0].recipients.clear(), R1);
    check("recipient suspended", |w| w.to.suspended = true, R2);
    check("discloser suspended", |w| w.from.suspended = true, R2);
    check("legal class changed", |w| w.to.legal = LegalClass::VawaGrantee, R3);
    check("agreement missing", |w| w.to.agreement_ends = None, R6);
    check("agreement ended", |w| w.to.agreement_ends = Some(Timestamp(50)), R6);
    check("need not covered", |w| w.needs = vec!["homelessness"], L6);
    check("need of no class", |w| w.needs = vec!["stress"], L6);
    check("no class in the provision", |w| w.drafts[0].rules[0].classes.clear(), L6);
    check("part covered", |w| w.needs.push("homelessness"), OK2);
    check("answer", backward, OK1);
    check(
        "answer to somebody who may not disclose",
        |w| {
            backward(w);
            w.to.org = "hospital-a".parse().unwrap();
        },
        C9,
    );
    check(
        "answer of a shelter under VAWA",
        |w| {
            backward(w);
            w.from.legal = LegalClass::VawaGrantee;
            w.drafts[0].rules[0].recipients[0].1 = LegalClass::VawaGrantee;
        },
        R5,
    );
}

#[test]
fn the_sources_keys_never_pass_a_template() {
    let permit = ask(&base()).unwrap();
    assert!(permit.groups().contains(FieldGroup::Identity));
    assert!(!permit.groups().contains(FieldGroup::SourceKeys));
}

#[test]
fn what_was_supplied_returns_to_its_supplier_only() {
    let world = base();
    let asked = |supplier: &str| {
        let supplier: OrgId = supplier.parse().unwrap();
        let ask = Ask {
            tenant: &world.tenant,
            to: &world.from,
            person: person(1),
            claim: Claim::ReturnToSupplier { supplier: &supplier },
            at: Timestamp(1),
        };
        release(&ask, &[], &templates()).map(|permit| permit.basis().clone())
    };
    assert_eq!(asked("clinic-b"), Ok(Basis::ReturnToSupplier));
    assert_eq!(asked("pantry").unwrap_err().code, ReasonCode::R1);
}

#[test]
fn a_grant_of_another_person_denies() {
    let mut grants = Grants::default();
    grants.evolve(&GrantEvent::Given { says: draft("c1", vec![rule(Effect::Permit)]) });
    let world = base();
    let needs = ["food-insecurity".parse().unwrap()];
    let claim = Claim::Consent { action: Action::Forward, needs: &needs, from: &world.from };
    let ask =
        Ask { tenant: &world.tenant, to: &world.to, person: person(2), claim, at: Timestamp(50) };
    let denial = release(&ask, grants.of(person(1)), &templates()).unwrap_err();
    assert_eq!(denial.code, ReasonCode::C6);
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let orgs = prop::sample::subsequence(vec!["pantry", "shelter"], 0..=2);
    let classes = prop::sample::subsequence(vec![DataClass::Food, DataClass::Housing], 0..=2);
    let actions = prop::sample::subsequence(Action::ALL.to_vec(), 0..=5);
    let purposes = prop::sample::subsequence(vec!["CAREMGT", "HMARKT"], 0..=2);
    (any::<bool>(), orgs, classes, actions, purposes, any::<bool>()).prop_map(
        |(permit, orgs, classes, actions, purposes, unknown)| Rule {
            effect: if permit { Effect::Permit } else { Effect::Deny },
            recipients: orgs
                .iter()
                .map(|org| (org.parse().unwrap(), LegalClass::CboNonhipaa))
                .collect(),
            recipients_unknown: unknown,
            classes,
            purposes: purposes.iter().map(|p| p.parse::<Purpose>().unwrap()).collect(),
            actions,
            period: Period::default(),
        },
    )
}

proptest! {
    /// Adding a deny never turns a denial into a permit; revoking any Grant neither.
    #[test]
    fn denying_and_revoking_are_monotone(
        rules in prop::collection::vec(any_rule(), 0..5),
        deny in any_rule(),
        split in any::<bool>(),
    ) {
        let mut world = base();
        world.needs = vec!["food-insecurity", "homelessness"];
        world.drafts = if split {
            rules.iter().enumerate().map(|(n, r)| draft(&format!("c{n}"), vec![r.clone()])).collect()
        } else {
            vec![draft("c0", rules)]
        };
        let before = ask(&world);
        let mut with_deny = world.clone();
        let deny = Rule { effect: Effect::Deny, ..deny };
        with_deny.drafts.push(draft("deny", vec![deny]));
        if let Ok(after) = ask(&with_deny) {
            let before = before.clone().expect("a deny gave a permit");
            let kept: BTreeSet<_> = after.classes().iter().collect();
            prop_assert!(kept.is_subset(&before.classes().iter().collect()));
        }
        for n in 0..world.drafts.len() {
            let mut revoked = world.clone();
            revoked.drafts[n].state = GrantState::Revoked;
            let had_deny = world.drafts[n].rules.iter().any(|r| r.effect == Effect::Deny);
            if before.is_err() && !had_deny {
                prop_assert!(ask(&revoked).is_err());
            }
        }
    }
}
