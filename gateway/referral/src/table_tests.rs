//! Every state and every act: which edges there are. Typed by hand from SDOHCC 3.0.0's referral Task
//! diagram, from BSeR's transitions 01 to 34, named beside each edge that is one of them, and from the
//! three that BSeR's picture lets one take and its table leaves out (5.1.2 to 7, 5.1.3 to 7, 5.1.3 to 4).
//!
//! A state is written `status`, `status:business`, and with `?` while a request to cancel is open. An act
//! that is not listed in a state is refused there.

use crate::decide::tests::{org, placed, plc, why};
use crate::{
    Actor, Appointment, Business, Command, Event, Illegal, Outcome, Placement, Referral,
    ResourceId, SourceMove, TargetMove, TaskStatus, Timestamp, decide_at, knows,
};

const ACTS: [&str; 20] = [
    "accept", "decline", "start", "hold", "complete", "fail", "withdraw", "book", "unbook",
    "no-show", "note", "serve", "correct", "agree", "refuse", "cancel", "ask", "error", "amend",
    "rebook",
];

/// A state, a way there, and where each act leads from it.
type Row = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Sent (2). 04 leads to 5.2 in BSeR; SDOHCC lets a source call off what nobody has taken on.
    ("requested", &[], &[
        ("accept", "accepted"),                     // 02
        ("decline", "rejected"),                    // 03
        ("withdraw", "rejected"),                   // 03, said in other words
        ("start", "in-progress"), ("hold", "on-hold"), ("complete", "completed"), ("fail", "failed"),
        ("book", "in-progress:scheduled"), ("rebook", "in-progress:scheduled"),
        ("unbook", "in-progress:off"), ("no-show", "in-progress:missed"), ("note", "in-progress"),
        ("serve", "completed:given"),
        ("cancel", "cancelled"), ("ask", "cancelled"), ("error", "entered-in-error"), ("amend", "requested"),
    ]),
    ("accepted", &["accept"], &[
        ("withdraw", "cancelled"),                  // 05
        ("book", "in-progress:scheduled"),          // 06
        ("rebook", "in-progress:scheduled"),        // 06
        ("ask", "accepted?"),                       // 07
        ("note", "in-progress"),                    // 08
        ("serve", "completed:given"),               // 09
        ("complete", "completed"),                  // 09
        ("start", "in-progress"),                   // 31, 32
        ("hold", "on-hold"), ("fail", "failed"),
        ("unbook", "in-progress:off"), ("no-show", "in-progress:missed"),
        ("cancel", "cancelled"), ("error", "entered-in-error"), ("amend", "accepted"),
    ]),
    ("in-progress", &["accept", "start"], &[
        ("withdraw", "cancelled"),                  // 25, 33
        ("book", "in-progress:scheduled"),          // 26
        ("rebook", "in-progress:scheduled"),        // 26
        ("unbook", "in-progress:off"),              // 27
        ("ask", "in-progress?"),                    // 28, 34
        ("note", "in-progress"),                    // 29
        ("serve", "completed:given"),               // 30
        ("complete", "completed"),                  // 30
        ("hold", "on-hold"), ("fail", "failed"), ("no-show", "in-progress:missed"),
        ("cancel", "cancelled"), ("error", "entered-in-error"), ("amend", "in-progress"),
    ]),
    ("in-progress:scheduled", &["accept", "book"], &[
        ("withdraw", "cancelled:scheduled"),        // 10
        ("book", "in-progress:scheduled"),          // 11
        ("rebook", "in-progress:scheduled"),        // 11
        ("no-show", "in-progress:missed"),          // 12
        ("unbook", "in-progress:off"),              // 13
        ("ask", "in-progress:scheduled?"),          // 14
        ("note", "in-progress:scheduled"),          // 15
        ("serve", "completed:given"),               // 16
        ("complete", "completed:scheduled"),        // 16
        ("hold", "on-hold:scheduled"), ("fail", "failed:scheduled"),
        ("cancel", "cancelled:scheduled"), ("error", "entered-in-error:scheduled"),
        ("amend", "in-progress:scheduled"),
    ]),
    ("in-progress:missed", &["accept", "book", "no-show"], &[
        ("withdraw", "cancelled:missed"),           // 17
        ("book", "in-progress:scheduled"),          // 18
        ("rebook", "in-progress:scheduled"),        // 18
        ("unbook", "in-progress:off"),              // 19
        ("ask", "in-progress:missed?"),             // 20
        ("serve", "completed:given"),               // ours, 5.1.2 to 7
        ("complete", "completed:missed"),           // ours, 5.1.2 to 7
        ("no-show", "in-progress:missed"), ("note", "in-progress:missed"),
        ("hold", "on-hold:missed"), ("fail", "failed:missed"),
        ("cancel", "cancelled:missed"), ("error", "entered-in-error:missed"),
        ("amend", "in-progress:missed"),
    ]),
    ("in-progress:off", &["accept", "book", "unbook"], &[
        ("book", "in-progress:scheduled"),          // 21
        ("rebook", "in-progress:scheduled"),        // 21
        ("ask", "in-progress:off?"),                // 22
        ("withdraw", "cancelled:off"),              // ours, 5.1.3 to 4
        ("serve", "completed:given"),               // ours, 5.1.3 to 7
        ("complete", "completed:off"),              // ours, 5.1.3 to 7
        ("unbook", "in-progress:off"), ("no-show", "in-progress:missed"),
        ("note", "in-progress:off"), ("hold", "on-hold:off"), ("fail", "failed:off"),
        ("cancel", "cancelled:off"), ("error", "entered-in-error:off"), ("amend", "in-progress:off"),
    ]),
    // SDOHCC alone has it.
    ("on-hold", &["accept", "hold"], &[
        ("start", "in-progress"), ("complete", "completed"), ("fail", "failed"), ("withdraw", "cancelled"),
        ("book", "in-progress:scheduled"), ("rebook", "in-progress:scheduled"),
        ("unbook", "in-progress:off"), ("no-show", "in-progress:missed"), ("note", "on-hold"),
        ("serve", "completed:given"),
        ("cancel", "cancelled"), ("ask", "on-hold?"), ("error", "entered-in-error"), ("amend", "on-hold"),
    ]),
    // Cancellation requested (5.2), over each status it can be.
    ("accepted?", &["accept", "ask"], &[
        ("agree", "cancelled"),                     // 23
        ("serve", "completed:given"),               // 24
        ("complete", "completed"),                  // 24
        ("refuse", "accepted"),
        ("start", "in-progress?"), ("hold", "on-hold?"), ("fail", "failed"), ("withdraw", "cancelled"),
        ("book", "in-progress:scheduled?"), ("rebook", "in-progress:scheduled?"),
        ("unbook", "in-progress:off?"), ("no-show", "in-progress:missed?"), ("note", "in-progress?"),
        ("cancel", "cancelled"), ("error", "entered-in-error"), ("amend", "accepted?"),
    ]),
    ("in-progress:scheduled?", &["book", "ask"], &[
        ("agree", "cancelled:scheduled"),           // 23
        ("serve", "completed:given"),               // 24
        ("complete", "completed:scheduled"),        // 24
        ("refuse", "in-progress:scheduled"),
        ("hold", "on-hold:scheduled?"), ("fail", "failed:scheduled"), ("withdraw", "cancelled:scheduled"),
        ("book", "in-progress:scheduled?"), ("rebook", "in-progress:scheduled?"),
        ("unbook", "in-progress:off?"), ("no-show", "in-progress:missed?"),
        ("note", "in-progress:scheduled?"),
        ("cancel", "cancelled:scheduled"), ("error", "entered-in-error:scheduled"),
        ("amend", "in-progress:scheduled?"),
    ]),
    ("on-hold?", &["hold", "ask"], &[
        ("agree", "cancelled"),                     // 23
        ("serve", "completed:given"),               // 24
        ("complete", "completed"),                  // 24
        ("refuse", "on-hold"),
        ("start", "in-progress?"), ("fail", "failed"), ("withdraw", "cancelled"),
        ("book", "in-progress:scheduled?"), ("rebook", "in-progress:scheduled?"),
        ("unbook", "in-progress:off?"), ("no-show", "in-progress:missed?"), ("note", "on-hold?"),
        ("cancel", "cancelled"), ("error", "entered-in-error"), ("amend", "on-hold?"),
    ]),
    // Ends: a service given may be corrected, and all of them may have been a mistake.
    ("completed:given", &["serve"], &[("correct", "completed:given"), ("error", "entered-in-error:given")]),
    ("completed:given", &["accept", "ask", "serve"], &[("correct", "completed:given"), ("error", "entered-in-error:given")]),
    ("rejected", &["decline"], &[("error", "entered-in-error")]),
    ("cancelled", &["cancel"], &[("error", "entered-in-error")]),
    ("cancelled", &["ask"], &[("error", "entered-in-error")]),
    ("cancelled", &["accept", "withdraw"], &[("error", "entered-in-error")]),
    ("cancelled", &["accept", "ask", "agree"], &[("error", "entered-in-error")]),
    ("failed", &["fail"], &[("error", "entered-in-error")]),
    ("entered-in-error", &["error"], &[]),
];

