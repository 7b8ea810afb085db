//! The operator's commands: over `data/admin.sock` while the gateway runs, straight on the opened
//! deployment when it does not. Same code, same entries.

mod link;
pub mod mail;
mod webhook;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use loopgate_ledger::Field;
use loopgate_referral::{BadId, Identifier, OrgId, PersonId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::assemble::load_roster;
use crate::evidence::{Chain, Sealed};
pub use crate::fold::Class;
use crate::gate::Gate;
use crate::journal::{Event, LedgerEvent, ShredGround, ShredRefusal};
use crate::partner::set_suspended;
use crate::scribe::{Command, Erase, Erasure};
use crate::signing_keys;
pub use link::LinkAsk;
pub use mail::MailAsk;
pub use webhook::WebhookAsk;

/// The socket's name in the data folder.
pub const SOCKET: &str = "admin.sock";
const REQUEST_BYTES_MAX: u64 = 64 * 1024;
const IDLE: Duration = Duration::from_secs(30);

/// What an operator can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Ask {
    /// Read the partner files again.
    PartnersReload,
    /// Suspend or reinstate a partner; in effect when answered.
    PartnerSuspend {
        /// Which.
        name: OrgId,
        /// Suspend, or reinstate.
        suspended: bool,
    },
    /// Write an evidence bundle.
    ExportBundle {
        /// Into this empty folder.
        out: PathBuf,
        /// For this case.
        case: String,
    },
    /// Write a report over everything about one referral, person or organization.
    ExportReport {
        /// Into this file, which is not there yet.
        out: PathBuf,
        /// For this case.
        case: String,
        /// Of what.
        of: Class,
        /// Which, as the log calls it.
        id: String,
        /// The fields it shows.
        shown: Vec<String>,
    },
    /// Write a sealed evidence file: chosen fields of chosen entries.
    ExportEvidence {
        /// Into this file, which is not there yet.
        out: PathBuf,
        /// For this case.
        case: String,
        /// Whom it is made for.
        made_for: String,
        /// The entries.
        entries: BTreeSet<u64>,
        /// The fields it shows.
        shown: Vec<String>,
    },
    /// Write what an organization would download, into a folder: a disclosure to it.
    ExportCsv {
        /// Into this folder; the files are not there yet.
        out: PathBuf,
        /// Whose.
        org: OrgId,
        /// As HMIS events, not as its referrals.
        hmis: bool,
    },
    /// Write a backup of the frames from `first` on.
    Backup {
        /// Into this file, which is not there yet.
        out: PathBuf,
        /// From this frame.
        first: u64,
    },
    /// Destroy the keys of persons.
    Erase {
        /// Whose.
        persons: BTreeSet<Who>,
        /// Why it is lawful.
        ground: ShredGround,
        /// Who says so.
        by: String,
    },
    /// Hold what is about a person for a case, or hold it no longer.
    Hold {
        /// Whose.
        person: Who,
        /// The case.
        case: String,
        /// Who says so.
        by: String,
        /// It is over.
        lift: bool,
    },
    /// About HL7 v2 links.
    Link {
        /// What.
        ask: LinkAsk,
    },
    /// About e-mails.
    Mail {
        /// What.
        ask: MailAsk,
    },
    /// About webhooks.
    Webhook {
        /// What.
        ask: WebhookAsk,
    },
    /// Begin to sign with another key beside the one in force.
    RotateKey,
    /// The clock is right as it is.
    ClockConfirm,
    /// How things stand.
    Status,
}

/// Whom an operator means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// As the log calls them, `per_…`.
    Person(PersonId),
    /// Whoever has this identifier.
    Identifier(Identifier),
}

impl FromStr for Who {
    type Err = BadId;

    /// `per_…`, or `SYSTEM|VALUE`.
    fn from_str(text: &str) -> Result<Who, BadId> {
        match text.split_once('|') {
            Some((system, value)) if !system.is_empty() && !value.is_empty() => {
                let (system, value) = (system.to_owned(), value.to_owned());
                Ok(Who::Identifier(Identifier { system, value }))
            }
            _ => text.parse().map(Who::Person),
        }
    }
}

impl Who {
    /// The one person meant. An identifier that two organizations gave to two persons means nobody.
    fn find(&self, gate: &Gate) -> anyhow::Result<PersonId> {
        let identifier = match self {
            Who::Person(person) => {
                return Ok(gate.scribe.published().world().persons.resolve(*person));
            }
            Who::Identifier(identifier) => identifier,
        };
        let found = gate.scribe.published().world().persons.holding(identifier);
        match found[..] {
            [person] => Ok(person),
            _ => bail!("{} persons have this identifier", found.len()),
        }
    }
}

