//! What is committed of an event of a referral, and what its entry is called.

use loopgate_referral::{Event as ReferralEvent, Says, SourceMove, TargetMove};
use serde_json::{Value, json};

/// What moved, in codes; reasons by their code only, since their text may be about the person.
pub fn transition(fact: &ReferralEvent) -> Value {
    match fact {
        ReferralEvent::Received { owner, needs, .. } => {
            json!({ "needs": needs, "owner": owner, "to": "requested" })
        }
        ReferralEvent::Held { why } => json!({ "held": why.0 }),
        ReferralEvent::Resumed => json!({ "held": false }),
        ReferralEvent::Refused { why } => json!({ "reason": why.code(), "to": "rejected" }),
        ReferralEvent::Placed { placement, target, .. } => {
            json!({ "placement": placement, "target": target })
        }
        ReferralEvent::Delivered { placement, amended } => {
            let amended = (*amended > 0).then_some(amended);
            json!({ "amended": amended, "delivered": placement })
        }
        ReferralEvent::TargetTold { placement, version } => {
            json!({ "placement": placement, "target_told": version })
        }
        ReferralEvent::SourceToBeToldAgain { since } => json!({ "tell_again_since_ms": since.0 }),
        ReferralEvent::Amended { contact_prohibited } => {
            json!({ "amended": true, "contact_prohibited": contact_prohibited })
        }
        ReferralEvent::SourceTold { version } => json!({ "told": version }),
        ReferralEvent::SourceMoved { step } => match step {
            SourceMove::Cancel { why } | SourceMove::AskToCancel { why } => {
                json!({ "by": "source", "reason": why.code(), "to": "cancelled" })
            }
            SourceMove::EnterInError => json!({ "by": "source", "to": "entered-in-error" }),
        },
        ReferralEvent::TargetMoved { placement, step, inferred, happened } => {
            let (to, reason) = target_move(step);
            json!({ "by": "target", "happened_ms": happened, "inferred": inferred, "placement": placement, "reason": reason, "to": to })
        }
        ReferralEvent::AppointmentBooked { placement, appointment, happened } => {
            json!({ "appointment_ms": appointment.start, "happened_ms": happened, "placement": placement })
        }
        ReferralEvent::AppointmentCancelled { placement, happened } => {
            json!({ "appointment_cancelled": true, "happened_ms": happened, "placement": placement })
        }
        ReferralEvent::NoShow { placement, happened } => {
            json!({ "happened_ms": happened, "no_show": true, "placement": placement })
        }
        ReferralEvent::InterimNote { placement, happened, .. } => {
            json!({ "happened_ms": happened, "note": true, "placement": placement })
        }
        ReferralEvent::CancelRequested { why } => {
            json!({ "by": "source", "cancel_requested": true, "reason": why.code() })
        }
        ReferralEvent::CancelAgreed { placement, happened } => {
            json!({ "by": "target", "cancel_agreed": true, "happened_ms": happened, "placement": placement, "to": "cancelled" })
        }
        ReferralEvent::CancelRefused { placement, why, happened } => {
            json!({ "by": "target", "cancel_refused": true, "happened_ms": happened, "placement": placement, "reason": why.code() })
        }
        ReferralEvent::CameLate { placement, says, happened } => {
            json!({ "happened_ms": happened, "late": late(says), "placement": placement })
        }
        ReferralEvent::OutcomeRecorded { placement, outcome, happened } => {
            json!({ "happened_ms": happened, "outcome": outcome.procedure, "performed_ms": outcome.performed, "placement": placement })
        }
        ReferralEvent::OutcomeWithdrawn { placement, procedure, happened } => {
            json!({ "happened_ms": happened, "outcome": procedure, "placement": placement, "withdrawn": true })
        }
        ReferralEvent::ContactAttempted { placement, attempt, happened } => {
            json!({ "contact": attempt.how.code(), "happened_ms": happened, "placement": placement, "reached": attempt.reached })
        }
        ReferralEvent::Commented { placement, by_target, .. } => {
            json!({ "by": party(*by_target), "comment": true, "placement": placement })
        }
        ReferralEvent::Assigned { placement, to } => {
            json!({ "assigned": to.is_some(), "placement": placement })
        }
        ReferralEvent::SafeContactNoted { placement, text } => {
            json!({ "placement": placement, "safe_contact": text.is_some() })
        }
        ReferralEvent::Rerouted { placement, to, why } => {
            json!({ "placement": placement, "reason": why.code(), "rerouted": to })
        }
        ReferralEvent::TakenBack { placement } => {
            json!({ "by": "target", "placement": placement, "taken_back": true, "to": "requested" })
        }
        ReferralEvent::Attached { placement, by_target, attachment } => {
            json!({ "attached": attachment.id, "by": party(*by_target), "bytes": attachment.bytes, "media": attachment.media, "placement": placement, "sha256": hex::encode(attachment.sha256) })
        }
        ReferralEvent::OutcomeCorrected { placement, outcome, happened } => {
            json!({ "corrected": true, "happened_ms": happened, "outcome": outcome.procedure, "performed_ms": outcome.performed, "placement": placement })
        }
    }
}

