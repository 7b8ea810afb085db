//! What comes beside the steps, what is sent on, and what is taken back.

use crate::decide::tests::{org, placed, plc, run, why};
use crate::{
    Actor, Attachment, Command, ContactAttempt, ContactHow, Event, Illegal, Outcome, PlacementId,
    Referral, ResourceId, Says, Served, SourceMove, TargetMove, TargetSays, TaskStatus, Timestamp,
    decide,
};

const MINUTE: i64 = 60_000;

fn pantry() -> Actor {
    Actor::Target(org("pantry"))
}

fn clinic() -> Actor {
    Actor::Source(org("clinic-b"))
}

fn at(referral: &Referral, actor: &Actor, command: Command, ms: i64) -> Result<Referral, Illegal> {
    let events = decide(referral, actor, command)?;
    let step = |state, event: &Event| Referral::evolve(Some(state), event, Timestamp(ms));
    Ok(events.iter().try_fold(referral.clone(), step).unwrap())
}

fn service(n: u8, text: &str) -> Outcome {
    let procedure = ResourceId::of("Procedure", &n.to_string()).unwrap();
    Outcome { procedure, code: None, text: text.into(), performed: Timestamp(3) }
}

fn attempt() -> Command {
    let attempt = ContactAttempt { how: ContactHow::Phone, reached: false, text: None };
    Command::Attempt(plc(), attempt)
}

fn paper() -> Attachment {
    Attachment {
        id: "a".into(),
        name: "list.pdf".into(),
        media: "application/pdf".into(),
        sha256: [1; 32],
        bytes: 3,
    }
}

#[test]
fn what_comes_beside_moves_nothing_and_the_source_is_told() {
    let comment = || Command::Comment(plc(), "When may she come?".into());
    let safe = || Command::SafeContact(plc(), Some("text only".into()));
    let attach = || Command::Attach(plc(), paper());
    for command in [attempt(), comment(), safe(), attach()] {
        let (after, _) = run(placed(), pantry(), command.clone());
        assert_eq!(after.state.status(), TaskStatus::Requested, "{command:?}");
        assert_eq!(after.placements[0].state.status(), TaskStatus::Requested, "{command:?}");
        assert_eq!(after.version, placed().version + 1, "{command:?}");
        assert_eq!(after.news.len(), placed().news.len() + 1, "{command:?}");
        let stranger = Actor::Target(org("shelter"));
        assert_eq!(decide(&placed(), &stranger, command), Err(Illegal::NotYours));
    }
    // A document of the source is a change of what it says.
    let (after, _) = run(placed(), clinic(), attach());
    let placement = &after.placements[0];
    assert_eq!((placement.version, placement.amended), (2, 2));
    let (after, _) = run(placed(), pantry(), Command::Assign(plc(), Some("Ana".into())));
    assert_eq!(after.placements[0].assigned.as_deref(), Some("Ana"));
    assert_eq!((after.version, after.news.len()), (placed().version, placed().news.len()));
    assert_eq!(after.placements[0].version, 2, "who reads it again sees that it changed");
}

#[test]
fn both_sides_write_and_no_word_of_the_source_replaces_another() {
    let said = |text: &str| Command::Comment(plc(), text.into());
    let (one, _) = run(placed(), clinic(), said("She is deaf."));
    let (two, _) = run(one, clinic(), said("Please write."));
    let (three, _) = run(two, pantry(), said("We do."));
    let placement = &three.placements[0];
    let all: Vec<_> = placement.comments.iter().map(|one| (one.by_target, &*one.text)).collect();
    assert_eq!(all, [(false, "She is deaf."), (false, "Please write."), (true, "We do.")]);
    let due: Vec<_> = placement.due.iter().map(|news| news.says.clone()).collect();
    let words = |text: &str| TargetSays::Commented(text.into());
    assert_eq!(due, [TargetSays::Placed, words("She is deaf."), words("Please write.")]);
    assert_eq!(three.news.last().unwrap().says, Says::Commented("We do.".into()));
    let stranger = Actor::Source(org("hospital-a"));
    assert_eq!(decide(&placed(), &stranger, said("x")), Err(Illegal::NotYours));
    // The target after its end too, the source while somebody may read it.
    let (declined, _) =
        run(three, pantry(), Command::Target(plc(), TargetMove::Reject { why: why("full") }));
    assert_eq!(decide(&declined, &clinic(), said("Why?")), Err(Illegal::NoSuchEdge));
    assert!(decide(&declined, &pantry(), said("Until May.")).is_ok());
    let error = Command::Source(SourceMove::EnterInError);
    let (wrong, _) = run(placed(), clinic(), error);
    assert_eq!(decide(&wrong, &pantry(), said("x")), Err(Illegal::NoSuchEdge));
}

