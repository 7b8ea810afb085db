//! What a message is stored in: texts that share the message's own, and lists that mostly have one
//! element. Reading a message of a thousand fields so takes no thousand pieces of memory.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A text as it stands in a message: a part of a text that others have parts of too.
#[derive(Clone, Default)]
pub struct Text {
    whole: Arc<String>,
    from: usize,
    to: usize,
}

impl Text {
    /// This part of it, which begins and ends between two characters.
    pub(crate) fn part(whole: &Arc<String>, part: Range<usize>) -> Text {
        Text { whole: whole.clone(), from: part.start, to: part.end }
    }

    /// As a string slice.
    pub fn as_str(&self) -> &str {
        self
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.whole[self.from..self.to]
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text { from: 0, to: text.len(), whole: Arc::new(text) }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        text.to_owned().into()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A list that mostly has one element, which then takes no room of its own.
#[derive(Clone)]
pub struct Few<T>(Kept<T>);

#[derive(Clone)]
enum Kept<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// A list of one.
    pub fn one(one: T) -> Few<T> {
        Few(Kept::One(one))
    }
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few(Kept::Many(Vec::new()))
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Kept::One(one) => std::slice::from_ref(one),
            Kept::Many(many) => many,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(many: Vec<T>) -> Few<T> {
        Few(Kept::Many(many))
    }
}

impl From<Vec<String>> for Few<Text> {
    fn from(texts: Vec<String>) -> Few<Text> {
        texts.into_iter().map(Text::from).collect()
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Few<T> {
        let mut all = all.into_iter();
        match (all.next(), all.next()) {
            (None, _) => Few::default(),
            (Some(one), None) => Few::one(one),
            (Some(one), Some(two)) => {
                let mut many = vec![one, two];
                many.extend(all);
                many.into()
            }
        }
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Few<T>) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for Few<T> {
    fn eq(&self, other: &[U; N]) -> bool {
        **self == other[..]
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn a_field_is_small() {
        assert!(size_of::<Field>() <= 32, "{}", size_of::<Field>());
    }

    #[test]
    fn how_many_there_are_makes_no_difference() {
        let few = |count: usize| (0..count).collect::<Few<usize>>();
        for count in 0..5 {
            let many: Vec<usize> = (0..count).collect();
            assert_eq!(few(count).to_vec(), many);
            assert_eq!(few(count), Few::from(many.clone()));
            assert_eq!((&few(count)).into_iter().sum::<usize>(), many.iter().sum());
        }
        assert_ne!(few(1), few(2));
        assert_ne!(few(1), Few::default());
    }

    #[test]
    fn a_text_is_its_part_and_no_more() {
        let whole = Arc::new("PID|Ana|Ana".to_owned());
        let (one, two) = (Text::part(&whole, 4..7), Text::part(&whole, 8..11));
        assert_eq!(one, two);
        assert_eq!(one, "Ana");
        assert_eq!(one, Text::from("Ana"));
        assert_ne!(one, Text::part(&whole, 0..3));
        assert_eq!(format!("{one:?}"), "\"Ana\"");
        assert_eq!(Text::default(), "");
    }
}
