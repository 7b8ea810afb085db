//! The payload of a `key.shred` entry: which entries nobody can open any more, and the links that
//! chains and index still need of them.
//!
//! Not here: the destroying itself, and what the ids of the links stand for.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, INTEGER_MAX};
use crate::chain::{Link, are_sound};
use crate::entry::Field;

/// One entry whose seed is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedEntry {
    /// Its index in the log.
    pub index: u64,
    /// The links it held in `subject`, `patient` and `parties`, in this order; empty for none.
    pub links: [(Field, Vec<Link>); 3],
}

/// Why a payload is not a list of erased entries. Never says what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a canonical list of erased entries")]
pub struct ErasedError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    erased: Vec<WireEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry {
    i: u64,
    links: WireLinks,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireLinks {
    parties: Vec<Link>,
    patient: Vec<Link>,
    subject: Vec<Link>,
}

/// The payload, canonical JSON. Entries must ascend by index for it to be read again.
pub fn erased_to_payload(entries: &[ErasedEntry]) -> Vec<u8> {
    let wire = |entry: &ErasedEntry| {
        let mut links = WireLinks::default();
        for (field, of_field) in &entry.links {
            match field {
                Field::Subject => links.subject.clone_from(of_field),
                Field::Patient => links.patient.clone_from(of_field),
                Field::Parties => links.parties.clone_from(of_field),
                _ => {}
            }
        }
        WireEntry { i: entry.index, links }
    };
    canonical::write(&Wire { erased: entries.iter().map(wire).collect() }).into_bytes()
}

/// The entries that a payload lists: at least one, strictly ascending.
pub fn erased_from_payload(payload: &[u8]) -> Result<Vec<ErasedEntry>, ErasedError> {
    let wire: Wire = canonical::read(payload).ok_or(ErasedError)?;
    let sound = |entry: &WireEntry| {
        let WireLinks { parties, patient, subject } = &entry.links;
        entry.i <= INTEGER_MAX && [parties, patient, subject].into_iter().all(|it| are_sound(it))
    };
    let ascending = wire.erased.is_sorted_by(|one, next| one.i < next.i);
    if wire.erased.is_empty() || !ascending || !wire.erased.iter().all(sound) {
        return Err(ErasedError);
    }
    let entry = |WireEntry { i, links }| ErasedEntry {
        index: i,
        links: [
            (Field::Subject, links.subject),
            (Field::Patient, links.patient),
            (Field::Parties, links.parties),
        ],
    };
    Ok(wire.erased.into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::link;

    fn entry(
        index: u64,
        subject: Vec<Link>,
        patient: Vec<Link>,
        parties: Vec<Link>,
    ) -> ErasedEntry {
        let links =
            [(Field::Subject, subject), (Field::Patient, patient), (Field::Parties, parties)];
        ErasedEntry { index, links }
    }

    #[test]
    fn a_payload_has_one_spelling() {
        let good = concat!(
            r#"{"erased":[{"i":3,"links":{"parties":[{"id":"o","n":4,"prev":2}],"#,
            r#""patient":[{"id":"p","n":1,"prev":-1}],"subject":[]}},"#,
            r#"{"i":9,"links":{"parties":[],"patient":[],"subject":[]}}]}"#
        );
        let entries = vec![
            entry(3, vec![], vec![link("p", 1, -1)], vec![link("o", 4, 2)]),
            entry(9, vec![], vec![], vec![]),
        ];
        assert_eq!(erased_to_payload(&entries), good.as_bytes());
        assert_eq!(erased_from_payload(good.as_bytes()), Ok(entries));
        let check = |from: &str, to: &str| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert_eq!(erased_from_payload(bad.as_bytes()), Err(ErasedError), "{bad}");
        };
        check(r#""i":9"#, r#""i":3"#);
        check(r#""i":9"#, r#""i":2"#);
        check(r#""i":9"#, r#""i":9007199254740992"#);
        check(r#""i":9"#, r#""i":-9"#);
        check(r#""i":9"#, r#""i": 9"#);
        check(r#""n":4"#, r#""n":0"#);
        check(r#""id":"o""#, r#""id":"""#);
        check(
            r#"{"id":"o","n":4,"prev":2}"#,
            r#"{"id":"o","n":4,"prev":2},{"id":"o","n":5,"prev":3}"#,
        );
        check(r#""patient":[{"id":"p","n":1,"prev":-1}],"#, "");
        check(r#","subject":[]"#, r#","subject":[],"x":[]"#);
        check(r#""parties":[],"patient":[]"#, r#""patient":[],"parties":[]"#);
        assert_eq!(erased_from_payload(br#"{"erased":[]}"#), Err(ErasedError));
        assert_eq!(erased_from_payload(b""), Err(ErasedError));
    }
}
