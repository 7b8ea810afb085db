//! The run as a page: one file, which asks nobody for anything.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{About, Summary};
use crate::case::{Done, Verdict};

const STYLE: &str = "
:root{color-scheme:light dark;--line:#d5dbe1;--soft:#5d6b78;--ok:#1d7a46;--bad:#b3261e;--said:#8a5a00}
@media(prefers-color-scheme:dark){:root{--line:#3a434c;--soft:#a3b0bc;--ok:#5fce91;--bad:#ff8a80;--said:#e6b450}}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}p{margin:.3rem 0;color:var(--soft)}
.sums{display:flex;flex-wrap:wrap;gap:.6rem;margin:1.2rem 0}
.sum{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .9rem;min-width:6.5rem}
.sum b{display:block;font-size:1.5rem;line-height:1.2}
table{border-collapse:collapse;width:100%;table-layout:fixed}
td,th{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);font-size:.85rem}
th:nth-child(2){width:5.5rem}th:nth-child(4){width:9rem}
code{font-size:.88em}.words{color:var(--soft);font-size:.88em}
.passed{color:var(--ok)}.failed,.stale{color:var(--bad);font-weight:600}.declared{color:var(--said)}.skipped{color:var(--soft)}
summary{cursor:pointer;padding:.4rem 0;font-weight:600;border-bottom:1px solid var(--line)}
summary span{font-weight:400;color:var(--soft)}
";

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Declared => "declared",
        Verdict::Stale => "stale",
        Verdict::Skipped => "skipped",
    }
}

/// The page.
pub fn html(about: &About<'_>, done: &[Done]) -> String {
    let sum = Summary::of(done);
    let counts = [
        ("cases", sum.all, ""),
        ("passed", sum.passed, "passed"),
        ("failed", sum.failed, "failed"),
        ("not met, declared", sum.declared, "declared"),
        ("declared, yet passed", sum.stale, "stale"),
        ("skipped", sum.skipped, "skipped"),
    ];
    let attention = |one: &&Done| matches!(one.verdict, Verdict::Failed | Verdict::Stale);
    let wrong: Vec<&Done> = done.iter().filter(attention).collect();
    let declared: Vec<&Done> = done.iter().filter(|one| one.verdict == Verdict::Declared).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { "Conformance of " (about.base) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { @if sum.sound() { "All as declared" } @else { "Not as declared" } }
                p { code { (about.base) } ", " (about.software) }
                p { "HL7 SDOHCC 3.0.0 (FHIR 4.0.1), CoordinationPlatform as a server, checked from outside." }
                div class="sums" {
                    @for (name, count, class) in counts {
                        div class={ "sum " (class) } { b { (count) } (name) }
                    }
                }
                @if !wrong.is_empty() { h2 { "Not as declared" } (table(&wrong)) }
                @if !declared.is_empty() { h2 { "Not met, declared" } (table(&declared)) }
                h2 { "All cases" }
                @for (group, cases) in groups(done) {
                    details {
                        summary { (group) " " span { (told(&cases)) } }
                        (table(&cases))
                    }
                }
            }
        }
    };
    page.into_string()
}

/// Cases by the first part of their names, in the order they ran.
fn groups(done: &[Done]) -> Vec<(&str, Vec<&Done>)> {
    let mut groups: Vec<(&str, Vec<&Done>)> = Vec::new();
    for one in done {
        let name = one.id.split('.').next().unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, cases)) => cases.push(one),
            None => groups.push((name, vec![one])),
        }
    }
    groups
}

fn told(cases: &[&Done]) -> String {
    let passed = cases.iter().filter(|one| one.verdict == Verdict::Passed).count();
    format!("{passed} of {} passed", cases.len())
}

fn table(cases: &[&Done]) -> Markup {
    html! {
        table {
            tr { th { "Case" } th { "Level" } th { "Clause" } th { "Result" } }
            @for one in cases {
                tr {
                    td { code { (one.id) } }
                    td { (one.level.word()) }
                    td {
                        (one.clause)
                        @if let Some(reason) = &one.reason { div class="words" { (reason) } }
                        @if !one.words.is_empty() { div class="words" { (one.words) } }
                    }
                    td class=(class(one.verdict)) { (one.verdict.words()) }
                }
            }
        }
    }
}
