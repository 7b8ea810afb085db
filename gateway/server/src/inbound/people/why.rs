//! The auditor's question on a page: why was this allowed, or refused?

use maud::{Markup, html};
use serde_json::Value;

use super::desk::{the_staff, way};
use super::form::Filled;
use super::html::{HTML, frame};
use super::sessions::Member;
use crate::audit::{self, Asker};
use crate::gate::Gate;
use crate::refusal::Trouble;
use crate::reply::Reply;

/// The form.
pub fn asked(problem: Option<&str>) -> Reply {
    let page = html! {
        h1 { "Why was it allowed, or refused?" }
        @if let Some(words) = problem { p.banner.problem role="alert" { (words) } }
        section.card {
            form method="post" action="/staff/why" {
                div.field {
                    label for="case" { "Case" }
                    input type="text" id="case" name="case" required maxlength="64";
                    p.hint { "Your look is recorded under it." }
                }
                div.field {
                    label for="about" { "Entry, or reference" }
                    input type="text" id="about" name="about" required maxlength="32";
                    p.hint { "The number of an entry, or the reference somebody was given with a refusal." }
                }
                button type="submit" { "Ask" }
            }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    let status = if problem.is_some() { 422 } else { 200 };
    Reply::with(status, HTML, frame("Why", &page))
}

/// The answer.
pub fn posted(gate: &Gate, member: &Member, filled: &Filled) -> Result<Reply, Trouble> {
    let (case, about) = (filled.text("case"), filled.text("about"));
    if !audit::is_case(case) {
        return Ok(asked(Some("Please name the case, in letters, digits, dots and dashes.")));
    }
    let staff = the_staff();
    let asker = Asker { way: way(&staff, member), case: Some(case.to_owned()) };
    match audit::explain(gate, &asker, about, &page) {
        Ok(released) => Ok(Reply::released(200, HTML, released)),
        Err(Trouble::Refused(_)) => {
            Ok(asked(Some("There is no such entry, or it decided nothing about anybody.")))
        }
        Err(outage) => Err(outage),
    }
}

fn page(said: &Value) -> Vec<u8> {
    let text = |at: &str| said[at].as_str().map(str::to_owned);
    let decision = text("decision").unwrap_or_default();
    let inside = html! {
        h1 { @if decision == "allowed" { "It was allowed" } @else { "It was refused" } }
        section.card {
            dl {
                (row("Entry", Some(said["entry"].to_string())))
                (row("When", text("time")))
                (row("Who", text("organization")))
                (row("Person", text("person")))
                (row("Referral", text("referral")))
                (row("To do", text("action")))
                (row("Reason", reason(&said["reason"])))
                (row("What", text("words")))
                (row("Reference", text("correlation")))
                (row("Way", text("channel")))
            }
            (kept_back(&said["kept_back"]))
        }
        @for basis in said["on"].as_array().into_iter().flatten() {
            section.card {
                h2 { "On: " (basis["basis"].as_str().unwrap_or_default().replace('-', " ")) }
                dl {
                    (row("Reason", reason(&basis["reason"])))
                    (row("Grant", grant(&basis["grant"])))
                    (row("For", basis["purpose"].as_str().map(str::to_owned)))
                    (row("To do", basis["action"].as_str().map(str::to_owned)))
                    (row("Template", list(&basis["templates"])))
                    (row("What passed", list(&basis["groups"])))
                    (row("Case", basis["case"].as_str().map(str::to_owned)))
                    (row("Entry of the emergency", basis["entry"].as_u64().map(|n| n.to_string())))
                }
                (kept_back(&basis["kept_back"]))
            }
        }
        p { a href="/staff/why" { "Ask about another" } }
    };
    frame("Why", &inside)
}

fn row(name: &str, value: Option<String>) -> Markup {
    html! { @if let Some(value) = value { dt { (name) } dd { (value) } } }
}

fn reason(reason: &Value) -> Option<String> {
    Some(format!(
        "{}: {}",
        reason["code"].as_str()?,
        reason["words"].as_str().unwrap_or("see the manual")
    ))
}

fn grant(grant: &Value) -> Option<String> {
    Some(format!("{}, version {}", grant["id"].as_str()?, grant["version"]))
}

fn list(items: &Value) -> Option<String> {
    let items: Vec<&str> = items.as_array()?.iter().filter_map(Value::as_str).collect();
    (!items.is_empty()).then(|| items.join(", "))
}

fn kept_back(items: &Value) -> Markup {
    html! {
        @for one in items.as_array().into_iter().flatten() {
            p.fine { "Kept back: " (one["resource"].as_str().unwrap_or_default()) ", " (reason(&one["reason"]).unwrap_or_default()) }
        }
    }
}
