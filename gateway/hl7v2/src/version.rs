//! Versions of the standard, as far as what is written depends on them: a field that a version does
//! not have yet, or no longer has, is not written. Not here: what is read, which is the same in all.

/// 2.minor.patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u8, u8);

impl Version {
    /// Has MSH-9.3.
    pub(crate) const V2_3_1: Version = Version(3, 1);
    /// Has ERR-2 and what follows it.
    pub(crate) const V2_5: Version = Version(5, 0);
    /// No longer has MSA-3.
    pub(crate) const V2_7: Version = Version(7, 0);
    /// What we write if nothing else is wanted.
    pub(crate) const OURS: Version = Version(5, 1);

    /// The version that MSH-12.1 names, from 2.1 to 2.9.
    pub(crate) fn read(text: &str) -> Option<Version> {
        let mut parts = text.strip_prefix("2.")?.split('.');
        let number = |part: &str| match part.as_bytes() {
            [digit @ b'0'..=b'9'] => Some(digit - b'0'),
            _ => None,
        };
        let minor = parts.next().and_then(number).filter(|minor| *minor > 0)?;
        let patch = parts.next().map_or(Some(0), number)?;
        parts.next().is_none().then_some(Version(minor, patch))
    }

    /// Whether MSH-9 has a second component, the event.
    pub(crate) fn has_events(self) -> bool {
        self >= Version(2, 0)
    }

    /// Whether an error is coded (CE) in ERR-1.4, rather than its number alone (ID).
    pub(crate) fn codes_errors(self) -> bool {
        self >= Version(3, 0)
    }

    /// The last field of MSH.
    pub(crate) fn last_of_msh(self) -> usize {
        match self {
            Version(..=1, _) => 14,
            Version(2, _) => 17,
            Version(3, 0) => 19,
            Version(3, _) => 20,
            Version(4 | 5, _) => 21,
            Version(..) => 25,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_2_1_to_2_9() {
        for text in ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5.1", "2.8.2", "2.9"] {
            assert!(Version::read(text).is_some(), "{text}");
        }
        for text in ["", "2", "2.", "2.0", "3.0", "2.15", "2.5.", "2.5.1.1", "2.5.x", "2.5 "] {
            assert_eq!(Version::read(text), None, "{text}");
        }
        let read = |text| Version::read(text).unwrap();
        assert!(read("2.3") < read("2.3.1") && read("2.3.1") < read("2.4"));
        assert_eq!(read("2.5.1"), Version::OURS);
    }
}
