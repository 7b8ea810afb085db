//! A witness: what it answers to `add-checkpoint`, and what it must remember first.
//!
//! Spec: <https://c2sp.org/tlog-witness>. Pure: the last checkpoint of each log is on a [`Shelf`],
//! the time is an argument. Promise: no two roots of one log that do not continue each other are
//! ever cosigned, whatever runs at the same time and wherever it stops. [`Witness::decide`] gives a
//! [`Pending`] answer only, and what it says must be durable before [`Pending::kept`] is called;
//! [`add_checkpoint`] is that order. Not here: HTTP, files, locks (crate `server`).

use crate::checkpoint::{Checkpoint, LogVerifier};
use crate::cosign::CosignerKey;
use crate::note::Parts;
use crate::tree::{Hash, Tree, check_consistency};

mod request;

/// A request is refused if it is longer.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A log the witness cosigns: its origin and the keys it may sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    origin: String,
    keys: Vec<LogVerifier>,
}

impl KnownLog {
    /// A line of a witness's list: `<vkey>` if the key's name is the origin, else `<vkey> <origin>`.
    /// Several lines of one origin are several keys of one log.
    pub fn parse(line: &str) -> Option<KnownLog> {
        let (vkey, origin) = line.split_once(' ').unwrap_or((line, ""));
        let key = LogVerifier::parse(vkey)?;
        let origin = if line == vkey { key.key().name.clone() } else { origin.to_owned() };
        let sound = !origin.is_empty() && !origin.chars().any(char::is_control);
        sound.then(|| KnownLog { origin, keys: vec![key] })
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// The last checkpoint of a log that was cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Known {
    /// Its number of leaves.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl Known {
    /// What is known of a log that was never cosigned: that it began empty.
    pub fn nothing() -> Known {
        Known { size: 0, root: Tree::new().root() }
    }
}

/// What goes back to whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the cosignature lines.
    Cosigned(String),
    /// 400: not a request, or the old size is above the checkpoint's.
    Malformed,
    /// 403: no trusted key signed it.
    Unsigned,
    /// 404: a log that is not listed.
    Unknown,
    /// 409: not the size, or at that size not the root, that was cosigned last.
    Conflict(u64),
    /// 422: the proof does not lead from the one to the other.
    Unproven,
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Answer::Cosigned(_) => 200,
            Answer::Malformed => 400,
            Answer::Unsigned => 403,
            Answer::Unknown => 404,
            Answer::Conflict(_) => 409,
            Answer::Unproven => 422,
        }
    }

    /// The media type of [`Answer::body`].
    pub fn content_type(&self) -> &'static str {
        match self {
            Answer::Conflict(_) => "text/x.tlog.size",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// What is written; no more is said of a refusal than its status.
    pub fn body(&self) -> String {
        match self {
            Answer::Cosigned(lines) => lines.clone(),
            Answer::Conflict(size) => format!("{size}\n"),
            _ => String::new(),
        }
    }
}

/// A request that is well formed and signed by a log the witness knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    old_size: u64,
    proof: Vec<Hash>,
    body: &'a str,
    checkpoint: Checkpoint,
}

impl Asked<'_> {
    /// The log it is about.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }
}

/// What will be answered once it is durable that `known` was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What to remember from now on.
    pub known: Known,
    lines: String,
}

impl Pending {
    /// To be called when [`Pending::known`] is durable, and not before.
    pub fn kept(self) -> Answer {
        Answer::Cosigned(self.lines)
    }
}

/// A witness's keys and the logs it knows.
#[derive(Debug)]
pub struct Witness {
    key: CosignerKey,
    logs: Vec<KnownLog>,
}

impl Witness {
    /// Logs of the same origin become one log with several keys.
    pub fn new(key: CosignerKey, listed: Vec<KnownLog>) -> Witness {
        let mut logs: Vec<KnownLog> = Vec::new();
        for log in listed {
            match logs.iter_mut().find(|known| known.origin == log.origin) {
                Some(known) => known.keys.extend(log.keys),
                None => logs.push(log),
            }
        }
        Witness { key, logs }
    }

    /// The witness's verifier key.
    pub fn vkey(&self) -> String {
        self.key.vkey()
    }

    /// The logs' names.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.iter().map(KnownLog::origin)
    }

    /// Reads a request and checks who signed it; asks nothing of what is remembered.
    pub fn read<'a>(&self, request: &'a [u8]) -> Result<Asked<'a>, Answer> {
        let (asked, parts) = request::parse(request).ok_or(Answer::Malformed)?;
        let log = self.logs.iter().find(|log| log.origin == asked.origin());
        self.check_signed(log.ok_or(Answer::Unknown)?, &parts)?;
        if asked.old_size > asked.checkpoint.size {
            return Err(Answer::Malformed);
        }
        Ok(asked)
    }

    /// One good line of a known key, and no bad one (signed-note).
    fn check_signed(&self, log: &KnownLog, parts: &Parts<'_>) -> Result<(), Answer> {
        let mut signed = false;
        for key in &log.keys {
            signed |= key.signed(parts).map_err(|_| Answer::Unsigned)?;
        }
        if signed { Ok(()) } else { Err(Answer::Unsigned) }
    }

    /// Whether the checkpoint continues what was cosigned last. `time_s`: seconds since 1970, not
    /// after the moment `known` was read.
    pub fn decide(&self, asked: &Asked<'_>, known: &Known, time_s: u64) -> Result<Pending, Answer> {
        let new = Known { size: asked.checkpoint.size, root: asked.checkpoint.root };
        let other_root = new.size == known.size && new.root != known.root;
        if asked.old_size != known.size || other_root {
            return Err(Answer::Conflict(known.size));
        }
        // A proof between equal trees is the empty one.
        let proven = if new.size == known.size {
            asked.proof.is_empty()
        } else {
            check_consistency(known.size, &known.root, new.size, &new.root, &asked.proof).is_ok()
        };
        if !proven {
            return Err(Answer::Unproven);
        }
        let lines = self.key.cosign(asked.body, time_s).map_err(|_| Answer::Malformed)?;
        Ok(Pending { known: new, lines })
    }
}

/// What a witness remembers, one [`Known`] for each origin.
pub trait Shelf {
    /// Why it could not be read or written. After a failed write nothing is answered.
    type Error;

    /// What was cosigned last; [`Known::nothing`] if nothing was.
    fn load(&mut self, origin: &str) -> Result<Known, Self::Error>;

    /// Puts `new` where `old` is, durably before it returns `true`; `false` if it is not there.
    fn replace(&mut self, origin: &str, old: &Known, new: &Known) -> Result<bool, Self::Error>;
}

/// Answers one request: read, decide, keep, and only then answer.
pub fn add_checkpoint<S: Shelf>(
    witness: &Witness,
    request: &[u8],
    shelf: &mut S,
    time_s: u64,
) -> Result<Answer, S::Error> {
    let asked = match witness.read(request) {
        Ok(asked) => asked,
        Err(answer) => return Ok(answer),
    };
    let known = shelf.load(asked.origin())?;
    let pending = match witness.decide(&asked, &known, time_s) {
        Ok(pending) => pending,
        Err(answer) => return Ok(answer),
    };
    // The commit point: from here on this tree, and no other of its size, is the log's.
    if shelf.replace(asked.origin(), &known, &pending.known)? {
        return Ok(pending.kept());
    }
    Ok(Answer::Conflict(shelf.load(asked.origin())?.size))
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
