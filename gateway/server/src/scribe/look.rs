//! Looking at what was published. A look keeps the scribe from publishing: who looks twice at once, or waits for
//! the scribe while looking, may wait for ever. In builds that check it (the tests') such a thread panics.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// The world, which is looked at first.
pub(super) const WORLD: u8 = 1;
/// The catalogue, alone or after the world.
pub(super) const CATALOGUE: u8 = 2;

thread_local! {
    /// What this thread looks at.
    static LOOKS: Cell<u8> = const { Cell::new(0) };
}

/// A look at what was published. It ends on the thread where it began, as a read guard has to.
pub struct Look<'a, T> {
    seen: RwLockReadGuard<'a, T>,
    what: u8,
}

impl<'a, T> Look<'a, T> {
    pub(super) fn at(lock: &'a RwLock<T>, what: u8) -> Look<'a, T> {
        let looks = LOOKS.get();
        debug_assert!(looks < what, "looked at again, or in another order");
        LOOKS.set(looks | what);
        let seen = lock.read().unwrap_or_else(PoisonError::into_inner);
        Look { seen, what }
    }
}

impl<T> Deref for Look<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.seen
    }
}

impl<T> Drop for Look<'_, T> {
    fn drop(&mut self) {
        LOOKS.set(LOOKS.get() & !self.what);
    }
}

/// Nobody waits for the scribe while looking.
pub(super) fn is_over() {
    debug_assert!(LOOKS.get() == 0, "the scribe is waited for during a look");
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_second_look_and_a_wait_during_one_are_found() {
        let (world, catalogue) = (RwLock::new(1), RwLock::new(2));
        {
            let (seen, found) = (Look::at(&world, WORLD), Look::at(&catalogue, CATALOGUE));
            assert_eq!((*seen, *found), (1, 2));
        }
        is_over();
        assert!(catch_unwind(|| [Look::at(&world, WORLD), Look::at(&world, WORLD)].len()).is_err());
        assert!(
            catch_unwind(|| {
                let _last = Look::at(&catalogue, CATALOGUE);
                *Look::at(&world, WORLD)
            })
            .is_err()
        );
        assert!(
            catch_unwind(|| {
                let _look = Look::at(&world, WORLD);
                is_over();
            })
            .is_err()
        );
        // What was found ended every look.
        is_over();
    }
}
