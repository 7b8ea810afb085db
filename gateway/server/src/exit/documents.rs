//! Documents that the parties of a referral added to it, as each may read them.
//!
//! Who added one reads it back. A target's goes back to the source as far as what the target says does; a
//! source's goes on to the target wherever its words do ([`notes::pass`]).

use base64::prelude::{BASE64_STANDARD, Engine};
use loopgate_consent::{Action, Detail, Permit};
use loopgate_fhir::{DocumentView, Json, document_reference};
use loopgate_referral::{Attached, OrgId, Placement, Referral, ResourceId};

use super::{Answer, Passing, Source, forward_ask, notes};
use crate::archive::Kept;
use crate::fold::{Locator, Part, document_id};
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};

/// One document, and where it belongs.
#[derive(Clone)]
pub struct Document {
    /// Its referral.
    pub referral: Referral,
    /// The placement that it was added to.
    pub placement: Placement,
    /// It.
    pub attached: Attached,
    /// As FHIR names it.
    pub id: ResourceId,
    at: Locator,
}

impl Document {
    /// Of this name.
    pub fn of(gate: &Gate, id: &ResourceId) -> Option<Document> {
        let part = gate.scribe.published().world().parts.get(id).copied();
        let Some(Part::Attached(referral, placement, at)) = part else { return None };
        let referral = gate.referral(&referral)?;
        let placement = referral.placement(&placement)?.clone();
        let mut all = placement.attachments.iter();
        let attached = all.find(|one| one.attachment.id == id.id())?.clone();
        Some(Document { referral, placement, attached, id: id.clone(), at })
    }

    /// Every document of a referral that this party may know of, oldest first.
    pub fn all(gate: &Gate, referral: &Referral, party: &OrgId) -> Vec<Document> {
        let own = |one: &&Placement| referral.source == *party || one.target == *party;
        let placements = referral.placements.iter().filter(own);
        let attached = placements.flat_map(|placement| &placement.attachments);
        let ids = attached.filter_map(|one| document_id(&one.attachment));
        ids.filter_map(|id| Document::of(gate, &id)).collect()
    }

    /// Who added it.
    pub fn author(&self) -> &OrgId {
        if self.attached.by_target { &self.placement.target } else { &self.referral.source }
    }

    /// What has to be asked before this party reads it, in this shape; nothing, if it is no party.
    pub fn ask(&self, to: &OrgId, view: &'static str) -> Option<AskFor> {
        let resources = vec![(self.id.clone(), 1)];
        let claim = if self.author() == to {
            OwnedClaim::ReturnToSupplier { supplier: to.clone() }
        } else if self.placement.target == *to {
            let ask = forward_ask(&self.referral, &self.placement);
            return Some(AskFor { resources, view, ..ask });
        } else if self.referral.source == *to {
            OwnedClaim::Consent {
                action: Action::UpdateBack,
                from: self.placement.target.clone(),
                detail: Detail::Whole,
                referral: self.referral.id,
            }
        } else {
            return None;
        };
        Some(AskFor {
            person: super::person(&self.referral),
            claims: vec![claim],
            resources,
            referral: Some(self.referral.id),
            view,
            token: OwnedToken::default(),
        })
    }

    /// Whether these permits let it pass to this party.
    pub fn passes(&self, to: &OrgId, permits: &[Permit]) -> bool {
        if self.author() != to && self.placement.target == *to {
            return notes::pass(&Passing::of(permits).groups, &self.placement);
        }
        Answer::permitted(permits) == Answer::Whole
    }

    /// Its bytes.
    pub fn content(&self, gate: &Gate) -> Result<Vec<u8>, Trouble> {
        let kept = gate.archive.document(self.at).map_err(|outage| {
            tracing::error!(%outage, "a document does not read back");
            Trouble::Outage
        })?;
        let Kept::Here(bytes) = kept else { return Err(Kind::NotFound.into()) };
        Ok(bytes)
    }

    /// It as FHIR, with its bytes or without.
    pub fn reference(&self, gate: &Gate, to: &OrgId, whole: bool) -> Result<Json, Trouble> {
        let source = Source::read(gate, &self.referral)?;
        let data = if whole { Some(BASE64_STANDARD.encode(self.content(gate)?)) } else { None };
        let own = self.referral.source == *to;
        let request = if own { &self.referral.request } else { &self.placement.request };
        Ok(document_reference(&DocumentView {
            attached: &self.attached,
            related: request.as_str(),
            patient: &source.patient_ref,
            author: &Gate::organization(self.author()),
            data: data.as_deref(),
        }))
    }
}

/// The documents that its target added, as outputs of the source's Task: whose answer was weighed.
pub(super) fn outputs(referral: &Referral) -> impl Iterator<Item = ResourceId> {
    let all = referral.with_newest().flat_map(|placement| &placement.attachments);
    all.filter(|one| one.by_target).filter_map(|one| document_id(&one.attachment))
}
