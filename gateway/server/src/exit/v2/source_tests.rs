use loopgate_fhir::Json;
use loopgate_hl7v2::{Delimiters, Message};
use loopgate_mapping::Library;
use loopgate_referral::{
    Appointment, ContactAttempt, ContactHow, Event, Identifier, Outcome, PlacementId, ReferralId,
    ResourceId, Says, Served, StatusReason, TargetMove, Timestamp,
};

use super::super::family::Family;
use super::*;
use crate::partner::{How, Outcomes, Role};

/// 2026-11-27T16:00:00Z.
const FRIDAY: Timestamp = Timestamp(1_795_795_200_000);

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), "Test", &loopgate_fhir::Limits::default()).unwrap()
}

fn why() -> StatusReason {
    StatusReason::new("no-capacity", "no room this week").unwrap()
}

fn outcome() -> Outcome {
    Outcome {
        procedure: "Procedure/1".parse::<ResourceId>().unwrap(),
        code: Some(("http://snomed.info/sct".into(), "710925007".into())),
        text: "Food box".into(),
        performed: FRIDAY,
    }
}

fn link() -> Link {
    let text = "[hl7v2]\napplication = \"EHR\"\nfacility = \"HOSPA\"\nauthorities = [\
                { name = \"HOSPA\", system = \"urn:example:hospital-a:mrn\" }]\n";
    let head = "name = \"A\"\nroles = [\"source\"]\nlegal_class = \"ce\"\n";
    Partner::parse("a".parse().unwrap(), &format!("{head}{text}")).unwrap().hl7v2.unwrap()
}

/// What is said of it, as segments.
fn message(manner: Manner, says: Option<Says>) -> (String, Vec<String>) {
    let library = Library::builtin();
    let news = says.map(|says| News {
        version: 2,
        at: FRIDAY,
        says,
        from_target: true,
        with: "pantry".parse().unwrap(),
    });
    let facts = Facts {
        referral: ReferralId::from_random([7; 16]),
        received: FRIDAY,
        news: news.as_ref(),
        task: json(
            r#"{"identifier":[{"type":{"coding":[{"code":"PLAC"}]},
            "system":"urn:example:hospital-a:mrn","value":"RA-7781"}]}"#,
        ),
        request: json(
            r#"{"status":"active","intent":"order","code":{"coding":[
            {"system":"http://snomed.info/sct","code":"467771000124109","display":"Food"}]},
            "note":[{"text":"words of the order"}]}"#,
        ),
        patient: json(
            r#"{"identifier":[{"system":"urn:example:hospital-a:mrn","value":"A-99871"}],
            "name":[{"family":"Lindqvist","given":["Maria"]}]}"#,
        ),
        owner: ("Pantry".into(), None::<Identifier>),
        zone: &jiff::tz::TimeZone::UTC,
    };
    let said = manner.said(library.states(), facts.news.map(|news| &news.says));
    let mapping = library.for_message(&said.code, &said.event).unwrap();
    let segments = segments((mapping, &link()), &facts, &said, Answer::Whole).unwrap();
    let text = Message { delimiters: Delimiters::USUAL, segments }.print();
    (said.kind().join("^"), text.split_terminator('\r').map(str::to_owned).collect())
}

/// `ORC-1` of the first ORC, as it is written.
fn at(lines: &[String], place: &str) -> String {
    let (segment, field) = place.split_once('-').unwrap();
    let line = lines.iter().find(|line| line.starts_with(segment));
    let field: usize = field.parse().unwrap();
    line.and_then(|line| line.split('|').nth(field)).unwrap_or_default().to_owned()
}

#[track_caller]
fn check(manner: Manner, says: impl Into<Option<Says>>, kind: &str, fields: &[(&str, &str)]) {
    let says = says.into();
    let (found, lines) = message(manner, says.clone());
    assert_eq!(found, kind, "{says:?}");
    for (place, value) in fields {
        assert_eq!(at(&lines, place), *value, "{place} of {says:?}: {lines:#?}");
    }
}

