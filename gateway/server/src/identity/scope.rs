//! SMART App Launch 2.2 scopes of systems: `system/Task.rs`.
//!
//! Strict: no wildcard, no version 1 suffix, no query part. What is not understood is refused, not
//! ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use loopgate_fhir::Served;

/// What is done to a resource type: one letter of `cruds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interaction {
    /// `c`.
    Create,
    /// `r`: read, vread, history of one.
    Read,
    /// `u`.
    Update,
    /// `d`.
    Delete,
    /// `s`: search, history of a type.
    Search,
}

impl Interaction {
    const ALL: [(char, Interaction); 5] = [
        ('c', Interaction::Create),
        ('r', Interaction::Read),
        ('u', Interaction::Update),
        ('d', Interaction::Delete),
        ('s', Interaction::Search),
    ];
}

/// Scopes: for each type, what may be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeMap<String, Vec<Interaction>>);

/// The text is no list of scopes that we grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no list of scopes like system/Task.rs")]
pub struct BadScope;

const BYTES_MAX: usize = 2048;

impl Scopes {
    /// Whether they cover this.
    pub fn cover(&self, kind: &str, interaction: Interaction) -> bool {
        self.0.get(kind).is_some_and(|found| found.contains(&interaction))
    }

    /// Whether these cover all of those.
    pub fn contain(&self, others: &Scopes) -> bool {
        others.0.iter().all(|(kind, letters)| letters.iter().all(|one| self.cover(kind, *one)))
    }
}

impl FromStr for Scopes {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Scopes, BadScope> {
        if text.len() > BYTES_MAX || !text.is_ascii() {
            return Err(BadScope);
        }
        let mut scopes = Scopes::default();
        for scope in text.split(' ') {
            let (kind, suffix) = scope
                .strip_prefix("system/")
                .and_then(|rest| rest.split_once('.'))
                .ok_or(BadScope)?;
            let known = Served::of(kind).is_some() || READ_ONLY.contains(&kind);
            if !known {
                return Err(BadScope);
            }
            let found = scopes.0.entry(kind.to_owned()).or_default();
            found.extend(letters(suffix)?);
            found.sort_unstable();
            found.dedup();
        }
        Ok(scopes)
    }
}

/// Types that are read at other doors than `/fhir`, and that nobody hands in.
const READ_ONLY: [&str; 1] = ["AuditEvent"];

/// A subset of `cruds`, in order, and not empty.
fn letters(suffix: &str) -> Result<Vec<Interaction>, BadScope> {
    let mut found: Vec<Interaction> = Vec::new();
    for letter in suffix.chars() {
        let known = Interaction::ALL.iter().find(|(one, _)| *one == letter).ok_or(BadScope)?.1;
        if found.last().is_some_and(|last| *last >= known) {
            return Err(BadScope);
        }
        found.push(known);
    }
    if found.is_empty() { Err(BadScope) } else { Ok(found) }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (kind, found)) in self.0.iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}system/{kind}.")?;
            for (letter, _) in Interaction::ALL.iter().filter(|(_, one)| found.contains(one)) {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for text in ["system/Task.cruds", "system/Patient.r system/Task.rs", "system/Procedure.r"] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        let twice: Scopes = "system/Task.r system/Task.us".parse().unwrap();
        assert_eq!(twice.to_string(), "system/Task.rus");
        assert!(twice.cover("Task", Interaction::Update));
        assert!(!twice.cover("Task", Interaction::Create));
        assert!(!twice.cover("Patient", Interaction::Read));
    }

    #[test]
    fn every_type_that_is_served_has_scopes() {
        let kinds = loopgate_fhir::SERVED.iter().map(|served| served.kind).chain(["AuditEvent"]);
        for text in kinds.map(|kind| format!("system/{kind}.cruds")) {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn n19_scopes_that_are_none() {
        for text in [
            "",
            " ",
            "system/Task.dus",
            "system/Task.rr",
            "system/Task.x",
            "system/Task.",
            "system/Task",
            "system/*.cruds",
            "*/*.*",
            "system/*.*",
            "system/Task.*",
            "system/Task.read",
            "user/Task.r",
            "patient/Task.r",
            "system/Task.rs?code=x",
            "system/Task.r  system/Task.s",
            "system/Tâsk.r",
            "system/Medication.r",
            "openid",
        ] {
            assert_eq!(text.parse::<Scopes>(), Err(BadScope), "{text}");
        }
        let long = vec!["system/Task.r"; 2000].join(" ");
        assert_eq!(long.parse::<Scopes>(), Err(BadScope));
    }

    #[test]
    fn what_is_asked_for_is_within_what_is_granted() {
        let granted: Scopes = "system/Patient.r system/Task.rus".parse().unwrap();
        let asks = |text: &str| granted.contain(&text.parse().unwrap());
        assert!(asks("system/Task.rs") && asks("system/Patient.r system/Task.u"));
        assert!(!asks("system/Task.c") && !asks("system/Consent.r") && !asks("system/Patient.rs"));
    }
}
