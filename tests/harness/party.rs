//! A hospital, a clinic, a community organization, or nobody: an HTTPS client.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::runtime::Runtime;

/// One party, with or without a certificate.
pub struct Party {
    client: Client,
    base: String,
    runtime: Runtime,
}

/// What the gateway answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, if it was JSON; null otherwise.
    pub json: Value,
    /// The body.
    pub text: String,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Loopgate-Receipt`.
    pub receipt: Option<String>,
    /// `Location`.
    pub location: Option<String>,
}

impl Party {
    /// A partner of a deployment, with the certificate that was issued to it.
    pub fn with_certificate(root: &Path, name: &str, base: &str) -> Party {
        Party::new(client_config(root, name), base)
    }

    /// Somebody without a certificate.
    pub fn stranger(root: &Path, base: &str) -> Party {
        Party::new(anonymous_config(root), base)
    }

    fn new(tls: rustls::ClientConfig, base: &str) -> Party {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Party { client, base: base.to_owned(), runtime }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], Vec::new())
    }

    /// POST of a FHIR body.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let fhir = [("content-type", "application/fhir+json")];
        self.call("POST", path, &fhir, body.to_string().into_bytes())
    }

    /// PUT of a FHIR body.
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        let fhir = [("content-type", "application/fhir+json")];
        self.call("PUT", path, &fhir, body.to_string().into_bytes())
    }

    /// An act of a community organization.
    pub fn act(&self, referral: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/cbo/v1/referrals/{referral}/{act}");
        let json = [("content-type", "application/json")];
        self.call("POST", &path, &json, body.to_string().into_bytes())
    }

    /// The bytes of an answer that must be 200, as they came.
    #[track_caller]
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let request = self.client.get(format!("{}{path}", self.base));
        let (status, bytes) = self.runtime.block_on(async {
            let response = request.timeout(Duration::from_secs(300)).send().await.unwrap();
            (response.status(), response.bytes().await.unwrap().to_vec())
        });
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        bytes
    }

    /// A file of answers, however long it takes.
    pub fn upload_csv(&self, file: &[u8]) -> Answer {
        let url = format!("{}/cbo/v1/referrals.csv", self.base);
        let request = self.client.post(url).header("content-type", "text/csv").body(file.to_vec());
        let request = request.timeout(Duration::from_secs(300));
        let (status, text) = self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        });
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, json, text, ..Answer::broken() }
    }

    /// Any request; a connection that breaks is status 0.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.runtime.block_on(async {
            let Ok(response) = request.send().await else { return Answer::broken() };
            let status = response.status().as_u16();
            let header = |name: &str| {
                response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
            };
            let (etag, location) = (header("etag"), header("location"));
            let receipt = header("loopgate-receipt");
            let Ok(text) = response.text().await else { return Answer::broken() };
            let json = serde_json::from_str(&text).unwrap_or(Value::Null);
            Answer { status, json, text, etag, receipt, location }
        })
    }

    /// The status and the header fields of an answer.
    pub fn head_of(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, BTreeMap<String, String>) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.runtime.block_on(async { request.send().await }).unwrap();
        let fields = response.headers().iter();
        let fields = fields.map(|(name, v)| (name.to_string(), v.to_str().unwrap().to_owned()));
        (response.status().as_u16(), fields.collect())
    }

    /// The only referral in a community organization's inbox.
    pub fn only_referral(&self) -> String {
        let rows = self.inbox();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0]["referral_id"].as_str().unwrap().to_owned()
    }

    /// A community organization's inbox.
    pub fn inbox(&self) -> Vec<Value> {
        let answer = self.get("/cbo/v1/referrals").expect(200);
        answer.json["referrals"].as_array().unwrap().clone()
    }
}

impl Answer {
    fn broken() -> Answer {
        Answer {
            status: 0,
            json: Value::Null,
            text: String::new(),
            etag: None,
            receipt: None,
            location: None,
        }
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The body without the name of the refusal, which each has.
    pub fn unnamed(&self) -> String {
        match self.text.split_once("urn:loopgate:refusal:") {
            Some((head, rest)) => format!("{head}{}", rest.get(16..).unwrap_or_default()),
            None => self.text.clone(),
        }
    }

    /// Where the nth entry of a transaction is, as a path: `/fhir/Task/…`.
    pub fn entry(&self, n: usize) -> String {
        let location = self.json["entry"][n]["response"]["location"].as_str().unwrap();
        path_of(location)
    }

    /// Where a created resource is, as a path.
    pub fn created(&self) -> String {
        path_of(self.location.as_deref().unwrap())
    }

    /// The `expression`s of an OperationOutcome.
    pub fn expressions(&self) -> Vec<String> {
        let issues = self.json["issue"].as_array().cloned().unwrap_or_default();
        let first = |issue: &Value| issue["expression"][0].as_str().map(str::to_owned);
        issues.iter().filter_map(first).collect()
    }
}

fn path_of(location: &str) -> String {
    let (resource, _) = location.split_once("/_history/").unwrap();
    format!("/fhir/{}", resource.split_once("/fhir/").unwrap().1)
}

/// The TLS of a partner with its certificate.
pub fn client_config(root: &Path, name: &str) -> rustls::ClientConfig {
    let folder = root.join("certs/clients");
    let chain: Vec<CertificateDer> =
        CertificateDer::pem_file_iter(folder.join(format!("{name}.pem")))
            .unwrap()
            .map(Result::unwrap)
            .collect();
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    builder(root).with_client_auth_cert(chain, key).unwrap()
}

/// The TLS of somebody without a certificate.
pub fn anonymous_config(root: &Path) -> rustls::ClientConfig {
    builder(root).with_no_client_auth()
}

fn builder(
    root: &Path,
) -> rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(root.join("certs/ca.pem")).unwrap() {
        roots.add(authority.unwrap()).unwrap();
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
}
