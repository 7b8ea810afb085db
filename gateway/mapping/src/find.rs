//! Finding the value that a route leads to, and the leaves it takes up.

use serde_json::Value;

use crate::constants::Constants;
use crate::leaves::{Part, Place, is_leaf, leaves, populated, step};
use crate::refused::{Refused, Why};
use crate::route::{Condition, Leg, Route, Take};

/// A value that a route leads to.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) value: &'a Value,
    /// The leaves of the value.
    pub(crate) own: Vec<Place<'a>>,
    /// The leaves that selected it.
    pub(crate) used: Vec<Place<'a>>,
}

impl Route {
    /// The one value here, if any. More than one match is refused.
    pub(crate) fn find<'a>(
        &'a self,
        pivot: &'a Value,
        constants: &Constants,
        index: usize,
    ) -> Result<Option<Found<'a>>, Refused> {
        let mut found = self.search(pivot, constants, Some(index))?;
        Ok(found.pop())
    }

    /// Every value that the route could mean, whatever is wrong with it.
    pub(crate) fn find_all<'a>(
        &'a self,
        pivot: &'a Value,
        constants: &Constants,
    ) -> Result<Vec<Found<'a>>, Refused> {
        self.search(pivot, constants, None)
    }

    /// Whether what the last leg belongs to is there.
    pub(crate) fn parent_is_there(
        &self,
        root: &Value,
        constants: &Constants,
    ) -> Result<bool, Refused> {
        let legs = self.legs[..self.legs.len() - 1].to_vec();
        let parent = Route { shown: self.shown.clone(), legs };
        parent.find_all(root, constants).map(|found| !found.is_empty())
    }

    /// The one thing here, value or not, with its place and the leaves that selected it.
    pub(crate) fn reach<'a>(
        &'a self,
        root: &'a Value,
        constants: &Constants,
        index: usize,
    ) -> Result<Option<Match<'a>>, Refused> {
        let mut found = self.enter_all(root, constants, Some(index))?;
        Ok(found.pop())
    }

    fn search<'a>(
        &'a self,
        pivot: &'a Value,
        constants: &Constants,
        index: Option<usize>,
    ) -> Result<Vec<Found<'a>>, Refused> {
        let strict = index.is_some();
        let here = self.enter_all(pivot, constants, index)?;
        let whole = self.legs.last().is_some_and(|leg| leg.take == Take::All);
        let mut found = Vec::new();
        for (place, value, used) in here {
            let own = match own_leaves(&place, value, whole) {
                Some(own) => own,
                None if strict => return Err(Refused::new(&self.shown, Why::NotAValue)),
                None => {
                    leaves(value).into_iter().map(|rest| [&place[..], &rest].concat()).collect()
                }
            };
            found.push(Found { value, own, used });
        }
        Ok(found)
    }

    /// Goes the whole way. `index`: the one repetition that is meant; without it every one, and
    /// what has the wrong shape is nobody's.
    fn enter_all<'a>(
        &'a self,
        pivot: &'a Value,
        constants: &Constants,
        index: Option<usize>,
    ) -> Result<Vec<Match<'a>>, Refused> {
        let strict = index.is_some();
        let mut here = vec![(Place::new(), pivot, Vec::new())];
        for (n, leg) in self.legs.iter().enumerate() {
            let mut next = Vec::new();
            for (place, value, used) in here {
                let matches = enter(leg, &place, value, constants, index)
                    .and_then(|matches| if strict { matches.only_one() } else { Ok(matches.items) })
                    .or_else(|why| {
                        if strict || why == Why::NoConstant { Err(why) } else { Ok(Vec::new()) }
                    })
                    .map_err(|why| Refused::new(self.shown_to(n), why))?;
                for (place, value, selected_by) in matches {
                    let used = used.iter().cloned().chain(selected_by).collect();
                    next.push((place, value, used));
                }
            }
            here = next;
        }
        Ok(here)
    }

    fn shown_to(&self, index: usize) -> String {
        let names = self.legs[..=index].iter().map(|leg| leg.name.as_str());
        names.collect::<Vec<_>>().join(".")
    }
}

