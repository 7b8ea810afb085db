//! Who somebody is: an auditor asks, a second person of the staff agrees, the auditor reads it once.

use maud::html;

use super::desk::{the_staff, way};
use super::desk_html;
use super::form::Filled;
use super::html::{self as pages, HTML, frame};
use super::sessions::Member;
use crate::audit::reveal::{self, Identity};
use crate::audit::words::{self, moment};
use crate::audit::{self, Asker};
use crate::fold::Reveal;
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::staff::StaffRole;

/// What one asked, and what waits for them.
pub fn list(gate: &Gate, member: &Member) -> Reply {
    let (staff, now) = (the_staff(), gate.now());
    let auditor = member.is(StaffRole::Auditor);
    let mine = |one: &Reveal| one.org == staff && !one.is_second(&member.name);
    let (own, others): (Vec<_>, Vec<_>) = {
        let world = gate.scribe.published().world();
        let all = world.staff.reveals.iter().filter(|(_, one)| mine(one) || one.waits(now));
        all.map(|(entry, one)| (entry, one.clone())).partition(|(_, one)| mine(one))
    };
    let page = html! {
        h1 { "Who somebody is" }
        p.lead { "An auditor asks, another person agrees within a day, and the auditor reads it once, within an hour." }
        h2 { "Waits for a second person" }
        @if others.is_empty() { p { "Nothing." } }
        @for (entry, one) in &others {
            section.card {
                dl {
                    dt { "Who asks" } dd { (asks(gate, one)) }
                    dt { "Case" } dd { (one.case) }
                    dt { "When" } dd { (moment(one.asked)) " UTC" }
                }
                p { a href={ "/staff/reveals/" (entry) } { "Look at the question" } }
            }
        }
        @if auditor {
            h2 { "What you asked" }
            @if own.is_empty() { p { "Nothing." } }
            @for (entry, one) in &own {
                section.card {
                    dl {
                        dt { "Case" } dd { (one.case) }
                        dt { "When" } dd { (moment(one.asked)) " UTC" }
                        dt { "State" } dd { (state(one, gate)) }
                    }
                    @if one.is_open(now) {
                        form method="post" action={ "/staff/reveals/" (entry) "/read" } { button type="submit" { "Read it, once" } }
                    }
                }
            }
            h2 { "Ask" }
            section.card {
                form method="post" action="/staff/reveals" {
                    div.field { label for="case" { "Case" } input type="text" id="case" name="case" required maxlength="64"; }
                    div.field { label for="person" { "Person" } input type="text" id="person" name="person" required maxlength="64"; p.hint { "The pseudonym that begins with ps1." } }
                    div.field { label for="reason" { "Why do you have to know?" } textarea id="reason" name="reason" required minlength="10" maxlength="500" {} }
                    button type="submit" { "Ask" }
                }
            }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    Reply::with(200, HTML, frame("Who somebody is", &page))
}

fn asks(gate: &Gate, one: &Reveal) -> String {
    match &one.by {
        Some(by) => by.clone(),
        None => words::organization(gate, one.org.as_str()),
    }
}

fn state(one: &Reveal, gate: &Gate) -> &'static str {
    match one.state(gate.now()) {
        "asked" => "waits for a second person",
        "confirmed" => "may be read now, once",
        "read" => "was read",
        _ => "is over",
    }
}

/// A question, for who may agree to it. Its words may be about the person: they pass the exit.
pub fn shown(gate: &Gate, member: &Member, entry: &str) -> Result<Reply, Trouble> {
    let (entry, one) = reveal::to_confirm(gate, &member.name, entry)?;
    let staff = the_staff();
    let asker = Asker { way: way(&staff, member), case: Some(one.case.clone()) };
    let render = || {
        let page = html! {
            h1 { "May they learn who it is?" }
            section.card {
                dl {
                    dt { "Who asks" } dd { (asks(gate, &one)) }
                    dt { "Case" } dd { (one.case) }
                    dt { "Person" } dd { (asker.called(gate, one.person)) }
                    dt { "Why" } dd { bdi { (one.reason) } }
                    dt { "When" } dd { (moment(one.asked)) " UTC" }
                }
                form method="post" action={ "/staff/reveals/" (entry) "/confirm" } {
                    button type="submit" { "Yes, they may read it once" }
                    p.hint { "If not, do nothing: the question ends a day after it was asked." }
                }
            }
            p { a href="/staff/reveals" { "Back" } }
        };
        frame("Who somebody is", &page)
    };
    let told = audit::told::Told::read(gate, &[entry])?;
    let released = audit::release(gate, &asker, ("reveal-question", &[]), &told, &render)?;
    Ok(Reply::released(200, HTML, released))
}

/// What a form on these pages does.
pub fn posted(
    gate: &Gate,
    member: &Member,
    path: &[&str],
    filled: &Filled,
) -> Result<Reply, Trouble> {
    let (staff, auditor) = (the_staff(), member.is(StaffRole::Auditor));
    let asker = |case: &str| Asker { way: way(&staff, member), case: Some(case.to_owned()) };
    match path {
        [] if auditor => {
            let asked = reveal::ask(
                gate,
                &asker(filled.text("case")),
                filled.text("person"),
                filled.text("reason"),
            );
            match asked {
                Ok(_) => Ok(pages::see("/staff/reveals", None)),
                Err(Trouble::Outage) => Err(Trouble::Outage),
                Err(_) => Ok(pages::sorry(
                    422,
                    "Please name the case, a person by the pseudonym you know them by, and why, in \
                     10 to 500 characters on one line.",
                )),
            }
        }
        [entry, "confirm"] => {
            let (entry, one) = reveal::to_confirm(gate, &member.name, entry)?;
            reveal::confirm(gate, &asker(&one.case), &member.name, entry, &one)?;
            Ok(desk_html::done("They may read it once, within an hour."))
        }
        [entry, "read"] if auditor => {
            let (entry, one) = reveal::own(gate, &asker(""), entry)?;
            let released = reveal::read(gate, &asker(&one.case), (entry, &one), &identity)?;
            Ok(Reply::released(200, HTML, released))
        }
        _ => Err(Kind::NotFound.into()),
    }
}

fn identity(identity: &Identity) -> Vec<u8> {
    let page = html! {
        h1 { "Who it is" }
        p.lead { "This is shown once. That you read it is recorded." }
        @for one in &identity.said {
            section.card {
                dl {
                    dt { "Name" } dd { bdi { (one.name) } }
                    dt { "Born" } dd { (one.born) }
                }
            }
        }
        @if !identity.identifiers.is_empty() {
            section.card {
                dl {
                    @for (system, value) in &identity.identifiers { dt { (system) } dd { bdi { (value) } } }
                }
            }
        }
        p { a href="/staff/reveals" { "Back" } }
    };
    frame("Who it is", &page)
}
