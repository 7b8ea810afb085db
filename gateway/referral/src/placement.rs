//! One placement of a referral with one target, as far as events of the referral change it.
//!
//! Not here: the referral it belongs to (`state`), what its source is told (`news`).

mod due;

use serde::{Deserialize, Serialize};

use crate::{
    Appointment, Attached, Comment, Given, OrgId, Outcome, PlacementId, Remark, ResourceId, Says,
    StatusReason, TargetMove, TaskState, TaskStatus, Timestamp,
};

pub use due::{TargetNews, TargetSays};

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
    /// It came from another organization, which it was not for.
    Rerouted,
    /// The target answered by mistake, and has not answered.
    TakenBack,
}

impl Business {
    /// `Task.businessStatus.text`.
    pub fn text(self) -> &'static str {
        match self {
            Business::Scheduled => "appointment scheduled",
            Business::Cancelled => "appointment cancelled",
            Business::Missed => "appointment missed",
            Business::Given => "service given",
            Business::Rerouted => "sent on to another organization",
            Business::TakenBack => "answer taken back",
        }
    }
}

/// `businessStatus.text` while the target has not answered a request to cancel (BSeR 5.2).
pub const CANCELLATION_REQUESTED: &str = "cancellation requested";

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
    /// `businessStatus`, but for a request to cancel; see [`Placement::business_text`].
    pub business: Option<Business>,
    /// What was done, service by service.
    pub outcomes: Vec<Given>,
    /// A pushed delivery was taken, of what it says now.
    pub delivered: bool,
    /// The version of its Task that its source's newest amendment made; 0: it is as it was placed.
    pub amended: u64,
    /// Its source asks it to stop, and why; it has not answered.
    pub cancel_asked: Option<StatusReason>,
    /// It was asked to stop before, and said no.
    pub cancel_refused: bool,
    /// The target has said something of it.
    pub answered: bool,
    /// It is over because the target gave it back, or agreed to stop.
    pub given_back: bool,
    /// When the newest fact that the target told happened.
    pub said: Option<Timestamp>,
    /// What its target has not been told, oldest first.
    pub due: Vec<TargetNews>,
    /// The version up to which its target's own HL7 v2 system was told; 0: nothing yet.
    pub told: u64,
    /// When its target last moved it by its own word.
    pub moved: Option<Timestamp>,
    /// It is over because its target answered by mistake.
    pub taken_back: bool,
    /// It is over because it was for another organization.
    pub rerouted: bool,
    /// Who of the target's staff works on it.
    pub assigned: Option<String>,
    /// How the person is safely reached.
    pub safe_contact: Option<String>,
    /// What the target told beside its steps, oldest first; the newest [`COMMENTS_MAX`].
    pub trail: Vec<Remark>,
    /// What source and target wrote to each other, oldest first; the newest [`COMMENTS_MAX`].
    pub comments: Vec<Comment>,
    /// Documents that source and target added, oldest first.
    pub attachments: Vec<Attached>,
}

/// So many comments and remarks are remembered of one placement; the log has all.
pub const COMMENTS_MAX: usize = 200;

impl Placement {
    pub(crate) fn new(
        (id, target): (PlacementId, OrgId),
        (task, request): (ResourceId, ResourceId),
        at: Timestamp,
    ) -> Placement {
        Placement {
            id,
            target,
            state: TaskState::requested(),
            task,
            request,
            placed: at,
            version: 1,
            changed: at,
            reason: None,
            appointment: None,
            business: None,
            outcomes: Vec::new(),
            delivered: false,
            amended: 0,
            cancel_asked: None,
            cancel_refused: false,
            answered: false,
            given_back: false,
            said: None,
            due: vec![TargetNews { version: 1, at, says: TargetSays::Placed }],
            told: 0,
            moved: None,
            taken_back: false,
            rerouted: false,
            assigned: None,
            safe_contact: None,
            trail: Vec::new(),
            comments: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// The services that were given, without those said in error.
    pub fn given(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|one| !one.withdrawn).map(|one| &one.outcome)
    }

    /// The service that this Procedure shows.
    pub fn outcome(&self, procedure: &ResourceId) -> Option<&Given> {
        self.outcomes.iter().find(|one| one.outcome.procedure == *procedure)
    }

    /// The target says this of a service: first, or anew.
    pub(crate) fn give(&mut self, outcome: &Outcome, at: Timestamp) {
        self.business = Some(Business::Given);
        let known = self.outcomes.iter_mut().find(|one| one.outcome.procedure == outcome.procedure);
        match known {
            Some(known) => {
                known.outcome = outcome.clone();
                known.version += 1;
                known.changed = at;
                known.withdrawn = false;
            }
            None => {
                let outcome = outcome.clone();
                self.outcomes.push(Given { outcome, version: 1, changed: at, withdrawn: false });
            }
        }
    }

    pub(crate) fn take_away(&mut self, procedure: &ResourceId, at: Timestamp) {
        let same = |one: &&mut Given| one.outcome.procedure == *procedure && !one.withdrawn;
        if let Some(known) = self.outcomes.iter_mut().find(same) {
            known.withdrawn = true;
            known.version += 1;
            known.changed = at;
        }
    }

    /// Nothing of what its target said holds.
    pub(crate) fn take_back(&mut self, at: Timestamp) {
        self.state = self.state.enter_in_error();
        self.taken_back = true;
        self.appointment = None;
        self.cancel_asked = None;
        self.reason = None;
        self.given_back = false;
        self.answered = false;
        self.due.retain(|news| matches!(news.says, TargetSays::Commented(_)));
        let said: Vec<ResourceId> = self.given().map(|one| one.procedure.clone()).collect();
        said.iter().for_each(|procedure| self.take_away(procedure, at));
        self.touch(at);
    }

    /// Only the answer was a mistake: what was said beside it holds, and who writes it down is the same.
    pub(crate) fn goes_on_from(&mut self, before: &mut Placement) {
        self.comments = std::mem::take(&mut before.comments);
        self.safe_contact = before.safe_contact.take();
        self.assigned = before.assigned.take();
        let kept = |one: &Remark| {
            matches!(one.says, Says::Note(_) | Says::Attempted(_) | Says::SafeContact(_))
        };
        self.trail = std::mem::take(&mut before.trail).into_iter().filter(kept).collect();
        self.answered = !self.trail.is_empty() || self.comments.iter().any(|one| one.by_target);
        for news in std::mem::take(&mut before.due) {
            self.version += 1;
            self.due.push(TargetNews { version: self.version, ..news });
        }
    }

    /// It is for another organization.
    pub(crate) fn reroute(&mut self, why: &StatusReason) {
        self.moves(&TargetMove::Reject { why: why.clone() });
        self.rerouted = true;
        self.due.clear();
    }

    pub(crate) fn remark(&mut self, at: Timestamp, says: Says) {
        self.trail.push(Remark { at, says });
        self.trail.drain(..self.trail.len().saturating_sub(COMMENTS_MAX));
    }

    pub(crate) fn comment(&mut self, comment: Comment) {
        let at = comment.at;
        self.touch(at);
        if comment.by_target {
            self.answered = true;
        } else {
            self.tell(TargetSays::Commented(comment.text.clone()), at);
        }
        self.comments.push(comment);
        self.comments.drain(..self.comments.len().saturating_sub(COMMENTS_MAX));
    }

    /// `businessStatus.text`.
    pub fn business_text(&self) -> Option<&'static str> {
        match &self.cancel_asked {
            Some(_) => Some(CANCELLATION_REQUESTED),
            None => self.business.map(Business::text),
        }
    }

