//! Who guesses waits at the turnstile: one check at a time for each name, few at once for all, and nobody
//! parks there. So guesses are counted one by one, and a flood of them holds up nobody else.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Checks at once.
const PLACES: usize = 4;

/// Who is being checked.
#[derive(Default)]
pub struct Turnstile(Mutex<HashSet<String>>);

/// One check; it ends when this is dropped.
pub struct Turn<'a> {
    of: &'a Turnstile,
    name: String,
}

impl Turnstile {
    /// A turn for this name; none while it, or too many others, are being checked.
    pub fn turn(&self, name: String) -> Option<Turn<'_>> {
        let mut checked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = checked.len() < PLACES && checked.insert(name.clone());
        free.then(|| Turn { of: self, name })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_check_for_each_name_and_few_at_once() {
        let gate = Turnstile::default();
        let turn = |name: &str| gate.turn(name.to_owned());
        let one = turn("one");
        assert!(one.is_some() && turn("one").is_none());
        drop(one);
        let all = ["one", "two", "three", "four"].map(turn);
        assert!(all.iter().all(Option::is_some) && turn("five").is_none());
        drop(all);
        assert!(turn("five").is_some());
    }
}
