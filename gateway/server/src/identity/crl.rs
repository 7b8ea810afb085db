//! Certificate revocation lists (RFC 5280 §5): who signed what is revoked, and until when the list
//! says so.
//!
//! TLS checks the chain at the handshake; a connection outlives that, so each request looks its leaf
//! up again. A list that is over says nothing any more, and then its issuer's certificates are good
//! for nothing either.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use loopgate_referral::Timestamp;
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// What the lists say, by issuer.
#[derive(Debug, Default)]
pub struct Revoked(HashMap<Vec<u8>, List>);

#[derive(Debug)]
struct List {
    until: Timestamp,
    serials: Vec<Vec<u8>>,
}

/// A certificate that an authority issued, as far as lists know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    issuer: Vec<u8>,
    serial: Vec<u8>,
}

/// The file holds no revocation list that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} holds no certificate revocation list")]
pub struct BadList(String);

impl Leaf {
    /// Reads a certificate (DER).
    pub fn read(der: &[u8]) -> Option<Leaf> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        Some(Leaf {
            issuer: certificate.issuer.as_raw().to_vec(),
            serial: certificate.raw_serial().to_vec(),
        })
    }

    /// Its serial number, big-endian.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }
}

/// The lists in these files, PEM, for the handshake.
pub fn lists(files: &[PathBuf]) -> Result<Vec<CertificateRevocationListDer<'static>>, BadList> {
    let mut all = Vec::new();
    for file in files {
        let bad = || BadList(file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let found = CertificateRevocationListDer::pem_file_iter(file).map_err(|_| bad())?;
        let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|_| bad())?;
        if found.is_empty() {
            return Err(bad());
        }
        all.extend(found);
    }
    Ok(all)
}

impl Revoked {
    /// Reads lists (DER). One that cannot be read is an error: it may revoke anything.
    pub fn read(lists: &[CertificateRevocationListDer<'_>]) -> Result<Revoked, BadList> {
        let mut revoked = Revoked::default();
        for der in lists {
            let bad = || BadList("a file".to_owned());
            let (_, list) = CertificateRevocationList::from_der(der.as_ref()).map_err(|_| bad())?;
            let until = list.next_update().ok_or_else(bad)?.timestamp();
            let serials = list.iter_revoked_certificates().map(|one| one.raw_serial().to_vec());
            let found = List { until: Timestamp(until * 1000), serials: serials.collect() };
            // Of one issuer's lists none takes back what another says.
            match revoked.0.entry(list.issuer().as_raw().to_vec()) {
                Entry::Vacant(place) => drop(place.insert(found)),
                Entry::Occupied(mut place) => {
                    let known = place.get_mut();
                    known.until = known.until.min(found.until);
                    known.serials.extend(found.serials);
                }
            }
        }
        Ok(revoked)
    }

    /// Whether a leaf is no good now: revoked, or its issuer's list is over.
    pub fn has(&self, leaf: &Leaf, now: Timestamp) -> bool {
        self.0
            .get(&leaf.issuer)
            .is_some_and(|list| now >= list.until || list.serials.contains(&leaf.serial))
    }

    /// The first instant at which a list is over.
    pub fn until(&self) -> Option<Timestamp> {
        self.0.values().map(|list| list.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the fuzzer found worth keeping, on a stable toolchain.
    #[test]
    fn the_corpus_holds() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../token/fuzz/corpus/certificate");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            read += usize::from(Leaf::read(&bytes).is_some());
            let list = CertificateRevocationListDer::from(bytes.as_slice());
            read += usize::from(Revoked::read(&[list]).is_ok());
        }
        assert!(read >= 2, "{read}");
    }
}
