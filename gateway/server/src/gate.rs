//! What every door shares: who asks, what is known, the way to the scribe and the exit.

mod request;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use loopgate_fhir::Json;
use loopgate_ledger::{Checkpoint, open_checkpoint};
use loopgate_mapping::Library;
use loopgate_referral::{OrgId, Referral, ResourceId, Timestamp};

use crate::archive::{Archive, Kept};
use crate::clock::Clock;
use crate::config::Config;
use crate::consent_token::{self, ConsentTokens};
use crate::cosigned::Cosigned;
use crate::doorkey::Doorkeys;
use crate::egress::Egress;
use crate::fold::Held;
use crate::identity::crl::{Leaf, Revoked};
use crate::identity::key_sets::KeySets;
use crate::identity::oidc::Provider;
use crate::identity::{AccessTokens, Refused, Scopes};
use crate::inbound::people::sessions::Sessions;
use crate::inbound::people::turnstile::Turnstile;
use crate::meter::Meter;
use crate::notary::Grove;
use crate::outbound::mail::Mailer;
use crate::partner::Partner;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::{Command, Scribe};
use crate::view::View;

pub use request::{Certificate, Request, Session, version};

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
    /// The newest checkpoint that enough witnesses cosigned.
    pub cosigned: Arc<ArcSwapOption<Cosigned>>,
    /// The tree over all leaves.
    pub grove: Grove,
    /// Since when there is something unsigned, on the monotonic clock.
    pub unsigned_since: Arc<AtomicI64>,
    /// The log's first verifier key, while it signs.
    pub first_vkey: String,
    /// Tokens and cookies of people's pages.
    pub doorkeys: Doorkeys,
    /// What auditors call persons.
    pub pseudonyms: crate::audit::Pseudonyms,
    /// How many requests each organization may still make at `/cbo/v1`.
    pub meter: Meter,
    /// Where who guesses waits.
    pub turnstile: Turnstile,
    /// Who of the staff is signed in.
    pub staff: Sessions,
    /// The OpenID provider, if staff sign in with one.
    pub provider: Provider,
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
    /// What is seen of webhooks.
    pub webhooks: crate::outbound::webhook::Watch,
    /// What is seen of HL7 v2 links.
    pub links: crate::links::Watch,
    /// Attempts by nobody we know, not yet written down.
    pub strangers: AtomicU64,
}

impl Gate {
    /// Every verifier key the log ever had, oldest first.
    pub fn vkeys(&self) -> Vec<String> {
        crate::signing_keys::vkeys(&self.first_vkey, &self.scribe.published().world().book)
    }

    /// The newest signed checkpoint, and what it says.
    pub fn signed(&self) -> Option<(Arc<String>, Checkpoint)> {
        let note = self.checkpoint.load_full()?;
        // A key may be announced that has not signed yet.
        let opened = self.vkeys().iter().rev().find_map(|key| open_checkpoint(&note, key).ok())?;
        Some((note, opened))
    }

    /// The partner whose certificate this is. Strangers are counted; a suspended partner's attempt is
    /// recorded, and so is one with a revoked certificate.
    pub fn certified(&self, request: &Request) -> Result<Partner, Trouble> {
        self.certificates_partner(request.certificate.as_ref(), &request.chain)
    }

    /// The same, for a connection that is no request.
    pub fn certificates_partner(
        &self,
        certificate: Option<&[u8; 32]>,
        chain: &[Leaf],
    ) -> Result<Partner, Trouble> {
        let roster = self.scribe.published().roster.load();
        let Some(partner) = certificate.and_then(|sha256| roster.by_certificate(sha256)) else {
            return Err(self.stranger());
        };
        if chain.iter().any(|one| self.revoked.load().has(one, self.now())) {
            self.refuse(&partner.org, "A2")?;
            return Err(Kind::Unauthenticated.into());
        }
        self.in_good_standing(partner)
    }

    fn in_good_standing(&self, partner: &Partner) -> Result<Partner, Trouble> {
        if partner.suspended {
            return Err(self.refused(&partner.org, "R2", Kind::Forbidden));
        }
        Ok(partner.clone())
    }

    /// Somebody who did not show who they are.
    pub fn stranger(&self) -> Trouble {
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
        let now_ms = || self.clock.monotonic_ms();
        let cut = self.scribe.published().sends.settle(person, patience, &now_ms);
        if cut > 0 {
            tracing::warn!(cut, "sends were cut, since the person's consent changed");
        }
    }

    /// What a person is called towards an organization, and was before two became one.
    pub fn called(&self, person: loopgate_referral::PersonId, towards: &OrgId) -> Vec<String> {
        let names = self.scribe.published().world().persons.names_of(person);
        let called = |name| self.doorkeys.pseudonym(&self.config.tenant.name, name, towards);
        names.into_iter().map(called).collect()
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

    /// Records that a known partner was refused, before it is told. Answers the name it is recorded
    /// under.
    pub fn refuse(&self, org: &OrgId, code: &str) -> Result<String, Trouble> {
        let name = self.fresh_reference();
        let event = crate::journal::Event::Denied {
            org: org.clone(),
            person: None,
            referral: None,
            action: None,
            code: code.to_owned(),
            correlation: Some(name.clone()),
            grant: None,
            dropped: Vec::new(),
        };
        self.scribe.ask_blocking(|reply| Command::Deny(Box::new(event), reply))?;
        Ok(name)
    }

    /// The same, as what the partner is told.
    pub fn refused(&self, org: &OrgId, code: &str, kind: Kind) -> Trouble {
        match self.refuse(org, code) {
            Ok(name) => Refusal::named(kind, name).into(),
            Err(trouble) => trouble,
        }
    }

    /// By what a refusal is asked about.
    fn fresh_reference(&self) -> String {
        let mut bytes = [0; 8];
        self.clock.random(&mut bytes);
        hex::encode(bytes)
    }

    /// A known partner asked for what is not there for it: recorded, whether or not it is there for
    /// somebody else, so that neither the answer nor its time tells the two apart.
    pub fn not_there<T>(&self, org: &OrgId, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        match outcome {
            Err(Trouble::Refused(refusal)) if refusal.kind == Kind::NotFound => {
                let name = self.refuse(org, "R1")?;
                Err(Refusal { correlation: Some(name), ..refusal }.into())
            }
            outcome => outcome,
        }
    }

    /// A resource as its supplier knows it, with references resolved.
    pub fn document(&self, held: &Held) -> Result<Json, Trouble> {
        let doc = self.archive.document(held.at).map_err(|outage| {
            tracing::error!(%outage, "a document does not read back");
            Trouble::Outage
        })?;
        let Kept::Here(doc) = doc else { return Err(Kind::NotFound.into()) };
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
