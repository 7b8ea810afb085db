//! N1 to N6 and N15 to N17: tokens whose header or signature is not what it should be. Each change is
//! made to all three kinds of token, and signed with the right key wherever there is a signature.

use std::net::TcpListener;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RsaEncoding, RsaKeyPair,
    UnparsedPublicKey,
};
use loopgate_server::admin::Ask;
use loopgate_token::{base64url_decode, base64url_encode};
use serde_json::{Value, json};

use super::jose::{Doors, Forger, KINDS, Kind, joined};
use crate::harness::{Wire, anonymous_config, status};

#[test]
fn n01_no_algorithm() {
    let doors = Doors::open();
    for none in ["none", "None", "nOnE", "NONE", ""] {
        doors.all_refused("T3", |kind| doors.with_header(kind, |h| h["alg"] = json!(none)));
        // As RFC 7515 §A.5 spells it: with no signature at all.
        doors.all_refused("T3", |kind| {
            let mut header = doors.header(kind);
            header["alg"] = json!(none);
            format!("{}.", joined(&header.to_string(), &doors.claims(kind).to_string()))
        });
    }
    doors.all_refused("T4", |kind| {
        let good = doors.good(kind);
        format!("{}.", good.rsplit_once('.').unwrap().0)
    });
    doors.all_refused("T2", |kind| doors.with_header(kind, |h| remove(h, "alg")));
}

#[test]
fn n02_a_public_key_as_a_secret() {
    let doors = Doors::open();
    for (name, algorithm) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384)] {
        for form in 0..4 {
            doors.all_refused("T3", |kind| {
                let secret = public_forms(doors.key(kind)).remove(form);
                let mut header = doors.header(kind);
                header["alg"] = json!(name);
                let message = joined(&header.to_string(), &doors.claims(kind).to_string());
                let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), message.as_bytes());
                format!("{message}.{}", base64url_encode(tag.as_ref()))
            });
        }
    }
}

/// A public key as PEM, DER, JWK and bare point.
fn public_forms(forger: &Forger) -> Vec<Vec<u8>> {
    let public = forger.pair().public_key();
    let der: PublicKeyX509Der<'_> = public.as_der().unwrap();
    let base64 = base64url_encode(der.as_ref()).replace('-', "+").replace('_', "/");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let jwk = forger.key.jwk().to_string();
    vec![pem.into_bytes(), der.as_ref().to_vec(), jwk.into_bytes(), public.as_ref().to_vec()]
}

#[test]
fn n03_an_algorithm_of_another_key() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let modulus = rsa.public_key().modulus().big_endian_without_leading_zero().to_vec();
    let jwk = json!({ "kty": "RSA", "kid": "rsa", "n": base64url_encode(&modulus), "e": "AQAB" });
    let doors = Doors::with_keys(&[jwk]);
    for other in ["ES256", "RS384", "RS256", "ES512", "PS384", "EdDSA", "es384"] {
        doors.all_refused("T3", |kind| doors.with_header(kind, |h| h["alg"] = json!(other)));
    }
    // The key is for RS384, which is what it is taken with.
    let signed = |algorithm: &str, encoding: &'static dyn RsaEncoding| {
        let header = json!({ "alg": algorithm, "kid": "rsa", "typ": "JWT" });
        let message = joined(&header.to_string(), &doors.claims(Kind::Assertion).to_string());
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", base64url_encode(&signature))
    };
    doors.show(Kind::Assertion, &signed("RS384", &RSA_PKCS1_SHA384)).expect(200);
    doors.refused(Kind::Assertion, &signed("RS256", &RSA_PKCS1_SHA256), "T3");
    doors.refused(Kind::Assertion, &signed("RS384", &RSA_PKCS1_SHA256), "T4");
    doors.refused(Kind::Assertion, &signed("ES384", &RSA_PKCS1_SHA384), "T3");
}

