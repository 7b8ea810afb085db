//! What a message does to a referral is one frame with it, once.

use std::path::PathBuf;

use loopgate_referral::{
    Event as ReferralEvent, OrgId, ReferralId, SourceMove, StatusReason, TargetMove, TargetSays,
    TaskStatus, Timestamp,
};
use serde_json::json;

use super::tests::{MARIA, deployment, open_at, request, world};
use super::*;
use crate::archive::Kept;
use crate::journal::{Body, Event};
use crate::refusal::{Kind, Trouble};
use crate::run;
use crate::scribe::{Act, Acted, HearOnly, Hearing, Service, Wish};

pub(super) fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

/// A message of that control id, with these words.
pub(super) fn hearing(control: &str, words: &str) -> Hearing {
    use sha2::{Digest, Sha256};
    Hearing {
        sequence: None,
        received: words.as_bytes().to_vec(),
        content: Sha256::digest(words).into(),
        keep: true,
        ack: format!("AA {control}").into_bytes(),
        control: control.to_owned(),
        kind: "OSU^O51".to_owned(),
        version: "2.5.1".to_owned(),
        asked: false,
        not_carried: Vec::new(),
    }
}

pub(super) fn key(control: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key[..control.len()].copy_from_slice(control.as_bytes());
    key
}

pub(super) fn kind<T: std::fmt::Debug>(answer: Result<T, Trouble>) -> Kind {
    match answer.unwrap_err() {
        Trouble::Refused(refusal) => refusal.kind,
        Trouble::Outage => panic!("an outage"),
    }
}

/// Acts by a message, written at that time.
pub(super) fn by_message(
    live: &Deployment,
    (who, referral): (&str, ReferralId),
    (control, words): (&str, &str),
    happened: Option<i64>,
    wish: Wish,
) -> Result<Acted, Trouble> {
    let act = Act {
        org: org(who),
        request: key(control),
        once: true,
        transport: "mllp",
        referral,
        if_match: None,
        happened: happened.map(Timestamp),
        message: Some(hearing(control, words)),
        wish,
    };
    live.gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply))
}

pub(super) fn why(text: &str) -> StatusReason {
    StatusReason::new("because", text).unwrap()
}

/// What was recorded since so many entries.
pub(super) fn since(live: &Deployment, leaves: u64) -> Vec<Event> {
    let rows: Vec<_> = {
        let catalogue = live.gate.scribe.published().catalogue();
        (leaves..catalogue.len()).filter_map(|index| catalogue.row(index)).collect()
    };
    let bodies = live.gate.archive.entries(&rows).unwrap();
    let event = |body| match body {
        Kept::Here(Body { event, .. }) => event,
        Kept::Erased { .. } => panic!("erased"),
    };
    bodies.into_iter().map(event).collect()
}

pub(super) fn kinds(live: &Deployment, leaves: u64) -> Vec<&'static str> {
    since(live, leaves).iter().map(crate::fields::kind).collect()
}

/// A deployment with Maria's two referrals; the pantry's is named.
pub(super) fn placed(dir: &Path) -> (PathBuf, Deployment, ReferralId) {
    let root = deployment(dir);
    let live = open_at(&root);
    super::tests::submitted(&live.gate, &org("clinic-b"), &request(MARIA)).unwrap();
    let referral = *world(&live).by_org[&org("pantry")].first().unwrap();
    (root, live, referral)
}

/// What is known after a restart is what was known before.
pub(super) fn replays(root: &Path, live: Deployment) {
    let before = world(&live);
    run::finish(live).unwrap();
    let replayed = open_at(root);
    assert!(before == world(&replayed), "the replayed world is another one");
    run::finish(replayed).unwrap();
}

