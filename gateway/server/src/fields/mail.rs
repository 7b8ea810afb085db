//! The fields of what became of e-mails and PINs: codes and instants. No address, and no hash of a PIN.

use loopgate_ledger::{Field, Fields};
use serde_json::json;

use super::set;
use crate::journal::MailEvent;

pub(super) fn detail(fact: &MailEvent, fields: &mut Fields) {
    let moved = match fact {
        MailEvent::Bounced { how, status, .. } => json!({ "bounced": how, "status": status }),
        MailEvent::Mended { .. } => json!({ "mended": true }),
        MailEvent::SentAgain { placements, .. } => json!({ "sent_again": placements }),
        MailEvent::RecoveryAsked { until, .. } => json!({ "recovery_until_ms": until }),
        MailEvent::RecoverySent { epoch, .. } => json!({ "recovery_sent": epoch }),
        MailEvent::CodeMade { until, .. } => json!({ "code_until_ms": until }),
        MailEvent::PinChanged { .. } => json!({ "pin": "changed" }),
        MailEvent::PinChangeSent { .. } => json!({ "pin": "change-sent" }),
    };
    set(fields, Field::Transition, moved);
}
