//! Assigning authorities: an identifier system, as HD and EI write it in three parts (namespace id,
//! universal id, universal id type; v2.5.1 §2.A.33, §2.A.28; table 0301).
//!
//! The link's table `authorities` says which namespace is which system. Without it a universal id
//! names a system by itself. Not here: where the parts stand in a message.

use crate::constants::Constants;

/// The table of a link.
const TABLE: &str = "authorities";

/// Namespace id, universal id, universal id type.
pub(crate) type Parts = [String; 3];

/// The system that the parts name, if they name one.
pub(crate) fn system(parts: [&str; 3], constants: &Constants) -> Option<String> {
    let [namespace, id, kind] = parts;
    if let Some(system) = constants.to_left(TABLE, namespace).filter(|_| !namespace.is_empty()) {
        return Some(system.to_owned());
    }
    if id.is_empty() {
        return None;
    }
    match kind {
        "ISO" if is_oid(id) => Some(format!("urn:oid:{id}")),
        "UUID" | "GUID" => Some(format!("urn:uuid:{}", id.to_ascii_lowercase())),
        "URI" | "URL" | "DNS" => Some(id.to_owned()),
        _ => None,
    }
}

/// The parts that name a system, if any do.
pub(crate) fn parts(system: &str, constants: &Constants) -> Option<Parts> {
    let made = |namespace: &str, id: &str, kind: &str| {
        Some([namespace.to_owned(), id.to_owned(), kind.to_owned()])
    };
    if let Some(namespace) = constants.to_right(TABLE, system) {
        return made(namespace, "", "");
    }
    if let Some(oid) = system.strip_prefix("urn:oid:") {
        return if is_oid(oid) { made("", oid, "ISO") } else { None };
    }
    if let Some(uuid) = system.strip_prefix("urn:uuid:") {
        return made("", uuid, "UUID");
    }
    if system.contains("://") { made("", system, "URI") } else { None }
}

fn is_oid(text: &str) -> bool {
    text.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constants() -> Constants {
        let pairs = vec![("urn:mrn".to_owned(), "HOSPA".to_owned())];
        Constants::default().with_table(TABLE, pairs)
    }

    #[test]
    fn a_system_is_the_links_namespace_or_a_universal_id() {
        let both = |system: &str, parts: [&str; 3]| {
            assert_eq!(super::system(parts, &constants()).as_deref(), Some(system));
            assert_eq!(super::parts(system, &constants()).unwrap(), parts.map(str::to_owned));
        };
        both("urn:mrn", ["HOSPA", "", ""]);
        both("urn:oid:1.2.3", ["", "1.2.3", "ISO"]);
        both("urn:uuid:0000", ["", "0000", "UUID"]);
        both("http://example.org/ids", ["", "http://example.org/ids", "URI"]);
        // The link's own word comes before a universal id beside it.
        let beside = super::system(["HOSPA", "1.2.3", "ISO"], &constants());
        assert_eq!(beside.as_deref(), Some("urn:mrn"));
    }

    #[test]
    fn what_names_nothing_is_not_guessed_at() {
        for parts in [
            ["", "", ""],
            ["OTHER", "", ""],
            ["", "1.2", ""],
            ["", "x", "ISO"],
            ["", "1..2", "ISO"],
        ] {
            assert_eq!(system(parts, &constants()), None, "{parts:?}");
        }
        assert_eq!(parts("urn:other", &constants()), None);
    }
}
