//! The inbox: need and status of what this organization may see, in the order in which it changed.
//! Not here: waiting until something comes (`wait.rs`).

use loopgate_consent::FieldGroup;
use loopgate_mapping::Mapping;
use loopgate_referral::{NeedCode, Placement, Referral, TaskStatus};
use serde_json::{Value, json};

use super::Call;
use super::body::{Instant, bad};
use crate::dialect;
use crate::egress::{Way, Weighed};
use crate::exit;
use crate::fold::Part;
use crate::gate::{Gate, Request, Session};
use crate::openapi::Query;
use crate::refusal::Trouble;
use crate::reply::{JSON, Reply};
use crate::scribe::is_held;
use crate::view::{Order, Place, before};

/// A row of the list says no more.
const SHOWN: [FieldGroup; 2] = [FieldGroup::Need, FieldGroup::Status];
/// So many rows are looked at for one page: a filter that little matches must not hold a thread for long.
const LOOKED_MAX: usize = 2_000;
/// Nobody waits longer, in seconds.
const WAIT_S_MAX: u64 = 60;

/// What may stand in the query.
pub const QUERY: [Query; 7] = [
    Query {
        name: "after",
        words: "Only what changed after this place: `next` of an earlier page.",
        schema: r#"{"type":"string","pattern":"^[0-9a-f]{32}$"}"#,
        required: false,
    },
    Query {
        name: "limit",
        words: "At most so many. The operator may have set a lower limit; what is above it is refused.",
        schema: r#"{"type":"integer","minimum":1,"maximum":1000}"#,
        required: false,
    },
    Query {
        name: "status",
        words: "Only those that stand here; give it several times for several.",
        schema: r##"{"type":"array","items":{"$ref":"#/components/schemas/Status"}}"##,
        required: false,
    },
    Query {
        name: "need",
        words: "Only this kind of need, an SDOHCC category such as `food-insecurity`.",
        schema: r#"{"type":"string","pattern":"^[a-z0-9-]{1,64}$"}"#,
        required: false,
    },
    Query {
        name: "assigned",
        words: "Only what is assigned to this name, to the letter; empty: to nobody.",
        schema: r#"{"type":"string","maxLength":100}"#,
        required: false,
    },
    Query {
        name: "changed_since",
        words: "Only what changed at this instant or later.",
        schema: r#"{"type":"string","format":"date-time"}"#,
        required: false,
    },
    Query {
        name: "wait",
        words: "If there is nothing, wait so many seconds for something to come. When they are over the answer \
                is an empty list. With it `next` is always there: ask again with it as `after`.",
        schema: r#"{"type":"integer","minimum":0,"maximum":60}"#,
        required: false,
    },
];

/// What is asked for.
#[derive(Debug, Default)]
struct Asked {
    after: Option<Place>,
    count: usize,
    status: Vec<TaskStatus>,
    need: Option<NeedCode>,
    assigned: Option<String>,
    wait_s: Option<u64>,
}

impl Asked {
    fn of(request: &Request, count_max: usize) -> Result<Asked, Trouble> {
        let mut asked = Asked { count: count_max, ..Asked::default() };
        let mut since = None;
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &request.query {
            if name != "status" && seen.contains(&name.as_str()) {
                return Err(bad(known(name), "is there twice"));
            }
            seen.push(name);
            match name.as_str() {
                "after" => {
                    let place = hex::decode(value).ok().and_then(|bytes| bytes.try_into().ok());
                    asked.after = Some(place.ok_or_else(|| bad("after", "is not a cursor"))?);
                }
                "limit" => {
                    let limit = number(value).and_then(|limit| usize::try_from(limit).ok());
                    let limit = limit.filter(|limit| (1..=count_max).contains(limit));
                    asked.count = limit.ok_or_else(|| bad("limit", "is not a number in range"))?;
                }
                "status" => {
                    let status = STATUS.iter().find(|(word, _)| word == value);
                    let words = "is not one of the words there are";
                    asked.status.push(status.ok_or_else(|| bad("status", words))?.1);
                }
                "need" => {
                    let need = value.parse().map_err(|_| bad("need", "is not a code"))?;
                    asked.need = Some(need);
                }
                "assigned" => asked.assigned = Some(value.clone()),
                "changed_since" => {
                    let Instant(at) = Instant::try_from(value.clone())
                        .map_err(|words| bad("changed_since", words))?;
                    since = before(at);
                }
                "wait" => {
                    let wait = number(value).filter(|wait| *wait <= WAIT_S_MAX);
                    let words = "is not a number of seconds in range";
                    asked.wait_s = Some(wait.ok_or_else(|| bad("wait", words))?);
                }
                _ => return Err(bad("", "has an unknown parameter")),
            }
        }
        asked.after = asked.after.max(since);
        Ok(asked)
    }

