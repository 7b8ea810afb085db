//! A log in memory, for tests: several handles, and answers that get lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::conformance::{Engine, conforms};
use crate::proofs::proofs;
use crate::{
    Appended, Epoch, Frame, Head, KeyName, KeyRow, Log, LogKeys, LogReader, Outage, Stored,
};

#[derive(Default)]
struct State {
    frames: Vec<Vec<u8>>,
    keys: BTreeMap<KeyName, KeyRow>,
    head: Head,
    epoch: u64,
    /// What becomes of the next append, whose answer is lost.
    lose: Option<bool>,
}

impl State {
    fn put(&mut self, rows: impl IntoIterator<Item = (KeyName, KeyRow)>) {
        for (name, row) in rows {
            let row = row.over(self.keys.remove(&name));
            self.keys.insert(name, row);
        }
    }
}

/// The log, and a handle on it.
#[derive(Clone, Default)]
pub(crate) struct MemoryLog(Arc<Mutex<State>>);

impl Engine for MemoryLog {
    type Log = MemoryLog;

    fn new() -> MemoryLog {
        MemoryLog::default()
    }
    fn open(&self) -> MemoryLog {
        self.clone()
    }
    fn open_beside(&self) -> Option<MemoryLog> {
        Some(self.clone())
    }
    fn lose_the_answer(&self, kept: bool) -> bool {
        self.0.lock().unwrap().lose = Some(kept);
        true
    }
}

conforms!(MemoryLog);

impl LogKeys for MemoryLog {
    fn key(&self, name: &KeyName) -> Result<Option<KeyRow>, Outage> {
        Ok(self.0.lock().unwrap().keys.get(name).cloned())
    }
    fn keys(&self) -> Result<Vec<(KeyName, KeyRow)>, Outage> {
        Ok(self.0.lock().unwrap().keys.clone().into_iter().collect())
    }
}

impl Log for MemoryLog {
    fn take_over(&mut self) -> Result<Epoch, Outage> {
        let mut state = self.0.lock().unwrap();
        state.epoch += 1;
        Ok(Epoch(state.epoch))
    }

    fn append(
        &mut self,
        epoch: Epoch,
        frame: &Frame,
        expected_next: u64,
    ) -> Result<Appended, Outage> {
        let mut state = self.0.lock().unwrap();
        if epoch.0 < state.epoch {
            return Ok(Appended::Fenced { by: Epoch(state.epoch) });
        }
        let head = state.head;
        let fits = (head.next, head.next, head.leaves);
        if (expected_next, frame.sequence, frame.first_leaf) != fits {
            return Ok(Appended::Conflict { head });
        }
        let lost = state.lose.take();
        if lost == Some(false) {
            return Ok(Appended::Indeterminate);
        }
        state.frames.push(frame.encode());
        let leaves = head.leaves + frame.entries.len() as u64;
        state.head = Head { next: head.next + 1, leaves, at_ms: frame.at_ms };
        let keys = frame.keys.iter();
        state.put(keys.map(|(name, wrapped)| (*name, KeyRow::Wrapped(wrapped.clone()))));
        Ok(lost.map_or_else(|| Appended::Committed(proofs(frame)), |_| Appended::Indeterminate))
    }

    fn rewrap(&mut self, epoch: Epoch, rows: Vec<(KeyName, KeyRow)>) -> Result<(), Outage> {
        let mut state = self.0.lock().unwrap();
        if epoch.0 < state.epoch {
            return Err(Outage::Fenced);
        }
        state.put(rows);
        Ok(())
    }

    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage> {
        LogReader::read(self, sequence)
    }

    fn head(&self) -> Head {
        self.0.lock().unwrap().head
    }

    fn reader(&self) -> Box<dyn LogReader> {
        Box::new(self.clone())
    }
}

impl LogReader for MemoryLog {
    fn read(&self, sequence: u64) -> Result<Option<Stored>, Outage> {
        let state = self.0.lock().unwrap();
        let bytes = usize::try_from(sequence).ok().and_then(|n| state.frames.get(n));
        let frame = bytes.map(|bytes| Frame::decode(bytes).unwrap());
        Ok(frame.map(|frame| Stored { committed: proofs(&frame), frame }))
    }
}
