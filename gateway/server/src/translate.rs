//! `loopgate translate`: a local conversion, not a disclosure. It opens no socket and no log.

mod rows;
mod spoken;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use loopgate_consent::Groups;
use loopgate_fhir::{Json, Limits, Posted, REFERRAL, RefText, TaskIn, pivot, read_posted};
use loopgate_hl7v2::{self as hl7v2, Charset, Delimiters, Envelope, Message, Stamp};
use loopgate_mapping::{Carried, Constants, Library, Mapping};
use loopgate_referral::ReferralId;
use serde_json::{Value, json};

use crate::bundle::{self, Entry, Known, all_parts, untie};
use crate::csv::{Layout, out};
use crate::dialect;
use crate::partner::Partner;
use crate::v2;
use spoken::{dtm, is_name, state};

/// A dialect that `translate` speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialect {
    /// A transaction Bundle with one referral.
    Fhir,
    /// A dialect of JSON: the name of a folder of mappings, `cbo-json`.
    Json(String),
    /// An HL7 v2 message, or a batch of them. Read, MSH-9 says of which type; written, it is of this
    /// code and event.
    Hl7v2([String; 2]),
    /// A file with a referral in each row, as the partner's file declares it.
    Csv,
}

/// The messages as which a referral is written.
const REFERRALS: [[&str; 3]; 3] =
    [["REF", "I12", "REF_I12"], ["OMG", "O19", "OMG_O19"], ["ORM", "O01", "ORM_O01"]];

/// What came of one message.
pub struct Translated {
    /// The document.
    pub text: String,
    /// What was not carried, by path.
    pub not_carried: Vec<String>,
    /// Field groups withheld.
    pub withheld: Vec<String>,
    /// What was carried, and by which row: into the pivot, then out of it. FHIR has no rows: it is
    /// the pivot.
    pub carried: Vec<Step>,
}

/// One step of a value on its way.
pub struct Step {
    /// The places, and the row.
    pub carried: Carried,
    /// Which of the places it came from.
    pub way: Way,
}

/// Which way a row was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the dialect into the pivot.
    Read,
    /// From the pivot into the dialect.
    Written,
}

/// Why a translation was not made: unreadable input, or a mapping that refuses.
#[derive(Debug)]
pub enum Stopped {
    /// The input does not read.
    Unreadable(anyhow::Error),
    /// A mapping refused, or there is none.
    Refused(anyhow::Error),
}

impl Stopped {
    fn unreadable(why: impl std::error::Error + Send + Sync + 'static) -> Stopped {
        Stopped::Unreadable(anyhow::Error::new(why))
    }

    fn by(why: impl std::error::Error + Send + Sync + 'static) -> Stopped {
        Stopped::Refused(anyhow::Error::new(why))
    }
}

/// What a link says of itself, where a partner's file is given.
pub struct LinkOf {
    constants: Constants,
    application: String,
    facility: String,
    /// Who refers: the partner, or a placeholder to be replaced.
    requester: String,
    zone: TimeZone,
    csv: Layout,
}

impl LinkOf {
    /// The link of a partner, or what holds without one: UTC, and no assigning authority is known.
    pub fn new(partner: Option<&Partner>) -> LinkOf {
        let link = partner.and_then(|partner| partner.hl7v2.as_ref());
        let zone = partner.map_or(TimeZone::UTC, |partner| partner.time_zone.clone());
        let authorities = link.map_or(&[][..], |link| &link.authorities);
        LinkOf {
            constants: v2::constants(authorities, zone.clone()),
            application: link.map_or("EHR", |link| &link.application).to_owned(),
            facility: link.map_or("HOSPITAL", |link| &link.facility).to_owned(),
            requester: format!("Organization/{}", partner.map_or("source", |one| one.org.as_str())),
            zone,
            csv: partner.map_or_else(Layout::default, |partner| partner.csv.clone()),
        }
    }
}

/// What one message says.
struct Heard {
    pivot: Value,
    not_carried: Vec<String>,
    carried: Vec<Carried>,
    /// MSH-9.1, MSH-9.2 and MSH-3 of a message.
    message: Option<[String; 3]>,
}

/// Translates an input: one document, or each message and order of HL7 v2 by itself.
pub fn translate(
    library: &Library,
    (from, to): (&Dialect, &Dialect),
    input: &[u8],
    groups: &Groups,
    link: &LinkOf,
) -> Result<Vec<Translated>, Stopped> {
    let same = match (from, to) {
        (Dialect::Json(from), Dialect::Json(to)) => from == to,
        _ => std::mem::discriminant(from) == std::mem::discriminant(to),
    };
    if same {
        return Err(Stopped::Refused(anyhow::anyhow!("both dialects are the same")));
    }
    let heard = match from {
        Dialect::Fhir => vec![read_bundle(input)?],
        Dialect::Json(name) => vec![read_json(library, name, input, link)?],
        Dialect::Hl7v2(_) => read_v2(library, input, link)?,
        Dialect::Csv => rows::read(library, input, link)?,
    };
    let said = heard.into_iter().map(|one| say(library, to, one, groups, link));
    let mut said: Vec<Translated> = said.collect::<Result<_, _>>()?;
    if let (Dialect::Csv, Some(first)) = (to, said.first_mut()) {
        first.text.insert_str(0, &out::head(&link.csv));
    }
    Ok(said)
}

