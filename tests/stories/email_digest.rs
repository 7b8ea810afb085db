//! One e-mail instead of ten: what was referred together is told together, each person in an entry of its
//! own, and a second try is the same e-mail.

use std::time::Duration;

use serde_json::json;

use crate::harness::{
    Answer, Gateway, Post, Referral, head_line, letter, links, read_letter, words_of,
};

const HOUR_MS: i64 = 3_600_000;

fn refer(gateway: &Gateway, mrn: &'static str, owner: &str) -> Answer {
    let owner = if owner == "mail-pantry" { "mail-pantry" } else { "other-pantry" };
    let mut bundle = Referral { owner: Some(owner), mrn, ..Referral::food() }.bundle();
    let actors = &mut bundle["entry"][1]["resource"]["provision"]["provision"][0]["actor"];
    actors[0]["reference"]["identifier"]["value"] = owner.into();
    gateway.party("clinic-b").post("/fhir", &bundle).expect(200)
}

/// Whatever was due is sent: the next e-mail is this one, to an organization that does not wait.
fn nothing_but(gateway: &Gateway, post: &Post, mrn: &'static str) {
    refer(gateway, mrn, "other-pantry");
    assert!(letter(post).to.contains("other-pantry"));
}

fn hourly() -> (Gateway, Post) {
    let (gateway, post) = Gateway::with_mailbox();
    gateway.change_partner("mail-pantry", |text| text.replace("\"at-once\"\n", "\"hourly\"\n"));
    gateway.add_mail_partner("other-pantry");
    (gateway, post)
}

#[test]
fn ten_referrals_are_one_e_mail_with_ten_links_and_ten_entries() {
    let (mut gateway, post) = hourly();
    gateway.pass(600_000);
    for mrn in ["B-0", "B-1", "B-2", "B-3", "B-4", "B-5", "B-6", "B-7", "B-8", "B-9"] {
        refer(&gateway, mrn, "mail-pantry");
    }
    gateway.pass(2_900_000);
    nothing_but(&gateway, &post, "B-90");
    gateway.pass(200_000);
    let mail = letter(&post);
    assert!(mail.to.contains("mail-pantry"), "{}", mail.to);
    assert_eq!(head_line(&mail, "Subject"), "10 referrals are waiting for mail-pantry");
    let found = links(&mail);
    assert_eq!(found.len(), 10, "{}", mail.text);
    // And one to the page with all of them.
    assert_eq!(read_letter(&mail).matches("/o/").count(), 1);
    assert!((1..10).all(|n| !found[..n].contains(&found[n])));
    let said = words_of(&mail);
    for word in ["Maria", "Lindqvist", "Food", "food", "0142", "B-"] {
        assert!(!said.contains(word), "{word} is in {said}");
    }
    gateway.pass(HOUR_MS);
    nothing_but(&gateway, &post, "B-91");
    assert!(post.next(Duration::ZERO).is_none(), "it is sent once");

    let of_pantry = |kind: &str| {
        let all = gateway.of_kind(kind).into_iter();
        all.filter(|one| one["disclosed"]["recipient"] == "mail-pantry").collect::<Vec<_>>()
    };
    let shown = of_pantry("phi.disclosed");
    assert_eq!(shown.len(), 10);
    let persons: std::collections::BTreeSet<String> =
        shown.iter().map(|one| one["patient"][0]["id"].to_string()).collect();
    assert_eq!(persons.len(), 10, "an entry for each person");
    assert!(shown.iter().all(|one| one["payload"] == shown[0]["payload"]), "of the one e-mail");
    // Ten of the pantry and the others': each recorded.
    assert!(gateway.of_kind("referral.delivered").len() >= 11);
    gateway.stop();
}

#[test]
fn an_e_mail_that_may_have_been_taken_is_sent_again_under_the_same_name() {
    let (mut gateway, post) = hourly();
    gateway.pass(600_000);
    refer(&gateway, "B-1", "mail-pantry");
    refer(&gateway, "B-2", "mail-pantry");
    post.forget(true);
    gateway.pass(HOUR_MS);
    let first = letter(&post);
    assert!(gateway.of_kind("referral.delivered").is_empty());
    // It is not known whether anybody has it; also through a restart it is the same e-mail.
    gateway.kill();
    gateway.serve();
    post.forget(false);
    gateway.tick();
    let second = letter(&post);
    assert_eq!(head_line(&second, "Message-ID"), head_line(&first, "Message-ID"));
    assert_eq!(links(&second), links(&first));
    // One more is another e-mail.
    refer(&gateway, "B-3", "mail-pantry");
    gateway.pass(HOUR_MS);
    let third = letter(&post);
    assert_ne!(head_line(&third, "Message-ID"), head_line(&first, "Message-ID"));
    assert_eq!(links(&third).len(), 1);
    gateway.stop();
}

#[test]
fn who_withdrew_meanwhile_is_not_in_it_and_the_others_are() {
    let (mut gateway, post) = hourly();
    gateway.pass(600_000);
    let clinic = gateway.party("clinic-b");
    let answer = refer(&gateway, "B-1", "mail-pantry");
    refer(&gateway, "B-2", "mail-pantry");
    let consent = answer.entry(1);
    let mut withdrawn = clinic.get(&consent).expect(200).json;
    withdrawn["status"] = json!("inactive");
    clinic.put(&consent, &withdrawn).expect(200);
    gateway.pass(HOUR_MS);
    let mail = letter(&post);
    assert_eq!(links(&mail).len(), 1);
    assert_eq!(head_line(&mail, "Subject"), "A referral is waiting for mail-pantry");
    gateway.stop();
}

#[test]
fn once_a_day_is_at_that_time_there() {
    let (mut gateway, post) = Gateway::with_mailbox();
    // It is five in the morning there.
    gateway.change_partner("mail-pantry", |text| {
        text.replace("\"at-once\"\n", "\"daily\"\n").replace("# digest_at", "digest_at")
    });
    gateway.add_mail_partner("other-pantry");
    refer(&gateway, "B-1", "mail-pantry");
    gateway.pass(2 * HOUR_MS);
    refer(&gateway, "B-2", "mail-pantry");
    nothing_but(&gateway, &post, "B-90");
    gateway.pass(HOUR_MS + 1000);
    assert_eq!(links(&letter(&post)).len(), 2);
    gateway.stop();
}

#[test]
fn what_is_told_at_once_is_gathered_for_a_minute() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.add_mail_partner("other-pantry");
    gateway.kill();
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("digest_gather_s = 0", "digest_gather_s = 60")).unwrap();
    gateway.serve();
    refer(&gateway, "B-1", "mail-pantry");
    gateway.pass(30_000);
    refer(&gateway, "B-2", "mail-pantry");
    gateway.tick();
    assert!(post.next(Duration::from_millis(200)).is_none());
    gateway.pass(31_000);
    assert_eq!(links(&letter(&post)).len(), 2);
    gateway.stop();
}
