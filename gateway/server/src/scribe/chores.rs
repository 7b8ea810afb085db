//! What the log needs of itself from time to time: a root of its index, the note that both keys of a
//! rotation signed, the end of an old key.

use loopgate_ledger::{LogKey, open_checkpoint};
use loopgate_referral::Timestamp;

use super::desk::{Desk, by};
use crate::fold::Announced;
use crate::journal::{Event, LedgerEvent};
use crate::refusal::{Kind, Trouble};

/// Looks at what is due; tells the key that is retired now, if one is.
pub fn look(desk: &mut Desk<'_>) -> Option<String> {
    if is_index_due(desk) {
        index(desk);
    }
    let note = rotated(desk);
    if let Some(note) = note {
        record(desk, LedgerEvent::KeyRotated { note });
    }
    let old = overlapped(desk)?;
    let size = desk.signed_size();
    record(desk, LedgerEvent::KeyRetired { vkey: old.clone(), size });
    Some(old)
}

/// Writes down the root of the index over everything before it; returns its place in the frame.
pub fn index(desk: &mut Desk<'_>) -> usize {
    let root = desk.index_root();
    let leaves = desk.world().leaves;
    record(desk, LedgerEvent::Indexed { root, leaves })
}

/// Announces a key, which signs from then on.
pub fn announce(desk: &mut Desk<'_>, key: &LogKey, first: &str) -> Result<(), Trouble> {
    let book = &desk.world().book;
    // One rotation at a time: three signature lines help nobody.
    if book.keys.iter().any(|key| key.retired.is_none()) {
        return Err(Kind::IllegalMove.into());
    }
    let from = book.keys.last().map_or(first, |key| &key.to).to_owned();
    record(desk, LedgerEvent::KeyAnnounced { from, to: key.vkey() });
    Ok(())
}

fn record(desk: &mut Desk<'_>, fact: LedgerEvent) -> usize {
    desk.record(&by("loopgate", "timer"), Event::Ledger(fact), Vec::new(), None)
}

/// Whether there is anything since the newest root, and that is old enough.
fn is_index_due(desk: &Desk<'_>) -> bool {
    let world = desk.world();
    let (covered, since) = match (world.book.indexed, world.book.begun) {
        (Some((index, at)), _) => (index + 1, at),
        (None, Some(begun)) => (0, begun),
        (None, None) => return false,
    };
    world.leaves > covered && desk.at.0 - since.0 >= desk.settings().index_interval_ms
}

/// The newest checkpoint, if it is the first that covers the announcement of a key and both signed it.
fn rotated(desk: &Desk<'_>) -> Option<String> {
    let key = desk.world().book.keys.iter().find(|key| key.note.is_none())?;
    let note = desk.checkpoint()?;
    let opened = [&key.from, &key.to].map(|vkey| open_checkpoint(&note, vkey).ok());
    let covers = opened.iter().all(|one| one.as_ref().is_some_and(|one| one.size > key.entry));
    covers.then_some(note)
}

/// The key whose time beside the next one is over.
fn overlapped(desk: &Desk<'_>) -> Option<String> {
    let days = desk.settings().key_overlap_days;
    let over = |key: &&Announced| {
        let until: Timestamp = key.at.plus_days(days);
        key.note.is_some() && key.retired.is_none() && desk.at >= until
    };
    desk.world().book.keys.iter().find(over).map(|key| key.from.clone())
}
