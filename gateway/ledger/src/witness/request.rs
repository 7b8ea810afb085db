//! The body of `add-checkpoint`: the old size, a consistency proof, an empty line, a checkpoint.

use base64::prelude::{BASE64_STANDARD, Engine};

use super::{Asked, REQUEST_BYTES_MAX};
use crate::canonical::INTEGER_MAX;
use crate::checkpoint::Checkpoint;
use crate::note::Parts;
use crate::tree::Hash;

/// tlog-witness: "The client MUST NOT send more than 63 consistency proof lines."
const PROOF_LINES_MAX: usize = 63;

/// `None` for anything that is not one request, spelt as the spec spells it.
pub(super) fn parse(request: &[u8]) -> Option<(Asked<'_>, Parts<'_>)> {
    if request.len() > REQUEST_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(request).ok()?;
    let (head, note) = text.split_once("\n\n")?;
    let mut lines = head.split('\n');
    let old_size = size(lines.next()?.strip_prefix("old ")?)?;
    let mut proof = Vec::new();
    for line in lines {
        if proof.len() == PROOF_LINES_MAX {
            return None;
        }
        proof.push(hash(line)?);
    }
    let parts = Parts::parse(note)?;
    let checkpoint = Checkpoint::read(parts.body)?;
    Some((Asked { old_size, proof, body: parts.body, checkpoint }, parts))
}

fn size(text: &str) -> Option<u64> {
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text && size <= INTEGER_MAX).then_some(size)
}

/// The strict decoder takes one spelling only.
fn hash(line: &str) -> Option<Hash> {
    BASE64_STANDARD.decode(line).ok()?.try_into().ok()
}
