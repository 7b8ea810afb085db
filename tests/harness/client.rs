//! A partner as an OAuth client: it signs assertions, and shows what it got.

use loopgate_server::partner::Partner;
use loopgate_token::SigningKey;
use serde_json::{Value, json};

use super::party::Answer;
use super::{Gateway, Party};

/// A client's key.
pub struct ClientKey {
    key: SigningKey,
    org: &'static str,
    audience: String,
}

impl Gateway {
    /// A partner's file says from now on that it is a client with a key of its own.
    pub fn is_client(&self, org: &'static str, scopes: &str, more: &str) -> ClientKey {
        let key = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
        let jwks = json!({ "keys": [key.jwk()] }).to_string();
        let more = format!("\n[client]\njwks = '{jwks}'\nscopes = \"{scopes}\"\n{more}");
        self.change_partner(org, |text| format!("{text}{more}"));
        ClientKey { key, org, audience: format!("{}/oauth/token", self.base()) }
    }

    /// Changes the text of a partner's file, and has it read again if the gateway runs.
    pub fn change_partner(&self, org: &str, change: impl FnOnce(String) -> String) {
        let path = self.root().join(format!("partners/{org}.toml"));
        let text = change(std::fs::read_to_string(&path).unwrap());
        if let Err(problems) = Partner::parse(org.parse().unwrap(), &text) {
            panic!("{problems:?}\n{text}");
        }
        std::fs::write(&path, text).unwrap();
        if self.is_running() {
            self.admin(&loopgate_server::admin::Ask::PartnersReload);
        }
    }
}

impl ClientKey {
    /// An assertion that is good now, changed so.
    pub fn assertion(
        &self,
        gateway: &Gateway,
        jti: &str,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let now = gateway.now_s();
        let mut claims = json!({
            "iss": self.org, "sub": self.org, "aud": self.audience,
            "iat": now, "exp": now + 300, "jti": jti,
        });
        change(&mut claims);
        self.key.sign("JWT", &claims).unwrap()
    }
}

/// A form, as a client posts it.
pub fn form(party: &Party, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    let media = [("content-type", "application/x-www-form-urlencoded")];
    party.call("POST", path, &media, text.finish().into_bytes())
}

/// The fields of a token request.
pub fn credentials<'a>(assertion: &'a str, scope: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        ("scope", scope),
    ]
}
