//! Consent tokens: a portable proof of a Grant, for one recipient, for a quarter of an hour. A token
//! may only narrow what the Grant permits; the Grant is asked at every use.

use loopgate_consent::{Action, DataClass, Effect, GrantState, Presented, Purpose, ReasonCode};
use loopgate_referral::{OrgId, PersonId, ReferralId, Timestamp};
use loopgate_token::status::{BITS, Status, StatusList};
use loopgate_token::{Algorithm, Flaw, Rules, SigningKey, same, sha256, verify};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fold::{Minted, World};
use crate::gate::{Gate, Request};
use crate::identity::access::Confirmation;
use crate::partner::Partner;
use crate::refusal::{Kind, Trouble};
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::{Command, OwnedToken};

/// `typ` of a consent token.
pub const TYP: &str = "lg-consent+jwt";
const STATUS_TYP: &str = "statuslist+jwt";
/// Seconds a consent token lives.
pub const LIFE_S: i64 = 900;
/// Tokens that can be alive at once; a status list of 32 KiB.
pub const INDEXES: u32 = 1 << 17;
const STATUS_S: i64 = 300;

/// Makes and reads consent tokens.
pub struct ConsentTokens {
    key: SigningKey,
    issuer: String,
    audience: String,
    status_uri: String,
}

/// What a consent token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    /// The pairwise pseudonym of the person for the recipient.
    sub: String,
    aud: String,
    client_id: OrgId,
    cnf: Confirmation,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    status: Value,
    lg: Scope,
    extensions: Value,
}

/// What it permits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    v: u32,
    grant: loopgate_consent::GrantId,
    consent: OfConsent,
    recipients: Vec<OrgId>,
    actions: Vec<Action>,
    pou: Vec<Purpose>,
    data: Vec<DataClass>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ref_id: Option<ReferralId>,
    /// It may be used once.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    once: Option<Once>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Once {
    Once,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfConsent {
    r#ref: String,
    ver: u32,
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
}

/// What came in the header `Loopgate-Consent`, looked at once for the whole request.
#[derive(Debug, Clone, Default)]
pub enum Shown {
    /// Nothing.
    #[default]
    Nothing,
    /// A token that does not verify.
    Refused(ReasonCode),
    /// A token, and how it stands.
    Token(Box<(Claims, bool, Option<ReasonCode>)>),
}

/// The reason code of a flaw: T2 to T10.
fn code(flaw: Flaw) -> ReasonCode {
    match flaw {
        Flaw::Malformed => ReasonCode::T2,
        Flaw::Algorithm => ReasonCode::T3,
        Flaw::Signature => ReasonCode::T4,
        Flaw::Key => ReasonCode::T5,
        Flaw::Kind => ReasonCode::T6,
        Flaw::Issuer => ReasonCode::T7,
        Flaw::Audience => ReasonCode::T8,
        Flaw::NotYet => ReasonCode::T9,
        Flaw::Expired => ReasonCode::T10,
    }
}

impl ConsentTokens {
    /// Of this tenant's consent authority.
    pub fn new(key: SigningKey, base: &str, tenant: &OrgId) -> ConsentTokens {
        ConsentTokens {
            key,
            issuer: format!("{base}/consent/{tenant}"),
            audience: format!("urn:loopgate:pep:{tenant}"),
            status_uri: format!("{base}/status/1"),
        }
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        self.key.jwk()
    }

