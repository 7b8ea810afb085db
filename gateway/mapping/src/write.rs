//! A mapping, left to right: from the pivot to the dialect.

use std::collections::BTreeSet;

use loopgate_consent::{FieldGroup, Groups};
use serde_json::{Map, Value};

use crate::constants::Constants;
use crate::leaves::{Known, Part, others, populated, shown};
use crate::mapping::{Duty, Fixed, Mapping, Row, Table, Written, WrittenV2, note};
use crate::put::close_gaps;
use crate::refused::{Refused, Why};
use crate::right::Right;
use crate::route::Route;
use crate::v2;

impl Mapping {
    /// Left to right: say in the dialect what of the pivot belongs to `groups`. An HL7 v2 message is
    /// said as [`Mapping::write_v2`] says it.
    pub fn write(
        &self,
        pivot: &Value,
        groups: &Groups,
        constants: &Constants,
    ) -> Result<Written, Refused> {
        let mut document = Value::Object(Map::new());
        let mut known = Known::new();
        let mut withheld = BTreeSet::new();
        let mut carried = Vec::new();
        for row in &self.rows {
            if let Some(group) = row.withheld_from(groups) {
                if row.duty == Duty::Must {
                    return Err(Refused::new(&row.left.shown, Why::Withheld(group)));
                }
                for found in row.left.find_all(pivot, constants)? {
                    withheld.insert(group.name().to_owned());
                    known.extend(found.own.into_iter().chain(found.used));
                }
                continue;
            }
            let mut any = false;
            for index in row.left.indexes(pivot) {
                let Some(found) = row.left.find(pivot, constants, index)? else { continue };
                any = true;
                known.extend(found.used);
                match row.to_right(found.value, constants) {
                    Ok(value) => {
                        row.say_beside(found.value, &mut document, constants)?;
                        row.right.put(&mut document, value, constants, index)?;
                        known.extend(found.own);
                        note(&mut carried, row, &row.right);
                    }
                    Err(why) => row.unsaid(&row.left.shown, why)?,
                }
            }
            if !any {
                row.absent(&row.left.shown)?;
            }
        }
        for fixed in &self.fixed {
            match fixed {
                Fixed::Left { left, is, .. } => {
                    let found = left.find_all(pivot, constants)?;
                    let same = found.into_iter().filter(|found| found.value.as_str() == Some(is));
                    known.extend(same.flat_map(|found| found.own.into_iter().chain(found.used)));
                }
                Fixed::Right(right, is) => {
                    // Said of a segment that is there, and making none.
                    let segment = Route { shown: String::new(), legs: right.legs[..1].to_vec() };
                    for index in segment.indexes(&document) {
                        let each = segment.each().is_some();
                        let there = if each {
                            document[&segment.legs[0].name].get(index).is_some_and(populated)
                        } else {
                            !segment.find_all(&document, constants)?.is_empty()
                        };
                        if there {
                            right.put(&mut document, is.as_str().into(), constants, index)?;
                        }
                    }
                }
            }
        }
        self.say_state(&mut document, constants)?;
        close_gaps(&mut document);
        let not_carried = others(pivot, &known, is_bookkeeping, shown);
        Ok(Written { document, not_carried, withheld: withheld.into_iter().collect(), carried })
    }

    /// Left to right, as segments without MSH, in the order of the message's structure.
    pub fn write_v2(
        &self,
        pivot: &Value,
        groups: &Groups,
        constants: &Constants,
    ) -> Result<WrittenV2, Refused> {
        let Written { document, not_carried, withheld, carried } =
            self.write(pivot, groups, constants)?;
        let segments = v2::segments(&document, &self.structure);
        Ok(WrittenV2 { segments, not_carried, withheld, carried })
    }

    /// The fields of the state, where the mapping lists them.
    fn say_state(&self, document: &mut Value, constants: &Constants) -> Result<(), Refused> {
        for (location, route) in &self.state {
            let place = location.to_string();
            let said = constants.state().iter().find(|(field, _)| *field == place);
            if let Some((_, text)) = said {
                route.put(document, text.as_str().into(), constants, 0)?;
            }
        }
        Ok(())
    }
}

impl Row {
    fn withheld_from(&self, groups: &Groups) -> Option<FieldGroup> {
        let group = self.group.filter(|group| !groups.contains(*group));
        if self.duty == Duty::Safety { None } else { group }
    }

    pub(crate) fn absent(&self, path: &str) -> Result<(), Refused> {
        match self.duty {
            Duty::Must => Err(Refused::new(path, Why::Missing)),
            Duty::Safety | Duty::May => Ok(()),
        }
    }

    /// What cannot be said on the other side: listed, or the message stops.
    pub(crate) fn unsaid(&self, path: &str, why: Why) -> Result<(), Refused> {
        match self.duty {
            Duty::Must | Duty::Safety => Err(Refused::new(path, why)),
            Duty::May => Ok(()),
        }
    }

    /// The value in the dialect's words and form.
    fn to_right(&self, value: &Value, constants: &Constants) -> Result<Value, Why> {
        let coded = self.coded(value, &|table, code| match table {
            Table::File(codes) => codes.to_right(code).map(Value::from),
            Table::Link(name) => constants.to_right(name, code).map(Value::from),
        });
        let coded = coded.ok_or(Why::NoCode)?;
        match &self.right {
            Right::V2(_, Some(form)) => form.to_right(&coded).ok_or(Why::BadForm),
            Right::Json(_, Some(local)) => local.to_right(&coded, constants.zone()),
            Right::Whole(_, whole, _) => {
                let parts = coded.as_str().and_then(|text| whole.to_right(text, constants));
                parts.map(|_| coded).ok_or(Why::BadForm)
            }
            // All that a message holds is text.
            Right::V2(_, None) if !coded.is_string() => Err(Why::BadForm),
            _ => Ok(coded),
        }
    }

    /// What the other members say of the value.
    fn say_beside(
        &self,
        value: &Value,
        document: &mut Value,
        constants: &Constants,
    ) -> Result<(), Refused> {
        for (right, codes) in &self.also {
            match value.as_str().and_then(|code| codes.to_right(code)) {
                Some(said) => right.put(document, said.into(), constants, 0)?,
                None => self.unsaid(&self.left.shown, Why::NoCode)?,
            }
        }
        Ok(())
    }

    /// The value in the other side's words, or `None` if it has none.
    pub(crate) fn coded(
        &self,
        value: &Value,
        translate: &dyn Fn(&Table, &str) -> Option<Value>,
    ) -> Option<Value> {
        let Some(table) = &self.codes else {
            return Some(value.clone());
        };
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.coded(item, translate))
                .collect::<Option<Vec<_>>>()
                .map(Value::Array),
            single => translate(table, single.as_str()?),
        }
    }
}

/// `resourceType`, `id` and `meta` of a resource: how it is kept, not what it says.
fn is_bookkeeping(place: &[Part<'_>]) -> bool {
    let rest = match place {
        [Part::Member(_), Part::Index(_), rest @ ..] | [Part::Member(_), rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [Part::Member("resourceType" | "id" | "meta"), ..])
}
