//! Writing the fold down (`state`), and saying so in the log.

use loopgate_referral::Timestamp;
use loopgate_store::{Outage, StateHead, write_state};

use super::Thread;
use super::desk::{self, Desk};
use crate::journal::{Event, LedgerEvent};
use crate::state;

/// At a clean stop it is worth it from so many new entries on.
const AT_STOP_ENTRIES_MIN: u64 = 1_000;

impl Thread {
    /// Writes the fold down if enough was added since it last was. `stopping`: this is the last chance.
    pub(super) fn keep_state(&mut self, stopping: bool) -> Result<(), Outage> {
        let world = &self.bench.world;
        let new = world.leaves - world.book.kept.map_or(0, |kept| kept.leaves);
        let enough = self.bench.settings.snapshot_entries;
        if new < if stopping { AT_STOP_ENTRIES_MIN.min(enough) } else { enough } {
            return Ok(());
        }
        let (frames, leaves) = (world.frames, world.leaves);
        // The projections may not be behind what is written down: they are never folded from before it.
        self.bench.view.flush()?;
        let sha256 = self.write_state()?;
        // Commit times are strictly increasing.
        let at = Timestamp(self.bench.clock.now().0.max(self.bench.world.last_at.0 + 1));
        let mut desk = Desk::new(&mut self.bench, at);
        let fact = LedgerEvent::Kept { frames, leaves, sha256 };
        desk.record(&desk::by("loopgate", "timer"), Event::Ledger(fact), Vec::new(), None);
        let drafts = desk.finish();
        self.commit(drafts, at).map(drop)
    }

    fn write_state(&self) -> Result<[u8; 32], Outage> {
        let bench = &self.bench;
        let world = &bench.world;
        let catalogue = self.published.catalogue();
        let grove = bench.notary.grove();
        let tree = grove.tree();
        let first_leaf = |sequence| {
            let stored = bench.log.read(sequence).ok()??;
            Some(stored.frame.first_leaf)
        };
        let head = StateHead { frames: world.frames, leaves: world.leaves };
        let key = bench.keyring.tenant().state_key();
        let mut random = |buffer: &mut [u8]| bench.clock.random(buffer);
        write_state(&bench.settings.state_path, &head, &key, &mut random, |out| {
            state::write(
                (world, &catalogue),
                &bench.covers,
                |index| tree.leaf(index),
                first_leaf,
                out,
            )
            .map_err(std::io::Error::other)
        })
    }
}