/// What an operator is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whether it was done.
    pub ok: bool,
    /// In words.
    pub words: String,
}

/// Does what was asked.
pub fn perform(gate: &Gate, ask: &Ask) -> anyhow::Result<String> {
    match ask {
        Ask::PartnersReload => {
            load_roster(gate)?;
            Ok("the partner files are in force".into())
        }
        Ask::PartnerSuspend { name, suspended } => suspend(gate, name, *suspended),
        Ask::ExportBundle { out, case } => {
            let size = crate::export::export(gate, out, case)?;
            Ok(format!("{size} entries"))
        }
        Ask::ExportReport { out, case, of, id, shown } => {
            let shown: Result<Vec<Field>, _> = shown.iter().map(|name| name.parse()).collect();
            let chain = Chain { class: *of, id };
            let count = crate::export::report(gate, &chain, &shown?, out, case)?;
            Ok(format!("{count} entries{}", other_names(gate, id)))
        }
        Ask::ExportEvidence { out, case, made_for, entries, shown } => {
            let shown: Vec<Field> =
                shown.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
            let entries: Vec<u64> = entries.iter().copied().collect();
            let what = Sealed { entries: &entries, shown: &shown, case, made_for };
            crate::export::evidence(gate, &what, out)?;
            Ok(format!("{} entries", entries.len()))
        }
        Ask::ExportCsv { out, org, hmis } => crate::export::csv(gate, org, *hmis, out),
        Ask::Backup { out, first } => {
            let next = gate.scribe.published().world().frames;
            let mut file =
                fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out)?;
            let (log, attachments) = (gate.archive.log(), gate.archive.attachments());
            loopgate_store::write_backup(log, attachments, *first, next, &mut file)?;
            file.sync_all()?;
            Ok(format!("frames {first} to {next}"))
        }
        Ask::Erase { persons, ground, by } => erase(gate, persons, ground, by),
        Ask::Hold { person, case, by, lift } => hold(gate, person.find(gate)?, case, by, *lift),
        Ask::Link { ask } => Ok(link::perform(gate, ask)?),
        Ask::Mail { ask } => Ok(mail::perform(gate, ask)?),
        Ask::Webhook { ask } => Ok(webhook::perform(gate, ask)?),
        Ask::RotateKey => rotate_key(gate),
        Ask::ClockConfirm => {
            let gone = |_| anyhow!("the gateway does not answer");
            gate.scribe.ask_blocking(Command::ConfirmClock).map_err(gone)?;
            load_roster(gate)?;
            Ok("the clock is trusted again".into())
        }
        Ask::Status => {
            let world = gate.scribe.published().world();
            Ok(format!("{} entries, {} referrals", world.leaves, world.referrals.len()))
        }
    }
}

/// Under which other names there are chains about a person; a report is over one.
fn other_names(gate: &Gate, id: &str) -> String {
    let Ok(person) = id.parse::<PersonId>() else { return String::new() };
    let names = gate.scribe.published().world().persons.names_of(person);
    let others = names.into_iter().filter(|name| *name != person).map(|name| name.to_string());
    let others: Vec<String> = others.collect();
    match others.as_slice() {
        [] => String::new(),
        some => {
            format!("; the same person is, or was, {}: there is a chain of each", some.join(", "))
        }
    }
}

