//! HL7 v2 messages, from their bytes to their acknowledgements.
//!
//! Taken in: the stored acknowledgement, after the commit. Refused: an acknowledgement that says
//! where and why, and nothing is kept. Not acknowledged at all: acknowledgements, what nobody waits
//! for, and whatever comes while no promise can be kept; its sender sends it again.
//!
//! What a message does is decided by its type and by whose referral it names: `refer` (a referral
//! comes in), `act` (something happened to one), `person` (who is who), `result` (what was observed).
//! Not here: what its fields mean (`mappings/hl7v2`), what may happen (`referral`).

mod act;
mod door;
mod keys;
mod person;
mod refer;
mod result;
mod sequence;
mod wish;

use std::sync::PoisonError;

use loopgate_hl7v2::{
    Ack, AckCode, AckMode, Batch, Charset, ErrorCode, Flaw, Framing, Header, Limits, Message,
    Place, Severity, Stamp, Unsound, acknowledge, batch, broken, read,
};
use loopgate_mapping::{Mapping, Refused, Why};

use crate::gate::{Certificate, Gate};
use crate::partner::{Link, Partner};
use crate::refusal::{Refusal, Trouble};
use crate::reply;
use crate::v2;
use crate::v2::quirks;

use door::Hand;
use keys::Named;

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

impl From<Trouble> for No {
    fn from(trouble: Trouble) -> No {
        sound(trouble, None)
    }
}

/// Answers one frame of the partner with this certificate: a message, or a batch of them.
pub fn answer(gate: &Gate, certificate: &Certificate, bytes: &[u8]) -> Answer {
    let partner = partner_of(gate, certificate);
    let link = partner.as_ref().and_then(|partner| partner.hl7v2.as_ref());
    let charset = link.map_or(Charset::UTF_8, |link| link.charset);
    match batch(bytes, &limits(gate, link), charset) {
        None => one(gate, certificate, partner.as_ref(), bytes),
        Some(Err(flaw)) => reject(gate, Unsound { flaw, header: None }),
        Some(Ok(found)) => several(gate, certificate, partner.as_ref(), &found),
    }
}

/// Answers a batch: each message as if it had come alone, the answers in a batch of their own. One
/// that no promise can be kept for ends it; those before it are kept, and a resend finds them so.
fn several(
    gate: &Gate,
    certificate: &Certificate,
    partner: Option<&Partner>,
    found: &Batch<'_>,
) -> Answer {
    let mut acks = Vec::new();
    for bytes in &found.messages {
        match one(gate, certificate, partner, bytes) {
            Answer::Say(ack) => {
                let Ok(ack) = read(&ack, &Limits::default(), Charset::UTF_8) else {
                    unreachable!("an acknowledgement of ours reads back");
                };
                acks.push(ack);
            }
            Answer::Nothing => {}
            Answer::HangUp => return Answer::HangUp,
        }
    }
    if acks.is_empty() {
        return Answer::Nothing;
    }
    Answer::Say(stamped(gate, |stamp| found.answer(&acks, stamp)))
}

