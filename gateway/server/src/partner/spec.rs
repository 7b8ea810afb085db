//! The interface specification of one HL7 v2 link, made of the data that the gateway itself goes by: the
//! partner's file, `loopgate.toml`, the mappings and the state table. What it says is what happens.
//!
//! Not here: how it looks on paper (`spec/markdown.rs`), which messages travel (`spec/messages.rs`), in
//! which words the rules of the link are said (`spec/terms.rs`), the examples (`spec/example.rs`).

mod example;
mod markdown;
mod messages;
mod names;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use loopgate_mapping::{Library, TableView};
use serde::Serialize;

use super::certificate::Shown;
use super::{Link, Partner};
use crate::config::Config;

/// The whole of it; as JSON it is what `--json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spec {
    /// The partner's id here.
    pub partner: String,
    /// Its name for people.
    pub name: String,
    /// The organization that runs this gateway.
    pub gateway: String,
    /// `source`, `target`.
    pub roles: Vec<&'static str>,
    /// Real persons' data may pass.
    pub production: bool,
    /// Nothing passes until further notice.
    pub suspended: bool,
    /// Who connects where, and what they show.
    pub connections: Vec<Connection>,
    /// Fields of MSH, either way.
    pub header: Vec<HeaderField>,
    /// How messages are acknowledged.
    pub acknowledgements: Vec<String>,
    /// Timers, limits and retries.
    pub limits: Vec<Limit>,
    /// Assigning authorities and the identifier systems they are.
    pub authorities: Vec<Authority>,
    /// What is agreed on for this link alone.
    pub own: Vec<String>,
    /// Deviations from the standard that are passed over.
    pub lenient: Vec<Deviation>,
    /// The messages, by who sends them.
    pub messages: Vec<Message>,
    /// What this link would exchange and this deployment has no mapping for.
    pub without_mapping: Vec<String>,
    /// Each value table that the messages use.
    pub tables: Vec<Table>,
    /// Where a referral stands, and which messages of this link say so.
    pub states: Vec<State>,
}

/// One direction on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Who opens it.
    pub from: String,
    /// Who listens.
    pub to: String,
    /// Host and port.
    pub address: String,
    /// What else holds.
    pub terms: Vec<String>,
    /// The certificate that this gateway shows.
    pub certificate: Option<Shown>,
}

/// A field of MSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeaderField {
    /// `MSH-3`.
    pub field: &'static str,
    /// In messages to the gateway.
    pub to_gateway: String,
    /// In messages of the gateway.
    pub from_gateway: String,
}

/// A number both sides have to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// What of.
    pub what: &'static str,
    /// With its unit.
    pub value: String,
}

/// An assigning authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authority {
    /// The namespace id.
    pub name: String,
    /// The identifier system.
    pub system: String,
}

/// A deviation that is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// Its word in the partner's file.
    pub word: &'static str,
    /// One sentence.
    pub sentence: &'static str,
}

/// A kind of message in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Who sends it.
    pub from: String,
    /// What it is for.
    pub purpose: &'static str,
    /// MSH-9.1 and MSH-9.2 of each, `REF^I12`.
    pub types: Vec<String>,
    /// What each says of where a referral stands.
    pub says: Vec<Says>,
    /// Its segments in order.
    pub segments: Vec<Segment>,
    /// Every field that is read or written.
    pub fields: Vec<Field>,
    /// What always stands in a field.
    pub always: Vec<Always>,
    /// The mapping's name, version, and the SHA-256 of what it says.
    pub mapping: String,
    /// One such message; an invented person.
    pub example: Option<String>,
    /// Why there is no example.
    pub without_example: Option<String>,
    #[serde(skip)]
    by_gateway: bool,
}

/// A message that says where a referral stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Says {
    /// `REF^I12`.
    pub message: String,
    /// The state.
    pub state: String,
    /// The fields that say so.
    pub fields: String,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// `PID`.
    pub name: String,
    /// What the standard calls it.
    pub title: &'static str,
}

/// A field that is read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Where, with its selections.
    pub place: String,
    /// `required`, `if it is there`, `optional`.
    pub needed: &'static str,
    /// What it says, as FHIR says it.
    pub says: String,
    /// In which form or by which table.
    pub form: Option<String>,
    /// The group of fields it passes with.
    pub group: Option<&'static str>,
}

