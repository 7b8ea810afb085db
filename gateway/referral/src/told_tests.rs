//! What each side is told, when, and when again.

use crate::decide::tests::{org, placed, plc, run, why};
use crate::{
    Actor, Appointment, Command, Event, Illegal, Referral, Says, SourceMove, TargetMove,
    TargetNews, TargetSays, TaskStatus, Timestamp, decide,
};

#[test]
fn what_the_source_was_told_it_can_be_told_again() {
    let pantry = || Actor::Target(org("pantry"));
    let at = |referral: Referral, actor: Actor, command, ms| {
        let events = decide(&referral, &actor, command).unwrap();
        let step = |state, event: &Event| Referral::evolve(Some(state), event, Timestamp(ms));
        events.iter().try_fold(referral, step).unwrap()
    };
    let book = |start| Command::Book(plc(), Appointment { start: Timestamp(start), place: None });
    let referral = at(placed(), pantry(), Command::Target(plc(), TargetMove::Accept), 100);
    let referral = at(referral, pantry(), book(10), 200);
    let referral = at(referral, pantry(), Command::NoShow(plc()), 300);
    let newest = referral.version;
    let told = at(referral, Actor::Gateway, Command::Told(newest), 400);
    assert_eq!((told.news.len(), told.said.len(), told.told), (0, 3, newest));
    // From the appointment on; a new thing is told after them.
    let again = at(told, Actor::Gateway, Command::TellAgain(Timestamp(200)), 500);
    let again = at(again, pantry(), book(20), 600);
    let times: Vec<i64> = again.news.iter().map(|news| news.at.0).collect();
    assert_eq!(times, [200, 300, 600]);
    assert_eq!(again.told, again.news[0].version - 1);
    // Nothing that old is there a second time, until it is told.
    let once_more = Command::TellAgain(Timestamp(200));
    assert_eq!(decide(&again, &Actor::Gateway, once_more), Err(Illegal::NoSuchEdge));
    // A month later what was told long ago is forgotten.
    let newest = again.version;
    let month = Timestamp(0).plus_days(30).0;
    let told = at(again, Actor::Gateway, Command::Told(newest), month + 300);
    let times: Vec<i64> = told.said.iter().map(|news| news.at.0).collect();
    assert_eq!(times, [300, 600]);
}

#[test]
fn no_more_than_the_newest_is_remembered_of_what_was_told() {
    let mut referral = placed();
    for n in 0..100 {
        let note = Command::Note(plc(), n.to_string());
        referral = run(referral, Actor::Target(org("pantry")), note).0;
    }
    let newest = referral.version;
    let told = run(referral, Actor::Gateway, Command::Told(newest)).0;
    assert_eq!(told.said.len(), 64);
    assert_eq!(told.said.last().unwrap().version, newest);
}

#[test]
fn a_delivery_tells_what_it_was_made_of_and_what_changed_meanwhile_is_told_after_it() {
    let says = |referral: &Referral| -> Vec<TargetSays> {
        referral.placements[0].due.iter().map(|news| news.says.clone()).collect()
    };
    let amend = || Command::Amend { contact_prohibited: true };
    let source = || Actor::Source(org("clinic-b"));
    let delivered = run(placed(), Actor::Gateway, Command::Delivered(plc(), 0)).0;
    assert_eq!(says(&delivered), []);
    let amended = run(delivered, source(), amend()).0;
    assert_eq!(says(&amended), [TargetSays::Amended]);
    // It was on its way when its source amended it.
    let amended = run(placed(), source(), amend()).0;
    let delivered = run(amended.clone(), Actor::Gateway, Command::Delivered(plc(), 0)).0;
    assert_eq!(says(&delivered), [TargetSays::Amended]);
    // As it is by then.
    let now = amended.placements[0].amended;
    assert_eq!(says(&run(amended, Actor::Gateway, Command::Delivered(plc(), now)).0), []);
}

#[test]
fn what_a_target_is_told_and_when_it_is_not() {
    let says = |referral: &Referral| -> Vec<TargetSays> {
        referral.placements[0].due.iter().map(|news| news.says.clone()).collect()
    };
    let source = || Actor::Source(org("clinic-b"));
    let told = |referral: Referral| {
        let version = referral.placements[0].version;
        run(referral, Actor::Gateway, Command::TargetTold(plc(), version)).0
    };
    let ask = || Command::Source(SourceMove::AskToCancel { why: why("moved") });
    let amend = || Command::Amend { contact_prohibited: true };
    assert_eq!(says(&placed()), [TargetSays::Placed]);
    // What it has not been told it is told as it is by then.
    let amended = run(placed(), source(), amend()).0;
    assert_eq!(says(&amended), [TargetSays::Placed]);
    // Who was never told is not told that it is off.
    assert_eq!(says(&run(placed(), source(), ask()).0), []);
    let known = told(placed());
    assert_eq!(says(&known), []);
    let off = run(known.clone(), source(), ask()).0;
    assert_eq!(says(&off), [TargetSays::Cancelled(why("moved"))]);
    let accepted =
        run(known, Actor::Target(org("pantry")), Command::Target(plc(), TargetMove::Accept)).0;
    let asked = run(accepted, source(), ask()).0;
    let twice = run(run(asked, source(), amend()).0, source(), amend()).0;
    assert_eq!(says(&twice), [TargetSays::CancelAsked(why("moved")), TargetSays::Amended]);
    assert_eq!(says(&told(twice.clone())), []);
    let error = run(told(twice), source(), Command::Source(SourceMove::EnterInError)).0;
    assert_eq!(says(&error), [TargetSays::EnteredInError]);
}

