//! An organization that works on paper: a printed sheet, a code read out on the phone, and an answer that
//! is the organization's, entered by whoever took the call.

use loopgate_server::staff::StaffRole::{Auditor, Coordinator};

use crate::harness::{Browser, Gateway, Referral, letter};

/// The code on a sheet.
fn code(sheet: &str) -> String {
    let (_, rest) = sheet.split_once("<strong>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// A gateway with a referral of which the sheet was printed, and the code on it.
fn printed() -> (Gateway, String) {
    let (gateway, post) = Gateway::with_mailbox();
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    let code = code(&browser.get(&format!("{link}/sheet")).expect(200).text);
    (gateway, code)
}

#[test]
fn a_sheet_is_printed_and_its_code_restores_the_referral_at_the_desk() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let referral =
        Referral { owner: Some("mail-pantry"), contact_prohibited: true, ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    // Without the PIN there is no sheet.
    browser.get(&format!("{link}/sheet")).expect(303);
    browser.give_pin(&link);
    let sheet = browser.get(&format!("{link}/sheet")).expect(200).text;
    for words in ["Maria Lindqvist-Okafor", "Do not contact the person.", "Your reply", "555 0142"]
    {
        assert!(sheet.contains(words), "{words} is not in {sheet}");
    }
    assert!(!sheet.contains("tel:") && !sheet.contains("<form") && !sheet.contains("Juniper"));
    let code = code(&sheet);
    assert!(code.len() == 11 && code.matches('-').count() == 2, "{code}");

    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    assert!(ines.get("").expect(200).text.contains("/staff/sheet"));
    let typed = code.replace('-', "+").to_lowercase();
    let found = ines.post("/sheet", &format!("code={typed}")).expect(303);
    assert_eq!(found.header("location").unwrap(), format!("/staff/sheet/{code}"));
    let at = format!("/sheet/{code}");
    let page = ines.get(&at).expect(200);
    for words in
        ["Maria Lindqvist-Okafor", "Do not contact the person.", "On the phone with mail-pantry"]
    {
        assert!(page.text.contains(words), "{words} is not in {}", page.text);
    }
    let form = format!("version={}", page.version());
    ines.post(&format!("{at}/accept"), &form).expect(303);
    // A double click is one act.
    ines.post(&format!("{at}/accept"), &form).expect(303);
    let version = ines.get(&at).expect(200).version();
    let wrong = ines.post(&format!("{at}/served"), &format!("version={version}&text=")).expect(422);
    assert!(wrong.text.contains("Please say in a few words what was given."));
    let served = format!("version={version}&text=Food+box&date=");
    ines.post(&format!("{at}/served"), &served).expect(303);
    assert!(ines.get(&at).expect(200).text.contains("closed as served"));
    assert_eq!(clinic.get(&task).expect(200).json["status"], "completed");

    // The acts are the pantry's; beside each stands who entered it.
    let accepted = &gateway.of_kind("referral.accepted")[0];
    assert_eq!(accepted["actor"]["org"], "mail-pantry", "{accepted}");
    let entered = gateway.of_kind("desk.entered");
    let acts: Vec<(&str, &str)> = entered
        .iter()
        .map(|one| (one["actor"]["org"].as_str().unwrap(), one["basis"]["act"].as_str().unwrap()))
        .collect();
    assert_eq!(acts, [("ines", "accept"), ("ines", "served")]);
    assert!(entered.iter().all(|one| one["basis"]["for"] == "mail-pantry"));
    // What was printed and what was read out is disclosed to the pantry.
    let disclosed = gateway.of_kind("phi.disclosed");
    let by = |channel: &str| {
        let there = disclosed.iter().filter(|one| one["disclosed"]["channel"] == channel);
        there.map(|one| one["disclosed"]["recipient"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(by("sheet"), ["mail-pantry"]);
    assert!(by("phone-desk").len() >= 2 && by("phone-desk").iter().all(|to| *to == "mail-pantry"));
    gateway.stop();
}

#[test]
fn what_is_taken_back_is_found_by_the_same_sheet() {
    let (mut gateway, code) = printed();
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    let at = format!("/sheet/{code}");
    let version = ines.get(&at).expect(200).version();
    ines.post(&format!("{at}/decline"), &format!("version={version}&reason=no-capacity&text="))
        .expect(303);
    let version = ines.get(&at).expect(200).version();
    ines.post(&format!("{at}/take-back"), &format!("version={version}")).expect(303);
    // The paper has the code of what was taken back: it leads on, for as long as the referral is open.
    gateway.pass(3 * 3_600_000);
    let mut ines = gateway.clerk_again(&ines);
    let (password, one_time) = (ines.password.clone(), gateway.code_of(&ines));
    ines.sign_in(&password, &one_time).expect(303);
    let on = ines.get(&at).expect(303).header("location").unwrap().to_owned();
    assert_ne!(on, format!("/staff{at}"));
    let at_new = on.strip_prefix("/staff").unwrap().to_owned();
    let page = ines.get(&at_new).expect(200);
    assert!(page.text.contains("waiting for your answer"), "{}", page.text);
    ines.post(&format!("{at_new}/accept"), &format!("version={}", page.version())).expect(303);
    assert_eq!(gateway.of_kind("referral.accepted").len(), 1);
    gateway.stop();
}

#[test]
fn codes_are_not_to_be_guessed() {
    let (mut gateway, code) = printed();
    // Staff alone, and coordinators among them.
    Browser::new(&gateway).get(&format!("{}/staff/sheet/{code}", gateway.people())).expect(401);
    gateway.signed_in("auditor", &[Auditor]).get(&format!("/sheet/{code}")).expect(404);
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    // A slip is told by its check symbol, and is not counted.
    for _ in 0..6 {
        let slip = ines.post("/sheet", "code=000-028-T5B").expect(422);
        assert!(slip.text.contains("not a whole code"), "{}", slip.text);
    }
    for n in 0..5 {
        let path = if n % 2 == 0 { "/sheet/000-028-T5A" } else { "/sheet/000-000-150" };
        assert!(ines.get(path).expect(404).text.contains("No open referral"));
    }
    // Now the right one is not looked at either, also after a restart.
    let wait = ines.get(&format!("/sheet/{code}")).expect(429);
    let seconds: i64 = wait.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    gateway.kill();
    gateway.serve();
    gateway.pass(31_000);
    let mut ines = gateway.clerk_again(&ines);
    let (password, one_time) = (ines.password.clone(), gateway.code_of(&ines));
    ines.sign_in(&password, &one_time).expect(303);
    ines.get(&format!("/sheet/{code}")).expect(429);
    gateway.pass(901_000);
    assert!(ines.get(&format!("/sheet/{code}")).expect(200).text.contains("Maria"));
    assert_eq!(gateway.of_kind("desk.wrong-code").len(), 5);
    gateway.stop();
}

#[test]
fn the_number_of_the_desk_is_on_the_sheet() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.stop();
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\n# desk_phone = \"+1 555 0100\""), "a new deployment has none");
    std::fs::write(&file, text.replace("\n# desk_phone", "\ndesk_phone")).unwrap();
    gateway.serve();
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    let sheet = browser.get(&format!("{link}/sheet?lang=es")).expect(200).text;
    assert!(sheet.contains("Responda por teléfono: +1 555 0100"), "{sheet}");
    gateway.stop();
}