    /// Whether it is among what is asked for.
    fn wants(&self, referral: &Referral, placement: &Placement) -> bool {
        (self.status.is_empty() || self.status.contains(&placement.state.status()))
            && self.need.as_ref().is_none_or(|need| referral.needs.contains(need))
            && self
                .assigned
                .as_ref()
                .is_none_or(|to| placement.assigned.as_deref().unwrap_or_default() == to)
    }
}

/// Where a page of anything begins, and how long it is at most.
pub fn page_of(request: &Request, count_max: usize) -> Result<(Option<Place>, usize), Trouble> {
    Asked::of(request, count_max).map(|asked| (asked.after, asked.count))
}

/// Digits, and nothing else.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The name of a parameter that there is.
fn known(name: &str) -> &'static str {
    QUERY.iter().find(|query| query.name == name).map_or("", |query| query.name)
}

/// Each status by the dialect's word for it, as `mappings/codes/task-status/cbo.toml` has them.
pub const STATUS: [(&str, TaskStatus); 9] = [
    ("new", TaskStatus::Requested),
    ("accepted", TaskStatus::Accepted),
    ("declined", TaskStatus::Rejected),
    ("in-progress", TaskStatus::InProgress),
    ("on-hold", TaskStatus::OnHold),
    ("served", TaskStatus::Completed),
    ("not-served", TaskStatus::Failed),
    ("cancelled", TaskStatus::Cancelled),
    ("withdrawn", TaskStatus::EnteredInError),
];

/// `GET /cbo/v1/referrals`.
pub fn list(call: &Call<'_>) -> Result<Reply, Trouble> {
    let (gate, org) = (call.gate, call.org());
    let asked = Asked::of(call.request, gate.config.limits.page_entries_max)?;
    let (mapping, _) = dialect::mapping(gate, org, "referral")?;
    let Page { rows, place, more } = page(gate, call.session, mapping, &asked)?;
    if rows.is_empty() && !more {
        call.waits_s.set(asked.wait_s.filter(|seconds| *seconds > 0));
    }
    let (shown, parts): (Vec<Value>, Vec<Weighed>) = rows.into_iter().unzip();
    let way = Way { to: org, channel: "cbo-rest", mapping: Some(mapping.digest()), by: None };
    let mut page = json!({ "referrals": shown });
    if more || asked.wait_s.is_some() {
        page["next"] = json!(hex::encode(place.unwrap_or_default()));
    }
    let body = gate.egress.release_page(way, parts, || Ok(page.to_string().into_bytes()))?;
    Ok(Reply::released(200, JSON, body))
}

/// One row of the list, and what it shows.
type Row = (Value, Weighed);

struct Page {
    rows: Vec<Row>,
    /// The place of the last that was looked at.
    place: Option<Place>,
    /// There may be more after it.
    more: bool,
}

/// The rows that consent permits now, and where to go on.
fn page(gate: &Gate, session: &Session, mapping: &Mapping, asked: &Asked) -> Result<Page, Trouble> {
    let org = &session.partner.org;
    let mut page = Page { rows: Vec::new(), place: asked.after, more: true };
    let mut looked = 0;
    while looked < LOOKED_MAX {
        let of = (std::slice::from_ref(org), "Task");
        let found = gate.view.find(Order::Changed, of, None, page.place.as_ref(), asked.count);
        let found = found.map_err(|outage| {
            tracing::error!(%outage, "the projections do not read");
            Trouble::Outage
        })?;
        looked += asked.count;
        let exhausted = found.len() < asked.count;
        for task in found {
            page.place = Some(task.place);
            let part = gate.scribe.published().world().parts.get(&task.id).copied();
            let Some(Part::PlacementTask(referral, placement)) = part else { continue };
            let Some(referral) = gate.referral(&referral).filter(|one| !is_held(one)) else {
                continue;
            };
            // What was answered by mistake is there anew, and stands for itself.
            let newest = referral.placements.iter().rev().find(|one| one.target == *org);
            let Some(placement) = newest.filter(|one| one.id == placement).cloned() else {
                continue;
            };
            if !asked.wants(&referral, &placement) {
                continue;
            }
            let ask = exit::need_ask(&referral, &placement).shown(gate, session);
            let Some(permits) = gate.egress.may(org, &ask)? else { continue };
            let passing = exit::Passing::of(&permits).only(&SHOWN);
            // One that the dialect cannot say must not hide the others.
            let row = exit::community(gate, mapping, &referral, &placement, &passing)?;
            page.rows.extend(row.map(|row| (row, (ask, permits))));
            if page.rows.len() == asked.count {
                return Ok(page);
            }
        }
        if exhausted {
            page.more = false;
            break;
        }
    }
    Ok(page)
}
