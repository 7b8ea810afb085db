//! What has happened to a referral. Events are facts: they are never refused and never rewritten.

use serde::{Deserialize, Serialize};

use crate::{
    Attachment, ContactAttempt, NeedCode, OrgId, PersonId, PlacementId, ReferralId, ResourceId,
    Says, StatusReason, Timestamp,
};

/// What a referral source may do to its Task once it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum SourceMove {
    /// Call it off.
    Cancel {
        /// Required by SDOHCC's comment on `statusReason`.
        why: StatusReason,
    },
    /// Ask that it be called off: before acceptance it is, later its target answers. Never recorded as
    /// such: what comes of it is (BSeR transitions 04, 07, 14, 20, 22, 28, 34).
    AskToCancel {
        /// Why.
        why: StatusReason,
    },
    /// It should never have been sent.
    EnterInError,
}

/// What a referral target may do to its Task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum TargetMove {
    /// Take it on.
    Accept,
    /// Decline it, before acceptance only.
    Reject {
        /// Why.
        why: StatusReason,
    },
    /// Begin, or go on after a hold.
    Start,
    /// Suspend.
    Hold {
        /// Why.
        why: StatusReason,
    },
    /// Finish with the service given.
    Complete,
    /// Finish without.
    Fail {
        /// Why.
        why: StatusReason,
    },
    /// Give it back after acceptance, where SDOHCC draws no `rejected` any more: `cancelled`.
    Withdraw {
        /// Why.
        why: StatusReason,
    },
}

impl TargetMove {
    /// Why, where a reason is wanted.
    pub fn why(&self) -> Option<&StatusReason> {
        match self {
            TargetMove::Reject { why }
            | TargetMove::Hold { why }
            | TargetMove::Fail { why }
            | TargetMove::Withdraw { why } => Some(why),
            TargetMove::Accept | TargetMove::Start | TargetMove::Complete => None,
        }
    }
}

/// The reason code of the release decision that holds a referral back (`C9`, `C1`, `C3`, `C12`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HeldWhy(pub String);

/// An appointment at the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// When it starts.
    pub start: Timestamp,
    /// Where, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What came of the referral at its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The Procedure that shows the service, in `Task.output`.
    pub procedure: ResourceId,
    /// A code of US Core Procedure Codes, with its system, if the target gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<(String, String)>,
    /// The service in words.
    pub text: String,
    /// When it was given.
    pub performed: Timestamp,
}

