//! One HL7 v2 message, from its bytes to its acknowledgement.
//!
//! Taken in: the stored acknowledgement, after the commit. Refused: an acknowledgement that says
//! where and why, and nothing is kept. Not acknowledged at all: acknowledgements, what nobody waits
//! for, and whatever comes while no promise can be kept; its sender sends it again.

mod sequence;

use std::sync::PoisonError;

use loopgate_consent::Action;
use loopgate_hl7v2::{
    Ack, AckCode, AckMode, Charset, ErrorCode, Flaw, Framing, Header, Limits, Message, Place,
    Processing, Severity, Stamp, Unsound, acknowledge, broken, read,
};
use loopgate_mapping::{Mapping, Refused, Why};
use sha2::{Digest, Sha256};

use crate::archive::Kept;
use crate::bundle::{Known, parts};
use crate::gate::{Certificate, Gate};
use crate::intake;
use crate::partner::{Link, Partner, Role};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply;
use crate::scribe::Hearing;
use crate::v2;

/// Fields that are said not to be carried, in one acknowledgement; the last stands for the others.
const NOT_CARRIED_MAX: usize = 50;

/// What to do after a message.
pub enum Answer {
    /// Send this.
    Say(Vec<u8>),
    /// Nobody waits for an answer.
    Nothing,
    /// No promise can be kept now: end the connection without a word.
    HangUp,
}

/// Why a message is not taken in.
enum No {
    /// It is said where and why.
    Flaws(Vec<Flaw>),
    /// It is not its turn; this number is expected.
    NotItsTurn(Flaw, i64),
    /// We cannot keep our promise.
    Outage,
}

impl From<Flaw> for No {
    fn from(flaw: Flaw) -> No {
        No::Flaws(vec![flaw])
    }
}

/// Answers one message of the partner with this certificate.
pub fn answer(gate: &Gate, certificate: &Certificate, bytes: &[u8]) -> Answer {
    let read = read(bytes, &limits(gate, certificate), Charset::UTF_8);
    let message = match read {
        Ok(message) => message,
        Err(unsound) => return reject(gate, unsound),
    };
    let header = match Header::of(&message) {
        Ok(header) => header,
        Err(flaws) => return refuse(gate, &message, AckMode::Original, flaws),
    };
    // An acknowledgement is never acknowledged (v2.5.1 §2.9.2).
    if message.is_acknowledgement() {
        return Answer::Nothing;
    }
    match hear(gate, certificate, &message, &header, bytes) {
        Ok(ack) if wants(header.mode, true) => Answer::Say(ack),
        Ok(_) => Answer::Nothing,
        Err(No::Flaws(flaws)) => refuse(gate, &message, header.mode, flaws),
        Err(No::NotItsTurn(flaw, expected)) => {
            refuse_for(gate, &message, header.mode, vec![flaw], Some(expected))
        }
        Err(No::Outage) => Answer::HangUp,
    }
}

/// Answers a stream that is not frames, of which this is how the last one began.
pub fn answer_broken(gate: &Gate, begun: &[u8], why: Framing) -> Answer {
    let code = match why {
        Framing::TooLong => ErrorCode::ValueTooLong,
        _ => ErrorCode::SegmentSequence,
    };
    reject(gate, broken(begun, Flaw::whole(code, why.to_string())))
}

fn reject(gate: &Gate, unsound: Unsound) -> Answer {
    let header = unsound.header.as_deref();
    // Not even a broken acknowledgement is acknowledged.
    if header.is_some_and(Message::is_acknowledgement) {
        return Answer::Nothing;
    }
    let ack =
        Ack { code: AckCode::AR, errors: vec![(Severity::Error, unsound.flaw)], expected: None };
    say(gate, header, &ack)
}

fn limits(gate: &Gate, certificate: &Certificate) -> Limits {
    let roster = gate.scribe.published().roster.load();
    let link =
        roster.by_certificate(&certificate.sha256).and_then(|partner| partner.hl7v2.as_ref());
    let own = link.and_then(|link| link.frame_bytes_max);
    let message_bytes_max = own.unwrap_or(gate.config.limits.mllp_frame_bytes_max);
    Limits { message_bytes_max, ..Limits::default() }
}

