//! Laws of decide and evolve.

use proptest::prelude::*;

use super::*;
use crate::{NeedCode, PersonId, ReferralId, Timestamp};

pub(crate) fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

fn resource(kind: &str, id: &str) -> ResourceId {
    ResourceId::of(kind, id).unwrap()
}

pub(crate) fn why(code: &str) -> StatusReason {
    StatusReason::new(code, "because").unwrap()
}

pub(crate) fn plc() -> PlacementId {
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

pub(crate) fn run(referral: Referral, actor: Actor, command: Command) -> (Referral, Vec<Event>) {
    let events = decide(&referral, &actor, command).unwrap();
    let step = |state, event: &Event| Referral::evolve(Some(state), event, Timestamp(2));
    let state = events.iter().try_fold(referral, step);
    (state.unwrap(), events)
}

pub(crate) fn placed() -> Referral {
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
        run(placed(), Actor::Target(org("pantry")), Command::Serve(plc(), vec![outcome()]));
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
    let (referral, _) = run(referral, pantry(), Command::Serve(plc(), vec![outcome()]));
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
    let id = prop_oneof![9 => Just(plc()), 1 => Just(PlacementId::from_random([9; 16]))];
    let by_target = (id, 0..17u8).prop_map(|(p, n)| match n {
        0 => Command::Target(p, TargetMove::Accept),
        1 => Command::Target(p, TargetMove::Reject { why: why("b") }),
        2 => Command::Target(p, TargetMove::Start),
        3 => Command::Target(p, TargetMove::Hold { why: why("c") }),
        4 => Command::Target(p, TargetMove::Complete),
        5 => Command::Target(p, TargetMove::Fail { why: why("d") }),
        6 => Command::Target(p, TargetMove::Withdraw { why: why("w") }),
        7 => Command::Book(p, Appointment { start: Timestamp(5), place: None }),
        8 => Command::CancelAppointment(p),
        9 => Command::NoShow(p),
        10 => Command::Note(p, "a note".into()),
        11 => Command::Serve(p, vec![outcome()]),
        12 => Command::Correct(p, vec![outcome()]),
        13 => Command::AgreeCancel(p),
        14 => Command::RefuseCancel(p, why("r")),
        15 => Command::Delivered(p, 0),
        _ => Command::TargetTold(p, 1),
    });
    let by_others = (0..10u8, 0..9u64).prop_map(|(n, version)| match n {
        0 => Command::Source(SourceMove::Cancel { why: why("a") }),
        1 => Command::Source(SourceMove::AskToCancel { why: why("a") }),
        2 => Command::Source(SourceMove::EnterInError),
        3 => Command::Amend { contact_prohibited: version % 2 == 0 },
        4 => Command::Hold(HeldWhy("C9".into())),
        5 => Command::Resume,
        6 => Command::Refuse(why("e")),
        7 => Command::Told(version),
        8 => Command::TellAgain(Timestamp(2)),
        _ => Command::Place {
            placement: plc(),
            task: resource("Task", "ours"),
            request: resource("ServiceRequest", "ours"),
        },
    });
    prop_oneof![3 => by_target, 2 => by_others]
}

/// Whoever it is of, or anybody.
fn any_act() -> impl Strategy<Value = (Actor, Command, Option<i64>)> {
    let actor = prop_oneof![
        Just(Actor::Source(org("clinic-b"))),
        Just(Actor::Source(org("hospital-a"))),
        Just(Actor::Target(org("pantry"))),
        Just(Actor::Target(org("shelter"))),
        Just(Actor::Gateway),
    ];
    let happened = prop_oneof![3 => Just(None), 1 => (-5..50i64).prop_map(Some)];
    (any_command(), actor, 0..10u8, happened).prop_map(|(command, any, fits, happened)| {
        let own = match &command {
            Command::Source(_) | Command::Amend { .. } => Actor::Source(org("clinic-b")),
            command if command.by_target().is_some() => Actor::Target(org("pantry")),
            _ => Actor::Gateway,
        };
        (if fits == 0 { any } else { own }, command, happened)
    })
}

/// The edges of SDOHCC's diagram, and that a step may leave a status as it is.
fn is_edge(from: TaskStatus, to: TaskStatus) -> bool {
    use TaskStatus::{
        Accepted, Cancelled, Completed, EnteredInError, Failed, InProgress, OnHold, Rejected,
        Requested,
    };
    let drawn = match from {
        Requested => matches!(to, Accepted | Rejected | Cancelled),
        Accepted => matches!(to, InProgress | OnHold | Cancelled | Completed | Failed),
        InProgress => matches!(to, OnHold | Cancelled | Completed | Failed),
        OnHold => matches!(to, InProgress | Cancelled | Completed | Failed),
        _ => false,
    };
    from == to || to == EnteredInError || drawn
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever is asked in whatever order, late or not: each event takes an edge of the diagram, the
    /// mirror holds, an end stays, what is told and to be told is in order, and what was refused
    /// changed nothing.
    #[test]
    fn whatever_is_asked_every_edge_is_drawn(acts in prop::collection::vec(any_act(), 0..60)) {
        let mut referral = received();
        for (n, (actor, command, happened)) in (2..).zip(acts) {
            let before = referral.clone();
            let late = happened.map(Timestamp);
            let Ok(events) = decide_at(&referral, &actor, command.clone(), late) else { continue };
            prop_assert!(!events.is_empty());
            for event in &events {
                let from = referral.state.status();
                let placed = referral.placements.first().map(|one| one.state.status());
                referral = Referral::evolve(Some(referral), event, Timestamp(n)).unwrap();
                let to = referral.state.status();
                prop_assert!(is_edge(from, to), "{from:?} to {to:?} by {event:?}");
                let now = referral.placements.first().map(|one| one.state.status());
                prop_assert!(placed.zip(now).is_none_or(|(from, to)| is_edge(from, to)), "{event:?}");
                holds(&referral)?;
            }
            let grew = referral.version > before.version;
            match events[0] {
                Event::CameLate { .. }
                | Event::Delivered { .. }
                | Event::SourceTold { .. }
                | Event::SourceToBeToldAgain { .. }
                | Event::TargetTold { .. } => prop_assert!(!grew),
                // It shows to its source if that was told to wait.
                Event::Placed { .. } => {}
                _ => prop_assert!(grew),
            }
            if before.state.is_final() {
                let status = referral.state.status();
                prop_assert!(status == before.state.status() || status == TaskStatus::EnteredInError);
            }
        }
    }
}

fn holds(referral: &Referral) -> Result<(), TestCaseError> {
    let told: Vec<u64> = referral.news.iter().map(|news| news.version).collect();
    prop_assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
    prop_assert!(told.first().is_none_or(|first| *first > referral.told), "{told:?}");
    let Some(placement) = referral.placements.first() else { return Ok(()) };
    let pair = (referral.state.status(), placement.state.status());
    let mirrored = pair.0 == pair.1 || pair == (TaskStatus::Rejected, TaskStatus::Cancelled);
    prop_assert!(mirrored, "{pair:?}");
    let due: Vec<u64> = placement.due.iter().map(|news| news.version).collect();
    prop_assert!(due.is_sorted_by(|a, b| a < b) && due.len() <= 4, "{due:?}");
    prop_assert!(due.first().is_none_or(|first| *first > placement.told), "{due:?}");
    prop_assert!(placement.cancel_asked.is_none() || !placement.state.is_final());
    Ok(())
}

#[test]
fn a_clock_that_is_ahead_makes_nothing_late() {
    let pantry = Actor::Target(org("pantry"));
    let book = Command::Book(plc(), Appointment { start: Timestamp(5), place: None });
    let ahead = Some(Timestamp(1_000_000));
    let events = decide_at(&placed(), &pantry, book, ahead).unwrap();
    let step = |state, event: &Event| Referral::evolve(Some(state), event, Timestamp(100));
    let booked = events.iter().try_fold(placed(), step).unwrap();
    let then = Some(Timestamp(101));
    let events = decide_at(&booked, &pantry, Command::NoShow(plc()), then).unwrap();
    assert!(matches!(events[..], [Event::NoShow { happened: Some(Timestamp(101)), .. }]));
}
