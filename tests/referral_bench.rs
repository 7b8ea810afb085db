//! The path of one referral over real sockets, and consent's share of it: the time of its release
//! decisions, measured in the same run, over the time of the whole.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;

use std::collections::BTreeMap;
use std::time::Instant;

use harness::{Gateway, Referral};
use loopgate_consent::{
    Action, Ask, Caller, Claim, DataClass, Dated, Detail, Effect, FieldGroup, GrantDraft,
    GrantEvent, GrantState, Grants, Health, Item, LegalClass, Period, Policy, Rule, Template,
    Terms, Token, release,
};
use loopgate_referral::{PersonId, Timestamp};
use loopgate_server::partner::{Partner, Role};

const REFERRALS: usize = 100;
/// Of a referral that is handed in, listed, read and accepted: one when it is placed; for the list one
/// for the row, one for the page, one when it is recorded; for the read one, and one when it is recorded.
const DECISIONS: u32 = 6;

fn main() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut times: Vec<u128> = (0..REFERRALS)
        .map(|n| {
            let mut bundle = Referral::food().bundle();
            let number = format!("bench-{n}");
            bundle["entry"][0]["resource"]["identifier"][0]["value"] = number.clone().into();
            bundle["entry"][3]["resource"]["identifier"][0]["value"] = number.into();
            let begun = Instant::now();
            clinic.post("/fhir", &bundle).expect(200);
            let id = pantry.inbox().pop().unwrap()["referral_id"].as_str().unwrap().to_owned();
            pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200);
            let accepted = serde_json::json!({ "reason": { "code": "no-capacity", "text": "x" } });
            pantry.act(&id, "decline", &accepted).expect(200);
            begun.elapsed().as_nanos()
        })
        .collect();
    gateway.stop();
    times.sort_unstable();
    let (p50, p99) = (times[REFERRALS / 2], times[REFERRALS - 2]);
    let decision = decision();
    let share = decision * f64::from(DECISIONS) / p50 as f64 * 100.0;
    println!("one referral handed in, listed, read, answered: p50 {p50} ns, p99 {p99} ns");
    println!(
        "one release decision: {decision:.0} ns; {DECISIONS} of them are {share:.3} % of the path"
    );
}

/// The mean time of a decision like those, ns.
fn decision() -> f64 {
    const RUNS: u32 = 100_000;
    let person = PersonId::from_random([1; 16]);
    let tenant = "community".parse().unwrap();
    let party = |name: &str, role, legal| {
        let mut partner = Partner::new(name.parse().unwrap(), role);
        partner.legal = legal;
        let mut party = partner.party(&tenant);
        party.agreement_ends = Some(Timestamp(1_000));
        party
    };
    let from = party("clinic-b", Role::Source, LegalClass::Ce);
    let to = party("pantry", Role::Target, LegalClass::CboNonhipaa);
    let mut grants = Grants::default();
    let rule = Rule {
        recipients: vec![(to.org.clone(), to.legal)],
        classes: vec![DataClass::Food],
        purposes: to.purpose.iter().cloned().collect(),
        actions: Action::ALL.to_vec(),
        period: Period { start: None, end: Some(Timestamp(100)) },
        ..Rule::of(Effect::Permit)
    };
    let says = GrantDraft {
        consent: "Consent/1".parse().unwrap(),
        person,
        state: GrantState::Active,
        disclosers: vec![from.org.clone()],
        rules: vec![rule],
        signed: Some(Timestamp(5)),
        consent_sha256: [7; 32],
        terms: Terms::default(),
    };
    grants.evolve(&GrantEvent::Given { says });
    let groups = [FieldGroup::Need, FieldGroup::Identity].into_iter().collect();
    let template = Template { id: "food".into(), version: 1, groups };
    let policy = Policy::of(BTreeMap::from([(DataClass::Food, template)]));
    let item = |resource: &str, needs: &[&str], must| Item {
        resource: resource.parse().unwrap(),
        person: Some(person),
        needs: needs.iter().map(|need| need.parse().unwrap()).collect(),
        labels: Vec::new(),
        dated: Dated::Timeless,
        must,
    };
    let items =
        [item("ServiceRequest/1", &["food-insecurity"], true), item("Patient/1", &[], true)];
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
        person,
        items: &items,
        claim,
        purpose: to.purpose.as_ref(),
        at: Timestamp(50),
    };
    let begun = Instant::now();
    let permitted = (0..RUNS).filter(|_| release(&ask, grants.of(person), &policy).is_ok()).count();
    assert_eq!(permitted, RUNS as usize);
    begun.elapsed().as_nanos() as f64 / f64::from(RUNS)
}
