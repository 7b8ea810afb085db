//! N33, N34, N63: nothing that a message or a partner names is called, unless the operator says so.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use loopgate_server::admin::Ask;
use loopgate_server::init::configured;
use loopgate_token::base64url_encode;
use serde_json::{Value, json};

use super::jose::{Doors, Kind};
use crate::harness::{
    Endpoint, Gateway, Need, Referral, Wire, client_config, consent, partner_file, patient, status,
};

/// A port of this machine that nobody should call.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Trap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Trap(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// This machine, spelt in every way, and what else nobody should call.
    fn addresses(&self) -> Vec<String> {
        let port = self.port();
        let hosts = [
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "0.0.0.0",
            "[::ffff:127.0.0.1]",
            "[::1]",
            "user@127.0.0.1",
            "evil.example@localhost",
        ];
        let mut all: Vec<String> =
            hosts.iter().map(|host| format!("http://{host}:{port}/fhir")).collect();
        all.extend(hosts.iter().map(|host| format!("https://{host}:{port}/fhir")));
        all.push("http://169.254.169.254/latest/meta-data".to_owned());
        all.push("https://metadata.google.internal/fhir".to_owned());
        all
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert!(self.0.accept().is_err(), "somebody called");
        // It would have shown.
        TcpStream::connect(("127.0.0.1", self.port())).unwrap().flush().unwrap();
        self.0.set_nonblocking(false).unwrap();
        self.0.accept().unwrap();
        self.0.set_nonblocking(true).unwrap();
    }
}

#[test]
fn n33_references_that_lead_elsewhere() {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let trap = Trap::set();
    let before = gateway.count();
    let refused = |what: &str, at: &str, change: &dyn Fn(&mut Value)| {
        let mut bundle = Referral::food().bundle();
        change(&mut bundle["entry"]);
        let answer = clinic.post("/fhir", &bundle);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text);
        assert!(
            answer
                .expressions()
                .iter()
                .any(|one| at.starts_with(one.strip_suffix(".reference").unwrap_or(one))),
            "{what}: {}",
            answer.text
        );
        assert!(!answer.text.contains("169.254") && !answer.text.contains("127.0"), "{what}");
        assert_eq!(gateway.count(), before, "{what}");
    };
    for base in trap.addresses() {
        let to = |kind: &str| json!({ "reference": format!("{base}/{kind}/1") });
        refused(&base, "Bundle.entry[3].resource.focus", &|entry| {
            entry[3]["resource"]["focus"] = to("ServiceRequest");
        });
        refused(&base, "Bundle.entry[2].resource.subject", &|entry| {
            entry[2]["resource"]["subject"] = to("Patient");
        });
        refused(&base, "Bundle.entry[3].resource.owner", &|entry| {
            entry[3]["resource"]["owner"] = to("Organization");
        });
    }
    for no_reference in [
        "file:///etc/passwd",
        "gopher://127.0.0.1/x",
        "javascript:alert(1)",
        "//localhost/Patient/1",
    ] {
        refused(no_reference, "Bundle.entry[2].resource.subject", &|entry| {
            entry[2]["resource"]["subject"] = json!({ "reference": no_reference });
        });
    }
    trap.is_untouched();
    // Where a reference may lead elsewhere it is kept, never followed, and never passed on.
    for (n, base) in trap.addresses().into_iter().enumerate() {
        let mut bundle = Referral::food().bundle();
        bundle = serde_json::from_str(&bundle.to_string().replace("B-20417", &format!("B-{n}")))
            .unwrap();
        bundle["entry"][2]["resource"]["requester"] =
            json!({ "reference": format!("{base}/Practitioner/1") });
        bundle["entry"][0]["resource"]["photo"] =
            json!([{ "contentType": "image/png", "url": base }]);
        bundle["entry"][0]["resource"]["extension"] = json!([{ "url": base, "valueUri": base }]);
        clinic.post("/fhir", &bundle).expect(200);
    }
    for row in pantry.inbox() {
        let id = row["referral_id"].as_str().unwrap();
        let read = pantry.get(&format!("/cbo/v1/referrals/{id}")).expect(200).text;
        assert!(!read.contains("169.254") && !read.contains(&trap.port().to_string()), "{read}");
    }
    trap.is_untouched();
}

