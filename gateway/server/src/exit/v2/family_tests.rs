use loopgate_mapping::Library;
use loopgate_referral::{Appointment, Served, StatusReason, Timestamp};

use super::*;

fn why() -> StatusReason {
    StatusReason::new("no-capacity", "no room").unwrap()
}

fn all() -> Vec<Option<Says>> {
    let booked = || Appointment { start: Timestamp(0), place: None };
    vec![
        None,
        Some(Says::Waiting),
        Some(Says::NoLongerWaiting),
        Some(Says::Declined(why())),
        Some(Says::Accepted),
        Some(Says::Started),
        Some(Says::OnHold(why())),
        Some(Says::Booked(booked())),
        Some(Says::AppointmentCancelled),
        Some(Says::NoShow),
        Some(Says::Note("a note".into())),
        Some(Says::Served(Served::default())),
        Some(Says::Failed(why())),
        Some(Says::Rebooked(booked())),
        Some(Says::GivenBack(why())),
        Some(Says::Cancelled(why())),
        Some(Says::CancelRefused(why())),
    ]
}

#[test]
fn the_family_is_the_links_or_that_of_the_message() {
    use Answers::{AsAsked, Orders, Rri, X360};
    for (answers, kind, family) in [
        (AsAsked, "REF^I12", Family::Rri),
        (AsAsked, "ORM^O01", Family::Orm),
        (AsAsked, "OMG^O19", Family::Omg),
        (Rri, "OMG^O19", Family::Rri),
        (Orders, "REF^I12", Family::Omg),
        (Orders, "ORM^O01", Family::Orm),
        (X360, "REF^I12", Family::X360),
    ] {
        assert_eq!(Family::of(answers, kind), family, "{kind}");
    }
}

#[test]
fn who_writes_an_old_version_is_not_sent_osu() {
    for old in ["2.1", "2.3", "2.3.1", "2.4", "2.5"] {
        assert!(!knows_status_updates(old), "{old}");
    }
    for new in ["2.5.1", "2.6", "2.8.2", "", "what"] {
        assert!(knows_status_updates(new), "{new}");
    }
}

#[test]
fn every_piece_of_news_is_said_in_every_manner() {
    let library = Library::builtin();
    for family in [Family::Rri, Family::Orm, Family::Omg, Family::X360] {
        for first in [true, false] {
            for status_updates in [true, false] {
                for appointments in [How::Answers, How::Siu] {
                    for outcomes in [Outcomes::Answers, Outcomes::Oru, Outcomes::Mdm] {
                        let manner =
                            Manner { family, first, status_updates, appointments, outcomes };
                        for says in all() {
                            let said = manner.said(library.states(), says.as_ref());
                            let mapping = library.for_message(&said.code, &said.event);
                            assert!(mapping.is_some(), "{manner:?} {says:?} {said:?}");
                            assert_ne!(said.kind()[2], "", "{said:?}");
                        }
                    }
                }
            }
        }
    }
}
