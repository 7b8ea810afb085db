//! Staff who sign in with an OpenID provider (OpenID Connect Core 1.0, authorization code flow, with
//! PKCE, RFC 7636): the way there, the way back, and what the ID token says.
//!
//! The provider is the one the operator names; its documents are fetched by the rules of everything
//! outbound. No token of its is kept or shown.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use loopgate_referral::Timestamp;
use loopgate_token::{Algorithm, KeySet, Rules, base64url_encode, sha256, verify};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::Oidc;
use crate::outbound::targets::Targets;
use crate::staff::{PROVIDER_PREFIX, StaffName, StaffRole};

const BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many wait for the provider at once: a slow one holds up nobody else's thread.
const WAITING_MAX: usize = 16;
/// Somebody may take this long at the provider.
const AWAY_MS_MAX: i64 = 600_000;
/// How long the provider's documents are kept, and how long that they are not to be had.
const KEPT_MS: i64 = 600_000;
const MISSED_MS: i64 = 30_000;
/// An ID token that is good for longer is not for signing in.
const LIFE_S_MAX: i64 = 24 * 3600;

/// What signing in with the provider goes by.
pub struct Provider {
    way: OnceLock<(reqwest::Client, Targets, Handle)>,
    /// States that came back, until they are too old anyway. What is asked with is in the visitor's own
    /// cookie, so that nobody fills a table by asking.
    used: Mutex<HashMap<[u8; 32], Timestamp>>,
    found: Mutex<Option<(Option<Found>, i64)>>,
    places: Semaphore,
}

impl Default for Provider {
    fn default() -> Provider {
        Provider {
            way: OnceLock::new(),
            used: Mutex::default(),
            found: Mutex::default(),
            places: Semaphore::new(WAITING_MAX),
        }
    }
}

#[derive(Clone)]
struct Found {
    authorize: Url,
    token: Url,
    keys: KeySet,
}

/// Somebody whom the provider knows.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// What they are called in the log.
    pub name: StaffName,
    /// What people call them.
    pub called: String,
    /// What they may do.
    pub roles: Vec<StaffRole>,
}

/// Why signing in with the provider did not end well. Which is not said to whoever tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKnown {
    /// The provider, or what it says, is not to be had now.
    Unreachable,
    /// What came back is not the answer to what was asked.
    Unasked,
    /// The ID token is not good, or names nobody with a role here.
    Refused,
}

impl Provider {
    /// How the provider is called.
    pub fn call_by(&self, client: reqwest::Client, targets: Targets) {
        // A second call finds the first one's way.
        let _ = self.way.set((client, targets, Handle::current()));
    }

    /// Where to send somebody who carries this state: what comes back is asked with the nonce and the
    /// verifier that `of` makes of it.
    pub fn leave(
        &self,
        oidc: &Oidc,
        redirect: &str,
        state: &str,
        of: &dyn Fn(&str) -> String,
        now_ms: i64,
    ) -> Result<String, NotKnown> {
        let found = self.found(oidc, now_ms).ok_or(NotKnown::Unreachable)?;
        let challenge = base64url_encode(&sha256(of("verifier").as_bytes()));
        let mut url = found.authorize;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &oidc.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", "openid profile")
            .append_pair("state", state)
            .append_pair("nonce", &of("nonce"))
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Who came back with this code, in a state that began then and is good once.
    pub fn back(
        &self,
        oidc: &Oidc,
        redirect: &str,
        (state, began, code): (&str, Timestamp, &str),
        of: &dyn Fn(&str) -> String,
        (now, now_ms): (Timestamp, i64),
    ) -> Result<Known, NotKnown> {
        let _place = self.places.try_acquire().map_err(|_| NotKnown::Unreachable)?;
        if now.0 - began.0 >= AWAY_MS_MAX || !self.uses(state, now) {
            return Err(NotKnown::Unasked);
        }
        let found = self.found(oidc, now_ms).ok_or(NotKnown::Unreachable)?;
        let token = self.exchange(oidc, &found, redirect, (code, &of("verifier")));
        let token = token.ok_or(NotKnown::Unreachable)?;
        let rules = Rules {
            typ: "JWT",
            algorithms: &Algorithm::ALL,
            issuer: issuer(oidc),
            audience: &oidc.client_id,
            life_s_max: LIFE_S_MAX,
            jku: None,
            foreign: true,
        };
        let claims: Value =
            verify(&token, &found.keys, &rules, now.0.div_euclid(1000)).map_err(|flaw| {
                tracing::warn!(code = %flaw, "an ID token was refused");
                NotKnown::Refused
            })?;
        known(oidc, &claims, &of("nonce"))
    }

    /// Uses a state; `false` if it was used before.
    fn uses(&self, state: &str, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, at| now.0 - at.0 < AWAY_MS_MAX);
        used.insert(sha256(state.as_bytes()), now).is_none()
    }

