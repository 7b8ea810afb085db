//! N21, N23 to N25, N52: who does not show a certificate that is good now gets no connection, or no
//! word on it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loopgate_hl7v2::frame;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, SignatureScheme};

use super::authorities::{self, Chain, Lists};
use crate::harness::{
    Engine, Gateway, Party, Wire, anonymous_config, client_config, field, referral_v2, status,
};

/// A gateway that hospital A reaches by both doors, and that reads revocation lists.
fn both_doors() -> (Gateway, Lists) {
    let lists = "[\"certs/ca.crl\", \"certs/chain.crl\"]";
    let mut gateway = Gateway::prepare(&[(["tls", "client_crls"], lists)]);
    gateway.speaks_v2(None, "");
    let lists = Lists::write(&gateway);
    gateway.serve();
    (gateway, lists)
}

/// Whether each door takes whoever has this certificate: HTTPS, MLLP.
fn taken(gateway: &Gateway, name: &str) -> (u16, bool) {
    let (root, base) = (gateway.root(), gateway.base());
    let https = Party::with_certificate(&root, name, base).get("/fhir/Task").status;
    let engine = Engine::new(client_config(&root, name), gateway.mllp());
    (https, engine.try_send("MSH|^~\\&|EHR|HOSPA|||2026||ADT^A01|X|T|2.5.1\r").is_some())
}

#[test]
fn n21_a_certificate_that_is_not_good() {
    let (mut gateway, mut lists) = both_doors();
    let chain = Chain::make(&gateway, &mut lists);
    // Hospital A's file lists every one of them: what is refused is the certificate itself.
    let bad = authorities::bad(&gateway);
    let revoked = authorities::another(&gateway, "revoked");
    for pem in bad.iter().map(|(_, pem)| pem).chain([&revoked, &chain.leaf_pem]) {
        authorities::list(&gateway, "hospital-a", pem);
    }
    gateway.pass(61_000);
    for good in ["hospital-a", "revoked", "chained"] {
        assert_eq!(taken(&gateway, good), (200, true), "{good}");
    }
    let before = gateway.kinds();
    for (name, _) in &bad {
        assert_eq!(taken(&gateway, name), (0, false), "{name}");
    }
    // Without one: the route says no where it needs one, and the MLLP port at the handshake.
    gateway.stranger().get("/fhir/Task").expect(401);
    let engine = Engine::new(anonymous_config(&gateway.root()), gateway.mllp());
    assert_eq!(engine.try_send(&referral_v2("X", "", "X", "A-1")), None);

    lists.revoke_leaf(&gateway, &revoked);
    lists.revoke_intermediate(&gateway, &chain);
    gateway.pass(61_000);
    for name in ["revoked", "chained"] {
        assert_eq!(taken(&gateway, name), (0, false), "{name}");
    }
    assert_eq!(taken(&gateway, "hospital-a"), (200, true));
    // A list that is over holds nobody harmless.
    lists.expire(&gateway);
    gateway.pass(61_000);
    assert_eq!(taken(&gateway, "hospital-a"), (0, false));
    // Who never came in left nothing; the one without a certificate was counted.
    assert_eq!(gateway.kinds(), [before, vec!["strangers.counted".to_owned()]].concat());
}

