//! What permits come to for who renders: which groups and resources pass, and how much of an answer.

use loopgate_consent::{Detail, FieldGroup, GrantRef, Groups, Obligation, Permit};
use loopgate_referral::ResourceId;

/// How much of a target's answer its source sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: that it is withheld is said.
    Withheld,
    /// The status code.
    Status,
    /// All of it.
    Whole,
}

impl Answer {
    /// What these permits let back.
    pub fn permitted(permits: &[Permit]) -> Answer {
        if permits.iter().all(|permit| permit.groups().contains(FieldGroup::Note)) {
            Answer::Whole
        } else {
            Answer::Status
        }
    }

    /// How much that asks for.
    pub(super) fn detail(self) -> Detail {
        if self == Answer::Status { Detail::StatusCode } else { Detail::Whole }
    }
}

/// What every permit lets pass.
#[derive(Debug, Clone)]
pub struct Passing {
    /// Field groups.
    pub groups: Groups,
    /// Resources that do not pass.
    kept_back: Vec<ResourceId>,
    /// What the recipient is told along with it.
    pub obligations: Vec<Obligation>,
    /// What the Grant says, in words, where that goes along.
    pub(super) grant: Option<GrantRef>,
}

impl Passing {
    /// What these permits let pass together.
    pub fn of(permits: &[Permit]) -> Passing {
        let groups =
            permits.iter().fold(Groups::all(), |groups, one| groups.intersection(one.groups()));
        let kept_back = permits.iter().flat_map(Permit::dropped).map(|one| one.resource.clone());
        let mut obligations: Vec<Obligation> =
            permits.iter().flat_map(|one| one.obligations().to_vec()).collect();
        obligations.sort_unstable();
        obligations.dedup();
        let grant = permits.iter().find_map(Permit::grant).cloned();
        Passing { groups, kept_back: kept_back.collect(), obligations, grant }
    }

    /// The same, of these groups alone.
    pub fn only(&self, groups: &[FieldGroup]) -> Passing {
        let groups = self.groups.intersection(&groups.iter().copied().collect());
        Passing { groups, ..self.clone() }
    }

    /// Whether this resource passes.
    pub(super) fn lets(&self, resource: &ResourceId) -> bool {
        !self.kept_back.contains(resource)
    }
}
