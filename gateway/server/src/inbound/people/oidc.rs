//! Signing in with the OpenID provider: there, and back.
//!
//! The way back is a GET, as OpenID Connect wants it; what makes it this browser's own is the state in
//! its cookie, which is good once.

use super::sessions::begin_with;
use super::{Visit, cookie, desk_html, html};
use crate::gate::Gate;
use crate::identity::oidc::NotKnown;
use crate::journal::StaffEvent;
use crate::refusal::Trouble;
use crate::reply::Reply;
use crate::scribe::Command;

const COOKIE: &str = "__Host-loopgate-oidc";

fn redirect(gate: &Gate) -> String {
    format!("{}/staff/oidc/callback", gate.config.people.base_url)
}

/// `GET /staff/oidc`.
pub fn leave(gate: &Gate) -> Reply {
    let Some(oidc) = &gate.config.oidc else { return html::nowhere() };
    let now = (gate.now(), gate.clock.monotonic_ms());
    match gate.provider.leave(oidc, &redirect(gate), now, &|| gate.fresh_name()) {
        Ok((url, state)) => {
            let cookie =
                format!("{COOKIE}={state}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
            html::see(&url, Some(cookie))
        }
        Err(_) => html::outage(),
    }
}

/// `GET /staff/oidc/callback`.
pub fn back(gate: &Gate, visit: &Visit) -> Result<Reply, Trouble> {
    let Some(oidc) = &gate.config.oidc else { return Ok(html::nowhere()) };
    let one = |name: &str| {
        let mut all = visit.query.iter().filter(|(known, _)| known == name);
        let value = all.next().map(|(_, value)| value.as_str());
        value.filter(|_| all.next().is_none())
    };
    let (Some(state), Some(code)) = (one("state"), one("code")) else {
        return Ok(refused());
    };
    let own = cookie(visit.cookie.as_deref(), COOKIE);
    if !own.is_some_and(|own| loopgate_token::same(own.as_bytes(), state.as_bytes())) {
        return Ok(refused());
    }
    let now = (gate.now(), gate.clock.monotonic_ms());
    let known = match gate.provider.back(oidc, &redirect(gate), (state, code), now) {
        Ok(known) => known,
        Err(NotKnown::Unreachable) => return Ok(html::outage()),
        Err(NotKnown::Unasked | NotKnown::Refused) => {
            gate.strangers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return Ok(refused());
        }
    };
    let who = (known.name.to_string(), "oidc");
    let fact = StaffEvent::SignIn { staff: known.name.clone(), right: true, step: None };
    gate.scribe.ask_blocking(|reply| Command::Staff(Box::new(fact), who, reply))?;
    Ok(html::see("/staff", Some(begin_with(gate, known.name, known.roles))))
}

fn refused() -> Reply {
    desk_html::sign_in(403, Some("Signing in did not end well. Please try again."), true)
}
