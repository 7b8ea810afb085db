//! What an operator, or the operator's mail server, says about e-mails; and the code that the phone desk
//! tells. Each is an entry of the log, which says who asked for it.

use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::doorkey::Doorkeys;
use crate::gate::Gate;
use crate::journal::{Bounce, MailEvent};
use crate::outbound::mail::is_status;
use crate::partner::{ChannelKind, Partner};
use crate::refusal::Trouble;
use crate::scribe::Command;

/// Hours that a code of the phone desk is good.
pub const CODE_HOURS: i64 = 24;

/// One thing to ask about e-mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mail", deny_unknown_fields)]
pub enum MailAsk {
    /// An e-mail was given up by the way.
    Bounced {
        /// Its Message-ID.
        message_id: String,
        /// The status code.
        status: Option<String>,
    },
    /// The address takes e-mails again.
    Again {
        /// Whose.
        name: OrgId,
        /// Who says so.
        by: String,
    },
    /// A code with which an organization sets another PIN.
    Code {
        /// Whose.
        name: OrgId,
        /// Who tells it.
        by: String,
    },
    /// Whose addresses take nothing: a line each, the name and words.
    Status,
}

/// Why it was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// No partner in force has this name and an e-mail address.
    #[error("there is no such partner that is told by e-mail")]
    NoMail,
    /// Nothing would change.
    #[error("its address is not marked")]
    NotMarked,
    /// It could not be recorded.
    #[error("the gateway cannot record it right now")]
    Unrecorded,
}

impl From<Trouble> for NotDone {
    fn from(_: Trouble) -> NotDone {
        NotDone::Unrecorded
    }
}

/// Does what was asked.
pub fn perform(gate: &Gate, ask: &MailAsk) -> Result<String, NotDone> {
    match ask {
        MailAsk::Bounced { message_id, status } => bounced(gate, message_id, status.as_deref()),
        MailAsk::Again { name, by } => {
            let org = told_by_mail(gate, name)?.org;
            let mended = record(gate, MailEvent::Mended { org }, (by, "admin"))?;
            mended.then(|| format!("{name} is sent e-mails again")).ok_or(NotDone::NotMarked)
        }
        MailAsk::Code { name, by } => {
            let code = code(gate, name, (by, "admin"))?;
            Ok(format!("code {code}, good for {CODE_HOURS} hours and one change of the PIN"))
        }
        MailAsk::Status => {
            let lines = marked(gate).into_iter().map(|(org, words)| format!("{org}\t{words}"));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// Whose addresses take nothing, and since when.
pub fn marked(gate: &Gate) -> Vec<(OrgId, String)> {
    let world = gate.scribe.published().world();
    let marked = world.mail.iter().filter_map(|(org, mailbox)| {
        let bounced = mailbox.bounced.as_ref()?;
        let status = bounced.status.as_deref().map(|status| format!(" ({status})"));
        let since = crate::audit::instant(bounced.at);
        Some((org.clone(), format!("takes no e-mail since {since}{}", status.unwrap_or_default())))
    });
    marked.collect()
}

/// Makes a code for an organization; the one before is not good any more.
pub fn code(gate: &Gate, name: &OrgId, by: (&str, &'static str)) -> Result<String, NotDone> {
    let org = told_by_mail(gate, name)?.org;
    let until = Timestamp(gate.now().0 + CODE_HOURS * 3_600_000);
    record(gate, MailEvent::CodeMade { org, until }, by)?;
    let world = gate.scribe.published().world();
    let code = world.mail.of(name).and_then(|mailbox| mailbox.code).ok_or(NotDone::Unrecorded)?;
    Ok(gate.doorkeys.recovery_code(name, code.epoch))
}

/// Marks an address, if the e-mail is one that we sent there since it last took any. What is not ours and
/// what is old are answered alike.
fn bounced(gate: &Gate, message_id: &str, status: Option<&str>) -> Result<String, NotDone> {
    let nothing = || Ok("no e-mail that this gateway knows: nothing was done".to_owned());
    let Some(name) = Doorkeys::read_message_id(message_id) else { return nothing() };
    let Ok(partner) = told_by_mail(gate, &name.org) else { return nothing() };
    let kind = partner.channel.as_ref().map(|channel| &channel.kind);
    let Some(ChannelKind::Email { address, .. }) = kind else { return nothing() };
    let epoch = gate.scribe.published().world().mail.epoch(&partner.org);
    if !gate.doorkeys.is_message_id(message_id, &name, address) || name.epoch != epoch {
        return nothing();
    }
    let org = partner.org;
    let status = status.filter(|status| is_status(status)).map(str::to_owned);
    let fact = MailEvent::Bounced { org: org.clone(), how: Bounce::Reported, status };
    if record(gate, fact, ("mail-server", "admin"))? {
        tracing::warn!(partner = %org, "the address takes no e-mail: its file is to be put right");
    }
    Ok(format!(
        "{org} takes no e-mail; nothing is sent there until its file changes, or `partner mail-again`"
    ))
}

fn told_by_mail(gate: &Gate, name: &OrgId) -> Result<Partner, NotDone> {
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(name).ok_or(NotDone::NoMail)?;
    let kind = partner.channel.as_ref().map(|channel| &channel.kind);
    matches!(kind, Some(ChannelKind::Email { .. })).then(|| partner.clone()).ok_or(NotDone::NoMail)
}

fn record(gate: &Gate, fact: MailEvent, by: (&str, &'static str)) -> Result<bool, NotDone> {
    let who = (by.0.to_owned(), by.1);
    Ok(gate.scribe.ask_blocking(|reply| Command::Mail(Box::new(fact), who, reply))?)
}
