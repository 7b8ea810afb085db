//! A hospital shows who it is with a key of its own (SMART Backend Services), and gets no further
//! than the scopes it was given. What is refused is in `negative`.

use serde_json::json;

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
fn a_client_that_is_suspended_has_no_token_any_more() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let key = gateway.is_client("clinic-b", ALL, "");
    let good = token(&gateway, &clinic, &key, "1", "system/Task.rs");
    assert_eq!(get(&clinic, "/fhir/Task", &good), 200);
    gateway.admin(&loopgate_server::admin::Ask::PartnerSuspend {
        name: "clinic-b".parse().unwrap(),
        suspended: true,
    });
    assert_eq!(get(&clinic, "/fhir/Task", &good), 403);
    let assertion = key.assertion(&gateway, "2", |_| {});
    form(&clinic, "/oauth/token", &credentials(&assertion, "system/Task.r")).expect(401);
    assert_eq!(codes(&gateway), ["R2", "R2"]);
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
