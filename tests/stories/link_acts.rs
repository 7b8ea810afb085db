//! All that a target may say, an organization with nothing but e-mail says from the page of its link.

use serde_json::{Value, json};

use crate::harness::{Browser, Gateway, Party, Post, Referral, letter};

struct Pantry {
    gateway: Gateway,
    post: Post,
    clinic: Party,
    /// The source's own Task.
    task: String,
    link: String,
    browser: Browser,
}

/// A referral at the pantry, whose page is open.
fn opened() -> Pantry {
    let (gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&link);
    Pantry { gateway, post, clinic, task, link, browser }
}

impl Pantry {
    fn act(&mut self, act: &str, fields: &str) -> String {
        self.browser.act(&self.link, act, fields).text
    }

    fn task(&self) -> Value {
        self.clinic.get(&self.task).expect(200).json
    }

    /// What happened to the referral since it was placed.
    fn kinds(&self) -> Vec<String> {
        let all = self.gateway.kinds().into_iter();
        let ours = all.filter(|kind| kind.starts_with("referral.") && kind != "referral.delivered");
        ours.skip_while(|kind| kind != "referral.sent").skip(1).collect()
    }
}

#[test]
fn words_on_the_way_move_nothing_and_reach_the_source() {
    let mut pantry = opened();
    let page = pantry.act("attempt", "how=phone&reached=no&text=Voicemail+is+full");
    assert!(page.contains("By phone · not reached · <bdi>Voicemail is full</bdi>"), "{page}");
    pantry.act("comment", "text=May+her+son+fetch+it%3F");
    pantry.act("safe-contact", "text=By+text+message+alone");
    let page = pantry.act("assign", "to=Ana+P.");
    for shown in ["Ana P.", "By text message alone", "May her son fetch it?"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains("waiting for your answer"));
    let read = pantry.task();
    assert_eq!(read["status"], "requested");
    let notes: Vec<&str> = read["note"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        notes,
        [
            "contact attempt by phone: not reached; Voicemail is full",
            "May her son fetch it?",
            "safe contact: By text message alone",
        ]
    );
    assert!(!read.to_string().contains("Ana P."), "who works on it is the pantry's own");
    // The clinic answers, and the pantry reads it at its page.
    let mut answered = read.clone();
    let notes = answered["note"].as_array_mut().unwrap();
    notes.push(json!({ "text": "Yes, his name is Sam." }));
    pantry.clinic.put(&pantry.task, &answered).expect(200);
    let page = pantry.browser.get(&pantry.link).expect(200).text;
    assert!(page.contains("Yes, his name is Sam.") && page.contains("You wrote, "), "{page}");
    let page = pantry.act("assign", "to=");
    assert!(!page.contains("Ana P."));
    pantry.gateway.stop();
}

