//! A permit: the outcome of a release decision, made for one instant and one recipient.

use loopgate_referral::{OrgId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Action, DataClass, GrantId, Groups, ReasonCode};

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
    pub(crate) at: Timestamp,
}

impl Permit {
    /// `OK1`, or `OK2` when part of the need is outside the granted classes.
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
    /// The instant it was made for.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// The Grant, where consent is the basis.
    pub fn grant(&self) -> Option<&GrantRef> {
        match &self.basis {
            Basis::Consent(grant) => Some(grant),
            Basis::ReturnToSupplier => None,
        }
    }
}
