//! `/ledger/…` on the machines' port: what lets anybody check the log without asking us to be honest.
//!
//! The checkpoint and the log's keys are for anyone: they say nothing of anybody. With witnesses
//! `checkpoint` is the newest that enough of them cosigned, `checkpoint.pending` the newest signed. Tiles
//! (<https://c2sp.org/tlog-tiles>) are for known partners, since they show when how much happens. A
//! receipt is for the organization that the entry says received something.

use loopgate_ledger::{Tile, TileKind, encode_entries};

use crate::evidence;
use crate::gate::{Gate, Request};
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A tile that is full, and a partial one of a size that was signed, are never other bytes.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

/// Answers one request.
pub fn handle(gate: &Gate, request: &Request) -> Result<Reply, Trouble> {
    if request.method != "GET" {
        return Err(Kind::Method.into());
    }
    let missing = || Trouble::from(Kind::NotFound);
    match request.segments().as_slice() {
        ["ledger", "checkpoint"] => {
            if gate.config.ledger.witnesses.is_empty() {
                return pending(gate);
            }
            let cosigned = gate.cosigned.load_full().ok_or_else(missing)?;
            Ok(text(cosigned.note.clone().into_bytes()))
        }
        ["ledger", "checkpoint.pending"] => pending(gate),
        ["ledger", "log.vkeys"] => Ok(text(evidence::lines(&gate.vkeys()))),
        ["ledger", "rotations", number] => {
            let number: usize = number.parse().map_err(|_| missing())?;
            let notes = evidence::rotations(gate);
            Ok(text(notes.get(number).ok_or_else(missing)?.clone().into_bytes()))
        }
        ["ledger", "tile", path @ ..] => {
            gate.certified(request)?;
            let tile: Tile = path.join("/").parse().map_err(|_| missing())?;
            let bytes = tile_bytes(gate, &tile)?.ok_or_else(missing)?;
            Ok(Reply::with(200, BYTES, bytes).header("cache-control", FOR_EVER))
        }
        ["ledger", "receipt", index] => {
            let caller = gate.certified(request)?;
            let index: u64 = index.parse().map_err(|_| missing())?;
            let receipt = evidence::receipt(gate, index, &caller.org)?.ok_or_else(missing)?;
            Ok(text(receipt.into_bytes()))
        }
        _ => Err(missing()),
    }
}

/// The newest signed checkpoint, whoever else signed it.
fn pending(gate: &Gate) -> Result<Reply, Trouble> {
    let note = gate.checkpoint.load_full().ok_or(Kind::NotFound)?;
    Ok(text(note.as_bytes().to_vec()))
}

fn text(bytes: Vec<u8>) -> Reply {
    Reply::with(200, TEXT, bytes)
}

/// The bytes of a tile, if a log of the size that was signed has it.
fn tile_bytes(gate: &Gate, tile: &Tile) -> Result<Option<Vec<u8>>, Trouble> {
    if !tile.fits(gate.signed().map_or(0, |(_, signed)| signed.size)) {
        return Ok(None);
    }
    if tile.kind() != TileKind::Entries {
        return Ok(tile.hash_bytes(&gate.grove.tree()));
    }
    let Some(range) = tile.range() else { return Ok(None) };
    let frames = gate.scribe.published().world().frames;
    let width = usize::from(tile.width());
    let leaves = gate.archive.leaves(range.start, width, frames).map_err(|outage| {
        tracing::error!(%outage, "leaves do not read back");
        Trouble::Outage
    })?;
    Ok(encode_entries(leaves).ok())
}
