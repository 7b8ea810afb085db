//! The vault's key hierarchy: KEK epoch -> tenant key -> person key -> entry key.
//!
//! The tenant key is derived from the KEK, so destroying an epoch's KEK destroys every key wrapped
//! under it, wherever copies of the wraps still lie (specs of sled: deleted bytes stay on disk).
//! AES-256-GCM and HKDF-SHA256 by aws-lc-rs.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use loopgate_ledger::Seed;

/// Fills a buffer with random bytes.
pub type Entropy<'a> = &'a mut dyn FnMut(&mut [u8]);

/// The ciphertext was not made by this key for this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key does not open it")]
pub struct SealFault;

/// Whose key: a person's `plid`, or the tenant's own for entries about nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName([u8; 16]);

impl KeyName {
    /// The key of entries that are about nobody.
    pub const TENANT: KeyName = KeyName([0; 16]);

    /// The key named by these bytes.
    pub fn new(bytes: [u8; 16]) -> KeyName {
        KeyName(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A person key wrapped under a tenant key: `epoch:u32 || nonce || ciphertext`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// As read from disk.
    pub fn new(bytes: Vec<u8>) -> WrappedKey {
        WrappedKey(bytes)
    }
    /// As written to disk.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
    /// The epoch of the KEK it is wrapped under; none if it is too short to be a wrap.
    pub fn epoch(&self) -> Option<u32> {
        self.0.first_chunk::<4>().map(|epoch| u32::from_be_bytes(*epoch))
    }
}

/// A key-encryption key of one epoch. It lives in a file outside `data/`.
pub struct Kek {
    epoch: u32,
    key: [u8; 32],
}

impl Kek {
    /// The key of an epoch.
    pub fn new(epoch: u32, key: [u8; 32]) -> Kek {
        Kek { epoch, key }
    }

    /// The tenant's key of this epoch.
    pub fn tenant(&self, tenant: &str) -> TenantKey {
        let epoch = self.epoch.to_be_bytes();
        TenantKey {
            epoch: self.epoch,
            key: derive(&self.key, &[b"lg-tenant-v1", &epoch, tenant.as_bytes()]),
        }
    }
}

/// A tenant's key of one epoch.
#[derive(Clone)]
pub struct TenantKey {
    epoch: u32,
    key: [u8; 32],
}

impl TenantKey {
    /// A new person key and its wrap.
    pub fn make(&self, name: &KeyName, random: Entropy<'_>) -> (PersonKey, WrappedKey) {
        let mut key = [0; 32];
        random(&mut key);
        let key = PersonKey(key);
        let wrapped = self.wrap(name, &key, random);
        (key, wrapped)
    }

    /// Wraps a person key under this tenant key.
    fn wrap(&self, name: &KeyName, key: &PersonKey, random: Entropy<'_>) -> WrappedKey {
        let mut wrapped = self.epoch.to_be_bytes().to_vec();
        wrapped.extend(encrypt(&self.key, &wrap_aad(self.epoch, name), &key.0, random));
        WrappedKey(wrapped)
    }

    /// The same person key wrapped under `to`, the tenant's key of another epoch: what was wrapped
    /// under this one can then be destroyed with its KEK.
    pub fn rewrap(
        &self,
        name: &KeyName,
        wrapped: &WrappedKey,
        to: &TenantKey,
        random: Entropy<'_>,
    ) -> Result<WrappedKey, SealFault> {
        Ok(to.wrap(name, &self.open(name, wrapped)?, random))
    }

    /// The key that states of the fold are kept under.
    pub fn state_key(&self) -> StateKey {
        StateKey { epoch: self.epoch, key: derive(&self.key, &[b"lg-state-v1"]) }
    }

    /// The epoch of the KEK it is derived from.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The person key in a wrap made under this tenant key.
    pub fn open(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<PersonKey, SealFault> {
        let (epoch, sealed) = wrapped.0.split_first_chunk::<4>().ok_or(SealFault)?;
        if u32::from_be_bytes(*epoch) != self.epoch {
            return Err(SealFault);
        }
        let key = decrypt(&self.key, &wrap_aad(self.epoch, name), sealed)?;
        Ok(PersonKey(key.try_into().map_err(|_| SealFault)?))
    }
}

/// The key that states of the fold are kept under, of one KEK epoch.
#[derive(Clone)]
pub struct StateKey {
    epoch: u32,
    key: [u8; 32],
}

impl StateKey {
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The cipher of the one file that has this salt.
    pub(crate) fn cipher(&self, salt: &[u8; 16]) -> StateCipher {
        StateCipher(cipher(&derive(&self.key, &[b"lg-state-file-v1", salt])))
    }
}

/// The cipher of one state file: each chunk is sealed once, under its number.
pub(crate) struct StateCipher(LessSafeKey);

impl StateCipher {
    pub(crate) fn seal(&self, number: u64, aad: &[u8], chunk: &mut Vec<u8>) {
        if self.0.seal_in_place_append_tag(numbered(number), Aad::from(aad), chunk).is_err() {
            unreachable!("a chunk is far below AES-GCM's 64 GiB");
        }
    }

    /// Leaves the plaintext in `chunk`.
    pub(crate) fn open(
        &self,
        number: u64,
        aad: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), SealFault> {
        let plain = self.0.open_in_place(numbered(number), Aad::from(aad), chunk);
        let len = plain.map_err(|_| SealFault)?.len();
        chunk.truncate(len);
        Ok(())
    }
}

fn numbered(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn wrap_aad(epoch: u32, name: &KeyName) -> Vec<u8> {
    [b"lg-wrap-v1".as_slice(), &epoch.to_be_bytes(), name.bytes()].concat()
}

/// A person's key: whoever destroys it erases everything about that person.
#[derive(Clone)]
pub struct PersonKey([u8; 32]);

impl PersonKey {
    /// A new entry key for the leaf at `index`, and its wrap.
    pub fn make(&self, index: u64, random: Entropy<'_>) -> (EntryKey, Vec<u8>) {
        let mut seed = [0; 32];
        random(&mut seed);
        let wrapped = encrypt(&self.0, &seed_aad(index), &seed, random);
        (EntryKey(Seed::new(seed)), wrapped)
    }

    /// The entry key in a wrap made for the leaf at `index`.
    pub fn open(&self, index: u64, wrapped: &[u8]) -> Result<EntryKey, SealFault> {
        let seed = decrypt(&self.0, &seed_aad(index), wrapped)?;
        Ok(EntryKey(Seed::new(seed.try_into().map_err(|_| SealFault)?)))
    }
}

fn seed_aad(index: u64) -> Vec<u8> {
    [b"lg-seed-v1".as_slice(), &index.to_be_bytes()].concat()
}

/// The key of one entry: it blinds the entry's fields and encrypts its body.
pub struct EntryKey(Seed);

impl EntryKey {
    /// The seed the fields are blinded with.
    pub fn seed(&self) -> &Seed {
        &self.0
    }

    /// Encrypts the body of the entry whose leaf hash is `leaf`.
    pub fn encrypt(&self, leaf: &[u8; 32], body: &[u8], random: Entropy<'_>) -> Vec<u8> {
        encrypt(&self.0.body_key(), leaf, body, random)
    }

    /// Decrypts what [`EntryKey::encrypt`] made for the same leaf.
    pub fn decrypt(&self, leaf: &[u8; 32], body: &[u8]) -> Result<Vec<u8>, SealFault> {
        decrypt(&self.0.body_key(), leaf, body)
    }
}

impl EntryKey {
    /// Encrypts an attachment of the entry, by its place among the entry's documents.
    pub fn encrypt_file(&self, place: u32, bytes: &[u8], random: Entropy<'_>) -> Vec<u8> {
        encrypt(&self.0.body_key(), &file_aad(place), bytes, random)
    }

    /// Decrypts what [`EntryKey::encrypt_file`] made for the same place.
    pub fn decrypt_file(&self, place: u32, sealed: &[u8]) -> Result<Vec<u8>, SealFault> {
        decrypt(&self.0.body_key(), &file_aad(place), sealed)
    }
}

fn file_aad(place: u32) -> Vec<u8> {
    [b"lg-file-v1".as_slice(), &place.to_be_bytes()].concat()
}

fn derive(key: &[u8; 32], info: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    let filled = Salt::new(HKDF_SHA256, &[])
        .extract(key)
        .expand(info, HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out));
    match filled {
        Ok(()) => out,
        Err(_) => unreachable!("32 bytes are within what HKDF-SHA256 may expand to"),
    }
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, key) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("AES-256 takes a key of 32 bytes"),
    }
}

fn encrypt(key: &[u8; 32], aad: &[u8], plain: &[u8], random: Entropy<'_>) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    random(&mut nonce);
    let mut body = plain.to_vec();
    let nonce_used = Nonce::assume_unique_for_key(nonce);
    if cipher(key).seal_in_place_append_tag(nonce_used, Aad::from(aad), &mut body).is_err() {
        unreachable!("a body is far below AES-GCM's 64 GiB");
    }
    [nonce.as_slice(), &body].concat()
}

fn decrypt(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealFault> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealFault)?;
    let mut body = body.to_vec();
    let plain = cipher(key)
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut body)
        .map_err(|_| SealFault)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> impl FnMut(&mut [u8]) {
        let mut n = 0u8;
        move |buffer: &mut [u8]| {
            for byte in buffer {
                n = n.wrapping_add(1);
                *byte = n;
            }
        }
    }

    #[test]
    fn a_key_wrapped_anew_is_the_same_key_and_the_old_kek_no_longer_opens_it() {
        let mut random = counter();
        let (old, new) = (Kek::new(1, [9; 32]).tenant("community"), Kek::new(2, [8; 32]));
        let new = new.tenant("community");
        let maria = KeyName::new([1; 16]);
        let (person, wrapped) = old.make(&maria, &mut random);
        let (entry, seed) = person.make(7, &mut random);
        let body = entry.encrypt(&[5; 32], b"what she said", &mut random);

        let again = old.rewrap(&maria, &wrapped, &new, &mut random).unwrap();
        assert_eq!((wrapped.epoch(), again.epoch()), (Some(1), Some(2)));
        assert!(old.open(&maria, &again).is_err());
        let entry = new.open(&maria, &again).unwrap().open(7, &seed).unwrap();
        assert_eq!(entry.decrypt(&[5; 32], &body).unwrap(), b"what she said");
        assert!(new.rewrap(&maria, &wrapped, &new, &mut random).is_err(), "not wrapped under it");
        assert!(old.rewrap(&KeyName::new([2; 16]), &wrapped, &new, &mut random).is_err());
        assert_eq!(WrappedKey::new(vec![0, 0, 1]).epoch(), None);
    }

    #[test]
    fn the_hierarchy_opens_what_it_closed_and_nothing_else() {
        let mut random = counter();
        let tenant = Kek::new(1, [9; 32]).tenant("community");
        let (maria, other) = (KeyName::new([1; 16]), KeyName::new([2; 16]));
        let (person, wrapped) = tenant.make(&maria, &mut random);
        let (entry, seed) = person.make(7, &mut random);
        let body = entry.encrypt(&[5; 32], b"what she said", &mut random);

        let again = tenant.open(&maria, &wrapped).unwrap().open(7, &seed).unwrap();
        assert_eq!(again.decrypt(&[5; 32], &body).unwrap(), b"what she said");

        assert!(tenant.open(&other, &wrapped).is_err(), "another person's name");
        assert!(person.open(8, &seed).is_err(), "another leaf's place");
        assert!(again.decrypt(&[6; 32], &body).is_err(), "another leaf's hash");
        for (kek, name) in [
            (Kek::new(1, [8; 32]), "community"),
            (Kek::new(2, [9; 32]), "community"),
            (Kek::new(1, [9; 32]), "elsewhere"),
        ] {
            assert!(kek.tenant(name).open(&maria, &wrapped).is_err(), "another KEK or tenant");
        }
        for bit in 0..body.len() * 8 {
            let mut bad = body.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(again.decrypt(&[5; 32], &bad).is_err(), "bit {bit}");
        }
    }
}
