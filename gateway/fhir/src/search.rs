//! Searching (R4 search.html; the parameters are those of `served.rs`). A parameter we do not know
//! is refused: to leave it out would answer another question, and show more than was asked for. Who
//! asks for it (`Prefer: handling=lenient`) is told what was left out.
//!
//! Nothing here counts: a total would tell of what consent hides. Refused by their names: chains,
//! `_has`, `_filter`, `_text`, `_content`, `_list`, `_query`, `_summary=count`, `_total`, and
//! `_include` of `*` or `:iterate`.

mod criterion;
mod date;
mod element;
mod include;
mod reference;
mod shape;
mod sort;
mod split;
mod summary;
mod terms;
mod text;
mod token;
mod uri;

use loopgate_referral::Timestamp;

pub use include::{Include, include_references};
pub use shape::{Shape, shaped};
pub use sort::{SortKey, compare};
pub use terms::{Term, index_terms};

use crate::fault::Faults;
use crate::{Fault, IssueCode, Json, Served};
use criterion::Criterion;

/// Parameters of one search.
const PARTS_MAX: usize = 100;
/// Alternatives of one parameter.
const VALUES_MAX: usize = 100;
/// One value, all its alternatives.
const VALUE_BYTES_MAX: usize = 8192;

/// What becomes of a parameter that we do not know (R4 search.html#errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// The search is refused.
    Strict,
    /// It is left out, and the answer says so. A modifier, a value or a result parameter that
    /// would change what is shown is refused all the same.
    Lenient,
}

/// A search of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    served: &'static Served,
    base: String,
    criteria: Vec<Criterion>,
    count: Option<usize>,
    cursor: Option<String>,
    sort: Vec<SortKey>,
    includes: Vec<Include>,
    rev_includes: Vec<Include>,
    shape: Shape,
    ignored: Vec<Fault>,
    pairs: Vec<(String, String)>,
}

impl Search {
    /// The longest page.
    pub const COUNT_MAX: usize = 100;
    /// The page of a search that does not say.
    pub const COUNT_DEFAULT: usize = 50;

    /// Reads the decoded pairs of a query or form; `base` is the base URL of this server. A pair
    /// with neither name nor value is none.
    pub fn parse(
        served: &'static Served,
        pairs: &[(String, String)],
        base: &str,
        handling: Handling,
    ) -> Result<Search, Vec<Fault>> {
        let mut faults = Faults::default();
        let mut search = Search {
            served,
            base: base.trim_end_matches('/').to_owned(),
            criteria: Vec::new(),
            count: None,
            cursor: None,
            sort: Vec::new(),
            includes: Vec::new(),
            rev_includes: Vec::new(),
            shape: Shape::Full,
            ignored: Vec::new(),
            pairs: Vec::new(),
        };
        if pairs.len() > PARTS_MAX {
            faults.push(Fault::new(IssueCode::TooCostly, "", "has too many search parameters"));
            return faults.or(None);
        }
        for (name, value) in pairs {
            match search.add(name, value) {
                Ok(()) if name == "_cursor" => {}
                Ok(()) => search.pairs.push((name.clone(), value.clone())),
                Err(Refused::Unknown(fault)) if handling == Handling::Lenient => {
                    search.ignored.push(fault);
                }
                Err(Refused::Unknown(fault) | Refused::Fault(fault)) => faults.push(fault),
            }
        }
        if search.shape == Shape::Text
            && !(search.includes.is_empty() && search.rev_includes.is_empty())
        {
            // R4 search.html#summary: they "cannot be mixed".
            let words = "search parameter _summary=text allows neither _include nor _revinclude";
            faults.push(Fault::new(IssueCode::Value, "", words));
        }
        faults.or(Some(search))
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        if value.len() > VALUE_BYTES_MAX {
            let words = "a search parameter is too long";
            return Err(Refused::Fault(Fault::new(IssueCode::TooLong, "", words)));
        }
        match name {
            "_count" => {
                let count = count(value)?;
                once(self.count.replace(count).is_none(), name)?;
            }
            "_cursor" => {
                let ok = (1..=512).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=~".contains(&b));
                once(ok && self.cursor.is_none(), name)?;
                self.cursor = Some(value.to_owned());
            }
            "_sort" => {
                once(self.sort.is_empty(), name)?;
                self.sort = self.sort_keys(value)?;
            }
            "_summary" => {
                if value == "count" {
                    return Err(Refused::words(
                        "_summary=count is not supported: nothing is counted",
                    ));
                }
                let shape = Shape::of_summary(value).ok_or_else(|| unreadable(name))?;
                if shape != Shape::Full {
                    once(self.shape == Shape::Full, name)?;
                    self.shape = shape;
                }
            }
            "_elements" => {
                let shape = self.shape.with_elements(value).ok_or_else(|| unreadable(name))?;
                self.shape = shape;
            }
            "_include" => {
                let include = Include::parse(value, self.served.includes, &self.base)
                    .ok_or_else(|| Refused::unknown("a value of _include is not supported"))?;
                push_once(&mut self.includes, include);
            }
            "_revinclude" => {
                let include = Include::parse(value, self.served.rev_includes, &self.base)
                    .ok_or_else(|| Refused::unknown("a value of _revinclude is not supported"))?;
                push_once(&mut self.rev_includes, include);
            }
            "_format" if is_json(value) => {}
            "_format" => return Err(Refused::words("the _format is not supported; json is")),
            "_pretty" if matches!(value, "true" | "false") => {}
            "_pretty" => return Err(unreadable(name).into()),
            "_total" if value == "none" => {}
            "_total" => return Err(Refused::words("a _total other than none is not supported")),
            "_contained" if value == "false" => {}
            "_contained" => {
                return Err(Refused::words("a _contained other than false is not supported"));
            }
            name if self.served.param(name.split(':').next().unwrap_or_default()).is_some() => {
                let criterion = Criterion::parse(self.served, name, value, &self.base)?;
                self.criteria.push(criterion);
            }
            // "Server SHALL reject any search request that contains a modifier that the server
            // does not support" (R4 search.html#modifiers): lenient or not.
            "_include:iterate"
            | "_include:recurse"
            | "_revinclude:iterate"
            | "_revinclude:recurse" => return Err(unsupported_name(name).into()),
            name => return Err(Refused::Unknown(unsupported_name(name))),
        }
        Ok(())
    }

