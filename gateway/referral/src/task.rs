//! The referral Task's states (SDOHCC 3.0.0 TaskForReferralManagement; the diagram's edges are
//! listed in `tests::EDGES`). Each state is a struct whose methods are its only exits.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{StatusReason, TargetMove};

/// `Task.status`, the ten codes of SDOHCC's ReferralTaskStatus value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names are the standard's
pub enum TaskStatus {
    Draft,
    Requested,
    Accepted,
    Rejected,
    Cancelled,
    InProgress,
    OnHold,
    Failed,
    Completed,
    EnteredInError,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [TaskStatus; 10] = [
        TaskStatus::Draft,
        TaskStatus::Requested,
        TaskStatus::Accepted,
        TaskStatus::Rejected,
        TaskStatus::Cancelled,
        TaskStatus::InProgress,
        TaskStatus::OnHold,
        TaskStatus::Failed,
        TaskStatus::Completed,
        TaskStatus::EnteredInError,
    ];

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        match self {
            TaskStatus::Draft => "draft",
            TaskStatus::Requested => "requested",
            TaskStatus::Accepted => "accepted",
            TaskStatus::Rejected => "rejected",
            TaskStatus::Cancelled => "cancelled",
            TaskStatus::InProgress => "in-progress",
            TaskStatus::OnHold => "on-hold",
            TaskStatus::Failed => "failed",
            TaskStatus::Completed => "completed",
            TaskStatus::EnteredInError => "entered-in-error",
        }
    }

    /// The status with this FHIR code.
    pub fn from_code(code: &str) -> Option<TaskStatus> {
        TaskStatus::ALL.into_iter().find(|status| status.code() == code)
    }
}

