//! A small HTTPS client: one party at one server, and what it was answered.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::case::{Check, Fail, fail};

/// FHIR's media type.
pub const FHIR: &str = "application/fhir+json";
/// The media type of a search's form.
pub const FORM: &str = "application/x-www-form-urlencoded";

const CALL: Duration = Duration::from_secs(30);
/// How much of a body is shown where a case failed, bytes.
const SHOWN_BYTES_MAX: usize = 400;

/// A request as it is sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body; none if empty.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// What was asked: the method and the URL.
    pub asked: String,
    /// HTTP status; 0 if the connection broke.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

/// What carries a request to the server. Tests put one of their own in between, which breaks things.
pub trait Wire {
    /// Sends it, and gives what came back.
    fn send(&self, sent: &Sent) -> Answer;
}

/// HTTPS.
pub struct Https {
    client: Client,
    runtime: Rc<Runtime>,
}

impl Https {
    /// A client with this TLS.
    pub fn new(runtime: Rc<Runtime>, tls: rustls::ClientConfig) -> Result<Https, reqwest::Error> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL)
            .build()?;
        Ok(Https { client, runtime })
    }
}

impl Wire for Https {
    fn send(&self, sent: &Sent) -> Answer {
        let asked = format!("{} {}", sent.method, sent.url);
        let broken =
            |words: String| Answer { asked: asked.clone(), text: words, ..Answer::default() };
        let Ok(method) = Method::from_bytes(sent.method.as_bytes()) else {
            return broken("no method".into());
        };
        let mut request = self.client.request(method, &sent.url);
        for (name, value) in &sent.headers {
            request = request.header(name, value);
        }
        if !sent.body.is_empty() {
            request = request.body(sent.body.clone());
        }
        self.runtime.block_on(async {
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) => return broken(format!("no answer: {error}")),
            };
            let status = response.status().as_u16();
            let headers = response.headers().iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            let headers = headers.collect();
            match response.text().await {
                Ok(text) => {
                    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
                    Answer { asked: asked.clone(), status, headers, text, json }
                }
                Err(error) => broken(format!("the answer broke off: {error}")),
            }
        })
    }
}

/// Where every FHIR body goes that the server sent.
pub struct Keep {
    /// The folder.
    pub dir: PathBuf,
    /// How many there are.
    pub count: Cell<u32>,
}

impl Keep {
    fn body(&self, answer: &Answer) {
        let Some(kind) = answer.json["resourceType"].as_str() else { return };
        let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
        let n = self.count.get() + 1;
        self.count.set(n);
        // What is not kept is missed by who reads the folder; no case depends on it.
        let _ = fs::write(self.dir.join(format!("{n:05}-{kind}.json")), &answer.text);
    }
}

/// One party.
pub struct Party {
    /// What carries its requests.
    pub wire: Box<dyn Wire>,
    /// The base URL, without a slash at its end.
    pub base: String,
    /// Where bodies are kept, if they are.
    pub keep: Option<Rc<Keep>>,
}

impl Party {
    /// Any request. `path` is relative to the base, or a whole URL.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let url = match path {
            whole if whole.starts_with("http") => whole.to_owned(),
            "" => self.base.clone(),
            path => format!("{}/{path}", self.base),
        };
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let sent =
            Sent { method: method.into(), url, headers: headers.collect(), body: body.to_vec() };
        let answer = self.wire.send(&sent);
        if let Some(keep) = &self.keep {
            keep.body(&answer);
        }
        answer
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"")
    }

    /// GET with header fields.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call("GET", path, headers, b"")
    }

    /// POST of a FHIR body.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[])
    }

    /// POST of a FHIR body with more header fields.
    pub fn post_with(&self, path: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let headers = [&[("content-type", FHIR)][..], more].concat();
        self.call("POST", path, &headers, body.to_string().as_bytes())
    }

    /// PUT of a FHIR body.
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.put_with(path, body, &[])
    }

    /// PUT of a FHIR body with more header fields.
    pub fn put_with(&self, path: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let headers = [&[("content-type", FHIR)][..], more].concat();
        self.call("PUT", path, &headers, body.to_string().as_bytes())
    }

    /// The answer to a search, as a page.
    pub fn search(&self, kind: &str, query: &str) -> Result<Page, Fail> {
        self.get(&format!("{kind}?{query}")).page()
    }
}

impl Answer {
    /// The answer, if it has this status.
    pub fn expect(self, status: u16) -> Result<Answer, Fail> {
        self.expect_any(&[status])
    }

