//! Entries under their keys: sealing drafts into a frame, and reading bodies back.

mod recent;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use loopgate_ledger::{Leaf, commitment};
use loopgate_referral::{PersonId, Timestamp};
use loopgate_store::{
    Attachments, EntryKey, EntryRecord, Frame, KeyName, KeyRow, LogKeys, LogReader, Outage,
    PersonKey, StateKey, Stored, TenantKey, WrappedKey,
};

use crate::catalogue::Row;
use crate::clock::Clock;
use crate::fold::Locator;
use crate::journal::{Body, Document};
use recent::Recent;

/// A longer document lies in a file of its own.
const INLINE_BYTES_MAX: usize = 256 * 1024;

/// An entry that is decided and not yet committed.
pub struct Draft {
    /// What it says.
    pub body: Body,
    /// Whose key it is kept under.
    pub person: Option<PersonId>,
    /// The SHA-256 of the payload it lets out.
    pub payload: Option<[u8; 32]>,
}

/// What is kept under a key.
pub enum Kept<T> {
    /// The key is there.
    Here(T),
    /// The key was destroyed, and what it kept with it.
    Erased {
        /// The first frame of the `key.shred` entries that say so.
        sequence: u64,
    },
}

impl<T> Kept<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Kept<U> {
        match self {
            Kept::Here(kept) => Kept::Here(change(kept)),
            Kept::Erased { sequence } => Kept::Erased { sequence },
        }
    }
}

/// Opened person keys, by name.
pub struct Keyring {
    /// The tenant's key of each epoch, oldest first.
    tenants: Mutex<Vec<TenantKey>>,
    open: Mutex<HashMap<KeyName, PersonKey>>,
}

/// The name of a person's key.
pub fn key_name(person: Option<PersonId>) -> KeyName {
    person.map_or(KeyName::TENANT, |person| KeyName::new(*person.bytes()))
}

impl Keyring {
    /// The keys wrapped under these tenant keys, oldest first.
    pub fn new(tenants: Vec<TenantKey>) -> Keyring {
        Keyring { tenants: Mutex::new(tenants), open: Mutex::new(HashMap::new()) }
    }

    /// From now on these tenant keys open what is wrapped, and no key opened before is remembered.
    pub fn renew(&self, tenants: Vec<TenantKey>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *self.tenants.lock().unwrap_or_else(PoisonError::into_inner) = tenants;
        open.clear();
    }

    /// What may open a state that was written down, newest first.
    pub fn state_keys(&self) -> Vec<StateKey> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.iter().rev().map(TenantKey::state_key).collect()
    }

    /// The tenant's newest key.
    ///
    /// # Panics
    /// If there is none: a deployment has one at least.
    pub fn tenant(&self) -> TenantKey {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        match tenants.last() {
            Some(newest) => newest.clone(),
            None => unreachable!("a deployment has a key-encryption key"),
        }
    }

    fn unwrap(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<PersonKey, Outage> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant = tenants.iter().find(|key| Some(key.epoch()) == wrapped.epoch());
        let key = tenant.and_then(|tenant| tenant.open(name, wrapped).ok());
        key.ok_or(Outage::Damaged("a wrapped key does not open"))
    }

    fn cached(&self, name: &KeyName) -> Option<PersonKey> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn cache(&self, name: KeyName, key: PersonKey) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(name, key);
    }

    fn existing(
        &self,
        keys: &dyn LogKeys,
        name: &KeyName,
    ) -> Result<Option<Kept<PersonKey>>, Outage> {
        if let Some(key) = self.cached(name) {
            return Ok(Some(Kept::Here(key)));
        }
        let wrapped = match keys.key(name)? {
            None => return Ok(None),
            Some(KeyRow::Destroyed { sequence }) => return Ok(Some(Kept::Erased { sequence })),
            Some(KeyRow::Wrapped(wrapped)) => wrapped,
        };
        let key = self.unwrap(name, &wrapped)?;
        self.cache(*name, key.clone());
        Ok(Some(Kept::Here(key)))
    }
}

/// What sealing works with.
#[derive(Clone, Copy)]
pub struct Vault<'a> {
    /// Opened keys.
    pub keyring: &'a Keyring,
    /// Wrapped keys.
    pub keys: &'a dyn LogKeys,
    /// Files of large documents.
    pub attachments: &'a Attachments,
}