/// A place, what is there, and the leaves that selected it.
pub(crate) type Match<'a> = (Place<'a>, &'a Value, Vec<Place<'a>>);

struct Matches<'a> {
    items: Vec<Match<'a>>,
}

impl<'a> Matches<'a> {
    fn only_one(self) -> Result<Vec<Match<'a>>, Why> {
        if self.items.len() > 1 { Err(Why::Several) } else { Ok(self.items) }
    }
}

/// The populated repetitions of one element that its leg takes.
fn enter<'a>(
    leg: &'a Leg,
    place: &[Part<'a>],
    value: &'a Value,
    constants: &Constants,
    index: Option<usize>,
) -> Result<Matches<'a>, Why> {
    let members = value.as_object().ok_or(Why::WrongShape)?;
    let Some(child) = members.get(&leg.name).filter(|child| populated(child)) else {
        return Ok(Matches { items: Vec::new() });
    };
    let place = step(place, Part::Member(&leg.name));
    let (Take::Only | Take::Where(_) | Take::Each(_) | Take::Nth(_) | Take::First(_)) = &leg.take
    else {
        let list = leg.take == Take::All;
        let items = vec![(place, child, Vec::new())];
        return if child.is_array() == list { Ok(Matches { items }) } else { Err(Why::WrongShape) };
    };
    let list = child.as_array().ok_or(Why::WrongShape)?;
    let at = match (&leg.take, index) {
        // One item is looked at for each index: going through all of them would be quadratic.
        (Take::Each(_), Some(index)) => index..index.saturating_add(1),
        (Take::Nth(n), _) => *n..n.saturating_add(1),
        _ => 0..list.len(),
    };
    let mut items = Vec::new();
    for (n, item) in at.filter_map(|n| Some((n, list.get(n).filter(|item| populated(item))?))) {
        let place = step(&place, Part::Index(n));
        let selected_by = match &leg.take {
            Take::Where(conditions) | Take::First(conditions) | Take::Each(conditions) => {
                selected_by(item, &place, conditions, constants)?
            }
            _ => Some(Vec::new()),
        };
        items.extend(selected_by.map(|used| (place, item, used)));
        // Of several segments or repetitions the first is meant.
        if matches!(leg.take, Take::First(_)) && index.is_some() && !items.is_empty() {
            break;
        }
    }
    Ok(Matches { items })
}

/// The leaves that make every condition hold, or `None`.
pub(crate) fn selected_by<'a>(
    item: &'a Value,
    place: &[Part<'a>],
    conditions: &'a [Condition],
    constants: &Constants,
) -> Result<Option<Vec<Place<'a>>>, Why> {
    let mut used = Vec::new();
    for condition in conditions {
        let wanted = condition.value(constants)?;
        let before = used.len();
        collect_equal(item, &mut place.to_vec(), &condition.legs, wanted, &mut used);
        if used.len() == before {
            return Ok(None);
        }
    }
    Ok(Some(used))
}

/// As in FHIRPath, a condition goes through every repetition on its way.
fn collect_equal<'a>(
    value: &'a Value,
    place: &mut Place<'a>,
    legs: &'a [Leg],
    wanted: &str,
    out: &mut Vec<Place<'a>>,
) {
    if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            place.push(Part::Index(index));
            collect_equal(item, place, legs, wanted, out);
            place.pop();
        }
        return;
    }
    match legs.split_first() {
        None if value.as_str() == Some(wanted) => out.push(place.clone()),
        None => {}
        Some((leg, rest)) => {
            if let Some(child) = value.get(&leg.name) {
                place.push(Part::Member(&leg.name));
                collect_equal(child, place, rest, wanted, out);
                place.pop();
            }
        }
    }
}

/// The places of a single value or of a list of them; `None` if it is neither.
fn own_leaves<'a>(place: &[Part<'a>], value: &Value, whole: bool) -> Option<Vec<Place<'a>>> {
    if !whole {
        return is_leaf(value).then(|| vec![place.to_vec()]);
    }
    let items = value.as_array()?;
    let all_leaves = items.iter().all(is_leaf);
    all_leaves.then(|| (0..items.len()).map(|index| step(place, Part::Index(index))).collect())
}
