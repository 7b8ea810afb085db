//! What every door shares: who asks, what is known, the way to the scribe and the exit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use loopgate_fhir::Json;
use loopgate_mapping::Library;
use loopgate_referral::{OrgId, Referral, ResourceId, Timestamp};
use sha2::{Digest, Sha256};

use crate::archive::Archive;
use crate::clock::Clock;
use crate::config::Config;
use crate::doorkey::Doorkeys;
use crate::egress::Egress;
use crate::fold::Held;
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
    /// The way e-mails leave, if there is one.
    pub mailer: Option<Mailer>,
    /// MLLP connections that ended in something other than whole frames.
    pub broken_streams: AtomicU64,
    /// Attempts by nobody we know, not yet written down.
    pub strangers: AtomicU64,
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
    /// The body.
    pub body: Vec<u8>,
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
    /// The partner that asks. Strangers are counted; a suspended partner's attempt is recorded.
    pub fn caller(&self, certificate: Option<&[u8; 32]>) -> Result<Partner, Trouble> {
        let roster = self.scribe.published().roster.load();
        let Some(partner) = certificate.and_then(|sha256| roster.by_certificate(sha256)) else {
            // A gateway that opened with a wrong clock has no partners yet: nobody is a stranger.
            if self.scribe.published().halted.load(Ordering::Acquire) {
                return Err(Trouble::Outage);
            }
            self.strangers.fetch_add(1, Ordering::Relaxed);
            return Err(Kind::Unauthenticated.into());
        };
        if partner.suspended {
            self.refuse(&partner.org, "R2")?;
            return Err(Kind::Forbidden.into());
        }
        Ok(partner.clone())
    }

    /// Whether a certificate is a known partner's.
    pub fn knows(&self, certificate: Option<&[u8; 32]>) -> bool {
        let roster = self.scribe.published().roster.load();
        certificate.and_then(|sha256| roster.by_certificate(sha256)).is_some()
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