    /// RFC 6749 §4.1.3, as a confidential client.
    fn exchange(
        &self,
        oidc: &Oidc,
        found: &Found,
        redirect: &str,
        (code, verifier): (&str, &str),
    ) -> Option<String> {
        let secret = std::fs::read_to_string(&oidc.client_secret_file).ok()?;
        let (client, _, runtime) = self.way.get()?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect)
            .append_pair("code_verifier", verifier);
        let request = client
            .post(found.token.clone())
            .basic_auth(encoded(&oidc.client_id), Some(encoded(secret.trim_end())))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .timeout(TIMEOUT)
            .body(form.finish());
        #[derive(Deserialize)]
        struct Answer {
            id_token: String,
        }
        let bytes = runtime.block_on(read(request))?;
        serde_json::from_slice::<Answer>(&bytes).ok().map(|answer| answer.id_token)
    }

    /// The provider's addresses and keys, as they were fetched lately.
    fn found(&self, oidc: &Oidc, now_ms: i64) -> Option<Found> {
        {
            let kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((found, until_ms)) = kept.as_ref()
                && now_ms < *until_ms
            {
                return found.clone();
            }
        }
        let _place = self.places.try_acquire().ok()?;
        // Nobody waits while it is fetched, and that it is not to be had is kept as well.
        let found = self.discover(oidc);
        let kept_ms = if found.is_some() { KEPT_MS } else { MISSED_MS };
        let mut kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((found.clone(), now_ms + kept_ms));
        found
    }

    /// OpenID Connect Discovery 1.0 §4.
    fn discover(&self, oidc: &Oidc) -> Option<Found> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            authorization_endpoint: String,
            token_endpoint: String,
            jwks_uri: String,
        }
        let at = format!("{}/.well-known/openid-configuration", issuer(oidc));
        let said: Discovery = serde_json::from_slice(&self.fetch(&at.parse().ok()?)?).ok()?;
        let urls = [&said.authorization_endpoint, &said.token_endpoint, &said.jwks_uri];
        let urls = urls.map(|text| text.parse::<Url>().ok().filter(|url| url.scheme() == "https"));
        let [Some(authorize), Some(token), Some(jwks)] = urls else { return None };
        if said.issuer != issuer(oidc) {
            tracing::warn!("the OpenID provider's configuration is another's");
            return None;
        }
        let (_, targets, _) = self.way.get()?;
        if !targets.allows_url(&token) {
            return None;
        }
        let keys = KeySet::of_provider(&self.fetch(&jwks)?).ok()?;
        Some(Found { authorize, token, keys })
    }

    fn fetch(&self, url: &Url) -> Option<Vec<u8>> {
        let (client, targets, runtime) = self.way.get()?;
        if !targets.allows_url(url) {
            tracing::warn!("the OpenID provider may not be connected to");
            return None;
        }
        runtime.block_on(read(client.get(url.clone()).timeout(TIMEOUT)))
    }
}

async fn read(request: reqwest::RequestBuilder) -> Option<Vec<u8>> {
    let mut answer = request.send().await.ok().filter(|one| one.status() == 200)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > BYTES_MAX {
            return None;
        }
    }
    Some(bytes)
}

fn issuer(oidc: &Oidc) -> &str {
    oidc.issuer.as_str().trim_end_matches('/')
}

