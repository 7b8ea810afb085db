//! One question to the release decision, and the policy it is answered under.

use std::collections::BTreeMap;

use loopgate_referral::{NeedCode, OrgId, PersonId, ReferralId, ResourceId, Timestamp};

use serde::{Deserialize, Serialize};

use crate::{
    Action, DataClass, FieldGroup, GrantId, Groups, Label, Party, Purpose, ReasonCode, Sensitivity,
    TenantId,
};

/// The minimum-necessary template of a data class: the field groups that may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What may pass.
    pub groups: Groups,
}

/// Templates by data class. A class without one lets nothing pass.
pub type Templates = BTreeMap<DataClass, Template>;

/// What a tenant decided for all its releases.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Minimum-necessary templates.
    pub templates: Templates,
    /// After consent lapsed, a target's bare status code may still go back.
    pub status_only_after_lapse: bool,
    /// What a minor alone consents to in this state (42 CFR 2.14 for substance use).
    pub minor_alone: Vec<Sensitivity>,
}

impl Policy {
    /// A policy of templates alone.
    pub fn of(templates: Templates) -> Policy {
        Policy { templates, ..Policy::default() }
    }
}

/// Whether a decision can be made and recorded at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Sound,
    /// The log, or what is read from it, is not to be had.
    NoLog,
    /// The clock is not trusted.
    NoClock,
}

/// How the caller showed who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// loopgate itself: a delivery that is due.
    Gateway,
    /// It showed it.
    Known,
    /// It did not.
    Unknown,
    /// Its certificate is revoked.
    Revoked,
    /// Its access token is bound to another certificate.
    Unbound,
    /// Its access token, or its role, does not cover this interaction.
    OutOfScope,
}

/// When what a resource says was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dated {
    /// It is of no time: who somebody is.
    #[default]
    Timeless,
    /// Then.
    At(Timestamp),
    /// It should say, and does not.
    Unknown,
}

/// One thing that would leave: a resource, or the part of a referral that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub resource: ResourceId,
    /// Whom it is about; `None` for what is about nobody.
    pub person: Option<PersonId>,
    /// What it asks for; empty for what only supports a request.
    pub needs: Vec<NeedCode>,
    /// Its security labels.
    pub labels: Vec<Label>,
    /// When what it says was so.
    pub dated: Dated,
    /// Without it the rest says nothing: if it may not pass, nothing does.
    pub must: bool,
}

/// What a verified consent token says. It may only narrow what its Grant permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// It is bound to the certificate that presents it.
    pub bound: bool,
    /// Used up (`T11`), revoked (`T12`), suspended (`T13`), of unknown status (`T14`).
    pub standing: Option<ReasonCode>,
    /// The Grant it was minted from.
    pub grant: GrantId,
    /// In which version.
    pub version: u32,
    /// SHA-256 of the Consent, as received.
    pub consent_sha256: [u8; 32],
    /// Its pseudonym is this person's.
    pub same_person: bool,
    /// Who may receive.
    pub recipients: Vec<OrgId>,
    /// For what.
    pub actions: Vec<Action>,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// Which data.
    pub classes: Vec<DataClass>,
    /// For one referral alone.
    pub referral: Option<ReferralId>,
}

/// The consent token that came with the request.
#[derive(Debug, Clone, Copy)]
pub enum Token<'a> {
    /// None came, and none is required: the Grant on file decides.
    None,
    /// None came, and the partner's file requires one.
    Missing,
    /// It does not verify: one of `T2` to `T10`.
    Refused(ReasonCode),
    /// It narrows.
    Narrows(&'a Presented),
}

/// How much of a target's answer would go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The status code and nothing beside it.
    StatusCode,
    /// All of it.
    Whole,
}

/// A pane that was broken: access in an emergency, against or without consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    /// When.
    pub broken: Timestamp,
    /// Why, in the clinician's words.
    pub reason: String,
    /// A medical emergency with all that 42 CFR 2.51 wants recorded.
    pub medical_emergency: bool,
    /// It is a read by a person; not a push, not an export.
    pub is_read: bool,
}

/// Why the asker believes it may.
#[derive(Debug, Clone, Copy)]
pub enum Claim<'a> {
    /// Because the person consented.
    Consent {
        /// To do this.
        action: Action,
        /// Supplied by this organization.
        from: &'a Party,
        /// Under this token.
        token: Token<'a>,
        /// For this referral.
        referral: Option<ReferralId>,
        /// How much goes back, where something goes back.
        detail: Detail,
    },
    /// Because the recipient supplied it.
    ReturnToSupplier {
        /// Who supplied it.
        supplier: &'a OrgId,
    },
    /// Because the recipient treats the person (45 CFR 164.506), as its partner file says.
    Treatment {
        /// Supplied by this organization.
        from: &'a Party,
    },
    /// Because the recipient works for the supplier (45 CFR 164.502(e)), as its file says.
    BusinessAssociate {
        /// For this organization.
        from: &'a Party,
    },
    /// Because a court or a statute orders it.
    Law {
        /// The order's reference.
        order: &'a str,
        /// It is an order under 42 CFR Part 2, subpart E.
        part2: bool,
    },
    /// Because it is an emergency.
    BreakGlass {
        /// Which.
        glass: &'a Glass,
        /// Who supplied it; none for what is no organization's, like whether somebody is known.
        from: Option<&'a Party>,
    },
    /// Because it is the person who asks, or who speaks for them.
    ThePerson {
        /// Somebody who speaks for them.
        proxy: bool,
    },
    /// Because the asker audits.
    Audit {
        /// The case; an audit without one is curiosity.
        case: Option<&'a str>,
        /// A second person agreed that names are shown.
        reveal: bool,
    },
}

/// One question to the release decision.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The tenant whose data it is.
    pub tenant: &'a TenantId,
    /// Whether a decision can be made.
    pub health: Health,
    /// How the caller showed who it is.
    pub caller: Caller,
    /// Who would receive it.
    pub to: &'a Party,
    /// Whose data it is.
    pub person: PersonId,
    /// What would leave.
    pub items: &'a [Item],
    /// Why they may.
    pub claim: Claim<'a>,
    /// For which purpose of use.
    pub purpose: Option<&'a Purpose>,
    /// The instant of the decision.
    pub at: Timestamp,
}

/// The groups of a target's answer.
pub(crate) fn answer_groups(detail: Detail) -> Groups {
    match detail {
        Detail::StatusCode => [FieldGroup::Status].into_iter().collect(),
        Detail::Whole => [FieldGroup::Status, FieldGroup::Note].into_iter().collect(),
    }
}
