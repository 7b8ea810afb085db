//! `POST /fhir`: a transaction, all of it or nothing (`transaction.rs`), or a batch, whose entries are
//! requests of their own.
//!
//! A batch does its writes first and its reads after them, each in their order: R4 asks that no entry
//! depends on another, and a read that is still on its way would keep a change of consent waiting.

use loopgate_fhir::{Asked, Fault, Json, Limits, Posted, Posting, ResponseItem, posted_response};
use loopgate_fhir::{IssueCode, read_posted};
use loopgate_referral::ResourceId;

use super::prefer::{Return, returned};
use super::{FHIR_JSON, MEDIA, judged, metadata, read, transaction, write};
use crate::egress::Receipt;
use crate::gate::{Gate, Request, Session};
use crate::intake;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{self, Hold, RECEIPT, Reply};

/// Carries out a Bundle.
pub fn post(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    request.speaks(MEDIA)?;
    match read_posted(&request.body, &intake::limits(gate)).map_err(intake::unreadable)? {
        Posted::Transaction(entries) => transaction::post(gate, session, request, entries),
        Posted::Batch(entries) => Ok(batch(gate, session, request, entries)),
    }
}

/// What one Bundle answers, entry by entry, with everything that is on its way with it.
pub struct Answers {
    posting: Posting,
    items: Vec<ResponseItem>,
    sends: Hold,
    receipts: Vec<String>,
}

impl Answers {
    pub fn new(posting: Posting) -> Answers {
        Answers { posting, items: Vec::new(), sends: Hold::default(), receipts: Vec::new() }
    }

    pub fn push(&mut self, item: ResponseItem) {
        self.items.push(item);
    }

    /// The bytes that an answer released, as they are; they are on their way from now on.
    pub fn released(&mut self, reply: Reply) -> Vec<u8> {
        self.sends.0.extend(reply.sending.0);
        let receipts = reply.headers.into_iter().filter(|(name, _)| *name == RECEIPT);
        self.receipts.extend(receipts.map(|(_, receipt)| receipt));
        reply.body
    }

    pub fn reply(self) -> Reply {
        let mut reply = Reply::with(200, FHIR_JSON, posted_response(self.posting, self.items));
        reply.sending = self.sends;
        match Receipt::joined(&self.receipts) {
            Some(receipt) => reply.header(RECEIPT, receipt),
            None => reply,
        }
    }
}

fn batch(
    gate: &Gate,
    session: &Session,
    request: &Request,
    entries: Vec<Result<Asked, Vec<Fault>>>,
) -> Reply {
    let asked: Vec<Result<Request, Trouble>> = entries
        .into_iter()
        .map(|entry| match entry {
            Ok(asked) => Ok(within(request, asked)),
            Err(faults) => Err(intake::unreadable(faults)),
        })
        .collect();
    let mut replies: Vec<Option<Result<Reply, Trouble>>> = asked
        .iter()
        .map(|asked| match asked {
            Ok(one) if is_read(one) => None,
            Ok(one) => Some(answer(gate, session, one)),
            Err(trouble) => Some(Err(trouble.clone())),
        })
        .collect();
    for (asked, reply) in asked.iter().zip(&mut replies) {
        if let (Ok(one), None) = (asked, &reply) {
            *reply = Some(answer(gate, session, one));
        }
    }
    let wanted = returned(request) == Some(Return::Representation);
    let mut answers = Answers::new(Posting::Batch);
    for (asked, reply) in asked.iter().zip(replies) {
        let reply = reply.unwrap_or(Err(Trouble::Outage)).unwrap_or_else(reply::fhir);
        let is_read = asked.as_ref().is_ok_and(is_read);
        let item = item(gate, session, reply, (is_read, wanted), &mut answers);
        answers.push(item);
    }
    answers.reply()
}

/// A read is put off until every write is done.
fn is_read(request: &Request) -> bool {
    request.method == "GET" || request.path.ends_with("/_search")
}

fn answer(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let segments = request.segments();
    match (request.method.as_str(), &segments[1..]) {
        ("GET", ["metadata"]) => Ok(super::fhir(200, &metadata::statement(gate))),
        // A Bundle in a Bundle; what is done by name is done by itself.
        ("POST", [] | [""]) => Err(Kind::Method.into()),
        ("POST", [.., last]) if last.starts_with('$') => Err(Kind::Method.into()),
        (_, segments) => {
            gate.not_there(&session.partner.org, judged(gate, session, request, segments))
        }
    }
}

