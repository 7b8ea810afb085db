//! The OpenAPI 3.1 document: written from the table that requests are dispatched by and from the types
//! that they are read as, so that it cannot say what is not so (adr/0033).

mod operation;
pub mod shows;
pub mod shows_onward;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::gate::Gate;
use crate::inbound::cbo;
use crate::reply::{JSON, PROBLEM_JSON, Reply};

pub use operation::{Gives, Query, Said, SchemaOf, Schemas, Takes, bytes, of};

/// `GET /openapi.json`: whoever wants to build a client may read it.
pub fn answer(gate: &Gate) -> Reply {
    let base = gate.config.organization.origin();
    Reply::with(200, JSON, document(base).to_string().into_bytes())
}

/// The document, for a gateway that is reached at this origin.
pub fn document(origin: &str) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    of::<shows::Status>(&mut schemas);
    for operation in cbo::operations() {
        let said = &operation.said;
        let path = paths.entry(said.path).or_default();
        path.insert(said.method.to_ascii_lowercase(), written(said, &mut schemas));
    }
    let problem = of::<shows::Problem>(&mut schemas);
    cbo::finish(&mut schemas);
    let mut schemas = json!(schemas);
    never_null(&mut schemas);
    let responses = REFUSALS.iter().map(|one| (one.status.to_string(), refused(one, &problem)));
    let responses: Map<String, Value> = responses.collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "loopgate for community organizations",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": ABOUT,
        },
        "servers": [{ "url": origin }],
        "security": [{ "certificate": [] }, { "token": ["system/Task.rs", "system/Task.u"] }],
        "tags": [
            { "name": "referrals", "description": "What is asked of you." },
            { "name": "acts", "description": "What you say of it. Each act answers where the referral stands." },
            { "name": "notices", "description": "What you have to stop." },
            { "name": "sent", "description": "What you ask of others, and what became of it." },
            { "name": "documents", "description": "Documents of a referral, from either side." },
            { "name": "organizations", "description": "Who else there is, and how much each can take on." },
            { "name": "spreadsheets", "description": "The inbox as a file, and the file with your answers back." },
            { "name": "dialect", "description": "The same in the words of your own system." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "headers": headers(),
            "parameters": parameters(),
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "The client certificate that the operator listed for you.",
                },
                "token": {
                    "type": "oauth2",
                    "description": "SMART Backend Services: a token bound to your key or certificate.",
                    "flows": { "clientCredentials": {
                        "tokenUrl": format!("{origin}/oauth/token"),
                        "scopes": {
                            "system/Task.rs": "read referrals",
                            "system/Task.u": "act on them",
                        },
                    } },
                },
            },
        },
    })
}

const ABOUT: &str = "Referrals to your organization, and what became of them.\n\n\
    An act may carry an `Idempotency-Key`: sent again with the same key and body it gets the first answer and \
    changes nothing. With `If-Match` it is done only if nobody changed the referral since you read that `ETag`. \
    No act is answered before it is recorded.\n\n\
    What you may not know of, what is not there and what consent does not permit are answered alike: 404.\n\n\
    Referrals and where they stand are said in the dialect `cbo-json`, as described here. If your partner file \
    names another, its mapping files say what is read and written in their place.\n\n\
    Refusals are `application/problem+json` (RFC 9457). `errors` says what is wrong and where, by a JSON pointer, \
    and never what you sent. Members that are not described here are refused.\n\n\
    Every answer says in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` how often you may ask. \
    Over it the answer is 429, with `Retry-After` in seconds.";

