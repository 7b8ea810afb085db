//! In which form an auditor takes an answer: JSON, lines of JSON, a table, or a Bundle of AuditEvents.

use loopgate_referral::Timestamp;
use serde_json::{Value, json};

use super::told::Told;
use super::{Asker, Call, event, instant, wrong};
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::reply::{FHIR_JSON, JSON};
use crate::sheet;

/// JSON, a line each (NDJSON).
const LINES: &str = "application/x-ndjson";

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One document.
    Json,
    /// One item a line.
    Lines,
    /// RFC 4180.
    Csv,
    /// FHIR R4, by the profiles of IHE BALP.
    Fhir,
}

impl Form {
    /// The form that `format` names, or else `Accept`.
    pub fn of(call: &Call<'_>, accept: Option<&str>) -> Result<Form, Trouble> {
        if let Some(name) = call.text("format") {
            let known = Form::ALL.into_iter().find(|form| form.name() == name);
            return known.ok_or_else(|| wrong("format", "is json, ndjson, csv or fhir"));
        }
        let Some(accept) = accept else { return Ok(Form::Json) };
        let ranges = accept.split(',').map(|range| {
            let bare = range.split(';').next().unwrap_or_default();
            bare.trim().to_ascii_lowercase()
        });
        let of = |range: String| match range.as_str() {
            "*/*" | "application/*" | "application/json" => Some(Form::Json),
            "text/csv" | "text/*" => Some(Form::Csv),
            LINES => Some(Form::Lines),
            FHIR_JSON => Some(Form::Fhir),
            _ => None,
        };
        ranges.filter_map(of).next().ok_or_else(|| Kind::MediaType.into())
    }

    const ALL: [Form; 4] = [Form::Json, Form::Lines, Form::Csv, Form::Fhir];

    /// As `format` names it.
    pub fn name(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Lines => "ndjson",
            Form::Csv => "csv",
            Form::Fhir => "fhir",
        }
    }

    /// Its media type.
    pub fn media(self) -> &'static str {
        match self {
            Form::Json => JSON,
            Form::Lines => LINES,
            Form::Csv => sheet::CSV,
            Form::Fhir => FHIR_JSON,
        }
    }
}

/// What is written in some form.
pub struct Paper<'a> {
    /// What is said of all of it.
    pub head: Value,
    /// What an item is called there.
    pub name: &'static str,
    /// Each item, for programs.
    pub items: Vec<Value>,
    /// The columns of the table.
    pub columns: &'static [&'static str],
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// The entries it is made of.
    pub told: &'a [Told],
}

impl Paper<'_> {
    /// Writes it.
    pub fn write(self, gate: &Gate, asker: &Asker<'_>, form: Form) -> Vec<u8> {
        match form {
            Form::Json => {
                let mut whole = self.head;
                whole[self.name] = Value::Array(self.items);
                whole.to_string().into_bytes()
            }
            Form::Lines => {
                let lines = self.items.iter().map(|item| format!("{item}\n"));
                lines.collect::<String>().into_bytes()
            }
            Form::Csv => sheet::csv(self.columns, self.rows),
            Form::Fhir => bundle(gate, asker, self.told, gate.now()).to_string().into_bytes(),
        }
    }
}

/// The columns of a table of entries.
pub const COLUMNS: [&str; 10] = [
    "entry",
    "time",
    "kind",
    "organizations",
    "referrals",
    "persons",
    "actor",
    "transport",
    "reason",
    "words",
];

/// One row of it.
pub fn row(gate: &Gate, asker: &Asker<'_>, told: &Told) -> Vec<String> {
    let persons = told.persons.iter().map(|person| asker.called(gate, *person));
    vec![
        told.index.to_string(),
        instant(told.at),
        told.kind.clone(),
        told.organizations.join(" "),
        told.referrals.join(" "),
        persons.collect::<Vec<String>>().join(" "),
        told.actor.clone(),
        told.transport.clone(),
        told.code().unwrap_or_default().to_owned(),
        super::words::of(gate, told),
    ]
}

/// Entries as a Bundle of what FHIR calls AuditEvent. An entry that no AuditEvent tells of has none.
fn bundle(gate: &Gate, asker: &Asker<'_>, told: &[Told], now: Timestamp) -> Value {
    let base = &gate.config.organization.base_url;
    let events = told.iter().flat_map(|one| event::of(one, &event::Setting::of(gate, asker)));
    let entries = events.map(|event| {
        let id = event["id"].as_str().unwrap_or_default();
        json!({ "fullUrl": format!("{base}/AuditEvent/{id}"), "resource": event })
    });
    let entries: Vec<Value> = entries.collect();
    let mut bundle = json!({
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(now),
    });
    // FHIR knows no empty array.
    if !entries.is_empty() {
        bundle["entry"] = Value::Array(entries);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_named_or_accepted() {
        let form = |query: &str, accept: Option<&str>| {
            let pairs: Vec<(String, String)> =
                form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            Form::of(&Call::of(&pairs, &["format"]).unwrap(), accept).map_err(drop)
        };
        for (query, accept, wanted) in [
            ("", None, Ok(Form::Json)),
            ("", Some("*/*"), Ok(Form::Json)),
            ("", Some("text/csv; q=0.9"), Ok(Form::Csv)),
            ("", Some("text/html, application/x-ndjson"), Ok(Form::Lines)),
            ("", Some("application/fhir+json"), Ok(Form::Fhir)),
            ("", Some("image/png"), Err(())),
            ("format=fhir", Some("text/csv"), Ok(Form::Fhir)),
            ("format=xml", None, Err(())),
        ] {
            assert_eq!(form(query, accept), wanted, "{query} {accept:?}");
        }
    }
}
