//! The state table, cell by cell.

use super::*;
use crate::Library;

const SOURCE: By = By::Source;
const TARGET: By = By::Target;

/// What the shipped table reads in `MSG^EVT FIELD=VALUE …`.
fn read(said: &str, by: By, task: &str) -> String {
    let library = Library::builtin();
    let mut words = said.split(' ');
    let (code, event) = words.next().unwrap().split_once('^').unwrap();
    let fields: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
    let value = |field: &str| {
        fields.iter().find(|(name, _)| *name == field).map(|(_, value)| (*value).to_owned())
    };
    let said = Said { code, event, fields: &value };
    let found = library.states().read(&said, by, task);
    found.map_or("-".to_owned(), |state| state.name.clone())
}

/// The table of a referral's life, as IHE 360X, BSeR and HL7 tables 0119, 0038, 0283 and 0123 give it:
/// what is said, by whom, while the Task has this status, and what it means.
#[test]
fn every_cell_is_read_as_the_standards_mean_it() {
    for (said, by, task, means) in [
        // A referral is sent.
        ("REF^I12 RF1-1=P", SOURCE, "draft", "sent"),
        ("REF^I12", SOURCE, "draft", "sent"),
        ("OMG^O19 ORC-1=NW", SOURCE, "draft", "sent"),
        ("ORM^O01 ORC-1=NW", SOURCE, "draft", "sent"),
        ("ORM^O01", SOURCE, "draft", "sent"),
        ("ORM^O01 ORC-1=SN", SOURCE, "draft", "sent"),
        // Accepted: RF1-1 A; OK, or SC with IP (PCC-56).
        ("RRI^I12 RF1-1=A", TARGET, "requested", "accepted"),
        ("OSU^O51 ORC-1=OK", TARGET, "requested", "accepted"),
        ("OSU^O51 ORC-1=SC ORC-5=IP", TARGET, "requested", "accepted"),
        ("ORR^O02 ORC-1=OK", TARGET, "requested", "accepted"),
        ("ORG^O20 ORC-1=OK", TARGET, "requested", "accepted"),
        ("RRI^I12 RF1-1=P", TARGET, "requested", "received"),
        // Declined: RF1-1 R; UA, or SC with CA (PCC-56); after acceptance it is late.
        ("RRI^I12 RF1-1=R", TARGET, "requested", "declined"),
        ("OSU^O51 ORC-1=UA", TARGET, "requested", "declined"),
        ("OSU^O51 ORC-1=SC ORC-5=CA", TARGET, "requested", "declined"),
        ("ORR^O02 ORC-1=UA", TARGET, "requested", "declined"),
        ("RRI^I13 RF1-1=R", TARGET, "accepted", "declined-late"),
        ("OSU^O51 ORC-1=UA", TARGET, "accepted", "declined-late"),
        ("OSU^O51 ORC-1=OC", TARGET, "accepted", "declined-late"),
        ("OSU^O51 ORC-1=OD", TARGET, "accepted", "declined-late"),
        ("OSU^O51 ORC-1=SC ORC-5=CA", TARGET, "accepted", "declined-late"),
        // Work: SC with IP again; a note once it goes on (PCC-59).
        ("OSU^O51 ORC-1=SC ORC-5=IP", TARGET, "accepted", "active"),
        ("RRI^I13 RF1-1=A", TARGET, "accepted", "active"),
        ("OSU^O51 ORC-1=SC ORC-5=IP", TARGET, "in-progress", "interim-note"),
        ("OMG^O19 ORC-1=RE ORC-5=IP", TARGET, "in-progress", "interim-note"),
        ("OSU^O51 ORC-1=SC ORC-5=SC", TARGET, "accepted", "scheduled-somewhen"),
        ("ORU^R01 OBR-25=P", TARGET, "accepted", "interim-result"),
        ("ORU^R01 OBR-25=A", TARGET, "in-progress", "interim-result"),
        ("MDM^T02 TXA-17=PA", TARGET, "in-progress", "interim-result"),
        // Appointments (PCC-60, PCC-61), in any status of the Task.
        ("SIU^S12", TARGET, "requested", "scheduled"),
        ("SIU^S12 SCH-25=Booked", TARGET, "accepted", "scheduled"),
        ("SIU^S13", TARGET, "in-progress", "scheduled"),
        ("SIU^S14", TARGET, "in-progress", "scheduled"),
        ("SIU^S14 SCH-25=Cancelled", TARGET, "in-progress", "appointment-cancelled"),
        ("SIU^S14 SCH-25=Noshow", TARGET, "in-progress", "no-show"),
        ("SIU^S15", TARGET, "in-progress", "appointment-cancelled"),
        ("SIU^S16", TARGET, "in-progress", "appointment-cancelled"),
        ("SIU^S17", TARGET, "in-progress", "appointment-cancelled"),
        ("SIU^S26", TARGET, "in-progress", "no-show"),
        ("SIU^S26 SCH-25=Noshow", TARGET, "accepted", "no-show"),
        ("SIU^S12 SCH-25=Waitlist", TARGET, "accepted", "on-hold"),
        // Hold and release.
        ("OSU^O51 ORC-1=HD ORC-5=HD", TARGET, "accepted", "on-hold"),
        ("OSU^O51 ORC-1=OH", TARGET, "in-progress", "on-hold"),
        ("OSU^O51 ORC-1=HR", TARGET, "in-progress", "on-hold"),
        ("OSU^O51 ORC-1=RL", TARGET, "on-hold", "released"),
        ("OSU^O51 ORC-1=OE", TARGET, "on-hold", "released"),
        ("OSU^O51 ORC-1=OR", TARGET, "on-hold", "released"),
        // Cancellation: the placer asks (PCC-58), the filler answers.
        ("REF^I14", SOURCE, "accepted", "cancel-requested"),
        ("REF^I14 RF1-1=P", SOURCE, "accepted", "cancel-requested"),
        ("OSU^O51 ORC-1=CA", SOURCE, "accepted", "cancel-requested"),
        ("OMG^O19 ORC-1=CA", SOURCE, "requested", "cancel-requested"),
        ("ORM^O01 ORC-1=DC", SOURCE, "requested", "cancel-requested"),
        ("OSU^O51 ORC-1=UC", TARGET, "accepted", "cancel-refused"),
        ("OSU^O51 ORC-1=UD", TARGET, "accepted", "cancel-refused"),
        ("RRI^I14 MSA-1=AE", TARGET, "accepted", "cancel-refused"),
        ("RRI^I14 MSA-1=AA", TARGET, "accepted", "cancelled"),
        ("OSU^O51 ORC-1=CR ORC-5=CA", TARGET, "accepted", "cancelled"),
        ("OSU^O51 ORC-1=DR", TARGET, "in-progress", "cancelled"),
        ("OSU^O51 ORC-1=OC", TARGET, "in-progress", "stopped"),
        // The end (PCC-57).
        ("OSU^O51 ORC-1=RE ORC-5=CM", TARGET, "in-progress", "completed"),
        ("OMG^O19 ORC-1=SC ORC-5=CM", TARGET, "accepted", "completed"),
        ("RRI^I13 RF1-1=A OBR-25=F", TARGET, "in-progress", "completed"),
        ("ORU^R01 OBR-25=F", TARGET, "requested", "completed"),
        ("ORU^R01 OBR-25=C", TARGET, "completed", "completed"),
        ("MDM^T02 TXA-17=LA", TARGET, "in-progress", "completed"),
        ("OSU^O51 ORC-1=OD ORC-5=DC", TARGET, "in-progress", "failed"),
        ("RRI^I13 RF1-1=R", TARGET, "in-progress", "failed"),
        ("RRI^I13 RF1-1=E", TARGET, "accepted", "expired"),
        // Changes and mistakes.
        ("REF^I13", SOURCE, "accepted", "amended"),
        ("ORM^O01 ORC-1=XO", SOURCE, "requested", "amended"),
        ("OMG^O19 ORC-1=RP", SOURCE, "requested", "amended"),
        ("OMG^O19 ORC-5=ER", SOURCE, "requested", "entered-in-error"),
        ("REF^I15", SOURCE, "accepted", "status-asked"),
        ("REF^I13 RF1-25=D", SOURCE, "accepted", "entered-in-error"),
        ("REF^I13 RF1-1=P RF1-25=D", SOURCE, "accepted", "entered-in-error"),
        ("REF^I13 RF1-25=U", SOURCE, "accepted", "amended"),
        ("REF^I14 RF1-25=D", SOURCE, "accepted", "cancel-requested"),
        // A filler that says all of it by orders.
        ("ORM^O01 ORC-1=SC ORC-5=CA", TARGET, "requested", "declined"),
        ("ORM^O01 ORC-1=OC", TARGET, "accepted", "declined-late"),
        ("OMG^O19 ORC-1=OD ORC-5=CA", TARGET, "accepted", "declined-late"),
        ("ORM^O01 ORC-1=OC ORC-5=DC", TARGET, "in-progress", "stopped"),
        ("OMG^O19 ORC-1=OD ORC-5=CA", TARGET, "in-progress", "failed"),
        ("ORR^O02 ORC-1=UD", TARGET, "accepted", "cancel-refused"),
        ("ORG^O20 ORC-1=DR ORC-5=DC", TARGET, "accepted", "cancelled"),
        ("ORR^O02 ORC-1=HR ORC-5=HD", TARGET, "accepted", "on-hold"),
        ("ORM^O01 ORC-1=OR", TARGET, "on-hold", "released"),
        // The event decides before any field, and ORC-5 before ORC-1.
        ("REF^I14 RF1-1=A", SOURCE, "accepted", "cancel-requested"),
        ("OSU^O51 ORC-1=OK ORC-5=CM", TARGET, "in-progress", "-"),
        ("OMG^O19 ORC-1=NW ORC-5=ER", SOURCE, "requested", "entered-in-error"),
        // What the other side alone can say is nothing.
        ("OSU^O51 ORC-1=CA", TARGET, "accepted", "-"),
        ("OSU^O51 ORC-1=CR", SOURCE, "accepted", "-"),
        ("SIU^S12", SOURCE, "accepted", "-"),
        ("ORM^O01 ORC-1=HD", SOURCE, "accepted", "-"),
        ("RRI^I12 RF1-1=Z", TARGET, "accepted", "-"),
        ("ADT^A01", SOURCE, "accepted", "-"),
    ] {
        assert_eq!(read(said, by, task), means, "{said} {by:?} {task}");
    }
}

