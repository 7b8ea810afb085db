//! A C2SP signed-note taken apart, and Ed25519 keys spelt as verifier keys.
//!
//! Spec: <https://c2sp.org/signed-note>. Strict: a note is at most 512 KiB and 100 signature lines,
//! and spelt as it would be written. Not here: what the text says (`checkpoint`) and what a line of
//! a known key signs (`checkpoint` for logs, `cosign` for witnesses).

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signature, VerifyingKey};
use signed_note::Note;

const NAME_BYTES_MAX: usize = 255;
const VKEY_BYTES_MAX: usize = 8 * 1024;
/// Room for a hundred signature lines of the largest kind.
pub(crate) const NOTE_BYTES_MAX: usize = 512 * 1024;

/// Signature type of a log's own line.
pub(crate) const ED25519: u8 = 0x01;
/// Signature type of a witness's line.
pub(crate) const COSIGNATURE: u8 = 0x04;

/// One line below the text.
pub(crate) struct Line {
    name: String,
    id: u32,
    /// What follows the key id.
    pub(crate) signature: Vec<u8>,
}

/// A note that is well formed; nothing about it is verified yet.
pub(crate) struct Parts<'a> {
    /// The text with its last line end.
    pub(crate) body: &'a str,
    lines: Vec<Line>,
}

/// How many lines a key has, and its one line.
pub(crate) enum Found<'a> {
    None,
    One(&'a Line),
    /// A second one would go unread.
    Several,
}

impl<'a> Parts<'a> {
    /// `None` for what is not a note or is spelt otherwise than it would be written.
    pub(crate) fn parse(note: &'a str) -> Option<Parts<'a>> {
        if note.len() > NOTE_BYTES_MAX {
            return None;
        }
        let parsed = Note::from_bytes(note.as_bytes()).ok()?;
        if parsed.to_bytes() != note.as_bytes() {
            return None;
        }
        let end = note.rfind("\n\n")? + 1;
        let lines = lines(&note[end + 1..])?;
        Some(Parts { body: &note[..end], lines })
    }

    /// The same text over other lines.
    pub(crate) fn with(&self, lines: Vec<Line>) -> Parts<'a> {
        Parts { body: self.body, lines }
    }

    pub(crate) fn of(&self, key: &Key) -> Found<'_> {
        let mut of_key = self.lines.iter().filter(|line| key.is_of(line));
        match (of_key.next(), of_key.next()) {
            (None, _) => Found::None,
            (Some(line), None) => Found::One(line),
            _ => Found::Several,
        }
    }
}

/// Signature lines alone, each ended by `\n`; `None` if one is malformed.
pub(crate) fn lines(text: &str) -> Option<Vec<Line>> {
    let read = |line: &str| {
        let parsed = signed_note::Signature::from_bytes(line.as_bytes()).ok()?;
        let (name, id) = (parsed.name().to_owned(), parsed.id());
        let canonical = format!("{line}\n").into_bytes() == parsed.to_bytes();
        (canonical && is_name(&name)).then(|| Line {
            name,
            id,
            signature: parsed.signature().to_vec(),
        })
    };
    text.strip_suffix('\n')?.split('\n').map(read).collect()
}

/// A public key, its name and what it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    id: u32,
    /// The type byte, then the key.
    typed: Vec<u8>,
}

impl Key {
    pub(crate) fn new(name: &str, kind: u8, key: &VerifyingKey) -> Option<Key> {
        let typed = [&[kind][..], key.as_bytes()].concat();
        is_name(name).then(|| Key::of(name, typed))
    }

    fn of(name: &str, typed: Vec<u8>) -> Key {
        Key { name: name.to_owned(), id: signed_note::key_id(name, &typed), typed }
    }

    /// Any kind of key; `None` unless the text is exactly what [`Key::vkey`] writes.
    pub(crate) fn parse(vkey: &str) -> Option<Key> {
        if vkey.len() > VKEY_BYTES_MAX {
            return None;
        }
        let (name, rest) = vkey.split_once('+')?;
        let (_, key) = rest.split_once('+')?;
        let typed = BASE64_STANDARD.decode(key).ok().filter(|typed| typed.len() > 1)?;
        let key = Key::of(name, typed);
        let sound = !matches!(key.kind(), ED25519 | COSIGNATURE) || key.ed25519().is_some();
        (is_name(name) && sound && key.vkey() == vkey).then_some(key)
    }

    pub(crate) fn vkey(&self) -> String {
        format!("{}+{:08x}+{}", self.name, self.id, BASE64_STANDARD.encode(&self.typed))
    }

    pub(crate) fn kind(&self) -> u8 {
        self.typed[0]
    }

    /// The key without its type: what makes two verifier keys duplicates (tlog-policy).
    pub(crate) fn material(&self) -> &[u8] {
        &self.typed[1..]
    }

    fn ed25519(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(self.material().try_into().ok()?).ok()
    }

    fn is_of(&self, line: &Line) -> bool {
        self.name == line.name && self.id == line.id
    }

    /// Strict: no small-order keys, no second spelling of a signature.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let (key, signature) = (self.ed25519(), Signature::from_slice(signature));
        key.zip(signature.ok())
            .is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
    }

    /// The signature line, with its line end.
    pub(crate) fn line(&self, signature: &[u8]) -> String {
        let bytes = [&self.id.to_be_bytes()[..], signature].concat();
        format!("— {} {}\n", self.name, BASE64_STANDARD.encode(bytes))
    }
}

/// Whether a text may stand as a key's name.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && signed_note::is_key_name_valid(name)
        && !name.chars().any(char::is_control)
}