    /// What a token says now.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Claims, ReasonCode> {
        let rules = Rules {
            typ: TYP,
            algorithms: &[Algorithm::ES384],
            issuer: &self.issuer,
            audience: &self.audience,
            life_s_max: LIFE_S,
            jku: None,
            foreign: false,
        };
        let claims: Claims =
            verify(token, &self.key.key_set(), &rules, now.0.div_euclid(1000)).map_err(code)?;
        if claims.lg.v == 1 { Ok(claims) } else { Err(ReasonCode::T2) }
    }

    /// Whose token it is, by what it is known, and until when: to revoke it.
    pub fn named(&self, token: &str, now: Timestamp) -> Option<(OrgId, [u8; 32], Timestamp)> {
        let claims = self.read(token, now).ok()?;
        Some((claims.client_id, sha256(claims.jti.as_bytes()), Timestamp(claims.exp * 1000)))
    }

    /// The status list of tokens that stand so.
    fn status_list(&self, stand: &[(u32, Status)], now: Timestamp) -> Result<String, Trouble> {
        let mut list = StatusList::new(INDEXES as usize);
        for (index, status) in stand {
            // An index is below their number.
            let _ = list.set(*index as usize, *status);
        }
        let iat = now.0.div_euclid(1000);
        let claims = json!({
            "iss": self.issuer, "sub": self.status_uri, "aud": self.audience,
            "iat": iat, "exp": iat + STATUS_S, "ttl": 60,
            "status_list": { "bits": BITS, "lst": list.encode() },
        });
        self.key.sign(STATUS_TYP, &claims).map_err(|_| Trouble::Outage)
    }
}

/// Whether a token stands: revoked by itself, or suspended with its person. That its Grant changed
/// is the Grant's to say (`C2`, `C4`); on a list, which knows no Grant, it is invalid.
fn standing(world: &World, minted: &Minted) -> Option<ReasonCode> {
    if world.revoked_tokens.has(&minted.recipient, &minted.jti) {
        return Some(ReasonCode::T12);
    }
    if world.grants.are_suspended(minted.person) {
        return Some(ReasonCode::T13);
    }
    let grant = world.grants.get(minted.person, &minted.grant.id);
    let same = |one: &&loopgate_consent::Grant| {
        one.version == minted.grant.version && one.says.state == GrantState::Active
    };
    if grant.filter(same).is_some() { None } else { Some(ReasonCode::T12) }
}

/// What a request shows: verified, bound, looked up, and used up if it is of one use.
pub fn shown(gate: &Gate, request: &Request, caller: &Partner) -> Result<Shown, Trouble> {
    let mut shown = match &request.consent {
        Some(token) => looked_up(gate, request, caller, token),
        None => Shown::Nothing,
    };
    if let Shown::Token(token) = &mut shown
        && let (claims, true, stands @ None) = &mut **token
        && claims.lg.once.is_some()
    {
        let jti = sha256(claims.jti.as_bytes());
        let (org, until) = (caller.org.clone(), Timestamp(claims.exp * 1000));
        let spent = gate.scribe.ask_blocking(|reply| Command::Spend(org, jti, until, reply))?;
        *stands = (!spent).then_some(ReasonCode::T11);
    }
    Ok(shown)
}

fn looked_up(gate: &Gate, request: &Request, caller: &Partner, token: &str) -> Shown {
    let claims = match gate.consent_tokens.read(token, gate.now()) {
        Ok(claims) => claims,
        Err(code) => return Shown::Refused(code),
    };
    let bound = claims.client_id == caller.org && claims.cnf.is_of(request.certificate.as_ref());
    let jti = sha256(claims.jti.as_bytes());
    let stands = {
        let world = gate.scribe.published().world();
        let revoked = world.revoked_tokens.has(&claims.client_id, &jti);
        let known = world.minted.values().find(|minted| minted.jti == jti);
        let suspended = known.is_some_and(|one| world.grants.are_suspended(one.person));
        if revoked { Some(ReasonCode::T12) } else { suspended.then_some(ReasonCode::T13) }
    };
    Shown::Token(Box::new((claims, bound, stands)))
}