/// Whether an answer on this connection is wanted after that outcome. Without an accept
/// acknowledgement the application one is given at once.
fn wants(mode: AckMode, success: bool) -> bool {
    match mode {
        AckMode::Original => true,
        AckMode::Enhanced { accept, application } => {
            accept.after(success) || (!success && application.after(false))
        }
    }
}

/// Whether it is an accept acknowledgement (CA, CE, CR) that is given.
fn accepts(mode: AckMode, success: bool) -> bool {
    matches!(mode, AckMode::Enhanced { accept, .. } if accept.after(success))
}

fn refuse(gate: &Gate, message: &Message, mode: AckMode, flaws: Vec<Flaw>) -> Answer {
    refuse_for(gate, message, mode, flaws, None)
}

fn refuse_for(
    gate: &Gate,
    message: &Message,
    mode: AckMode,
    flaws: Vec<Flaw>,
    expected: Option<i64>,
) -> Answer {
    if !wants(mode, false) {
        return Answer::Nothing;
    }
    let rejects = flaws.iter().map(|flaw| flaw.code).find(|code| code.rejects());
    let worst = rejects.or(flaws.first().map(|flaw| flaw.code));
    let code = AckCode::of(accepts(mode, false), worst);
    let errors = flaws.into_iter().map(|flaw| (Severity::Error, flaw)).collect();
    say(gate, Some(message), &Ack { code, errors, expected })
}

fn say(gate: &Gate, inbound: Option<&Message>, ack: &Ack) -> Answer {
    Answer::Say(written(gate, inbound, ack))
}

fn written(gate: &Gate, inbound: Option<&Message>, ack: &Ack) -> Vec<u8> {
    let mut random = [0; 16];
    gate.clock.random(&mut random);
    let (time, control_id) = (v2::time(gate.now()), v2::control_id(&[&random]));
    let stamp = Stamp {
        application: v2::APPLICATION,
        facility: gate.config.tenant.name.as_str(),
        time: &time,
        control_id: &control_id,
    };
    acknowledge(inbound, ack, &stamp).print().into_bytes()
}

/// Takes a message in, and gives its stored acknowledgement.
fn hear(
    gate: &Gate,
    certificate: &Certificate,
    message: &Message,
    header: &Header,
    bytes: &[u8],
) -> Result<Vec<u8>, No> {
    let partner = gate
        .certificates_partner(Some(&certificate.sha256), &certificate.chain)
        .map_err(|trouble| sound(trouble, None))?;
    let link = speaks_here(gate, &partner, header)?;
    let key = key(header);
    let content: [u8; 32] = Sha256::digest(bytes).into();
    // Where messages are counted, one is in hand at a time.
    let turn = gate.links.turn(&partner.org);
    let _turn = link.sequence.then(|| turn.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(first) = first(gate, &partner, key, content)? {
        return Ok(first);
    }
    match sequence::turn(gate, &partner.org, link, header)
        .map_err(|trouble| sound(trouble, None))?
    {
        sequence::Turn::Now => {}
        sequence::Turn::Told(expected) => {
            let code = AckCode::of(accepts(header.mode, true), None);
            let ack = Ack { code, errors: Vec::new(), expected: Some(expected) };
            return Ok(written(gate, Some(message), &ack));
        }
        sequence::Turn::Not(flaw, expected) => return Err(No::NotItsTurn(flaw, expected)),
    }
    let mapping = gate.library.mapping(v2::REF_I12).ok_or(No::Outage)?;
    let constants = v2::constants(&link.authorities, partner.time_zone.clone());
    let read = mapping.read_v2(message, &constants).map_err(|refused| untranslated(&refused))?;
    let requester = Gate::organization(&partner.org);
    let authored = v2::written_at(&header.time, &partner.time_zone);
    let known = Known { requester: Some(&requester), authored_on: authored.as_deref() };
    let parts = parts(&read.pivot, &known);
    let asked =
        matches!(header.mode, AckMode::Enhanced { application, .. } if application.after(true));
    let sequence = sequence::kept(link, header);
    let hearing = Hearing {
        received: bytes.to_vec(),
        content,
        keep: true,
        ack: taken(gate, message, header.mode, (&read.not_carried, sequence)),
        sequence,
        control: header.control_id.clone(),
        kind: format!("{}^{}", header.code, header.event),
        version: header.version.clone(),
        asked,
        not_carried: read.not_carried,
    };
    intake::message(gate, &partner.org, key, parts, hearing)
        .map_err(|trouble| sound(trouble, Some(mapping)))?;
    first(gate, &partner, key, content)?.ok_or(No::Outage)
}

/// The certificate's partner, in its own name, in the mode it is configured for, with a message
/// that is offered here.
fn speaks_here<'p>(gate: &Gate, partner: &'p Partner, header: &Header) -> Result<&'p Link, No> {
    let source = partner.is(Role::Source) && partner.actions.contains(&Action::Submit);
    let Some(link) = partner.hl7v2.as_ref().filter(|_| source) else {
        gate.refuse(&partner.org, "A4").map_err(|_| No::Outage)?;
        return Err(sound(Kind::Forbidden.into(), None));
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
        gate.refuse(&partner.org, "A4").map_err(|_| No::Outage)?;
        return Err(No::Flaws(flaws));
    }
    if header.code != "REF" {
        let words = "is not a message type that is taken here";
        flaws.push(flaw(ErrorCode::UnsupportedMessageType, 9, words));
    } else if header.event != "I12" {
        let words = "is not an event that is taken here";
        flaws.push(flaw(ErrorCode::UnsupportedEventCode, 9, words));
    }
    if (header.processing == Processing::Production) != partner.production {
        let words = "is not the processing mode of this link";
        flaws.push(flaw(ErrorCode::UnsupportedProcessingId, 11, words));
    }
    if flaws.is_empty() { Ok(link) } else { Err(No::Flaws(flaws)) }
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

