//! How the pages look: plain HTML, one stylesheet, no script, nothing from anywhere else.

use maud::{DOCTYPE, Markup, html};

use super::plain;
use super::words::Words;
use crate::partner::Language;
use crate::reply::Reply;

/// The media type of a page.
pub const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = include_str!("page.css");

/// The stylesheet.
pub fn stylesheet() -> Reply {
    Reply::with(200, "text/css; charset=utf-8", CSS.as_bytes().to_vec())
}

/// To another page, which is read.
pub fn see(path: &str, cookie: Option<String>) -> Reply {
    let reply = Reply::empty(303).header("location", path);
    cookie.into_iter().fold(reply, |reply, cookie| reply.header("set-cookie", cookie))
}

/// Where no link leads, or no longer.
pub fn nowhere() -> Reply {
    plain::nowhere(english())
}

/// We cannot keep our promise now.
pub fn outage() -> Reply {
    plain::outage(english())
}

/// Something is wrong with what was sent.
pub fn sorry(status: u16, words: &str) -> Reply {
    plain::sorry(english(), status, words)
}

fn english() -> &'static Words {
    Words::of(Language::En)
}

/// A page in English.
pub fn frame(title: &str, inside: &Markup) -> Vec<u8> {
    page(english(), (title, ""), None, inside)
}

/// A page in English with something broad on it.
pub fn wide(title: &str, inside: &Markup) -> Vec<u8> {
    page(english(), (title, "wide"), None, inside)
}

/// A page in a language. With the address it is read at, it offers the others; empty: where it is.
pub fn framed(words: &Words, title: &str, at: Option<&str>, inside: &Markup) -> Vec<u8> {
    page(words, (title, ""), at, inside)
}

/// A page to print.
pub fn printed(words: &Words, title: &str, inside: &Markup) -> Vec<u8> {
    page(words, (title, "sheet"), None, inside)
}

fn page(words: &Words, (title, class): (&str, &str), at: Option<&str>, inside: &Markup) -> Vec<u8> {
    let page = html! {
        (DOCTYPE)
        html lang=(words.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · loopgate" }
                link rel="stylesheet" href="/page.css";
            }
            body {
                header.no-print {
                    p.mark { "loopgate" }
                    @if let Some(at) = at { (switch(words, at)) }
                }
                main class=(class) { (inside) }
            }
        }
    };
    page.into_string().into_bytes()
}

/// The way to the other languages.
fn switch(words: &Words, at: &str) -> Markup {
    html! {
        nav.switch aria-label=(words.languages) {
            @for language in Language::ALL {
                @let code = language.code();
                @if language == words.language {
                    span aria-current="true" { (words.own_name) }
                } @else {
                    a href={ (at) "?lang=" (code) } lang=(code) hreflang=(code) { (Words::of(language).own_name) }
                }
            }
        }
    }
}
