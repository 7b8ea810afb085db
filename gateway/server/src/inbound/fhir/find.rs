//! `GET /fhir/Task?…`: what the caller takes part in, in the order it changed. No total: a count
//! would tell of what consent hides.

use loopgate_fhir::{Json, SearchItem, SearchMode, Served, TaskKeys, TaskQuery, searchset};
use loopgate_referral::{Referral, ResourceId, TaskStatus, Timestamp};

use crate::egress::Way;
use crate::exit;
use crate::fold::Part;
use crate::gate::{Gate, Request, Session};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{FHIR_JSON, Reply};
use crate::scribe::{AskFor, is_held};

/// Rows looked at to fill one page, at most: then the page ends early, with a link to go on.
const ROWS_LOOKED_AT_MAX: usize = 2_000;

const FORM: &[&str] = &["application/x-www-form-urlencoded"];

/// The pairs of a search that is posted: those of the form and of the URL (R4 http.html#search).
pub fn form(request: &Request) -> Result<Vec<(String, String)>, Trouble> {
    request.speaks(FORM)?;
    let mut pairs = request.query.clone();
    pairs.extend(form_urlencoded::parse(&request.body).into_owned());
    Ok(pairs)
}

/// Answers a search.
pub fn search(
    gate: &Gate,
    session: &Session,
    served: &Served,
    pairs: &[(String, String)],
) -> Result<Reply, Trouble> {
    if served.kind != "Task" {
        return Err(Kind::Method.into());
    }
    let caller = &session.partner;
    let base = gate.config.organization.base_url.as_str();
    let query = TaskQuery::parse(pairs, base)
        .map_err(|faults| Trouble::from(Refusal::at(Kind::Malformed, faults)))?;
    let cursor = query.cursor.as_deref().unwrap_or_default();
    let after = hex::decode(cursor).map_err(|_| Trouble::from(Kind::Malformed))?;
    let (matches, next) = page(gate, session, &query, after)?;
    let asks: Vec<AskFor> = matches.iter().map(|one| one.ask.clone()).collect();
    let self_link = link(base, pairs, cursor);
    let next_link = next.map(|cursor| link(base, pairs, &hex::encode(cursor)));
    let way = Way { to: &caller.org, channel: "fhir", mapping: None, by: None };
    let body = gate.egress.release_page(way, asks, || {
        let items = matches.iter().map(|one| SearchItem {
            full_url: Some(format!("{base}/{}", one.task)),
            resource: one.json.clone(),
            mode: SearchMode::Match,
        });
        Ok(searchset(items.collect(), &self_link, next_link.as_deref()).to_bytes())
    })?;
    Ok(Reply::released(200, FHIR_JSON, body))
}

fn link(base: &str, query: &[(String, String)], cursor: &str) -> String {
    let start = format!("{base}/Task?");
    let query_at = start.len();
    let mut text = form_urlencoded::Serializer::for_suffix(start, query_at);
    let kept = query.iter().filter(|(name, _)| name != "_cursor");
    text.extend_pairs(kept);
    if !cursor.is_empty() {
        text.append_pair("_cursor", cursor);
    }
    text.finish()
}

/// One Task on the page.
struct Match {
    task: ResourceId,
    json: Json,
    ask: AskFor,
}

fn page(
    gate: &Gate,
    session: &Session,
    query: &TaskQuery,
    mut after: Vec<u8>,
) -> Result<(Vec<Match>, Option<Vec<u8>>), Trouble> {
    let org = &session.partner.org;
    let count = query.count.min(gate.config.limits.page_entries_max);
    let mut matches = Vec::new();
    let mut looked_at = 0;
    loop {
        let rows = gate.view.tasks(org, &after, count).map_err(|outage| {
            tracing::error!(%outage, "the projections do not read");
            Trouble::Outage
        })?;
        let exhausted = rows.len() < count;
        for row in rows {
            looked_at += 1;
            after.clone_from(&row.cursor);
            if let Some(found) = candidate(gate, session, &row.task, query)? {
                matches.push(found);
            }
            if matches.len() == count || looked_at == ROWS_LOOKED_AT_MAX {
                return Ok((matches, Some(after)));
            }
        }
        if exhausted {
            return Ok((matches, None));
        }
    }
}

/// The Task as the caller may see it now, if it is what was searched for.
fn candidate(
    gate: &Gate,
    session: &Session,
    task: &ResourceId,
    query: &TaskQuery,
) -> Result<Option<Match>, Trouble> {
    let part = gate.scribe.published().world().parts.get(task).copied();
    let (json, ask) = match part {
        Some(Part::SourceTask(referral)) => match gate.referral(&referral) {
            Some(referral) => of_source(gate, &referral)?,
            None => return Ok(None),
        },
        Some(Part::PlacementTask(referral, placement)) => {
            let Some(referral) = gate.referral(&referral).filter(|one| !is_held(one)) else {
                return Ok(None);
            };
            let Some(placement) = referral.placement(&placement) else { return Ok(None) };
            let ask = exit::forward_ask(&referral, placement).shown(gate, session);
            let Some(permits) = gate.egress.may(&session.partner.org, &ask)? else {
                return Ok(None);
            };
            let passing = exit::Passing::of(&permits);
            (exit::target_task(gate, &referral, placement, &passing)?, ask)
        }
        _ => return Ok(None),
    };
    let matches = query.matches(&keys(&json, task, &Named::of(&json)));
    Ok(matches.then(|| Match { task: task.clone(), json, ask }))
}

fn of_source(gate: &Gate, referral: &Referral) -> Result<(Json, AskFor), Trouble> {
    let held = gate.held(&referral.task).ok_or(Trouble::Outage)?;
    let (ask, answer, _) = exit::source_may(gate, referral);
    Ok((exit::source_task(gate, referral, &held, answer)?, ask))
}

/// The parties a Task names.
struct Named {
    owner: Option<ResourceId>,
    requester: Option<ResourceId>,
    patient: Option<ResourceId>,
}

impl Named {
    fn of(task: &Json) -> Named {
        let named = |path: &str| task.text(path).and_then(|text| text.parse().ok());
        Named {
            owner: named("owner.reference"),
            requester: named("requester.reference"),
            patient: named("for.reference"),
        }
    }
}

fn keys<'a>(task: &Json, id: &'a ResourceId, named: &'a Named) -> TaskKeys<'a> {
    let status = task.text("status").and_then(TaskStatus::from_code);
    let updated =
        task.text("meta.lastUpdated").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    TaskKeys {
        id: id.id(),
        owner: named.owner.as_ref(),
        requester: named.requester.as_ref(),
        patient: named.patient.as_ref(),
        status: status.unwrap_or(TaskStatus::Draft),
        last_updated: Timestamp(updated.map_or(0, jiff::Timestamp::as_millisecond)),
    }
}
