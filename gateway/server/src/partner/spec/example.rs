//! One message of each kind: an invented referral of an invented person, written by the mapping itself
//! and with what is the link's own.

use loopgate_consent::Groups;
use loopgate_fhir::REFERRAL as OURS;
use loopgate_hl7v2::{AckCode, Delimiters, Envelope, Message, Stamp, Wanted, envelope, msa};
use loopgate_mapping::{Mapping, Refused, State, Way};
use serde_json::{Value, json};

use super::Sides;
use super::messages::From;
use crate::partner::Role;
use crate::v2::{self, quirks};

/// A pivot with something of everything.
const REFERRAL: &str = include_str!("../../../samples/interface.json");
/// How the gateway names it.
const OUR_KEY: &str = "ref_0190exampleexampleexample";

/// The message, in segments on lines of their own, or why the mapping cannot say the example.
pub(super) fn message(
    sides: &Sides<'_>,
    from: From,
    mapping: &Mapping,
    (code, event): (&str, &str),
    said: Option<(&State, &Way)>,
) -> Result<String, Refused> {
    let link = sides.link;
    let fields = said.map(|(_, way)| &way.fields[..]).unwrap_or_default();
    let state = fields.iter().map(|(field, value)| (field.as_str(), value.as_str()));
    let constants = v2::constants(&link.authorities, sides.partner.time_zone.clone());
    let constants = constants.with_state(state);
    let mut pivot = pivot(sides);
    if let Some(status) = said.and_then(|(state, _)| state.task.as_deref()) {
        pivot["Task"]["status"] = status.into();
    }
    let written = mapping.write_v2(&pivot, &Groups::all(), &constants)?;
    let structure = mapping.name().rsplit('/').next().unwrap_or_default();
    let structure = structure.to_ascii_uppercase().replace('-', "_");
    let mut segments = vec![header(sides, from, [code, event, &structure])];
    // News later on answers no message, and has no MSA.
    let answers = event != "I13" && mapping.structure().iter().any(|name| name == "MSA");
    if answers && written.segments.iter().all(|one| one.name != "MSA") {
        segments.push(msa(AckCode::AA, "YOURS-1"));
    }
    segments.extend(written.segments);
    let mut message = Message { delimiters: Delimiters::USUAL, segments };
    quirks::speak(&mut message, link);
    Ok(message.print().replace('\r', "\n"))
}

fn header(sides: &Sides<'_>, from: From, kind: [&str; 3]) -> loopgate_hl7v2::Segment {
    let (link, tenant) = (sides.link, sides.deployment.config.tenant.name.as_str());
    let (theirs, ours) =
        ((link.application.as_str(), link.facility.as_str()), (v2::APPLICATION, tenant));
    let (speaker, to) = match from {
        From::Partner => (theirs, ours),
        From::Gateway => (ours, theirs),
    };
    let stamp = Stamp {
        application: speaker.0,
        facility: speaker.1,
        time: sides.time,
        control_id: sides.control_id,
    };
    let envelope_of = Envelope {
        to,
        kind,
        processing: if sides.partner.production { "P" } else { "T" },
        version: &link.version,
        accept: Some(Wanted::Always),
        application: Some(Wanted::Never),
        sequence: link.sequence.then_some(1),
        ..Envelope::default()
    };
    envelope(&envelope_of, &stamp)
}

/// The example's identifiers are of the systems that the link knows.
fn pivot(sides: &Sides<'_>) -> Value {
    let link = sides.link;
    let first = link.authorities.first().map(|one| one.system.as_str());
    let own = link.authorities.iter().find(|one| Some(&one.name) == link.authority.as_ref());
    let own = own.map(|one| one.system.as_str()).or(first).unwrap_or("urn:oid:2.999.1");
    let directory = link.authorities.last().map_or("urn:oid:2.999.2", |one| one.system.as_str());
    let (theirs, ours) = ((own, "R-1001"), (OURS, OUR_KEY));
    // Who asks gives the placer number: the gateway, where it sends to a target.
    let source = sides.partner.is(Role::Source);
    let (placer, filler) = if source { (theirs, ours) } else { (ours, theirs) };
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let values = [
        ("%placer_system", placer.0),
        ("%placer", placer.1),
        ("%filler_system", filler.0),
        ("%filler", filler.1),
        ("%own", own),
        ("%directory", directory),
    ];
    let text = values
        .iter()
        .fold(REFERRAL.to_owned(), |text, (name, value)| text.replace(name, &escaped(value)));
    let mut pivot: Value =
        serde_json::from_str(&text).unwrap_or_else(|_| unreachable!("the example is JSON"));
    if !source {
        forwarded(&mut pivot);
    }
    pivot
}

/// What a target sees of a referral holds no number of its source's, and nobody but the person.
fn forwarded(pivot: &mut Value) {
    for kind in ["RelatedPerson", "Condition", "Coverage", "Encounter", "Practitioner"] {
        pivot.as_object_mut().map(|pivot| pivot.remove(kind));
    }
    pivot["Patient"]["identifier"] = json!([{ "system": OURS, "value": OUR_KEY }]);
    if let Some(keys) = pivot["Task"].get_mut("identifier").and_then(Value::as_array_mut) {
        keys.retain(|one| one["system"] == OURS);
    }
}
