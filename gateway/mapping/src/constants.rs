//! What `%name` in a mapping file stands for.

use std::collections::BTreeMap;

/// Names and values that a deployment supplies, such as the identifier system of its referrals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constants(BTreeMap<String, String>);

impl Constants {
    /// The value of `%name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Constants {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Constants(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
