//! What comes along with the matches of a page: what they refer to, and what refers to them. Each passes
//! the same decision as a read of it, and what may not pass is left out without a word.

use std::collections::BTreeSet;

use loopgate_fhir::{Fault, Handling, Include, IssueCode, Search, Served, include_references};
use loopgate_referral::ResourceId;

use super::Hit;
use super::walk::Walk;
use crate::gate::{Gate, Session};
use crate::identity::Interaction;
use crate::inbound::fhir::sight::Sight;
use crate::refusal::Trouble;

/// Resources that come along with one page.
const INCLUDED_MAX: usize = 200;

/// What comes along.
#[derive(Default)]
pub struct Included {
    /// The resources.
    pub hits: Vec<Hit>,
    is_cut: bool,
}

impl Included {
    /// That not all of it came.
    pub fn cut(&self) -> Option<Fault> {
        let words = "more belongs to this page than comes with it; ask for a shorter page";
        self.is_cut.then(|| Fault::new(IssueCode::Incomplete, "", words))
    }
}

/// What comes along with these matches, each once.
pub fn with(
    gate: &Gate,
    session: &Session,
    search: &Search,
    (matches, mut seen): (&[Hit], BTreeSet<ResourceId>),
) -> Result<Included, Trouble> {
    let mut included = Included::default();
    for include in search.includes() {
        for hit in matches {
            for id in include_references(include, &hit.json) {
                if !session.covers(id.kind(), Interaction::Read) || !seen.insert(id.clone()) {
                    continue;
                }
                if included.hits.len() == INCLUDED_MAX {
                    included.is_cut = true;
                    return Ok(included);
                }
                included.hits.extend(referred(gate, session, id)?);
            }
        }
    }
    for include in search.rev_includes() {
        if !session.covers(include.source, Interaction::Search) {
            continue;
        }
        for hit in matches {
            let (found, goes_on) = referring(gate, session, (include, &hit.id))?;
            included.is_cut |= goes_on;
            let fresh = found.into_iter().filter(|hit| seen.insert(hit.id.clone()));
            included.hits.extend(fresh);
            if included.hits.len() > INCLUDED_MAX {
                included.hits.truncate(INCLUDED_MAX);
                included.is_cut = true;
                return Ok(included);
            }
        }
    }
    Ok(included)
}

/// What is referred to, if the caller may read it.
fn referred(gate: &Gate, session: &Session, id: ResourceId) -> Result<Option<Hit>, Trouble> {
    let Some(sight) = Sight::to_find(gate, session, &id)? else { return Ok(None) };
    let now = sight.now(gate, &session.partner.org)?;
    Ok(now.map(|(json, parts)| Hit { id, place: [0; 16], json, parts }))
}

/// What refers to it, and whether that goes on.
fn referring(
    gate: &Gate,
    session: &Session,
    (include, to): (&Include, &ResourceId),
) -> Result<(Vec<Hit>, bool), Trouble> {
    let Some(served) = Served::of(include.source) else { return Ok((Vec::new(), false)) };
    let base = gate.config.organization.base_url.as_str();
    let pairs = [(include.param.name.to_owned(), to.to_string())];
    let Ok(search) = Search::parse(served, &pairs, base, Handling::Strict) else {
        return Ok((Vec::new(), false));
    };
    // Some of them may be on the page already.
    let (hits, ended_at) = Walk::of(gate, session, &search)?.gather(None, 2 * INCLUDED_MAX)?;
    let refers = |hit: &Hit| include_references(include, &hit.json).contains(to);
    Ok((hits.into_iter().filter(refers).collect(), ended_at.is_some()))
}
