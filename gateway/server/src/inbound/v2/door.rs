//! Who speaks, in whose name, and whether the same was said before.

use loopgate_hl7v2::{AckMode, ErrorCode, Flaw, Header, Message, Place, Processing};
use loopgate_mapping::{Constants, Mapping, Read};
use loopgate_referral::OrgId;
use sha2::{Digest, Sha256};

use super::{No, Told, taken, untranslated};
use crate::archive::Kept;
use crate::gate::Gate;
use crate::partner::{Link, Partner};
use crate::refusal::Kind;
use crate::scribe::{Command, HearOnly, Hearing};
use crate::v2::{self, quirks};

/// Recorded of a message whose type or event is not taken here.
const UNSUPPORTED: &str = "V1";
/// Recorded of a message that the partner may not send.
const NOT_ITS_PART: &str = "A4";

/// A message in hand: sound, of the right link, in the right mode, of a type that a mapping reads.
pub struct Hand<'a> {
    pub gate: &'a Gate,
    pub partner: &'a Partner,
    pub link: &'a Link,
    pub message: &'a Message,
    pub header: &'a Header,
    pub mapping: &'a Mapping,
    bytes: &'a [u8],
    /// What makes a resend the same message.
    pub key: [u8; 32],
    content: [u8; 32],
}

impl<'a> Hand<'a> {
    /// Takes a message of this partner in hand, or says why it is not.
    pub fn take(
        gate: &'a Gate,
        partner: &'a Partner,
        message: &'a Message,
        header: &'a Header,
        bytes: &'a [u8],
    ) -> Result<Hand<'a>, No> {
        let link = speaks_here(gate, partner, header)?;
        let mapping = mapping(gate, partner, header)?;
        let (key, content) = (key(header), Sha256::digest(bytes).into());
        Ok(Hand { gate, partner, link, message, header, mapping, bytes, key, content })
    }

    /// Who sent it.
    pub fn org(&self) -> &'a OrgId {
        &self.partner.org
    }

    /// Its code and event, and the application that wrote it.
    pub fn kind(&self) -> [&'a str; 3] {
        [&self.header.code, &self.header.event, &self.header.application]
    }

    /// What the mappings need to know of the link.
    pub fn constants(&self) -> Constants {
        v2::constants(&self.link.authorities, self.partner.time_zone.clone())
    }

    /// One message for each order, or the message itself.
    pub fn orders(&self) -> Result<Vec<Message>, No> {
        self.message.orders().map_err(No::from)
    }

    /// What a message says as a pivot: this one, or one order of it.
    pub fn read(&self, message: &Message) -> Result<Read, No> {
        self.mapping.read_v2(message, &self.constants()).map_err(|refused| untranslated(&refused))
    }

    /// The message, to be kept with what it brings; `keep`: its bytes as well.
    pub fn hearing(&self, told: Told, keep: bool) -> Hearing {
        // The record keeps them all.
        let mentioned = quirks::quiet(told.not_carried.clone(), self.link);
        let ack = Told { not_carried: mentioned, words: told.words };
        let ack = taken(self.gate, self.message, self.header.mode, &ack);
        Hearing {
            received: if keep { self.bytes.to_vec() } else { Vec::new() },
            content: self.content,
            keep,
            ack,
            control: self.header.control_id.clone(),
            kind: format!("{}^{}", self.header.code, self.header.event),
            version: self.header.version.clone(),
            asked: asks(self.header.mode),
            not_carried: told.not_carried,
        }
    }

    /// Remembers a message that changes nothing, and nothing of what it says.
    pub fn set_aside(&self, words: &'static str) -> Result<(), No> {
        let told = Told { words: vec![words], ..Told::default() };
        let only = HearOnly {
            org: self.org().clone(),
            request: self.key,
            message: self.hearing(told, false),
        };
        let heard = self.gate.scribe.ask_blocking(|reply| Command::Hear(Box::new(only), reply));
        Ok(heard?)
    }

    /// Refuses what this partner has no part in, and records that it was asked.
    pub fn not_its_part(&self, words: &'static str) -> No {
        if self.gate.refuse(self.org(), NOT_ITS_PART).is_err() {
            return No::Outage;
        }
        Flaw::at(ErrorCode::UnsupportedMessageType, Place::field("MSH", 9), words).into()
    }

    /// The acknowledgement that was given for this message, if it was taken in.
    pub fn first(&self) -> Result<Option<Vec<u8>>, No> {
        let heard = {
            let world = self.gate.scribe.published().world();
            world.heard.get(&(self.org().clone(), self.key)).cloned()
        };
        let Some(heard) = heard else { return Ok(None) };
        if heard.content != self.content {
            tracing::warn!(partner = %self.org(), "a control id was used again with other content");
            let words = "was used before, with other content";
            let at = Place::field("MSH", 10);
            return Err(Flaw::at(ErrorCode::DuplicateKeyIdentifier, at, words).into());
        }
        let ack = self.gate.archive.document(heard.ack).map_err(|outage| {
            tracing::error!(%outage, "an acknowledgement does not read back");
            No::Outage
        })?;
        match ack {
            Kept::Here(ack) => Ok(Some(ack)),
            Kept::Erased { .. } => Err(No::Outage),
        }
    }
}

