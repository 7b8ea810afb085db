//! E-mails to organizations: what is due is gathered, sent as one, and recorded as told. What is due is a
//! fold over events, so there is no second queue to lose.
//!
//! An address that takes nothing is left alone until its partner's file changes or an operator says so;
//! a server that does not answer is asked again, for longer and longer apart. Not here: what is due and
//! when (`mailing/due.rs`), what an e-mail says (`mail/words.rs`).

mod due;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use loopgate_referral::{OrgId, PlacementId};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::courier::{delay_ms, us};
use super::mail::words::{self, Tells};
use super::mail::{Letter, NotTaken};
use crate::doorkey::{MessageName, RecoveryLink};
use crate::exit::{self, Item};
use crate::gate::Gate;
use crate::journal::{Bounce, MailEvent};
use crate::partner::{ChannelKind, Partner};
use crate::refusal::Trouble;
use crate::scribe::{Command, Mailed, MailedWhat};
use due::{Due, Kind, Waiting};

/// Organizations that are written to at once.
const AT_ONCE_MAX: usize = 8;

/// When something may be tried again, on the monotonic clock, and how often it was tried.
#[derive(Default)]
struct Tries {
    orgs: HashMap<OrgId, (i64, u32)>,
    denied: HashMap<PlacementId, (i64, u32)>,
}

/// What came of one organization's e-mails.
struct Outcome {
    org: OrgId,
    /// The server took what there was.
    taken: bool,
    /// What consent does not let pass now.
    denied: Vec<PlacementId>,
}

/// Sends until the process ends. `wake` says that clocks or referrals moved.
pub async fn run(gate: Arc<Gate>, wake: Arc<Notify>) {
    let mut tries = Tries::default();
    loop {
        wake.notified().await;
        round(&gate, &mut tries).await;
    }
}

async fn round(gate: &Arc<Gate>, tries: &mut Tries) {
    let now = gate.clock.monotonic_ms();
    let mut due = due::due(gate);
    tries.orgs.retain(|org, _| due.iter().any(|one| one.partner.org == *org));
    let known = |id: &PlacementId| due.iter().flat_map(Due::placements).any(|one| one == *id);
    tries.denied.retain(|placement, _| known(placement));
    due.retain(|one| tries.orgs.get(&one.partner.org).is_none_or(|(at, _)| *at <= now));
    for one in &mut due {
        one.leave_out(|id| tries.denied.get(id).is_some_and(|(at, _)| *at > now));
    }
    due.retain(|one| !one.letters.is_empty());
    let (mut waiting, mut rounds) = (due.into_iter(), JoinSet::new());
    loop {
        while rounds.len() < AT_ONCE_MAX
            && let Some(one) = waiting.next()
        {
            let gate = gate.clone();
            rounds.spawn_blocking(move || write_to(&gate, one));
        }
        let Some(ended) = rounds.join_next().await else { return };
        let Ok(outcome) = ended else { continue };
        let again = |known: Option<&(i64, u32)>| {
            let count = known.map_or(0, |(_, count)| *count);
            (now + delay_ms(&gate.config.delivery, count), count + 1)
        };
        if outcome.taken {
            tries.orgs.remove(&outcome.org);
        } else {
            let next = again(tries.orgs.get(&outcome.org));
            tries.orgs.insert(outcome.org, next);
        }
        for placement in outcome.denied {
            let next = again(tries.denied.get(&placement));
            tries.denied.insert(placement, next);
        }
    }
}

/// One organization's e-mails, one after the other, until one is not taken.
fn write_to(gate: &Gate, due: Due) -> Outcome {
    let Due { partner, letters } = due;
    let mut outcome = Outcome { org: partner.org.clone(), taken: true, denied: Vec::new() };
    for letter in letters {
        let sent = match letter {
            Kind::News(waiting) => news(gate, &partner, waiting, &mut outcome.denied),
            Kind::Recovery { epoch, until } => recovery(gate, &partner, epoch, until),
            Kind::PinChanged { entry } => pin_changed(gate, &partner, entry),
        };
        if sent.is_err() {
            outcome.taken = false;
            break;
        }
    }
    outcome
}

