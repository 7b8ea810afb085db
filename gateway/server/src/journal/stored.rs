//! What is noted of a resource that is kept as received.

use std::collections::BTreeMap;

use loopgate_consent::{Dated, Label};
use loopgate_referral::{Identifier, NeedCode, ResourceId};
use serde::{Deserialize, Serialize};

/// One version of one resource, as received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredVersion {
    /// Which.
    pub resource: ResourceId,
    /// Which version of it.
    pub version: u64,
    /// SHA-256 of the bytes received.
    #[serde(with = "hex::serde")]
    pub sha256: [u8; 32],
    /// Organization.identifier, by which partner files are matched; Task.identifier, by which a
    /// second submission of the same referral is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// `urn:uuid` references of a transaction, and the resources they became.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rewrites: BTreeMap<String, String>,
    /// What a ServiceRequest asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestFacts>,
    /// Its security labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// When what it says was so.
    #[serde(default)]
    pub dated: Dated,
}

/// What a ServiceRequest asks for, for the Task that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// `ServiceRequest.subject`.
    pub patient: String,
    /// SDOHCC categories.
    pub needs: Vec<NeedCode>,
    /// `orderDetail` says `contacting-subject-prohibited`.
    pub contact_prohibited: bool,
    /// `priority` is urgent, asap or stat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
}
