//! How the pages look: plain HTML, one stylesheet, no script, nothing from anywhere else.

use loopgate_referral::TaskStatus;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use super::form::{Filled, REASONS};
use super::page::{Opened, Saying};
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

/// The front door.
pub fn welcome() -> Reply {
    plain(
        200,
        "A gateway for referrals",
        "Community organizations come here by the link in an e-mail.",
    )
}

/// Where no link leads, or no longer.
pub fn nowhere() -> Reply {
    let words = "The link may have ended because the referral was closed or its time is over. If you expected \
                 to find one, please ask whoever sent it.";
    plain(404, "This link leads nowhere", words)
}

/// We cannot keep our promise now.
pub fn outage() -> Reply {
    plain(503, "Please try again in a moment", "Nothing was changed.").header("retry-after", "1")
}

/// Something is wrong with what was sent.
pub fn sorry(status: u16, words: &str) -> Reply {
    plain(status, "That did not work", words)
}

/// The referral is closed.
pub fn closed(status: TaskStatus) -> Reply {
    let words = match status {
        TaskStatus::Completed => "It is closed as served, and whoever referred the person is told.",
        TaskStatus::Rejected => "You declined it, and whoever referred the person is told.",
        _ => "It is closed.",
    };
    plain(200, "Thank you. Your answer is recorded", words)
}

fn plain(status: u16, title: &str, words: &str) -> Reply {
    let body = frame(title, &html! { h1 { (title) } p.lead { (words) } });
    Reply::with(status, HTML, body)
}

pub fn frame(title: &str, inside: &Markup) -> Vec<u8> {
    framed(title, "", inside)
}

/// A page with something broad on it.
pub fn wide(title: &str, inside: &Markup) -> Vec<u8> {
    framed(title, "wide", inside)
}

fn framed(title: &str, class: &str, inside: &Markup) -> Vec<u8> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · loopgate" }
                link rel="stylesheet" href="/page.css";
            }
            body { main class=(class) { p.mark { "loopgate" } (inside) } }
        }
    };
    page.into_string().into_bytes()
}

/// The need, and the question for the PIN.
pub fn first(document: &Value, organization: &str, token: &str, saying: &Saying) -> Vec<u8> {
    frame(
        "A referral is waiting",
        &html! {
            h1 { "A referral is waiting" }
            p.lead { "For " (organization) }
            (notice(saying))
            (stop(document))
            section.card {
                dl {
                    dt { "Need" } dd { (need(document)) }
                    @if let Some(service) = text(document, &["need", "service", "display"]) {
                        dt { "Service" } dd { (service) }
                    }
                    dt { "Status" } dd { (standing(document)) }
                }
            }
            section.card {
                h2 { "Who is it about?" }
                p { "Your organization's PIN opens the rest. This device remembers it for some hours." }
                form method="post" action={ "/r/" (token) "/pin" } {
                    div.field {
                        label for="pin" { "PIN" }
                        input type="password" id="pin" name="pin" inputmode="numeric" autocomplete="off" required maxlength="32";
                    }
                    button type="submit" { "Open the referral" }
                }
            }
        },
    )
}

