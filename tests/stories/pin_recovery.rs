//! A forgotten PIN is set anew with a link in the mailbox and a code told by phone: neither alone.

use std::time::Duration;

use loopgate_server::admin::{Ask, MailAsk};
use loopgate_server::staff::StaffRole;

use super::csv_office::office;
use crate::harness::{Browser, Gateway, Post, Referral, head_line, letter, links, read_letter};

const MINUTE_MS: i64 = 60_000;
const NEW: &str = "739164";

fn code(gateway: &Gateway) -> String {
    let ask = MailAsk::Code { name: "mail-pantry".parse().unwrap(), by: "phone desk".into() };
    let words = gateway.admin(&Ask::Mail { ask });
    words.split([' ', ',']).nth(1).unwrap().to_owned()
}

fn referred() -> (Gateway, Post, String) {
    let (gateway, post) = Gateway::with_mailbox();
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let link = links(&letter(&post)).remove(0);
    (gateway, post, link)
}

fn form(code: &str, pin: &str) -> String {
    format!("code={code}&pin={pin}&again={pin}")
}

#[test]
fn link_and_code_set_another_pin_and_the_old_one_opens_nothing() {
    let (mut gateway, post, link) = referred();
    let mut old = Browser::new(&gateway);
    old.give_pin(&link);
    assert!(old.get(&link).expect(200).text.contains("Maria"));

    let mut browser = Browser::new(&gateway);
    let first = browser.get(&link).expect(200);
    assert!(first.text.contains("We forgot our PIN"));
    let asked = browser.post(&format!("{link}/forgot"), "").expect(200);
    assert!(asked.text.contains("look into your e-mail") && asked.text.contains("phone"));
    let mail = letter(&post);
    assert_eq!(head_line(&mail, "Subject"), "Another PIN for mail-pantry");
    assert!(read_letter(&mail).contains("It is told by phone and never by e-mail"));
    let recovery = links(&mail).remove(0);
    assert!(recovery.contains("/pin/"));

    // Looking spends nothing.
    for _ in 0..3 {
        Browser::new(&gateway).get(&recovery).expect(200);
    }
    let code = code(&gateway);
    assert!(!mail.text.contains(&code));
    // What anybody would guess, what is too short, what is not twice the same.
    for (fields, words) in [
        (form(&code, "111111"), "guess"),
        (form(&code, "12345"), "6 to 32"),
        (format!("code={code}&pin={NEW}&again=739165"), "not the same"),
    ] {
        let page = browser.post(&recovery, &fields).expect(422);
        assert!(page.text.contains(words), "{}", page.text);
        assert!(!page.text.contains(NEW) && !page.text.contains(&code), "nothing is repeated");
    }
    let done = browser.post(&recovery, &form(&code, NEW)).expect(200);
    assert!(done.text.contains("The PIN is changed"));
    let told = letter(&post);
    assert_eq!(head_line(&told, "Subject"), "The PIN of mail-pantry was changed");

    // The old PIN and its cookies are over, the new one opens, through a restart too.
    for restart in [false, true] {
        if restart {
            gateway.kill();
            gateway.serve();
        }
        let cookie = old.cookie.clone();
        old = Browser::new(&gateway);
        old.cookie = cookie;
        assert!(!old.get(&link).expect(200).text.contains("Maria"));
        let mut browser = Browser::new(&gateway);
        browser.post(&format!("{link}/pin"), "pin=482913").expect(403);
        browser.post(&format!("{link}/pin"), &format!("pin={NEW}")).expect(303);
        assert!(browser.get(&link).expect(200).text.contains("Maria"));
    }
    // Link and code were good once.
    let mut browser = Browser::new(&gateway);
    browser.get(&recovery).expect(404);
    browser.post(&recovery, &form(&code, "583921")).expect(404);
    gateway.tick();
    assert!(post.next(Duration::from_millis(200)).is_none(), "each was sent once");
    let kinds = gateway.kinds();
    for kind in ["pin.recovery-asked", "pin.code-made", "pin.changed", "pin.change-sent"] {
        assert_eq!(kinds.iter().filter(|one| *one == kind).count(), 1, "{kind}");
    }
    // Another hash in the file is in force.
    let hash = loopgate_server::doorkey::hash_pin("864209", &[9; 16]).unwrap();
    gateway.change_partner("mail-pantry", |text| {
        loopgate_server::partner::set_pin(&text, &hash).unwrap()
    });
    let mut browser = Browser::new(&gateway);
    browser.post(&format!("{link}/pin"), &format!("pin={NEW}")).expect(403);
    browser.post(&format!("{link}/pin"), "pin=864209").expect(303);
    gateway.stop();
}

