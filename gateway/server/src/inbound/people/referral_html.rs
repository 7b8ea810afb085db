//! How a referral looks to the organization it is for.

use jiff::Zoned;
use loopgate_referral::{TaskStatus, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

use super::acts_html::{acts, mistake};
use super::fields_html::{Forms, summary};
use super::html::framed;
use super::messages_html::messages;
use super::page::{At, Opened, Saying};
use super::wishes::Ended;
use super::words::Words;
use crate::partner::Partner;

/// The need, and the question for the PIN.
pub fn first(document: &Value, organization: &str, at: &At<'_>, saying: &Saying) -> Vec<u8> {
    let words = at.words;
    framed(
        words,
        &titled(words, words.waiting_title, saying),
        Some(&at.base),
        &html! {
            h1 { (words.waiting_title) }
            p.lead { ((words.organization)(organization)) }
            (summary(words, saying))
            (stop(words, document))
            section.card {
                dl {
                    dt { (words.need) } dd { (need(words, document)) }
                    @if let Some(service) = text(document, &["need", "service", "display"]) {
                        dt { (words.service) } dd { (service) }
                    }
                    dt { (words.status) } dd { (standing(words, document)) }
                }
            }
            section.card {
                h2 { (words.who_title) }
                p id="pin-hint" { (words.pin_hint) }
                form method="post" action={ (at.base) "/pin" } {
                    div.field {
                        label for="pin" { (words.pin) }
                        input type="password" id="pin" name="pin" inputmode="numeric" autocomplete="off" required
                            maxlength="32" aria-describedby="pin-hint";
                    }
                    button type="submit" { (words.pin_button) }
                }
                (super::recovery_html::forgot(words, &at.base))
            }
        },
    )
}

/// All of it, and what can be done.
pub fn whole(shown: &Shown<'_>, opened: &Opened, at: &At<'_>, saying: &Saying) -> Vec<u8> {
    let (words, document) = (at.words, shown.document);
    let forms = Forms { words, at, version: opened.placement.version, saying };
    let switch = at.by.is_none().then_some(at.base.as_str());
    let lost: Vec<&str> = document["not_carried"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    framed(
        words,
        &titled(words, words.page_title, saying),
        switch,
        &html! {
            h1 { (need(words, document)) }
            p.lead { ((words.organization)(&opened.partner.name)) " · " (standing(words, document)) }
            @if at.by.is_some() { p.banner { ((words.on_behalf)(&opened.partner.name)) } }
            (summary(words, saying))
            (stop(words, document))
            section.card {
                (facts(words, shown, opened))
                @if !lost.is_empty() {
                    details.lost {
                        summary { (words.not_passed) ": " (lost.len()) }
                        p.fine { (lost.join(", ")) }
                    }
                }
            }
            (acts(&forms, opened, &default_service(words, document)))
            (messages(&forms, shown, opened))
            @if let Some(until) = shown.mistake_until { (mistake(&forms, opened, until)) }
            p.more {
                @if at.by.is_some() { a href="/staff/sheet" { (words.other_code) } }
                @else { a href={ (at.base) "/sheet" } { (words.sheet_link) } }
            }
        },
    )
}

/// That it is closed, and whether that was a mistake.
pub fn closed(opened: &Opened, at: &At<'_>, saying: &Saying, until: Option<Timestamp>) -> Vec<u8> {
    let words = at.words;
    let forms = Forms { words, at, version: opened.placement.version, saying };
    let switch = at.by.is_none().then_some(at.base.as_str());
    framed(
        words,
        &titled(words, words.closed_title, saying),
        switch,
        &html! {
            h1 { (words.closed_title) }
            (summary(words, saying))
            p.lead { ((words.closed)(Ended::of(&opened.placement))) }
            @if let Some(until) = until { (mistake(&forms, opened, until)) }
            @if at.by.is_some() { p.more { a href="/staff/sheet" { (words.other_code) } } }
        },
    )
}

/// What is shown of a referral, as far as it passes.
pub struct Shown<'a> {
    /// The referral in the community dialect.
    pub document: &'a Value,
    /// What the source wrote passes.
    pub notes: bool,
    /// How the person is reached passes.
    pub contact: bool,
    /// Until when the answer can be taken back, if it can.
    pub mistake_until: Option<Timestamp>,
}

/// What is known of the person and the need, and what was agreed on.
pub fn facts(words: &Words, shown: &Shown<'_>, opened: &Opened) -> Markup {
    let (document, partner, placement) = (shown.document, &opened.partner, &opened.placement);
    let silent = is_silent(document);
    let since = text(document, &["authored_on"]).and_then(|at| at.parse::<jiff::Timestamp>().ok());
    html! {
        dl {
            @if let Some(name) = name(document) { dt { (words.name) } dd { bdi { (name) } } }
            @if let Some(phone) = text(document, &["client", "phone"]) {
                dt { (words.phone) }
                dd { @if silent { (phone) } @else { a href={ "tel:" (dialled(&phone)) } { (phone) } } }
            }
            @if let Some(email) = text(document, &["client", "email"]) {
                dt { (words.email) }
                dd { @if silent { (email) } @else { a href={ "mailto:" (email) } { (email) } } }
            }
            @if let Some(language) = text(document, &["client", "language"]) {
                dt { (words.spoken) } dd { (words.spoken_of(&language)) }
            }
            @if let Some(size) = text(document, &["household", "size"]) {
                dt { (words.household) } dd { (size) }
            }
            @if let Some(service) = text(document, &["need", "service", "display"]) {
                dt { (words.service) } dd { (service) }
            }
            @if let Some(priority) = text(document, &["need", "priority"]) {
                dt { (words.priority) } dd { (words.priority_of(&priority)) }
            }
            @if let Some(since) = since {
                dt { (words.since) } dd { (words.day_of(&since.to_zoned(partner.time_zone.clone()))) }
            }
            @if let Some(note) = text(document, &["note"]) { dt { (words.note) } dd { bdi { (note) } } }
            @if let Some(safe) = placement.safe_contact.as_ref().filter(|_| shown.contact) {
                dt { (words.safe_title) } dd { bdi { (safe) } }
            }
            @if let Some(booked) = &placement.appointment {
                dt { (words.appointment) }
                dd {
                    (words.moment(&local(booked.start.0, partner)))
                    @if let Some(place) = &booked.place { ", " (place) }
                }
            }
            @if let Some(name) = &placement.assigned { dt { (words.assigned) } dd { bdi { (name) } } }
        }
    }
}

/// A title that says that something is to be put right.
fn titled(words: &Words, title: &str, saying: &Saying) -> String {
    if saying.wrong.is_some() || saying.notice.is_some() {
        format!("{}: {title}", words.error)
    } else {
        title.to_owned()
    }
}

/// That the person must not be contacted cannot be missed.
pub fn stop(words: &Words, document: &Value) -> Markup {
    html! {
        @if is_silent(document) { p.banner.stop role="alert" { (words.stop) } }
    }
}

fn is_silent(document: &Value) -> bool {
    text(document, &["need", "contact"]).is_some()
}

/// What a service is called if nobody says otherwise: as it was asked for.
fn default_service(words: &Words, document: &Value) -> String {
    let asked = text(document, &["need", "service", "display"]);
    asked.unwrap_or_else(|| (words.what_given_default)(&need(words, document)))
}

pub fn need(words: &Words, document: &Value) -> String {
    words.need_of(&text(document, &["need", "category"]).unwrap_or_default())
}

pub fn standing(words: &Words, document: &Value) -> &'static str {
    // The community dialect's own words.
    (words.standing)(match text(document, &["status"]).as_deref() {
        Some("new") => TaskStatus::Requested,
        Some("accepted") => TaskStatus::Accepted,
        Some("in-progress") => TaskStatus::InProgress,
        Some("on-hold") => TaskStatus::OnHold,
        _ => TaskStatus::Completed,
    })
}

pub fn text(document: &Value, path: &[&str]) -> Option<String> {
    match path.iter().try_fold(document, |value, name| value.get(name))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub fn name(document: &Value) -> Option<String> {
    if let Some(whole) = text(document, &["client", "name", "text"]) {
        return Some(whole);
    }
    let given = document["client"]["name"]["given"].as_array().into_iter().flatten();
    let mut parts: Vec<String> = given.filter_map(Value::as_str).map(str::to_owned).collect();
    parts.extend(text(document, &["client", "name", "family"]));
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A telephone number as `tel:` wants it (RFC 3966).
fn dialled(phone: &str) -> String {
    phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// An instant where the organization is.
pub fn local(ms: i64, partner: &Partner) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.to_zoned(partner.time_zone.clone())
}
