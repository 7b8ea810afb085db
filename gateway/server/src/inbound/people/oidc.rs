//! Signing in with the OpenID provider: there, and back.
//!
//! The way back is a GET, as OpenID Connect wants it; what makes it this browser's own is the state in
//! its cookie, which is good once.

use loopgate_referral::Timestamp;

use super::sessions::begin_with;
use super::{Visit, cookie, desk_html, html};
use crate::gate::Gate;
use crate::identity::oidc::NotKnown;
use crate::journal::StaffEvent;
use crate::refusal::Trouble;
use crate::reply::Reply;
use crate::scribe::Command;
use crate::staff::is_shut_out;

const COOKIE: &str = "__Host-loopgate-oidc";

fn redirect(gate: &Gate) -> String {
    format!("{}/staff/oidc/callback", gate.config.people.base_url)
}

/// `GET /staff/oidc`.
pub fn leave(gate: &Gate) -> Reply {
    let Some(oidc) = &gate.config.oidc else { return html::nowhere() };
    // A name nobody can guess, and when it began: what is asked with is made of it.
    let state = format!("{}.{}", gate.fresh_name(), gate.now().0);
    let of = |what: &str| gate.doorkeys.oidc(&state, what);
    let way = gate.provider.leave(oidc, &redirect(gate), &state, &of, gate.clock.monotonic_ms());
    match way {
        Ok(url) => {
            let value = format!("{state}.{}", of("cookie"));
            let cookie =
                format!("{COOKIE}={value}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
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
    let of = |what: &str| gate.doorkeys.oidc(state, what);
    // The cookie says that this browser asked with this state, and that the state is ours.
    let good = format!("{state}.{}", of("cookie"));
    let own = cookie(visit.cookie.as_deref(), COOKIE).unwrap_or_default();
    let began = state.rsplit_once('.').and_then(|(_, began)| began.parse().ok());
    let (true, Some(began)) = (loopgate_token::same(own.as_bytes(), good.as_bytes()), began) else {
        return Ok(refused());
    };
    let now = (gate.now(), gate.clock.monotonic_ms());
    let back = (state, Timestamp(began), code);
    let known = match gate.provider.back(oidc, &redirect(gate), back, &of, now) {
        Ok(known) => known,
        Err(NotKnown::Unreachable) => return Ok(html::outage()),
        Err(NotKnown::Unasked | NotKnown::Refused) => {
            gate.strangers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return Ok(refused());
        }
    };
    if is_shut_out(&gate.config.folders.keys, &known.name) {
        return Ok(refused());
    }
    let who = (known.name.to_string(), "oidc");
    let fact = StaffEvent::SignIn { staff: known.name.clone(), right: true, step: None };
    gate.scribe.ask_blocking(|reply| Command::Staff(Box::new(fact), who, reply))?;
    Ok(html::see("/staff", Some(begin_with(gate, known))))
}

fn refused() -> Reply {
    desk_html::sign_in(403, Some("Signing in did not end well. Please try again."), true)
}
