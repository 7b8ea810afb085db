//! `/audit/v1` on the machines' port: for auditors with a client certificate, and nothing else. A case
//! is named in `Loopgate-Case`; without one the question is refused and recorded (A4).

use crate::audit::{self, Asker};
use crate::gate::{Gate, Request};
use crate::partner::Role;
use crate::refusal::{Kind, Trouble};
use crate::reply::{JSON, Reply};

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
    let outcome = match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", ["audit", "v1", "entries", about]) => {
            let way = audit::way(&caller.org);
            let asker = Asker { way, case: request.case.clone() };
            let released =
                audit::explain(gate, asker, about, &|said| said.to_string().into_bytes());
            released.map(|released| Reply::released(200, JSON, released))
        }
        (_, ["audit", "v1", "entries", _]) => Err(Kind::Method.into()),
        _ => Err(Kind::NotFound.into()),
    };
    gate.not_there(&caller.org, outcome)
}
