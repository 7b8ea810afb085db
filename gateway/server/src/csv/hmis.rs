//! `Event.csv` of HUD's HMIS CSV format, FY 2026: an organization's housing referrals as coordinated
//! entry events (data element 4.20).
//!
//! The format says less than a referral: what has no code in it is left empty, and stands in a list of
//! its own. Persons are called by names that only this organization's files have.

use jiff::civil::DateTime;
use loopgate_consent::FieldGroup;
use loopgate_referral::{Placement, Referral, TaskStatus, Timestamp};

use super::out::{Parts, Walk, Which, tried};
use super::{CHANNEL, cell, moment};
use crate::egress::{Way, Weighed};
use crate::exit;
use crate::gate::{Gate, Session};
use crate::partner::Partner;
use crate::refusal::Trouble;

/// The columns, in HUD's order.
pub const COLUMNS: [&str; 15] = [
    "EventID",
    "EnrollmentID",
    "PersonalID",
    "EventDate",
    "Event",
    "ProbSolDivRRResult",
    "ReferralCaseManageAfter",
    "LocationCrisisOrPHHousing",
    "ReferralResult",
    "ResultDate",
    "DateCreated",
    "DateUpdated",
    "UserID",
    "DateDeleted",
    "ExportID",
];
/// The columns of the list of what is not carried.
pub const NOT_CARRIED: [&str; 3] = ["EventID", "Field", "Why"];
/// Which event (4.20.2) a need is a referral for. The kinds of bed (10 to 15) say that one is open,
/// which no referral says.
const EVENTS: [(&str, &str, &str); 2] = [
    ("housing-instability", "1", "prevention assistance"),
    ("homelessness", "7", "housing navigation"),
];
const HOUSING: [&str; 3] = ["housing-instability", "homelessness", "inadequate-housing"];

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// `Event.csv`.
    Events,
    /// What `Event.csv` does not say, referral by referral.
    NotCarried,
}

/// A file of an organization: of what consent permits now.
pub fn file(
    gate: &Gate,
    partner: &Partner,
    session: Option<&Session>,
    file: File,
) -> Result<Parts, Trouble> {
    let mut head = String::new();
    match file {
        File::Events => cell::record(&mut head, ',', COLUMNS),
        File::NotCarried => cell::record(&mut head, ',', NOT_CARRIED),
    }
    let mut parts = Parts::of(head);
    let export = gate.fresh_name();
    let way = Way { to: &partner.org, channel: CHANNEL, mapping: None, by: None };
    let mut walk = Walk::new(Which::All);
    while let Some(chunk) = walk.next(gate, &partner.org)? {
        let released = tried(|| {
            let (mut rows, mut weighed) = (String::new(), Vec::<Weighed>::new());
            for (referral, placement) in &chunk {
                let mut ask = exit::need_ask(referral, placement);
                ask.view = "hmis-event";
                let ask = match session {
                    Some(session) => ask.shown(gate, session),
                    None => ask,
                };
                let Some(permits) = gate.egress.may(&partner.org, &ask)? else { continue };
                let groups = exit::Passing::of(&permits).groups;
                if ![FieldGroup::Need, FieldGroup::Status].iter().all(|one| groups.contains(*one)) {
                    continue;
                }
                let event = Event::of(referral, placement);
                match file {
                    File::Events if event.code.is_none() => continue,
                    File::Events => {
                        row(&mut rows, gate, partner, (referral, placement), &export, &event)
                    }
                    File::NotCarried => {
                        for (field, why) in &event.lost {
                            let id = event_id(placement);
                            cell::record(&mut rows, ',', [id.as_str(), field, why]);
                        }
                    }
                }
                weighed.push((ask, permits));
            }
            gate.egress.release_page(way, weighed, || Ok(rows.clone().into_bytes()))
        })?;
        parts.take(released);
    }
    Ok(parts)
}

