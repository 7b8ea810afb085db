//! Laws of decide and evolve.

use proptest::prelude::*;

use super::*;
use crate::{NeedCode, PersonId, ReferralId, Timestamp};

fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

fn resource(kind: &str, id: &str) -> ResourceId {
    ResourceId::of(kind, id).unwrap()
}

fn why(code: &str) -> StatusReason {
    StatusReason::new(code, "because").unwrap()
}

fn plc() -> PlacementId {
    PlacementId::from_random([7; 16])
}

fn received() -> Referral {
    let event = Event::Received {
        referral: ReferralId::from_random([1; 16]),
        source: org("clinic-b"),
        owner: org("pantry"),
        persons: vec![PersonId::from_random([2; 16])],
        needs: vec!["food-insecurity".parse::<NeedCode>().unwrap()],
        contact_prohibited: false,
        task: resource("Task", "t"),
        request: resource("ServiceRequest", "s"),
    };
    Referral::evolve(None, &event, Timestamp(1)).unwrap()
}

fn run(referral: Referral, actor: Actor, command: Command) -> (Referral, Vec<Event>) {
    let events = decide(&referral, &actor, command).unwrap();
    let step = |state, event: &Event| Referral::evolve(Some(state), event, Timestamp(2));
    let state = events.iter().try_fold(referral, step);
    (state.unwrap(), events)
}

fn placed() -> Referral {
    let place = Command::Place {
        placement: plc(),
        task: resource("Task", "ours"),
        request: resource("ServiceRequest", "ours"),
    };
    run(received(), Actor::Gateway, place).0
}

fn outcome() -> Outcome {
    Outcome {
        procedure: resource("Procedure", "p"),
        code: None,
        text: "food box".into(),
        performed: Timestamp(3),
    }
}

#[test]
fn served_while_requested_infers_the_acceptance() {
    let (referral, events) =
        run(placed(), Actor::Target(org("pantry")), Command::Serve(plc(), outcome()));
    assert_eq!(referral.state.status(), TaskStatus::Completed);
    assert_eq!(referral.placements[0].state.status(), TaskStatus::Completed);
    assert!(matches!(
        events[0],
        Event::TargetMoved { step: TargetMove::Accept, inferred: true, .. }
    ));
    assert!(matches!(
        events[2],
        Event::TargetMoved { step: TargetMove::Complete, inferred: false, .. }
    ));
}

#[test]
fn a_missed_appointment_does_not_end_the_loop() {
    let pantry = || Actor::Target(org("pantry"));
    let at = |start| Appointment { start: Timestamp(start), place: None };
    let (referral, _) = run(placed(), pantry(), Command::Book(plc(), at(10)));
    let (referral, _) = run(referral, pantry(), Command::NoShow(plc()));
    assert_eq!(referral.state.status(), TaskStatus::InProgress);
    assert_eq!(referral.business(), Some("appointment missed"));
    let (referral, _) = run(referral, pantry(), Command::Book(plc(), at(20)));
    assert_eq!(referral.business(), Some("appointment scheduled"));
    let (referral, _) = run(referral, pantry(), Command::Serve(plc(), outcome()));
    assert_eq!(referral.state.status(), TaskStatus::Completed);
}

#[test]
fn a_source_cannot_accept_and_a_target_cannot_cancel() {
    let referral = placed();
    let accept = Command::Target(plc(), TargetMove::Accept);
    assert_eq!(
        decide(&referral, &Actor::Source(org("clinic-b")), accept.clone()),
        Err(Illegal::NotYourAct)
    );
    let cancel = Command::Source(SourceMove::Cancel { why: why("changed") });
    assert_eq!(
        decide(&referral, &Actor::Target(org("pantry")), cancel.clone()),
        Err(Illegal::NotYourAct)
    );
    assert_eq!(decide(&referral, &Actor::Target(org("shelter")), accept), Err(Illegal::NotYours));
    assert_eq!(
        decide(&referral, &Actor::Source(org("hospital-a")), cancel),
        Err(Illegal::NotYours)
    );
}

