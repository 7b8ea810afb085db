//! The tables under `gateway/fhir/tables`, read once. They are compiled in and tested; a line that
//! does not parse is a bug.

mod asks;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::primitive::{PRIMITIVES, Primitive};
use super::rules::{self, Rule};
use crate::Json;

/// All that the validator knows.
pub(super) struct Tables {
    kinds: HashMap<&'static str, usize>,
    pub(super) nodes: Vec<Node>,
    pub(super) profiles: HashMap<&'static str, Profile>,
    pub(super) resources: HashSet<&'static str>,
}

/// A type, or an element with children of its own.
#[derive(Default)]
pub(super) struct Node {
    pub(super) elements: Vec<Element>,
    /// By the name of the JSON member: the element, and which of its types.
    pub(super) members: HashMap<String, (usize, usize)>,
    pub(super) rules: Vec<&'static Rule>,
    pub(super) is_extension: bool,
}

/// One element.
pub(super) struct Element {
    /// Without `[x]`.
    pub(super) name: &'static str,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) types: Vec<Type>,
    pub(super) set: Option<&'static Set>,
    /// What holds of each value here, beside what holds of its type.
    pub(super) rules: Vec<&'static Rule>,
    pub(super) is_choice: bool,
}

/// A type that an element may have.
#[derive(Clone)]
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) of: Of,
    /// What a Reference may lead to; empty for anything.
    pub(super) targets: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Primitive(Primitive),
    Node(usize),
    Resource,
}

/// A value set.
pub(super) struct Set {
    /// By system; none for a system whose codes are not listed.
    pub(super) systems: Vec<(&'static str, Option<HashSet<&'static str>>)>,
}

/// A profile: what it asks of a resource type or of an extension.
pub(super) struct Profile {
    /// The last part of its canonical.
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) asks: Asks,
}

/// What is asked of one element beyond the base.
#[derive(Default)]
pub(super) struct Asks {
    pub(super) count: Option<(usize, usize)>,
    pub(super) types: Vec<(&'static str, Vec<&'static str>)>,
    /// The canonical of the extension it is.
    pub(super) extension: Option<&'static str>,
    pub(super) set: Option<(bool, &'static Set)>,
    pub(super) rules: Vec<&'static Rule>,
    /// How its slices are told apart, and whether there are no others.
    pub(super) by: Vec<(&'static str, &'static str)>,
    pub(super) closed: bool,
    /// A fixed value, or a pattern.
    pub(super) value: Option<(bool, Json)>,
    pub(super) children: Vec<(&'static str, Asks)>,
    pub(super) slices: Vec<(&'static str, Asks)>,
}

/// Read at the first use.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);
pub(super) static SETS: LazyLock<HashMap<&'static str, Set>> = LazyLock::new(sets);

const R4: &str = include_str!("../../tables/r4.txt");
const CODES: &str = include_str!("../../tables/codes.txt");
const PROFILES: [&str; 2] =
    [include_str!("../../tables/us-core.txt"), include_str!("../../tables/sdohcc.txt")];

/// The lines of a table but its comments.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn sets() -> HashMap<&'static str, Set> {
    let mut sets: HashMap<&'static str, Set> = HashMap::new();
    let mut last = "";
    for line in lines(CODES) {
        if let Some(rest) = line.strip_prefix("set ") {
            last = rest.split(' ').next().unwrap_or(rest);
            sets.insert(last, Set { systems: Vec::new() });
        } else if let Some((system, codes)) = line.trim_start().split_once(' ')
            && line.starts_with(' ')
            && let Some(set) = sets.get_mut(last)
        {
            let codes = (codes != "*").then(|| codes.split(' ').collect());
            set.systems.push((system, codes));
        }
    }
    sets
}

/// The names that a line of the codes lists: `resources` of R4, or the complex types that an element
/// of any type may have, `open` (R4 datatypes.html#open).
fn named(what: &str) -> impl Iterator<Item = &'static str> {
    let line = lines(CODES).find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
    line.unwrap_or_default().split(' ')
}

impl Tables {
    fn read() -> Tables {
        let mut tables = Tables {
            kinds: HashMap::new(),
            nodes: Vec::new(),
            profiles: HashMap::new(),
            resources: named("resources").collect(),
        };
        tables.base();
        for text in PROFILES {
            let mut last = "";
            for line in lines(text) {
                if let Some(rest) = line.strip_prefix("profile ") {
                    let mut words = rest.split(' ');
                    let url = words.next().unwrap_or_default();
                    let kind = words.next().unwrap_or_default();
                    let mut asks = Asks::default();
                    asks.facts(words.next().unwrap_or_default(), kind);
                    let name = url.rsplit('/').next().unwrap_or(url);
                    tables.profiles.insert(url, Profile { name, kind, asks });
                    last = url;
                } else if let Some(profile) = tables.profiles.get_mut(last) {
                    let (path, facts) = line.trim_start().split_once(' ').unwrap_or((line, ""));
                    let kind = profile.kind;
                    profile.asks.below(path).facts(facts, kind);
                }
            }
        }
        tables
    }

