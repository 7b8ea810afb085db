//! Webhooks a second to one receiver over TLS, from when they are let go to when the last is recorded taken;
//! and how many bare POSTs of the same bytes the same receiver takes from a client that does nothing else, as
//! many at once. The disk is measured in the same run, since each webhook is two entries: that it leaves,
//! and that it was taken.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;
mod load_bench;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use harness::{Gateway, Referral, client_config, partner_file, server_config};
use load_bench::syncs;
use serde_json::Value;

const WEBHOOKS: usize = 2000;
/// As many as the gateway has on their way to one receiver.
const AT_ONCE: usize = 8;
/// Time passes for the gateway as it does here: commits are at least a millisecond apart, and a log that is
/// ahead of its clock waits for an operator.
const LOOK: Duration = Duration::from_millis(20);
const COMMIT_MS: i64 = 4;
const STUCK: Duration = Duration::from_secs(10);
const DISK: Duration = Duration::from_secs(2);
/// About as much as one entry of these adds to the log.
const SYNCED_BYTES: usize = 4 * 1024;

fn main() {
    let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let receiver = Sink::serve(&gateway);
    gateway.serve();
    let disk = syncs(&gateway.root(), SYNCED_BYTES, DISK);
    println!("the disk syncs {disk:.0} writes of {SYNCED_BYTES} bytes a second");
    println!("payload      bytes  webhooks/s  bare POSTs/s   ratio  per sync");
    for (name, payload) in [("by-reference", "reference"), ("all-of-it", "whole")] {
        let channel = format!(
            "kind = \"push\"\npayload = \"{payload}\"\nendpoint = \"https://127.0.0.1:{}/\"",
            receiver.port
        );
        gateway.add_partner(name, &partner_file(name, "target", &channel));
        gateway.disable_hooks(name, true).unwrap();
        refer(&mut gateway, name);
        receiver.heard();
        let begun = Instant::now();
        gateway.disable_hooks(name, false).unwrap();
        until_taken(&mut gateway, name);
        let rate = WEBHOOKS as f64 / begun.elapsed().as_secs_f64();
        let (count, body) = receiver.heard();
        assert_eq!(count, WEBHOOKS, "each once");
        let bare = bare(&gateway, receiver.port, &body);
        let (bytes, ratio, synced) = (body.len(), rate / bare, rate / disk);
        println!("{payload:9} {bytes:8} {rate:11.1} {bare:13.1} {ratio:7.3} {synced:9.2}");
    }
    gateway.stop();
}

/// Until nothing is due any more.
fn until_taken(gateway: &mut Gateway, name: &str) {
    let (mut depth, mut since) = (Value::Null, Instant::now());
    while depth != 0 {
        std::thread::park_timeout(LOOK);
        gateway.pass(LOOK.as_millis() as i64);
        let hooks = gateway.hooks(name);
        if hooks["depth"] != depth {
            (depth, since) = (hooks["depth"].clone(), Instant::now());
        }
        assert!(since.elapsed() < STUCK, "it stands still: {hooks}\n{}", gateway.log());
    }
}

/// So many referrals to that partner, which wait.
fn refer(gateway: &mut Gateway, name: &'static str) {
    let clinic = gateway.party("clinic-b");
    for n in 0..WEBHOOKS {
        let referral = Referral { owner: Some("push-pantry"), ..Referral::food() };
        let text = referral.bundle().to_string().replace("push-pantry", name);
        let mut bundle: Value = serde_json::from_str(&text).unwrap();
        let number = format!("{name}-{n}");
        bundle["entry"][0]["resource"]["identifier"][0]["value"] = number.clone().into();
        bundle["entry"][3]["resource"]["identifier"][0]["value"] = number.into();
        clinic.post("/fhir", &bundle).expect(200);
        gateway.pass(COMMIT_MS);
    }
}

/// POSTs of these bytes a second, from a client like the gateway's own that does nothing else.
fn bare(gateway: &Gateway, port: u16, body: &[u8]) -> f64 {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(client_config(&gateway.root(), "clinic-b"))
        .no_proxy()
        .build()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("https://127.0.0.1:{port}/");
    let begun = Instant::now();
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (client, url, body) = (client.clone(), url.clone(), body.to_vec());
            all.spawn(async move {
                for _ in 0..WEBHOOKS / AT_ONCE {
                    let sent = client.post(&url).body(body.clone()).send().await.unwrap();
                    assert!(sent.status().is_success());
                    sent.bytes().await.unwrap();
                }
            });
        }
        while let Some(ended) = all.join_next().await {
            ended.unwrap();
        }
    });
    WEBHOOKS as f64 / begun.elapsed().as_secs_f64()
}

/// A receiver that takes everything.
struct Sink {
    port: u16,
    heard: Arc<Mutex<(usize, Bytes)>>,
    _runtime: tokio::runtime::Runtime,
}

impl Sink {
    fn serve(gateway: &Gateway) -> Sink {
        let tls = Arc::new(server_config(&gateway.root()));
        let tls = axum_server::tls_rustls::RustlsConfig::from_config(tls);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new((0, Bytes::new())));
        let noted = heard.clone();
        let app = Router::new().fallback(move |body: Bytes| {
            let noted = noted.clone();
            async move {
                let mut noted = noted.lock().unwrap();
                *noted = (noted.0 + 1, body);
                StatusCode::NO_CONTENT
            }
        });
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = {
            let _inside = runtime.enter();
            axum_server::from_tcp_rustls(listener, tls).unwrap()
        };
        runtime.spawn(async move { server.serve(app.into_make_service()).await });
        Sink { port, heard, _runtime: runtime }
    }

    /// How many came since this was last asked, and the last of them.
    fn heard(&self) -> (usize, Vec<u8>) {
        let (count, body) = std::mem::take(&mut *self.heard.lock().unwrap());
        (count, body.to_vec())
    }
}
