//! Backups: frames as they lie in the log, the attachments they name, and every wrapped key.
//!
//! `"LGBK" version:u16 first:u64 ({3 attachment}* {1 frame})* {2 key:16 wrapped}* {0 next:u64}
//! crc32:u32`. An
//! incremental backup starts at a later `first`; the key table is always whole. Keys that open the
//! wraps are never in a backup.

use std::io::{self, Read, Write};

use crate::codec::{Reader, Writer};
use crate::log::Log;
use crate::{Attachments, Frame, KeyName, Outage, WrappedKey};

const MAGIC: &[u8; 6] = b"LGBK\x00\x01";
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
        for file in stored.frame.entries.iter().flat_map(|entry| &entry.files) {
            let mut record = Writer(vec![3]);
            record.bytes(&attachments.get(file)?);
            put(&record.0)?;
        }
        let mut record = Writer(vec![1]);
        record.bytes(&stored.frame.encode());
        put(&record.0)?;
    }
    for (name, wrapped) in log.keys()? {
        let mut record = Writer(vec![2]);
        record.raw(name.bytes());
        record.bytes(wrapped.bytes());
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
    /// Every wrapped key.
    pub keys: Vec<(KeyName, WrappedKey)>,
    /// The attachments the frames name, encrypted.
    pub attachments: Vec<Vec<u8>>,
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
                restored.frames.push(frame);
            }
            [2] => {
                let name = KeyName::new(reader.array()?);
                restored.keys.push((name, WrappedKey::new(reader.bytes()?.to_vec())));
            }
            [3] => restored.attachments.push(reader.bytes()?.to_vec()),
            [0] => break,
            _ => return None,
        }
    }
    (reader.u64()? == next && reader.0.is_empty()).then_some(restored)
}

/// Appends restored frames to a log that ends where they begin. Keys named by the backup replace
/// those of the frames, since a person key may have been wrapped anew since.
pub fn restore(
    log: &mut dyn Log,
    attachments: &Attachments,
    restored: &Restored,
) -> Result<(), BackupError> {
    for attachment in &restored.attachments {
        attachments.put(attachment)?;
    }
    let epoch = log.take_over()?;
    let last = restored.frames.len().saturating_sub(1);
    for (n, frame) in restored.frames.iter().enumerate() {
        let mut frame = frame.clone();
        if n == last {
            frame.keys = restored.keys.clone();
        }
        match log.append(epoch, &frame, frame.sequence)? {
            crate::Appended::Committed(_) => {}
            _ => return Err(BackupError::Damaged),
        }
    }
    Ok(())
}
