//! How the staff's pages look.

use loopgate_consent::{Back, DataClass, Effect, Grant, GrantState, Grantor};
use loopgate_referral::PersonId;
use maud::{Markup, html};

use super::attest_form::{BASES, GRANTORS, SHOWS, Sheet};
use super::desk::Waiting;
use super::form::Filled;
use super::html::{HTML, frame};
use super::own_html::class_words;
use super::person::{About, Notice};
use super::sessions::Member;
use crate::fold::Broken;
use crate::reply::Reply;
use crate::staff::StaffRole;

/// The sign-in page.
pub fn sign_in(status: u16, problem: Option<&str>, provider: bool) -> Reply {
    let page = html! {
        h1 { "Sign in" }
        p.lead { "For coordinators and auditors of this community." }
        @if let Some(words) = problem { p.banner.problem role="alert" { (words) } }
        @if provider { section.card { p { a href="/staff/oidc" { "Sign in with your organization's account" } } } }
        section.card {
            form method="post" action="/staff/sign-in" {
                div.field { label for="name" { "Name" } input type="text" id="name" name="name" autocomplete="username" required maxlength="64"; }
                div.field { label for="password" { "Password" } input type="password" id="password" name="password" autocomplete="current-password" required maxlength="128"; }
                div.field {
                    label for="code" { "One-time code" }
                    input type="text" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="8";
                    p.hint { "From your authenticator." }
                }
                button type="submit" { "Sign in" }
            }
        }
    };
    Reply::with(status, HTML, frame("Sign in", &page))
}

