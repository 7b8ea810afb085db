//! Identifiers and the one time type. Each is a newtype: none is made from a bare string by
//! accident, and each prints in one way only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct BadId;

macro_rules! random_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// An identifier of these 16 random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                $name(bytes)
            }

            /// The 16 bytes.
            pub fn bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                hex16(text.strip_prefix($prefix).ok_or(BadId)?).map($name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

random_id!(
    /// A person in the ledger (`plid`): random, so that it says nothing by itself.
    PersonId,
    "per_"
);
random_id!(
    /// One referral: a source's Task and ServiceRequest.
    ReferralId,
    "ref_"
);
random_id!(
    /// One placement of a referral with one target organization.
    PlacementId,
    "plc_"
);

fn hex16(text: &str) -> Result<[u8; 16], BadId> {
    if text.len() != 32 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(BadId);
    }
    let mut bytes = [0u8; 16];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| BadId)?;
    }
    Ok(bytes)
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $max:literal, $allowed:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let allowed: fn(u8) -> bool = $allowed;
                if text.is_empty() || text.len() > $max || !text.bytes().all(allowed) {
                    return Err(BadId);
                }
                Ok($name(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

text_id!(
    /// An organization of the tenant: the name of its partner file, `[a-z0-9-]{1,64}`.
    OrgId,
    64,
    |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')
);
text_id!(
    /// A resource `Type/id` as the pivot names it, with FHIR's id characters (R4 datatypes, `id`).
    ResourceId,
    130,
    |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/')
);
text_id!(
    /// A need: the code of an SDOHCC category (SDOHCC-CodeSystemTemporaryCodes), `food-insecurity`.
    NeedCode,
    64,
    |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')
);

impl ResourceId {
    /// `Type/id`, when both have FHIR's form.
    pub fn of(kind: &str, id: &str) -> Result<ResourceId, BadId> {
        let kind_ok = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphabetic());
        let id_ok = (1..=64).contains(&id.len()) && !id.contains('/');
        if !kind_ok || !id_ok {
            return Err(BadId);
        }
        format!("{kind}/{id}").parse()
    }

    /// The resource type.
    pub fn kind(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The logical id.
    pub fn id(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant and `days` of 86 400 s more.
    pub fn plus_days(self, days: u32) -> Timestamp {
        Timestamp(self.0 + i64::from(days) * 86_400_000)
    }

    /// The day it falls on, UTC, counted from 1970-01-01.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_and_parses_as_itself_only() {
        let id = PersonId::from_random([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().replace("per_", "ref_").parse::<PersonId>(), Err(BadId));
        assert_eq!("per_ABABABABABABABABABABABABABABABAB".parse::<PersonId>(), Err(BadId));
        assert_eq!("per_+bababababababababababababababab".parse::<PersonId>(), Err(BadId));
    }

    #[test]
    fn a_resource_id_is_a_type_and_an_id() {
        let task = ResourceId::of("Task", "a-1.b").unwrap();
        assert_eq!((task.kind(), task.id()), ("Task", "a-1.b"));
        for (kind, id) in
            [("Task", ""), ("Task", "a/b"), ("Task", "a b"), ("", "a"), ("Ta/sk", "a")]
        {
            assert!(ResourceId::of(kind, id).is_err(), "{kind} {id}");
        }
    }
}
