//! Opening a deployment: keys, log, replay, projections, partners, scribe, exit.
//!
//! Start-up is replay. Nothing is served before every frame was folded, the log was found to be a
//! continuation of what was last signed, and the partner files in force are in the log.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, anyhow};
use arc_swap::{ArcSwap, ArcSwapOption};
use loopgate_consent::{DataClass, Policy, Template, Templates};
use loopgate_ledger::LogKey;
use loopgate_mapping::Library;
use loopgate_store::{Attachments, FileLog, Log, Reserve, StepHook};
use loopgate_token::SigningKey;

use crate::archive::{Archive, Keyring};
use crate::clock::{Clock, ClockGuard, ClockLimits};
use crate::config::{Config, Problem};
use crate::configuration;
use crate::consent_token::ConsentTokens;
use crate::cosigned::Cosigned;
use crate::doorkey::Doorkeys;
use crate::egress::Egress;
use crate::gate::Gate;
use crate::identity::AccessTokens;
use crate::identity::crl::{self, Revoked};
use crate::identity::key_sets::KeySets;
use crate::keks::Keks;
use crate::notary::Notary;
use crate::outbound::mail::Mailer;
use crate::outbound::targets::Targets;
use crate::partner::{ChannelKind, LoadedPartner, load_speaking};
use crate::replay::Replayed;
use crate::roster::Roster;
use crate::scribe::{self, Bench, Command, Settings, finish_erasures};
use crate::signing_keys;
use crate::state;
use crate::view::View;
use crate::webhook_secret;

/// A deployment whose scribe runs.
pub struct Deployment {
    /// What the doors share.
    pub gate: Arc<Gate>,
    /// Ends when the scribe was told to stop, or when the disk failed.
    pub scribe: JoinHandle<()>,
}

/// Reads a configuration, or says everything that is wrong with it.
pub fn load_config(path: &Path) -> anyhow::Result<Arc<Config>> {
    let config = Config::load(path).map_err(|problems| listed(&problems))?;
    let missing = config.check_files();
    if !missing.is_empty() {
        return Err(listed(&missing));
    }
    Ok(Arc::new(config))
}

/// Problems as one error, a line each.
pub fn listed(problems: &[impl std::fmt::Display]) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow!("{}", lines.join("\n"))
}

