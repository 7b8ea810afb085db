//! A hospital's or community organization's own client, as the demo plays it.

use anyhow::{Context, bail};
use reqwest::{Client, Method};
use serde_json::Value;

/// FHIR's media type.
pub const FHIR: &str = "application/fhir+json";

/// One organization with its certificate.
pub struct Peer {
    client: Client,
    base: String,
}

/// What the gateway answered.
pub struct Answer {
    path: String,
    status: u16,
    /// The body, if it was JSON.
    pub body: Value,
}

impl Peer {
    /// A client that trusts the gateway's authority, and shows a certificate if it has one.
    pub fn new(tls: rustls::ClientConfig, base: &str) -> anyhow::Result<Peer> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .timeout(super::CALL)
            .build()?;
        Ok(Peer { client, base: base.to_owned() })
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, media: &str, body: &str) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, Some((media, body))).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, &str)>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some((media, body)) = body {
            request = request.header("content-type", media).body(body.to_owned());
        }
        let response = request.send().await.context("the gateway does not answer")?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { path: path.to_owned(), status, body })
    }
}

impl Answer {
    /// The answer, if it has this status.
    pub fn expect(self, status: u16) -> anyhow::Result<Answer> {
        if self.status != status {
            bail!("{} answered {} instead of {status}: {}", self.path, self.status, self.body);
        }
        Ok(self)
    }

    /// Where the nth entry of a transaction is, as a path.
    pub fn location(&self, n: usize) -> anyhow::Result<String> {
        let location = self.body["entry"][n]["response"]["location"].as_str();
        let location = location.context("the answer has no such entry")?;
        let (resource, _) = location.split_once("/_history/").context("not a version")?;
        let (_, path) = resource.split_once("/fhir/").context("not a resource")?;
        Ok(format!("/fhir/{path}"))
    }
}
