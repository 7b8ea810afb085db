//! A pantry that has only e-mail answers a referral from the link in it, without an account, until the
//! clinic reads how it ended.

use crate::harness::{Browser, Gateway, Referral, letter, texts};

#[test]
fn an_organization_with_nothing_but_e_mail_closes_the_loop() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
    let task = answer.entry(referral.task_entry(0));
    // What nobody will read there is named to its source, for the Task alone.
    let outcome = &answer.json["entry"][referral.task_entry(0)]["response"]["outcome"];
    assert_eq!(outcome["issue"][0]["severity"], "information");
    let lost = texts(&outcome["issue"][0]["expression"]);
    for path in ["Patient.birthDate", "Patient.address.city", "Patient.identifier.value"] {
        assert!(lost.contains(&path), "{lost:?}");
    }
    assert!(!lost.iter().any(|path| path.starts_with("Task")), "{lost:?}");
    assert_eq!(answer.json["entry"][0]["response"].get("outcome"), None);

    let mail = letter(&post);
    assert_eq!(mail.to, "RCPT TO:<intake@mail-pantry.example>");
    for word in ["Maria", "Lindqvist", "food", "Food", "0142", "B-20417"] {
        assert!(!mail.text.contains(word), "{word} is in the e-mail");
    }
    assert!(mail.text.contains("Subject: A referral is waiting for mail-pantry"), "{}", mail.text);
    assert!(mail.text.contains("Auto-Submitted: auto-generated"));
    let link = mail.link().unwrap().to_owned();

    let mut browser = Browser::new(&gateway);
    let first = browser.get(&link).expect(200);
    assert!(first.text.contains("Food insecurity") && first.text.contains("type=\"password\""));
    for word in ["Maria", "Lindqvist", "0142"] {
        assert!(!first.text.contains(word), "{word} is shown without the PIN");
    }
    browser.give_pin(&link);
    let whole = browser.get(&link).expect(200);
    for word in ["Maria Lindqvist-Okafor", "tel:+15550142", "Not passed on: "] {
        assert!(whole.text.contains(word), "{word} is not in {}", whole.text);
    }
    for word in ["B-20417", "1988", "Juniper"] {
        assert!(!whole.text.contains(word), "{word} reached the pantry");
    }

    let page = browser.act(&link, "accept", "");
    assert!(page.text.contains("taken on"));
    assert_eq!(clinic.get(&task).expect(200).json["status"], "accepted");
    let page = browser.act(&link, "appointment", "date=2026-11-27&time=16%3A00&place=Side+door");
    assert!(page.text.contains("Fri 27 November 2026, 16:00, Side door"), "{}", page.text);
    let page = browser.act(&link, "no-show", "");
    assert!(!page.text.contains("did not come"), "there is no appointment to miss");
    browser.act(&link, "appointment", "date=2026-11-29&time=16%3A00&place=");
    let end = browser.act(&link, "served", "text=Food+box+%3Cfor%3E+four&date=2026-11-29");
    assert!(end.text.contains("closed as served") && !end.text.contains("Maria"), "{}", end.text);
    // The link has ended for everybody else.
    Browser::new(&gateway).get(&link).expect(404);

    let read = clinic.get(&task).expect(200).json;
    assert_eq!(read["status"], "completed");
    let procedure = read["output"][0]["valueReference"]["reference"].as_str().unwrap();
    let procedure = clinic.get(&format!("/fhir/{procedure}")).expect(200).json;
    assert_eq!(procedure["code"]["text"], "Food box <for> four");
    let channels: Vec<String> = gateway
        .of_kind("phi.disclosed")
        .iter()
        .filter(|entry| entry["disclosed"]["recipient"] == "mail-pantry")
        .map(|entry| entry["disclosed"]["channel"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(channels[0], "email");
    assert!(
        channels[1..].iter().all(|channel| channel == "link") && channels.len() >= 5,
        "{channels:?}"
    );
    let kinds = gateway.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!(
        (count("referral.appointment"), count("referral.no-show"), count("referral.closed")),
        (2, 1, 1)
    );
    gateway.stop();
}

#[test]
fn a_decline_is_a_reason_and_a_mistake_keeps_what_was_typed() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    let version = browser.get(&link).expect(200).version();
    let wrong =
        browser.post(&format!("{link}/decline"), &format!("version={version}&reason=other&text="));
    assert!(wrong.clone().expect(422).text.contains("Please say why"));
    assert!(wrong.text.contains("value=\"other\" required checked"), "{}", wrong.text);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
    let end = browser.act(&link, "decline", "reason=other&text=We+moved+away");
    assert!(end.text.contains("You declined it"));
    let read = clinic.get(&task).expect(200).json;
    assert_eq!(
        (&read["status"], &read["statusReason"]["text"]),
        (&"rejected".into(), &"We moved away".into())
    );
    gateway.stop();
}
