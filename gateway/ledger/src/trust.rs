//! Whom a verifier believes, and how old what it is shown may be.
//!
//! Not here: the policy itself (`policy`), and a bundle's way from one key to the next (`verify`).

use crate::checkpoint::{Checkpoint, open_checkpoint};
use crate::policy::{Policy, PolicyError, Witnessed};
use crate::report::{Report, Verdict};

/// A clock may be ahead of ours by this much; what is later says nothing of freshness.
const AHEAD_S_MAX: u64 = 300;

/// Whom the reader trusts.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// The key in the file itself: nothing but that its holder signed. The verdict says so.
    Own,
    /// The log's key alone; cosignatures are not asked for.
    Key(&'a str),
    /// A policy.
    Policy(&'a Policy),
}

/// How old the newest sign of life may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// The reader's time, seconds since 1970.
    pub now_s: u64,
    /// The oldest that still counts as fresh.
    pub age_s_max: u64,
}

/// A checkpoint that is signed by whom it should be.
pub(crate) struct Opened {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) word: Word,
}

/// What the witnesses of the policy say.
pub(crate) struct Word {
    /// Whether the quorum cosigned.
    pub(crate) policy: Verdict,
    pub(crate) cosigned_by: Vec<Witnessed>,
}

impl Word {
    pub(crate) fn none() -> Word {
        let policy = Verdict::NotChecked("not checked".to_owned());
        Word { policy, cosigned_by: Vec::new() }
    }

    fn of(cosigned_by: Vec<Witnessed>, met: bool) -> Word {
        let cosigned = cosigned_by.len();
        let policy = if met {
            Verdict::Holds(format!("ok, cosigned by {cosigned}"))
        } else {
            Verdict::Fails(PolicyError::Quorum { cosigned }.to_string())
        };
        Word { policy, cosigned_by }
    }

    /// Puts the verdicts in. `leaf_time_s` is the newest leaf's: without a cosignature, it counts.
    pub(crate) fn tell(self, freshness: Option<Freshness>, leaf_time_s: i64, report: &mut Report) {
        if let Some(freshness) = freshness {
            let cosigned = self.cosigned_by.iter().map(|witnessed| witnessed.time_s).collect();
            report.fresh = freshness.verdict(cosigned, leaf_time_s);
        }
        report.policy = self.policy;
    }
}

impl<'a> Trust<'a> {
    /// A pinned key if there is one, or the file's own.
    pub fn pinned(vkey: Option<&'a str>) -> Trust<'a> {
        vkey.map_or(Trust::Own, Trust::Key)
    }

    /// The checkpoint of a file; `own` is the key that stands in it, if any does, and must have
    /// signed as well.
    pub(crate) fn open(self, note: &str, own: Option<&str>) -> Result<Opened, String> {
        let of_own = own.map(|vkey| open_checkpoint(note, vkey).map_err(|why| why.to_string()));
        match (self, of_own) {
            (Trust::Own, None) => Err("the file holds no key, and none is pinned".to_owned()),
            (Trust::Key(pinned), Some(_)) if Some(pinned) != own => {
                Err("the file's key is not the pinned key".to_owned())
            }
            (Trust::Own | Trust::Key(_), Some(opened)) => {
                Ok(Opened { checkpoint: opened?, word: Word::none() })
            }
            (Trust::Key(pinned), None) => {
                let checkpoint = open_checkpoint(note, pinned).map_err(|why| why.to_string())?;
                Ok(Opened { checkpoint, word: Word::none() })
            }
            (Trust::Policy(policy), of_own) => {
                of_own.transpose()?;
                let (accepted, met) = policy.look(note).map_err(|why| why.to_string())?;
                let word = Word::of(accepted.cosigned_by, met);
                Ok(Opened { checkpoint: accepted.checkpoint, word })
            }
        }
    }

    /// What the witnesses say of a note whose log key is checked in another way.
    pub(crate) fn word(self, note: &str) -> Result<Word, String> {
        let Trust::Policy(policy) = self else { return Ok(Word::none()) };
        let (cosigned_by, met) = policy.witnessed(note).map_err(|why| why.to_string())?;
        Ok(Word::of(cosigned_by, met))
    }

    /// Whether this key, if it stands in a file, may sign so large a tree.
    pub(crate) fn takes(self, vkey: &str, size: u64) -> bool {
        match self {
            Trust::Own => true,
            Trust::Key(pinned) => pinned == vkey,
            Trust::Policy(policy) => policy.may_sign(vkey, size),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Trust::Own => "key not pinned",
            Trust::Key(_) => "key pinned",
            Trust::Policy(_) => "key of the policy",
        }
    }

    pub(crate) fn holds(self) -> Verdict {
        Verdict::Holds(format!("ok, {}", self.words()))
    }

    pub(crate) fn fails(self, why: String) -> Verdict {
        match self {
            Trust::Own => Verdict::Fails(format!("{why} ({})", self.words())),
            Trust::Key(_) | Trust::Policy(_) => Verdict::Fails(why),
        }
    }
}

impl Freshness {
    fn verdict(self, cosigned_s: Vec<u64>, leaf_time_s: i64) -> Verdict {
        let (what, times_s) = match cosigned_s.is_empty() {
            true => ("leaf", vec![u64::try_from(leaf_time_s).unwrap_or(0)]),
            false => ("cosignature", cosigned_s),
        };
        let latest_s = self.now_s.saturating_add(AHEAD_S_MAX);
        match times_s.into_iter().filter(|time_s| *time_s <= latest_s).max() {
            None => Verdict::Fails(format!("every {what} is later than now")),
            Some(time_s) => {
                let age_s = self.now_s.saturating_sub(time_s);
                if age_s > self.age_s_max {
                    return Verdict::Fails(format!("the newest {what} is {age_s} s old"));
                }
                Verdict::Holds(format!("ok, the newest {what} is {age_s} s old"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
