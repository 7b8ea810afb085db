//! N20: a client's key set at its own address, served by somebody who means no good.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use loopgate_server::admin::Ask;
use loopgate_token::base64url_encode;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::jose::{Forger, joined};
use crate::harness::{Gateway, Party, credentials, form, server_config};

/// A server that gives whoever asks the same answer; an empty one never comes.
struct Shelf {
    port: u16,
    answer: Arc<Mutex<Vec<u8>>>,
    calls: Arc<AtomicUsize>,
}

impl Shelf {
    fn open(gateway: &Gateway) -> Shelf {
        let tls = Arc::new(server_config(&gateway.root()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, calls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (says, counts) = (answer.clone(), calls.clone());
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                counts.fetch_add(1, Ordering::SeqCst);
                let answer = says.lock().unwrap().clone();
                if answer.is_empty() {
                    silent.push(stream);
                } else {
                    // Who hangs up early has heard enough.
                    let _ = give(&tls, stream, &answer);
                }
            }
        });
        Shelf { port, answer, calls }
    }

    fn says(&self, head: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
        *self.answer.lock().unwrap() = text.into_bytes();
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn give(tls: &Arc<ServerConfig>, stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let connection = ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    stream.write_all(answer)?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// The clinic, whose keys are on a shelf.
struct Client {
    gateway: Gateway,
    clinic: Party,
    key: Forger,
    shelf: Shelf,
    asked: usize,
}

impl Client {
    fn make() -> Client {
        let gateway = Gateway::start_with(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
        let shelf = Shelf::open(&gateway);
        let client = format!(
            "\n[client]\njwks_uri = \"https://127.0.0.1:{}/jwks\"\nscopes = \"system/Task.r\"\n",
            shelf.port
        );
        gateway.change_partner("clinic-b", |text| format!("{text}{client}"));
        let clinic = gateway.party("clinic-b");
        Client { gateway, clinic, key: Forger::fresh(), shelf, asked: 0 }
    }

    /// Asks for a token with the key of this id.
    fn ask(&mut self, kid: &str) -> u16 {
        self.asked += 1;
        let now = self.gateway.now_s();
        let header = json!({ "alg": "ES384", "kid": kid, "typ": "JWT" });
        let claims = json!({
            "iss": "clinic-b", "sub": "clinic-b",
            "aud": format!("{}/oauth/token", self.gateway.base()),
            "iat": now, "exp": now + 300, "jti": self.asked.to_string(),
        });
        let message = joined(&header.to_string(), &claims.to_string());
        let token = format!("{message}.{}", base64url_encode(&self.key.signature(&message)));
        form(&self.clinic, "/oauth/token", &credentials(&token, "system/Task.r")).status
    }

    /// What is on the shelf is looked for once, and is no key set.
    fn refused(&mut self, what: &str) {
        self.gateway.pass(61_000);
        let (before, kid) = (self.shelf.calls(), self.key.key.kid().to_owned());
        assert_eq!(self.ask(&kid), 401, "{what}");
        assert_eq!(self.ask(&kid), 401, "{what}");
        assert_eq!(self.shelf.calls(), before + 1, "{what}");
    }
}

#[test]
fn n20_key_sets_that_are_none() {
    let mut client = Client::make();
    let own = client.key.key.jwk();
    let kid = client.key.key.kid().to_owned();
    let set = |more: &[Value]| {
        json!({ "keys": ([std::slice::from_ref(&own), more].concat()) }).to_string()
    };
    let changed = |name: &str, value: Value| {
        let mut key = own.clone();
        key[name] = value;
        json!({ "keys": [key] }).to_string()
    };
    let rsa = |bytes: usize, exponent: &str| {
        let modulus = base64url_encode(&vec![0xff; bytes]);
        set(&[json!({ "kty": "RSA", "kid": "rsa", "n": modulus, "e": exponent })])
    };
    let good = set(&[]);
    client.shelf.says("200 OK\r\ncache-control: no-store", &good);
    assert_eq!(client.ask(&kid), 200);

    let second = |n: usize| json!({ "kty": "EC", "crv": "P-384", "kid": format!("k{n}"), "x": own["x"], "y": own["y"] });
    let many: Vec<Value> = (0..20).map(second).collect();
    for (what, body) in [
        ("huge", format!("{good}{}", " ".repeat(70_000))),
        ("HTML", format!("<!DOCTYPE html><pre>{good}</pre>")),
        ("a private key", changed("d", json!("AAAA"))),
        ("a symmetric key", set(&[json!({ "kty": "oct", "kid": "s", "k": "AAAA" })])),
        ("a short RSA key", rsa(128, "AQAB")),
        ("an RSA key of 2040 bits", rsa(255, "AQAB")),
        ("exponent 1", rsa(256, "AQ")),
        ("exponent 3", rsa(256, "Aw")),
        ("for encryption", changed("use", json!("enc"))),
        ("for signing", changed("key_ops", json!(["sign"]))),
        ("one id twice", set(std::slice::from_ref(&own))),
        ("21 keys", set(&many)),
        ("keys twice", good.replacen('{', "{\"keys\":[],", 1)),
        ("nothing", String::new()),
    ] {
        client.shelf.says("200 OK", &body);
        client.refused(what);
    }
    client.shelf.says("404 Not Found", &good);
    client.refused("an error");
    // A redirect is not followed, neither down to http nor anywhere else.
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    for to in [format!("http://127.0.0.1:{port}/"), format!("https://127.0.0.1:{port}/")] {
        for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
            client.shelf.says(&format!("{status}\r\nlocation: {to}"), &good);
            client.refused(&to);
        }
    }
    assert!(trap.accept().is_err(), "a redirect was followed");
    // One that never comes is not waited for longer than five seconds.
    client.shelf.answer.lock().unwrap().clear();
    client.refused("silence");

    // It was the shelf alone that was wrong.
    client.gateway.pass(61_000);
    client.shelf.says("200 OK\r\ncache-control: max-age=3600", &good);
    assert_eq!(client.ask(&kid), 200);
    // Key ids that nobody has are looked for once a minute, however many.
    let before = client.shelf.calls();
    for round in 1..=3 {
        client.gateway.pass(61_000);
        for n in 0..10 {
            assert_eq!(client.ask(&format!("random-{round}-{n}")), 401);
        }
        assert_eq!(client.shelf.calls(), before + round);
    }
    // Nor is one fetched over a connection that anybody can read.
    let path = client.gateway.root().join("partners/clinic-b.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("https://127.0.0.1", "http://127.0.0.1")).unwrap();
    client.gateway.try_admin(&Ask::PartnersReload).unwrap_err();
    assert_eq!(client.ask(&kid), 200, "the file before holds");
    let tokens = client.gateway.of_kind("phi.denied");
    assert!(tokens.is_empty(), "{tokens:?}");
}
