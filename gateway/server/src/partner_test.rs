//! `loopgate partner test`: whether a partner can be reached, step by step and in plain words.
//!
//! It reads the deployment's files alone, so it works beside a running gateway, and nothing of it reaches
//! a referral or the log: the person is invented, and nothing is disclosed. On a test link one message
//! is sent, with MSH-11 T. On a production link none ever is, since nobody can promise what the other side
//! does with it: there the connection and the certificates are all that is tried, and only if asked for.
//!
//! Not here: the connection (`partner_test/dial.rs`).

mod dial;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use loopgate_hl7v2::{AckCode, Charset, Limits, Message, read};
use serde::Serialize;

use crate::config::Config;
use crate::inbound::tls;
use crate::outbound::courier;
use crate::outbound::mail::Mailer;
use crate::outbound::targets::Targets;
use crate::partner::spec::{Deployment, test_message};
use crate::partner::{ChannelKind, Endpoint, Lenient, Link, Partner, Shown};
use crate::v2;
use dial::{Line, dial};

/// A certificate that ends sooner is worth a word.
const SOON_DAYS: i64 = 30;

/// What came of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It held.
    Ok,
    /// It held, and somebody should look.
    Warning,
    /// It did not hold; what follows from it was not tried.
    Failed,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was tried.
    pub what: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// In plain words; never what the other side wrote as text.
    pub words: String,
}

/// When it is, and what is drawn for the control id.
pub struct Now {
    /// The wall clock.
    pub at: Timestamp,
    /// Random.
    pub drawn: [u8; 16],
}

/// Steps, until one fails.
#[derive(Default)]
struct Steps(Vec<Step>);

/// The step before failed: there is nothing to go on with.
struct Stop;

impl Steps {
    fn ok(&mut self, what: &'static str, words: impl Into<String>) {
        self.0.push(Step { what, outcome: Outcome::Ok, words: words.into() });
    }

    fn warn(&mut self, what: &'static str, words: impl Into<String>) {
        self.0.push(Step { what, outcome: Outcome::Warning, words: words.into() });
    }

    fn fail(&mut self, what: &'static str, words: impl Into<String>) -> Stop {
        self.0.push(Step { what, outcome: Outcome::Failed, words: words.into() });
        Stop
    }
}

/// Tries every way to a partner. `production`: try the connection although real persons' data pass on it.
pub async fn test(
    partner: &Partner,
    deployment: Deployment<'_>,
    now: Now,
    production: bool,
) -> Vec<Step> {
    let mut steps = Steps::default();
    if partner.suspended {
        steps.warn("partner", "is suspended: nothing else passes until that is lifted");
    }
    if partner.production && !production {
        let words =
            "the link is for production; with --production-link its connection alone is tried";
        steps.fail("partner", words);
        return steps.0;
    }
    let config = deployment.config;
    let link = partner.hl7v2.as_ref();
    match link.and_then(|link| Some((link, link.endpoint.as_ref()?))) {
        Some((link, endpoint)) => {
            let exchange = Exchange { partner, deployment, link, now: &now };
            let _ = exchange.run(endpoint, &mut steps).await;
        }
        None if link.is_some() => {
            steps.ok(
                "hl7v2",
                "there is no endpoint: it connects to us, and gets acknowledgements alone",
            );
        }
        None => {}
    }
    match partner.channel.as_ref().map(|channel| &channel.kind) {
        Some(ChannelKind::Push(to)) => {
            let _ = push(config, &to.endpoint, now.at, &mut steps).await;
        }
        Some(ChannelKind::Email { .. }) => {
            let _ = mail(config, &mut steps).await;
        }
        Some(ChannelKind::Rest) => steps.ok("rest", "it asks us: there is nothing to connect to"),
        Some(ChannelKind::Hl7v2) | None => {}
    }
    if steps.0.is_empty() {
        steps.ok("partner", "it connects to us: there is nothing to connect to");
    }
    steps.0
}

