//! Writes to a log as fast as it is told to, for stories in which it is killed or loses its power.
//!
//! `store-writer LOG RUN`: opens the log in this folder and says `open NEXT EPOCH`. Then, for each line
//! of standard input, it does one thing and says two lines, before and after:
//! `append ID SEQUENCE` and `appended ID INDEX`; `refuse ID` and `refused ID` (an append that conflicts);
//! `rewrap EPOCH` and `rewrapped EPOCH` (a few keys under the next KEK epoch). An id is of this run and
//! in its frame's body.
#![allow(clippy::print_stdout)]

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use loopgate_store::{
    Appended, EntryRecord, FileLog, Frame, KeyName, KeyRow, Log, LogKeys, WrappedKey,
};

/// How many keys are wrapped anew together.
const KEYS: u8 = 20;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map(PathBuf::from).ok_or_else(|| anyhow::anyhow!("no folder"))?;
    let run: u64 = args.next().ok_or_else(|| anyhow::anyhow!("no run"))?.parse()?;
    let mut log = FileLog::open(&dir, None)?;
    let epoch = log.take_over()?;
    say(&format!("open {} {}", log.head().next, epoch.0))?;
    for (n, _) in (0u64..).zip(io::stdin().lock().lines().map_while(Result::ok)) {
        let id = run << 32 | n;
        let head = log.head();
        match n % 8 {
            7 => {
                let next = kek_epoch(&log)? + 1;
                say(&format!("rewrap {next}"))?;
                log.rewrap(epoch, (0..KEYS).map(|key| (name(key), wrap(next))).collect())?;
                say(&format!("rewrapped {next}"))?;
            }
            3 => {
                say(&format!("refuse {id}"))?;
                let frame = frame(id, head.next, head.leaves);
                match log.append(epoch, &frame, head.next + 1)? {
                    Appended::Conflict { .. } => say(&format!("refused {id}"))?,
                    other => anyhow::bail!("{other:?}"),
                }
            }
            _ => {
                say(&format!("append {id} {}", head.next))?;
                let frame = frame(id, head.next, head.leaves);
                match log.append(epoch, &frame, head.next)? {
                    Appended::Committed(proofs) => {
                        let index = proofs.first().map_or(0, |proof| proof.leaf_index());
                        say(&format!("appended {id} {index}"))?;
                    }
                    other => anyhow::bail!("{other:?}"),
                }
            }
        }
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

/// One to three entries, from some bytes to some tens of thousands, each naming the id.
fn frame(id: u64, sequence: u64, first_leaf: u64) -> Frame {
    let entry = |n: u64| EntryRecord {
        leaf: format!("leaf {} of {id}", first_leaf + n).into_bytes(),
        key: KeyName::TENANT,
        seed: vec![1; 60],
        body: [&id.to_be_bytes()[..], &vec![n as u8; (id * 7919 % 20_011) as usize]].concat(),
        files: Vec::new(),
        payload: None,
    };
    let mut key = [9; 16];
    key[..8].copy_from_slice(&id.to_be_bytes());
    let KeyRow::Wrapped(wrapped) = wrap(0) else { unreachable!("it was just made") };
    Frame {
        sequence,
        first_leaf,
        at_ms: 0,
        entries: (0..=id % 3).map(entry).collect(),
        keys: vec![(KeyName::new(key), wrapped)],
    }
}

fn name(key: u8) -> KeyName {
    KeyName::new([key; 16])
}

fn wrap(epoch: u32) -> KeyRow {
    KeyRow::Wrapped(WrappedKey::new([&epoch.to_be_bytes()[..], &[7; 60]].concat()))
}

/// The epoch that all keys are at least in.
fn kek_epoch(log: &FileLog) -> anyhow::Result<u32> {
    let rows = (0..KEYS).map(|key| log.key(&name(key))).collect::<Result<Vec<_>, _>>()?;
    let epoch = |row: Option<KeyRow>| match row {
        Some(KeyRow::Wrapped(wrapped)) => wrapped.epoch().unwrap_or(0),
        _ => 0,
    };
    Ok(rows.into_iter().map(epoch).min().unwrap_or(0))
}
