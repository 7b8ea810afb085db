//! A forgotten PIN. Whoever holds the mailbox holds the links in it, so the mailbox alone must not open
//! what they lead to: another PIN needs the link that is sent there and the code that the phone desk
//! tells to somebody it called.
//!
//! Asking for a link looks the same whatever comes of it. A link is good once and for half an hour, a
//! newer one ends it, and a GET spends nothing. Not here: what is recorded (`scribe/mail.rs`).

use loopgate_referral::{OrgId, Timestamp};

use super::recovery_html::{self, Wrong};
use super::recovery_words::Said;
use super::words::Words;
use super::{Visit, pin, plain};
use crate::doorkey::{PIN_CHARS, RecoveryLink, constant_time_eq, hash_pin, is_weak_pin};
use crate::fold::{Mailbox, RECOVER_PIN, WRONG_PIN};
use crate::gate::Gate;
use crate::journal::{Event, MailEvent};
use crate::partner::{ChannelKind, Partner, PinHash};
use crate::refusal::Trouble;
use crate::reply::Reply;
use crate::scribe::{Command, PinChange};

/// How long a link is good.
const LINK_MS: i64 = 30 * 60_000;

/// What a link leads to.
struct Opened {
    partner: Partner,
    /// The PIN in its file.
    file: PinHash,
    epoch: u32,
}

/// Somebody at a page of this organization says that its PIN is forgotten. The answer is the same whether
/// a link is sent or too many were.
pub fn asked(gate: &Gate, partner: &Partner, words: &'static Words) -> Reply {
    let until = Timestamp(gate.now().0 + LINK_MS);
    let fact = MailEvent::RecoveryAsked { org: partner.org.clone(), until };
    let who = (partner.org.to_string(), "link");
    match gate.scribe.ask_blocking(|reply| Command::Mail(Box::new(fact), who, reply)) {
        Ok(_) => recovery_html::asked(words, &partner.name),
        Err(trouble) => plain::trouble(words, trouble),
    }
}

/// Answers one visit to `/pin/TOKEN`.
pub fn handle(gate: &Gate, visit: &Visit) -> Reply {
    let segments: Vec<&str> = visit.path.split('/').skip(2).collect();
    let opened = match segments.as_slice() {
        [token] => open(gate, token),
        _ => None,
    };
    let words = visit.words(opened.as_ref().map(|opened| opened.partner.language));
    let Some(opened) = opened else { return visit.keep_language(plain::nowhere(words)) };
    let reply = match visit.method.as_str() {
        "GET" => recovery_html::form(words, 200, (&opened.partner.name, &visit.path), None),
        "POST" => posted(gate, visit, &opened, words),
        _ => plain::sorry(words, 405, words.only_buttons),
    };
    visit.keep_language(reply)
}

/// What a token opens now: the newest link of its organization, not used, and in time.
fn open(gate: &Gate, token: &str) -> Option<Opened> {
    let RecoveryLink { org, epoch } = gate.doorkeys.recovery(token, gate.now())?;
    let newest = gate.scribe.published().world().mail.of(&org)?.link?;
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(&org).filter(|partner| !partner.suspended)?;
    let Some(ChannelKind::Email { pin, .. }) = partner.channel.as_ref().map(|one| &one.kind) else {
        return None;
    };
    let opened = Opened { partner: partner.clone(), file: pin.clone(), epoch };
    (newest.epoch == epoch).then_some(opened)
}

/// The code and another PIN were given: one try at a time, and a wrong code is on the disk before it is
/// answered.
fn posted(gate: &Gate, visit: &Visit, opened: &Opened, words: &'static Words) -> Reply {
    let filled = match visit.form() {
        Ok(filled) => filled,
        Err(reply) => return reply,
    };
    let org = &opened.partner.org;
    let said = Said::of(words.language);
    let again = |status, wrong| {
        recovery_html::form(words, status, (&opened.partner.name, &visit.path), Some(wrong))
    };
    let turn = gate.turnstile.turn(format!("recovery {org}"));
    let (wait, code) = {
        let world = gate.scribe.published().world();
        let mailbox = world.mail.of(org);
        let wait = mailbox.and_then(|mailbox| pin::wait(gate, &mailbox.wrong));
        (wait.or(turn.is_none().then_some(1)), mailbox.and_then(|one| in_force(one, gate.now())))
    };
    if let Some(seconds) = wait {
        let reply = plain::sorry(words, 429, said.too_many);
        return reply.header("retry-after", seconds.to_string());
    }
    let digits: String = filled.text("code").chars().filter(char::is_ascii_digit).collect();
    // Without a code in force every code is wrong, and takes as long.
    let good = gate.doorkeys.recovery_code(org, code.unwrap_or_default());
    let same = constant_time_eq(good.as_bytes(), digits.as_bytes());
    let Some(code) = code.filter(|_| same) else {
        return match record_wrong(gate, org) {
            Ok(()) => again(403, Wrong::Code),
            Err(trouble) => plain::trouble(words, trouble),
        };
    };
    let pin = filled.text("pin");
    if !PIN_CHARS.contains(&pin.chars().count()) {
        return again(422, Wrong::Length);
    }
    if is_weak_pin(pin) {
        return again(422, Wrong::Weak);
    }
    if pin != filled.text("again") {
        return again(422, Wrong::Differs);
    }
    let mut salt = [0; 16];
    gate.clock.random(&mut salt);
    let Some(hash) = hash_pin(pin, &salt) else { return again(422, Wrong::Length) };
    let change = PinChange {
        org: org.clone(),
        link: opened.epoch,
        code,
        instead_of: opened.file.as_str().to_owned(),
        hash: hash.as_str().to_owned(),
    };
    match gate.scribe.ask_blocking(|reply| Command::ChangePin(Box::new(change), reply)) {
        Ok(true) => recovery_html::changed(words, &opened.partner.name),
        Ok(false) => plain::nowhere(words),
        Err(Trouble::Refused(_)) => plain::nowhere(words),
        Err(trouble) => plain::trouble(words, trouble),
    }
}

/// Records that a code was wrong: before it is answered.
fn record_wrong(gate: &Gate, org: &OrgId) -> Result<(), Trouble> {
    let event = Event::Denied {
        org: org.clone(),
        person: None,
        referral: None,
        action: Some(RECOVER_PIN.to_owned()),
        code: WRONG_PIN.to_owned(),
        correlation: None,
        grant: None,
        dropped: Vec::new(),
    };
    gate.scribe.ask_blocking(|reply| Command::Deny(Box::new(event), reply))
}

/// The code that is good now.
fn in_force(mailbox: &Mailbox, now: Timestamp) -> Option<u32> {
    mailbox.code.filter(|code| now < code.until).map(|code| code.epoch)
}