#[test]
fn the_mailbox_alone_is_not_enough_and_a_code_is_not_guessed() {
    let (mut gateway, post, link) = referred();
    let mut browser = Browser::new(&gateway);
    browser.post(&format!("{link}/forgot"), "").expect(200);
    let recovery = links(&letter(&post)).remove(0);
    // No code was made: none is right.
    browser.post(&recovery, &form("00000000", NEW)).expect(403);
    browser.post(&recovery, &form("", NEW)).expect(403);
    let good = code(&gateway);
    let wrong = if good == "12345678" { "12345679" } else { "12345678" };
    for _ in 0..3 {
        browser.post(&recovery, &form(wrong, NEW)).expect(403);
    }
    // Too many were wrong: the right one waits, through a restart too.
    gateway.kill();
    gateway.serve();
    let mut browser = Browser::new(&gateway);
    let wait = browser.post(&recovery, &form(&good, NEW)).expect(429);
    assert!(wait.header("retry-after").is_some());
    gateway.pass(16 * MINUTE_MS);
    browser.post(&recovery, &form(&good, NEW)).expect(200);
    let wrong = gateway.of_kind("phi.denied").into_iter();
    assert_eq!(wrong.filter(|one| one["basis"]["reason"] == "PIN").count(), 5);
    gateway.stop();
}

#[test]
fn a_link_ends_with_its_time_and_with_the_next_and_a_code_with_the_next() {
    let (mut gateway, post, link) = referred();
    let mut browser = Browser::new(&gateway);
    let mut ask = || {
        browser.post(&format!("{link}/forgot"), "").expect(200);
        links(&letter(&post)).remove(0)
    };
    let first = ask();
    let second = ask();
    let nowhere = Browser::new(&gateway).get(&first).expect(404);
    let old = code(&gateway);
    let new = code(&gateway);
    assert_ne!(old, new);
    let mut other = Browser::new(&gateway);
    other.post(&second, &form(&old, NEW)).expect(403);
    gateway.pass(31 * MINUTE_MS);
    // A made-up one leads to the same page.
    for gone in [second.clone(), format!("{}A", &second), second.replace("/pin/", "/pin/A")] {
        assert_eq!(other.get(&gone).expect(404).text, nowhere.text);
        other.post(&gone, &form(&new, NEW)).expect(404);
    }
    // A code of yesterday is none.
    gateway.pass(24 * 60 * MINUTE_MS);
    let third = ask();
    other.post(&third, &form(&new, NEW)).expect(403);
    assert!(gateway.of_kind("pin.changed").is_empty());
    gateway.stop();
}

#[test]
fn asking_looks_the_same_whatever_comes_of_it() {
    let (mut gateway, post, link) = referred();
    let mut browser = Browser::new(&gateway);
    let mut ask = || browser.post(&format!("{link}/forgot"), "").expect(200).text;
    let first = ask();
    for _ in 0..2 {
        letter(&post);
        assert_eq!(ask(), first);
    }
    letter(&post);
    // The fourth within an hour looks alike, and nothing is sent or recorded.
    assert_eq!(ask(), first);
    gateway.tick();
    assert!(post.next(Duration::from_millis(200)).is_none());
    assert_eq!(gateway.of_kind("pin.recovery-asked").len(), 3);
    gateway.pass(61 * MINUTE_MS);
    assert_eq!(ask(), first);
    letter(&post);
    // Another site's page does not ask.
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    browser.call("POST", &format!("{link}/forgot"), &headers, "").expect(403);
    gateway.stop();
}

#[test]
fn the_phone_desk_makes_the_code_on_its_page() {
    let (mut gateway, post, link) = referred();
    let mut browser = Browser::new(&gateway);
    browser.post(&format!("{link}/forgot"), "").expect(200);
    let recovery = links(&letter(&post)).remove(0);
    let mut clerk = gateway.signed_in("rosa", &[StaffRole::Coordinator]);
    let page = clerk.get("/mail").expect(200);
    assert!(page.text.contains("takes e-mail") && !page.text.contains("intake@"));
    let made = clerk.post("/mail/mail-pantry/code", "").expect(200);
    let (_, rest) = made.text.split_once("<strong>").unwrap();
    let code = rest.split('<').next().unwrap();
    browser.post(&recovery, &form(code, NEW)).expect(200);
    assert_eq!(gateway.of_kind("pin.code-made")[0]["actor"]["org"], "rosa");
    let mut auditor = gateway.signed_in("noor", &[StaffRole::Auditor]);
    auditor.get("/mail").expect(200);
    auditor.post("/mail/mail-pantry/code", "").expect(404);
    gateway.stop();
}

#[test]
fn the_organizations_page_takes_the_new_pin_and_its_tries_are_its_own() {
    let (mut gateway, post, link) = referred();
    let office = office(&gateway, "mail-pantry");
    let mut browser = Browser::new(&gateway);
    browser.post(&format!("{link}/forgot"), "").expect(200);
    let recovery = links(&letter(&post)).remove(0);
    let good = code(&gateway);
    let wrong = if good == "12345678" { "12345679" } else { "12345678" };
    for _ in 0..5 {
        browser.post(&recovery, &form(wrong, NEW)).expect(403);
    }
    browser.post(&recovery, &form(&good, NEW)).expect(429);
    // Wrong codes are no wrong PINs: whoever knows the PIN is let in.
    Browser::new(&gateway).post(&format!("{office}/pin"), "pin=482913").expect(303);
    gateway.pass(16 * MINUTE_MS);
    browser.post(&recovery, &form(&good, NEW)).expect(200);
    Browser::new(&gateway).post(&format!("{office}/pin"), "pin=482913").expect(403);
    Browser::new(&gateway).post(&format!("{office}/pin"), &format!("pin={NEW}")).expect(303);
    gateway.stop();
}
