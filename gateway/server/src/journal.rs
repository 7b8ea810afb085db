//! Events to frames and back: the one place where typed events become bytes.
//!
//! Formats outlive code: a body carries its schema version, stored events are never rewritten, and
//! [`upcast`] is a pure chain from any older version to this one.

mod capacity;
mod disclosure;
mod ledger;
mod link;
mod mail;
mod minted;
mod person;
mod staff;
mod stored;
mod webhook;

use loopgate_consent::{Dropped, GrantEvent, GrantRef};
use loopgate_ledger::Fields;
use loopgate_referral::{
    Event as ReferralEvent, OrgId, PersonEvent, PersonId, ReferralId, ResourceId, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use capacity::{Capacity, CapacityStatus};
pub use disclosure::{BasisUsed, Disclosure};
pub use ledger::{Erased, LedgerEvent, ShredGround, ShredRefusal};
pub use link::{Due, LinkEvent, Nack, NackError};
pub use mail::{Bounce, MailEvent};
pub use minted::Minted;
pub use staff::StaffEvent;
pub use stored::{RequestFacts, StoredVersion};
pub use webhook::{HookKind, HookMessage, HookStop, WebhookEvent};

/// The version of every event written now.
pub const SCHEMA: u32 = 1;

/// Something that happened. One event is one leaf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Resources were received and are kept as received.
    Stored {
        /// Who supplied them.
        org: OrgId,
        /// Whom they are about; none for organizations, practitioners and the like.
        person: Option<PersonId>,
        /// What.
        resources: Vec<StoredVersion>,
    },
    /// A Patient resource is this person.
    Patient {
        /// The resource.
        patient: ResourceId,
        /// The person.
        person: PersonId,
    },
    /// Who is who.
    Person(PersonEvent),
    /// What a person consented to.
    Grant(GrantEvent),
    /// What happened to a referral.
    Referral {
        /// Which.
        referral: ReferralId,
        /// What.
        fact: ReferralEvent,
    },
    /// A request was answered; a resend gets the same answer.
    Answered {
        /// Who asked.
        org: OrgId,
        /// SHA-256 over method, path and body.
        #[serde(with = "hex::serde")]
        request: [u8; 32],
        /// The answer: each resource with its version.
        answer: Vec<(ResourceId, u64)>,
    },
    /// An HL7 v2 message was taken in; a resend gets the same acknowledgement. The message as
    /// received and the acknowledgement are the entry's documents.
    Heard {
        /// Who sent it.
        org: OrgId,
        /// Whom it is about.
        person: Option<PersonId>,
        /// SHA-256 over MSH-3, MSH-4 and MSH-10.
        #[serde(with = "hex::serde")]
        key: [u8; 32],
        /// SHA-256 of the message as received.
        #[serde(with = "hex::serde")]
        content: [u8; 32],
        /// MSH-10.
        control: String,
        /// MSH-16 asks for an application answer.
        asked: bool,
        /// The referrals it brought.
        referrals: Vec<ReferralId>,
        /// Other referrals it says something of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<ReferralId>,
        /// MSH-9 as `REF^I12`.
        #[serde(default = "ref_i12")]
        kind: String,
        /// MSH-12; empty if it was not noted.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        version: String,
        /// MSH-13, on a link that keeps it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<u64>,
        /// The message is kept; otherwise the first document is empty.
        #[serde(default = "yes")]
        kept: bool,
        /// Its fields that nothing here says on.
        not_carried: Vec<String>,
    },
    /// Data about a person left, to somebody, on some basis.
    Disclosed(Disclosure),
    /// What was disclosed already is read again by the same recipient on this day, once or often.
    Reread {
        /// Whose data.
        person: PersonId,
        /// To whom.
        recipient: OrgId,
        /// Days since 1970.
        day: i64,
    },
    /// A known partner was refused data.
    Denied {
        /// Who asked.
        org: OrgId,
        /// About whom, if anybody known.
        person: Option<PersonId>,
        /// About which referral.
        referral: Option<ReferralId>,
        /// For which action.
        action: Option<String>,
        /// The release decision's reason code.
        code: String,
        /// What names this refusal to whom it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correlation: Option<String>,
        /// The Grant that the decision came to, if one was reached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<GrantRef>,
        /// What may not pass, when nothing was left.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<Dropped>,
    },
    /// Attempts by nobody we know, in the minute before.
    Strangers {
        /// How many.
        count: u64,
    },
    /// A partner file is in force from now on.
    Partner {
        /// Which partner.
        org: OrgId,
        /// SHA-256 of the file.
        #[serde(with = "hex::serde")]
        sha256: [u8; 32],
        /// It is suspended.
        suspended: bool,
    },
    /// A client's assertion was taken; it is not taken again.
    Spent {
        /// Whose.
        org: OrgId,
        /// SHA-256 of its `jti`.
        #[serde(with = "hex::serde")]
        jti: [u8; 32],
        /// Until it would be too old anyway.
        until: Timestamp,
    },
    /// A token was revoked.
    TokenRevoked {
        /// Whose.
        org: OrgId,
        /// SHA-256 of its `jti`.
        #[serde(with = "hex::serde")]
        jti: [u8; 32],
        /// Until it would be too old anyway.
        until: Timestamp,
    },
    /// A consent token was made.
    TokenMinted {
        /// By whom.
        org: OrgId,
        /// Of which Grant, for whom.
        minted: Minted,
        /// Its place on the status list.
        index: u32,
    },
    /// Something that staff did, or that waits for them.
    Staff(StaffEvent),
    /// Something that happened to the log itself.
    Ledger(LedgerEvent),
    /// Something that happened to the queue of an HL7 v2 link.
    Link(LinkEvent),
    /// Something that happened to the e-mails of an organization, or to its PIN.
    Mail(MailEvent),
    /// Something that happened to a partner's webhooks.
    Webhook(WebhookEvent),
    /// An organization says how much it can take on.
    Capacity {
        /// Which.
        org: OrgId,
        /// What it says.
        said: Capacity,
    },
    /// A holder of what was shared was told that the person withdrew.
    StopUseTold {
        /// Who.
        org: OrgId,
        /// The entry of the withdrawal.
        entry: u64,
        /// Of this referral alone; of all that the withdrawal is about, if it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<ReferralId>,
    },
    /// An evidence bundle was made for somebody.
    Exported {
        /// How many leaves it covers.
        size: u64,
        /// For whom, in the operator's words: a case id.
        case: String,
        /// Of what, if not of everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<String>,
    },
}

