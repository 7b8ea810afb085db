//! An OpenID provider: discovery, keys, and tokens for codes, as much as signing in takes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use loopgate_token::{SigningKey, base64url_encode, sha256};
use serde_json::{Value, json};

use super::endpoint::server_config;

/// The secret that the gateway has there.
pub const SECRET: &str = "s3cret, with a comma";

/// The provider.
pub struct Provider {
    pub issuer: String,
    key: Arc<SigningKey>,
    tokens: Tokens,
}

/// By code: the challenge it was asked with, and the ID token it is good for.
type Tokens = Arc<Mutex<HashMap<String, (String, String)>>>;

impl Provider {
    /// With a certificate of the deployment's authority.
    pub fn open(root: &Path) -> Provider {
        let tls = Arc::new(server_config(root));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("https://127.0.0.1:{}/town", listener.local_addr().unwrap().port());
        let key = Arc::new(SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap());
        let tokens = Tokens::default();
        let (base, jwk, known) = (issuer.clone(), key.jwk(), tokens.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A connection that breaks off is the gateway's to try again.
                let _ = serve(&tls, stream, &base, &jwk, &known);
            }
        });
        Provider { issuer, key, tokens }
    }

    /// Somebody signed in there: this code is good for an ID token with these claims.
    pub fn gives(&self, code: &str, challenge: &str, claims: &Value) {
        let token = self.key.sign("JWT", claims).unwrap();
        self.tokens.lock().unwrap().insert(code.to_owned(), (challenge.to_owned(), token));
    }
}

fn serve(
    tls: &Arc<rustls::ServerConfig>,
    stream: TcpStream,
    issuer: &str,
    jwk: &Value,
    tokens: &Tokens,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let connection = rustls::ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut login) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => login = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = match path.strip_prefix("/town") {
        Some("/.well-known/openid-configuration") => Some(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "more": "that nobody asks for",
        })),
        Some("/keys") => Some(json!({ "keys": [jwk] })),
        Some("/token") => token(&body, &login, tokens),
        _ => None,
    };
    let status = if answer.is_some() { 200 } else { 400 };
    let body = answer.unwrap_or_else(|| json!({ "error": "invalid_grant" })).to_string();
    let stream = reader.get_mut();
    write!(
        stream,
        "HTTP/1.1 {status} .\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// A token for a code, once, for who has the secret and the verifier of the challenge.
fn token(body: &[u8], login: &str, tokens: &Tokens) -> Option<Value> {
    let fields: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let good = base64::engine::general_purpose::STANDARD.encode(format!("loopgate:{secret}"));
    let (challenge, token) = tokens.lock().unwrap().remove(fields.get("code")?)?;
    let verified = base64url_encode(&sha256(fields.get("code_verifier")?.as_bytes())) == challenge;
    let right = login == format!("Basic {good}") && verified;
    right.then(|| json!({ "id_token": token, "access_token": "x", "token_type": "Bearer" }))
}
