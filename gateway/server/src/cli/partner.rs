//! `loopgate partner`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use loopgate_mapping::Library;
use loopgate_referral::{Identifier, OrgId};
use loopgate_server::admin::{self, Ask};
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::config::Config;
use loopgate_server::doorkey::{draw_pin, hash_pin};
use loopgate_server::init::add_partner;
use loopgate_server::partner::spec::{Deployment, Spec};
use loopgate_server::partner::{
    Agreement, Channel, ChannelKind, Partner as File, PinHash, Push, Role, Shown, load_partners,
    set_pin,
};
use loopgate_server::partner_test::{self, Now, Outcome};
use loopgate_server::webhook_secret;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

#[derive(Args)]
pub struct Partner {
    /// The deployment.
    #[arg(long, value_name = "DIR", global = true, default_value = ".")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write a partner file, with a development client certificate.
    Add(Add),
    /// Partners and whether they are suspended.
    List,
    /// Give a partner that is told by e-mail a new PIN, printed once.
    Pin {
        /// Its name.
        name: OrgId,
        /// Read the PIN from standard input instead of drawing one.
        #[arg(long)]
        pin_stdin: bool,
    },
    /// Print the interface specification of a partner's HL7 v2 link, for its interface team.
    Spec {
        /// Its name.
        name: OrgId,
        /// As JSON instead of Markdown.
        #[arg(long)]
        json: bool,
        /// As Markdown, which is the default.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
    },
    /// Try whether a partner can be reached: connection, certificate, and on a test link one message
    /// about an invented person. Beside a running gateway or without one; nothing of it is kept.
    Test {
        /// Its name.
        name: OrgId,
        /// Try the connection of a production link; no message is sent on one.
        #[arg(long)]
        production_link: bool,
        /// As JSON, a line for each step.
        #[arg(long)]
        json: bool,
    },
    /// Let nothing pass to or from a partner; in effect when this returns.
    Suspend {
        /// Its name.
        name: OrgId,
        /// Let it pass again.
        #[arg(long)]
        lift: bool,
    },
}

#[derive(Args)]
struct Add {
    /// Its name: `[a-z0-9-]`.
    name: OrgId,
    /// What it is in a referral.
    #[arg(long, value_enum)]
    role: RoleArg,
    /// Its name for people.
    #[arg(long)]
    title: Option<String>,
    /// An Organization identifier, `SYSTEM|VALUE`.
    #[arg(long, value_name = "SYSTEM|VALUE")]
    identifier: Vec<String>,
    /// The identifier system of its own patient index.
    #[arg(long, value_name = "SYSTEM")]
    patient_index: Option<String>,
    /// Tell it by e-mail at this address, with a PIN that is printed once.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Push to it at this `https` URL, by webhooks signed with a secret that is printed once.
    #[arg(long, value_name = "URL", conflicts_with = "email")]
    push: Option<url::Url>,
    /// The last day its data agreement covers, `2027-12-31`.
    #[arg(long, value_name = "DATE")]
    agreement_until: Option<jiff::civil::Date>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Source,
    Target,
}

pub fn run(command: Partner) -> anyhow::Result<()> {
    let Partner { data, what } = command;
    match what {
        What::Add(add) => {
            let now = jiff::Timestamp::from_millisecond(SystemClock::new().now().0)?;
            let (email, push) = (add.email.clone(), add.push.clone());
            let pushed = push.is_some();
            let mut partner = file(add)?;
            let pin = email.map(|address| {
                let (pin, hash) = drawn()?;
                let kind = ChannelKind::Email { address, pin: hash };
                partner.channel = Some(Channel { dialect: "cbo-json".into(), kind });
                anyhow::Ok(pin)
            });
            let pin = pin.transpose()?;
            if let Some(endpoint) = push {
                let kind = ChannelKind::Push(Push::new(endpoint));
                partner.channel = Some(Channel { dialect: "cbo-json".into(), kind });
            }
            let org = partner.org.clone();
            let path = add_partner(&data, partner, Some(now))?;
            println!("{}", path.display());
            if let Some(pin) = pin {
                println!("PIN {pin}");
            }
            if pushed {
                let keys = &super::config_of(&data)?.folders.keys;
                println!("{}", webhook_secret::newest(keys, &org)?);
            }
            reload(&data)
        }
        What::Pin { name, pin_stdin } => {
            let config = super::config_of(&data)?;
            let path = config.folders.partners.join(format!("{name}.toml"));
            let text = fs::read_to_string(&path).context("there is no such partner")?;
            let (pin, hash) = if pin_stdin { typed()? } else { drawn()? };
            let text = set_pin(&text, &hash).context("the partner is not told by e-mail")?;
            // What `serve` would refuse is not written.
            File::parse(name, &text)
                .map_err(|problems| loopgate_server::assemble::listed(&problems))?;
            loopgate_store::write_durably(&path, text.as_bytes(), 0o644)?;
            if !pin_stdin {
                println!("PIN {pin}");
            }
            reload(&data)
        }
        What::List => {
            let config = super::config_of(&data)?;
            let loaded = load_partners(&config.folders.partners)
                .map_err(|problems| loopgate_server::assemble::listed(&problems))?;
            for one in loaded {
                let partner = one.partner;
                let roles: Vec<&str> = partner.roles.iter().map(|role| role.name()).collect();
                let state = if partner.suspended { "suspended" } else { "active" };
                println!(
                    "{:<24} {:<16} {:<10} {}",
                    partner.org,
                    roles.join(","),
                    state,
                    partner.name
                );
            }
            Ok(())
        }
        What::Spec { name, json, markdown: _ } => spec(&data, &name, json),
        What::Test { name, production_link, json } => test(&data, &name, production_link, json),
        What::Suspend { name, lift } => {
            super::told(&data, &Ask::PartnerSuspend { name, suspended: !lift })
        }
    }
}