/// A client that notes what it is asked to sign with.
#[derive(Debug)]
struct Asked(Mutex<Vec<SignatureScheme>>);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap().extend(schemes);
        None
    }
    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn n21_no_certificate_is_taken_that_sha_1_signs() {
    let gateway = Gateway::start();
    for port in [gateway.machines(), gateway.mllp()] {
        let asked = Arc::new(Asked(Mutex::new(Vec::new())));
        let mut tls = anonymous_config(&gateway.root());
        tls.client_auth_cert_resolver = asked.clone();
        Wire::open(tls, port)
            .http(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let asked = asked.0.lock().unwrap();
        assert!(asked.contains(&SignatureScheme::ECDSA_NISTP256_SHA256), "{asked:?}");
        for weak in [SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1_Legacy] {
            assert!(!asked.contains(&weak), "{asked:?}");
        }
    }
}

#[test]
fn n23_a_certificate_revoked_while_its_connection_is_open() {
    let (mut gateway, mut lists) = both_doors();
    gateway.maria_consents();
    let party = gateway.party("hospital-a");
    party.get("/fhir/Task").expect(200);
    let mut mllp = Wire::open(client_config(&gateway.root(), "hospital-a"), gateway.mllp());
    mllp.say(&frame(referral_v2("M-1", "", "RA-1", "A-99871").as_bytes()).unwrap()).unwrap();
    assert_eq!(field(&mllp.acknowledgement(), "MSA", 1), "AA");
    assert_eq!(gateway.party("pantry").inbox().len(), 1);

    let own = fs::read_to_string(gateway.root().join("certs/clients/hospital-a.pem")).unwrap();
    lists.revoke_leaf(&gateway, &own);
    gateway.pass(61_000);
    let before = gateway.kinds();
    party.get("/fhir/Task").expect(401);
    mllp.say(&frame(referral_v2("M-2", "", "RA-2", "A-99871").as_bytes()).unwrap()).unwrap();
    let answer = mllp.acknowledgement();
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AE".into(), "M-2".into()));
    assert!(field(&answer, "ERR", 3).starts_with("207^"), "{answer}");
    let denied = vec!["phi.denied".to_owned(); 2];
    assert_eq!(gateway.kinds(), [before, denied].concat());
    for entry in gateway.of_kind("phi.denied") {
        assert_eq!(
            (&entry["basis"]["reason"], &entry["parties"][0]["id"]),
            (&"A2".into(), &"hospital-a".into())
        );
    }
    assert_eq!(gateway.party("pantry").inbox().len(), 1);
    assert_eq!(taken(&gateway, "hospital-a"), (0, false), "a new one does not come about");
}

#[test]
fn n23_an_authority_revoked_while_a_connection_below_it_is_open() {
    let (mut gateway, mut lists) = both_doors();
    let chain = Chain::make(&gateway, &mut lists);
    authorities::list(&gateway, "hospital-a", &chain.leaf_pem);
    gateway.pass(61_000);
    let party = gateway.party("chained");
    party.get("/fhir/Task").expect(200);
    lists.revoke_intermediate(&gateway, &chain);
    gateway.pass(61_000);
    party.get("/fhir/Task").expect(401);
    assert_eq!(gateway.of_kind("phi.denied").last().unwrap()["basis"]["reason"], "A2");
    gateway.party("hospital-a").get("/fhir/Task").expect(200);
}

/// A ClientHello that offers this version and nothing newer, with suites of that version.
fn hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = vec![version[0], version[1]];
    body.extend([7; 32]);
    body.push(0);
    // ECDHE with ECDSA: AES-128-GCM for 1.2, AES-128-CBC before.
    body.extend([0, 4, 0xc0, 0x2b, 0xc0, 0x09]);
    body.extend([1, 0]);
    let extensions = [
        &[0, 10, 0, 4, 0, 2, 0, 23][..],
        &[0, 11, 0, 2, 1, 0],
        &[0, 13, 0, 4, 0, 2, 4, 3],
        &[0, 23, 0, 0],
    ]
    .concat();
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1, length[1], length[2], length[3]][..], &body].concat();
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&[22, 3, 1, length[0], length[1]][..], &message].concat()
}

