//! The frames that were read last: a referral's documents are of one frame, and neighbours in a list came
//! together. They are sealed as they lie in the log, where none ever changes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use loopgate_store::Frame;

/// So many are kept.
const FRAMES_MAX: usize = 64;
/// And of what they hold so much.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// The newest first.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<(usize, Arc<Frame>)>>);

impl Recent {
    /// The frame of this sequence number, if it was read lately.
    pub fn get(&self, sequence: u64) -> Option<Arc<Frame>> {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = frames.iter().position(|(_, frame)| frame.sequence == sequence)?;
        let found = frames.remove(place)?;
        let frame = found.1.clone();
        frames.push_front(found);
        Some(frame)
    }

    /// Keeps one that was read, and forgets those that were not asked for longest.
    pub fn put(&self, frame: &Arc<Frame>) {
        let bytes = frame.entries.iter().map(|entry| entry.body.len()).sum();
        if bytes > BYTES_MAX {
            return;
        }
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push_front((bytes, frame.clone()));
        frames.truncate(FRAMES_MAX);
        while frames.iter().map(|(bytes, _)| bytes).sum::<usize>() > BYTES_MAX {
            frames.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use loopgate_store::{EntryRecord, KeyName};

    use super::*;

    fn frame(sequence: u64, bytes: usize) -> Arc<Frame> {
        let entry = EntryRecord {
            leaf: Vec::new(),
            key: KeyName::TENANT,
            seed: Vec::new(),
            body: vec![0; bytes],
            files: Vec::new(),
            payload: None,
        };
        Arc::new(Frame { sequence, first_leaf: 0, at_ms: 0, entries: vec![entry], keys: vec![] })
    }

    #[test]
    fn what_was_asked_for_last_is_kept_within_both_limits() {
        let recent = Recent::default();
        (0..64).for_each(|sequence| recent.put(&frame(sequence, 1)));
        assert_eq!(recent.get(0).map(|frame| frame.sequence), Some(0));
        recent.put(&frame(64, 1));
        // The one that was asked for stays; the oldest of the others is gone.
        assert!(recent.get(0).is_some() && recent.get(1).is_none() && recent.get(2).is_some());
        recent.put(&frame(65, BYTES_MAX - 2));
        let kept: Vec<u64> = (0..66).filter(|sequence| recent.get(*sequence).is_some()).collect();
        assert_eq!(kept, [0, 2, 65]);
        // One that is too long for it is not kept.
        recent.put(&frame(66, BYTES_MAX + 1));
        assert!(recent.get(66).is_none() && recent.get(65).is_some());
    }
}