    /// The answer, if it has one of these.
    pub fn expect_any(self, statuses: &[u16]) -> Result<Answer, Fail> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let wanted: Vec<String> = statuses.iter().map(u16::to_string).collect();
        fail(format!("{}, not {}: {}", self.told(), wanted.join(" or "), self.shown()))
    }

    /// What was asked and answered, in short.
    pub fn told(&self) -> String {
        format!("{} answered {}", self.asked, self.status)
    }

    /// The beginning of the body.
    pub fn shown(&self) -> String {
        let mut end = self.text.len().min(SHOWN_BYTES_MAX);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text[..end].to_owned()
    }

    /// A header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A header field that has to be there.
    pub fn must(&self, name: &str) -> Result<&str, Fail> {
        match self.header(name) {
            Some(value) => Ok(value),
            None => fail(format!("{}, without {name}", self.told())),
        }
    }

    /// That a refusal is one: this status, and an OperationOutcome with an error.
    pub fn refused(self, statuses: &[u16]) -> Result<Answer, Fail> {
        let answer = self.expect_any(statuses)?;
        answer.outcome()?;
        Ok(answer)
    }

    /// That the body is an OperationOutcome with an error.
    pub fn outcome(&self) -> Check {
        let issues = self.json["issue"].as_array();
        let error = |issue: &Value| {
            matches!(issue["severity"].as_str(), Some("error" | "fatal"))
                && issue["code"].is_string()
        };
        let sound = self.json["resourceType"] == "OperationOutcome"
            && issues.is_some_and(|issues| issues.iter().any(error));
        if !sound {
            return fail(format!("{}, without an OperationOutcome: {}", self.told(), self.shown()));
        }
        self.is_fhir()
    }

    /// That the body is said to be FHIR in JSON.
    pub fn is_fhir(&self) -> Check {
        let media = self.must("content-type")?;
        if media.split(';').next().map(str::trim) == Some(FHIR) {
            return Ok(());
        }
        fail(format!("{} with content-type {media}", self.told()))
    }

    /// Every `expression` of an OperationOutcome.
    pub fn expressions(&self) -> Vec<&str> {
        let issues = self.json["issue"].as_array().map_or(&[][..], Vec::as_slice);
        let all = issues.iter().flat_map(|issue| issue["expression"].as_array());
        all.flatten().filter_map(Value::as_str).collect()
    }

    /// `Type/id` of what was created, from `Location`.
    pub fn created(&self) -> Result<String, Fail> {
        let location = self.must("location")?;
        match reference_in(location) {
            Some(reference) => Ok(reference),
            None => fail(format!("{} with Location {location}", self.told())),
        }
    }

    /// The version that `ETag` says.
    pub fn version(&self) -> Result<String, Fail> {
        let etag = self.must("etag")?;
        let version = etag.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"'));
        match version.filter(|version| !version.is_empty()) {
            Some(version) => Ok(version.to_owned()),
            None => fail(format!("{} with ETag {etag}, not W/\"version\"", self.told())),
        }
    }

    /// The answer to a search, as a page.
    pub fn page(self) -> Result<Page, Fail> {
        let answer = self.expect(200)?;
        answer.is_fhir()?;
        if answer.json["resourceType"] != "Bundle" || answer.json["type"] != "searchset" {
            return fail(format!("{}, no searchset: {}", answer.told(), answer.shown()));
        }
        Ok(Page(answer))
    }
}

/// `Type/id` at the end of a URL, before `/_history/version`.
pub fn reference_in(url: &str) -> Option<String> {
    let url = url.split_once("/_history/").map_or(url, |(head, _)| head);
    let mut parts = url.rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    Some(format!("{kind}/{id}"))
}

/// A page of a search.
pub struct Page(pub Answer);

impl Page {
    /// The entries.
    pub fn entries(&self) -> &[Value] {
        self.0.json["entry"].as_array().map_or(&[], Vec::as_slice)
    }

    /// `Type/id` of the entries with this mode.
    pub fn ids(&self, mode: &str) -> Vec<String> {
        let of_mode = self.entries().iter().filter(|entry| entry["search"]["mode"] == mode);
        of_mode.map(|entry| reference_of(&entry["resource"])).collect()
    }

    /// `Type/id` of what matched.
    pub fn matches(&self) -> Vec<String> {
        self.ids("match")
    }

    /// A link.
    pub fn link(&self, relation: &str) -> Option<&str> {
        let links = self.0.json["link"].as_array()?;
        links.iter().find(|link| link["relation"] == relation)?["url"].as_str()
    }

    /// Fails unless these matched, in any order, and nothing else.
    pub fn are(&self, wanted: &[&str]) -> Check {
        let mut found = self.matches();
        let mut wanted: Vec<&str> = wanted.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        if found == wanted {
            return Ok(());
        }
        fail(format!("{} found {found:?}, not {wanted:?}", self.0.asked))
    }
}

/// `Type/id` of a resource.
pub fn reference_of(resource: &Value) -> String {
    let text = |member: &str| resource[member].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text("resourceType"), text("id"))
}

/// A value as part of a query.
pub fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
