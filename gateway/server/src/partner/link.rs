//! A partner's HL7 v2 link, `[hl7v2]` in its file: what it calls itself, where it is answered, and in
//! what it differs from others. What differs is data; no code asks who the partner is.
//!
//! Not here: what its file may say (`partner/read/link.rs`), its own fields and codes
//! (`partner/alias.rs`), which deviations are passed over (`partner/lenient.rs`).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use loopgate_hl7v2::Charset;
use loopgate_referral::{NeedCode, OrgId};

use super::alias::{Code, ZField};
use super::lenient::Lenient;

/// An HL7 v2 link: what the partner calls itself and others, and where it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// MSH-3.1 of what it sends.
    pub application: String,
    /// MSH-4.1 of what it sends.
    pub facility: String,
    /// Where messages of ours go; without it, it gets acknowledgements alone.
    pub endpoint: Option<Endpoint>,
    /// Its assigning authorities and the identifier systems they are.
    pub authorities: Vec<Authority>,
    /// Of these the one that its own keys are of where it names none.
    pub authority: Option<String>,
    /// Bytes of a frame, if other than the gateway's limit.
    pub frame_bytes_max: Option<usize>,
    /// The characters of a message whose MSH-18 is empty.
    pub charset: Charset,
    /// MSH-12 of what we write to it.
    pub version: String,
    /// The messages in which a source hears what becomes of its referral.
    pub answers: Answers,
    /// In which of them, or in SIU instead, it hears of appointments.
    pub appointments: How,
    /// And of what came of it.
    pub outcomes: Outcomes,
    /// The message in which a target gets a referral.
    pub requests: Requests,
    /// Which of its orders are referrals.
    pub referrals: Vec<Rule>,
    /// Which deviations from the standard are passed over.
    pub lenient: BTreeSet<Lenient>,
    /// Whether MSH-13 is kept, both ways (v2.5.1 §2.9.2.2).
    pub sequence: bool,
    /// Refusals of one message after which it is parked and the next is sent.
    pub park_after: u32,
    /// What its Z segments say that a field of the standard says too.
    pub z_fields: Vec<ZField>,
    /// Codes of its own.
    pub codes: Vec<Code>,
}

/// Refusals of one message after which it is parked, if the file does not say.
pub const PARK_AFTER: u32 = 5;
/// What we write, if the file does not say.
pub const VERSION: &str = "2.5.1";

impl Link {
    /// A link with nothing of its own.
    pub fn new(application: &str, facility: &str) -> Link {
        Link {
            application: application.to_owned(),
            facility: facility.to_owned(),
            endpoint: None,
            authorities: Vec::new(),
            authority: None,
            frame_bytes_max: None,
            charset: Charset::UTF_8,
            version: VERSION.to_owned(),
            answers: Answers::AsAsked,
            appointments: How::Answers,
            outcomes: Outcomes::Answers,
            requests: Requests::Ref,
            referrals: Vec::new(),
            lenient: BTreeSet::new(),
            sequence: false,
            park_after: PARK_AFTER,
            z_fields: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// Whether a deviation is passed over.
    pub fn passes(&self, lenient: Lenient) -> bool {
        self.lenient.contains(&lenient)
    }
}

/// The messages in which a source hears what becomes of its referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// A REF in RRI, an ORM in ORR and then OSU, an OMG in ORG and then OSU.
    AsAsked,
    /// All in RRI.
    Rri,
    /// All in ORR or ORG, and then OSU.
    Orders,
    /// As IHE 360X says it: OSU, and OMG with the outcome.
    X360,
}

/// The messages in which a source hears of appointments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// In its answers.
    Answers,
    /// In SIU.
    Siu,
}

/// The messages in which a source hears what came of its referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcomes {
    /// In its answers.
    Answers,
    /// In ORU instead.
    Oru,
    /// In MDM instead.
    Mdm,
}

/// The message in which a target gets a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// REF^I12.
    Ref,
    /// OMG^O19.
    Omg,
    /// ORM^O01.
    Orm,
}

/// An order that is a referral. What is absent is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// OBR-4.1 or OBR-44.1.
    pub code: Option<String>,
    /// The coding system beside it, as the message calls it: OBR-4.3, OBR-44.3.
    pub system: Option<String>,
    /// How a diagnosis begins, in DG1-3.1 or OBR-31.1: `Z59` is `Z59.41` too.
    pub diagnosis: Option<String>,
    /// The SDOHCC category of such a referral, if the message does not say.
    pub need: Option<NeedCode>,
    /// To whom it goes, if the message does not say.
    pub target: Option<OrgId>,
}

/// A word of a partner file for each value of a setting.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// Each with its word; the first is the default.
    const NAMES: &'static [(&'static str, Self)];

    /// Its word.
    fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, other)| *other == self);
        found.map_or_else(|| unreachable!("every value has a word"), |(name, _)| name)
    }
}

impl Named for Answers {
    const NAMES: &'static [(&'static str, Answers)] = &[
        ("as-asked", Answers::AsAsked),
        ("rri", Answers::Rri),
        ("orders", Answers::Orders),
        ("360x", Answers::X360),
    ];
}

impl Named for How {
    const NAMES: &'static [(&'static str, How)] = &[("answers", How::Answers), ("siu", How::Siu)];
}

impl Named for Outcomes {
    const NAMES: &'static [(&'static str, Outcomes)] =
        &[("answers", Outcomes::Answers), ("oru", Outcomes::Oru), ("mdm", Outcomes::Mdm)];
}

impl Named for Requests {
    const NAMES: &'static [(&'static str, Requests)] =
        &[("ref", Requests::Ref), ("omg", Requests::Omg), ("orm", Requests::Orm)];
}

/// How table 0211 calls a character set.
pub(crate) fn charset_name(charset: Charset) -> String {
    let names = (1..=16).map(|part| format!("8859/{part}"));
    let mut names = ["UNICODE UTF-8".to_owned(), "ASCII".to_owned()].into_iter().chain(names);
    let found = names.find(|name| name.parse() == Ok(charset));
    found.unwrap_or_else(|| unreachable!("a character set was read by one of these names"))
}

/// An assigning authority (HD.1) and the identifier system it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The namespace id.
    pub name: String,
    /// The system.
    pub system: String,
}

/// Where an MLLP server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Not host:port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not host:port")]
pub struct BadEndpoint;

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Endpoint, BadEndpoint> {
        let (host, port) = text.rsplit_once(':').ok_or(BadEndpoint)?;
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let sound = match host.strip_prefix('[').and_then(|v6| v6.strip_suffix(']')) {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(letters),
        };
        let port = port.parse().ok().filter(|port| *port > 0 && sound).ok_or(BadEndpoint)?;
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        Ok(Endpoint { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
