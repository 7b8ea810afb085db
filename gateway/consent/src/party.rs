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
    /// Other purposes it may state.
    pub purposes: BTreeSet<Purpose>,
    /// It treats persons of this tenant (45 CFR 164.506), and may be told so without consent.
    pub treats: bool,
    /// It works for a covered entity of this tenant as its business associate.
    pub associate: bool,
    /// Its clinicians may break the glass.
    pub break_glass: bool,
    /// It must present a consent token when it asks (our DESIGN §2).
    pub wants_token: bool,
    /// What its partner file lets it do.
    pub actions: BTreeSet<Action>,
    /// Its partner file is suspended.
    pub suspended: bool,
    /// The first instant its data agreement no longer covers; `None` when it has none.
    pub agreement_ends: Option<Timestamp>,
}

impl Party {
    /// Whether it may act for this purpose.
    pub fn acts_for(&self, purpose: &Purpose) -> bool {
        self.purpose.as_ref() == Some(purpose) || self.purposes.contains(purpose)
    }
}

impl LegalClass {
    /// Whether only consent lets it have anything (our DESIGN §2, P2).
    pub fn is_community(self) -> bool {
        matches!(self, LegalClass::CboNonhipaa | LegalClass::VawaGrantee)
    }

    /// Whether "my treating providers" may mean it.
    pub fn may_treat(self) -> bool {
        matches!(self, LegalClass::Ce | LegalClass::Part2Program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_law_takes_an_organization_to_be() {
        use LegalClass::{Ba, CboNonhipaa, Ce, Part2Program, VawaGrantee};
        // Its name, whether only consent lets it have anything, whether it may treat.
        for (name, class, community, treats) in [
            ("ce", Ce, false, true),
            ("ba", Ba, false, false),
            ("cbo-nonhipaa", CboNonhipaa, true, false),
            ("vawa-grantee", VawaGrantee, true, false),
            ("part2-program", Part2Program, false, true),
        ] {
            assert_eq!(name.parse(), Ok(class));
            assert_eq!((class.is_community(), class.may_treat()), (community, treats), "{name}");
        }
        assert!("hospital".parse::<LegalClass>().is_err());
    }
}