const RRI: Manner = Manner {
    family: Family::Rri,
    first: false,
    status_updates: true,
    appointments: How::Answers,
    outcomes: Outcomes::Answers,
};
const OMG: Manner = Manner { family: Family::Omg, ..RRI };
const ORM: Manner = Manner { family: Family::Orm, ..RRI };
const OLD: Manner = Manner { status_updates: false, ..ORM };
const X360: Manner = Manner { family: Family::X360, ..RRI };

fn booked() -> Says {
    Says::Booked(Appointment { start: FRIDAY, place: Some("Side door".into()) })
}

#[test]
fn the_end_of_a_referral_says_who_wanted_it() {
    let asked = Says::Cancelled(why());
    check(RRI, asked.clone(), "RRI^I14^RRI_I12", &[("RF1-6", "RA-7781^HOSPA")]);
    check(RRI, Says::CancelRefused(why()), "RRI^I14^RRI_I12", &[]);
    check(RRI, Says::GivenBack(why()), "RRI^I13^RRI_I12", &[("RF1-1", "R")]);
    let states = Library::builtin().states().clone();
    let code = |says: Says| ack_code(&RRI.said(&states, Some(&says)).fields).to_string();
    assert_eq!((code(asked.clone()), code(Says::CancelRefused(why()))), ("AA".into(), "AE".into()));
    let kind = "OSU^O51^OSU_O51";
    check(OMG, asked, kind, &[("ORC-1", "CR"), ("ORC-5", "CA")]);
    check(OMG, Says::CancelRefused(why()), kind, &[("ORC-1", "UC")]);
    check(OMG, Says::GivenBack(why()), kind, &[("ORC-5", "CA")]);
    check(OMG, Says::Failed(why()), kind, &[("ORC-1", "OD"), ("ORC-5", "DC")]);
}

fn referral(events: &[Event]) -> Referral {
    let received = Event::Received {
        referral: ReferralId::from_random([7; 16]),
        source: "a".parse().unwrap(),
        owner: "pantry".parse().unwrap(),
        persons: Vec::new(),
        needs: Vec::new(),
        contact_prohibited: false,
        task: "Task/1".parse().unwrap(),
        request: "ServiceRequest/1".parse().unwrap(),
    };
    let placed = Event::Placed {
        placement: PlacementId::from_random([2; 16]),
        target: "pantry".parse().unwrap(),
        task: "Task/2".parse().unwrap(),
        request: "ServiceRequest/2".parse().unwrap(),
    };
    let all = [received, placed].into_iter().chain(events.iter().cloned());
    let folded = all.zip(0..).fold(None, |referral, (event, ms)| {
        Referral::evolve(referral, &event, Timestamp(FRIDAY.0 + ms))
    });
    folded.unwrap()
}

fn moved(step: TargetMove) -> Event {
    let placement = PlacementId::from_random([2; 16]);
    Event::TargetMoved { placement, step, inferred: false, happened: None }
}

#[test]
fn what_is_told_again_is_said_in_the_same_message() {
    let accepted = [moved(TargetMove::Accept), moved(TargetMove::Start)];
    let first = referral(&accepted).news[0].version;
    let again =
        [Event::SourceTold { version: first }, Event::SourceToBeToldAgain { since: Timestamp(0) }];
    let told = [&accepted[..], &again[..]].concat();
    let partner = Partner::new("a".parse().unwrap(), Role::Source);
    // If that it came was asked for, and told, that was the first answer.
    for (asked, is_first) in [(false, true), (true, false)] {
        let spoken = Spoken {
            control: "MSG-1".into(),
            asked,
            not_carried: Vec::new(),
            kind: "OMG^O19".into(),
            version: "2.5.1".into(),
            newest: None,
        };
        let mut once = referral(&accepted);
        once.told = u64::from(asked);
        for referral in [once, referral(&told)] {
            let (link, news) = (link(), referral.news.first());
            let (partner, referral, spoken) = (&partner, &referral, &spoken);
            let telling = Telling { partner, link: &link, referral, spoken, news };
            assert_eq!(telling.is_first(), is_first, "{asked}");
        }
    }
}