#[test]
fn what_is_for_another_goes_there_with_its_history() {
    let send = |to: &str| Command::Reroute(plc(), org(to), why("not-our-client"));
    let (sent, _) = run(placed(), pantry(), send("shelter"));
    assert_eq!(sent.placements[0].state.status(), TaskStatus::Rejected);
    assert_eq!((sent.state.status(), &sent.owner), (TaskStatus::Requested, &org("shelter")));
    assert_eq!(sent.reason, None, "its source waits for an answer still");
    assert!(!sent.is_placed());
    let told = sent.news.last().unwrap();
    assert_eq!((&told.says, &told.with), (&Says::Rerouted(why("not-our-client")), &org("pantry")));
    let other = PlacementId::from_random([8; 16]);
    let place = Command::Place {
        placement: other,
        task: ResourceId::of("Task", "other").unwrap(),
        request: ResourceId::of("ServiceRequest", "other").unwrap(),
    };
    let (placed_anew, _) = run(sent, Actor::Gateway, place.clone());
    assert_eq!(decide(&placed_anew, &Actor::Gateway, place), Err(Illegal::NoSuchEdge));
    let shelter = Actor::Target(org("shelter"));
    assert_eq!(placed_anew.business(), Some("sent on to another organization"));
    // Not round in a circle, and not by whom it is not with any more.
    let back = Command::Reroute(other, org("pantry"), why("no"));
    assert_eq!(decide(&placed_anew, &shelter, back), Err(Illegal::NoSuchEdge));
    let late = Command::Target(plc(), TargetMove::Accept);
    assert_eq!(decide(&placed_anew, &pantry(), late), Err(Illegal::NoSuchEdge));
    let accept = Command::Target(other, TargetMove::Accept);
    let (accepted, _) = run(placed_anew, shelter.clone(), accept);
    assert_eq!(accepted.state.status(), TaskStatus::Accepted);
    assert_eq!(accepted.news.last().unwrap().with, org("shelter"));
    let on = Command::Reroute(other, org("third"), why("no"));
    assert_eq!(decide(&accepted, &shelter, on), Err(Illegal::NoSuchEdge), "it was taken on");
    assert_eq!(decide(&placed(), &pantry(), send("pantry")), Err(Illegal::NoSuchEdge));
}

#[test]
fn a_mistake_is_taken_back_for_a_quarter_of_an_hour() {
    let decline = Command::Target(plc(), TargetMove::Reject { why: why("no-capacity") });
    let declined = at(&placed(), &pantry(), decline, 1000).unwrap();
    let back = |now| Command::TakeBack(plc(), Timestamp(now));
    let end = 1000 + 15 * MINUTE;
    assert!(decide(&declined, &pantry(), back(end)).is_ok());
    assert_eq!(decide(&declined, &pantry(), back(end + 1)), Err(Illegal::NoSuchEdge));
    assert_eq!(decide(&placed(), &pantry(), back(1)), Err(Illegal::NoSuchEdge), "no answer yet");
    assert_eq!(decide(&declined, &clinic(), back(end)), Err(Illegal::NotYourAct));
    let again = at(&declined, &pantry(), back(2000), 2000).unwrap();
    assert_eq!((again.state.status(), &again.reason), (TaskStatus::Requested, &None));
    assert_eq!(again.placements[0].state.status(), TaskStatus::EnteredInError);
    assert!(again.is_unanswered() && !again.is_placed() && !again.has_news());
    assert_eq!(again.news.last().unwrap().says, Says::TakenBack);
    assert_eq!(decide(&again, &pantry(), back(2001)), Err(Illegal::NoSuchEdge), "once");
    // What its source asks is answered first, and the answer to it is no mistake.
    let ask = Command::Source(SourceMove::AskToCancel { why: why("moved") });
    let accept = || Command::Target(plc(), TargetMove::Accept);
    let accepted = at(&placed(), &pantry(), accept(), 1000).unwrap();
    let asked = at(&accepted, &clinic(), ask, 1100).unwrap();
    assert_eq!(decide(&asked, &pantry(), back(1200)), Err(Illegal::NoSuchEdge));
    let agreed = at(&asked, &pantry(), Command::AgreeCancel(plc()), 1300).unwrap();
    assert_eq!(decide(&agreed, &pantry(), back(1400)), Err(Illegal::NoSuchEdge));
    // Nor what the source called off.
    let cancel = Command::Source(SourceMove::Cancel { why: why("moved") });
    let off = at(&accepted, &clinic(), cancel, 1500).unwrap();
    assert_eq!(decide(&off, &pantry(), back(2000)), Err(Illegal::NoSuchEdge));
}