fn written(said: &Said, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    for part in said.path.split('/').filter(|part| part.starts_with('{')) {
        let kind = match part.trim_matches(['{', '}']) {
            "id" if said.path.contains("/notices/") => "Notice",
            "id" if said.path.contains("/sent/") => "Sent",
            "attachment" => "Document",
            "file" => "File",
            "door" => "Door",
            _ => "Referral",
        };
        parameters.push(json!({ "$ref": format!("#/components/parameters/{kind}") }));
    }
    for query in said.query {
        let schema: Value = serde_json::from_str(query.schema).unwrap_or_default();
        parameters.push(json!({
            "name": query.name, "in": "query", "description": query.words, "schema": schema,
            "required": query.required,
        }));
    }
    if said.conditional {
        parameters.push(json!({ "$ref": "#/components/parameters/Key" }));
        parameters.push(json!({ "$ref": "#/components/parameters/IfMatch" }));
    }
    let mut responses = Map::new();
    responses.insert(said.gives.status.to_string(), given(said, schemas));
    for status in said.refuses.iter().chain(&ALWAYS) {
        let reference = json!({ "$ref": format!("#/components/responses/{status}") });
        responses.insert(status.to_string(), reference);
    }
    let mut written = json!({
        "operationId": said.id,
        "tags": [said.tag],
        "summary": said.summary,
        "description": said.words,
        "responses": responses,
    });
    if !parameters.is_empty() {
        written["parameters"] = json!(parameters);
    }
    if let Some(takes) = &said.takes {
        let schema = (takes.schema)(schemas);
        let examples = takes.examples.iter().enumerate().map(|(n, (summary, text))| {
            let value: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            (format!("e{n}"), json!({ "summary": summary, "value": value }))
        });
        let examples: Map<String, Value> = examples.collect();
        let media = takes.media.iter().map(|media| {
            let mut content = json!({ "schema": schema });
            if !examples.is_empty() {
                content["examples"] = json!(examples);
            }
            ((*media).to_owned(), content)
        });
        let content: Map<String, Value> = media.collect();
        written["requestBody"] = json!({ "required": !takes.optional, "content": content });
    }
    written
}

fn given(said: &Said, schemas: &mut Schemas) -> Value {
    let gives = &said.gives;
    let named = gives.headers.iter().chain(&METERED);
    let headers: Map<String, Value> = named
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect();
    let mut given = json!({ "description": gives.words, "headers": headers });
    if let Some((media, schema)) = gives.body {
        let mut content = json!({ "schema": schema(schemas) });
        if let Ok(example) = serde_json::from_str::<Value>(gives.example) {
            content["example"] = example;
        }
        let mut all = json!({ media: content });
        for (media, schema) in gives.also {
            all[*media] = json!({ "schema": schema(schemas) });
        }
        given["content"] = all;
    }
    if said.id == "listReferrals" {
        let first = json!({ "id": "$response.body#/referrals/0/referral_id" });
        let link = |id: &str| json!({ "operationId": id, "parameters": first });
        let acts =
            cbo::operations().filter(|one| one.said.path.starts_with("/cbo/v1/referrals/{id}"));
        let ids = acts.map(|one| (one.said.id.to_owned(), link(one.said.id)));
        given["links"] = Value::Object(ids.collect());
    }
    given
}

/// Header fields that say how often may still be asked.
const METERED: [&str; 3] = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// Statuses that every request may get.
const ALWAYS: [u16; 8] = [400, 401, 403, 405, 408, 413, 429, 503];

/// A refusal, as every operation may answer it.
struct Refused {
    status: u16,
    words: &'static str,
    /// The last part of the problem's type; empty: no body.
    problem: &'static str,
    headers: &'static [&'static str],
}

const REFUSALS: [Refused; 13] = {
    const fn row(status: u16, problem: &'static str, words: &'static str) -> Refused {
        Refused { status, words, problem, headers: &[] }
    }
    [
        row(
            400,
            "malformed",
            "What was sent is not well-formed, or not of the form that is described.",
        ),
        row(401, "unauthenticated", "Nobody we know asks."),
        row(403, "forbidden", "You may not do this."),
        row(404, "not-found", "There is no such thing for you."),
        Refused { headers: &["allow"], ..row(405, "method", "This method is not offered here.") },
        row(408, "", "The request took too long to arrive."),
        row(409, "illegal-move", "The act is not open from where the referral stands."),
        row(412, "version-conflict", "It was changed since the version that `If-Match` names."),
        row(413, "too-large", "The body is over the limit."),
        row(415, "media-type", "The body is in a media type that is not spoken here."),
        row(422, "invalid", "What was sent is of the form that is described, and cannot be done."),
        Refused {
            headers: &["retry-after"],
            ..row(429, "too-many", "You ask too often, or wait too often at once.")
        },
        Refused {
            headers: &["retry-after"],
            ..row(503, "outage", "We cannot keep our promise right now; try again.")
        },
    ]
};

