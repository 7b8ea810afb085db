//! Backups: frames as they lie in the log, the attachments they name, and every wrapped key.
//!
//! `"LGBK" version:u16 first:u64 ({3 attachment}* {1 frame})* {2 key:16 row}* {0 next:u64}
//! crc32:u32`. An incremental backup starts at a later `first`; the key table is always whole, and
//! says which keys were destroyed. Keys that open the wraps are never in a backup.
//!
//! Tables are merged key by key ([`KeyRow::over`]): an older backup never brings a destroyed key back,
//! nor a wrap of an older KEK epoch where there is a newer. An attachment whose key was destroyed is
//! neither written nor restored.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use crate::codec::{Reader, Writer};
use crate::log::Log;
use crate::{Attachments, Frame, KeyName, KeyRow, Outage};

const MAGIC: &[u8; 6] = b"LGBK\x00\x02";
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A backup was not written or is not whole.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file could not be read or written.
    #[error("the backup file could not be read or written")]
    File(#[from] io::Error),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] Outage),
    /// Cut short, rotten, or not a backup.
    #[error("the backup is damaged")]
    Damaged,
}

/// Writes the frames from `first` on and every key.
pub fn write_backup(
    log: &dyn crate::LogReader,
    attachments: &Attachments,
    first: u64,
    next: u64,
    out: &mut dyn Write,
) -> Result<(), BackupError> {
    let mut hash = crc32fast::Hasher::new();
    let mut put = |bytes: &[u8]| -> io::Result<()> {
        hash.update(bytes);
        out.write_all(bytes)
    };
    put(MAGIC)?;
    put(&first.to_be_bytes())?;
    for sequence in first..next {
        let stored = log.read(sequence)?.ok_or(Outage::Damaged("a frame is missing"))?;
        let entries = stored.frame.entries.iter();
        for (entry, file) in entries.flat_map(|entry| entry.files.iter().map(move |f| (entry, f))) {
            let bytes = attachments.get(file);
            // Looked at after the file: the key goes first.
            if is_destroyed([log.key(&entry.key)?.as_ref()]) {
                continue;
            }
            let mut record = Writer(vec![3]);
            record.bytes(&bytes?);
            put(&record.0)?;
        }
        let mut record = Writer(vec![1]);
        record.bytes(&stored.frame.encode());
        put(&record.0)?;
    }
    for (name, row) in log.keys()? {
        let mut record = Writer(vec![2]);
        record.raw(name.bytes());
        record.bytes(&row.encode());
        put(&record.0)?;
    }
    put(&[0])?;
    put(&next.to_be_bytes())?;
    let crc = hash.finalize();
    out.write_all(&crc.to_be_bytes())?;
    Ok(())
}

/// Frames and keys as a backup holds them.
pub struct Restored {
    /// The frames, in order.
    pub frames: Vec<Frame>,
    /// What was known of every key.
    pub keys: Vec<(KeyName, KeyRow)>,
    /// The attachments the frames name, encrypted, and whose key each is under.
    pub attachments: Vec<(KeyName, Vec<u8>)>,
}

/// Reads a backup whole, or refuses it.
pub fn read_backup(input: &mut dyn Read) -> Result<Restored, BackupError> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or(BackupError::Damaged)?;
    if crc32fast::hash(body) != u32::from_be_bytes(*crc) {
        return Err(BackupError::Damaged);
    }
    read_records(&mut Reader(body)).ok_or(BackupError::Damaged)
}

fn read_records(reader: &mut Reader<'_>) -> Option<Restored> {
    if reader.take(MAGIC.len())? != MAGIC {
        return None;
    }
    let mut next = reader.u64()?;
    let mut files: Vec<Vec<u8>> = Vec::new();
    let mut restored = Restored { frames: Vec::new(), keys: Vec::new(), attachments: Vec::new() };
    loop {
        match reader.take(1)? {
            [1] => {
                let record = reader.bytes().filter(|record| record.len() <= RECORD_BYTES_MAX)?;
                let frame = Frame::decode(record).ok()?;
                if frame.sequence != next {
                    return None;
                }
                next += 1;
                for file in files.drain(..) {
                    let name = Attachments::name_of(&file);
                    let entry = frame.entries.iter().find(|entry| entry.files.contains(&name))?;
                    restored.attachments.push((entry.key, file));
                }
                restored.frames.push(frame);
            }
            [2] => {
                let name = KeyName::new(reader.array()?);
                restored.keys.push((name, KeyRow::decode(reader.bytes()?)?));
            }
            [3] => files.push(reader.bytes()?.to_vec()),
            [0] if files.is_empty() => break,
            _ => return None,
        }
    }
    (reader.u64()? == next && reader.0.is_empty()).then_some(restored)
}

/// Appends restored frames to a log that ends where they begin, and merges the key table into the
/// log's. Done again after an interruption, it goes on.
pub fn restore(
    log: &mut dyn Log,
    attachments: &Attachments,
    restored: &Restored,
) -> Result<(), BackupError> {
    let table: BTreeMap<&KeyName, &KeyRow> =
        restored.keys.iter().map(|(name, row)| (name, row)).collect();
    for (name, attachment) in &restored.attachments {
        if !is_destroyed([table.get(name).copied(), log.key(name)?.as_ref()]) {
            attachments.put(attachment)?;
        }
    }
    let epoch = log.take_over()?;
    // Before the frames: a key that was destroyed since is not there for an instant.
    log.rewrap(epoch, restored.keys.clone())?;
    for frame in &restored.frames {
        match log.append(epoch, frame, frame.sequence)? {
            crate::Appended::Committed(_) => {}
            _ => return Err(BackupError::Damaged),
        }
    }
    Ok(())
}

/// Whether a key is destroyed in any of these rows.
fn is_destroyed<'a>(rows: impl IntoIterator<Item = Option<&'a KeyRow>>) -> bool {
    rows.into_iter().flatten().any(|row| matches!(row, KeyRow::Destroyed { .. }))
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
