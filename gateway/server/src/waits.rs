//! Who waits for something to come to its organization. Nobody holds a thread while it waits.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use loopgate_referral::OrgId;
use tokio::sync::watch;

use crate::archive::Draft;
use crate::fold::World;
use crate::journal::Event;

/// The places where organizations wait, those alone that somebody waits at.
#[derive(Default)]
pub struct Waits {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    rooms: HashMap<OrgId, Room>,
    closed: bool,
}

struct Room {
    seats: usize,
    stirred: watch::Sender<()>,
}

/// A place among those that one organization has; given back when it is dropped.
pub struct Seat<'a> {
    waits: &'a Waits,
    org: OrgId,
    stirred: watch::Receiver<()>,
}

impl Waits {
    /// A place for one who waits. `None`: the organization has `seats_max` already.
    pub fn sit(&self, org: &OrgId, seats_max: usize) -> Option<Seat<'_>> {
        let mut inner = self.lock();
        if inner.closed {
            // One that is told at once that nobody will stir it.
            let (_, stirred) = watch::channel(());
            return Some(Seat { waits: self, org: org.clone(), stirred });
        }
        let room = inner.rooms.entry(org.clone());
        let room = room.or_insert_with(|| Room { seats: 0, stirred: watch::channel(()).0 });
        if room.seats >= seats_max {
            return None;
        }
        room.seats += 1;
        Some(Seat { waits: self, org: org.clone(), stirred: room.stirred.subscribe() })
    }

    /// Something was committed: who waits for a referral that it is about looks again.
    pub fn stir(&self, drafts: &[Draft], world: &World) {
        let inner = self.lock();
        if inner.rooms.is_empty() {
            return;
        }
        for draft in drafts {
            let Event::Referral { referral, .. } = &draft.body.event else { continue };
            let placements = world.referrals.get(referral).map(|one| one.placements.as_slice());
            for placement in placements.unwrap_or_default() {
                if let Some(room) = inner.rooms.get(&placement.target) {
                    room.stirred.send_replace(());
                }
            }
        }
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.lock().rooms.values().map(|room| room.seats).sum()
    }

    /// Nobody waits any more: the process is about to end.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.rooms.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat<'_> {
    /// Over once something came since it was last asked; `false`: nothing will come any more.
    pub async fn stirred(&mut self) -> bool {
        self.stirred.changed().await.is_ok()
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut inner = self.waits.lock();
        let Some(room) = inner.rooms.get_mut(&self.org) else { return };
        room.seats -= 1;
        if room.seats == 0 {
            inner.rooms.remove(&self.org);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let waits = Waits::default();
        let (pantry, housing): (OrgId, OrgId) =
            ("pantry".parse().unwrap(), "housing".parse().unwrap());
        let first = waits.sit(&pantry, 2).unwrap();
        let second = waits.sit(&pantry, 2).unwrap();
        assert!(waits.sit(&pantry, 2).is_none());
        let other = waits.sit(&housing, 2).unwrap();
        assert_eq!(waits.count(), 3);
        drop(second);
        let again = waits.sit(&pantry, 2).unwrap();
        drop((first, again, other));
        assert_eq!(waits.count(), 0);
        assert!(waits.lock().rooms.is_empty());
    }

    #[test]
    fn nobody_waits_for_what_is_over() {
        let waits = Waits::default();
        let pantry: OrgId = "pantry".parse().unwrap();
        let mut before = waits.sit(&pantry, 1).unwrap();
        waits.close();
        let mut after = waits.sit(&pantry, 1).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(!runtime.block_on(before.stirred()));
        assert!(!runtime.block_on(after.stirred()));
    }
}
