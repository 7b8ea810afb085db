//! `loopgate translate`: a local conversion, not a disclosure. It opens no socket and no log.

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use loopgate_consent::Groups;
use loopgate_fhir::{Json, Limits, REFERRAL, RefText, TaskIn, pivot, read_transaction};
use loopgate_hl7v2::{self as hl7v2, Charset, Delimiters, Envelope, Header, Message, Stamp, read};
use loopgate_mapping::{Constants, Library, Mapping};
use loopgate_referral::{ReferralId, Timestamp};
use serde_json::Value;

use crate::bundle::{self, Known, parts};
use crate::partner::Partner;
use crate::v2;

/// A dialect that `translate` speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A transaction Bundle with one referral.
    Fhir,
    /// The community dialect.
    CboJson,
    /// A REF^I12 message.
    Hl7v2,
}

/// What came of a translation.
pub struct Translated {
    /// The document.
    pub text: String,
    /// What was not carried, by path.
    pub not_carried: Vec<String>,
    /// Field groups withheld.
    pub withheld: Vec<String>,
}

/// Why a translation was not made: unreadable input, or a mapping that refuses.
#[derive(Debug)]
pub enum Stopped {
    /// The input does not read.
    Unreadable(anyhow::Error),
    /// A mapping refused.
    Refused(anyhow::Error),
}

/// What a link says of itself, where a partner's file is given.
pub struct LinkOf {
    constants: Constants,
    application: String,
    facility: String,
    /// Who refers: the partner, or a placeholder to be replaced.
    requester: String,
    zone: TimeZone,
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
        }
    }
}

/// Translates one message.
pub fn translate(
    library: &Library,
    (from, to): (Dialect, Dialect),
    input: &[u8],
    groups: &Groups,
    link: &LinkOf,
) -> Result<Translated, Stopped> {
    if from == to {
        return Err(Stopped::Refused(anyhow::anyhow!("both dialects are the same")));
    }
    let (pivot, mut lost) = read_dialect(library, from, input, link)?;
    let refused = |why| Stopped::Refused(anyhow::Error::new(why));
    let (text, not_carried, withheld) = match to {
        // All that there is: what was read is the pivot.
        Dialect::Fhir => {
            let known = Known { requester: Some(&link.requester), authored_on: None };
            let text = bundle::transaction(parts(&pivot, &known)).to_string();
            (text, Vec::new(), Vec::new())
        }
        Dialect::CboJson => {
            let mapping = mapping(library, "cbo-json/referral")?;
            let written = mapping.write(&pivot, groups, &link.constants).map_err(refused)?;
            (written.document.to_string(), written.not_carried, written.withheld)
        }
        Dialect::Hl7v2 => {
            let mapping = mapping(library, v2::REF_I12)?;
            let written = mapping.write_v2(&pivot, groups, &link.constants).map_err(refused)?;
            let stamp = Stamp {
                application: &link.application,
                facility: &link.facility,
                time: &pivot["Task"]["authoredOn"].as_str().map_or(String::new(), dtm),
                control_id: "1",
            };
            let envelope = Envelope {
                to: (v2::APPLICATION, ""),
                kind: ["REF", "I12", "REF_I12"],
                processing: "T",
                ..Envelope::default()
            };
            let mut segments = vec![hl7v2::envelope(&envelope, &stamp)];
            segments.extend(written.segments);
            let text = Message { delimiters: Delimiters::USUAL, segments }.print();
            (text, written.not_carried, written.withheld)
        }
    };
    lost.extend(not_carried);
    Ok(Translated { text, not_carried: lost, withheld })
}

/// What a message says, as a pivot, and what of it no row takes.
fn read_dialect(
    library: &Library,
    from: Dialect,
    input: &[u8],
    link: &LinkOf,
) -> Result<(Value, Vec<String>), Stopped> {
    let refused = |why| Stopped::Refused(anyhow::Error::new(why));
    Ok(match from {
        Dialect::Fhir => (read_pivot(input).map_err(Stopped::Unreadable)?, Vec::new()),
        Dialect::CboJson => {
            let right: Value =
                serde_json::from_slice(input).context("not JSON").map_err(Stopped::Unreadable)?;
            let read = mapping(library, "cbo-json/referral")?.read(&right, &link.constants);
            let read = read.map_err(refused)?;
            (read.pivot, read.not_carried)
        }
        Dialect::Hl7v2 => {
            let unreadable = |words: String| Stopped::Unreadable(anyhow::anyhow!(words));
            let message = read(input, &hl7v2::Limits::default(), Charset::UTF_8)
                .map_err(|unsound| unreadable(unsound.flaw.to_string()))?;
            let header = Header::of(&message).map_err(|flaws| {
                let lines: Vec<String> = flaws.iter().map(ToString::to_string).collect();
                unreadable(lines.join("\n"))
            })?;
            let found = mapping(library, v2::REF_I12)?.read_v2(&message, &link.constants);
            let mut found = found.map_err(refused)?;
            if let Some(identifiers) = found.pivot["Task"]["identifier"].as_array_mut() {
                let value = ReferralId::from_random([0; 16]).to_string();
                identifiers.push(serde_json::json!({ "system": REFERRAL, "value": value }));
            }
            let written = v2::written_at(&header.time, &link.zone);
            if let (Some(written), Some(task)) = (written, found.pivot.get_mut("Task"))
                && task.get("authoredOn").is_none()
            {
                task["authoredOn"] = written.into();
            }
            (found.pivot, found.not_carried)
        }
    })
}

fn mapping<'l>(library: &'l Library, name: &str) -> Result<&'l Mapping, Stopped> {
    let found = library.mapping(name);
    found.with_context(|| format!("the mapping {name} is missing")).map_err(Stopped::Refused)
}

