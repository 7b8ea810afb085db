//! Is everything shown? Follows the chains over the openings of a bundle, and over the entries
//! that are erased, with the links a later `key.shred` entry lists for them.
//!
//! Openings come in index order and once. An erased entry is listed only further on: at the first
//! index that is not shown, the rest of the file is searched for lists, by one look at the start of
//! each line. What that finds counts only once the same list has come by in order, checked.

use std::collections::HashMap;
use std::path::Path;

use crate::chain::{CHAINED, Chains, Gap, Step};
use crate::entry::Field;
use crate::index::{ERASED_KIND, Erased};
use crate::manifest::ENTRIES;
use crate::opening::view::{Shown, View};
use crate::read::Chunks;
use crate::report::Problem;
use crate::scan::Scan;

/// The kind of an entry that lists erased ones.
pub(crate) const SHRED: &[u8] = ERASED_KIND.as_bytes();

/// The entries that one `key.shred` entry lists, and the steps of each.
pub(crate) type ErasedSteps = Vec<(u64, Vec<Step>)>;

/// What completeness needs of one checked opening.
pub(crate) struct Told<'a> {
    pub(crate) index: u64,
    pub(crate) steps: &'a [Step],
    pub(crate) gap: Option<Gap>,
    /// The list of a `key.shred` entry.
    pub(crate) erased: Option<&'a Result<ErasedSteps, Gap>>,
}

/// Follows every chain to the end, or to the first reason why the list is not whole.
pub(crate) struct Completeness<'a> {
    dir: &'a Path,
    chains: Chains,
    next_index: u64,
    ahead: Option<Ahead>,
    first_problem: Option<Problem>,
}

impl<'a> Completeness<'a> {
    /// Over the bundle in this directory.
    pub(crate) fn new(dir: &'a Path) -> Completeness<'a> {
        let chains = Chains::default();
        Completeness { dir, chains, next_index: 0, ahead: None, first_problem: None }
    }

    /// Takes the next opening. After the first problem nothing more is looked at.
    pub(crate) fn take(&mut self, told: &Told<'_>) {
        if self.first_problem.is_none() {
            self.first_problem = self.step(told).err();
        }
    }

    /// How many entries are erased; or the first reason why the list cannot be called whole,
    /// given the log's size.
    pub(crate) fn finish(mut self, size: u64) -> Result<u64, Problem> {
        if let Some(problem) = self.first_problem {
            return Err(problem);
        }
        self.pass_erased(size)?;
        let Some(ahead) = self.ahead else { return Ok(0) };
        let erased = ahead.lists.len() as u64;
        if ahead.confirmed == erased { Ok(erased) } else { Err(changed()) }
    }

    fn step(&mut self, told: &Told<'_>) -> Result<(), Problem> {
        self.pass_erased(told.index)?;
        if self.ahead.as_ref().is_some_and(|ahead| ahead.lists.contains_key(&told.index)) {
            return Err(shown_and_erased(told.index));
        }
        self.chains.follow(told.index, told.steps)?;
        if let Some(gap) = told.gap {
            return Err(gap.problem(told.index));
        }
        self.next_index = told.index + 1;
        match told.erased {
            Some(Ok(list)) => self.confirm(told.index, list),
            Some(Err(gap)) => Err(gap.problem(told.index)),
            None => Ok(()),
        }
    }

    /// Goes on to this index over entries that are erased.
    fn pass_erased(&mut self, index: u64) -> Result<(), Problem> {
        while self.next_index < index {
            let at = self.next_index;
            let ahead = match self.ahead.take() {
                Some(ahead) => ahead,
                None => Ahead::search(self.dir, at)?,
            };
            let list = self.ahead.insert(ahead).lists.get(&at);
            let (_, steps) = list.filter(|(by, _)| *by > at).ok_or_else(|| not_shown(at))?;
            self.chains.follow(at, steps)?;
            self.next_index += 1;
        }
        Ok(())
    }

    /// Holds a list against what was found ahead: each listed entry once, before, and not shown.
    fn confirm(&mut self, by: u64, list: &ErasedSteps) -> Result<(), Problem> {
        for (index, steps) in list {
            if *index >= by {
                let why = "lists an entry that is not before it";
                return Err(Problem::of_entry(by, why));
            }
            // Up to the place where the search began, every entry is shown.
            let ahead = self.ahead.as_mut().filter(|ahead| ahead.from <= *index);
            let ahead = ahead.ok_or_else(|| shown_and_erased(*index))?;
            match ahead.lists.get(index) {
                Some((first, listed)) if *first == by && listed == steps => ahead.confirmed += 1,
                Some((first, _)) if *first < by => {
                    return Err(Problem::of_entry(*index, "listed twice as erased"));
                }
                _ => return Err(changed()),
            }
        }
        Ok(())
    }
}

fn not_shown(index: u64) -> Problem {
    Problem { text: format!("entry {index} is not shown"), entry: Some(index) }
}

fn shown_and_erased(index: u64) -> Problem {
    Problem::of_entry(index, "both shown and listed as erased")
}

fn changed() -> Problem {
    Problem::of_bundle(format!("{ENTRIES} changed while it was read"))
}

/// The lists of a whole file, before they are checked.
struct Ahead {
    /// The first index that is not shown.
    from: u64,
    /// By erased entry: the `key.shred` entry that is the first to list it, and its steps.
    lists: HashMap<u64, (u64, Vec<Step>)>,
    confirmed: u64,
}

impl Ahead {
    fn search(dir: &Path, from: u64) -> Result<Ahead, Problem> {
        let mut ahead = Ahead { from, lists: HashMap::new(), confirmed: 0 };
        let (mut chunks, mut chunk) = (Chunks::open(dir, ENTRIES)?, Vec::new());
        let unreadable = |_| Problem::of_bundle(format!("{ENTRIES} cannot be read"));
        while chunks.next(&mut chunk).map_err(unreadable)? {
            // Text that cannot be read is found by who checks every line.
            let text = std::str::from_utf8(&chunk).unwrap_or_default();
            text.split_terminator('\n').filter(|line| shows_shred(line)).for_each(|line| {
                ahead.add(line);
            });
        }
        Ok(ahead)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut buffer = Vec::new();
        let view = View::read(&mut Scan::new(line), &mut buffer).ok()?;
        let shown = Shown { view: &view, text: line.as_bytes(), buffer: &buffer };
        for (index, steps) in erased_steps(shown).ok()? {
            self.lists.entry(index).or_insert((view.index, steps));
        }
        Some(())
    }
}

/// Whether a line shows the kind `key.shred`: it is the first field, and its key has 64 digits.
fn shows_shred(line: &str) -> bool {
    let rest = line.strip_prefix(r#"{"f":[{"k":""#).and_then(|rest| rest.get(64..));
    rest.is_some_and(|rest| rest.starts_with(r#"","n":"kind","v":"key.shred"}"#))
}

/// The list of a `key.shred` entry.
pub(crate) fn erased_steps(shown: Shown<'_>) -> Result<ErasedSteps, Gap> {
    let gap = |why| Gap::new(Field::Payload, why);
    let payload = shown.value(Field::Payload).ok_or_else(|| gap("is not shown"))?;
    let erased = Erased::from_value(payload);
    let erased = erased.map_err(|_| gap("is not a list of erased entries"))?;
    let steps = erased.entries.iter().map(|entry| {
        let of_field =
            |field: Field| entry.links(field).iter().map(move |link| Step::of_link(field, link));
        (entry.index, CHAINED.into_iter().flat_map(of_field).collect())
    });
    Ok(steps.collect())
}

#[cfg(test)]
mod tests;
