//! E-mails that say that a referral waits, with the link to it. They say nothing of the person or the
//! need: only the page does, to whoever knows the organization's PIN.

use std::io;
use std::path::Path;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};

use crate::config::{Config, Mail, MailTls};
use crate::inbound::tls::certificates;

/// The way to the submission server.
pub struct Mailer {
    transport: SmtpTransport,
    from: String,
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

/// The server did not take it, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the submission server did not take an e-mail")]
pub struct NotTaken;

impl Mailer {
    /// The way that the configuration names, if it names one.
    pub fn new(config: &Config) -> io::Result<Option<Mailer>> {
        let Some(mail) = &config.mail else { return Ok(None) };
        let roots = mail.roots.as_ref().unwrap_or(&config.tls.client_roots);
        let mut builder = SmtpTransport::builder_dangerous(&mail.host)
            .port(mail.port)
            .timeout(Some(Duration::from_secs(config.delivery.timeout_s)))
            .tls(tls(mail, roots)?);
        if let Some((user, file)) = &mail.login {
            let password = std::fs::read_to_string(file)?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Some(Mailer { transport: builder.build(), from: mail.from.clone() }))
    }

    /// Whether the server answers, without an e-mail.
    pub fn reaches(&self) -> bool {
        self.transport.test_connection().unwrap_or(false)
    }

    /// Sends one e-mail, and returns once the server took it.
    pub fn send(&self, letter: &Letter<'_>) -> Result<(), NotTaken> {
        let host = self.from.rsplit_once('@').map_or("localhost", |(_, host)| host);
        let message = Message::builder()
            .from(self.from.parse().map_err(|_| NotTaken)?)
            .to(letter.to.parse().map_err(|_| NotTaken)?)
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .date(letter.at)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone())
            .map_err(|_| NotTaken)?;
        match self.transport.send(&message) {
            Ok(_) => Ok(()),
            Err(error) => {
                // What the server says could hold the address; its class is enough.
                let (transient, permanent) = (error.is_transient(), error.is_permanent());
                tracing::info!(transient, permanent, "an e-mail was not taken");
                Err(NotTaken)
            }
        }
    }
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
        MailTls::Implicit => Tls::Wrapper(parameters()?),
        MailTls::Starttls => Tls::Required(parameters()?),
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
