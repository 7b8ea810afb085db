//! A person sees what was shared about them and why, and withdraws: by a link of their own, through a
//! coordinator, or through who sent their consent. Nothing leaves after the answer, and holders are
//! told to stop.

use loopgate_server::staff::StaffRole::Coordinator;
use serde_json::{Value, json};

use crate::harness::{Browser, Clerk, Gateway, Page, Party, Referral, letter};

const MRN: &str = "urn:example:clinic-b:mrn";

fn referred() -> (Gateway, Party, Party, String) {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let answer = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    (gateway, clinic, pantry, answer.entry(1))
}

fn opened(gateway: &Gateway, ines: &mut Clerk, whose: &str) -> (Browser, String) {
    let person = ines.finds(MRN, "B-20417");
    let (link, code) = ines.makes_link(&person, whose);
    let mut maria = Browser::new(gateway);
    maria.post(&format!("{link}/code"), &format!("code={code}")).expect(303);
    (maria, link)
}

fn grant(page: &Page) -> String {
    let (_, rest) = page.text.split_once("name=\"grant\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_link_and_its_code_show_what_was_shared_with_whom_and_why() {
    let (mut gateway, _, pantry, _) = referred();
    let referral = pantry.only_referral();
    pantry.get(&format!("/cbo/v1/referrals/{referral}")).expect(200);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let person = ines.finds(MRN, "B-20417");
    let (link, code) = ines.makes_link(&person, "person");

    let mut maria = Browser::new(&gateway);
    let asked = maria.get(&link).expect(200);
    assert!(asked.text.contains("code that came with the link") && !asked.text.contains("pantry"));
    maria.post(&format!("{link}/withdraw"), "grant=all").expect(403);
    maria.get(&format!("{link}/report.csv")).expect(403);
    // Wrong codes are counted and end.
    for _ in 0..5 {
        maria.post(&format!("{link}/code"), "code=00000000").expect(403);
    }
    maria.post(&format!("{link}/code"), &format!("code={code}")).expect(429);
    gateway.pass(901_000);
    maria.post(&format!("{link}/code"), &format!("code={code}")).expect(303);

    let page = maria.get(&link).expect(200);
    for words in
        ["pantry", "your name", "how to reach you", "you agreed", "purpose CAREMGT", "food"]
    {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("<script") && page.header("cache-control") == Some("no-store"));
    let report = maria.get(&format!("{link}/report.csv")).expect(200);
    assert!(report.text.starts_with("when,who,what,why,entry\r\n"), "{}", report.text);
    assert!(report.text.contains(",pantry,"));
    // The report is an entry itself.
    let mine = gateway.of_kind("phi.disclosed");
    let mine: Vec<&Value> =
        mine.iter().filter(|one| one["disclosed"]["channel"] == "own-link").collect();
    assert_eq!(mine.len(), 2);
    assert!(mine.iter().all(|one| one["basis"][0]["basis"] == "the-person"));

    // Ended: it leads nowhere, and neither does its cookie; a new one does.
    ines.post(&format!("{person}/link"), "").expect(404);
    ines.post(&format!("{person}/end-links"), "").expect(200);
    maria.get(&link).expect(404);
    let (link, code) = ines.makes_link(&person, "person");
    maria.post(&format!("{link}/code"), &format!("code={code}")).expect(303);
    maria.get(&link).expect(200);
    // Another's link, a changed one, one whose time is over.
    let mut other = Browser::new(&gateway);
    let broken = format!("{}A", &link[..link.len() - 1]);
    assert!(broken == link || other.get(&broken).status == 404);
    gateway.pass(30 * 86_400_000);
    maria.get(&link).expect(404);
    gateway.stop();
}

#[test]
fn withdrawn_by_the_person_nothing_leaves_and_an_old_form_does_not_revive_it() {
    let (mut gateway, clinic, pantry, consent) = referred();
    let referral = pantry.only_referral();
    let path = format!("/cbo/v1/referrals/{referral}");
    pantry.get(&path).expect(200);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let (mut maria, link) = opened(&gateway, &mut ines, "person");
    let grant = grant(&maria.get(&link).expect(200));
    maria.post(&format!("{link}/withdraw"), &format!("grant={grant}")).expect(303);
    pantry.get(&path).expect(404);
    assert!(maria.get(&link).expect(200).text.contains("Withdrawn."));
    let revoked = &gateway.of_kind("consent.revoked")[0];
    assert_eq!(revoked["actor"]["org"], "the-person");

    // The holder is told, without a word about her.
    let notices = pantry.get("/cbo/v1/notices").expect(200);
    let notice = &notices.json["notices"][0];
    assert_eq!((&notice["kind"], &notice["referrals"]), (&json!("stop-use"), &json!([referral])));
    for word in ["Maria", "food", "clinic", "plid_"] {
        assert!(!notices.text.contains(word), "{word}");
    }
    let read = format!("/cbo/v1/notices/{}/read", notice["id"].as_str().unwrap());
    for _ in 0..2 {
        pantry.call("POST", &read, &[], Vec::new()).expect(204);
    }
    assert_eq!(pantry.get("/cbo/v1/notices").json["notices"], json!([]));
    gateway.party("housing").call("POST", &read, &[], Vec::new()).expect(404);
    assert_eq!(gateway.of_kind("consent.stop-use-told").len(), 1);

    // The clinic sends the old form again, as it was and under another id.
    let mut old = clinic.get(&consent).expect(200).json;
    clinic.put(&consent, &old).expect(200);
    pantry.get(&path).expect(404);
    old.as_object_mut().unwrap().remove("id");
    clinic.post("/fhir/Consent", &old).expect(201);
    pantry.get(&path).expect(404);
    // Signed anew, it holds.
    old["dateTime"] = json!("2026-11-22T12:00:00Z");
    gateway.pass(3 * 3_600_000);
    clinic.post("/fhir/Consent", &old).expect(201);
    // Her referral was called off when she withdrew: it shows its need, and nobody.
    let over = pantry.get(&path).expect(200).json;
    assert_eq!((&over["status"], &over["client"]), (&json!("cancelled"), &Value::Null));
    gateway.stop();
}

#[test]
fn a_coordinator_and_the_source_withdraw_for_them() {
    let (mut gateway, clinic, pantry, consent) = referred();
    let path = format!("/cbo/v1/referrals/{}", pantry.only_referral());
    pantry.get(&path).expect(200);
    // Another organization's Consent is not there for it.
    gateway
        .party("hospital-a")
        .call("POST", &format!("{consent}/$revoke"), &[], vec![])
        .expect(404);
    pantry.get(&path).expect(200);
    clinic.call("POST", &format!("{consent}/$revoke"), &[], Vec::new()).expect(204);
    pantry.get(&path).expect(404);
    let code = gateway.of_kind("phi.denied").last().unwrap()["basis"]["reason"].clone();
    assert_eq!(code, "C2");
    gateway.stop();

    let (mut gateway, _, pantry, _) = referred();
    let path = format!("/cbo/v1/referrals/{}", pantry.only_referral());
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let person = ines.finds(MRN, "B-20417");
    let page = ines.get(&person).expect(200);
    ines.post(&format!("{person}/withdraw"), &format!("grant={}", grant(&page))).expect(200);
    pantry.get(&path).expect(404);
    assert_eq!(gateway.of_kind("consent.revoked")[0]["actor"]["org"], "ines");
    gateway.stop();
}

#[test]
fn who_is_told_by_e_mail_is_told_to_stop_by_e_mail() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let owner = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let answer = clinic.post("/fhir", &owner.bundle()).expect(200);
    let waiting = letter(&post);
    assert!(waiting.text.contains("A referral is waiting"));
    clinic.call("POST", &format!("{}/$revoke", answer.entry(1)), &[], Vec::new()).expect(204);
    // That the referral is off is another e-mail, and neither waits for the other.
    let both = [letter(&post), letter(&post)];
    let stop = both.iter().find(|one| one.text.contains("stop using")).unwrap();
    assert!(both.iter().any(|one| one.text.contains("This referral is off")));
    assert!(stop.text.contains("ref_"));
    for word in ["Maria", "Lindqvist", "food", "clinic"] {
        assert!(!stop.text.contains(word), "{word}");
    }
    gateway.stop();
}