/// What the format says of a referral, and what it does not.
struct Event {
    /// 4.20.2.
    code: Option<&'static str>,
    /// 4.20.D.
    result: Option<&'static str>,
    deleted: bool,
    lost: Vec<(&'static str, String)>,
}

impl Event {
    fn of(referral: &Referral, placement: &Placement) -> Event {
        let needs: Vec<&str> = referral.needs.iter().map(|need| need.as_str()).collect();
        let found = EVENTS.iter().find(|(need, ..)| needs.contains(need));
        let Some((need, code, words)) = found else {
            let why = match needs.iter().find(|need| HOUSING.contains(need)) {
                Some(need) => format!("{need} has no event code; the referral is not in Event.csv"),
                None => "not a housing need; the referral is not in Event.csv".to_owned(),
            };
            return Event { code: None, result: None, deleted: false, lost: vec![("Event", why)] };
        };
        let mut lost = vec![("Event", format!("{need} is said as {code}, {words}"))];
        let (result, why) = result(placement);
        lost.extend(why.map(|why| ("ReferralResult", why)));
        if placement.appointment.is_some() {
            lost.push(("LocationCrisisOrPHHousing", "an appointment has no field".to_owned()));
        }
        let deleted = placement.state.status() == TaskStatus::EnteredInError;
        Event { code: Some(code), result, deleted, lost }
    }
}

/// 4.20.D, and what it does not say.
fn result(placement: &Placement) -> (Option<&'static str>, Option<String>) {
    let reason = placement.reason.as_ref().map(|why| why.code()).unwrap_or_default();
    let lossy = |code, words: &str| (Some(code), Some(words.to_owned()));
    let none = |words: &str| (None, Some(words.to_owned()));
    match placement.state.status() {
        TaskStatus::Completed => {
            lossy("1", "1 says that the client accepted; that they were served is lost")
        }
        TaskStatus::Rejected if placement.rerouted => {
            none("sent on to another organization has no code")
        }
        TaskStatus::Rejected | TaskStatus::Failed | TaskStatus::Cancelled
            if reason == "not-reached" =>
        {
            none("could not be reached has no code; 2 or 3 would say something else")
        }
        TaskStatus::Rejected | TaskStatus::Failed | TaskStatus::Cancelled
            if reason == "client-declined" =>
        {
            (Some("2"), None)
        }
        TaskStatus::Rejected => lossy("3", "the reason is lost"),
        TaskStatus::Cancelled if placement.given_back => {
            lossy("3", "that it was given back after it was accepted, and the reason, are lost")
        }
        TaskStatus::Cancelled => none("called off by its source has no code"),
        TaskStatus::Failed => none("not served after it was accepted has no code"),
        TaskStatus::OnHold => none("on hold has no code"),
        TaskStatus::Accepted | TaskStatus::InProgress => none("accepted has no code until it ends"),
        TaskStatus::Draft | TaskStatus::Requested | TaskStatus::EnteredInError => (None, None),
    }
}

fn event_id(placement: &Placement) -> String {
    hex::encode(placement.id.bytes())
}

fn row(
    out: &mut String,
    gate: &Gate,
    partner: &Partner,
    (referral, placement): (&Referral, &Placement),
    export: &str,
    event: &Event,
) {
    let Some(person) = referral.persons.first() else {
        unreachable!("a referral is about somebody")
    };
    let personal = gate.doorkeys.pseudonym(&gate.config.tenant.name, *person, &partner.org);
    // No enrollment is known here: one for each person, under a name of its own.
    let enrollment = personal.replacen("ps1.", "en1.", 1);
    let there = |at: Timestamp| moment::local(at, &partner.time_zone);
    let ended = event.result.map(|_| day(there(placement.moved.unwrap_or(placement.changed))));
    let deleted = event.deleted.then(|| second(there(placement.changed)));
    let id = event_id(placement);
    let (created, updated) = (second(there(placement.placed)), second(there(placement.changed)));
    let placed = day(there(placement.placed));
    let cells = [
        id.as_str(),
        &enrollment,
        &personal,
        &placed,
        event.code.unwrap_or_default(),
        "",
        "",
        "",
        event.result.unwrap_or_default(),
        ended.as_deref().unwrap_or_default(),
        &created,
        &updated,
        "loopgate",
        deleted.as_deref().unwrap_or_default(),
        export,
    ];
    cell::record(out, ',', cells);
}

fn day(at: DateTime) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn second(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
