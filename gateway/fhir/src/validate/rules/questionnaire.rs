//! Rules of Questionnaire and QuestionnaireResponse.

use std::collections::HashSet;

use super::core::rules;
use super::{Rule, has, has_choice, implies};
use crate::Json;

const ASKED_WITH_OPTIONS: [&str; 9] = [
    "choice",
    "open-choice",
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "quantity",
];
const MEASURED: [&str; 7] =
    ["boolean", "decimal", "integer", "string", "text", "url", "open-choice"];

fn is(json: &Json, kinds: &[&str]) -> bool {
    json.text("type").is_some_and(|kind| kinds.contains(&kind))
}

pub(super) const RULES: &[Rule] = rules![
    "qrs-1", "has items beside its answer", |j| !(has(j, "answer") && has(j, "item"));
    "que-1", "is a group without items, or a display with some", |j| {
        implies(is(j, &["group"]), has(j, "item")) && implies(is(j, &["display"]), !has(j, "item"))
    };
    "que-2", "has a linkId twice", |j| {
        let mut seen = HashSet::new();
        distinct(j, &mut seen)
    };
    "que-3", "is a display with a code", |j| !(is(j, &["display"]) && has(j, "code"));
    "que-4", "has answerOption and answerValueSet", |j| {
        !(has(j, "answerOption") && has(j, "answerValueSet"))
    };
    "que-5", "offers answers that its type does not take", |j| {
        is(j, &ASKED_WITH_OPTIONS) || !(has(j, "answerOption") || has(j, "answerValueSet"))
    };
    "que-6", "is a display that is required or repeats", |j| {
        !(is(j, &["display"]) && (has(j, "required") || has(j, "repeats")))
    };
    "que-7", "asks whether there is an answer with something else than a boolean", |j| {
        implies(j.text("operator") == Some("exists"), has(j, "answerBoolean"))
    };
    "que-8", "is a group or display with an initial value", |j| {
        !(is(j, &["group", "display"]) && has(j, "initial"))
    };
    "que-9", "is a display that is readOnly", |j| !(is(j, &["display"]) && has(j, "readOnly"));
    "que-10", "has a maxLength that its type does not take", |j| {
        is(j, &MEASURED) || !has(j, "maxLength")
    };
    "que-11", "has answerOption and initial", |j| !(has(j, "answerOption") && has(j, "initial"));
    "que-12", "has several conditions and no enableBehavior", |j| {
        // The words of the rule say more than one; its expression counts from three.
        implies(j.list("enableWhen").len() > 2, has(j, "enableBehavior"))
    };
    "que-13", "has several initial values and does not repeat", |j| {
        j.get("repeats") == Some(&Json::Bool(true)) || j.list("initial").len() <= 1
    };
    "sdcqr-2", "answers one question in two places", answered_once;
];

fn distinct<'a>(json: &'a Json, seen: &mut HashSet<&'a str>) -> bool {
    json.list("item").iter().all(|item| {
        item.text("linkId").is_none_or(|link| seen.insert(link)) && distinct(item, seen)
    })
}

/// Of the items beside each other that have an answer, each has a linkId of its own.
fn answered_once(json: &Json) -> bool {
    let mut seen = HashSet::new();
    let items = json.list("item");
    let answered = |item: &&Json| item.list("answer").iter().any(|one| has_choice(one, "value"));
    items.iter().filter(answered).filter_map(|item| item.text("linkId")).all(|id| seen.insert(id))
        && items.iter().all(answered_once)
        && json.list("answer").iter().all(answered_once)
}
