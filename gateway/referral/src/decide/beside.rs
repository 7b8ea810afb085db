//! What may be said beside the steps of a placement, and what corrects them.

use super::Illegal;
use crate::{Event, Outcome, Placement, PlacementId, Referral, TaskStatus, Timestamp};

/// How long a target may take its answer back, in milliseconds.
const TAKE_BACK_MS: i64 = 15 * 60 * 1000;

/// What was given is these services now: changed, added, or said in error.
pub(super) fn corrections(placement: &Placement, services: Vec<Outcome>) -> Vec<Event> {
    let (id, happened) = (placement.id, None);
    let gone = placement
        .given()
        .filter(|known| services.iter().all(|outcome| outcome.procedure != known.procedure));
    let gone = gone.map(|known| Event::OutcomeWithdrawn {
        placement: id,
        procedure: known.procedure.clone(),
        happened,
    });
    let gone: Vec<Event> = gone.collect();
    let same = gone.is_empty() && placement.given().eq(services.iter());
    let said = services
        .into_iter()
        .filter(|outcome| same || placement.given().all(|known| known != outcome));
    let said = said.map(|outcome| match placement.outcome(&outcome.procedure) {
        Some(_) => Event::OutcomeCorrected { placement: id, outcome, happened },
        None => Event::OutcomeRecorded { placement: id, outcome, happened },
    });
    said.chain(gone).collect()
}

/// A target may write and add documents while it has it or had it last.
pub(super) fn open_to_words(referral: &Referral, id: &PlacementId) -> Result<PlacementId, Illegal> {
    let last = referral.placements.last().filter(|last| last.id == *id && !referral.is_held());
    let last = last.filter(|last| {
        last.state.status() != TaskStatus::EnteredInError && !last.rerouted && !last.taken_back
    });
    last.map(|last| last.id).ok_or(Illegal::NoSuchEdge)
}

/// A source writes and adds documents while its target may read them: one that gave it back has nothing of
/// it any more.
pub(super) fn open_to_source(
    referral: &Referral,
    id: &PlacementId,
) -> Result<PlacementId, Illegal> {
    let id = open_to_words(referral, id)?;
    let over = |status| matches!(status, TaskStatus::Rejected | TaskStatus::Cancelled);
    let placement = referral.placement(&id).filter(|one| !over(one.state.status()));
    placement.map(|one| one.id).ok_or(Illegal::NoSuchEdge)
}

impl Referral {
    /// Until when a target may take its answer back, if it may at all: a mistake is taken back soon, by whom
    /// it was made, while nothing else ended it.
    pub fn take_back_until(&self, placement: &Placement) -> Option<Timestamp> {
        let last = self.placements.last().is_some_and(|last| last.id == placement.id);
        // What its source asked is answered first.
        let asked = placement.cancel_asked.is_some();
        let may = last && !asked && !placement.rerouted && !placement.is_called_off();
        placement.moved.filter(|_| may).map(|moved| Timestamp(moved.0 + TAKE_BACK_MS))
    }
}
