//! A certificate that is revoked is of no use from the next request on, on a connection that is open
//! already too; and when the list that says so is over, its issuer's certificates are good for
//! nothing.

use std::fs;
use std::path::Path;

use loopgate_server::certificates::{Authority, Validity};
use loopgate_server::identity::crl::Leaf;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::harness::{Gateway, machine_now};

/// Writes the authority's list: it revokes these partners' certificates, until then.
fn write_list(root: &Path, partners: &[&str], hours: i64) {
    let certs = root.join("certs");
    let read = |name: &str| fs::read_to_string(certs.join(name)).unwrap();
    let authority = Authority::load(&read("ca.pem"), &read("ca.key")).unwrap();
    let serials: Vec<Vec<u8>> = partners
        .iter()
        .map(|name| {
            let der = CertificateDer::from_pem_file(certs.join(format!("clients/{name}.pem")));
            Leaf::read(&der.unwrap()).unwrap().serial().to_vec()
        })
        .collect();
    let hour = jiff::SignedDuration::from_hours(1);
    let now = machine_now();
    let validity = Validity { from: now - hour, until: now + hour * i32::try_from(hours).unwrap() };
    fs::write(certs.join("ca.crl"), authority.revocation_list(&serials, validity).unwrap())
        .unwrap();
}

fn with_list() -> Gateway {
    let mut gateway = Gateway::prepare(&[(["tls", "client_crls"], "[\"certs/ca.crl\"]")]);
    write_list(&gateway.root(), &[], 24 * 30);
    gateway.serve();
    gateway
}

#[test]
fn a_revoked_certificate_is_of_no_use_from_the_next_request_on() {
    let mut gateway = with_list();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    clinic.get("/fhir/Task").expect(200);
    pantry.get("/fhir/Task").expect(200);
    write_list(&gateway.root(), &["clinic-b"], 24 * 30);
    clinic.get("/fhir/Task").expect(200);
    gateway.pass(61_000);
    // The connection is the one from before: its handshake was good.
    clinic.get("/fhir/Task").expect(401);
    let denied = gateway.of_kind("phi.denied");
    assert_eq!(denied.last().unwrap()["basis"]["reason"], "A2");
    // A new one does not come about.
    assert_eq!(gateway.party("clinic-b").get("/fhir/Task").status, 0);
    pantry.get("/fhir/Task").expect(200);
    gateway.party("pantry").get("/fhir/Task").expect(200);
    gateway.stop();
}

#[test]
fn a_list_that_is_over_holds_nobody_harmless() {
    let mut gateway = with_list();
    let clinic = gateway.party("clinic-b");
    clinic.get("/fhir/Task").expect(200);
    gateway.pass(40 * 24 * 3_600_000);
    clinic.get("/fhir/Task").expect(401);
    // A new list makes them good again.
    write_list(&gateway.root(), &[], 24 * 60);
    gateway.pass(61_000);
    clinic.get("/fhir/Task").expect(200);
    // A file that is no list leaves what was read before.
    fs::write(gateway.root().join("certs/ca.crl"), "no list").unwrap();
    gateway.pass(61_000);
    clinic.get("/fhir/Task").expect(200);
    gateway.stop();
    assert!(!gateway.try_serve(), "a start without its lists");
}

/// By the machine's own clock, which TLS asks: an expired list ends the handshake.
#[test]
fn an_expired_list_ends_the_handshake() {
    let mut gateway = Gateway::prepare(&[(["tls", "client_crls"], "[\"certs/ca.crl\"]")]);
    write_list(&gateway.root(), &[], 0);
    gateway.serve();
    assert_eq!(gateway.party("clinic-b").get("/fhir/Task").status, 0);
    gateway.stop();
}
