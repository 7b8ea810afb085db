//! What became of e-mails, and of PINs that were forgotten: decided here, where what was used is known.

use std::collections::BTreeSet;

use loopgate_referral::{OrgId, PlacementId, ReferralId, Timestamp};

use super::desk::{Desk, by};
use super::settle;
use crate::fields::Cause;
use crate::fold::Mailbox;
use crate::journal::{Event, MailEvent};

/// Recovery links that one organization may ask for in [`ASKED_MS`].
const ASKED_MAX: usize = 3;
/// An hour.
const ASKED_MS: i64 = 3_600_000;

/// One thing that an e-mail told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailed {
    /// About which referral.
    pub referral: ReferralId,
    /// Which placement.
    pub placement: PlacementId,
    /// What.
    pub what: MailedWhat,
}

/// What an e-mail told of a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedWhat {
    /// That it waits, as amended to this version of its Task.
    Waits(u64),
    /// That it waits, a second time.
    Again,
    /// What its Task says in this version.
    News(u64),
}

/// A change of a PIN by who holds a link and a code.
pub struct PinChange {
    /// Whose.
    pub org: OrgId,
    /// Which link.
    pub link: u32,
    /// Which code.
    pub code: u32,
    /// The hash in its file.
    pub instead_of: String,
    /// The hash of the new one.
    pub hash: String,
}

/// The submission server took an e-mail: all that it told is told, in one frame.
pub fn mailed(desk: &mut Desk<'_>, org: &OrgId, told: &[Mailed]) {
    let mut again = BTreeSet::new();
    for Mailed { referral, placement, what } in told {
        match what {
            MailedWhat::Waits(amended) => {
                settle::delivered(desk, *referral, (*placement, *amended))
            }
            MailedWhat::News(version) => settle::target_told(desk, *referral, *placement, *version),
            MailedWhat::Again => drop(again.insert(*placement)),
        }
    }
    let known = desk.world().mail.of(org);
    again.retain(|placement| known.is_some_and(|mailbox| mailbox.again.contains(placement)));
    if !again.is_empty() {
        let fact =
            MailEvent::SentAgain { org: org.clone(), placements: again.into_iter().collect() };
        desk.record(&by("loopgate", "courier"), Event::Mail(fact), Vec::new(), None);
    }
}

/// Records a fact; `false` if it changes nothing, or is not allowed now.
pub fn happened(desk: &mut Desk<'_>, fact: MailEvent, cause: &Cause) -> bool {
    let nothing = Mailbox::default();
    let mailbox = desk.world().mail.of(fact.org()).unwrap_or(&nothing);
    let may = match &fact {
        MailEvent::Bounced { .. } => mailbox.bounced.is_none(),
        MailEvent::Mended { .. } => mailbox.bounced.is_some(),
        MailEvent::RecoveryAsked { .. } => {
            let since = Timestamp(desk.at.0 - ASKED_MS);
            mailbox.asked.iter().filter(|at| **at > since).count() < ASKED_MAX
        }
        MailEvent::RecoverySent { epoch, .. } => {
            mailbox.link.is_some_and(|link| link.epoch == *epoch && !link.sent)
        }
        MailEvent::CodeMade { .. } => true,
        MailEvent::PinChangeSent { .. } => mailbox.untold.is_some(),
        // These are decided above and below.
        MailEvent::SentAgain { .. } | MailEvent::PinChanged { .. } => false,
    };
    if may {
        desk.record(cause, Event::Mail(fact), Vec::new(), None);
    }
    may
}

/// Changes a PIN, if link and code are the newest, not used, and their time is not over.
pub fn change_pin(desk: &mut Desk<'_>, change: PinChange) -> bool {
    let at = desk.at;
    let mailbox = desk.world().mail.of(&change.org);
    let link = mailbox.and_then(|mailbox| mailbox.link);
    let code = mailbox.and_then(|mailbox| mailbox.code);
    let good = link.is_some_and(|link| link.epoch == change.link && at < link.until)
        && code.is_some_and(|code| code.epoch == change.code && at < code.until);
    if good {
        let PinChange { org, instead_of, hash, .. } = change;
        let cause = by(org.as_str(), "link");
        let fact = MailEvent::PinChanged { org, instead_of, hash };
        desk.record(&cause, Event::Mail(fact), Vec::new(), None);
    }
    good
}
