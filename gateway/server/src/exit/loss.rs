//! What a referral says and the community dialect does not: told to its source and to its target, by
//! name alone.

use loopgate_consent::Groups;
use loopgate_fhir::{Json, REFERRAL, pivot};
use loopgate_mapping::{Constants, Refused};
use loopgate_referral::Referral;

use super::{Source, mapping, newest_household, prefer_one, prohibit_once};
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};

/// What says how a referral is handled rather than anything of the person or the need: nobody misses
/// it. Elements, with what is in them.
const HANDLING: &[&str] = &[
    "Task",
    "Observation.code",
    "Observation.performer",
    "Observation.status",
    "Observation.subject",
    "ServiceRequest.authoredOn",
    "ServiceRequest.basedOn",
    "ServiceRequest.category",
    "ServiceRequest.identifier",
    "ServiceRequest.intent",
    "ServiceRequest.performer",
    "ServiceRequest.requester",
    "ServiceRequest.status",
    "ServiceRequest.subject",
    "ServiceRequest.supportingInfo",
];

/// The paths that somebody may miss.
pub fn worth_saying(paths: Vec<String>) -> Vec<String> {
    let handling = |path: &String| {
        HANDLING.iter().any(|element| {
            path.strip_prefix(element).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    paths.into_iter().filter(|path| !handling(path)).collect()
}

/// What the source said that no community organization reads, in the words of its own dialect.
pub fn of_source(gate: &Gate, referral: &Referral) -> Result<Vec<String>, Trouble> {
    let Source { request, mut patient, observations, .. } = Source::read(gate, referral)?;
    let held = gate.held(&referral.task).ok_or(Trouble::from(Kind::NotFound))?;
    let mut task = gate.document(&held)?;
    let identifier =
        Json::object([("system", REFERRAL.into()), ("value", referral.id.to_string().into())]);
    task.set("identifier", Json::array([identifier]));
    let mut request = request;
    prohibit_once(&mut request);
    let mut lost: Vec<String> = prefer_one(&mut patient).into_iter().map(str::to_owned).collect();
    let count = observations.len();
    let observations =
        newest_household(observations.into_iter().map(|(_, observation)| observation).collect());
    lost.extend((observations.len() < count).then(|| "Observation".to_owned()));
    let pivot = pivot(&task, &request, &patient, &observations);
    let constants: Constants = [("referral", REFERRAL)].into_iter().collect();
    match mapping(gate)?.write(&pivot, &Groups::all(), &constants) {
        Ok(written) => lost.extend(worth_saying(written.not_carried)),
        // The whole referral is not passed on: the place that stops it is what to know.
        Err(Refused { path, .. }) => lost.push(path),
    }
    let spoken = gate.scribe.published().world().spoken.get(&referral.id).cloned();
    lost.extend(spoken.into_iter().flat_map(|spoken| spoken.not_carried));
    lost.sort();
    lost.dedup();
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_is_handled_is_not_missed_and_what_it_says_is() {
        let paths = [
            "Observation.status",
            "Patient.birthDate",
            "ServiceRequest.identifier.value",
            "ServiceRequest.identity",
            "ServiceRequest.note.text",
            "Task.focus.reference",
        ];
        let kept = worth_saying(paths.map(str::to_owned).to_vec());
        assert_eq!(
            kept,
            ["Patient.birthDate", "ServiceRequest.identity", "ServiceRequest.note.text"]
        );
    }
}
