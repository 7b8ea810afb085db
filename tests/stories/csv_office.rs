//! An organization with nothing but e-mail and a spreadsheet has a page of its own: the list, the file,
//! and the file back, without a script and only with its PIN.

use loopgate_server::doorkey::Doorkeys;

use super::csv_round_trip::{filled, rows};
use crate::harness::{Browser, Gateway, PIN, Referral, letter};

/// The link to an organization's page, made as the gateway makes it.
pub fn office(gateway: &Gateway, org: &str) -> String {
    let key = std::fs::read(gateway.root().join("keys/index.key")).unwrap();
    let key: [u8; 32] = match key.len() {
        32 => key.try_into().unwrap(),
        _ => hex::decode(String::from_utf8(key).unwrap().trim()).unwrap().try_into().unwrap(),
    };
    format!("{}/o/{}", gateway.people(), Doorkeys::new(&key).office_token(&org.parse().unwrap()))
}

fn refer(gateway: &Gateway, mrn: &'static str, silent: bool) -> String {
    let clinic = gateway.party("clinic-b");
    let referral = Referral {
        mrn,
        owner: Some("mail-pantry"),
        contact_prohibited: silent,
        ..Referral::food()
    };
    clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0))
}

#[test]
fn the_list_the_file_and_the_answers_go_over_one_page() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let tasks = [refer(&gateway, "B-1", false), refer(&gateway, "B-2", true)];
    let _ = (letter(&post), letter(&post));
    let page = office(&gateway, "mail-pantry");
    let mut browser = Browser::new(&gateway);

    // Without the PIN it says nothing about anybody, and the file is not there.
    // That the e-mails went is written down when it happens to be.
    let kinds = || -> Vec<String> {
        gateway.kinds().into_iter().filter(|kind| kind != "referral.delivered").collect()
    };
    let before = kinds();
    let first = browser.get(&page).expect(200);
    assert!(
        first.text.contains("type=\"password\"") && !first.text.contains("food"),
        "{}",
        first.text
    );
    for path in ["/referrals.csv", "/all.csv"] {
        let none = browser.get(&format!("{page}{path}")).expect(303);
        assert!(none.text.is_empty());
    }
    browser.upload(&format!("{page}/upload"), b"Referral\n").expect(403);
    assert_eq!(kinds(), before);
    let wrong = browser.post(&format!("{page}/pin"), "pin=000000").expect(403);
    assert!(wrong.text.contains("not the PIN"), "{}", wrong.text);
    browser.post(&format!("{page}/pin"), &format!("pin={PIN}")).expect(303);

    let list = browser.get(&page).expect(200);
    assert_eq!(list.text.matches("Maria Lindqvist-Okafor").count(), 2);
    assert_eq!(list.text.matches("Do not contact").count(), 1, "{}", list.text);
    assert!(
        list.text.contains("enctype=\"multipart/form-data\"") && !list.text.contains("<script")
    );
    // Its links lead to the referral, and the PIN is known there.
    let (_, link) = list.text.split_once("href=\"/r/").unwrap();
    let link = format!("{}/r/{}", gateway.people(), link.split('"').next().unwrap());
    assert!(browser.get(&link).expect(200).text.contains("0142"));

    let file = browser.get(&format!("{page}/referrals.csv")).expect(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"referrals.csv\""));
    let csv: Vec<u8> = file.text.into_bytes();
    let read = rows(&csv);
    assert_eq!(read.len(), 2);
    assert_eq!(read[1]["Do not contact"], "do-not-contact");
    let shown = gateway.of_kind("phi.disclosed").into_iter();
    let shown = shown.filter(|entry| entry["disclosed"]["channel"] == "csv").count();
    assert_eq!(shown, 2);

    let answers = filled(&csv, &read[0]["Referral"], &[("Status", "accepted")]);
    let answers = filled(&answers, &read[1]["Referral"], &[("Status", "perhaps")]);
    let report = browser.upload(&format!("{page}/upload"), &answers).expect(200);
    assert!(report.text.contains("Taken: 1. Already so: 0. To put right: 1."), "{}", report.text);
    assert!(report.text.contains("<th scope=\"row\">3</th>"), "{}", report.text);
    assert!(!report.text.contains("perhaps"));
    assert_eq!(clinic.get(&tasks[0]).expect(200).json["status"], "accepted");
    assert_eq!(clinic.get(&tasks[1]).expect(200).json["status"], "requested");
    // Twice is once.
    let before = gateway.count();
    let again = browser.upload(&format!("{page}/upload"), &answers).expect(200);
    assert!(again.text.contains("Taken: 0. Already so: 1. To put right: 1."), "{}", again.text);
    assert_eq!(gateway.count(), before);

    // What is no file, and what another site sends, does nothing.
    browser.upload(&format!("{page}/upload"), b"PK\x03\x04").expect(422);
    let foreign =
        [("content-type", "multipart/form-data; boundary=b"), ("sec-fetch-site", "cross-site")];
    browser.call("POST", &format!("{page}/upload"), &foreign, "--b--\r\n").expect(403);
    browser.post(&format!("{page}/upload"), "file=x").expect(422);
    // In Spanish.
    let spanish = browser.get(&format!("{page}?lang=es")).expect(200);
    assert!(
        spanish.text.contains("lang=\"es\"") && spanish.text.contains("Descargar"),
        "{}",
        spanish.text
    );
    gateway.stop();
}

#[test]
fn the_page_is_only_for_who_has_e_mail_and_is_not_suspended() {
    let (mut gateway, _post) = Gateway::with_mailbox();
    let mut browser = Browser::new(&gateway);
    browser.get(&office(&gateway, "mail-pantry")).expect(200);
    let nowhere = browser.get(&format!("{}/o/x", gateway.people())).expect(404).text;
    for org in ["pantry", "clinic-b", "nobody"] {
        assert_eq!(browser.get(&office(&gateway, org)).expect(404).text, nowhere, "{org}");
    }
    let page = office(&gateway, "mail-pantry");
    // Guesses are counted and end; the right PIN waits too.
    for _ in 0..5 {
        browser.post(&format!("{page}/pin"), "pin=000000").expect(403);
    }
    browser.post(&format!("{page}/pin"), &format!("pin={PIN}")).expect(429);
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.iter().filter(|one| one["basis"]["reason"] == "PIN").count(), 5);
    gateway.pass(3_600_000);
    browser.post(&format!("{page}/pin"), &format!("pin={PIN}")).expect(303);
    let suspend = loopgate_server::admin::Ask::PartnerSuspend {
        name: "mail-pantry".parse().unwrap(),
        suspended: true,
    };
    gateway.admin(&suspend);
    browser.get(&page).expect(404);
    browser.upload(&format!("{page}/upload"), b"Referral\n").expect(404);
    gateway.stop();
}
