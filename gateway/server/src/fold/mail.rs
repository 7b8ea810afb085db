//! E-mails of organizations: whose address takes nothing, what has to be sent again once it does, and
//! how far the recovery of a PIN has come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use loopgate_referral::{OrgId, Placement, PlacementId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Place, WRONG_PIN, World, note_try};
use crate::journal::{Bounce, Event, MailEvent};
use crate::partner::PinHash;

/// What a wrong code is refused for.
pub const RECOVER_PIN: &str = "recover_pin";

/// That an address takes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounced {
    /// Since when that is known.
    pub at: Timestamp,
    /// How.
    pub how: Bounce,
    /// The status or reply code.
    pub status: Option<String>,
}

/// A link or a code that recovers a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    /// Which of its kind it is, counted from one.
    pub epoch: u32,
    /// Until when it is good.
    pub until: Timestamp,
    /// It went out; a code never does.
    pub sent: bool,
}

/// The mailbox of one organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// It takes nothing.
    pub bounced: Option<Bounced>,
    /// How often it took e-mails again. What bounces of an e-mail from before says nothing of now.
    pub epoch: u32,
    /// What was sent when it took nothing, and nobody has answered.
    pub again: BTreeSet<PlacementId>,
    /// When recovery links were asked for lately, newest last.
    pub asked: VecDeque<Timestamp>,
    /// When wrong codes were given, newest last.
    pub wrong: VecDeque<Timestamp>,
    /// The newest link that is not used.
    pub link: Option<Good>,
    /// The newest code that is not used.
    pub code: Option<Good>,
    /// How many links and codes there were.
    counts: (u32, u32),
    /// The hash in its file, and the one in force instead of it.
    pin: Option<(String, String)>,
    /// It has not been told yet that its PIN changed, in that entry.
    pub untold: Option<u64>,
}

/// A fold of [`MailEvent`]s, and of what ends what they began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MailBook(BTreeMap<OrgId, Mailbox>);

impl MailBook {
    /// The mailbox of an organization; none if nothing ever happened to it.
    pub fn of(&self, org: &OrgId) -> Option<&Mailbox> {
        self.0.get(org)
    }

    /// Every mailbox to which something happened.
    pub fn iter(&self) -> impl Iterator<Item = (&OrgId, &Mailbox)> {
        self.0.iter()
    }

    /// Whether its address takes nothing.
    pub fn is_bounced(&self, org: &OrgId) -> bool {
        self.of(org).is_some_and(|mailbox| mailbox.bounced.is_some())
    }

    /// How often it took e-mails again.
    pub fn epoch(&self, org: &OrgId) -> u32 {
        self.of(org).map_or(0, |mailbox| mailbox.epoch)
    }

    /// The PIN in force, for a partner whose file has this one.
    pub fn pin(&self, org: &OrgId, file: &PinHash) -> PinHash {
        let changed = self.of(org).and_then(|mailbox| mailbox.pin.as_ref());
        let changed = changed.filter(|(instead_of, _)| instead_of == file.as_str());
        changed.and_then(|(_, hash)| hash.parse().ok()).unwrap_or_else(|| file.clone())
    }

    pub(super) fn evolve(&mut self, event: &Event, place: Place) {
        match event {
            Event::Mail(fact) => self.0.entry(fact.org().clone()).or_default().evolve(fact, place),
            Event::Denied { org, action: Some(action), code, .. }
                if code == WRONG_PIN && action == RECOVER_PIN =>
            {
                note_try(&mut self.0.entry(org.clone()).or_default().wrong, place.at);
            }
            _ => {}
        }
    }

    /// Its file is another: so may be its address.
    pub(super) fn changed(&mut self, org: &OrgId) {
        if let Some(mailbox) = self.0.get_mut(org) {
            mailbox.mend();
        }
    }

    /// A placement was told of, or answered.
    pub(super) fn settled(&mut self, org: &OrgId, placement: &PlacementId) {
        if let Some(mailbox) = self.0.get_mut(org) {
            mailbox.again.remove(placement);
        }
    }
}

impl Mailbox {
    fn evolve(&mut self, fact: &MailEvent, place: Place) {
        match fact {
            MailEvent::Bounced { how, status, .. } => {
                self.bounced = Some(Bounced { at: place.at, how: *how, status: status.clone() });
            }
            MailEvent::Mended { .. } => self.mend(),
            MailEvent::SentAgain { placements, .. } => {
                self.again.retain(|placement| !placements.contains(placement));
            }
            MailEvent::RecoveryAsked { until, .. } => {
                note_try(&mut self.asked, place.at);
                self.counts.0 += 1;
                self.link = Some(Good { epoch: self.counts.0, until: *until, sent: false });
            }
            MailEvent::RecoverySent { epoch, .. } => {
                if let Some(link) = self.link.as_mut().filter(|link| link.epoch == *epoch) {
                    link.sent = true;
                }
            }
            MailEvent::CodeMade { until, .. } => {
                self.counts.1 += 1;
                self.code = Some(Good { epoch: self.counts.1, until: *until, sent: false });
            }
            MailEvent::PinChanged { instead_of, hash, .. } => {
                self.pin = Some((instead_of.clone(), hash.clone()));
                (self.link, self.code) = (None, None);
                self.untold = Some(place.index);
            }
            MailEvent::PinChangeSent { .. } => self.untold = None,
        }
    }

    fn mend(&mut self) {
        if self.bounced.take().is_some() {
            self.epoch += 1;
        }
    }
}

impl World {
    /// Nobody knows which of the e-mails to this organization were read: what was sent lately, and is not
    /// answered or was called off, is to be sent again, and so is that somebody withdrew.
    pub(super) fn bounce(&mut self, org: &OrgId, at: Timestamp) {
        let lately = |then: Timestamp| at <= then.plus_days(LATELY_DAYS);
        let ids = self.by_org.get(org).into_iter().flatten();
        let referrals = ids.filter_map(|id| self.referrals.get(id));
        let theirs = referrals.flat_map(|one| &one.placements).filter(|one| one.target == *org);
        let unread = theirs.filter(|one| one.told > 0 && !is_settled(one) && lately(one.changed));
        let again: Vec<PlacementId> = unread.map(|one| one.id).collect();
        if let Some(mailbox) = self.mail.0.get_mut(org) {
            mailbox.again.extend(again);
        }
        for ((_, holder), notice) in &mut self.notices.of {
            if holder == org && lately(notice.at) {
                notice.told = false;
            }
        }
    }
}

/// So many days back a bounce may be of what was sent.
const LATELY_DAYS: u32 = 30;

/// Whether its target has read of it for sure, or need not any more: it answered the only thing it was told,
/// or ended it.
pub(super) fn is_settled(placement: &Placement) -> bool {
    if placement.taken_back || placement.rerouted {
        return true;
    }
    if placement.state.is_final() {
        return !placement.is_called_off();
    }
    placement.answered && placement.told <= 1
}
