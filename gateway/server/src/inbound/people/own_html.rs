//! How the person's own pages look, and their report as a table.

use jiff::tz::TimeZone;
use loopgate_consent::{Class, DataClass, Effect, Grant, GrantState};
use loopgate_referral::{OrgId, Timestamp};
use maud::{Markup, html};

use super::html::{HTML, frame};
use super::own::Account;
use crate::fold::Line;
use crate::gate::Gate;
use crate::reply::Reply;

/// The question for the code.
pub fn code(status: u16, token: &str, problem: Option<&str>) -> Reply {
    let page = html! {
        h1 { "What was shared about you" }
        p.lead { "This page is yours. The code that came with the link opens it." }
        @if let Some(words) = problem { p.banner.problem role="alert" { (words) } }
        section.card {
            form method="post" action={ "/me/" (token) "/code" } {
                div.field {
                    label for="code" { "Code" }
                    input type="text" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="12";
                }
                button type="submit" { "Open my page" }
            }
        }
    };
    Reply::with(status, HTML, frame("What was shared about you", &page))
}

/// What they agreed to, and what happened.
pub fn account(gate: &Gate, account: &Account, token: &str) -> Vec<u8> {
    let active = |grant: &&Grant| grant.says.state != GrantState::Revoked;
    let open: Vec<&Grant> = account.grants.iter().filter(active).collect();
    let ended: Vec<&Grant> = account.grants.iter().filter(|grant| !active(grant)).collect();
    let whose = if account.proxy { "the person" } else { "you" };
    let page = html! {
        h1 { "What was shared about " (whose) }
        h2 { "What " (whose) " agreed to" }
        @if open.is_empty() { p { "Nothing is agreed to at the moment. Nothing new is shared." } }
        @for grant in &open {
            section.card {
                (agreed(gate, grant))
                form method="post" action={ "/me/" (token) "/withdraw" } {
                    input type="hidden" name="grant" value=(grant.id);
                    button.quiet type="submit" { "Withdraw this" }
                    p.hint { "From then on nothing more is shared on it. What was shared before cannot be taken back; \
                              whoever has it is told to stop using it." }
                }
            }
        }
        @if open.len() > 1 && !account.proxy {
            form method="post" action={ "/me/" (token) "/withdraw" } {
                input type="hidden" name="grant" value="all";
                button type="submit" { "Withdraw everything" }
            }
        }
        @for grant in &ended {
            section.card { (agreed(gate, grant)) p.fine { "Withdrawn." } }
        }
        h2 { "What happened" }
        @if account.lines.is_empty() { p { "Nothing was shared yet." } }
        @for told in tellings(gate, &account.lines) {
            section.card {
                dl {
                    dt { "When" }
                    dd { (moment(told.last)) @if told.times > 1 { ", " (told.times) " times since " (moment(told.first)) } }
                    dt { "Who" } dd { (told.who) }
                    dt { "What" } dd { (told.what) }
                    dt { "Why" } dd { (told.why) }
                }
            }
        }
        p { a href={ "/me/" (token) "/report.csv" } { "Save all of it as a table" } }
    };
    frame("What was shared", &page)
}

/// The same, told to the same for the same reason, once or often (45 CFR 164.528(b)(3)).
struct Telling {
    who: String,
    what: String,
    why: String,
    first: Timestamp,
    last: Timestamp,
    times: usize,
}

/// Newest first, as the lines are.
fn tellings(gate: &Gate, lines: &[Line]) -> Vec<Telling> {
    let mut all: Vec<Telling> = Vec::new();
    for line in lines {
        let (who, what, why) = (name(gate, &line.who), what(line), why(line));
        let same = |one: &&mut Telling| one.who == who && one.what == what && one.why == why;
        match all.iter_mut().find(same) {
            Some(known) => (known.first, known.times) = (line.at, known.times + 1),
            None => all.push(Telling { who, what, why, first: line.at, last: line.at, times: 1 }),
        }
    }
    all
}

