//! What a referral's source is to be told, in the order it happened, for sources that do not ask.
//!
//! Not here: how it sounds in a dialect, which sources are told this way, when.

use serde::{Deserialize, Serialize};

use crate::{
    Appointment, Attachment, ContactAttempt, Event, OrgId, PlacementId, Referral, Served,
    SourceMove, StatusReason, TargetMove, TaskStatus, Timestamp,
};

/// One thing to tell the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The version of the source's Task that it made.
    pub version: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub says: Says,
    /// The target said it, not loopgate.
    pub from_target: bool,
    /// With whom it was then.
    pub with: OrgId,
}

/// What there is to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Says {
    /// It waits for consent.
    Waiting,
    /// It no longer waits.
    NoLongerWaiting,
    /// loopgate or the target declined it.
    Declined(StatusReason),
    /// The target took it on.
    Accepted,
    /// Work began, or goes on after a hold.
    Started,
    /// Work is suspended.
    OnHold(StatusReason),
    /// There is an appointment.
    Booked(Appointment),
    /// There is another appointment, in place of the one that was in force.
    Rebooked(Appointment),
    /// The appointment is off.
    AppointmentCancelled,
    /// The person did not come.
    NoShow,
    /// A note on the way.
    Note(String),
    /// The service was given.
    Served(Served),
    /// It was tried and not achieved.
    Failed(StatusReason),
    /// The target gave it back after it took it on.
    GivenBack(StatusReason),
    /// It is off, as the source asked: at once, or because its target stopped.
    Cancelled(StatusReason),
    /// The target does not stop, though the source asked.
    CancelRefused(StatusReason),
    /// The target tried to reach the person.
    Attempted(ContactAttempt),
    /// The target wrote to the source.
    Commented(String),
    /// The target says how the person is safely reached, or that this holds no more.
    SafeContact(Option<String>),
    /// It was for another organization, and goes there.
    Rerouted(StatusReason),
    /// The target's answer was a mistake: it has not answered.
    TakenBack,
    /// The target added a document.
    Attached(Attachment),
}

/// What `event` tells the source of `referral`, which is the state after it. What the source did
/// itself is no news to it, but that it is off as it asked; nor is a beginning that was only inferred,
/// since what implied it is told.
pub(crate) fn says(event: &Event, referral: &Referral) -> Option<Says> {
    Some(match event {
        Event::Held { .. } => Says::Waiting,
        Event::Resumed => Says::NoLongerWaiting,
        Event::Refused { why } => Says::Declined(why.clone()),
        Event::TargetMoved { step, placement, inferred, .. } => match step {
            TargetMove::Accept => Says::Accepted,
            TargetMove::Start if *inferred => return None,
            TargetMove::Start => Says::Started,
            TargetMove::Reject { why } => Says::Declined(why.clone()),
            TargetMove::Hold { why } => Says::OnHold(why.clone()),
            TargetMove::Complete => Says::Served(served(referral, placement)),
            TargetMove::Fail { why } => Says::Failed(why.clone()),
            TargetMove::Withdraw { why } => Says::GivenBack(why.clone()),
        },
        Event::CancelAgreed { .. } => Says::Cancelled(referral.reason.clone()?),
        Event::SourceMoved { step: SourceMove::Cancel { why } } => Says::Cancelled(why.clone()),
        Event::CancelRefused { why, .. } => Says::CancelRefused(why.clone()),
        Event::OutcomeCorrected { placement, .. } | Event::OutcomeWithdrawn { placement, .. } => {
            Says::Served(served(referral, placement))
        }
        Event::OutcomeRecorded { placement, .. } if is_completed(referral, placement) => {
            Says::Served(served(referral, placement))
        }
        Event::ContactAttempted { attempt, .. } => Says::Attempted(attempt.clone()),
        Event::Commented { by_target: true, text, .. } => Says::Commented(text.clone()),
        Event::SafeContactNoted { text, .. } => Says::SafeContact(text.clone()),
        Event::Rerouted { why, .. } => Says::Rerouted(why.clone()),
        Event::TakenBack { .. } => Says::TakenBack,
        Event::Attached { by_target: true, attachment, .. } => Says::Attached(attachment.clone()),
        Event::AppointmentBooked { appointment, .. } => Says::Booked(appointment.clone()),
        Event::AppointmentCancelled { .. } => Says::AppointmentCancelled,
        Event::NoShow { .. } => Says::NoShow,
        Event::InterimNote { text, .. } => Says::Note(text.clone()),
        // The completion that follows in the same frame tells what was given.
        Event::OutcomeRecorded { .. }
        | Event::Received { .. }
        | Event::Placed { .. }
        | Event::Delivered { .. }
        | Event::SourceMoved { .. }
        | Event::SourceTold { .. }
        | Event::SourceToBeToldAgain { .. }
        | Event::TargetTold { .. }
        | Event::Amended { .. }
        | Event::CancelRequested { .. }
        | Event::CameLate { .. }
        | Event::Commented { .. }
        | Event::Assigned { .. }
        | Event::Attached { .. } => return None,
    })
}