/// Turns drafts into the frame that comes next; erased, if one is about somebody whose key is
/// destroyed.
pub fn seal(
    drafts: &mut [Draft],
    head: (u64, u64, Timestamp),
    log_id: &str,
    vault: &Vault<'_>,
    clock: &dyn Clock,
) -> Result<Kept<Frame>, Outage> {
    let Vault { keyring, keys, attachments } = *vault;
    let (sequence, first_leaf, at) = head;
    let mut random = |buffer: &mut [u8]| clock.random(buffer);
    let mut fresh: Vec<(KeyName, WrappedKey)> = Vec::new();
    let mut entries = Vec::new();
    for (n, draft) in drafts.iter_mut().enumerate() {
        let name = key_name(draft.person);
        let key = match keyring.existing(keys, &name)? {
            Some(Kept::Here(key)) => key,
            Some(Kept::Erased { sequence }) => return Ok(Kept::Erased { sequence }),
            None => {
                let (key, wrapped) = keyring.tenant().make(&name, &mut random);
                // Used before it is durable, and durable with the frame that uses it.
                keyring.cache(name, key.clone());
                fresh.push((name, wrapped));
                key
            }
        };
        let index = first_leaf + n as u64;
        let (entry, seed) = key.make(index, &mut random);
        let root = commitment(entry.seed(), &draft.body.fields);
        let leaf = Leaf::new(root, index, log_id, at.0.div_euclid(1000))
            .map_err(|_| Outage::Damaged("the clock is outside the years a leaf can say"))?
            .to_bytes();
        let files = put_aside(&mut draft.body.docs, &entry, attachments, &mut random)?;
        let body = entry.encrypt(&Leaf::hash(&leaf), &draft.body.encode(), &mut random);
        entries.push(EntryRecord { leaf, key: name, seed, body, files, payload: draft.payload });
    }
    Ok(Kept::Here(Frame { sequence, first_leaf, at_ms: at.0, entries, keys: fresh }))
}

/// Large documents go to files of their own, durable before the entry that names them.
fn put_aside(
    docs: &mut [Document],
    key: &EntryKey,
    attachments: &Attachments,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<[u8; 32]>, Outage> {
    let mut files = Vec::new();
    for (place, doc) in (0u32..).zip(docs) {
        let Document::Here(bytes) = doc else { continue };
        if bytes.len() > INLINE_BYTES_MAX {
            let name = attachments.put(&key.encrypt_file(place, bytes, &mut *random))?;
            files.push(name);
            *doc = Document::File(name);
        }
    }
    Ok(files)
}

/// Opens one entry of a frame.
pub fn unseal(
    frame: &Frame,
    entry: usize,
    keyring: &Keyring,
    keys: &dyn LogKeys,
) -> Result<Kept<(Body, EntryKey)>, Outage> {
    let record = frame.entries.get(entry).ok_or(Outage::Damaged("an entry is missing"))?;
    let key = match keyring.existing(keys, &record.key)? {
        None => return Err(Outage::Damaged("a key is missing")),
        Some(Kept::Erased { sequence }) => return Ok(Kept::Erased { sequence }),
        Some(Kept::Here(key)) => key,
    };
    let index = frame.first_leaf + entry as u64;
    let opens = || Outage::Damaged("an entry does not open under its key");
    let entry_key = key.open(index, &record.seed).map_err(|_| opens())?;
    let body = entry_key.decrypt(&Leaf::hash(&record.leaf), &record.body).map_err(|_| opens())?;
    let body = Body::decode(&body).map_err(|_| Outage::Damaged("an entry's body"))?;
    Ok(Kept::Here((body, entry_key)))
}

/// One document of a frame, as received.
pub fn document(
    frame: &Frame,
    at: Locator,
    keyring: &Keyring,
    keys: &dyn LogKeys,
    attachments: &Attachments,
) -> Result<Kept<Vec<u8>>, Outage> {
    let (body, key) = match unseal(frame, at.entry, keyring, keys)? {
        Kept::Here(open) => open,
        Kept::Erased { sequence } => return Ok(Kept::Erased { sequence }),
    };
    match body.docs.into_iter().nth(at.doc).ok_or(Outage::Damaged("a document is missing"))? {
        Document::Here(bytes) => Ok(Kept::Here(bytes)),
        Document::File(name) => {
            let place = u32::try_from(at.doc).unwrap_or(u32::MAX);
            key.decrypt_file(place, &attachments.get(&name)?)
                .map(Kept::Here)
                .map_err(|_| Outage::Damaged("an attachment does not open under its key"))
        }
    }
}

/// The frame that holds a leaf, and the entry in it; the log holds `frames` frames.
pub fn locate(
    log: &dyn LogReader,
    index: u64,
    frames: u64,
) -> Result<Option<(Stored, usize)>, Outage> {
    let (mut low, mut high) = (0, frames);
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(stored) = log.read(middle)? else { return Ok(None) };
        let frame = &stored.frame;
        if index < frame.first_leaf {
            high = middle;
        } else if index >= frame.first_leaf + frame.entries.len() as u64 {
            low = middle + 1;
        } else {
            let entry = usize::try_from(index - frame.first_leaf).unwrap_or(usize::MAX);
            return Ok(Some((stored, entry)));
        }
    }
    Ok(None)
}