fn erase(
    gate: &Gate,
    persons: &BTreeSet<Who>,
    ground: &ShredGround,
    by: &str,
) -> anyhow::Result<String> {
    let persons: anyhow::Result<BTreeSet<PersonId>> =
        persons.iter().map(|who| who.find(gate)).collect();
    let erase = Erase { persons: persons?, ground: ground.clone(), by: by.to_owned() };
    let asked = gate.scribe.ask_blocking(|reply| Command::Erase(Box::new(erase), reply));
    match asked.map_err(|_| anyhow!("nothing to erase is known of one of them"))? {
        Erasure::Done(entries) => Ok(format!("{entries} entries cannot be read any more")),
        Erasure::Refused(refused) => {
            let lines = refused.iter().map(|(person, why)| {
                let why = match why {
                    ShredRefusal::LegalHold => "a case is open".to_owned(),
                    ShredRefusal::OpenReferral => "a referral is open".to_owned(),
                    ShredRefusal::Retention { until } => {
                        format!("it has to be kept until {}", crate::audit::instant(*until))
                    }
                };
                format!("{person}: {why}")
            });
            bail!("nothing was erased\n{}", lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

fn hold(gate: &Gate, person: PersonId, case: &str, by: &str, lift: bool) -> anyhow::Result<String> {
    {
        let world = gate.scribe.published().world();
        let known = world.indexed(Class::Patient, &person.to_string()).is_some();
        anyhow::ensure!(known, "nothing is known of this person");
        let held = world.book.holds.get(&person).is_some_and(|cases| cases.contains(case));
        anyhow::ensure!(held == lift, "that is so already");
    }
    let case = case.to_owned();
    let fact = if lift {
        LedgerEvent::HoldEnded { person, case }
    } else {
        LedgerEvent::HoldPlaced { person, case }
    };
    record(gate, fact, by)?;
    Ok(if lift { "held no longer".into() } else { "held".into() })
}

fn record(gate: &Gate, fact: LedgerEvent, by: &str) -> anyhow::Result<()> {
    let event = Box::new(Event::Ledger(fact));
    let asked = gate.scribe.ask_blocking(|reply| Command::Record(event, by.to_owned(), reply));
    asked.map(drop).map_err(|_| anyhow!("the gateway cannot record it right now"))
}

/// The new key signs from now on; the old one beside it until the overlap is over.
fn rotate_key(gate: &Gate) -> anyhow::Result<String> {
    let (dir, origin) = (&gate.config.folders.keys, &gate.config.ledger.origin);
    let key = {
        let world = gate.scribe.published().world();
        let open = world.book.keys.iter().any(|key| key.retired.is_none());
        anyhow::ensure!(!open, "the last rotation is not over");
        signing_keys::make_next(dir, origin, &world.book, gate.clock.as_ref())?
    };
    let vkey = key.vkey();
    let gone = |_| anyhow!("the gateway cannot record it right now");
    gate.scribe.ask_blocking(|reply| Command::Announce(Box::new(key), reply)).map_err(gone)?;
    // Signed by both; the next look at the clocks writes the note down.
    gate.scribe.ask_blocking(Command::Checkpoint).map_err(gone)?;
    gate.scribe.ask_blocking(|reply| Command::Tick { strangers: 0, reply }).map_err(gone)?;
    Ok(vkey)
}

fn suspend(gate: &Gate, name: &OrgId, suspended: bool) -> anyhow::Result<String> {
    let path = gate.config.folders.partners.join(format!("{name}.toml"));
    let text = fs::read_to_string(&path).context("there is no such partner")?;
    let text = set_suspended(&text, suspended)?;
    loopgate_store::write_durably(&path, text.as_bytes(), 0o644)?;
    // Of the partners in force, this one only: another's broken file must not stand in the way.
    let sha256 = Sha256::digest(&text).into();
    let roster = gate.scribe.published().roster.load().suspending(name, suspended, sha256);
    let roster = Arc::new(roster.context("there is no such partner in force")?);
    gate.scribe
        .ask_blocking(|reply| Command::Partners(roster, reply))
        .map_err(|_| anyhow!("the gateway cannot record it right now"))?;
    Ok(format!("{name} is {}", if suspended { "suspended" } else { "reinstated" }))
}

/// Listens on the socket until the process ends.
pub fn listen(gate: Arc<Gate>) -> anyhow::Result<()> {
    let path = gate.config.folders.data.join(SOCKET);
    // The log's lock says that no other gateway runs; a socket that lies here is a leftover.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(&path).context("the admin socket")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    std::thread::Builder::new().name("admin".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = answer(&gate, &stream) {
                tracing::warn!(%error, "an admin request failed");
            }
        }
    })?;
    Ok(())
}

fn answer(gate: &Gate, stream: &UnixStream) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    let mut line = String::new();
    BufReader::new(stream.take(REQUEST_BYTES_MAX)).read_line(&mut line)?;
    let ask: Ask = serde_json::from_str(&line).context("not an admin request")?;
    let told = match perform(gate, &ask) {
        Ok(words) => Told { ok: true, words },
        Err(error) => Told { ok: false, words: format!("{error:#}") },
    };
    let mut stream = stream;
    writeln!(stream, "{}", serde_json::to_string(&told)?)?;
    Ok(())
}

/// Asks a running gateway; `None` when none runs on this data folder.
pub fn ask(data: &Path, ask: &Ask) -> anyhow::Result<Option<String>> {
    let Ok(mut stream) = UnixStream::connect(data.join(SOCKET)) else { return Ok(None) };
    writeln!(stream, "{}", serde_json::to_string(ask)?)?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let told: Told = serde_json::from_str(&line).context("the gateway did not answer")?;
    if !told.ok {
        bail!("{}", told.words);
    }
    Ok(Some(told.words))
}