    /// The type of that name, if it is one with elements.
    pub(super) fn node(&self, kind: &str) -> Option<usize> {
        self.kinds.get(kind).copied()
    }

    fn base(&mut self) {
        // First every name, so that types may refer to each other.
        let mut places: HashMap<(&str, &str), usize> = HashMap::new();
        let mut bases: Vec<(&'static str, Option<&'static str>)> = Vec::new();
        for line in lines(R4) {
            if let Some(rest) = line.strip_prefix("type ") {
                let mut words = rest.split(' ').filter(|word| *word != ":").peekable();
                let name = words.next().unwrap_or_default();
                let base = words.next_if(|word| !word.starts_with("rules("));
                let rules = rules_of(words.next().unwrap_or_default(), name);
                let is_extension = name == "Extension";
                self.kinds.insert(name, self.nodes.len());
                places.insert((name, ""), self.nodes.len());
                self.nodes.push(Node { rules, is_extension, ..Node::default() });
                bases.push((name, base));
            } else if let Some((path, facts)) = line.trim_start().split_once(' ')
                && facts.split(' ').nth(1) == Some("{}")
                && let Some((kind, _)) = bases.last()
            {
                places.insert((kind, path), self.nodes.len());
                let keys = facts.split(' ').find(|word| word.starts_with("rules("));
                let rules = rules_of(keys.unwrap_or_default(), path);
                self.nodes.push(Node { rules, ..Node::default() });
            }
        }
        let mut kind = "";
        for line in lines(R4) {
            if let Some(rest) = line.strip_prefix("type ") {
                kind = rest.split(' ').next().unwrap_or_default();
            } else if let Some((path, facts)) = line.trim_start().split_once(' ') {
                let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
                let element = self.element(kind, path, name, facts, &places);
                if let Some(at) = places.get(&(kind, parent)) {
                    self.nodes[*at].add(element);
                }
            }
        }
        for (name, base) in &bases {
            if let (Some(base), Some(own)) =
                (base.and_then(|base| self.node(base)), self.node(name))
            {
                self.inherit(own, base);
            }
        }
        let extension = self.kinds["Extension"];
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let of = [
                ("id", 1, "string", Of::Primitive(Primitive::Text)),
                ("extension", usize::MAX, "Extension", Of::Node(extension)),
                ("modifierExtension", usize::MAX, "Extension", Of::Node(extension)),
            ];
            for (name, max, kind, of) in of {
                let not_here = at == extension && name == "modifierExtension";
                if !(not_here || node.members.contains_key(name)) {
                    let types = vec![Type { name: kind, of, targets: Vec::new() }];
                    node.add(Element {
                        name,
                        min: 0,
                        max,
                        types,
                        set: None,
                        rules: Vec::new(),
                        is_choice: false,
                    });
                }
            }
        }
    }