/// The certificate's partner, in its own name, in the mode it is configured for.
fn speaks_here<'p>(gate: &Gate, partner: &'p Partner, header: &Header) -> Result<&'p Link, No> {
    let Some(link) = &partner.hl7v2 else {
        gate.refuse(&partner.org, NOT_ITS_PART).map_err(|_| No::Outage)?;
        return Err(super::sound(Kind::Forbidden.into(), None));
    };
    let flaw = |code, field, words: &'static str| Flaw::at(code, Place::field("MSH", field), words);
    let unknown = ErrorCode::TableValueNotFound;
    let mut flaws = Vec::new();
    if header.application != link.application {
        flaws.push(flaw(unknown, 3, "is not the application of this link"));
    }
    if header.facility != link.facility {
        flaws.push(flaw(unknown, 4, "is not the facility of this link"));
    }
    // Nobody's certificate speaks for another facility.
    if !flaws.is_empty() {
        gate.refuse(&partner.org, NOT_ITS_PART).map_err(|_| No::Outage)?;
        return Err(No::Flaws(flaws));
    }
    // A test message never becomes a referral in production, nor the reverse.
    if (header.processing == Processing::Production) != partner.production {
        let words = "is not the processing mode of this link";
        return Err(flaw(ErrorCode::UnsupportedProcessingId, 11, words).into());
    }
    Ok(link)
}

/// The mapping of a message of this type: it is read whole, or it is not taken at all.
fn mapping<'g>(gate: &'g Gate, partner: &Partner, header: &Header) -> Result<&'g Mapping, No> {
    if let Some(found) = gate.library.for_message(&header.code, &header.event) {
        return Ok(found);
    }
    gate.refuse(&partner.org, UNSUPPORTED).map_err(|_| No::Outage)?;
    let of_this_type = |one: &Mapping| one.messages().any(|(code, _)| code == header.code);
    let (code, words) = if gate.library.mappings().any(of_this_type) {
        (ErrorCode::UnsupportedEventCode, "is not an event that is taken here")
    } else {
        (ErrorCode::UnsupportedMessageType, "is not a message type that is taken here")
    };
    Err(Flaw::at(code, Place::field("MSH", 9), words).into())
}

/// Whether an application answer is asked for (MSH-16).
fn asks(mode: AckMode) -> bool {
    matches!(mode, AckMode::Enhanced { application, .. } if application.after(true))
}

/// What makes a resend the same message.
fn key(header: &Header) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [&header.application, &header.facility, &header.control_id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
