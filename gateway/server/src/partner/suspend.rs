//! Suspending a partner, or giving it a PIN: one value of its file changes, the rest stays as the
//! operator wrote it.

use toml::de::DeTable;

use super::PinHash;
use crate::config::edit::{Edit, set_value};

/// The text is not a partner file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a partner file")]
pub struct Unreadable;

/// The text of a partner file with `suspended` set, and nothing else changed.
pub fn set_suspended(text: &str, suspended: bool) -> Result<String, Unreadable> {
    match set_value(text, &["suspended"], if suspended { "true" } else { "false" }) {
        Edit::Changed(text) => Ok(text),
        Edit::Absent => insert(text, suspended).ok_or(Unreadable),
        Edit::Unreadable => Err(Unreadable),
    }
}

/// The text of a partner file with another PIN, if it has one to change.
pub fn set_pin(text: &str, pin: &PinHash) -> Option<String> {
    match set_value(text, &["channel", "pin_hash"], &format!("\"{}\"", pin.as_str())) {
        Edit::Changed(text) => Some(text),
        Edit::Absent | Edit::Unreadable => None,
    }
}

/// Before `name`, which every partner file has above its first section.
fn insert(text: &str, suspended: bool) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let (name, _) = table.get_ref().get_key_value("name")?;
    let mut text = text.to_owned();
    text.insert_str(name.span().start, &format!("suspended = {suspended}\n"));
    Some(text)
}
