//! The PIN of an organization: asked once, remembered for some hours, and not to be guessed.

use std::collections::VecDeque;

use loopgate_referral::{OrgId, Timestamp};

use super::page::Opened;
use crate::doorkey::is_pin;
use crate::fold::{WRONG_PIN, World};
use crate::gate::Gate;
use crate::journal::Event;
use crate::refusal::Trouble;
use crate::scribe::Command;

/// How many links' worth of wrong PINs an organization may give at all its links together.
const LINKS_WORTH: usize = 4;
const COOKIE: &str = "__Host-loopgate";

/// What came of a PIN.
pub enum Given {
    /// It is right: this header remembers it.
    Right(String),
    /// It is wrong, and that is recorded.
    Wrong,
    /// Too many were wrong; seconds to wait.
    Wait(i64),
}

/// Checks a PIN. One at a time, so that many guesses at once are counted like one after the other; a
/// wrong one is on the disk before it is answered, so that a restart forgets none.
pub fn check(gate: &Gate, opened: &Opened, pin: &str) -> Result<Given, Trouble> {
    let turn = gate.turnstile.turn(format!("pin {}", opened.partner.org));
    let Some(_turn) = turn else { return Ok(Given::Wait(1)) };
    let people = &gate.config.people;
    let window = i64::try_from(people.pin_window_s).unwrap_or(i64::MAX).saturating_mul(1000);
    let now = gate.now();
    let since = Timestamp(now.0.saturating_sub(window));
    let oldest = {
        let world = gate.scribe.published().world();
        full(&world, opened, since, people.pin_tries_max)
    };
    if let Some(oldest) = oldest {
        // A commit's time may be a little ahead of the clock's.
        let wait = (oldest.0.min(now.0) + window - now.0 + 999).div_euclid(1000);
        return Ok(Given::Wait(wait.max(1)));
    }
    if is_pin(pin, &opened.pin) {
        let hours = i64::from(people.pin_hours);
        let until = Timestamp(now.0 + hours * 3_600_000);
        let value = gate.doorkeys.cookie(&opened.partner.org, &opened.pin, until);
        let age = hours * 3600;
        return Ok(Given::Right(format!(
            "{COOKIE}={value}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax"
        )));
    }
    let event = Event::Denied {
        org: opened.partner.org.clone(),
        person: opened.referral.persons.first().copied(),
        referral: Some(opened.referral.id),
        action: None,
        code: WRONG_PIN.to_owned(),
        correlation: None,
        grant: None,
        dropped: Vec::new(),
    };
    gate.scribe.ask_blocking(|reply| Command::Deny(Box::new(event), reply))?;
    Ok(Given::Wrong)
}

/// The try that has to grow old before another is allowed, if too many were wrong.
fn full(world: &World, opened: &Opened, since: Timestamp, tries_max: usize) -> Option<Timestamp> {
    let org: &OrgId = &opened.partner.org;
    let here = world.wrong_pins.get(&(org.clone(), opened.referral.id));
    let here: Vec<Timestamp> =
        here.into_iter().flatten().copied().filter(|at| *at > since).collect();
    if here.len() >= tries_max {
        return here.get(here.len() - tries_max).copied();
    }
    let of_org = world.wrong_pins.iter().filter(|((other, _), _)| other == org);
    let mut all: Vec<Timestamp> =
        of_org.flat_map(|(_, tries)| tries).copied().filter(|at| *at > since).collect();
    all.sort_unstable();
    let max = tries_max * LINKS_WORTH;
    if all.len() >= max { all.get(all.len() - max).copied() } else { None }
}

/// Seconds until another try, if too many of these went wrong lately.
pub fn wait(gate: &Gate, tries: &VecDeque<Timestamp>) -> Option<i64> {
    let people = &gate.config.people;
    let window = i64::try_from(people.pin_window_s).unwrap_or(i64::MAX).saturating_mul(1000);
    let now = gate.now();
    let since = Timestamp(now.0.saturating_sub(window));
    let lately: Vec<Timestamp> = tries.iter().copied().filter(|at| *at > since).collect();
    let oldest = *lately.get(lately.len().checked_sub(people.pin_tries_max)?)?;
    // A commit's time may be a little ahead of the clock's.
    Some((oldest.0.min(now.0) + window - now.0 + 999).div_euclid(1000).max(1))
}

/// Whether this browser gave the PIN.
pub fn is_known(gate: &Gate, opened: &Opened, cookies: Option<&str>) -> bool {
    super::cookie(cookies, COOKIE).is_some_and(|value| {
        gate.doorkeys.knows(value, &opened.partner.org, &opened.pin, gate.now())
    })
}
