//! What FHIR's JSON format asks of every resource (R4 json.html, resource.html, extensibility.html):
//! nothing empty, `null` only to keep two arrays in step, ids of their form; and what we cannot
//! understand must not be passed over: `implicitRules` and `modifierExtension`.

use crate::fault::{Faults, expression, member};
use crate::parse::Place;
use crate::reference::contained_faults;
use crate::{Fault, IssueCode, Json, Limits};

/// Notes every fault of one resource located at `root`.
pub(crate) fn check(resource: &Json, root: &str, limits: &Limits, faults: &mut Faults) {
    let mut walk = Walk { root, limits, place: Vec::new(), faults };
    walk.object(resource);
    resource_form(resource, root, faults);
    let contained = resource.list("contained");
    if contained.len() > limits.contained_max {
        let place = member(root, "contained");
        faults.push(Fault::new(IssueCode::TooCostly, place, "holds too many resources"));
    }
    for (i, inner) in contained.iter().enumerate() {
        let place = format!("{root}.contained[{i}]");
        resource_form(inner, &place, faults);
        if inner.get("id").is_none() {
            faults.push(Fault::required(format!("{place}.id")));
        }
        if inner.get("contained").is_some() {
            let words = "a contained resource contains none";
            faults.push(Fault::new(IssueCode::Invariant, format!("{place}.contained"), words));
        }
    }
    faults.extend(contained_faults(resource, root));
}

fn resource_form(resource: &Json, root: &str, faults: &mut Faults) {
    if resource.get("id").is_some_and(|id| !id.as_str().is_some_and(is_id)) {
        faults.push(Fault::value(format!("{root}.id"), "does not have the form of an id"));
    }
    for name in ["implicitRules", "_implicitRules"] {
        if resource.get(name).is_some() {
            let words = "rules we do not know";
            faults.push(Fault::not_supported(format!("{root}.implicitRules"), words));
        }
    }
}

/// R4 datatypes.html, `id`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

struct Walk<'a> {
    root: &'a str,
    limits: &'a Limits,
    place: Vec<Place>,
    faults: &'a mut Faults,
}

impl Walk<'_> {
    fn object(&mut self, object: &Json) {
        if object.members().is_empty() {
            self.fault(IssueCode::Structure, "is empty");
        }
        for (name, value) in object.members() {
            self.place.push(Place::Member(name.clone()));
            if name == "modifierExtension" || name == "_modifierExtension" {
                self.fault(IssueCode::Extension, "changes the meaning in a way we do not know");
            }
            match value {
                Json::Array(items) => self.array(object, name, items),
                value => self.value(name, value),
            }
            self.place.pop();
        }
    }

    fn array(&mut self, parent: &Json, name: &str, items: &[Json]) {
        if items.is_empty() {
            self.fault(IssueCode::Structure, "is empty");
        }
        for (i, item) in items.iter().enumerate() {
            self.place.push(Place::Item(i));
            match item {
                Json::Null if twin(parent, name, i).is_some() => {}
                Json::Array(_) => self.fault(IssueCode::Structure, "is an array in an array"),
                item => self.value(name, item),
            }
            self.place.pop();
        }
    }

    fn value(&mut self, name: &str, value: &Json) {
        match value {
            Json::Null => self.fault(IssueCode::Structure, "is null"),
            Json::String(text) if text.is_empty() => self.fault(IssueCode::Structure, "is empty"),
            Json::String(text) if name != "data" && text.len() > self.limits.string_bytes_max => {
                self.fault(IssueCode::TooLong, "is too long");
            }
            // R4 datatypes.html, `string`: of those below 32, these three alone.
            Json::String(text)
                if text.chars().any(|c| c < ' ' && !matches!(c, '\t' | '\n' | '\r')) =>
            {
                self.fault(IssueCode::Structure, "holds a control character");
            }
            Json::Object(_) => self.object(value),
            Json::String(_) | Json::Bool(_) | Json::Number(_) => {}
            Json::Array(_) => unreachable!("arrays are walked by `array`"),
        }
    }

    fn fault(&mut self, code: IssueCode, words: &'static str) {
        self.faults.push(Fault::new(code, expression(self.root, &self.place), words));
    }
}

/// What stands beside item `i` of the array `name` in the array that keeps step with it: the
/// values of `given` and what is said of each of them in `_given`.
fn twin<'a>(parent: &'a Json, name: &str, i: usize) -> Option<&'a Json> {
    let twin = match name.strip_prefix('_') {
        Some(name) => parent.get(name),
        None => parent.get(&format!("_{name}")),
    };
    twin?.items().get(i).filter(|item| **item != Json::Null)
}
