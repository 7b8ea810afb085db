//! A link changes nothing by being opened, and opens nothing to whom it is not for.

use crate::harness::{Browser, Gateway, Page, Referral, letter};

const DAY_MS: i64 = 86_400_000;

fn referred(gateway: &Gateway) -> String {
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let clinic = gateway.party("clinic-b");
    clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0))
}

/// What decides: what happened to referrals.
fn decided(gateway: &Gateway) -> Vec<String> {
    let kinds = gateway.kinds().into_iter().filter(|kind| kind.starts_with("referral."));
    // That the e-mail was taken is written down when it is, and decides nothing.
    kinds.filter(|kind| kind != "referral.delivered").collect()
}

#[test]
fn link_prefetched_by_a_mail_scanner_changes_nothing() {
    let (mut gateway, post) = Gateway::with_mailbox();
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    gateway.tick();
    let before = decided(&gateway);
    let mut scanner = Browser::new(&gateway);
    for path in ["", "/accept", "/decline", "/appointment", "/no-show", "/served", "/pin", "?x=1"] {
        for method in ["GET", "HEAD"] {
            let page = scanner.call(method, &format!("{link}{path}"), &[], "");
            assert!(matches!(page.status, 200 | 404), "{method} {path}: {}", page.status);
        }
    }
    // Nor does a scanner that presses every button: it has no PIN.
    for act in ["accept", "decline", "appointment", "no-show", "served"] {
        scanner.post(&format!("{link}/{act}"), "version=1&reason=no-capacity&text=x").expect(403);
    }
    assert_eq!(decided(&gateway), before);
    // The link is not spent.
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    assert!(browser.act(&link, "accept", "").text.contains("taken on"));
    gateway.stop();
}

#[test]
fn link_expired() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let task = referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    gateway.pass(29 * DAY_MS);
    browser.give_pin(&link);
    browser.get(&link).expect(200);
    gateway.pass(DAY_MS + 60_000);
    let dead = browser.get(&link).expect(404);
    browser.post(&format!("{link}/accept"), "version=1").expect(404);
    browser.post(&format!("{link}/pin"), "pin=482913").expect(404);
    assert!(!dead.text.contains("Food") && !dead.text.contains("pantry"));
    assert_eq!(gateway.party("clinic-b").get(&task).expect(200).json["status"], "requested");
    gateway.stop();
}

#[test]
fn link_of_another_organization() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.add_mail_partner("other-pantry");
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let (base, token) = link.rsplit_once('/').unwrap();
    // Another organization's browser, which gave its own PIN at its own link, is asked for this one's.
    let clinic = gateway.party("clinic-b");
    let mut consent =
        Referral { owner: Some("other-pantry"), mrn: "B-2", ..Referral::food() }.bundle();
    let actors = &mut consent["entry"][1]["resource"]["provision"]["provision"][0]["actor"];
    actors[0]["reference"]["identifier"]["value"] = "other-pantry".into();
    clinic.post("/fhir", &consent).expect(200);
    let theirs = letter(&post).link().unwrap().to_owned();
    let mut other = Browser::new(&gateway);
    other.give_pin(&theirs);
    assert!(other.get(&theirs).expect(200).text.contains("Maria"));
    let asked = other.get(&link).expect(200);
    assert!(asked.text.contains("type=\"password\"") && !asked.text.contains("Maria"));
    other.post(&format!("{link}/accept"), "version=1").expect(403);
    // A made-up token leads to the same page as one that ended.
    let nowhere = other.get(&format!("{base}/{}", "A".repeat(48))).expect(404);
    for end in ["A", "B"] {
        let forged = format!("{}{end}", &token[..token.len() - 1]);
        if forged != token {
            assert_eq!(other.get(&format!("{base}/{forged}")).expect(404).text, nowhere.text);
        }
    }
    // So does everything of a partner that is suspended.
    gateway.admin(&loopgate_server::admin::Ask::PartnerSuspend {
        name: "mail-pantry".parse().unwrap(),
        suspended: true,
    });
    let mut browser = Browser::new(&gateway);
    assert_eq!(browser.get(&link).expect(404).text, nowhere.text);
    gateway.stop();
}

