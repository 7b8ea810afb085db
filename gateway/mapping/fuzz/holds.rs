//! What holds of every message through the shipped mappings, for the fuzz target and for the replay of
//! its seeds.

use std::sync::LazyLock;

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Delimiters, Header, Limits, Message};
use loopgate_mapping::{Constants, Library};

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::builtin);

/// What a message says can be said again, and what was said so reads back as the same.
pub fn read(data: &[u8]) {
    let Ok(message) = loopgate_hl7v2::read(data, &Limits::default(), Charset::UTF_8) else {
        return;
    };
    let Ok(header) = Header::of(&message) else { return };
    let Some(mapping) = LIBRARY.for_message(&header.code, &header.event) else { return };
    let pairs = vec![("urn:example:mrn".to_owned(), "HOSPA".to_owned())];
    let link: Constants = [("referral", "urn:loopgate:referral")].into_iter().collect();
    let link = link.with_table("authorities", pairs);
    for order in message.orders().unwrap_or_default() {
        let Ok(first) = mapping.read_v2(&order, &link) else { continue };
        // Nothing is both carried and listed by the same name only if it repeats; a refusal names no value.
        let Ok(written) = mapping.write_v2(&first.pivot, &Groups::all(), &link) else { continue };
        let mut segments = order.segments[..1].to_vec();
        segments.extend(written.segments);
        let printed = Message { delimiters: Delimiters::USUAL, segments };
        let Ok(again) = mapping.read_v2(&printed, &link) else { continue };
        assert_eq!(again.pivot, first.pivot, "{} does not come back", mapping.name());
    }
}
