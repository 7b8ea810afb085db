//! Whose key an event is kept under.

use loopgate_consent::GrantEvent;
use loopgate_referral::{Event as ReferralEvent, PersonEvent, PersonId};

use super::Event;

impl Event {
    /// Whose key the entry is kept under.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Event::Stored { person, .. } | Event::Denied { person, .. } => *person,
            Event::Heard { person, .. } => *person,
            Event::Patient { person, .. } | Event::Reread { person, .. } => Some(*person),
            Event::Person(fact) => Some(match fact {
                PersonEvent::Registered { person, .. }
                | PersonEvent::Linked { person, .. }
                | PersonEvent::Merged { survivor: person, .. }
                | PersonEvent::Superseded { person, .. }
                | PersonEvent::CandidateNoted { person, .. } => *person,
            }),
            Event::Grant(GrantEvent::Given { says }) => Some(says.person),
            Event::Grant(
                GrantEvent::Revoked { person, .. }
                | GrantEvent::Suspended { person, .. }
                | GrantEvent::AllRevoked { person, .. }
                | GrantEvent::Doubted { person, .. },
            ) => Some(*person),
            Event::Referral { fact: ReferralEvent::Received { persons, .. }, .. } => {
                persons.first().copied()
            }
            Event::Disclosed(disclosure) => Some(disclosure.person),
            Event::TokenMinted { minted, .. } => Some(minted.person),
            Event::Staff(fact) => fact.person(),
            // The fold knows the person of a referral; see `World::person_of`.
            Event::Referral { .. }
            | Event::Answered { .. }
            | Event::Strangers { .. }
            | Event::Partner { .. }
            | Event::Spent { .. }
            | Event::TokenRevoked { .. }
            | Event::StopUseTold { .. }
            | Event::Capacity { .. }
            | Event::Link(_)
            | Event::Mail(_)
            | Event::Webhook(_)
            | Event::Ledger(_)
            | Event::Exported { .. } => None,
        }
    }
}
