//! Bytes to [`Json`] in one pass of serde_json, which decides what JSON is (RFC 8259). What it
//! would lose is kept beside it: the digits of numbers are read off the text in the same order,
//! and a name that occurs twice, of which serde_json keeps the last, is refused with its place.

use std::fmt;
use std::vec::IntoIter;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::fault::{Faults, expression};
use crate::{Fault, IssueCode, Json, Limits};

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into this member of an object.
    Member(String),
    /// Into this item of an array.
    Item(usize),
}

impl Json {
    /// Reads one JSON document. Places start at `root`, a resource type.
    pub fn parse(bytes: &[u8], root: &str, limits: &Limits) -> Result<Json, Vec<Fault>> {
        let mut state = State {
            lexemes: number_lexemes(bytes).into_iter(),
            place: Vec::new(),
            root,
            limits,
            faults: Faults::default(),
            fatal: None,
        };
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let read = Node { state: &mut state, depth: 0 }
            .deserialize(&mut deserializer)
            .and_then(|json| deserializer.end().map(|()| json));
        if read.is_err() {
            let (code, words) = state.fatal.unwrap_or((IssueCode::Structure, "is not JSON"));
            state.faults.push(Fault::new(code, expression(root, &state.place), words));
        }
        state.faults.or(read.ok())
    }
}

/// The numbers of a JSON text, in order. Exact for JSON; for anything else serde_json refuses.
fn number_lexemes(bytes: &[u8]) -> Vec<&str> {
    let mut lexemes = Vec::new();
    let mut i = 0;
    while let Some(byte) = bytes.get(i) {
        match byte {
            b'"' => i = after_string(bytes, i),
            b'-' | b'0'..=b'9' => {
                let rest = &bytes[i..];
                let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let length = rest.iter().position(|b| !is_part(b)).unwrap_or(rest.len());
                lexemes.push(str::from_utf8(&rest[..length]).unwrap_or_default());
                i += length;
            }
            _ => i += 1,
        }
    }
    lexemes
}

/// The index after the string that starts at `start`.
fn after_string(bytes: &[u8], start: usize) -> usize {
    let mut i = start + 1;
    while let Some(byte) = bytes.get(i) {
        match byte {
            b'"' => return i + 1,
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    i
}

/// The names that occur more than once.
fn twins(members: &[(String, Json)]) -> Vec<&str> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut twins: Vec<&str> =
        names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    twins.dedup();
    twins
}

struct State<'a> {
    lexemes: IntoIter<&'a str>,
    /// Where the reader is; where it stopped, when it fails.
    place: Vec<Place>,
    root: &'a str,
    limits: &'a Limits,
    faults: Faults,
    /// Why the reader gave up, when it is not the syntax.
    fatal: Option<(IssueCode, &'static str)>,
}

struct Node<'s, 'a> {
    state: &'s mut State<'a>,
    depth: usize,
}

impl Node<'_, '_> {
    fn number<E: Error>(self) -> Result<Json, E> {
        match self.state.lexemes.next() {
            Some(lexeme) => Ok(Json::Number(lexeme.to_owned())),
            None => unreachable!("serde_json sees no number that the text does not have"),
        }
    }

    fn enter<E: Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth <= self.state.limits.json_depth_max {
            return Ok(());
        }
        self.state.fatal = Some((IssueCode::TooCostly, "is nested too deep"));
        Err(E::custom("depth"))
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        self.number()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        self.number()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        self.number()
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Json, A::Error> {
        self.enter()?;
        let mut array = Vec::new();
        loop {
            self.state.place.push(Place::Item(array.len()));
            let next =
                items.next_element_seed(Node { state: &mut *self.state, depth: self.depth })?;
            self.state.place.pop();
            match next {
                Some(item) => array.push(item),
                None => return Ok(Json::Array(array)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Json, A::Error> {
        self.enter()?;
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.len() == self.state.limits.members_max {
                self.state.fatal = Some((IssueCode::TooCostly, "has too many members"));
                return Err(A::Error::custom("members"));
            }
            self.state.place.push(Place::Member(name.clone()));
            let value =
                members.next_value_seed(Node { state: &mut *self.state, depth: self.depth })?;
            self.state.place.pop();
            object.push((name, value));
        }
        for name in twins(&object) {
            let parent = expression(self.state.root, &self.state.place);
            let fault = Fault::at_member(IssueCode::Structure, &parent, name, "occurs twice");
            self.state.faults.push(fault);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], want: Result<&str, (IssueCode, &str)>) {
        let got = Json::parse(text, "Patient", &Limits::default());
        let got = got.map(|json| json.to_string());
        let got = got.as_deref().map_err(|faults| {
            assert_eq!(faults.len(), 1, "{faults:?}");
            (faults[0].code, faults[0].expression.as_str())
        });
        assert_eq!(got, want, "{}", String::from_utf8_lossy(text));
    }

    #[test]
    fn digits_and_order_are_kept() {
        for text in [
            r#"{"b":1.00,"a":[-0,-0.0,1e2,1E+2,0.10,12345678901234567890123]}"#,
            r#"{"a":"\"1,2","b":{"-3":"x4"},"c":5}"#,
            r#"[{},[],"",null,true]"#,
            "7",
        ] {
            check(text.as_bytes(), Ok(text));
        }
        check(" { \"a\" : \"\\u00e9\\/\" }\n".as_bytes(), Ok(r#"{"a":"é/"}"#));
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        use IssueCode::Structure;
        let rows: [(&[u8], &str); 12] = [
            (br#"{"a":1,"b":{"c":[0,{"d":1,"d":2}]}}"#, "Patient.b.c[1].d"),
            (br#"{"a":1}x"#, "Patient"),
            (b"\xef\xbb\xbf{}", "Patient"),
            (br#"{"a":"\ud800"}"#, "Patient.a"),
            (br#"{"a":["\udc00x"]}"#, "Patient.a[0]"),
            (b"{\"a\":\"\xff\"}", "Patient.a"),
            (br#"{"a":01}"#, "Patient.a"),
            (br#"{"a":1,}"#, "Patient"),
            (br#"{"a":1.}"#, "Patient.a"),
            (br#"{"a":NaN}"#, "Patient.a"),
            (br#"{"a":}"#, "Patient.a"),
            (b"", "Patient"),
        ];
        for (text, place) in rows {
            check(text, Err((Structure, place)));
        }
    }

    #[test]
    fn every_name_that_occurs_twice_is_reported() {
        let got = Json::parse(br#"{"a":1,"a":2,"b":[{"c":1,"c":1}]}"#, "Task", &Limits::default());
        let places: Vec<String> = got.unwrap_err().into_iter().map(|f| f.expression).collect();
        assert_eq!(places, ["Task.b[0].c", "Task.a"]);
    }

    #[test]
    fn depth_and_width_have_a_limit() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        check(nested(64).as_bytes(), Ok(&nested(64)));
        let deep = format!("Patient{}", "[0]".repeat(64));
        check(nested(65).as_bytes(), Err((IssueCode::TooCostly, &deep)));
        let wide = |n: usize| {
            let members: Vec<String> = (0..n).map(|i| format!(r#""m{i}":1"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        check(wide(512).as_bytes(), Ok(&wide(512)));
        check(wide(513).as_bytes(), Err((IssueCode::TooCostly, "Patient")));
    }
}
