//! Rows of the decision table that have a wire form, driven over the wire: the same numbers as in
//! `gateway/consent/src/table_tests.rs`, each with its effect and code. Rows that other stories drive:
//! 3 to 6, 8, 11, 12, 14, 15, 18, 48 `consent_token`; 19, 20 `backend_services`, `tenants`; 21
//! `certificate_revoked`; 22, 23 `own_door`, `consent_revoked_between_queue_and_send`; 34, 36, 37, 70
//! `form_read_by_a_person`; 39 `suspended`; 60 to 64 `emergency`, `why_was_it`; 65, 66 `disk`, `clock`.

use serde_json::{Value, json};

use crate::harness::{Gateway, Need, Referral, consent};

const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const HOUR_MS: i64 = 3_600_000;

/// A referral before it is sent, and what its target's file says.
struct Row {
    bundle: Value,
    pantry: Vec<(&'static str, &'static str)>,
}

impl Row {
    fn consent(&mut self) -> &mut Value {
        &mut self.bundle["entry"][1]["resource"]
    }

    /// The provision that permits.
    fn permit(&mut self) -> &mut Value {
        &mut self.consent()["provision"]["provision"][0]
    }

    /// The security label of the ServiceRequest.
    fn label(&mut self, system: &str, code: &str) {
        self.bundle["entry"][2]["resource"]["meta"] =
            json!({ "security": [{ "system": system, "code": code }] });
    }

    /// Another Consent of the same person, changed so.
    fn another(&mut self, change: impl FnOnce(&mut Value)) {
        let mut second = self.bundle["entry"][1].clone();
        second["fullUrl"] = json!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000099");
        change(&mut second["resource"]);
        self.bundle["entry"].as_array_mut().unwrap().push(second);
    }

    /// What comes along with the request, changed so: one Observation of the household.
    fn along(&mut self, change: impl FnOnce(&mut Value)) {
        let url = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000077";
        let patient = self.bundle["entry"][0]["fullUrl"].clone();
        let mut observation = json!({
            "resourceType": "Observation", "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "63512-8" }] },
            "subject": { "reference": patient },
            "effectiveDateTime": "2026-11-20T09:00:00Z",
            "valueQuantity": { "value": 4 },
        });
        change(&mut observation);
        self.bundle["entry"][2]["resource"]["supportingInfo"] = json!([{ "reference": url }]);
        let request = json!({ "method": "POST", "url": "Observation" });
        let entry = json!({ "fullUrl": url, "resource": observation, "request": request });
        self.bundle["entry"].as_array_mut().unwrap().push(entry);
    }
}

/// Sends it, lets the pantry read what was placed, and says which code decided, and what was kept back.
fn decided(change: impl FnOnce(&mut Row)) -> (String, Vec<String>) {
    let mut row = Row { bundle: Referral::food().bundle(), pantry: Vec::new() };
    change(&mut row);
    let mut gateway = Gateway::start();
    for (old, new) in &row.pantry {
        gateway.change_partner("pantry", |text| {
            assert!(text.contains(old), "{text}");
            text.replace(old, new)
        });
    }
    gateway.party("clinic-b").post("/fhir", &row.bundle).expect(200);
    let placed = gateway.of_kind("referral.sent");
    let code = |basis: &Value| {
        let dropped = basis["dropped"].as_array().into_iter().flatten();
        let dropped = dropped.map(|one| one["code"].as_str().unwrap().to_owned());
        let code = basis["reason"].as_str().or(basis["code"].as_str());
        (code.unwrap().to_owned(), dropped.collect::<Vec<_>>())
    };
    let found = if let Some(placed) = placed.first() {
        let referral = placed["subject"][0]["id"].as_str().unwrap();
        gateway.party("pantry").get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
        code(&gateway.of_kind("phi.disclosed").pop().unwrap()["basis"][0])
    } else if let Some(denied) = gateway.of_kind("phi.denied").pop() {
        assert_eq!(gateway.of_kind("referral.refused").len(), 1, "it is rejected at once");
        code(&denied["basis"])
    } else {
        let held = gateway.of_kind("referral.held").pop().expect("it waits");
        (held["transition"]["held"].as_str().unwrap().to_owned(), Vec::new())
    };
    gateway.stop();
    found
}

