//! A mappings folder, checked as a whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::acts::Acts;
use crate::builtin;
use crate::codes::Codes;
use crate::file::{self, Around, Blocks};
use crate::folder::{self, FILE_BYTES_MAX};
use crate::mapping::{Mapping, STATES_FILE};
use crate::problem::Problem;
use crate::repeats::Repeats;
use crate::states::States;
use crate::template::Template;

/// The file that says which FHIR elements repeat.
const REPEATS_FILE: &str = "fhir-repeats.toml";

/// Every mapping and template of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    mappings: BTreeMap<String, Mapping>,
    templates: BTreeMap<String, Template>,
    states: States,
}

impl Library {
    /// Read and check a folder. Every problem of every file is reported at once.
    pub fn load(dir: &Path) -> Result<Library, Vec<Problem>> {
        Library::from_files(folder::read(dir)?)
    }

    /// Check files given as path below the mappings folder, with `/`, and text.
    ///
    /// Paths that do not end in `.toml` and samples are passed over.
    pub fn from_files<P, T>(
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Result<Library, Vec<Problem>>
    where
        P: Into<String>,
        T: Into<String>,
    {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into()));
        let mut check = Check::default();
        let mut later = Vec::new();
        let mut shared = BTreeMap::new();
        for (path, text) in files {
            if matches!(kind(&path), Kind::Repeats | Kind::Codes(_) | Kind::States) {
                shared.insert(path.clone(), Sha256::digest(&text));
            }
            match kind(&path) {
                Kind::Ignored => {}
                _ if text.len() > FILE_BYTES_MAX => {
                    let what = format!("is longer than {FILE_BYTES_MAX} bytes");
                    check.problems.push(Problem { file: path, line: None, what });
                }
                Kind::Repeats => check.repeats(&path, &text),
                Kind::Codes(name) => check.codes(&path, name, &text),
                Kind::Template(id) => check.template(&path, id, &text),
                Kind::States => check.states(&path, &text),
                Kind::Block(name) => {
                    check.blocks.insert(name.to_owned(), (path.clone(), text));
                }
                Kind::Mapping(_) => later.push((path, text)),
                Kind::Misplaced => {
                    let what = "is not a mapping (FOLDER/NAME.toml), a template or a value table"
                        .to_owned();
                    check.problems.push(Problem { file: path, line: None, what });
                }
            }
        }
        check.mappings(&later);
        let mut library = check.close()?;
        // What the value tables and the list of repeating elements say is part of what a mapping
        // does.
        for mapping in library.mappings.values_mut() {
            let mut digest = Sha256::new_with_prefix(mapping.digest);
            shared.values().for_each(|file| digest.update(file));
            mapping.digest = digest.finalize().into();
        }
        Ok(library)
    }

    /// The library that comes with the program.
    pub fn builtin() -> Library {
        match Library::from_files(builtin::FILES) {
            Ok(library) => library,
            Err(problems) => unreachable!("the built-in mappings load: {problems:?}"),
        }
    }

    /// The files of the built-in library: path below the mappings folder, and text.
    pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
        builtin::FILES.into_iter()
    }

    /// The mapping `dialect/message`.
    pub fn mapping(&self, name: &str) -> Option<&Mapping> {
        self.mappings.get(name)
    }

    /// The JSON dialects in which a referral can be said, by name: folders with a `referral.toml`.
    pub fn dialects(&self) -> impl Iterator<Item = &str> {
        let json = self.mappings.values().filter(|mapping| mapping.is_json());
        json.filter_map(|mapping| mapping.name().strip_suffix("/referral"))
    }

    /// The mapping of the documents that a dialect's partners bring to this door.
    pub fn for_door(&self, dialect: &str, door: &str) -> Option<&Mapping> {
        self.mappings.values().find(|mapping| mapping.is_at(dialect, door))
    }

    /// The mapping for HL7 v2 messages of this code and event (MSH-9.1, MSH-9.2).
    pub fn for_message(&self, code: &str, event: &str) -> Option<&Mapping> {
        self.mappings.values().find(|mapping| mapping.is_for(code, event))
    }

    /// The state table of HL7 v2; empty, if the folder has none.
    pub fn states(&self) -> &States {
        &self.states
    }

    /// Every mapping, by name.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.mappings.values()
    }

    /// The minimum-necessary template of a kind of need.
    pub fn template(&self, id: &str) -> Option<&Template> {
        self.templates.get(id)
    }

    /// Every template, by id.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }
}

