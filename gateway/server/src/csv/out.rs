//! Referrals as the rows of a file, through the exit: each chunk of rows is a page of its own, with one
//! entry for each person on it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use loopgate_consent::Sending;
use loopgate_referral::{OrgId, Outcome, Placement, Referral, Timestamp};
use serde_json::Value;

use super::layout::{Answer, Holds, Layout, VERSION};
use super::{CHANNEL, cell, moment, places, row};
use crate::egress::{Receipt, Released, Way, Weighed};
use crate::exit;
use crate::fold::Part;
use crate::gate::{Gate, Session};
use crate::partner::Partner;
use crate::refusal::Trouble;
use crate::scribe::is_held;
use crate::view::{Order, Place};

/// Rows of one chunk.
const CHUNK_ROWS: usize = 200;
/// How often a chunk is made again because something changed under it.
const CHUNK_TRIES_MAX: usize = 3;

/// What left, chunk by chunk.
#[derive(Default)]
pub struct Parts {
    /// The bytes of all of them.
    pub bytes: Vec<u8>,
    /// Each is a send.
    pub sending: Vec<Arc<Sending>>,
    receipts: Vec<String>,
}

impl Parts {
    /// What is about nobody: the headings.
    pub fn of(head: String) -> Parts {
        Parts { bytes: head.into_bytes(), ..Parts::default() }
    }

    /// Adds what was released.
    pub fn take(&mut self, released: Released) {
        self.bytes.extend(released.bytes);
        self.sending.extend(released.sending);
        self.receipts.extend(released.receipt.map(|one| one.as_str().to_owned()));
    }

    /// What the recipient can hold us to.
    pub fn receipt(&self) -> Option<String> {
        Receipt::joined(&self.receipts)
    }
}

/// Which referrals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are not over.
    Open,
    /// All of them.
    All,
}

/// The file of an organization: what consent permits now, and nothing of the rest.
pub fn referrals(
    gate: &Gate,
    partner: &Partner,
    session: Option<&Session>,
    which: Which,
) -> Result<Parts, Trouble> {
    let mapping = exit::mapping(gate)?;
    let mut parts = Parts::of(head(&partner.csv));
    let way = Way { to: &partner.org, channel: CHANNEL, mapping: Some(mapping.digest()), by: None };
    let mut walk = Walk::new(which);
    while let Some(chunk) = walk.next(gate, &partner.org)? {
        let released = tried(|| {
            let mut rows = String::new();
            let mut weighed: Vec<Weighed> = Vec::new();
            for (referral, placement) in &chunk {
                let ask = exit::whole_ask(gate, referral, placement, "csv")?;
                let ask = match session {
                    Some(session) => ask.shown(gate, session),
                    None => ask,
                };
                let Some(permits) = gate.egress.may(&partner.org, &ask)? else { continue };
                let passing = exit::Passing::of(&permits);
                let document = exit::whole(gate, mapping, referral, placement, &passing)?;
                // One that the dialect cannot say must not hide the others.
                let Some(document) = document else { continue };
                let look = (&partner.csv, &partner.time_zone);
                self::row(&mut rows, look, &document, Some(placement));
                weighed.push((ask, permits));
            }
            gate.egress.release_page(way, weighed, || Ok(rows.clone().into_bytes()))
        })?;
        parts.take(released);
    }
    Ok(parts)
}

/// Makes a page until it leaves as it was made.
pub fn tried(make: impl Fn() -> Result<Released, Trouble>) -> Result<Released, Trouble> {
    let mut tries = (0..CHUNK_TRIES_MAX).map(|_| make());
    let done = tries.find(|made| !matches!(made, Err(Trouble::Outage)));
    done.unwrap_or(Err(Trouble::Outage))
}

/// An organization's referrals, chunk by chunk, in the order in which they came to it.
pub struct Walk {
    which: Which,
    after: Option<Place>,
    ended: bool,
}

impl Walk {
    /// From the first on.
    pub fn new(which: Which) -> Walk {
        Walk { which, after: None, ended: false }
    }

