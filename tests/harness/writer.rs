//! A process that writes to a log (`store-writer`), what it was heard to say, and whether a log it
//! left holds to that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use loopgate_store::{FileLog, KeyName, KeyRow, Log, LogKeys};

/// The process.
pub struct Writer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Writer {
    /// Starts it on a log, with these variables set; it has opened the log when this returns.
    pub fn start(log: &Path, run: u64, variables: &[(&str, &Path)]) -> Writer {
        let mut child = Command::new(env!("CARGO_BIN_EXE_store-writer"))
            .arg(log)
            .arg(run.to_string())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with("open "), "{line:?}");
        Writer { child, input, output }
    }

    /// Tells it to do so many things more.
    pub fn tell(&mut self, things: usize) {
        self.input.write_all("\n".repeat(things).as_bytes()).unwrap();
    }

    /// The next line it says; none when it has ended.
    pub fn hear(&mut self, heard: &mut Heard) -> Option<()> {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        heard.note(line.strip_suffix('\n')?);
        Some(())
    }

    /// Kills it, and hears what it had said before.
    pub fn kill(mut self, heard: &mut Heard) {
        self.child.kill().unwrap();
        while self.hear(heard).is_some() {}
        self.child.wait().unwrap();
    }
}

/// What was said before and after.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Ids that were begun, and at which sequence number.
    begun: BTreeMap<u64, u64>,
    /// Ids that were acknowledged, and at which leaf.
    appended: BTreeMap<u64, u64>,
    refused: BTreeSet<u64>,
    /// The KEK epoch that all keys are at least in, and the one that was begun.
    rewrapped: (u32, u32),
}

impl Heard {
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |n: usize| words[n].parse::<u64>().unwrap();
        match words[0] {
            "append" => drop(self.begun.insert(number(1), number(2))),
            "appended" => drop(self.appended.insert(number(1), number(2))),
            "refuse" => drop(self.refused.insert(number(1))),
            "rewrap" => self.rewrapped.1 = number(1) as u32,
            "rewrapped" => self.rewrapped.0 = number(1) as u32,
            _ => assert_eq!(words[0], "refused"),
        }
    }

    /// The same, when any of what was begun later may have been begun, too.
    pub fn allowing(mut self, later: &Heard) -> Heard {
        self.begun.clone_from(&later.begun);
        self.rewrapped.1 = later.rewrapped.1;
        self
    }

    /// How many appends were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.appended.len()
    }

    /// How many appends were begun and not acknowledged.
    pub fn unanswered(&self) -> usize {
        self.begun.len() - self.appended.len()
    }
}

/// What a log holds: for each frame its id, sequence number and first leaf.
#[derive(Debug, Default)]
pub struct Held {
    ids: BTreeMap<u64, (u64, u64)>,
    next: (u64, u64),
}

impl Held {
    /// Reads what came since; what was there before has to be there still, and is not read again.
    pub fn read(&mut self, log: &FileLog) -> Result<(), String> {
        let (mut sequence, mut leaves) = self.next;
        while let Some(stored) = log.read(sequence).map_err(|outage| outage.to_string())? {
            let frame = stored.frame;
            if frame.first_leaf != leaves {
                return Err(format!("frame {sequence} does not continue the leaves"));
            }
            let mut ids = frame.entries.iter().map(|entry| entry.body[..8].try_into().unwrap());
            let id = u64::from_be_bytes(ids.next().unwrap());
            if ids.any(|other| u64::from_be_bytes(other) != id) {
                return Err(format!("frame {sequence} is not one frame"));
            }
            if self.ids.insert(id, (sequence, leaves)).is_some() {
                return Err(format!("{id:#x} is there twice"));
            }
            let (name, _) = frame.keys[0];
            if log.key(&name).map_err(|outage| outage.to_string())?.is_none() {
                return Err(format!("frame {sequence} is there without its key"));
            }
            sequence += 1;
            leaves += frame.entries.len() as u64;
        }
        self.next = (sequence, leaves);
        let head = log.head();
        if (head.next, head.leaves) != self.next {
            return Err(format!("the head says {head:?}, and it is {:?}", self.next));
        }
        Ok(())
    }

    /// Acknowledged: there, at its leaf. Begun: there once at most. Refused: not there. Nothing else.
    pub fn check(&self, heard: &Heard, log: &FileLog) -> Result<(), String> {
        for (id, leaf) in &heard.appended {
            let found = self.ids.get(id).ok_or_else(|| format!("{id:#x} is lost"))?;
            if *found != (heard.begun[id], *leaf) {
                return Err(format!("{id:#x} is at {found:?}"));
            }
        }
        for (id, (sequence, _)) in &self.ids {
            if heard.begun.get(id) != Some(sequence) || heard.refused.contains(id) {
                return Err(format!("{id:#x} should not be there"));
            }
        }
        let (least, most) = heard.rewrapped;
        for key in 0..20 {
            let row = log.key(&KeyName::new([key; 16])).map_err(|outage| outage.to_string())?;
            let epoch = match row {
                Some(KeyRow::Wrapped(wrapped)) => wrapped.epoch().unwrap_or(0),
                _ => 0,
            };
            if !(least..=most.max(least)).contains(&epoch) {
                return Err(format!("key {key} is in epoch {epoch}, not {least} to {most}"));
            }
        }
        Ok(())
    }
}
