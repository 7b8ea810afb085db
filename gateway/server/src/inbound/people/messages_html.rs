//! What an organization and the source of a referral told each other, and what the organization writes
//! down: none of it moves the referral.

use loopgate_referral::{ContactAttempt, ContactHow, Remark, Says, TaskStatus, Timestamp};
use maud::{Markup, html};

use super::acts_html::worded;
use super::fields_html::{Field, Forms};
use super::page::Opened;
use super::referral_html::{Shown, local};
use super::words::Words;

/// What was written, oldest first, and what can be.
pub fn messages(forms: &Forms<'_>, shown: &Shown<'_>, opened: &Opened) -> Markup {
    let words = forms.words;
    html! {
        section.card.rows {
            h2 { (words.messages_title) }
            @for (_, whose, text) in written(words, shown, opened) {
                div.said {
                    p.hint { (whose) }
                    p { (text) }
                }
            }
            (worded(forms, ("comment", words.comment_summary), (words.comment_label, words.comment)))
            (attempt(forms))
            // A note says that work goes on.
            @if opened.placement.state.status() != TaskStatus::Requested {
                (worded(forms, ("note", words.note_summary), (words.note_label, words.note_button)))
            }
            (kept(forms, shown, opened))
        }
    }
}

/// Each with when, who, and what.
fn written(words: &Words, shown: &Shown<'_>, opened: &Opened) -> Vec<(Timestamp, String, Markup)> {
    let placement = &opened.placement;
    let when = |at: Timestamp| words.moment(&local(at.0, &opened.partner));
    let passes = placement.comments.iter().filter(|one| one.by_target || shown.notes);
    let comments = passes.map(|one| {
        let whose = if one.by_target { words.message_from_us } else { words.message_from_source };
        (one.at, whose(&when(one.at)), html! { bdi { (one.text) } })
    });
    let trail = placement.trail.iter().filter_map(|Remark { at, says }| match says {
        Says::Attempted(tried) => {
            let whose = format!("{}, {}", words.attempt_summary, when(*at));
            Some((*at, whose, attempted(words, tried)))
        }
        Says::Note(text) => Some((*at, (words.note_from_us)(&when(*at)), html! { bdi { (text) } })),
        _ => None,
    });
    let mut all: Vec<_> = comments.chain(trail).collect();
    all.sort_by_key(|(at, ..)| *at);
    all
}

fn attempted(words: &Words, tried: &ContactAttempt) -> Markup {
    let way = ContactHow::ALL.iter().zip(words.attempt_ways).find(|(how, _)| **how == tried.how);
    let came = if tried.reached { words.reached } else { words.not_reached };
    html! {
        (way.map(|(_, way)| way).unwrap_or_default()) " · " (came)
        @if let Some(text) = &tried.text { " · " bdi { (text) } }
    }
}

fn attempt(forms: &Forms<'_>) -> Markup {
    let words = forms.words;
    let codes = ContactHow::ALL.iter().map(|how| how.code());
    let ways: Vec<(&str, &str)> = codes.zip(words.attempt_ways).collect();
    forms.row(("attempt", words.attempt_summary), |form| {
        html! {
            (form.choice("how", words.attempt_how, &ways))
            (form.choice("reached", words.attempt_reached, &[("yes", words.yes), ("no", words.no)]))
            (form.area(&Field::may("text", words.attempt_text).hint(words.source_reads)))
            button.quiet type="submit" { (words.attempt) }
        }
    })
}

/// What holds until it is said otherwise.
fn kept(forms: &Forms<'_>, shown: &Shown<'_>, opened: &Opened) -> Markup {
    let words = forms.words;
    let safe =
        opened.placement.safe_contact.as_deref().filter(|_| shown.contact).unwrap_or_default();
    let assigned = opened.placement.assigned.as_deref().unwrap_or_default();
    html! {
        (forms.row(("safe-contact", words.safe_summary), |form| html! {
            (form.area(&Field::may("text", words.safe_label).hint(words.safe_hint).filled(safe)))
            button.quiet type="submit" { (words.safe) }
        }))
        (forms.row(("assign", words.assign_summary), |form| html! {
            (form.line("text", &Field::may("to", words.assign_label).hint(words.assign_hint).filled(assigned)))
            button.quiet type="submit" { (words.assign) }
        }))
    }
}