#[test]
fn a_message_and_what_it_did_are_one_frame_once() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let pantry = ("pantry", referral);
    let accept = || Wish::Target(TargetMove::Accept);
    let before = world(&live);
    let first = by_message(&live, pantry, ("M1", "accepts"), None, accept()).unwrap();
    assert_eq!(first.status, TaskStatus::Accepted);
    assert_eq!(kinds(&live, before.leaves), ["referral.accepted", "message.heard"]);
    assert_eq!(world(&live).frames, before.frames + 1);
    // It is in the referral's chain, and under the person's key.
    let heard = since(&live, before.leaves + 1).remove(0);
    let Event::Heard { about, person, referrals, .. } = &heard else { panic!("{heard:?}") };
    assert_eq!((about.as_slice(), referrals.as_slice()), (&[referral][..], &[][..]));
    assert_eq!(*person, before.referrals[&referral].persons.first().copied());

    // The very same message: nothing more. Another that says the same: that it was heard.
    let after = world(&live);
    let again = by_message(&live, pantry, ("M1", "accepts"), None, accept()).unwrap();
    assert_eq!((again, world(&live).leaves), (first.clone(), after.leaves));
    let other = by_message(&live, pantry, ("M2", "accepts"), None, accept()).unwrap();
    assert_eq!((other, kinds(&live, after.leaves)), (first, vec!["message.heard"]));
    let reused = by_message(&live, pantry, ("M1", "declines"), None, accept());
    assert_eq!(kind(reused), Kind::ReusedKey);

    // What it may not do leaves nothing, not even that it was heard.
    let before = world(&live).leaves;
    let decline = Wish::Target(TargetMove::Reject { why: why("full") });
    assert_eq!(kind(by_message(&live, pantry, ("M3", "no"), None, decline)), Kind::IllegalMove);
    let long = Wish::Note("x".repeat(1001));
    assert_eq!(kind(by_message(&live, pantry, ("M4", "note"), None, long)), Kind::Invalid);
    let strange = ("housing", referral);
    assert_eq!(kind(by_message(&live, strange, ("M5", "yes"), None, accept())), Kind::NotFound);
    assert_eq!(world(&live).leaves, before);
    replays(&root, live);
}

#[test]
fn what_came_late_is_recorded_and_what_is_told_again_is_corrected() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let pantry = ("pantry", referral);
    let hour = |n: i64| Some(1_700_000_000_000 + n * 3_600_000);
    by_message(&live, pantry, ("M1", "missed"), hour(3), Wish::NoShow).unwrap();
    let before = world(&live).leaves;
    let booking = Wish::Book(loopgate_referral::Appointment { start: Timestamp(1), place: None });
    let late = by_message(&live, pantry, ("M2", "booked"), hour(2), booking).unwrap();
    assert_eq!(late.status, TaskStatus::InProgress);
    assert_eq!(kinds(&live, before), ["referral.came-late", "message.heard"]);
    assert_eq!(live.gate.referral(&referral).unwrap().placements[0].appointment, None);

    let served = |text: &str| {
        let service = Service { code: None, text: text.into(), performed: None };
        Wish::Serve { services: vec![service] }
    };
    by_message(&live, pantry, ("M3", "box"), hour(4), served("A box")).unwrap();
    let first =
        live.gate.referral(&referral).unwrap().placements[0].given().next().cloned().unwrap();
    let before = world(&live).leaves;
    let again = by_message(&live, pantry, ("M4", "two"), hour(5), served("Two boxes")).unwrap();
    assert_eq!(again.status, TaskStatus::Completed);
    assert_eq!(kinds(&live, before), ["referral.outcome-corrected", "message.heard"]);
    let now = live.gate.referral(&referral).unwrap().placements[0].given().next().cloned().unwrap();
    assert_eq!((now.text.as_str(), now.procedure), ("Two boxes", first.procedure));
    // One that was written before both corrects nothing.
    let before = world(&live).leaves;
    by_message(&live, pantry, ("M5", "old"), hour(4), served("An older box")).unwrap();
    assert_eq!(kinds(&live, before), ["referral.came-late", "message.heard"]);
    let now = live.gate.referral(&referral).unwrap().placements[0].given().next().cloned().unwrap();
    assert_eq!(now.text, "Two boxes");
    replays(&root, live);
}