#[test]
fn where_a_referral_stands_is_said_as_its_news_would_be() {
    let placement = PlacementId::from_random([2; 16]);
    let booked = Appointment { start: FRIDAY, place: None };
    let book = Event::AppointmentBooked { placement, appointment: booked.clone(), happened: None };
    let begun = [moved(TargetMove::Accept), moved(TargetMove::Start)];
    let stands = |more: &[Event]| present(&referral(&[&begun[..], more].concat()));
    assert_eq!(present(&referral(&[])), None);
    assert_eq!(present(&referral(&begun[..1])), Some(Says::Accepted));
    assert_eq!(stands(&[]), Some(Says::Started));
    assert_eq!(stands(std::slice::from_ref(&book)), Some(Says::Booked(booked)));
    let missed = Event::NoShow { placement, happened: None };
    assert_eq!(stands(&[book, missed]), Some(Says::NoShow));
    let held = moved(TargetMove::Hold { why: why() });
    assert_eq!(stands(&[held]), Some(Says::OnHold(why())));
    let failed = moved(TargetMove::Fail { why: why() });
    assert_eq!(stands(&[failed]), Some(Says::Failed(why())));
    let refused = Event::Refused { why: why() };
    assert_eq!(present(&referral(&[refused])), Some(Says::Declined(why())));
}

#[test]
fn a_referral_is_answered_by_rri() {
    let key = ("RF1-6", "RA-7781^HOSPA");
    let first = "RRI^I12^RRI_I12";
    let later = "RRI^I13^RRI_I12";
    check(RRI, None, first, &[("RF1-1", "P"), key, ("NTE-3", "")]);
    check(RRI, Says::Waiting, first, &[("RF1-1", "P"), ("NTE-3", "waiting for consent")]);
    check(RRI, Says::Declined(why()), first, &[("RF1-1", "R"), ("NTE-3", "no room this week")]);
    check(RRI, Says::Accepted, first, &[("RF1-1", "A"), key, ("NTE-3", "")]);
    check(RRI, Says::Started, later, &[("RF1-1", "A"), ("NTE-3", "work has begun")]);
    let held = "on hold: no room this week";
    check(RRI, Says::OnHold(why()), later, &[("RF1-1", "A"), ("NTE-3", held)]);
    let words = "appointment scheduled: 2026-11-27 16:00 UTC, Side door";
    check(RRI, booked(), later, &[("RF1-1", "A"), ("NTE-3", words)]);
    let off = "appointment cancelled";
    check(RRI, Says::AppointmentCancelled, later, &[("RF1-1", "A"), ("NTE-3", off)]);
    check(RRI, Says::NoShow, later, &[("RF1-1", "A"), ("NTE-3", "appointment missed")]);
    check(RRI, Says::Note("she called".into()), later, &[("RF1-1", "A"), ("NTE-3", "she called")]);
    let served = [
        ("RF1-1", "A"),
        ("OBR-4", "710925007^^SCT"),
        ("OBR-7", "20261127160000+0000"),
        ("OBR-25", "F"),
        ("OBX-5", "Food box"),
    ];
    check(RRI, Says::Served(Served(vec![outcome()])), later, &served);
    check(RRI, Says::Failed(why()), later, &[("RF1-1", "R"), ("NTE-3", "no room this week")]);
}

