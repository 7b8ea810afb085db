//! The parties to a disclosure, as their partner files describe them at that instant.

use std::collections::BTreeSet;
use std::str::FromStr;

use loopgate_referral::{BadId, OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Action, Purpose};

/// A tenant: one community with one consent authority, one key subtree, one partner list.
pub type TenantId = OrgId;

/// What the law takes an organization to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegalClass {
    /// HIPAA covered entity (45 CFR 160.103).
    Ce,
    /// HIPAA business associate (45 CFR 160.103).
    Ba,
    /// A community organization outside HIPAA.
    CboNonhipaa,
    /// A program under VAWA, FVPSA or VOCA, whose answers need a release of their own.
    VawaGrantee,
    /// A substance use disorder program (42 CFR Part 2).
    Part2Program,
}

impl FromStr for LegalClass {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text {
            "ce" => Ok(LegalClass::Ce),
            "ba" => Ok(LegalClass::Ba),
            "cbo-nonhipaa" => Ok(LegalClass::CboNonhipaa),
            "vawa-grantee" => Ok(LegalClass::VawaGrantee),
            "part2-program" => Ok(LegalClass::Part2Program),
            _ => Err(BadId),
        }
    }
}

/// An organization as the release decision sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Which.
    pub org: OrgId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// Its legal class.
    pub legal: LegalClass,
    /// The purpose of use it acts for.
    pub purpose: Option<Purpose>,
    /// What its partner file lets it do.
    pub actions: BTreeSet<Action>,
    /// Its partner file is suspended.
    pub suspended: bool,
    /// The first instant its data agreement no longer covers; `None` when it has none.
    pub agreement_ends: Option<Timestamp>,
}
