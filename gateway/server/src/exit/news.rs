//! What a source is told as HL7 v2: one referral response for each piece of news.

use jiff::tz::TimeZone;
use loopgate_consent::Groups;
use loopgate_fhir::{Json, REFERRAL, pivot};
use loopgate_hl7v2::{AckCode, Delimiters, Envelope, Message, Stamp, envelope, msa};
use loopgate_referral::{News, Outcome, Referral, ReferralId, Says, TaskStatus, Timestamp};
use serde_json::{Value, json};

use super::{Answer, Source, prefer_one, source_ask};
use crate::egress::{Released, Way};
use crate::fold::Spoken;
use crate::gate::Gate;
use crate::partner::{Link, Partner};
use crate::refusal::{Kind, Trouble};
use crate::scribe::AskFor;
use crate::v2;

/// The control id under which a source is told of a version of its Task.
pub fn control_id(referral: &ReferralId, version: u64) -> String {
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

    /// The control id: the same each time it is sent.
    pub fn control_id(&self) -> String {
        control_id(&self.referral.id, self.version())
    }

    /// What it shows, and why the source may see it.
    pub fn ask(&self) -> AskFor {
        let with_news = self.news.is_some_and(|news| news.from_target);
        let answer = if with_news { Answer::Whole } else { Answer::Withheld };
        let mut ask = source_ask(self.referral, answer).unasked();
        ask.resources = vec![(self.referral.task.clone(), self.version())];
        ask.view = "rri";
        ask
    }

    /// The message, released.
    pub fn message(&self, gate: &Gate) -> Result<Released, Trouble> {
        let mapping = gate.library.mapping(v2::RRI_I12).ok_or(Trouble::Outage)?;
        let way = Way {
            to: &self.partner.org,
            channel: "mllp",
            mapping: Some(mapping.digest()),
            by: None,
        };
        gate.egress.release(way, self.ask(), |permits| {
            // The first permit returns what the source supplied, the second lets the answer back.
            let pivot =
                self.pivot(gate, Answer::permitted(permits.get(1..).unwrap_or_default()))?;
            let zone = self.partner.time_zone.clone();
            let constants = v2::constants(&self.link.authorities, zone);
            // All of it is the source's own, or was weighed as news.
            let written = mapping.write_v2(&pivot, &Groups::all(), &constants);
            let written = written.map_err(|refused| {
                let referral = self.referral.id;
                tracing::error!(%referral, %refused, "a mapping refused a referral response");
                Trouble::Outage
            })?;
            let mut segments = vec![self.header(gate)];
            let answers = self.event() == "I12";
            segments.extend(answers.then(|| msa(AckCode::AA, &self.spoken.control)));
            segments.extend(written.segments);
            let message = Message { delimiters: Delimiters::USUAL, segments };
            Ok(message.print().into_bytes())
        })
    }

    /// I12 says whether it was taken, I13 what became of it then.
    fn event(&self) -> &'static str {
        match self.news.map(|news| &news.says) {
            None
            | Some(Says::Waiting | Says::NoLongerWaiting | Says::Declined(_) | Says::Accepted) => {
                "I12"
            }
            Some(Says::Cancelled(_) | Says::CancelRefused(_)) => "I14",
            Some(_) => "I13",
        }
    }

    fn header(&self, gate: &Gate) -> loopgate_hl7v2::Segment {
        let (time, control_id) = (v2::time(gate.now()), self.control_id());
        let stamp = Stamp {
            application: v2::APPLICATION,
            facility: gate.config.tenant.name.as_str(),
            time: &time,
            control_id: &control_id,
        };
        let to = (self.link.application.as_str(), self.link.facility.as_str());
        let kind = ["RRI", self.event(), "RRI_I12"];
        let processing = if self.partner.production { "P" } else { "T" };
        envelope(&Envelope { to, kind, processing, ..Envelope::default() }, &stamp)
    }

    fn pivot(&self, gate: &Gate, answer: Answer) -> Result<Value, Trouble> {
        let source = Source::read(gate, self.referral)?;
        let mut patient = source.patient;
        prefer_one(&mut patient);
        let task = gate.held(&self.referral.task).ok_or(Trouble::from(Kind::NotFound))?;
        let supplied = gate.document(&task)?;
        let nothing = Json::object([]);
        let mut found = pivot(&nothing, &nothing, &patient, &[]);
        one_given_name(&mut found["Patient"]);
        found["Task"] = self.task(gate, &supplied, answer);
        if let Some(Says::Served(Some(outcome))) = self.news.map(|news| &news.says)
            && answer == Answer::Whole
        {
            found["Procedure"] = procedure(outcome);
        }
        Ok(json!({
            "Task": found["Task"],
            "Patient": found["Patient"],
            "Procedure": found.get("Procedure").cloned().unwrap_or(Value::Null),
        }))
    }

    fn task(&self, gate: &Gate, supplied: &Json, answer: Answer) -> Value {
        let placer = supplied.list("identifier").iter().find(|one| {
            let coded = one.at("type").map(|kind| kind.list("coding").to_vec()).unwrap_or_default();
            coded.iter().any(|coding| coding.text("code") == Some("PLAC"))
        });
        let mut identifiers = vec![json!({
            "system": REFERRAL,
            "value": self.referral.id.to_string(),
        })];
        identifiers.extend(placer.map(|one| {
            json!({
                "type": { "coding": [{ "code": "PLAC" }] },
                "system": one.text("system"),
                "value": one.text("value"),
            })
        }));
        let owner = &self.referral.owner;
        let roster = gate.scribe.published().roster.load();
        let partner = roster.get(owner);
        let identifier = partner.and_then(|partner| partner.identifiers.first());
        let name = partner.map_or(owner.as_str(), |partner| partner.name.as_str());
        let (status, words) = self.standing();
        let words = words.filter(|_| answer == Answer::Whole);
        let at = self.news.map_or(self.referral.received, |news| news.at);
        json!({
            "identifier": identifiers,
            "status": status.code(),
            "lastModified": instant(at),
            "owner": {
                "display": name,
                "identifier": identifier.map(|one| json!({ "system": one.system, "value": one.value })),
            },
            "note": words.into_iter().map(|text| json!({ "text": text })).collect::<Vec<_>>(),
        })
    }

    /// What RF1-1 and NTE say.
    fn standing(&self) -> (TaskStatus, Option<String>) {
        use TaskStatus::{
            Accepted, Cancelled, Completed, Failed, InProgress, OnHold, Rejected, Requested,
        };
        let Some(news) = self.news else { return (Requested, None) };
        let words = |text: &str| Some(text.to_owned());
        match &news.says {
            Says::Waiting => (Requested, words("waiting for consent")),
            Says::NoLongerWaiting => (Requested, words("no longer waiting for consent")),
            Says::Declined(why) => (Rejected, words(why.text())),
            Says::Accepted => (Accepted, None),
            Says::Started => (InProgress, words("work has begun")),
            Says::OnHold(why) => (OnHold, Some(format!("on hold: {}", why.text()))),
            Says::Booked(booked) | Says::Rebooked(booked) => {
                let start = local(booked.start, &self.partner.time_zone);
                let place = booked.place.as_ref().map(|place| format!(", {place}"));
                let place = place.unwrap_or_default();
                (InProgress, Some(format!("appointment scheduled: {start}{place}")))
            }
            Says::AppointmentCancelled => (InProgress, words("appointment cancelled")),
            Says::NoShow => (InProgress, words("appointment missed")),
            Says::Note(text) => (InProgress, words(text)),
            Says::Served(_) => (Completed, None),
            Says::Failed(why) => (Failed, words(why.text())),
            Says::GivenBack(why) | Says::Cancelled(why) => (Cancelled, words(why.text())),
            Says::CancelRefused(why) => {
                (self.referral.state.status(), Some(format!("not cancelled: {}", why.text())))
            }
        }
    }
}

fn procedure(outcome: &Outcome) -> Value {
    let coding =
        outcome.code.as_ref().map(|(system, code)| json!([{ "system": system, "code": code }]));
    json!({
        "status": "completed",
        "code": { "coding": coding, "text": outcome.text },
        "performedDateTime": instant(outcome.performed),
    })
}

/// PID-5.2 has the given names in one.
fn one_given_name(patient: &mut Value) {
    let Some(name) = patient.get_mut("name").and_then(|names| names.get_mut(0)) else { return };
    let given = name.get("given").and_then(Value::as_array).cloned().unwrap_or_default();
    let given: Vec<&str> = given.iter().filter_map(Value::as_str).collect();
    if !given.is_empty() {
        name["given"] = json!([given.join(" ")]);
    }
}

fn instant(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
