//! A sample network: a deployment of its own, and four organizations, each with what it speaks.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::doorkey::hash_pin;
use loopgate_server::init::configured;
use loopgate_server::partner::{Authority, Channel, ChannelKind, Endpoint, Link, Role, Timing};

use super::browser::Browser;
use super::engine::{Engine, Inbox};
use super::peer::Peer;
use super::post::Post;

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
    mllp: u16,
    /// The pantry's mailbox.
    pub post: Post,
    /// Hospital A's engine takes answers here.
    pub inbox: Inbox,
}

/// What the pantry's volunteers know by heart.
pub const PIN: &str = "482913";

const PARTNERS: [(&str, Role, &str); 4] = [
    ("hospital-a", Role::Source, "Hospital A"),
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
                // The demo's hospital listens on this machine.
                (["delivery", "private_targets"], "[\"127.0.0.1\"]".to_owned()),
            ],
        )?;
        let post = Post::open()?;
        let mail = format!(
            "\n[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"referrals@gateway.example\"\ndigest_gather_s = 0\n",
            post.port
        );
        fs::write(&file, text + &mail)?;
        let inbox = Inbox::open(tls_of_server(dir)?)?;
        for (name, role, title) in PARTNERS {
            crate::sample::partner(dir, name, role, title, &mut |partner| match name {
                "hospital-a" => partner.hl7v2 = Some(link(inbox.port)),
                "pantry" => partner.channel = email(),
                _ => {}
            })?;
        }
        Ok(Network { dir: dir.to_owned(), base, mllp: ports.mllp, post, inbox })
    }

    /// Hospital A's engine.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        Ok(Engine::new(self.tls("hospital-a")?, self.mllp))
    }

    /// A volunteer's browser.
    pub fn browser(&self) -> anyhow::Result<Browser> {
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        Browser::new(tls)
    }

    /// A partner's client.
    pub fn peer(&self, name: &str) -> anyhow::Result<Peer> {
        Peer::new(self.tls(name)?, &self.base)
    }

    fn tls(&self, name: &str) -> anyhow::Result<rustls::ClientConfig> {
        let folder = self.dir.join("certs/clients");
        let chain = CertificateDer::pem_file_iter(folder.join(format!("{name}.pem")))
            .context("the partner's certificate")?
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key")))?;
        Ok(rustls::ClientConfig::builder()
            .with_root_certificates(self.roots()?)
            .with_client_auth_cert(chain, key)?)
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

/// The demo's hospital shows the certificate for localhost that the deployment has.
fn tls_of_server(dir: &Path) -> anyhow::Result<rustls::ServerConfig> {
    let certs = dir.join("certs");
    let chain =
        CertificateDer::pem_file_iter(certs.join("server.pem"))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certs.join("server.key"))?;
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?)
}

fn link(port: u16) -> Link {
    let authority =
        |name: &str, system: &str| Authority { name: name.into(), system: system.into() };
    Link {
        endpoint: Some(Endpoint { host: "localhost".into(), port }),
        authorities: vec![
            authority("HOSPA", "urn:example:hospital-a:mrn"),
            authority("COMM", "urn:example:community-id"),
            authority("NPI", "urn:example:npi"),
        ],
        ..Link::new("EHR", "HOSPA")
    }
}

fn email() -> Option<Channel> {
    let mut salt = [0; 16];
    SystemClock::new().random(&mut salt);
    let pin = hash_pin(PIN, &salt)?;
    let address = "intake@pantry.example".into();
    let timing = Timing::default();
    Some(Channel { dialect: "cbo-json".into(), kind: ChannelKind::Email { address, pin, timing } })
}
