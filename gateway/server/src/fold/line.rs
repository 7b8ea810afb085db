//! What happened to a person's data, as a line that the person can read.

use loopgate_consent::{GrantId, ReasonCode};
use loopgate_referral::{OrgId, PersonId, ReferralId, Timestamp};

use super::{Place, WRONG_PIN};
use crate::journal::{BasisUsed, Event};

/// One line of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// On which ground, in words.
    pub ground: &'static str,
    /// In which referral.
    pub referral: Option<ReferralId>,
    /// Under which Grants.
    pub grants: Vec<GrantId>,
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
            ground: "refused",
            referral: None,
            grants: Vec::new(),
        };
        match event {
            Event::Disclosed(one) => {
                let mut made = line(&one.recipient, Ok(Vec::new()));
                (made.referral, made.ground) = (one.referral, "they sent it to us");
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
                "you agreed"
            }
            // Beside consent it is the smaller half.
            BasisUsed::ReturnToSupplier if self.grants.is_empty() => "they sent it to us",
            BasisUsed::ReturnToSupplier => self.ground,
            BasisUsed::Treatment => "they treat you",
            BasisUsed::BusinessAssociate => "they work for who sent it",
            BasisUsed::Law { .. } => "a court or a law ordered it",
            BasisUsed::BreakGlass { .. } => "it was an emergency",
            BasisUsed::ThePerson => "you asked",
            BasisUsed::Audit { .. } => "it was audited",
        };
    }
}
