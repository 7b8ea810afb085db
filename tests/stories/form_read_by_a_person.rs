//! A form that no program reads is read by a person who vouches for it: two persons where it is most
//! private, and nobody where the law wants more on it.

use loopgate_server::staff::StaffRole::Coordinator;
use serde_json::{Value, json};

use crate::harness::{Answer, Clerk, Gateway, Need, Party, Referral, form_fields};

const MRN: &str = "urn:example:clinic-b:mrn";

/// Clinic B refers Maria; her consent is a scanned form.
fn scanned(clinic: &Party, change: impl FnOnce(&mut Value)) -> (Answer, String) {
    let mut bundle = Referral::food().bundle();
    let consent = &mut bundle["entry"][1]["resource"];
    consent.as_object_mut().unwrap().remove("provision");
    consent["sourceAttachment"] =
        json!({ "contentType": "application/pdf", "data": "JVBERi0xLjQK" });
    change(&mut bundle);
    let answer = clinic.post("/fhir", &bundle).expect(200);
    let form = answer.entry(1).replace("/fhir/Consent/", "/forms/");
    (answer, form)
}

fn reason(gateway: &Gateway) -> Value {
    gateway.of_kind("phi.denied").last().unwrap()["basis"]["reason"].clone()
}

#[test]
fn what_a_coordinator_read_holds_and_is_theirs() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let (answer, form) = scanned(&clinic, |_| {});
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    assert!(ines.get("").expect(200).text.contains(&format!("href=\"/staff{form}\"")));
    let sheet = ines.get(&form).expect(200);
    assert!(sheet.text.contains("Maria Lindqvist-Okafor") && sheet.text.contains("1988-04-02"));
    assert!(!sheet.text.contains("B-20417"), "a form is not known by its MRN");
    let document = ines.get(&format!("{form}/document")).expect(200);
    assert_eq!(document.text, "%PDF-1.4\n");
    assert_eq!(document.header("content-type"), Some("application/pdf"));
    assert!(document.header("content-disposition").unwrap().starts_with("attachment"));

    // Row 37: what is not on the form is not made up. Each thing that is missing is named.
    for (field, words) in [
        ("to.pantry", "who may receive it"),
        ("class.food", "what may be shared"),
        ("end", "until when"),
        ("signed", "the day it was signed"),
        ("shows.signature", "the signature"),
        ("shows.revoke", "withdrawn"),
    ] {
        let page = ines.post(&form, &form_fields(&[(field, "")])).expect(422);
        assert!(page.text.contains(words), "{field}");
        assert_eq!(reason(&gateway), "C12");
    }
    assert!(pantry.inbox().is_empty());
    ines.post(&form, &form_fields(&[])).expect(200);
    let referral = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
    let given = gateway.of_kind("consent.given");
    assert_eq!(given.last().unwrap()["basis"]["attested_by"], json!(["ines"]));
    assert_eq!(given.last().unwrap()["actor"]["org"], "ines");
    // Each look is an entry under the name of who looked.
    let looks = gateway.of_kind("phi.disclosed");
    let by_ines = looks.iter().filter(|one| one["actor"]["org"] == "ines").count();
    assert_eq!(by_ines, 2, "the sheet and the document");
    // Nobody waits for it any more.
    ines.get(&form).expect(404);
    let task = answer.entry(Referral::food().task_entry(0));
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
    gateway.stop();
}

#[test]
fn two_persons_read_what_part_2_protects() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let (_, form) = scanned(&clinic, |_| {});
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let mut otto = gateway.signed_in("otto", &[Coordinator]);
    let part2 = form_fields(&[("basis", "part2")]);
    // Row 36: without a signature there is no Grant, whoever reads it.
    ines.post(&form, &form_fields(&[("basis", "part2"), ("shows.signature", "")])).expect(422);
    assert_eq!(reason(&gateway), "C12");
    // 42 CFR 2.31(a)(4)(ii): the intermediary is named.
    let unnamed = form_fields(&[("basis", "part2"), ("shows.intermediary", "")]);
    assert!(ines.post(&form, &unnamed).expect(422).text.contains("through this gateway"));

    assert!(ines.post(&form, &part2).expect(200).text.contains("A second person"));
    assert!(pantry.inbox().is_empty());
    // The same person again is not a second one.
    ines.post(&form, &part2).expect(422);
    // A lesser law does not make one reader enough.
    otto.post(&form, &form_fields(&[])).expect(422);
    // The second reads something else.
    let other = form_fields(&[("basis", "part2"), ("end", "2028-11-20")]);
    otto.post(&form, &other).expect(422);
    assert!(pantry.inbox().is_empty());
    assert!(otto.get("").expect(200).text.contains("First read by"));
    assert!(!otto.get(&form).expect(200).text.contains("2027-11-20"), "not shown what was read");
    otto.post(&form, &part2).expect(200);
    pantry.only_referral();
    let given = gateway.of_kind("consent.given");
    assert_eq!(given.last().unwrap()["basis"]["attested_by"], json!(["ines", "otto"]));
    gateway.stop();
}

