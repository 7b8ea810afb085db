//! The state of a referral: a fold of its events in log order.

use serde::{Deserialize, Serialize};

use crate::news::{News, Says, says};
use crate::{
    Appointment, Event, HeldWhy, NeedCode, OrgId, Outcome, PersonId, PlacementId, ReferralId,
    ResourceId, SourceMove, StatusReason, TargetMove, TaskState, TaskStatus, Timestamp,
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

/// What a placement has come to between two statuses, in the words of BSeR's business status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Business {
    /// There is an appointment.
    Scheduled,
    /// The appointment is off.
    Cancelled,
    /// The person did not come.
    Missed,
    /// What was asked for was given.
    Given,
}

impl Business {
    /// `Task.businessStatus.text`.
    pub fn text(self) -> &'static str {
        match self {
            Business::Scheduled => "appointment scheduled",
            Business::Cancelled => "appointment cancelled",
            Business::Missed => "appointment missed",
            Business::Given => "service given",
        }
    }
}

/// One coordination-platform Task and ServiceRequest to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Its name.
    pub id: PlacementId,
    /// The target.
    pub target: OrgId,
    /// Our Task's state.
    pub state: TaskState,
    /// Our Task.
    pub task: ResourceId,
    /// Our ServiceRequest.
    pub request: ResourceId,
    /// When it was placed.
    pub placed: Timestamp,
    /// Its Task's `meta.versionId`.
    pub version: u64,
    /// Its Task's `meta.lastUpdated`.
    pub changed: Timestamp,
    /// Why it stands where it stands.
    pub reason: Option<StatusReason>,
    /// The appointment in force.
    pub appointment: Option<Appointment>,
    /// `businessStatus`.
    pub business: Option<Business>,
    /// What was done.
    pub outcome: Option<Outcome>,
    /// A pushed delivery was taken.
    pub delivered: bool,
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
    /// The source asked the target to stop.
    pub cancel_requested: bool,
    /// What its source has not been told, oldest first.
    pub news: Vec<News>,
    /// The version up to which its source was told; 0: nothing yet.
    pub told: u64,
}

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
                cancel_requested: false,
                news: Vec::new(),
                told: 0,
            });
        }
        let mut referral = state?;
        // That it was placed is news to a source that was told to wait.
        let waited = referral.held_since().is_some();
        referral.apply(event, at);
        let says = match event {
            Event::Placed { .. } if waited => Some(Says::NoLongerWaiting),
            event => says(event, &referral),
        };
        let version = referral.version;
        let from_target = !matches!(
            event,
            Event::Held { .. } | Event::Resumed | Event::Refused { .. } | Event::Placed { .. }
        );
        referral.news.extend(says.map(|says| News { version, at, says, from_target }));
        Some(referral)
    }

    fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Received { .. } => {}
            Event::Held { why } => {
                // Waiting counts from the first instant it had to wait.
                self.standing = Standing::Held { why: why.clone(), since: at };
                self.touch(at);
            }
            Event::Resumed => {
                self.standing = Standing::Open;
                self.touch(at);
            }
            Event::Refused { why } => {
                if let TaskState::Requested(task) = self.state {
                    self.state = TaskState::Rejected(task.reject(why));
                }
                self.standing = Standing::Open;
                self.reason = Some(why.clone());
                self.close_placements(why, at);
                self.touch(at);
            }
            Event::Placed { placement, target, task, request } => {
                // The source sees that it no longer waits; that it was placed shows nothing yet.
                if self.held_since().is_some() {
                    self.touch(at);
                }
                self.standing = Standing::Open;
                self.placements.push(Placement {
                    id: *placement,
                    target: target.clone(),
                    state: TaskState::requested(),
                    task: task.clone(),
                    request: request.clone(),
                    placed: at,
                    version: 1,
                    changed: at,
                    reason: None,
                    appointment: None,
                    business: None,
                    outcome: None,
                    delivered: false,
                });
            }
            Event::SourceTold { version } => {
                self.told = self.told.max(*version);
                self.news.retain(|news| news.version > *version);
            }
            Event::SourceMoved { step } => self.apply_source(step, at),
            Event::TargetMoved { placement, step, .. } => self.apply_target(placement, step, at),
            Event::CancelRequested => {
                self.cancel_requested = true;
                self.touch(at);
            }
            Event::Delivered { placement } => self.placement_mut(placement, |p| p.delivered = true),
            Event::AppointmentBooked { placement, appointment } => {
                self.news(placement, at, |p| {
                    p.appointment = Some(appointment.clone());
                    p.business = Some(Business::Scheduled);
                });
            }
            Event::AppointmentCancelled { placement } => self.news(placement, at, |p| {
                p.appointment = None;
                p.business = Some(Business::Cancelled);
            }),
            Event::NoShow { placement } => self.news(placement, at, |p| {
                p.appointment = None;
                p.business = Some(Business::Missed);
            }),
            Event::InterimNote { placement, .. } => self.news(placement, at, |_| {}),
            Event::CapacityReported { placement, .. } => self.news(placement, at, |_| {}),
            Event::OutcomeRecorded { placement, outcome } => self.news(placement, at, |p| {
                p.outcome = Some(outcome.clone());
                p.business = Some(Business::Given);
            }),
        }
    }

    fn apply_source(&mut self, step: &SourceMove, at: Timestamp) {
        match step {
            SourceMove::Cancel { why } => {
                if let Some(next) = self.state.cancel(why) {
                    self.state = next;
                }
                self.reason = Some(why.clone());
                self.close_placements(why, at);
            }
            SourceMove::EnterInError => {
                self.state = self.state.enter_in_error();
                for placement in &mut self.placements {
                    placement.state = placement.state.enter_in_error();
                    placement.touch(at);
                }
            }
        }
        self.standing = Standing::Open;
        self.touch(at);
    }

    fn apply_target(&mut self, placement: &PlacementId, step: &TargetMove, at: Timestamp) {
        let why = match step {
            TargetMove::Reject { why } | TargetMove::Hold { why } | TargetMove::Fail { why } => {
                Some(why.clone())
            }
            TargetMove::Accept | TargetMove::Start | TargetMove::Complete => None,
        };
        if let Some(next) = self.state.target(step) {
            self.state = next;
        }
        self.reason = why.clone();
        self.news(placement, at, |p| {
            if let Some(next) = p.state.target(step) {
                p.state = next;
            }
            p.reason = why;
        });
    }

    /// loopgate, as requester, calls off what it placed.
    fn close_placements(&mut self, why: &StatusReason, at: Timestamp) {
        for placement in &mut self.placements {
            if let Some(next) = placement.state.cancel(why) {
                placement.state = next;
                placement.reason = None; // the source's reason is not the target's to read
                placement.touch(at);
            }
        }
    }

    fn news(&mut self, id: &PlacementId, at: Timestamp, change: impl FnOnce(&mut Placement)) {
        self.placement_mut(id, |placement| {
            change(placement);
            placement.touch(at);
        });
        self.touch(at);
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

    /// The placement of this name.
    pub fn placement(&self, id: &PlacementId) -> Option<&Placement> {
        self.placements.iter().find(|placement| placement.id == *id)
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
            let ours = matches!(
                placement.state.status(),
                TaskStatus::Cancelled | TaskStatus::EnteredInError
            );
            placement.version > 1 && !ours
                || placement.business.is_some()
                || placement.outcome.is_some()
        })
    }

    /// `businessStatus.text` of the source's Task.
    pub fn business(&self) -> Option<&'static str> {
        match self.standing {
            Standing::Held { .. } => Some(WAITING_FOR_CONSENT),
            Standing::Open => {
                self.placements.last().and_then(|last| last.business).map(Business::text)
            }
        }
    }
}

impl Placement {
    fn touch(&mut self, at: Timestamp) {
        self.version += 1;
        self.changed = at;
    }
}
