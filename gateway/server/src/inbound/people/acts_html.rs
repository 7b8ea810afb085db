//! What an organization can do with a referral: the likely answer first and large, the rest behind a
//! line each.

use loopgate_referral::{TaskStatus, Timestamp};
use maud::{Markup, html};

use super::fields_html::{Field, Forms};
use super::page::Opened;
use super::referral_html::local;
use super::wishes::SERVICES;

/// The forms of this state. `service`: what was given, if nobody says otherwise.
pub fn acts(forms: &Forms<'_>, opened: &Opened, service: &str) -> Markup {
    let words = forms.words;
    let status = opened.placement.state.status();
    let waiting = status == TaskStatus::Requested;
    html! {
        @if opened.placement.cancel_asked.is_some() { (called_off(forms)) }
        @if waiting {
            section.card {
                h2 { (words.can_you_help) }
                (forms.form("accept", |_| html! { button type="submit" { (words.accept) } }))
            }
        } @else {
            @if status == TaskStatus::OnHold {
                section.card {
                    h2 { (words.resume_title) }
                    (forms.form("resume", |_| html! { button type="submit" { (words.resume) } }))
                }
            }
            (given(forms, service))
        }
        section.card.rows {
            h2 { (words.other_answers) }
            @if waiting {
                (reasoned(forms, ("decline", words.decline_summary, words.decline)))
                @if !opened.others.is_empty() { (sent_on(forms, opened)) }
            }
            @if opened.placement.appointment.is_some() { (missed(forms)) }
            (appointment(forms, opened, waiting))
            @if !waiting {
                @if status != TaskStatus::OnHold {
                    (worded(forms, ("hold", words.hold_summary), (words.hold_why, words.hold)))
                }
                (reasoned(forms, ("fail", words.fail_summary, words.fail)))
                (reasoned(forms, ("withdraw", words.withdraw_summary, words.withdraw)))
            }
        }
    }
}

/// An answer that was a mistake can be taken back until then.
pub fn mistake(forms: &Forms<'_>, opened: &Opened, until: Timestamp) -> Markup {
    let words = forms.words;
    let until = local(until.0, &opened.partner).strftime("%H:%M").to_string();
    html! {
        section.card {
            h2 { (words.mistake_title) }
            p { ((words.mistake)(&until)) }
            (forms.form("take-back", |_| html! { button.quiet type="submit" { (words.take_back) } }))
        }
    }
}

fn sent_on(forms: &Forms<'_>, opened: &Opened) -> Markup {
    let words = forms.words;
    let all: Vec<(&str, &str)> =
        opened.others.iter().map(|(org, name)| (org.as_str(), name.as_str())).collect();
    forms.row(("reroute", words.reroute_summary), |form| {
        html! {
            (form.select(&Field::must("to", words.reroute_to), words.reroute_choose, &all))
            (form.area(&Field::may("text", words.reroute_why).hint(words.source_reads)))
            button.quiet type="submit" { (words.reroute) }
        }
    })
}

/// The source asks that it be called off.
fn called_off(forms: &Forms<'_>) -> Markup {
    let words = forms.words;
    html! {
        section.card {
            h2 { (words.stop_asked_title) }
            p { (words.stop_asked) }
            (forms.form("agree-cancel", |_| html! { button type="submit" { (words.we_stop) } }))
            (forms.form("refuse-cancel", |form| html! {
                (form.area(&Field::must("text", words.go_on_label).hint(words.source_reads)))
                button.quiet type="submit" { (words.go_on) }
            }))
        }
    }
}

fn given(forms: &Forms<'_>, service: &str) -> Markup {
    let words = forms.words;
    html! {
        section.card {
            h2 { (words.given_title) }
            (forms.form("served", |form| html! {
                (form.line("text", &Field::must("text", words.what_given).filled(service)))
                (form.line("date", &Field::may("date", words.when).hint(words.when_hint)))
                details open[form.is_wrong()] {
                    summary { (words.more_services) }
                    @for (at, (text, date)) in SERVICES.iter().enumerate().skip(1) {
                        (form.line("text", &Field::may(text, &(words.another_service)(at + 1))))
                        (form.line("date", &Field::may(date, words.when)))
                    }
                }
                button type="submit" { (words.served) }
            }))
        }
    }
}

fn missed(forms: &Forms<'_>) -> Markup {
    let words = forms.words;
    html! {
        (forms.row(("no-show", words.no_show_summary), |_| html! {
            p { (words.no_show_hint) }
            button.quiet type="submit" { (words.no_show) }
        }))
        (forms.row(("cancel-appointment", words.cancel_appointment_summary), |_| html! {
            p { (words.cancel_appointment_hint) }
            button.quiet type="submit" { (words.cancel_appointment) }
        }))
    }
}

fn appointment(forms: &Forms<'_>, opened: &Opened, waiting: bool) -> Markup {
    let words = forms.words;
    let again = opened.placement.appointment.is_some();
    let summary = if again { words.book_again_summary } else { words.book_summary };
    let zone = (words.zone)(opened.partner.time_zone.iana_name().unwrap_or("UTC"));
    forms.row(("appointment", summary), |form| {
        html! {
            div.pair {
                (form.line("date", &Field::must("date", words.day)))
                (form.line("time", &Field::must("time", words.time).hint(&zone)))
            }
            (form.line("text", &Field::may("place", words.place)))
            @if waiting { p.hint { (words.book_accepts) } }
            button.quiet type="submit" { (words.book) }
        }
    })
}

/// An act that wants a reason of the list.
fn reasoned(forms: &Forms<'_>, (act, summary, button): (&'static str, &str, &str)) -> Markup {
    forms.row((act, summary), |form| {
        html! {
            (form.reasons())
            button.quiet type="submit" { (button) }
        }
    })
}

/// An act that wants words.
pub fn worded(
    forms: &Forms<'_>,
    (act, summary): (&'static str, &str),
    (label, button): (&str, &str),
) -> Markup {
    let hint = forms.words.source_reads;
    forms.row((act, summary), |form| {
        html! {
            (form.area(&Field::must("text", label).hint(hint)))
            button.quiet type="submit" { (button) }
        }
    })
}