#[test]
fn a_source_that_cancels_takes_the_placement_with_it_but_not_its_reason() {
    let cancel = Command::Source(SourceMove::Cancel { why: why("changed") });
    let (referral, _) = run(placed(), Actor::Source(org("clinic-b")), cancel);
    assert_eq!(referral.placements[0].state.status(), TaskStatus::Cancelled);
    assert_eq!(referral.placements[0].reason, None);
    assert!(!referral.has_news());
}

#[test]
fn holding_ends_by_placing_or_by_refusing() {
    let (held, _) = run(received(), Actor::Gateway, Command::Hold(HeldWhy("C9".into())));
    assert_eq!(held.business(), Some("waiting for consent"));
    assert_eq!(held.state.status(), TaskStatus::Requested);
    let (refused, _) = run(held, Actor::Gateway, Command::Refuse(why("consent")));
    assert_eq!(refused.state.status(), TaskStatus::Rejected);
    assert_eq!(refused.business(), None);
}

fn any_command() -> impl Strategy<Value = Command> {
    let id = prop_oneof![Just(plc()), Just(PlacementId::from_random([9; 16]))];
    prop_oneof![
        Just(Command::Source(SourceMove::Cancel { why: why("a") })),
        Just(Command::Source(SourceMove::EnterInError)),
        id.clone().prop_map(|p| Command::Target(p, TargetMove::Accept)),
        id.clone().prop_map(|p| Command::Target(p, TargetMove::Reject { why: why("b") })),
        id.clone().prop_map(|p| Command::Target(p, TargetMove::Start)),
        id.clone().prop_map(|p| Command::Target(p, TargetMove::Hold { why: why("c") })),
        id.clone().prop_map(|p| Command::Target(p, TargetMove::Complete)),
        id.clone().prop_map(|p| Command::Target(p, TargetMove::Fail { why: why("d") })),
        id.clone().prop_map(|p| Command::Book(p, Appointment { start: Timestamp(5), place: None })),
        id.clone().prop_map(Command::NoShow),
        id.clone().prop_map(|p| Command::Serve(p, outcome())),
        id.prop_map(|p| Command::Delivered(p, 0)),
        Just(Command::Hold(HeldWhy("C9".into()))),
        Just(Command::Resume),
        Just(Command::Refuse(why("e"))),
        Just(Command::Place {
            placement: plc(),
            task: resource("Task", "ours"),
            request: resource("ServiceRequest", "ours"),
        }),
    ]
}

fn any_actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        Just(Actor::Source(org("clinic-b"))),
        Just(Actor::Source(org("hospital-a"))),
        Just(Actor::Target(org("pantry"))),
        Just(Actor::Target(org("shelter"))),
        Just(Actor::Gateway),
    ]
}

proptest! {
    /// Whatever is asked in whatever order: the mirror holds, a final state stays, and what was
    /// refused changed nothing.
    #[test]
    fn the_source_task_mirrors_its_placement(steps in prop::collection::vec((any_actor(), any_command()), 0..40)) {
        let mut referral = received();
        for (actor, command) in steps {
            let before = referral.clone();
            let Ok(events) = decide(&referral, &actor, command) else { continue };
            prop_assert!(!events.is_empty());
            for event in &events {
                referral = Referral::evolve(Some(referral), event, Timestamp(2)).unwrap();
            }
            let silent = matches!(events[0], Event::Delivered { .. } | Event::Placed { .. });
            prop_assert!(silent || referral.version > before.version);
            if before.state.is_final() {
                let status = referral.state.status();
                prop_assert!(status == before.state.status() || status == TaskStatus::EnteredInError);
            }
            if let Some(placement) = referral.placements.first() {
                let pair = (referral.state.status(), placement.state.status());
                let mirrored = pair.0 == pair.1
                    || pair == (TaskStatus::Rejected, TaskStatus::Cancelled);
                prop_assert!(mirrored, "{pair:?}");
            }
        }
    }
}
