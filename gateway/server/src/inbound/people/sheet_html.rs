//! How a referral looks on paper.

use loopgate_referral::Timestamp;
use maud::{Markup, html};

use super::html::printed;
use super::page::{At, Opened};
use super::referral_html::{Shown, facts, local, need, stop};
use crate::reply_code::ReplyCode;

/// What stands on a sheet beside the referral.
pub struct Sheet<'a> {
    pub code: ReplyCode,
    /// The desk's telephone number.
    pub phone: Option<&'a str>,
    pub now: Timestamp,
}

/// One page.
pub fn sheet(sheet: &Sheet<'_>, shown: &Shown<'_>, opened: &Opened, at: &At<'_>) -> Vec<u8> {
    let words = at.words;
    let printed_at = words.day_of(&local(sheet.now.0, &opened.partner));
    let call = match sheet.phone {
        Some(phone) => (words.sheet_call)(phone),
        None => words.sheet_call_nobody.to_owned(),
    };
    printed(
        words,
        words.sheet_title,
        &html! {
            p.no-print { (words.sheet_print) " " a href=(at.base) { (words.sheet_back) } }
            div.top {
                div {
                    h1 { (need(words, shown.document)) }
                    p.lead { ((words.organization)(&opened.partner.name)) " · " (words.sheet_printed) " " (printed_at) }
                }
                p.code { span { (words.sheet_code) } " " strong { (sheet.code) } }
            }
            (stop(words, shown.document))
            (facts(words, shown, opened))
            section {
                h2 { (words.sheet_reply) }
                p.call { strong { (call) } " " (words.sheet_read_code) }
                ul.boxes {
                    li { (boxed(words.accept)) }
                    li {
                        (boxed(words.decline_summary))
                        ul.reasons { @for reason in words.reasons { li { (boxed(reason)) } } }
                    }
                    li { (boxed(words.sheet_appointment)) (line()) }
                    li { (boxed(words.sheet_not_reached)) }
                    li { (boxed(words.sheet_no_show)) }
                    li { (boxed(words.sheet_served)) (line()) }
                }
                p.by { (words.sheet_by) (line()) }
                p.fine { (words.sheet_keep) }
            }
        },
    )
}

/// A box to tick.
fn boxed(words: &str) -> Markup {
    html! { span.box aria-hidden="true" {} (words) }
}

/// A line to write on.
fn line() -> Markup {
    html! { span.line aria-hidden="true" {} }
}