#[test]
fn n34_endpoints_that_lead_inside() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let trap = Trap::set();
    let path = gateway.root().join("partners/push-pantry.toml");
    let good = partner_file(
        "push-pantry",
        "target",
        "kind = \"push\"\nendpoint = \"https://push.invalid/in\"",
    );
    gateway.add_partner("push-pantry", &good);
    let file = std::fs::read_to_string(&path).unwrap();
    let at = |endpoint: &str| {
        std::fs::write(&path, file.replace("https://push.invalid/in", endpoint)).unwrap()
    };
    // An address is refused when it is written down.
    let port = trap.port();
    for endpoint in [
        "http://pantry.example/in",
        "ftp://pantry.example/in",
        "https://user@pantry.example/in",
        "https://user:secret@pantry.example/in",
        "https://pantry.example/in?to=x",
        "https://pantry.example/in#x",
        "pantry.example/in",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(
        trap.addresses()
            .into_iter()
            .filter(|one| !one.contains("localhost") && !one.contains("metadata.google")),
    ) {
        at(&endpoint);
        let refused = gateway.try_admin(&Ask::PartnersReload).unwrap_err().to_string();
        assert!(refused.contains("push-pantry.toml"), "{endpoint}: {refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
    // A name may lead anywhere later, and is looked at when there is something to send.
    at(&format!("https://localhost:{port}/in"));
    gateway.admin(&Ask::PartnersReload);
    let referral = Referral { owner: Some("push-pantry"), ..Referral::food() };
    clinic.post("/fhir", &referral.bundle()).expect(200);
    // The courier has tried, and says so.
    let tried = (0..50).any(|_| {
        gateway.pass(3_600_000);
        gateway.log().contains("a delivery failed")
    });
    assert!(tried, "{}", gateway.log());
    trap.is_untouched();
    assert!(gateway.of_kind("referral.delivered").is_empty());

    // An endpoint that may be called and sends the courier on is not followed.
    gateway.stop();
    let config = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let endpoint = Endpoint::open(&gateway.root());
    let listed = format!("[\"127.0.0.1:{}\"]", endpoint.port());
    let text = configured(&text, &[(["delivery", "private_targets"], listed)]).unwrap();
    std::fs::write(&config, text).unwrap();
    at(&format!("https://127.0.0.1:{}/in", endpoint.port()));
    gateway.serve();
    endpoint.redirect(&format!("https://127.0.0.1:{port}/elsewhere"));
    gateway.pass(3_600_000);
    assert_eq!(endpoint.next().answered, 307);
    gateway.pass(3_600_000);
    assert_eq!(endpoint.next().answered, 307);
    trap.is_untouched();
    assert!(gateway.of_kind("referral.delivered").is_empty());
    // Another port of the same machine is another endpoint.
    at(&format!("https://127.0.0.1:{port}/in"));
    gateway.try_admin(&Ask::PartnersReload).unwrap_err();
}

#[test]
fn n63_forms_that_are_elsewhere_or_not_what_they_were() {
    let doors = Doors::open();
    let (gateway, clinic, pantry) = (&doors.gateway, &doors.clinic, &doors.pantry);
    let trap = Trap::set();
    let maria = clinic.post("/fhir/Patient", &patient("clinic-b", "B-2")).expect(201).created();
    let subject = maria.trim_start_matches("/fhir/").to_owned();
    let form = || consent(&subject, "clinic-b", &[Need::Food], "2026-11-20", "2027-11-20");
    for url in trap.addresses() {
        let mut elsewhere = form();
        elsewhere["sourceAttachment"] = json!({ "contentType": "application/pdf", "url": url });
        elsewhere["policy"] = json!([{ "authority": url, "uri": url }]);
        let kept = clinic.post("/fhir/Consent", &elsewhere).expect(201).created();
        assert_eq!(clinic.get(&kept).expect(200).json["sourceAttachment"]["url"], url);
        pantry.get(&kept).expect(404);
    }
    trap.is_untouched();
    // What a form contains is never run: it goes back to its supplier as it came, as JSON.
    let script = "%PDF-1.7 1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj";
    let mut active = form();
    let data = base64url_encode(script.as_bytes()).replace('-', "+").replace('_', "/");
    let data = format!("{data}{}", "=".repeat((4 - data.len() % 4) % 4));
    active["sourceAttachment"] = json!({ "contentType": "application/pdf", "data": data });
    let kept = clinic.post("/fhir/Consent", &active).expect(201).created();
    pantry.get(&kept).expect(404);
    // One that is over the limit.
    let before = gateway.count();
    active["sourceAttachment"]["data"] = json!("AAAA".repeat(2 << 20));
    let wire = Wire::open(client_config(&gateway.root(), "clinic-b"), gateway.machines());
    let head = "POST /fhir/Consent HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/fhir+json\r\ncontent-length: 104857600\r\n\r\n";
    let answer = wire.http(format!("{head}{active}").as_bytes());
    assert_eq!(status(&answer), Some(413), "{answer}");
    assert_eq!(gateway.count(), before);
    // A token that was made from another form than the one there is.
    for hash in ["00".repeat(32), "ff".repeat(32)] {
        let token = doors
            .with_claims(Kind::Consent, |claims| claims["lg"]["consent"]["hash"] = json!(hash));
        doors.refused(Kind::Consent, &token, "C5");
    }
}
