//! N12, N13, N18, N19, N22, N26, N71: who asks for a token, how, for what, and with which
//! certificate; and how it calls the person.

use serde_json::{Value, json};

use super::jose::{Doors, Kind, SCOPES, claims_of};
use crate::harness::{Answer, Gateway, Need, Party, Referral, credentials, form};

fn error(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["error"].as_str().unwrap_or_default())
}

#[test]
fn n12_a_client_that_is_another_or_none() {
    let doors = Doors::open();
    let before = doors.gateway.count();
    for (name, value) in [
        ("sub", json!("pantry")),
        ("sub", json!("")),
        ("sub", Value::Null),
        ("iss", json!("pantry")),
        ("iss", json!("hospital-a")),
        ("iss", json!("nobody")),
        ("iss", json!("../../clinic-b")),
        ("iss", json!("Clinic-B")),
        ("jti", json!("")),
        ("jti", json!("j".repeat(256))),
    ] {
        let token = doors.with_claims(Kind::Assertion, |claims| claims[name] = value.clone());
        let answer = doors.show(Kind::Assertion, &token);
        assert_eq!(error(&answer), (401, "invalid_client"), "{name} {value}");
    }
    for both in ["pantry", "nobody"] {
        let token = doors.with_claims(Kind::Assertion, |claims| {
            (claims["iss"], claims["sub"]) = (json!(both), json!(both));
        });
        assert_eq!(error(&doors.show(Kind::Assertion, &token)), (401, "invalid_client"), "{both}");
    }
    let good = doors.good(Kind::Assertion);
    for id in ["pantry", "nobody", ""] {
        let fields = [&credentials(&good, SCOPES)[..], &[("client_id", id)]].concat();
        let answer = form(&doors.clinic, "/oauth/token", &fields);
        assert_eq!(error(&answer), (401, "invalid_client"), "{id}");
    }
    assert_eq!(doors.gateway.count(), before);
    // None of them spent it.
    let fields = [&credentials(&good, SCOPES)[..], &[("client_id", "clinic-b")]].concat();
    form(&doors.clinic, "/oauth/token", &fields).expect(200);
}

