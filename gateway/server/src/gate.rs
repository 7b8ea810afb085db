//! What every door shares: who asks, what is known, the way to the scribe and the exit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use loopgate_fhir::Json;
use loopgate_mapping::Library;
use loopgate_referral::{OrgId, Referral, ResourceId, Timestamp};
use sha2::{Digest, Sha256};

use crate::archive::Archive;
use crate::clock::Clock;
use crate::config::Config;
use crate::consent_token::{self, ConsentTokens, Shown};
use crate::doorkey::Doorkeys;
use crate::egress::Egress;
use crate::fold::Held;
use crate::identity::crl::{Leaf, Revoked};
use crate::identity::key_sets::KeySets;
use crate::identity::{AccessTokens, Interaction, Refused, Scopes};
use crate::outbound::mail::Mailer;
use crate::partner::Partner;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{Command, Scribe};
use crate::view::View;

/// The running gateway, as its doors see it.
pub struct Gate {
    /// What the operator set.
    pub config: Arc<Config>,
    /// Decides and appends.
    pub scribe: Scribe,
    /// Documents.
    pub archive: Archive,
    /// Projections.
    pub view: Arc<View>,
    /// The exit.
    pub egress: Egress,
    /// Mappings and templates.
    pub library: Arc<Library>,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// The newest signed checkpoint.
    pub checkpoint: Arc<ArcSwapOption<String>>,
    /// The log's verifier key.
    pub vkey: String,
    /// Tokens and cookies of people's pages.
    pub doorkeys: Doorkeys,
    /// One PIN is checked at a time, so that tries are counted one by one.
    pub pin_desk: std::sync::Mutex<()>,
    /// Access tokens.
    pub access: AccessTokens,
    /// Consent tokens.
    pub consent_tokens: ConsentTokens,
    /// Key sets of clients.
    pub key_sets: KeySets,
    /// Certificates that are revoked.
    pub revoked: ArcSwap<Revoked>,
    /// The way e-mails leave, if there is one.
    pub mailer: Option<Mailer>,
    /// MLLP connections that ended in something other than whole frames.
    pub broken_streams: AtomicU64,
    /// Attempts by nobody we know, not yet written down.
    pub strangers: AtomicU64,
}

/// The client certificate of a connection.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// SHA-256 of it (DER).
    pub sha256: [u8; 32],
    /// As far as revocation lists know it.
    pub leaf: Option<Leaf>,
}

