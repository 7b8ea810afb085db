//! What a certificate says to a person: whose it is, until when, and its fingerprint.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate, as an interface team looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// SHA-256 of its DER, in hex.
    pub sha256: String,
    /// The names and addresses it is for.
    pub names: Vec<String>,
    /// The first second it no longer holds.
    pub until: String,
    /// As [`Shown::until`].
    #[serde(skip)]
    pub ends: Timestamp,
}

impl Shown {
    /// Of a certificate; nothing, if it is none.
    pub fn of(der: &[u8]) -> Option<Shown> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let ends = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|found| found.value.general_names.iter().filter_map(name).collect());
        let sha256 = hex::encode(Sha256::digest(der));
        Some(Shown { sha256, names: names.unwrap_or_default(), until: ends.to_string(), ends })
    }
}

fn name(general: &GeneralName<'_>) -> Option<String> {
    match general {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => {
                let bytes: [u8; 16] = bytes.try_into().ok()?;
                Some(std::net::Ipv6Addr::from(bytes).to_string())
            }
        },
        _ => None,
    }
}