#[test]
fn every_state_is_said_in_each_family() {
    let library = Library::builtin();
    let say = |name: &str, code: &str| {
        let way = library.states().say(name, code).unwrap_or_else(|| panic!("{name} {code}"));
        let fields = way.fields.iter().map(|(field, value)| format!(" {field}={value}"));
        format!("{}^{}{}", way.code, way.event, fields.collect::<String>())
    };
    for (name, code, expected) in [
        ("sent", "REF", "REF^I12 RF1-1=P"),
        ("sent", "OMG", "OMG^O19 ORC-1=NW"),
        ("sent", "ORM", "ORM^O01 ORC-1=NW"),
        ("accepted", "RRI", "RRI^I12 RF1-1=A"),
        ("accepted", "OSU", "OSU^O51 ORC-1=OK ORC-5=IP"),
        ("accepted", "ORR", "ORR^O02 ORC-1=OK ORC-5=IP"),
        ("declined", "RRI", "RRI^I12 RF1-1=R"),
        ("declined", "OSU", "OSU^O51 ORC-1=UA ORC-5=CA"),
        ("scheduled", "SIU", "SIU^S12 SCH-25=Booked"),
        ("scheduled", "RRI", "RRI^I13 RF1-1=A"),
        ("no-show", "SIU", "SIU^S26 SCH-25=Noshow"),
        ("appointment-cancelled", "SIU", "SIU^S15 SCH-25=Cancelled"),
        ("interim-note", "RRI", "RRI^I13 RF1-1=A"),
        ("completed", "RRI", "RRI^I13 OBR-25=F RF1-1=A"),
        ("completed", "OSU", "OSU^O51 ORC-1=SC ORC-5=CM"),
        ("completed", "ORU", "ORU^R01 OBR-25=F"),
        ("completed", "MDM", "MDM^T02 TXA-17=AU"),
        ("failed", "RRI", "RRI^I13 RF1-1=R"),
        ("cancelled", "RRI", "RRI^I14 MSA-1=AA"),
        ("cancelled", "OSU", "OSU^O51 ORC-1=CR ORC-5=CA"),
        ("cancel-refused", "OSU", "OSU^O51 ORC-1=UC"),
        ("cancel-requested", "REF", "REF^I14"),
        ("cancel-requested", "OSU", "OSU^O51 ORC-1=CA"),
        ("amended", "REF", "REF^I13"),
        ("amended", "OMG", "OMG^O19 ORC-1=XO"),
    ] {
        assert_eq!(say(name, code), expected, "{name}");
    }
}

