//! What a source is told: one message for each piece of news, in the messages of its own family.

use loopgate_consent::Groups;
use loopgate_hl7v2::{Delimiters, Segment, escape, msa};
use loopgate_mapping::{Mapping, Refused};
use loopgate_referral::{
    Business, News, Placement, Referral, ReferralId, Says, Served, StatusReason, TaskStatus,
};

use super::content::Facts;
use super::family::{Manner, Said};
use super::{ack_code, header, mapping, printed, segment, words};
use crate::egress::{Released, Way};
use crate::exit::{Answer, source_ask_of, source_may};
use crate::fold::Spoken;
use crate::gate::Gate;
use crate::partner::{Link, Partner};
use crate::refusal::Trouble;
use crate::scribe::AskFor;
use crate::v2;

/// MSH-10 of what a source is told of a version of its Task: the same each time it is sent.
pub fn telling_id(referral: &ReferralId, version: u64) -> String {
    v2::control_id(&[referral.to_string().as_bytes(), &version.to_be_bytes()])
}

/// One message to a source: its first answer, or a piece of news.
pub struct Telling<'a> {
    /// The source.
    pub partner: &'a Partner,
    /// Its link.
    pub link: &'a Link,
    /// The referral.
    pub referral: &'a Referral,
    /// How it came.
    pub spoken: &'a Spoken,
    /// What; nothing but that it came, if there is no news.
    pub news: Option<&'a News>,
}

impl Telling<'_> {
    /// The version of the source's Task that it tells of.
    pub fn version(&self) -> u64 {
        self.news.map_or(1, |news| news.version)
    }

    /// What it shows, and why the source may see it.
    pub fn ask(&self) -> AskFor {
        let with_news = self.news.is_some_and(|news| news.from_target);
        let answer = if with_news { Answer::Whole } else { Answer::Withheld };
        let target = self.news.map_or(&self.referral.owner, |news| &news.with);
        let mut ask = source_ask_of(self.referral, answer, Some(target)).unasked();
        ask.resources = vec![(self.referral.task.clone(), self.version())];
        ask.view = "rri";
        ask
    }

    /// The message, released.
    pub fn message(&self, gate: &Gate) -> Result<Released, Trouble> {
        let said = self.said(gate);
        let id = telling_id(&self.referral.id, self.version());
        self.released(gate, self.ask(), &said, (self.answered(&said), &id))
    }

    fn manner(&self) -> Manner {
        let Spoken { kind, version, .. } = self.spoken;
        Manner::of(self.link, (kind, version), self.is_first())
    }

    /// Whether it answers the order itself, as far as is remembered: nothing was said before it. Told
    /// again, it says the same.
    fn is_first(&self) -> bool {
        let Some(news) = self.news else { return true };
        // Its first answer was that it came.
        let received = self.spoken.asked && news.at != self.referral.received;
        let earlier = self.referral.said.iter().any(|said| said.version < news.version);
        self.referral.told == 0 || (self.referral.told == 1 && !received && !earlier)
    }

    /// What says it.
    fn said(&self, gate: &Gate) -> Said {
        self.manner().said(gate.library.states(), self.news.map(|news| &news.says))
    }

    /// MSH-10 of the message that it answers.
    fn answered<'s>(&'s self, said: &Said) -> &'s str {
        let request = self.spoken.newest.as_ref().filter(|_| said.event == "I14");
        request.map_or(&self.spoken.control, |(_, control)| control)
    }

    fn released(
        &self,
        gate: &Gate,
        ask: AskFor,
        said: &Said,
        (answers, control_id): (&str, &str),
    ) -> Result<Released, Trouble> {
        let mapping = mapping(gate, said)?;
        let way = Way {
            to: &self.partner.org,
            channel: "mllp",
            mapping: Some(mapping.digest()),
            by: None,
        };
        gate.egress.release(way, ask, |permits| {
            // The first permit returns what the source supplied, the second lets the answer back.
            let answer = Answer::permitted(permits.get(1..).unwrap_or_default());
            let facts = Facts::read(gate, self)?;
            let written = segments((mapping, self.link), &facts, said, answer);
            let written = written.map_err(|refused| {
                let referral = self.referral.id;
                tracing::error!(%referral, %refused, "a mapping refused news of a referral");
                Trouble::Outage
            })?;
            let kind = (said.kind(), self.manner().profile());
            let mut all = vec![header(gate, (self.partner, self.link), kind, control_id)];
            // Engines take what has MSA for an answer that they wait for, and for nothing else.
            let asked = self.spoken.asked || said.event != "I12";
            let answer = said.answers() && asked;
            all.extend(answer.then(|| msa(ack_code(&said.fields), answers)));
            all.extend(framed(said, &v2::time(gate.now()), written));
            Ok(printed(all, self.link))
        })
    }
}

