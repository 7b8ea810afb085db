//! Searching Tasks (R4 search.html; SDOHCC CoordinationPlatform). A parameter we do not know is
//! refused: to leave it out would answer another question, and show more than was asked for.

use loopgate_referral::TaskStatus;

use crate::code::TASK_STATUS;
use crate::fault::Faults;
use crate::query::{BadDateTest, DateTest, RefParam, TaskKeys};
use crate::shape::is_id;
use crate::{Fault, IssueCode};

/// A search for Tasks. Each parameter given is one item; its values are alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskQuery {
    /// `_id`
    pub ids: Vec<Vec<String>>,
    /// `owner`
    pub owners: Vec<Vec<RefParam>>,
    /// `requester`
    pub requesters: Vec<Vec<RefParam>>,
    /// `patient`
    pub patients: Vec<Vec<RefParam>>,
    /// `status`
    pub statuses: Vec<Vec<TaskStatus>>,
    /// `_lastUpdated`
    pub last_updated: Vec<Vec<DateTest>>,
    /// `_count`: the longest page.
    pub count: usize,
    /// `_cursor`: where the page starts, in our own words.
    pub cursor: Option<String>,
}

impl TaskQuery {
    /// The longest page.
    pub const COUNT_MAX: usize = 100;
    /// The page of a search that does not say.
    pub const COUNT_DEFAULT: usize = 50;
    /// Alternatives of one parameter, and parameters of one search.
    const PARTS_MAX: usize = 100;

    /// Reads the decoded pairs of a query; `base` is the base URL of this server.
    pub fn parse(pairs: &[(String, String)], base: &str) -> Result<TaskQuery, Vec<Fault>> {
        let mut faults = Faults::default();
        let mut query = TaskQuery {
            ids: Vec::new(),
            owners: Vec::new(),
            requesters: Vec::new(),
            patients: Vec::new(),
            statuses: Vec::new(),
            last_updated: Vec::new(),
            count: TaskQuery::COUNT_DEFAULT,
            cursor: None,
        };
        if pairs.len() > TaskQuery::PARTS_MAX {
            faults.push(Fault::new(IssueCode::TooCostly, "", "has too many search parameters"));
            return faults.or(None);
        }
        for (name, value) in pairs {
            faults.extend(query.add(name, value, base).err());
        }
        faults.or(Some(query))
    }

    fn add(&mut self, name: &str, value: &str, base: &str) -> Result<(), Fault> {
        let reference = |text: &str| RefParam::parse(text, base).ok_or(IssueCode::Value);
        match name {
            "_id" => self.ids.push(alternatives("_id", value, id)?),
            "owner" => self.owners.push(alternatives("owner", value, reference)?),
            "requester" => self.requesters.push(alternatives("requester", value, reference)?),
            "patient" => self.patients.push(alternatives("patient", value, reference)?),
            "status" => {
                let statuses = alternatives("status", value, status)?;
                self.statuses.push(statuses.into_iter().flatten().collect());
            }
            "_lastUpdated" => {
                self.last_updated.push(alternatives("_lastUpdated", value, date_test)?);
            }
            "_count" => self.count = count(value).ok_or_else(|| unreadable("_count"))?,
            "_cursor" => {
                let ok = (1..=512).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=~".contains(&b));
                if !ok || self.cursor.is_some() {
                    return Err(unreadable("_cursor"));
                }
                self.cursor = Some(value.to_owned());
            }
            "_format" if is_json(value) => {}
            "_format" => return Err(unsupported("the _format is not supported; json is")),
            name => return Err(unknown(name)),
        }
        Ok(())
    }

    /// Whether a Task is found.
    pub fn matches(&self, task: &TaskKeys<'_>) -> bool {
        let named = |params: &[Vec<RefParam>], resource: Option<&_>| {
            params.iter().all(|any| {
                resource.is_some_and(|resource| any.iter().any(|param| param.matches(resource)))
            })
        };
        self.ids.iter().all(|any| any.iter().any(|id| id == task.id))
            && named(&self.owners, task.owner)
            && named(&self.requesters, task.requester)
            && named(&self.patients, task.patient)
            && self.statuses.iter().all(|any| any.contains(&task.status))
            && self
                .last_updated
                .iter()
                .all(|any| any.iter().any(|test| test.holds(task.last_updated)))
    }
}

/// The alternatives of one value, divided by commas.
fn alternatives<T>(
    name: &'static str,
    value: &str,
    read: impl Fn(&str) -> Result<T, IssueCode>,
) -> Result<Vec<T>, Fault> {
    let parts: Vec<&str> = value.split(',').take(TaskQuery::PARTS_MAX + 1).collect();
    if parts.len() > TaskQuery::PARTS_MAX {
        let words = format!("search parameter {name} has too many values");
        return Err(Fault::new(IssueCode::TooCostly, "", words));
    }
    let read = parts.into_iter().map(read).collect::<Result<Vec<T>, IssueCode>>();
    read.map_err(|code| match code {
        IssueCode::NotSupported => Fault::not_supported(
            "",
            format!("a prefix of search parameter {name} is not supported"),
        ),
        _ => unreadable(name),
    })
}

fn id(text: &str) -> Result<String, IssueCode> {
    if is_id(text) { Ok(text.to_owned()) } else { Err(IssueCode::Value) }
}

/// A status; `None` for one that FHIR has and a referral Task never has.
fn status(text: &str) -> Result<Option<TaskStatus>, IssueCode> {
    let code = match text.split_once('|') {
        Some((TASK_STATUS, code)) => code,
        Some(_) => return Err(IssueCode::Value),
        None => text,
    };
    match TaskStatus::from_code(code) {
        Some(status) => Ok(Some(status)),
        None if matches!(code, "received" | "ready") => Ok(None),
        None => Err(IssueCode::Value),
    }
}

fn date_test(text: &str) -> Result<DateTest, IssueCode> {
    DateTest::parse(text).map_err(|bad| match bad {
        BadDateTest::Prefix => IssueCode::NotSupported,
        BadDateTest::Date => IssueCode::Value,
    })
}

/// A page may be shorter than asked for, never longer.
fn count(text: &str) -> Option<usize> {
    let ok = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let count: usize = if ok { text.parse().ok()? } else { return None };
    (count > 0).then_some(count.min(TaskQuery::COUNT_MAX))
}

fn is_json(format: &str) -> bool {
    // A plus that was not escaped arrives as a space.
    let known = ["json", "application/json", "application/fhir+json", "application/fhir json"];
    let essence = format.split(';').next().unwrap_or_default().trim();
    known.contains(&essence)
}

fn unreadable(name: &str) -> Fault {
    Fault::new(IssueCode::Value, "", format!("search parameter {name} cannot be read"))
}

fn unsupported(words: &'static str) -> Fault {
    Fault::not_supported("", words)
}

fn unknown(name: &str) -> Fault {
    let ok = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b':' | b'-'));
    if ok {
        let words = format!("search parameter {name} is not supported");
        Fault::new(IssueCode::NotSupported, "", words)
    } else {
        unsupported("a search parameter is not supported")
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
