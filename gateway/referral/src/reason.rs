//! Why a status was left behind.

use serde::{Deserialize, Serialize};

/// Why a status was left behind: `Task.statusReason`, whose text SDOHCC requires (1..1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReason {
    code: String,
    text: String,
}

impl StatusReason {
    /// The longest text kept, in bytes.
    pub const TEXT_BYTES_MAX: usize = 1000;

    /// A reason; `None` when the text is blank or too long, or the code is not `[a-z0-9-]{1,40}`.
    pub fn new(code: &str, text: &str) -> Option<StatusReason> {
        let code_ok = (1..=40).contains(&code.len())
            && code.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let text = text.trim();
        if !code_ok || text.is_empty() || text.len() > Self::TEXT_BYTES_MAX {
            return None;
        }
        Some(StatusReason { code: code.to_owned(), text: text.to_owned() })
    }

    /// The class of the reason, for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The reason in words. May be about the person.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Of a placement that was called off while its target was told of it.
    pub(crate) fn called_off() -> StatusReason {
        StatusReason { code: "called-off".into(), text: "it was called off".into() }
    }

    /// Of a request to cancel that was recorded before its reason was.
    pub(crate) fn unsaid() -> StatusReason {
        StatusReason { code: "unsaid".into(), text: "no reason was given".into() }
    }
}
