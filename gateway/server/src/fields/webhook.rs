//! The fields of what became of a partner's webhooks: codes and ids.

use loopgate_ledger::{Field, Fields};
use serde_json::json;

use super::set;
use crate::journal::WebhookEvent;

pub(super) fn detail(fact: &WebhookEvent, fields: &mut Fields) {
    let moved = match fact {
        WebhookEvent::Failing { since, .. } => json!({ "failing_since_ms": since.0 }),
        WebhookEvent::Disabled { why, .. } => json!({ "disabled": true, "reason": why.name() }),
        WebhookEvent::Enabled { .. } => json!({ "disabled": false }),
        WebhookEvent::Replayed { since, .. } => json!({ "tell_again_since_ms": since.0 }),
        WebhookEvent::ToldAgain { message, .. } => json!({ "told_again": message.id() }),
    };
    set(fields, Field::Transition, moved);
}
