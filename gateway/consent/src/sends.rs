//! What is on its way out, so that a person who says no is answered when nothing is any more.
//!
//! A send begins where its entry is decided, in one order with every change of a Grant: whoever
//! waits after such a change sees every send that was decided before it. It ends when the last byte
//! was handed to the transport, or when it is cut.

use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(test)]
use shuttle::sync::{Arc, Condvar, Mutex};
use std::sync::PoisonError;
#[cfg(not(test))]
use std::sync::{Arc, Condvar, Mutex};

use loopgate_referral::PersonId;

/// Everything that is on its way.
#[derive(Clone, Default)]
pub struct Sends(Arc<Inner>);

#[derive(Default)]
struct Inner {
    open: Mutex<Open>,
    ended: Condvar,
}

#[derive(Default)]
struct Open {
    next: u64,
    /// Each send, whose data it holds, and whether it was cut.
    sends: BTreeMap<u64, (Vec<PersonId>, bool)>,
}

/// One send. It ends when this is dropped.
pub struct Sending {
    of: Sends,
    number: u64,
}

/// What is cut notices soon.
const LAST: Duration = Duration::from_millis(500);

impl Sends {
    /// Begins a send about these persons.
    pub fn begin(&self, about: Vec<PersonId>) -> Sending {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let number = open.next;
        open.next += 1;
        open.sends.insert(number, (about, false));
        Sending { of: self.clone(), number }
    }

    /// Waits until every send about a person that had begun has ended, and cuts what has not within
    /// `patience`; what is cut has a moment more to end. `now_ms` is a clock that only goes on. Says how
    /// many were cut. When it returns, none of them begins another write.
    pub fn settle(&self, person: PersonId, patience: Duration, now_ms: &dyn Fn() -> i64) -> usize {
        let before = {
            let open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.next
        };
        if self.ended(person, before, patience, now_ms) {
            return 0;
        }
        let cut = {
            let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
            let left = open.sends.iter_mut();
            let left =
                left.filter(|(number, (about, _))| **number < before && about.contains(&person));
            left.map(|(_, (_, cut))| *cut = true).count()
        };
        if cut > 0 {
            self.ended(person, before, LAST, now_ms);
        }
        cut
    }

    /// Whether all of them end within `patience`. Those of others that end meanwhile wake it, and cost
    /// it nothing.
    fn ended(
        &self,
        person: PersonId,
        before: u64,
        patience: Duration,
        now_ms: &dyn Fn() -> i64,
    ) -> bool {
        let until_ms =
            now_ms().saturating_add(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
        let about = |(number, (about, _)): (&u64, &(Vec<PersonId>, bool))| {
            *number < before && about.contains(&person)
        };
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !open.sends.iter().any(about) {
                return true;
            }
            let left_ms = u64::try_from(until_ms - now_ms()).unwrap_or_default();
            if left_ms == 0 {
                return false;
            }
            let waited = self.0.ended.wait_timeout(open, Duration::from_millis(left_ms));
            let (again, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
            open = again;
            if timed_out.timed_out() {
                return !open.sends.iter().any(about);
            }
        }
    }

    /// How many are on their way.
    pub fn count(&self) -> usize {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).sends.len()
    }
}

impl Sending {
    /// Writes, unless this send was cut: a cut and a write do not overlap.
    pub fn write<T>(&self, write: impl FnOnce() -> T) -> Option<T> {
        Sending::write_all(std::iter::once(self), write)
    }

    /// Writes what may be of several sends of one gateway, unless one of them was cut.
    pub fn write_all<'s, T>(
        all: impl IntoIterator<Item = &'s Sending>,
        write: impl FnOnce() -> T,
    ) -> Option<T> {
        let mut all = all.into_iter().peekable();
        let Some(first) = all.peek() else { return Some(write()) };
        let open = first.of.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = all.any(|one| open.sends.get(&one.number).is_none_or(|(_, was_cut)| *was_cut));
        if cut { None } else { Some(write()) }
    }

    /// Whether this send was cut.
    pub fn is_cut(&self) -> bool {
        self.write(|| ()).is_none()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut open = self.of.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.sends.remove(&self.number);
        drop(open);
        self.of.0.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use shuttle::sync::atomic::{AtomicBool, Ordering};
    use shuttle::{check_random, thread};

    use super::*;

    const ITERATIONS: usize = 100_000;
    const PATIENCE: Duration = Duration::from_secs(10);

    fn person(n: u8) -> PersonId {
        PersonId::from_random([n; 16])
    }

    /// The scribe's order: decisions and revocations, one after the other.
    struct World {
        granted: Mutex<bool>,
        answered: Mutex<bool>,
        sends: Sends,
    }

    /// Decides, and if it may, writes twice.
    fn send(world: &World) -> usize {
        let sending = {
            let granted = world.granted.lock().unwrap();
            granted.then(|| world.sends.begin(vec![person(1)]))
        };
        let Some(sending) = sending else { return 0 };
        let write = || {
            let answered = *world.answered.lock().unwrap();
            assert!(!answered, "a write began after the revocation was answered");
        };
        usize::from(sending.write(write).is_some()) + usize::from(sending.write(write).is_some())
    }

    fn revoke(world: &World) {
        *world.granted.lock().unwrap() = false;
        world.sends.settle(person(1), PATIENCE, &|| 0);
        *world.answered.lock().unwrap() = true;
    }

    /// 100,000 interleavings of two senders and a revocation.
    #[test]
    fn no_write_begins_after_a_revocation_was_answered() {
        check_random(
            || {
                let world = Arc::new(World {
                    granted: Mutex::new(true),
                    answered: Mutex::new(false),
                    sends: Sends::default(),
                });
                let senders: Vec<_> = (0..2)
                    .map(|_| {
                        let world = world.clone();
                        thread::spawn(move || send(&world))
                    })
                    .collect();
                let revoker = {
                    let world = world.clone();
                    thread::spawn(move || revoke(&world))
                };
                let written: usize = senders.into_iter().map(|one| one.join().unwrap()).sum();
                assert!(written <= 4);
                revoker.join().unwrap();
                assert_eq!(world.sends.count(), 0);
            },
            ITERATIONS,
        );
    }

    #[test]
    fn another_persons_send_is_not_waited_for() {
        check_random(
            || {
                let sends = Sends::default();
                let other = sends.begin(vec![person(2)]);
                assert_eq!(sends.settle(person(1), PATIENCE, &|| 0), 0);
                assert_eq!((sends.count(), other.is_cut()), (1, false));
                drop(other);
                assert_eq!(sends.count(), 0);
            },
            100,
        );
    }

    /// A send that never ends is cut when its time is over, however many others end meanwhile.
    #[test]
    fn what_does_not_end_is_cut_in_time() {
        check_random(
            || {
                let sends = Sends::default();
                let stuck = sends.begin(vec![person(1)]);
                let done = Arc::new(AtomicBool::new(false));
                let others = {
                    let (sends, done) = (sends.clone(), done.clone());
                    thread::spawn(move || {
                        while !done.load(Ordering::SeqCst) {
                            drop(sends.begin(vec![person(2)]));
                        }
                    })
                };
                let clock = std::sync::atomic::AtomicI64::new(0);
                // Each look at the clock is 100 ms.
                let now = || clock.fetch_add(100, Ordering::SeqCst);
                assert_eq!(sends.settle(person(1), Duration::from_millis(300), &now), 1);
                assert!(stuck.is_cut() && stuck.write(|| ()).is_none());
                done.store(true, Ordering::SeqCst);
                others.join().unwrap();
            },
            100,
        );
    }
}