/// Opens a deployment. `ended` is called when the scribe's thread ends.
pub fn open(
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    hook: Option<StepHook>,
    ended: Box<dyn FnOnce() + Send>,
) -> anyhow::Result<Deployment> {
    let data = &config.folders.data;
    // Nobody else on this machine has business in it, its admin socket least of all.
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true).mode(0o700).create(data).context("the data folder cannot be made")?;
    let library = Library::load(&config.folders.mappings).map_err(|found| listed(&found))?;
    let policy = policy(&config, templates(&library));
    let keys = &config.folders.keys;
    let keks = Keks::new(keys, config.tenant.name.as_str());
    let index_key = secret(&keys.join("index.key"))?;
    let keyring = Arc::new(Keyring::new(keks.tenant_keys()?));

    let attachments = Attachments::open(&data.join("vault"))?;
    let reserve = Reserve::hold(&data.join("reserve"), config.folders.reserve_mib << 20)
        .context("the room that is kept back")?;
    let mut log = FileLog::open_with(&data.join("log"), hook, reserve)?;
    let view = Arc::new(View::open(&data.join("view"), &index_key, log.head().next)?);
    let kept = (keyring.as_ref(), &attachments);
    let mut notary = Notary::new(&config.ledger.origin, keys);
    let mut replayed = match Replayed::from_state(&state::path(data), &log, kept, &view)? {
        Some((replayed, leaves)) => {
            leaves.into_iter().for_each(|leaf| notary.append(leaf));
            replayed
        }
        None => {
            let mut replayed = Replayed::default();
            replayed.fold(0, &log, kept, |proof| notary.append(*proof.leaf_hash()), &view)?;
            replayed
        }
    };
    let log_keys = signing_keys::load(keys, &config.ledger.origin, &replayed.world.book)?;
    let first_vkey = log_keys.first().map(LogKey::vkey).unwrap_or_default();
    log_keys.into_iter().for_each(|key| notary.sign_with(key));
    notary.check()?;
    let vkeys = signing_keys::vkeys(&first_vkey, &replayed.world.book);
    let cosigned = Cosigned::load(keys, &config.ledger, &vkeys, &notary.grove())
        .context("the cosigned checkpoint")?;
    let epoch = log.take_over()?;
    // An erasure that was decided and not finished: what follows may not know what is to be erased.
    let shredded = &replayed.world.book.shredded;
    let clock_now = clock.as_ref();
    if finish_erasures(&mut log, epoch, shredded, &keyring, &keks, &attachments, clock_now)? {
        state::forget(&state::path(data))?;
        view.begin_anew()?;
        replayed = Replayed::default();
        replayed.fold(0, &log, kept, |_| {}, &view)?;
    }

    let base = config.organization.origin().to_owned();
    let access = signing_key(&keys.join("access.p8"))?;
    let access =
        AccessTokens::new(access, format!("{base}/oauth"), config.organization.base_url.clone());
    let consent = signing_key(&keys.join("consent.p8"))?;
    let consent_tokens = ConsentTokens::new(consent, &base, &config.tenant.name);
    let (checkpoint, grove) = (notary.published(), notary.grove());
    let unsigned_since = notary.unsigned_since();
    let reader = log.reader();
    let guard = ClockGuard::new(clock.as_ref(), clock_limits(&config));
    let bench = Bench {
        log: Box::new(log),
        epoch,
        index: replayed.index(),
        world: replayed.world,
        catalogue: replayed.catalogue,
        covers: replayed.covers,
        keyring: keyring.clone(),
        keks,
        attachments: attachments.clone(),
        notary,
        view: view.clone(),
        clock: clock.clone(),
        guard,
        roster: Arc::new(Roster::new(config.tenant.name.clone(), Vec::new())),
        swept: None,
        settings: settings(&config, policy.clone(), first_vkey.clone()),
    };
    let (scribe, thread) = scribe::start(bench, ended)?;
    let gate = Arc::new(Gate {
        archive: Archive::new(reader, keyring, attachments),
        egress: Egress::new(scribe.clone(), clock.clone(), policy, config.ledger.origin.clone()),
        library: Arc::new(library),
        links: crate::links::Watch::default(),
        webhooks: crate::outbound::webhook::Watch::default(),
        meter: crate::meter::Meter::default(),
        strangers: AtomicU64::new(0),
        access,
        consent_tokens,
        key_sets: KeySets::default(),
        revoked: ArcSwap::default(),
        doorkeys: Doorkeys::new(&index_key),
        pseudonyms: crate::audit::Pseudonyms::default(),
        turnstile: crate::inbound::people::turnstile::Turnstile::default(),
        staff: crate::inbound::people::sessions::Sessions::default(),
        provider: crate::identity::oidc::Provider::default(),
        mailer: Mailer::new(&config).context("the way e-mails leave")?,
        config,
        scribe,
        view,
        clock,
        checkpoint,
        cosigned: Arc::new(ArcSwapOption::from_pointee(cosigned)),
        grove,
        unsigned_since,
        first_vkey,
    });
    read_revoked(&gate)?;
    // A clock that is behind the last entry stops the scribe at once: it is served without
    // partners, and an operator's confirmation brings them.
    if let Err(error) = load_roster(&gate)
        && !gate.scribe.published().halted.load(Ordering::Acquire)
    {
        return Err(error);
    }
    if !gate.scribe.published().halted.load(Ordering::Acquire) {
        configuration::look(&gate)?;
    }
    Ok(Deployment { gate, scribe: thread })
}

/// Reads the revocation lists as their files are now.
pub fn read_revoked(gate: &Gate) -> anyhow::Result<()> {
    let lists = crl::lists(&gate.config.tls.client_crls)?;
    let revoked = Revoked::read(&lists)?;
    if revoked.until().is_some_and(|until| gate.now() >= until) {
        tracing::error!("a revocation list is over: certificates of its issuer are refused");
    }
    gate.revoked.store(Arc::new(revoked));
    Ok(())
}

/// A key that signs tokens (PKCS#8, in hex); made where there is none yet.
fn signing_key(path: &Path) -> anyhow::Result<SigningKey> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let broken = || anyhow!("the key file {name} holds no PKCS#8 key for P-384");
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = format!("{}\n", hex::encode(SigningKey::generate()?));
            loopgate_store::write_durably(path, made.as_bytes(), 0o600)?;
            made
        }
        Err(error) => return Err(error).with_context(|| format!("the key file {name}")),
    };
    let pkcs8 = hex::decode(text.trim()).map_err(|_| broken())?;
    SigningKey::from_pkcs8(&pkcs8).map_err(|_| broken())
}

/// Reads the partner files; what changed is in the log before it is used.
pub fn load_roster(gate: &Gate) -> anyhow::Result<()> {
    let loaded = load_speaking(&gate.config.folders.partners, &gate.library);
    let loaded = loaded.map_err(|found| listed(&found))?;
    let mut unreached = without_way(&gate.config, &loaded);
    unreached.extend(crate::csv::layout::problems(&gate.library, &loaded));
    if !unreached.is_empty() {
        return Err(listed(&unreached));
    }
    let roster = Arc::new(Roster::new(gate.config.tenant.name.clone(), loaded));
    gate.scribe
        .ask_blocking(|reply| Command::Partners(roster, reply))
        .map_err(|_| anyhow!("the partner files could not be put in the log"))
}