/// All of it, and what can be done.
pub fn whole(document: &Value, opened: &Opened, token: &str, saying: &Saying) -> Vec<u8> {
    let silent = text(document, &["need", "contact"]).is_some();
    let lost: Vec<&str> = document["not_carried"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    frame(
        "Referral",
        &html! {
            h1 { (need(document)) }
            p.lead { "For " (opened.partner.name) " · " (standing(document)) }
            (notice(saying))
            (stop(document))
            section.card {
                dl {
                    @if let Some(name) = name(document) { dt { "Name" } dd { bdi { (name) } } }
                    @if let Some(phone) = text(document, &["client", "phone"]) {
                        dt { "Phone" }
                        dd { @if silent { (phone) } @else { a href={ "tel:" (dialled(&phone)) } { (phone) } } }
                    }
                    @if let Some(email) = text(document, &["client", "email"]) {
                        dt { "E-mail" }
                        dd { @if silent { (email) } @else { a href={ "mailto:" (email) } { (email) } } }
                    }
                    @if let Some(language) = text(document, &["client", "language"]) {
                        dt { "Language" } dd { (language) }
                    }
                    @if let Some(size) = text(document, &["household", "size"]) {
                        dt { "Household" } dd { (size) }
                    }
                    @if let Some(service) = text(document, &["need", "service", "display"]) {
                        dt { "Service" } dd { (service) }
                    }
                    @if let Some(priority) = text(document, &["need", "priority"]) {
                        dt { "Priority" } dd { (priority) }
                    }
                    @if let Some(note) = text(document, &["note"]) { dt { "Note" } dd { bdi { (note) } } }
                    @if let Some(booked) = &opened.placement.appointment {
                        dt { "Appointment" }
                        dd { (local(booked.start.0, opened)) @if let Some(place) = &booked.place { ", " (place) } }
                    }
                }
                @if !lost.is_empty() {
                    p.fine { "Not passed on: " (lost.join(", ")) }
                }
            }
            (acts(opened, token, saying))
        },
    )
}

fn acts(opened: &Opened, token: &str, saying: &Saying) -> Markup {
    let status = opened.placement.state.status();
    let waiting = status == TaskStatus::Requested;
    let version = opened.placement.version;
    let nothing = Filled::default();
    let filled = |act: &str| match &saying.wrong {
        Some((wrong, filled)) if wrong.act == act => (Some(wrong.words), filled),
        _ => (None, &nothing),
    };
    let form = |act: &str, inside: Markup| {
        html! {
            form method="post" action={ "/r/" (token) "/" (act) } {
                input type="hidden" name="version" value=(version);
                (inside)
            }
        }
    };
    let (decline, appointment, served) =
        (filled("decline"), filled("appointment"), filled("served"));
    let refuse = filled("refuse-cancel");
    html! {
        @if opened.placement.cancel_asked.is_some() {
            section.card {
                h2 { "You are asked to stop" }
                p { "Whoever referred the person calls it off. It is open until you answer." }
                (form("agree-cancel", html! { button type="submit" { "We stop" } }))
                (form("refuse-cancel", html! {
                    (problem(refuse.0))
                    div.field {
                        label for="goes-on" { "Or why you go on" }
                        textarea id="goes-on" name="text" maxlength="1000" required { (refuse.1.text("text")) }
                        p.hint { "Whoever referred the person reads this." }
                    }
                    button.quiet type="submit" { "We go on" }
                }))
            }
        }
        @if waiting {
            section.card {
                h2 { "Can you help?" }
                (form("accept", html! { button type="submit" { "Yes, we take it on" } }))
            }
            section.card {
                details open[decline.0.is_some()] {
                    summary { "No, we decline" }
                    (form("decline", html! {
                        (problem(decline.0))
                        fieldset {
                            legend { "Why?" }
                            @for (code, words) in REASONS {
                                label.choice {
                                    input type="radio" name="reason" value=(code) required checked[decline.1.text("reason") == code];
                                    span { (words) }
                                }
                            }
                        }
                        div.field {
                            label for="why" { "In your words" }
                            textarea id="why" name="text" maxlength="1000" { (decline.1.text("text")) }
                            p.hint { "Whoever referred the person reads this." }
                        }
                        button.quiet type="submit" { "Decline the referral" }
                    }))
                }
            }
        } @else {
            section.card {
                h2 { "The service was given" }
                (form("served", html! {
                    (problem(served.0))
                    div.field {
                        label for="what" { "What was given?" }
                        textarea id="what" name="text" maxlength="1000" required { (served.1.text("text")) }
                    }
                    div.field {
                        label for="when" { "When?" }
                        input type="date" id="when" name="date" value=(served.1.text("date"));
                        p.hint { "Leave it empty for today." }
                    }
                    button type="submit" { "Close as served" }
                }))
            }
            @if opened.placement.appointment.is_some() {
                section.card {
                    h2 { "The person did not come" }
                    p { "The referral stays open, and you can book another appointment." }
                    (form("no-show", html! { button.quiet type="submit" { "Note that they did not come" } }))
                }
            }
        }
        section.card {
            details open[appointment.0.is_some()] {
                summary { @if opened.placement.appointment.is_some() { "Book another appointment" } @else { "Book an appointment" } }
                (form("appointment", html! {
                    (problem(appointment.0))
                    div.pair {
                        div.field {
                            label for="day" { "Day" }
                            input type="date" id="day" name="date" required value=(appointment.1.text("date"));
                        }
                        div.field {
                            label for="time" { "Time" }
                            input type="time" id="time" name="time" required value=(appointment.1.text("time"));
                        }
                    }
                    p.hint { "In the time zone " (opened.partner.time_zone.iana_name().unwrap_or("UTC")) "." }
                    div.field {
                        label for="place" { "Place" }
                        input type="text" id="place" name="place" maxlength="200" value=(appointment.1.text("place"));
                    }
                    @if waiting { p.hint { "Booking takes the referral on." } }
                    button.quiet type="submit" { "Book it" }
                }))
            }
        }
    }
}

fn notice(saying: &Saying) -> Markup {
    html! {
        @if let Some(words) = saying.notice { p.banner.problem role="alert" { (words) } }
    }
}

fn problem(words: Option<&str>) -> Markup {
    html! {
        @if let Some(words) = words { p.banner.problem role="alert" { (words) } }
    }
}

/// That the person must not be contacted cannot be missed.
fn stop(document: &Value) -> Markup {
    html! {
        @if text(document, &["need", "contact"]).is_some() {
            p.banner.stop role="alert" { "Do not contact the person. Whoever referred them asked for this." }
        }
    }
}

fn text(document: &Value, path: &[&str]) -> Option<String> {
    match path.iter().try_fold(document, |value, name| value.get(name))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `food-insecurity` as people say it.
fn need(document: &Value) -> String {
    let code = text(document, &["need", "category"]).unwrap_or_default();
    let mut words = code.replace('-', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn standing(document: &Value) -> &'static str {
    match text(document, &["status"]).as_deref() {
        Some("new") => "waiting for your answer",
        Some("accepted") => "taken on",
        Some("in-progress") => "under way",
        Some("on-hold") => "on hold",
        _ => "closed",
    }
}

fn name(document: &Value) -> Option<String> {
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

fn local(ms: i64, opened: &Opened) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.to_zoned(opened.partner.time_zone.clone()).strftime("%a %-d %B %Y, %H:%M").to_string()
}