    fn inherit(&mut self, own: usize, base: usize) {
        let mut elements = Vec::new();
        for element in &self.nodes[base].elements {
            if !self.nodes[own].elements.iter().any(|known| known.name == element.name) {
                elements.push(Element {
                    name: element.name,
                    min: element.min,
                    max: element.max,
                    types: element.types.clone(),
                    set: element.set,
                    rules: element.rules.clone(),
                    is_choice: element.is_choice,
                });
            }
        }
        elements.into_iter().for_each(|element| self.nodes[own].add(element));
    }

    fn element(
        &self,
        kind: &'static str,
        path: &'static str,
        name: &'static str,
        facts: &'static str,
        places: &HashMap<(&str, &str), usize>,
    ) -> Element {
        let mut words = facts.split(' ');
        let (min, max) = count(words.next().unwrap_or_default()).unwrap_or((0, usize::MAX));
        let types = words.next().unwrap_or_default();
        let set = words.next().and_then(|word| SETS.get(word.strip_prefix('!')?));
        let types = match types {
            "{}" => {
                vec![Type { name: "", of: Of::Node(places[&(kind, path)]), targets: Vec::new() }]
            }
            "*" => {
                let primitives = PRIMITIVES.iter().map(|(name, _)| *name).filter(|n| *n != "xhtml");
                primitives.chain(named("open")).filter_map(|name| self.type_of(name)).collect()
            }
            other if other.starts_with('=') => {
                vec![Type {
                    name: "",
                    of: Of::Node(places[&(kind, &other[1..])]),
                    targets: Vec::new(),
                }]
            }
            types => types.split('|').filter_map(|name| self.type_of(name)).collect(),
        };
        // Those of an element with children of its own are its node's.
        let keys = facts.split(' ').find(|word| word.starts_with("rules("));
        let keys = keys.filter(|_| facts.split(' ').nth(1) != Some("{}"));
        let rules = rules_of(keys.unwrap_or_default(), path);
        let is_choice = name.ends_with("[x]");
        Element { name: name.trim_end_matches("[x]"), min, max, types, set, rules, is_choice }
    }

    fn type_of(&self, text: &'static str) -> Option<Type> {
        let (name, targets) = split_type(text);
        let of = match PRIMITIVES.iter().find(|(known, _)| *known == name) {
            Some((_, primitive)) => Of::Primitive(*primitive),
            None if name == "Resource" => Of::Resource,
            None => Of::Node(self.node(name)?),
        };
        Some(Type { name, of, targets })
    }
}

impl Node {
    fn add(&mut self, element: Element) {
        let index = self.elements.len();
        for (n, kind) in element.types.iter().enumerate() {
            let member = match element.is_choice {
                true => format!("{}{}", element.name, capital(kind.name)),
                false => element.name.to_owned(),
            };
            self.members.insert(member, (index, n));
        }
        self.elements.push(element);
    }
}

/// How a choice element ends in a type. A quantity with limits of its own is still a Quantity.
pub(super) fn capital(kind: &str) -> String {
    let kind = if matches!(kind, "SimpleQuantity" | "MoneyQuantity") { "Quantity" } else { kind };
    let mut letters = kind.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn split_type(text: &'static str) -> (&'static str, Vec<&'static str>) {
    match text.split_once('(') {
        Some((name, targets)) => (name, targets.trim_end_matches(')').split(',').collect()),
        None => (text, Vec::new()),
    }
}

fn count(text: &str) -> Option<(usize, usize)> {
    let (min, max) = text.split_once("..")?;
    let max = if max == "*" { usize::MAX } else { max.parse().ok()? };
    Some((min.parse().ok()?, max))
}

/// The rules of a list of keys that are checked; the others are in `rules::NOT_CHECKED`.
fn rules_of(word: &'static str, of: &str) -> Vec<&'static Rule> {
    let keys = word.strip_prefix("rules(").map(|keys| keys.trim_end_matches(')'));
    keys.into_iter()
        .flat_map(|keys| keys.split(','))
        .filter_map(|key| rules::find(key, of))
        .collect()
}