    fn sort_keys(&self, value: &str) -> Result<Vec<SortKey>, Refused> {
        let keys: Vec<&str> = value.split(',').collect();
        if keys.len() > VALUES_MAX {
            let words = "search parameter _sort has too many values";
            return Err(Refused::Fault(Fault::new(IssueCode::TooCostly, "", words)));
        }
        let keys = keys.into_iter().map(|key| SortKey::parse(self.served, key));
        let keys: Option<Vec<SortKey>> = keys.collect();
        keys.ok_or_else(|| Refused::unknown("a value of _sort is not supported"))
    }

    /// The type that is searched.
    pub fn served(&self) -> &'static Served {
        self.served
    }

    /// Whether it asks for all there is: parameters that shape a page are no criteria.
    pub fn is_of_all(&self) -> bool {
        self.criteria.is_empty()
    }

    /// Whether every criterion holds of a resource of the type, as the caller may read it.
    pub fn matches(&self, resource: &Json) -> bool {
        self.criteria.iter().all(|one| one.matches(self.served, &self.base, resource))
    }

    /// The longest page, `1..=COUNT_MAX`.
    pub fn count(&self) -> usize {
        self.count.unwrap_or(Search::COUNT_DEFAULT)
    }

    /// Where the page starts, in the words of who pages.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The order asked for; empty if it is left to us.
    pub fn sort(&self) -> &[SortKey] {
        &self.sort
    }

    /// The ids that alone can match, if any are said; none if two parts of the search disagree.
    pub fn ids(&self) -> Option<Vec<&str>> {
        let mut all = self.criteria.iter().filter_map(Criterion::ids);
        let first: Vec<&str> = all.next()?.iter().map(String::as_str).collect();
        Some(all.fold(first, |ids, more| {
            ids.into_iter().filter(|id| more.iter().any(|one| one == id)).collect()
        }))
    }

    /// No match has a `meta.lastUpdated` before this instant.
    pub fn updated_from(&self) -> Option<Timestamp> {
        self.criteria.iter().filter_map(Criterion::updated_from).max()
    }

    /// A match has, for each of these groups, one of its terms among its [`index_terms`].
    pub fn required_terms(&self) -> Vec<Vec<Term>> {
        self.criteria.iter().filter_map(Criterion::terms).collect()
    }

    /// What is to come with the matches: what they refer to.
    pub fn includes(&self) -> &[Include] {
        &self.includes
    }

    /// What is to come with the matches: what refers to them.
    pub fn rev_includes(&self) -> &[Include] {
        &self.rev_includes
    }

    /// How much of each resource is to come.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What was left out of a lenient search.
    pub fn ignored(&self) -> &[Fault] {
        &self.ignored
    }

    /// The search as it was understood, for the `self` link; without its cursor.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// Why a parameter is not taken.
enum Refused {
    /// We do not know it: a lenient search goes on without it.
    Unknown(Fault),
    /// It cannot be left out.
    Fault(Fault),
}

impl Refused {
    fn words(words: &'static str) -> Refused {
        Refused::Fault(Fault::not_supported("", words))
    }

    fn unknown(words: &'static str) -> Refused {
        Refused::Unknown(Fault::not_supported("", words))
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Refused {
        Refused::Fault(fault)
    }
}

fn once(ok: bool, name: &str) -> Result<(), Fault> {
    if ok { Ok(()) } else { Err(unreadable(name)) }
}

fn push_once<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

/// A page may be shorter than asked for, never longer. None at all would be a count
/// (R4 search.html#count).
fn count(text: &str) -> Result<usize, Fault> {
    if !text.is_empty() && text.bytes().all(|b| b == b'0') {
        let words = "a _count of 0 is not supported: nothing is counted";
        return Err(Fault::not_supported("", words));
    }
    let ok = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let count: Option<usize> = if ok { text.parse().ok() } else { None };
    count.map(|count| count.min(Search::COUNT_MAX)).ok_or_else(|| unreadable("_count"))
}

/// Whether a `_format` is a name of JSON (R4 http.html#mime-type, and what clients of earlier versions say).
pub fn is_json(format: &str) -> bool {
    let known = ["application/fhir+json", "application/json", "application/json+fhir", "text/json"];
    // A plus that was not escaped arrives as a space.
    let essence = format.split(';').next().unwrap_or_default().trim().replace(' ', "+");
    essence == "json" || known.contains(&essence.to_ascii_lowercase().as_str())
}

fn unreadable(name: &str) -> Fault {
    named(IssueCode::Value, name, "cannot be read")
}

fn unsupported_name(name: &str) -> Fault {
    named(IssueCode::NotSupported, name, "is not supported")
}

/// A fault of a parameter, by its name if that has the form of one.
fn named(code: IssueCode, name: &str, what: &'static str) -> Fault {
    let ok = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b':' | b'-' | b'.'));
    let name = if ok { format!("search parameter {name}") } else { "a search parameter".into() };
    Fault::new(code, "", format!("{name} {what}"))
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
