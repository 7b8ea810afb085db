//! The columns of an organization's file, as its partner file declares them.
//!
//! Four columns are always there: the referral, its version, whether the person must not be contacted,
//! and what is said along with the data. They can be called otherwise and stand elsewhere.

use loopgate_mapping::Library;

use super::moment::Dates;
use crate::config::Problem;
use crate::dialect::COMMUNITY_REFERRAL;
use crate::partner::LoadedPartner;

/// The place of the referral's id.
pub const REFERRAL: &str = "referral_id";
/// The place of the version of the organization's Task, which an answer is made for.
pub const VERSION: &str = "version";
/// The place that says that the person must not be contacted.
pub const CONTACT: &str = "need.contact";
/// The place of what is said along with the data: that it ends there, what 42 CFR Part 2 says.
pub const HANDLING: &str = "handling";
/// The place of the whole name: as it is written, or the given names and the family name.
pub const NAME: &str = "client.name";
/// Places that the dialect has beside the rows of its mapping.
const BESIDE: [&str; 5] = [VERSION, HANDLING, NAME, "business_status", "not_carried"];
/// Columns that may be declared.
pub const DECLARED_MAX: usize = 60;

/// How an organization's file looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Its columns, in order; no two with one heading or for one thing.
    pub columns: Vec<Column>,
    /// Comma, semicolon or tab. Read is whatever fits.
    pub separator: char,
    /// The file begins with a byte order mark, by which Excel knows UTF-8.
    pub bom: bool,
    /// How days are written.
    pub dates: Dates,
    /// Of `3/4/2026` the 3 is the day.
    pub day_first: bool,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// What is in it.
    pub holds: Holds,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// What the community dialect has at this place.
    Place(String),
    /// What the organization answers.
    Answer(Answer),
}

/// A part of what an organization answers. Written, it is what the organization has said so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Where the referral stands, or what to do: `accepted`, `declined`, `no-show`, …
    Status,
    /// The code of a reason, `no-capacity`.
    Reason,
    /// A reason in words.
    ReasonText,
    /// The day of the appointment.
    AppointmentDate,
    /// Its time.
    AppointmentTime,
    /// Its place.
    AppointmentPlace,
    /// What was given, in words; each line of the cell is one service.
    Service,
    /// Its code, `system|code`; a line for each service.
    ServiceCode,
    /// The day on which it was given.
    ServiceDate,
    /// A note to whoever referred the person.
    Note,
    /// An attempt to reach the person, `phone, not reached`.
    Attempt,
    /// Who of the organization works on it.
    Assigned,
    /// How the person is safely reached.
    SafeContact,
}

impl Answer {
    /// Every part, by its name in partner files, with the heading it has if none is declared.
    pub const ALL: [(&str, Answer, &str); 13] = [
        ("status", Answer::Status, "Status"),
        ("reason", Answer::Reason, "Reason code"),
        ("reason-text", Answer::ReasonText, "Reason"),
        ("appointment-date", Answer::AppointmentDate, "Appointment day"),
        ("appointment-time", Answer::AppointmentTime, "Appointment time"),
        ("appointment-place", Answer::AppointmentPlace, "Appointment place"),
        ("service", Answer::Service, "Service given"),
        ("service-code", Answer::ServiceCode, "Service code"),
        ("service-date", Answer::ServiceDate, "Service day"),
        ("note", Answer::Note, "Note to the referrer"),
        ("attempt", Answer::Attempt, "Contact attempt"),
        ("assigned", Answer::Assigned, "Assigned to"),
        ("safe-contact", Answer::SafeContact, "Safe contact"),
    ];

    /// The name in partner files.
    pub fn name(self) -> &'static str {
        let found = Answer::ALL.iter().find(|(_, one, _)| *one == self);
        found.map_or_else(|| unreachable!("every part is in the list"), |(name, ..)| name)
    }
}

/// The columns that are there if none are declared; those of [`Answer::ALL`] follow.
const USUAL: [(&str, &str); 17] = [
    ("Referral", REFERRAL),
    ("Version", VERSION),
    ("Do not contact", CONTACT),
    ("Need", "need.category"),
    ("Service", "need.service.display"),
    ("Priority", "need.priority"),
    ("Client name", NAME),
    ("Given names", "client.name.given[]"),
    ("Family name", "client.name.family"),
    ("Phone", "client.phone"),
    ("E-mail", "client.email"),
    ("Language", "client.language"),
    ("Household", "household.size"),
    ("Note from the referrer", "note"),
    ("Referred on", "authored_on"),
    ("Not passed on", "not_carried"),
    ("Handling", HANDLING),
];
/// In which order what is always there comes first, if it is not declared.
const ALWAYS: [&str; 3] = [REFERRAL, VERSION, CONTACT];

impl Default for Layout {
    fn default() -> Layout {
        let mut columns: Vec<Column> = USUAL.iter().map(|(name, at)| place(name, at)).collect();
        let handling = columns.pop();
        columns.extend(Answer::ALL.iter().map(|(_, answer, name)| Column {
            name: (*name).to_owned(),
            holds: Holds::Answer(*answer),
        }));
        columns.extend(handling);
        Layout { columns, separator: ',', bom: true, dates: Dates::Iso, day_first: false }
    }
}

