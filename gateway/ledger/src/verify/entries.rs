//! The openings of a bundle against its leaves, on every core.
//!
//! Threads take the file's pieces in turn, check the lines of a piece each on its own, and hand in
//! what they found in the file's order: so the first problem is the first in the file, however many
//! threads there are. A piece is held by one thread from reading to handing in, which bounds memory.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use super::{Seen, check_hash};
use crate::bundle::LINE_BYTES_MAX;
use crate::chain::{Gap, Step, steps_of};
use crate::complete::{Completeness, ErasedSteps, SHRED, Told, erased_steps};
use crate::entry::Field;
use crate::keys::KeyEvent;
use crate::manifest::ENTRIES;
use crate::opening::OpeningError;
use crate::opening::view::{Shown, View};
use crate::read::Chunks;
use crate::report::Problem;
use crate::scan::Scan;
use crate::tree::Hash;

/// More would wait for the one who reads and hashes the file.
const THREADS_MAX: usize = 8;

/// What the openings amount to.
pub(super) struct Openings {
    /// How many entries are erased, or the first hole.
    pub(super) whole: Result<u64, Problem>,
    /// Every `ledger.key` entry that is shown, ascending.
    pub(super) key_events: Vec<(u64, KeyEvent)>,
}

/// Checks every opening; one that does not match its leaf is a problem of integrity.
pub(super) fn read_entries(
    dir: &Path,
    expected: &Hash,
    commitments: &[Hash],
    seen: &mut Seen,
) -> Result<Openings, Problem> {
    let source = Source { chunks: Chunks::open(dir, ENTRIES)?, hasher: Sha256::new(), turn: 0 };
    let pass = Pass {
        commitments,
        source: Mutex::new(source),
        order: Mutex::new(Order::new(dir)),
        next_turn: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads() {
            scope.spawn(|| pass.work());
        }
        pass.work();
    });
    let (source, order) = (within(pass.source.into_inner()), within(pass.order.into_inner()));
    seen.entries = order.lines;
    if let Some(problem) = order.problem {
        return Err(problem);
    }
    check_hash(ENTRIES, &source.hasher.finalize().into(), expected)?;
    let whole = order.completeness.finish(commitments.len() as u64);
    Ok(Openings { whole, key_events: order.key_events })
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX)
}

/// What the threads share.
struct Pass<'a> {
    commitments: &'a [Hash],
    source: Mutex<Source>,
    order: Mutex<Order<'a>>,
    next_turn: Condvar,
}

struct Source {
    chunks: Chunks,
    hasher: Sha256,
    turn: u64,
}

impl Pass<'_> {
    fn work(&self) {
        let _leaving = Leaving(self);
        let (mut chunk, mut found) = (Vec::new(), Found::default());
        while let Some(turn) = self.next_chunk(&mut chunk, &mut found) {
            found.check(&chunk, self.commitments);
            if !self.hand_in(turn, &found) {
                break;
            }
        }
    }

    /// The next piece's place in the file; `None` after the last.
    fn next_chunk(&self, chunk: &mut Vec<u8>, found: &mut Found) -> Option<u64> {
        let mut source = within(self.source.lock());
        found.clear();
        match source.chunks.next(chunk) {
            Ok(false) => return None,
            Ok(true) => source.hasher.update(&chunk),
            Err(_) => found.fault = Some(Fault::Unreadable),
        }
        source.turn += 1;
        Some(source.turn - 1)
    }

    /// Waits for this piece's turn. False if there is no need to go on.
    fn hand_in(&self, turn: u64, found: &Found) -> bool {
        let mut order = within(self.order.lock());
        while order.turn != turn && !order.over {
            order = within(self.next_turn.wait(order));
        }
        if !order.over {
            order.take(found);
            order.turn += 1;
            self.next_turn.notify_all();
        }
        !order.over
    }
}

fn within<T>(held: Result<T, PoisonError<T>>) -> T {
    match held {
        Ok(held) => held,
        Err(_) => unreachable!("whoever panics while holding this ends the whole verification"),
    }
}

/// Lets nobody wait for a thread that panicked.
struct Leaving<'p, 'a>(&'p Pass<'a>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Ok(mut order) = self.0.order.lock() {
                order.over = true;
            }
            self.0.next_turn.notify_all();
        }
    }
}

/// Why a line is refused.
enum Fault {
    Unreadable,
    LineEnd,
    Opening(OpeningError),
    Beyond(u64),
    Mismatch(u64),
}

impl Fault {
    fn index(&self) -> Option<u64> {
        match self {
            Fault::Beyond(index) | Fault::Mismatch(index) => Some(*index),
            Fault::Unreadable | Fault::LineEnd | Fault::Opening(_) => None,
        }
    }

    fn problem(&self, line: u64) -> Problem {
        match self {
            Fault::Unreadable => Problem::of_bundle(format!("{ENTRIES} cannot be read")),
            Fault::LineEnd => Problem::of_bundle(format!(
                "line {line} of {ENTRIES} is too long or has no line end"
            )),
            Fault::Opening(why) => Problem::of_bundle(format!("line {line} of {ENTRIES}: {why}")),
            Fault::Beyond(index) => {
                Problem::of_entry(*index, "the entry lies beyond the checkpoint")
            }
            Fault::Mismatch(index) => {
                Problem::of_entry(*index, "what is shown is not what was recorded")
            }
        }
    }
}

