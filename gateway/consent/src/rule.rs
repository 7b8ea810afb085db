//! One provision of a Consent, normalised: what it does, to whom, of what, until when.

use loopgate_referral::{OrgId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Action, DataClass, Label, LegalClass, Purpose};

/// What a provision does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Permits what it names; an absent selector names nothing.
    Permit,
    /// Denies what it names; an absent selector names everything.
    Deny,
}

/// From `start` until just before `end`. An open end has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Period {
    /// The first instant.
    pub start: Option<Timestamp>,
    /// The first instant after it.
    pub end: Option<Timestamp>,
}

impl Period {
    /// Whether it has no bound.
    pub fn is_open(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// The same, but not past `end`.
    pub fn until(self, end: Timestamp) -> Period {
        Period { end: Some(self.end.map_or(end, |own| own.min(end))), ..self }
    }

    /// Whether `at` falls in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at < end)
    }
}

/// One provision, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Permit or deny.
    pub effect: Effect,
    /// `provision.actor` with role IRCP, matched to partner files, with the legal class then.
    pub recipients: Vec<(OrgId, LegalClass)>,
    /// `provision.actor` named somebody we do not know: a deny then matches everyone.
    pub recipients_unknown: bool,
    /// `provision.code` with an SDOHCC category.
    pub classes: Vec<DataClass>,
    /// `provision.purpose`.
    pub purposes: Vec<Purpose>,
    /// `provision.action`; absent is every action for the named parties.
    pub actions: Vec<Action>,
    /// `provision.period`.
    pub period: Period,
    /// `provision.securityLabel`. Of a permit: up to which level, and which sensitivities; of a
    /// deny: what bears any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// `provision.dataPeriod`.
    #[serde(default, skip_serializing_if = "Period::is_open")]
    pub data_period: Period,
    /// `provision.class` with resource types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// `provision.data` with meaning `instance`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<ResourceId>,
    /// The general designation "my treating providers" (42 CFR 2.31(a)(4)(ii)); it never names a
    /// community organization.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub treating_providers: bool,
}

impl Rule {
    /// A rule that selects nothing yet.
    pub fn of(effect: Effect) -> Rule {
        Rule {
            effect,
            recipients: Vec::new(),
            recipients_unknown: false,
            classes: Vec::new(),
            purposes: Vec::new(),
            actions: Vec::new(),
            period: Period::default(),
            labels: Vec::new(),
            data_period: Period::default(),
            kinds: Vec::new(),
            instances: Vec::new(),
            treating_providers: false,
        }
    }

    /// Whether it is about some of the data: then a deny keeps that back, and not all.
    pub fn selects_items(&self) -> bool {
        !self.labels.is_empty()
            || !self.data_period.is_open()
            || !self.kinds.is_empty()
            || !self.instances.is_empty()
    }
}
