//! What is wrong with a message, and where, without a word of it (our STYLE "Errors").

use std::borrow::Cow;

use crate::parse::Place;

/// A place in a message and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expression}: {words}")]
pub struct Fault {
    /// The kind of fault.
    pub code: IssueCode,
    /// A FHIRPath location, `Bundle.entry[2].resource.status`; empty when it has none.
    pub expression: String,
    /// Fixed words; never a value of the message.
    pub words: Cow<'static, str>,
}

impl Fault {
    /// A fault at a place.
    pub fn new(
        code: IssueCode,
        expression: impl Into<String>,
        words: impl Into<Cow<'static, str>>,
    ) -> Fault {
        Fault { code, expression: expression.into(), words: words.into() }
    }

    /// A fault at a member of `parent`, whose name came with the message: the place is the parent
    /// if the name does not look like an element's.
    pub fn at_member(code: IssueCode, parent: &str, name: &str, words: &'static str) -> Fault {
        Fault::new(code, member(parent, name), words)
    }

    pub(crate) fn required(expression: impl Into<String>) -> Fault {
        Fault::new(IssueCode::Required, expression, "is missing")
    }

    pub(crate) fn value(expression: impl Into<String>, words: &'static str) -> Fault {
        Fault::new(IssueCode::Value, expression, words)
    }

    pub(crate) fn not_supported(
        expression: impl Into<String>,
        words: impl Into<Cow<'static, str>>,
    ) -> Fault {
        Fault::new(IssueCode::NotSupported, expression, words)
    }
}

/// The place of the member `name`, or of its parent if the name is not of an element's form: a
/// name is text of the message too.
pub(crate) fn member(parent: &str, name: &str) -> String {
    let bare = name.strip_prefix('_').unwrap_or(name);
    let ok = (1..=48).contains(&bare.len())
        && bare.starts_with(|c: char| c.is_ascii_lowercase())
        && bare.bytes().all(|b| b.is_ascii_alphanumeric());
    if ok { format!("{parent}.{name}") } else { parent.to_owned() }
}

/// The faults of one message: every one is collected, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// More than these help nobody, and an answer has to end somewhere.
    pub(crate) const COUNT_MAX: usize = 50;

    pub(crate) fn push(&mut self, fault: Fault) {
        if self.0.len() < Self::COUNT_MAX {
            self.0.push(fault);
        }
    }

    pub(crate) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    /// Whether there is a fault at that place.
    pub(crate) fn has(&self, expression: &str) -> bool {
        self.0.iter().any(|fault| fault.expression == expression)
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// The value of a part, or its faults noted.
    pub(crate) fn take<T>(&mut self, part: Result<T, Fault>) -> Option<T> {
        part.map_err(|fault| self.push(fault)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The meaning, if there were no faults; a missing part without a fault is not possible.
    pub(crate) fn or<T>(self, meaning: Option<T>) -> Result<T, Vec<Fault>> {
        match meaning {
            Some(meaning) if self.0.is_empty() => Ok(meaning),
            _ => Err(self.0),
        }
    }
}

/// A place while a document is walked.
pub(crate) fn expression(root: &str, place: &[Place]) -> String {
    place.iter().fold(root.to_owned(), |path, step| match step {
        Place::Member(name) => member(&path, name),
        Place::Item(index) => format!("{path}[{index}]"),
    })
}

macro_rules! issue_codes {
    ($($name:ident = $code:literal),* $(,)?) => {
        /// FHIR's IssueType (<http://hl7.org/fhir/issue-type>).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // the names are the standard's
        pub enum IssueCode {
            $($name),*
        }

        impl IssueCode {
            /// The FHIR code.
            pub fn code(self) -> &'static str {
                match self {
                    $(IssueCode::$name => $code),*
                }
            }
        }
    };
}

issue_codes!(
    Invalid = "invalid",
    Structure = "structure",
    Required = "required",
    Value = "value",
    Invariant = "invariant",
    Security = "security",
    Login = "login",
    Unknown = "unknown",
    Expired = "expired",
    Forbidden = "forbidden",
    Suppressed = "suppressed",
    Processing = "processing",
    NotSupported = "not-supported",
    Duplicate = "duplicate",
    MultipleMatches = "multiple-matches",
    NotFound = "not-found",
    Deleted = "deleted",
    TooLong = "too-long",
    CodeInvalid = "code-invalid",
    Extension = "extension",
    TooCostly = "too-costly",
    BusinessRule = "business-rule",
    Conflict = "conflict",
    Transient = "transient",
    LockError = "lock-error",
    NoStore = "no-store",
    Exception = "exception",
    Timeout = "timeout",
    Incomplete = "incomplete",
    Throttled = "throttled",
    Informational = "informational",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_no_text_that_is_not_an_element_name() {
        let place = [
            Place::Member("name".into()),
            Place::Item(1),
            Place::Member("_given".into()),
            Place::Member("Maria Example".into()),
            Place::Member("Maria".into()),
            Place::Item(0),
        ];
        assert_eq!(expression("Patient", &place), "Patient.name[1]._given[0]");
    }

    #[test]
    fn faults_end_somewhere() {
        let mut faults = Faults::default();
        faults.extend((0..1000).map(|_| Fault::required("Task.focus")));
        assert_eq!(faults.or(Some(())).unwrap_err().len(), Faults::COUNT_MAX);
    }
}