/// A text that always stands in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Always {
    /// Where.
    pub place: String,
    /// What.
    pub text: String,
}

/// A value table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name in the mapping files.
    pub name: String,
    /// Its codes.
    pub codes: Vec<Coded>,
}

/// A code in a message and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coded {
    /// In the message.
    pub code: String,
    /// As FHIR says it.
    pub meaning: String,
    /// `read and written`, `read`, `written`.
    pub used: &'static str,
}

/// A row of the state table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Its name.
    pub name: String,
    /// Who says it.
    pub by: Vec<&'static str>,
    /// What the Task's status becomes.
    pub task: Option<String>,
    /// The messages of this link that say so.
    pub said: Vec<String>,
}

/// The deployment around a link.
#[derive(Clone, Copy)]
pub struct Deployment<'a> {
    /// `loopgate.toml`.
    pub config: &'a Config,
    /// The mappings.
    pub library: &'a Library,
    /// The certificate that the gateway shows, either way.
    pub certificate: Option<&'a Shown>,
}

impl Spec {
    /// The specification of a partner's link; nothing, if it has none.
    pub fn of(partner: &Partner, deployment: Deployment<'_>) -> Option<Spec> {
        let link = partner.hl7v2.as_ref()?;
        let Deployment { config, library, .. } = deployment;
        let sides = Sides { partner, link, deployment, time: TIME, control_id: CONTROL_ID };
        let (messages, without_mapping) = messages::messages(&sides);
        let types: Vec<(&str, String)> = messages
            .iter()
            .flat_map(|one| one.types.iter().map(|kind| (one.from.as_str(), kind.clone())))
            .collect();
        Some(Spec {
            partner: partner.org.to_string(),
            name: partner.name.clone(),
            gateway: config.organization.name.clone(),
            roles: partner.roles.iter().map(|role| role.name()).collect(),
            production: partner.production,
            suspended: partner.suspended,
            connections: terms::connections(&sides),
            header: terms::header(&sides),
            acknowledgements: terms::acknowledgements(link),
            limits: terms::limits(&sides),
            authorities: link
                .authorities
                .iter()
                .map(|one| Authority { name: one.name.clone(), system: one.system.clone() })
                .collect(),
            own: terms::own(link),
            lenient: terms::lenient(link),
            tables: tables(library, &messages),
            states: messages::states(&sides, &types),
            messages,
            without_mapping,
        })
    }

    /// On paper.
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }
}

/// Who speaks with whom, over what.
struct Sides<'a> {
    partner: &'a Partner,
    link: &'a Link,
    deployment: Deployment<'a>,
    /// MSH-7 of the examples.
    time: &'a str,
    /// MSH-10 of the examples.
    control_id: &'a str,
}

/// MSH-7 of the examples on paper.
const TIME: &str = "20261120094000+0000";
/// MSH-10 of the examples on paper.
const CONTROL_ID: &str = "EXAMPLE-1";

/// A message that this gateway sends on such a link, about the invented referral: the first kind of
/// which there is an example.
pub(crate) fn test_message(
    partner: &Partner,
    deployment: Deployment<'_>,
    (time, control_id): (&str, &str),
) -> Option<Vec<u8>> {
    let link = partner.hl7v2.as_ref()?;
    let (messages, _) = messages::messages(&Sides { partner, link, deployment, time, control_id });
    let ours = messages.into_iter().filter(|message| message.by_gateway);
    let text = ours.filter_map(|message| message.example).next()?;
    Some(text.replace('\n', "\r").into_bytes())
}

/// The value tables that the messages name, each once.
fn tables(library: &Library, messages: &[Message]) -> Vec<Table> {
    let mut tables = BTreeMap::new();
    let used = |name: &str| messages.iter().any(|one| one.mapping.split(' ').next() == Some(name));
    for mapping in library.mappings().filter(|mapping| used(mapping.name())) {
        for row in mapping.rows() {
            let Some(TableView::File { name, pairs }) = row.table else { continue };
            let codes = pairs.iter().map(|pair| Coded {
                code: pair.right.to_owned(),
                meaning: pair.left.to_owned(),
                used: match (pair.read, pair.written) {
                    (true, true) => "read and written",
                    (true, false) => "read",
                    _ => "written",
                },
            });
            tables.insert(name.to_owned(), codes.collect());
        }
    }
    tables.into_iter().map(|(name, codes)| Table { name, codes }).collect()
}
