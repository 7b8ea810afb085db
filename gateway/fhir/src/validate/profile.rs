//! The walk along what a profile asks beyond R4.

use super::base::Base;
use super::place::At;
use super::table::{Asks, Profile, Set, capital};
use crate::{IssueCode, Json};

/// A value, and what is said beside it when it is a primitive.
#[derive(Debug, Clone, Copy)]
struct Item<'a> {
    value: Option<&'a Json>,
    beside: Option<&'a Json>,
    /// The type by which a choice element is named.
    kind: Option<&'a str>,
}

/// An item, and the step to it from its parent.
type Step<'a> = (Item<'a>, &'a str, Option<usize>);

impl<'a> Base<'a, '_> {
    /// Every profile that `meta.profile` claims and that we have, whatever its version.
    pub(super) fn profiles(&mut self, json: &'a Json, kind: &str, at: &At<'_>) {
        for (i, claim) in json.list("meta.profile").iter().enumerate() {
            let Some(claim) = claim.as_str() else { continue };
            let url = claim.split('|').next().unwrap_or(claim);
            let meta = at.member("meta");
            let place = meta.step("profile", Some(i));
            match self.tables.profiles.get(url) {
                Some(profile) if profile.kind == kind => self.asks(profile, json, at),
                Some(_) => {
                    let words = "is a profile of another type";
                    self.report.fault(IssueCode::Structure, &place, words);
                }
                None => {
                    let words = "is a profile that is not checked here";
                    self.report.warn(IssueCode::NotSupported, &place, words);
                }
            }
        }
    }

    /// What one profile asks of the whole of a resource or extension.
    pub(super) fn asks(&mut self, profile: &'static Profile, json: &'a Json, at: &At<'_>) {
        let before = self.report.profile.replace(profile.name);
        let item = Item { value: Some(json), beside: None, kind: None };
        self.item(&profile.asks, item, at);
        self.report.profile = before;
    }

    /// What is asked of one item; how many there are was counted.
    fn item(&mut self, asks: &'static Asks, item: Item<'a>, at: &At<'_>) {
        if let Some(kind) = item.kind
            && !asks.types.is_empty()
            && !asks.types.iter().any(|(known, _)| capital(known) == kind)
        {
            let words = "is of a type that is not asked for";
            self.report.fault(IssueCode::Structure, at, words);
            return;
        }
        if let Some(value) = item.value {
            self.value(asks, value, item.kind, at);
        }
        for (name, child) in &asks.children {
            self.child(child, name, item, at);
        }
        if let (Some(url), Some(value)) = (asks.extension, item.value)
            && let Some(profile) = self.tables.profiles.get(url)
        {
            self.asks(profile, value, at);
        }
    }

    fn value(&mut self, asks: &'static Asks, value: &'a Json, kind: Option<&str>, at: &At<'_>) {
        let reference = kind.is_none_or(|kind| kind == "Reference");
        let targets = asks.types.iter().find(|(known, _)| *known == "Reference");
        if let Some((_, targets)) = targets.filter(|_| reference) {
            self.reference(targets, value, at);
        }
        match &asks.value {
            Some((true, fixed)) if value != fixed => {
                self.report.fault(IssueCode::Value, at, "is not the value that is asked for");
            }
            Some((false, pattern)) => self.pattern(pattern, value, at),
            _ => {}
        }
        match asks.set {
            Some((required, set)) if !in_set(set, value).unwrap_or(true) => {
                let words = "has no code of the value set that is asked for";
                match required {
                    true => self.report.fault(IssueCode::CodeInvalid, at, words),
                    false => self.report.warn(IssueCode::CodeInvalid, at, words),
                }
            }
            _ => {}
        }
        for rule in asks.rules.iter().filter(|rule| !(rule.holds)(value)) {
            self.report.broken(at, rule.key, rule.words);
        }
    }

    /// A value that lacks a part of the pattern: at that part, if it is plain which was meant.
    fn pattern(&mut self, pattern: &Json, value: &Json, at: &At<'_>) {
        if fits(pattern, value) {
            return;
        }
        match (pattern, value) {
            (Json::Object(members), Json::Object(_)) => {
                for (name, wanted) in members {
                    match value.get(name) {
                        Some(part) => self.pattern(wanted, part, &at.member(name)),
                        None => {
                            let words = "is missing";
                            self.report.fault(IssueCode::Required, &at.member(name), words);
                        }
                    }
                }
            }
            (Json::Array(wanted), Json::Array(items)) if wanted.len() == 1 && items.len() == 1 => {
                self.pattern(&wanted[0], &items[0], &at.item(0));
            }
            _ => self.report.fault(IssueCode::Value, at, "is not the value that is asked for"),
        }
    }

    /// What is asked of an element: how many, each of them, and its slices.
    fn child(&mut self, asks: &'static Asks, name: &'static str, parent: Item<'a>, at: &At<'_>) {
        let bare = name.trim_end_matches("[x]");
        let steps = steps(parent, name);
        self.count(asks, steps.len(), &at.member(bare), ("is missing", "occurs too often"));
        for (item, member, index) in &steps {
            self.item(asks, *item, &at.step(member, *index));
        }
        if asks.slices.is_empty() {
            return;
        }
        let mut alone = vec![asks.closed; steps.len()];
        for (_, slice) in &asks.slices {
            let (mut sure, mut maybe) = (0, 0);
            for ((item, member, index), alone) in steps.iter().zip(&mut alone) {
                match self.belongs(asks, slice, *item) {
                    Some(false) => continue,
                    Some(true) => {
                        sure += 1;
                        self.item(slice, *item, &at.step(member, *index));
                    }
                    None => maybe += 1,
                }
                *alone = false;
            }
            let place = at.member(bare);
            let (min, max) = slice.count.unwrap_or((0, usize::MAX));
            if sure + maybe < min {
                let words = "has not every part that is asked for";
                self.report.fault(IssueCode::Required, &place, words);
            }
            if sure > max {
                self.report.fault(IssueCode::Structure, &place, "has a part too often");
            }
        }
        for ((_, member, index), _) in steps.iter().zip(&alone).filter(|(_, alone)| **alone) {
            let words = "is none of the parts that are asked for";
            self.report.fault(IssueCode::Structure, &at.step(member, *index), words);
        }
    }

    fn count(
        &mut self,
        asks: &Asks,
        found: usize,
        at: &At<'_>,
        (too_few, too_many): (&'static str, &'static str),
    ) {
        let (min, max) = asks.count.unwrap_or((0, usize::MAX));
        if found < min {
            let words = if found == 0 { too_few } else { "occurs too seldom" };
            self.report.fault(IssueCode::Required, at, words);
        } else if found > max {
            let words = if max == 0 { "may not be here" } else { too_many };
            self.report.fault(IssueCode::Structure, at, words);
        }
    }

    /// Whether an item is of a slice; `None` if that cannot be told here.
    fn belongs(&self, asks: &Asks, slice: &'static Asks, item: Item<'a>) -> Option<bool> {
        if let Some(url) = slice.extension {
            return Some(item.value?.text("url") == Some(url));
        }
        // Slices of extensions are told by url even where that is not said.
        let by: &[(&str, &str)] = if asks.by.is_empty() { &[("value", "url")] } else { &asks.by };
        let mut answer = Some(true);
        for (how, path) in by {
            let one = match (*how, *path) {
                ("exists", path) => self.exists(path, item),
                ("type", "$this") => Some(is_of(slice, item)),
                (how, path) => along(slice, path, item, how == "type"),
            };
            match one {
                Some(false) => return Some(false),
                Some(true) => {}
                None => answer = None,
            }
        }
        answer
    }

    /// `extension('url')`, the one path by whose existence a slice is told.
    fn exists(&self, path: &str, item: Item<'a>) -> Option<bool> {
        let url = path.strip_prefix("extension('")?.strip_suffix("')")?;
        let extensions = item.value?.list("extension");
        Some(extensions.iter().any(|one| one.text("url") == Some(url)))
    }
}

