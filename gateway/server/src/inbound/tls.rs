//! TLS for machines: 1.2 is the floor, a client certificate is asked for and optional at the
//! handshake, since each route decides whether it needs one.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;

/// The TLS settings of the machines' listener.
pub fn server_config(tls: &Tls) -> anyhow::Result<rustls::ServerConfig> {
    let chain = certificates(&tls.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|_| io::Error::other("tls.key is not a PEM private key"))?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&tls.client_roots)? {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
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