fn outcome(text: &str) -> Outcome {
    let procedure: ResourceId = "Procedure/p".parse().unwrap();
    Outcome { procedure, code: None, text: text.into(), performed: Timestamp(3) }
}

/// An act, and whose it is.
fn act(name: &str) -> (Actor, Command) {
    let (source, target) = (Actor::Source(org("clinic-b")), Actor::Target(org("pantry")));
    let moved = |step| (target.clone(), Command::Target(plc(), step));
    let at = |start| Appointment { start: Timestamp(start), place: None };
    let why = || why(name);
    match name {
        "accept" => moved(TargetMove::Accept),
        "decline" => moved(TargetMove::Reject { why: why() }),
        "start" => moved(TargetMove::Start),
        "hold" => moved(TargetMove::Hold { why: why() }),
        "complete" => moved(TargetMove::Complete),
        "fail" => moved(TargetMove::Fail { why: why() }),
        "withdraw" => moved(TargetMove::Withdraw { why: why() }),
        "book" => (target, Command::Book(plc(), at(10))),
        "rebook" => (target, Command::Book(plc(), at(20))),
        "unbook" => (target, Command::CancelAppointment(plc())),
        "no-show" => (target, Command::NoShow(plc())),
        "note" => (target, Command::Note(plc(), "on the way".into())),
        "serve" => (target, Command::Serve(plc(), vec![outcome("box")])),
        "correct" => (target, Command::Correct(plc(), vec![outcome("two boxes")])),
        "agree" => (target, Command::AgreeCancel(plc())),
        "refuse" => (target, Command::RefuseCancel(plc(), why())),
        "cancel" => (source, Command::Source(SourceMove::Cancel { why: why() })),
        "ask" => (source, Command::Source(SourceMove::AskToCancel { why: why() })),
        "error" => (source, Command::Source(SourceMove::EnterInError)),
        "amend" => (source, Command::Amend { contact_prohibited: false }),
        _ => unreachable!("{name}"),
    }
}

