//! An e-mail that the submission server does not take is sent again, and once; none is sent of what
//! waits for consent.

use std::time::Duration;

use crate::harness::{Gateway, Referral, letter};

#[test]
fn an_e_mail_is_sent_until_it_is_taken_and_then_no_more() {
    let (mut gateway, post) = Gateway::with_mailbox();
    post.refuse(true);
    let clinic = gateway.party("clinic-b");
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    clinic.post("/fhir", &referral.bundle()).expect(200);
    for _ in 0..3 {
        gateway.pass(3_600_000);
    }
    assert!(post.next(Duration::ZERO).is_none());
    assert!(!gateway.kinds().contains(&"referral.delivered".to_owned()));
    post.refuse(false);
    let mut first = None;
    for _ in 0..40 {
        first = first.or(post.next(Duration::from_millis(250)));
        if first.is_some() {
            break;
        }
        gateway.pass(3_600_000);
    }
    let first = first.expect("the e-mail arrives");
    let id =
        |text: &str| text.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
    assert!(id(&first.text).unwrap().contains("<lg1.mail-pantry.0."), "{}", first.text);

    // One that waits for consent is not spoken of. What comes after it shows that nothing came.
    let unconsented =
        Referral { owner: Some("mail-pantry"), mrn: "B-2", consent: None, ..Referral::food() };
    clinic.post("/fhir", &unconsented.bundle()).expect(200);
    let other = Referral { owner: Some("mail-pantry"), mrn: "B-3", ..Referral::food() };
    clinic.post("/fhir", &other.bundle()).expect(200);
    let second = letter(&post);
    assert_ne!(second.link(), first.link());
    let delivered = || gateway.kinds().iter().filter(|kind| *kind == "referral.delivered").count();
    assert!(delivered() >= 1);
    gateway.tick();
    assert!(post.next(Duration::ZERO).is_none());
    gateway.stop();
}
