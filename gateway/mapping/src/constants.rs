//! What `%name` in a mapping file stands for.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

/// Names and values that a deployment or a link supplies: the identifier system of its referrals,
/// its assigning authorities, its time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constants {
    texts: BTreeMap<String, String>,
    /// Each left = right, one to one.
    tables: BTreeMap<String, Vec<(String, String)>>,
    zone: TimeZone,
    /// Fields of a message, and what they say.
    state: Vec<(String, String)>,
}

impl Default for Constants {
    fn default() -> Constants {
        Constants::from_iter(Vec::<(String, String)>::new())
    }
}

impl Constants {
    /// The value of `%name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The same, with a value table for `codes = "%name"`: pairs of left and right.
    pub fn with_table(mut self, name: &str, pairs: Vec<(String, String)>) -> Constants {
        self.tables.insert(name.to_owned(), pairs);
        self
    }

    /// The same, with the fields that say the state of a referral, as `("ORC-1", "OK")`: written
    /// where a mapping lists them.
    pub fn with_state<'s>(
        mut self,
        fields: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> Constants {
        let fields = fields.into_iter().map(|(field, value)| (field.to_owned(), value.to_owned()));
        self.state = fields.collect();
        self
    }

    pub(crate) fn state(&self) -> &[(String, String)] {
        &self.state
    }

    /// The same, with the zone that times without an offset are in; UTC otherwise.
    pub fn in_zone(mut self, zone: TimeZone) -> Constants {
        self.zone = zone;
        self
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What the right calls the left's `code`, by a table of the link.
    pub(crate) fn to_right(&self, table: &str, code: &str) -> Option<&str> {
        let pairs = self.tables.get(table)?;
        pairs.iter().find(|(left, _)| left == code).map(|(_, right)| right.as_str())
    }

    /// The way back.
    pub(crate) fn to_left(&self, table: &str, code: &str) -> Option<&str> {
        let pairs = self.tables.get(table)?;
        pairs.iter().find(|(_, right)| right == code).map(|(left, _)| left.as_str())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Constants {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let texts = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Constants { texts, tables: BTreeMap::new(), zone: TimeZone::UTC, state: Vec::new() }
    }
}
