//! The auditor's pages: what is searched for, one referral drawn, the lists the law lets a person ask for;
//! and `/audit/v1` for an auditor of the staff, whose browser saves what programs read.

use super::desk::{the_staff, way};
use super::html::HTML;
use super::sessions::Member;
use super::{Visit, audit_html, html, sorry, timeline_html};
use crate::audit::{Asker, Call, accounting, search, timeline};
use crate::gate::Gate;
use crate::inbound::audit::{Question, answer};
use crate::refusal::{Kind, Trouble};
use crate::reply::{self, Reply};
use crate::staff::StaffRole;

/// Answers `/audit/v1/…` on the people's port. A link sets no header: the case may be a parameter.
pub fn programs(gate: &Gate, visit: &Visit) -> Reply {
    let path: Vec<&str> = visit.path.split('/').skip(1).collect();
    let ["audit", "v1", path @ ..] = path.as_slice() else { return html::nowhere() };
    let member = gate.staff.member(gate, visit.cookie.as_deref());
    let Some(member) = member.filter(|member| member.is(StaffRole::Auditor)) else {
        return reply::problem(Kind::Unauthenticated.into());
    };
    if visit.method != "GET" && !visit.same_origin {
        return reply::problem(Kind::Forbidden.into());
    }
    let (case, query) = split(visit);
    let staff = the_staff();
    let asker = Asker { way: way(&staff, &member), case: visit.case.clone().or(case) };
    let question = Question {
        method: &visit.method,
        path: path.to_vec(),
        query: &query,
        accept: visit.accept.as_deref().filter(|accept| !accept.contains("text/html")),
        body: &visit.body,
    };
    let answered = gate.not_there(&staff, answer(gate, &asker, &question));
    answered.unwrap_or_else(reply::problem)
}

/// The case, and the other parameters.
fn split(visit: &Visit) -> (Option<String>, Vec<(String, String)>) {
    let (cases, query): (Vec<_>, Vec<_>) =
        visit.query.iter().cloned().partition(|(name, _)| name == "case");
    let mut cases = cases.into_iter().map(|(_, case)| case.trim().to_owned());
    (cases.next().filter(|case| !case.is_empty() && cases.next().is_none()), query)
}

/// Answers a GET of `/staff/audit…` by an auditor.
pub fn shown(gate: &Gate, member: &Member, visit: &Visit, path: &[&str]) -> Result<Reply, Trouble> {
    let (case, query) = split(visit);
    let kinds = || gate.scribe.published().catalogue().known_kinds();
    let asked = audit_html::Asked { query: &query, case: case.as_deref() };
    let Some(known) = case.clone().filter(|case| crate::audit::is_case(case)) else {
        let problem = case.is_some().then_some(
            "Please name the case, in letters, digits, dots and dashes. Your look is recorded under it.",
        );
        return match path {
            [] => Ok(audit_html::form(&asked, &kinds(), problem)),
            _ => Ok(audit_html::case(&visit.path, &query, problem)),
        };
    };
    let staff = the_staff();
    let asker = Asker { way: way(&staff, member), case: Some(known.clone()) };
    let found = match path {
        [] => searched(gate, &asker, &asked),
        ["referral", id] => drawn(gate, &asker, id, &known),
        ["accounting"] => listed(gate, &asker, &query, &known),
        _ => return Err(Kind::NotFound.into()),
    };
    match gate.not_there(&staff, found) {
        Err(Trouble::Refused(refusal)) => {
            let fault = refusal.faults.first();
            let words = fault.map(|fault| format!("“{}” {}.", fault.expression, fault.words));
            let words = words.unwrap_or_else(|| "Nothing is known by that name.".to_owned());
            Ok(audit_html::form(&asked, &kinds(), Some(&words)))
        }
        Err(outage) => Ok(sorry(outage)),
        found => found,
    }
}

fn searched(
    gate: &Gate,
    asker: &Asker<'_>,
    asked: &audit_html::Asked<'_>,
) -> Result<Reply, Trouble> {
    let call = Call::of(asked.query, &search::PARAMETERS)?;
    let page = search::page(gate, search::query(gate, asker, &call)?)?;
    let kinds = gate.scribe.published().catalogue().known_kinds();
    let render = || audit_html::found(gate, asker, asked, &kinds, &page);
    let released = search::release(gate, asker, &page, &render)?;
    Ok(Reply::released(200, HTML, released))
}

fn drawn(gate: &Gate, asker: &Asker<'_>, id: &str, case: &str) -> Result<Reply, Trouble> {
    let found = timeline::page(gate, id)?;
    let render = || timeline_html::page(gate, asker, &found, case);
    let released = timeline::release(gate, asker, &found, &render)?;
    Ok(Reply::released(200, HTML, released))
}

fn listed(
    gate: &Gate,
    asker: &Asker<'_>,
    query: &[(String, String)],
    case: &str,
) -> Result<Reply, Trouble> {
    let found = accounting::page(gate, asker, &Call::of(query, &accounting::PARAMETERS)?)?;
    let render = || audit_html::account(gate, asker, &found, case);
    let released = accounting::release(gate, asker, &found, &render)?;
    Ok(Reply::released(200, HTML, released))
}