/// What a message was before its type was noted.
fn ref_i12() -> String {
    "REF^I12".to_owned()
}

fn yes() -> bool {
    true
}

/// What an entry keeps under its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The event.
    pub event: Event,
    /// The committed fields.
    pub fields: Fields,
    /// Documents, as received.
    pub docs: Vec<Document>,
}

/// A document of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// In the entry's body.
    Here(Vec<u8>),
    /// In an encrypted file of its own, named by the SHA-256 of its ciphertext.
    File([u8; 32]),
}

/// How a body's head speaks of a document: its length here, or its file's name.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Lies {
    Here(usize),
    File(#[serde(with = "hex::serde")] [u8; 32]),
}

/// The bytes are not a body this build can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry's body does not decode")]
pub struct BadBody;

#[derive(Serialize, Deserialize)]
struct Head {
    schema: u32,
    event: Value,
    fields: Vec<String>,
    docs: Vec<Lies>,
}

impl Body {
    /// `len:u32 head docs…`: a JSON head, then the documents' bytes.
    ///
    /// # Panics
    /// Never: events and fields always serialise.
    pub fn encode(&self) -> Vec<u8> {
        let field = |f| String::from_utf8_lossy(self.fields.get(f)).into_owned();
        let head = Head {
            schema: SCHEMA,
            event: json(&self.event),
            fields: loopgate_ledger::Field::ALL.into_iter().map(field).collect(),
            docs: self
                .docs
                .iter()
                .map(|doc| match doc {
                    Document::Here(bytes) => Lies::Here(bytes.len()),
                    Document::File(name) => Lies::File(*name),
                })
                .collect(),
        };
        let head = json(&head).to_string().into_bytes();
        let Ok(len) = u32::try_from(head.len()) else {
            unreachable!("an entry's head is far below 4 GiB");
        };
        let mut out = len.to_be_bytes().to_vec();
        out.extend(head);
        for doc in &self.docs {
            if let Document::Here(bytes) = doc {
                out.extend(bytes);
            }
        }
        out
    }

    /// Reads what any version wrote.
    pub fn decode(bytes: &[u8]) -> Result<Body, BadBody> {
        let (len, rest) = bytes.split_first_chunk::<4>().ok_or(BadBody)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| BadBody)?;
        let (head, mut rest) = rest.split_at_checked(len).ok_or(BadBody)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| BadBody)?;
        let event = upcast(head.schema, head.event).ok_or(BadBody)?;
        let event = serde_json::from_value(event).map_err(|_| BadBody)?;
        let mut fields = Fields::default();
        for (field, value) in loopgate_ledger::Field::ALL.into_iter().zip(head.fields) {
            fields.set(field, value);
        }
        let mut docs = Vec::new();
        for lies in head.docs {
            docs.push(match lies {
                Lies::File(name) => Document::File(name),
                Lies::Here(len) => {
                    let (doc, after) = rest.split_at_checked(len).ok_or(BadBody)?;
                    rest = after;
                    Document::Here(doc.to_vec())
                }
            });
        }
        Ok(Body { event, fields, docs })
    }
}

/// From an older schema to this one. Each step is one version; there is one version so far.
fn upcast(schema: u32, event: Value) -> Option<Value> {
    match schema {
        SCHEMA => Some(event),
        _ => None,
    }
}

/// # Panics
/// Never: what is given here has string keys and no value that JSON lacks.
pub(crate) fn json(value: &impl Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(value) => value,
        Err(_) => unreachable!("events and fields always serialise"),
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
