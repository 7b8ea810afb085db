//! An address that takes nothing is left alone and shown; once it is put right, nothing is lost. A report
//! that somebody made up marks nobody.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use loopgate_server::admin::{Ask, MailAsk};
use loopgate_server::bounce::{Report, read};
use serde_json::json;

use crate::harness::{
    Browser, Gateway, Post, Received, Referral, head_line, letter, links, read_letter,
};

const HOUR_MS: i64 = 3_600_000;

fn refer(gateway: &Gateway, mrn: &'static str) {
    let referral = Referral { owner: Some("mail-pantry"), mrn, ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
}

fn status(gateway: &Gateway) -> String {
    gateway.admin(&Ask::Mail { ask: MailAsk::Status })
}

/// What a mail server reports of an e-mail, as `loopgate mail bounce` reads and tells it.
fn report(gateway: &Gateway, message_id: &str, action: &str) -> String {
    let text = format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: referrals@gateway.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; intake@mail-pantry.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\
         Subject: A referral is waiting\r\n\r\n--b--\r\n"
    );
    match read(text.as_bytes()).unwrap() {
        Report::Failed { message_id, status } => {
            gateway.admin(&Ask::Mail { ask: MailAsk::Bounced { message_id, status } })
        }
        Report::NotFailed => "no failure".to_owned(),
    }
}

/// Waits until there is such an entry; the bound is for a story that fails.
fn recorded(gateway: &mut Gateway, kind: &str) {
    for _ in 0..200 {
        if !gateway.of_kind(kind).is_empty() {
            return;
        }
        gateway.tick();
    }
    panic!("no {kind}");
}

fn sent(gateway: &Gateway, post: &Post, mrn: &'static str) -> Received {
    refer(gateway, mrn);
    letter(post)
}

#[test]
fn a_refused_address_is_left_alone_until_an_operator_says_so() {
    let (mut gateway, post) = Gateway::with_mailbox();
    assert!(gateway.metrics().contains("loopgate_email_bounced 0\n"));
    post.reject(true);
    refer(&gateway, "B-1");
    // The mark is an entry before anything else is tried.
    recorded(&mut gateway, "email.bounced");
    let marked = &gateway.of_kind("email.bounced")[0];
    assert_eq!(marked["transition"]["bounced"], "refused");
    assert_eq!(marked["transition"]["status"], "5.1.1");
    assert!(status(&gateway).starts_with("mail-pantry\ttakes no e-mail since "));
    assert!(gateway.metrics().contains("loopgate_email_bounced 1\n"));
    assert!(gateway.log().contains("the address takes no e-mail"));
    assert!(!gateway.log().contains("intake@"), "the log holds no address");
    // It would be taken now, and is not tried.
    post.reject(false);
    for _ in 0..3 {
        gateway.pass(HOUR_MS);
    }
    refer(&gateway, "B-2");
    assert!(post.next(Duration::from_millis(200)).is_none());
    assert!(gateway.of_kind("referral.delivered").is_empty());
    let again = MailAsk::Again { name: "mail-pantry".parse().unwrap(), by: "Jo".into() };
    gateway.admin(&Ask::Mail { ask: again.clone() });
    assert_eq!(links(&letter(&post)).len(), 2);
    assert_eq!(status(&gateway), "");
    assert!(gateway.try_admin(&Ask::Mail { ask: again }).is_err(), "it is not marked");
    assert_eq!(gateway.of_kind("email.bounced").len(), 1);
    gateway.stop();
}

#[test]
fn what_a_server_has_against_us_marks_nobody() {
    let (mut gateway, post) = Gateway::with_mailbox();
    post.refuse(true);
    refer(&gateway, "B-1");
    gateway.pass(HOUR_MS);
    gateway.pass(HOUR_MS);
    assert!(gateway.of_kind("email.bounced").is_empty());
    post.refuse(false);
    gateway.pass(HOUR_MS);
    letter(&post);
    gateway.stop();
}

