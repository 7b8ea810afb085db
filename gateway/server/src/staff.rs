//! People of the community who sign in: coordinators and auditors. One file `staff/NAME.toml` beside
//! the keys each, with a password hash and the secret of a one-time password (RFC 6238).
//!
//! Not here: the pages, lock-out, which is counted in the log.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use loopgate_referral::{OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};

use crate::doorkey::hash_pin;
use crate::partner::PinHash;

/// What the names of those begin with whom the OpenID provider knows; no account here does.
pub const PROVIDER_PREFIX: &str = "oidc-";

/// The name of a person who signs in: 1 to 64 of a-z, 0-9 and -.
pub type StaffName = OrgId;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaffRole {
    /// Reads consent forms off paper, makes people's links.
    Coordinator,
    /// Reads the audit.
    Auditor,
}

/// An account, as its file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What they may do.
    pub roles: Vec<StaffRole>,
    /// The Argon2id hash of the password.
    password_hash: String,
    /// The secret of the one-time passwords, hex.
    totp_secret: String,
    /// They may not sign in.
    #[serde(default)]
    pub suspended: bool,
}

/// What is told once, when an account is made.
pub struct Told {
    /// The password.
    pub password: String,
    /// For an authenticator.
    pub otpauth: String,
}

/// An account could not be made, or changed.
#[derive(Debug, thiserror::Error)]
pub enum NoAccount {
    /// Its name is taken.
    #[error("there is an account of this name already")]
    Taken,
    /// There is none.
    #[error("there is no account of this name")]
    Missing,
    /// Its parts could not be made.
    #[error("the account could not be made")]
    Unmade,
    /// The disk said no.
    #[error("the account's file: {0}")]
    Disk(#[from] std::io::Error),
}

const SECRET_BYTES: usize = 20;

impl Account {
    /// The account of this name, if there is one that may sign in.
    pub fn load(keys: &Path, name: &StaffName) -> Option<Account> {
        let text = fs::read_to_string(keys.join("staff").join(format!("{name}.toml"))).ok()?;
        let account: Account = toml::from_str(&text).ok()?;
        (!account.suspended).then_some(account)
    }

    /// Makes an account; its file must not be there yet.
    pub fn make(
        keys: &Path,
        name: &StaffName,
        roles: Vec<StaffRole>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Told, NoAccount> {
        let folder = keys.join("staff");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.toml"));
        if path.exists() || name.as_str().starts_with(PROVIDER_PREFIX) {
            return Err(NoAccount::Taken);
        }
        let (mut secret, mut salt, mut word) = ([0; SECRET_BYTES], [0; 16], [0; 12]);
        random(&mut secret);
        random(&mut salt);
        random(&mut word);
        let password = loopgate_token::base64url_encode(&word);
        let hash = hash_pin(&password, &salt).ok_or(NoAccount::Unmade)?;
        let account = Account {
            roles,
            password_hash: hash.as_str().to_owned(),
            totp_secret: hex::encode(secret),
            suspended: false,
        };
        let text = toml::to_string(&account).map_err(|_| NoAccount::Unmade)?;
        loopgate_store::write_durably(&path, text.as_bytes(), 0o600)?;
        let base32 = Secret::from(secret).to_base32();
        let otpauth = format!("otpauth://totp/loopgate:{name}?secret={base32}&issuer=loopgate");
        Ok(Told { password, otpauth })
    }

    /// Suspends or reinstates an account.
    pub fn suspend(keys: &Path, name: &StaffName, suspended: bool) -> Result<(), NoAccount> {
        if name.as_str().starts_with(PROVIDER_PREFIX) {
            return shut_out(keys, name, suspended);
        }
        let path = keys.join("staff").join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).map_err(|_| NoAccount::Missing)?;
        let account: Account = toml::from_str(&text).map_err(|_| NoAccount::Unmade)?;
        let text = toml::to_string(&Account { suspended, ..account });
        let text = text.map_err(|_| NoAccount::Unmade)?;
        loopgate_store::write_durably(&path, text.as_bytes(), 0o600)?;
        Ok(())
    }

    /// The hash of the password.
    pub fn password(&self) -> Option<PinHash> {
        PinHash::from_str(&self.password_hash).ok()
    }

    /// The step of the one-time password, if it is right now: each step is good once.
    pub fn step(&self, code: &str, now: Timestamp) -> Option<u64> {
        let seconds = u64::try_from(now.0.div_euclid(1000)).ok()?;
        totp(&hex::decode(&self.totp_secret).ok()?)?.check(code, seconds)
    }

    /// The one-time password of this instant; for whoever holds the file, as a test does.
    pub fn code(&self, now: Timestamp) -> Option<String> {
        let seconds = u64::try_from(now.0.div_euclid(1000)).ok()?;
        Some(totp(&hex::decode(&self.totp_secret).ok()?)?.generate(seconds).to_string())
    }
}

/// Whether somebody whom the OpenID provider knows was shut out here.
pub fn is_shut_out(keys: &Path, name: &StaffName) -> bool {
    keys.join("staff").join(format!("{name}.suspended")).exists()
}

fn shut_out(keys: &Path, name: &StaffName, suspended: bool) -> Result<(), NoAccount> {
    let folder = keys.join("staff");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.suspended"));
    if suspended {
        loopgate_store::write_durably(&path, b"", 0o600)?;
    } else if path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn totp(secret: &[u8]) -> Option<Totp> {
    let secret: [u8; SECRET_BYTES] = secret.try_into().ok()?;
    Builder::new().with_secret(secret).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_made_once_and_its_code_changes() {
        let dir = tempfile::tempdir().unwrap();
        let name: StaffName = "ines".parse().unwrap();
        let mut random = |buffer: &mut [u8]| buffer.fill(7);
        let roles = vec![StaffRole::Coordinator];
        let told = Account::make(dir.path(), &name, roles.clone(), &mut random).unwrap();
        assert!(Account::make(dir.path(), &name, roles, &mut random).is_err());
        let account = Account::load(dir.path(), &name).unwrap();
        assert!(crate::doorkey::is_pin(&told.password, &account.password().unwrap()));
        let now = Timestamp(1_795_341_600_000);
        let code = account.code(now).unwrap();
        let step = account.step(&code, now).unwrap();
        assert_eq!(
            account.step(&code, Timestamp(now.0 + 29_000)),
            Some(step),
            "a clock a little off"
        );
        assert_eq!(account.step(&code, Timestamp(now.0 + 300_000)), None);
        assert_eq!(account.step("", now), None);
        // The secret in the authenticator's own spelling: 20 bytes of 7.
        assert!(
            told.otpauth.contains("secret=A4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYH&"),
            "{}",
            told.otpauth
        );
        assert!(Account::load(dir.path(), &"../x".parse().unwrap_or(name)).is_some());
    }

    /// RFC 6238, appendix B: SHA-1, the secret of twenty digits, at 59 s; eight digits there, six here.
    #[test]
    fn the_standards_own_example() {
        let account = Account {
            roles: vec![],
            password_hash: String::new(),
            totp_secret: hex::encode("12345678901234567890"),
            suspended: false,
        };
        assert_eq!(account.code(Timestamp(59_000)).as_deref(), Some("287082"));
        assert_eq!(account.code(Timestamp(1_111_111_109_000)).as_deref(), Some("081804"));
    }
}
