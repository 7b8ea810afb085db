//! N7 to N11 and N14: tokens that are signed well and say what they should not. Each change is made
//! to all three kinds of token.

use serde_json::{Value, json};

use super::jose::{Doors, KINDS, Kind};

/// The longest life of each kind, seconds.
fn life_s_max(kind: Kind) -> i64 {
    if kind == Kind::Consent { 900 } else { 300 }
}

#[test]
fn n07_a_name_said_twice() {
    let doors = Doors::open();
    let first = |text: &Value, said: &str| text.to_string().replacen('{', &format!("{{{said},"), 1);
    for said in ["\"alg\":\"none\"", "\"kid\":\"other\"", "\"typ\":\"JWT\""] {
        doors.all_refused("T2", |kind| {
            let header = first(&doors.header(kind), said);
            doors.signed(kind, &header, &doors.claims(kind).to_string())
        });
    }
    for said in ["\"exp\":1", "\"iss\":\"x\"", "\"jti\":\"other\"", "\"aud\":{\"a\":1,\"a\":2}"] {
        doors.all_refused("T2", |kind| {
            let claims = first(&doors.claims(kind), said);
            doors.signed(kind, &doors.header(kind).to_string(), &claims)
        });
    }
    // A claim of our own, inside another.
    doors.refused(
        Kind::Consent,
        &{
            let claims = doors.claims(Kind::Consent).to_string();
            let twice = claims.replacen("\"lg\":{", "\"lg\":{\"v\":1,", 1);
            assert_ne!(twice, claims);
            doors.signed(Kind::Consent, &doors.header(Kind::Consent).to_string(), &twice)
        },
        "T2",
    );
}

#[test]
fn n08_when_it_expires() {
    let doors = Doors::open();
    let now = doors.gateway.now_s();
    let until = |value: Value| {
        let doors = &doors;
        move |kind: Kind| doors.with_claims(kind, |claims| claims["exp"] = value.clone())
    };
    for value in [
        json!((now + 200).to_string()),
        Value::Null,
        json!(-1),
        json!(1.5),
        json!([now + 200]),
        json!(9_000_000_000_000_000_000_u64),
    ] {
        doors.all_refused("T2", until(value));
    }
    doors.all_refused("T2", |kind| {
        let claims = doors.claims(kind);
        let huge =
            claims.to_string().replace(&format!("\"exp\":{}", claims["exp"]), "\"exp\":1e400");
        assert!(huge.contains("1e400"));
        doors.signed(kind, &doors.header(kind).to_string(), &huge)
    });
    for name in ["exp", "iat"] {
        doors.all_refused("T2", |kind| doors.with_claims(kind, |claims| remove(claims, name)));
    }
    let lived = |until: i64| {
        let doors = &doors;
        move |kind: Kind| {
            doors.with_claims(kind, |claims| {
                claims["iat"] = json!(now - 100);
                if kind == Kind::Consent {
                    claims["nbf"] = json!(now - 100);
                }
                claims["exp"] = json!(until);
            })
        }
    };
    doors.all_refused("T10", lived(now));
    doors.all_refused("T10", lived(now - 1));
    for kind in KINDS {
        doors.show(kind, &lived(now + 1)(kind)).expect(200);
    }
}

#[test]
fn n09_not_yet_and_for_too_long() {
    let doors = Doors::open();
    let now = doors.gateway.now_s();
    let at = |name: &'static str, seconds: i64| {
        let doors = &doors;
        move |kind: Kind| doors.with_claims(kind, |claims| claims[name] = json!(seconds))
    };
    doors.all_refused("T9", at("nbf", now + 6));
    doors.all_refused("T9", at("nbf", now + 86_400));
    doors.all_refused("T9", at("iat", now + 6));
    for kind in [Kind::Assertion, Kind::Consent] {
        doors.show(kind, &at("nbf", now + 5)(kind)).expect(200);
    }
    doors.all_refused("T9", |kind| {
        doors.with_claims(kind, |claims| {
            claims["exp"] = json!(claims["iat"].as_i64().unwrap() + life_s_max(kind) + 1);
        })
    });
    doors.all_refused("T9", |kind| {
        doors.with_claims(kind, |claims| claims["iat"] = json!(now - 90_000))
    });
    doors
        .all_refused("T9", |kind| doors.with_claims(kind, |claims| claims["exp"] = json!(now - 1)));
}

#[test]
fn n10_for_whom() {
    let doors = Doors::open();
    let aud = |change: &dyn Fn(&str) -> Value| {
        doors.all_refused("T8", |kind| {
            doors
                .with_claims(kind, |claims| claims["aud"] = change(claims["aud"].as_str().unwrap()))
        });
    };
    aud(&|aud| json!([aud, "https://other.example"]));
    aud(&|aud| json!({ "0": aud }));
    aud(&|aud| json!([[aud]]));
    aud(&|_| json!([]));
    aud(&|_| Value::Null);
    aud(&|aud| json!(format!("{aud}/")));
    aud(&|aud| json!(format!("x{aud}")));
    aud(&|aud| json!(aud[..aud.len() - 1]));
    aud(&|aud| json!(format!("{aud}x")));
    aud(&|aud| json!(aud.to_uppercase()));
    doors.all_refused("T8", |kind| doors.with_claims(kind, |claims| remove(claims, "aud")));
}

#[test]
fn n11_by_whom() {
    let doors = Doors::open();
    let iss = |change: &dyn Fn(&str) -> Value| {
        doors.all_refused("T7", |kind| {
            doors
                .with_claims(kind, |claims| claims["iss"] = change(claims["iss"].as_str().unwrap()))
        });
    };
    iss(&|iss| json!([iss]));
    iss(&|_| json!(7));
    iss(&|_| Value::Null);
    iss(&|_| json!(""));
    iss(&|iss| json!(format!("{iss}/")));
    iss(&|_| json!("https://evil.example"));
    doors.all_refused("T7", |kind| doors.with_claims(kind, |claims| remove(claims, "iss")));
}

#[test]
fn n14_a_token_of_another_kind() {
    let doors = Doors::open();
    for kind in KINDS {
        for shown_as in KINDS.into_iter().filter(|other| *other != kind) {
            doors.refused(shown_as, &doors.good(kind), "T6");
        }
    }
    // Nor does the right key and another kind's name, or no name, make it one.
    for typ in ["JWT", "at+jwt", "lg-consent+jwt", "application/at+jwt", "jwt", ""] {
        for kind in KINDS.into_iter().filter(|kind| doors.header(*kind)["typ"] != typ) {
            doors.refused(kind, &doors.with_header(kind, |h| h["typ"] = json!(typ)), "T6");
        }
    }
    doors.all_refused("T6", |kind| doors.with_header(kind, |header| remove(header, "typ")));
    // What the kind does not say, none of its kind says.
    doors.all_refused("T2", |kind| {
        doors.with_claims(kind, |claims| claims["more"] = json!("system/*.cruds"))
    });
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name).unwrap();
}
