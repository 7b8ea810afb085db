//! The PIN of an organization: asked once, remembered for some hours, and not to be guessed.

use std::collections::VecDeque;

use loopgate_referral::{OrgId, PersonId, Referral, ReferralId, Timestamp};

use super::page::Opened;
use crate::doorkey::is_pin;
use crate::fold::{WRONG_PIN, World};
use crate::gate::Gate;
use crate::journal::Event;
use crate::partner::PinHash;
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

/// What a PIN opens: the page of a referral, or the organization's own.
pub struct Door<'a> {
    pub org: &'a OrgId,
    pub pin: &'a PinHash,
    pub referral: Option<&'a Referral>,
}

impl Opened {
    fn door(&self) -> Door<'_> {
        Door { org: &self.partner.org, pin: &self.pin, referral: Some(&self.referral) }
    }
}

/// Checks a PIN at the page of a referral.
pub fn check(gate: &Gate, opened: &Opened, pin: &str) -> Result<Given, Trouble> {
    check_at(gate, &opened.door(), pin)
}

/// Checks a PIN. One at a time, so that many guesses at once are counted like one after the other; a
/// wrong one is on the disk before it is answered, so that a restart forgets none.
pub fn check_at(gate: &Gate, door: &Door<'_>, pin: &str) -> Result<Given, Trouble> {
    let turn = gate.turnstile.turn(format!("pin {}", door.org));
    let Some(_turn) = turn else { return Ok(Given::Wait(1)) };
    let people = &gate.config.people;
    let window = Window::of(gate);
    let oldest = {
        let world = gate.scribe.published().world();
        full(&world, door, window.since(), people.pin_tries_max)
    };
    if let Some(oldest) = oldest {
        return Ok(Given::Wait(window.seconds_left(oldest)));
    }
    if is_pin(pin, door.pin) {
        let hours = i64::from(people.pin_hours);
        let until = Timestamp(window.now.0 + hours * 3_600_000);
        let value = gate.doorkeys.cookie(door.org, door.pin, until);
        let age = hours * 3600;
        return Ok(Given::Right(format!(
            "{COOKIE}={value}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax"
        )));
    }
    let person = door.referral.and_then(|one| one.persons.first().copied());
    record_wrong(gate, door.org.clone(), person, door.referral.map(|one| one.id))?;
    Ok(Given::Wrong)
}

/// Records that a PIN or a code was wrong: before it is answered.
pub fn record_wrong(
    gate: &Gate,
    org: OrgId,
    person: Option<PersonId>,
    referral: Option<ReferralId>,
) -> Result<(), Trouble> {
    let event = Event::Denied {
        org,
        person,
        referral,
        action: None,
        code: WRONG_PIN.to_owned(),
        correlation: None,
        grant: None,
        dropped: Vec::new(),
    };
    gate.scribe.ask_blocking(|reply| Command::Deny(Box::new(event), reply))
}

/// How long wrong tries count, and up to when.
struct Window {
    now: Timestamp,
    ms: i64,
}

impl Window {
    fn of(gate: &Gate) -> Window {
        let seconds = i64::try_from(gate.config.people.pin_window_s).unwrap_or(i64::MAX);
        Window { now: gate.now(), ms: seconds.saturating_mul(1000) }
    }

    fn since(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_sub(self.ms))
    }

    /// Until a try does not count any more. A commit's time may be a little ahead of the clock's.
    fn seconds_left(&self, of: Timestamp) -> i64 {
        (of.0.min(self.now.0) + self.ms - self.now.0 + 999).div_euclid(1000).max(1)
    }
}

/// The try that has to grow old before another is allowed, if too many were wrong.
fn full(world: &World, door: &Door<'_>, since: Timestamp, tries_max: usize) -> Option<Timestamp> {
    let org: &OrgId = door.org;
    let here = world.wrong_pins.get(&(org.clone(), door.referral.map(|one| one.id)));
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
    let window = Window::of(gate);
    let since = window.since();
    let lately: Vec<Timestamp> = tries.iter().copied().filter(|at| *at > since).collect();
    let oldest = *lately.get(lately.len().checked_sub(gate.config.people.pin_tries_max)?)?;
    Some(window.seconds_left(oldest))
}

/// Whether this browser gave the PIN.
pub fn is_known(gate: &Gate, opened: &Opened, cookies: Option<&str>) -> bool {
    knows(gate, &opened.door(), cookies)
}

/// The same, of any door of the organization: what opens one opens the others.
pub fn knows(gate: &Gate, door: &Door<'_>, cookies: Option<&str>) -> bool {
    super::cookie(cookies, COOKIE)
        .is_some_and(|value| gate.doorkeys.knows(value, door.org, door.pin, gate.now()))
}
