//! Refusals by the name they were told under, so that whoever asks about one is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Place;
use crate::journal::Event;

/// Where each refusal's entry is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Refusals(BTreeMap<String, u64>);

impl Refusals {
    pub(super) fn evolve(&mut self, event: &Event, place: Place) {
        if let Event::Denied { correlation: Some(name), .. } = event {
            self.0.insert(name.clone(), place.index);
        }
    }

    /// The entry of a refusal.
    pub fn entry(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }
}
