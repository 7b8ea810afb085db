//! Partners: organizations of the tenant, one file `partners/NAME.toml` each.
//!
//! The file name is the organization's id. Not here: the folder as a whole (`partner/folder.rs`),
//! when a changed file takes effect, what the release decision makes of a [`Party`].

mod alias;
mod certificate;
mod folder;
mod language;
mod lenient;
mod link;
mod read;
mod render;
pub mod spec;
mod suspend;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use loopgate_consent::{Action, LegalClass, Party, Purpose, TenantId};
use loopgate_referral::{Identifier, OrgId, Timestamp};
use url::Url;

use crate::config::Problem;
use crate::csv::Layout;
use crate::identity::Client;

pub use alias::{Carries, Code, ZField};
pub use certificate::Shown;
pub use folder::{LoadedPartner, load_partners, load_speaking};
pub use language::{Language, SPANISH_MONTHS};
pub use lenient::Lenient;
pub use link::{Answers, Authority, BadEndpoint, Endpoint, How, Link, Outcomes, Requests, Rule};
pub use suspend::{Unreadable, set_pin, set_suspended};
pub use timing::{BadClock, Clock, Day, Digest, Quiet, Timing};

/// A partner, as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Its id: the name of its file.
    pub org: OrgId,
    /// Its name for people.
    pub name: String,
    /// What it is in a referral; not empty.
    pub roles: BTreeSet<Role>,
    /// What the law takes it to be.
    pub legal: LegalClass,
    /// The purpose of use it acts for.
    pub purpose: Option<Purpose>,
    /// Other purposes it may state.
    pub purposes: BTreeSet<Purpose>,
    /// It treats persons of this tenant: the basis of 45 CFR 164.506.
    pub treats: bool,
    /// It is the business associate of a covered entity of this tenant.
    pub associate: bool,
    /// Its clinicians may break the glass.
    pub break_glass: bool,
    /// It has to present a consent token when it asks.
    pub wants_token: bool,
    /// What may be done with data on its behalf.
    pub actions: BTreeSet<Action>,
    /// Its Organization identifiers; no other partner has any of them.
    pub identifiers: Vec<Identifier>,
    /// The identifier system of its own patient index: one identifier in it is one person.
    pub patient_index: Option<String>,
    /// SHA-256 of each client certificate (DER) it may show; no other partner has any of them.
    pub certificates: Vec<[u8; 32]>,
    /// The zone its days and its times without an offset are in.
    pub time_zone: TimeZone,
    /// The language its people are written to in.
    pub language: Language,
    /// Real persons' data may pass. Enforced for HL7 v2, by MSH-11.
    pub production: bool,
    /// Nothing may pass until further notice.
    pub suspended: bool,
    /// Its data agreement.
    pub agreement: Option<Agreement>,
    /// How it is told; every target has one.
    pub channel: Option<Channel>,
    /// Its HL7 v2 link, if it speaks that.
    pub hl7v2: Option<Link>,
    /// How it gets access tokens, if it does.
    pub client: Option<Client>,
    /// How its referrals look as a spreadsheet.
    pub csv: Layout,
}

/// What a partner is in a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It refers.
    Source,
    /// It is referred to.
    Target,
    /// It reads the audit.
    Auditor,
}

/// A data agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Where to find the document.
    pub reference: String,
    /// The last day it covers, in the partner's time zone.
    pub expires: Date,
    /// The first instant it no longer covers: the start of the day after.
    pub ends: Timestamp,
}

/// How a partner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The name of its dialect, which is the name of a mapping folder.
    pub dialect: String,
    /// Who calls whom.
    pub kind: ChannelKind,
}

/// Who calls whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// The partner asks.
    Rest,
    /// We call, and the partner can still ask.
    Push(Push),
    /// We send a link in an e-mail, and the partner answers on the page it leads to.
    Email {
        /// Where to, bare.
        address: String,
        /// The hash of the PIN that the page asks for.
        pin: PinHash,
        /// When it is told.
        timing: Timing,
    },
    /// We send HL7 v2 to the endpoint of its link, and the partner answers in HL7 v2.
    Hl7v2,
}

/// How a partner is pushed to: by webhooks (Standard Webhooks).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Where: `https` only.
    pub endpoint: Url,
    /// What a webhook says of a referral.
    pub payload: Payload,
    /// Webhooks are signed with the partner's secret.
    pub signed: bool,
    /// Who is told by e-mail when nothing is pushed any more, bare.
    pub contact: Option<String>,
}

impl Push {
    /// Signed webhooks that name a referral and say nothing else of it.
    pub fn new(endpoint: Url) -> Push {
        Push { endpoint, payload: Payload::Reference, signed: true, contact: None }
    }
}

