//! How an organization's own page looks.

use maud::{Markup, html};
use serde_json::Value;

use super::html::framed;
use super::office::Office;
use super::referral_html::{name, need, standing};
use crate::csv::report::{Became, Report};
use crate::csv::table::letters;

/// Rows of a report that are shown.
const REPORTED_MAX: usize = 300;

/// One row of the list.
pub struct Listed {
    pub document: Value,
    pub since: String,
    pub link: Option<String>,
}

/// The question for the PIN.
pub fn asked(office: &Office, notice: Option<&str>) -> Vec<u8> {
    let (words, own) = (office.words, office.own);
    framed(
        words,
        own.title,
        Some(&office.base),
        &html! {
            h1 { (own.title) }
            p.lead { ((words.organization)(&office.partner.name)) }
            @if let Some(notice) = notice { p.banner.problem role="alert" { (notice) } }
            section.card {
                p id="pin-hint" { (own.ask_pin) " " (own.pin_hint) }
                form method="post" action={ (office.base) "/pin" } {
                    div.field {
                        label for="pin" { (words.pin) }
                        input type="password" id="pin" name="pin" inputmode="numeric" autocomplete="off" required
                            maxlength="32" aria-describedby="pin-hint";
                    }
                    button type="submit" { (own.open_button) }
                }
            }
        },
    )
}

/// What is open, the file, and the file back.
pub fn list(office: &Office, rows: &[Listed], more: bool) -> Vec<u8> {
    let (words, own) = (office.words, office.own);
    framed(
        words,
        own.title,
        Some(&office.base),
        &html! {
            h1 { (own.title) }
            p.lead { ((words.organization)(&office.partner.name)) }
            h2 { (own.waiting) }
            @if rows.is_empty() { p { (own.none) } }
            @for row in rows {
                section.card {
                    @let silent = row.document["need"]["contact"].is_string();
                    @if silent { p.banner.stop { (words.stop) } }
                    dl {
                        @if let Some(name) = name(&row.document) { dt { (own.name) } dd { bdi { (name) } } }
                        dt { (words.need) } dd { (need(words, &row.document)) }
                        dt { (words.status) } dd { (standing(words, &row.document)) }
                        dt { (own.since) } dd { (row.since) }
                    }
                    @if let Some(link) = &row.link { p { a href=(link) { (own.read) } } }
                }
            }
            @if more { p { (own.more) } }
            section.card {
                h2 { (own.sheet) }
                p { (own.download_hint) }
                p { a href={ (office.base) "/referrals.csv" } { (own.download) } }
                p { a href={ (office.base) "/all.csv" } { (own.download_all) } }
            }
            section.card {
                h2 { (own.upload_title) }
                p id="upload-hint" { (own.upload_hint) }
                form method="post" action={ (office.base) "/upload" } enctype="multipart/form-data" {
                    div.field {
                        label for="file" { (own.file) }
                        input type="file" id="file" name="file" accept=".csv,.txt,text/csv" required
                            aria-describedby="upload-hint";
                    }
                    button type="submit" { (own.upload) }
                }
            }
        },
    )
}

/// What became of an uploaded file.
pub fn report(office: &Office, report: &Report) -> Vec<u8> {
    let (words, own) = (office.words, office.own);
    let [taken, unchanged, wrong] =
        [Became::Taken, Became::Unchanged, Became::Wrong].map(|one| report.count(one));
    let not_read: Vec<String> = report.not_read.iter().map(|at| letters(*at)).collect();
    let of = |became| report.lines.iter().filter(move |line| line.became == became);
    // What is to be done comes first.
    let told: Vec<_> = of(Became::Wrong).chain(of(Became::Taken)).collect();
    framed(
        words,
        own.report,
        None,
        &html! {
            h1 { (own.report) }
            p.lead { ((own.counts)(taken, unchanged, wrong)) }
            @if wrong == 0 { p { (own.all_fine) } }
            @if !not_read.is_empty() { p { ((own.not_read)(&not_read.join(", "))) } }
            @if !told.is_empty() {
                div.scroll tabindex="0" role="region" aria-label=(own.report) {
                    table {
                        thead { tr {
                            th scope="col" { (own.row) }
                            th scope="col" { (own.became) }
                            th scope="col" { (own.column) }
                            th scope="col" { (own.to_do) }
                        } }
                        tbody {
                            @for line in told.iter().take(REPORTED_MAX) {
                                @if line.flaws.is_empty() {
                                    tr {
                                        th scope="row" { (line.row) }
                                        td { (own.taken) }
                                        td {} td {}
                                    }
                                }
                                @for flaw in &line.flaws {
                                    tr {
                                        th scope="row" { (line.row) }
                                        td { (own.wrong) }
                                        td { (flaw.column.as_deref().unwrap_or_default()) }
                                        td { ((own.problem)(flaw.code).unwrap_or(flaw.words)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if told.len() > REPORTED_MAX { p { (own.cut) } }
            (back(office))
        },
    )
}

fn back(office: &Office) -> Markup {
    html! { p { a href=(office.base) { (office.own.back) } } }
}