/// Reads documents back, for any thread.
pub struct Archive {
    reader: Box<dyn LogReader>,
    keyring: Arc<Keyring>,
    attachments: Attachments,
    recent: Recent,
}

impl Archive {
    /// Over a log's committed frames.
    pub fn new(
        reader: Box<dyn LogReader>,
        keyring: Arc<Keyring>,
        attachments: Attachments,
    ) -> Archive {
        Archive { reader, keyring, attachments, recent: Recent::default() }
    }

    /// Files of large documents.
    pub fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// One document, as received.
    pub fn document(&self, at: Locator) -> Result<Kept<Vec<u8>>, Outage> {
        let frame = self.frame(at.sequence)?;
        document(&frame, at, &self.keyring, self.reader.as_ref(), &self.attachments)
    }

    fn frame(&self, sequence: u64) -> Result<Arc<Frame>, Outage> {
        if let Some(frame) = self.recent.get(sequence) {
            return Ok(frame);
        }
        let stored = self.reader.read(sequence)?.ok_or(Outage::Damaged("a frame is missing"))?;
        let frame = Arc::new(stored.frame);
        self.recent.put(&frame);
        Ok(frame)
    }

    /// The frame that holds a leaf, and the entry in it.
    pub fn locate(&self, index: u64, frames: u64) -> Result<Option<(Stored, usize)>, Outage> {
        locate(self.reader.as_ref(), index, frames)
    }

    /// Opens one entry of a frame.
    pub fn unseal(&self, frame: &Frame, entry: usize) -> Result<Kept<(Body, EntryKey)>, Outage> {
        unseal(frame, entry, &self.keyring, self.reader.as_ref())
    }

    /// The stored bytes of the leaves from `first` on, at most `count_max`.
    pub fn leaves(
        &self,
        first: u64,
        count_max: usize,
        frames: u64,
    ) -> Result<Vec<Vec<u8>>, Outage> {
        let mut leaves = Vec::new();
        let Some((mut stored, mut entry)) = self.locate(first, frames)? else { return Ok(leaves) };
        loop {
            let rest = stored.frame.entries.drain(entry..).map(|entry| entry.leaf);
            leaves.extend(rest.take(count_max - leaves.len()));
            entry = 0;
            if leaves.len() >= count_max {
                return Ok(leaves);
            }
            match self.reader.read(stored.frame.sequence + 1)? {
                Some(next) => stored = next,
                None => return Ok(leaves),
            }
        }
    }

    /// What these entries say, in their order. Neighbours of one frame are read together.
    pub fn entries(&self, rows: &[Row]) -> Result<Vec<Kept<Body>>, Outage> {
        let keys: &dyn LogKeys = self.reader.as_ref();
        let mut bodies = Vec::with_capacity(rows.len());
        for of_one_frame in rows.chunk_by(|one, next| one.sequence == next.sequence) {
            let stored = self.reader.read(of_one_frame[0].sequence)?;
            let stored = stored.ok_or(Outage::Damaged("a frame is missing"))?;
            for row in of_one_frame {
                let entry = usize::try_from(row.entry).unwrap_or(usize::MAX);
                let open = unseal(&stored.frame, entry, &self.keyring, keys)?;
                bodies.push(open.map(|(body, _)| body));
            }
        }
        Ok(bodies)
    }

    /// The frames and keys themselves.
    pub fn log(&self) -> &dyn LogReader {
        self.reader.as_ref()
    }

    /// The opened keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}