/// What was heard, in the other dialect.
fn say(
    library: &Library,
    to: &Dialect,
    heard: Heard,
    groups: &Groups,
    link: &LinkOf,
) -> Result<Translated, Stopped> {
    let Heard { pivot, mut not_carried, carried, message } = heard;
    let (text, lost, withheld, said) = match to {
        // All that there is: what was read is the pivot.
        Dialect::Fhir => {
            let message = message.as_ref().map(|parts| parts.each_ref().map(String::as_str));
            let known = Known { requester: Some(&link.requester), authored_on: None, message };
            let text = bundle::transaction(all_parts(&pivot, &known)).to_string();
            (text, Vec::new(), Vec::new(), Vec::new())
        }
        Dialect::Json(name) => {
            let mapping = mapping(library, name)?;
            let written = mapping.write(&pivot, groups, &link.constants).map_err(Stopped::by)?;
            let text = written.document.to_string();
            (text, written.not_carried, written.withheld, written.carried)
        }
        Dialect::Hl7v2([code, event]) => write_v2(library, [code, event], &pivot, groups, link)?,
        Dialect::Csv => rows::write(library, &pivot, groups, link)?,
    };
    not_carried.extend(lost);
    let steps = |all: Vec<Carried>, way| all.into_iter().map(move |carried| Step { carried, way });
    let carried = steps(carried, Way::Read).chain(steps(said, Way::Written)).collect();
    Ok(Translated { text, not_carried, withheld, carried })
}

type Written = (String, Vec<String>, Vec<String>, Vec<Carried>);

fn write_v2(
    library: &Library,
    [code, event]: [&str; 2],
    pivot: &Value,
    groups: &Groups,
    link: &LinkOf,
) -> Result<Written, Stopped> {
    let unknown =
        || Stopped::Refused(anyhow::anyhow!("a referral is not written as {code}^{event}"));
    let kind = REFERRALS.into_iter().find(|[c, e, _]| *c == code && *e == event);
    let kind = kind.ok_or_else(unknown)?;
    let mapping = library.for_message(code, event).ok_or_else(unknown)?;
    let way = library.states().say("sent", code);
    let state = way.into_iter().flat_map(|way| &way.fields);
    let state = state.map(|(field, value)| (field.as_str(), value.as_str()));
    let constants = link.constants.clone().with_state(state);
    let written = mapping.write_v2(pivot, groups, &constants).map_err(Stopped::by)?;
    let stamp = Stamp {
        application: &link.application,
        facility: &link.facility,
        time: &pivot["Task"]["authoredOn"].as_str().map_or(String::new(), dtm),
        control_id: "1",
    };
    let envelope =
        Envelope { to: (v2::APPLICATION, ""), kind, processing: "T", ..Envelope::default() };
    let mut segments = vec![hl7v2::envelope(&envelope, &stamp)];
    segments.extend(written.segments);
    let text = Message { delimiters: Delimiters::USUAL, segments }.print();
    Ok((text, written.not_carried, written.withheld, written.carried))
}

fn read_json(
    library: &Library,
    dialect: &str,
    input: &[u8],
    link: &LinkOf,
) -> Result<Heard, Stopped> {
    let right: Value =
        serde_json::from_slice(input).context("not JSON").map_err(Stopped::Unreadable)?;
    read_document(library, dialect, &right, link)
}

fn read_document(
    library: &Library,
    dialect: &str,
    right: &Value,
    link: &LinkOf,
) -> Result<Heard, Stopped> {
    let read = mapping(library, dialect)?.read(right, &link.constants);
    let read = read.map_err(Stopped::by)?;
    let (not_carried, carried) = (read.not_carried, read.carried);
    Ok(Heard { pivot: read.pivot, not_carried, carried, message: None })
}

/// Each message of a batch, and each order of a message.
fn read_v2(library: &Library, input: &[u8], link: &LinkOf) -> Result<Vec<Heard>, Stopped> {
    let limits = hl7v2::Limits::default();
    let unreadable = |words: String| Stopped::Unreadable(anyhow::anyhow!(words));
    let messages = match hl7v2::batch(input, &limits, Charset::UTF_8) {
        Some(batch) => batch.map_err(|flaw| unreadable(flaw.to_string()))?.messages,
        None => vec![input],
    };
    let mut heard = Vec::new();
    for bytes in messages {
        let message = hl7v2::read(bytes, &limits, Charset::UTF_8)
            .map_err(|unsound| unreadable(unsound.flaw.to_string()))?;
        let header = Head::of(&message);
        for order in message.orders().map_err(|flaw| unreadable(flaw.to_string()))? {
            heard.push(read_order(library, &order, &header, link)?);
        }
    }
    Ok(heard)
}

/// What a translation needs of MSH: the doors ask for more.
struct Head {
    code: String,
    event: String,
    application: String,
    time: String,
}