/// What came late, as a code.
fn late(says: &Says) -> &'static str {
    match says {
        Says::Waiting | Says::NoLongerWaiting => "waiting",
        Says::Declined(_) => "declined",
        Says::Accepted => "accepted",
        Says::Started => "started",
        Says::OnHold(_) => "on-hold",
        Says::Booked(_) => "appointment",
        Says::Rebooked(_) => "appointment-changed",
        Says::AppointmentCancelled => "appointment-cancelled",
        Says::NoShow => "no-show",
        Says::Note(_) => "note",
        Says::Served(_) => "served",
        Says::Failed(_) => "failed",
        Says::GivenBack(_) => "given-back",
        Says::Cancelled(_) => "cancelled",
        Says::CancelRefused(_) => "cancel-refused",
        Says::Attempted(_) => "contact-attempt",
        Says::Commented(_) => "comment",
        Says::SafeContact(_) => "safe-contact",
        Says::Rerouted(_) => "rerouted",
        Says::TakenBack => "taken-back",
        Says::Attached(_) => "attached",
    }
}

fn party(by_target: bool) -> &'static str {
    if by_target { "target" } else { "source" }
}

fn target_move(step: &TargetMove) -> (&'static str, Option<&str>) {
    match step {
        TargetMove::Accept => ("accepted", None),
        TargetMove::Reject { why } => ("rejected", Some(why.code())),
        TargetMove::Start => ("in-progress", None),
        TargetMove::Hold { why } => ("on-hold", Some(why.code())),
        TargetMove::Complete => ("completed", None),
        TargetMove::Fail { why } => ("failed", Some(why.code())),
        TargetMove::Withdraw { why } => ("cancelled", Some(why.code())),
    }
}

/// The entry's kind.
pub fn kind(fact: &ReferralEvent) -> &'static str {
    match fact {
        ReferralEvent::Received { .. } => "referral.received",
        ReferralEvent::Held { .. } => "referral.held",
        ReferralEvent::Resumed => "referral.resumed",
        ReferralEvent::Refused { .. } => "referral.refused",
        ReferralEvent::Placed { .. } => "referral.sent",
        ReferralEvent::Delivered { .. } => "referral.delivered",
        ReferralEvent::SourceTold { .. } => "referral.told",
        ReferralEvent::SourceMoved { .. } => "referral.source-moved",
        ReferralEvent::TargetMoved { step, .. } => match step {
            TargetMove::Accept => "referral.accepted",
            TargetMove::Reject { .. } => "referral.declined",
            TargetMove::Start => "referral.started",
            TargetMove::Hold { .. } => "referral.on-hold",
            TargetMove::Complete | TargetMove::Fail { .. } => "referral.closed",
            TargetMove::Withdraw { .. } => "referral.withdrawn",
        },
        ReferralEvent::TargetTold { .. } => "referral.target-told",
        ReferralEvent::SourceToBeToldAgain { .. } => "referral.tell-again",
        ReferralEvent::Amended { .. } => "referral.amended",
        ReferralEvent::CancelAgreed { .. } => "referral.cancel-agreed",
        ReferralEvent::CancelRefused { .. } => "referral.cancel-refused",
        ReferralEvent::CameLate { .. } => "referral.came-late",
        ReferralEvent::OutcomeCorrected { .. } => "referral.outcome-corrected",
        ReferralEvent::AppointmentBooked { .. } => "referral.appointment",
        ReferralEvent::AppointmentCancelled { .. } => "referral.appointment-cancelled",
        ReferralEvent::NoShow { .. } => "referral.no-show",
        ReferralEvent::InterimNote { .. } => "referral.note",
        ReferralEvent::CancelRequested { .. } => "referral.cancel-requested",
        ReferralEvent::OutcomeRecorded { .. } => "referral.outcome",
        ReferralEvent::OutcomeWithdrawn { .. } => "referral.outcome-withdrawn",
        ReferralEvent::ContactAttempted { .. } => "referral.contact-attempt",
        ReferralEvent::Commented { .. } => "referral.comment",
        ReferralEvent::Assigned { .. } => "referral.assigned",
        ReferralEvent::SafeContactNoted { .. } => "referral.safe-contact",
        ReferralEvent::Rerouted { .. } => "referral.rerouted",
        ReferralEvent::TakenBack { .. } => "referral.taken-back",
        ReferralEvent::Attached { .. } => "referral.attached",
    }
}
