//! Rows 4 to 13 of the decision table, with real tokens.

use loopgate_token::base64url_encode;

use super::*;

const NOW: i64 = 1_795_341_600;

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap()
}

fn tokens(key: SigningKey) -> ConsentTokens {
    ConsentTokens::new(key, "https://g.example", &"community".parse().unwrap())
}

fn claims() -> Value {
    json!({
        "iss": "https://g.example/consent/community", "sub": "ps1.x",
        "aud": "urn:loopgate:pep:community", "client_id": "pantry",
        "cnf": { "x5t#S256": "x" }, "iat": NOW, "nbf": NOW, "exp": NOW + 900, "jti": "j",
        "status": {}, "extensions": {},
        "lg": {
            "v": 1, "grant": "grt_c1",
            "consent": { "ref": "Consent/c1", "ver": 1, "hash": "07".repeat(32) },
            "recipients": ["pantry"], "actions": ["forward"], "pou": ["CAREMGT"], "data": ["food"],
        },
    })
}

/// What a token of these claims, signed as this kind, comes to.
fn read(typ: &str, change: impl FnOnce(&mut Value)) -> Result<(), ReasonCode> {
    let mut claims = claims();
    change(&mut claims);
    let tokens = tokens(key());
    let token = tokens.key.sign(typ, &claims).unwrap();
    tokens.read(&token, Timestamp(NOW * 1000)).map(drop)
}

#[test]
fn rows_4_to_13() {
    use ReasonCode::*;
    assert_eq!(read(TYP, |_| {}), Ok(()));
    assert_eq!(read("at+jwt", |_| {}), Err(T6), "row 8");
    assert_eq!(
        read(TYP, |c| c["iss"] = json!("https://g.example/consent/other")),
        Err(T7),
        "row 9"
    );
    assert_eq!(read(TYP, |c| c["aud"] = json!("urn:loopgate:pep:other")), Err(T8), "row 10");
    assert_eq!(read(TYP, |c| c["nbf"] = json!(NOW + 6)), Err(T9), "row 11");
    assert_eq!(read(TYP, |c| c["exp"] = json!(NOW + 901)), Err(T9), "for too long");
    let until = |exp: i64| {
        move |c: &mut Value| {
            (c["iat"], c["nbf"], c["exp"]) = (json!(NOW - 9), json!(NOW - 9), json!(exp))
        }
    };
    assert_eq!(read(TYP, until(NOW)), Err(T10), "row 12");
    assert_eq!(read(TYP, until(NOW + 1)), Ok(()), "row 13");
    for (name, value) in [("v", json!(2)), ("grant", json!("x")), ("more", json!(1))] {
        assert_eq!(read(TYP, |c| c["lg"][name] = value), Err(T2), "{name}");
    }
    let tokens = tokens(key());
    let now = Timestamp(NOW * 1000);
    let token = tokens.key.sign(TYP, &claims()).unwrap();
    assert_eq!(tokens.read("not a token", now), Err(T2), "row 4");
    let unsigned = base64url_encode(br#"{"alg":"none","kid":"a","typ":"lg-consent+jwt"}"#);
    let (_, rest) = token.split_once('.').unwrap();
    assert_eq!(tokens.read(&format!("{unsigned}.{rest}"), now), Err(T3), "row 5");
    let (message, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    assert_eq!(
        tokens.read(&format!("{message}.{first}{}", &signature[1..]), now),
        Err(T4),
        "row 6"
    );
    assert_eq!(self::tokens(key()).read(&token, now), Err(T5), "row 7");
}