macro_rules! rows {
    ($($name:ident: $change:expr => $code:literal $([$($dropped:literal),+])?;)*) => {$(
        #[test]
        fn $name() {
            let dropped: Vec<String> = vec![$($($dropped.to_owned()),+)?];
            assert_eq!(decided($change), ($code.to_owned(), dropped));
        }
    )*};
}

rows! {
    row_02_forward: |_| {} => "OK1";
    row_24_not_active: |r| r.consent()["status"] = json!("proposed") => "C1";
    row_25_period_over: |r| r.permit()["period"]["end"] = json!("2026-11-21") => "C3";
    row_26_the_last_day: |r| r.permit()["period"]["end"] = json!("2026-11-22") => "OK1";
    row_31_second_consent_denies: |r| {
        r.another(|c| c["provision"] = json!({ "type": "deny" }));
    } => "C7";
    row_32_second_consent_with_an_unknown_label: |r| {
        r.another(|c| c["provision"]["provision"][0]["securityLabel"] = json!([{ "system": "urn:own", "code": "X" }]));
    } => "C8";
    row_33_discloser_not_named: |r| {
        r.consent()["organization"][0]["identifier"]["value"] = json!("hospital-a");
    } => "C9";
    row_38_recipient_not_named: |r| {
        let housing = r.permit()["actor"][1].clone();
        r.permit()["actor"] = json!([housing]);
    } => "R1";
    row_40x_a_shelter_from_the_start: |r| {
        r.pantry = vec![("legal_class = \"cbo-nonhipaa\"", "legal_class = \"vawa-grantee\"")];
    } => "OK1";
    row_r6_agreement_over: |r| r.pantry = vec![("2030-12-31", "2026-11-21")] => "R6";
    row_44_purpose_not_granted: |r| {
        r.permit()["purpose"][0]["code"] = json!("HMARKT");
    } => "P1";
    row_45_purpose_missing: |r| {
        r.permit().as_object_mut().unwrap().remove("purpose");
    } => "P1";
    row_47_use_not_granted: |r| {
        let access = json!({ "system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "access" });
        r.permit()["action"] = json!([{ "coding": [access] }]);
    } => "X1";
    row_49_hiv_comes_along: |r| r.along(|o| {
        o["meta"] = json!({ "security": [{ "system": ACT, "code": "HIV" }] });
    }) => "OK2" ["L1"];
    row_50_only_hiv: |r| r.label(ACT, "HIV") => "L6" ["L1"];
    row_51_unknown_label: |r| r.along(|o| {
        o["meta"] = json!({ "security": [{ "system": "urn:own", "code": "X" }] });
    }) => "OK2" ["L2"];
    row_52_part2_comes_along: |r| r.along(|o| {
        o["meta"] = json!({ "security": [{ "system": ACT, "code": "42CFRPart2" }] });
    }) => "OK2" ["L3"];
    row_52_part2_alone: |r| r.label(ACT, "42CFRPart2") => "L6" ["L3"];
    row_53_part2_grant: |r| {
        r.label(ACT, "42CFRPart2");
        r.consent()["category"] = json!([{ "coding": [{ "system": ACT, "code": "42CFRPart2CD" }] }]);
        r.consent()["verification"] = json!([{ "verified": true, "verificationDate": "2026-11-20" }]);
    } => "OK1";
    row_55_class_not_granted: |r| {
        r.permit()["code"] = consent("x", "clinic-b", &[Need::Housing], "", "")["provision"]["provision"][0]["code"].clone();
    } => "L6";
    row_56_outside_the_data_period: |r| {
        r.permit()["dataPeriod"] = json!({ "start": "2026-11-20" });
        r.bundle["entry"][2]["resource"]["authoredOn"] = json!("2026-11-20T10:00:00Z");
        r.along(|o| o["effectiveDateTime"] = json!("2026-11-01"));
    } => "OK2" ["L5"];
    row_57_what_is_contained_goes_nowhere: |r| r.along(|o| {
        o["contained"] = json!([{ "resourceType": "Condition", "id": "c", "subject": { "display": "x" },
            "meta": { "security": [{ "system": ACT, "code": "SDV" }] } }]);
    }) => "OK1";
    row_67_permit_and_deny_siblings: |r| {
        let mut deny = r.permit().clone();
        deny["type"] = json!("deny");
        r.consent()["provision"]["provision"].as_array_mut().unwrap().push(deny);
    } => "C7";
    row_68_root_without_a_type: |r| {
        let mut root = r.permit().clone();
        root.as_object_mut().unwrap().remove("type");
        r.consent()["provision"] = root;
    } => "C8";
    row_69_exceptions_of_exceptions: |r| {
        let inner = r.permit().clone();
        r.permit()["provision"] = json!([inner]);
    } => "C8";
}

/// A referral that the pantry accepted, under a Grant that may be changed before.
fn accepted(change: impl FnOnce(&mut Value), config: &[([&str; 2], &str)]) -> (Gateway, String) {
    let mut bundle = Referral::food().bundle();
    change(&mut bundle);
    let gateway = Gateway::start_with(config);
    let answer = gateway.party("clinic-b").post("/fhir", &bundle).expect(200);
    let pantry = gateway.party("pantry");
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    (gateway, answer.entry(3))
}

/// The code of the last refusal to the clinic.
fn withheld(gateway: &Gateway, task: &str) -> (Value, Value) {
    let read = gateway.party("clinic-b").get(task).expect(200).json;
    let denied = gateway.of_kind("phi.denied").pop().map(|one| one["basis"]["reason"].clone());
    (read["status"].clone(), denied.unwrap_or_default())
}

#[test]
fn row_40_the_recipient_is_not_what_it_was() {
    let (mut gateway, _) = accepted(|_| {}, &[]);
    gateway.change_partner("pantry", |text| text.replace("cbo-nonhipaa", "vawa-grantee"));
    let pantry = gateway.party("pantry");
    let referral = gateway.of_kind("referral.sent")[0]["subject"][0]["id"].clone();
    pantry.get(&format!("/cbo/v1/referrals/{}", referral.as_str().unwrap())).expect(404);
    assert_eq!(gateway.of_kind("phi.denied").pop().unwrap()["basis"]["reason"], "R3");
    gateway.stop();
}

#[test]
fn rows_42_and_43_a_shelters_answer_needs_a_release_of_its_own() {
    let mut gateway = Gateway::start();
    gateway.change_partner("pantry", |text| text.replace("cbo-nonhipaa", "vawa-grantee"));
    let clinic = gateway.party("clinic-b");
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let (pantry, task) = (gateway.party("pantry"), answer.entry(3));
    pantry.act(&pantry.only_referral(), "accept", &json!({})).expect(200);
    assert_eq!(withheld(&gateway, &task), (json!("requested"), json!("R5")));
    gateway.stop();
}

#[test]
fn rows_58_and_59_after_a_lapse_the_bare_status_or_nothing() {
    let tonight = |bundle: &mut Value| {
        bundle["entry"][1]["resource"]["provision"]["provision"][0]["period"]["end"] =
            json!("2026-11-22");
    };
    let (mut off, task) = accepted(tonight, &[]);
    off.pass(15 * HOUR_MS);
    assert_eq!(withheld(&off, &task), (json!("requested"), json!("C3")));
    off.stop();
    let on = [(["consent", "status_only_after_lapse"], "true")];
    let (mut on, task) = accepted(tonight, &on);
    on.pass(15 * HOUR_MS);
    let read = on.party("clinic-b").get(&task).expect(200).json;
    assert_eq!(read["status"], "accepted");
    assert_eq!(read["businessStatus"]["text"], "answer withheld but for its status");
    let shown = on.of_kind("phi.disclosed").pop().unwrap();
    assert_eq!(shown["basis"][1]["code"], "OK2");
    on.stop();
}

/// Row 46: a purpose that the person granted, and the caller's file does not give it.
#[test]
fn row_46_a_purpose_that_is_not_the_callers() {
    let (row, dropped) = decided(|r| {
        r.permit()["purpose"] = json!([{ "system": REASON, "code": "HPAYMT" }]);
    });
    // It states its own, CAREMGT, which the person did not grant.
    assert_eq!((row.as_str(), dropped.len()), ("P1", 0));
}