#[test]
fn a_form_on_paper_and_spoken_words_where_the_community_takes_them() {
    let mut gateway = Gateway::start_with(&[(["consent", "verbal"], "true")]);
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let none = Referral { consent: None, ..Referral::food() };
    clinic.post("/fhir", &none.bundle()).expect(200);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let person = ines.finds(MRN, "B-20417");
    let paper = format!("{person}/paper");
    ines.get(&paper).expect(200);
    let spoken = form_fields(&[("basis", "verbal"), ("from", "clinic-b"), ("end", "")]);
    ines.post(&paper, &spoken).expect(200);
    let referral = pantry.only_referral();
    pantry.act(&referral, "accept", &json!({})).expect(200);
    // Words spoken hold for 72 hours.
    gateway.pass(71 * 3_600_000);
    assert_eq!(pantry.inbox().len(), 1);
    gateway.pass(2 * 3_600_000);
    assert!(pantry.inbox().is_empty());
    // And a form on paper for as long as it says.
    ines = gateway.signed_in("ines-again", &[Coordinator]);
    ines.post(&paper, &form_fields(&[("from", "clinic-b")])).expect(200);
    assert_eq!(pantry.inbox().len(), 1);
    gateway.stop();
}

#[test]
fn spoken_words_are_nothing_where_the_community_does_not_take_them() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let (_, form) = scanned(&clinic, |_| {});
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    assert!(!ines.get(&form).expect(200).text.contains("spoken words"));
    ines.post(&form, &form_fields(&[("basis", "verbal")])).expect(422);
    assert_eq!(reason(&gateway), "C12");
    gateway.stop();
}

#[test]
fn a_guardians_word_ends_when_the_minor_is_of_age() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    // Of age on 2026-12-01, nine days after the story begins.
    let born = |bundle: &mut Value| {
        bundle["entry"][0]["resource"]["birthDate"] = json!("2008-12-01");
    };
    let (_, form) = scanned(&clinic, born);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    ines.post(&form, &form_fields(&[("grantor", "guardian")])).expect(200);
    let referral = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
    gateway.pass(10 * 86_400_000);
    // Row 34.
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(404);
    assert_eq!(reason(&gateway), "C3");
    gateway.stop();
}

/// Rows 34b and 35: who signed may not any more; only the minor can agree to it.
#[test]
fn who_signed_has_to_be_who_may() {
    let config = [(["consent", "minor_alone"], "[\"SUD\"]")];
    let mut gateway = Gateway::start_with(&config);
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let (answer, form) = scanned(&clinic, |_| {});
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    ines.post(&form, &form_fields(&[("grantor", "representative")])).expect(200);
    let referral = pantry.only_referral();
    let path = format!("/cbo/v1/referrals/{referral}");
    pantry.get(&path).expect(200);
    let person = ines.finds(MRN, "B-20417");
    let page = ines.get(&person).expect(200);
    assert!(page.text.contains("a personal representative"));
    let (_, rest) = page.text.split_once("name=\"grant\" value=\"").unwrap();
    let grant = format!("grant={}", rest.split('"').next().unwrap());
    ines.post(&format!("{person}/doubt"), "grant=all").expect(404);
    ines.post(&format!("{person}/doubt"), &grant).expect(200);
    pantry.get(&path).expect(404);
    assert_eq!(reason(&gateway), "C10");
    // Nor does it hold again because its source sends it again, changed; only if staff say so.
    let mut again = clinic.get(&answer.entry(1)).expect(200).json;
    again["language"] = json!("en");
    clinic.put(&answer.entry(1), &again).expect(200);
    pantry.get(&path).expect(404);

    let (_, form) = scanned(&clinic, |bundle| {
        let number = |at: &mut Value| at["identifier"][0]["value"] = json!("B-3");
        number(&mut bundle["entry"][0]["resource"]);
        number(&mut bundle["entry"][3]["resource"]);
        let sud =
            json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SUD" });
        bundle["entry"][2]["resource"]["meta"] = json!({ "security": [sud] });
        bundle["entry"][0]["resource"]["birthDate"] = json!("2010-05-01");
    });
    ines.post(&form, &form_fields(&[("grantor", "guardian")])).expect(200);
    let held = gateway.of_kind("consent.given").len();
    assert_eq!(held, 5, "two came in, one of them again, and two were read");
    assert!(pantry.inbox().is_empty());
    // It waits for who may, the minor (C11); what the label alone would do is reject it (L6).
    assert!(gateway.of_kind("referral.refused").is_empty());
    let referral = gateway.of_kind("referral.received")[1]["subject"][0]["id"].clone();
    let placed = gateway.of_kind("referral.sent");
    assert!(placed.iter().all(|one| one["subject"][0]["id"] != referral));
    gateway.stop();
}

#[test]
fn everything_waits_while_two_persons_may_be_one() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let twin = Referral { mrn: "B-20418", needs: vec![Need::Food], ..Referral::food() };
    clinic.post("/fhir", &twin.bundle()).expect(200);
    assert_eq!(pantry.inbox().len(), 2);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let (one, other) = (ines.finds(MRN, "B-20417"), ines.finds(MRN, "B-20418"));
    let form = format!("other={}", other.strip_prefix("/person/").unwrap());
    ines.post(&format!("{one}/hold"), &form).expect(200);
    // Row 70.
    assert!(pantry.inbox().is_empty());
    let referral = gateway.of_kind("referral.sent")[0]["subject"][0]["id"].clone();
    let path = format!("/cbo/v1/referrals/{}", referral.as_str().unwrap());
    pantry.get(&path).expect(404);
    assert_eq!(reason(&gateway), "C1");
    ines.post(&format!("{one}/release"), &form).expect(200);
    pantry.get(&path).expect(200);
    // Two who do not look alike are not held by a click.
    stranger_to(&mut ines, &one);
    gateway.stop();
}

fn stranger_to(ines: &mut Clerk, one: &str) {
    let nobody = "other=plid_00000000-0000-4000-8000-000000000000";
    ines.post(&format!("{one}/hold"), nobody).expect(404);
}