fn agreed(gate: &Gate, grant: &Grant) -> Markup {
    let permits = || grant.says.rules.iter().filter(|rule| rule.effect == Effect::Permit);
    let list = |mut items: Vec<String>| {
        items.sort();
        items.dedup();
        items.join(", ")
    };
    let to = permits().flat_map(|rule| &rule.recipients).map(|(org, _)| name(gate, org)).collect();
    let of = permits().flat_map(|rule| &rule.classes).copied().map(class_words);
    let of = of.map(str::to_owned).collect();
    let from = grant.says.disclosers.iter().map(|org| name(gate, org)).collect();
    let until = permits().filter_map(|rule| rule.period.end).max();
    html! {
        dl {
            dt { "May share" } dd { (list(from)) }
            dt { "With" } dd { (list(to)) }
            dt { "About" } dd { (list(of)) }
            @if let Some(signed) = grant.says.signed { dt { "Signed" } dd { (day(signed)) } }
            @if let Some(until) = until { dt { "Until" } dd { (day(Timestamp(until.0 - 1))) } }
            @if grant.says.state == GrantState::Pending { dt { "State" } dd { "waits for somebody to read the form" } }
        }
    }
}

/// The name of an organization, for people.
fn name(gate: &Gate, org: &OrgId) -> String {
    match org.as_str() {
        crate::roster::THE_PERSON => return "this page".to_owned(),
        crate::roster::THE_STAFF => return "the gateway's coordinators".to_owned(),
        _ => {}
    }
    let roster = gate.scribe.published().roster.load();
    roster.get(org).map_or_else(|| org.to_string(), |partner| partner.name.clone())
}

/// A data class in plain words.
pub fn class_words(class: DataClass) -> &'static str {
    match class {
        DataClass::Food => "food",
        DataClass::Housing => "housing",
        DataClass::Transport => "transport",
        DataClass::Utilities => "electricity, gas and water",
        DataClass::Employment => "work and education",
        DataClass::Financial => "money and insurance",
        DataClass::Social => "company and stress",
        DataClass::Veteran => "service in the forces",
        DataClass::Ipv => "violence at home",
        DataClass::Justice => "prison and after",
    }
}

/// Field groups in plain words.
fn what(line: &Line) -> String {
    match &line.what {
        Ok(groups) if groups.is_empty() => "what is kept about you".to_owned(),
        Ok(groups) => {
            let mut words: Vec<&str> = groups.iter().map(|group| plain(group)).collect();
            words.sort_unstable();
            words.dedup();
            words.join(", ")
        }
        Err(_) => "nothing: it was refused".to_owned(),
    }
}

fn plain(group: &str) -> &str {
    match group {
        "identity" => "your name",
        "contact" => "how to reach you, and your language",
        "address" => "your address",
        "household" => "your household",
        "need" => "what you need",
        "status" => "how it stands",
        "note" => "what was written about it",
        other => other,
    }
}

fn why(line: &Line) -> String {
    match (&line.what, &line.purpose) {
        (Err(code), _) => match code.class() {
            Some(Class::ConsentDenied) => format!("{}.", code.words()),
            _ => "They may not ask for this.".to_owned(),
        },
        (Ok(_), Some(purpose)) => format!("{} (purpose {purpose})", line.ground.words()),
        (Ok(_), None) => line.ground.words().to_owned(),
    }
}

fn moment(at: Timestamp) -> String {
    at_utc(at, "%-d %B %Y, %H:%M UTC")
}

fn day(at: Timestamp) -> String {
    at_utc(at, "%-d %B %Y")
}

fn at_utc(at: Timestamp, form: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).strftime(form).to_string()
}

/// The report as a table.
pub fn csv(gate: &Gate, account: &Account) -> Vec<u8> {
    let rows = account.lines.iter().map(|line| {
        let entry = line.index.to_string();
        vec![moment(line.at), name(gate, &line.who), what(line), why(line), entry]
    });
    crate::sheet::csv(&["when", "who", "what", "why", "entry"], rows)
}
