//! What a mapping says, to show it to people: its rows as they are written, and its value tables. Read
//! only; nothing is translated with it.

use loopgate_consent::FieldGroup;

use crate::form::Form;
use crate::local::Local;
use crate::mapping::{Duty, Fixed, Mapping, Row, Table};
use crate::path::Operand;
use crate::right::Right;
use crate::route::{Condition, Leg, Route, Take};
use crate::whole::Whole;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView<'m> {
    /// Where the pivot has it, with its selections.
    pub left: String,
    /// Where the dialect has it, with its selections.
    pub right: String,
    /// Whether it has to be there.
    pub needed: Needed,
    /// The field group it passes with.
    pub group: Option<FieldGroup>,
    /// How codes on one side are called on the other.
    pub table: Option<TableView<'m>>,
    /// What its value is, by the name that mapping files have for it: `date`, `hd`.
    pub form: Option<&'static str>,
    /// Its file, below the mappings folder.
    pub file: &'m str,
    /// Its line, counted from 1.
    pub line: u32,
}

/// Whether a row's value has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Without it the message is refused.
    Always,
    /// If it is there, it is carried, or the message is refused.
    IfThere,
    /// It may be left out.
    No,
}

/// A row's value table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableView<'m> {
    /// A file of the folder.
    File {
        /// Its path below `codes/`.
        name: &'m str,
        /// Its pairs.
        pairs: Vec<Pair<'m>>,
    },
    /// The link's own, by this name.
    Link(&'m str),
}

/// A code on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair<'m> {
    /// What the pivot calls it.
    pub left: &'m str,
    /// What the dialect calls it.
    pub right: &'m str,
    /// It is read so.
    pub read: bool,
    /// It is written so.
    pub written: bool,
}

impl Mapping {
    /// Its rows, those of its blocks too, in the order in which they are tried.
    pub fn rows(&self) -> impl Iterator<Item = RowView<'_>> {
        self.rows.iter().map(view)
    }

    /// What is always written in the dialect where its segment is: the place and the text.
    pub fn always_written(&self) -> impl Iterator<Item = (String, &str)> {
        self.fixed.iter().filter_map(|fixed| match fixed {
            Fixed::Right(route, is) => Some((place(route), is.as_str())),
            Fixed::Left { .. } => None,
        })
    }

    /// The segments of an HL7 v2 message, in order and without MSH.
    pub fn structure(&self) -> &[String] {
        &self.structure
    }
}

fn view(row: &Row) -> RowView<'_> {
    let form = match &row.right {
        Right::V2(_, Some(form)) => {
            Form::ALL.iter().find(|(_, one)| one == form).map(|(name, _)| *name)
        }
        Right::Whole(_, whole, _) => {
            Whole::ALL.iter().find(|(_, one)| one == whole).map(|(name, _)| *name)
        }
        Right::Json(_, Some(local)) => {
            Local::ALL.iter().find(|(_, one)| one == local).map(|(name, _)| *name)
        }
        Right::V2(_, None) | Right::Json(_, None) => None,
    };
    RowView {
        left: path(&row.left),
        right: match &row.right {
            Right::Json(path, _) if path.list => format!("{}[]", path.shown()),
            right => right.route().map_or_else(|| right.shown(), place),
        },
        needed: match row.duty {
            Duty::Must => Needed::Always,
            Duty::Safety => Needed::IfThere,
            Duty::May => Needed::No,
        },
        group: row.group,
        table: row.codes.as_ref().map(|table| match table {
            Table::File(codes) => TableView::File { name: codes.name(), pairs: codes.pairs() },
            Table::Link(name) => TableView::Link(name),
        }),
        form,
        file: &row.file,
        line: row.line,
    }
}

/// A left side as mapping files write it.
fn path(route: &Route) -> String {
    let legs = route.legs.iter().map(|leg| match &leg.take {
        Take::One | Take::Only | Take::All => leg.name.clone(),
        Take::Nth(n) => format!("{}[{}]", leg.name, n + 1),
        Take::Each(all) | Take::Where(all) | Take::First(all) => {
            let each = if matches!(leg.take, Take::Each(_)) { "[*]" } else { "" };
            let wheres: String =
                all.iter().map(|one| format!(".where({})", equation(one))).collect();
            format!("{}{each}{wheres}", leg.name)
        }
    });
    legs.collect::<Vec<_>>().join(".")
}

fn equation(condition: &Condition) -> String {
    let names: Vec<&str> = condition.legs.iter().map(|leg| leg.name.as_str()).collect();
    let equals = match &condition.equals {
        Operand::Literal(text) => format!("'{text}'"),
        Operand::Constant(name) => format!("%{name}"),
    };
    format!("{}={equals}", names.join("."))
}

/// A place in a message as mapping files write it.
fn place(route: &Route) -> String {
    let [segment, field, ..] = route.legs.as_slice() else { return route.shown.clone() };
    // What stands behind the field is the same with selections and without.
    let rest = route.shown.split_once('-').and_then(|(_, rest)| rest.split_once('.'));
    let rest = rest.map(|(_, rest)| format!(".{rest}")).unwrap_or_default();
    let (of, which) = (selected(segment), selected(field));
    format!("{}{of}-{}{which}{rest}", segment.name, field.name)
}

fn selected(leg: &Leg) -> String {
    match &leg.take {
        Take::Nth(n) => format!("[{}]", n + 1),
        Take::Each(all) => format!("[*]{}", selections(all)),
        Take::Where(all) | Take::First(all) => selections(all),
        Take::One | Take::Only | Take::All => String::new(),
    }
}

/// The first component and subcomponent stand for the whole.
fn selections(all: &[Condition]) -> String {
    let one = |condition: &Condition| {
        let names: Vec<&str> = condition.legs.iter().map(|leg| leg.name.as_str()).collect();
        let end = names.iter().rposition(|name| *name != "1").unwrap_or(0);
        let equals = match &condition.equals {
            Operand::Literal(text) | Operand::Constant(text) => text,
        };
        format!("[{}='{equals}']", names[..=end].join("."))
    };
    all.iter().map(one).collect()
}
