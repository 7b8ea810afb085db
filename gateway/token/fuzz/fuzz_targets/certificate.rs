//! No bytes make the reading of a certificate or a revocation list panic.
#![no_main]

#[path = "../../../server/src/identity/crl.rs"]
#[allow(dead_code)]
mod crl;

use libfuzzer_sys::fuzz_target;
use rustls_pki_types::CertificateRevocationListDer;

fuzz_target!(|data: &[u8]| {
    let _ = crl::Leaf::read(data);
    let _ = crl::Revoked::read(&[CertificateRevocationListDer::from(data)]);
});
