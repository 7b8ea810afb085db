//! A mapping, right to left: from the dialect to the pivot.

use loopgate_hl7v2::Message;
use serde_json::{Map, Value};

use crate::constants::Constants;
use crate::leaves::{Known, Part, others, populated, shown};
use crate::mapping::{Carried, Fixed, Mapping, Read, Row, STATES_FILE, Table, note};
use crate::put::close_gaps;
use crate::refused::{Refused, Why};
use crate::right::Right;
use crate::route::Route;
use crate::v2;

impl Mapping {
    /// Right to left: the pivot that the document speaks of.
    pub fn read(&self, right: &Value, constants: &Constants) -> Result<Read, Refused> {
        let (mut reading, known) = self.reading(right, constants)?;
        close_gaps(&mut reading.pivot);
        let not_carried = if self.structure.is_empty() {
            others(right, &known, |_| false, shown)
        } else {
            others(right, &known, is_header, shown_v2)
        };
        Ok(Read { pivot: reading.pivot, not_carried, carried: reading.carried })
    }

    /// Right to left: the pivot that the message speaks of. MSH is its envelope, and read elsewhere.
    pub fn read_v2(&self, message: &Message, constants: &Constants) -> Result<Read, Refused> {
        self.read(&v2::tree(message), constants)
    }

    /// The pivot with the gaps of its lists, and the leaves of the document that were carried.
    pub(crate) fn reading<'a>(
        &'a self,
        right: &'a Value,
        constants: &Constants,
    ) -> Result<(Reading, Known<'a>), Refused> {
        let pivot = Value::Object(Map::new());
        let mut reading = Reading { pivot, carried: Vec::new() };
        let mut known = Known::new();
        for row in &self.rows {
            reading.row(row, right, constants, &mut known)?;
        }
        for fixed in &self.fixed {
            reading.fixed(fixed, right, constants, &mut known)?;
        }
        for (location, route) in &self.state {
            if let Some(found) = route.find(right, constants, 0)? {
                known.extend(found.own);
                let (left, right) = ("Task.status".to_owned(), location.to_string());
                let file = STATES_FILE.to_owned();
                reading.carried.push(Carried { left, right, file, line: 0 });
            }
        }
        Ok((reading, known))
    }
}

/// What was read so far.
pub(crate) struct Reading {
    pub(crate) pivot: Value,
    pub(crate) carried: Vec<Carried>,
}

