//! One request as a door hands it in: read whole, with what its connection shows.

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use crate::consent_token::Shown;
use crate::identity::crl::Leaf;
use crate::identity::{Interaction, Scopes};
use crate::partner::Partner;
use crate::refusal::{Kind, Trouble};

/// The client certificate of a connection.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// SHA-256 of it (DER).
    pub sha256: [u8; 32],
    /// It and those above it, as far as revocation lists know them.
    pub chain: Vec<Leaf>,
}

impl Certificate {
    /// Of what a connection showed (DER), the leaf first.
    pub fn of(chain: &[CertificateDer<'_>]) -> Option<Certificate> {
        let sha256 = loopgate_token::sha256(chain.first()?);
        Some(Certificate {
            sha256,
            chain: chain.iter().filter_map(|der| Leaf::read(der)).collect(),
        })
    }
}

/// One request, whole.
pub struct Request {
    /// SHA-256 of the client certificate, if one was shown.
    pub certificate: Option<[u8; 32]>,
    /// `GET`, `POST`, `PUT`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query's pairs.
    pub query: Vec<(String, String)>,
    /// `Accept`.
    pub accept: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<String>,
    /// `If-None-Exist`: a query, as FHIR has it.
    pub if_none_exist: Option<String>,
    /// `Prefer`, its lines joined by commas.
    pub prefer: Option<String>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Loopgate-Consent`: a consent token.
    pub consent: Option<String>,
    /// `Loopgate-Case`: the case of an audit.
    pub case: Option<String>,
    /// The client certificate and those above it, as far as revocation lists know them.
    pub chain: Vec<Leaf>,
    /// The body.
    pub body: Vec<u8>,
}

/// Who asks, and what it may ask for.
pub struct Session {
    /// The partner.
    pub partner: Partner,
    /// What its access token covers; `None` where its certificate alone speaks for it.
    pub scopes: Option<Scopes>,
    /// The consent token it shows.
    pub consent: Shown,
}

impl Session {
    /// Whether it may do this to a type of resource.
    pub fn covers(&self, kind: &str, interaction: Interaction) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.cover(kind, interaction))
    }
}

impl Request {
    /// What makes a resend the same request.
    pub fn digest(&self) -> [u8; 32] {
        let key = self.idempotency_key.as_deref().unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [self.method.as_bytes(), self.path.as_bytes(), key.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        // A condition makes it another request. Without one it has the digest it always had.
        for (name, value) in self.query.iter().map(|(name, value)| (name, value.as_str())) {
            hash.update(b"?");
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name);
            hash.update((value.len() as u64).to_be_bytes());
            hash.update(value);
        }
        for (mark, condition) in [(b"!", &self.if_none_exist), (b"=", &self.if_match)] {
            let Some(condition) = condition else { continue };
            hash.update(mark);
            hash.update((condition.len() as u64).to_be_bytes());
            hash.update(condition);
        }
        hash.update(&self.body);
        hash.finalize().into()
    }

    /// The path's segments.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The version that `If-Match` names: `W/"3"`.
    pub fn version(&self) -> Result<Option<u64>, Trouble> {
        version(self.if_match.as_deref()).ok_or(Kind::VersionConflict.into())
    }

    /// Refuses a body in a media type that is not one of these.
    pub fn speaks(&self, media: &[&str]) -> Result<(), Trouble> {
        let given = self.content_type.as_deref().unwrap_or_default();
        let bare = given.split(';').next().unwrap_or_default().trim();
        if media.iter().any(|one| bare.eq_ignore_ascii_case(one)) {
            Ok(())
        } else {
            Err(Kind::MediaType.into())
        }
    }
}

/// The version that a condition names, `W/"3"`, if there is one; nothing, if it names none.
pub fn version(condition: Option<&str>) -> Option<Option<u64>> {
    let Some(text) = condition else { return Some(None) };
    let text = text.strip_prefix("W/").unwrap_or(text);
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    version.and_then(|version| version.parse().ok()).map(Some)
}
