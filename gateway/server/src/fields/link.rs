//! The fields of what became of the queue of a link: codes, and nothing the other side wrote.

use loopgate_ledger::{Field, Fields};
use serde_json::json;

use super::set;
use crate::journal::LinkEvent;

pub(super) fn detail(fact: &LinkEvent, fields: &mut Fields) {
    let moved = match fact {
        LinkEvent::Paused { .. } => json!({ "paused": true }),
        LinkEvent::Resumed { .. } => json!({ "paused": false }),
        LinkEvent::Resynchronized { .. } => json!({ "expected": -1 }),
        LinkEvent::Parked { due, refusals, nack, .. } => {
            json!({ "due": due, "nack": nack, "parked": true, "refusals": refusals })
        }
        LinkEvent::Unparked { due, .. } => json!({ "due": due, "parked": false }),
    };
    set(fields, Field::Transition, moved);
}