/// One message of ours and its acknowledgement.
struct Exchange<'a> {
    partner: &'a Partner,
    deployment: Deployment<'a>,
    link: &'a Link,
    now: &'a Now,
}

impl Exchange<'_> {
    async fn run(&self, endpoint: &Endpoint, steps: &mut Steps) -> Result<(), Stop> {
        let config = self.deployment.config;
        let (host, port) = (endpoint.host.as_str(), endpoint.port);
        let mut line = connected(config, (host, port), self.now.at, steps).await?;
        if self.partner.production {
            // In TLS 1.3 a server that wants no part of us says so only now.
            line.settled().await.map_err(|words| steps.fail("tls", words))?;
            steps.ok("message", "none is sent: the link is for production");
            return Ok(());
        }
        let time = self.now.at.strftime("%Y%m%d%H%M%S+0000").to_string();
        let control_id = v2::control_id(&[b"partner test", &self.now.drawn]);
        let message = test_message(self.partner, self.deployment, (&time, &control_id));
        let message = message.ok_or_else(|| {
            steps.fail("message", "no mapping says the invented referral on this link")
        })?;
        let kind = kind(&message);
        let patience = Duration::from_secs(config.delivery.timeout_s);
        let lenient = self.link.passes(Lenient::FrameEnd);
        let answer = line.exchange(&message, lenient, patience).await;
        let answer = answer.map_err(|words| steps.fail("message", words))?;
        steps.ok("message", format!("{kind} with MSH-11 T and MSH-10 {control_id} was sent"));
        let answer = read(&answer, &Limits::default(), self.link.charset).map_err(|unsound| {
            steps.fail("acknowledgement", format!("what came back is no message: {}", unsound.flaw))
        })?;
        acknowledged(&answer, &control_id, steps)
    }
}

/// What an acknowledgement says. Its own words are not shown: they may hold anything.
fn acknowledged(answer: &Message, control_id: &str, steps: &mut Steps) -> Result<(), Stop> {
    let what = "acknowledgement";
    let Some((code, id)) = answer.msa() else {
        return Err(steps.fail(what, "what came back has no MSA"));
    };
    if id != control_id {
        return Err(
            steps.fail(what, "MSA-2 is not the MSH-10 of the message: it is of another one")
        );
    }
    match AckCode::parse(code) {
        Some(code) if code.is_positive() => {
            steps.ok(what, format!("{code}, and MSA-2 is the MSH-10 of the message"));
            Ok(())
        }
        Some(code) => {
            let errors = errors(answer);
            let errors = if errors.is_empty() { "without ERR".to_owned() } else { errors };
            let words = format!(
                "{code}: the message was refused, {errors}. Its referral is invented: a receiver that looks it \
                 up does not know it."
            );
            Err(steps.fail(what, words))
        }
        None => Err(steps.fail(what, "MSA-1 is no code of table 0008")),
    }
}

/// ERR-2 and ERR-3.1 of each error, if they are a place and a number.
fn errors(answer: &Message) -> String {
    let plain = |text: &str| text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let errors = answer.segments.iter().filter(|segment| segment.name == "ERR");
    let said = errors.map(|segment| {
        let parts = |field: usize| -> Vec<String> {
            let found = segment.fields.get(field - 1).and_then(|field| field.0.first());
            let texts = found.into_iter().flat_map(|one| &one.0);
            let texts = texts.filter_map(|one| one.0.first().map(|text| text.as_str().to_owned()));
            texts.filter(|text| plain(text)).collect()
        };
        let (place, code) = (parts(2), parts(3));
        let place = match place.as_slice() {
            [segment, _, field, ..] => format!(" at {segment}-{field}"),
            [segment, ..] => format!(" at {segment}"),
            [] => String::new(),
        };
        format!("error {}{place}", code.first().map_or("without a number", String::as_str))
    });
    said.collect::<Vec<_>>().join(", ")
}

