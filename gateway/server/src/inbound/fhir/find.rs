//! `GET /fhir/Type?…` and `POST /fhir/Type/_search`: what the caller may read of one type. No total: a
//! count would tell of what consent hides.
//!
//! Rows of the projections give candidates; each is looked at as this caller may read it now. In creation
//! order a page never repeats, and leaves out only what consent now hides. In change order what changes
//! meanwhile comes again, and nothing is missed; the newest first, it is ahead of the page by then.

mod cursor;
mod include;
mod walk;

use std::collections::BTreeSet;

use loopgate_fhir::{
    Json, Search, SearchItem, SearchMode, Served, Shape, is_json, searchset, shaped, warnings,
};
use loopgate_referral::ResourceId;

use super::prefer::handling;
use super::read::way;
use crate::egress::Weighed;
use crate::gate::{Gate, Request, Session};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{FHIR_JSON, Reply};
use cursor::Cursor;
use walk::Walk;

const FORM: &[&str] = &["application/x-www-form-urlencoded"];
/// How often a page is made anew because a decision changed under it.
const PAGE_TRIES_MAX: usize = 3;

/// The pairs of a search that is posted: those of the form and of the URL (R4 http.html#search).
pub fn form(request: &Request) -> Result<Vec<(String, String)>, Trouble> {
    request.speaks(FORM)?;
    let posted: Vec<(String, String)> =
        form_urlencoded::parse(&request.body).into_owned().collect();
    let mut formats = posted.iter().filter(|(name, _)| name == "_format");
    if !formats.all(|(_, value)| is_json(value)) {
        return Err(Kind::NotAcceptable.into());
    }
    Ok([request.query.clone(), posted].concat())
}

/// One resource on a page.
struct Hit {
    id: ResourceId,
    place: crate::view::Place,
    json: Json,
    parts: Vec<Weighed>,
}

/// A page, before it is released.
struct Page {
    matches: Vec<Hit>,
    included: include::Included,
    next: Option<Cursor>,
}

/// What names the OperationOutcome of a page within the page: every entry has a name (R4 bundle.html).
const TOLD: &str = "urn:uuid:00000000-0000-4000-8000-000000000000";

/// Answers a search.
pub fn search(
    gate: &Gate,
    session: &Session,
    served: &'static Served,
    (pairs, prefer): (&[(String, String)], Option<&str>),
) -> Result<Reply, Trouble> {
    let base = gate.config.organization.base_url.as_str();
    let search = Search::parse(served, pairs, base, handling(prefer))
        .map_err(|faults| Trouble::from(Refusal::at(Kind::Malformed, faults)))?;
    let order = walk::order(&search);
    let after = search.cursor().map(|text| Cursor::of(text, order)).transpose()?;
    for _ in 0..PAGE_TRIES_MAX {
        let page = page(gate, session, &search, after)?;
        let hits = page.matches.iter().chain(&page.included.hits);
        let parts = hits.flat_map(|hit| hit.parts.iter().cloned()).collect();
        let made = || Ok(bundle(base, &search, &page, after).to_bytes());
        match gate.egress.release_page(way(&session.partner.org), parts, made) {
            Err(Trouble::Outage) => {}
            Err(trouble) => return Err(trouble),
            Ok(body) => return Ok(Reply::released(200, FHIR_JSON, body)),
        }
    }
    Err(Trouble::Outage)
}

fn page(
    gate: &Gate,
    session: &Session,
    search: &Search,
    after: Option<Cursor>,
) -> Result<Page, Trouble> {
    let walk = Walk::of(gate, session, search)?;
    let count = search.count().min(gate.config.limits.page_entries_max);
    let (matches, next) = walk.page(after, count)?;
    let found: BTreeSet<ResourceId> = matches.iter().map(|hit| hit.id.clone()).collect();
    let included = include::with(gate, session, search, (&matches, found))?;
    Ok(Page { matches, included, next })
}

fn bundle(base: &str, search: &Search, page: &Page, after: Option<Cursor>) -> Json {
    let item = |hit: &Hit, mode| SearchItem {
        full_url: Some(format!("{base}/{}", hit.id)),
        // Elements are named of the type that is searched.
        resource: match (search.shape(), mode) {
            (Shape::Elements(_), SearchMode::Include) => hit.json.clone(),
            (shape, _) => shaped(&hit.json, shape),
        },
        mode,
    };
    let told = |outcome| SearchItem {
        full_url: Some(TOLD.to_owned()),
        resource: outcome,
        mode: SearchMode::Outcome,
    };
    let matches = page.matches.iter().map(|hit| item(hit, SearchMode::Match));
    let included = page.included.hits.iter().map(|hit| item(hit, SearchMode::Include));
    let mut faults = search.ignored().to_vec();
    faults.extend(page.included.cut());
    let outcome = (!faults.is_empty()).then(|| told(warnings(&faults)));
    let to = |cursor: Option<Cursor>| link(base, search, cursor);
    let next = page.next.map(|cursor| to(Some(cursor)));
    searchset(matches.chain(included).chain(outcome).collect(), &to(after), next.as_deref())
}

fn link(base: &str, search: &Search, cursor: Option<Cursor>) -> String {
    let start = format!("{base}/{}?", search.served().kind);
    let query_at = start.len();
    let mut text = form_urlencoded::Serializer::for_suffix(start, query_at);
    text.extend_pairs(search.pairs());
    if let Some(cursor) = cursor {
        text.append_pair("_cursor", &cursor.to_text());
    }
    text.finish()
}