impl Shown {
    /// As the release decision sees it, for data about this person.
    pub fn about(&self, gate: &Gate, person: PersonId, caller: &OrgId) -> OwnedToken {
        let (claims, bound, standing) = match self {
            Shown::Nothing => return OwnedToken::None,
            Shown::Refused(code) => return OwnedToken::Refused(*code),
            Shown::Token(token) => token.as_ref(),
        };
        let mut called = gate.called(person, caller).into_iter();
        OwnedToken::Narrows(Box::new(Presented {
            bound: *bound,
            standing: *standing,
            grant: claims.lg.grant.clone(),
            version: claims.lg.consent.ver,
            consent_sha256: claims.lg.consent.hash,
            same_person: called.any(|name| same(name.as_bytes(), claims.sub.as_bytes())),
            recipients: claims.lg.recipients.clone(),
            actions: claims.lg.actions.clone(),
            purposes: claims.lg.pou.clone(),
            classes: claims.lg.data.clone(),
            referral: claims.lg.ref_id,
        }))
    }
}

/// `POST /fhir/Consent/{id}/$token`: who may disclose under a Consent makes a token for a recipient.
pub fn mint(
    gate: &Gate,
    caller: &Partner,
    id: &loopgate_referral::ResourceId,
    request: &Request,
) -> Result<Reply, Trouble> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        recipient: OrgId,
        #[serde(default)]
        referral: Option<ReferralId>,
        #[serde(default)]
        once: bool,
    }
    let wanted: Wanted =
        serde_json::from_slice(&request.body).map_err(|_| Trouble::from(Kind::Malformed))?;
    let held = gate.held(id).filter(|held| held.org == caller.org);
    let person = held.and_then(|held| held.person).ok_or(Trouble::from(Kind::NotFound))?;
    let grant = {
        let world = gate.scribe.published().world();
        let grant = world.grants.get(person, &loopgate_consent::GrantId::of_consent(id)).cloned();
        grant.filter(|_| !world.grants.are_suspended(person))
    };
    let sound = |grant: &loopgate_consent::Grant| {
        grant.says.state == GrantState::Active
            && !grant.says.terms.incomplete
            && grant.says.disclosers.contains(&caller.org)
    };
    let refuse = || -> Result<Trouble, Trouble> {
        gate.refuse(&caller.org, "C12")?;
        Ok(Kind::Forbidden.into())
    };
    let Some(grant) = grant.filter(sound) else { return Err(refuse()?) };
    let names = |rule: &&loopgate_consent::Rule| {
        rule.effect == Effect::Permit
            && rule.period.contains(gate.now())
            && rule.recipients.iter().any(|(org, _)| *org == wanted.recipient)
    };
    let rules: Vec<_> = grant.says.rules.iter().filter(names).collect();
    let roster = gate.scribe.published().roster.load();
    let certificate = roster.get(&wanted.recipient).and_then(|one| one.certificates.first());
    let (false, Some(certificate)) = (rules.is_empty(), certificate) else { return Err(refuse()?) };
    let jti = gate.fresh_name();
    let now = gate.now().0.div_euclid(1000);
    // Never longer than the Grant.
    let ends = rules.iter().filter_map(|rule| rule.period.end).map(|end| end.0 / 1000).max();
    let exp = ends.map_or(now + LIFE_S, |ends| ends.min(now + LIFE_S));
    let minted = Minted {
        person,
        recipient: wanted.recipient.clone(),
        grant: grant.reference(),
        jti: sha256(jti.as_bytes()),
        until: Timestamp(exp * 1000),
    };
    let mint = |reply| Command::Mint(caller.org.clone(), Box::new(minted), reply);
    let index = gate.scribe.ask_blocking(mint)?;
    let all = |pick: &dyn Fn(&loopgate_consent::Rule) -> Vec<String>| {
        let mut found: Vec<String> = rules.iter().flat_map(|rule| pick(rule)).collect();
        found.sort();
        found.dedup();
        found
    };
    let data = all(&|rule| rule.classes.iter().map(|class| class.name().to_owned()).collect());
    let actions = all(&|rule| rule.actions.iter().map(|one| one.name().to_owned()).collect());
    let pou = all(&|rule| rule.purposes.iter().map(|one| one.code().to_owned()).collect());
    let tokens = &gate.consent_tokens;
    let sub = gate.doorkeys.pseudonym(&gate.config.tenant.name, person, &wanted.recipient);
    let mut scope = json!({
        "v": 1, "grant": grant.id,
        "consent": {
            "ref": id, "ver": grant.version, "hash": hex::encode(grant.says.consent_sha256),
        },
        "recipients": [wanted.recipient], "actions": actions, "pou": pou, "data": data,
    });
    if let Some(referral) = wanted.referral {
        scope["ref_id"] = json!(referral);
    }
    if wanted.once {
        scope["use"] = json!("once");
    }
    let claims = json!({
        "iss": tokens.issuer, "sub": sub, "aud": tokens.audience,
        "client_id": wanted.recipient, "cnf": Confirmation::of(certificate),
        "iat": now, "nbf": now, "exp": exp, "jti": jti,
        "status": { "status_list": { "idx": index, "uri": tokens.status_uri } },
        "lg": scope,
        // IHE PCF: the same, for peers that know no more.
        "extensions": { "ihe_pcf": { "patient_id": sub, "doc_id": [id] } },
    });
    let token = tokens.key.sign(TYP, &claims).map_err(|_| Trouble::Outage)?;
    let body = json!({ "consent_token": token, "expires_in": exp - now });
    Ok(json_reply(200, JSON, &body).header("pragma", "no-cache"))
}