#[test]
fn who_speaks_for_the_person_does_not_see_what_is_about_violence() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let mut bundle = Referral::food().bundle();
    let ipv = json!({ "coding": [{ "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "intimate-partner-violence" }] });
    bundle["entry"][1]["resource"]["provision"]["provision"][0]["code"] = json!([ipv]);
    bundle["entry"][2]["resource"]["category"] = json!([ipv]);
    clinic.post("/fhir", &bundle).expect(200);
    let pantry = gateway.party("pantry");
    pantry.only_referral();
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let (mut maria, link) = opened(&gateway, &mut ines, "person");
    assert!(maria.get(&link).expect(200).text.contains("pantry"));
    let (mut husband, link) = opened(&gateway, &mut ines, "proxy");
    let page = husband.get(&link).expect(200);
    assert!(!page.text.contains("pantry") && !page.text.contains("violence"), "{}", page.text);
    husband.post(&format!("{link}/withdraw"), "grant=all").expect(404);
    gateway.stop();
}

/// No to everything is also no to what nobody has read yet, and to what was signed before.
#[test]
fn who_withdraws_everything_is_asked_anew_by_everybody() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let known = json!({ "system": "urn:example:community-id", "value": "C-77" });
    let mut bundle = Referral::food().bundle();
    bundle["entry"][0]["resource"]["identifier"].as_array_mut().unwrap().push(known.clone());
    clinic.post("/fhir", &bundle).expect(200);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let (mut maria, link) = opened(&gateway, &mut ines, "person");
    maria.post(&format!("{link}/withdraw"), "grant=all").expect(303);
    assert_eq!(gateway.of_kind("consent.all-revoked").len(), 1);
    // Another organization brings what she signed before.
    let other = Referral { source: "hospital-a", mrn: "A-1", ..Referral::food() };
    let mut bundle = other.bundle();
    bundle["entry"][0]["resource"]["identifier"].as_array_mut().unwrap().push(known);
    let task = hospital.post("/fhir", &bundle).expect(200).entry(3);
    let read = hospital.get(&task).expect(200).json;
    assert_eq!(read["businessStatus"]["text"], "waiting for consent");
    assert!(gateway.party("pantry").inbox().is_empty());
    gateway.stop();
}