#[test]
fn the_first_answer_to_an_order_is_its_response() {
    let response = |manner| Manner { first: true, ..manner };
    for (manner, kind) in
        [(OMG, "ORG^O20^ORG_O20"), (ORM, "ORR^O02^ORR_O02"), (OLD, "ORR^O02^ORR_O02")]
    {
        let key = ("ORC-2", "RA-7781^HOSPA");
        check(response(manner), Says::Accepted, kind, &[("ORC-1", "OK"), key]);
        check(response(manner), Says::Declined(why()), kind, &[("ORC-1", "UA"), key]);
        check(response(manner), None, kind, &[]);
        check(response(manner), Says::Waiting, kind, &[]);
    }
}

#[test]
fn what_comes_later_of_an_order_is_a_status_update() {
    let kind = "OSU^O51^OSU_O51";
    for manner in [OMG, ORM] {
        let key = ("ORC-2", "RA-7781^HOSPA");
        check(manner, Says::Accepted, kind, &[("ORC-1", "OK"), key]);
        check(manner, Says::Started, kind, &[("ORC-1", "SC"), ("ORC-5", "IP")]);
        check(manner, Says::OnHold(why()), kind, &[("ORC-5", "HD")]);
        check(manner, booked(), kind, &[("ORC-1", "SC"), ("ORC-5", "SC")]);
        check(manner, Says::NoShow, kind, &[("ORC-5", "IP"), ("NTE-3", "appointment missed")]);
        let served = [("ORC-5", "CM"), ("NTE-3", "service given: Food box")];
        check(manner, Says::Served(Served(vec![outcome()])), kind, &served);
        let (_, lines) = message(manner, Some(Says::Declined(why())));
        assert!(at(&lines, "ORC-16").contains("no room this week"), "{lines:#?}");
    }
}

#[test]
fn what_comes_later_of_an_order_of_an_old_version_is_an_order_message() {
    let kind = "ORM^O01^ORM_O01";
    check(OLD, Says::Started, kind, &[("ORC-1", "SC"), ("ORC-5", "IP")]);
    check(OLD, Says::Served(Served(vec![outcome()])), kind, &[("ORC-1", "SC"), ("ORC-5", "CM")]);
    // An order is known again by what was ordered; none of its words are said back.
    let (_, lines) = message(OLD, Some(Says::Started));
    assert!(at(&lines, "OBR-4").starts_with("467771000124109"), "{lines:#?}");
    assert!(!lines.concat().contains("words of the order"));
}

#[test]
fn appointments_and_outcomes_come_in_messages_of_their_own_where_the_link_wants_them() {
    let siu = Manner { appointments: How::Siu, ..RRI };
    let key = ("SCH-26", "RA-7781^HOSPA");
    let booked_at = [("SCH-25", "Booked"), key];
    check(siu, booked(), "SIU^S12^SIU_S12", &booked_at);
    let (_, lines) = message(siu, Some(booked()));
    assert!(lines.concat().contains("20261127160000+0000"), "{lines:#?}");
    assert!(lines.concat().contains("Side door"), "{lines:#?}");
    check(siu, Says::AppointmentCancelled, "SIU^S15^SIU_S12", &[("SCH-25", "Cancelled"), key]);
    check(siu, Says::NoShow, "SIU^S26^SIU_S12", &[("SCH-25", "Noshow"), key]);
    let oru = Manner { outcomes: Outcomes::Oru, ..OMG };
    let result = [("OBR-2", "RA-7781^HOSPA"), ("OBR-25", "F"), ("OBX-5", "Food box")];
    check(oru, Says::Served(Served(vec![outcome()])), "ORU^R01^ORU_R01", &result);
    let mdm = Manner { outcomes: Outcomes::Mdm, ..OMG };
    let letter = [("TXA-14", "RA-7781^HOSPA"), ("OBX-2", "TX"), ("OBX-5", "Food box")];
    check(mdm, Says::Served(Served(vec![outcome()])), "MDM^T02^MDM_T02", &letter);
    // What is not the service given is said as before.
    check(oru, Says::Started, "OSU^O51^OSU_O51", &[]);
}