/// Partners that no way leads to: told by e-mail where none can leave, or pushed to at an address
/// that may not be connected to; and witnesses at such an address.
pub fn without_way(config: &Config, partners: &[LoadedPartner]) -> Vec<Problem> {
    let targets = Targets::new(config.delivery.private_targets.clone());
    let unheard = config.ledger.witnesses.iter().filter(|one| !targets.allows_url(&one.url));
    let unheard = unheard.map(|one| Problem {
        file: "loopgate.toml".to_owned(),
        line: None,
        key: "ledger.witness.url".to_owned(),
        words: format!("{} is private, and not among [delivery] private_targets", one.url),
    });
    let found = partners.iter().filter_map(|one| {
        let (key, words) = match &one.partner.channel.as_ref()?.kind {
            ChannelKind::Email { .. } if config.mail.is_none() => {
                ("channel.kind", "is email, and loopgate.toml has no [mail]")
            }
            ChannelKind::Push(to) if !targets.allows_url(&to.endpoint) => {
                ("channel.endpoint", "is private, and not among [delivery] private_targets")
            }
            ChannelKind::Push(to)
                if to.signed && webhook_secret::read(&config.folders.keys, &one.partner.org).is_err() =>
            {
                let words = "is signed, and there is no secret that reads: `loopgate webhook secret` makes one";
                ("channel.signed", words)
            }
            _ => return None,
        };
        Some(Problem {
            file: format!("partners/{}.toml", one.partner.org),
            line: None,
            key: key.to_owned(),
            words: words.to_owned(),
        })
    });
    let links = partners.iter().filter_map(|one| {
        let endpoint = one.partner.hl7v2.as_ref()?.endpoint.as_ref()?;
        let url = format!("https://{endpoint}/").parse().ok()?;
        (!targets.allows_url(&url)).then(|| Problem {
            file: format!("partners/{}.toml", one.partner.org),
            line: None,
            key: "hl7v2.endpoint".to_owned(),
            words: "is private, and not among [delivery] private_targets".to_owned(),
        })
    });
    found.chain(links).chain(unheard).collect()
}

/// The templates that the mapping folder has, by data class. Of a class without one nothing leaves.
pub fn templates(library: &Library) -> Templates {
    let of = |class: DataClass| {
        let Some(found) = library.template(class.name()) else {
            tracing::warn!(class = class.name(), "no template: nothing of this class leaves");
            return None;
        };
        let (id, groups) = (found.id.clone(), found.groups.clone());
        Some((class, Template { id, version: found.version, groups }))
    };
    DataClass::ALL.into_iter().filter_map(of).collect()
}

fn policy(config: &Config, templates: Templates) -> Policy {
    Policy {
        templates,
        status_only_after_lapse: config.consent.status_only_after_lapse,
        minor_alone: config.consent.minor_alone.clone(),
    }
}

fn settings(config: &Config, policy: Policy, first_vkey: String) -> Settings {
    Settings {
        hold_days_max: config.consent.hold_days_max,
        shared_systems: config.identity.shared_systems.clone(),
        policy,
        verbal: config.consent.verbal,
        queue_commands_max: config.limits.queue_commands_max,
        frame_bytes_max: config.limits.frame_bytes_max,
        frame_events_max: config.limits.frame_events_max,
        state_path: state::path(&config.folders.data),
        snapshot_entries: config.ledger.snapshot_entries,
        retention_days: config.ledger.retention_days,
        key_overlap_days: config.ledger.key_overlap_days,
        index_interval_ms: millis(config.ledger.index_interval_s),
        keys_dir: config.folders.keys.clone(),
        first_vkey,
        checkpoint_interval_ms: millis(config.ledger.checkpoint_interval_s),
    }
}

fn clock_limits(config: &Config) -> ClockLimits {
    ClockLimits {
        forward_ms_max: millis(config.clock.forward_jump_s_max),
        backward_ms_max: millis(config.clock.backward_jump_s_max),
    }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// 32 bytes in hex, from a file of their own.
pub(crate) fn secret(path: &Path) -> anyhow::Result<[u8; 32]> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).with_context(|| format!("the key file {name}"))?;
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key)
        .map_err(|_| anyhow!("the key file {name} does not hold 32 bytes in hex"))?;
    Ok(key)
}

#[cfg(test)]
mod amended_tests;
#[cfg(test)]
mod merged_tests;
#[cfg(test)]
mod moves_tests;
#[cfg(test)]
mod pace_tests;
#[cfg(test)]
mod pages_tests;
#[cfg(test)]
mod tests;
