//! Field groups: the unit of minimum necessary (45 CFR 164.502(b), our STYLE "Mapping files").
//!
//! A mapping row about a person names its group; a permit carries the groups that may pass.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a field is about, for deciding whether it may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldGroup {
    /// Name, birth date and what else tells one person from another.
    Identity,
    /// Telephone, e-mail, preferred language, how and whether to make contact.
    Contact,
    /// Street address.
    Address,
    /// Household size and composition.
    Household,
    /// What is asked for: category, service, priority, reason in the need's own words.
    Need,
    /// Free text.
    Note,
    /// Status, reasons, appointments and outcome of the referral itself.
    Status,
    /// The source's own keys: placer number, MRN, visit, ordering provider.
    /// They return to the source and go to nobody else.
    SourceKeys,
}

impl FieldGroup {
    /// Every group, in declaration order.
    pub const ALL: [FieldGroup; 8] = [
        FieldGroup::Identity,
        FieldGroup::Contact,
        FieldGroup::Address,
        FieldGroup::Household,
        FieldGroup::Need,
        FieldGroup::Note,
        FieldGroup::Status,
        FieldGroup::SourceKeys,
    ];

    /// The name used in mapping and template files.
    pub fn name(self) -> &'static str {
        match self {
            FieldGroup::Identity => "identity",
            FieldGroup::Contact => "contact",
            FieldGroup::Address => "address",
            FieldGroup::Household => "household",
            FieldGroup::Need => "need",
            FieldGroup::Note => "note",
            FieldGroup::Status => "status",
            FieldGroup::SourceKeys => "source-keys",
        }
    }
}

impl fmt::Display for FieldGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of a field group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no field group has this name")]
pub struct UnknownGroup;

impl FromStr for FieldGroup {
    type Err = UnknownGroup;

    fn from_str(text: &str) -> Result<Self, UnknownGroup> {
        FieldGroup::ALL.into_iter().find(|group| group.name() == text).ok_or(UnknownGroup)
    }
}

/// A set of field groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(BTreeSet<FieldGroup>);

impl Groups {
    /// Every group there is: for local conversion, which is not a disclosure.
    pub fn all() -> Self {
        FieldGroup::ALL.into_iter().collect()
    }

    /// Whether `group` is in the set.
    pub fn contains(&self, group: FieldGroup) -> bool {
        self.0.contains(&group)
    }

    /// The groups, in declaration order.
    pub fn iter(&self) -> impl Iterator<Item = FieldGroup> + '_ {
        self.0.iter().copied()
    }

    /// The groups in both sets.
    pub fn intersection(&self, other: &Groups) -> Groups {
        Groups(self.0.intersection(&other.0).copied().collect())
    }

    /// Whether no group is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<FieldGroup> for Groups {
    fn from_iter<I: IntoIterator<Item = FieldGroup>>(groups: I) -> Self {
        Groups(groups.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_as_it_is_written() {
        let names = FieldGroup::ALL.map(|group| group.to_string());
        let [identity, .., keys] = &names;
        assert_eq!((identity.as_str(), keys.as_str()), ("identity", "source-keys"));
        for group in FieldGroup::ALL {
            assert_eq!(group.name().parse(), Ok(group));
        }
        assert_eq!("all".parse::<FieldGroup>(), Err(UnknownGroup));
    }

    #[test]
    fn a_set_has_what_is_in_it() {
        let need: Groups = [FieldGroup::Need, FieldGroup::Status].into_iter().collect();
        let note: Groups = [FieldGroup::Note, FieldGroup::Status].into_iter().collect();
        assert!(need.contains(FieldGroup::Need) && !need.contains(FieldGroup::Note));
        let both = need.intersection(&note);
        assert_eq!(both.iter().collect::<Vec<_>>(), [FieldGroup::Status]);
        assert!(!both.is_empty() && Groups::default().is_empty());
        assert_eq!(Groups::all().iter().count(), FieldGroup::ALL.len());
    }
}