fn is_completed(referral: &Referral, placement: &PlacementId) -> bool {
    let placement = referral.placement(placement);
    placement.is_some_and(|placement| placement.state.status() == TaskStatus::Completed)
}

fn served(referral: &Referral, placement: &PlacementId) -> Served {
    let placement = referral.placement(placement);
    Served(placement.into_iter().flat_map(|placement| placement.given().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeldWhy, Outcome, ReferralId, ResourceId};

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    fn resource(text: &str) -> ResourceId {
        text.parse().unwrap()
    }

    fn folded(events: &[Event]) -> Referral {
        let received = Event::Received {
            referral: ReferralId::from_random([1; 16]),
            source: "hospital-a".parse().unwrap(),
            owner: "pantry".parse().unwrap(),
            persons: Vec::new(),
            needs: Vec::new(),
            contact_prohibited: false,
            task: resource("Task/1"),
            request: resource("ServiceRequest/1"),
        };
        let start = Referral::evolve(None, &received, at(0));
        let all = events
            .iter()
            .zip(1..)
            .fold(start, |referral, (event, ms)| Referral::evolve(referral, event, at(ms)));
        all.unwrap()
    }

    fn placement() -> PlacementId {
        PlacementId::from_random([2; 16])
    }

    fn placed() -> Event {
        Event::Placed {
            placement: placement(),
            target: "pantry".parse().unwrap(),
            task: resource("Task/2"),
            request: resource("ServiceRequest/2"),
        }
    }

    fn moved(step: TargetMove, inferred: bool) -> Event {
        Event::TargetMoved { placement: placement(), step, inferred, happened: None }
    }

    #[test]
    fn what_the_source_is_told_and_in_which_order() {
        let outcome = Outcome {
            procedure: resource("Procedure/1"),
            code: None,
            text: "box".into(),
            performed: at(4),
        };
        let referral = folded(&[
            Event::Held { why: HeldWhy("C9".into()) },
            placed(),
            moved(TargetMove::Accept, true),
            moved(TargetMove::Start, true),
            Event::NoShow { placement: placement(), happened: None },
            Event::OutcomeRecorded {
                placement: placement(),
                outcome: outcome.clone(),
                happened: None,
            },
            moved(TargetMove::Complete, false),
        ]);
        let told: Vec<Says> = referral.news.iter().map(|news| news.says.clone()).collect();
        assert_eq!(
            told,
            [
                Says::Waiting,
                Says::NoLongerWaiting,
                Says::Accepted,
                Says::NoShow,
                Says::Served(Served(vec![outcome]))
            ]
        );
        let versions: Vec<u64> = referral.news.iter().map(|news| news.version).collect();
        assert!(versions.is_sorted() && referral.version == *versions.last().unwrap());
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut events = vec![
            placed(),
            moved(TargetMove::Accept, false),
            Event::NoShow { placement: placement(), happened: None },
        ];
        let accepted = folded(&events[..2]).version;
        events.push(Event::SourceTold { version: accepted });
        let referral = folded(&events);
        assert_eq!(referral.told, accepted);
        let left: Vec<&Says> = referral.news.iter().map(|news| &news.says).collect();
        assert_eq!(left, [&Says::NoShow]);
    }
    #[test]
    fn an_end_says_who_wanted_it_and_an_appointment_whether_there_was_one() {
        let why = |text: &str| StatusReason::new("other", text).unwrap();
        let appointment = |ms| Appointment { start: at(ms), place: None };
        let book = |ms| Event::AppointmentBooked {
            placement: placement(),
            appointment: appointment(ms),
            happened: None,
        };
        let asked = Event::CancelRequested { why: why("moved away") };
        let agreed = Event::CancelAgreed { placement: placement(), happened: None };
        let referral =
            folded(&[placed(), moved(TargetMove::Accept, false), book(5), book(6), asked, agreed]);
        let last: Vec<News> = referral.news.into_iter().skip(1).collect();
        let says: Vec<&Says> = last.iter().map(|news| &news.says).collect();
        let (first, second) = (Says::Booked(appointment(5)), Says::Rebooked(appointment(6)));
        assert_eq!(says, [&first, &second, &Says::Cancelled(why("moved away"))]);
        assert!(last.iter().all(|news| news.from_target));

        let back = moved(TargetMove::Withdraw { why: why("no room") }, false);
        let referral = folded(&[placed(), moved(TargetMove::Accept, false), back]);
        assert_eq!(referral.news.last().unwrap().says, Says::GivenBack(why("no room")));

        let off = Event::SourceMoved { step: SourceMove::Cancel { why: why("a mistake") } };
        let referral = folded(&[placed(), off]);
        let [only] = &referral.news[..] else { panic!("{:?}", referral.news) };
        assert_eq!((&only.says, only.from_target), (&Says::Cancelled(why("a mistake")), false));
    }
}
