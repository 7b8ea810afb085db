//! What holds for any bytes that every mapping of HL7 v2 reads. The fuzz target looks for bytes for
//! which it does not; a test replays the seeds and what was found once.

use std::sync::OnceLock;

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Delimiters, Limits, Message};
use loopgate_mapping::{Constants, Library, Mapping, Refused, Why};

/// A message is read or refused by each mapping, whatever its type says: nothing panics, what was
/// read can be written and comes back, and a refusal says only where.
pub fn read(data: &[u8]) {
    let Ok(message) = loopgate_hl7v2::read(data, &Limits::default(), Charset::UTF_8) else {
        return;
    };
    for mapping in library().mappings().filter(|one| one.name().starts_with("hl7v2/")) {
        match mapping.read_v2(&message, &constants()) {
            Ok(found) => {
                let mut listed: Vec<&String> = found.not_carried.iter().collect();
                listed.sort();
                listed.dedup();
                assert_eq!(listed.len(), found.not_carried.len(), "listed twice");
                comes_back(mapping, &found.pivot);
            }
            Err(refused) => says_where(mapping, &refused),
        }
    }
}

/// What was read is written without loss and without a part of another message, and reads as it was.
fn comes_back(mapping: &Mapping, pivot: &serde_json::Value) {
    let name = mapping.name();
    let written = mapping.write_v2(pivot, &Groups::all(), &constants());
    let written = match written {
        Ok(written) => written,
        // Two answers where a message has room for one: which is meant is not for a mapping to say.
        Err(refused) if refused.why == Why::Several => return,
        Err(why) => panic!("{name} does not write what it read: {why}"),
    };
    assert!(written.not_carried.is_empty(), "{name} loses {:?}", written.not_carried);
    let message = Message { delimiters: Delimiters::USUAL, segments: written.segments };
    let text = format!("MSH|^~\\&|A|B\r{}", message.print());
    let again = loopgate_hl7v2::read(text.as_bytes(), &Limits::default(), Charset::UTF_8);
    let again = again.unwrap_or_else(|why| panic!("{name} writes no message: {}", why.flaw));
    let again = mapping.read_v2(&again, &constants());
    let again = again.unwrap_or_else(|why| panic!("{name} does not read what it wrote: {why}"));
    assert!(again.pivot == *pivot, "{name} reads back something else");
    assert!(again.not_carried.is_empty(), "{name} then loses {:?}", again.not_carried);
}

/// A refusal is a place and a reason, both in few and plain characters.
fn says_where(mapping: &Mapping, refused: &Refused) {
    let path = refused.path.as_str();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    assert!(path.chars().all(plain), "{} refuses at a place of nobody", mapping.name());
}

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(Library::builtin)
}

fn constants() -> Constants {
    let link = [("referral", "urn:loopgate:referral")].into_iter().collect::<Constants>();
    link.with_table("authorities", vec![("urn:loopgate:a".to_owned(), "HOSPA".to_owned())])
}
