//! A hospital shows who it is with a key of its own (SMART Backend Services), and gets no further
//! than the scopes it was given. Rows are numbered as in consent-security §5.1 of the design notes.

use serde_json::{Value, json};

use crate::harness::{ClientKey, Gateway, Party, Referral, credentials, form};

const ALL: &str = "system/Patient.cr system/Consent.cru system/ServiceRequest.cr system/Task.crus \
                   system/Organization.cr system/Observation.cr";

fn token(gateway: &Gateway, party: &Party, key: &ClientKey, jti: &str, scope: &str) -> String {
    let assertion = key.assertion(gateway, jti, |_| {});
    let answer = form(party, "/oauth/token", &credentials(&assertion, scope)).expect(200).json;
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["expires_in"], 300);
    answer["access_token"].as_str().unwrap().to_owned()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn get(party: &Party, path: &str, token: &str) -> u16 {
    party.call("GET", path, &[("authorization", &bearer(token))], Vec::new()).status
}

fn codes(gateway: &Gateway) -> Vec<String> {
    let denied = gateway.of_kind("phi.denied");
    denied.iter().map(|one| one["basis"]["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_client_refers_with_a_token_and_no_further_than_its_scopes() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let key = gateway.is_client("clinic-b", ALL, "");
    let bundle = Referral::food().bundle();
    let send = |token: &str| {
        let headers =
            [("content-type", "application/fhir+json"), ("authorization", &bearer(token))];
        clinic.call("POST", "/fhir", &headers, bundle.to_string().into_bytes())
    };
    // Each entry of a transaction is judged.
    let little = token(&gateway, &clinic, &key, "1", "system/Patient.cr system/Task.crs");
    send(&little).expect(403);
    let all = token(&gateway, &clinic, &key, "2", ALL);
    let answer = send(&all).expect(200);
    let task = answer.entry(Referral::food().task_entry(0));
    assert_eq!(get(&clinic, &task, &all), 200);
    assert_eq!(get(&clinic, "/fhir/Task", &all), 200);
    let patients = token(&gateway, &clinic, &key, "3", "system/Patient.r");
    assert_eq!(get(&clinic, &task, &patients), 403);
    assert_eq!(get(&clinic, &answer.entry(0), &patients), 200);
    assert_eq!(get(&clinic, "/cbo/v1/referrals", &all), 403, "it is no target");
    assert_eq!(codes(&gateway), ["A4"; 3]);
    // Five minutes later it is over.
    gateway.pass(300_000);
    assert_eq!(get(&clinic, &task, &all), 401);
    gateway.stop();
}

#[test]
fn n13_an_assertion_is_taken_once_also_after_a_restart() {
    let mut gateway = Gateway::start();
    let key = gateway.is_client("clinic-b", ALL, "");
    let assertion = key.assertion(&gateway, "once", |_| {});
    let ask = |party: &Party| {
        form(party, "/oauth/token", &credentials(&assertion, "system/Task.r")).status
    };
    let mut taken: Vec<u16> = std::thread::scope(|scope| {
        let gateway = &gateway;
        let tries: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(move || {
                    let party = gateway.party("clinic-b");
                    ask(&party)
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    taken.sort_unstable();
    assert_eq!((taken[0], &taken[1..]), (200, &[401; 19][..]));
    gateway.stop();
    gateway.serve();
    assert_eq!(ask(&gateway.party("clinic-b")), 401);
    gateway.stop();
}

#[test]
fn n12_n18_n19_what_is_no_request_for_a_token() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let key = gateway.is_client("clinic-b", ALL, "");
    let mut n = 0;
    let mut with = |change: &dyn Fn(&mut Value)| {
        n += 1;
        let assertion = key.assertion(&gateway, &format!("n{n}"), |claims| change(claims));
        let answer = form(&clinic, "/oauth/token", &credentials(&assertion, "system/Task.r"));
        (answer.status, answer.json["error"].as_str().unwrap_or_default().to_owned())
    };
    let invalid = || (401, "invalid_client".to_owned());
    assert_eq!(with(&|c| c["sub"] = json!("pantry")), invalid());
    assert_eq!(with(&|c| c["iss"] = json!("pantry")), invalid());
    assert_eq!(with(&|c| c["iss"] = json!("nobody")), invalid());
    assert_eq!(with(&|c| c["iss"] = json!("../../x")), invalid());
    assert_eq!(with(&|c| c["aud"] = json!("https://localhost/oauth/token")), invalid());
    assert_eq!(with(&|c| c["exp"] = json!(c["iat"].as_i64().unwrap() + 301)), invalid());
    assert_eq!(with(&|c| drop(c.as_object_mut().unwrap().remove("jti"))), invalid());
    assert_eq!(with(&|c| c["more"] = json!(1)), invalid());
    assert_eq!(with(&|_| {}).0, 200);

    let good = key.assertion(&gateway, "good", |_| {});
    let fields = credentials(&good, "system/Task.r");
    let ask = |fields: &[(&str, &str)]| {
        let answer = form(&clinic, "/oauth/token", fields);
        (answer.status, answer.json["error"].as_str().unwrap_or_default().to_owned())
    };
    let bad = |code: &str| (400, code.to_owned());
    let swap = |name: &'static str, value: &'static str| {
        fields.map(|(known, old)| (known, if known == name { value } else { old }))
    };
    assert_eq!(
        ask(&swap("client_assertion_type", "not_an_assertion_type")),
        bad("invalid_request")
    );
    assert_eq!(ask(&swap("grant_type", "password")), bad("unsupported_grant_type"));
    assert_eq!(ask(&[&fields[..], &fields[..1]].concat()), bad("invalid_request"), "said twice");
    assert_eq!(ask(&fields[..3]), bad("invalid_scope"));
    for scope in ["system/*.cruds", "*/*.*", "system/Task.dus", "system/Task.read", "user/Task.r"] {
        assert_eq!(ask(&swap("scope", scope)), bad("invalid_scope"), "{scope}");
    }
    // More than it was given.
    let more = key.assertion(&gateway, "more", |_| {});
    assert_eq!(ask(&credentials(&more, "system/Task.d")), bad("invalid_scope"));
    let json = [("content-type", "application/json")];
    clinic.call("POST", "/oauth/token", &json, b"{}".to_vec()).expect(400);
    let twice =
        [("content-type", "application/x-www-form-urlencoded"), ("authorization", "Basic eDp5")];
    clinic
        .call("POST", "/oauth/token", &twice, b"grant_type=client_credentials".to_vec())
        .expect(400);
    clinic.get("/oauth/token").expect(405);
    // Another's certificate, and none.
    let pantry = gateway.party("pantry");
    let stolen = key.assertion(&gateway, "stolen", |_| {});
    form(&pantry, "/oauth/token", &credentials(&stolen, "system/Task.r")).expect(401);
    let bare = key.assertion(&gateway, "bare", |_| {});
    let answer = form(&gateway.stranger(), "/oauth/token", &credentials(&bare, "system/Task.r"));
    assert_eq!((answer.status, answer.json["error"].as_str()), (400, Some("unauthorized_client")));
    assert_eq!(codes(&gateway), ["A3"]);
    gateway.stop();
}

#[test]
fn n14_n22_a_token_is_of_use_for_what_it_is_and_to_whom_it_is_bound() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let key = gateway.is_client("clinic-b", ALL, "");
    let good = token(&gateway, &clinic, &key, "1", "system/Task.rs");
    assert_eq!(get(&clinic, "/fhir/Task", &good), 200);
    assert_eq!(get(&pantry, "/fhir/Task", &good), 401, "another's certificate");
    assert_eq!(get(&gateway.stranger(), "/fhir/Task", &good), 401, "none");
    let assertion = key.assertion(&gateway, "2", |_| {});
    assert_eq!(get(&clinic, "/fhir/Task", &assertion), 401, "an assertion is no access token");
    for wrong in ["", "x", "Bearer", &format!("{good}x"), &good.replace('.', "")] {
        assert_eq!(get(&clinic, "/fhir/Task", wrong), 401, "{wrong}");
    }
    let basic = [("authorization", "Basic eDp5")];
    clinic.call("GET", "/fhir/Task", &basic, Vec::new()).expect(401);
    // An access token is no assertion.
    form(&clinic, "/oauth/token", &credentials(&good, "system/Task.r")).expect(401);
    // Nothing that a proxy would add is believed.
    let spoofed = [("x-client-cert", "clinic-b"), ("x-forwarded-for", "127.0.0.1")];
    gateway.stranger().call("GET", "/fhir/Task", &spoofed, Vec::new()).expect(401);
    assert_eq!(codes(&gateway), ["A3"]);
    // A suspended client has no token any more.
    gateway.admin(&loopgate_server::admin::Ask::PartnerSuspend {
        name: "clinic-b".parse().unwrap(),
        suspended: true,
    });
    assert_eq!(get(&clinic, "/fhir/Task", &good), 403);
    gateway.stop();
}

#[test]
fn a_token_is_looked_at_and_revoked_by_its_own_client_alone() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let key = gateway.is_client("clinic-b", ALL, "");
    let good = token(&gateway, &clinic, &key, "1", "system/Task.rs");
    let look =
        |party: &Party| form(party, "/oauth/introspect", &[("token", &good)]).expect(200).json;
    let own = look(&clinic);
    assert_eq!((&own["active"], &own["scope"]), (&json!(true), &json!("system/Task.rs")));
    assert_eq!(look(&pantry), json!({ "active": false }));
    form(&gateway.stranger(), "/oauth/introspect", &[("token", &good)]).expect(401);
    // Another revokes nothing, and is not told so.
    form(&pantry, "/oauth/revoke", &[("token", &good)]).expect(200);
    assert_eq!(get(&clinic, "/fhir/Task", &good), 200);
    form(&clinic, "/oauth/revoke", &[("token", &good)]).expect(200);
    form(&clinic, "/oauth/revoke", &[("token", "no token")]).expect(200);
    assert_eq!(look(&clinic), json!({ "active": false }));
    assert_eq!(get(&clinic, "/fhir/Task", &good), 401);
    gateway.stop();
    gateway.serve();
    assert_eq!(get(&gateway.party("clinic-b"), "/fhir/Task", &good), 401, "also after a restart");
    gateway.stop();
}

#[test]
fn anyone_reads_where_tokens_come_from() {
    let mut gateway = Gateway::start();
    let stranger = gateway.stranger();
    let found = stranger.get("/fhir/.well-known/smart-configuration").expect(200).json;
    assert_eq!(found["token_endpoint"], format!("{}/oauth/token", gateway.base()));
    assert_eq!(found["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]));
    let algorithms = &found["token_endpoint_auth_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["RS384", "ES384"]));
    let keys = stranger.get("/.well-known/jwks.json").expect(200).json;
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.get("d").is_none() && key["use"] == "sig"));
    gateway.stop();
}