/// The acknowledgement that was given for this message, if it was taken in.
fn first(
    gate: &Gate,
    partner: &Partner,
    key: [u8; 32],
    content: [u8; 32],
) -> Result<Option<Vec<u8>>, No> {
    let heard = {
        let world = gate.scribe.published().world();
        world.heard.get(&(partner.org.clone(), key)).cloned()
    };
    let Some(heard) = heard else { return Ok(None) };
    if heard.content != content {
        tracing::warn!(partner = %partner.org, "a control id was used again with other content");
        let words = "was used before, with other content";
        let at = Place::field("MSH", 10);
        return Err(Flaw::at(ErrorCode::DuplicateKeyIdentifier, at, words).into());
    }
    let ack = gate.archive.document(heard.ack).map_err(|outage| {
        tracing::error!(%outage, "an acknowledgement does not read back");
        No::Outage
    })?;
    match ack {
        Kept::Here(ack) => Ok(Some(ack)),
        Kept::Erased { .. } => Err(No::Outage),
    }
}

/// The acknowledgement of a message taken in: what nothing here says on is said to its sender.
fn taken(
    gate: &Gate,
    message: &Message,
    mode: AckMode,
    (not_carried, sequence): (&[String], Option<u64>),
) -> Vec<u8> {
    let code = AckCode::of(accepts(mode, true), None);
    let mut errors: Vec<(Severity, Flaw)> = not_carried
        .iter()
        .take(NOT_CARRIED_MAX)
        .map(|field| {
            let at = v2::place(Some(field.clone()));
            let flaw = Flaw { code: ErrorCode::Accepted, at, words: "is not carried".into() };
            (Severity::Information, flaw)
        })
        .collect();
    if not_carried.len() > NOT_CARRIED_MAX {
        let words = format!("{} more fields are not carried", not_carried.len() - NOT_CARRIED_MAX);
        errors.push((Severity::Information, Flaw::whole(ErrorCode::Accepted, words)));
    }
    // The number taken in is said again (§2.10.1 (c)).
    let expected = sequence.and_then(|number| i64::try_from(number).ok());
    written(gate, Some(message), &Ack { code, errors, expected })
}

fn untranslated(refused: &Refused) -> No {
    let code = match refused.why {
        Why::Missing => ErrorCode::RequiredFieldMissing,
        Why::NoCode => ErrorCode::TableValueNotFound,
        Why::BadForm => ErrorCode::DataType,
        _ => ErrorCode::ApplicationInternalError,
    };
    let words = refused.why.to_string();
    Flaw { code, at: v2::place(Some(refused.path.clone())), words: words.into() }.into()
}

fn sound(trouble: Trouble, mapping: Option<&Mapping>) -> No {
    match trouble {
        Trouble::Outage => No::Outage,
        Trouble::Refused(refusal) => {
            let place = |expression: &str| v2::place(mapping?.right_of(expression));
            No::Flaws(reply::v2(&Refusal { ..refusal }, &place))
        }
    }
}
