//! A pantry whose people read Spanish is written to in Spanish, in head and body.

use crate::harness::{Gateway, Referral, head_line, letter, links, read_letter};

#[test]
fn every_sentence_is_in_the_organizations_language() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.change_partner("mail-pantry", |text| {
        text.replace("language = \"en\"", "language = \"es\"").replacen(
            "name = \"mail-pantry\"",
            "name = \"Despensa Peñón\"",
            1,
        )
    });
    let referral =
        Referral { owner: Some("mail-pantry"), contact_prohibited: true, ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
    let mail = letter(&post);
    // RFC 2047: the head is ASCII, whatever it says.
    assert!(mail.text.is_ascii());
    let subject = head_line(&mail, "Subject");
    assert!(subject.contains("=?utf-8?b?"), "{subject}");
    let text = read_letter(&mail);
    for words in [
        "Una derivación espera su respuesta.",
        "No se comunique con la persona: lea primero la página.",
        "Ábrala aquí:",
        "La página pide el PIN de su organización antes de decir de quién se trata.",
        "a más tardar, hasta el 22 de diciembre de 2026.",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    for word in ["referral", "Maria", "answer"] {
        let (_, body) = text.split_once("\n\n").unwrap();
        assert!(!body.contains(word), "{word} is in {body}");
    }
    let link = links(&mail).remove(0);
    let page = crate::harness::Browser::new(&gateway).get(&link).expect(200);
    assert!(page.text.contains("lang=\"es\"") && page.text.contains("Olvidamos nuestro PIN"));
    gateway.stop();
}
