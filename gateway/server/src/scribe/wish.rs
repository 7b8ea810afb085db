//! What a party may want done on a referral.
//!
//! Not here: whether it may be done now (`act`, crate `referral`).

use loopgate_referral::{
    Appointment, Attachment, ContactAttempt, OrgId, ResourceId, SourceMove, StatusReason,
    TargetMove, TaskStatus, Timestamp,
};

/// What a party wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// The source moves its own Task.
    Source(SourceMove),
    /// The target moves its Task.
    Target(TargetMove),
    /// The target books an appointment; again is rescheduling.
    Book(Appointment),
    /// The target says that the appointment is off.
    CancelAppointment,
    /// The target says that the person did not come.
    NoShow,
    /// The target writes a note on the way, of 1 to [`NOTE_BYTES_MAX`] bytes.
    Note(String),
    /// The target stops, as it was asked to.
    AgreeCancel,
    /// The target does not stop.
    RefuseCancel {
        /// Why.
        why: StatusReason,
    },
    /// The target says what was done: one service or several.
    Serve {
        /// What; when is now, if not said.
        services: Vec<Service>,
    },
    /// The target says what was done by a Procedure that it supplied, in this version.
    Perform {
        /// The Procedure.
        procedure: ResourceId,
        /// Its version.
        version: u64,
        /// A code of the service, with its system.
        code: Option<(String, String)>,
        /// The service in words.
        text: String,
        /// When.
        performed: Timestamp,
    },
    /// The target replaces the Procedure by which it said what was done.
    Reword {
        /// The Procedure.
        procedure: ResourceId,
        /// A code of the service, with its system.
        code: Option<(String, String)>,
        /// The service in words.
        text: String,
        /// When.
        performed: Timestamp,
    },
    /// The target says that what it said was done was not right, after it was completed: these services
    /// were given, in the order it gave them first.
    Correct {
        /// What; when is as it said first, if not said.
        services: Vec<Service>,
    },
    /// The target tried to reach the person.
    Attempt(ContactAttempt),
    /// Source or target writes to the other, 1 to [`NOTE_BYTES_MAX`] bytes.
    Comment(String),
    /// The target says who of its staff works on it, 1 to [`ASSIGNED_BYTES_MAX`] bytes, or nobody.
    Assign(Option<String>),
    /// The target says how the person is safely reached, 1 to [`NOTE_BYTES_MAX`] bytes, or nothing.
    SafeContact(Option<String>),
    /// The target, before it answered, says that it is for another organization.
    Reroute {
        /// For whom.
        to: OrgId,
        /// Why.
        why: StatusReason,
    },
    /// The target answered by mistake, within 15 minutes.
    TakeBack,
    /// Source or target adds a document.
    Attach {
        /// What it is; its digest and size are of the content.
        attachment: Attachment,
        /// Its bytes.
        content: Vec<u8>,
    },
}

/// One service that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// A code of it, with its system.
    pub code: Option<(String, String)>,
    /// The service in words.
    pub text: String,
    /// When, if it is said.
    pub performed: Option<Timestamp>,
}

/// No note is longer.
pub const NOTE_BYTES_MAX: usize = StatusReason::TEXT_BYTES_MAX;
/// No name of who works on it is longer.
pub const ASSIGNED_BYTES_MAX: usize = 100;
/// No more services are said of one referral.
pub const SERVICES_MAX: usize = 50;

impl Wish {
    /// Whether it says what a Procedure that is an outcome says now.
    pub fn corrects(&self, id: &ResourceId) -> bool {
        matches!(self, Wish::Reword { procedure, .. } if procedure == id)
    }

    /// The status of the party's Task once it is done, if it leads to one.
    pub(super) fn leads_to(&self) -> Option<TaskStatus> {
        Some(match self {
            Wish::Source(SourceMove::Cancel { .. }) | Wish::AgreeCancel => TaskStatus::Cancelled,
            Wish::Target(TargetMove::Withdraw { .. }) => TaskStatus::Cancelled,
            Wish::Source(SourceMove::EnterInError) => TaskStatus::EnteredInError,
            Wish::Target(TargetMove::Accept) => TaskStatus::Accepted,
            Wish::Target(TargetMove::Reject { .. }) => TaskStatus::Rejected,
            Wish::Target(TargetMove::Hold { .. }) => TaskStatus::OnHold,
            Wish::Target(TargetMove::Fail { .. }) => TaskStatus::Failed,
            // An appointment, kept or not, says that the work began.
            Wish::Target(TargetMove::Start)
            | Wish::Book(_)
            | Wish::NoShow
            | Wish::CancelAppointment => TaskStatus::InProgress,
            Wish::Target(TargetMove::Complete)
            | Wish::Serve { .. }
            | Wish::Perform { .. }
            | Wish::Reword { .. }
            | Wish::Correct { .. } => TaskStatus::Completed,
            Wish::Source(SourceMove::AskToCancel { .. })
            | Wish::Note(_)
            | Wish::Attempt(_)
            | Wish::Comment(_)
            | Wish::Assign(_)
            | Wish::SafeContact(_)
            | Wish::Attach { .. }
            | Wish::RefuseCancel { .. } => return None,
            Wish::Reroute { .. } => TaskStatus::Rejected,
            Wish::TakeBack => TaskStatus::Requested,
        })
    }
}