/// RFC 8693: a consent token for a shorter one of this one presenter and one referral.
pub fn exchange(
    gate: &Gate,
    caller: &Partner,
    request: &Request,
    field: &dyn Fn(&str) -> Option<String>,
) -> Result<Reply, Trouble> {
    const KIND: &str = "urn:loopgate:params:oauth:token-type:consent";
    let refused = || Trouble::from(Kind::Malformed);
    let kinds = ["subject_token_type", "requested_token_type"].map(field);
    if kinds[0].as_deref() != Some(KIND) || kinds[1].as_deref().is_some_and(|kind| kind != KIND) {
        return Err(refused());
    }
    let referral: ReferralId =
        field("resource").and_then(|text| text.parse().ok()).ok_or_else(refused)?;
    let subject = field("subject_token").ok_or_else(refused)?;
    let Shown::Token(token) = looked_up(gate, request, caller, &subject) else {
        return Err(refused());
    };
    let (mut claims, bound, standing) = *token;
    if claims.lg.once.is_some() {
        return Err(refused()); // Its one use is where it is shown.
    }
    let pinned_elsewhere = claims.lg.ref_id.is_some_and(|pinned| pinned != referral);
    if !bound || standing.is_some() || pinned_elsewhere {
        gate.refuse(&caller.org, standing.map_or("A3", ReasonCode::name))?;
        return Err(refused());
    }
    // Narrower in time and in reach; nothing else changes, and it is revoked with the one it is of.
    let now = gate.now().0.div_euclid(1000);
    claims.lg.ref_id = Some(referral);
    (claims.iat, claims.nbf, claims.exp) = (now, now, claims.exp.min(now + 300));
    let token = gate.consent_tokens.key.sign(TYP, &claims).map_err(|_| Trouble::Outage)?;
    let body = json!({
        "access_token": token, "issued_token_type": KIND, "token_type": "N_A",
        "expires_in": claims.exp - now,
    });
    Ok(json_reply(200, JSON, &body).header("pragma", "no-cache"))
}

/// `GET /status/1`: says of tokens how they stand, and of nobody anything.
pub fn status(gate: &Gate) -> Result<Reply, Trouble> {
    let stand: Vec<(u32, Status)> = {
        let world = gate.scribe.published().world();
        let stands = |minted: &Minted| match standing(&world, minted) {
            None => Status::Valid,
            Some(ReasonCode::T13) => Status::Suspended,
            Some(_) => Status::Invalid,
        };
        world.minted.iter().map(|(index, minted)| (*index, stands(minted))).collect()
    };
    // Packed and signed once nobody waits for the world.
    let list = gate.consent_tokens.status_list(&stand, gate.now())?;
    Ok(Reply::with(200, "application/statuslist+jwt", list.into_bytes()))
}

#[cfg(test)]
#[path = "consent_token_tests.rs"]
mod tests;
