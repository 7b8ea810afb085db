//! JSON as received: member order, unknown members and the digits of every number survive
//! (FHIR R4 json.html: `1.00` is not `1.0`).
//!
//! Not here: reading (`parse.rs`) and what FHIR makes of it (`shape.rs`).

use std::fmt;

use serde_json::Value;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order received. No name occurs twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object of these members.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// An array of these items.
    pub fn array(items: impl IntoIterator<Item = Json>) -> Json {
        Json::Array(items.into_iter().collect())
    }

    /// A `Reference` with nothing but its text.
    pub fn reference(text: &str) -> Json {
        Json::object([("reference", text.into())])
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The member of an object.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        match self {
            Json::Object(members) => {
                members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The value at a dotted path of object members, `statusReason.text`.
    pub fn at(&self, path: &str) -> Option<&Json> {
        path.split('.').try_fold(self, |json, name| json.get(name))
    }

    /// The string at a dotted path of object members.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// The items of the array at a dotted path of object members; none if there is none.
    pub fn list(&self, path: &str) -> &[Json] {
        self.at(path).map_or(&[], Json::items)
    }

    /// The string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an array; none of anything else.
    pub fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// Replaces a member in its place, or adds it at the end. No effect on anything but an object.
    pub fn set(&mut self, name: &str, value: Json) {
        match self.get_mut(name) {
            Some(place) => *place = value,
            None => self.put(usize::MAX, name, value),
        }
    }

    /// Replaces a member in its place, or adds it as the member at `index`.
    pub(crate) fn set_at(&mut self, index: usize, name: &str, value: Json) {
        match self.get_mut(name) {
            Some(place) => *place = value,
            None => self.put(index, name, value),
        }
    }

    fn put(&mut self, index: usize, name: &str, value: Json) {
        if let Json::Object(members) = self {
            members.insert(index.min(members.len()), (name.to_owned(), value));
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let Json::Object(members) = self else { return None };
        let index = members.iter().position(|(known, _)| known == name)?;
        Some(members.remove(index).1)
    }

    /// The same for mapping, which reads no digits of numbers.
    pub fn to_value(&self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(digits) => serde_json::from_str(digits).unwrap_or(Value::Null),
            Json::String(text) => Value::String(text.clone()),
            Json::Array(items) => Value::Array(items.iter().map(Json::to_value).collect()),
            Json::Object(members) => Value::Object(
                members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect(),
            ),
        }
    }

    /// Compact JSON text, UTF-8.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::String(text)
    }
}

/// Compact JSON text.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(digits) => f.write_str(digits),
            Json::String(text) => write_string(text, f),
            Json::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (i, (name, value)) in members.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    write_string(name, f)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_replaced_in_its_place_or_added() {
        let mut json = Json::object([("a", "1".into()), ("b", "2".into())]);
        json.set("a", Json::Null);
        json.set("c", Json::Bool(true));
        json.set_at(1, "d", Json::Number("1.00".into()));
        json.set_at(1, "b", "3".into());
        assert_eq!(json.to_string(), r#"{"a":null,"d":1.00,"b":"3","c":true}"#);
        assert_eq!(json.remove("d"), Some(Json::Number("1.00".into())));
        assert_eq!(json.remove("d"), None);
        assert_eq!(json.to_value(), serde_json::json!({"a": null, "b": "3", "c": true}));
    }

    #[test]
    fn a_dotted_path_leads_through_objects_only() {
        let json = Json::object([("a", Json::object([("b", Json::array(["x".into()]))]))]);
        assert_eq!(json.list("a.b"), ["x".into()]);
        assert_eq!((json.text("a.b"), json.text("a"), json.list("a.c")), (None, None, &[][..]));
    }
}
