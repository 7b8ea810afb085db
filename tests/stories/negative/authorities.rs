//! Certificates that are not good, an authority below another, and the lists that revoke.

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use loopgate_server::admin::Ask;
use loopgate_server::certificates::{Authority, Issued, Validity, certificate_sha256};
use loopgate_server::identity::crl::Leaf;
use loopgate_server::partner::Partner;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::harness::{Gateway, machine_now};

fn certs(gateway: &Gateway) -> PathBuf {
    gateway.root().join("certs")
}

fn authority(gateway: &Gateway) -> Authority {
    let read = |name: &str| fs::read_to_string(certs(gateway).join(name)).unwrap();
    Authority::load(&read("ca.pem"), &read("ca.key")).unwrap()
}

fn hours(from: i64, until: i64) -> Validity {
    let at = |hours| machine_now() + SignedDuration::from_hours(hours);
    Validity { from: at(from), until: at(until) }
}

/// Keeps a certificate and its key where a party of this name looks for them.
fn keep(gateway: &Gateway, name: &str, pem: &str, key: &str) {
    let clients = certs(gateway).join("clients");
    fs::write(clients.join(format!("{name}.pem")), pem).unwrap();
    fs::write(clients.join(format!("{name}.key")), key).unwrap();
}

/// A partner's file lists this certificate from now on.
pub fn list(gateway: &Gateway, org: &str, pem: &str) {
    let path = gateway.root().join(format!("partners/{org}.toml"));
    let text = fs::read_to_string(&path).unwrap();
    let mut partner = Partner::parse(org.parse().unwrap(), &text).unwrap();
    partner.certificates.push(certificate_sha256(pem).unwrap());
    fs::write(path, partner.render()).unwrap();
    gateway.admin(&Ask::PartnersReload);
}

/// Another good certificate of hospital A, kept under that name.
pub fn another(gateway: &Gateway, name: &str) -> String {
    let issued = authority(gateway).client(&"hospital-a".parse().unwrap(), hours(-1, 24)).unwrap();
    keep(gateway, name, &issued.certificate_pem, &issued.key_pem);
    issued.certificate_pem
}

/// Certificates that say hospital A and are no good, by name.
pub fn bad(gateway: &Gateway) -> Vec<(&'static str, String)> {
    let (own, org) = (authority(gateway), "hospital-a".parse().unwrap());
    let other = Authority::new(hours(-1, 24)).unwrap();
    let issued: [(&str, Issued); 4] = [
        ("of-another-authority-of-that-name", other.client(&org, hours(-1, 24)).unwrap()),
        ("expired", own.client(&org, hours(-48, -1)).unwrap()),
        ("not-yet-valid", own.client(&org, hours(24, 48)).unwrap()),
        ("of-a-server", own.server(&["hospital-a"], hours(-1, 24)).unwrap()),
    ];
    let mut found: Vec<(&str, String)> = Vec::new();
    for (name, issued) in issued {
        keep(gateway, name, &issued.certificate_pem, &issued.key_pem);
        found.push((name, issued.certificate_pem));
    }
    let key = KeyPair::generate().unwrap();
    let mut params = named("hospital-a");
    params.subject_alt_names =
        vec![SanType::URI("urn:loopgate:org:hospital-a".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let pem = params.self_signed(&key).unwrap().pem();
    keep(gateway, "self-signed", &pem, &key.serialize_pem());
    found.push(("self-signed", pem));
    found
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let second = |at: Timestamp| std::time::Duration::from_secs(at.as_second().unsigned_abs());
    let Validity { from, until } = hours(-24, 24 * 30);
    let epoch = date_time_ymd(1970, 1, 1);
    (params.not_before, params.not_after) = (epoch + second(from), epoch + second(until));
    params
}

fn an_authority(name: &str, serial: u64) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

/// A root that the gateway trusts, an authority below it, and a certificate of hospital A below that.
pub struct Chain {
    root: KeyPair,
    below: KeyPair,
    pub leaf_pem: String,
}

const BELOW_SERIAL: u64 = 77;

impl Chain {
    pub fn make(gateway: &Gateway, lists: &mut Lists) -> Chain {
        let [root, below, leaf] = [(); 3].map(|()| KeyPair::generate().unwrap());
        let roots = certs(gateway).join("ca.pem");
        let known = fs::read_to_string(&roots).unwrap();
        let root_pem = root_params().self_signed(&root).unwrap().pem();
        fs::write(&roots, format!("{known}{root_pem}")).unwrap();
        let below_pem =
            below_params().signed_by(&below, &Issuer::new(root_params(), &root)).unwrap().pem();
        let mut params = named("hospital-a");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf_pem = params.signed_by(&leaf, &Issuer::new(below_params(), &below)).unwrap().pem();
        keep(gateway, "chained", &format!("{leaf_pem}{below_pem}"), &leaf.serialize_pem());
        let chain = Chain { root, below, leaf_pem };
        lists.of_chain(gateway, &chain, &[]);
        chain
    }
}

fn root_params() -> CertificateParams {
    an_authority("story root", 76)
}

fn below_params() -> CertificateParams {
    an_authority("story authority", BELOW_SERIAL)
}

/// What is revoked.
pub struct Lists {
    revoked: Vec<Vec<u8>>,
}

impl Lists {
    /// Lists that revoke nothing.
    pub fn write(gateway: &Gateway) -> Lists {
        let lists = Lists { revoked: Vec::new() };
        lists.of_authority(gateway, 24 * 30);
        // An older list of the same authority beside it takes nothing back.
        let older = fs::read_to_string(certs(gateway).join("ca.crl")).unwrap();
        fs::write(certs(gateway).join("chain.crl"), older).unwrap();
        lists
    }

    fn of_authority(&self, gateway: &Gateway, until: i64) {
        let list = authority(gateway).revocation_list(&self.revoked, hours(-1, until)).unwrap();
        fs::write(certs(gateway).join("ca.crl"), list).unwrap();
    }

    fn of_chain(&self, gateway: &Gateway, chain: &Chain, revoked: &[u64]) {
        let list = |issuer: CertificateParams, key: &KeyPair, revoked: &[u64]| {
            let (from, until) = (issuer.not_before, issuer.not_after);
            let one = |serial: &u64| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: from,
                reason_code: None,
                invalidity_date: None,
            };
            let params = CertificateRevocationListParams {
                this_update: from,
                next_update: until,
                crl_number: SerialNumber::from(1_u64),
                issuing_distribution_point: None,
                revoked_certs: revoked.iter().map(one).collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            params.signed_by(&Issuer::new(issuer, key)).unwrap().pem().unwrap()
        };
        let both =
            [list(root_params(), &chain.root, revoked), list(below_params(), &chain.below, &[])];
        fs::write(certs(gateway).join("chain.crl"), both.concat()).unwrap();
    }

    pub fn revoke_leaf(&mut self, gateway: &Gateway, pem: &str) {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        self.revoked.push(Leaf::read(&der).unwrap().serial().to_vec());
        self.of_authority(gateway, 24 * 30);
    }

    pub fn revoke_intermediate(&self, gateway: &Gateway, chain: &Chain) {
        self.of_chain(gateway, chain, &[BELOW_SERIAL]);
    }

    /// The authority's list is over.
    pub fn expire(&self, gateway: &Gateway) {
        self.of_authority(gateway, 0);
    }
}
