//! SMART Backend Services (SMART App Launch 2.2, client-confidential-asymmetric): the token endpoint,
//! introspection (RFC 7662), revocation (RFC 7009), and what says where they are.
//!
//! A client shows who it is by an assertion it signed (RFC 7523), each once. Whatever is wrong with
//! it is `invalid_client`; why is in the log of the operator, not in the answer.

use loopgate_referral::{OrgId, Timestamp};
use loopgate_token::{Flaw, Rules, sha256, unverified_issuer, verify};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gate::{Gate, Request};
use crate::identity::access::LIFE_S;
use crate::identity::{Client, Scopes};
use crate::partner::Partner;
use crate::refusal::Trouble;
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::Command;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM: &str = "application/x-www-form-urlencoded";
/// SMART: an assertion lives five minutes at most.
const ASSERTION_S_MAX: i64 = 300;
/// A request to these doors is short.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// Answers one request, if it is one of these.
pub fn handle(gate: &Gate, request: &Request) -> Option<Reply> {
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/.well-known/jwks.json") => Ok(jwks(gate)),
        ("GET", "/fhir/.well-known/smart-configuration") => Ok(smart_configuration(gate)),
        ("POST", "/oauth/token") => token(gate, request),
        ("POST", "/oauth/introspect") => introspect(gate, request),
        ("POST", "/oauth/revoke") => revoke(gate, request),
        (_, path) if is_here(path) => return Some(error(405, "invalid_request")),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|wrong| match wrong {
        Wrong::Outage => error(503, "temporarily_unavailable").header("retry-after", "1"),
        Wrong::Client => error(401, "invalid_client"),
        Wrong::Request => error(400, "invalid_request"),
        Wrong::Grant => error(400, "unsupported_grant_type"),
        Wrong::Scope => error(400, "invalid_scope"),
        Wrong::Unauthorized => error(400, "unauthorized_client"),
    }))
}

/// Whether a path is one of these doors: what is sent there is read before it is known by whom.
pub fn is_here(path: &str) -> bool {
    matches!(path, "/oauth/token" | "/oauth/introspect" | "/oauth/revoke")
}

/// What is wrong, as RFC 6749 §5.2 says it.
enum Wrong {
    Client,
    Request,
    Grant,
    Scope,
    Unauthorized,
    Outage,
}

fn error(status: u16, code: &str) -> Reply {
    json_reply(status, JSON, &json!({ "error": code })).header("pragma", "no-cache")
}

fn jwks(gate: &Gate) -> Reply {
    json_reply(200, JSON, &json!({ "keys": gate.jwks() }))
}