/// The question for the code of a sheet.
pub fn sheet_code(status: u16, problem: Option<&str>) -> Reply {
    let invalid = problem.map(|_| "true");
    let described = if problem.is_some() { "code-hint code-error" } else { "code-hint" };
    let page = html! {
        h1 { "Answer by phone" }
        p.lead { "For an organization that calls with a printed sheet." }
        section.card {
            form method="post" action="/staff/sheet" {
                div.field {
                    label for="code" { "Code on the sheet" }
                    @if let Some(words) = problem { p.error id="code-error" role="alert" { (words) } }
                    input type="text" id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false"
                        required maxlength="20" aria-describedby=(described) aria-invalid=[invalid];
                    p.hint id="code-hint" { "Nine letters and digits, like 7KQ-3F9-X2M. O is zero; I and L are one." }
                }
                button type="submit" { "Find the referral" }
            }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    let title = if problem.is_some() { "Error: Answer by phone" } else { "Answer by phone" };
    Reply::with(status, HTML, frame(title, &page))
}

/// A sentence, and the way back.
pub fn done(words: &str) -> Reply {
    let page = html! { h1 { (words) } p { a href="/staff" { "Back to the desk" } } };
    Reply::with(200, HTML, frame("Desk", &page))
}

/// What waits.
pub fn desk(member: &Member, waiting: &[Waiting], broken: &[Broken], reveals: usize) -> Reply {
    let page = html! {
        h1 { "Desk" }
        p.lead { "Signed in as " bdi { (member.called) } }
        @if member.is(StaffRole::Coordinator) {
            p { a href="/staff/sheet" { "Answer by phone: enter the code of a sheet" } }
            h2 { "Forms that wait for somebody to read them" }
            @if waiting.is_empty() { p { "None." } }
            @for one in waiting {
                section.card {
                    dl {
                        dt { "Form" } dd { a href={ "/staff/forms/" (one.consent.id()) } { (one.consent.id()) } }
                        dt { "From" } dd { (one.from) }
                        @if let Some(first) = &one.first { dt { "First read by" } dd { (first) ". A second person has to read it." } }
                    }
                }
            }
            h2 { "Find a person" }
            section.card {
                form method="post" action="/staff/find" {
                    div.field { label for="system" { "Identifier system" } input type="text" id="system" name="system" required maxlength="256"; }
                    div.field { label for="value" { "Identifier" } input type="text" id="value" name="value" required maxlength="256"; }
                    button type="submit" { "Find" }
                }
            }
        }
        @if member.is(StaffRole::Coordinator) {
            h2 { "Emergencies to look at" }
            @if broken.is_empty() { p { "None." } }
            @for one in broken {
                section.card {
                    dl {
                        dt { "Who" } dd { (one.org) }
                        dt { "Entry" } dd { a href={ "/staff/glass/" (one.entry) } { (one.entry) } }
                    }
                }
            }
        }
        @if member.is(StaffRole::Auditor) {
            h2 { "Audit" }
            p { a href="/staff/audit" { "What happened, to whose data" } }
            p { a href="/staff/why" { "Why was something allowed or refused?" } }
        }
        @if reveals > 0 || member.is(StaffRole::Auditor) {
            p { a href="/staff/reveals" { "Who somebody is" } @if reveals > 0 { " (" (reveals) " for a second person)" } }
        }
        p { a href="/staff/links" { "HL7 v2 links" } }
        form method="post" action="/staff/sign-out" { button.quiet type="submit" { "Sign out" } }
    };
    Reply::with(200, HTML, frame("Desk", &page))
}

/// Why somebody broke the glass, and what to make of it.
pub fn glass(one: &Broken) -> Vec<u8> {
    let page = html! {
        h1 { "An emergency to look at" }
        section.card {
            dl {
                dt { "Who" } dd { (one.org) }
                dt { "Why" } dd { bdi { (one.glass.reason) } }
                dt { "Medical emergency" } dd { @if one.glass.medical_emergency { "yes" } @else { "no" } }
                dt { "Entry" } dd { (one.entry) }
            }
            form method="post" action={ "/staff/glass/" (one.entry) } {
                label.choice { input type="radio" name="justified" value="yes" required; span { "It was an emergency" } }
                label.choice { input type="radio" name="justified" value="no" required; span { "It was not; it is followed up" } }
                button.quiet type="submit" { "Record the review" }
            }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    frame("Emergency", &page)
}

fn about(one: &About) -> Markup {
    html! {
        dl {
            dt { "Person" } dd { bdi { (one.name) } }
            dt { "Born" } dd { (one.born) }
        }
    }
}

/// The sheet that a form is read onto.
pub fn form(sheet: &Sheet, wrong: Option<&(String, &Filled)>) -> Vec<u8> {
    let nothing = Filled::default();
    let filled = wrong.map_or(&nothing, |(_, filled)| filled);
    let is = |name: &str, value: &str| filled.text(name) == value;
    let on = |name: &str| !filled.text(name).is_empty();
    let from = sheet.from.iter().map(ToString::to_string).collect::<Vec<_>>();
    let box_ = |name: String, words: &str| {
        html! { label.choice { input type="checkbox" name=(name) value="on" checked[on(&name)]; span { (words) } } }
    };
    let choice = |name: &str, value: &str, words: &str| {
        html! { label.choice { input type="radio" name=(name) value=(value) required checked[is(name, value)]; span { (words) } } }
    };
    let date = |name: &str, words: &str| {
        html! { div.field { label for=(name) { (words) } input type="date" id=(name) name=(name) value=(filled.text(name)); } }
    };
    let page = html! {
        h1 { "Read the form" }
        p.lead { "Say what the signed form says, and nothing more. You vouch for it with your name." }
        @if let Some((words, _)) = wrong { p.banner.problem role="alert" { (words) } }
        @if let Some(first) = &sheet.first { p.banner { (first) " read it first. You read it without looking at what they read; both must agree." } }
        section.card {
            (about(&sheet.about))
            @if sheet.received { p.fine { "Sent by " (from.join(", ")) } }
            @if sheet.document { p { a href={ (sheet.at) "/document" } { "Open the signed form" } } }
        }
        form method="post" action=(sheet.at) {
            @if !sheet.received {
                fieldset { legend { "Who may share?" } @for org in &from { (choice("from", org, org)) } }
            }
            fieldset {
                legend { "What is it?" }
                @for (code, _, words) in BASES {
                    @if code != "verbal" || sheet.verbal { (choice("basis", code, words)) }
                }
            }
            fieldset { legend { "Who signed?" } @for (code, _, words) in GRANTORS { (choice("grantor", code, words)) } }
            fieldset { legend { "Who may receive it?" } @for (org, name) in &sheet.targets { (box_(format!("to.{org}"), name)) } }
            fieldset { legend { "What may be shared?" } @for class in DataClass::ALL { (box_(format!("class.{}", class.name()), class_words(class))) } }
            div.field {
                label for="purpose" { "For which purpose?" }
                input type="text" id="purpose" name="purpose" value=(if on("purpose") { filled.text("purpose") } else { "CAREMGT" }) maxlength="16";
                p.hint { "A code of v3-ActReason: CAREMGT is care management." }
            }
            (date("signed", "Signed on"))
            div.pair { (date("start", "Holds from")) (date("end", "Holds until, that day included")) }
            fieldset {
                legend { "How much of the answer may go back?" }
                (choice("back", "full", "status and what was given"))
                (choice("back", "status", "the status alone"))
            }
            fieldset {
                legend { "What else does it show?" }
                @for (name, element) in SHOWS { (box_(format!("shows.{name}"), element.words())) }
            }
            button type="submit" { "I read it so" }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    frame("Read the form", &page)
}

/// A person, as a coordinator acts for them.
pub struct Person {
    pub id: PersonId,
    pub about: About,
    pub grants: Vec<Grant>,
    /// Who looks alike.
    pub alike: Vec<PersonId>,
    /// Their Grants wait.
    pub waits: bool,
    pub notice: Option<Notice>,
}

/// The page of a person.
pub fn person(one: &Person) -> Vec<u8> {
    let at = format!("/staff/person/{}", one.id);
    let page = html! {
        h1 { "Person" }
        @match &one.notice {
            Some(Notice::Words(words)) => { p.banner role="status" { (words) } }
            Some(Notice::Link(link, code)) => {
                section.banner role="status" {
                    p { "Hand over the link and the code by two ways. They are shown once." }
                    dl { dt { "Link" } dd { (link) } dt { "Code" } dd { (code) } }
                }
            }
            None => {}
        }
        section.card { (about(&one.about)) }
        @if one.waits { p.banner.problem { "Everything waits until it is clear who this is." } }
        h2 { "What they agreed to" }
        @if one.grants.is_empty() { p { "Nothing." } }
        @for grant in &one.grants { (agreed(&at, grant)) }
        p { a href={ (at) "/paper" } { "Read a form on paper" } }
        h2 { "A page of their own" }
        section.card {
            form method="post" action={ (at) "/link" } {
                label.choice { input type="radio" name="for" value="person" required; span { "For the person" } }
                label.choice { input type="radio" name="for" value="proxy" required; span { "For somebody who speaks for them" } }
                button.quiet type="submit" { "Make a link" }
            }
            form method="post" action={ (at) "/end-links" } {
                button.quiet type="submit" { "End every link made before" }
            }
        }
        @for other in &one.alike {
            section.card {
                h2 { "Somebody looks alike" }
                p { a href={ "/staff/person/" (other) } { (other) } }
                form method="post" action={ (at) "/" (if one.waits { "release" } else { "hold" }) } {
                    input type="hidden" name="other" value=(other);
                    button.quiet type="submit" {
                        @if one.waits { "They are two persons: let both go on" } @else { "They may be one: let both wait" }
                    }
                }
            }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    frame("Person", &page)
}

/// Who signed, unless it was the person.
fn row_of(grantor: Grantor) -> Markup {
    let words = GRANTORS.iter().find(|(_, one, _)| *one == grantor).map(|(_, _, words)| *words);
    html! {
        @if grantor != Grantor::Person { dt { "Signed by" } dd { (words.unwrap_or_default()) } }
    }
}

fn agreed(at: &str, grant: &Grant) -> Markup {
    let permits = || grant.says.rules.iter().filter(|rule| rule.effect == Effect::Permit);
    let to: Vec<String> =
        permits().flat_map(|rule| &rule.recipients).map(|(org, _)| org.to_string()).collect();
    let of: Vec<&str> =
        permits().flat_map(|rule| &rule.classes).copied().map(class_words).collect();
    let state = match grant.says.state {
        GrantState::Active => "holds",
        GrantState::Pending => "waits for somebody to read the form",
        GrantState::Uninterpretable => "says something that no program reads",
        GrantState::Revoked => "withdrawn",
    };
    html! {
        section.card {
            dl {
                dt { "Grant" } dd { (grant.id) ", version " (grant.version) }
                dt { "State" } dd { (state) }
                dt { "To" } dd { (to.join(", ")) }
                dt { "About" } dd { (of.join(", ")) }
                (row_of(grant.says.terms.grantor))
                @if grant.says.terms.back == Back::StatusOnly { dt { "Answer" } dd { "the status alone" } }
                @if !grant.says.terms.attested_by.is_empty() { dt { "Read by" } dd { (grant.says.terms.attested_by.join(", ")) } }
            }
            @if grant.says.state != GrantState::Revoked {
                form method="post" action={ (at) "/withdraw" } {
                    input type="hidden" name="grant" value=(grant.id);
                    button.quiet type="submit" { "Withdraw it for them" }
                }
                form method="post" action={ (at) "/" (if grant.doubted { "trust" } else { "doubt" }) } {
                    input type="hidden" name="grant" value=(grant.id);
                    button.quiet type="submit" {
                        @if grant.doubted { "Who signed it may after all" } @else { "Who signed it may not any more" }
                    }
                }
            }
        }
    }
}
