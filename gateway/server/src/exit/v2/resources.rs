//! What a target said, as resources that messages have fields for.

use loopgate_fhir::REFERRAL;
use loopgate_referral::{Appointment, News, Outcome, Says, Served, Timestamp};
use serde_json::{Value, json};

use super::words;

/// What kind of document (TXA-2).
const V2_0270: &str = "http://terminology.hl7.org/CodeSystem/v2-0270";

/// Puts into a pivot what a piece of news says, where a message of this type (MSH-9.1) has fields
/// for it.
pub fn put(found: &mut Value, news: &News, code: &str) {
    match (&news.says, code) {
        (Says::Booked(booked) | Says::Rebooked(booked), "SIU") => {
            found["Appointment"] = appointment("booked", found);
            begins(&mut found["Appointment"], booked);
        }
        (Says::AppointmentCancelled, "SIU") => {
            found["Appointment"] = appointment("cancelled", found);
        }
        (Says::NoShow, "SIU") => found["Appointment"] = appointment("noshow", found),
        (Says::Served(Served(given)), "RRI") => {
            if let Some(whole) = whole(given) {
                found["Procedure"] = procedure(&whole);
            }
        }
        (Says::Served(Served(given)), "MDM") => {
            if let Some(first) = given.first() {
                found["DocumentReference"] = document(first);
            }
        }
        (Says::Served(Served(given)), "ORU" | "OMG") => {
            if let Some(first) = given.first() {
                found["DiagnosticReport"] = report(first, news, found);
                found["Observation"] = given.iter().flat_map(observations).collect();
            }
        }
        _ => {}
    }
}

/// A referral has one appointment at a time: it is called as the referral is.
fn appointment(status: &str, found: &Value) -> Value {
    let keys = found["Task"]["identifier"].as_array().into_iter().flatten();
    let ours: Vec<&Value> = keys.filter(|key| key["system"] == REFERRAL).collect();
    json!({ "status": status, "identifier": ours })
}

fn begins(appointment: &mut Value, booked: &Appointment) {
    appointment["start"] = instant(booked.start).into();
    if let Some(place) = &booked.place {
        let location = json!({ "coding": [{ "code": "LOC" }] });
        appointment["participant"] = json!([{ "type": [location], "actor": { "display": place } }]);
    }
}

/// All that was given, where a message has one place for it: in words, with a code if it is one service.
fn whole(given: &[Outcome]) -> Option<Outcome> {
    let first = given.first()?.clone();
    if given.len() == 1 {
        return Some(first);
    }
    Some(Outcome { code: None, text: words::texts(given), ..first })
}

fn procedure(outcome: &Outcome) -> Value {
    json!({
        "status": "completed",
        "code": code(outcome),
        "performedDateTime": instant(outcome.performed),
    })
}

/// The report of what was ordered; what was given is observed in it.
fn report(outcome: &Outcome, news: &News, found: &Value) -> Value {
    json!({
        "status": "final",
        "code": found["ServiceRequest"]["code"],
        "effectiveDateTime": instant(outcome.performed),
        "issued": instant(news.at),
    })
}

/// What was given: in words, for every receiver, and in its code if it has one.
fn observations(outcome: &Outcome) -> Vec<Value> {
    let observed = |code: &str, display: &str| {
        json!({
            "status": "final",
            "code": { "coding": [{ "code": code, "display": display }] },
            "effectiveDateTime": instant(outcome.performed),
        })
    };
    let mut words = observed("SERVICE", "Service given");
    words["valueString"] = outcome.text.as_str().into();
    let coded = outcome.code.as_ref().map(|(system, code)| {
        let mut coded = observed("SERVICE-CODE", "Service given, coded");
        coded["valueCodeableConcept"] = json!({ "coding": [{ "system": system, "code": code }] });
        coded
    });
    [words].into_iter().chain(coded).collect()
}

fn document(outcome: &Outcome) -> Value {
    json!({
        "masterIdentifier": { "value": outcome.procedure.id() },
        "status": "current",
        "docStatus": "final",
        "type": { "coding": [{ "system": V2_0270, "code": "CN", "display": "Consultation" }] },
        "date": instant(outcome.performed),
    })
}

fn code(outcome: &Outcome) -> Value {
    let mut code = json!({ "text": outcome.text });
    if let Some((system, given)) = &outcome.code {
        code["coding"] = json!([{ "system": system, "code": given }]);
    }
    code
}

/// An instant as FHIR writes it, in UTC.
pub fn instant(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