#[test]
fn a_source_asks_to_cancel_and_both_sides_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let (clinic, pantry) = (("clinic-b", referral), ("pantry", referral));
    let told = |version| {
        let placement = live.gate.referral(&referral).unwrap().placements[0].id;
        let command = |reply| Command::TargetTold(referral, placement, version, reply);
        live.gate.scribe.ask_blocking(command).unwrap();
    };
    let due = || live.gate.referral(&referral).unwrap().placements[0].due.clone();
    told(1);
    assert_eq!(due(), []);
    by_message(&live, pantry, ("M1", "yes"), None, Wish::Target(TargetMove::Accept)).unwrap();
    let ask = || Wish::Source(SourceMove::AskToCancel { why: why("She moved away") });
    let before = world(&live).leaves;
    let asked = by_message(&live, clinic, ("C1", "stop"), None, ask()).unwrap();
    assert_eq!(asked.status, TaskStatus::Accepted);
    assert_eq!(kinds(&live, before), ["referral.cancel-requested", "message.heard"]);
    let news = due();
    assert!(
        matches!(&news[..], [one] if one.says == TargetSays::CancelAsked(why("She moved away")))
    );
    told(news[0].version);
    told(news[0].version);
    assert_eq!(due(), []);
    // Asked again before it is answered, it is the same question.
    let before = world(&live).leaves;
    by_message(&live, clinic, ("C2", "stop, please"), None, ask()).unwrap();
    assert_eq!(kinds(&live, before), ["message.heard"]);
    let agreed = by_message(&live, pantry, ("M2", "stops"), None, Wish::AgreeCancel).unwrap();
    assert_eq!(agreed.status, TaskStatus::Cancelled);
    let referral_now = live.gate.referral(&referral).unwrap();
    assert_eq!(referral_now.reason, Some(why("She moved away")));

    // The source's system took the news; an operator wants it told again.
    let version = referral_now.version;
    live.gate.scribe.ask_blocking(|reply| Command::Told(referral, version, reply)).unwrap();
    assert_eq!(live.gate.referral(&referral).unwrap().news, []);
    let again = |from: Timestamp| {
        let who = "ops".to_owned();
        let command = |reply| Command::TellAgain(org("clinic-b"), from, who, reply);
        live.gate.scribe.ask_blocking(command).unwrap()
    };
    assert_eq!(again(Timestamp(i64::MAX)), 0);
    assert_eq!(again(Timestamp(0)), 2);
    assert_eq!(again(Timestamp(0)), 0);
    assert_eq!(live.gate.referral(&referral).unwrap().news.len(), 2);
    replays(&root, live);
}

#[test]
fn a_message_without_effect_is_remembered_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, _) = placed(dir.path());
    let hear = |control: &str, words: &str| {
        let message = Hearing { keep: false, ..hearing(control, words) };
        let heard = HearOnly { org: org("clinic-b"), request: key(control), message };
        live.gate.scribe.ask_blocking(|reply| Command::Hear(Box::new(heard), reply))
    };
    let before = world(&live).leaves;
    hear("L1", "a lab order").unwrap();
    hear("L1", "a lab order").unwrap();
    assert_eq!(kinds(&live, before), ["message.heard"]);
    assert_eq!(kind(hear("L1", "another")), Kind::ReusedKey);
    let heard = world(&live).heard[&(org("clinic-b"), key("L1"))].clone();
    let read = |at| match live.gate.archive.document(at).unwrap() {
        Kept::Here(bytes) => bytes,
        Kept::Erased { .. } => panic!("erased"),
    };
    assert_eq!(read(heard.ack), b"AA L1");
    assert_eq!(read(crate::fold::Locator { doc: 0, ..heard.ack }), b"");
    replays(&root, live);
}

#[test]
fn a_late_fact_says_when_it_happened_in_what_is_committed() {
    let fact = ReferralEvent::NoShow {
        placement: loopgate_referral::PlacementId::from_random([1; 16]),
        happened: Some(Timestamp(7)),
    };
    // An older build wrote none, and it still reads.
    let written = serde_json::to_value(&fact).unwrap();
    assert_eq!(written["happened"], 7);
    let mut old = written.clone();
    old.as_object_mut().unwrap().remove("happened");
    let read: ReferralEvent = serde_json::from_value(old).unwrap();
    assert!(matches!(read, ReferralEvent::NoShow { happened: None, .. }));
    let old = json!({ "what": "cancel-requested" });
    assert!(serde_json::from_value::<ReferralEvent>(old).is_ok());
    let placement = "plc_01010101010101010101010101010101";
    let old = json!({ "what": "delivered", "placement": placement });
    assert!(serde_json::from_value::<ReferralEvent>(old).is_ok());
    let zeros = "00".repeat(32);
    let old = json!({
        "event": "heard", "org": "clinic-b", "person": null, "key": zeros, "content": zeros,
        "control": "1", "asked": false, "referrals": [], "not_carried": [],
    });
    let Event::Heard { kind, kept, version, .. } = serde_json::from_value(old).unwrap() else {
        panic!("it is a message")
    };
    assert_eq!((kind.as_str(), version.as_str(), kept), ("REF^I12", "", true));
}
