//! A sample network: a deployment of its own, and three organizations with certificates.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use loopgate_server::init::configured;
use loopgate_server::partner::Role;

use super::peer::Peer;

/// Where the gateway listens.
#[derive(Clone, Copy)]
pub struct Ports {
    machines: u16,
    people: u16,
    mllp: u16,
    ops: u16,
}

impl Ports {
    /// The documented ones.
    pub const USUAL: Ports = Ports { machines: 8443, people: 8444, mllp: 2575, ops: 9464 };

    /// Four that are free now.
    pub fn free() -> anyhow::Result<Ports> {
        // All are held until the last is found, so that none is found twice.
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(TcpListener::bind("127.0.0.1:0")?);
        }
        let mut ports = Vec::new();
        for listener in &taken {
            ports.push(listener.local_addr()?.port());
        }
        Ok(Ports { machines: ports[0], people: ports[1], mllp: ports[2], ops: ports[3] })
    }
}

/// The network's deployment.
pub struct Network {
    dir: PathBuf,
    base: String,
}

const PARTNERS: [(&str, Role, &str); 3] = [
    ("clinic-b", Role::Source, "Clinic B"),
    ("pantry", Role::Target, "Juniper Street Pantry"),
    ("housing", Role::Target, "Harbor Housing"),
];

impl Network {
    /// Makes the deployment and its partners.
    pub fn make(dir: &Path, ports: Ports) -> anyhow::Result<Network> {
        crate::sample::make(dir)?;
        let base = format!("https://localhost:{}", ports.machines);
        let file = dir.join("loopgate.toml");
        let text = fs::read_to_string(&file)?;
        let text = configured(
            &text,
            &[
                (["organization", "base_url"], format!("\"{base}/fhir\"")),
                (["listen", "machines"], format!("\"127.0.0.1:{}\"", ports.machines)),
                (["listen", "people"], format!("\"127.0.0.1:{}\"", ports.people)),
                (["listen", "mllp"], format!("\"127.0.0.1:{}\"", ports.mllp)),
                (["people", "base_url"], format!("\"https://localhost:{}\"", ports.people)),
                (["listen", "ops"], format!("\"127.0.0.1:{}\"", ports.ops)),
                (["identity", "shared_systems"], "[\"urn:example:community-id\"]".to_owned()),
            ],
        )?;
        fs::write(&file, text)?;
        for (name, role, title) in PARTNERS {
            crate::sample::partner(dir, name, role, title)?;
        }
        Ok(Network { dir: dir.to_owned(), base })
    }

    /// A partner's client.
    pub fn peer(&self, name: &str) -> anyhow::Result<Peer> {
        let folder = self.dir.join("certs/clients");
        let chain = CertificateDer::pem_file_iter(folder.join(format!("{name}.pem")))
            .context("the partner's certificate")?
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key")))?;
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(self.roots()?)
            .with_client_auth_cert(chain, key)?;
        Peer::new(tls, &self.base)
    }

    /// Somebody without a certificate.
    pub fn stranger(&self) -> anyhow::Result<Peer> {
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        Peer::new(tls, &self.base)
    }

    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(self.dir.join("certs/ca.pem"))? {
            roots.add(root?)?;
        }
        Ok(roots)
    }
}
