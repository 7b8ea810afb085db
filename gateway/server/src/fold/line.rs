//! What happened to a person's data, as a line that the person can read.

use loopgate_consent::{GrantId, ReasonCode};
use loopgate_referral::{OrgId, PersonId, ReferralId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Place, WRONG_PIN};
use crate::journal::{BasisUsed, Event};

/// One line of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// The entry's index in the log.
    pub index: u64,
    /// To whom, or who asked.
    pub who: OrgId,
    /// What was shared: field groups, or `what they sent us`; why it was refused, otherwise.
    pub what: Result<Vec<String>, ReasonCode>,
    /// For which purpose of use.
    pub purpose: Option<String>,
    /// On which ground.
    pub ground: Ground,
    /// In which referral.
    pub referral: Option<ReferralId>,
    /// Under which Grants.
    pub grants: Vec<GrantId>,
}

/// On which ground data about a person was shared, or that it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// It was not shared.
    Refused,
    /// It went back to who sent it.
    Supplied,
    /// The person agreed.
    Agreed,
    /// The recipient treats the person.
    Treatment,
    /// The recipient works for who sent it.
    WorksForSupplier,
    /// A court or a statute ordered it.
    Law,
    /// It was an emergency.
    Emergency,
    /// The person asked for it.
    Asked,
    /// It was audited.
    Audited,
}

impl Ground {
    /// In words, to the person.
    pub fn words(self) -> &'static str {
        match self {
            Ground::Refused => "refused",
            Ground::Supplied => "they sent it to us",
            Ground::Agreed => "you agreed",
            Ground::Treatment => "they treat you",
            Ground::WorksForSupplier => "they work for who sent it",
            Ground::Law => "a court or a law ordered it",
            Ground::Emergency => "it was an emergency",
            Ground::Asked => "you asked",
            Ground::Audited => "it was audited",
        }
    }
}

impl Line {
    /// The line of an event, if it is about somebody's data.
    pub fn of(event: &Event, place: Place) -> Option<(PersonId, Line)> {
        let line = |who: &OrgId, what| Line {
            at: place.at,
            index: place.index,
            who: who.clone(),
            what,
            purpose: None,
            ground: Ground::Refused,
            referral: None,
            grants: Vec::new(),
        };
        match event {
            Event::Disclosed(one) => {
                let mut made = line(&one.recipient, Ok(Vec::new()));
                (made.referral, made.ground) = (one.referral, Ground::Supplied);
                one.bases.iter().for_each(|basis| made.on(basis));
                Some((one.person, made))
            }
            Event::Denied { org, person: Some(person), code, referral, grant, .. }
                if code != WRONG_PIN =>
            {
                let code = ReasonCode::ALL.iter().find(|one| one.name() == code)?;
                let grants = grant.iter().map(|one| one.id.clone()).collect();
                Some((*person, Line { referral: *referral, grants, ..line(org, Err(*code)) }))
            }
            _ => None,
        }
    }

    /// What one of its bases says.
    fn on(&mut self, basis: &BasisUsed) {
        self.ground = match basis {
            BasisUsed::Consent { grant, groups, purpose, .. } => {
                if let Ok(what) = &mut self.what {
                    what.extend(groups.iter().cloned());
                }
                self.grants.push(grant.id.clone());
                self.purpose.clone_from(purpose);
                Ground::Agreed
            }
            // Beside consent it is the smaller half.
            BasisUsed::ReturnToSupplier if self.grants.is_empty() => Ground::Supplied,
            BasisUsed::ReturnToSupplier => self.ground,
            BasisUsed::Treatment => Ground::Treatment,
            BasisUsed::BusinessAssociate => Ground::WorksForSupplier,
            BasisUsed::Law { .. } => Ground::Law,
            BasisUsed::BreakGlass { .. } => Ground::Emergency,
            BasisUsed::ThePerson => Ground::Asked,
            BasisUsed::Audit { .. } => Ground::Audited,
        };
    }
}
