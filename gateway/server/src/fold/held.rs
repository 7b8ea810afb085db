//! What is known of a stored resource, and what it is in a referral.

use std::collections::BTreeMap;

use loopgate_consent::{Dated, Label};
use loopgate_referral::{
    Attachment, Identifier, OrgId, PersonId, PlacementId, ReferralId, ResourceId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{Place, World};
use crate::journal::{RequestFacts, StoredVersion};

/// Where a document lies: frame, entry in it, document in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locator {
    /// Frame.
    pub sequence: u64,
    /// Entry in the frame.
    pub entry: usize,
    /// Document in the entry.
    pub doc: usize,
}

/// What is known of a stored resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who supplied it.
    pub org: OrgId,
    /// Whom it is about.
    pub person: Option<PersonId>,
    /// Its newest version.
    pub version: u64,
    /// Where that lies.
    pub at: Locator,
    /// When it was committed.
    pub changed: Timestamp,
    /// Its business identifiers, where they matter to us.
    pub identifiers: Vec<Identifier>,
    /// What its `urn:uuid` references became.
    pub rewrites: BTreeMap<String, String>,
    /// What it asks for, if it is a ServiceRequest.
    pub request: Option<RequestFacts>,
    /// Its security labels.
    pub labels: Vec<Label>,
    /// When what it says was so.
    pub dated: Dated,
    /// The versions before it, oldest first.
    pub earlier: Vec<Earlier>,
}

/// A version that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Which.
    pub version: u64,
    /// Where it lies.
    pub at: Locator,
    /// When it was committed.
    pub changed: Timestamp,
    /// What its `urn:uuid` references became.
    pub rewrites: BTreeMap<String, String>,
}

impl Held {
    /// The versions there are once this one is replaced.
    pub fn replaced(self) -> Vec<Earlier> {
        let Held { version, at, changed, rewrites, mut earlier, .. } = self;
        earlier.push(Earlier { version, at, changed, rewrites });
        earlier
    }

    /// It as it was in this version, if there was one: of what it says, not of what is known of it.
    pub fn as_of(&self, version: u64) -> Option<Held> {
        if version == self.version {
            return Some(self.clone());
        }
        let earlier = self.earlier.iter().find(|one| one.version == version)?.clone();
        let Earlier { version, at, changed, rewrites } = earlier;
        Some(Held { version, at, changed, rewrites, earlier: Vec::new(), ..self.clone() })
    }
}

impl World {
    /// An organization handed in versions of resources.
    pub(super) fn hold(
        &mut self,
        (org, person): (&OrgId, Option<PersonId>),
        resources: &[StoredVersion],
        place: Place,
    ) {
        for (doc, stored) in resources.iter().enumerate() {
            let before = self.resources.remove(&stored.resource);
            let held = Held {
                org: org.clone(),
                person,
                version: stored.version,
                at: Locator { sequence: place.sequence, entry: place.entry, doc },
                changed: place.at,
                identifiers: stored.identifiers.clone(),
                rewrites: stored.rewrites.clone(),
                request: stored.request.clone(),
                labels: stored.labels.clone(),
                dated: stored.dated,
                earlier: before.map(Held::replaced).unwrap_or_default(),
            };
            if stored.resource.kind() == "Task" {
                for identifier in &stored.identifiers {
                    let key = (org.clone(), identifier.clone());
                    self.task_keys.insert(key, stored.resource.clone());
                }
            }
            let supplied = (org.clone(), stored.resource.kind().to_owned());
            self.supplied_at.insert(supplied, place.at);
            self.resources.insert(stored.resource.clone(), held);
        }
    }
}

/// What a resource that belongs to a referral is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The source's Task.
    SourceTask(ReferralId),
    /// Our Task to a target.
    PlacementTask(ReferralId, PlacementId),
    /// Our ServiceRequest to a target.
    PlacementRequest(ReferralId, PlacementId),
    /// The Procedure that shows the outcome.
    Outcome(ReferralId, PlacementId),
    /// A document that a party added, and where its bytes lie.
    Attached(ReferralId, PlacementId, Locator),
}

/// What a document that a party added is called.
pub fn document_id(attachment: &Attachment) -> Option<ResourceId> {
    ResourceId::of("DocumentReference", &attachment.id).ok()
}
