//! The walk along R4's own definitions.

use super::place::{At, Report};
use super::primitive;
use super::rules::{ADVICE, Rule};
use super::table::{Element, Node, Of, Set, Tables, Type, capital};
use crate::{IssueCode, Json, RefText};

/// The walk, and where it notes what it finds.
pub(super) struct Base<'a, 'r> {
    pub(super) tables: &'static Tables,
    /// The resource that holds the contained ones.
    pub(super) root: &'a Json,
    pub(super) report: Report<'r>,
}

impl<'a> Base<'a, '_> {
    /// A resource: its definition, then each profile that it claims.
    pub(super) fn resource(&mut self, json: &'a Json, at: &At<'_>) {
        let kind = json.text("resourceType").unwrap_or_default();
        if !self.tables.resources.contains(kind) {
            let words = "is of no resource type of R4";
            return self.report.fault(IssueCode::Structure, at, words);
        }
        // Of a type that we do not accept there can be a contained one; its model is checked alone.
        if let Some(node) = self.tables.node(kind) {
            self.object(node, json, at);
            self.profiles(json, kind, at);
        }
    }

    fn object(&mut self, index: usize, json: &'a Json, at: &At<'_>) {
        let node = &self.tables.nodes[index];
        let Json::Object(members) = json else {
            return self.report.fault(IssueCode::Structure, at, "is no object");
        };
        if members.is_empty() {
            return;
        }
        let mut seen: Vec<Option<&str>> = vec![None; node.elements.len()];
        for (name, value) in members {
            let bare = name.strip_prefix('_').unwrap_or(name);
            let Some((element, kind)) = node.members.get(bare) else {
                self.unknown(node, name, at);
                continue;
            };
            let known = &node.elements[*element];
            match seen[*element].replace(bare) {
                Some(other) if other != bare => {
                    let words = "has two values of one choice";
                    self.report.fault(IssueCode::Structure, &at.member(known.name), words);
                }
                _ => {}
            }
            let place = at.member(name);
            if name.starts_with('_') {
                self.beside(&known.types[*kind], value, &place);
            } else {
                self.element(known, &known.types[*kind], value, &place);
            }
        }
        for (element, seen) in node.elements.iter().zip(&seen) {
            if element.min > 0 && seen.is_none() {
                self.report.fault(IssueCode::Required, &at.member(element.name), "is missing");
            }
        }
        if members.iter().all(|(name, _)| name == "id") {
            self.report.broken(at, "ele-1", "has neither a value nor children");
        }
        if node.is_extension {
            self.extension(json, at);
        }
        self.rules(&node.rules, json, at);
    }

    /// An element that R4 does not have is kept and told. One that is a choice of a type it may not
    /// have is a mistake about something R4 does have.
    fn unknown(&mut self, node: &Node, name: &str, at: &At<'_>) {
        if name == "resourceType" {
            return;
        }
        let bare = name.strip_prefix('_').unwrap_or(name);
        let chosen =
            node.elements.iter().filter(|element| element.is_choice).any(|element| {
                bare.strip_prefix(element.name).is_some_and(|kind| self.is_type(kind))
            });
        if chosen {
            let words = "is of a type that this element does not take";
            return self.report.fault(IssueCode::Structure, &at.member(name), words);
        }
        let words = "is not known to R4 and kept as it is";
        self.report.warn(IssueCode::Structure, &at.member(name), words);
    }

    fn is_type(&self, name: &str) -> bool {
        let primitives = primitive::PRIMITIVES.iter();
        self.tables.node(name).is_some()
            || primitives.into_iter().any(|(one, _)| capital(one) == name)
    }

    fn element(&mut self, element: &Element, kind: &Type, value: &'a Json, at: &At<'_>) {
        match value {
            Json::Null => {}
            Json::Array(items) if element.max > 1 => {
                if items.len() > element.max {
                    self.report.fault(IssueCode::Structure, at, "occurs too often");
                }
                for (i, item) in items.iter().enumerate() {
                    self.single(element, kind, item, &at.item(i));
                }
            }
            Json::Array(_) => {
                self.report.fault(IssueCode::Structure, at, "is a list and may be one")
            }
            _ if element.max == 0 => {
                self.report.fault(IssueCode::Structure, at, "may not be here");
            }
            _ if element.max > 1 => self.report.fault(IssueCode::Structure, at, "is not a list"),
            value => self.single(element, kind, value, at),
        }
    }

    fn rules(&mut self, rules: &[&'static Rule], json: &Json, at: &At<'_>) {
        for rule in rules.iter().filter(|rule| !(rule.holds)(json)) {
            let before = self.report.advisory;
            self.report.advisory |= ADVICE.contains(&rule.key);
            self.report.broken(at, rule.key, rule.words);
            self.report.advisory = before;
        }
    }

    fn single(&mut self, element: &Element, kind: &Type, value: &'a Json, at: &At<'_>) {
        match kind.of {
            _ if *value == Json::Null => return,
            Of::Primitive(primitive) => {
                if let Some((code, words)) = primitive::fault(primitive, value) {
                    return self.report.fault(code, at, words);
                }
            }
            Of::Resource => return self.resource(value, at),
            Of::Node(node) => {
                self.object(node, value, at);
                self.rules(&element.rules, value, at);
                if kind.name == "Reference" {
                    self.reference(&kind.targets, value, at);
                }
            }
        }
        if let Some(set) = element.set {
            self.bound(set, value, at);
        }
    }

    /// What is said of a primitive beside its value.
    fn beside(&mut self, kind: &Type, value: &'a Json, at: &At<'_>) {
        if !matches!(kind.of, Of::Primitive(_)) {
            let words = "is said of no primitive and kept as it is";
            return self.report.warn(IssueCode::Structure, at, words);
        }
        match value {
            Json::Array(items) => {
                for (i, item) in items.iter().enumerate().filter(|(_, item)| **item != Json::Null) {
                    self.said(item, &at.item(i));
                }
            }
            Json::Null => {}
            value => self.said(value, at),
        }
    }

    fn said(&mut self, value: &'a Json, at: &At<'_>) {
        let Json::Object(members) = value else {
            return self.report.fault(IssueCode::Structure, at, "is no object");
        };
        let extension = self.tables.node("Extension");
        for (name, value) in members {
            match (name.as_str(), value, extension) {
                ("extension", Json::Array(items), Some(node)) => {
                    for (i, item) in items.iter().enumerate() {
                        self.object(node, item, &at.member(name).item(i));
                    }
                }
                ("extension", ..) => {
                    self.report.fault(IssueCode::Structure, &at.member(name), "is not a list");
                }
                ("id", Json::String(_), _) => {}
                ("id", ..) => {
                    let words = "has the wrong JSON type";
                    self.report.fault(IssueCode::Structure, &at.member(name), words);
                }
                _ => {
                    let words = "is not known to R4 and kept as it is";
                    self.report.warn(IssueCode::Structure, &at.member(name), words);
                }
            }
        }
    }

    /// R4 extensibility.html, ext-1; and what the guides ask of extensions of theirs. Nobody claims
    /// to follow a guide by the use of its extension: then it is worth a warning.
    fn extension(&mut self, json: &'a Json, at: &At<'_>) {
        let valued = json
            .members()
            .iter()
            .any(|(name, _)| name.strip_prefix('_').unwrap_or(name).starts_with("value"));
        if valued == json.get("extension").is_some() {
            self.report.broken(at, "ext-1", "needs a value or extensions, and one alone");
        }
        let profile = json.text("url").and_then(|url| self.tables.profiles.get(url));
        if let Some(profile) = profile.filter(|profile| profile.kind == "Extension") {
            let before = std::mem::replace(&mut self.report.advisory, true);
            self.asks(profile, json, at);
            self.report.advisory = before;
        }
    }

    /// Where a reference may lead, by its own text, by the contained resource it names, and by what
    /// it says its type is.
    pub(super) fn reference(&mut self, targets: &[&str], json: &'a Json, at: &At<'_>) {
        let text = json.text("reference");
        let read = text.and_then(RefText::of);
        if text.is_some_and(|text| !text.is_empty() && !text.contains(':')) && read.is_none() {
            let words = "does not have the form of a reference";
            return self.report.fault(IssueCode::Value, &at.member("reference"), words);
        }
        let known = |kind: &&str| self.tables.resources.contains(*kind);
        let inside = text.and_then(|text| text.strip_prefix('#')).and_then(|id| {
            let mut contained = self.root.list("contained").iter();
            contained.find(|one| !id.is_empty() && one.text("id") == Some(id))
        });
        let inside = inside.and_then(|one| one.text("resourceType"));
        let named = read.as_ref().and_then(RefText::kind);
        if named.is_some_and(|kind| !known(&kind)) && !matches!(read, Some(RefText::Absolute(_))) {
            let words = "names no resource type of R4";
            return self.report.fault(IssueCode::Value, &at.member("reference"), words);
        }
        let named = inside.or(named).filter(known);
        let said = json.text("type").map(|kind| kind.rsplit('/').next().unwrap_or(kind));
        let said = said.filter(known);
        let fits = |kind: &str| targets.is_empty() || targets.contains(&kind);
        if named.is_some_and(|kind| !fits(kind)) {
            let words = "leads to a type of resource that may not be here";
            self.report.fault(IssueCode::Value, at, words);
        } else if said.is_some_and(|kind| !fits(kind)) {
            let words = "is a type of resource that may not be here";
            self.report.fault(IssueCode::Value, &at.member("type"), words);
        } else if named.zip(said).is_some_and(|(named, said)| named != said) {
            let words = "is not the type that the reference names";
            self.report.fault(IssueCode::Value, &at.member("type"), words);
        }
    }

    fn bound(&mut self, set: &'static Set, value: &Json, at: &At<'_>) {
        match value {
            Json::String(code) if !set.has_code(code) => {
                self.report.fault(IssueCode::CodeInvalid, at, "is no code of its value set");
            }
            // A concept in words alone: the standard asks for a code, many systems have none.
            Json::Object(_) if value.get("coding").is_none() && value.get("code").is_none() => {
                self.report.warn(IssueCode::CodeInvalid, at, "has no code of its value set");
            }
            Json::Object(_) if set.has(value) == Some(false) => {
                let list = at.member("coding");
                let one = value.list("coding").len() == 1;
                let place = if one { list.item(0) } else { *at };
                self.report.fault(IssueCode::CodeInvalid, &place, "is no code of its value set");
            }
            _ => {}
        }
    }
}

impl Set {
    /// Whether every code in it is listed.
    pub(super) fn is_whole(&self) -> bool {
        self.systems.iter().all(|(_, codes)| codes.is_some())
    }

    /// Whether a code, whose system its element implies, is in the set.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.systems
            .iter()
            .any(|(_, codes)| codes.as_ref().is_none_or(|codes| codes.contains(code)))
    }

    /// Whether a Coding, or a coding of a CodeableConcept, is in the set; `None` if that cannot be
    /// told, because its system is one whose codes are not listed.
    pub(super) fn has(&self, json: &Json) -> Option<bool> {
        let codings = match json.get("coding") {
            Some(list) => list.items(),
            None => std::slice::from_ref(json),
        };
        let mut answer = Some(false);
        for coding in codings {
            let system = coding.text("system");
            match self.systems.iter().find(|(known, _)| Some(*known) == system) {
                Some((_, None)) => answer = None,
                Some((_, Some(codes)))
                    if coding.text("code").is_some_and(|code| codes.contains(code)) =>
                {
                    return Some(true);
                }
                _ => {}
            }
        }
        answer
    }
}
