//! What became of a referral, for the organization that sent it, in the community dialect.
//!
//! What it supplied returns to it; what its target said comes back as far as consent lets it, like the
//! Task of any source.

use loopgate_consent::{Denial, Groups, Permit};
use loopgate_fhir::{Annotation, Json, REFERRAL, pivot, print_instant};
use loopgate_mapping::Constants;
use loopgate_referral::{Outcome, Placement, Referral};
use serde_json::{Value, json};

use super::{
    Answer, Source, mapping, notes, prefer_one, prohibit_once, source_ask, source_may, source_task,
};
use crate::dialect::COMMUNITY_STATUS;
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};

/// A referral, as its source may read it now.
pub struct Sent {
    /// What has to be asked: for what it supplied, and for what came back.
    pub asks: [AskFor; 2],
    answer: Answer,
    denial: Option<Option<Denial>>,
}

impl Sent {
    /// Of a referral: a row of a list, or all of it.
    pub fn of(gate: &Gate, referral: &Referral, is_row: bool) -> Result<Sent, Trouble> {
        let (mut back, answer, denial) = source_may(gate, referral);
        back.view = match (answer, is_row) {
            (Answer::Status, _) => "sent-status",
            (_, true) => "sent-row",
            (_, false) => "sent",
        };
        if answer == Answer::Whole && !is_row {
            back.resources.extend(super::outcomes_with_versions(referral));
        }
        let mut own = Vec::new();
        if let Some(held) = gate.held(&referral.request) {
            own.push((referral.request.clone(), held.version));
        }
        if !is_row {
            own.extend(Source::read(gate, referral)?.about_the_person);
        }
        let supplied = AskFor {
            person: super::person(referral),
            claims: vec![OwnedClaim::ReturnToSupplier { supplier: referral.source.clone() }],
            resources: own,
            referral: Some(referral.id),
            view: back.view,
            token: OwnedToken::default(),
        };
        Ok(Sent { asks: [supplied, back], answer, denial })
    }

    /// What is withheld of it and has to be recorded: whole, and why.
    pub fn withheld(self, referral: &Referral) -> Option<(AskFor, Option<Denial>)> {
        Some((source_ask(referral, Answer::Whole), self.denial?))
    }

    /// How much of the answer these permits let back; less may have been permitted since it was asked.
    fn under(&self, referral: &Referral, permits: &[Permit]) -> Answer {
        match self.answer {
            Answer::Whole if referral.has_news() => Answer::permitted(permits),
            answer => answer,
        }
    }

    /// The row: to whom, for what, where it stands. `None` if the dialect cannot say it.
    pub fn row(
        &self,
        gate: &Gate,
        referral: &Referral,
        permits: &[Permit],
    ) -> Result<Option<Value>, Trouble> {
        let nobody = Json::object([("resourceType", "Patient".into())]);
        let source = Source::read(gate, referral)?;
        said(gate, referral, (&source, nobody), self.under(referral, permits))
    }

    /// All of it. `None` if the dialect cannot say it.
    pub fn whole(
        &self,
        gate: &Gate,
        referral: &Referral,
        permits: &[Permit],
    ) -> Result<Option<Value>, Trouble> {
        let answer = self.under(referral, permits);
        let source = Source::read(gate, referral)?;
        let patient = source.patient.clone();
        let Some(mut document) = said(gate, referral, (&source, patient), answer)? else {
            return Ok(None);
        };
        if answer == Answer::Whole {
            document["services"] = services(referral);
        }
        document["comments"] = comments(gate, referral, answer);
        Ok(Some(document))
    }
}

fn said(
    gate: &Gate,
    referral: &Referral,
    (source, mut patient): (&Source, Json),
    answer: Answer,
) -> Result<Option<Value>, Trouble> {
    let held = gate.held(&referral.task).ok_or(Trouble::from(Kind::NotFound))?;
    let mut task = source_task(gate, referral, &held, answer)?;
    let identifier =
        Json::object([("system", REFERRAL.into()), ("value", referral.id.to_string().into())]);
    task.set("identifier", Json::array([identifier]));
    let mut request = source.request.clone();
    prohibit_once(&mut request);
    prefer_one(&mut patient);
    // What was written and given is said in full beside it.
    task.remove("note");
    task.remove("output");
    let pivot = pivot(&task, &request, &patient, &[]);
    let constants: Constants = [("referral", REFERRAL)].into_iter().collect();
    let mut both = Vec::new();
    for mapping in [mapping(gate)?, gate.library.mapping(COMMUNITY_STATUS).ok_or(Trouble::Outage)?]
    {
        match mapping.write(&pivot, &Groups::all(), &constants) {
            Ok(written) => both.push(written.document),
            Err(refused) => {
                let mapping = mapping.name();
                tracing::error!(mapping, referral = %referral.id, %refused, "a mapping refused a referral");
                return Ok(None);
            }
        }
    }
    let [document, standing] = &mut both[..] else { unreachable!("each mapping wrote one") };
    for member in ["reason", "business_status"] {
        if let Some(value) = standing.get_mut(member) {
            document[member] = value.take();
        }
    }
    let code = task.at("statusReason").and_then(|why| why.list("coding").first());
    if let Some(code) = code.and_then(|coding| coding.text("code")) {
        document["reason"]["code"] = code.into();
    }
    // That it was sent on is part of the answer.
    let first = referral.placements.first().map(|first| &first.target);
    let to = if answer == Answer::Withheld { first } else { None };
    document["to"] = json!(to.unwrap_or(&referral.owner));
    document["version"] = json!(referral.version);
    Ok(Some(document.take()))
}

/// What was done, as its target said it.
fn services(referral: &Referral) -> Value {
    let outcomes = referral.placements.iter().flat_map(Placement::given);
    let service = |outcome: &Outcome| {
        let at = jiff::Timestamp::from_millisecond(outcome.performed.0).unwrap_or_default();
        let mut service = json!({ "text": outcome.text, "performed": at.to_string() });
        if let Some((system, code)) = &outcome.code {
            service["system"] = json!(system);
            service["code"] = json!(code);
        }
        service
    };
    outcomes.map(service).collect()
}

/// What source and target wrote to each other, as far as the answer is let back; by whom, and when.
fn comments(gate: &Gate, referral: &Referral, answer: Answer) -> Value {
    let comment = |note: Annotation| {
        let by = note.author.trim_start_matches("Organization/");
        json!({ "at": print_instant(note.at), "by": by, "text": note.text })
    };
    notes::of_source(gate, referral, answer).into_iter().map(comment).collect()
}
