//! A referral in the dialect of a community organization.

use loopgate_consent::{FieldGroup, Groups};
use loopgate_mapping::Mapping;
use loopgate_referral::{Placement, Referral};
use serde_json::{Value, json};

use super::forward::{Forwarded, forwarded};
use super::{Passing, handling, loss};
use crate::dialect;
use crate::gate::Gate;
use crate::refusal::Trouble;

/// A referral in a mapping's dialect, with the names of what it does not say.
pub fn whole(
    gate: &Gate,
    mapping: &Mapping,
    referral: &Referral,
    placement: &Placement,
    passing: &Passing,
) -> Result<Option<Value>, Trouble> {
    let Some((mut document, mut lost)) = said(gate, mapping, referral, placement, passing)? else {
        return Ok(None);
    };
    let spoken = gate.scribe.published().world().spoken.get(&referral.id).cloned();
    lost.extend(spoken.into_iter().flat_map(|spoken| spoken.not_carried));
    lost.sort();
    lost.dedup();
    document["not_carried"] = json!(lost);
    if !passing.obligations.is_empty() {
        document["handling"] = handling::said(gate, super::person(referral), passing);
    }
    Ok(Some(document))
}

/// A referral in a mapping's dialect, under these field groups; `None` if the dialect cannot say
/// it: the mapping stops the message rather than thin it.
pub fn community(
    gate: &Gate,
    mapping: &Mapping,
    referral: &Referral,
    placement: &Placement,
    passing: &Passing,
) -> Result<Option<Value>, Trouble> {
    Ok(said(gate, mapping, referral, placement, passing)?.map(|(document, _)| document))
}

/// What the target itself said of it, for its own staff.
fn own_words(document: &mut Value, placement: &Placement, groups: &Groups) {
    if groups.contains(FieldGroup::Status) {
        if let Some(to) = &placement.assigned {
            document["assigned"] = json!(to);
        }
        if let Some(booked) = &placement.appointment {
            let start = jiff::Timestamp::from_millisecond(booked.start.0).unwrap_or_default();
            document["appointment"] = json!({ "start": start.to_string() });
            if let Some(place) = &booked.place {
                document["appointment"]["place"] = json!(place);
            }
        }
    }
    if let Some(text) = &placement.safe_contact
        && groups.contains(FieldGroup::Contact)
    {
        document["safe_contact"] = json!(text);
    }
}

/// The document, and what of the permitted groups it does not say.
fn said(
    gate: &Gate,
    mapping: &Mapping,
    referral: &Referral,
    placement: &Placement,
    passing: &Passing,
) -> Result<Option<(Value, Vec<String>)>, Trouble> {
    let Forwarded { pivot, groups, left: mut lost } =
        forwarded(gate, referral, placement, passing)?;
    let roster = gate.scribe.published().roster.load();
    let constants = roster.get(&placement.target).map(dialect::constants).unwrap_or_default();
    match mapping.write(&pivot, &groups, &constants) {
        Ok(mut written) => {
            if placement.cancel_asked.is_some() && groups.contains(FieldGroup::Status) {
                written.document["business_status"] = json!(placement.business_text());
            }
            own_words(&mut written.document, placement, &groups);
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