/// What a webhook says of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// Its name and where it is read.
    Reference,
    /// All of it that the partner may see, in its dialect.
    Whole,
}

impl Payload {
    /// Every choice.
    pub const ALL: [Payload; 2] = [Payload::Reference, Payload::Whole];

    /// The name in partner files.
    pub fn name(self) -> &'static str {
        match self {
            Payload::Reference => "reference",
            Payload::Whole => "whole",
        }
    }
}

/// An Argon2id hash in PHC form (RFC 9106); checking a PIN against it is the page's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinHash(String);

impl PinHash {
    /// The PHC text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not an Argon2id hash in PHC form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Argon2id hash in PHC form")]
pub struct BadPinHash;

impl FromStr for PinHash {
    type Err = BadPinHash;

    fn from_str(text: &str) -> Result<PinHash, BadPinHash> {
        let parts: Vec<&str> = text.split('$').collect();
        let sound = matches!(parts[..], ["", "argon2id", "v=19", params, salt, hash]
            if params.starts_with("m=") && salt.len() >= 11 && hash.len() >= 43);
        if sound { Ok(PinHash(text.to_owned())) } else { Err(BadPinHash) }
    }
}

impl Partner {
    /// Reads the text of `partners/NAME.toml`, where `org` is NAME, or reports every problem of it.
    pub fn parse(org: OrgId, text: &str) -> Result<Partner, Vec<Problem>> {
        read::read(org, text).map(|lined| lined.partner)
    }

    /// A new partner of one role, with the defaults of a partner file and nothing that names it but
    /// its id.
    pub fn new(org: OrgId, role: Role) -> Partner {
        let target = role == Role::Target;
        Partner {
            name: org.to_string(),
            org,
            roles: BTreeSet::from([role]),
            legal: if target { LegalClass::CboNonhipaa } else { LegalClass::Ce },
            purpose: "CAREMGT".parse().ok(),
            purposes: BTreeSet::new(),
            treats: false,
            associate: false,
            break_glass: false,
            wants_token: false,
            actions: role.actions().iter().copied().collect(),
            identifiers: Vec::new(),
            patient_index: None,
            certificates: Vec::new(),
            time_zone: TimeZone::UTC,
            language: Language::default(),
            production: false,
            suspended: false,
            agreement: None,
            channel: target
                .then(|| Channel { dialect: "cbo-json".into(), kind: ChannelKind::Rest }),
            hl7v2: None,
            client: None,
            csv: Layout::default(),
        }
    }

    /// Whether it may refer: a source whose file does not say otherwise.
    pub fn submits(&self) -> bool {
        self.is(Role::Source) && self.actions.contains(&Action::Submit)
    }

    /// As the release decision sees it.
    pub fn party(&self, tenant: &TenantId) -> Party {
        Party {
            org: self.org.clone(),
            tenant: tenant.clone(),
            legal: self.legal,
            purpose: self.purpose.clone(),
            purposes: self.purposes.clone(),
            treats: self.treats,
            associate: self.associate,
            break_glass: self.break_glass,
            wants_token: self.wants_token,
            actions: self.actions.clone(),
            suspended: self.suspended,
            agreement_ends: self.agreement.as_ref().map(|agreement| agreement.ends),
        }
    }

    /// The text of its file, with comments.
    pub fn render(&self) -> String {
        render::render(self)
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Source, Role::Target, Role::Auditor];

    /// The name in partner files.
    pub fn name(self) -> &'static str {
        match self {
            Role::Source => "source",
            Role::Target => "target",
            Role::Auditor => "auditor",
        }
    }

    /// What a partner of this role may do if its file does not say.
    pub fn actions(self) -> &'static [Action] {
        match self {
            Role::Source => &[Action::Submit, Action::UpdateBack, Action::StatusRead],
            Role::Target => &[Action::Forward, Action::Notify, Action::StatusRead],
            Role::Auditor => &[],
        }
    }
}

impl Agreement {
    /// The agreement that covers days up to and including `expires` in `zone`; `None` at the end
    /// of the calendar.
    pub fn new(reference: String, expires: Date, zone: &TimeZone) -> Option<Agreement> {
        Some(Agreement { reference, expires, ends: end_of_day(expires, zone)? })
    }
}

/// The first instant of the day after, in that zone; `None` at the end of the calendar.
pub fn end_of_day(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let after = day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(after.timestamp().as_millisecond()))
}

const LEGAL_CLASSES: [(&str, LegalClass); 5] = [
    ("ce", LegalClass::Ce),
    ("ba", LegalClass::Ba),
    ("cbo-nonhipaa", LegalClass::CboNonhipaa),
    ("vawa-grantee", LegalClass::VawaGrantee),
    ("part2-program", LegalClass::Part2Program),
];
