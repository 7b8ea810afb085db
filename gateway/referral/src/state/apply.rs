//! What each event changes.

use super::{Referral, Standing, When};
use crate::placement::{Business, Placement};
use crate::{
    Attached, Comment, Event, PlacementId, SourceMove, StatusReason, TargetMove, TaskState,
    Timestamp,
};

impl Referral {
    pub(super) fn apply(&mut self, event: &Event, at: Timestamp) {
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
                let (name, ours) = ((*placement, target.clone()), (task.clone(), request.clone()));
                let before = self.placements.last().and_then(|before| {
                    if before.taken_back {
                        Some(Business::TakenBack)
                    } else {
                        before.rerouted.then_some(Business::Rerouted)
                    }
                });
                let mut placed = Placement::new(name, ours, at);
                placed.business = before;
                if let Some(before) = self.placements.last_mut().filter(|last| last.taken_back) {
                    placed.goes_on_from(before);
                }
                self.placements.push(placed);
            }
            Event::SourceTold { version } => self.told_source(*version, at),
            Event::SourceToBeToldAgain { since } => self.tell_again(*since),
            Event::Amended { contact_prohibited } => {
                self.contact_prohibited = *contact_prohibited;
                self.placements.iter_mut().for_each(|placement| placement.amend(at));
                self.touch(at);
                self.amended = self.version;
            }
            Event::SourceMoved { step } => self.apply_source(step, at),
            Event::CancelRequested { why } => {
                self.placements.iter_mut().for_each(|one| one.ask_to_cancel(why, at));
                self.touch(at);
            }
            Event::Delivered { placement, amended } => {
                self.placement_mut(placement, |p| p.deliver(*amended, at));
            }
            Event::TargetTold { placement, version } => {
                self.placement_mut(placement, |p| p.told(*version, at));
            }
            Event::TargetMoved { placement, step, happened, .. } => {
                self.apply_target(placement, step, (at, *happened));
                self.placement_mut(placement, |p| p.moved = Some(at));
            }
            Event::CancelAgreed { placement, happened } => {
                let asked = self.placement(placement).and_then(|p| p.cancel_asked.clone());
                if let Some(why) = asked
                    && let Some(next) = self.state.cancel(&why)
                {
                    self.state = next;
                    self.reason = Some(why);
                }
                // An answer to its source is no mistake to take back.
                self.news(placement, (at, *happened), |p| {
                    p.agree();
                    p.moved = None;
                });
            }
            Event::CancelRefused { placement, happened, .. } => {
                self.news(placement, (at, *happened), Placement::refuse_cancel);
            }
            Event::AppointmentBooked { placement, appointment, happened } => {
                self.news(placement, (at, *happened), |p| {
                    p.appointment = Some(appointment.clone());
                    p.business = Some(Business::Scheduled);
                });
            }
            Event::AppointmentCancelled { placement, happened } => {
                self.news(placement, (at, *happened), |p| {
                    p.appointment = None;
                    p.business = Some(Business::Cancelled);
                });
            }
            Event::NoShow { placement, happened } => self.news(placement, (at, *happened), |p| {
                p.appointment = None;
                p.business = Some(Business::Missed);
            }),
            Event::InterimNote { placement, happened, .. } => {
                self.news(placement, (at, *happened), |_| {});
            }
            Event::OutcomeRecorded { placement, outcome, happened }
            | Event::OutcomeCorrected { placement, outcome, happened } => {
                self.news(placement, (at, *happened), |p| p.give(outcome, at));
            }
            Event::OutcomeWithdrawn { placement, procedure, happened } => {
                self.news(placement, (at, *happened), |p| p.take_away(procedure, at));
            }
            Event::ContactAttempted { placement, happened, .. } => {
                self.news(placement, (at, *happened), |_| {});
            }
            Event::Commented { placement, by_target, text } => {
                let comment = Comment { at, by_target: *by_target, text: text.clone() };
                self.placement_mut(placement, |p| p.comment(comment));
                self.touch(at);
            }
            Event::Assigned { placement, to } => self.placement_mut(placement, |p| {
                p.assigned = to.clone();
                p.touch(at);
            }),
            Event::SafeContactNoted { placement, text } => {
                self.news(placement, (at, None), |p| p.safe_contact = text.clone());
            }
            Event::Rerouted { placement, to, why } => {
                self.owner = to.clone();
                self.news(placement, (at, None), |p| p.reroute(why));
            }
            Event::TakenBack { placement } => {
                self.state = TaskState::requested();
                self.reason = None;
                self.standing = Standing::Open;
                self.placement_mut(placement, |p| p.take_back(at));
                self.touch(at);
            }
            Event::Attached { placement, by_target, attachment } => {
                let (by_target, attachment) = (*by_target, attachment.clone());
                self.placement_mut(placement, |p| {
                    p.attachments.push(Attached { at, by_target, attachment });
                    p.answered |= by_target;
                    // A document is part of what the source says: its target is told that it changed.
                    if by_target || p.state.is_final() { p.touch(at) } else { p.amend(at) }
                });
                self.touch(at);
            }
            // It is in the log, and nowhere else.
            Event::CameLate { .. } => {}
        }
    }

    fn apply_source(&mut self, step: &SourceMove, at: Timestamp) {
        match step {
            SourceMove::Cancel { why } | SourceMove::AskToCancel { why } => {
                if let Some(next) = self.state.cancel(why) {
                    self.state = next;
                }
                self.reason = Some(why.clone());
                self.close_placements(why, at);
            }
            SourceMove::EnterInError => {
                self.state = self.state.enter_in_error();
                self.placements.iter_mut().for_each(|placement| placement.enter_in_error(at));
            }
        }
        self.standing = Standing::Open;
        self.touch(at);
    }

    fn apply_target(&mut self, placement: &PlacementId, step: &TargetMove, when: When) {
        if let Some(next) = self.state.target(step) {
            self.state = next;
        }
        self.reason = step.why().cloned();
        self.news(placement, when, |p| p.moves(step));
    }

    /// loopgate, as requester, calls off what it placed.
    fn close_placements(&mut self, why: &StatusReason, at: Timestamp) {
        self.placements.iter_mut().for_each(|placement| placement.call_off(why, at));
    }

    fn news(&mut self, id: &PlacementId, when: When, change: impl FnOnce(&mut Placement)) {
        let (at, happened) = when;
        self.placement_mut(id, |placement| {
            change(placement);
            placement.hear(at, happened);
        });
        self.touch(at);
    }
}