impl Layout {
    /// A layout of declared columns, with those that are always there, or which heading or thing is
    /// declared twice.
    pub fn new(declared: Vec<Column>) -> Result<Layout, String> {
        let has = |at: &str| declared.iter().any(|one| one.holds == Holds::Place(at.to_owned()));
        let usual =
            |at: &str| USUAL.iter().find(|(_, one)| *one == at).map(|(name, at)| place(name, at));
        let first = ALWAYS.iter().filter(|at| !has(at)).filter_map(|at| usual(at));
        let last = usual(HANDLING).filter(|_| !has(HANDLING));
        let mut columns: Vec<Column> = first.collect();
        columns.extend(declared.iter().cloned());
        columns.extend(last);
        for (at, column) in columns.iter().enumerate() {
            let before = &columns[..at];
            if before.iter().any(|one| heading(&one.name) == heading(&column.name)) {
                return Err(format!("two columns are called {}", column.name));
            }
            if before.iter().any(|one| one.holds == column.holds) {
                return Err(format!("the column {} is there under another name", column.name));
            }
        }
        Ok(Layout { columns, ..Layout::default() })
    }

    /// The headings.
    pub fn headings(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The heading of what holds this.
    pub fn name_of(&self, holds: &Holds) -> Option<&str> {
        let found = self.columns.iter().find(|column| column.holds == *holds);
        found.map(|column| column.name.as_str())
    }

    /// The places of its columns that this dialect does not have.
    pub fn unknown<'l>(&'l self, library: &'l Library) -> impl Iterator<Item = &'l str> {
        let known = |at: &str| {
            let row =
                |mapping: &loopgate_mapping::Mapping| mapping.rows().any(|row| row.right == at);
            BESIDE.contains(&at) || library.mapping(COMMUNITY_REFERRAL).is_some_and(row)
        };
        self.columns.iter().filter_map(move |column| match &column.holds {
            Holds::Place(at) if !known(at) => Some(at.as_str()),
            _ => None,
        })
    }
}

/// What is wrong with the columns of partners, by the dialect they name places of.
pub fn problems(library: &Library, partners: &[LoadedPartner]) -> Vec<Problem> {
    let all = partners.iter().map(|one| &one.partner);
    let unknown = all.flat_map(|partner| partner.csv.unknown(library).map(move |at| (partner, at)));
    let problem = unknown.map(|(partner, at)| Problem {
        file: format!("partners/{}.toml", partner.org),
        line: None,
        key: "csv.columns.place".to_owned(),
        words: format!("{at} is no place of {COMMUNITY_REFERRAL}"),
    });
    problem.collect()
}

/// A heading as it is compared: spreadsheets and people change its case and its spaces.
pub fn heading(text: &str) -> String {
    let text = super::cell::original(text.trim_start_matches('\u{feff}'));
    let words =
        text.split(|c: char| c.is_whitespace() || c == '\u{a0}').filter(|one| !one.is_empty());
    words.collect::<Vec<&str>>().join(" ").to_lowercase()
}

fn place(name: &str, at: &str) -> Column {
    Column { name: name.to_owned(), holds: Holds::Place(at.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_there_is_there_and_can_be_called_otherwise() {
        let layout = Layout::new(vec![place("Name", "client.name.text")]).unwrap();
        let headings: Vec<&str> = layout.headings().collect();
        assert_eq!(headings, ["Referral", "Version", "Do not contact", "Name", "Handling"]);
        let declared = vec![
            place("Name", "client.name.text"),
            place("¡No contactar!", CONTACT),
            place("Id", REFERRAL),
        ];
        let layout = Layout::new(declared).unwrap();
        let headings: Vec<&str> = layout.headings().collect();
        assert_eq!(headings, ["Version", "Name", "¡No contactar!", "Id", "Handling"]);
    }

    #[test]
    fn no_two_columns_are_called_alike_or_hold_the_same() {
        let twice = Layout::new(vec![place("A b", "note"), place("a  B", "client.phone")]);
        assert_eq!(twice.unwrap_err(), "two columns are called a  B");
        let twice = Layout::new(vec![place("A", "note"), place("B", "note")]);
        assert_eq!(twice.unwrap_err(), "the column B is there under another name");
    }

    #[test]
    fn places_are_those_of_the_dialect() {
        let library = Library::builtin();
        assert_eq!(Layout::default().unknown(&library).collect::<Vec<_>>(), [""; 0]);
        let layout =
            Layout::new(vec![place("A", "client.birth_date"), place("B", "note")]).unwrap();
        assert_eq!(layout.unknown(&library).collect::<Vec<_>>(), ["client.birth_date"]);
    }

    #[test]
    fn the_usual_columns_are_a_layout_too() {
        let usual = Layout::default();
        assert_eq!(Layout::new(usual.columns.clone()), Ok(usual));
    }
}