impl Reading {
    fn row<'a>(
        &mut self,
        row: &'a Row,
        right: &'a Value,
        constants: &Constants,
        known: &mut Known<'a>,
    ) -> Result<(), Refused> {
        let mut any = false;
        let mut behind = 0;
        for place in std::iter::once(&row.right).chain(&row.then) {
            let indexes = place.indexes(right);
            let count = indexes.len();
            for index in indexes {
                let at = (index, index + behind);
                any |= self.value(row, (place, at), right, constants, known)?;
            }
            behind += count;
        }
        if any { Ok(()) } else { row.absent(&row.right.shown()) }
    }

    /// Reads one value from the first of the row's places that has it. The others are carried too,
    /// if they say the same.
    fn value<'a>(
        &mut self,
        row: &'a Row,
        (place, (index, at)): (&'a Right, (usize, usize)),
        right: &'a Value,
        constants: &Constants,
        known: &mut Known<'a>,
    ) -> Result<bool, Refused> {
        let mut said: Option<Value> = None;
        for place in std::iter::once(place).chain(&row.or) {
            let Some((value, own)) = place.find(right, constants, index)? else { continue };
            match value.and_then(|value| row.to_left(place, &value, constants)) {
                Ok(None) => {
                    known.extend(own);
                    note(&mut self.carried, row, place);
                }
                Ok(Some(value)) => {
                    match &said {
                        None => {
                            row.left.put(&mut self.pivot, value.clone(), constants, at)?;
                            said = Some(value);
                        }
                        Some(same) if *same == value => {}
                        Some(_) => continue,
                    }
                    known.extend(own);
                    note(&mut self.carried, row, place);
                }
                // A time that names no instant is not passed over: without it, another would be taken.
                Err(why) if matches!(place, Right::Json(_, Some(_))) => {
                    return Err(Refused::new(place.shown(), why));
                }
                Err(why) => row.unsaid(&place.shown(), why)?,
            }
        }
        if let Some(said) = &said {
            self.beside(row, said, right, constants, known)?;
        }
        Ok(said.is_some())
    }

    /// What other members say of the value is what it would be written as.
    fn beside<'a>(
        &mut self,
        row: &'a Row,
        said: &Value,
        right: &'a Value,
        constants: &Constants,
        known: &mut Known<'a>,
    ) -> Result<(), Refused> {
        for (place, codes) in &row.also {
            let Some((value, own)) = place.find(right, constants, 0)? else { continue };
            let expected = said.as_str().and_then(|code| codes.to_right(code));
            match value {
                Ok(value) if value.as_str().is_some() && value.as_str() == expected => {
                    known.extend(own);
                    note(&mut self.carried, row, place);
                }
                _ => return Err(Refused::new(place.shown(), Why::Conflict)),
            }
        }
        Ok(())
    }

    fn fixed<'a>(
        &mut self,
        fixed: &'a Fixed,
        right: &'a Value,
        constants: &Constants,
        known: &mut Known<'a>,
    ) -> Result<(), Refused> {
        match fixed {
            Fixed::Left { left, is, always } if left.each().is_some() => {
                let parent = Route {
                    shown: left.shown.clone(),
                    legs: left.legs[..left.legs.len() - 1].to_vec(),
                };
                for index in left.indexes(&self.pivot) {
                    let there = parent.reach(&self.pivot, constants, index)?;
                    if *always || there.is_some_and(|(_, value, _)| populated(value)) {
                        left.put(&mut self.pivot, is.as_str().into(), constants, index)?;
                    }
                }
            }
            Fixed::Left { left, is, always } => {
                // What nothing was said of is not made up.
                if *always || left.parent_is_there(&self.pivot, constants)? {
                    left.put(&mut self.pivot, is.as_str().into(), constants, 0)?;
                }
            }
            Fixed::Right(route, is) => {
                let found = route.find_all(right, constants)?;
                let same = found.into_iter().filter(|found| found.value.as_str() == Some(is));
                known.extend(same.flat_map(|found| found.own.into_iter().chain(found.used)));
            }
        }
        Ok(())
    }
}

impl Row {
    /// The value in the pivot's words and form; nothing, if it says no more than silence does.
    fn to_left(
        &self,
        place: &Right,
        value: &Value,
        constants: &Constants,
    ) -> Result<Option<Value>, Why> {
        let formed = match place {
            Right::V2(_, Some(form)) => {
                form.to_left(value, constants.zone()).ok_or(Why::BadForm)?
            }
            Right::Json(_, Some(local)) => local.to_left(value, constants.zone())?,
            _ => value.clone(),
        };
        if let (Some(Table::File(codes)), Some(code)) = (&self.codes, formed.as_str())
            && codes.is_nothing(code)
        {
            return Ok(None);
        }
        let coded = self.coded(&formed, &|table, code| match table {
            Table::File(codes) => codes.to_left(code).map(Value::from),
            Table::Link(name) => constants.to_left(name, code).map(Value::from),
        });
        coded.map(Some).ok_or(Why::NoCode)
    }
}

/// MSH says who sends what: it is read by the door, not by rows.
pub(crate) fn is_header(place: &[Part<'_>]) -> bool {
    matches!(place, [Part::Member("MSH"), ..])
}

pub(crate) fn shown_v2(place: &[Part<'_>]) -> String {
    let members = place.iter().filter_map(|part| match part {
        Part::Member(name) => Some(*name),
        Part::Index(_) => None,
    });
    v2::place(&members.collect::<Vec<_>>())
}
