//! How the auditor's search and lists look.

use maud::{Markup, html};

use super::html::{HTML, frame, wide};
use crate::audit::Asker;
use crate::audit::accounting::{Account, Law};
use crate::audit::search::Page;
use crate::audit::told::Told;
use crate::audit::words::{self, moment, plain};
use crate::gate::Gate;
use crate::reply::Reply;

/// What was asked for, as it was filled in.
pub struct Asked<'a> {
    /// The parameters.
    pub query: &'a [(String, String)],
    /// The case.
    pub case: Option<&'a str>,
}

impl Asked<'_> {
    fn text(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(one, _)| one == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The same question as a query, with one parameter another.
    fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let others = self.query.iter().filter(|(one, value)| one != name && !value.is_empty());
        query.extend_pairs(others);
        query.append_pair(name, value);
        if let Some(case) = self.case {
            query.append_pair("case", case);
        }
        query.finish()
    }
}

/// The search form.
pub fn form(asked: &Asked<'_>, kinds: &[String], problem: Option<&str>) -> Reply {
    let page = html! {
        h1 { "Audit" }
        p.lead { "What happened, to whose data, who let it, and on which ground." }
        @if let Some(words) = problem { p.banner.problem role="alert" { (words) } }
        (fields(asked, kinds))
        (lists(asked))
        p { a href="/staff/reveals" { "Who somebody is" } " · " a href="/staff/why" { "Why was it allowed, or refused?" } " · " a href="/staff" { "Desk" } }
    };
    let status = if problem.is_some() { 422 } else { 200 };
    Reply::with(status, HTML, frame("Audit", &page))
}

fn fields(asked: &Asked<'_>, kinds: &[String]) -> Markup {
    let field = |name: &'static str, label: &str, kind: &str, hint: &str| {
        html! {
            div.field {
                label for=(name) { (label) }
                input type=(kind) id=(name) name=(name) maxlength="128" value=(asked.text(name));
                @if !hint.is_empty() { p.hint { (hint) } }
            }
        }
    };
    html! {
        section.card.no-print {
            form method="get" action="/staff/audit" {
                div.field {
                    label for="case" { "Case" }
                    input type="text" id="case" name="case" required maxlength="64" value=(asked.case.unwrap_or_default());
                    p.hint { "Your look is recorded under it." }
                }
                (field("referral", "Referral", "text", "The number that begins with ref_."))
                (field("person", "Person", "text", "The pseudonym that begins with ps1., as earlier answers name it."))
                (field("organization", "Organization", "text", "The name of its partner file, like pantry."))
                div.pair {
                    (field("since", "From", "date", ""))
                    (field("until", "To", "date", ""))
                }
                div.pair {
                    div.field {
                        label for="kind" { "Kind" }
                        select id="kind" name="kind" {
                            option value="" { "any" }
                            @for kind in kinds {
                                option value=(kind) selected[asked.text("kind") == kind] { (kind) }
                            }
                        }
                    }
                    (field("reason", "Reason code", "text", ""))
                }
                button type="submit" { "Search" }
            }
        }
    }
}

/// The lists that the law lets a person ask for.
fn lists(asked: &Asked<'_>) -> Markup {
    html! {
        section.card.no-print {
            details {
                summary { "Lists for a person" }
                form method="get" action="/staff/audit/accounting" {
                    div.field {
                        label for="list-case" { "Case" }
                        input type="text" id="list-case" name="case" required maxlength="64" value=(asked.case.unwrap_or_default());
                    }
                    div.field {
                        label for="list-person" { "Person" }
                        input type="text" id="list-person" name="person" required maxlength="128" value=(asked.text("person"));
                    }
                    fieldset {
                        legend { "Which list?" }
                        label.choice { input type="radio" name="basis" value="164.528" required checked; span { "Accounting of disclosures, 45 CFR 164.528: six years" } }
                        label.choice { input type="radio" name="basis" value="2.24"; span { "List of disclosures by an intermediary, 42 CFR 2.24: three years" } }
                    }
                    button.quiet type="submit" { "Make the list" }
                }
            }
        }
    }
}

/// Asks for the case alone, where all else is known.
pub fn case(path: &str, query: &[(String, String)], problem: Option<&str>) -> Reply {
    let page = html! {
        h1 { "For which case?" }
        @if let Some(words) = problem { p.banner.problem role="alert" { (words) } }
        section.card {
            form method="get" action=(path) {
                @for (name, value) in query { input type="hidden" name=(name) value=(value); }
                div.field {
                    label for="case" { "Case" }
                    input type="text" id="case" name="case" required maxlength="64";
                    p.hint { "Your look is recorded under it." }
                }
                button type="submit" { "Go on" }
            }
        }
    };
    Reply::with(if problem.is_some() { 422 } else { 200 }, HTML, frame("Audit", &page))
}

