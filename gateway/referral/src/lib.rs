//! What a referral is, what may happen to it, and who is the same person.
//!
//! [`decide`] may refuse and changes nothing; [`Referral::evolve`] may not refuse, since what it is
//! given already happened. State folds in log order (HL7 SDOHCC 3.0.0, "Referral workflow").
//!
//! **Invariant**: a Task status changes only by a method of the state it leaves, so an edge that
//! SDOHCC's diagram does not draw cannot be written.
//!
//! Not here: how a Task looks on the wire (crate `fhir`), who may see it (crate `consent`),
//! where it is kept (crate `store`).

mod beside;
mod decide;
mod event;
mod id;
mod late;
mod merge;
mod news;
mod person;
mod placement;
mod reason;
mod state;
mod task;

pub use beside::{
    Attached, Attachment, Comment, ContactAttempt, ContactHow, DECLINE_REASONS, Given, Remark,
    Served,
};
pub use decide::{Actor, Command, Illegal, decide, decide_at, knows};
pub use event::{Appointment, Event, HeldWhy, Outcome, SourceMove, TargetMove};
pub use id::{BadId, NeedCode, OrgId, PersonId, PlacementId, ReferralId, ResourceId, Timestamp};
pub use merge::{Merging, NotMerged};
pub use news::{News, Says};
pub use person::{
    Candidate, Identifier, LinkBasis, Person, PersonEvent, Persons, Presented, Sameness,
};
pub use placement::{Business, CANCELLATION_REQUESTED, Placement, TargetNews, TargetSays};
pub use reason::StatusReason;
pub use state::{Referral, Standing, WAITING_FOR_CONSENT};
pub use task::{
    Accepted, Cancelled, Completed, Draft, EnteredInError, Failed, InProgress, OnHold, Rejected,
    Requested, TaskState, TaskStatus,
};

#[cfg(test)]
mod beside_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod told_tests;
