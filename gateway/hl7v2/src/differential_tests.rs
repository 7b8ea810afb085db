//! Our reading held against two other readers', on other projects' messages and on made ones.
//!
//! A disagreement is explained by a rule with a name, which says exactly what the other one finds
//! instead; one that no rule explains fails. Whatever we refuse must be wrong by the standard, said
//! here without the guard.

use std::collections::BTreeMap;
use std::io::Write;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::corpus_tests::messages;
use crate::testing::{Choices, Made};
use crate::{Charset, Limits, Message, read};

/// Repetitions, components, subcomponents; nothing if the field is empty.
type Leaves = Vec<Vec<Vec<String>>>;
/// Each segment's name, and its fields from 1.
type View = Vec<(String, Vec<Leaves>)>;
/// How often each rule explained a disagreement.
type Rules = BTreeMap<&'static str, usize>;

const MARK: &str = "it takes no byte order mark";
const SHIFTED: &str = "of five encoding characters it takes the last for MSH-3";
const ALONE: &str = "at a name without a field it stops, and drops the rest";
const TRIMMED: &str = "it takes the blanks off the end of a line";

fn ours(message: &Message) -> View {
    let leaves = |one: &crate::Component| one.0.iter().map(|text| text.to_string()).collect();
    let components = |one: &crate::Repetition| one.0.iter().map(leaves).collect();
    let field = |one: &crate::Field| one.0.iter().map(components).collect();
    let segment = |one: &crate::Segment| (one.name.clone(), one.fields.iter().map(field).collect());
    message.segments.iter().map(segment).collect()
}

/// What an empty field is to them is no field to us.
fn same(field: Leaves) -> Leaves {
    if field == [[[""]]] { Vec::new() } else { field }
}

fn of_hl7_parser(text: &str) -> Option<View> {
    let message = hl7_parser::parser::parse_message_with_lenient_newlines(text, true).ok()?;
    let segments = message.segments().map(|segment| {
        let fields = segment.fields().map(|field| {
            let repetitions = field.repeats().map(|one| {
                let components = one
                    .components()
                    .map(|one| one.subcomponents().map(|one| one.raw_value().to_owned()).collect());
                components.collect()
            });
            same(repetitions.collect())
        });
        (segment.name.to_owned(), fields.collect())
    });
    Some(segments.collect())
}

fn of_hl7kit(text: &str) -> Option<View> {
    let message = hl7kit::Message::parse(text).ok()?;
    let segments = message.segments().map(|segment| {
        let fields = segment.fields().map(|field| {
            let repetitions = field.repetitions().map(|one| {
                let components = one
                    .components()
                    .map(|one| one.subcomponents().map(|one| one.value().to_owned()).collect());
                components.collect()
            });
            same(repetitions.collect())
        });
        (segment.name().to_owned(), fields.collect())
    });
    Some(segments.collect())
}

/// What hl7-parser makes of a sound message, and the rules that say so.
fn expected_of_hl7_parser(text: &str, own: View) -> (Option<View>, Vec<&'static str>) {
    if text.starts_with('\u{feff}') {
        return (None, vec![MARK]);
    }
    let mut rules = Vec::new();
    let mut view = own;
    let signs = view[0].1[1][0][0][0].clone();
    if let Some(fifth) = signs.get(4..).filter(|fifth| !fifth.is_empty()) {
        view[0].1[1][0][0][0] = signs[..4].to_owned();
        view[0].1.insert(2, vec![vec![vec![fifth.to_owned()]]]);
        rules.push(SHIFTED);
    }
    if let Some(alone) = view.iter().position(|(_, fields)| fields.is_empty()) {
        view.truncate(alone);
        rules.push(ALONE);
    }
    (Some(view), rules)
}

/// What hl7kit makes of a sound message, and the rules that say so.
fn expected_of_hl7kit(_: &str, own: View) -> (Option<View>, Vec<&'static str>) {
    let mut view = own.clone();
    for (_, fields) in &mut view {
        // The last leaf of the line; a blank one may leave nothing.
        let Some(field) = fields.last_mut() else { continue };
        let leaf = field.last_mut().and_then(|one| one.last_mut()).and_then(|one| one.last_mut());
        if let Some(leaf) = leaf {
            let kept = leaf.trim_end_matches(|c: char| c.is_ascii_whitespace()).len();
            leaf.truncate(kept);
        }
        *field = same(std::mem::take(field));
    }
    let rules = if view == own { Vec::new() } else { vec![TRIMMED] };
    (Some(view), rules)
}

/// What is wrong with a text by the standard, said without the guard.
fn wrong(text: &str) -> Option<&'static str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let plain = text.replace("\r\n", "\r").replace('\n', "\r");
    let mut lines: Vec<&str> = plain.split('\r').collect();
    while lines.len() > 1 && lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let first = lines[0];
    let name = |line: &str| line.chars().take(3).collect::<String>();
    if ["FHS", "BHS"].contains(&name(first).as_str()) {
        return Some("it is a batch");
    }
    let mut signs = first.strip_prefix("MSH").unwrap_or_default().chars();
    let Some(separator) = signs.next() else { return Some("it does not begin with MSH") };
    let signs: Vec<char> = signs.take_while(|c| *c != separator).collect();
    let all: Vec<char> = [&[separator], &signs[..]].concat();
    let sign = |c: &char| c.is_ascii_punctuation() && *c != '"';
    let twice = all.iter().enumerate().any(|(n, c)| all[..n].contains(c));
    if !(4..=5).contains(&signs.len()) || twice || !all.iter().all(sign) {
        return Some("its delimiters are none");
    }
    if plain.chars().any(|c| c.is_control() && c != '\r' && c != '\t') {
        return Some("a control character is in it");
    }
    lines[1..].iter().find_map(|line| {
        let id = name(line);
        let named = id.len() == 3
            && id.starts_with(|c: char| c.is_ascii_uppercase())
            && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && line[3..].chars().next().is_none_or(|c| c == separator);
        let header = ["MSH", "FHS", "BHS", "BTS", "FTS"].contains(&id.as_str());
        match named {
            _ if line.trim().is_empty() => Some("a line is empty"),
            false => Some("a line begins with no segment name"),
            true if header => Some("it has another header inside"),
            true => None,
        }
    })
}

