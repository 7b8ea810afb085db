//! How many bytes all connections together may have read and not answered. Who finds no room does not
//! read on, so that its sender waits.
//!
//! Each takes room as its message grows, and nobody gives any back before its message is whole: to keep
//! all from waiting for each other, one of those without room reads on to the end of its message. The
//! bound is therefore what the operator set and one frame.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The room there is.
pub struct Budget {
    bytes: Arc<Semaphore>,
    beyond: Arc<Semaphore>,
}

/// The room that one connection has taken.
pub struct Held {
    budget: Arc<Budget>,
    bytes: Option<OwnedSemaphorePermit>,
    beyond: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// Room for so many bytes.
    pub fn new(bytes_max: usize) -> Budget {
        let bytes = bytes_max.min(Semaphore::MAX_PERMITS);
        Budget { bytes: Arc::new(Semaphore::new(bytes)), beyond: Arc::new(Semaphore::new(1)) }
    }

    /// No room taken yet.
    pub fn held(self: &Arc<Budget>) -> Held {
        Held { budget: self.clone(), bytes: None, beyond: None }
    }
}

impl Held {
    /// Waits for room for that many bytes more.
    pub async fn take(&mut self, bytes: usize) {
        if self.beyond.is_some() {
            return;
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Budget { bytes: room, beyond } = self.budget.as_ref();
        // Neither semaphore is ever closed.
        tokio::select! {
            biased;
            Ok(more) = room.clone().acquire_many_owned(bytes) => match &mut self.bytes {
                Some(held) => held.merge(more),
                none => *none = Some(more),
            },
            Ok(beyond) = beyond.clone().acquire_owned() => self.beyond = Some(beyond),
            else => {}
        }
    }

    /// Gives all of it back.
    pub fn give_back(&mut self) {
        (self.bytes, self.beyond) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Whether there is room at once.
    fn takes(held: &mut Held, bytes: usize) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(held.take(bytes)).poll(&mut context), Poll::Ready(()))
    }

    #[test]
    fn who_finds_no_room_waits_but_one_goes_on() {
        let budget = Arc::new(Budget::new(100));
        let [mut a, mut b, mut c] = [(); 3].map(|()| budget.held());
        assert!(takes(&mut a, 60) && takes(&mut b, 40));
        // Full: the first that asks for more reads on to the end of its message, the next waits.
        assert!(takes(&mut a, 10) && takes(&mut a, 1000));
        assert!(!takes(&mut b, 1) && !takes(&mut c, 1));
        a.give_back();
        assert!(takes(&mut b, 1) && takes(&mut c, 59));
        assert!(takes(&mut c, 1), "beyond");
        assert!(!takes(&mut b, 1));
        b.give_back();
        assert!(takes(&mut a, 41));
        assert!(!takes(&mut a, 1));
        // What a connection holds is given back with it.
        drop(c);
        assert!(takes(&mut a, 59));
    }
}
