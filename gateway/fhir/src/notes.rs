//! `Task.note`: what parties of a referral wrote to each other (R4 Annotation).

use loopgate_referral::Timestamp;

use crate::{Json, print_instant};

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The Organization that wrote it.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// The words.
    pub text: String,
}

/// Adds notes behind those a Task has.
pub fn add_notes(task: &mut Json, notes: &[Annotation]) {
    if notes.is_empty() {
        return;
    }
    let more = notes.iter().map(|note| {
        Json::object([
            ("authorReference", Json::reference(&note.author)),
            ("time", print_instant(note.at).into()),
            ("text", note.text.as_str().into()),
        ])
    });
    let all: Vec<Json> = task.list("note").iter().cloned().chain(more).collect();
    task.set("note", Json::Array(all));
}

/// The texts of the notes that a Task has beyond those of another; one without a text is empty.
pub fn new_notes(old: &Json, new: &Json) -> Vec<String> {
    let key =
        |note: &Json| (note.text("time").map(str::to_owned), note.text("text").map(str::to_owned));
    let mut known: Vec<_> = old.list("note").iter().map(key).collect();
    let fresh = new.list("note").iter().filter_map(|note| {
        let key = key(note);
        match known.iter().position(|one| *one == key) {
            Some(at) => {
                known.swap_remove(at);
                None
            }
            None => Some(key.1.unwrap_or_default()),
        }
    });
    fresh.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(notes: &[(&str, &str)]) -> Json {
        let notes = notes.iter().map(|(time, text)| {
            let text = ("text", (*text).into());
            if time.is_empty() {
                Json::object([text])
            } else {
                Json::object([("time", (*time).into()), text])
            }
        });
        Json::object([("note", Json::Array(notes.collect()))])
    }

    #[test]
    fn what_was_there_before_is_not_new() {
        let old = task(&[("2026-11-20T08:00:00.000Z", "a"), ("", "b")]);
        let new = task(&[("", "b"), ("", "b"), ("2026-11-20T08:00:00.000Z", "a"), ("", "c")]);
        assert_eq!(new_notes(&old, &new), ["b", "c"]);
        assert_eq!(new_notes(&new, &old), Vec::<String>::new(), "a stale one lacks some");
    }

    #[test]
    fn notes_come_behind_those_that_are_there() {
        let mut task = task(&[("", "mine")]);
        add_notes(&mut task, &[]);
        assert_eq!(task.list("note").len(), 1);
        let author = "Organization/pantry".to_owned();
        add_notes(&mut task, &[Annotation { author, at: Timestamp(0), text: "theirs".into() }]);
        let note = &task.list("note")[1];
        assert_eq!(note.text("authorReference.reference"), Some("Organization/pantry"));
        assert_eq!(note.text("time"), Some("1970-01-01T00:00:00.000Z"));
        assert_eq!(note.text("text"), Some("theirs"));
    }
}