macro_rules! states {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {
        $($(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(());)*
    };
}

states!(
    /// Not sent yet.
    Draft,
    /// Sent; nobody has answered.
    Requested,
    /// The target took it on.
    Accepted,
    /// Work has begun.
    InProgress,
    /// Work is suspended.
    OnHold,
    /// Final: the target or loopgate declined before acceptance.
    Rejected,
    /// Final: called off.
    Cancelled,
    /// Final: done.
    Completed,
    /// Final: tried and not achieved.
    Failed,
    /// Final: should never have been.
    EnteredInError,
);

impl Draft {
    /// A Task that is not sent yet.
    pub fn new() -> Draft {
        Draft(())
    }
    /// draft -> requested
    pub fn send(self) -> Requested {
        Requested(())
    }
}

impl Default for Draft {
    fn default() -> Self {
        Draft::new()
    }
}

impl Requested {
    /// A Task arrives as requested (SDOHCC refer-5).
    pub fn new() -> Requested {
        Requested(())
    }
    /// requested -> accepted
    pub fn accept(self) -> Accepted {
        Accepted(())
    }
    /// requested -> rejected
    pub fn reject(self, _why: &StatusReason) -> Rejected {
        Rejected(())
    }
    /// requested -> cancelled
    pub fn cancel(self, _why: &StatusReason) -> Cancelled {
        Cancelled(())
    }
}

impl Default for Requested {
    fn default() -> Self {
        Requested::new()
    }
}

impl Accepted {
    /// accepted -> in-progress
    pub fn start(self) -> InProgress {
        InProgress(())
    }
    /// accepted -> on-hold
    pub fn hold(self, _why: &StatusReason) -> OnHold {
        OnHold(())
    }
    /// accepted -> completed
    pub fn complete(self) -> Completed {
        Completed(())
    }
    /// accepted -> failed
    pub fn fail(self, _why: &StatusReason) -> Failed {
        Failed(())
    }
    /// accepted -> cancelled
    pub fn cancel(self, _why: &StatusReason) -> Cancelled {
        Cancelled(())
    }
}

impl InProgress {
    /// in-progress -> on-hold
    pub fn hold(self, _why: &StatusReason) -> OnHold {
        OnHold(())
    }
    /// in-progress -> completed
    pub fn complete(self) -> Completed {
        Completed(())
    }
    /// in-progress -> failed
    pub fn fail(self, _why: &StatusReason) -> Failed {
        Failed(())
    }
    /// in-progress -> cancelled
    pub fn cancel(self, _why: &StatusReason) -> Cancelled {
        Cancelled(())
    }
}

impl OnHold {
    /// on-hold -> in-progress
    pub fn resume(self) -> InProgress {
        InProgress(())
    }
    /// on-hold -> completed
    pub fn complete(self) -> Completed {
        Completed(())
    }
    /// on-hold -> failed
    pub fn fail(self, _why: &StatusReason) -> Failed {
        Failed(())
    }
    /// on-hold -> cancelled
    pub fn cancel(self, _why: &StatusReason) -> Cancelled {
        Cancelled(())
    }
}

/// A Task in whichever state it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "TaskStatus")]
#[allow(missing_docs)] // each variant is the state it holds
pub enum TaskState {
    Draft(Draft),
    Requested(Requested),
    Accepted(Accepted),
    InProgress(InProgress),
    OnHold(OnHold),
    Rejected(Rejected),
    Cancelled(Cancelled),
    Completed(Completed),
    Failed(Failed),
    EnteredInError(EnteredInError),
}

impl TaskState {
    /// A Task just received.
    pub fn requested() -> TaskState {
        TaskState::Requested(Requested::new())
    }

    /// A Task not sent yet.
    pub fn draft() -> TaskState {
        TaskState::Draft(Draft::new())
    }

    /// Its code.
    pub fn status(self) -> TaskStatus {
        match self {
            TaskState::Draft(_) => TaskStatus::Draft,
            TaskState::Requested(_) => TaskStatus::Requested,
            TaskState::Accepted(_) => TaskStatus::Accepted,
            TaskState::InProgress(_) => TaskStatus::InProgress,
            TaskState::OnHold(_) => TaskStatus::OnHold,
            TaskState::Rejected(_) => TaskStatus::Rejected,
            TaskState::Cancelled(_) => TaskStatus::Cancelled,
            TaskState::Completed(_) => TaskStatus::Completed,
            TaskState::Failed(_) => TaskStatus::Failed,
            TaskState::EnteredInError(_) => TaskStatus::EnteredInError,
        }
    }

    /// Whether no move but entered-in-error leaves it.
    pub fn is_final(self) -> bool {
        !matches!(
            self,
            TaskState::Draft(_)
                | TaskState::Requested(_)
                | TaskState::Accepted(_)
                | TaskState::InProgress(_)
                | TaskState::OnHold(_)
        )
    }

    /// The state after the target's move, if the diagram draws that edge.
    pub fn target(self, step: &TargetMove) -> Option<TaskState> {
        use TaskState as S;
        Some(match (self, step) {
            (S::Requested(t), TargetMove::Accept) => S::Accepted(t.accept()),
            (S::Requested(t), TargetMove::Reject { why }) => S::Rejected(t.reject(why)),
            (S::Accepted(t), TargetMove::Start) => S::InProgress(t.start()),
            (S::OnHold(t), TargetMove::Start) => S::InProgress(t.resume()),
            (S::Accepted(t), TargetMove::Hold { why }) => S::OnHold(t.hold(why)),
            (S::InProgress(t), TargetMove::Hold { why }) => S::OnHold(t.hold(why)),
            (S::Accepted(t), TargetMove::Complete) => S::Completed(t.complete()),
            (S::InProgress(t), TargetMove::Complete) => S::Completed(t.complete()),
            (S::OnHold(t), TargetMove::Complete) => S::Completed(t.complete()),
            (S::Accepted(t), TargetMove::Fail { why }) => S::Failed(t.fail(why)),
            (S::InProgress(t), TargetMove::Fail { why }) => S::Failed(t.fail(why)),
            (S::OnHold(t), TargetMove::Fail { why }) => S::Failed(t.fail(why)),
            (S::Accepted(t), TargetMove::Withdraw { why }) => S::Cancelled(t.cancel(why)),
            (S::InProgress(t), TargetMove::Withdraw { why }) => S::Cancelled(t.cancel(why)),
            (S::OnHold(t), TargetMove::Withdraw { why }) => S::Cancelled(t.cancel(why)),
            _ => return None,
        })
    }

    /// The state once called off, if the diagram draws that edge.
    pub fn cancel(self, why: &StatusReason) -> Option<TaskState> {
        Some(TaskState::Cancelled(match self {
            TaskState::Requested(t) => t.cancel(why),
            TaskState::Accepted(t) => t.cancel(why),
            TaskState::InProgress(t) => t.cancel(why),
            TaskState::OnHold(t) => t.cancel(why),
            _ => return None,
        }))
    }

    /// As it was kept; the only way to a state that is not one of its moves.
    fn kept(status: TaskStatus) -> TaskState {
        match status {
            TaskStatus::Draft => TaskState::Draft(Draft(())),
            TaskStatus::Requested => TaskState::Requested(Requested(())),
            TaskStatus::Accepted => TaskState::Accepted(Accepted(())),
            TaskStatus::InProgress => TaskState::InProgress(InProgress(())),
            TaskStatus::OnHold => TaskState::OnHold(OnHold(())),
            TaskStatus::Rejected => TaskState::Rejected(Rejected(())),
            TaskStatus::Cancelled => TaskState::Cancelled(Cancelled(())),
            TaskStatus::Completed => TaskState::Completed(Completed(())),
            TaskStatus::Failed => TaskState::Failed(Failed(())),
            TaskStatus::EnteredInError => TaskState::EnteredInError(EnteredInError(())),
        }
    }

    /// draft -> requested, if it is a draft.
    pub fn send(self) -> Option<TaskState> {
        match self {
            TaskState::Draft(t) => Some(TaskState::Requested(t.send())),
            _ => None,
        }
    }

    /// any -> entered-in-error.
    pub fn enter_in_error(self) -> TaskState {
        TaskState::EnteredInError(EnteredInError(()))
    }
}

impl From<TaskState> for TaskStatus {
    fn from(state: TaskState) -> TaskStatus {
        state.status()
    }
}

impl<'de> Deserialize<'de> for TaskState {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<TaskState, D::Error> {
        TaskStatus::deserialize(from).map(TaskState::kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edges of SDOHCC 3.0.0's referral Task diagram, transcribed from it.
    const EDGES: &[(&str, &[&str])] = &[
        ("draft", &["requested"]),
        ("requested", &["accepted", "rejected", "cancelled"]),
        ("accepted", &["in-progress", "on-hold", "completed", "failed", "cancelled"]),
        ("in-progress", &["on-hold", "completed", "failed", "cancelled"]),
        ("on-hold", &["in-progress", "completed", "failed", "cancelled"]),
        ("rejected", &[]),
        ("cancelled", &[]),
        ("completed", &[]),
        ("failed", &[]),
        ("entered-in-error", &[]),
    ];

    fn why() -> StatusReason {
        StatusReason::new("capacity", "no capacity").unwrap()
    }

    fn all_states() -> Vec<TaskState> {
        let accepted = || Requested::new().accept();
        vec![
            TaskState::draft(),
            TaskState::requested(),
            TaskState::Accepted(accepted()),
            TaskState::InProgress(accepted().start()),
            TaskState::OnHold(accepted().hold(&why())),
            TaskState::Rejected(Requested::new().reject(&why())),
            TaskState::Cancelled(Requested::new().cancel(&why())),
            TaskState::Completed(accepted().complete()),
            TaskState::Failed(accepted().fail(&why())),
            TaskState::requested().enter_in_error(),
        ]
    }

    #[test]
    fn every_edge_of_the_diagram_and_no_other() {
        let moves = [
            TargetMove::Accept,
            TargetMove::Reject { why: why() },
            TargetMove::Start,
            TargetMove::Hold { why: why() },
            TargetMove::Complete,
            TargetMove::Fail { why: why() },
            TargetMove::Withdraw { why: why() },
        ];
        let states = all_states();
        assert_eq!(states.len(), EDGES.len());
        for state in states {
            let mut reached: Vec<&str> = moves
                .iter()
                .filter_map(|step| state.target(step))
                .chain(state.cancel(&why()))
                .chain(state.send())
                .map(|next| next.status().code())
                .collect();
            reached.sort_unstable();
            reached.dedup();
            let from = state.status().code();
            let mut drawn = EDGES.iter().find(|(f, _)| *f == from).unwrap().1.to_vec();
            drawn.sort_unstable();
            assert_eq!(reached, drawn, "from {from}");
            assert_eq!(state.enter_in_error().status(), TaskStatus::EnteredInError);
            assert_eq!(state.is_final(), drawn.is_empty());
            assert_eq!(TaskState::kept(state.status()), state);
        }
    }
}
