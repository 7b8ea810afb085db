//! Tokens that no honest party makes, of the three kinds there are, and the doors they are shown at.

use std::cell::Cell;
use std::fs;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use loopgate_token::{SigningKey, base64url_decode, base64url_encode};
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral, credentials, form};

/// What the client may ask for.
pub const SCOPES: &str = "system/Task.rus system/Patient.cr system/Consent.cru";

/// A private key that signs anything.
pub struct Forger {
    pair: EcdsaKeyPair,
    pub key: SigningKey,
}

impl Forger {
    /// The key in these PKCS#8 bytes.
    pub fn of(pkcs8: &[u8]) -> Forger {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8).unwrap();
        Forger { pair, key: SigningKey::from_pkcs8(pkcs8).unwrap() }
    }

    /// A new key.
    pub fn fresh() -> Forger {
        Forger::of(&SigningKey::generate().unwrap())
    }

    /// Its pair.
    pub fn pair(&self) -> &EcdsaKeyPair {
        &self.pair
    }

    /// The raw signature, r and s, of these bytes.
    pub fn signature(&self, message: &str) -> Vec<u8> {
        let signed = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        signed.as_ref().to_vec()
    }
}

/// Header and claims of a token, as texts, joined for signing.
pub fn joined(header: &str, claims: &str) -> String {
    format!("{}.{}", base64url_encode(header.as_bytes()), base64url_encode(claims.as_bytes()))
}

/// What a token's second part says.
pub fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url_decode(payload).unwrap()).unwrap()
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A client says who it is, at the token endpoint.
    Assertion,
    /// `Authorization: Bearer`.
    Access,
    /// `Loopgate-Consent`.
    Consent,
}

pub const KINDS: [Kind; 3] = [Kind::Assertion, Kind::Access, Kind::Consent];

/// A gateway whose clinic is a client, and whose pantry has to show a consent token for the one
/// referral there is. The keys of all three kinds of token are at hand, so that a token is refused
/// for what is wrong with it and for nothing else.
pub struct Doors {
    pub gateway: Gateway,
    pub clinic: Party,
    pub pantry: Party,
    /// The clinic's own key, the gateway's for access tokens, and the one for consent tokens.
    keys: [Forger; 3],
    good: [Value; 3],
    /// The referral, for the pantry.
    pub referral: String,
    asserted: Cell<u32>,
}

impl Doors {
    /// The clinic's key set holds its key, and these.
    pub fn with_keys(more: &[Value]) -> Doors {
        let gateway = Gateway::start();
        let client = Forger::fresh();
        let keys = [&[client.key.jwk()], more].concat();
        let jwks = json!({ "keys": keys }).to_string();
        gateway.change_partner("clinic-b", |text| {
            format!("{text}\n[client]\njwks = '{jwks}'\nscopes = \"{SCOPES}\"\n")
        });
        gateway.change_partner("pantry", |text| {
            text.replace("consent_token = \"optional\"", "consent_token = \"required\"")
        });
        let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
        let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
        let placed = gateway.of_kind("referral.sent");
        let referral = placed[0]["subject"][0]["id"].as_str().unwrap();
        let referral = format!("/cbo/v1/referrals/{referral}");
        let own = |name: &str| {
            let text = fs::read_to_string(gateway.root().join("keys").join(name)).unwrap();
            Forger::of(&hex::decode(text.trim()).unwrap())
        };
        let keys = [client, own("access.p8"), own("consent.p8")];
        let now = gateway.now_s();
        let audience = format!("{}/oauth/token", gateway.base());
        let assertion = json!({
            "iss": "clinic-b", "sub": "clinic-b", "aud": audience,
            "iat": now, "exp": now + 300, "jti": "",
        });
        let mut doors = Doors {
            gateway,
            clinic,
            pantry,
            keys,
            good: [assertion, Value::Null, Value::Null],
            referral,
            asserted: Cell::new(0),
        };
        let first = doors.show(Kind::Assertion, &doors.good(Kind::Assertion)).expect(200).json;
        doors.good[1] = claims_of(first["access_token"].as_str().unwrap());
        let mint = format!("{}/$token", answer.entry(1));
        let minted = doors.clinic.post(&mint, &json!({ "recipient": "pantry" })).expect(200).json;
        doors.good[2] = claims_of(minted["consent_token"].as_str().unwrap());
        // What is refused below is refused for its one change.
        for kind in KINDS {
            doors.show(kind, &doors.good(kind)).expect(200);
        }
        doors
    }