#[test]
fn n04_key_ids_that_are_more_than_ids() {
    let doors = Doors::open();
    let files = || std::fs::read_dir(doors.gateway.root().join("keys")).unwrap().count();
    let (keys, logged) = (files(), doors.gateway.log().lines().count());
    let kids = ["../../x", "../keys/access.p8", "x' OR '1'='1", "a\u{0}b", "", "missing", "a.b"];
    for kid in kids {
        doors.all_refused("T5", |kind| doors.with_header(kind, |h| h["kid"] = json!(kid)));
    }
    let long = "k".repeat(10_000);
    doors.all_refused("T2", |kind| doors.with_header(kind, |h| h["kid"] = json!(long)));
    doors.all_refused("T5", |kind| doors.with_header(kind, |h| h["kid"] = json!(["x"])));
    doors.all_refused("T5", |kind| doors.with_header(kind, |h| remove(h, "kid")));
    // Each refused assertion is one line, and none says what was sent.
    let log = doors.gateway.log();
    let lines: Vec<&str> = log.lines().skip(logged).collect();
    assert_eq!(lines.len(), kids.len() + 3, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("a client assertion was refused")), "{lines:#?}");
    assert_eq!(files(), keys);

    // A key set with one id twice is not read at all.
    let jwk = Forger::fresh().key.jwk();
    let twice = json!({ "keys": [jwk, jwk] });
    let path = doors.gateway.root().join("partners/hospital-a.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let client = format!("{text}\n[client]\njwks = '{twice}'\nscopes = \"system/Task.r\"\n");
    std::fs::write(&path, client).unwrap();
    let refused = doors.gateway.try_admin(&Ask::PartnersReload).unwrap_err();
    assert!(refused.to_string().contains("has a key without an id of its own"), "{refused}");
    doors.show(Kind::Assertion, &doors.good(Kind::Assertion)).expect(200);
}

#[test]
fn n05_keys_that_come_along() {
    let doors = Doors::open();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let at = format!("https://127.0.0.1:{}/jwks", trap.local_addr().unwrap().port());
    let attacker = Forger::fresh();
    let signed = |kind: Kind, name: &str, value: Value| {
        let mut header = doors.header(kind);
        header["kid"] = json!(attacker.key.kid());
        header[name] = value;
        let message = joined(&header.to_string(), &doors.claims(kind).to_string());
        format!("{message}.{}", base64url_encode(&attacker.signature(&message)))
    };
    doors.all_refused("T2", |kind| signed(kind, "jwk", attacker.key.jwk()));
    doors.all_refused("T2", |kind| signed(kind, "x5c", json!(["AAAA"])));
    doors.all_refused("T2", |kind| signed(kind, "x5u", json!(at)));
    doors.all_refused("T2", |kind| signed(kind, "x5t#S256", json!("AAAA")));
    doors.all_refused("T5", |kind| signed(kind, "jku", json!(at)));
    // Nor does the right signature make another's address a key's.
    doors.all_refused("T5", |kind| doors.with_header(kind, |h| h["jku"] = json!(at)));
    assert!(trap.accept().is_err(), "somebody called");
}

#[test]
fn n06_what_changes_the_meaning() {
    let doors = Doors::open();
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!(["urn:example:unknown"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ] {
        doors.all_refused("T2", |kind| doors.with_header(kind, |h| h[name] = value.clone()));
    }
    doors.all_refused("T2", |kind| {
        doors.with_header(kind, |h| (h["crit"], h["b64"]) = (json!(["b64"]), json!(false)))
    });
}

/// What is made of a signature.
type Change<'c> = &'c dyn Fn(&[u8]) -> Vec<u8>;

#[test]
fn n15_signatures_that_are_none() {
    let doors = Doors::open();
    let with = |kind: Kind, change: Change<'_>| {
        let good = doors.good(kind);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let changed = change(&base64url_decode(signature).unwrap());
        format!("{message}.{}", base64url_encode(&changed))
    };
    let changes: [Change<'_>; 8] = [
        &|_| vec![0; 96],
        &|bytes| [&[0; 48], &bytes[48..]].concat(),
        &|bytes| [&bytes[..48], &[0; 48]].concat(),
        &|bytes| [&bytes[..48], &ORDER].concat(),
        &der,
        &|bytes| bytes[..95].to_vec(),
        &|bytes| [bytes, &[0]].concat(),
        &|bytes| [&bytes[48..], &bytes[..48]].concat(),
    ];
    for change in changes {
        doors.all_refused("T4", |kind| with(kind, change));
    }
    doors.all_refused("T4", |kind| {
        let message = joined(&doors.header(kind).to_string(), &doors.claims(kind).to_string());
        format!("{message}.{}", base64url_encode(&Forger::fresh().signature(&message)))
    });
    // RFC 7518 asks for no low s: the twin signs the same words, which are spent with the first.
    let first = doors.good(Kind::Assertion);
    doors.show(Kind::Assertion, &first).expect(200);
    let (message, signature) = first.rsplit_once('.').unwrap();
    let twin = high(&base64url_decode(signature).unwrap());
    let public = doors.key(Kind::Assertion).pair().public_key();
    let public = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, public.as_ref());
    assert!(public.verify(message.as_bytes(), &twin).is_ok());
    doors.refused(Kind::Assertion, &format!("{message}.{}", base64url_encode(&twin)), "T4");
}

