//! Forms of the link page and their fields: each with its label, its hint, and what to put right.

use loopgate_referral::DECLINE_REASONS;
use maud::{Markup, html};

use super::form::Filled;
use super::page::{At, Saying};
use super::wishes::{TEXT_BYTES_MAX, Wrong};
use super::words::Words;

/// The forms of one page.
pub struct Forms<'a> {
    pub words: &'static Words,
    pub at: &'a At<'a>,
    pub version: u64,
    pub saying: &'a Saying,
}

/// One form.
pub struct Form<'a> {
    words: &'static Words,
    act: &'static str,
    wrong: Option<&'a (Wrong, Filled)>,
}

/// A field of one line, or a few.
pub struct Field<'a> {
    pub name: &'static str,
    pub label: &'a str,
    pub hint: Option<&'a str>,
    pub required: bool,
    /// What it holds at first.
    pub filled: &'a str,
}

impl<'a> Field<'a> {
    /// One that has to be filled.
    pub fn must(name: &'static str, label: &'a str) -> Field<'a> {
        Field { name, label, hint: None, required: true, filled: "" }
    }

    /// One that may be.
    pub fn may(name: &'static str, label: &'a str) -> Field<'a> {
        Field { required: false, ..Field::must(name, label) }
    }

    /// The same, with a hint.
    pub fn hint(self, hint: &'a str) -> Field<'a> {
        Field { hint: Some(hint), ..self }
    }

    /// The same, filled with this at first.
    pub fn filled(self, filled: &'a str) -> Field<'a> {
        Field { filled, ..self }
    }
}

impl Forms<'_> {
    /// A form that sends this act.
    pub fn form(&self, act: &'static str, inside: impl Fn(&Form<'_>) -> Markup) -> Markup {
        let form = Form { words: self.words, act, wrong: self.wrong(act) };
        html! {
            form method="post" action={ (self.at.base) "/" (act) } {
                input type="hidden" name="version" value=(self.version);
                (inside(&form))
            }
        }
    }

    /// The same, behind a line that opens it.
    pub fn row(
        &self,
        (act, summary): (&'static str, &str),
        inside: impl Fn(&Form<'_>) -> Markup,
    ) -> Markup {
        html! {
            details open[self.wrong(act).is_some()] {
                summary { (summary) }
                (self.form(act, inside))
            }
        }
    }

    fn wrong(&self, act: &str) -> Option<&(Wrong, Filled)> {
        self.saying.wrong.as_ref().filter(|(wrong, _)| wrong.act == act)
    }
}

impl Form<'_> {
    /// Whether something is to be put right in it.
    pub fn is_wrong(&self) -> bool {
        self.wrong.is_some()
    }

    fn id(&self, name: &str) -> String {
        format!("{}-{name}", self.act)
    }

    /// What is wrong with a field.
    fn wrong(&self, name: &str) -> Option<&'static str> {
        let (wrong, _) = self.wrong?;
        (wrong.field == name).then(|| (self.words.problem)(wrong.problem))
    }

    /// What was filled in, or what it holds at first.
    fn value<'v>(&'v self, field: &'v Field<'_>) -> &'v str {
        self.wrong.map_or(field.filled, |(_, filled)| filled.text(field.name))
    }

    fn about(&self, field: &Field<'_>, control: impl Fn(&str, Option<String>) -> Markup) -> Markup {
        let id = self.id(field.name);
        let wrong = self.wrong(field.name);
        let mut described = Vec::new();
        described.extend(field.hint.map(|_| format!("{id}-hint")));
        described.extend(wrong.map(|_| format!("{id}-error")));
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            div.field {
                label for=(id) {
                    (field.label)
                    @if !field.required { " " span.may { (self.words.optional) } }
                }
                @if let Some(words) = wrong { p.error id={ (id) "-error" } { (words) } }
                (control(&id, described))
                @if let Some(hint) = field.hint { p.hint id={ (id) "-hint" } { (hint) } }
            }
        }
    }

    /// Some lines of text.
    pub fn area(&self, field: &Field<'_>) -> Markup {
        let invalid = self.wrong(field.name).map(|_| "true");
        self.about(field, |id, described| {
            html! {
                textarea id=(id) name=(field.name) maxlength=(TEXT_BYTES_MAX) required[field.required]
                    aria-describedby=[described] aria-invalid=[invalid] { (self.value(field)) }
            }
        })
    }

    /// One line: `text`, `date`, `time`.
    pub fn line(&self, kind: &str, field: &Field<'_>) -> Markup {
        let invalid = self.wrong(field.name).map(|_| "true");
        let max = (kind == "text").then_some("200");
        self.about(field, |id, described| {
            html! {
                input type=(kind) id=(id) name=(field.name) maxlength=[max] required[field.required]
                    value=(self.value(field)) aria-describedby=[described] aria-invalid=[invalid];
            }
        })
    }

    /// One of a long list: values, and words for them.
    pub fn select(&self, field: &Field<'_>, first: &str, all: &[(&str, &str)]) -> Markup {
        let invalid = self.wrong(field.name).map(|_| "true");
        self.about(field, |id, described| {
            html! {
                select id=(id) name=(field.name) required[field.required] aria-describedby=[described] aria-invalid=[invalid] {
                    option value="" { (first) }
                    @for (value, words) in all {
                        option value=(value) selected[self.value(field) == *value] { (words) }
                    }
                }
            }
        })
    }

    /// A reason of the list, and words of their own.
    pub fn reasons(&self) -> Markup {
        let codes = DECLINE_REASONS.iter().map(|(code, _)| *code);
        let all: Vec<(&str, &str)> = codes.zip(self.words.reasons).collect();
        html! {
            (self.choice("reason", self.words.why, &all))
            (self.area(&Field::may("text", self.words.own_words).hint(self.words.source_reads)))
        }
    }

    /// One of these: codes, and words for them.
    pub fn choice(&self, name: &str, legend: &str, all: &[(&str, &str)]) -> Markup {
        let id = self.id(name);
        let wrong = self.wrong(name);
        let chosen = self.wrong.map_or("", |(_, filled)| filled.text(name));
        let described = wrong.map(|_| format!("{id}-error"));
        html! {
            fieldset aria-describedby=[described] {
                legend { (legend) }
                @if let Some(words) = wrong { p.error id={ (id) "-error" } { (words) } }
                @for (at, (code, words)) in all.iter().enumerate() {
                    label.choice {
                        // What is to be put right leads to the first.
                        input type="radio" id=[(at == 0).then_some(&id)] name=(name) value=(code) required checked[chosen == *code];
                        span { (words) }
                    }
                }
            }
        }
    }
}

/// What is to be put right, on top of the page.
pub fn summary(words: &Words, saying: &Saying) -> Markup {
    html! {
        @if let Some((wrong, _)) = &saying.wrong {
            div.banner.problem role="alert" {
                h2 { (words.problem_title) }
                ul {
                    li { a href={ "#" (wrong.act) "-" (wrong.field) } { ((words.problem)(wrong.problem)) } }
                }
            }
        }
        @if let Some(said) = saying.notice { p.banner.problem role="alert" { (said) } }
    }
}