    /// The next chunk, which may be empty; none at the end.
    pub fn next(
        &mut self,
        gate: &Gate,
        org: &OrgId,
    ) -> Result<Option<Vec<(Referral, Placement)>>, Trouble> {
        if self.ended {
            return Ok(None);
        }
        let of = (std::slice::from_ref(org), "Task");
        let found = gate.view.find(Order::Created, of, None, self.after.as_ref(), CHUNK_ROWS);
        let found = found.map_err(|outage| {
            tracing::error!(%outage, "the projections do not read");
            Trouble::Outage
        })?;
        self.ended = found.len() < CHUNK_ROWS;
        self.after = found.last().map(|one| one.place).or(self.after);
        let world = gate.scribe.published().world();
        let chunk = found.iter().filter_map(|task| {
            let Some(Part::PlacementTask(referral, placement)) = world.parts.get(&task.id) else {
                return None;
            };
            let referral = world.referrals.get(referral).filter(|one| !is_held(one))?;
            let placement = referral.placement(placement)?;
            // What was taken back goes on as another placement, which is the row.
            let newest = referral.placements.iter().rev().find(|one| one.target == *org);
            let wanted = newest.is_some_and(|newest| newest.id == placement.id)
                && (self.which == Which::All || !placement.state.is_final());
            wanted.then(|| (referral.clone(), placement.clone()))
        });
        Ok(Some(chunk.collect()))
    }
}

/// The headings, with the mark by which Excel knows UTF-8.
pub fn head(layout: &Layout) -> String {
    let mut head = String::new();
    if layout.bom {
        head.push('\u{feff}');
    }
    cell::record(&mut head, layout.separator, layout.headings());
    head
}

/// What a file looks like, and where.
type Look<'a> = (&'a Layout, &'a TimeZone);

/// One referral: the document, and what the organization answered so far.
pub fn row(out: &mut String, look: Look<'_>, document: &Value, placement: Option<&Placement>) {
    let (layout, _) = look;
    let cells: Vec<String> = layout
        .columns
        .iter()
        .map(|column| match (&column.holds, placement) {
            (Holds::Place(at), _) if at == VERSION => {
                placement.map_or(String::new(), |placement| placement.version.to_string())
            }
            (Holds::Place(at), _) => dated(look, at, places::at(document, at)),
            (Holds::Answer(Answer::Status), _) => places::at(document, "status"),
            // As far as the permits let them pass.
            (Holds::Answer(Answer::SafeContact), _) => places::at(document, "safe_contact"),
            (Holds::Answer(Answer::Assigned), _) => places::at(document, "assigned"),
            (Holds::Answer(answer), Some(placement)) => answered(look, *answer, placement),
            (Holds::Answer(_), None) => String::new(),
        })
        .collect();
    cell::record(out, layout.separator, cells.iter().map(String::as_str));
}

/// The one instant of the dialect is a day where the organization is.
fn dated(look: Look<'_>, place: &str, text: String) -> String {
    if place != "authored_on" {
        return text;
    }
    let at: Result<jiff::Timestamp, _> = text.parse();
    at.map_or(text, |at| day(look, Timestamp(at.as_millisecond())))
}

fn day((layout, zone): Look<'_>, at: Timestamp) -> String {
    moment::written(moment::local(at, zone).date(), layout.dates, layout.day_first)
}

/// What the organization said so far of this part.
fn answered(look: Look<'_>, answer: Answer, placement: &Placement) -> String {
    let (booked, reason) = (&placement.appointment, &placement.reason);
    let lines = |of: &dyn Fn(&Outcome) -> String| {
        let lines: Vec<String> = placement.given().map(of).collect();
        // Of services without a code there is no line.
        if lines.iter().all(String::is_empty) { None } else { Some(lines.join("\n")) }
    };
    let text = match answer {
        Answer::Reason => reason.as_ref().map(|why| why.code().to_owned()),
        Answer::ReasonText => reason.as_ref().map(|why| why.text().to_owned()),
        Answer::AppointmentDate => booked.as_ref().map(|one| day(look, one.start)),
        Answer::AppointmentTime => {
            booked.as_ref().map(|one| moment::clock(moment::local(one.start, look.1).time()))
        }
        Answer::AppointmentPlace => booked.as_ref().and_then(|one| one.place.clone()),
        // A line break would make two services of one.
        Answer::Service => lines(&|one| row::line(&one.text)),
        Answer::ServiceCode => lines(&|one| {
            let code = one.code.as_ref();
            code.map_or(String::new(), |(system, code)| format!("{system}|{code}"))
        }),
        Answer::ServiceDate => placement.given().next().map(|one| day(look, one.performed)),
        // What was said once is not said again, and the rest is the document's.
        Answer::Status
        | Answer::Note
        | Answer::Attempt
        | Answer::Assigned
        | Answer::SafeContact => None,
    };
    text.unwrap_or_default()
}
