//! `loopgate.toml`, parsed before any socket opens.
//!
//! Unknown keys are refused, and every problem is reported at once with its line. Relative paths
//! start at the file's own folder. Secrets are paths of files. `docker/loopgate.toml` shows every
//! key. Not here: partners (`partner.rs`), reading the files that are named.

pub(crate) mod edit;
mod parts;
mod problem;
mod read;
pub(crate) mod section;
#[cfg(test)]
mod tests;
pub(crate) mod value;
mod witnesses;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use parts::{
    BadTarget, Clock, Consent, Delivery, Fhir, Folders, Identity, Ledger, Limits, Listen, Log,
    LogFormat, Mail, MailTls, Oidc, Organization, People, PrivateTarget, Tenant, Tls, WitnessAt,
};
pub use problem::Problem;

const FILE: &str = "loopgate.toml";
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// All that the operator set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `[tenant]`
    pub tenant: Tenant,
    /// `[organization]`
    pub organization: Organization,
    /// `[data]`, `[keys]`, `[partners]`, `[mappings]`
    pub folders: Folders,
    /// `[ledger]`
    pub ledger: Ledger,
    /// `[listen]`
    pub listen: Listen,
    /// `[tls]`
    pub tls: Tls,
    /// `[identity]`
    pub identity: Identity,
    /// `[consent]`
    pub consent: Consent,
    /// `[limits]`
    pub limits: Limits,
    /// `[fhir]`
    pub fhir: Fhir,
    /// `[delivery]`
    pub delivery: Delivery,
    /// `[people]`
    pub people: People,
    /// `[mail]`, if e-mails may leave.
    pub mail: Option<Mail>,
    /// `[oidc]`, if staff sign in with an OpenID provider.
    pub oidc: Option<Oidc>,
    /// `[clock]`
    pub clock: Clock,
    /// `[log]`
    pub log: Log,
    /// SHA-256 of the text it was read from.
    pub sha256: [u8; 32],
}

impl Config {
    /// Reads the file, or reports every problem of it in the order of the lines.
    pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
        let name = path.file_name().map_or(FILE.into(), |name| name.to_string_lossy());
        let text = read_text(path, &name).map_err(|problem| vec![problem])?;
        // Absolute, so that two spellings of one place compare as equal.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let base = path.parent().unwrap_or(Path::new("/"));
        read_config(&name, &text, base).finish()
    }

    /// Reads the text of a file in the folder `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Config, Vec<Problem>> {
        read_config(FILE, text, base).finish()
    }

    /// The files and folders that are named and not there, and keys that are under the data once
    /// links are followed.
    pub fn check_files(&self) -> Vec<Problem> {
        let password = self.mail.as_ref().and_then(|mail| mail.login.as_ref());
        let password = password.map(|(_, file)| ("mail.password_file", file));
        let roots = self.mail.as_ref().and_then(|mail| mail.roots.as_ref());
        let files = [
            ("tls.certificate", &self.tls.certificate),
            ("tls.key", &self.tls.key),
            ("tls.client_roots", &self.tls.client_roots),
        ];
        let oidc = self.oidc.as_ref().map(|oidc| &oidc.client_secret_file);
        let oidc = oidc.map(|file| ("oidc.client_secret_file", file));
        let oidc_roots = self.oidc.as_ref().and_then(|oidc| oidc.roots.as_ref());
        let files = files.into_iter().chain(password).chain(roots.map(|file| ("mail.roots", file)));
        let files = files.chain(oidc).chain(oidc_roots.map(|file| ("oidc.roots", file)));
        let folders = [
            ("keys.dir", &self.folders.keys),
            ("partners.dir", &self.folders.partners),
            ("mappings.dir", &self.folders.mappings),
        ];
        let secrets = [("tls.key", &self.tls.key), ("keys.dir", &self.folders.keys)];
        let secrets = secrets.into_iter().chain(password);
        let no_file = files.filter(|(_, path)| !path.is_file());
        let no_folder = folders.into_iter().filter(|(_, path)| !path.is_dir());
        let under = secrets.filter(|(_, path)| self.is_under_data(path));
        let report = |words: &'static str| move |(key, _): (&str, &PathBuf)| problem_at(key, words);
        let mut problems: Vec<Problem> = no_file.map(report("names no file")).collect();
        problems.extend(no_folder.map(report("names no folder")));
        problems.extend(under.map(report("leads under data.dir, where no key may be")));
        problems
    }

    fn is_under_data(&self, secret: &Path) -> bool {
        match (secret.canonicalize(), self.folders.data.canonicalize()) {
            (Ok(secret), Ok(data)) => secret.starts_with(data),
            _ => false, // one of them is not there
        }
    }
}

fn read_config(file: &str, text: &str, base: &Path) -> section::Reading<Config> {
    section::read(file, text, |root| {
        read::config(root, base, loopgate_token::sha256(text.as_bytes()))
    })
}

fn problem_at(key: &str, words: &str) -> Problem {
    let (file, key, words) = (FILE.to_owned(), key.to_owned(), words.to_owned());
    Problem { file, line: None, key, words }
}

/// The text of a small file, which problems call `name`.
pub(crate) fn read_text(path: &Path, name: &str) -> Result<String, Problem> {
    let refused = |words: &dyn std::fmt::Display| Problem::of_file(name, words);
    let mut text = String::new();
    let file = File::open(path).map_err(|error| refused(&error.kind()))?;
    let mut start = file.take(FILE_BYTES_MAX + 1);
    start.read_to_string(&mut text).map_err(|error| refused(&error.kind()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(refused(&format!("is longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}