#[test]
fn n24_old_versions_and_what_was_said_before() {
    let gateway = Gateway::start();
    let people: u16 = gateway.people().rsplit(':').next().unwrap().parse().unwrap();
    for port in [gateway.machines(), gateway.mllp(), people] {
        let first = |version: [u8; 2]| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.write_all(&hello(version)).unwrap();
            let mut record = [0; 7];
            stream.read_exact(&mut record).unwrap();
            record
        };
        // RFC 8446 §6: a fatal alert, protocol_version.
        for old in [[3, 0], [3, 1], [3, 2]] {
            let record = first(old);
            assert_eq!((record[0], record[5], record[6]), (21, 2, 70), "{old:?} at {port}");
        }
        // TLS 1.2 is the floor: a handshake message, ServerHello.
        let record = first([3, 3]);
        assert_eq!((record[0], record[5]), (22, 2), "{port}");
    }
    // No session is taken up again, and nothing is said before the handshake is over.
    let mut tls = client_config(&gateway.root(), "clinic-b");
    tls.enable_early_data = true;
    let tls = Arc::new(tls);
    for _ in 0..2 {
        let mut wire = Wire::shared(&tls, gateway.machines());
        wire.say(b"GET /fhir/Task HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .unwrap();
        assert_eq!(status(&wire.rest()), Some(200));
        assert_eq!(wire.tls().handshake_kind(), Some(HandshakeKind::Full));
        assert!(!wire.tls().is_early_data_accepted());
    }
}

#[test]
fn n25_what_a_proxy_would_say() {
    let gateway = Gateway::start();
    let pem = fs::read_to_string(gateway.root().join("certs/clients/clinic-b.pem")).unwrap();
    let escaped: String = form_urlencoded::byte_serialize(pem.as_bytes()).collect();
    let names = [
        "x-client-cert",
        "x-ssl-client-cert",
        "x-forwarded-client-cert",
        "x-amzn-mtls-clientcert",
        "client-cert",
        "x-forwarded-user",
        "x-remote-user",
        "x-forwarded-for",
        "forwarded",
    ];
    let before = gateway.kinds();
    for name in names {
        for value in [escaped.as_str(), "clinic-b", "127.0.0.1", "for=127.0.0.1;proto=https"] {
            let headers = [(name, value), ("x-ssl-client-verify", "SUCCESS")];
            gateway.stranger().call("GET", "/fhir/Task", &headers, Vec::new()).expect(401);
            // Nor is somebody known taken for somebody else: a source's route is not the pantry's.
            let body = crate::harness::Referral::food().bundle().to_string().into_bytes();
            let headers = [headers[0], ("content-type", "application/fhir+json")];
            gateway.stranger().call("POST", "/fhir", &headers, body).expect(401);
        }
    }
    assert_eq!(gateway.kinds(), before);
    let pantry = gateway.party("pantry");
    let headers = [("x-client-cert", escaped.as_str()), ("x-forwarded-user", "clinic-b")];
    let headers = [headers[0], headers[1], ("content-type", "application/fhir+json")];
    let body = crate::harness::Referral::food().bundle().to_string().into_bytes();
    pantry.call("POST", "/fhir", &headers, body).expect(403);
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.len(), 1);
    assert_eq!(
        (&denied[0]["parties"][0]["id"], &denied[0]["basis"]["reason"]),
        (&"pantry".into(), &"A4".into())
    );
}

#[test]
fn n52_mllp_without_tls_or_without_a_certificate() {
    let (gateway, engine, _inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let before = gateway.kinds();
    let message = frame(referral_v2("M-1", "", "RA-1", "A-99871").as_bytes()).unwrap();
    for port in [gateway.mllp(), gateway.machines()] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(&message).unwrap();
        let mut heard = Vec::new();
        // What comes, if anything, is an alert of TLS; then the connection is over.
        let _ = stream.read_to_end(&mut heard);
        assert!(heard.is_empty() || heard[0] == 21, "{heard:?}");
        assert!(!heard.windows(3).any(|part| part == b"MSA"));
    }
    let nobody = Engine::new(anonymous_config(&gateway.root()), gateway.mllp());
    assert!(nobody.bytes(&message, 1).is_empty());
    assert_eq!(gateway.kinds(), before);
    assert!(gateway.party("pantry").inbox().is_empty());
    assert_eq!(field(&engine.send(&referral_v2("M-1", "", "RA-1", "A-99871")), "MSA", 1), "AA");
}
