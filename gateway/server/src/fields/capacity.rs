//! The fields of how much an organization can take on.

use loopgate_ledger::{Field, Fields};
use serde_json::json;

use super::set;
use crate::journal::Capacity;

pub(super) fn detail(said: &Capacity, fields: &mut Fields) {
    let status = said.status.code();
    let moved = json!({ "capacity": status, "need": said.need, "until": said.until });
    set(fields, Field::Transition, moved);
    if let Some(note) = &said.note {
        set(fields, Field::Note, json!({ "text": note }));
    }
}