/// A deployment's files as they are: no gateway has to run.
struct Files {
    config: Arc<Config>,
    library: Library,
    certificate: Option<Shown>,
}

impl Files {
    fn read(data: &Path) -> anyhow::Result<Files> {
        let config = super::config_of(data)?;
        let library = Library::load(&config.folders.mappings).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!(lines.join("\n"))
        })?;
        let certificate = CertificateDer::from_pem_file(&config.tls.certificate).ok();
        let certificate = certificate.and_then(|one| Shown::of(&one));
        Ok(Files { config, library, certificate })
    }

    fn deployment(&self) -> Deployment<'_> {
        let Files { config, library, certificate } = self;
        Deployment { config, library, certificate: certificate.as_ref() }
    }
}

fn spec(data: &Path, name: &OrgId, json: bool) -> anyhow::Result<()> {
    let files = Files::read(data)?;
    let partner = partner_of(&files.config, name)?;
    let spec = Spec::of(&partner, files.deployment());
    let spec = spec.context("the partner has no [hl7v2] in its file")?;
    if json {
        println!("{}", serde_json::to_string_pretty(&spec)?);
    } else {
        print!("{}", spec.markdown());
    }
    Ok(())
}

/// Exit 0 only if every step held.
fn test(data: &Path, name: &OrgId, production: bool, json: bool) -> anyhow::Result<()> {
    let files = Files::read(data)?;
    let partner = partner_of(&files.config, name)?;
    let clock = SystemClock::new();
    let mut drawn = [0; 16];
    clock.random(&mut drawn);
    let now = Now { at: jiff::Timestamp::from_millisecond(clock.now().0)?, drawn };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tried = partner_test::test(&partner, files.deployment(), now, production);
    let steps = runtime.block_on(tried);
    for step in &steps {
        if json {
            println!("{}", serde_json::to_string(step)?);
            continue;
        }
        let outcome = match step.outcome {
            Outcome::Ok => "ok",
            Outcome::Warning => "look",
            Outcome::Failed => "FAILED",
        };
        println!("{:<16} {outcome:<7} {}", step.what, step.words);
    }
    let failed = steps.iter().any(|step| step.outcome == Outcome::Failed);
    anyhow::ensure!(!failed, "the test of {name} failed");
    Ok(())
}

fn partner_of(config: &Config, name: &OrgId) -> anyhow::Result<File> {
    let loaded = load_partners(&config.folders.partners)
        .map_err(|problems| loopgate_server::assemble::listed(&problems))?;
    let found = loaded.into_iter().map(|one| one.partner).find(|one| one.org == *name);
    found.context("there is no such partner")
}

/// A running gateway uses it at once; one that is not running reads it at its start.
fn reload(data: &Path) -> anyhow::Result<()> {
    let config = super::config_of(data)?;
    if let Some(words) = admin::ask(&config.folders.data, &Ask::PartnersReload)? {
        println!("{words}");
    }
    Ok(())
}

fn drawn() -> anyhow::Result<(String, PinHash)> {
    let clock = SystemClock::new();
    let pin = draw_pin(&mut |buffer| clock.random(buffer));
    hashed(pin)
}

fn typed() -> anyhow::Result<(String, PinHash)> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    hashed(line.trim().to_owned())
}

fn hashed(pin: String) -> anyhow::Result<(String, PinHash)> {
    let mut random = [0; 16];
    SystemClock::new().random(&mut random);
    let hash = hash_pin(&pin, &random).context("a PIN has 6 to 32 characters")?;
    Ok((pin, hash))
}

fn file(add: Add) -> anyhow::Result<File> {
    let role = match add.role {
        RoleArg::Source => Role::Source,
        RoleArg::Target => Role::Target,
    };
    let mut partner = File::new(add.name, role);
    if let Some(title) = add.title {
        partner.name = title;
    }
    let identifiers = add.identifier.iter().map(|text| identifier(text));
    partner.identifiers = identifiers.collect::<Result<_, _>>()?;
    partner.patient_index = add.patient_index;
    partner.agreement = add
        .agreement_until
        .and_then(|until| Agreement::new("to be filled in".into(), until, &partner.time_zone));
    Ok(partner)
}

fn identifier(text: &str) -> anyhow::Result<Identifier> {
    let (system, value) = text
        .split_once('|')
        .ok_or_else(|| anyhow::anyhow!("an identifier is written SYSTEM|VALUE"))?;
    Ok(Identifier { system: system.to_owned(), value: value.to_owned() })
}
