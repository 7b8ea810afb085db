//! HTTPS for people (port 8444): the page that a link in an e-mail leads to. No client certificate is
//! asked for, and nothing needs a script.
//!
//! A GET never changes or spends anything, since mail scanners open links: every act is a POST from
//! the page. The need is shown to whoever has the link, the person only after the organization's PIN.
//! What leads nowhere looks the same whatever the reason. No path is ever logged.

mod acts_html;
mod attest_form;
mod audit;
mod audit_html;
mod desk;
mod desk_html;
mod fields_html;
mod form;
mod html;
mod links;
mod links_html;
mod mail_desk;
mod messages_html;
mod office;
mod office_html;
mod office_words;
mod oidc;
mod own;
mod own_html;
mod page;
mod person;
mod pin;
mod plain;
mod recovery;
mod recovery_html;
mod recovery_words;
mod referral_html;
mod reveals;
pub mod sessions;
mod sheet;
mod sheet_desk;
mod sheet_html;
mod timeline_html;
pub mod turnstile;
mod upload;
mod why;
mod wishes;
mod words;

pub(crate) use person::About;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request as HttpRequest};
use axum::routing::Router;

use crate::gate::Gate;
use crate::inbound::http;
use crate::inbound::tls::Settings;
use crate::partner::Language;
use crate::refusal::Trouble;
use crate::reply::Reply;
use words::Words;

/// The language that a reader chose.
const LANGUAGE_COOKIE: &str = "__Host-loopgate-lang";
/// A form is short.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What a browser asks.
pub struct Visit {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    cookie: Option<String>,
    accept: Option<String>,
    accept_language: Option<String>,
    case: Option<String>,
    content_type: Option<String>,
    /// Not sent by another site's page.
    same_origin: bool,
    body: Vec<u8>,
}

/// Serves people until the handle says stop.
pub async fn serve(
    gate: Arc<Gate>,
    listener: std::net::TcpListener,
    tls: Arc<Settings>,
    handle: axum_server::Handle<SocketAddr>,
) -> io::Result<()> {
    let acceptor = http::PeerAcceptor::new(&gate, tls);
    let app = Router::new().fallback(move |request: HttpRequest<Body>| {
        let (gate, held) = (gate.clone(), http::held(&request));
        async move { http::respond(answer(gate, request).await, &held) }
    });
    http::serve_app(listener, acceptor, handle, app).await
}

async fn answer(gate: Arc<Gate>, request: HttpRequest<Body>) -> Reply {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let mut visit = Visit {
        method: parts.method.as_str().replace("HEAD", "GET"),
        path: parts.uri.path().to_owned(),
        query: form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        cookie: header("cookie"),
        accept: header("accept"),
        accept_language: header("accept-language"),
        case: header("loopgate-case"),
        content_type: header("content-type"),
        same_origin: same_origin(&parts.headers, &gate.config.people.base_url),
        body: Vec::new(),
    };
    let words = visit.words(None);
    if !http::one_host(&parts) {
        return guarded(plain::sorry(words, 400, words.unreadable_request), false);
    }
    let timeout = Duration::from_secs(gate.config.limits.request_timeout_s);
    let bytes_max = office::body_bytes_max(&gate, &visit).unwrap_or(BODY_BYTES_MAX);
    let read = tokio::time::timeout(timeout, http::read(body, bytes_max)).await;
    match read {
        Ok(Ok(body)) => visit.body = body.to_vec(),
        Ok(Err(_)) => return guarded(plain::sorry(words, 413, words.too_long_request), false),
        Err(_) => return guarded(plain::sorry(words, 408, words.too_slow), false),
    }
    let head = parts.method == "HEAD";
    let handled = tokio::task::spawn_blocking(move || handle(&gate, &visit)).await;
    let reply = handled.unwrap_or_else(|_| {
        tracing::error!("a page panicked");
        plain::outage(words)
    });
    guarded(reply, head)
}

/// Which page it is.
fn handle(gate: &Gate, visit: &Visit) -> Reply {
    match visit.path.split('/').nth(1) {
        Some("staff") => desk::handle(gate, visit),
        Some("audit") => audit::programs(gate, visit),
        Some("me") => own::handle(gate, visit),
        Some("pin") => recovery::handle(gate, visit),
        Some("o") => office::handle(gate, visit),
        _ => page::handle(gate, visit),
    }
}

impl Visit {
    /// The fields of a form that a page of ours sent, or what to answer instead.
    fn form(&self) -> Result<form::Filled, Reply> {
        let media = self.content_type.as_deref().unwrap_or_default();
        let bare = media.split(';').next().unwrap_or_default().trim();
        if !self.same_origin || !bare.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let words = self.words(None);
            return Err(plain::sorry(words, 403, words.own_buttons));
        }
        form::Filled::read(&self.body).ok_or_else(|| {
            let words = self.words(None);
            plain::sorry(words, 422, words.unreadable_form)
        })
    }

    /// In which language the page speaks: as the reader chose, as their organization has it, as
    /// their browser says.
    fn words(&self, organization: Option<Language>) -> &'static Words {
        let kept = || Language::of(cookie(self.cookie.as_deref(), LANGUAGE_COOKIE)?);
        let chosen = self.chosen_language().or_else(kept).or(organization);
        Words::of(chosen.unwrap_or_else(|| self.browsers_language()))
    }

    /// The language that the address asks for.
    fn chosen_language(&self) -> Option<Language> {
        let asked = self.query.iter().find(|(name, _)| name == "lang");
        asked.and_then(|(_, code)| Language::of(code)).filter(|_| self.method == "GET")
    }

    /// The first of the browser's languages that there is (RFC 9110 12.5.4), without weights, which
    /// browsers write in their order.
    fn browsers_language(&self) -> Language {
        let listed = self.accept_language.as_deref().unwrap_or_default().split(',');
        let codes = listed.map(|one| one.split([';', '-']).next().unwrap_or_default().trim());
        codes.into_iter().find_map(Language::of).unwrap_or_default()
    }

    /// The browser keeps a language that was chosen.
    fn keep_language(&self, reply: Reply) -> Reply {
        let Some(language) = self.chosen_language() else { return reply };
        let code = language.code();
        let cookie = format!(
            "{LANGUAGE_COOKIE}={code}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax"
        );
        reply.header("set-cookie", cookie)
    }
}

/// The value of a cookie.
fn cookie<'c>(cookies: Option<&'c str>, name: &str) -> Option<&'c str> {
    cookies.unwrap_or_default().split(';').find_map(|one| {
        let (known, value) = one.trim().split_once('=')?;
        (known == name).then_some(value)
    })
}

/// A browser says where a form was; with `Referrer-Policy: no-referrer` its Origin is `null`, and the
/// cookie, which no other site's form sends (SameSite), is what guards then.
fn same_origin(headers: &HeaderMap, base: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == "null" || origin == base,
        (None, None) => true,
    }
}

/// What every answer carries.
fn guarded(reply: Reply, head: bool) -> Reply {
    const GUARDS: [(&str, &str); 9] = [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex, nofollow"),
        ("strict-transport-security", "max-age=31536000"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("x-frame-options", "DENY"),
    ];
    let reply = GUARDS.iter().fold(reply, |reply, (name, value)| reply.header(name, *value));
    if head { Reply { body: Vec::new(), ..reply } } else { reply }
}

/// What a page cannot be made of.
fn sorry(trouble: Trouble) -> Reply {
    match trouble {
        Trouble::Outage => html::outage(),
        Trouble::Refused(_) => html::nowhere(),
    }
}
