use std::borrow::Cow;

use loopgate_referral::{ContactAttempt, ContactHow};

use super::*;
use crate::csv::layout::Layout;
use crate::csv::said::said;

fn read(cells: &[(Answer, &str)]) -> Result<Said, Vec<(Option<String>, &'static str)>> {
    let layout = Layout::default();
    let at: Vec<(Answer, usize)> =
        cells.iter().enumerate().map(|(n, (one, _))| (*one, n)).collect();
    let texts: Vec<Cow<'_, str>> = cells.iter().map(|(_, text)| Cow::Borrowed(*text)).collect();
    let cells = Cells { at: &at, cells: &texts, layout: &layout };
    said(&cells).map_err(|flaws| flaws.into_iter().map(|flaw| (flaw.column, flaw.code)).collect())
}

#[test]
fn an_empty_row_says_nothing() {
    assert_eq!(read(&[]), Ok(Said::default()));
    assert_eq!(read(&[(Answer::Status, " "), (Answer::Note, "")]), Ok(Said::default()));
}

#[test]
fn a_status_is_a_word_in_any_case() {
    for text in ["accepted", "Accepted ", "ACCEPT"] {
        let status = Some(Status::Is(TaskStatus::Accepted));
        assert_eq!(read(&[(Answer::Status, text)]).unwrap().status, status, "{text}");
    }
    for text in ["no show", "No-show", "did not come"] {
        assert_eq!(read(&[(Answer::Status, text)]).unwrap().status, Some(Status::NoShow), "{text}");
    }
    let wrong = read(&[(Answer::Status, "yes")]).unwrap_err();
    assert_eq!(wrong, [(Some("Status".to_owned()), "no-such-answer")]);
}

#[test]
fn services_are_lines_and_their_codes_too() {
    let given =
        read(&[(Answer::Service, "Food box\r\n\r\nDiapers"), (Answer::ServiceCode, "urn:a|1")]);
    let code = Some(("urn:a".to_owned(), "1".to_owned()));
    let first = Given { text: "Food box".into(), code };
    assert_eq!(given.unwrap().services, [first, Given { text: "Diapers".into(), code: None }]);
    for codes in ["1", "a|1\nb|2", "|1", "a|"] {
        let wrong = read(&[(Answer::Service, "Box"), (Answer::ServiceCode, codes)]).unwrap_err();
        assert_eq!(wrong, [(Some("Service code".to_owned()), "not-a-code")], "{codes}");
    }
}

#[test]
fn an_attempt_says_how_and_whether_they_were_reached() {
    let attempt = |text| read(&[(Answer::Attempt, text)]).map(|said| said.attempt.unwrap());
    let words = Some("left a message; will call".to_owned());
    let expected = ContactAttempt { how: ContactHow::Phone, reached: false, text: words };
    assert_eq!(attempt("Phone, not reached; left a message; will call"), Ok(expected));
    let expected = ContactAttempt { how: ContactHow::Email, reached: true, text: None };
    assert_eq!(attempt("e-mail, reached"), Ok(expected));
    for text in ["phone", "pigeon, reached", "phone, maybe", "reached"] {
        assert!(attempt(text).is_err(), "{text}");
    }
}

#[test]
fn what_belongs_together_is_asked_for() {
    let flaw = |name: &str, code| (Some(name.to_owned()), code);
    for (cells, flaws) in [
        (vec![(Answer::AppointmentDate, "2026-11-27")], vec![flaw("Appointment time", "missing")]),
        (vec![(Answer::AppointmentTime, "16:00")], vec![flaw("Appointment day", "missing")]),
        (vec![(Answer::AppointmentPlace, "Here")], vec![flaw("Appointment day", "missing")]),
        (vec![(Answer::Reason, "We are full!")], vec![flaw("Reason code", "no-such-reason")]),
        (
            vec![
                (Answer::ServiceDate, "soon"),
                (Answer::AppointmentDate, "x"),
                (Answer::Status, "?"),
            ],
            vec![
                flaw("Status", "no-such-answer"),
                flaw("Appointment day", "not-a-day"),
                flaw("Service day", "not-a-day"),
            ],
        ),
    ] {
        assert_eq!(read(&cells).unwrap_err(), flaws, "{cells:?}");
    }
}