fn news(
    gate: &Gate,
    partner: &Partner,
    waiting: Vec<Waiting>,
    denied: &mut Vec<PlacementId>,
) -> Result<(), Trouble> {
    // What it knows already, since it answered, is told.
    let (known, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.known);
    let (mut items, mut told, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for one in waiting {
        match exit::may_mail(gate, &partner.org, &one.item) {
            Ok(part) => {
                parts.extend(part);
                told.push(mailed(&one));
                items.push(one.item);
            }
            Err(Trouble::Outage) => return Err(Trouble::Outage),
            Err(Trouble::Refused(_)) => denied.push(one.item.placement),
        }
    }
    if !items.is_empty() {
        let mail = exit::mail(gate, partner, &items, parts)?;
        if mail.body.sending.as_ref().is_some_and(|sending| sending.is_cut()) {
            return Err(Trouble::Outage);
        }
        let text = String::from_utf8_lossy(&mail.body.bytes).into_owned();
        post(gate, &partner.org, (mail.subject, text), &name_of(&told))?;
    }
    told.extend(known.iter().map(mailed));
    if told.is_empty() {
        return Ok(());
    }
    let org = partner.org.clone();
    gate.scribe.ask_blocking(|reply| Command::Mailed(org, told, reply))
}

fn mailed(one: &Waiting) -> Mailed {
    let Item { referral, placement, .. } = one.item;
    Mailed { referral, placement, what: one.what }
}

/// What names an e-mail: the same while it tells the same.
fn name_of(told: &[Mailed]) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for Mailed { placement, what, .. } in told {
        let (kind, version) = match what {
            MailedWhat::Waits(amended) => (b'w', *amended),
            MailedWhat::Again => (b'a', 0),
            MailedWhat::News(version) => (b'n', *version),
        };
        parts.push([&placement.bytes()[..], &[kind], &version.to_be_bytes()].concat());
    }
    parts.sort();
    parts.concat()
}

fn recovery(
    gate: &Gate,
    partner: &Partner,
    epoch: u32,
    until: loopgate_referral::Timestamp,
) -> Result<(), Trouble> {
    let link = RecoveryLink { org: partner.org.clone(), epoch };
    let token = gate.doorkeys.recovery_token(&link, until);
    let link = format!("{}/pin/{token}", gate.config.people.base_url);
    let local = jiff::Timestamp::from_millisecond(until.0).unwrap_or_default();
    let time = local.to_zoned(partner.time_zone.clone()).strftime("%H:%M").to_string();
    let words = words::recovery(&link, &partner.name, &time, partner.language);
    post(gate, &partner.org, words, format!("recovery {epoch}").as_bytes())?;
    note(gate, MailEvent::RecoverySent { org: partner.org.clone(), epoch })
}

fn pin_changed(gate: &Gate, partner: &Partner, entry: u64) -> Result<(), Trouble> {
    let words = words::pin_changed(&partner.name, partner.language);
    post(gate, &partner.org, words, format!("pin {entry}").as_bytes())?;
    note(gate, MailEvent::PinChangeSent { org: partner.org.clone() })
}

fn note(gate: &Gate, fact: MailEvent) -> Result<(), Trouble> {
    gate.scribe.ask_blocking(|reply| Command::Mail(Box::new(fact), us(), reply)).map(drop)
}

/// Sends an e-mail of this subject and text to an organization; `told` is what names it, the same each time.
/// An address that takes nothing is marked.
pub fn post(
    gate: &Gate,
    org: &OrgId,
    (subject, body): (String, String),
    told: &[u8],
) -> Result<(), Trouble> {
    let Some(mailer) = &gate.mailer else { return Err(Trouble::Outage) };
    let Some(sure) = address_of(gate, org) else { return Err(Trouble::Outage) };
    let (address, epoch) = (&sure.0, sure.1);
    let mut name = [0; 16];
    name.copy_from_slice(&Sha256::digest(told)[..16]);
    let name = MessageName { org: org.clone(), epoch, told: name };
    let at = u64::try_from(gate.now().0).unwrap_or_default();
    let letter = Letter {
        to: address,
        subject,
        body,
        id: gate.doorkeys.message_id(&name, address),
        at: std::time::UNIX_EPOCH + Duration::from_millis(at),
    };
    match mailer.send(&letter) {
        Ok(()) => Ok(()),
        Err(NotTaken::Now) => Err(Trouble::Outage),
        // It was put right meanwhile.
        Err(NotTaken::Address(_)) if address_of(gate, org).as_ref() != Some(&sure) => {
            Err(Trouble::Outage)
        }
        Err(NotTaken::Address(status)) => {
            let org = org.clone();
            tracing::warn!(partner = %org, status, "the address takes no e-mail: its file is to be put right");
            let how = Bounce::Refused;
            note(gate, MailEvent::Bounced { org, how, status: Some(status) })?;
            Err(Trouble::Outage)
        }
    }
}

/// Where an organization's e-mails go, and how often it took them again; nowhere if its address takes
/// nothing. A changed file is in the log before it is used: between the two no address is sure.
fn address_of(gate: &Gate, org: &OrgId) -> Option<(String, u32)> {
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    let loaded = roster.loaded(org)?;
    let (logged, _) = world.partners.get(org)?;
    let Some(ChannelKind::Email { address, .. }) =
        loaded.partner.channel.as_ref().map(|channel| &channel.kind)
    else {
        return None;
    };
    let sure = *logged == loaded.sha256 && !world.mail.is_bounced(org);
    sure.then(|| (address.clone(), world.mail.epoch(org)))
}
