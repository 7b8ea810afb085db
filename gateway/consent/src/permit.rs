//! A permit: the outcome of a release decision, made for one instant and one recipient.

use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Action, DataClass, Dropped, GrantId, Groups, ReasonCode};

/// Which version of which Grant, at which epoch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrantRef {
    /// The Grant.
    pub id: GrantId,
    /// Its version.
    pub version: u32,
    /// Counts every change of it; the scribe compares it when the disclosure is recorded.
    pub epoch: u64,
}

/// On which legal basis data leaves (our DESIGN §2, P2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The person's consent.
    Consent(GrantRef),
    /// The recipient supplied it.
    ReturnToSupplier,
    /// The recipient treats the person.
    Treatment,
    /// The recipient works for the supplier.
    BusinessAssociate,
    /// A court or a statute.
    Law(String),
    /// An emergency.
    BreakGlass,
    /// It is the person's own.
    ThePerson,
    /// An audit, of this case.
    Audit(String),
}

/// What the recipient is told along with the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obligation {
    /// Not to be passed on without consent (v3-ActCode `NORDSCLCD`).
    NoRedisclosure,
    /// The notice of 42 CFR 2.32(a), with what the consent says.
    Part2Notice,
}

/// Leave to disclose. Only [`crate::release`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    pub(crate) code: ReasonCode,
    pub(crate) basis: Basis,
    pub(crate) person: PersonId,
    pub(crate) recipient: OrgId,
    pub(crate) action: Option<Action>,
    pub(crate) classes: Vec<DataClass>,
    pub(crate) groups: Groups,
    pub(crate) templates: Vec<String>,
    pub(crate) obligations: Vec<Obligation>,
    pub(crate) dropped: Vec<Dropped>,
    pub(crate) at: Timestamp,
}

impl Permit {
    /// `OK1`; `OK2` when something may not pass; `OK3` and `OK4` for emergency and audit.
    pub fn code(&self) -> ReasonCode {
        self.code
    }
    /// The legal basis.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
    /// Whose data.
    pub fn person(&self) -> PersonId {
        self.person
    }
    /// To whom.
    pub fn recipient(&self) -> &OrgId {
        &self.recipient
    }
    /// For which action; `None` where the data returns to its supplier.
    pub fn action(&self) -> Option<Action> {
        self.action
    }
    /// Which classes it covers; empty where the data returns to its supplier.
    pub fn classes(&self) -> &[DataClass] {
        &self.classes
    }
    /// Which field groups may pass.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }
    /// The minimum-necessary templates it was made with, each `name/version`.
    pub fn templates(&self) -> &[String] {
        &self.templates
    }
    /// What the recipient is told along with the data.
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }
    /// What may not pass, and why.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }
    /// Whether this resource may pass.
    pub fn lets_pass(&self, resource: &ResourceId) -> bool {
        self.dropped.iter().all(|dropped| dropped.resource != *resource)
    }
    /// The instant it was made for.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// The Grant, where consent is the basis.
    pub fn grant(&self) -> Option<&GrantRef> {
        match &self.basis {
            Basis::Consent(grant) => Some(grant),
            _ => None,
        }
    }
}
