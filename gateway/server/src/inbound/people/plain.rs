//! Pages that say one thing, in the reader's language.

use maud::html;

use super::html::{HTML, framed};
use super::words::Words;
use crate::refusal::Trouble;
use crate::reply::Reply;

/// The front door.
pub fn welcome(words: &Words) -> Reply {
    plain(words, 200, words.welcome_title, words.welcome)
}

/// Where no link leads, or no longer.
pub fn nowhere(words: &Words) -> Reply {
    plain(words, 404, words.nowhere_title, words.nowhere)
}

/// We cannot keep our promise now.
pub fn outage(words: &Words) -> Reply {
    plain(words, 503, words.outage_title, words.outage).header("retry-after", "1")
}

/// Something is wrong with what was sent.
pub fn sorry(words: &Words, status: u16, said: &str) -> Reply {
    plain(words, status, words.sorry_title, said)
}

/// What a page cannot be made of.
pub fn trouble(words: &Words, trouble: Trouble) -> Reply {
    match trouble {
        Trouble::Outage => outage(words),
        Trouble::Refused(_) => nowhere(words),
    }
}

fn plain(words: &Words, status: u16, title: &str, said: &str) -> Reply {
    // After a form, this address is not one that can be read.
    let switch = matches!(status, 200 | 404).then_some("");
    let body = framed(words, title, switch, &html! { h1 { (title) } p.lead { (said) } });
    Reply::with(status, HTML, body)
}