/// The order of P-384 (FIPS 186-5).
const ORDER: [u8; 48] = {
    let mut order = [0xff; 48];
    let low = 0xc763_4d81_f437_2ddf_581a_0db2_48b0_a77a_u128.to_be_bytes();
    let last = 0xecec_196a_ccc5_2973_u64.to_be_bytes();
    let mut at = 0;
    while at < 16 {
        order[24 + at] = low[at];
        at += 1;
    }
    at = 0;
    while at < 8 {
        order[40 + at] = last[at];
        at += 1;
    }
    order
};

/// r and the order less s: valid where s was.
fn high(signature: &[u8]) -> Vec<u8> {
    let (mut other, mut borrow) = (vec![0; 48], 0);
    for at in (0..48).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(signature[48 + at]) - borrow;
        borrow = i16::from(digit < 0);
        other[at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    [&signature[..48], &other].concat()
}

/// The same two numbers as X.509 would write them.
fn der(signature: &[u8]) -> Vec<u8> {
    let mut inside = Vec::new();
    for number in [&signature[..48], &signature[48..]] {
        inside.extend([2, 49, 0]);
        inside.extend(number);
    }
    [&[0x30, u8::try_from(inside.len()).unwrap()], &inside[..]].concat()
}

#[test]
fn n16_other_spellings_of_the_same_bytes() {
    let doors = Doors::open();
    let spelt = |kind: Kind, change: &dyn Fn(&str) -> String| {
        // One spare bit pair at the end of the header, which has another spelling then.
        let mut header = doors.header(kind).to_string();
        while header.len() % 3 != 1 {
            header.push(' ');
        }
        let message = joined(&header, &doors.claims(kind).to_string());
        let (header, claims) = message.split_once('.').unwrap();
        let message = format!("{}.{claims}", change(header));
        format!("{message}.{}", base64url_encode(&doors.key(kind).signature(&message)))
    };
    // As it is, it is good.
    for kind in KINDS {
        doors.show(kind, &spelt(kind, &str::to_owned)).expect(200);
    }
    let changes: [&dyn Fn(&str) -> String; 4] = [
        &|header| format!("{header}=="),
        &|header| format!("{header}="),
        &|header| format!("{} {}", &header[..8], &header[8..]),
        &|header| {
            let last = header.chars().last().unwrap();
            let next = char::from(u8::try_from(last).unwrap() + 1);
            format!("{}{next}", &header[..header.len() - 1])
        },
    ];
    for change in changes {
        doors.all_refused("T2", |kind| spelt(kind, change));
    }
    // The other alphabet, wherever it differs.
    doors.all_refused("T2", |kind| {
        loop {
            let good = doors.good(kind);
            let (message, signature) = good.rsplit_once('.').unwrap();
            let other = signature.replace('-', "+").replace('_', "/");
            if other != signature {
                return format!("{message}.{other}");
            }
        }
    });
}

#[test]
fn n17_other_serializations() {
    let doors = Doors::open();
    let parts = |kind: Kind| {
        let good = doors.good(kind);
        let parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        <[String; 3]>::try_from(parts).unwrap()
    };
    doors.all_refused("T2", |kind| {
        let [protected, payload, signature] = parts(kind);
        json!({ "protected": protected, "payload": payload, "signature": signature }).to_string()
    });
    doors.all_refused("T2", |kind| parts(kind)[..2].join("."));
    doors.all_refused("T2", |kind| format!("{}.{}", doors.good(kind), parts(kind)[2]));
    doors.all_refused("T2", |kind| format!("{}..", doors.good(kind)));
    doors.all_refused("T2", |_| "..".to_owned());
    doors.all_refused("T2", |kind| {
        doors.with_claims(kind, |claims| claims["more"] = json!("x".repeat(9_000)))
    });
    // A token of a megabyte is not read to its end.
    let before = doors.gateway.count();
    let long = "A".repeat(1 << 20);
    let root = doors.gateway.root();
    let wire = || Wire::open(anonymous_config(&root), doors.gateway.machines());
    let form = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\nclient_assertion={}",
        long.len() + 17,
        &long[..17_000]
    );
    assert_eq!(status(&wire().http(form.as_bytes())), Some(413));
    for name in ["Authorization: Bearer", "Loopgate-Consent:"] {
        let request =
            format!("GET /fhir/Task HTTP/1.1\r\nHost: localhost\r\n{name} {long}\r\n\r\n");
        // Whoever sends on after that may find the connection gone before the answer.
        let told = status(&wire().http(request.as_bytes()));
        assert!(matches!(told, None | Some(431)), "{name}: {told:?}");
    }
    assert_eq!(doors.gateway.count(), before);
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name).unwrap();
}