/// An entry as the request that it is. It shows what the Bundle's own request shows.
fn within(request: &Request, asked: Asked) -> Request {
    let (path, query) = asked.url.split_once('?').unwrap_or((&asked.url, ""));
    let media = match (&asked.body, path.ends_with("/_search")) {
        (_, true) => Some("application/x-www-form-urlencoded"),
        (Some(_), false) => Some(FHIR_JSON),
        (None, false) => None,
    };
    // What goes back of a write goes once all are done; of two preferences the first counts.
    let prefer = request.prefer.as_ref().map(|wanted| match returned(request) {
        Some(Return::Representation) => format!("return=minimal, {wanted}"),
        _ => wanted.clone(),
    });
    Request {
        certificate: request.certificate,
        method: asked.method,
        path: format!("/fhir/{path}"),
        query: super::matching::pairs(query),
        accept: request.accept.clone(),
        content_type: media.map(str::to_owned),
        if_match: asked.if_match,
        if_none_match: asked.if_none_match,
        if_modified_since: asked.if_modified_since.map(|instant| http_date(&instant)),
        if_none_exist: asked.if_none_exist,
        prefer,
        idempotency_key: request.idempotency_key.clone(),
        authorization: request.authorization.clone(),
        consent: request.consent.clone(),
        case: request.case.clone(),
        chain: request.chain.clone(),
        body: if path.ends_with("/_search") { Vec::new() } else { asked.body.unwrap_or_default() },
    }
}

/// An instant as HTTP writes it; what is none stays as it is, and is no condition that can be read.
fn http_date(instant: &str) -> String {
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    let at = instant.parse::<jiff::Timestamp>().ok();
    let date = at.and_then(|at| printer.timestamp_to_rfc9110_string(&at).ok());
    date.unwrap_or_else(|| instant.to_owned())
}

/// What an entry is answered with.
fn item(
    gate: &Gate,
    session: &Session,
    reply: Reply,
    (is_read, wanted): (bool, bool),
    answers: &mut Answers,
) -> ResponseItem {
    let header = |name: &str| {
        let mut headers = reply.headers.iter();
        headers.find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    };
    let location = header("location").or(header("content-location"));
    let mut item = ResponseItem {
        status: status(reply.status),
        etag: header("etag"),
        ..ResponseItem::default()
    };
    if reply.status >= 400 || !is_read {
        item.outcome = Json::parse(&reply.body, "", &Limits::default()).ok();
    } else {
        // That nothing changed is on its way too.
        let body = answers.released(reply);
        item.resource = (!body.is_empty()).then_some(body);
        return item;
    }
    if let Some(location) = location {
        let found = resource_of(gate, &location);
        item.last_modified = found.as_ref().map(|(id, version)| write::changed(gate, id, *version));
        item.location = Some(location);
        if let (true, Some((id, _))) = (wanted, found) {
            represent(gate, session, &id, &mut item, answers);
        }
    }
    item
}

/// What was written goes back, released as a read is.
pub fn represent(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    item: &mut ResponseItem,
    answers: &mut Answers,
) {
    // It was written, whether or not it may be read.
    if let Ok(read) = read::written(gate, session, id) {
        item.resource = Some(answers.released(read));
    }
}

/// `201 Created`.
pub fn status(code: u16) -> String {
    let status = axum::http::StatusCode::from_u16(code).ok();
    let words = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    format!("{code} {words}").trim_end().to_owned()
}

/// The resource and version of a location that we wrote.
fn resource_of(gate: &Gate, location: &str) -> Option<(ResourceId, u64)> {
    let rest = location.strip_prefix(gate.config.organization.base_url.as_str())?;
    let (id, version) = rest.strip_prefix('/')?.split_once("/_history/")?;
    Some((id.parse().ok()?, version.parse().ok()?))
}

/// A refusal of one place of a Bundle.
pub fn refused(kind: Kind, code: IssueCode, at: String, words: &'static str) -> Trouble {
    Refusal::at(kind, vec![Fault::new(code, at, words)]).into()
}