fn one(gate: &Gate, certificate: &Certificate, partner: Option<&Partner>, bytes: &[u8]) -> Answer {
    let link = partner.and_then(|partner| partner.hl7v2.as_ref());
    let charset = link.map_or(Charset::UTF_8, |link| link.charset);
    let prepared = link.map(|link| quirks::prepare(bytes, link));
    let text = prepared.as_deref().unwrap_or(bytes);
    let mut message = match read(text, &limits(gate, link), charset) {
        Ok(message) => message,
        Err(unsound) => return reject(gate, unsound),
    };
    if let Some(partner) = partner {
        quirks::apply(&mut message, partner);
    }
    let header = match Header::of(&message) {
        Ok(header) => header,
        Err(flaws) => return refuse(gate, &message, AckMode::Original, flaws),
    };
    // An acknowledgement is never acknowledged (v2.5.1 §2.9.2).
    if header.code == "ACK" {
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

/// Takes a message in, and gives its stored acknowledgement.
fn hear(
    gate: &Gate,
    certificate: &Certificate,
    message: &Message,
    header: &Header,
    bytes: &[u8],
) -> Result<Vec<u8>, No> {
    let partner = gate.certificates_partner(Some(&certificate.sha256), &certificate.chain)?;
    let hand = Hand::take(gate, &partner, message, header, bytes)?;
    // Where messages are counted, one is in hand at a time.
    let turn = gate.links.turn(&partner.org);
    let counts = hand.link.sequence;
    let _turn = counts.then(|| turn.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(first) = hand.first()? {
        return Ok(first);
    }
    match sequence::turn(gate, &partner.org, hand.link, header)? {
        sequence::Turn::Now => {}
        sequence::Turn::Told(expected) => {
            let code = AckCode::of(accepts(header.mode, true), None);
            let ack = Ack { code, errors: Vec::new(), expected: Some(expected) };
            return Ok(written(gate, Some(message), &ack));
        }
        sequence::Turn::Not(flaw, expected) => return Err(No::NotItsTurn(flaw, expected)),
    }
    let named = act::known(&hand);
    match header.code.as_str() {
        "REF" if header.event == "I12" && named == Named::Nobody => refer::take(&hand)?,
        "REF" if header.event == "I15" => return act::status(&hand),
        "ADT" => person::take(&hand)?,
        "ORM" | "OMG" if named == Named::Nobody => refer::take(&hand)?,
        "ORU" | "MDM" if !matches!(named, Named::AsTarget(..)) => result::take(&hand)?,
        _ => act::take(&hand)?,
    }
    hand.first()?.ok_or(No::Outage)
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
    let errors = vec![(Severity::Error, unsound.flaw)];
    let ack = Ack { code: AckCode::AR, errors, expected: None };
    Answer::Say(written(gate, header, &ack))
}

fn partner_of(gate: &Gate, certificate: &Certificate) -> Option<Partner> {
    let roster = gate.scribe.published().roster.load();
    roster.by_certificate(&certificate.sha256).cloned()
}

fn limits(gate: &Gate, link: Option<&Link>) -> Limits {
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
    Answer::Say(written(gate, Some(message), &Ack { code, errors, expected }))
}

fn written(gate: &Gate, inbound: Option<&Message>, ack: &Ack) -> Vec<u8> {
    stamped(gate, |stamp| acknowledge(inbound, ack, stamp).print().into_bytes())
}

/// What is written with a fresh control id, now.
fn stamped<T>(gate: &Gate, write: impl FnOnce(&Stamp<'_>) -> T) -> T {
    let mut random = [0; 16];
    gate.clock.random(&mut random);
    let (time, control_id) = (v2::time(gate.now()), v2::control_id(&[&random]));
    write(&Stamp {
        application: v2::APPLICATION,
        facility: gate.config.tenant.name.as_str(),
        time: &time,
        control_id: &control_id,
    })
}

/// The acknowledgement of a message taken in: what nothing here says on is said to its sender.
fn taken(gate: &Gate, message: &Message, mode: AckMode, told: &Told) -> Vec<u8> {
    let code = AckCode::of(accepts(mode, true), None);
    let information = |flaw| (Severity::Information, flaw);
    let not_carried = &told.not_carried;
    let mut errors: Vec<(Severity, Flaw)> = not_carried
        .iter()
        .take(NOT_CARRIED_MAX)
        .map(|field| {
            let at = v2::place(Some(field.clone()));
            information(Flaw { code: ErrorCode::Accepted, at, words: "is not carried".into() })
        })
        .collect();
    if not_carried.len() > NOT_CARRIED_MAX {
        let words = format!("{} more fields are not carried", not_carried.len() - NOT_CARRIED_MAX);
        errors.push(information(Flaw::whole(ErrorCode::Accepted, words)));
    }
    let words = told.words.iter().copied();
    errors.extend(words.map(|words| information(Flaw::whole(ErrorCode::Accepted, words))));
    // The number taken in is said again (v2.5.1 §2.10.1 (c)).
    let expected = told.sequence.and_then(|number| i64::try_from(number).ok());
    written(gate, Some(message), &Ack { code, errors, expected })
}

/// What the sender of a message taken in is told of it.
#[derive(Debug, Default)]
struct Told {
    /// Its fields that nothing here says on.
    not_carried: Vec<String>,
    /// What else there is to know, without a value of the message.
    words: Vec<&'static str>,
    /// Its number, where messages are counted.
    sequence: Option<u64>,
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
            let place =
                |expression: &str| -> Option<Place> { v2::place(mapping?.right_of(expression)) };
            No::Flaws(reply::v2(&Refusal { ..refusal }, &place))
        }
    }
}
