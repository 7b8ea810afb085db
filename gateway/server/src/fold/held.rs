//! What is known of a stored resource, and what it is in a referral.

use std::collections::BTreeMap;

use loopgate_consent::{Dated, Label};
use loopgate_referral::{Identifier, OrgId, PersonId, PlacementId, ReferralId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::journal::RequestFacts;

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
}