#[test]
fn an_appointment_is_called_off_it_waits_goes_on_and_ends_with_two_services() {
    let mut pantry = opened();
    pantry.act("accept", "");
    let page = pantry.act("note", "text=A+box+is+put+aside");
    assert!(
        page.contains("Your note, Sun 22 November 2026, ")
            && page.contains("<bdi>A box is put aside</bdi>")
    );
    pantry.act("appointment", "date=2026-11-27&time=16%3A00&place=");
    let page = pantry.act("cancel-appointment", "");
    assert!(!page.contains("The appointment is off"), "there is none to call off");
    let page = pantry.act("hold", "text=Her+papers+are+missing");
    assert!(page.contains("on hold") && page.contains("We go on with it"));
    assert_eq!(pantry.task()["status"], "on-hold");
    let page = pantry.act("resume", "");
    assert!(page.contains("under way"), "{page}");
    let two = "text=Food+box&date=&text2=Diapers&date2=2026-11-20&text3=&date3=&text4=&date4=";
    let page = pantry.act("served", two);
    assert!(page.contains("closed as served"));
    let read = pantry.task();
    assert_eq!(
        (&read["status"], read["output"].as_array().unwrap().len()),
        (&json!("completed"), 2)
    );
    let said: Vec<String> = (0..2)
        .map(|n| {
            let path = read["output"][n]["valueReference"]["reference"].as_str().unwrap();
            let procedure = pantry.clinic.get(&format!("/fhir/{path}")).expect(200).json;
            procedure["code"]["text"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(said, ["Food box", "Diapers"]);
    assert_eq!(
        pantry.kinds(),
        [
            "referral.accepted",
            "referral.started",
            "referral.note",
            "referral.appointment",
            "referral.appointment-cancelled",
            "referral.on-hold",
            "referral.started",
            "referral.outcome",
            "referral.outcome",
            "referral.closed",
        ]
    );
    pantry.gateway.stop();
}

#[test]
fn two_clicks_are_enough() {
    let mut pantry = opened();
    pantry.act("accept", "");
    // What the page has filled in already is sent as it is.
    let page = pantry.browser.get(&pantry.link).expect(200).text;
    let (_, rest) = page.split_once("id=\"served-text\"").unwrap();
    let (_, rest) = rest.split_once("value=\"").unwrap();
    let text = rest.split('"').next().unwrap().replace(' ', "+");
    assert!(!text.is_empty());
    let page = pantry.act("served", &format!("text={text}&date="));
    assert!(page.contains("closed as served"), "{page}");
    assert_eq!(pantry.task()["status"], "completed");
    pantry.gateway.stop();
}

#[test]
fn it_is_sent_on_to_another_organization_or_given_back_or_not_achieved() {
    let mut pantry = opened();
    pantry.gateway.add_mail_partner("other-pantry");
    pantry.gateway.change_partner("other-pantry", |text| text);
    let page = pantry.browser.get(&pantry.link).expect(200).text;
    assert!(page.contains("<option value=\"other-pantry\">"), "{page}");
    assert!(!page.contains("<option value=\"mail-pantry\">") && !page.contains("\"clinic-b\""));
    let nobody = pantry.browser.get(&pantry.link).expect(200).version();
    let wrong = pantry
        .browser
        .post(&format!("{}/reroute", pantry.link), &format!("version={nobody}&to=clinic-b&text="));
    assert!(wrong.expect(422).text.contains("Please choose one."));
    let page = pantry.act("reroute", "to=other-pantry&text=They+have+a+van");
    assert!(page.contains("It is sent on"), "{page}");
    let kinds = pantry.kinds();
    assert_eq!(kinds[0], "referral.rerouted", "{kinds:?}");
    Browser::new(&pantry.gateway).get(&pantry.link).expect(404);
    // It cannot be taken back any more: others have it.
    assert!(!page.contains("take-back"));
    pantry.gateway.stop();

    for (act, fields, status, told) in [
        ("withdraw", "reason=no-capacity&text=", "cancelled", "We have no room at the moment"),
        ("fail", "reason=client-declined&text=She+moved", "failed", "She moved"),
    ] {
        let mut pantry = opened();
        pantry.act("accept", "");
        pantry.act(act, fields);
        let read = pantry.task();
        assert_eq!(read["statusReason"]["text"], told, "{act}: {read}");
        let source = if act == "withdraw" { &["cancelled", "rejected"][..] } else { &[status][..] };
        assert!(source.contains(&read["status"].as_str().unwrap()), "{act}: {read}");
        pantry.gateway.stop();
    }
}

#[test]
fn every_reason_is_said_in_spanish_and_told_by_its_code() {
    let reasons = [
        ("no-capacity", "No tenemos lugar en este momento"),
        ("not-our-client", "No es una persona que atendamos"),
        ("already-served", "La persona ya fue atendida"),
    ];
    for (code, words) in reasons {
        let mut pantry = opened();
        pantry.browser.get(&format!("{}?lang=es", pantry.link)).expect(200);
        let page = pantry.browser.get(&pantry.link).expect(200).text;
        assert!(page.contains(words), "{page}");
        let page = pantry.act("decline", &format!("reason={code}&text="));
        assert!(page.contains("Ustedes la rechazaron"), "{page}");
        let read = pantry.task();
        assert_eq!(read["statusReason"]["coding"][0]["code"], *code);
        assert!(!read["statusReason"]["text"].as_str().unwrap().contains("persona"));
        pantry.gateway.stop();
    }
}

#[test]
fn a_mistake_is_taken_back_within_a_quarter_of_an_hour() {
    let mut pantry = opened();
    let page = pantry.act("decline", "reason=no-capacity&text=");
    assert!(page.contains("Take the answer back"), "{page}");
    assert_eq!(pantry.task()["status"], "rejected");
    let version = pantry.browser.get(&pantry.link).expect(200).version();
    pantry.gateway.pass(14 * 60_000);
    let done = pantry
        .browser
        .post(&format!("{}/take-back", pantry.link), &format!("version={version}"))
        .expect(303);
    assert_eq!(
        done.header("location").unwrap(),
        pantry.link.split(":8").next().map_or("", |_| {
            let at = pantry.link.find("/r/").unwrap();
            &pantry.link[at..]
        })
    );
    // The old link leads on to where it is now, whoever gave the PIN.
    let on = pantry.browser.get(&pantry.link).expect(303);
    let path = on.header("location").unwrap().to_owned();
    assert!(path.starts_with("/r/") && !pantry.link.ends_with(&path));
    Browser::new(&pantry.gateway).get(&pantry.link).expect(404);
    let read = pantry.task();
    assert_eq!(
        (&read["status"], &read["businessStatus"]["text"]),
        (&json!("requested"), &json!("answer taken back"))
    );
    pantry.link = format!("{}{path}", pantry.gateway.people());
    assert_eq!(letter(&pantry.post).link().unwrap(), pantry.link);
    let page = pantry.act("accept", "");
    assert!(page.contains("taken on") && page.contains("Take the answer back"));
    // Later it stays as it is.
    let version = pantry.browser.get(&pantry.link).expect(200).version();
    pantry.gateway.pass(15 * 60_000 + 1_000);
    let page = pantry.browser.get(&pantry.link).expect(200).text;
    assert!(!page.contains("Take the answer back"));
    pantry
        .browser
        .post(&format!("{}/take-back", pantry.link), &format!("version={version}"))
        .expect(409);
    assert_eq!(pantry.task()["status"], "accepted");
    pantry.gateway.stop();
}

#[test]
fn reading_changes_nothing_and_a_stranger_does_nothing() {
    let mut pantry = opened();
    let before = pantry.kinds();
    let acts = [
        "attempt",
        "note",
        "comment",
        "safe-contact",
        "assign",
        "hold",
        "resume",
        "fail",
        "withdraw",
        "reroute",
        "take-back",
        "cancel-appointment",
        "sheet",
    ];
    let mut stranger = Browser::new(&pantry.gateway);
    for act in acts {
        for browser in [&mut pantry.browser, &mut stranger] {
            for method in ["GET", "HEAD"] {
                let url = format!("{}/{act}?lang=es", pantry.link);
                let page = browser.call(method, &url, &[], "");
                assert!(matches!(page.status, 200 | 303 | 404), "{method} {act}: {}", page.status);
            }
        }
        let form = "version=1&text=x&how=phone&reached=yes&to=housing&reason=other";
        let refused = stranger.post(&format!("{}/{act}", pantry.link), form);
        assert!(matches!(refused.status, 403 | 404), "{act}: {}", refused.status);
    }
    assert_eq!(pantry.kinds(), before);
    pantry.gateway.stop();
}
