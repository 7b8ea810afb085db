//! How the recovery of a PIN looks.

use maud::{Markup, html};

use super::html::{HTML, framed};
use super::recovery_words::Said;
use super::words::Words;
use crate::doorkey::PIN_CHARS;
use crate::reply::Reply;

/// What to put right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The code.
    Code,
    /// The new PIN is too short or too long.
    Length,
    /// It is too easy.
    Weak,
    /// It is not the same twice.
    Differs,
}

impl Wrong {
    fn words(self, said: &Said) -> &'static str {
        match self {
            Wrong::Code => said.wrong_code,
            Wrong::Length => said.wrong_length,
            Wrong::Weak => said.wrong_weak,
            Wrong::Differs => said.wrong_differs,
        }
    }
}

/// The button below the question for the PIN; `at` is the address of the page.
pub fn forgot(words: &Words, at: &str) -> Markup {
    html! {
        form method="post" action={ (at) "/forgot" } {
            button.quiet type="submit" { (Said::of(words.language).forgot) }
        }
    }
}

/// What comes next, whatever came of it.
pub fn asked(words: &Words, organization: &str) -> Reply {
    let said = Said::of(words.language);
    let page = html! {
        h1 { (said.asked_title) }
        p.lead { ((said.asked)(organization)) }
        p { (said.asked_next) }
    };
    Reply::with(200, HTML, framed(words, said.asked_title, None, &page))
}

/// The question for the code and another PIN. What was typed is not shown again.
pub fn form(
    words: &Words,
    status: u16,
    (organization, at): (&str, &str),
    wrong: Option<Wrong>,
) -> Reply {
    let said = Said::of(words.language);
    let is = |one: &[Wrong]| wrong.is_some_and(|wrong| one.contains(&wrong)).then_some("true");
    let code = is(&[Wrong::Code]);
    let pin = is(&[Wrong::Length, Wrong::Weak, Wrong::Differs]);
    let (least, most) = (PIN_CHARS.start(), PIN_CHARS.end());
    let page = html! {
        h1 { (said.title) }
        p.lead { ((said.for_whom)(organization)) }
        @if let Some(wrong) = wrong {
            p.banner.problem id="wrong" role="alert" { (wrong.words(said)) }
        }
        section.card {
            form method="post" action=(at) {
                div.field {
                    label for="code" { (said.code) }
                    p.hint id="code-hint" { (said.code_hint) }
                    input type="text" id="code" name="code" inputmode="numeric" autocomplete="one-time-code"
                        required maxlength="16" aria-describedby="code-hint" aria-invalid=[code];
                }
                div.field {
                    label for="pin" { (said.pin) }
                    p.hint id="pin-hint" { (said.pin_hint) }
                    input type="password" id="pin" name="pin" autocomplete="new-password" required
                        minlength=(least) maxlength=(most) aria-describedby="pin-hint" aria-invalid=[pin];
                }
                div.field {
                    label for="again" { (said.again) }
                    input type="password" id="again" name="again" autocomplete="new-password" required
                        minlength=(least) maxlength=(most) aria-invalid=[pin];
                }
                button type="submit" { (said.button) }
            }
        }
    };
    let switch = (status == 200).then_some(at);
    Reply::with(status, HTML, framed(words, said.title, switch, &page))
}

/// It is changed.
pub fn changed(words: &Words, organization: &str) -> Reply {
    let said = Said::of(words.language);
    let page = html! {
        h1 { (said.changed_title) }
        p.lead { ((said.changed)(organization)) }
    };
    Reply::with(200, HTML, framed(words, said.changed_title, None, &page))
}