/// A FHIR instant as MSH-7 says it; nothing, if it has no time.
fn dtm(instant: &str) -> String {
    let at: Result<jiff::Timestamp, _> = instant.parse();
    at.map_or(String::new(), |at| v2::time(Timestamp(at.as_millisecond())))
}

/// The pivot of the one referral in a transaction Bundle. As supplied, so that the loss list tells
/// of everything a target would not see.
fn read_pivot(input: &[u8]) -> anyhow::Result<Value> {
    let entries = read_transaction(input, &Limits::default()).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
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
    Ok(pivot(&with_identifier, &request.resource.json, &patient.resource.json, &observations))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERRAL_BUNDLE: &[u8] = include_bytes!("../samples/food-referral.json");

    fn to_cbo(input: &[u8], groups: &[&str]) -> Result<Translated, Stopped> {
        let groups: Groups = match groups {
            [] => Groups::all(),
            some => some.iter().map(|group| group.parse().unwrap()).collect(),
        };
        let link = LinkOf::new(None);
        translate(&Library::builtin(), (Dialect::Fhir, Dialect::CboJson), input, &groups, &link)
    }

    #[test]
    fn a_referral_bundle_becomes_what_a_community_organization_reads() {
        let translated = to_cbo(REFERRAL_BUNDLE, &[]).map_err(|_| "stopped").unwrap();
        let document: Value = serde_json::from_str(&translated.text).unwrap();
        assert_eq!(document["client"]["phone"], "+1 555 0142");
        assert_eq!(document["household"]["size"], 4);
        assert!(translated.not_carried.contains(&"Patient.birthDate".to_owned()));
        let back = translate(
            &Library::builtin(),
            (Dialect::CboJson, Dialect::Fhir),
            translated.text.as_bytes(),
            &Groups::all(),
            &LinkOf::new(None),
        );
        let back = back.map_err(|_| "stopped").unwrap();
        let bundle: Value = serde_json::from_str(&back.text).unwrap();
        assert_eq!(bundle["entry"][0]["resource"]["telecom"][0]["value"], "+1 555 0142");
    }

    const REF_I12: &[u8] =
        b"MSH|^~\\&|EHR|HOSPA|LG|TOWN|20261120094000-0500||REF^I12^REF_I12|1|T|2.5.1\r\
        RF1||R|food-insecurity|||RA-1^HOSPA\rPRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\r\
        PID|||A-1^^^HOSPA||Lindqvist^Eva||19880402\rNK1|1|Lindqvist^Ana\r\
        PR1|||467771000124109^Help^SCT\r";

    #[test]
    fn a_ref_i12_becomes_a_bundle_that_our_own_door_reads_and_comes_back() {
        let text = "name = 'A'\nroles = ['source']\nlegal_class = 'ce'\n[hl7v2]\napplication = 'EHR'\n\
            facility = 'HOSPA'\nauthorities = [{ name = 'HOSPA', system = 'urn:a' }, { name = 'NPI', system = 'urn:npi' }]\n";
        let partner = Partner::parse("a".parse().unwrap(), text).unwrap();
        let link = LinkOf::new(Some(&partner));
        let go = |ways, input: &[u8]| {
            let made = translate(&Library::builtin(), ways, input, &Groups::all(), &link);
            made.map_err(|_| "stopped").unwrap()
        };
        let bundle = go((Dialect::Hl7v2, Dialect::Fhir), REF_I12);
        assert_eq!(bundle.not_carried, ["NK1-1", "NK1-2", "NK1-2.2"]);
        let parsed: Value = serde_json::from_str(&bundle.text).unwrap();
        let entries = parsed["entry"].as_array().unwrap();
        let kinds: Vec<&str> =
            entries.iter().map(|one| one["resource"]["resourceType"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["Patient", "ServiceRequest", "Task"]);
        assert_eq!(entries[2]["resource"]["authoredOn"], "2026-11-20T14:40:00Z");
        assert_eq!(entries[0]["resource"]["identifier"][0]["system"], "urn:a");
        read_pivot(bundle.text.as_bytes()).unwrap();

        let back = go((Dialect::Fhir, Dialect::Hl7v2), bundle.text.as_bytes());
        for segment in [
            "RF1||R|food-insecurity^^SDOHCC|||RA-1^HOSPA",
            "PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry",
            "PID|||A-1^^^HOSPA||Lindqvist^Eva||19880402",
            "PR1|||467771000124109^Help^SCT",
        ] {
            assert!(back.text.contains(segment), "{segment} is not in {}", back.text);
        }
        assert!(
            back.text.starts_with(
                "MSH|^~\\&|EHR|HOSPA|LOOPGATE||20261120144000+0000||REF^I12^REF_I12|1|"
            )
        );
        let cbo = go((Dialect::Hl7v2, Dialect::CboJson), REF_I12);
        let document: Value = serde_json::from_str(&cbo.text).unwrap();
        assert_eq!(document["client"]["name"]["given"], serde_json::json!(["Eva"]));
    }

    #[test]
    fn a_withheld_group_is_said_and_a_needed_one_refuses() {
        let translated =
            to_cbo(REFERRAL_BUNDLE, &["need", "status"]).map_err(|_| "stopped").unwrap();
        assert!(!translated.text.contains("Maria"));
        assert_eq!(translated.withheld, ["contact", "household", "identity"]);
        assert!(matches!(to_cbo(REFERRAL_BUNDLE, &["identity"]), Err(Stopped::Refused(_))));
    }

    #[test]
    fn what_does_not_read_is_not_refused_but_unreadable() {
        for input in [b"{".as_slice(), b"{}", br#"{"resourceType":"Bundle","type":"transaction"}"#]
        {
            assert!(matches!(to_cbo(input, &[]), Err(Stopped::Unreadable(_))));
        }
    }
}