impl Certificate {
    /// Of these bytes (DER).
    pub fn of(der: &[u8]) -> Certificate {
        Certificate { sha256: loopgate_token::sha256(der), leaf: Leaf::read(der) }
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
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Loopgate-Consent`: a consent token.
    pub consent: Option<String>,
    /// The client certificate, as far as revocation lists know it.
    pub leaf: Option<Leaf>,
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
    /// A request of the same connection, with nothing in it.
    pub fn like(&self) -> Request {
        Request {
            certificate: self.certificate,
            method: self.method.clone(),
            path: self.path.clone(),
            query: Vec::new(),
            content_type: None,
            if_match: None,
            idempotency_key: None,
            authorization: None,
            consent: None,
            leaf: self.leaf.clone(),
            body: Vec::new(),
        }
    }

    /// What makes a resend the same request.
    pub fn digest(&self) -> [u8; 32] {
        let key = self.idempotency_key.as_deref().unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [self.method.as_bytes(), self.path.as_bytes(), key.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
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
        let Some(text) = self.if_match.as_deref() else { return Ok(None) };
        let text = text.strip_prefix("W/").unwrap_or(text);
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match version.and_then(|version| version.parse().ok()) {
            Some(version) => Ok(Some(version)),
            None => Err(Kind::VersionConflict.into()),
        }
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

impl Gate {
    /// The partner whose certificate this is. Strangers are counted; a suspended partner's attempt is
    /// recorded, and so is one with a revoked certificate.
    pub fn certified(&self, request: &Request) -> Result<Partner, Trouble> {
        self.certificates_partner(request.certificate.as_ref(), request.leaf.as_ref())
    }

    /// The same, for a connection that is no request.
    pub fn certificates_partner(
        &self,
        certificate: Option<&[u8; 32]>,
        leaf: Option<&Leaf>,
    ) -> Result<Partner, Trouble> {
        let roster = self.scribe.published().roster.load();
        let Some(partner) = certificate.and_then(|sha256| roster.by_certificate(sha256)) else {
            return Err(self.stranger());
        };
        if leaf.is_some_and(|leaf| self.revoked.load().has(leaf, self.now())) {
            self.refuse(&partner.org, "A2")?;
            return Err(Kind::Unauthenticated.into());
        }
        self.in_good_standing(partner)
    }

    fn in_good_standing(&self, partner: &Partner) -> Result<Partner, Trouble> {
        if partner.suspended {
            self.refuse(&partner.org, "R2")?;
            return Err(Kind::Forbidden.into());
        }
        Ok(partner.clone())
    }

    /// Somebody who did not show who they are.
    fn stranger(&self) -> Trouble {
        // A gateway that opened with a wrong clock has no partners yet: nobody is a stranger.
        if self.scribe.published().halted.load(Ordering::Acquire) {
            return Trouble::Outage;
        }
        self.strangers.fetch_add(1, Ordering::Relaxed);
        Kind::Unauthenticated.into()
    }

    /// Who asks: by an access token where one is shown, else by certificate.
    pub fn session(&self, request: &Request) -> Result<Session, Trouble> {
        let (partner, scopes) = match &request.authorization {
            None => (self.certified(request)?, None),
            Some(authorization) => {
                let (partner, scopes) = self.by_token(request, authorization)?;
                (partner, Some(scopes))
            }
        };
        let consent = consent_token::shown(self, request, &partner)?;
        Ok(Session { partner, scopes, consent })
    }

    fn by_token(
        &self,
        request: &Request,
        authorization: &str,
    ) -> Result<(Partner, Scopes), Trouble> {
        let token = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token);
        let Some(token) = token else { return Err(self.stranger()) };
        let access = match self.access.read(token, request.certificate.as_ref(), self.now()) {
            Ok(access) => access,
            Err(Refused::Token(_)) => return Err(self.stranger()),
            Err(Refused::Unbound) => {
                // Whoever shows it has a certificate of somebody we know, or of nobody.
                if let Ok(partner) = self.certified(request) {
                    self.refuse(&partner.org, "A3")?;
                }
                return Err(Kind::Unauthenticated.into());
            }
        };
        if request.certificate.is_some() {
            let own = self.certified(request)?;
            if own.org != access.client_id {
                self.refuse(&own.org, "A3")?;
                return Err(Kind::Unauthenticated.into());
            }
        }
        if self.is_revoked(&access.client_id, &access.jti)
            || access.tenant != self.config.tenant.name.as_str()
        {
            return Err(self.stranger());
        }
        let roster = self.scribe.published().roster.load();
        let partner = roster.get(&access.client_id).filter(|partner| partner.client.is_some());
        let Some(partner) = partner else { return Err(self.stranger()) };
        let scopes = access.scope.parse().map_err(|_| self.stranger())?;
        Ok((self.in_good_standing(partner)?, scopes))
    }

    /// Whether a token was revoked.
    pub fn is_revoked(&self, org: &OrgId, jti: &str) -> bool {
        let jti = loopgate_token::sha256(jti.as_bytes());
        self.scribe.published().world().revoked_tokens.has(org, &jti)
    }

    /// Whether what a stranger would send is worth reading.
    pub fn knows(&self, request: &Request) -> bool {
        let roster = self.scribe.published().roster.load();
        let by_token = |authorization: &String| {
            let token = authorization.split_once(' ').map(|(_, token)| token).unwrap_or_default();
            self.access.read(token, request.certificate.as_ref(), self.now()).is_ok()
        };
        request.certificate.and_then(|sha256| roster.by_certificate(&sha256)).is_some()
            || request.authorization.as_ref().is_some_and(by_token)
    }

    /// Waits until nothing about a person is on its way that was decided before: then nothing leaves
    /// any more on what the person said before. Called before a change is answered.
    pub fn settle_sends(&self, person: loopgate_referral::PersonId) {
        let patience = std::time::Duration::from_millis(self.config.limits.send_ms_max);
        let cut = self.scribe.published().sends.settle(person, patience);
        if cut > 0 {
            tracing::warn!(cut, "sends were cut, since the person's consent changed");
        }
    }

    /// A name that nobody can guess: a `jti`.
    pub fn fresh_name(&self) -> String {
        let mut bytes = [0; 16];
        self.clock.random(&mut bytes);
        loopgate_token::base64url_encode(&bytes)
    }

    /// `https://host:port`, where `/oauth` and `/status` are.
    pub fn oauth_base(&self) -> &str {
        self.config.organization.origin()
    }

    /// The public keys that tokens of this gateway are signed with.
    pub fn jwks(&self) -> Vec<serde_json::Value> {
        vec![self.access.jwk(), self.consent_tokens.jwk()]
    }

    /// Records that a known partner was refused, before it is told.
    pub fn refuse(&self, org: &OrgId, code: &str) -> Result<(), Trouble> {
        let event = crate::journal::Event::Denied {
            org: org.clone(),
            person: None,
            referral: None,
            action: None,
            code: code.to_owned(),
            correlation: None,
            grant: None,
            dropped: Vec::new(),
        };
        self.scribe.ask_blocking(|reply| Command::Deny(Box::new(event), reply))
    }

    /// A known partner asked for what is not there for it: recorded, whether or not it is there for
    /// somebody else, so that neither the answer nor its time tells the two apart.
    pub fn not_there<T>(&self, org: &OrgId, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        if let Err(Trouble::Refused(refusal)) = &outcome
            && refusal.kind == Kind::NotFound
        {
            self.refuse(org, "R1")?;
        }
        outcome
    }

    /// A resource as its supplier knows it, with references resolved.
    pub fn document(&self, held: &Held) -> Result<Json, Trouble> {
        let doc = self.archive.document(held.at).map_err(|outage| {
            tracing::error!(%outage, "a document does not read back");
            Trouble::Outage
        })?;
        let Some(json) = crate::scribe::resolved(&doc, &held.rewrites) else {
            unreachable!("what is kept was parsed before it was kept")
        };
        Ok(json)
    }

    /// What is kept under this id.
    pub fn held(&self, id: &ResourceId) -> Option<Held> {
        self.scribe.published().world().resources.get(id).cloned()
    }

    /// A referral, as published.
    pub fn referral(&self, id: &loopgate_referral::ReferralId) -> Option<Referral> {
        self.scribe.published().world().referrals.get(id).cloned()
    }

    /// `Organization/NAME`, which is how loopgate names a partner.
    pub fn organization(org: &OrgId) -> String {
        format!("Organization/{org}")
    }

    /// Our own Organization.
    pub fn own_organization(&self) -> String {
        format!("Organization/{OWN_ID}")
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The logical id of loopgate's own Organization; no partner may have this name.
pub const OWN_ID: &str = "loopgate";