impl Head {
    fn of(message: &Message) -> Head {
        let text = |segment, field, component| message.text(segment, field, component);
        let event = text("MSH", 9, 2).or_else(|| text("EVN", 1, 1)).unwrap_or_default();
        let of = |field| text("MSH", field, 1).unwrap_or_default();
        Head { code: of(9), event, application: of(3), time: of(7) }
    }
}

fn read_order(
    library: &Library,
    message: &Message,
    header: &Head,
    link: &LinkOf,
) -> Result<Heard, Stopped> {
    let (code, event) = (header.code.as_str(), header.event.as_str());
    let Some(mapping) = library.for_message(code, event) else {
        let kind = [code, event].into_iter().filter(|part| is_name(part)).collect::<Vec<_>>();
        let words = format!("{} is not a message that has a mapping", kind.join("^"));
        return Err(Stopped::Refused(anyhow::anyhow!(words)));
    };
    let read = mapping.read_v2(message, &link.constants).map_err(Stopped::by)?;
    let mut pivot = read.pivot;
    state(library, message, header, &mut pivot);
    if let Some(task) = pivot.get_mut("Task") {
        let identifier =
            json!({ "system": REFERRAL, "value": ReferralId::from_random([0; 16]).to_string() });
        match task.get_mut("identifier").and_then(Value::as_array_mut) {
            Some(list) => list.push(identifier),
            None => task["identifier"] = json!([identifier]),
        }
        if task.get("authoredOn").is_none()
            && let Some(written) = v2::written_at(&header.time, &link.zone)
        {
            task["authoredOn"] = written.into();
        }
    }
    let message = [&header.code, &header.event, &header.application].map(Clone::clone);
    let (not_carried, carried) = (read.not_carried, read.carried);
    Ok(Heard { pivot, not_carried, carried, message: Some(message) })
}

fn mapping<'l>(library: &'l Library, dialect: &str) -> Result<&'l Mapping, Stopped> {
    let flaws = dialect::flaws(library, dialect);
    if !flaws.is_empty() {
        return Err(Stopped::Refused(anyhow::anyhow!("{}", flaws.join("\n"))));
    }
    let found = library.mapping(&format!("{dialect}/referral"));
    found.with_context(|| format!("there is no dialect {dialect}")).map_err(Stopped::Refused)
}

/// The pivot of the one referral in a transaction Bundle. As supplied, so that the loss list tells
/// of everything a target would not see.
fn read_bundle(input: &[u8]) -> Result<Heard, Stopped> {
    let (pivot, not_carried) = read_pivot(input).map_err(Stopped::Unreadable)?;
    Ok(Heard { pivot, not_carried, carried: Vec::new(), message: None })
}

fn read_pivot(input: &[u8]) -> anyhow::Result<(Value, Vec<String>)> {
    let posted = read_posted(input, &Limits::default()).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    let Posted::Transaction(entries) = posted else { bail!("the Bundle is no transaction") };
    let find = |reference: &str| {
        entries.iter().find(|entry| {
            let by_url = entry.full_url.as_deref() == Some(reference);
            let by_id = matches!(RefText::of(reference), Some(RefText::Relative { kind, id })
                if entry.resource.kind == kind && entry.resource.id() == Some(&id));
            by_url || by_id
        })
    };
    let tasks: Vec<_> = entries.iter().filter(|entry| entry.resource.kind == "Task").collect();
    let [task] = tasks[..] else {
        bail!("the Bundle needs exactly one Task, it has {}", tasks.len())
    };
    let task_in = TaskIn::read(&task.resource).map_err(|faults| {
        anyhow::anyhow!("{}", faults.first().map_or(String::new(), ToString::to_string))
    })?;
    let request = find(&task_in.focus).context("Task.focus is not in the Bundle")?;
    let patient = find(&task_in.patient).context("Task.for is not in the Bundle")?;
    let observations: Vec<Json> = entries
        .iter()
        .filter(|entry| entry.resource.kind == "Observation")
        .map(|entry| entry.resource.json.clone())
        .collect();
    let identifier = Json::object([
        ("system", REFERRAL.into()),
        ("value", ReferralId::from_random([0; 16]).to_string().as_str().into()),
    ]);
    let mut with_identifier = task.resource.json.clone();
    let mut identifiers = with_identifier.list("identifier").to_vec();
    identifiers.push(identifier);
    with_identifier.set("identifier", Json::Array(identifiers));
    let mut pivot =
        pivot(&with_identifier, &request.resource.json, &patient.resource.json, &observations);
    let names = |one: &loopgate_fhir::Entry| {
        let by_id = one.resource.id().map(|id| format!("{}/{id}", one.resource.kind));
        one.full_url.iter().cloned().chain(by_id).collect::<Vec<String>>()
    };
    let called = entries.iter().map(|one| {
        let (kind, resource) = (one.resource.kind.to_owned(), one.resource.json.to_value());
        Entry { kind, names: names(one), resource }
    });
    let called: Vec<Entry> = called.collect();
    let left = untie(&mut pivot, &called, &names(patient));
    Ok((pivot, left))
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