fn is_of(asks: &Asks, item: Item<'_>) -> bool {
    let Some(kind) = item.kind else { return true };
    asks.types.iter().any(|(known, _)| capital(known) == kind)
}

/// Whether what is at a path of the item is what the slice has there.
fn along(slice: &'static Asks, path: &str, item: Item<'_>, by_type: bool) -> Option<bool> {
    let (mut asks, mut items) = (slice, vec![item]);
    let mut told = None;
    let mut path = if path == "$this" { "" } else { path };
    loop {
        // A pattern above the path tells as well as one at its end.
        if !by_type && (asks.value.is_some() || asks.set.is_some()) {
            let one = items.iter().map(|item| is_value(asks, *item)).fold(Some(false), either);
            told = told.map_or(Some(one), |before: Option<bool>| Some(both(before, one)));
        }
        let Some(step) = path.split('.').next().filter(|step| !step.is_empty()) else { break };
        path = path.get(step.len() + 1..).unwrap_or("");
        let choice = |name: &str| name.strip_suffix("[x]") == Some(step);
        let child = asks.children.iter().find(|(name, _)| *name == step || choice(name));
        let Some((name, child)) = child else { break };
        items = items.iter().flat_map(|item| steps(*item, name)).map(|(item, ..)| item).collect();
        asks = child;
    }
    if by_type {
        return (!asks.types.is_empty()).then(|| items.iter().any(|item| is_of(asks, *item)));
    }
    told.flatten()
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, _) | (_, None) => None,
        _ => Some(false),
    }
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (None, _) | (_, None) => None,
        _ => Some(true),
    }
}