fn smart_configuration(gate: &Gate) -> Reply {
    let base = gate.oauth_base();
    let at = |path: &str| format!("{base}{path}");
    let configuration = json!({
        "issuer": gate.access.issuer(),
        "jwks_uri": at("/.well-known/jwks.json"),
        "token_endpoint": at("/oauth/token"),
        "introspection_endpoint": at("/oauth/introspect"),
        "revocation_endpoint": at("/oauth/revoke"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": SCOPES,
        "tls_client_certificate_bound_access_tokens": true,
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    });
    json_reply(200, JSON, &configuration)
}

/// What the routes of `inbound/fhir.rs` need.
const SCOPES: [&str; 6] = [
    "system/Task.crus",
    "system/ServiceRequest.cr",
    "system/Patient.cr",
    "system/Consent.cru",
    "system/Observation.cr",
    "system/Procedure.r",
];

/// The fields of a form, each once.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(request: &Request) -> Result<Form, Wrong> {
        let media = request.content_type.as_deref().unwrap_or_default();
        let bare = media.split(';').next().unwrap_or_default().trim();
        // RFC 6749 §2.3: one way of saying who one is.
        if !bare.eq_ignore_ascii_case(FORM) || request.authorization.is_some() {
            return Err(Wrong::Request);
        }
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        let twice = |(at, (name, _)): (usize, &(String, String))| {
            fields.iter().skip(at + 1).any(|(other, _)| other == name)
        };
        if fields.iter().enumerate().any(twice) {
            return Err(Wrong::Request);
        }
        Ok(Form(fields))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What an assertion says (SMART client-confidential-asymmetric).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assertion {
    iss: String,
    sub: String,
    #[serde(rename = "aud")]
    _aud: Value,
    exp: i64,
    #[serde(rename = "iat")]
    _iat: i64,
    #[serde(default, rename = "nbf")]
    _nbf: Option<i64>,
    jti: String,
    #[serde(default, rename = "extensions")]
    _extensions: Option<Value>,
    #[serde(default, rename = "udap")]
    _udap: Option<Value>,
}

/// The client that signed an assertion, which is spent by this.
fn client(gate: &Gate, request: &Request, form: &Form) -> Result<(Partner, Client), Wrong> {
    if form.text("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Wrong::Request);
    }
    let token = form.text("client_assertion").ok_or(Wrong::Request)?;
    let refused = |flaw: Flaw| {
        tracing::info!(code = %flaw, "a client assertion was refused");
        Wrong::Client
    };
    let named = unverified_issuer(token).map_err(refused)?;
    let org: OrgId = named.parse().map_err(|_| refused(Flaw::Issuer))?;
    let roster = gate.scribe.published().roster.load();
    let known = roster.get(&org).and_then(|partner| Some((partner, partner.client.as_ref()?)));
    let (partner, client) = known.ok_or_else(|| refused(Flaw::Issuer))?;
    if form.text("client_id").is_some_and(|id| id != org.as_str()) {
        return Err(Wrong::Client);
    }
    let kid = kid(token).ok_or_else(|| refused(Flaw::Key))?;
    let keys = gate.key_sets.of(&org, client, &kid, gate.clock.monotonic_ms());
    let keys = keys.ok_or_else(|| refused(Flaw::Key))?;
    let audience = format!("{}/oauth/token", gate.oauth_base());
    let jku = match &client.keys {
        crate::identity::Keys::At(url) => Some(url.as_str()),
        crate::identity::Keys::Here(_) => None,
    };
    let rules = Rules {
        typ: "JWT",
        algorithms: client.algorithms(),
        issuer: org.as_str(),
        audience: &audience,
        life_s_max: ASSERTION_S_MAX,
        jku,
        foreign: false,
    };
    let now = gate.now();
    let assertion: Assertion =
        verify(token, &keys, &rules, now.0.div_euclid(1000)).map_err(refused)?;
    if assertion.sub != assertion.iss || assertion.jti.is_empty() || assertion.jti.len() > 255 {
        return Err(refused(Flaw::Malformed));
    }
    if partner.suspended {
        gate.refuse(&org, "R2").map_err(|_| Wrong::Outage)?;
        return Err(Wrong::Client);
    }
    // The certificate of the connection, if there is one, is the same organization's.
    if let Some(certificate) = &request.certificate
        && roster.by_certificate(certificate).is_none_or(|other| other.org != org)
    {
        gate.refuse(&org, "A3").map_err(|_| Wrong::Outage)?;
        return Err(Wrong::Client);
    }
    let jti = sha256(assertion.jti.as_bytes());
    let until = Timestamp(assertion.exp * 1000);
    let spent = gate.scribe.ask_blocking(|reply| Command::Spend(org.clone(), jti, until, reply));
    match spent {
        Ok(true) => Ok((partner.clone(), client.clone())),
        Ok(false) => Err(Wrong::Client),
        Err(_) => Err(Wrong::Outage),
    }
}

/// The key id in a header that nobody verified: for finding the key set alone.
fn kid(token: &str) -> Option<String> {
    let header = loopgate_token::base64url_decode(token.split('.').next()?)?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    Some(header.get("kid")?.as_str()?.to_owned())
}

fn token(gate: &Gate, request: &Request) -> Result<Reply, Wrong> {
    let form = Form::read(request)?;
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    match form.text("grant_type") {
        Some("client_credentials") => {}
        Some(kind) if kind == exchange => {
            let (partner, _) = client(gate, request, &form)?;
            return crate::consent_token::exchange(gate, &partner, request, &|name| {
                form.text(name).map(str::to_owned)
            })
            .map_err(|refused| match refused {
                Trouble::Outage => Wrong::Outage,
                Trouble::Refused(_) => Wrong::Request,
            });
        }
        Some(_) => return Err(Wrong::Grant),
        None => return Err(Wrong::Request),
    }
    // What is asked for is looked at first: a scope that is none spends no assertion.
    let asked = form.text("scope").ok_or(Wrong::Scope)?;
    let asked: Scopes = asked.parse().map_err(|_| Wrong::Scope)?;
    let (partner, client) = client(gate, request, &form)?;
    if !client.scopes.contain(&asked) {
        return Err(Wrong::Scope);
    }
    if request.certificate.is_none() && !client.bearer {
        return Err(Wrong::Unauthorized);
    }
    let tenant = gate.config.tenant.name.as_str();
    let made = (gate.fresh_name(), gate.now());
    let certificate = request.certificate.as_ref();
    let issued = gate.access.issue(&partner.org, tenant, &asked, certificate, made);
    let (token, access) = issued.map_err(|_| Wrong::Outage)?;
    let body = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": LIFE_S,
        "scope": access.scope,
    });
    Ok(json_reply(200, JSON, &body).header("pragma", "no-cache"))
}

/// Who may ask about tokens: a known certificate.
fn asker(gate: &Gate, request: &Request) -> Result<Partner, Wrong> {
    gate.certified(request).map_err(|trouble| match trouble {
        Trouble::Outage => Wrong::Outage,
        Trouble::Refused(_) => Wrong::Client,
    })
}

/// RFC 7662: of its own tokens alone; of any other that it is not active, and no more.
fn introspect(gate: &Gate, request: &Request) -> Result<Reply, Wrong> {
    let asker = asker(gate, request)?;
    let form = Form::read(request)?;
    let token = form.text("token").ok_or(Wrong::Request)?;
    let found = gate.access.claims(token, gate.now()).ok();
    let active = found
        .filter(|one| one.client_id == asker.org && !gate.is_revoked(&one.client_id, &one.jti));
    let body = match active {
        None => json!({ "active": false }),
        Some(one) => json!({
            "active": true, "scope": one.scope, "client_id": one.client_id, "exp": one.exp,
            "iat": one.iat, "iss": one.iss, "aud": one.aud, "sub": one.sub, "jti": one.jti,
            "cnf": one.cnf,
        }),
    };
    Ok(json_reply(200, JSON, &body).header("pragma", "no-cache"))
}

/// RFC 7009: done, whether it was one or not; only its own.
fn revoke(gate: &Gate, request: &Request) -> Result<Reply, Wrong> {
    let asker = asker(gate, request)?;
    let form = Form::read(request)?;
    let token = form.text("token").ok_or(Wrong::Request)?;
    let now = gate.now();
    let access = gate.access.named(token, now);
    let named = access.or_else(|| gate.consent_tokens.named(token, now));
    if let Some((org, jti, until)) = named
        && org == asker.org
    {
        let revoke = |reply| Command::Revoke(org, jti, until, reply);
        gate.scribe.ask_blocking(revoke).map_err(|_| Wrong::Outage)?;
    }
    Ok(Reply::empty(200))
}