#[test]
fn n13_an_assertion_is_of_one_use() {
    let mut doors = Doors::open();
    let assertion = doors.good(Kind::Assertion);
    let ask = |party: &Party| form(party, "/oauth/token", &credentials(&assertion, SCOPES)).status;
    let mut taken: Vec<u16> = std::thread::scope(|scope| {
        let (gateway, ask) = (&doors.gateway, &ask);
        let tries: Vec<_> =
            (0..50).map(|_| scope.spawn(move || ask(&gateway.party("clinic-b")))).collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    taken.sort_unstable();
    assert_eq!((taken[0], &taken[1..]), (200, &[401; 49][..]));
    doors.gateway.kill();
    doors.gateway.serve();
    assert_eq!(ask(&doors.gateway.party("clinic-b")), 401, "after a death");
    doors.gateway.stop();
    doors.gateway.serve();
    assert_eq!(ask(&doors.gateway.party("clinic-b")), 401, "after a restart");
}

#[test]
fn n18_a_request_that_says_it_two_ways() {
    let doors = Doors::open();
    let before = doors.gateway.count();
    let good = doors.good(Kind::Assertion);
    let fields = credentials(&good, "system/Task.r");
    let ask = |fields: &[(&str, &str)]| form(&doors.clinic, "/oauth/token", fields);
    let swapped = |name: &str, value: &'static str| {
        fields.map(|(known, old)| (known, if known == name { value } else { old }))
    };
    let invalid = (400, "invalid_request");
    for kind in ["", "jwt-bearer", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"] {
        assert_eq!(error(&ask(&swapped("client_assertion_type", kind))), invalid, "{kind}");
    }
    for grant in ["password", "authorization_code", "refresh_token"] {
        let answer = ask(&swapped("grant_type", grant));
        assert_eq!(error(&answer), (400, "unsupported_grant_type"), "{grant}");
    }
    for n in 0..fields.len() {
        let twice = [&fields[..], &fields[n..=n]].concat();
        assert_eq!(error(&ask(&twice)), invalid, "{} twice", fields[n].0);
        let without = [&fields[..n], &fields[n + 1..]].concat();
        let code = if fields[n].0 == "scope" { "invalid_scope" } else { "invalid_request" };
        assert_eq!(error(&ask(&without)), (400, code), "no {}", fields[n].0);
    }
    let mut text = form_urlencoded::Serializer::new(String::new());
    let text = text.extend_pairs(fields).finish();
    let media = ("content-type", "application/x-www-form-urlencoded");
    for authorization in ["Basic Y2xpbmljLWI6eA==", "Bearer x", ""] {
        let headers = [media, ("authorization", authorization)];
        let answer = doors.clinic.call("POST", "/oauth/token", &headers, text.clone().into_bytes());
        assert_eq!(error(&answer), invalid, "{authorization}");
    }
    let json = json!({ "grant_type": "client_credentials", "client_assertion": good }).to_string();
    for (media, body) in [
        ("application/json", json.as_str()),
        ("text/plain", text.as_str()),
        ("multipart/form-data; boundary=x", text.as_str()),
    ] {
        let headers = [("content-type", media)];
        let answer = doors.clinic.call("POST", "/oauth/token", &headers, body.as_bytes().to_vec());
        assert_eq!(error(&answer), invalid, "{media}");
    }
    doors.clinic.get(&format!("/oauth/token?{text}")).expect(405);
    assert_eq!(doors.gateway.count(), before);
    // It is good still.
    ask(&fields).expect(200);
}

#[test]
fn n19_scopes_that_are_none() {
    let doors = Doors::open();
    let before = doors.gateway.count();
    let good = doors.good(Kind::Assertion);
    let long = "system/Task.r ".repeat(800);
    for scope in [
        "",
        " ",
        "system/Task.dus",
        "system/Task.rr",
        "system/Task.",
        "system/Task.read",
        "system/Task.*",
        "system/*.cruds",
        "*/*.*",
        "user/Task.r",
        "patient/Task.r",
        "system/Task.rs?code=x",
        "system/Task.r  system/Task.s",
        "system/T\u{e2}sk.r",
        "system/\u{422}ask.r",
        "openid",
        &long,
    ] {
        let answer = form(&doors.clinic, "/oauth/token", &credentials(&good, scope));
        assert_eq!(error(&answer), (400, "invalid_scope"), "{scope}");
    }
    // Over what a request to this door may be.
    let longer = "system/Task.r ".repeat(1500);
    form(&doors.clinic, "/oauth/token", &credentials(&good, &longer)).expect(413);
    assert_eq!(doors.gateway.count(), before);
    // More than it was given, which spends it.
    for scope in ["system/Task.d", "system/Task.cruds", "system/Observation.r"] {
        let good = doors.good(Kind::Assertion);
        let answer = form(&doors.clinic, "/oauth/token", &credentials(&good, scope));
        assert_eq!(error(&answer), (400, "invalid_scope"), "{scope}");
    }
    // Nor is a community organization given what is for sources: it is no client at all.
    let token = doors.with_claims(Kind::Assertion, |claims| {
        (claims["iss"], claims["sub"]) = (json!("pantry"), json!("pantry"));
    });
    let answer = form(&doors.pantry, "/oauth/token", &credentials(&token, "system/Task.r"));
    assert_eq!(error(&answer), (401, "invalid_client"));
    form(&doors.clinic, "/oauth/token", &credentials(&good, "system/Task.r")).expect(200);
}

#[test]
fn n22_a_token_with_another_certificate() {
    let doors = Doors::open();
    let good = format!("Bearer {}", doors.good(Kind::Access));
    let get = |party: &Party| {
        party.call("GET", "/fhir/Task", &[("authorization", &good)], Vec::new()).status
    };
    let reasons = || -> Vec<Value> {
        let denied = doors.gateway.of_kind("phi.denied");
        denied.iter().map(|one| json!([one["parties"][0]["id"], one["basis"]["reason"]])).collect()
    };
    let before = reasons();
    assert_eq!(get(&doors.clinic), 200);
    for (n, other) in ["pantry", "hospital-a"].into_iter().enumerate() {
        assert_eq!(get(&doors.gateway.party(other)), 401, "{other}");
        assert_eq!(reasons()[before.len() + n..], [json!([other, "A3"])]);
    }
    assert_eq!(get(&doors.gateway.stranger()), 401);
    // Nor does another ask in the client's name, and it is not the other's fault on record alone.
    let stolen = doors.good(Kind::Assertion);
    form(&doors.pantry, "/oauth/token", &credentials(&stolen, SCOPES)).expect(401);
    assert_eq!(reasons()[before.len() + 2..], [json!(["clinic-b", "A3"])]);
    let bare = form(&doors.gateway.stranger(), "/oauth/token", &credentials(&stolen, SCOPES));
    assert_eq!(error(&bare), (400, "unauthorized_client"));
    // A consent token is the pantry's alone.
    let consent = doors.good(Kind::Consent);
    let headers = [("loopgate-consent", consent.as_str())];
    doors.gateway.party("housing").call("GET", &doors.referral, &headers, Vec::new()).expect(404);
}

/// DPoP (RFC 9449) is not offered, and nothing it says is believed.
#[test]
fn n26_a_proof_of_possession_by_another_scheme() {
    let doors = Doors::open();
    let access = doors.good(Kind::Access);
    let proof = doors.signed(
        Kind::Assertion,
        &json!({ "typ": "dpop+jwt", "alg": "ES384", "jwk": doors.key(Kind::Assertion).key.jwk() })
            .to_string(),
        &json!({ "jti": "p", "htm": "GET", "htu": "x", "iat": doors.gateway.now_s() }).to_string(),
    );
    let get = |party: &Party, scheme: &str| {
        let authorization = format!("{scheme} {access}");
        let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
        party.call("GET", "/fhir/Task", &headers, Vec::new()).status
    };
    let before = doors.gateway.count();
    assert_eq!(get(&doors.clinic, "DPoP"), 401);
    assert_eq!(get(&doors.gateway.stranger(), "DPoP"), 401);
    assert_eq!(doors.gateway.count(), before);
    // The certificate binds, whatever a proof says.
    assert_eq!(get(&doors.gateway.stranger(), "Bearer"), 401);
    assert_eq!(get(&doors.pantry, "Bearer"), 401);
    assert_eq!(get(&doors.clinic, "Bearer"), 200);
    let found = doors.clinic.get("/fhir/.well-known/smart-configuration").expect(200).json;
    assert_eq!(found.get("dpop_signing_alg_values_supported"), None);
}

#[test]
fn n71_a_person_is_called_otherwise_towards_each() {
    let gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let mint = |parts: &Answer, to: &str| {
        let path = format!("{}/$token", parts.entry(1));
        let token = clinic.post(&path, &json!({ "recipient": to })).expect(200).json;
        claims_of(token["consent_token"].as_str().unwrap())
    };
    let both = Referral { consent: Some(vec![Need::Food, Need::Housing]), ..Referral::food() };
    let maria = clinic.post("/fhir", &both.bundle()).expect(200);
    let other = clinic.post("/fhir", &Referral { mrn: "B-2", ..both.clone() }.bundle()).expect(200);
    let subjects: Vec<String> =
        [(&maria, "pantry"), (&maria, "housing"), (&other, "pantry"), (&other, "housing")]
            .iter()
            .map(|(parts, to)| mint(parts, to)["sub"].as_str().unwrap().to_owned())
            .collect();
    let mut each = subjects.clone();
    each.sort();
    each.dedup();
    assert_eq!(each.len(), 4, "{subjects:?}");
    // For one organization a person stays the same.
    assert_eq!(mint(&maria, "pantry")["sub"], subjects[0].as_str());
    // And nothing in a token is the same towards two, but what is about nobody.
    let (one, two) = (mint(&maria, "pantry"), mint(&maria, "housing"));
    let person = maria.entry(0).rsplit('/').next().unwrap().to_owned();
    for claims in [&one, &two] {
        let text = claims.to_string();
        assert!(!text.contains(&person) && !text.contains("B-20417"), "{text}");
    }
    assert_ne!(
        (&one["jti"], &one["extensions"]["ihe_pcf"]["patient_id"]),
        (&two["jti"], &two["extensions"]["ihe_pcf"]["patient_id"])
    );
}
