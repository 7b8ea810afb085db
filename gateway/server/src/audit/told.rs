//! One entry as an auditor is told of it: who, when, what, why, in codes and ids; no name, no free text.

use loopgate_ledger::{Field, Fields, links_from_value};
use loopgate_referral::{PersonId, Timestamp};
use serde_json::{Value, json};

use super::{Asker, instant, kept_back, reason, why, words};
use crate::archive::Kept;
use crate::catalogue::{Row, code_of};
use crate::gate::Gate;
use crate::journal::{Body, Event, json as plain};
use crate::refusal::Trouble;

/// One entry.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its index in the log.
    pub index: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its kind.
    pub kind: String,
    /// Whom it is about.
    pub persons: Vec<PersonId>,
    /// Referrals it is of.
    pub referrals: Vec<String>,
    /// Organizations that take part.
    pub organizations: Vec<String>,
    /// Who caused it: an organization, somebody of the staff, `loopgate`.
    pub actor: String,
    /// By which way.
    pub transport: String,
    /// The build that wrote it, and the schema.
    pub written_by: Value,
    /// What moved, in codes.
    transition: Value,
    /// On which ground, where that is no decision of its own.
    basis: Value,
    /// What happened; none if it was erased.
    pub event: Option<Event>,
}

impl Told {
    /// Reads entries, in this order.
    pub fn read(gate: &Gate, entries: &[u64]) -> Result<Vec<Told>, Trouble> {
        let (rows, kinds): (Vec<Row>, Vec<String>) = {
            let catalogue = gate.scribe.published().catalogue();
            let rows = entries.iter().filter_map(|index| catalogue.row(*index));
            rows.map(|row| (row, catalogue.kind(&row).to_owned())).unzip()
        };
        let bodies = super::read(gate, &rows)?;
        let all = entries.iter().zip(rows).zip(kinds).zip(bodies);
        let told = all.map(|(((index, row), kind), body)| Told::of(*index, row, kind, body));
        Ok(told.collect())
    }

    fn of(index: u64, row: Row, kind: String, body: Kept<Body>) -> Told {
        let (fields, event) = match body {
            Kept::Here(Body { fields, event, .. }) => (fields, Some(event)),
            Kept::Erased { .. } => (Fields::default(), None),
        };
        let ids = |field| {
            let links = links_from_value(fields.get(field)).unwrap_or_default();
            links.into_iter().map(|link| link.id).collect::<Vec<String>>()
        };
        let value = |field| serde_json::from_slice(fields.get(field)).unwrap_or(Value::Null);
        let text = |field, name: &str| {
            let value: Value = value(field);
            value[name].as_str().unwrap_or_default().to_owned()
        };
        Told {
            index,
            at: row.at,
            kind,
            persons: ids(Field::Patient).iter().filter_map(|id| id.parse().ok()).collect(),
            referrals: ids(Field::Subject),
            organizations: ids(Field::Parties),
            actor: text(Field::Actor, "org"),
            transport: text(Field::Source, "transport"),
            written_by: value(Field::Code),
            transition: value(Field::Transition),
            basis: value(Field::Basis),
            event,
        }
    }

    /// Its reason code, if it decided anything.
    pub fn code(&self) -> Option<&str> {
        code_of(self.event.as_ref()?)
    }

    /// The entry, as programs read it.
    pub fn to_json(&self, gate: &Gate, asker: &Asker<'_>) -> Value {
        let persons = self.persons.iter().map(|person| asker.called(gate, *person));
        let mut said = json!({
            "entry": self.index,
            "time": instant(self.at),
            "kind": self.kind,
            "persons": persons.collect::<Vec<String>>(),
            "referrals": self.referrals,
            "organizations": self.organizations,
            "actor": self.actor,
            "transport": self.transport,
            "words": words::of(gate, self),
        });
        let Some(event) = &self.event else {
            said["erased"] = json!(true);
            return said;
        };
        if let Some(code) = self.code() {
            said["reason"] = reason(code);
        }
        if let Some(why) = why(event) {
            said["why"] = why;
        } else {
            for (name, value) in [("transition", &self.transition), ("basis", &self.basis)] {
                if !value.is_null() {
                    said[name] = value.clone();
                }
            }
        }
        said
    }
}

/// What did not pass of a disclosure.
pub fn dropped(event: &Event) -> Vec<Value> {
    let Event::Disclosed(one) = event else { return Vec::new() };
    let all = one.bases.iter().filter_map(|basis| match basis {
        crate::journal::BasisUsed::Consent { dropped, .. } => {
            kept_back(&plain(dropped)).as_array().cloned()
        }
        _ => None,
    });
    all.flatten().collect()
}

#[cfg(test)]
impl Told {
    /// An entry that says this about these.
    pub fn sample(event: Event, persons: Vec<PersonId>) -> Told {
        Told {
            index: 9,
            at: Timestamp(1_795_341_600_000),
            kind: crate::fields::kind(&event).to_owned(),
            persons,
            referrals: Vec::new(),
            organizations: Vec::new(),
            actor: "clinic-b".to_owned(),
            transport: "fhir".to_owned(),
            written_by: Value::Null,
            transition: Value::Null,
            basis: Value::Null,
            event: Some(event),
        }
    }
}
