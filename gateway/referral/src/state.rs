//! The state of a referral: a fold of its events in log order.

use serde::{Deserialize, Serialize};

mod apply;

use crate::news::{News, Says, says};
use crate::placement::Placement;
use crate::{
    Event, HeldWhy, NeedCode, OrgId, PersonId, PlacementId, ReferralId, ResourceId, StatusReason,
    TaskState, TaskStatus, Timestamp,
};

/// Where consent leaves a referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing stands in its way.
    Open,
    /// It waits for consent, since that instant.
    Held {
        /// The release decision's reason code.
        why: HeldWhy,
        /// Since when.
        since: Timestamp,
    },
}

/// A referral: a source's Task and ServiceRequest, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// Its name.
    pub id: ReferralId,
    /// Whose Task it is.
    pub source: OrgId,
    /// Whom its Task names as owner.
    pub owner: OrgId,
    /// Whom it is about.
    pub persons: Vec<PersonId>,
    /// What is needed.
    pub needs: Vec<NeedCode>,
    /// The person must not be contacted by the target.
    pub contact_prohibited: bool,
    /// The source's Task.
    pub task: ResourceId,
    /// The source's ServiceRequest.
    pub request: ResourceId,
    /// The source's Task's state; with the owner named by the source it mirrors the placement.
    pub state: TaskState,
    /// Why it stands where it stands.
    pub reason: Option<StatusReason>,
    /// Where consent leaves it.
    pub standing: Standing,
    /// Placements, oldest first.
    pub placements: Vec<Placement>,
    /// When it was received.
    pub received: Timestamp,
    /// Changes since it was received: 1 is the Task as received.
    pub version: u64,
    /// When the source's Task last changed.
    pub changed: Timestamp,
    /// The version that the source's newest amendment made; 0: it is as it was received.
    pub amended: u64,
    /// What its source has not been told, oldest first.
    pub news: Vec<News>,
    /// What its source was told in the last 30 days, oldest first, and no more than the newest of it.
    pub said: Vec<News>,
    /// The version up to which its source was told; 0: nothing yet.
    pub told: u64,
}

/// What was told is remembered for so long, so that it can be told again.
const SAID_DAYS: u32 = 30;
/// Of what was told so much is remembered, of one referral.
const SAID_MAX: usize = 64;

/// `businessStatus.text` of a held referral (our DESIGN §2).
pub const WAITING_FOR_CONSENT: &str = "waiting for consent";

impl Referral {
    /// The state after `event`, which happened at `at`. `None` before [`Event::Received`].
    pub fn evolve(state: Option<Referral>, event: &Event, at: Timestamp) -> Option<Referral> {
        if let Event::Received {
            referral,
            source,
            owner,
            persons,
            needs,
            contact_prohibited,
            task,
            request,
        } = event
        {
            return Some(Referral {
                id: *referral,
                source: source.clone(),
                owner: owner.clone(),
                persons: persons.clone(),
                needs: needs.clone(),
                contact_prohibited: *contact_prohibited,
                task: task.clone(),
                request: request.clone(),
                state: TaskState::requested(),
                reason: None,
                standing: Standing::Open,
                placements: Vec::new(),
                received: at,
                version: 1,
                changed: at,
                amended: 0,
                news: Vec::new(),
                said: Vec::new(),
                told: 0,
            });
        }
        let mut referral = state?;
        let with = referral.owner.clone();
        // That it was placed is news to a source that was told to wait.
        let waited = referral.held_since().is_some();
        // And an appointment in place of another is news of its own.
        let rebooked = referral.has_appointment(event);
        referral.apply(event, at);
        let says = match event {
            Event::Placed { .. } if waited => Some(Says::NoLongerWaiting),
            Event::AppointmentBooked { appointment, .. } if rebooked => {
                Some(Says::Rebooked(appointment.clone()))
            }
            event => says(event, &referral),
        };
        let version = referral.version;
        let from_target = is_by_target(event);
        let told = says.map(|says| News { version, at, says, from_target, with });
        if let (Some(News { says, .. }), Some(placement)) = (&told, event.remarks_on()) {
            let says = says.clone();
            referral.placement_mut(&placement, |placement| placement.remark(at, says));
        }
        // Corrections of several services in one frame are told as one.
        if let (Some(told), Some(last)) = (&told, referral.news.last())
            && last.at == at
            && matches!((&told.says, &last.says), (Says::Served(_), Says::Served(_)))
        {
            referral.news.pop();
        }
        referral.news.extend(told);
        Some(referral)
    }

