//! The pivot of a referral for a target that speaks HL7 v2, and what is said to it besides.

use loopgate_fhir::REFERRAL;
use loopgate_hl7v2::{Delimiters, Segment, escape};
use loopgate_referral::{Placement, Referral, ReferralId};
use serde_json::{Value, json};

use super::{segment, two_given_names};
use crate::exit::forward::{Forwarded, forwarded};
use crate::exit::{Passing, handling, loss};
use crate::gate::Gate;
use crate::partner::Partner;
use crate::refusal::Trouble;

/// LOINC: how many people are living or staying at this address.
const HOUSEHOLD_SIZE: &str = "63512-8";
/// SDOHCC's own codes, among them a category that says no need.
const SDOHCC: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";

/// The referral, of what these permits let pass.
pub fn of(
    gate: &Gate,
    (referral, placement): (&Referral, &Placement),
    target: &Partner,
    passing: &Passing,
) -> Result<Forwarded, Trouble> {
    let mut forwarded = forwarded(gate, referral, placement, passing)?;
    let pivot = &mut forwarded.pivot;
    name(pivot, referral.id, target);
    two_given_names(&mut pivot["Patient"]);
    let observations = pivot["Observation"].as_array().into_iter().flatten();
    pivot["Observation"] = observations.filter_map(household).collect();
    Ok(forwarded)
}

/// Of an Observation what is known to say nothing else: how large the household is. Rows that carry a
/// source's own observations back to it find nothing more here.
fn household(observation: &Value) -> Option<Value> {
    let codings = observation["code"]["coding"].as_array()?;
    let size = codings.iter().find(|coding| coding["code"] == HOUSEHOLD_SIZE)?;
    let coding = json!({ "system": size["system"], "code": HOUSEHOLD_SIZE });
    let mut copy = json!({
        "code": { "coding": [coding] },
        "valueQuantity": { "value": observation["valueQuantity"]["value"] },
    });
    for plain in ["status", "effectiveDateTime"] {
        if let Some(value) = observation.get(plain).filter(|value| value.is_string()) {
            copy[plain] = value.clone();
        }
    }
    Some(copy)
}

/// What a closing says: which referral, and nothing else. A message that has to name what was needed
/// names none of the needs there are.
pub fn bare(referral: ReferralId, target: &Partner) -> Value {
    let unspecified = || json!([{ "system": SDOHCC, "code": "sdoh-category-unspecified" }]);
    let mut pivot = json!({
        "Task": { "intent": "order" },
        "ServiceRequest": {
            "category": [{ "coding": unspecified() }],
            "code": { "coding": unspecified() },
        },
        "Patient": {},
    });
    name(&mut pivot, referral, target);
    pivot
}

/// Our name for the referral is the placer's number, and all there is to tell the person by: a target
/// has no use for anybody's patient number.
fn name(pivot: &mut Value, referral: ReferralId, target: &Partner) {
    let ours = referral.to_string();
    pivot["Task"]["identifier"] = json!([{
        "type": { "coding": [{ "code": "PLAC" }] },
        "system": REFERRAL,
        "value": ours,
    }]);
    pivot["Patient"]["identifier"] = json!([{ "system": REFERRAL, "value": ours }]);
    let mut owner = json!({ "display": target.name });
    if let Some(one) = target.identifiers.first() {
        owner["identifier"] = json!({ "system": one.system, "value": one.value });
    }
    pivot["Task"]["owner"] = owner;
}

/// NTE at the end: what the target must do with it, and which fields of the source are not said.
pub fn words(
    gate: &Gate,
    referral: &Referral,
    not_said: Vec<String>,
    passing: &Passing,
) -> Vec<Segment> {
    let mut said = Vec::new();
    if !passing.obligations.is_empty() {
        let handling = handling::said(gate, crate::exit::person(referral), passing);
        let notices = handling["notices"].as_array().cloned().unwrap_or_default();
        said.extend(notices.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let mut lost = loss::worth_saying(not_said);
    let spoken = gate.scribe.published().world().spoken.get(&referral.id).cloned();
    lost.extend(spoken.into_iter().flat_map(|spoken| spoken.not_carried));
    lost.sort();
    lost.dedup();
    if !lost.is_empty() {
        said.push(format!("not carried: {}", lost.join(", ")));
    }
    said.iter().map(|words| nte(words)).collect()
}

/// NTE with these words as its comment (NTE-3).
pub fn nte(words: &str) -> Segment {
    let text = escape(words, &Delimiters::USUAL);
    segment("NTE", &["", "", &text])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_household_its_size_passes_and_nobody_who_counted() {
        let seen = json!({
            "resourceType": "Observation",
            "id": "1",
            "identifier": [{ "system": "urn:lab", "value": "LAB-1" }],
            "status": "final",
            "code": {
                "coding": [{ "system": "http://loinc.org", "code": "63512-8", "display": "d" }],
                "text": "words",
            },
            "subject": { "reference": "Patient/1" },
            "performer": [{ "display": "Dr Okonkwo" }],
            "effectiveDateTime": "2026-11-20",
            "valueQuantity": { "value": 4, "unit": "of words" },
            "note": [{ "text": "words" }],
        });
        let passes = json!({
            "code": { "coding": [{ "system": "http://loinc.org", "code": "63512-8" }] },
            "valueQuantity": { "value": 4 },
            "status": "final",
            "effectiveDateTime": "2026-11-20",
        });
        assert_eq!(household(&seen), Some(passes));
        let other = json!({ "code": { "coding": [{ "code": "2339-0" }] } });
        assert_eq!(household(&other), None);
    }
}
