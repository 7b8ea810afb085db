//! The way of e-mails to the submission server. Not here: what they say (`mail/words.rs`), what is due
//! (`mailing.rs`).

pub mod words;

use std::io;
use std::path::Path;
use std::time::Duration;

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use crate::config::{Config, Mail, MailTls};
use crate::inbound::tls::certificates;

/// The way to the submission server.
pub struct Mailer {
    server: (String, u16),
    timeout: Duration,
    tls: Tls,
    login: Option<Credentials>,
    from: String,
}

enum Tls {
    Implicit(TlsParameters),
    Starttls(TlsParameters),
    None,
}

/// One e-mail.
pub struct Letter<'a> {
    /// The organization's address.
    pub to: &'a str,
    /// Fixed words and the organization's own name.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same each time it is sent, before the `@`.
    pub id: String,
    /// When it is written.
    pub at: std::time::SystemTime,
}

/// Why the server did not take an e-mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Not now, or not for a reason that lies with the address.
    #[error("the submission server did not take an e-mail")]
    Now,
    /// The address takes nothing, for good; with the status (RFC 3463) or reply code.
    #[error("the submission server refuses the address")]
    Address(String),
}

type SmtpError = lettre::transport::smtp::Error;

impl Mailer {
    /// The way that the configuration names, if it names one.
    pub fn new(config: &Config) -> io::Result<Option<Mailer>> {
        let Some(mail) = &config.mail else { return Ok(None) };
        let roots = mail.roots.as_ref().unwrap_or(&config.tls.client_roots);
        let login = match &mail.login {
            Some((user, file)) => {
                let password = std::fs::read_to_string(file)?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                Some(Credentials::new(user.clone(), password))
            }
            None => None,
        };
        Ok(Some(Mailer {
            server: (mail.host.clone(), mail.port),
            timeout: Duration::from_secs(config.delivery.timeout_s),
            tls: tls(mail, roots)?,
            login,
            from: mail.from.clone(),
        }))
    }

    /// Whether the server answers, without an e-mail.
    pub fn reaches(&self) -> bool {
        self.connect().is_ok_and(|mut connection| {
            let answers = connection.test_connected();
            connection.abort();
            answers
        })
    }

    /// Sends one e-mail, and returns once the server took it.
    pub fn send(&self, letter: &Letter<'_>) -> Result<(), NotTaken> {
        let host = self.from.rsplit_once('@').map_or("localhost", |(_, host)| host);
        let message = Message::builder()
            .from(self.from.parse().map_err(|_| NotTaken::Now)?)
            .to(letter.to.parse().map_err(|_| NotTaken::Now)?)
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .date(letter.at)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone())
            .map_err(|_| NotTaken::Now)?;
        let sent = self.connect().map_err(|error| noted(&error)).and_then(|mut connection| {
            let sent = converse(&mut connection, message.envelope(), &message.formatted());
            connection.abort();
            sent
        });
        if sent == Err(NotTaken::Now) {
            tracing::info!("an e-mail was not taken");
        }
        sent
    }

    fn connect(&self) -> Result<SmtpConnection, SmtpError> {
        let hello = ClientId::default();
        let implicit = match &self.tls {
            Tls::Implicit(parameters) => Some(parameters),
            Tls::Starttls(_) | Tls::None => None,
        };
        let server = (self.server.0.as_str(), self.server.1);
        let mut connection =
            SmtpConnection::connect(server, Some(self.timeout), &hello, implicit, None)?;
        if let Tls::Starttls(parameters) = &self.tls {
            connection.starttls(parameters, &hello)?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login)?;
        }
        Ok(connection)
    }
}

/// One e-mail to one address. A refusal for good is the address's where it is said of the address: after
/// RCPT, or later with a status of address or mailbox. What is said of us is ours to put right.
fn converse(
    connection: &mut SmtpConnection,
    envelope: &Envelope,
    message: &[u8],
) -> Result<(), NotTaken> {
    // What we write is ASCII on the way, whatever it says.
    let from = MailFrom::new(envelope.from().cloned(), Vec::new());
    connection.command(from).map_err(|error| noted(&error))?;
    for to in envelope.to() {
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        connection.command(rcpt).map_err(|error| {
            let code = code(&error);
            let theirs = error.is_permanent() && is_of_recipient(&code);
            if theirs { NotTaken::Address(code) } else { noted(&error) }
        })?;
    }
    connection.command(Data).map_err(|error| of_address(&error))?;
    connection.message(message).map_err(|error| of_address(&error))?;
    Ok(())
}

/// A refusal that says by its status that it is of the address or the mailbox.
fn of_address(error: &SmtpError) -> NotTaken {
    let code = code(error);
    if error.is_permanent() && is_of_address(&code) {
        NotTaken::Address(code)
    } else {
        noted(error)
    }
}

fn noted(error: &SmtpError) -> NotTaken {
    // What the server says could hold the address; its class is enough.
    let (transient, permanent) = (error.is_transient(), error.is_permanent());
    tracing::info!(transient, permanent, "the submission server said no, or nothing");
    NotTaken::Now
}

/// Whether a status is of the address or the mailbox (RFC 3463 §3.2, §3.3).
fn is_of_address(code: &str) -> bool {
    code.starts_with("5.1.") || code.starts_with("5.2.")
}

/// Whether a refusal of RCPT is the recipient's. Without a status its reply code says so (RFC 5321 §4.2.3);
/// policy and sign-in (5.7, 530, 554) are about us.
fn is_of_recipient(code: &str) -> bool {
    is_of_address(code) || ["550", "551", "553"].contains(&code)
}

/// The status code (RFC 3463) of an answer, or its reply code; nothing of its words.
fn code(error: &SmtpError) -> String {
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let first = words.split_ascii_whitespace().next().unwrap_or_default();
    if is_status(first) {
        return first.to_owned();
    }
    error.status().map(|code| code.to_string()).unwrap_or_default()
}

/// Whether this is a status code as RFC 3463 spells them: `5.1.1`.
pub fn is_status(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && parts.iter().all(digits)
}

fn tls(mail: &Mail, roots: &Path) -> io::Result<Tls> {
    let parameters = || -> io::Result<TlsParameters> {
        let mut builder =
            TlsParameters::builder(mail.host.clone()).certificate_store(CertificateStore::None);
        let found = certificates(roots).map_err(io::Error::other)?;
        for root in found {
            let root = Certificate::from_der(root.to_vec()).map_err(io::Error::other)?;
            builder = builder.add_root_certificate(root);
        }
        builder.build().map_err(io::Error::other)
    };
    Ok(match mail.tls {
        MailTls::Implicit => Tls::Implicit(parameters()?),
        MailTls::Starttls => Tls::Starttls(parameters()?),
        MailTls::None => Tls::None,
    })
}

/// RFC 3834: nobody's answering machine answers.
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_recipient_is_theirs_and_one_of_policy_is_ours() {
        for code in ["550", "551", "553", "5.1.1", "5.1.10", "5.2.1"] {
            assert!(is_of_recipient(code), "{code}");
        }
        for code in ["5.7.1", "5.7.26", "530", "535", "554", "5.5.1", "5.4.1", ""] {
            assert!(!is_of_recipient(code), "{code}");
        }
        // Once the recipient was taken, a bare code says nothing of them.
        assert!(!is_of_address("550") && is_of_address("5.1.1"));
    }
}
