//! Putting a value where a route leads, making what is missing on the way.

use serde_json::{Map, Value};

use crate::constants::Constants;
use crate::find::selected_by;
use crate::refused::{Refused, Why};
use crate::route::{Condition, Leg, Route, Take};

impl Route {
    /// Put a value here, making what is missing on the way.
    pub(crate) fn put(
        &self,
        pivot: &mut Value,
        value: Value,
        constants: &Constants,
        index: usize,
    ) -> Result<(), Refused> {
        put(pivot, &self.legs, value, constants, index)
            .map_err(|why| Refused::new(&self.shown, why))
    }
}

fn put(
    root: &mut Value,
    legs: &[Leg],
    value: Value,
    constants: &Constants,
    index: usize,
) -> Result<(), Why> {
    let mut slot = root;
    for leg in legs {
        slot = enter_or_make(slot, leg, constants, index)?;
    }
    if slot.is_null() {
        *slot = value;
        return Ok(());
    }
    if *slot == value { Ok(()) } else { Err(Why::Conflict) }
}

fn enter_or_make<'v>(
    parent: &'v mut Value,
    leg: &Leg,
    constants: &Constants,
    index: usize,
) -> Result<&'v mut Value, Why> {
    if parent.is_null() {
        *parent = Value::Object(Map::new());
    }
    let members = parent.as_object_mut().ok_or(Why::WrongShape)?;
    let child = members.entry(leg.name.as_str()).or_insert(Value::Null);
    match &leg.take {
        Take::One | Take::All => Ok(child),
        Take::Each(conditions) => {
            let item = nth(child, index)?;
            for condition in conditions {
                let value = condition.value(constants)?.into();
                put(item, &condition.legs, value, constants, 0)?;
            }
            Ok(item)
        }
        Take::Nth(n) => nth(child, *n),
        Take::Only => {
            let items = list(child)?;
            if items.is_empty() {
                items.push(Value::Null);
            }
            Ok(&mut items[0])
        }
        Take::First(conditions) if conditions.is_empty() => {
            let items = list(child)?;
            if items.is_empty() {
                items.push(Value::Null);
            }
            Ok(&mut items[0])
        }
        Take::Where(conditions) | Take::First(conditions) => {
            let items = list(child)?;
            let index = match position(items, conditions, constants)? {
                Some(index) => index,
                None => {
                    items.push(selected_item(conditions, constants)?);
                    items.len() - 1
                }
            };
            Ok(&mut items[index])
        }
    }
}

/// The item at a place of a list, which is made as long as that.
fn nth(value: &mut Value, index: usize) -> Result<&mut Value, Why> {
    let items = list(value)?;
    while items.len() <= index {
        items.push(Value::Null);
    }
    Ok(&mut items[index])
}

fn list(value: &mut Value) -> Result<&mut Vec<Value>, Why> {
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().ok_or(Why::WrongShape)
}

fn position(
    items: &[Value],
    conditions: &[Condition],
    constants: &Constants,
) -> Result<Option<usize>, Why> {
    for (index, item) in items.iter().enumerate() {
        if selected_by(item, &[], conditions, constants)?.is_some() {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// A new repetition for which the conditions hold.
fn selected_item(conditions: &[Condition], constants: &Constants) -> Result<Value, Why> {
    let mut item = Value::Null;
    for condition in conditions {
        let value = condition.value(constants)?.into();
        put(&mut item, &condition.legs, value, constants, 0)?;
    }
    Ok(item)
}

/// Takes out the items that no row said anything about.
pub(crate) fn close_gaps(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(close_gaps);
        }
        Value::Object(members) => members.values_mut().for_each(close_gaps),
        _ => {}
    }
}