fn refused(one: &Refused, problem: &Value) -> Value {
    let named = one.headers.iter();
    let headers: Map<String, Value> = named
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect();
    let mut refused = json!({ "description": one.words });
    if !headers.is_empty() {
        refused["headers"] = json!(headers);
    }
    if !one.problem.is_empty() {
        let kind = format!("urn:loopgate:problem:{}", one.problem);
        let example = json!({ "type": kind, "title": one.words, "status": one.status });
        refused["content"] = json!({ PROBLEM_JSON: { "schema": problem, "example": example } });
    }
    refused
}

fn headers() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    json!({
        "etag": {
            "description": "The referral's version: what `If-Match` names.",
            "schema": { "type": "string", "pattern": "^W/\"[0-9]+\"$" },
        },
        "loopgate-receipt": {
            "description": "Receipts of the disclosures that this answer is: origin, index and leaf hash of each.",
            "schema": { "type": "string" },
        },
        "location": {
            "description": "Where it is.",
            "schema": { "type": "string" },
        },
        "content-disposition": {
            "description": "It is to be saved, and under which name.",
            "schema": { "type": "string", "pattern": "^attachment; filename=" },
        },
        "allow": { "description": "The methods that are.", "schema": { "type": "string" } },
        "retry-after": { "description": "Seconds to wait.", "schema": number },
        "ratelimit-limit": { "description": "Requests that may come at once.", "schema": number },
        "ratelimit-remaining": { "description": "Requests that may come now.", "schema": number },
        "ratelimit-reset": { "description": "Seconds until all of them may.", "schema": number },
    })
}

fn parameters() -> Value {
    let id = |name: &str, words: &str, pattern: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": words,
            "schema": { "type": "string", "pattern": pattern },
        })
    };
    json!({
        "Referral": id("id", "The referral's id.", "^ref_[0-9a-f]{32}$"),
        "Sent": id("id", "The id of a referral that you sent.", "^ref_[0-9a-f]{32}$"),
        "Document": id("attachment", "The document's id.", "^[0-9a-f-]{36}$"),
        "File": {
            "name": "file", "in": "path", "required": true, "description": "Which file.",
            "schema": { "type": "string", "enum": ["Event.csv", "Event-not-carried.csv"] },
        },
        "Door": id("door", "A door of your dialect, as its mapping files name it.", "^[a-z-]{1,40}$"),
        "Notice": id("id", "The notice's id.", "^ntc_[0-9]{1,19}$"),
        "Key": {
            "name": "Idempotency-Key", "in": "header",
            "description": "Sent again with this key and the same body, the act is done once.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        },
        "IfMatch": {
            "name": "If-Match", "in": "header",
            "description": "The version at which it is to be done, as `ETag` says it.",
            "schema": { "type": "string", "pattern": "^([*]|(W/)?\"[0-9]{1,18}\")$" },
        },
    })
}

/// What may be left out is never null.
fn never_null(schema: &mut Value) {
    if let Some(kinds) = schema.get("type").and_then(Value::as_array)
        && let [kind, null] = kinds.as_slice()
        && null == "null"
    {
        schema["type"] = kind.clone();
    }
    if let Some(either) = schema.get("oneOf").and_then(Value::as_array)
        && let [null, other] = either.as_slice()
        && null["type"] == "null"
        && let (Value::Object(whole), Value::Object(other)) = (&*schema, other)
    {
        let mut whole = whole.clone();
        whole.remove("oneOf");
        whole.extend(other.clone());
        *schema = Value::Object(whole);
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(never_null),
        Value::Array(items) => items.iter_mut().for_each(never_null),
        _ => {}
    }
}