/// What was found.
pub fn found(
    gate: &Gate,
    asker: &Asker<'_>,
    asked: &Asked<'_>,
    kinds: &[String],
    page: &Page,
) -> Vec<u8> {
    let whole = html! {
        h1 { "Audit" }
        p.lead { "Case " bdi { (asked.case.unwrap_or_default()) } " · " (words::entries(page.told.len())) ", newest first" @if page.next.is_some() { "; there are more" } }
        @if page.told.is_empty() { p.banner { "There is no such entry." } }
        @for told in &page.told { (entry(gate, asker, asked, told)) }
        p.no-print {
            @if let Some(next) = page.next { a href={ "/staff/audit?" (asked.with("cursor", &next.to_string())) } { "Older entries" } " · " }
            "Save as "
            @for (n, (form, name)) in FORMS.iter().enumerate() {
                @if n > 0 { ", " }
                a href={ "/audit/v1/entries?" (asked.with("format", form)) } { (name) }
            }
        }
        h2.no-print { "Search again" }
        (fields(asked, kinds))
        (lists(asked))
        p.no-print { a href="/staff" { "Desk" } }
    };
    wide("Audit", &whole)
}

/// The forms in which something is saved.
pub const FORMS: [(&str, &str); 3] =
    [("csv", "a table (CSV)"), ("ndjson", "lines of JSON"), ("fhir", "FHIR AuditEvents")];

fn entry(gate: &Gate, asker: &Asker<'_>, asked: &Asked<'_>, told: &Told) -> Markup {
    let refused = told.kind == "phi.denied";
    let of = |name: &str, value: &str| {
        format!("/staff/audit?{}", Asked { query: &[], ..*asked }.with(name, value))
    };
    html! {
        section.card.entry.refused[refused] {
            p.when { (moment(told.at)) " UTC · entry " (told.index) " · " (told.kind) }
            p.words { (words::of(gate, told)) }
            p.fine {
                @for referral in &told.referrals {
                    a href={ "/staff/audit/referral/" (referral) "?case=" (asked.case.unwrap_or_default()) } { (referral) } " "
                }
                @for person in &told.persons {
                    @let called = asker.called(gate, *person);
                    a href=(of("person", &called)) { (called) } " "
                }
                @if !told.organizations.is_empty() { "· " }
                @for org in &told.organizations { a href=(of("organization", org)) { (org) } " " }
                @if !told.actor.is_empty() { "· by " (told.actor) }
                @if !told.transport.is_empty() { " (" (told.transport) ")" }
            }
        }
    }
}

/// A list for a person.
pub fn account(gate: &Gate, asker: &Asker<'_>, account: &Account, case: &str) -> Vec<u8> {
    let (title, law) = match account.law {
        Law::Accounting => ("Accounting of disclosures", "45 CFR 164.528"),
        Law::Intermediary => ("List of disclosures", "42 CFR 2.24"),
    };
    let called = asker.called(gate, account.person);
    let save = |form: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([("person", called.as_str()), ("basis", account.law.name())]);
        query.extend_pairs([("format", form), ("case", case)]);
        format!("/audit/v1/accounting?{}", query.finish())
    };
    let whole = html! {
        h1 { (title) }
        p.lead { (law) " · person " bdi { (called) } " · " (moment(account.since)) " to " (moment(account.until)) " UTC" }
        p {
            @match account.law {
                Law::Accounting => { "Without what was for treatment, payment or operations, what went to the person, and what the person authorized in writing: the law leaves these out. The whole of what happened is found by searching for the person." }
                Law::Intermediary => { "Records that 42 CFR Part 2 protects, which this gateway passed on under a consent." }
            }
        }
        @if account.rows.is_empty() { p.banner { "Nothing is on this list." } }
        @if !account.rows.is_empty() {
            div.scroll { table {
                thead { tr { th { "To" } th { "What" } th { "What for" } th { "First" } th { "Last" } th { "Times" } } }
                tbody {
                    @for row in &account.rows {
                        tr {
                            td { (words::organization(gate, row.recipient.as_str())) }
                            td { (row.what) }
                            td { (row.purpose) }
                            td { (moment(row.first)) }
                            td { (moment(row.last)) }
                            td { (row.times) }
                        }
                    }
                }
            } }
        }
        p.fine { "Addresses of organizations are not recorded here. What was shown before and is read again counts once a day. Times are UTC." }
        p.no-print {
            "Save as "
            @for (n, (form, name)) in FORMS.iter().enumerate() {
                @if n > 0 { ", " }
                a href=(save(form)) { (name) }
            }
        }
        p.no-print { a href={ "/staff/audit?case=" (case) } { "Audit" } " · " a href="/staff" { "Desk" } }
    };
    wide(plain(title).as_str(), &whole)
}