    pub fn open() -> Doors {
        Doors::with_keys(&[])
    }

    pub fn key(&self, kind: Kind) -> &Forger {
        &self.keys[kind as usize]
    }

    pub fn header(&self, kind: Kind) -> Value {
        let typ = ["JWT", "at+jwt", "lg-consent+jwt"][kind as usize];
        json!({ "alg": "ES384", "kid": self.key(kind).key.kid(), "typ": typ })
    }

    /// What a good one says; an assertion is of one use, so each is another.
    pub fn claims(&self, kind: Kind) -> Value {
        let mut claims = self.good[kind as usize].clone();
        if kind == Kind::Assertion {
            self.asserted.set(self.asserted.get() + 1);
            claims["jti"] = json!(format!("a-{}", self.asserted.get()));
        }
        claims
    }

    /// Signs this very text.
    pub fn signed(&self, kind: Kind, header: &str, claims: &str) -> String {
        let message = joined(header, claims);
        let signature = self.key(kind).signature(&message);
        format!("{message}.{}", base64url_encode(&signature))
    }

    pub fn good(&self, kind: Kind) -> String {
        self.with_claims(kind, |_| {})
    }

    /// One whose header is changed so.
    pub fn with_header(&self, kind: Kind, change: impl FnOnce(&mut Value)) -> String {
        let mut header = self.header(kind);
        change(&mut header);
        self.signed(kind, &header.to_string(), &self.claims(kind).to_string())
    }

    /// One whose claims are changed so.
    pub fn with_claims(&self, kind: Kind, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims(kind);
        change(&mut claims);
        self.signed(kind, &self.header(kind).to_string(), &claims.to_string())
    }

    pub fn show(&self, kind: Kind, token: &str) -> Answer {
        match kind {
            Kind::Assertion => {
                form(&self.clinic, "/oauth/token", &credentials(token, "system/Task.rs"))
            }
            Kind::Access => {
                let bearer = format!("Bearer {token}");
                self.clinic.call("GET", "/fhir/Task", &[("authorization", &bearer)], Vec::new())
            }
            Kind::Consent => {
                self.pantry.call("GET", &self.referral, &[("loopgate-consent", token)], Vec::new())
            }
        }
    }

    /// It is refused as its kind is, and for a consent token the reason is recorded.
    #[track_caller]
    pub fn refused(&self, kind: Kind, token: &str, code: &str) {
        let before = self.gateway.count();
        let answer = self.show(kind, token);
        match kind {
            Kind::Assertion => {
                let error = answer.json["error"].as_str().unwrap_or_default();
                assert_eq!((answer.status, error), (401, "invalid_client"), "{kind:?} {token}");
            }
            Kind::Access => assert_eq!(answer.status, 401, "{kind:?} {token}"),
            Kind::Consent => assert_eq!(answer.status, 404, "{kind:?} {token}"),
        }
        let denials = u64::from(kind == Kind::Consent);
        assert_eq!(self.gateway.count(), before + denials, "{kind:?} {token}");
        if kind == Kind::Consent {
            let denied = self.gateway.of_kind("phi.denied");
            assert_eq!(denied.last().unwrap()["basis"]["reason"], code, "{token}");
        }
    }

    /// The same change makes a token of each kind useless.
    #[track_caller]
    pub fn all_refused(&self, code: &str, make: impl Fn(Kind) -> String) {
        for kind in KINDS {
            self.refused(kind, &make(kind), code);
        }
    }
}
