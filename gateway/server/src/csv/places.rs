//! Between a document of the community dialect and cells: what is at a place, and back.

use serde_json::{Map, Value};

use super::layout::{HANDLING, NAME, VERSION};

/// Between the items of a list in one cell.
const BETWEEN: &str = ", ";
/// Places whose value is a number.
const NUMBERS: [&str; 1] = ["household.size"];

/// What a document says at a place, as a cell's text; nothing where it is silent.
pub fn at(document: &Value, place: &str) -> String {
    if place == HANDLING {
        return list(&document[HANDLING]["notices"], " ");
    }
    if place == NAME {
        return name(document);
    }
    let place = place.strip_suffix("[]").unwrap_or(place);
    let found = place.split('.').try_fold(document, |value, name| value.get(name));
    match found {
        Some(Value::Array(_)) => found.map_or(String::new(), |found| list(found, BETWEEN)),
        Some(value) => scalar(value),
        None => String::new(),
    }
}

fn name(document: &Value) -> String {
    let name = &document["client"]["name"];
    match scalar(&name["text"]) {
        text if text.is_empty() => {
            let parts = [list(&name["given"], " "), scalar(&name["family"])];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            parts.join(" ")
        }
        text => text,
    }
}

fn list(value: &Value, between: &str) -> String {
    let items = value.as_array().into_iter().flatten();
    items.map(scalar).collect::<Vec<String>>().join(between)
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// Whether the cell of a list says its items: one with the sign between two is read as two.
pub fn says(document: &Value, place: &str) -> bool {
    let Some(bare) = place.strip_suffix("[]") else { return true };
    let found = bare.split('.').try_fold(document, |value, name| value.get(name));
    let items = found.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).all(|item| !item.contains(BETWEEN))
}

/// The document that cells say.
pub fn document<'c>(cells: impl IntoIterator<Item = (&'c str, &'c str)>) -> Value {
    let mut document = Value::Object(Map::new());
    let mut whole = "";
    for (place, text) in cells {
        if place == NAME { whole = text } else { put(&mut document, place, text) }
    }
    // The parts of a name may say all of it.
    if name(&document) != whole {
        put(&mut document, "client.name.text", whole);
    }
    document
}

/// Puts a cell's text at a place. What is empty, or is about the file, is not put.
fn put(document: &mut Value, place: &str, text: &str) {
    if text.is_empty() || [VERSION, HANDLING, "not_carried", "business_status"].contains(&place) {
        return;
    }
    let (path, value) = match place.strip_suffix("[]") {
        Some(path) => (path, text.split(BETWEEN).map(Value::from).collect()),
        None => (place, Value::from(text)),
    };
    let number = text.parse::<serde_json::Number>().ok().filter(|_| NUMBERS.contains(&place));
    let value = number.map_or(value, Value::Number);
    let mut inside = document;
    for name in path.split('.') {
        if !inside.is_object() {
            *inside = Value::Object(Map::new());
        }
        inside = &mut inside[name];
    }
    *inside = value;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_put_is_found() {
        let document = document([
            ("referral_id", "ref_1"),
            ("client.name.given[]", "Maria, Elena"),
            ("client.name.family", "Lindqvist"),
            ("household.size", "4"),
            ("note", ""),
            ("version", "3"),
            ("client.name", "Maria Elena Lindqvist"),
        ]);
        let expected = json!({
            "referral_id": "ref_1",
            "client": { "name": { "given": ["Maria", "Elena"], "family": "Lindqvist" } },
            "household": { "size": 4 },
        });
        assert_eq!(document, expected);
        assert_eq!(at(&document, "client.name.given[]"), "Maria, Elena");
        assert_eq!(
            (at(&document, "household.size"), at(&document, "note")),
            ("4".into(), String::new())
        );
        assert!(says(&document, "client.name.given[]") && says(&document, "note"));
        assert!(!says(&json!({ "a": ["x, y"] }), "a[]"));
        assert_eq!(at(&document, "client.name"), "Maria Elena Lindqvist");
        let whole = super::document([("client.name", "Maria L."), ("client.name.family", "L.")]);
        assert_eq!(whole, json!({ "client": { "name": { "text": "Maria L.", "family": "L." } } }));
        assert_eq!(at(&whole, "client.name"), "Maria L.");
        let handling = json!({ "handling": { "codes": ["X"], "notices": ["One.", "Two."] } });
        assert_eq!(at(&handling, "handling"), "One. Two.");
    }
}
