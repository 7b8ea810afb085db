//! A page leaves as it was rendered, or not at all; what it tells of one person is one entry.

use loopgate_referral::OrgId;

use super::tests::{MARIA, deployment, open_at, request, submitted, world};
use crate::egress::Way;
use crate::exit;
use crate::refusal::Trouble;

#[test]
fn what_was_rendered_under_other_permits_does_not_leave() {
    let dir = tempfile::tempdir().unwrap();
    let root = deployment(dir.path());
    let opened = open_at(&root);
    let gate = &opened.gate;
    let [clinic, pantry]: [OrgId; 2] = ["clinic-b", "pantry"].map(|name| name.parse().unwrap());
    submitted(gate, &clinic, &request(MARIA)).unwrap();
    let referral = world(&opened).referrals.into_values().find(|one| !one.placements.is_empty());
    let referral = referral.unwrap();
    let placement = &referral.placements[0];
    let asks = [exit::forward_ask(&referral, placement), exit::need_ask(&referral, placement)];
    let asks = asks.map(|ask| ask.unasked()).to_vec();
    let way = Way { to: &pantry, channel: "test", mapping: None, by: None };
    let page = |parts| gate.egress.release_page(way, parts, || Ok(b"page".to_vec()));
    let parts = gate.egress.weighed(&pantry, asks.clone()).unwrap();
    // As it was rendered for somebody else.
    let source = exit::source_ask(&referral, exit::Answer::Withheld);
    let theirs = gate.egress.weigh(&clinic, &source).unwrap();
    let mut other = parts.clone();
    other[1].1 = theirs;
    let before = world(&opened).leaves;
    assert_eq!(page(other).map(|_| ()), Err(Trouble::Outage));
    assert_eq!(world(&opened).leaves, before);
    assert!(page(parts).is_ok());
    assert_eq!(world(&opened).leaves, before + 1);
    crate::run::finish(opened).unwrap();
}
