//! `loopgate witness`: cosigns the checkpoints of other logs, as <https://c2sp.org/tlog-witness> says.
//!
//! Its folder holds `witness.seed` (name and key), `logs` (a verifier key a line) and `state/`, one file
//! for each log: what was cosigned last. That file is durable before the cosignature leaves, and a
//! listed log without one is an error: a witness that forgot would cosign another past. Not here: what
//! may be cosigned (crate `ledger`), HTTP (`witness/door.rs`).

mod door;
mod shelf;

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use loopgate_ledger::{CosignerKey, KnownLog, Witness};
use loopgate_store::write_durably;

pub use door::{Listening, serve};

use shelf::Shelves;

const SEED_FILE: &str = "witness.seed";
const LOGS_FILE: &str = "logs";
const LOCK_FILE: &str = "lock";
const STATE_FOLDER: &str = "state";
const LOGS_MAX: usize = 1_000;

/// Why a witness is not made, changed or served.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// A file of the folder.
    #[error("{file}: {1}", file = .0.display())]
    File(PathBuf, io::Error),
    /// `init` where a witness is.
    #[error("{} holds a witness already", .0.display())]
    There(PathBuf),
    /// The name cannot stand in a signed note.
    #[error("the name is empty, too long, or has a space, a plus or a control character")]
    Name,
    /// `witness.seed` is not what `init` wrote.
    #[error("witness.seed is not a name and 32 bytes in hex")]
    Seed,
    /// Not a line of `logs`.
    #[error("logs, line {0}: not a verifier key, or one and an origin")]
    Line(usize),
    /// `add-log` with something else.
    #[error("not the verifier key of a log")]
    Vkey,
    /// `add-log` twice.
    #[error("the key is listed already")]
    Listed,
    /// There are too many logs.
    #[error("a witness has at most {LOGS_MAX} keys of logs")]
    Many,
    /// What was cosigned last is not known: nothing may be.
    #[error(
        "the state of {0} is missing or broken: bring it back, or the log starts anew under another origin"
    )]
    Lost(String),
    /// Another process serves it.
    #[error("another process serves this witness")]
    Taken,
    /// Plain HTTP is for this machine.
    #[error("without TLS only an address of this machine is listened at")]
    Plain,
    /// The certificate or its key.
    #[error("the TLS files cannot be used: {0}")]
    Tls(String),
    /// The socket.
    #[error("the socket: {0}")]
    Socket(io::Error),
}

/// Makes a witness in a folder and answers its verifier key. `random` fills the seed.
pub fn init(dir: &Path, name: &str, random: &dyn Fn(&mut [u8])) -> Result<String, WitnessError> {
    let path = dir.join(SEED_FILE);
    if path.exists() {
        return Err(WitnessError::There(dir.to_owned()));
    }
    let mut seed = [0; 32];
    random(&mut seed);
    let key = CosignerKey::from_seed(name, seed).map_err(|_| WitnessError::Name)?;
    let state = dir.join(STATE_FOLDER);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&state);
    made.map_err(|error| WitnessError::File(state, error))?;
    write(&dir.join(LOGS_FILE), b"")?;
    // The last of its files: what is cut off before is no witness yet.
    write(&path, format!("{name}\n{}\n", hex::encode(seed)).as_bytes())?;
    Ok(key.vkey())
}

/// Lists a key of a log: `line` is a verifier key, or one and the log's origin. A log that was not listed
/// begins empty. One that is served already is known after the next start.
pub fn add_log(dir: &Path, line: &str) -> Result<(), WitnessError> {
    let log = KnownLog::parse(line).ok_or(WitnessError::Vkey)?;
    let path = dir.join(LOGS_FILE);
    let mut text = read(&path)?;
    let listed = logs(&text)?;
    if text.lines().any(|known| known == line) {
        return Err(WitnessError::Listed);
    }
    if listed.len() >= LOGS_MAX {
        return Err(WitnessError::Many);
    }
    if listed.iter().all(|known| known.origin() != log.origin()) {
        // Before it is listed: from then on a missing state is a lost one.
        Shelves::new(&dir.join(STATE_FOLDER), [log.origin()].into_iter()).begin(log.origin())?;
    }
    text.push_str(line);
    text.push('\n');
    write(&path, text.as_bytes())
}

/// A witness whose folder nobody else serves.
struct Opened {
    witness: Witness,
    shelves: Shelves,
    /// Given back when it is dropped.
    _lock: File,
}

fn open(dir: &Path) -> Result<Opened, WitnessError> {
    let lock = lock(&dir.join(LOCK_FILE))?;
    let key = key(&read(&dir.join(SEED_FILE))?)?;
    let witness = Witness::new(key, logs(&read(&dir.join(LOGS_FILE))?)?);
    let shelves = Shelves::new(&dir.join(STATE_FOLDER), witness.origins());
    for origin in witness.origins() {
        shelves.read(origin).map_err(|_| WitnessError::Lost(origin.to_owned()))?;
    }
    Ok(Opened { witness, shelves, _lock: lock })
}

fn lock(path: &Path) -> Result<File, WitnessError> {
    let file = File::create(path).map_err(|error| WitnessError::File(path.to_owned(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WitnessError::Taken),
        Err(TryLockError::Error(error)) => Err(WitnessError::File(path.to_owned(), error)),
    }
}

fn key(text: &str) -> Result<CosignerKey, WitnessError> {
    let (name, rest) = text.split_once('\n').ok_or(WitnessError::Seed)?;
    let mut seed = [0; 32];
    hex::decode_to_slice(rest.trim_end(), &mut seed).map_err(|_| WitnessError::Seed)?;
    CosignerKey::from_seed(name, seed).map_err(|_| WitnessError::Seed)
}

fn logs(text: &str) -> Result<Vec<KnownLog>, WitnessError> {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| KnownLog::parse(line).ok_or(WitnessError::Line(at + 1))).collect()
}

fn read(path: &Path) -> Result<String, WitnessError> {
    fs::read_to_string(path).map_err(|error| WitnessError::File(path.to_owned(), error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), WitnessError> {
    write_durably(path, bytes, 0o600).map_err(|error| WitnessError::File(path.to_owned(), error))
}

#[cfg(test)]
mod tests;