#[test]
fn a_report_marks_the_address_and_what_it_took_for_sent_is_sent_again() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let answered = sent(&gateway, &post, "B-1");
    let first = sent(&gateway, &post, "B-2");
    let mut browser = Browser::new(&gateway);
    browser.give_pin(&links(&answered)[0]);
    browser.act(&links(&answered)[0], "accept", "");
    let id = head_line(&first, "Message-ID");

    // It is late, or somebody made it up: nothing.
    for action in ["delayed", "delivered", "relayed"] {
        assert_eq!(report(&gateway, &id, action), "no failure");
    }
    let (local, host) = id.split_once('@').unwrap();
    let last = if local.ends_with('0') { "1" } else { "0" };
    let forged = [
        format!("{}{last}@{host}", &local[..local.len() - 1]),
        id.replace("mail-pantry", "pantry"),
        id.replace(".0.", ".1."),
        "<plc_1@gateway.example>".to_owned(),
    ];
    for id in forged {
        let said = report(&gateway, &id, "failed");
        assert_eq!(said, "no e-mail that this gateway knows: nothing was done", "{id}");
    }
    assert!(gateway.of_kind("email.bounced").is_empty());

    assert!(report(&gateway, &id, "failed").starts_with("mail-pantry takes no e-mail"));
    let marked = &gateway.of_kind("email.bounced")[0];
    assert_eq!(marked["transition"]["bounced"], "reported");
    refer(&gateway, "B-3");
    gateway.pass(HOUR_MS);
    assert!(post.next(Duration::from_millis(200)).is_none());
    // Twice is once; a restart forgets nothing.
    report(&gateway, &id, "failed");
    gateway.kill();
    gateway.serve();
    gateway.tick();
    assert_eq!(gateway.of_kind("email.bounced").len(), 1);
    assert!(post.next(Duration::from_millis(200)).is_none());

    // Another address: what nobody answered is sent there, with what came meanwhile.
    gateway.change_partner("mail-pantry", |text| text.replace("intake@", "office@"));
    let again = letter(&post);
    assert!(again.to.contains("office@mail-pantry.example"), "{}", again.to);
    let (found, before) = (links(&again), links(&first));
    assert!(found.len() == 2 && found.contains(&before[0]), "{found:?}");
    recorded(&mut gateway, "email.sent-again");
    // What bounces of the old address says nothing of the new one.
    assert!(report(&gateway, &id, "failed").starts_with("no e-mail"));
    gateway.pass(HOUR_MS);
    assert!(post.next(Duration::from_millis(200)).is_none(), "it is sent once");
    gateway.stop();
}

#[test]
fn that_one_is_off_is_told_again_where_it_may_not_have_been_read() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let referral =
        Referral { owner: Some("mail-pantry"), contact_prohibited: true, ..Referral::food() };
    let task = clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0));
    assert!(read_letter(&letter(&post)).contains("Do not contact the person"));
    let mut off = clinic.get(&task).expect(200).json;
    off["status"] = json!("cancelled");
    off["statusReason"] = json!({ "text": "She moved away" });
    clinic.put(&task, &off).expect(200);
    let told = letter(&post);
    let words = read_letter(&told);
    assert!(words.contains("is off") || words.contains("called off"), "{words}");
    // It is told without a permit: nothing of the person as they are now.
    assert!(!words.contains("Do not contact"), "{words}");

    report(&gateway, &head_line(&told, "Message-ID"), "failed");
    gateway.change_partner("mail-pantry", |text| text.replace("intake@", "office@"));
    let again = letter(&post);
    assert!(again.to.contains("office@"), "{}", again.to);
    assert_eq!(head_line(&again, "Subject"), head_line(&told, "Subject"));
    assert_eq!(links(&again), links(&told));
    gateway.pass(HOUR_MS);
    assert!(post.next(Duration::from_millis(200)).is_none(), "it is sent once");
    gateway.stop();
}

#[test]
fn a_refusal_for_policy_marks_nobody() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, tried) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut out = stream.try_clone().unwrap();
            let _ = write!(out, "220 localhost\r\n");
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let is_rcpt = line.to_ascii_uppercase().starts_with("RCPT");
                let says = if is_rcpt { "550 5.7.1 not from there" } else { "250 ok" };
                if is_rcpt && sender.send(()).is_err() || write!(out, "{says}\r\n").is_err() {
                    break;
                }
            }
        }
    });
    gateway.stop();
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace(&format!("port = {}\n", post.port), &format!("port = {port}\n"));
    std::fs::write(&file, text).unwrap();
    gateway.serve();
    refer(&gateway, "B-1");
    tried.recv_timeout(Duration::from_secs(20)).expect("it is tried");
    // What was said of the first try is known once there is another.
    let again = (0..20).any(|_| {
        gateway.pass(HOUR_MS);
        tried.recv_timeout(Duration::from_secs(1)).is_ok()
    });
    assert!(again, "an address that is not at fault is tried again");
    assert!(gateway.of_kind("email.bounced").is_empty());
    gateway.stop();
}
