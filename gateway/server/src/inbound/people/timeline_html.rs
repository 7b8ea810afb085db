//! One referral, drawn: three lanes, time downwards, an arrow for what went from one to another.

use maud::{Markup, html};

use super::audit_html::FORMS;
use super::html::wide;
use crate::audit::Asker;
use crate::audit::proof::{Cosigned, Proof};
use crate::audit::timeline::{Lane, Timeline};
use crate::audit::told::{Told, dropped};
use crate::audit::words::{self, day, moment};
use crate::gate::Gate;
use crate::journal::Event;

/// The page.
pub fn page(gate: &Gate, asker: &Asker<'_>, timeline: &Timeline, case: &str) -> Vec<u8> {
    let referral = &timeline.referral;
    let name = |org: &loopgate_referral::OrgId| words::organization(gate, org.as_str());
    let needs: Vec<String> =
        referral.needs.iter().map(|need| words::plain(need.as_str())).collect();
    let mut targets: Vec<String> =
        referral.placements.iter().map(|one| name(&one.target)).collect();
    if targets.is_empty() {
        targets.push(name(&referral.owner));
    }
    targets.sort_unstable();
    targets.dedup();
    let (source, targets) = (name(&referral.source), targets.join(", "));
    let whole = html! {
        h1 { "Referral: " (needs.join(", ")) }
        p.lead { (source) " to " (targets) " · " (standing(referral.state.status().code())) }
        section.card {
            dl {
                dt { "Referral" } dd { (referral.id) }
                dt { "Person" } dd { @for person in &referral.persons { (asker.called(gate, *person)) " " } }
                dt { "Case" } dd { (case) }
                dt { "Proof" } dd { (proof(timeline)) }
            }
        }
        p.legend aria-hidden="true" {
            span.key.shared { "shared" } span.key.refused { "refused" } span.key.waits { "waits" }
            span.key.consent { "consent" } span.key { "step" }
        }
        @if timeline.cut { p.banner { "There is more, before all of this: it is found by searching." } }
        div.lanes {
            div.heads {
                span.time { "Time, UTC" }
                span.h1 { strong { (source) } small { "refers" } }
                span.h2 { strong { "loopgate" } small { "decides and records" } }
                span.h3 { strong { (targets) } small { "is referred to" } }
            }
            ol {
                @for (n, told) in timeline.told.iter().enumerate() {
                    @let before = n.checked_sub(1).and_then(|n| timeline.told.get(n));
                    (step(gate, timeline, told, before))
                }
            }
        }
        p.no-print {
            "Save as "
            @for (n, (form, words)) in FORMS.iter().enumerate() {
                @if n > 0 { ", " }
                a href={ "/audit/v1/referrals/" (referral.id) "?format=" (form) "&case=" (case) } { (words) }
            }
            ", or as "
            a href={ "/audit/v1/referrals/" (referral.id) "/evidence?case=" (case) } { "evidence to check without us" }
        }
        p.no-print { a href={ "/staff/audit?case=" (case) } { "Audit" } " · " a href="/staff" { "Desk" } }
    };
    wide("Referral", &whole)
}

fn standing(status: &str) -> String {
    format!("now {}", words::plain(status))
}

/// What stands behind it, in a sentence.
fn proof(timeline: &Timeline) -> Markup {
    let Some(proof @ Proof { size, until, cosigned }) = timeline.proof else {
        return html! { "No checkpoint was signed yet." };
    };
    let open = timeline.told.iter().filter(|one| !proof.covers(one.index)).count();
    html! {
        "A checkpoint over " (words::entries(usize::try_from(size).unwrap_or(usize::MAX)))
        " is signed" @if let Some(until) = until { "; the newest was recorded " (moment(until)) }
        ". "
        @match open {
            0 => { "All that is below is in it. " }
            n if n == timeline.told.len() => { "What is below is not in it yet. " }
            n => { (words::count(n, "step")) " below not in it yet. " }
        }
        @match cosigned {
            Cosigned::Pending => { "Witnesses have not cosigned it yet." }
            Cosigned::By(1) => { "A witness cosigned it." }
            Cosigned::By(witnesses) => { (witnesses) " witnesses cosigned it." }
        }
    }
}

fn step(gate: &Gate, timeline: &Timeline, told: &Told, before: Option<&Told>) -> Markup {
    let (from, to, tone) = timeline.drawn(told);
    let number = |lane: Lane| match lane {
        Lane::Source => 1,
        Lane::Gateway => 2,
        Lane::Target => 3,
    };
    // A refusal that somebody is told of arrives; one of data does not.
    let told_of = if told.kind == "referral.refused" { " told" } else { "" };
    let class = format!("{} f{} t{}{told_of}", tone.name(), number(from), number(to));
    let kept_back: Vec<String> = told
        .event
        .as_ref()
        .map(dropped)
        .unwrap_or_default()
        .iter()
        .filter_map(|one| {
            Some(format!("{}: {}", one["resource"].as_str()?, one["reason"]["words"].as_str()?))
        })
        .collect();
    // Where some are signed and some are not, which.
    let signed = |one: &Told| timeline.proof.is_some_and(|proof| proof.covers(one.index));
    let unsigned = !signed(told) && timeline.told.first().is_some_and(signed);
    let same_day = before.is_some_and(|before| day(before.at) == day(told.at));
    let way = match &told.event {
        Some(Event::Disclosed(one)) => format!(" · {}, {}", one.channel, words::plain(&one.view)),
        _ => String::new(),
    };
    html! {
        li class=(class) {
            span.time { @if !same_day { strong { (day(told.at)) } " " } (words::clock(told.at)) }
            i.rail.r1 {} i.rail.r2 {} i.rail.r3 {}
            span.arrow aria-hidden="true" {}
            div.what {
                p.words { (words::of(gate, told)) }
                @for one in &kept_back { p.fine { "Kept back: " (one) } }
                p.fine { "entry " (told.index) " · " (told.kind) (way) @if unsigned { " · not signed yet" } }
            }
        }
    }
}
