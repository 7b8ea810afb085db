//! A referral on paper: one page to print, with boxes to tick and a code that the phone desk enters.
//!
//! The sheet is made for whoever gave the organization's PIN, and is a disclosure like the page.

use super::page::{self, At, Opened};
use super::{Visit, html, pin, plain, sheet_html};
use crate::gate::Gate;
use crate::reply::Reply;

/// Shows the sheet of what a link leads to; without the PIN, where to give it.
pub fn shown(gate: &Gate, opened: &Opened, at: &At<'_>, visit: &Visit) -> Reply {
    let ended = opened.placement.state.is_final();
    if !pin::is_known(gate, opened, visit.cookie.as_deref()) || ended {
        return html::see(&at.base, None);
    }
    let made = page::released(gate, opened, (at, "sheet"), |shown| {
        let sheet = sheet_html::Sheet {
            code: gate.doorkeys.reply_code(&opened.placement.id),
            phone: gate.config.people.desk_phone.as_deref(),
            now: gate.now(),
        };
        sheet_html::sheet(&sheet, shown, opened, at)
    });
    match made {
        Ok(body) => Reply::released(200, html::HTML, body),
        Err(trouble) => plain::trouble(at.words, trouble),
    }
}
