//! What is known of HL7 v2 messages taken in.

use serde::{Deserialize, Serialize};

use loopgate_referral::{OrgId, ReferralId, Timestamp};

use super::{Locator, World};
use crate::journal::Event;

/// A message is remembered for so long: then the same key may be another message.
const HEARD_DAYS: u32 = 30;

/// An HL7 v2 message taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// SHA-256 of it.
    pub content: [u8; 32],
    /// Where its acknowledgement lies.
    pub ack: Locator,
}

/// How a referral came as HL7 v2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// MSH-10 of the message.
    pub control: String,
    /// MSH-16 asks for an application answer.
    pub asked: bool,
    /// Fields that nothing here says on.
    pub not_carried: Vec<String>,
    /// MSH-9 of the message, as `REF^I12`.
    pub kind: String,
    /// MSH-12 of the message; empty if it was not noted.
    pub version: String,
    /// MSH-9 and MSH-10 of the newest message in which its source said something more of it.
    pub newest: Option<(String, String)>,
}

impl World {
    /// What a `message.heard` says, which lies at `ack`'s entry.
    pub(super) fn hear(&mut self, event: &Event, ack: Locator, at: Timestamp) {
        let Event::Heard {
            org,
            key,
            content,
            control,
            asked,
            referrals,
            about,
            not_carried,
            kind,
            version,
            sequence,
            ..
        } = event
        else {
            return;
        };
        self.forget_messages(at);
        let named = (org.clone(), *key);
        self.heard.insert(named.clone(), Heard { content: *content, ack });
        self.heard_at.push_back((at, named));
        if let Some(number) = sequence {
            self.links.took(org, *number);
        }
        for referral in referrals {
            let spoken = Spoken {
                control: control.clone(),
                asked: *asked,
                not_carried: not_carried.clone(),
                kind: kind.clone(),
                version: version.clone(),
                newest: None,
            };
            self.spoken.insert(*referral, spoken);
        }
        for referral in about {
            self.heard_more(referral, org, (kind, control));
        }
    }

    fn heard_more(&mut self, referral: &ReferralId, org: &OrgId, (kind, control): (&str, &str)) {
        let by_source = self.referrals.get(referral).is_some_and(|one| one.source == *org);
        if let Some(spoken) = self.spoken.get_mut(referral).filter(|_| by_source) {
            spoken.newest = Some((kind.to_owned(), control.to_owned()));
        }
    }

    fn forget_messages(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.heard_at.front()
            && now > at.plus_days(HEARD_DAYS)
        {
            let Some((_, old)) = self.heard_at.pop_front() else { return };
            self.heard.remove(&old);
        }
    }
}

#[cfg(test)]
#[path = "heard_tests.rs"]
mod tests;
