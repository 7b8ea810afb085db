//! Tokens verified per second, beside the signature check alone in the same run: the ratio is what
//! the wrapper costs.

use loopgate_token::{Algorithm, KeySet, Rules, SigningKey, verify};
use serde_json::{Value, json};

const NOW: i64 = 1_795_341_600;

fn main() {
    divan::main();
}

fn made() -> (String, KeySet) {
    let (Ok(pkcs8), claims) = (
        SigningKey::generate(),
        json!({ "iss": "clinic-b", "aud": "gateway", "iat": NOW, "exp": NOW + 300, "jti": "1" }),
    ) else {
        unreachable!("a key can be made")
    };
    let Ok(key) = SigningKey::from_pkcs8(&pkcs8) else { unreachable!("it was just made") };
    let Ok(token) = key.sign("JWT", &claims) else { unreachable!("it signs") };
    (token, key.key_set())
}

fn rules() -> Rules<'static> {
    let algorithms = &Algorithm::SMART;
    Rules {
        typ: "JWT",
        algorithms,
        issuer: "clinic-b",
        audience: "gateway",
        life_s_max: 300,
        jku: None,
        foreign: false,
    }
}

#[divan::bench]
fn es384_token(bencher: divan::Bencher<'_, '_>) {
    let (token, keys) = made();
    bencher.bench(|| verify::<Value>(&token, &keys, &rules(), NOW).is_ok());
}

#[divan::bench]
fn es384_signature_alone(bencher: divan::Bencher<'_, '_>) {
    let Ok(pkcs8) = SigningKey::generate() else { unreachable!("a key can be made") };
    use aws_lc_rs::signature::{
        ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    };
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &pkcs8);
    let Ok(pair) = pair else { unreachable!("it was just made") };
    let random = aws_lc_rs::rand::SystemRandom::new();
    let message = [7; 300];
    let Ok(signature) = pair.sign(&random, &message) else { unreachable!("it signs") };
    let public = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, pair.public_key().as_ref());
    bencher.bench(|| public.verify(&message, signature.as_ref()).is_ok());
}

#[divan::bench]
fn rs384_token(bencher: divan::Bencher<'_, '_>) {
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA384, RsaKeyPair};
    let Ok(pair) = RsaKeyPair::generate(KeySize::Rsa2048) else {
        unreachable!("a key can be made")
    };
    let n = pair.public_key().modulus().big_endian_without_leading_zero();
    let n = loopgate_token::base64url_encode(n);
    let set = json!({ "keys": [{ "kty": "RSA", "kid": "k", "n": n, "e": "AQAB" }] }).to_string();
    let Ok(keys) = KeySet::parse(set.as_bytes()) else { unreachable!("a sound set") };
    let claims =
        json!({ "iss": "clinic-b", "aud": "gateway", "iat": NOW, "exp": NOW + 300, "jti": "1" });
    let encode = |text: String| loopgate_token::base64url_encode(text.as_bytes());
    let header = json!({ "alg": "RS384", "kid": "k", "typ": "JWT" });
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    let signed = pair.sign(&RSA_PKCS1_SHA384, &random, message.as_bytes(), &mut signature);
    assert!(signed.is_ok());
    let token = format!("{message}.{}", loopgate_token::base64url_encode(&signature));
    assert!(verify::<Value>(&token, &keys, &rules(), NOW).is_ok());
    bencher.bench(|| verify::<Value>(&token, &keys, &rules(), NOW).is_ok());
}