    /// Whether the placement that `event` books has an appointment.
    fn has_appointment(&self, event: &Event) -> bool {
        let Event::AppointmentBooked { placement, .. } = event else { return false };
        self.placement(placement).is_some_and(|placement| placement.appointment.is_some())
    }

    fn told_source(&mut self, version: u64, at: Timestamp) {
        self.told = self.told.max(version);
        let news = std::mem::take(&mut self.news);
        let (said, left) = news.into_iter().partition(|news: &News| news.version <= version);
        self.news = left;
        self.said.extend::<Vec<News>>(said);
        self.said.retain(|news| at <= news.at.plus_days(SAID_DAYS));
        self.said.drain(..self.said.len().saturating_sub(SAID_MAX));
    }

    fn tell_again(&mut self, since: Timestamp) {
        let said = std::mem::take(&mut self.said);
        let (again, kept): (Vec<News>, Vec<News>) =
            said.into_iter().partition(|news| news.at >= since);
        self.said = kept;
        if let Some(first) = again.first() {
            self.told = self.told.min(first.version - 1);
        }
        self.news.splice(..0, again);
    }

    fn placement_mut(&mut self, id: &PlacementId, change: impl FnOnce(&mut Placement)) {
        if let Some(placement) = self.placements.iter_mut().find(|p| p.id == *id) {
            change(placement);
        }
    }

    fn touch(&mut self, at: Timestamp) {
        self.version += 1;
        self.changed = at;
    }

    /// Two persons are one.
    pub fn merge(&mut self, survivor: PersonId, retired: PersonId) {
        if !self.persons.contains(&retired) {
            return;
        }
        let mut persons = Vec::new();
        for person in std::mem::take(&mut self.persons) {
            let person = if person == retired { survivor } else { person };
            if !persons.contains(&person) {
                persons.push(person);
            }
        }
        self.persons = persons;
    }

    /// The placement of this name.
    pub fn placement(&self, id: &PlacementId) -> Option<&Placement> {
        self.placements.iter().find(|placement| placement.id == *id)
    }

    /// Whether a placement of it is with somebody now.
    pub fn is_placed(&self) -> bool {
        self.placements.last().is_some_and(|last| !last.taken_back && !last.rerouted)
    }

    /// The placements with whom it is with now, or was with last.
    pub fn with_newest(&self) -> impl Iterator<Item = &Placement> + Clone {
        let newest = self.placements.last().map(|last| &last.target);
        self.placements.iter().filter(move |placement| Some(&placement.target) == newest)
    }

    /// Whether it waits for consent.
    pub fn is_held(&self) -> bool {
        self.held_since().is_some()
    }

    /// Since when it waits for consent.
    pub fn held_since(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Held { since, .. } => Some(since),
            Standing::Open => None,
        }
    }

    /// Whether nobody has answered it yet.
    pub fn is_unanswered(&self) -> bool {
        self.state.status() == TaskStatus::Requested
    }

    /// Whether any of it was said by a target: then reading it is reading the target's news.
    pub fn has_news(&self) -> bool {
        self.placements.iter().any(|placement| {
            placement.answered && !placement.is_called_off()
                || placement.business.is_some()
                || placement.given().next().is_some()
                || placement.comments.iter().any(|one| one.by_target)
                || placement.attachments.iter().any(|one| one.by_target)
        })
    }

    /// Whether its source ended it: what it did itself is no news to it.
    pub fn is_called_off(&self) -> bool {
        match self.state.status() {
            TaskStatus::Cancelled => !self.placements.iter().any(|placement| placement.given_back),
            status => status == TaskStatus::EnteredInError,
        }
    }

    /// Why its source asks to stop, while that is not answered.
    pub fn cancel_asked(&self) -> Option<&StatusReason> {
        self.placements.iter().rev().find_map(|placement| placement.cancel_asked.as_ref())
    }

    /// `businessStatus.text` of the source's Task.
    pub fn business(&self) -> Option<&'static str> {
        match self.standing {
            Standing::Held { .. } => Some(WAITING_FOR_CONSENT),
            Standing::Open => self.placements.last().and_then(Placement::business_text),
        }
    }
}

/// When a fact was recorded, and when it happened if that was said.
pub(super) type When = (Timestamp, Option<Timestamp>);

/// Whether a target said it, and not loopgate.
fn is_by_target(event: &Event) -> bool {
    !matches!(
        event,
        Event::Held { .. }
            | Event::Resumed
            | Event::Refused { .. }
            | Event::Placed { .. }
            | Event::SourceMoved { .. }
    )
}