/// As it stands.
fn label(referral: &Referral) -> String {
    let placement: &Placement = &referral.placements[0];
    let business = placement.business.map_or("", |business| match business {
        Business::Scheduled => ":scheduled",
        Business::Cancelled => ":off",
        Business::Missed => ":missed",
        Business::Given => ":given",
        Business::Rerouted => ":rerouted",
        Business::TakenBack => ":again",
    });
    let asked = if placement.cancel_asked.is_some() { "?" } else { "" };
    format!("{}{business}{asked}", placement.state.status().code())
}

/// Recorded this long after it happened.
const LATER: i64 = 1_000;

fn done(
    referral: &Referral,
    name: &str,
    happened: Option<i64>,
) -> Result<(Referral, Vec<Event>), Illegal> {
    let (actor, command) = act(name);
    let events = decide_at(referral, &actor, command, happened.map(Timestamp))?;
    let at = Timestamp(referral.changed.0.max(happened.unwrap_or_default()) + LATER);
    let mut state = Some(referral.clone());
    for event in &events {
        state = Referral::evolve(state, event, at);
    }
    Ok((state.unwrap(), events))
}

/// The state that a way leads to; what was said on it happened from that time on.
fn at_end(way: &[&str], from: Option<i64>) -> Referral {
    way.iter().zip(0..).fold(placed(), |referral, (name, n)| {
        done(&referral, name, from.map(|from| from + n)).unwrap().0
    })
}

#[test]
fn every_act_in_every_state() {
    for (from, way, edges) in TABLE {
        let before = at_end(way, None);
        assert_eq!(label(&before), *from, "by {way:?}");
        for name in ACTS {
            let to = edges.iter().find(|(act, _)| *act == name).map(|(_, to)| *to);
            match (done(&before, name, None), to) {
                (Ok((after, events)), Some(to)) => {
                    assert_eq!(label(&after), to, "{name} from {from}");
                    assert!(after.version > before.version, "{name} from {from}");
                    mirrors(&after, name, from);
                    inferred(&events, &before, name);
                }
                (Err(why), None) => assert_eq!(why, Illegal::NoSuchEdge, "{name} from {from}"),
                (Ok((after, _)), None) => panic!("{name} from {from} led to {}", label(&after)),
                (Err(why), Some(to)) => panic!("{name} from {from} to {to}: {why}"),
            }
        }
    }
}

/// The source's Task stands where its placement does.
fn mirrors(after: &Referral, name: &str, from: &str) {
    let pair = (after.state.status(), after.placements[0].state.status());
    assert_eq!(pair.0, pair.1, "{name} from {from}");
}

