//! A FHIR client that costs little beside the gateway it measures: one HTTP/1.1 connection over mutual
//! TLS, requests and answers as bytes. And a server of the same make as the gateway's with nothing
//! behind it, which answers as many bytes as it is asked for: what TLS and HTTP alone can do here.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use rustls::ClientConfig;
use serde_json::Value;

use crate::harness::{Gateway, Wire, anonymous_config, client_config, server_config};

/// A partner's connection.
pub struct Http {
    wire: Wire,
    /// What remembers that a PIN was given.
    pub cookie: Option<String>,
}

/// What was answered.
pub struct Heard {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Heard {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Heard {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

/// So many connections of a partner, their handshakes over.
pub fn open(gateway: &Gateway, name: &str, connections: usize) -> Vec<Http> {
    let tls = Arc::new(client_config(&gateway.root(), name));
    open_to(&tls, gateway.machines(), connections, "/fhir/metadata")
}

/// So many connections of a volunteer's browser, their handshakes over.
pub fn open_people(gateway: &Gateway, connections: usize) -> Vec<Http> {
    let tls = Arc::new(anonymous_config(&gateway.root()));
    let (_, port) = gateway.people().rsplit_once(':').unwrap();
    open_to(&tls, port.parse().unwrap(), connections, "/page.css")
}

fn open_to(tls: &Arc<ClientConfig>, port: u16, connections: usize, first: &str) -> Vec<Http> {
    let one = |_| {
        let mut http = Http { wire: Wire::shared(tls, port), cookie: None };
        http.get(first).expect(200);
        http
    };
    (0..connections).map(one).collect()
}

impl Http {
    pub fn get(&mut self, path: &str) -> Heard {
        self.ask("GET", path, "application/fhir+json", &[])
    }

    /// POST of a FHIR body.
    pub fn post(&mut self, path: &str, body: &[u8]) -> Heard {
        self.ask("POST", path, "application/fhir+json", body)
    }

    /// Gives an organization's PIN on the page of a link; the cookie that remembers it.
    pub fn give_pin(&mut self, page: &str, pin: &str) -> String {
        let form = format!("pin={pin}");
        let kind = "application/x-www-form-urlencoded";
        let heard = self.ask("POST", &format!("{page}/pin"), kind, form.as_bytes()).expect(303);
        let set = heard.head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        set.and_then(|line| line.split(';').next()).expect("a cookie").to_owned()
    }

    fn ask(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Heard {
        let mut request = Vec::with_capacity(body.len() + 256);
        let length = body.len();
        write!(request, "{method} {path} HTTP/1.1\r\nhost: localhost\r\n").unwrap();
        write!(request, "accept: {kind}, */*;q=0.1\r\ncontent-length: {length}\r\n").unwrap();
        if let Some(cookie) = &self.cookie {
            write!(request, "cookie: {cookie}\r\n").unwrap();
        }
        write!(request, "content-type: {kind}\r\n\r\n").unwrap();
        request.extend_from_slice(body);
        self.wire.say(&request).unwrap();
        let mut heard = self.wire.hear(|heard| whole(heard).is_some());
        let at = whole(&heard).expect("a whole answer with a content-length");
        let head = String::from_utf8_lossy(&heard[..at]).into_owned();
        let status = crate::harness::status(&head).unwrap();
        Heard { status, head, body: heard.split_off(at) }
    }
}

/// Where the body begins, if all of it is there.
fn whole(heard: &[u8]) -> Option<usize> {
    let at = heard.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&heard[..at]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    // Hyper says none where there is no body.
    let length: usize = length.map_or(0, |text| text.trim().parse().unwrap());
    (heard.len() >= at + length).then_some(at)
}

/// The server with nothing behind it.
pub struct Ceiling {
    tls: Arc<ClientConfig>,
    port: u16,
    runtime: tokio::runtime::Runtime,
}

impl Ceiling {
    /// Serves on a port of this machine, with a certificate of that deployment's authority.
    pub fn serve(root: &Path) -> Ceiling {
        let tls = axum_server::tls_rustls::RustlsConfig::from_config(Arc::new(server_config(root)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(|uri: Uri, _whole: Bytes| async move {
            let bytes = uri.path().trim_start_matches('/').parse().unwrap_or(0);
            vec![b'x'; bytes]
        });
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = {
            let _inside = runtime.enter();
            axum_server::from_tcp_rustls(listener, tls).unwrap()
        };
        runtime.spawn(async move { server.serve(app.into_make_service()).await });
        let tls = Arc::new(client_config(root, "clinic-b"));
        Ceiling { tls, port, runtime }
    }

    /// So many connections to it.
    pub fn open(&self, connections: usize) -> Vec<Http> {
        open_to(&self.tls, self.port, connections, "/0")
    }

    /// It serves no more.
    pub fn stop(self) {
        self.runtime.shutdown_background();
    }
}
