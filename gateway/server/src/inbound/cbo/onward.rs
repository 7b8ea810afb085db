//! What an organization does on `/cbo/v1` beside working its inbox: it refers on, sees what became of that,
//! looks whom it may refer to, and says how much it can take on.

use super::attachments::{self, Side};
use super::{capacity, organizations, refer, sent};
use crate::gate::{Gate, Request, Session};
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;

/// Answers a request that is one of these.
pub fn route(gate: &Gate, session: &Session, request: &Request) -> Option<Result<Reply, Trouble>> {
    let segments = request.segments();
    let ["cbo", "v1", rest @ ..] = segments.as_slice() else { return None };
    Some(match (request.method.as_str(), rest) {
        ("POST", ["referrals"]) => refer::take(gate, session, request),
        (method, [side @ ("referrals" | "sent"), id, "attachments", rest @ ..]) => {
            let of = (if *side == "sent" { Side::Source } else { Side::Target }, *id);
            match (method, rest) {
                ("POST", []) => attachments::add(gate, session, of, request),
                ("GET", []) => attachments::list(gate, session, of),
                ("GET", [one]) => attachments::read(gate, session, of, one),
                (_, [] | [_]) => Err(Kind::Method.into()),
                _ => Err(Kind::NotFound.into()),
            }
        }
        ("GET", ["sent"]) => sent::list(gate, session, request),
        ("GET", ["sent", id]) => sent::read(gate, session, id),
        ("POST", ["sent", id, act]) => sent::act(gate, session, (id, act), request),
        ("GET", ["organizations"]) => Ok(organizations::list(gate, &session.partner.org)),
        ("GET", ["capacity"]) => Ok(capacity::read(gate, &session.partner.org)),
        ("PUT", ["capacity"]) => capacity::report(gate, session, request),
        (_, ["sent", ..] | ["organizations"] | ["capacity"]) => Err(Kind::Method.into()),
        _ => return None,
    })
}
