//! `loopgate init`: a runnable deployment for development.
//!
//! Everything random comes from the caller but the certificates' keys, which the crypto provider
//! draws itself. Not here: `mappings/`, which the caller writes.

mod partner;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};

use crate::certificates::{Authority, Validity};
use crate::config::edit::{Edit, set_value};
use loopgate_store::{sync_folder_of, write_durably};

pub use partner::add_partner;

/// Fills a buffer with random bytes.
pub type Random<'a> = dyn FnMut(&mut [u8]) + 'a;

const REFERENCE: &str = include_str!("../../../docker/loopgate.toml");

const HEAD: &str = "\
# DEVELOPMENT: `loopgate init` made this deployment, with an authority (certs/ca.key) that anyone who
# reads it can use. Replace certs/ before real persons' data arrive.
#
";

const CERTS_README: &str = "\
DEVELOPMENT ONLY. `loopgate init` made these files.

ca.pem, ca.key          an authority for this deployment; its key lies here in the clear
server.pem, server.key  the gateway's certificate, for localhost; it is also shown to whom it calls
clients/                certificates that `loopgate partner add` issued

With real persons' data: take the server's certificate from an authority you trust, name the roots
of your partners in [tls] client_roots, and delete ca.key.
";

const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;
const SECRET_FOLDER: u32 = 0o700;
const PUBLIC_FOLDER: u32 = 0o755;
const AUTHORITY_DAYS: i64 = 3650;
const CERTIFICATE_DAYS: i64 = 730;

/// Makes a deployment in `dir`, which is empty or not there yet.
pub fn init(dir: &Path, now: Timestamp, random: &mut Random<'_>) -> anyhow::Result<()> {
    refuse_non_empty(dir)?;
    make_folder(dir, PUBLIC_FOLDER)?;
    write_keys(&dir.join("keys"), random)?;
    write_certificates(&dir.join("certs"), now)?;
    write_partners(&dir.join("partners"))?;
    // The last file makes it a deployment.
    write(&dir.join("loopgate.toml"), &config_text(&host(random)), PUBLIC)?;
    sync_folder_of(dir).with_context(|| format!("{}", dir.display()))
}

fn refuse_non_empty(dir: &Path) -> anyhow::Result<()> {
    let first = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("{}", dir.display())),
    };
    if first.is_some() {
        bail!("{} is not empty", dir.display());
    }
    Ok(())
}

fn write_keys(keys: &Path, random: &mut Random<'_>) -> anyhow::Result<()> {
    make_folder(keys, SECRET_FOLDER)?;
    for name in ["kek-1.key", "ledger.seed", "index.key"] {
        let mut key = [0; 32];
        random(&mut key);
        write(&keys.join(name), &format!("{}\n", hex::encode(key)), SECRET)?;
    }
    Ok(())
}

fn write_certificates(certs: &Path, now: Timestamp) -> anyhow::Result<()> {
    let authority = Authority::new(validity(now, AUTHORITY_DAYS)?)?;
    let server = authority.gateway(validity(now, CERTIFICATE_DAYS)?)?;
    make_folder(certs, SECRET_FOLDER)?;
    write(&certs.join("README.txt"), CERTS_README, PUBLIC)?;
    write(&certs.join("ca.pem"), authority.certificate_pem(), PUBLIC)?;
    write(&certs.join("ca.key"), &authority.key_pem(), SECRET)?;
    write(&certs.join("server.pem"), &server.certificate_pem, PUBLIC)?;
    write(&certs.join("server.key"), &server.key_pem, SECRET)
}

fn write_partners(partners: &Path) -> anyhow::Result<()> {
    make_folder(partners, PUBLIC_FOLDER)?;
    write(&partners.join("EXAMPLE.toml.txt"), &partner::example(), PUBLIC)
}

/// The reference file with this deployment's own values.
fn config_text(host: &str) -> String {
    let values = [
        (["tenant", "name"], "dev".to_owned()),
        (["organization", "name"], "loopgate (development)".to_owned()),
        (["organization", "identifier_value"], format!("https://{host}")),
        (["organization", "base_url"], "https://localhost:8443/fhir".to_owned()),
        (["ledger", "origin"], format!("{host}/ledger/1")),
        (["listen", "machines"], "127.0.0.1:8443".to_owned()),
        (["listen", "people"], "127.0.0.1:8444".to_owned()),
        (["listen", "mllp"], "127.0.0.1:2575".to_owned()),
    ];
    values.into_iter().fold(format!("{HEAD}{}", without_servers()), |text, (path, value)| {
        match set_value(&text, &path, &format!("\"{value}\"")) {
            Edit::Changed(text) => text,
            _ => unreachable!("docker/loopgate.toml shows every key"),
        }
    })
}

/// The reference without a mail server, an OpenID provider, witnesses and a telephone: a new deployment has none, and
/// can still be run.
fn without_servers() -> String {
    let mut beyond = false;
    let lines = REFERENCE.lines().map(|line| {
        if line.starts_with('[') {
            beyond = matches!(line, "[mail]" | "[oidc]" | "[[ledger.witness]]");
        }
        let own = ["quorum = ", "desk_phone = "];
        let beyond = beyond || own.iter().any(|key| line.starts_with(key));
        if beyond && !line.is_empty() && !line.starts_with('#') {
            format!("# {line}\n")
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

/// A configuration's text with other values, each written as TOML; everything else, comments too,
/// stays as it is.
pub fn configured(text: &str, values: &[([&str; 2], String)]) -> anyhow::Result<String> {
    values.iter().try_fold(text.to_owned(), |text, (path, value)| {
        match set_value(&text, path, value) {
            Edit::Changed(text) => Ok(text),
            _ => bail!("the configuration shows no {}", path.join(".")),
        }
    })
}

/// A name no other deployment has: the log's name must be its own.
fn host(random: &mut Random<'_>) -> String {
    let mut unique = [0; 8];
    random(&mut unique);
    format!("dev-{}.localhost", hex::encode(unique))
}

/// From an hour ago, for clocks that are behind.
fn validity(now: Timestamp, days: i64) -> anyhow::Result<Validity> {
    let from = now.checked_sub(SignedDuration::from_hours(1))?;
    let until = now.checked_add(SignedDuration::from_hours(24 * days))?;
    Ok(Validity { from, until })
}

fn make_folder(path: &Path, mode: u32) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.with_context(|| format!("{}", path.display()))
}

fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    write_durably(path, text.as_bytes(), mode).with_context(|| format!("{}", path.display()))
}