/// RFC 6749 §2.3.1: both are form-encoded before they are a password.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Whom an ID token names, if it answers this nonce and they have a role here.
fn known(oidc: &Oidc, claims: &Value, nonce: &str) -> Result<Known, NotKnown> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let other_party = text("azp").is_some_and(|azp| azp != oidc.client_id);
    let same =
        text("nonce").is_some_and(|said| loopgate_token::same(said.as_bytes(), nonce.as_bytes()));
    if other_party || !same {
        return Err(NotKnown::Refused);
    }
    let subject = text("sub").filter(|sub| !sub.is_empty()).ok_or(NotKnown::Refused)?;
    let groups = claims.get(&oidc.groups_claim).and_then(Value::as_array);
    let is = |group: &str| groups.is_some_and(|all| all.iter().any(|one| one == group));
    let roles =
        [(&oidc.coordinators, StaffRole::Coordinator), (&oidc.auditors, StaffRole::Auditor)];
    let roles: Vec<StaffRole> =
        roles.into_iter().filter(|(group, _)| is(group)).map(|(_, role)| role).collect();
    if roles.is_empty() {
        return Err(NotKnown::Refused);
    }
    // OpenID Connect Core §5.7: issuer and subject alone are somebody; a user name may change hands.
    let who = sha256(format!("{} {subject}", issuer(oidc)).as_bytes());
    let name = format!("{PROVIDER_PREFIX}{}", hex::encode(&who[..8]));
    let called = text("preferred_username").or(text("name")).unwrap_or(&name);
    let called = called.chars().filter(|c| !c.is_control()).take(64).collect();
    let name = name.parse().map_err(|_| NotKnown::Refused)?;
    Ok(Known { name, called, roles })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn oidc() -> Oidc {
        Oidc {
            issuer: "https://login.example/realms/town".parse().unwrap(),
            client_id: "loopgate".into(),
            client_secret_file: "secret".into(),
            groups_claim: "groups".into(),
            coordinators: "c".into(),
            auditors: "a".into(),
            roots: None,
        }
    }

    #[test]
    fn a_token_names_somebody_with_a_role_and_answers_what_was_asked() {
        let read = |change: &dyn Fn(&mut Value)| {
            let mut claims = json!({
                "sub": "42", "nonce": "n", "preferred_username": "Ines.Ruiz@town", "groups": ["c", "x"],
            });
            change(&mut claims);
            known(&oidc(), &claims, "n")
        };
        let ines = read(&|_| {}).unwrap();
        assert_eq!(ines.roles, [StaffRole::Coordinator]);
        assert!(ines.name.as_str().starts_with("oidc-"), "{}", ines.name);
        assert_eq!(ines.called, "Ines.Ruiz@town");
        // Another name of the same person is the same person.
        assert_eq!(read(&|c| c["preferred_username"] = json!("Otto")).unwrap().name, ines.name);
        // The same name of somebody else is somebody else.
        assert_ne!(read(&|c| c["sub"] = json!("43")).unwrap().name, ines.name);
        let both = read(&|c| c["groups"] = json!(["a", "c"])).unwrap();
        assert_eq!(both.roles, [StaffRole::Coordinator, StaffRole::Auditor]);
        let refused: [&dyn Fn(&mut Value); 7] = [
            &|c| c["nonce"] = json!("m"),
            &|c| drop(c.as_object_mut().unwrap().remove("nonce")),
            &|c| c["azp"] = json!("another"),
            &|c| c["groups"] = json!(["x"]),
            &|c| c["groups"] = json!("c"),
            &|c| drop(c.as_object_mut().unwrap().remove("groups")),
            &|c| c["sub"] = json!(""),
        ];
        for change in refused {
            assert_eq!(read(change), Err(NotKnown::Refused));
        }
    }
    #[test]
    fn who_finds_too_many_waiting_does_not_wait_and_has_used_nothing() {
        let provider = Provider::default();
        let full = provider.places.try_acquire_many(16).unwrap();
        let of = |what: &str| what.to_owned();
        let leave = || provider.leave(&oidc(), "https://here.example", "s", &of, 0);
        let state = ("s", Timestamp(0), "code");
        let now = (Timestamp(1), 1);
        let back = || provider.back(&oidc(), "https://here.example", state, &of, now);
        assert_eq!((leave(), back()), (Err(NotKnown::Unreachable), Err(NotKnown::Unreachable)));
        // That it is not to be had was not found out, and the state is still good.
        assert!(provider.found.lock().unwrap().is_none());
        assert!(provider.used.lock().unwrap().is_empty());
        drop(full);
        assert_eq!(leave(), Err(NotKnown::Unreachable));
        assert!(provider.found.lock().unwrap().is_some());
        assert_eq!((back(), back()), (Err(NotKnown::Unreachable), Err(NotKnown::Unasked)));
    }
}
