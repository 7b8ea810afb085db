//! `/audit/v1`: for auditors with a client certificate on the machines' port, and for those of the staff
//! who are signed in on the people's (`people/audit.rs`). A case is named in `Loopgate-Case`; without one
//! the question is refused and recorded (A4). What is told is in `audit.rs`.

use serde::Deserialize;
use serde_json::json;

use crate::audit::form::Form;
use crate::audit::{
    self, Asker, Call, accounting, evidence, policy, reveal, roster, search, timeline,
};
use crate::egress::Released;
use crate::gate::{Gate, Request};
use crate::partner::Role;
use crate::refusal::{Kind, Trouble};
use crate::reply::{JSON, Reply, json_reply};

/// What is asked.
pub struct Question<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// The path after `/audit/v1/`.
    pub path: Vec<&'a str>,
    /// The query.
    pub query: &'a [(String, String)],
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// Who somebody is, is asked so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    person: String,
    reason: String,
}

/// Answers one request.
pub fn handle(gate: &Gate, request: &Request) -> Result<Reply, Trouble> {
    // No access token serves here.
    let caller = match request.authorization {
        None => gate.certified(request)?,
        Some(_) => return Err(gate.stranger()),
    };
    if !caller.is(Role::Auditor) {
        return Err(gate.refused(&caller.org, "A4", Kind::Forbidden));
    }
    let segments = request.segments();
    let ["audit", "v1", path @ ..] = segments.as_slice() else {
        return gate.not_there(&caller.org, Err(Kind::NotFound.into()));
    };
    let asker = Asker { way: audit::way(&caller.org), case: request.case.clone() };
    let question = Question {
        method: &request.method,
        path: path.to_vec(),
        query: &request.query,
        accept: request.accept.as_deref(),
        body: &request.body,
    };
    if (question.method, question.path.as_slice()) == ("POST", &["reveal"]) {
        request.speaks(&[JSON])?;
    }
    gate.not_there(&caller.org, answer(gate, &asker, &question))
}

/// Answers one question.
pub fn answer(gate: &Gate, asker: &Asker<'_>, asked: &Question<'_>) -> Result<Reply, Trouble> {
    match (asked.method, asked.path.as_slice()) {
        ("GET", ["entries", about]) => {
            let released =
                audit::explain(gate, asker, about, &|said| said.to_string().into_bytes());
            released.map(|released| Reply::released(200, JSON, released))
        }
        ("GET", ["entries"]) => entries(gate, asker, asked),
        ("GET", ["referrals", id]) => {
            let form = form(gate, asker, asked, &timeline::PARAMETERS)?.1;
            let found = timeline::page(gate, id)?;
            let write = || timeline::write(gate, asker, &found, form);
            Ok(file("referral", form, timeline::release(gate, asker, &found, &write)?))
        }
        ("GET", ["referrals", id, "evidence"]) => {
            asker.case(gate)?;
            let released = evidence::for_referral(gate, asker, id)?;
            Ok(Reply::released(200, "application/jsonl", released)
                .header("content-disposition", "attachment; filename=\"evidence.jsonl\""))
        }
        ("GET", ["accounting"]) => {
            let (call, form) = form(gate, asker, asked, &accounting::PARAMETERS)?;
            let found = accounting::page(gate, asker, &call)?;
            let write = || accounting::write(gate, asker, &found, form);
            Ok(file("accounting", form, accounting::release(gate, asker, &found, &write)?))
        }
        ("GET", ["roster"]) => {
            let (call, form) = form(gate, asker, asked, &roster::PARAMETERS)?;
            let found = roster::page(gate, &call)?;
            let write = || roster::write(gate, asker, &found, form);
            Ok(file("roster", form, audit::release(gate, asker, ("roster", &[]), &[], &write)?))
        }
        ("GET", ["policy", entry]) => {
            asker.case(gate)?;
            let released = policy::release(gate, asker, policy::page(gate, entry)?)?;
            Ok(Reply::released(200, JSON, released))
        }
        ("POST", ["reveal"]) => {
            asker.case(gate)?;
            let ask: Ask =
                serde_json::from_slice(asked.body).map_err(|_| Trouble::from(Kind::Malformed))?;
            let entry = reveal::ask(gate, asker, &ask.person, &ask.reason)?;
            Ok(json_reply(202, JSON, &json!({ "reveal": entry, "state": "asked" })))
        }
        ("GET", ["reveal", entry]) => {
            let (entry, one) = reveal::own(gate, asker, entry)?;
            Ok(json_reply(200, JSON, &reveal::state(gate, entry, &one)))
        }
        ("POST", ["reveal", entry, "read"]) => {
            let (entry, one) = reveal::own(gate, asker, entry)?;
            let write = |identity: &reveal::Identity| identity.to_json().to_string().into_bytes();
            let released = reveal::read(gate, asker, (entry, &one), &write)?;
            Ok(Reply::released(200, JSON, released))
        }
        ("GET", _) => Err(Kind::NotFound.into()),
        (_, ["entries" | "referrals" | "accounting" | "roster" | "policy" | "reveal", ..]) => {
            Err(Kind::Method.into())
        }
        _ => Err(Kind::NotFound.into()),
    }
}

/// What is asked for, and in which form; a case is named before anything is looked at.
fn form<'q>(
    gate: &Gate,
    asker: &Asker<'_>,
    asked: &Question<'q>,
    known: &[&'static str],
) -> Result<(Call<'q>, Form), Trouble> {
    asker.case(gate)?;
    let call = Call::of(asked.query, known)?;
    let form = Form::of(&call, asked.accept)?;
    Ok((call, form))
}

fn entries(gate: &Gate, asker: &Asker<'_>, asked: &Question<'_>) -> Result<Reply, Trouble> {
    let (call, form) = form(gate, asker, asked, &search::PARAMETERS)?;
    let page = search::page(gate, search::query(gate, asker, &call)?)?;
    let write = || search::write(gate, asker, &page, form);
    let reply = file("entries", form, search::release(gate, asker, &page, &write)?);
    let Some(next) = page.next else { return Ok(reply) };
    // RFC 8288: the same question, from there on.
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(asked.query.iter().filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", &next.to_string());
    Ok(reply.header("link", format!("</audit/v1/entries?{}>; rel=\"next\"", query.finish())))
}

/// An answer; what is no JSON is saved as a file.
fn file(name: &str, form: Form, released: Released) -> Reply {
    let reply = Reply::released(200, form.media(), released);
    if form == Form::Json {
        return reply;
    }
    let ending = if form == Form::Fhir { "fhir.json" } else { form.name() };
    reply.header("content-disposition", format!("attachment; filename=\"{name}.{ending}\""))
}
