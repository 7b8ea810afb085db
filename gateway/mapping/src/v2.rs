//! HL7 v2 as a document: a tree with the same shape everywhere, so that a location is a route.
//!
//! `{"PID": [{"3": [{"1": {"1": "A-17"}, "4": {"1": "HOSPA"}}]}]}`: segment, its occurrences, field,
//! its repetitions, component, subcomponent, text without escapes. Null (`""`) is nobody's value.

use loopgate_hl7v2::{
    Component, Delimiters, Field, Location, Message, Repetition, Segment, Select, Which, escape,
    is_null, unescape,
};
use serde_json::{Map, Value};

use crate::path::Operand;
use crate::route::{Condition, Leg, Route, Take};

/// The tree of a message.
pub(crate) fn tree(message: &Message) -> Value {
    let delimiters = &message.delimiters;
    let mut root = Map::new();
    for segment in &message.segments {
        // MSH-1 and MSH-2 are how it is written, not what it says.
        let skipped = if segment.name == "MSH" { 2 } else { 0 };
        let fields = segment.fields.iter().enumerate().skip(skipped);
        let fields = fields.map(|(n, field)| (number(n), self::field(field, delimiters)));
        let found: Map<String, Value> = fields.filter(|(_, value)| value.is_array()).collect();
        let list = root.entry(segment.name.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(Value::Object(found));
        }
    }
    Value::Object(root)
}

fn number(index: usize) -> String {
    (index + 1).to_string()
}

fn field(field: &Field, delimiters: &Delimiters) -> Value {
    let repetition = |one: &Repetition| {
        let components = one.0.iter().enumerate().map(|(n, component)| {
            let texts = component.0.iter().enumerate();
            let texts = texts.filter(|(_, raw)| !raw.is_empty() && !is_null(raw));
            let texts = texts.map(|(n, raw)| (number(n), unescape(raw, delimiters).into()));
            (number(n), texts.collect::<Map<String, Value>>())
        });
        let populated = components.filter(|(_, texts)| !texts.is_empty());
        populated.map(|(n, texts)| (n, Value::Object(texts))).collect::<Map<String, Value>>()
    };
    let all: Vec<Map<String, Value>> = field.0.iter().map(repetition).collect();
    if all.iter().all(Map::is_empty) {
        return Value::Null;
    }
    Value::Array(all.into_iter().map(Value::Object).collect())
}

/// The segments of a tree, in this order of names.
pub(crate) fn segments(tree: &Value, structure: &[String]) -> Vec<Segment> {
    let all = structure.iter().flat_map(|name| {
        let list = tree.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        list.iter().map(move |one| (name, one))
    });
    all.map(|(name, one)| Segment {
        name: name.clone(),
        fields: numbered(one, |value| {
            let list = value.as_array().map_or(&[][..], Vec::as_slice);
            Field(list.iter().map(|one| Repetition(numbered(one, component).into())).collect())
        }),
    })
    .collect()
}

fn component(value: &Value) -> Component {
    let texts = numbered(value, |leaf| match leaf {
        Value::String(text) => escape(text, &Delimiters::USUAL),
        _ => String::new(),
    });
    Component(texts.into())
}

/// The members of an object by their numbers, with nothing where a number is missing.
fn numbered<T: Default + Clone>(object: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    let members = object.as_object().into_iter().flatten();
    let known = members.filter_map(|(n, value)| Some((n.parse::<usize>().ok()?, value)));
    known.fold(Vec::new(), |mut all, (n, value)| {
        if n > all.len() {
            all.resize(n, T::default());
        }
        if let Some(slot) = n.checked_sub(1).and_then(|at| all.get_mut(at)) {
            *slot = read(value);
        }
        all
    })
}

/// The way to a location.
pub(crate) fn route(location: &Location) -> Route {
    let first = |n: Option<u16>| one(n.unwrap_or(1));
    let legs = vec![
        Leg { name: location.segment.clone(), take: take(&location.of, true) },
        Leg { name: location.field.to_string(), take: take(&location.which, false) },
        first(location.component),
        first(location.subcomponent),
    ];
    Route { shown: shown(location), legs }
}

fn take(which: &Which, segment: bool) -> Take {
    match which {
        Which::First => Take::First(Vec::new()),
        Which::Each(selects) => {
            Take::Each(selects.iter().map(|one| condition(one, segment)).collect())
        }
        Which::Where(selects) => {
            Take::First(selects.iter().map(|one| condition(one, segment)).collect())
        }
    }
}

fn condition(select: &Select, segment: bool) -> Condition {
    let legs = if segment {
        let field = Leg { name: select.part.to_string(), take: Take::Only };
        vec![field, one(select.component.unwrap_or(1)), one(1)]
    } else {
        vec![one(select.part), one(1)]
    };
    Condition { legs, equals: Operand::Literal(select.equals.clone()) }
}

fn one(n: u16) -> Leg {
    Leg { name: n.to_string(), take: Take::One }
}

/// A location for refusals and ERR-2: without selections.
pub(crate) fn shown(location: &Location) -> String {
    let plain = Location { of: Which::First, which: Which::First, ..location.clone() };
    plain.to_string()
}

/// A place of the tree as HL7 writes it: `PID-3`, `PID-3.4`. The first component stands for the
/// field.
pub(crate) fn place(members: &[&str]) -> String {
    match members {
        [segment, field, "1", ..] => format!("{segment}-{field}"),
        [segment, field, component, ..] => format!("{segment}-{field}.{component}"),
        others => others.join("-"),
    }
}
