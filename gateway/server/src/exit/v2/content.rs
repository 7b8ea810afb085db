//! What a message to a source says: the pivot of one piece of news.
//!
//! All of it is the source's own, or the answer as far as consent lets it back. Not here: the state,
//! which the state table says.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use loopgate_fhir::{Json, REFERRAL};
use loopgate_referral::{Identifier, News, ReferralId, Says, StatusReason, TaskStatus, Timestamp};
use serde_json::{Value, json};

use super::family::Said;
use super::resources::{instant, put};
use super::source::Telling;
use super::{two_given_names, words};
use crate::exit::{Answer, Source, prefer_one};
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};

/// What is known of a referral and the news of it, for its source.
pub struct Facts<'a> {
    /// Our name for it.
    pub referral: ReferralId,
    /// When it came.
    pub received: Timestamp,
    /// What is told; nothing but that it came, if there is no news.
    pub news: Option<&'a News>,
    /// The source's Task, as supplied.
    pub task: Json,
    /// Its ServiceRequest.
    pub request: Json,
    /// Its Patient.
    pub patient: Json,
    /// The name of whom it is with, and its first identifier.
    pub owner: (String, Option<Identifier>),
    /// The zone that the source reads times in.
    pub zone: &'a TimeZone,
}

impl<'a> Facts<'a> {
    /// Of what is kept.
    pub fn read(gate: &Gate, telling: &Telling<'a>) -> Result<Facts<'a>, Trouble> {
        let referral = telling.referral;
        let Source { request, patient, .. } = Source::read(gate, referral)?;
        let task = gate.held(&referral.task).ok_or(Trouble::from(Kind::NotFound))?;
        let roster = gate.scribe.published().roster.load();
        let with = telling.news.map_or(&referral.owner, |news| &news.with);
        let owner = roster.get(with);
        let name = owner.map_or(with.as_str(), |owner| owner.name.as_str()).to_owned();
        Ok(Facts {
            referral: referral.id,
            received: referral.received,
            news: telling.news,
            task: gate.document(&task)?,
            request,
            patient,
            owner: (name, owner.and_then(|owner| owner.identifiers.first().cloned())),
            zone: &telling.partner.time_zone,
        })
    }

    /// The pivot of what `said` says, as far as the answer is let back.
    pub fn pivot(&self, said: &Said, answer: Answer) -> Value {
        let mut patient = self.patient.clone();
        prefer_one(&mut patient);
        let mut patient = patient.to_value();
        two_given_names(&mut patient);
        let mut found = json!({ "Task": self.task(said, answer), "Patient": patient });
        // An order is known again by what was ordered.
        if !matches!(said.code.as_str(), "RRI" | "SIU" | "OSU") {
            found["ServiceRequest"] = self.ordered();
        }
        // Where the words of an order stand, the words of its answer do.
        if matches!(said.code.as_str(), "OMG" | "ORM") {
            found["ServiceRequest"]["note"] = found["Task"]["note"].take();
        }
        if answer == Answer::Whole
            && let Some(news) = self.news
        {
            put(&mut found, news, &said.code);
        }
        found
    }

    fn task(&self, said: &Said, answer: Answer) -> Value {
        let says = self.news.map(|news| &news.says);
        let whole = answer == Answer::Whole;
        let words = words::beside(says, said, self.zone);
        let notes = words.into_iter().filter(|_| whole).map(|text| json!({ "text": text }));
        let (name, identifier) = &self.owner;
        let mut task = json!({
            "identifier": self.keys(),
            "status": status(says).code(),
            "lastModified": instant(self.news.map_or(self.received, |news| news.at)),
            "owner": { "display": name },
            "note": notes.collect::<Vec<_>>(),
        });
        if let Some(one) = identifier {
            task["owner"]["identifier"] = json!({ "system": one.system, "value": one.value });
        }
        if let Some(why) = says.and_then(why).filter(|_| whole) {
            task["statusReason"] = json!({ "text": why.text() });
        }
        task
    }

    /// The source's own number, and ours as the filler's.
    fn keys(&self) -> Vec<Value> {
        let placer = self.task.list("identifier").iter().find(|one| {
            let kind = one.at("type").map(|kind| kind.list("coding").to_vec()).unwrap_or_default();
            kind.iter().any(|coding| coding.text("code") == Some("PLAC"))
        });
        let typed = |code: &str| json!({ "coding": [{ "code": code }] });
        let ours = self.referral.to_string();
        let ours = json!({ "type": typed("FILL"), "system": REFERRAL, "value": ours });
        let theirs = placer.map(|one| {
            let mut key = json!({ "type": typed("PLAC"), "value": one.text("value") });
            if let Some(system) = one.text("system") {
                key["system"] = system.into();
            }
            key
        });
        std::iter::once(ours).chain(theirs).collect()
    }

    /// What was ordered: in codes, and no more of it.
    fn ordered(&self) -> Value {
        let whole = self.request.to_value();
        let kept = ["status", "intent", "category", "priority", "code"];
        let kept = kept.into_iter().filter_map(|name| Some((name, whole.get(name)?.clone())));
        json!(kept.collect::<BTreeMap<_, _>>())
    }
}

/// The reason that goes with a piece of news.
fn why(says: &Says) -> Option<&StatusReason> {
    match says {
        Says::Declined(why)
        | Says::OnHold(why)
        | Says::Failed(why)
        | Says::GivenBack(why)
        | Says::Cancelled(why)
        | Says::CancelRefused(why) => Some(why),
        _ => None,
    }
}

/// The status of the source's Task that a piece of news is of.
fn status(says: Option<&Says>) -> TaskStatus {
    match says {
        None
        | Some(Says::Waiting | Says::NoLongerWaiting | Says::Rerouted(_) | Says::TakenBack) => {
            TaskStatus::Requested
        }
        Some(Says::Declined(_)) => TaskStatus::Rejected,
        Some(Says::Accepted) => TaskStatus::Accepted,
        Some(Says::OnHold(_)) => TaskStatus::OnHold,
        Some(Says::Served(_)) => TaskStatus::Completed,
        Some(Says::Failed(_)) => TaskStatus::Failed,
        Some(Says::GivenBack(_) | Says::Cancelled(_)) => TaskStatus::Cancelled,
        Some(
            Says::Started
            | Says::CancelRefused(_)
            | Says::Booked(_)
            | Says::Rebooked(_)
            | Says::AppointmentCancelled
            | Says::NoShow
            | Says::Note(_)
            | Says::Attempted(_)
            | Says::Commented(_)
            | Says::SafeContact(_)
            | Says::Attached(_),
        ) => TaskStatus::InProgress,
    }
}
