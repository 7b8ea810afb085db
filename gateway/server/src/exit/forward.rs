//! What of a referral goes on to its target, before any dialect says it: an allow-list copy.

use loopgate_consent::{FieldGroup, Groups};
use loopgate_fhir::{Json, filler_request, patient_copy, pivot, placement_task};
use loopgate_referral::{Placement, Referral};
use serde_json::Value;

use super::{Passing, Refs, Source, newest_household, prefer_one, prohibit_once};
use crate::gate::Gate;
use crate::refusal::Trouble;
use crate::scribe::is_over;

/// A referral as its target may see it.
pub struct Forwarded {
    /// What a mapping says.
    pub pivot: Value,
    /// Under these groups.
    pub groups: Groups,
    /// Paths that were left out already, since a dialect says one of each thing.
    pub left: Vec<String>,
}

/// The referral, of what these permits let pass: no more than the need, once it is over.
pub fn forwarded(
    gate: &Gate,
    referral: &Referral,
    placement: &Placement,
    passing: &Passing,
) -> Result<Forwarded, Trouble> {
    let source = Source::read(gate, referral)?;
    let refs = Refs::of(gate, placement, &source);
    let view = refs.view(referral, placement);
    let need_only = passing.only(&[FieldGroup::Need, FieldGroup::Status]);
    let groups = if is_over(placement) { need_only.groups } else { passing.groups.clone() };
    let mut patient = patient_copy(&source.patient, &groups);
    let left = prefer_one(&mut patient).into_iter().map(str::to_owned).collect();
    let observations: Vec<Json> = if groups.contains(FieldGroup::Household) {
        let observations = source.observations.iter().filter(|(id, _)| passing.lets(id));
        newest_household(observations.map(|(_, observation)| observation.clone()).collect())
    } else {
        Vec::new()
    };
    let task = placement_task(&view);
    let mut request = filler_request(&source.request, &view);
    prohibit_once(&mut request);
    let pivot = pivot(&task, &request, &patient, &observations);
    Ok(Forwarded { pivot, groups, left })
}
