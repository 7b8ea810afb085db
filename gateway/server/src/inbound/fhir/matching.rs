//! What a condition matches (`If-None-Exist`, `PUT Type?query`, a conditional reference): among what the
//! caller itself supplied, so that a condition tells it nothing it does not know.

use std::sync::atomic::Ordering;

use loopgate_fhir::{Fault, Handling, IssueCode, Search, Served, as_supplied};
use loopgate_referral::{OrgId, ResourceId, Timestamp};

use super::unreadable;
use crate::fold::Held;
use crate::gate::{Gate, Session};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::Looked;
use crate::view::Order;

/// Resources looked at for one condition, at most: each is read from the log.
const LOOKED_AT_MAX: usize = 2_000;

/// A condition, and where it stands in the message.
pub struct Condition<'a> {
    /// What it is on.
    pub served: &'static Served,
    /// Its pairs.
    pub pairs: &'a [(String, String)],
    /// Its place; empty, where it is the URL's or a header's.
    pub place: &'a str,
}

impl Condition<'_> {
    fn refused(&self, kind: Kind, code: IssueCode, words: &'static str) -> Trouble {
        Refusal::at(kind, vec![Fault::new(code, self.place, words)]).into()
    }
}

/// The pairs of a query that is written in a header or a member.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let query = query.strip_prefix('?').unwrap_or(query);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The pairs of a condition on a type as clients write it in a header: the query alone, or after the type,
/// which some put under the base URL. `None` if it is on something else.
pub fn pairs_on(condition: &str, kind: &str, base: &str) -> Option<Vec<(String, String)>> {
    match condition.split_once('?') {
        // With `=` before it, the mark is in a value.
        Some((place, query)) if !place.contains('=') => {
            let under = place.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
            let place = under.unwrap_or(place);
            (place.is_empty() || place == kind).then(|| pairs(query))
        }
        _ => Some(pairs(condition)),
    }
}

/// What matches, if it is not more than one: several are refused, since it is not clear which is meant.
pub fn one(
    gate: &Gate,
    session: &Session,
    condition: &Condition<'_>,
    looked: &mut Option<Looked>,
) -> Result<Option<ResourceId>, Trouble> {
    let mut found = matching(gate, session, condition, looked)?;
    let first = found.pop();
    if found.is_empty() {
        return Ok(first);
    }
    let words = "several resources match the condition";
    Err(condition.refused(Kind::Ambiguous, IssueCode::MultipleMatches, words))
}

/// What the caller supplied of a type that meets a condition, as it supplied it: what others say of it, the
/// status of its Task among that, is read and not asked by a condition. Two of them, if it is more. `looked` is what was looked through.
pub fn matching(
    gate: &Gate,
    session: &Session,
    condition: &Condition<'_>,
    looked: &mut Option<Looked>,
) -> Result<Vec<ResourceId>, Trouble> {
    let base = gate.config.organization.base_url.as_str();
    // A part of a condition that is not understood is not the same as none.
    let search = Search::parse(condition.served, condition.pairs, base, Handling::Strict);
    let search = search.map_err(|faults| {
        let at = |mut fault: Fault| {
            if !condition.place.is_empty() {
                fault.expression = condition.place.to_owned();
            }
            fault
        };
        Trouble::from(Refusal::at(Kind::Malformed, faults.into_iter().map(at).collect()))
    })?;
    if search.is_of_all() {
        let words = "is a condition that everything meets";
        return Err(condition.refused(Kind::Malformed, IssueCode::Required, words));
    }
    let candidates = candidates(gate, session, condition, &search, looked)?;
    let mut found = Vec::new();
    for (id, held) in candidates {
        let json = gate.document(&held)?;
        let json = as_supplied(&json, id.id(), held.version, held.changed, None);
        if search.matches(&json) {
            found.push(id);
        }
        if found.len() > 1 {
            break;
        }
    }
    Ok(found)
}

fn candidates(
    gate: &Gate,
    session: &Session,
    condition: &Condition<'_>,
    search: &Search,
    looked: &mut Option<Looked>,
) -> Result<Vec<(ResourceId, Held)>, Trouble> {
    let (kind, org) = (condition.served.kind, &session.partner.org);
    let published = gate.scribe.published();
    let viewed = Timestamp(published.viewed_at.load(Ordering::Acquire));
    let mut seen = looked.take().unwrap_or(Looked { until: viewed, kinds: Default::default() });
    // What was looked through first was looked through no later.
    seen.until = seen.until.min(viewed);
    seen.kinds.insert(kind.to_owned());
    *looked = Some(seen);
    let ids = match search.ids() {
        Some(ids) => ids.into_iter().filter_map(|id| ResourceId::of(kind, id).ok()).collect(),
        None => found(gate, org, condition, search)?,
    };
    let world = published.world();
    let own = |id: ResourceId| {
        let held = world.resources.get(&id).filter(|held| held.org == *org)?.clone();
        Some((id, held))
    };
    Ok(ids.into_iter().filter_map(own).collect())
}

/// What the projections find for a condition, in the caller's own rows.
fn found(
    gate: &Gate,
    org: &OrgId,
    condition: &Condition<'_>,
    search: &Search,
) -> Result<Vec<ResourceId>, Trouble> {
    let readers = std::slice::from_ref(org);
    let of = (readers, condition.served.kind);
    let mut groups = search.required_terms();
    // Where a referral's Task stands is not its supplier's to say, and the rows know what it is now.
    groups.retain(|group| group.iter().all(|term| !matches!(term.param, "status" | "output")));
    let group = gate.view.smallest(of, &groups).map_err(unreadable)?;
    let rows = gate.view.find(Order::Created, of, group, None, LOOKED_AT_MAX + 1);
    let rows = rows.map_err(unreadable)?;
    if rows.len() > LOOKED_AT_MAX {
        let words = "would look through more resources than it may; name an identifier";
        return Err(condition.refused(Kind::Invalid, IssueCode::TooCostly, words));
    }
    Ok(rows.into_iter().map(|row| row.id).collect())
}