/// With the segments that a structure has to have and no mapping writes: they say nothing of anybody.
fn framed(said: &Said, time: &str, written: Vec<Segment>) -> Vec<Segment> {
    let before = |name: &str| match said.code.as_str() {
        // EVN-2: when it was recorded. PV1-2: of no stay.
        "MDM" if name == "PID" => Some(segment("EVN", &["", time])),
        "MDM" if name == "TXA" => Some(segment("PV1", &["", "N"])),
        "SIU" if matches!(name, "AIS" | "AIG" | "AIL" | "AIP") => Some(segment("RGS", &["1"])),
        _ => None,
    };
    let mut framed: Vec<Segment> = Vec::new();
    for one in written {
        let missing = before(&one.name).filter(|new| framed.iter().all(|old| old.name != new.name));
        framed.extend(missing);
        framed.push(one);
    }
    framed
}

/// What comes behind MSH and MSA. All of it is the source's own, or was weighed as news.
fn segments(
    (mapping, link): (&Mapping, &Link),
    facts: &Facts<'_>,
    said: &Said,
    answer: Answer,
) -> Result<Vec<Segment>, Refused> {
    let pivot = facts.pivot(said, answer);
    let constants = v2::constants(&link.authorities, facts.zone.clone());
    let constants = constants.with_state(said.state());
    let mut written = mapping.write_v2(&pivot, &Groups::all(), &constants)?.segments;
    // The text of a document as text: a mapping writes data, in Base64.
    if let (Some(Says::Served(Served(given))), "MDM", Answer::Whole) =
        (facts.news.map(|news| &news.says), said.code.as_str(), answer)
        && !given.is_empty()
    {
        let text = escape(&words::texts(given), &Delimiters::USUAL);
        let coded = "SERVICE^Service given^L";
        written.push(segment("OBX", &["1", "TX", coded, "", &text, "", "", "", "", "", "F"]));
    }
    Ok(written)
}

/// Where a referral stands now, for a source that asks (REF^I15): as much as it may see. `asked` is the
/// control id of its question. Nothing is told by it: what is due stays due.
pub fn standing(
    gate: &Gate,
    (partner, link): (&Partner, &Link),
    (referral, spoken): (&Referral, &Spoken),
    asked: &str,
) -> Result<Released, Trouble> {
    let (ask, answer, _) = source_may(gate, referral);
    let says = if answer == Answer::Withheld { None } else { present(referral) };
    let (version, at) = (referral.version, referral.changed);
    let news = says.map(|says| News {
        version,
        at,
        says,
        from_target: true,
        with: referral.owner.clone(),
    });
    let telling = Telling { partner, link, referral, spoken, news: news.as_ref() };
    let mut said = telling.said(gate);
    if said.code == "RRI" {
        said.event = "I15".to_owned();
    }
    let id = referral.id.to_string();
    let control_id = v2::control_id(&[b"status", id.as_bytes(), asked.as_bytes()]);
    telling.released(gate, ask.unasked(), &said, (asked, &control_id))
}

/// The news that would say where a referral stands; nothing, if nobody has answered it.
fn present(referral: &Referral) -> Option<Says> {
    let last = referral.placements.last();
    let why = |says: fn(StatusReason) -> Says| referral.reason.clone().map(says);
    match referral.state.status() {
        TaskStatus::Draft | TaskStatus::Requested | TaskStatus::EnteredInError => {
            referral.held_since().map(|_| Says::Waiting)
        }
        TaskStatus::Accepted => Some(Says::Accepted),
        TaskStatus::InProgress => Some(match last.and_then(|last| last.business) {
            Some(Business::Scheduled) => {
                let booked = last.and_then(|last| last.appointment.clone());
                booked.map_or(Says::Started, Says::Booked)
            }
            Some(Business::Cancelled) => Says::AppointmentCancelled,
            Some(Business::Missed) => Says::NoShow,
            _ => Says::Started,
        }),
        TaskStatus::OnHold => why(Says::OnHold),
        TaskStatus::Rejected => why(Says::Declined),
        TaskStatus::Cancelled => why(Says::Cancelled),
        TaskStatus::Completed => {
            let given = last.into_iter().flat_map(Placement::given).cloned();
            Some(Says::Served(Served(given.collect())))
        }
        TaskStatus::Failed => why(Says::Failed),
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
