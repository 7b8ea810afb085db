//! TLS: 1.2 is the floor, and each listener says what it wants of its clients.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;

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

/// The TLS settings of a listener, which speaks these protocols (ALPN).
pub fn server_config(
    tls: &Tls,
    clients: Clients,
    protocols: &[&str],
) -> anyhow::Result<rustls::ServerConfig> {
    let chain = certificates(&tls.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|_| io::Error::other("tls.key is not a PEM private key"))?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&tls.client_roots)? {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let builder = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = match clients {
        Clients::MayShow => {
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        }
        Clients::MustShow => builder.with_client_cert_verifier(verifier.build()?),
        Clients::Anyone => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
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
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|_| io::Error::other("tls.key is not a PEM private key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&tls.certificate)?, key)?)
}
