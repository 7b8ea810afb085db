//! The one way from a token to its claims.
//!
//! The checks stand in the order of their flaws; the first that fails is the answer. Measured
//! against jsonwebtoken with all its validations on, which lets pass an issuer in an array, an
//! `exp` of 9e18, any `typ`, an unknown `crit` and a claim said twice.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::key::is_kid;
use crate::{Algorithm, Flaw, KeySet, base64url, json};

const BYTES_MAX: usize = 8 * 1024;
/// What two clocks may differ by, for what begins; nothing for what ends.
const LEEWAY_S: i64 = 5;
/// Above, a number of JSON is not exact.
const SECONDS_MAX: u64 = 1 << 53;

/// What a token of one kind must be.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// `typ`.
    pub typ: &'a str,
    /// `alg`: one of these.
    pub algorithms: &'a [Algorithm],
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`, as a string or the only one of an array.
    pub audience: &'a str,
    /// The longest from `iat` to `exp`, seconds.
    pub life_s_max: i64,
    /// `jku`, where one is registered: then a token may name it, and no other.
    pub jku: Option<&'a str>,
    /// It is another maker's ID token (OpenID Connect Core §2): `typ` may be left out, and what helps
    /// to find a key is not looked at.
    pub foreign: bool,
}

/// The claims of a token that is of this kind, whole, of this issuer, for this audience, and valid
/// now. `C` should refuse names that it does not know.
pub fn verify<C: DeserializeOwned>(
    token: &str,
    keys: &KeySet,
    rules: &Rules<'_>,
    now_s: i64,
) -> Result<C, Flaw> {
    let parts = Parts::split(token)?;
    let header = parts.header(rules.foreign)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let named = text("alg").ok_or(Flaw::Malformed)?;
    let algorithm = Algorithm::of(named).filter(|named| rules.algorithms.contains(named));
    let algorithm = algorithm.ok_or(Flaw::Algorithm)?;
    let unsaid = rules.foreign && !header.contains_key("typ");
    if !unsaid && text("typ").ok_or(Flaw::Kind)? != rules.typ {
        return Err(Flaw::Kind);
    }
    if header.contains_key("jku") && (rules.jku.is_none() || text("jku") != rules.jku) {
        return Err(Flaw::Key);
    }
    let kid = text("kid").filter(|kid| is_kid(kid)).ok_or(Flaw::Key)?;
    keys.key(kid, algorithm)?.signed(parts.signed.as_bytes(), parts.signature)?;
    let claims = parts.claims()?;
    common(&claims, rules, now_s)?;
    serde_json::from_value(Value::Object(claims)).map_err(|_| Flaw::Malformed)
}

/// Who a token says issued it, to find the keys that show whether that is so.
pub fn unverified_issuer(token: &str) -> Result<String, Flaw> {
    let claims = Parts::split(token)?.claims()?;
    let issuer = claims.get("iss").and_then(Value::as_str).ok_or(Flaw::Issuer)?;
    Ok(issuer.to_owned())
}

struct Parts<'t> {
    signed: &'t str,
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Result<Parts<'t>, Flaw> {
        if token.len() > BYTES_MAX || !token.is_ascii() {
            return Err(Flaw::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Flaw::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Flaw::Malformed)?;
        // The signature too has one spelling.
        if payload.contains('.') || base64url::decode(signature).is_none() {
            return Err(Flaw::Malformed);
        }
        Ok(Parts { signed, header, payload, signature })
    }

    /// The header, of names that we know alone: `crit`, `jwk`, `x5c` and the like might change what
    /// all the rest means.
    fn header(&self, foreign: bool) -> Result<Map<String, Value>, Flaw> {
        let bytes = base64url::decode(self.header).ok_or(Flaw::Malformed)?;
        let header = json::object(&bytes).ok_or(Flaw::Malformed)?;
        let known = |name: &String| match name.as_str() {
            "alg" | "kid" | "typ" => true,
            "jku" => !foreign,
            "x5t" | "x5t#S256" => foreign,
            _ => false,
        };
        if header.keys().all(known) { Ok(header) } else { Err(Flaw::Malformed) }
    }

    fn claims(&self) -> Result<Map<String, Value>, Flaw> {
        let bytes = base64url::decode(self.payload).ok_or(Flaw::Malformed)?;
        json::object(&bytes).ok_or(Flaw::Malformed)
    }
}

/// The claims that every kind has (RFC 7519 §4.1).
fn common(claims: &Map<String, Value>, rules: &Rules<'_>, now_s: i64) -> Result<(), Flaw> {
    if claims.get("iss").and_then(Value::as_str) != Some(rules.issuer) {
        return Err(Flaw::Issuer);
    }
    let audience = match claims.get("aud") {
        Some(Value::Array(list)) if list.len() == 1 => list.first(),
        other => other,
    };
    if audience.and_then(Value::as_str) != Some(rules.audience) {
        return Err(Flaw::Audience);
    }
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let exact = value.as_u64().filter(|seconds| *seconds < SECONDS_MAX);
            let exact = exact.and_then(|seconds| i64::try_from(seconds).ok());
            exact.map(Some).ok_or(Flaw::Malformed)
        }
    };
    let (issued, expires) = (seconds("iat")?, seconds("exp")?);
    let (issued, expires) = (issued.ok_or(Flaw::Malformed)?, expires.ok_or(Flaw::Malformed)?);
    let begins = seconds("nbf")?.unwrap_or(issued);
    let latest = now_s + LEEWAY_S;
    let life = expires - issued;
    if issued > latest || begins > latest || begins > expires || life < 1 || life > rules.life_s_max
    {
        return Err(Flaw::NotYet);
    }
    if now_s >= expires { Err(Flaw::Expired) } else { Ok(()) }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