/// A fact about one referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Event {
    /// It came in at the door and is safe with us.
    Received {
        /// The referral.
        referral: ReferralId,
        /// The organization whose Task it is.
        source: OrgId,
        /// The organization its Task names as owner.
        owner: OrgId,
        /// Whom it is about; more than one is a household.
        persons: Vec<PersonId>,
        /// The SDOHCC categories of its ServiceRequest.
        needs: Vec<NeedCode>,
        /// `orderDetail` says `contacting-subject-prohibited`.
        contact_prohibited: bool,
        /// The source's Task.
        task: ResourceId,
        /// The source's ServiceRequest.
        request: ResourceId,
    },
    /// No consent covers it yet; it waits.
    Held {
        /// The release decision's reason code.
        why: HeldWhy,
    },
    /// Consent permits it again before anyone answered; the placement it has is open again.
    Resumed,
    /// loopgate rejects it, before acceptance: consent does not permit, or it waited too long.
    Refused {
        /// What the source is told.
        why: StatusReason,
    },
    /// loopgate, as coordination platform, wrote its own Task and ServiceRequest to a target.
    Placed {
        /// The placement.
        placement: PlacementId,
        /// The target.
        target: OrgId,
        /// Our Task (`partOf` the source's).
        task: ResourceId,
        /// Our ServiceRequest (`basedOn` the source's, intent `filler-order`).
        request: ResourceId,
    },
    /// A pushed delivery was taken by the target's system.
    Delivered {
        /// Which.
        placement: PlacementId,
        /// [`Placement::amended`](crate::Placement::amended) as it was delivered.
        #[serde(default)]
        amended: u64,
    },
    /// The target's own HL7 v2 system took what it is told, up to this version of the placement's Task.
    TargetTold {
        /// Which.
        placement: PlacementId,
        /// The version.
        version: u64,
    },
    /// The source's own system took the news, up to this version of its Task.
    SourceTold {
        /// Which.
        version: u64,
    },
    /// What the source was told at or after that instant is to be told again.
    SourceToBeToldAgain {
        /// The instant.
        since: Timestamp,
    },
    /// The source sent its ServiceRequest, Patient or Observations anew; the state stays.
    Amended {
        /// What the new ServiceRequest says of contacting the person.
        contact_prohibited: bool,
    },
    /// The source moved its Task.
    SourceMoved {
        /// How.
        step: SourceMove,
    },
    /// The target moved the placement's Task; the source's Task mirrors it.
    TargetMoved {
        /// Which.
        placement: PlacementId,
        /// How.
        step: TargetMove,
        /// Not said by the target, but implied by what it said next.
        inferred: bool,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// The person has an appointment, or a new one.
    AppointmentBooked {
        /// Which.
        placement: PlacementId,
        /// When and where.
        appointment: Appointment,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// The appointment is off; the loop stays open.
    AppointmentCancelled {
        /// Which.
        placement: PlacementId,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// The person did not come; the loop stays open.
    NoShow {
        /// Which.
        placement: PlacementId,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// A note on the way, in words that may be about the person.
    InterimNote {
        /// Which.
        placement: PlacementId,
        /// The words.
        text: String,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// The source asks the target to stop; the target has not answered.
    CancelRequested {
        /// Why.
        #[serde(default = "StatusReason::unsaid")]
        why: StatusReason,
    },
    /// The target stops, as the source asked: cancelled, for the source's reason.
    CancelAgreed {
        /// Which.
        placement: PlacementId,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// The target does not stop; everything is as it was before it was asked.
    CancelRefused {
        /// Which.
        placement: PlacementId,
        /// Why.
        why: StatusReason,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// What the target says happened before what is known already: it moves nothing.
    CameLate {
        /// Which.
        placement: PlacementId,
        /// What.
        says: Says,
        /// When, by the target's clock.
        happened: Timestamp,
    },
    /// What was done for the person.
    OutcomeRecorded {
        /// Which.
        placement: PlacementId,
        /// The service.
        outcome: Outcome,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// What was done, corrected after it was completed; the state stays.
    OutcomeCorrected {
        /// Which.
        placement: PlacementId,
        /// The service as it was.
        outcome: Outcome,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// What the target said was done was not done at all: its Procedure is entered in error.
    OutcomeWithdrawn {
        /// Which.
        placement: PlacementId,
        /// The Procedure.
        procedure: ResourceId,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// The target tried to reach the person; the state stays.
    ContactAttempted {
        /// Which.
        placement: PlacementId,
        /// How, and whether it did.
        attempt: ContactAttempt,
        /// When, by the target's clock, if it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Timestamp>,
    },
    /// Source or target wrote to the other, in words that may be about the person.
    Commented {
        /// Which.
        placement: PlacementId,
        /// The target wrote it, not the source.
        by_target: bool,
        /// The words.
        text: String,
    },
    /// The target says who of its staff works on it, or that nobody does.
    Assigned {
        /// Which.
        placement: PlacementId,
        /// Their name or number there.
        to: Option<String>,
    },
    /// The target says how the person is safely reached, or that this holds no more.
    SafeContactNoted {
        /// Which.
        placement: PlacementId,
        /// The words.
        text: Option<String>,
    },
    /// The target, before it answered, says that it is for another organization.
    Rerouted {
        /// Which.
        placement: PlacementId,
        /// For whom.
        to: OrgId,
        /// Why.
        why: StatusReason,
    },
    /// The target takes its answer back: it was a mistake, and it has not answered.
    TakenBack {
        /// Which.
        placement: PlacementId,
    },
    /// Source or target added a document, which is the entry's.
    Attached {
        /// Which.
        placement: PlacementId,
        /// The target added it, not the source.
        by_target: bool,
        /// What it is.
        attachment: Attachment,
    },
}

impl Event {
    /// The placement that a target told something of beside its steps.
    pub(crate) fn remarks_on(&self) -> Option<PlacementId> {
        match self {
            Event::AppointmentBooked { placement, .. }
            | Event::AppointmentCancelled { placement, .. }
            | Event::NoShow { placement, .. }
            | Event::InterimNote { placement, .. }
            | Event::ContactAttempted { placement, .. }
            | Event::SafeContactNoted { placement, .. } => Some(*placement),
            _ => None,
        }
    }
}
