//! What is handed out so that others can check the log.

use crate::gate::Gate;
use crate::refusal::Trouble;
use loopgate_referral::OrgId;

/// Texts as lines.
pub fn lines(texts: &[String]) -> Vec<u8> {
    texts.iter().flat_map(|text| [text.as_str(), "\n"]).collect::<String>().into_bytes()
}

/// The checkpoints that two keys signed each, oldest first.
pub fn rotations(gate: &Gate) -> Vec<String> {
    let world = gate.scribe.published().world();
    world.book.keys.iter().filter_map(|key| key.note.clone()).collect()
}

/// x
pub fn receipt(_: &Gate, _: u64, _: &OrgId) -> Result<Option<String>, Trouble> {
    Ok(None)
}