/// What a path holds.
enum Kind<'a> {
    Repeats,
    States,
    Codes(&'a str),
    Template(&'a str),
    Mapping(&'a str),
    Block(&'a str),
    Misplaced,
    Ignored,
}

fn kind(path: &str) -> Kind<'_> {
    let Some(stem) = path.strip_suffix(".toml") else {
        return Kind::Ignored;
    };
    let parts: Vec<&str> = stem.split('/').collect();
    match parts.as_slice() {
        [_, "samples", ..] => Kind::Ignored,
        _ if path == REPEATS_FILE => Kind::Repeats,
        _ if path == STATES_FILE => Kind::States,
        ["codes", _, ..] => Kind::Codes(&stem["codes/".len()..]),
        ["templates", id] => Kind::Template(id),
        ["templates", ..] => Kind::Misplaced,
        [_, "segments", _] => Kind::Block(stem),
        [_, _] => Kind::Mapping(stem),
        _ => Kind::Misplaced,
    }
}

/// What was found so far.
#[derive(Default)]
struct Check {
    repeats: Option<Repeats>,
    repeats_seen: bool,
    codes: BTreeMap<String, Option<Arc<Codes>>>,
    mappings: BTreeMap<String, Mapping>,
    blocks: Blocks,
    templates: BTreeMap<String, Template>,
    states: States,
    problems: Vec<Problem>,
}

impl Check {
    fn repeats(&mut self, path: &str, text: &str) {
        self.repeats_seen = true;
        self.repeats = self.keep(Repeats::parse(path, text));
    }

    fn codes(&mut self, path: &str, name: &str, text: &str) {
        let codes = self.keep(Codes::parse(path, text)).map(Arc::new);
        self.codes.insert(name.to_owned(), codes);
    }

    fn states(&mut self, path: &str, text: &str) {
        self.states = self.keep(States::parse(path, text)).unwrap_or_default();
    }

    fn template(&mut self, path: &str, id: &str, text: &str) {
        let template = self.keep(Template::parse(path, id, text));
        self.templates.extend(template.map(|template| (id.to_owned(), template)));
    }

    /// Mappings come last: they name value tables, and go through the table of elements.
    fn mappings(&mut self, files: &[(String, String)]) {
        let Some(repeats) = self.repeats.take() else {
            if !self.repeats_seen {
                let what = "is missing".to_owned();
                self.problems.push(Problem { file: REPEATS_FILE.to_owned(), line: None, what });
            }
            return;
        };
        for (path, text) in files {
            let Kind::Mapping(name) = kind(path) else { continue };
            let around = Around { repeats: &repeats, codes: &self.codes, blocks: &self.blocks };
            let mapping = file::parse(path, name, text, around);
            let mapping = self.keep(mapping);
            self.mappings.extend(mapping.map(|mapping| (name.to_owned(), mapping)));
        }
        self.one_for_each();
    }

    /// No two mappings are for the same message, or at the same door.
    fn one_for_each(&mut self) {
        let mut doors: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for mapping in self.mappings.values() {
            let dialect = mapping.name.split('/').next().unwrap_or_default();
            let Some(door) = mapping.acts().and_then(Acts::door) else { continue };
            if let Some(other) = doors.insert((dialect, door), &mapping.name) {
                let what = format!("door {door} is of {other} too");
                let file = format!("{}.toml", mapping.name);
                self.problems.push(Problem { file, line: None, what });
            }
        }
        let mut seen: BTreeMap<&(String, String), &str> = BTreeMap::new();
        for mapping in self.mappings.values() {
            for kind in &mapping.types {
                if let Some(other) = seen.insert(kind, &mapping.name) {
                    let what = format!("{}^{} is a message of {other} too", kind.0, kind.1);
                    let file = format!("{}.toml", mapping.name);
                    self.problems.push(Problem { file, line: None, what });
                }
            }
        }
    }

    fn keep<T>(&mut self, parsed: Result<T, Vec<Problem>>) -> Option<T> {
        parsed.map_err(|problems| self.problems.extend(problems)).ok()
    }

    fn close(mut self) -> Result<Library, Vec<Problem>> {
        if self.problems.is_empty() {
            let Check { mappings, templates, states, .. } = self;
            return Ok(Library { mappings, templates, states });
        }
        self.problems.sort();
        Err(self.problems)
    }
}
