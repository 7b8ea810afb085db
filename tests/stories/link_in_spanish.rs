//! The page speaks the organization's language, and the reader's own if they choose it.

use crate::harness::{Browser, Gateway, Referral, letter};

fn referred(gateway: &Gateway) {
    let referral = Referral { owner: Some("mail-pantry"), ..Referral::food() };
    gateway.party("clinic-b").post("/fhir", &referral.bundle()).expect(200);
}

#[test]
fn the_partners_file_says_in_which_language_and_the_reader_chooses_otherwise() {
    let (mut gateway, post) = Gateway::with_mailbox();
    gateway.change_partner("mail-pantry", |text| {
        text.replace("language = \"en\"", "language = \"es\"")
    });
    referred(&gateway);
    let link = letter(&post).link().unwrap().to_owned();
    let mut browser = Browser::new(&gateway);
    let first = browser.get(&link).expect(200).text;
    assert!(first.contains("<html lang=\"es\">"), "{first}");
    for words in ["Una derivación espera su respuesta", "Falta de alimentos", "espera su respuesta"]
    {
        assert!(first.contains(words), "{words} is not in {first}");
    }
    let wrong = browser.post(&format!("{link}/pin"), "pin=000000").expect(403).text;
    assert!(wrong.contains("Ese no es el PIN") && wrong.contains("<title>Error: "), "{wrong}");
    browser.give_pin(&link);
    let whole = browser.get(&link).expect(200).text;
    for words in ["Sí, la aceptamos", "No, la rechazamos", "Teléfono", "Derivada el"] {
        assert!(whole.contains(words), "{words} is not in {whole}");
    }
    browser.act(&link, "accept", "");
    let page = browser.act(&link, "appointment", "date=2026-11-27&time=16%3A00&place=Puerta");
    assert!(page.text.contains("viernes, 27 de noviembre de 2026, 16:00, Puerta"), "{}", page.text);

    // The switch is a link; this browser keeps what was chosen.
    let path = &link[link.find("/r/").unwrap()..];
    let switch = format!("<a href=\"{path}?lang=en\" lang=\"en\" hreflang=\"en\">English</a>");
    assert!(page.text.contains(&switch), "{}", page.text);
    let english = browser.get(&format!("{link}?lang=en")).expect(200);
    assert!(english.text.contains("<html lang=\"en\">") && english.text.contains("Phone"));
    let cookie = english.header("set-cookie").unwrap();
    for guard in ["__Host-loopgate-lang=en", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(guard), "{cookie}");
    }
    assert!(browser.get(&link).expect(200).text.contains("<html lang=\"en\">"));
    let again = browser.get(&format!("{link}?lang=tlh")).expect(200);
    assert!(again.text.contains("<html lang=\"en\">") && again.header("set-cookie").is_none());
    // It is still the PIN's cookie as well.
    assert!(again.text.contains("Maria"));
    gateway.stop();
}

#[test]
fn what_leads_nowhere_speaks_the_browsers_language() {
    let (mut gateway, _) = Gateway::with_mailbox();
    let mut browser = Browser::new(&gateway);
    let url = format!("{}/r/none", gateway.people());
    for (languages, lang, words) in [
        ("es-MX,es;q=0.9,en;q=0.8", "es", "Este enlace no lleva a ninguna parte"),
        ("de-DE,de;q=0.9,en;q=0.5", "en", "This link leads nowhere"),
        ("", "en", "This link leads nowhere"),
    ] {
        let page = browser.call("GET", &url, &[("accept-language", languages)], "").expect(404);
        assert!(page.text.contains(&format!("<html lang=\"{lang}\">")), "{languages}");
        assert!(page.text.contains(words), "{languages}");
    }
    let spanish = [("accept-language", "es")];
    let refused = browser.call("DELETE", &url, &spanish, "").expect(405);
    assert!(refused.text.contains("Eso no funcionó"), "{}", refused.text);
    let long = browser.call("POST", &url, &spanish, &"x".repeat(17_000)).expect(413);
    assert!(long.text.contains("demasiado largo"));
    gateway.stop();
}