    /// Whether its source or loopgate ended it, and its target did not.
    pub fn is_called_off(&self) -> bool {
        match self.state.status() {
            TaskStatus::Cancelled => !self.given_back,
            status => status == TaskStatus::EnteredInError,
        }
    }

    /// What names one pushed delivery: another once it says something else.
    pub fn delivery_key(&self) -> String {
        match self.amended {
            0 => self.id.to_string(),
            version => format!("{}-{version}", self.id),
        }
    }

    pub(crate) fn touch(&mut self, at: Timestamp) {
        self.version += 1;
        self.changed = at;
    }

    /// The target said something.
    pub(crate) fn hear(&mut self, at: Timestamp, happened: Option<Timestamp>) {
        self.touch(at);
        self.answered = true;
        // A clock that is ahead makes nothing late that comes after.
        self.said = self.said.max(Some(happened.unwrap_or(at).min(at)));
    }

    pub(crate) fn moves(&mut self, step: &TargetMove) {
        if let Some(next) = self.state.target(step) {
            self.state = next;
        }
        self.reason = step.why().cloned();
        self.given_back |= matches!(step, TargetMove::Withdraw { .. });
        if self.state.is_final() {
            self.cancel_asked = None;
        }
    }

    /// The target does not stop.
    pub(crate) fn refuse_cancel(&mut self) {
        self.cancel_asked = None;
        self.cancel_refused = true;
    }

    /// The target stops, as it was asked to; for the reason that it was told.
    pub(crate) fn agree(&mut self) {
        let Some(why) = self.cancel_asked.take() else { return };
        if let Some(next) = self.state.cancel(&why) {
            self.state = next;
            self.given_back = true;
        }
        self.reason = None; // the source's reason is not the target's to read
    }

    /// loopgate, as requester, calls off what it placed.
    pub(crate) fn call_off(&mut self, why: &StatusReason, at: Timestamp) {
        let Some(next) = self.state.cancel(why) else { return };
        self.state = next;
        self.reason = None; // the source's reason is not the target's to read
        self.cancel_asked = None;
        self.touch(at);
        self.end_news(TargetSays::Cancelled(why.clone()), at);
    }

    pub(crate) fn enter_in_error(&mut self, at: Timestamp) {
        self.state = self.state.enter_in_error();
        self.cancel_asked = None;
        self.touch(at);
        self.end_news(TargetSays::EnteredInError, at);
    }

    pub(crate) fn ask_to_cancel(&mut self, why: &StatusReason, at: Timestamp) {
        if self.state.is_final() {
            return;
        }
        self.cancel_asked = Some(why.clone());
        self.touch(at);
        self.tell(TargetSays::CancelAsked(why.clone()), at);
    }

    pub(crate) fn amend(&mut self, at: Timestamp) {
        if self.state.is_final() {
            return;
        }
        self.touch(at);
        self.amended = self.version;
        // What was pushed and not answered is pushed again as it is now.
        self.delivered &= self.state.status() != TaskStatus::Requested;
        // What it has not been told yet it is told as it is now; the newest is enough.
        if !self.due.iter().any(|news| news.says == TargetSays::Placed) {
            self.tell(TargetSays::Amended, at);
        }
    }
}
