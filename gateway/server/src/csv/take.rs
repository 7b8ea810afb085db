//! A file comes back: each row that says something new becomes acts, by the scribe as from any other
//! door. A row does not depend on another, and what is so already is not done again.

use loopgate_referral::{OrgId, Placement, PlacementId, ReferralId};
use sha2::{Digest, Sha256};

use super::headings::{self, Headings};
use super::layout::{Holds, REFERRAL, VERSION};
use super::report::{Became, Flaw, Line, Report};
use super::row::{self, Step};
use super::said::{self, Cells};
use super::table::{self, NotCsv, Row};
use super::{CHANNEL, cell};
use crate::gate::Gate;
use crate::partner::Partner;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{Act, Acted, Command, is_held};

/// Acts that are queued before their answers are waited for: they share frames.
const WINDOW: usize = 64;

/// Why nothing of a file was taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// It is no table that can be read.
    NotCsv(NotCsv),
    /// We cannot keep our promise now.
    Trouble(Trouble),
}

impl From<NotCsv> for Refused {
    fn from(why: NotCsv) -> Refused {
        Refused::NotCsv(why)
    }
}

/// A row that asks for something.
struct Job {
    line: usize,
    referral: ReferralId,
    placement: PlacementId,
    version: u64,
    steps: std::vec::IntoIter<Step>,
    /// What the whole row says: a row that was taken is known by it.
    row: [u8; 32],
}

/// Takes a file of an organization.
pub fn take(gate: &Gate, partner: &Partner, bytes: &[u8]) -> Result<Report, Refused> {
    let text = table::text(bytes)?;
    let (headings, rows) = headings::read(&text, &partner.csv)?;
    let mut taking = Taking { gate, partner, jobs: Vec::new(), report: Report::default() };
    taking.report.not_read.clone_from(&headings.not_read);
    for row in &rows {
        taking.row(&headings, row);
    }
    taking.finish();
    let lines = taking.report.lines.iter();
    if lines.flat_map(|line| &line.flaws).any(|flaw| flaw.code == NOT_THERE) {
        // One entry, whether it is there for somebody else or not.
        gate.refuse(&partner.org, "R1").map_err(Refused::Trouble)?;
    }
    Ok(taking.report)
}

struct Taking<'g> {
    gate: &'g Gate,
    partner: &'g Partner,
    jobs: Vec<Job>,
    report: Report,
}

