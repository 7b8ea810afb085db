//! TLS: 1.2 is the floor, and each listener says what it wants of its clients.

use std::io;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;
use crate::identity::crl;

/// What a listener wants of those who connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// A certificate, if they have one: each route decides whether it needs one.
    MayShow,
    /// A certificate.
    MustShow,
    /// Nothing: people have none, and must not be asked.
    Anyone,
}

/// The settings of a listener, read again while it runs: certificates, roots, revocation lists.
pub struct Settings {
    clients: Clients,
    protocols: &'static [&'static str],
    now: ArcSwap<rustls::ServerConfig>,
}

impl Settings {
    /// As the files are now.
    pub fn read(
        tls: &Tls,
        clients: Clients,
        protocols: &'static [&'static str],
    ) -> anyhow::Result<Arc<Settings>> {
        let now = ArcSwap::from_pointee(server_config(tls, clients, protocols)?);
        Ok(Arc::new(Settings { clients, protocols, now }))
    }

    /// What the next connection is accepted with.
    pub fn now(&self) -> Arc<rustls::ServerConfig> {
        self.now.load_full()
    }

    /// Reads the files again; what does not read leaves all as it was.
    pub fn read_again(&self, tls: &Tls) -> anyhow::Result<()> {
        self.now.store(Arc::new(server_config(tls, self.clients, self.protocols)?));
        Ok(())
    }
}

/// The TLS settings of a listener, which speaks these protocols (ALPN).
fn server_config(
    tls: &Tls,
    clients: Clients,
    protocols: &[&str],
) -> anyhow::Result<rustls::ServerConfig> {
    let (chain, key) = own(&tls.certificate, &tls.key)?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&tls.client_roots)? {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let lists = crl::lists(&tls.client_crls)?;
    if !lists.is_empty() {
        // By default rustls takes a list that is over; what it says then is not known.
        verifier = verifier.with_crls(lists).enforce_revocation_expiration();
    }
    let builder = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = match clients {
        Clients::MayShow => {
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        }
        Clients::MustShow => builder.with_client_cert_verifier(verifier.build()?),
        Clients::Anyone => builder.with_no_client_auth(),
    };
    Ok(closed(builder.with_single_cert(chain, key)?, protocols))
}

/// The TLS settings of a listener that asks nobody for a certificate and speaks HTTP/1.1.
pub fn anyones(certificate: &Path, key: &Path) -> anyhow::Result<rustls::ServerConfig> {
    let (chain, key) = own(certificate, key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    Ok(closed(config, &["http/1.1"]))
}

fn own(
    certificate: &Path,
    key: &Path,
) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| io::Error::other("tls.key is not a PEM private key"))?;
    Ok((certificates(certificate)?, key))
}

/// Nothing is resumed, and only these protocols are spoken.
fn closed(mut config: rustls::ServerConfig, protocols: &[&str]) -> rustls::ServerConfig {
    // A resumed session would skip the look at the lists.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// The certificates of a PEM file.
pub fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|_| io::Error::other("a certificate file is not readable PEM"))?
        .collect();
    let found = found.map_err(|_| io::Error::other("a certificate file is not PEM"))?;
    anyhow::ensure!(!found.is_empty(), "a certificate file holds no certificate");
    Ok(found)
}

/// The TLS settings of what we call: explicit roots, and our own certificate for who asks for one.
pub fn client_config(tls: &Tls) -> anyhow::Result<rustls::ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in certificates(&tls.client_roots)? {
        roots.add(root)?;
    }
    let (chain, key) = own(&tls.certificate, &tls.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?)
}