/// `RRI^I12` of a message of ours.
fn kind(message: &[u8]) -> String {
    let message = read(message, &Limits::default(), Charset::UTF_8).ok();
    let header = message.and_then(|message| loopgate_hl7v2::Header::of(&message).ok());
    header.map(|header| format!("{}^{}", header.code, header.event)).unwrap_or_default()
}

/// A connection with TLS on it, and a look at the certificate.
async fn connected(
    config: &Config,
    (host, port): (&str, u16),
    now: Timestamp,
    steps: &mut Steps,
) -> Result<Line, Stop> {
    let settings = tls::client_config(&config.tls);
    let settings =
        settings.map_err(|_| steps.fail("tls", "our own certificate files do not read"))?;
    let targets = Targets::new(config.delivery.private_targets.clone());
    let addresses = targets.addresses(host, port).await;
    if addresses.is_empty() {
        let words = "the name leads to no address that may be called: unknown, or private and not among \
                     [delivery] private_targets";
        return Err(steps.fail("name", words));
    }
    steps.ok("name", format!("{host} leads to {} address(es)", addresses.len()));
    let patience = Duration::from_secs(config.delivery.timeout_s);
    let stream =
        dial(&addresses, patience).await.map_err(|words| steps.fail("connection", words))?;
    steps.ok("connection", format!("port {port} is open"));
    let line = Line::secured(stream, settings, host, patience).await;
    let line = line.map_err(|words| steps.fail("tls", words))?;
    steps.ok("tls", format!("{}, and its certificate is for {host}", line.version()));
    let Some(shown) = line.certificate().and_then(Shown::of) else {
        return Err(steps.fail("certificate", "does not read"));
    };
    if shown.ends < now + SignedDuration::from_hours(24 * SOON_DAYS) {
        steps.warn("certificate", format!("ends soon: {}", shown.until));
    } else {
        steps.ok("certificate", format!("holds until {}", shown.until));
    }
    Ok(line)
}

/// Whether a target's endpoint answers, without anything being sent to it but HEAD.
async fn push(
    config: &Config,
    endpoint: &url::Url,
    now: Timestamp,
    steps: &mut Steps,
) -> Result<(), Stop> {
    let targets = Targets::new(config.delivery.private_targets.clone());
    let host = endpoint.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = endpoint.port_or_known_default().unwrap_or(443);
    if !targets.allows_url(endpoint) {
        let words = "the address is private, and not among [delivery] private_targets";
        return Err(steps.fail("name", words));
    }
    drop(connected(config, (&host, port), now, steps).await?);
    let client = tls::client_config(&config.tls)
        .ok()
        .and_then(|settings| courier::client(&config.delivery, targets, settings).ok());
    let client = client.ok_or_else(|| steps.fail("http", "our own settings do not read"))?;
    match client.head(endpoint.clone()).send().await {
        Ok(answer) if answer.status().is_server_error() => {
            Err(steps.fail("http", format!("HEAD is answered with {}", answer.status().as_u16())))
        }
        Ok(answer) => {
            let status = answer.status().as_u16();
            steps.ok(
                "http",
                format!("HEAD is answered with {status}: a server is there, and nothing was sent"),
            );
            Ok(())
        }
        Err(_) => Err(steps.fail("http", "HEAD is not answered")),
    }
}

/// Whether the server that takes our e-mails answers; no e-mail is sent.
async fn mail(config: &Config, steps: &mut Steps) -> Result<(), Stop> {
    let mailer = match Mailer::new(config) {
        Ok(Some(mailer)) => mailer,
        Ok(None) => return Err(steps.fail("mail", "loopgate.toml has no [mail]")),
        Err(_) => return Err(steps.fail("mail", "a file that [mail] names does not read")),
    };
    let reached = tokio::task::spawn_blocking(move || mailer.reaches()).await;
    if reached.unwrap_or(false) {
        steps.ok("mail", "the submission server answers; no e-mail was sent");
        Ok(())
    } else {
        Err(steps
            .fail("mail", "the submission server does not answer, or takes no connection of ours"))
    }
}