fn is_value(asks: &Asks, item: Item<'_>) -> Option<bool> {
    let Some(value) = item.value else { return Some(false) };
    match &asks.value {
        Some((true, fixed)) => Some(value == fixed),
        Some((false, pattern)) => Some(fits(pattern, value)),
        None => in_set(asks.set?.1, value),
    }
}

fn in_set(set: &Set, value: &Json) -> Option<bool> {
    match value {
        Json::String(code) => Some(set.has_code(code)),
        value => set.has(value),
    }
}

/// Whether a value has all that a pattern has (R4 elementdefinition.html, `pattern[x]`).
fn fits(pattern: &Json, value: &Json) -> bool {
    match (pattern, value) {
        (Json::Object(members), Json::Object(_)) => members
            .iter()
            .all(|(name, wanted)| value.get(name).is_some_and(|value| fits(wanted, value))),
        (Json::Array(wanted), Json::Array(items)) => {
            wanted.iter().all(|wanted| items.iter().any(|item| fits(wanted, item)))
        }
        (pattern, value) => pattern == value,
    }
}

/// The items of an element, `value[x]` by whatever type it has.
fn steps<'a>(parent: Item<'a>, name: &str) -> Vec<Step<'a>> {
    // Of a primitive, what is said beside it has the children.
    let Some(object) = [parent.value, parent.beside]
        .into_iter()
        .flatten()
        .find(|json| matches!(json, Json::Object(_)))
    else {
        return Vec::new();
    };
    let choice = name.strip_suffix("[x]");
    let mut found: Vec<Step<'a>> = Vec::new();
    for (member, value) in object.members() {
        let bare = member.strip_prefix('_').unwrap_or(member);
        let kind = choice.and_then(|name| bare.strip_prefix(name));
        let kind = kind.filter(|kind| kind.starts_with(|letter: char| letter.is_ascii_uppercase()));
        let asked = match choice {
            Some(_) => kind.is_some(),
            None => bare == name,
        };
        let has_value = bare.len() < member.len() && object.get(bare).is_some();
        if !asked || has_value {
            continue;
        }
        let is_beside = bare.len() < member.len();
        let twin = if is_beside {
            None
        } else {
            object.members().iter().find(|(other, _)| other.strip_prefix('_') == Some(bare))
        };
        let twin = twin.map(|(_, twin)| twin);
        let item = |value: &'a Json, twin: Option<&'a Json>| match is_beside {
            true => Item { value: None, beside: Some(value), kind },
            false => Item { value: (*value != Json::Null).then_some(value), beside: twin, kind },
        };
        match value {
            Json::Array(items) => found.extend(items.iter().enumerate().map(|(i, value)| {
                let twin = twin.and_then(|twin| twin.items().get(i));
                (item(value, twin), member.as_str(), Some(i))
            })),
            value => found.push((item(value, twin), member.as_str(), None)),
        }
    }
    found
}
