//! In its quiet hours a pantry is left alone, in its own zone; what is urgent does not wait.

use std::time::Duration;

use crate::harness::{Gateway, Post, Referral, letter, links};

const HOUR_MS: i64 = 3_600_000;

fn refer(gateway: &Gateway, mrn: &'static str, priority: Option<&str>) {
    let mut bundle = Referral { owner: Some("mail-pantry"), mrn, ..Referral::food() }.bundle();
    if let Some(priority) = priority {
        let entries = bundle["entry"].as_array_mut().unwrap().iter_mut();
        let mut requests =
            entries.filter(|one| one["resource"]["resourceType"] == "ServiceRequest");
        requests.next().unwrap()["resource"]["priority"] = priority.into();
    }
    gateway.party("clinic-b").post("/fhir", &bundle).expect(200);
}

/// Five in the morning of a Sunday there.
fn quiet(keys: (&str, &str)) -> (Gateway, Post) {
    let (gateway, post) = Gateway::with_mailbox();
    gateway.change_partner("mail-pantry", |text| text.replace(keys.0, keys.1));
    (gateway, post)
}

#[test]
fn nothing_is_sent_at_night_and_all_of_it_in_the_morning() {
    let (mut gateway, post) = quiet(("# quiet = ", "quiet = "));
    refer(&gateway, "B-1", None);
    gateway.pass(HOUR_MS);
    refer(&gateway, "B-2", Some("routine"));
    gateway.pass(HOUR_MS - 10_000);
    // What is urgent is sent by itself; nothing before it was.
    refer(&gateway, "B-3", Some("urgent"));
    assert_eq!(links(&letter(&post)).len(), 1);
    refer(&gateway, "B-4", Some("stat"));
    assert_eq!(links(&letter(&post)).len(), 1);
    assert!(post.next(Duration::from_millis(200)).is_none());
    // Seven o'clock.
    gateway.pass(11_000);
    assert_eq!(links(&letter(&post)).len(), 2);
    // By day at once, until eight in the evening.
    gateway.pass(12 * HOUR_MS);
    refer(&gateway, "B-5", None);
    assert_eq!(links(&letter(&post)).len(), 1);
    gateway.pass(HOUR_MS);
    refer(&gateway, "B-6", None);
    gateway.tick();
    assert!(post.next(Duration::from_millis(200)).is_none());
    gateway.pass(11 * HOUR_MS);
    assert_eq!(links(&letter(&post)).len(), 1);
    gateway.stop();
}

#[test]
fn on_a_quiet_day_nothing_is_sent() {
    let (mut gateway, post) = quiet(("quiet_days = []", "quiet_days = [\"sun\"]"));
    refer(&gateway, "B-1", None);
    gateway.pass(18 * HOUR_MS);
    assert!(post.next(Duration::from_millis(200)).is_none());
    // It is Monday there.
    gateway.pass(HOUR_MS + 1000);
    assert_eq!(links(&letter(&post)).len(), 1);
    gateway.stop();
}