impl Taking<'_> {
    /// Reads a row; what it asks for waits for the others.
    fn row(&mut self, headings: &Headings, row: &Row<'_>) {
        let text = |at: usize| row.cells.get(at).map_or("", |cell| cell::original(cell).trim());
        let referral: Option<ReferralId> = text(headings.referral).parse().ok();
        if self.jobs.len() >= WINDOW || self.jobs.iter().any(|job| Some(job.referral) == referral) {
            self.carry_out();
        }
        let number = row.number;
        let line = Line {
            row: number,
            referral,
            became: Became::Unchanged,
            done: Vec::new(),
            version: None,
            flaws: Vec::new(),
        };
        self.report.lines.push(line);
        let at = self.report.lines.len() - 1;
        let layout = &self.partner.csv;
        let of = |place: &str| layout.name_of(&Holds::Place(place.to_owned())).map(str::to_owned);
        let outcome = (|| {
            let named = |code, words| vec![Flaw { column: of(REFERRAL), code, words }];
            if text(headings.referral).is_empty() {
                return Err(named(
                    "no-referral",
                    "Leave the referral of a row as it was downloaded.",
                ));
            }
            let there =
                referral.and_then(|id| Some((id, placement(self.gate, &self.partner.org, &id)?)));
            let (id, placement) = there.ok_or_else(|| named(NOT_THERE, NOT_THERE_WORDS))?;
            self.report.lines[at].version = Some(placement.version);
            let cells = Cells { at: &headings.answers, cells: &row.cells, layout };
            let said = said::said(&cells)?;
            let zone = &self.partner.time_zone;
            let version = headings.version.map(text).unwrap_or_default();
            // An answer that was taken back is none: the same row is another then.
            let whole = digest(placement.id, version, &format!("{said:?}"));
            let key = (self.partner.org.clone(), whole);
            let taken = self.gate.scribe.published().world().answers.contains_key(&key);
            let steps =
                if taken { Ok(Vec::new()) } else { row::steps(&said, &placement, (zone, &cells)) };
            // What was made for how it was is not judged by how it is.
            let steps = match (steps, version.parse::<u64>()) {
                (Ok(steps), _) if steps.is_empty() => steps,
                (_, Ok(version)) if version != placement.version => return Err(vec![moved()]),
                (Err(flaw), _) => return Err(vec![flaw]),
                (Ok(steps), Ok(_)) => steps,
                (Ok(_), Err(_)) => {
                    let words = "Leave the version of a row as it was downloaded.";
                    return Err(vec![Flaw { column: of(VERSION), code: "no-version", words }]);
                }
            };
            Ok(Job {
                line: at,
                referral: id,
                placement: placement.id,
                version: placement.version,
                steps: steps.into_iter(),
                row: whole,
            })
        })();
        match outcome {
            Ok(job) if job.steps.len() == 0 => {}
            Ok(job) => self.jobs.push(job),
            Err(flaws) => {
                let line = &mut self.report.lines[at];
                (line.became, line.flaws) = (Became::Wrong, flaws);
            }
        }
    }

    fn finish(&mut self) {
        self.carry_out();
    }

    /// Does what the waiting rows ask for: the first act of each, then the second, and so on.
    fn carry_out(&mut self) {
        let mut jobs = std::mem::take(&mut self.jobs);
        while !jobs.is_empty() {
            let (mut steps, mut acts) = (Vec::new(), Vec::new());
            jobs.retain_mut(|job| {
                let Some(step) = job.steps.next() else { return false };
                steps.push(step.done);
                acts.push(act(&self.partner.org, job, step));
                true
            });
            let asked = acts.into_iter().map(|act| |reply| Command::Act(Box::new(act), reply));
            let answers = self.gate.scribe.ask_all_blocking(asked);
            let mut answers = steps.into_iter().zip(answers);
            jobs.retain_mut(|job| {
                let Some((done, answer)) = answers.next() else { return false };
                self.answered(job, done, answer)
            });
        }
    }

    /// Notes what came of an act; whether the row goes on.
    fn answered(
        &mut self,
        job: &mut Job,
        done: &'static str,
        answer: Result<Acted, Trouble>,
    ) -> bool {
        let line = &mut self.report.lines[job.line];
        match answer {
            Ok(acted) => {
                job.version = acted.version;
                line.version = Some(acted.version);
                line.became = Became::Taken;
                line.done.push(done);
                true
            }
            Err(trouble) => {
                line.became = Became::Wrong;
                line.flaws.push(flaw(trouble));
                false
            }
        }
    }
}

/// The placement of a referral with this organization, if it may know of it.
fn placement(gate: &Gate, org: &OrgId, id: &ReferralId) -> Option<Placement> {
    let world = gate.scribe.published().world();
    let (referral, placement) = world.placement_at(id, org)?;
    let open = !is_held(referral);
    open.then(|| referral.placement(&placement).cloned()).flatten()
}

fn act(org: &OrgId, job: &Job, step: Step) -> Act {
    // The last act of a row says that all of it was taken.
    let last = job.steps.len() == 0;
    let request =
        if last { job.row } else { digest(job.placement, step.done, &hex::encode(job.row)) };
    Act {
        org: org.clone(),
        request,
        once: last,
        transport: CHANNEL,
        referral: job.referral,
        if_match: Some(job.version),
        happened: None,
        message: None,
        wish: step.wish,
    }
}

/// What makes a row of a file, or an act of it, the same.
fn digest(placement: PlacementId, one: &str, other: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"loopgate csv v1");
    hash.update(placement.bytes());
    for part in [one, other] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

const NOT_THERE: &str = "not-there";
const NOT_THERE_WORDS: &str =
    "There is no such referral for you. It may have been withdrawn; take the row out.";

fn moved() -> Flaw {
    let words = "It changed since this file was made, and nothing was done. Download it again and answer there.";
    Flaw { column: None, code: "changed", words }
}

fn flaw(trouble: Trouble) -> Flaw {
    let (code, words) = match trouble {
        Trouble::Outage => ("try-again", "It could not be recorded now. Upload the file again."),
        Trouble::Refused(refusal) => match refusal.kind {
            Kind::VersionConflict => return moved(),
            Kind::IllegalMove => {
                ("not-open", "This cannot be said of it as it stands now. See its status.")
            }
            Kind::NotFound | Kind::Denied => (NOT_THERE, NOT_THERE_WORDS),
            _ => ("refused", "It was refused."),
        },
    };
    Flaw { column: None, code, words }
}
