//! Whoever was refused gets a name for it, and an auditor who names a case learns why, without learning
//! who. Rows 63 and 64 of the decision table.

use loopgate_server::staff::StaffRole::Auditor;
use serde_json::{Value, json};

use crate::harness::{Gateway, Need, Party, Referral, partner_file};

fn asked(auditor: &Party, about: &str, case: Option<&str>) -> crate::harness::Answer {
    let headers: Vec<(&str, &str)> = case.map(|case| ("loopgate-case", case)).into_iter().collect();
    auditor.call("GET", &format!("/audit/v1/entries/{about}"), &headers, Vec::new())
}

/// A gateway with an auditor, and a referral of Maria that her consent covers and one it does not.
fn told() -> (Gateway, Party, Value) {
    let gateway = Gateway::start();
    let file = partner_file("watch", "auditor", "")
        .replace("legal_class = \"ce\"", "legal_class = \"ba\"");
    gateway.add_partner("watch", &file);
    let clinic = gateway.party("clinic-b");
    let both = Referral { needs: vec![Need::Food, Need::Housing], ..Referral::food() };
    let answer = clinic.post("/fhir", &both.bundle()).expect(200);
    let refused = clinic.get(&answer.entry(both.task_entry(1))).expect(200).json;
    (gateway, clinic, refused)
}

#[test]
fn a_source_is_told_the_class_the_need_and_by_what_to_ask() {
    let (mut gateway, _, refused) = told();
    let text = refused["statusReason"]["text"].as_str().unwrap();
    assert!(text.starts_with("need not covered: housing-instability (reference "), "{text}");
    let reference = &text[text.len() - 17..text.len() - 1];
    let auditor = gateway.party("watch");
    // Row 63: no case, no answer; and that is an entry.
    asked(&auditor, reference, None).expect(404);
    asked(&auditor, reference, Some("  ")).expect(404);
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.last().unwrap()["basis"]["reason"], "A4");

    // Row 64: without names, and recorded.
    let why = asked(&auditor, reference, Some("case-7")).expect(200);
    assert_eq!(why.json["decision"], "refused");
    assert_eq!(
        why.json["reason"],
        json!({ "code": "L6", "words": "nothing is left that may pass" })
    );
    assert_eq!(
        (&why.json["organization"], &why.json["correlation"]),
        (&json!("housing"), &json!(reference))
    );
    assert!(why.json["person"].as_str().unwrap().starts_with("ps1."));
    for word in ["Maria", "Lindqvist", "per_", "B-20417"] {
        assert!(!why.text.contains(word), "{word}");
    }
    let looks = gateway.of_kind("phi.disclosed");
    let look = looks.last().unwrap();
    assert_eq!(look["basis"][0], json!({ "basis": "audit", "case": "case-7" }));
    assert_eq!(look["disclosed"]["recipient"], "watch");
    gateway.stop();
}

#[test]
fn why_something_was_allowed_and_what_is_no_decision() {
    let (mut gateway, _, _) = told();
    let (auditor, pantry) = (gateway.party("watch"), gateway.party("pantry"));
    let referral = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
    let entries = gateway.entries();
    let shown = entries.iter().rposition(|one| one.kind == "phi.disclosed").unwrap();
    let why = asked(&auditor, &shown.to_string(), Some("case-7")).expect(200).json;
    assert_eq!((&why["decision"], &why["organization"]), (&json!("allowed"), &json!("pantry")));
    let on = &why["on"][0];
    assert_eq!((&on["basis"], &on["reason"]["code"]), (&json!("consent"), &json!("OK1")));
    assert_eq!(on["action"], "forward");
    assert_eq!(on["templates"], json!(["food/1"]));
    for nothing in ["0", "99999", "-1", "x", "0123456789abcdef"] {
        asked(&auditor, nothing, Some("case-7")).expect(404);
    }
    // The pantry's own refusal has a name as well; only an auditor asks about it.
    let gone = pantry.call(
        "GET",
        "/cbo/v1/referrals/ref_00000000-0000-4000-8000-000000000000",
        &[],
        vec![],
    );
    let instance = gone.expect(404).json["instance"].as_str().unwrap().to_owned();
    let name = instance.strip_prefix("urn:loopgate:refusal:").unwrap();
    asked(&pantry, name, Some("case-7")).expect(403);
    assert_eq!(asked(&auditor, name, Some("case-7")).expect(200).json["reason"]["code"], "R1");
    // Without a certificate, and with a token in its place.
    asked(&gateway.stranger(), name, Some("case-7")).expect(401);
    let headers = [("loopgate-case", "case-7"), ("authorization", "Bearer x")];
    auditor.call("GET", &format!("/audit/v1/entries/{name}"), &headers, vec![]).expect(401);
    auditor.call("POST", &format!("/audit/v1/entries/{name}"), &[], vec![]).expect(405);
    auditor.get("/audit/v1/everything").expect(404);
    gateway.stop();
}

#[test]
fn an_auditor_of_the_staff_asks_on_a_page() {
    let (mut gateway, _, refused) = told();
    let text = refused["statusReason"]["text"].as_str().unwrap();
    let reference = &text[text.len() - 17..text.len() - 1];
    let mut auditor = gateway.signed_in("aud", &[Auditor]);
    auditor.get("/why").expect(200);
    auditor.post("/why", &format!("case=&about={reference}")).expect(422);
    auditor.post("/why", "case=7&about=99999").expect(422);
    let page = auditor.post("/why", &format!("case=7&about={reference}")).expect(200);
    for words in ["It was refused", "L6: nothing is left that may pass", "housing"] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("Maria"));
    let look = gateway.of_kind("phi.disclosed").pop().unwrap();
    assert_eq!(
        (&look["actor"]["org"], &look["disclosed"]["channel"]),
        (&json!("aud"), &json!("staff"))
    );
    gateway.stop();
}
