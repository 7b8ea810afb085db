//! A consent token narrows what the Grant permits, for whom it was made, for a quarter of an hour,
//! and not after the person said no.

use loopgate_token::status::{Status, StatusList};
use serde_json::{Value, json};

use crate::harness::{Gateway, Party, Referral, form};

fn shown(party: &Party, path: &str, token: &str) -> crate::harness::Answer {
    party.call("GET", path, &[("loopgate-consent", token)], Vec::new())
}

fn mint(clinic: &Party, consent: &str, body: &Value) -> (String, u32) {
    let token = clinic.post(&format!("{consent}/$token"), body).expect(200).json;
    let token = token["consent_token"].as_str().unwrap().to_owned();
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value =
        serde_json::from_slice(&loopgate_token::base64url_decode(payload).unwrap()).unwrap();
    let index = claims["status"]["status_list"]["idx"].as_u64().unwrap();
    (token, u32::try_from(index).unwrap())
}

fn last_code(gateway: &Gateway) -> String {
    let denied = gateway.of_kind("phi.denied");
    denied.last().unwrap()["basis"]["reason"].as_str().unwrap().to_owned()
}

fn status(gateway: &Gateway, index: u32) -> Status {
    let list = gateway.stranger().get("/status/1").expect(200).text;
    let payload = loopgate_token::base64url_decode(list.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    let list = &claims["status_list"];
    let list =
        StatusList::decode(list["bits"].as_u64().unwrap(), list["lst"].as_str().unwrap()).unwrap();
    list.get(index as usize).unwrap()
}

/// A gateway whose pantry has to show a consent token, and a referral to it.
fn with_referral() -> (Gateway, Party, Party, String, String) {
    let gateway = Gateway::start();
    gateway.change_partner("pantry", |text| {
        text.replace("consent_token = \"optional\"", "consent_token = \"required\"")
    });
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let placed = gateway.of_kind("referral.sent");
    let referral = placed[0]["subject"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/cbo/v1/referrals/{referral}");
    (gateway, clinic, pantry, answer.entry(1), path)
}

#[test]
fn a_token_is_wanted_and_opens_what_its_grant_permits() {
    let (mut gateway, clinic, pantry, consent, path) = with_referral();
    assert!(pantry.inbox().is_empty());
    pantry.get(&path).expect(404);
    assert_eq!(last_code(&gateway), "T1");
    let (token, index) = mint(&clinic, &consent, &json!({ "recipient": "pantry" }));
    let found = shown(&pantry, &path, &token).expect(200).json;
    assert_eq!(found["need"]["category"], "food-insecurity");
    assert_eq!(
        shown(&pantry, "/cbo/v1/referrals", &token).json["referrals"].as_array().unwrap().len(),
        1
    );
    assert_eq!(status(&gateway, index), Status::Valid);

    // Over: row 12.
    gateway.pass(900_000);
    shown(&pantry, &path, &token).expect(404);
    assert_eq!(last_code(&gateway), "T10");
    // Nobody's, and another's kind: rows 4 and 8.
    shown(&pantry, &path, "no token").expect(404);
    assert_eq!(last_code(&gateway), "T2");
    gateway.stop();
}

#[test]
fn a_token_is_of_one_recipient_one_person_one_referral_and_may_be_of_one_use() {
    let (mut gateway, clinic, pantry, consent, path) = with_referral();
    let (token, _) = mint(&clinic, &consent, &json!({ "recipient": "pantry" }));
    // Row 18: another shows it.
    let (housing, _) = mint(&clinic, &consent, &json!({ "recipient": "housing" }));
    shown(&pantry, &path, &housing).expect(404);
    assert_eq!(last_code(&gateway), "A3");
    // Row 14.
    let (once, _) = mint(&clinic, &consent, &json!({ "recipient": "pantry", "once": true }));
    shown(&pantry, &path, &once).expect(200);
    shown(&pantry, &path, &once).expect(404);
    assert_eq!(last_code(&gateway), "T11");
    // Row 29: it is about Maria, and this referral about somebody else.
    let other = Referral { mrn: "B-99", ..Referral::food() };
    clinic.post("/fhir", &other.bundle()).expect(200);
    let placed = gateway.of_kind("referral.sent");
    let second = placed.last().unwrap()["subject"][0]["id"].as_str().unwrap().to_owned();
    shown(&pantry, &format!("/cbo/v1/referrals/{second}"), &token).expect(404);
    assert_eq!(last_code(&gateway), "C9", "the Grant is none of hers");
    // Rows 48 and 47: narrowed to one referral.
    let first = path.rsplit('/').next().unwrap();
    let (narrow, _) = mint(&clinic, &consent, &json!({ "recipient": "pantry", "referral": first }));
    shown(&pantry, &path, &narrow).expect(200);
    let (elsewhere, _) =
        mint(&clinic, &consent, &json!({ "recipient": "pantry", "referral": second }));
    shown(&pantry, &path, &elsewhere).expect(404);
    assert_eq!(last_code(&gateway), "X2");
    // Nobody makes one for whom the person did not name, nor of what is not theirs.
    clinic.post(&format!("{consent}/$token"), &json!({ "recipient": "hospital-a" })).expect(403);
    let hospital = gateway.party("hospital-a");
    hospital.post(&format!("{consent}/$token"), &json!({ "recipient": "pantry" })).expect(404);
    gateway.stop();
}

#[test]
fn after_the_person_said_no_the_token_is_worth_nothing() {
    let (mut gateway, clinic, pantry, consent, path) = with_referral();
    let (token, index) = mint(&clinic, &consent, &json!({ "recipient": "pantry" }));
    shown(&pantry, &path, &token).expect(200);
    // Row 27: read anew, in another version.
    let mut document = clinic.get(&consent).expect(200).json;
    clinic.put(&consent, &document).expect(200);
    shown(&pantry, &path, &token).expect(404);
    assert_eq!(last_code(&gateway), "C4");
    assert_eq!(status(&gateway, index), Status::Invalid);
    let (fresh, index) = mint(&clinic, &consent, &json!({ "recipient": "pantry" }));
    shown(&pantry, &path, &fresh).expect(200);
    document["status"] = json!("inactive");
    clinic.put(&consent, &document).expect(200);
    shown(&pantry, &path, &fresh).expect(404);
    assert_eq!(last_code(&gateway), "C2");
    assert_eq!(status(&gateway, index), Status::Invalid);
    clinic.post(&format!("{consent}/$token"), &json!({ "recipient": "pantry" })).expect(403);
    gateway.stop();
}

#[test]
fn a_token_is_exchanged_for_one_that_reaches_less() {
    let (mut gateway, clinic, pantry, consent, path) = with_referral();
    let key = gateway.is_client("pantry", "system/Task.rs", "");
    let (token, _) = mint(&clinic, &consent, &json!({ "recipient": "pantry" }));
    let referral = path.rsplit('/').next().unwrap();
    let kind = "urn:loopgate:params:oauth:token-type:consent";
    let exchange = |jti: &str, subject: &str, resource: &str| {
        let assertion = key.assertion(&gateway, jti, |_| {});
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
            ("subject_token", subject),
            ("subject_token_type", kind),
            ("resource", resource),
        ];
        form(&pantry, "/oauth/token", &fields)
    };
    let got = exchange("1", &token, referral).expect(200).json;
    assert_eq!((&got["issued_token_type"], &got["expires_in"]), (&json!(kind), &json!(300)));
    let flow = got["access_token"].as_str().unwrap();
    shown(&pantry, &path, flow).expect(200);
    exchange("2", &token, "not a referral").expect(400);
    exchange("3", "not a token", referral).expect(400);
    let other = "ref_00000000-0000-7000-8000-000000000000";
    exchange("4", flow, other).expect(400);
    // One of one use makes no other, and is not used by trying.
    let (once, _) = mint(&clinic, &consent, &json!({ "recipient": "pantry", "once": true }));
    exchange("5", &once, referral).expect(400);
    shown(&pantry, &path, &once).expect(200);
    gateway.stop();
}

#[test]
fn a_token_is_revoked_by_whoever_it_was_made_for() {
    let (mut gateway, clinic, pantry, consent, path) = with_referral();
    let (token, index) = mint(&clinic, &consent, &json!({ "recipient": "pantry" }));
    form(&gateway.party("housing"), "/oauth/revoke", &[("token", &token)]).expect(200);
    shown(&pantry, &path, &token).expect(200);
    assert_eq!(status(&gateway, index), Status::Valid);
    form(&pantry, "/oauth/revoke", &[("token", &token)]).expect(200);
    shown(&pantry, &path, &token).expect(404);
    assert_eq!(last_code(&gateway), "T12");
    assert_eq!(status(&gateway, index), Status::Invalid);
    gateway.stop();
}
