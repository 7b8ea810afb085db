//! How the page of HL7 v2 links looks.

use maud::{Markup, html};

use super::html::{HTML, wide};
use crate::links::{Next, ParkedOne, State, Status, said};
use crate::reply::Reply;

/// All links; with buttons for who may press them.
pub fn table(links: &[Status], buttons: bool) -> Reply {
    let page = html! {
        h1 { "HL7 v2 links" }
        p.lead { "What waits to be sent, what is put aside, and what was seen since the gateway started. What a message says is not shown here." }
        @if links.is_empty() { p { "No partner has a link." } }
        @for one in links { (link(one, buttons)) }
        p { a href="/staff" { "Back to the desk" } }
    };
    Reply::with(200, HTML, wide("HL7 v2 links", &page))
}

fn link(one: &Status, buttons: bool) -> Markup {
    let at = format!("/staff/links/{}", one.link);
    html! {
        section.card {
            h2 { (one.link) }
            dl {
                dt { "State" } dd { (one.state.name()) @if let Some(since) = &one.since { " since " (since) } }
                dt { "Waiting" } dd { (one.depth) @if let Some(oldest) = &one.oldest_due { ", the oldest since " (oldest) } }
                dt { "Put aside" } dd { (one.parked.len()) }
                @if one.refusals_in_a_row > 0 { dt { "Refused in a row" } dd { (one.refusals_in_a_row) } }
                @if let Some(out) = &one.last_out { dt { "Last out" } dd { (out.at) ", " (out.code) } }
                @if let Some(heard) = &one.last_in {
                    dt { "Last in" } dd { (heard.at) ", " (heard.kind) ", " (heard.answer.as_deref().unwrap_or("no answer")) }
                }
                @if !one.heard_today.is_empty() {
                    dt { "Heard today" }
                    dd { @for (kind, count) in &one.heard_today { (kind) ": " (count) " " } }
                }
                dt { "Connections" } dd { (one.connections) " open, " (one.broken_streams) " broken off, " (one.half_frames) " half frames" }
            }
            @if buttons {
                @if one.state == State::Paused {
                    form method="post" action={ (at) "/resume" } { button.quiet type="submit" { "Send what waits" } }
                } @else {
                    form method="post" action={ (at) "/pause" } { button.quiet type="submit" { "Send nothing for now" } }
                }
            }
            @if !one.parked.is_empty() { (parked(&one.parked, &at, buttons)) }
            @if !one.next.is_empty() { (next(&one.next, &at, buttons)) }
        }
    }
}

fn parked(rows: &[ParkedOne], at: &str, buttons: bool) -> Markup {
    html! {
        h2 { "Put aside" }
        div.scroll { table {
            tr { th { "Message" } th { "Referral" } th { "Since" } th { "Refused" } th { "It said" } @if buttons { th { "" } } }
            @for one in rows {
                tr {
                    td { (one.message) } td { (one.referral) } td { (one.since) } td { (one.refusals) } td { (said(one)) }
                    @if buttons { td { (button(at, "unpark", &one.message, "Try it again")) } }
                }
            }
        } }
    }
}

fn next(rows: &[Next], at: &str, buttons: bool) -> Markup {
    html! {
        h2 { "Next" }
        div.scroll { table {
            tr { th { "Message" } th { "Referral" } th { "Since" } @if buttons { th { "" } } }
            @for one in rows {
                tr {
                    td { (one.message) } td { (one.referral) } td { (one.since) }
                    @if buttons { td { (button(at, "park", &one.message, "Put it aside")) } }
                }
            }
        } }
    }
}

fn button(at: &str, act: &str, message: &str, words: &str) -> Markup {
    html! {
        form method="post" action={ (at) "/" (act) } {
            input type="hidden" name="message" value=(message);
            button.quiet type="submit" { (words) }
        }
    }
}