#[test]
fn a_message_has_the_segments_its_structure_wants() {
    let framed = |code: &str, names: &[&str]| {
        let said = Said { code: code.into(), event: String::new(), fields: Vec::new() };
        let written = names.iter().map(|name| segment(name, &["1"])).collect();
        let framed = framed(&said, "20261127", written);
        framed.into_iter().map(|one| one.name).collect::<Vec<String>>().join(" ")
    };
    assert_eq!(framed("MDM", &["PID", "TXA", "OBX"]), "EVN PID PV1 TXA OBX");
    assert_eq!(framed("MDM", &["PID", "PV1", "TXA"]), "EVN PID PV1 TXA");
    assert_eq!(framed("SIU", &["SCH", "PID", "AIS", "AIL"]), "SCH PID RGS AIS AIL");
    assert_eq!(framed("SIU", &["SCH", "PID"]), "SCH PID");
    assert_eq!(framed("RRI", &["RF1", "PID", "OBX"]), "RF1 PID OBX");
}

#[test]
fn a_360x_link_gets_the_messages_of_its_transactions() {
    assert_eq!(X360.profile(), Some("360X"));
    let key = ("ORC-2", "RA-7781^HOSPA");
    check(X360, Says::Accepted, "OSU^O51^OSU_O51", &[key]);
    check(X360, Says::Declined(why()), "OSU^O51^OSU_O51", &[key]);
    check(X360, booked(), "SIU^S12^SIU_S12", &[("SCH-25", "Booked")]);
    check(X360, Says::NoShow, "SIU^S26^SIU_S12", &[("SCH-25", "Noshow")]);
    let note = [key, ("NTE-3", "she called")];
    check(X360, Says::Note("she called".into()), "OMG^O19^OMG_O19", &note);
    let outcome = [key, ("ORC-5", "CM")];
    check(X360, Says::Served(Served(vec![self::outcome()])), "OMG^O19^OMG_O19", &outcome);
}

#[test]
fn words_beside_the_steps_say_nothing_of_the_state() {
    let attempt = ContactAttempt { how: ContactHow::Phone, reached: false, text: None };
    let tried = "contact attempt by phone: not reached";
    for (says, words) in [
        (Says::Commented("When may she come?".into()), "comment: When may she come?"),
        (Says::Attempted(attempt), tried),
        (Says::SafeContact(Some("text only".into())), "safe contact: text only"),
    ] {
        check(RRI, says.clone(), "RRI^I13^RRI_I12", &[("RF1-1", ""), ("NTE-3", words)]);
        let status = [("ORC-1", "SC"), ("ORC-5", ""), ("NTE-3", words)];
        check(OMG, says.clone(), "OSU^O51^OSU_O51", &status);
        check(X360, says, "OSU^O51^OSU_O51", &status);
    }
    let back = "the answer was a mistake and is taken back";
    check(RRI, Says::TakenBack, "RRI^I12^RRI_I12", &[("RF1-1", "P"), ("NTE-3", back)]);
}

#[test]
fn several_services_are_all_said() {
    let ride = Outcome { text: "Ride".into(), code: None, ..outcome() };
    let both = || Says::Served(Served(vec![outcome(), ride.clone()]));
    // One place for words: without a code, which would be that of one of them.
    check(RRI, both(), "RRI^I13^RRI_I12", &[("OBX-5", "Food box; Ride"), ("OBR-4", "")]);
    let report = Manner { outcomes: Outcomes::Oru, ..OMG };
    check(report, both(), "ORU^R01^ORU_R01", &[("OBX-5", "Food box")]);
    let lines = message(report, Some(both())).1;
    let observed = lines.iter().filter(|line| line.starts_with("OBX"));
    let observed: Vec<&str> = observed.filter_map(|line| line.split('|').nth(5)).collect();
    assert_eq!(observed, ["Food box", "710925007^^SCT", "Ride"]);
}
