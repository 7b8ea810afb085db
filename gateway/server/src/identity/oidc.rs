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
use url::Url;

use crate::config::Oidc;
use crate::outbound::targets::Targets;
use crate::staff::{StaffName, StaffRole};

const BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Somebody may take this long at the provider.
const AWAY_MS_MAX: i64 = 600_000;
/// Visits to the provider at once.
const AWAY_MAX: usize = 1_000;
/// How long the provider's documents are kept.
const KEPT_MS: i64 = 600_000;
/// An ID token that is good for longer is not for signing in.
const LIFE_S_MAX: i64 = 24 * 3600;

/// What signing in with the provider goes by.
#[derive(Default)]
pub struct Provider {
    way: OnceLock<(reqwest::Client, Targets, Handle)>,
    away: Mutex<HashMap<[u8; 32], Away>>,
    found: Mutex<Option<(Found, i64)>>,
}

/// Somebody who is at the provider.
struct Away {
    nonce: String,
    verifier: String,
    since: Timestamp,
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
    /// What they are called here.
    pub name: StaffName,
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

    /// Where to send somebody, and the state that has to come back with them.
    pub fn leave(
        &self,
        oidc: &Oidc,
        redirect: &str,
        (now, now_ms): (Timestamp, i64),
        random: &dyn Fn() -> String,
    ) -> Result<(String, String), NotKnown> {
        let found = self.found(oidc, now_ms).ok_or(NotKnown::Unreachable)?;
        let (state, nonce, verifier) = (random(), random(), random() + &random());
        let challenge = base64url_encode(&sha256(verifier.as_bytes()));
        let mut url = found.authorize;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &oidc.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", "openid profile")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.retain(|_, one| now.0 - one.since.0 < AWAY_MS_MAX);
        if away.len() >= AWAY_MAX {
            return Err(NotKnown::Unreachable);
        }
        away.insert(sha256(state.as_bytes()), Away { nonce, verifier, since: now });
        Ok((url.into(), state))
    }

    /// Who came back with this state and code; each state is good once.
    pub fn back(
        &self,
        oidc: &Oidc,
        redirect: &str,
        (state, code): (&str, &str),
        (now, now_ms): (Timestamp, i64),
    ) -> Result<Known, NotKnown> {
        let away = {
            let mut all = self.away.lock().unwrap_or_else(PoisonError::into_inner);
            all.remove(&sha256(state.as_bytes()))
        };
        let away = away.filter(|one| now.0 - one.since.0 < AWAY_MS_MAX).ok_or(NotKnown::Unasked)?;
        let found = self.found(oidc, now_ms).ok_or(NotKnown::Unreachable)?;
        let token = self.exchange(oidc, &found, redirect, (code, &away.verifier));
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
        known(oidc, &claims, &away.nonce)
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

    /// The provider's addresses and keys (OpenID Connect Discovery 1.0 §4).
    fn found(&self, oidc: &Oidc, now_ms: i64) -> Option<Found> {
        let mut kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((found, until_ms)) = kept.as_ref()
            && now_ms < *until_ms
        {
            return Some(found.clone());
        }
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
        let found = Found { authorize, token, keys };
        *kept = Some((found.clone(), now_ms + KEPT_MS));
        Some(found)
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
    // A name that people know, and what only one person has.
    let mut name: String = text("preferred_username").unwrap_or("staff").to_ascii_lowercase();
    name.retain(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    name.truncate(40);
    let name = format!("{}-{}", name, hex::encode(&sha256(subject.as_bytes())[..6]));
    let name = name.trim_start_matches('-').parse().map_err(|_| NotKnown::Refused)?;
    Ok(Known { name, roles })
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
        assert!(ines.name.as_str().starts_with("inesruiztown-"), "{}", ines.name);
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
}
