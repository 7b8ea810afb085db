//! Trust policies: which logs, which witnesses, and how many of them must have cosigned.
//!
//! Spec: <https://c2sp.org/tlog-policy>. One thing more, in a form that other readers skip as a
//! comment: `# loopgate: retired <vkey> <size>` says that this log key signs nothing above that size.
//! Witnesses with a kind of key that is not known here may be listed and never count. Not here: the
//! file's text, line by line (`policy/parse`).

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, LogVerifier};
use crate::cosign::Cosigner;
use crate::note::Parts;

mod parse;

pub use parse::PolicyFault;

/// A policy that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    /// Witnesses and groups in the order of their lines: a group names earlier ones only.
    voices: Vec<Voice>,
    /// `None`: no cosignature is asked for.
    quorum: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Log {
    key: LogVerifier,
    url: Option<String>,
    /// The largest size it may have signed, if it was retired.
    size_max: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Voice {
    /// Octets: names are compared as they stand.
    name: Vec<u8>,
    says: Says,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    Witness {
        /// `None`: a kind of key that is not known here.
        key: Option<Cosigner>,
        vkey: String,
        url: Option<String>,
    },
    Group {
        threshold: usize,
        members: Vec<usize>,
    },
}

/// One witness's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// The name in its key.
    pub name: String,
    /// When it cosigned, in seconds since 1970, by its own clock.
    pub time_s: u64,
}

/// A checkpoint that the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The listed witnesses that cosigned it, in the policy's order.
    pub cosigned_by: Vec<Witnessed>,
}

impl Accepted {
    /// The first and the last cosignature's time, if there is any.
    pub fn times_s(&self) -> Option<(u64, u64)> {
        let times = || self.cosigned_by.iter().map(|witnessed| witnessed.time_s);
        times().min().zip(times().max())
    }
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// It is not what a listed log signed, or a listed witness's line does not verify.
    #[error("{0}")]
    Integrity(CheckpointError),
    /// Only retired keys signed it, and it is larger than they may sign.
    #[error("the checkpoint is larger than its retired key may sign")]
    Retired,
    /// Too few of the listed witnesses cosigned it.
    #[error("the quorum is not met: {cosigned} of the listed witnesses cosigned")]
    Quorum {
        /// How many did.
        cosigned: usize,
    },
}

impl PolicyError {
    /// 2 integrity, 4 quorum.
    pub fn exit_code(self) -> u8 {
        match self {
            PolicyError::Integrity(_) | PolicyError::Retired => 2,
            PolicyError::Quorum { .. } => 4,
        }
    }
}

impl From<CheckpointError> for PolicyError {
    fn from(why: CheckpointError) -> PolicyError {
        PolicyError::Integrity(why)
    }
}

impl Policy {
    /// Whether a listed log signed the checkpoint and the quorum cosigned it.
    ///
    /// Three lines of body, as our own logs write it. Every line in the name of a listed key must
    /// verify (signed-note: a known key's bad signature spoils the note).
    pub fn check(&self, note: &str) -> Result<Accepted, PolicyError> {
        let (accepted, met) = self.look(note)?;
        if !met {
            return Err(PolicyError::Quorum { cosigned: accepted.cosigned_by.len() });
        }
        Ok(accepted)
    }

    /// As [`Policy::check`], and whether the quorum is met: a checkpoint that waits for it is sound.
    pub fn look(&self, note: &str) -> Result<(Accepted, bool), PolicyError> {
        let (checkpoint, parts) = self.check_log(note)?;
        let (cosigned_by, met) = self.count(&parts)?;
        Ok((Accepted { checkpoint, cosigned_by }, met))
    }

    /// The listed witnesses' lines alone, and whether they are a quorum. Who else signed is for the
    /// caller to know.
    pub(crate) fn witnessed(&self, note: &str) -> Result<(Vec<Witnessed>, bool), PolicyError> {
        self.count(&Parts::parse(note).ok_or(CheckpointError::Note)?)
    }

    fn count(&self, parts: &Parts<'_>) -> Result<(Vec<Witnessed>, bool), PolicyError> {
        let mut cosigned_by = Vec::new();
        // Whether each voice has spoken, in order: members come before their group.
        let mut spoke: Vec<bool> = Vec::with_capacity(self.voices.len());
        for voice in &self.voices {
            spoke.push(match &voice.says {
                Says::Witness { key: None, .. } => false,
                Says::Witness { key: Some(key), .. } => match key.time_in(parts)? {
                    None => false,
                    Some(time_s) => {
                        cosigned_by.push(Witnessed { name: key.name().to_owned(), time_s });
                        true
                    }
                },
                Says::Group { threshold, members } => {
                    members.iter().filter(|member| spoke[**member]).count() >= *threshold
                }
            });
        }
        let met = self.quorum.is_none_or(|at| spoke[at]);
        Ok((cosigned_by, met))
    }

    /// Whether this is a listed log's key and may sign a tree of this size.
    pub(crate) fn may_sign(&self, vkey: &str, size: u64) -> bool {
        let log = self.logs.iter().find(|log| log.key.key().vkey() == vkey);
        log.is_some_and(|log| log.size_max.is_none_or(|max| size <= max))
    }

    fn check_log<'a>(&self, note: &'a str) -> Result<(Checkpoint, Parts<'a>), PolicyError> {
        let parts = Parts::parse(note).ok_or(CheckpointError::Note)?;
        let (mut signed, mut in_time) = (Vec::new(), false);
        for log in &self.logs {
            if log.key.signed(&parts)? {
                signed.push(log);
            }
        }
        if signed.is_empty() {
            return Err(CheckpointError::Unsigned.into());
        }
        let checkpoint = Checkpoint::parse(parts.body).ok_or(CheckpointError::Body)?;
        for log in signed {
            if log.key.key().name != checkpoint.origin {
                return Err(CheckpointError::Origin.into());
            }
            in_time |= log.size_max.is_none_or(|max| checkpoint.size <= max);
        }
        if !in_time {
            return Err(PolicyError::Retired);
        }
        Ok((checkpoint, parts))
    }

    /// The listed logs' verifier keys and addresses.
    pub fn logs(&self) -> impl Iterator<Item = (String, Option<&str>)> {
        self.logs.iter().map(|log| (log.key.key().vkey(), log.url.as_deref()))
    }

    /// The listed witnesses' verifier keys and addresses.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.voices.iter().filter_map(|voice| match &voice.says {
            Says::Witness { vkey, url, .. } => Some((vkey.as_str(), url.as_deref())),
            Says::Group { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests;
