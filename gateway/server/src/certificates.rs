//! X.509 certificates (RFC 5280) for development, demonstration and tests: one authority, servers,
//! and clients that say which organization they are.
//!
//! Not here: clocks (validity is an argument), a real authority, reading certificates in a
//! handshake.

use std::time::Duration;

use jiff::Timestamp;
use loopgate_referral::OrgId;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// An authority is known by its key alone, so its name is always the same.
const AUTHORITY_NAME: &str = "loopgate development CA";

/// Why a certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// A name or a key is malformed, or the instants are.
    #[error("the certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    /// Not a certificate in PEM.
    #[error("not a certificate in PEM")]
    NotPem,
    /// The key is not the one in the certificate.
    #[error("the key does not belong to the certificate")]
    OtherKey,
    /// Before 1970, or ends before it begins.
    #[error("the validity is empty or begins before 1970")]
    Validity,
}

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first instant.
    pub from: Timestamp,
    /// The last instant.
    pub until: Timestamp,
}

/// A certificate and its key.
pub struct Issued {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PEM (PKCS #8): a secret.
    pub key_pem: String,
    /// SHA-256 of the certificate, DER: what a partner file lists.
    pub sha256: [u8; 32],
}

/// An authority that signs certificates for development.
pub struct Authority {
    certificate_pem: String,
    key: KeyPair,
}

impl Authority {
    /// A new one, with a key of its own.
    pub fn new(validity: Validity) -> Result<Authority, CertificateFault> {
        let key = KeyPair::generate()?;
        let params = dated(authority_params(), validity)?;
        let certificate_pem = params.self_signed(&key)?.pem();
        Ok(Authority { certificate_pem, key })
    }

    /// One that [`Authority::new`] made.
    pub fn load(certificate_pem: &str, key_pem: &str) -> Result<Authority, CertificateFault> {
        let key = KeyPair::from_pem(key_pem)?;
        let certificate = der(certificate_pem)?;
        let public = key.public_key_raw();
        if !certificate.windows(public.len()).any(|window| window == public) {
            return Err(CertificateFault::OtherKey);
        }
        Ok(Authority { certificate_pem: certificate_pem.to_owned(), key })
    }

    /// Its certificate, PEM: a root for those who trust it.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its private key, PEM (PKCS #8): a secret.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A certificate for a server on this machine, which `names` (DNS names, addresses) also reach.
    pub fn server(&self, names: &[&str], validity: Validity) -> Result<Issued, CertificateFault> {
        self.issue(server_params(names)?, validity)
    }

    /// A gateway's certificate: a server's on this machine, which it also shows to the engines and
    /// endpoints that it calls, since many of those want to see one.
    pub fn gateway(&self, validity: Validity) -> Result<Issued, CertificateFault> {
        let mut params = server_params(&[])?;
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        self.issue(params, validity)
    }

    /// A certificate for a client that is `org`.
    pub fn client(&self, org: &OrgId, validity: Validity) -> Result<Issued, CertificateFault> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(org.as_str());
        params.subject_alt_names =
            vec![SanType::URI(format!("urn:loopgate:org:{org}").try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, validity)
    }

    /// A revocation list (RFC 5280 §5), PEM, of certificates by serial number; the validity's end is
    /// its next update.
    pub fn revocation_list(
        &self,
        serials: &[Vec<u8>],
        validity: Validity,
    ) -> Result<String, CertificateFault> {
        let at = dated(CertificateParams::default(), validity)?;
        let revoked = |serial: &Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: at.not_before,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: at.not_before,
            next_update: at.not_after,
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&Issuer::new(authority_params(), &self.key))?.pem()?)
    }

    fn issue(
        &self,
        params: CertificateParams,
        validity: Validity,
    ) -> Result<Issued, CertificateFault> {
        let mut params = dated(params, validity)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority_params(), &self.key);
        let certificate: Certificate = params.signed_by(&key, &issuer)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            sha256: Sha256::digest(certificate.der()).into(),
        })
    }
}

/// SHA-256 of the first certificate in `pem`, DER: what a partner file lists.
pub fn certificate_sha256(pem: &str) -> Result<[u8; 32], CertificateFault> {
    Ok(Sha256::digest(der(pem)?).into())
}

fn der(pem: &str) -> Result<CertificateDer<'static>, CertificateFault> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertificateFault::NotPem)
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(names: &[&str]) -> Result<CertificateParams, CertificateFault> {
    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    all.extend(names.iter().map(|name| (*name).to_owned()));
    let mut params = CertificateParams::new(all)?;
    params.distinguished_name = named("loopgate");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn named(name: &str) -> rcgen::DistinguishedName {
    let mut distinguished = rcgen::DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn dated(
    mut params: CertificateParams,
    validity: Validity,
) -> Result<CertificateParams, CertificateFault> {
    let seconds = |at: Timestamp| {
        u64::try_from(at.as_second())
            .map(Duration::from_secs)
            .map_err(|_| CertificateFault::Validity)
    };
    if validity.until <= validity.from {
        return Err(CertificateFault::Validity);
    }
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(validity.from)?;
    params.not_after = epoch + seconds(validity.until)?;
    Ok(params)
}

#[cfg(test)]
mod tests;
