//! The fields of a form, as they were filled in.

use std::collections::BTreeMap;

/// The fields of a form, as they were filled in.
#[derive(Debug, Clone, Default)]
pub struct Filled(BTreeMap<String, String>);

impl Filled {
    /// Reads a form; nothing if a field is there twice.
    pub fn read(body: &[u8]) -> Option<Filled> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.insert(name.into_owned(), value.trim().to_owned()).is_some() {
                return None;
            }
        }
        Some(Filled(fields))
    }

    /// What is in a field.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// What is in a field, if anything is.
    pub fn some(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// What follows `prefix` in the names of the fields that are filled: a list of boxes.
    pub fn ticked(&self, prefix: &str) -> Vec<&str> {
        let filled = self.0.iter().filter(|(_, value)| !value.is_empty());
        filled.filter_map(|(name, _)| name.strip_prefix(prefix)).collect()
    }

    /// The version of the placement that the form was made for.
    pub fn version(&self) -> Option<u64> {
        self.text("version").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_there_once() {
        let filled = Filled::read(b"version=3&text=++a+b+&box.x=on&box.y=").unwrap();
        assert_eq!((filled.version(), filled.text("text")), (Some(3), "a b"));
        assert_eq!((filled.ticked("box."), filled.some("box.y")), (vec!["x"], None));
        assert!(Filled::read(b"text=a&text=b").is_none());
    }
}
