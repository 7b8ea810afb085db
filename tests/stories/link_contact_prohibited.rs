//! That a person must not be contacted cannot be missed: not in the e-mail, not on the page.

use crate::harness::{Browser, Gateway, Referral, letter};

#[test]
fn the_e_mail_says_it_and_the_page_shows_it_before_and_after_the_pin() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let clinic = gateway.party("clinic-b");
    let silent =
        Referral { owner: Some("mail-pantry"), contact_prohibited: true, ..Referral::food() };
    clinic.post("/fhir", &silent.bundle()).expect(200);
    let mail = letter(&post);
    assert!(mail.text.contains("Do not contact the person: read the page first."), "{}", mail.text);
    let link = mail.link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    assert!(browser.get(&link).expect(200).text.contains("Do not contact the person."));
    browser.give_pin(&link);
    let page = browser.get(&link).expect(200).text;
    assert!(page.contains("Do not contact the person.") && page.contains("+1 555 0142"));
    assert!(
        !page.contains("tel:") && !page.contains("mailto:"),
        "no link that contacts at a touch"
    );

    let open = Referral { owner: Some("mail-pantry"), mrn: "B-2", ..Referral::food() };
    clinic.post("/fhir", &open.bundle()).expect(200);
    assert!(!letter(&post).text.contains("Do not contact"));
    gateway.stop();
}