#[test]
fn what_says_a_state_reads_as_it_from_each_status_it_is_open_to() {
    let library = Library::builtin();
    let mut count = 0;
    for state in library.states().iter() {
        let open = |task: &&&str| state.is_open_to(state.by[0], task);
        for task in TASK.iter().filter(open) {
            for way in state.ways().filter(|way| !way.written_only) {
                let value = |field: &str| {
                    let found = way.fields.iter().find(|(name, _)| name == field);
                    found.map(|(_, value)| value.clone())
                };
                let said = Said { code: &way.code, event: &way.event, fields: &value };
                for by in state.by() {
                    let found = library.states().read(&said, *by, task);
                    let found = found.map(|found| found.name.as_str());
                    assert_eq!(found, Some(&*state.name), "{way:?} {task}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 500, "only {count}");
}

/// SDOHCC's Task value set and R4's request-status know these alone, and BSeR's business statuses.
#[test]
fn what_a_state_comes_to_is_of_the_standards_value_sets() {
    let library = Library::builtin();
    for state in library.states().iter() {
        let request = ["active", "on-hold", "revoked", "completed", "entered-in-error"];
        assert!(
            state.request.as_deref().is_none_or(|one| request.contains(&one)),
            "{}",
            state.name
        );
        let business =
            ["2.0", "3.0", "4.0", "5.1", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.2", "6.0", "7.0"];
        assert!(
            state.business.as_deref().is_none_or(|one| business.contains(&one)),
            "{}",
            state.name
        );
        assert!(state.ways().next().is_some(), "{}", state.name);
    }
}

fn refused(text: &str) -> String {
    let problems = States::parse("hl7v2/states.toml", text).unwrap_err();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_table_in_which_a_message_means_two_things_does_not_load() {
    let state = |name: &str, from: &str, said: &str| {
        format!("[[state]]\nname = \"{name}\"\nby = [\"target\"]\n{from}said = [{said}]\n")
    };
    let one = |from: &str, said: &str| state("one", from, said);
    let two = |from: &str, said: &str| state("two", from, said);
    let ok = r#"{ message = "OSU^O51", ORC-1 = "OK" }"#;
    let clash = one("", ok) + &two("", ok);
    assert!(refused(&clash).contains("OSU^O51 may say two and one"), "{}", refused(&clash));
    let apart = one("from = [\"requested\"]\n", ok) + &two("from = [\"accepted\"]\n", ok);
    assert!(States::parse("f", &apart).is_ok());
    let finer = one("", ok) + &two("", r#"{ message = "OSU^O51", ORC-1 = "OK", ORC-5 = "CM" }"#);
    assert!(States::parse("f", &finer).is_ok());
    for (text, words) in [
        (one("", r#"{ message = "OSU", ORC-1 = "OK" }"#), "is not a message"),
        (one("", r#"{ message = "OSU^O51", ORC-2 = "OK" }"#), "ORC-2 does not decide"),
        (one("from = [\"done\"]\n", ok), "done is no Task.status"),
        (one("task = \"ready\"\n", ok), "ready is no Task.status"),
        (one("", ok) + &one("", r#"{ message = "OSU^O51", ORC-1 = "CR" }"#), "is there twice"),
        (one("", r#"{ message = "OSU^O51", ORC-1 = "OK", only = "read" }"#), "only is not"),
    ] {
        assert!(refused(&text).contains(words), "{words}: {}", refused(&text));
    }
}
