use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::{PrivateKeyDer, UnixTime};

use super::*;

const DAY_S: i64 = 86_400;
const NOW_S: i64 = 20_000 * DAY_S;

fn days(from: i64, until: i64) -> Validity {
    let at = |day| Timestamp::from_second(NOW_S + day * DAY_S).unwrap();
    Validity { from: at(from), until: at(until) }
}

/// A clock that stands at `NOW_S`.
#[derive(Debug)]
struct Standing;

impl rustls::time_provider::TimeProvider for Standing {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW_S.unsigned_abs())))
    }
}

fn roots(authority: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(der(authority.certificate_pem()).unwrap()).unwrap();
    Arc::new(roots)
}

fn pair(issued: &Issued) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    (vec![der(&issued.certificate_pem).unwrap()], key)
}

/// A handshake in memory, mutual TLS under `trusted` on both sides; what the server saw.
fn check(
    trusted: &Authority,
    server: &Issued,
    client: &Issued,
    name: &str,
) -> Result<[u8; 32], rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(trusted), provider.clone()).build();
    let (chain, key) = pair(server);
    let server = ServerConfig::builder_with_details(provider.clone(), Arc::new(Standing))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(chain, key)?;
    let (chain, key) = pair(client);
    let client = ClientConfig::builder_with_details(provider, Arc::new(Standing))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(trusted))
        .with_client_auth_cert(chain, key)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    let mut client = ClientConnection::new(Arc::new(client), name.to_owned().try_into().unwrap())?;
    let mut wire = Vec::new();
    while client.is_handshaking() || server.is_handshaking() {
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut sent = wire.as_slice();
        while !sent.is_empty() {
            server.read_tls(&mut sent).unwrap();
            server.process_new_packets()?;
        }
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut sent = wire.as_slice();
        while !sent.is_empty() {
            client.read_tls(&mut sent).unwrap();
            client.process_new_packets()?;
        }
        wire.clear();
    }
    Ok(Sha256::digest(&server.peer_certificates().unwrap()[0]).into())
}

fn org() -> OrgId {
    "hospital-a".parse().unwrap()
}

#[test]
fn a_client_and_a_server_of_one_authority_trust_each_other() {
    let authority = Authority::new(days(-1, 10)).unwrap();
    let server = authority.server(&["gateway.example", "10.0.0.7"], days(-1, 5)).unwrap();
    let client = authority.client(&org(), days(-1, 5)).unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "gateway.example", "10.0.0.7"] {
        assert_eq!(check(&authority, &server, &client, name), Ok(client.sha256), "{name}");
    }
    assert!(check(&authority, &server, &client, "other.example").is_err());
    assert_eq!(certificate_sha256(&client.certificate_pem).unwrap(), client.sha256);
}

#[test]
fn a_gateway_shows_its_certificate_both_ways() {
    let authority = Authority::new(days(-1, 10)).unwrap();
    let own = authority.gateway(days(-1, 5)).unwrap();
    assert_eq!(check(&authority, &own, &own, "localhost"), Ok(own.sha256));
}

#[test]
fn no_certificate_serves_another_use_or_time_or_authority() {
    let authority = Authority::new(days(-10, 10)).unwrap();
    let server = authority.server(&[], days(-5, 5)).unwrap();
    let client = authority.client(&org(), days(-5, 5)).unwrap();
    assert!(check(&authority, &client, &client, "localhost").is_err(), "a client as server");
    assert!(check(&authority, &server, &server, "localhost").is_err(), "a server as client");
    for (from, until) in [(-5, -1), (1, 5)] {
        let out = authority.client(&org(), days(from, until)).unwrap();
        assert!(check(&authority, &server, &out, "localhost").is_err(), "{from} {until}");
    }
    let other = Authority::new(days(-10, 10)).unwrap();
    let stranger = other.client(&org(), days(-5, 5)).unwrap();
    assert!(check(&authority, &server, &stranger, "localhost").is_err(), "the same name of a CA");
}

#[test]
fn an_authority_read_back_is_the_same_one() {
    let authority = Authority::new(days(-10, 10)).unwrap();
    let again = Authority::load(authority.certificate_pem(), &authority.key_pem()).unwrap();
    let server = authority.server(&[], days(-5, 5)).unwrap();
    let client = again.client(&org(), days(-5, 5)).unwrap();
    assert_eq!(check(&authority, &server, &client, "localhost"), Ok(client.sha256));
    let other = Authority::new(days(-10, 10)).unwrap();
    let mixed = Authority::load(authority.certificate_pem(), &other.key_pem());
    assert!(matches!(mixed, Err(CertificateFault::OtherKey)));
    assert!(matches!(Authority::load("", &other.key_pem()), Err(CertificateFault::NotPem)));
}

#[test]
fn a_client_says_in_its_certificate_who_it_is() {
    let authority = Authority::new(days(-10, 10)).unwrap();
    let client = authority.client(&org(), days(-5, 5)).unwrap();
    let certificate = der(&client.certificate_pem).unwrap();
    let name = b"urn:loopgate:org:hospital-a";
    assert!(certificate.windows(name.len()).any(|window| window == name));
    // id-kp-clientAuth, 1.3.6.1.5.5.7.3.2, DER
    let usage = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    assert!(certificate.windows(usage.len()).any(|window| window == usage));
    assert!(matches!(authority.client(&org(), days(5, 5)), Err(CertificateFault::Validity)));
}
