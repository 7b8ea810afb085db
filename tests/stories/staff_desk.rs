//! Coordinators and auditors sign in with a password and a one-time code, are locked out after wrong
//! tries, and do what their role does and no more.

use loopgate_server::staff::{Account, StaffRole};

use crate::harness::{Browser, Gateway};

use StaffRole::{Auditor, Coordinator};

const STEP_MS: i64 = 30_000;

#[test]
fn a_password_and_a_code_open_the_desk_and_each_code_is_good_once() {
    let mut gateway = Gateway::start();
    let mut ines = gateway.clerk("ines", &[Coordinator]);
    let (password, code) = (ines.password.clone(), gateway.code_of(&ines));
    let asked = ines.get("").expect(200);
    assert!(asked.text.contains("One-time code") && !asked.text.contains("<script"));
    assert_eq!(asked.header("referrer-policy"), Some("no-referrer"));
    let opened = ines.sign_in(&password, &code).expect(303);
    let cookie = opened.header("set-cookie").unwrap();
    for guard in ["__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(guard), "{cookie}");
    }
    assert!(ines.get("").expect(200).text.contains("Signed in as <bdi>ines"));

    // The same code again opens nothing, for whoever saw it; the next one does.
    let mut other = gateway.clerk_again(&ines);
    other.sign_in(&password, &code).expect(403);
    gateway.pass(STEP_MS);
    let code = gateway.code_of(&ines);
    other.sign_in(&password, &code).expect(303);
    // A restart forgets sessions, and no code.
    gateway.stop();
    gateway.serve();
    let mut again = gateway.clerk_again(&other);
    again.browser.cookie.clone_from(&other.browser.cookie);
    again.get("/why").expect(401);
    again.sign_in(&password, &code).expect(403);
    let rights: Vec<bool> = gateway
        .of_kind("staff.signed-in")
        .iter()
        .map(|one| one["basis"]["right"].as_bool().unwrap())
        .collect();
    assert_eq!(rights, [true, false, true, false]);
    gateway.stop();
}

#[test]
fn wrong_tries_lock_an_account_for_a_while_also_over_a_restart() {
    let mut gateway = Gateway::start();
    let mut ines = gateway.clerk("ines", &[Coordinator]);
    let password = ines.password.clone();
    for _ in 0..5 {
        ines.sign_in("wrong password", "000000").expect(403);
    }
    let code = gateway.code_of(&ines);
    let shut = ines.sign_in(&password, &code).expect(429);
    let wait: i64 = shut.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    gateway.kill();
    gateway.serve();
    let mut ines = gateway.clerk_again(&ines);
    ines.sign_in(&password, &code).expect(429);
    // Nobody's name is told from somebody's.
    let mut nobody = gateway.clerk_again(&ines);
    nobody.name = "nobody".parse().unwrap();
    let unknown = nobody.sign_in("wrong password", "000000").expect(403);
    assert_eq!(unknown.text.matches("That did not match").count(), 1);
    gateway.pass(901_000);
    let code = gateway.code_of(&ines);
    ines.sign_in(&password, &code).expect(303);
    gateway.stop();
}

#[test]
fn a_session_ends_with_its_time_its_account_and_its_person() {
    let mut gateway = Gateway::start();
    let keys = gateway.root().join("keys");
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    gateway.pass(29 * 60_000);
    assert!(ines.get("").text.contains("Signed in"));
    gateway.pass(30 * 60_000);
    assert!(!ines.get("").text.contains("Signed in"), "half an hour of nothing");

    let (password, code) = (ines.password.clone(), gateway.code_of(&ines));
    ines.sign_in(&password, &code).expect(303);
    Account::suspend(&keys, &ines.name, true).unwrap();
    ines.get("/why").expect(401);
    Account::suspend(&keys, &ines.name, false).unwrap();
    gateway.pass(STEP_MS);
    let code = gateway.code_of(&ines);
    ines.sign_in(&password, &code).expect(303);
    let mut copied = gateway.clerk_again(&ines);
    copied.browser.cookie.clone_from(&ines.browser.cookie);
    ines.post("/sign-out", "").expect(303);
    copied.get("/why").expect(401);
    gateway.stop();
}

#[test]
fn a_role_does_what_it_does_and_a_stranger_nothing() {
    let mut gateway = Gateway::start();
    let mut auditor = gateway.signed_in("aud", &[Auditor]);
    let mut coordinator = gateway.signed_in("coordinator", &[Coordinator]);
    auditor.get("/forms/x").expect(404);
    auditor.post("/find", "system=a&value=b").expect(404);
    coordinator.post("/find", "system=a&value=b").expect(200);
    coordinator.post("/why", "case=1&about=1").expect(404);
    let mut stranger = Browser::new(&gateway);
    let desk = format!("{}/staff", gateway.people());
    for path in ["/why", "/forms/x", "/person/plid_00", "/forms/x/document"] {
        let page = stranger.get(&format!("{desk}{path}")).expect(401);
        assert!(page.text.contains("Sign in"), "{path}");
    }
    stranger.post(&format!("{desk}/find"), "system=a&value=b").expect(401);
    // Another site's page, or no form, does nothing.
    let url = format!("{desk}/find");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let elsewhere = [form, ("sec-fetch-site", "cross-site")];
    coordinator.browser.call("POST", &url, &elsewhere, "system=a&value=b").expect(403);
    let plain = [("content-type", "text/plain"), ("sec-fetch-site", "same-origin")];
    coordinator.browser.call("POST", &url, &plain, "system=a&value=b").expect(403);
    gateway.stop();
}
