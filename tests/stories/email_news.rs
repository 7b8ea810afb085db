//! An organization that has only e-mail hears that a referral changed, that it is asked to stop, and that
//! it is off; never what.

use std::time::Duration;

use serde_json::json;

use crate::harness::{
    Answer, Browser, Gateway, Post, Received, Referral, letter, links, read_letter, words_of,
};

const WHY: &str = "She has moved to her sister";

fn referred(gateway: &Gateway, post: &Post) -> (Answer, String) {
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let answer = gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let link = links(&letter(post)).remove(0);
    (answer, link)
}

#[track_caller]
fn tells(mail: &Received, words: &str, link: &str) {
    let text = words_of(mail);
    assert!(text.contains(words), "{text}");
    assert_eq!(links(mail), [link]);
    for word in ["Maria", "Lindqvist", "Food", "food", "sister", "0142", "B-20417"] {
        assert!(!text.contains(word), "{word} is in {text}");
    }
}

fn ask_to_stop(gateway: &Gateway, task: &str) {
    let clinic = gateway.party("clinic-b");
    let mut asked = clinic.get(task).expect(200).json;
    asked["businessStatus"] = json!({ "text": "cancellation requested" });
    asked["statusReason"] = json!({ "text": WHY });
    clinic.put(task, &asked).expect(200);
}

#[test]
fn what_is_called_off_before_an_answer_is_off() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let referral = Referral::food();
    let (answer, link) = referred(&gateway, &post);
    ask_to_stop(&gateway, &answer.entry(referral.task_entry(0)));
    let mail = letter(&post);
    assert!(mail.text.contains("Subject: News about referrals to mail-pantry"));
    tells(&mail, "This referral is off.", &link);
    // It tells nothing that it had not told: no entry.
    let shown = |gateway: &Gateway| {
        let all = gateway.of_kind("phi.disclosed").into_iter();
        all.filter(|one| one["disclosed"]["channel"] == "email").count()
    };
    assert_eq!(shown(&gateway), 1);
    gateway.pass(3_600_000);
    assert!(post.next(Duration::from_millis(200)).is_none(), "it is told once");
    assert_eq!(gateway.of_kind("referral.target-told").len(), 1);
    gateway.stop();
}

#[test]
fn what_was_never_told_is_not_told_off() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.change_partner("mail-pantry", |text| text.replace("\"at-once\"\n", "\"hourly\"\n"));
    gateway.pass(60_000);
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let answer = gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    ask_to_stop(&gateway, &answer.entry(referral.task_entry(0)));
    gateway.pass(3_600_000);
    assert!(post.next(Duration::from_millis(200)).is_none());
    gateway.stop();
}

#[test]
fn who_took_it_on_is_asked_to_stop() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let referral = Referral::food();
    let (answer, link) = referred(&gateway, &post);
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    browser.act(&link, "accept", "");
    ask_to_stop(&gateway, &answer.entry(referral.task_entry(0)));
    let mail = letter(&post);
    tells(&mail, "Whoever made this referral asks you to stop. Please answer on its page:", &link);
    assert!(read_letter(&mail).contains("The page asks for your organization's PIN"));
    gateway.stop();
}

#[test]
fn what_changed_is_to_be_read_again_with_its_warning() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let referral = Referral::food();
    let (answer, link) = referred(&gateway, &post);
    let clinic = gateway.party("clinic-b");
    let request = answer.entry(referral.task_entry(0) - 1);
    let mut changed = clinic.get(&request).expect(200).json;
    let silent = Referral { contact_prohibited: true, ..Referral::food() }.bundle();
    let entries = silent["entry"].as_array().unwrap().iter();
    let mut requests = entries.filter(|one| one["resource"]["resourceType"] == "ServiceRequest");
    changed["orderDetail"] = requests.next().unwrap()["resource"]["orderDetail"].clone();
    clinic.put(&request, &changed).expect(200);
    let mail = letter(&post);
    tells(&mail, "There is something new about a referral. Please read it again:", &link);
    assert!(read_letter(&mail).contains("Do not contact the person: read the page first."));
    gateway.stop();
}
