//! What a case has at hand: the parties, names that nobody had before, and what other cases may share.

use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context;
use loopgate_server::clock::{Clock, SystemClock};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use crate::case::{Fail, skip};
use crate::cases::light::Loop;
use crate::chart::Chart;
use crate::client::{Https, Keep, Party, Wire};

/// A client certificate and its key, in PEM.
pub type Identity = (Vec<u8>, Vec<u8>);

/// How to reach a server, and as whom.
#[derive(Clone)]
pub struct Access {
    /// The FHIR base URL.
    pub base: String,
    /// The authority that the server's certificate chains to, in PEM.
    pub authority: Vec<u8>,
    /// The referral source.
    pub source: Identity,
    /// The source's Organization there, `Organization/ID`; without one each chart makes its own.
    pub source_reference: Option<String>,
    /// The referral target, a light recipient.
    pub target: Option<Identity>,
    /// The target's Organization there.
    pub target_reference: Option<String>,
}

/// What carries the parties' requests.
pub struct Wires {
    /// The source's.
    pub source: Box<dyn Wire>,
    /// The target's.
    pub target: Option<Box<dyn Wire>>,
    /// Somebody's without a certificate.
    pub stranger: Box<dyn Wire>,
}

impl Access {
    /// HTTPS for each party.
    pub fn wires(&self) -> anyhow::Result<Wires> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let runtime = Rc::new(runtime);
        let wire = |identity: Option<&Identity>| -> anyhow::Result<Box<dyn Wire>> {
            let tls = self.tls(identity, rustls::DEFAULT_VERSIONS)?;
            Ok(Box::new(Https::new(runtime.clone(), tls)?))
        };
        Ok(Wires {
            source: wire(Some(&self.source))?,
            target: self.target.as_ref().map(|target| wire(Some(target))).transpose()?,
            stranger: wire(None)?,
        })
    }

    /// TLS with this certificate, in these versions.
    pub fn tls(
        &self,
        identity: Option<&Identity>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> anyhow::Result<rustls::ClientConfig> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(&self.authority) {
            roots.add(root.context("the authority's file")?)?;
        }
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .with_root_certificates(roots);
        let Some((certificate, key)) = identity else { return Ok(builder.with_no_client_auth()) };
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let key = PrivateKeyDer::from_pem_slice(key).context("the client's key")?;
        Ok(builder.with_client_auth_cert(chain.context("the client's certificate")?, key)?)
    }
}

/// The world of one run.
pub struct World {
    /// The referral source.
    pub source: Party,
    /// Somebody without a certificate.
    pub stranger: Party,
    /// How it was reached.
    pub access: Access,
    target: Option<Party>,
    run: String,
    count: Cell<u32>,
    clock: SystemClock,
    chart: OnceCell<Chart>,
    story: OnceCell<Loop>,
    statement: OnceCell<Value>,
}

impl World {
    /// A world over these wires.
    pub fn new(access: Access, wires: Wires, keep: Option<PathBuf>) -> World {
        let keep = keep.map(|dir| Rc::new(Keep { dir, count: Cell::new(0) }));
        let base = access.base.trim_end_matches('/').to_owned();
        let party = |wire| Party { wire, base: base.clone(), keep: keep.clone() };
        let clock = SystemClock::new();
        let mut random = [0; 5];
        clock.random(&mut random);
        World {
            source: party(wires.source),
            stranger: party(wires.stranger),
            target: wires.target.map(party),
            access,
            run: hex::encode(random),
            count: Cell::new(0),
            clock,
            chart: OnceCell::new(),
            story: OnceCell::new(),
            statement: OnceCell::new(),
        }
    }

    /// The base URL.
    pub fn base(&self) -> &str {
        &self.source.base
    }

    /// The referral target and its Organization's reference, if one was given.
    pub fn target(&self) -> Result<(&Party, &str), Fail> {
        match (&self.target, self.access.target_reference.as_deref()) {
            (Some(party), Some(reference)) => Ok((party, reference)),
            _ => skip("needs a referral target: --target-cert, --target-key, --target"),
        }
    }

    /// A text that no other case and no other run has.
    pub fn unique(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("{}-{}", self.run, self.count.get())
    }

    /// The clock that only runs forwards, ms.
    pub fn now_ms(&self) -> i64 {
        self.clock.monotonic_ms()
    }

    /// What the reading cases share: two of every type, which the first who asks makes.
    pub fn chart(&self) -> &Chart {
        self.chart.get_or_init(|| Chart::make(self))
    }

    /// A referral that went all the way round, played by the first who asks.
    pub fn story(&self) -> &Loop {
        self.story.get_or_init(|| Loop::play(self))
    }

    /// The server's CapabilityStatement; null if there is none.
    pub fn statement(&self) -> &Value {
        self.statement.get_or_init(|| self.source.get("metadata").json)
    }

    /// What the CapabilityStatement says of a type, as a server.
    pub fn says(&self, kind: &str) -> Option<&Value> {
        let rest = self.statement()["rest"].as_array()?;
        let server = rest.iter().find(|rest| rest["mode"] == "server")?;
        server["resource"].as_array()?.iter().find(|resource| resource["type"] == kind)
    }

    /// Whether the CapabilityStatement lists an interaction with a type.
    pub fn offers(&self, kind: &str, interaction: &str) -> bool {
        let listed = self.says(kind).and_then(|says| says["interaction"].as_array());
        listed.is_some_and(|all| all.iter().any(|one| one["code"] == interaction))
    }
}