#[test]
fn what_was_said_beside_a_mistake_holds() {
    let said = |text: &str| Command::Comment(plc(), text.into());
    let safe = Command::SafeContact(plc(), Some("never call".into()));
    let one = at(&placed(), &pantry(), safe, 10).unwrap();
    let one = at(&one, &pantry(), attempt(), 11).unwrap();
    let one = at(&one, &clinic(), said("After five."), 12).unwrap();
    let decline = Command::Target(plc(), TargetMove::Reject { why: why("no-capacity") });
    let declined = at(&one, &pantry(), decline, 1000).unwrap();
    let back = at(&declined, &pantry(), Command::TakeBack(plc(), Timestamp(2000)), 2000).unwrap();
    let place = Command::Place {
        placement: PlacementId::from_random([8; 16]),
        task: ResourceId::of("Task", "other").unwrap(),
        request: ResourceId::of("ServiceRequest", "other").unwrap(),
    };
    let again = at(&back, &Actor::Gateway, place, 2001).unwrap();
    let placement = again.placements.last().unwrap();
    assert_eq!(placement.safe_contact.as_deref(), Some("never call"));
    assert_eq!((placement.comments.len(), placement.trail.len()), (1, 2));
    let due: Vec<_> = placement.due.iter().map(|news| (news.version, news.says.clone())).collect();
    let words = TargetSays::Commented("After five.".into());
    assert_eq!(due, [(1, TargetSays::Placed), (2, words)]);
    assert_eq!(placement.version, 2);
}

#[test]
fn what_was_said_to_be_given_by_mistake_was_not() {
    let serve = Command::Serve(plc(), vec![service(1, "box"), service(2, "ride")]);
    let served = at(&placed(), &pantry(), serve, 1000).unwrap();
    let back = Command::TakeBack(plc(), Timestamp(1000));
    let again = at(&served, &pantry(), back, 1500).unwrap();
    assert_eq!(again.placements[0].given().count(), 0);
    let versions: Vec<_> =
        again.placements[0].outcomes.iter().map(|one| (one.version, one.withdrawn)).collect();
    assert_eq!(versions, [(2, true), (2, true)]);
}

#[test]
fn services_are_corrected_one_by_one_and_told_as_one() {
    let serve = Command::Serve(plc(), vec![service(1, "box"), service(2, "ride")]);
    let (served, events) = run(placed(), pantry(), serve);
    let recorded = |event: &&Event| matches!(event, Event::OutcomeRecorded { .. });
    assert_eq!(events.iter().filter(recorded).count(), 2);
    let told = |texts: &[&str]| {
        let all = texts.iter().map(|text| match *text {
            "box" | "two boxes" => service(1, text),
            "ride" => service(2, text),
            text => service(3, text),
        });
        Says::Served(Served(all.collect()))
    };
    assert_eq!(served.news.last().unwrap().says, told(&["box", "ride"]));
    let news = served.news.len();
    let correct = Command::Correct(plc(), vec![service(1, "two boxes"), service(3, "voucher")]);
    let corrected = at(&served, &pantry(), correct, 9).unwrap();
    let given: Vec<_> = corrected.placements[0].given().map(|one| &*one.text).collect();
    assert_eq!(given, ["two boxes", "voucher"]);
    assert_eq!(corrected.news.len(), news + 1);
    assert_eq!(corrected.news.last().unwrap().says, told(&["two boxes", "voucher"]));
    let versions: Vec<_> =
        corrected.placements[0].outcomes.iter().map(|one| (one.version, one.withdrawn)).collect();
    assert_eq!(versions, [(2, false), (2, true), (1, false)]);
    assert_eq!(corrected.state.status(), TaskStatus::Completed);
    let none = Command::Serve(plc(), Vec::new());
    assert_eq!(decide(&placed(), &pantry(), none), Err(Illegal::NoSuchEdge));
    let same = Command::Correct(plc(), vec![service(1, "two boxes"), service(3, "voucher")]);
    assert_eq!(decide(&corrected, &pantry(), same).unwrap().len(), 2, "said again is said");
}