#[test]
fn wrong_pin_is_limited_even_across_a_restart() {
    let (mut gateway, post) = Gateway::with_mailbox();
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    for n in 0..3 {
        let page = browser.post(&format!("{link}/pin"), &format!("pin=00000{n}")).expect(403);
        assert!(page.text.contains("That is not the PIN"));
    }
    gateway.kill();
    gateway.serve();
    let mut browser = Browser::new(&gateway);
    // Of many at once, one is looked at; who is turned away has not guessed.
    let guesses: Vec<u16> = std::thread::scope(|scope| {
        let guess = |n: u32| {
            let (gateway, link) = (&gateway, &link);
            scope.spawn(move || {
                Browser::new(gateway).post(&format!("{link}/pin"), &format!("pin=11111{n}")).status
            })
        };
        let all: Vec<_> = (0..6).map(guess).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let looked_at = guesses.iter().filter(|status| **status == 403).count();
    let turned_away = guesses.iter().filter(|status| **status == 429).count();
    assert!((1..=2).contains(&looked_at) && looked_at + turned_away == 6, "{guesses:?}");
    for _ in looked_at..2 {
        browser.post(&format!("{link}/pin"), "pin=222222").expect(403);
    }
    // The right one is not looked at either, and the answer says how long.
    let wait = browser.post(&format!("{link}/pin"), "pin=482913").expect(429);
    let seconds: i64 = wait.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    gateway.pass(901_000);
    browser.give_pin(&link);
    assert!(browser.get(&link).expect(200).text.contains("Maria"));
    let wrong =
        gateway.of_kind("phi.denied").iter().filter(|one| one["basis"]["reason"] == "PIN").count();
    assert_eq!(wrong, 5);
    gateway.stop();
}

#[test]
fn the_pin_is_remembered_for_twelve_hours() {
    let (mut gateway, post) = Gateway::with_mailbox();
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    gateway.pass(12 * 3_600_000 - 60_000);
    assert!(browser.get(&link).expect(200).text.contains("Maria"));
    gateway.pass(61_000);
    assert!(!browser.get(&link).expect(200).text.contains("Maria"));
    gateway.stop();
}

#[test]
fn a_double_click_is_one_act_and_a_stale_page_does_nothing() {
    let (mut gateway, post) = Gateway::with_mailbox();
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    let version = browser.get(&link).expect(200).version();
    let form = format!("version={version}");
    browser.post(&format!("{link}/accept"), &form).expect(303);
    browser.post(&format!("{link}/accept"), &form).expect(303);
    let stale =
        browser.post(&format!("{link}/decline"), &format!("{form}&reason=no-capacity&text="));
    assert!(stale.clone().expect(409).text.contains("nothing was done"));
    assert!(stale.text.contains("taken on"), "the page shows how it is now");
    // Another site's page cannot press a button.
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let version = browser.get(&link).expect(200).version();
    browser
        .call("POST", &format!("{link}/served"), &headers, &format!("version={version}&text=x"))
        .expect(403);
    let origin =
        [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example")];
    browser
        .call("POST", &format!("{link}/served"), &origin, &format!("version={version}&text=x"))
        .expect(403);
    let accepted = decided(&gateway).iter().filter(|kind| *kind == "referral.accepted").count();
    assert_eq!(accepted, 1);
    assert!(!decided(&gateway).contains(&"referral.closed".to_owned()));
    gateway.stop();
}

#[test]
fn every_answer_is_guarded_and_needs_nothing_from_anywhere() {
    let (mut gateway, post) = Gateway::with_mailbox();
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let base = gateway.people().to_owned();
    let mut browser = Browser::new(&gateway);
    let mut pages: Vec<Page> = vec![
        browser.get(&base),
        browser.get(&format!("{base}/page.css")),
        browser.get(&format!("{base}/nowhere")),
        browser.get(&link),
        browser.post(&format!("{link}/pin"), "pin=000000"),
        browser.call("DELETE", &link, &[], ""),
        browser.post(&format!("{link}/pin"), &"x".repeat(17_000)),
    ];
    browser.give_pin(&link);
    pages.push(browser.get(&link));
    pages.push(browser.post(&format!("{link}/accept"), "version=1"));
    for page in pages {
        let csp = page.header("content-security-policy").unwrap();
        assert_eq!(
            csp,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        let text = page.text.to_lowercase();
        for word in
            ["<script", "javascript:", "http://", "https://", "//cdn", "onclick", "style=", "<img"]
        {
            assert!(!text.contains(word), "{word} is in {text}");
        }
    }
    gateway.stop();
}
