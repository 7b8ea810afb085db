//! Who of the staff is signed in. Sessions are in memory alone: a restart signs everybody out, and so
//! does a change of their account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use loopgate_referral::Timestamp;

use crate::gate::Gate;
use crate::identity::oidc::Known;
use crate::refusal::Trouble;
use crate::scribe::Command;
use crate::staff::{Account, StaffName, StaffRole, is_shut_out};

/// A session ends after this long, whatever is done in it.
const WHOLE_MS: i64 = 8 * 3_600_000;
/// And after this long of nothing.
const IDLE_MS: i64 = 30 * 60_000;
/// Sessions at once; the oldest ends for a new one.
const SESSIONS_MAX: usize = 1_000;
const COOKIE: &str = "__Host-loopgate-staff";
/// What the password of nobody is compared with, so that a name that is none takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Everybody who is signed in, by the SHA-256 of what their cookie holds.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

struct Session {
    name: StaffName,
    opened: Opened,
    begun: Timestamp,
    seen: Timestamp,
}

/// What opened a session.
#[derive(Clone)]
enum Opened {
    /// A password, by its hash: another one ends it.
    Password(String),
    /// The OpenID provider, which named them so, with these roles.
    Provider(String, Vec<StaffRole>),
}

/// Somebody who is signed in.
pub struct Member {
    /// Who, as the log has it.
    pub name: StaffName,
    /// What people call them.
    pub called: String,
    /// What they may do.
    pub roles: Vec<StaffRole>,
}

impl Member {
    /// Whether they may do what this role does.
    pub fn is(&self, role: StaffRole) -> bool {
        self.roles.contains(&role)
    }
}

/// What came of signing in.
pub enum SignedIn {
    /// They are in: this header remembers it.
    Yes(String),
    /// Something was wrong; which is not said.
    No,
    /// Too much was wrong; seconds to wait.
    Wait(i64),
}

/// Signs somebody in. One at a time, so that many guesses at once are counted like one after the
/// other; a wrong one is on the disk before it is answered.
pub fn sign_in(gate: &Gate, name: &str, password: &str, code: &str) -> Result<SignedIn, Trouble> {
    let name: Option<StaffName> = name.trim().parse().ok();
    let known = name.and_then(|name| {
        let account = Account::load(&gate.config.folders.keys, &name)?;
        Some((name, account))
    });
    // Those who are nobody share one turn, so that a flood of them shuts out nobody.
    let whom = known.as_ref().map_or("nobody".to_owned(), |(name, _)| format!("staff {name}"));
    let Some(_turn) = gate.turnstile.turn(whom) else { return Ok(SignedIn::Wait(1)) };
    let Some((name, account)) = known else {
        if let Ok(nobody) = NOBODY.parse() {
            crate::doorkey::is_pin(password, &nobody);
        }
        gate.strangers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        return Ok(SignedIn::No);
    };
    let now = gate.now();
    if let Some(wait) = locked_out(gate, &name) {
        return Ok(SignedIn::Wait(wait));
    }
    let hash = account.password();
    let right = hash.as_ref().is_some_and(|hash| crate::doorkey::is_pin(password, hash));
    let step = account.step(code.trim(), now).filter(|_| right);
    let sign_in = |reply| Command::SignIn(name.clone(), step, reply);
    if !gate.scribe.ask_blocking(sign_in)? {
        return Ok(SignedIn::No);
    }
    let password = hash.map(|hash| hash.as_str().to_owned()).unwrap_or_default();
    let opened = Opened::Password(password);
    Ok(SignedIn::Yes(begun(gate, name, opened, "Strict")))
}

/// The header that remembers somebody whom the OpenID provider knows. Who comes back from it comes from
/// another site; forms are guarded by where they were made.
pub fn begin_with(gate: &Gate, known: Known) -> String {
    let Known { name, called, roles } = known;
    begun(gate, name, Opened::Provider(called, roles), "Lax")
}

fn begun(gate: &Gate, name: StaffName, opened: Opened, same_site: &str) -> String {
    let now = gate.now();
    let value = gate.staff.begin(Session { name, opened, begun: now, seen: now }, gate);
    format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}")
}

/// Seconds until another try, if too much was wrong.
fn locked_out(gate: &Gate, name: &StaffName) -> Option<i64> {
    let world = gate.scribe.published().world();
    super::pin::wait(gate, world.staff.wrong.get(name)?)
}

impl Sessions {
    fn begin(&self, session: Session, gate: &Gate) -> String {
        let mut random = [0; 32];
        gate.clock.random(&mut random);
        let value = loopgate_token::base64url_encode(&random);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= SESSIONS_MAX {
            let oldest = open.iter().min_by_key(|(_, one)| one.seen).map(|(key, _)| *key);
            oldest.map(|key| open.remove(&key));
        }
        open.insert(loopgate_token::sha256(value.as_bytes()), session);
        value
    }

    /// Who this is, if they are signed in now.
    pub fn member(&self, gate: &Gate, cookies: Option<&str>) -> Option<Member> {
        let key = key(cookies)?;
        let now = gate.now();
        let (name, opened) = {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let session = open.get_mut(&key)?;
            if now.0 - session.begun.0 >= WHOLE_MS || now.0 - session.seen.0 >= IDLE_MS {
                open.remove(&key);
                return None;
            }
            session.seen = now;
            (session.name.clone(), session.opened.clone())
        };
        match opened {
            // What the account says now: suspended, or another password, and the session is over.
            Opened::Password(password) => {
                let account = Account::load(&gate.config.folders.keys, &name)?;
                let same = account.password().is_some_and(|hash| hash.as_str() == password);
                let called = name.to_string();
                same.then_some(Member { name, called, roles: account.roles })
            }
            Opened::Provider(called, roles) => {
                let shut_out = is_shut_out(&gate.config.folders.keys, &name);
                (!shut_out).then_some(Member { name, called, roles })
            }
        }
    }

    /// Ends a session.
    pub fn end(&self, cookies: Option<&str>) -> String {
        if let Some(key) = key(cookies) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
        format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
    }
}

fn key(cookies: Option<&str>) -> Option<[u8; 32]> {
    super::cookie(cookies, COOKIE).map(|value| loopgate_token::sha256(value.as_bytes()))
}