/// Compares on one message; the rules that explain where the others differ, or the first
/// disagreement that none explains.
fn compare(bytes: &[u8]) -> Result<Vec<&'static str>, String> {
    let message = match read(bytes, &Limits::default(), Charset::UTF_8) {
        Ok(message) => message,
        Err(unsound) => {
            let words = unsound.flaw.to_string();
            let text = String::from_utf8_lossy(bytes);
            let charset = words.starts_with("MSH-18").then_some("its characters are others");
            let why = wrong(&text).or(charset).ok_or(format!("we refuse it: {words}"))?;
            let taken = of_hl7_parser(&text).is_some() || of_hl7kit(&text).is_some();
            return Ok(if taken { vec![why] } else { Vec::new() });
        }
    };
    let named = message.segments[0].raw(18, 1).and_then(|name| name.parse::<Charset>().ok());
    let text = named.unwrap_or(Charset::UTF_8).decode(bytes).ok_or("its characters")?;
    if let Some(why) = wrong(&text) {
        return Err(format!("we take it, but {why}"));
    }
    let mut explained = Vec::new();
    let readers = [
        ("hl7-parser", of_hl7_parser(&text), expected_of_hl7_parser(&text, ours(&message))),
        ("hl7kit", of_hl7kit(&text), expected_of_hl7kit(&text, ours(&message))),
    ];
    for (reader, found, (expected, rules)) in readers {
        if found != expected {
            return Err(format!("{reader} finds {found:?}\nrather than {expected:?}"));
        }
        explained.extend(rules);
    }
    Ok(explained)
}

fn say(of: &str, rules: &Rules) {
    for (rule, count) in rules {
        writeln!(std::io::stderr(), "{of}: {count} × {rule}").unwrap();
    }
}

#[test]
fn on_other_projects_messages_every_disagreement_is_explained() {
    let mut rules = Rules::new();
    for (name, bytes) in messages() {
        let explained = compare(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        for rule in explained {
            *rules.entry(rule).or_default() += 1;
        }
    }
    say("corpus", &rules);
}

/// What goes wrong on the way: the message, spoilt in one of these ways, or not at all.
fn spoilt(mut lines: Vec<String>, choices: &mut Choices<'_>) -> Vec<String> {
    let at = 1 + choices.below(lines.len());
    let line = match choices.below(12) {
        0 => String::new(),
        1 => " \t".to_owned(),
        2 => lines[0].clone(),
        3 => "pid|1".to_owned(),
        4 => "P|1".to_owned(),
        5 => "a wrapped line".to_owned(),
        6 => "NTE\u{b}".to_owned(),
        7 => "BTS".to_owned(),
        8 => "ÄÄÄ|1".to_owned(),
        9 => {
            lines[0] =
                ["MSH||~\\&|", "MSHA^~\\&A", "MSH|^~|EHR", "BHS|^~\\&|"][choices.below(4)].into();
            return lines;
        }
        _ => return lines,
    };
    lines.insert(at, line);
    lines
}

/// Every rule that made messages need.
const RULES: [&str; 9] = [
    MARK,
    SHIFTED,
    ALONE,
    TRIMMED,
    "its delimiters are none",
    "a control character is in it",
    "a line is empty",
    "a line begins with no segment name",
    "it has another header inside",
];

/// A text of these choices, spoilt or not.
fn text(choices: &mut Choices<'_>) -> String {
    let (plain, spoil) = (choices.below(3) == 0, choices.below(2) == 1);
    let how = [choices.below(256) as u8, choices.below(256) as u8];
    let made = Made::of(choices, plain);
    let mut lines = made.lines();
    // All of it is UTF-8 here, so MSH-18 must not name another character set.
    let charset = format!("{}{}", made.signs[0], made.segments[0].1[15]);
    if let Some(without) = lines[0].strip_suffix(&charset) {
        lines[0] = without.to_owned();
    }
    if spoil {
        lines = spoilt(lines, &mut Choices(&how));
    }
    let mark = if made.mark { "\u{feff}" } else { "" };
    format!("{mark}{}{}", lines.join(made.end), made.end.repeat(made.ends))
}

#[test]
fn on_made_messages_every_disagreement_is_explained() {
    let mut rules = Rules::new();
    let mut runner = TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 0..1500);
    for _ in 0..800 {
        let bytes = bytes.new_tree(&mut runner).unwrap().current();
        let text = text(&mut Choices(&bytes));
        let explained = compare(text.as_bytes()).unwrap_or_else(|why| panic!("{text:?}: {why}"));
        for rule in explained {
            assert!(RULES.contains(&rule), "{rule}");
            *rules.entry(rule).or_default() += 1;
        }
    }
    say("made", &rules);
    // A rule that explains nothing here may have been made for nothing.
    let idle: Vec<_> = RULES.iter().filter(|rule| !rules.contains_key(*rule)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}
