//! What a recipient is told along with the data: that it ends there, and what 42 CFR Part 2 says.

use jiff::tz::TimeZone;
use loopgate_consent::{DataClass, Effect, Obligation};
use loopgate_fhir::Json;
use loopgate_referral::{PersonId, Timestamp};
use serde_json::{Value, json};

use super::Passing;
use crate::gate::Gate;

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// 42 CFR 2.32(a)(2), the short statement.
const PART2: &str = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";
const ENDS_HERE: &str = "This was shared with you because the person agreed to it. Do not pass it on without asking them.";

/// The code of an obligation: v3-ActCode.
fn code(obligation: Obligation) -> &'static str {
    match obligation {
        Obligation::NoRedisclosure => "NORDSCLCD",
        Obligation::Part2Notice => "42CFRPart2",
    }
}

/// A resource with its obligations as `meta.security`.
pub fn labelled(mut resource: Json, passing: &Passing) -> Json {
    if passing.obligations.is_empty() {
        return resource;
    }
    let labels = passing
        .obligations
        .iter()
        .map(|one| Json::object([("system", ACT_CODE.into()), ("code", code(*one).into())]));
    let mut meta = resource.get("meta").cloned().unwrap_or_else(|| Json::object([]));
    meta.set("security", Json::array(labels));
    resource.set("meta", meta);
    resource
}

/// The same for a community dialect: codes, and the sentences they stand for.
pub fn said(gate: &Gate, person: PersonId, passing: &Passing) -> Value {
    let codes: Vec<&str> = passing.obligations.iter().map(|one| code(*one)).collect();
    let mut notices: Vec<String> = Vec::new();
    for obligation in &passing.obligations {
        match obligation {
            Obligation::NoRedisclosure => notices.push(ENDS_HERE.to_owned()),
            Obligation::Part2Notice => {
                notices.push(PART2.to_owned());
                notices.extend(scope(gate, person, passing));
            }
        }
    }
    json!({ "codes": codes, "notices": notices })
}

/// 42 CFR 2.32(a): a clear explanation of the scope of the consent.
fn scope(gate: &Gate, person: PersonId, passing: &Passing) -> Option<String> {
    let world = gate.scribe.published().world();
    let grant = world.grants.get(person, &passing.grant.as_ref()?.id)?;
    let permits = grant.says.rules.iter().filter(|rule| rule.effect == Effect::Permit);
    let (mut to, mut what, mut why, mut until) = (Vec::new(), Vec::new(), Vec::new(), None);
    for rule in permits {
        to.extend(rule.recipients.iter().map(|(org, _)| org.to_string()));
        what.extend(rule.classes.iter().copied().map(DataClass::name));
        why.extend(rule.purposes.iter().map(|purpose| purpose.code().to_owned()));
        until = until.max(rule.period.end);
    }
    for list in [&mut to, &mut why] {
        list.sort();
        list.dedup();
    }
    what.sort_unstable();
    what.dedup();
    let until = until.map(|end| format!(", until {}", day(end))).unwrap_or_default();
    let (what, to, why) = (what.join(", "), to.join(", "), why.join(", "));
    Some(format!("What the person agreed to: {what}, to {to}, for {why}{until}."))
}

/// The last day before an instant.
fn day(end: Timestamp) -> String {
    let last = jiff::Timestamp::from_millisecond(end.0 - 1).unwrap_or_default();
    last.to_zoned(TimeZone::UTC).strftime("%-d %B %Y").to_string()
}