/// What one piece holds: its good lines, and why the next one is bad.
#[derive(Default)]
struct Found {
    lines: Vec<Line>,
    steps: Vec<Step>,
    fault: Option<Fault>,
    buffer: Vec<u8>,
}

struct Line {
    index: u64,
    /// Where its steps end; they begin where those of the line before end.
    steps_end: usize,
    gap: Option<Gap>,
    event: Option<Event>,
}

/// What an entry about the log itself says, or why that cannot be read.
enum Event {
    Key(Result<KeyEvent, &'static str>),
    Shred(Result<ErasedSteps, Gap>),
}

impl Found {
    fn clear(&mut self) {
        self.lines.clear();
        self.steps.clear();
        self.fault = None;
    }

    /// Checks line after line until one is bad.
    fn check(&mut self, chunk: &[u8], commitments: &[Hash]) {
        let text = match std::str::from_utf8(chunk) {
            Ok(text) => text,
            // The line with the first byte that is no text is the first that cannot be read.
            Err(why) => std::str::from_utf8(&chunk[..why.valid_up_to()]).unwrap_or_default(),
        };
        let mut at = 0;
        while self.fault.is_none() && at < chunk.len() {
            let line = text.get(at..).unwrap_or_default();
            match self.check_line(line, commitments) {
                Ok(bytes) => at += bytes,
                Err(Fault::Opening(_)) if !ends_in_time(&chunk[at..]) => {
                    self.fault = Some(Fault::LineEnd);
                }
                Err(fault) => self.fault = Some(fault),
            }
        }
    }

    /// Checks the first line of a text and gives its length with the line end.
    fn check_line(&mut self, text: &str, commitments: &[Hash]) -> Result<usize, Fault> {
        let mut scan = Scan::new(text);
        self.buffer.clear();
        let view = View::read(&mut scan, &mut self.buffer).map_err(Fault::Opening)?;
        scan.expect(b"\n").ok_or(Fault::Opening(OpeningError::NotCanonical))?;
        if scan.position() > LINE_BYTES_MAX + 1 {
            return Err(Fault::LineEnd);
        }
        let index = view.index;
        let commitment = usize::try_from(index).ok().and_then(|at| commitments.get(at));
        let shown = Shown { view: &view, text: text.as_bytes(), buffer: &self.buffer };
        if shown.commitment() != *commitment.ok_or(Fault::Beyond(index))? {
            return Err(Fault::Mismatch(index));
        }
        let gap = steps_of(shown, &mut self.steps).err();
        let (steps_end, event) = (self.steps.len(), event_of(shown));
        self.lines.push(Line { index, steps_end, gap, event });
        Ok(scan.position())
    }
}

/// Whether a line that is no opening is at least a line.
fn ends_in_time(rest: &[u8]) -> bool {
    rest.iter().take(LINE_BYTES_MAX + 1).any(|byte| *byte == b'\n')
}

fn event_of(shown: Shown<'_>) -> Option<Event> {
    match shown.value(Field::Kind)? {
        kind if kind == SHRED => Some(Event::Shred(erased_steps(shown))),
        b"ledger.key" => Some(Event::Key(key_event(shown))),
        _ => None,
    }
}

fn key_event(shown: Shown<'_>) -> Result<KeyEvent, &'static str> {
    let payload = shown.value(Field::Payload).ok_or("`payload` is not shown")?;
    KeyEvent::from_payload(payload).map_err(|_| "`payload` is not a key event")
}

/// What is known of the file up to the piece whose turn it is.
struct Order<'a> {
    turn: u64,
    lines: u64,
    next_index: u64,
    completeness: Completeness<'a>,
    key_events: Vec<(u64, KeyEvent)>,
    problem: Option<Problem>,
    over: bool,
}

impl<'a> Order<'a> {
    fn new(dir: &'a Path) -> Order<'a> {
        Order {
            turn: 0,
            lines: 0,
            next_index: 0,
            completeness: Completeness::new(dir),
            key_events: Vec::new(),
            problem: None,
            over: false,
        }
    }

    fn take(&mut self, found: &Found) {
        self.problem = self.step(found).err();
        self.over = self.problem.is_some();
    }

    fn step(&mut self, found: &Found) -> Result<(), Problem> {
        let mut steps_start = 0;
        for line in &found.lines {
            self.check_ascending(line.index)?;
            let steps = &found.steps[steps_start..line.steps_end];
            steps_start = line.steps_end;
            let erased = match &line.event {
                Some(Event::Shred(erased)) => Some(erased),
                Some(Event::Key(Ok(event))) => {
                    self.key_events.push((line.index, event.clone()));
                    None
                }
                Some(Event::Key(Err(why))) => return Err(Problem::of_entry(line.index, why)),
                None => None,
            };
            self.completeness.take(&Told { index: line.index, steps, gap: line.gap, erased });
            self.next_index = line.index + 1;
            self.lines += 1;
        }
        let Some(fault) = &found.fault else { return Ok(()) };
        fault.index().map_or(Ok(()), |index| self.check_ascending(index))?;
        Err(fault.problem(self.lines))
    }

    fn check_ascending(&self, index: u64) -> Result<(), Problem> {
        let ascending = (index >= self.next_index).then_some(());
        ascending.ok_or_else(|| Problem::of_entry(index, "shown twice or out of order"))
    }
}
