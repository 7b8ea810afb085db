//! Access tokens (RFC 9068), bound to the certificate that asked for them (RFC 8705).

use loopgate_referral::{OrgId, Timestamp};
use loopgate_token::{Algorithm, BadKey, Flaw, Rules, SigningKey, same, sha256, verify, x5t_s256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Scopes;

/// `expires_in`: SMART says no more than five minutes.
pub const LIFE_S: i64 = 300;
const TYP: &str = "at+jwt";

/// Makes and reads access tokens.
pub struct AccessTokens {
    key: SigningKey,
    issuer: String,
    audience: String,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// This gateway.
    pub iss: String,
    /// The client.
    pub sub: OrgId,
    /// The client.
    pub client_id: OrgId,
    /// The FHIR base.
    pub aud: String,
    /// When, seconds.
    pub iat: i64,
    /// Until when, seconds.
    pub exp: i64,
    /// Its name.
    pub jti: String,
    /// What it covers.
    pub scope: String,
    /// The tenant.
    pub tenant: String,
    /// The certificate it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// RFC 8705 §3.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// base64url of the SHA-256 of the certificate.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

impl Confirmation {
    /// Of this certificate.
    pub fn of(certificate: &[u8; 32]) -> Confirmation {
        Confirmation { x5t_s256: x5t_s256(certificate) }
    }

    /// Whether it is of this certificate.
    pub fn is_of(&self, certificate: Option<&[u8; 32]>) -> bool {
        certificate.is_some_and(|one| same(x5t_s256(one).as_bytes(), self.x5t_s256.as_bytes()))
    }
}

/// Why an access token is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is none of ours, or no good any more.
    Token(Flaw),
    /// It is bound to another certificate (`A3`).
    Unbound,
}

impl AccessTokens {
    /// Of this gateway.
    pub fn new(key: SigningKey, issuer: String, audience: String) -> AccessTokens {
        AccessTokens { key, issuer, audience }
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        self.key.jwk()
    }

    /// Who issues them.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A token for a client.
    pub fn issue(
        &self,
        client: &OrgId,
        tenant: &str,
        scopes: &Scopes,
        certificate: Option<&[u8; 32]>,
        (jti, now): (String, Timestamp),
    ) -> Result<(String, Access), BadKey> {
        let iat = now.0.div_euclid(1000);
        let access = Access {
            iss: self.issuer.clone(),
            sub: client.clone(),
            client_id: client.clone(),
            aud: self.audience.clone(),
            iat,
            exp: iat + LIFE_S,
            jti,
            scope: scopes.to_string(),
            tenant: tenant.to_owned(),
            cnf: certificate.map(Confirmation::of),
        };
        Ok((self.key.sign(TYP, &access)?, access))
    }

    /// What a token says, to who presents it with this certificate.
    pub fn read(
        &self,
        token: &str,
        certificate: Option<&[u8; 32]>,
        now: Timestamp,
    ) -> Result<Access, Refused> {
        let access = self.claims(token, now).map_err(Refused::Token)?;
        match &access.cnf {
            Some(cnf) if !cnf.is_of(certificate) => Err(Refused::Unbound),
            _ => Ok(access),
        }
    }

    /// What a token says, whoever presents it: for introspection and revocation.
    pub fn claims(&self, token: &str, now: Timestamp) -> Result<Access, Flaw> {
        let rules = Rules {
            typ: TYP,
            algorithms: &[Algorithm::ES384],
            issuer: &self.issuer,
            audience: &self.audience,
            life_s_max: LIFE_S,
            jku: None,
            foreign: false,
        };
        verify(token, &self.key.key_set(), &rules, now.0.div_euclid(1000))
    }

    /// Whose token it is, by what it is known, and until when: to revoke it.
    pub fn named(&self, token: &str, now: Timestamp) -> Option<(OrgId, [u8; 32], Timestamp)> {
        let access = self.claims(token, now).ok()?;
        Some((access.client_id, sha256(access.jti.as_bytes()), Timestamp(access.exp * 1000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> AccessTokens {
        let key = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
        AccessTokens::new(key, "https://g.example/oauth".into(), "https://g.example/fhir".into())
    }

    fn issued(tokens: &AccessTokens, certificate: Option<&[u8; 32]>) -> String {
        let scopes = "system/Task.rs".parse().unwrap();
        let made = ("j1".to_owned(), Timestamp(1_000_000));
        tokens.issue(&"clinic-b".parse().unwrap(), "dev", &scopes, certificate, made).unwrap().0
    }

    #[test]
    fn n22_a_token_is_of_use_with_its_certificate_alone() {
        let tokens = tokens();
        let bound = issued(&tokens, Some(&[7; 32]));
        let read = |certificate| tokens.read(&bound, certificate, Timestamp(1_001_000));
        assert_eq!(read(Some(&[7; 32])).unwrap().scope, "system/Task.rs");
        assert_eq!(read(Some(&[8; 32])), Err(Refused::Unbound));
        assert_eq!(read(None), Err(Refused::Unbound));
        let free = issued(&tokens, None);
        assert!(tokens.read(&free, None, Timestamp(1_001_000)).is_ok());
    }

    #[test]
    fn a_token_lives_five_minutes_and_is_of_this_gateway() {
        let tokens = tokens();
        let token = issued(&tokens, None);
        let at = |ms| tokens.claims(&token, Timestamp(ms)).map(|access| access.jti);
        assert_eq!(at(1_299_999), Ok("j1".to_owned()));
        assert_eq!(at(1_300_000), Err(Flaw::Expired));
        assert_eq!(at(990_000), Err(Flaw::NotYet));
        assert_eq!(self::tokens().claims(&token, Timestamp(1_001_000)), Err(Flaw::Key));
    }
}