#[test]
fn a_target_that_was_told_while_it_was_called_off_learns_that_too() {
    let cancel = Command::Source(SourceMove::Cancel { why: why("moved") });
    let off = run(placed(), Actor::Source(org("clinic-b")), cancel).0;
    // The message with the referral was under way, and was taken.
    let told = run(off, Actor::Gateway, Command::TargetTold(plc(), 1)).0;
    assert!(matches!(
        told.placements[0].due[..],
        [TargetNews { says: TargetSays::Cancelled(_), .. }]
    ));
}

#[test]
fn what_was_pushed_is_pushed_again_when_it_is_amended_before_an_answer() {
    let amend = || Command::Amend { contact_prohibited: false };
    let source = || Actor::Source(org("clinic-b"));
    let pushed = run(placed(), Actor::Gateway, Command::Delivered(plc(), 0)).0;
    let first = pushed.placements[0].delivery_key();
    let amended = run(pushed, source(), amend()).0;
    let placement = &amended.placements[0];
    assert!(!placement.delivered);
    assert_ne!(placement.delivery_key(), first);
    // The older delivery, taken late, is not this one.
    let version = placement.amended;
    let late = run(amended, Actor::Gateway, Command::Delivered(plc(), 0)).0;
    assert!(!late.placements[0].delivered);
    let due = |referral: &Referral| referral.placements[0].due.clone();
    assert!(matches!(due(&late)[..], [TargetNews { says: TargetSays::Amended, .. }]));
    let taken = run(late, Actor::Gateway, Command::Delivered(plc(), version)).0;
    assert!(taken.placements[0].delivered && due(&taken).is_empty());
    // Once it is answered, nothing is pushed: the target reads what is new.
    let accept = Command::Target(plc(), TargetMove::Accept);
    let accepted = run(taken, Actor::Target(org("pantry")), accept).0;
    assert!(run(accepted, source(), amend()).0.placements[0].delivered);
}

#[test]
fn what_was_amended_while_it_was_pushed_is_pushed_again() {
    let source = || Actor::Source(org("clinic-b"));
    let amended = run(placed(), source(), Command::Amend { contact_prohibited: true }).0;
    let version = amended.placements[0].amended;
    // What was placed is under way, and is taken late.
    let late = run(amended, Actor::Gateway, Command::Delivered(plc(), 0)).0;
    let [news] = &late.placements[0].due[..] else { panic!("{:?}", late.placements[0].due) };
    assert_eq!((&news.says, news.version), (&TargetSays::Amended, version));
    // It was called off meanwhile: who was told of it learns that too.
    let cancel = Command::Source(SourceMove::Cancel { why: why("moved") });
    let off = run(placed(), source(), cancel).0;
    let late = run(off, Actor::Gateway, Command::Delivered(plc(), 0)).0;
    let [news] = &late.placements[0].due[..] else { panic!("{:?}", late.placements[0].due) };
    assert!(matches!(news.says, TargetSays::Cancelled(_)));
}

#[test]
fn a_request_to_cancel_is_answered_and_told() {
    let pantry = || Actor::Target(org("pantry"));
    let accept = Command::Target(plc(), TargetMove::Accept);
    let accepted = run(placed(), pantry(), accept).0;
    let ask = Command::Source(SourceMove::AskToCancel { why: why("moved") });
    let asked = run(accepted, Actor::Source(org("clinic-b")), ask).0;
    assert_eq!(asked.business(), Some("cancellation requested"));
    assert_eq!(asked.state.status(), TaskStatus::Accepted);
    assert_eq!(asked.reason, None);
    let says = |referral: &Referral| referral.news.last().unwrap().says.clone();
    let refused = run(asked.clone(), pantry(), Command::RefuseCancel(plc(), why("begun"))).0;
    assert_eq!((refused.business(), refused.state.status()), (None, TaskStatus::Accepted));
    assert_eq!(says(&refused), Says::CancelRefused(why("begun")));
    let agreed = run(asked.clone(), pantry(), Command::AgreeCancel(plc())).0;
    // The source's reason, which its target does not read.
    assert_eq!(says(&agreed), Says::Cancelled(why("moved")));
    assert_eq!((&agreed.reason, &agreed.placements[0].reason), (&Some(why("moved")), &None));
    assert!(agreed.news.last().unwrap().from_target && agreed.has_news());
    assert!(!agreed.is_called_off());
    let given_back = TargetMove::Withdraw { why: why("fire") };
    let given_back = run(asked, pantry(), Command::Target(plc(), given_back)).0;
    assert_eq!(says(&given_back), Says::GivenBack(why("fire")));
    assert_eq!(given_back.placements[0].reason, Some(why("fire")));
}
