//! A referral in the community dialect.

use loopgate_consent::{FieldGroup, Groups};
use loopgate_fhir::{Json, REFERRAL, filler_request, patient_copy, pivot, placement_task};
use loopgate_mapping::{Constants, Mapping};
use loopgate_referral::{Placement, Referral};
use serde_json::{Value, json};

use super::{Refs, Source, is_over, loss, newest_household, prefer_one, prohibit_once};
use crate::gate::Gate;
use crate::refusal::Trouble;

/// A referral in the community dialect, with the names of what it does not say.
pub fn whole(
    gate: &Gate,
    mapping: &Mapping,
    referral: &Referral,
    placement: &Placement,
    groups: &Groups,
) -> Result<Option<Value>, Trouble> {
    let Some((mut document, mut lost)) = said(gate, mapping, referral, placement, groups)? else {
        return Ok(None);
    };
    let spoken = gate.scribe.published().world().spoken.get(&referral.id).cloned();
    lost.extend(spoken.into_iter().flat_map(|spoken| spoken.not_carried));
    lost.sort();
    lost.dedup();
    document["not_carried"] = json!(lost);
    Ok(Some(document))
}

/// A referral in the community dialect, under these field groups; `None` if the dialect cannot say
/// it: the mapping stops the message rather than thin it.
pub fn community(
    gate: &Gate,
    mapping: &Mapping,
    referral: &Referral,
    placement: &Placement,
    groups: &Groups,
) -> Result<Option<Value>, Trouble> {
    Ok(said(gate, mapping, referral, placement, groups)?.map(|(document, _)| document))
}

/// The document, and what of the permitted groups it does not say.
fn said(
    gate: &Gate,
    mapping: &Mapping,
    referral: &Referral,
    placement: &Placement,
    groups: &Groups,
) -> Result<Option<(Value, Vec<String>)>, Trouble> {
    let source = Source::read(gate, referral)?;
    let refs = Refs::of(gate, referral, placement, &source);
    let view = refs.view(referral, placement);
    let need_only: Groups = [FieldGroup::Need, FieldGroup::Status].into_iter().collect();
    let groups = if is_over(placement) { &groups.intersection(&need_only) } else { groups };
    let mut patient = patient_copy(&source.patient, groups);
    let mut lost: Vec<String> = prefer_one(&mut patient).into_iter().map(str::to_owned).collect();
    let observations: Vec<Json> = if groups.contains(FieldGroup::Household) {
        newest_household(source.observations.clone())
    } else {
        Vec::new()
    };
    let task = placement_task(&view);
    let mut request = filler_request(&source.request, &view);
    prohibit_once(&mut request);
    let pivot = pivot(&task, &request, &patient, &observations);
    let constants: Constants = [("referral", REFERRAL)].into_iter().collect();
    match mapping.write(&pivot, groups, &constants) {
        Ok(written) => {
            lost.extend(loss::worth_saying(written.not_carried));
            Ok(Some((written.document, lost)))
        }
        Err(refused) => {
            // Only a path is said.
            let mapping = mapping.name();
            tracing::error!(mapping, referral = %referral.id, %refused, "a mapping refused a referral");
            Ok(None)
        }
    }
}