/// What is only implied is marked so, and what was said is not; nothing leads over a status that has no
/// edge to the next.
fn inferred(events: &[Event], before: &Referral, name: &str) {
    let mut state = before.placements[0].state;
    for (n, event) in events.iter().enumerate() {
        if let Event::TargetMoved { step, inferred, .. } = event {
            let last = n + 1 == events.len();
            assert_eq!(*inferred, !last, "{name} from {:?}: {event:?}", before.state);
            state = state.target(step).unwrap_or_else(|| panic!("{name}: no such edge"));
        }
    }
}

#[test]
fn a_table_of_every_status() {
    let has = |status: TaskStatus| {
        TABLE
            .iter()
            .any(|(from, ..)| from.trim_end_matches('?').split(':').next() == Some(status.code()))
    };
    let all = TaskStatus::ALL.into_iter().filter(|status| *status != TaskStatus::Draft);
    assert!(all.into_iter().all(has));
    for (_, _, edges) in TABLE {
        assert!(edges.iter().all(|(name, _)| ACTS.contains(name)));
    }
}

#[test]
fn what_is_said_twice_is_known() {
    // These are new each time they are said.
    let new = ["note", "amend"];
    for (from, way, edges) in TABLE {
        for (name, to) in edges.iter().filter(|(name, _)| !new.contains(name)) {
            let (after, _) = done(&at_end(way, None), name, None).unwrap();
            let (actor, command) = act(name);
            assert!(knows(&after, &actor, &command), "{name} from {from} to {to}");
            // Whoever is not told so finds it refused, or the same.
            if let Ok((again, _)) = done(&after, name, None) {
                assert_eq!(label(&again), *to, "{name} twice from {from}");
            }
            // And it is known to nobody else.
            let other = match actor {
                Actor::Target(_) => Actor::Target(org("shelter")),
                _ => Actor::Source(org("hospital-a")),
            };
            assert!(!knows(&after, &other, &command));
        }
    }
}

/// Acts of a target that a later one leaves behind.
const STEPS: [&str; 8] =
    ["accept", "decline", "start", "hold", "book", "rebook", "unbook", "no-show"];
const ENDS: [&str; 4] = ["complete", "fail", "withdraw", "serve"];

#[test]
fn a_step_that_came_late_is_recorded_and_moves_nothing() {
    for (from, way, _) in TABLE.iter().filter(|(_, way, _)| !way.is_empty()) {
        let before = at_end(way, Some(100));
        let heard = before.placements[0].said.is_some();
        let over = before.state.is_final();
        for name in STEPS.iter().filter(|_| heard || over) {
            let (after, events) = done(&before, name, Some(50)).unwrap();
            assert!(
                matches!(&events[..], [Event::CameLate { happened: Timestamp(50), .. }]),
                "{name} from {from}: {events:?}"
            );
            assert_eq!((label(&after), after.version), (label(&before), before.version));
            assert_eq!(after.news, before.news, "{name} from {from}");
        }
    }
}

#[test]
fn an_end_is_never_too_late_until_there_is_another() {
    for (from, way, edges) in TABLE {
        let before = at_end(way, Some(100));
        for name in ENDS {
            let (after, events) = match done(&before, name, Some(50)) {
                Ok(done) => done,
                Err(why) => panic!("{name} from {from}: {why}"),
            };
            match edges.iter().find(|(act, _)| *act == name) {
                Some((_, to)) => assert_eq!(label(&after), *to, "{name} from {from}"),
                None => {
                    assert!(matches!(&events[..], [Event::CameLate { .. }]), "{name} from {from}");
                    assert_eq!(label(&after), label(&before));
                }
            }
        }
    }
}

#[test]
fn in_whichever_order_two_facts_come_the_end_is_the_same() {
    let facts: Vec<&str> =
        STEPS.iter().chain(&ENDS).copied().filter(|name| *name != "decline").collect();
    for way in [&[][..], &["accept"], &["accept", "ask"]] {
        for first in &facts {
            for second in facts.iter().filter(|two| !(ENDS.contains(two) && ENDS.contains(first))) {
                let start = at_end(way, Some(10));
                let one = |state: &Referral, name, at| done(state, name, Some(at)).ok();
                let Some((before, _)) = one(&start, first, 100) else { continue };
                let Some((in_order, _)) = one(&before, second, 200) else { continue };
                let later = one(&start, second, 200).map(|(later, _)| later);
                let reversed = later.and_then(|later| one(&later, first, 100));
                let Some((reversed, _)) = reversed else {
                    panic!("{second}, then {first} of before, after {way:?}");
                };
                // Given back before it was taken on is declined; nothing else depends on the order.
                let status = |one: &Referral| match one.state.status() {
                    TaskStatus::Rejected => TaskStatus::Cancelled,
                    status => status,
                };
                assert_eq!(status(&in_order), status(&reversed), "{first}, {second} after {way:?}");
            }
        }
    }
}
