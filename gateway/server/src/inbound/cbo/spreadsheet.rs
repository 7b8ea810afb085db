//! `/cbo/v1/referrals.csv`: an organization's referrals as a file, and the file with its answers back.

use loopgate_fhir::{Fault, IssueCode};

use super::body::bad;
use crate::csv::hmis::{self, File};
use crate::csv::out::{self, Parts, Which};
use crate::csv::table::NotCsv;
use crate::csv::take::{self, Refused};
use crate::csv::{CSV, report::Report};
use crate::gate::{Gate, Request, Session};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{Hold, JSON, RECEIPT, Reply, json_reply};

/// `GET /cbo/v1/referrals.csv`: those that are not over; all of them with `status=all`.
pub fn download(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    let mut which = Which::Open;
    for (name, value) in &request.query {
        which = match (name.as_str(), value.as_str()) {
            ("status", "open") => Which::Open,
            ("status", "all") => Which::All,
            ("status", _) => return Err(bad("status", "is open or all")),
            _ => return Err(bad("", "has an unknown parameter")),
        };
    }
    let parts = out::referrals(gate, &session.partner, Some(session), which)?;
    Ok(attached(parts, "referrals.csv"))
}

/// `POST /cbo/v1/referrals.csv`: answered with a report on each row, as JSON or as CSV.
pub fn upload(gate: &Gate, session: &Session, request: &Request) -> Result<Reply, Trouble> {
    request.speaks(&["text/csv", "text/tab-separated-values"])?;
    let report =
        take::take(gate, &session.partner, &request.body).map_err(|refused| match refused {
            Refused::Trouble(trouble) => trouble,
            Refused::NotCsv(NotCsv::Rows) => Kind::TooLarge.into(),
            Refused::NotCsv(why) => {
                Refusal::invalid(vec![Fault::new(IssueCode::Value, "", why.to_string())]).into()
            }
        })?;
    let wants_csv = request.accept.as_deref().is_some_and(|media| media.starts_with("text/csv"));
    Ok(if wants_csv { as_csv(&report) } else { json_reply(200, JSON, &report.json()) })
}

/// `GET /cbo/v1/hmis/Event.csv`, and what it does not say.
pub fn hmis(gate: &Gate, session: &Session, name: &str) -> Result<Reply, Trouble> {
    let (file, name) = match name {
        "Event.csv" => (File::Events, "Event.csv"),
        "Event-not-carried.csv" => (File::NotCarried, "Event-not-carried.csv"),
        _ => return Err(Kind::NotFound.into()),
    };
    Ok(attached(hmis::file(gate, &session.partner, Some(session), file)?, name))
}

fn as_csv(report: &Report) -> Reply {
    named(Reply::with(200, CSV, report.csv().into_bytes()), "report.csv")
}

/// What was released, as a file.
pub fn attached(parts: Parts, name: &str) -> Reply {
    let receipt = parts.receipt();
    let mut reply = Reply::with(200, CSV, parts.bytes);
    reply.sending = Hold(parts.sending);
    let reply = receipt.into_iter().fold(reply, |reply, receipt| reply.header(RECEIPT, receipt));
    named(reply, name)
}

fn named(reply: Reply, name: &str) -> Reply {
    reply.header("content-disposition", format!("attachment; filename=\"{name}\""))
}
