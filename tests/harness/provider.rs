//! An OpenID provider: discovery, keys, and tokens for codes, as much as signing in takes.

use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use loopgate_token::{SigningKey, base64url_encode, sha256};
use serde_json::{Value, json};

use super::endpoint::{Asked, server_config};

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
    let mut asked = Asked::read(tls, stream)?;
    let answer = match asked.path.strip_prefix("/town") {
        Some("/.well-known/openid-configuration") => Some(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "more": "that nobody asks for",
        })),
        Some("/keys") => Some(json!({ "keys": [jwk] })),
        Some("/token") => token(&asked.body, asked.header("authorization"), tokens),
        _ => None,
    };
    let status = if answer.is_some() { 200 } else { 400 };
    let body = answer.unwrap_or_else(|| json!({ "error": "invalid_grant" })).to_string();
    asked.answer(status, "", &body)
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
