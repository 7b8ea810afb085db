//! When what is decided now is committed: in the log's own order, and as the clock says.

use std::sync::atomic::Ordering;

use loopgate_referral::Timestamp;

use super::{Command, Thread};

/// Commit times are a millisecond apart at least, and a disk may be faster than that. So far the log may
/// run ahead of the clock before the scribe waits for it, ms: less than the least jump an operator is asked
/// about.
const AHEAD_MS_MAX: i64 = 500;

impl Thread {
    /// The commit time of what is decided now; none while the clock is not trusted.
    pub(super) fn instant(&mut self, first: &Command) -> Option<Timestamp> {
        let last_at = self.bench.world.last_at;
        let clock = self.bench.clock.as_ref();
        if last_at.0 - clock.now().0 > AHEAD_MS_MAX {
            clock.pass_a_ms();
        }
        let now = self.bench.guard.now(clock, last_at);
        let confirms = matches!(first, Command::ConfirmClock(_));
        let halted = self.published.halted.load(Ordering::Acquire);
        if (now.is_none() || halted) && !confirms && !matches!(first, Command::Stop) {
            if !self.published.halted.swap(true, Ordering::AcqRel) {
                tracing::error!("the clock jumped; waiting for an operator to confirm it");
            }
            return None;
        }
        let now = now.unwrap_or_else(|| self.bench.clock.now());
        // Commit times are strictly increasing, so that polling `_lastUpdated=gt` never skips.
        Some(Timestamp(now.0.max(last_at.0 + 1)))
    }
}
