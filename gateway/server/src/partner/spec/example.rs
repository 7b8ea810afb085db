//! One message of each kind: an invented referral of an invented person, written by the mapping itself
//! and with what is the link's own.

use loopgate_consent::Groups;
use loopgate_hl7v2::{AckCode, Delimiters, Envelope, Message, Stamp, Wanted, envelope, msa};
use loopgate_mapping::{Mapping, Way};
use serde_json::Value;

use super::Sides;
use super::messages::From;
use crate::v2::{self, quirks};

/// A pivot with something of everything.
const REFERRAL: &str = include_str!("../../../samples/interface.json");
/// MSH-7 of it.
const TIME: &str = "20261120094000+0000";
const CONTROL_ID: &str = "EXAMPLE-1";

/// The message, in segments on lines of their own; nothing, if the mapping cannot say the example.
pub(super) fn message(
    sides: &Sides<'_>,
    from: From,
    mapping: &Mapping,
    (code, event): (&str, &str),
    way: Option<&Way>,
) -> Option<String> {
    let link = sides.link;
    let fields = way.map(|way| &way.fields[..]).unwrap_or_default();
    let state = fields.iter().map(|(field, value)| (field.as_str(), value.as_str()));
    let constants = v2::constants(&link.authorities, sides.partner.time_zone.clone());
    let constants = constants.with_state(state);
    let mut pivot = pivot(sides);
    let status = way.and_then(|way| task_status(sides, way));
    if let Some(status) = status {
        pivot["Task"]["status"] = status.into();
    }
    let written = mapping.write_v2(&pivot, &Groups::all(), &constants).ok()?;
    let structure = mapping.name().rsplit('/').next().unwrap_or_default();
    let structure = structure.to_ascii_uppercase().replace('-', "_");
    let mut segments = vec![header(sides, from, [code, event, &structure])];
    let answers = mapping.structure().iter().any(|name| name == "MSA");
    if answers && written.segments.iter().all(|one| one.name != "MSA") {
        segments.push(msa(AckCode::AA, "YOURS-1"));
    }
    segments.extend(written.segments);
    let mut message = Message { delimiters: Delimiters::USUAL, segments };
    quirks::speak(&mut message, link);
    Some(message.print().replace('\r', "\n"))
}

fn header(sides: &Sides<'_>, from: From, kind: [&str; 3]) -> loopgate_hl7v2::Segment {
    let (link, tenant) = (sides.link, sides.deployment.config.tenant.name.as_str());
    let (theirs, ours) =
        ((link.application.as_str(), link.facility.as_str()), (v2::APPLICATION, tenant));
    let (speaker, to) = match from {
        From::Partner => (theirs, ours),
        From::Gateway => (ours, theirs),
    };
    let stamp =
        Stamp { application: speaker.0, facility: speaker.1, time: TIME, control_id: CONTROL_ID };
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
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let text = REFERRAL.replace("%own", &escaped(own)).replace("%directory", &escaped(directory));
    serde_json::from_str(&text).unwrap_or_else(|_| unreachable!("the example is JSON"))
}

/// Task.status of the state that the message says.
fn task_status(sides: &Sides<'_>, way: &Way) -> Option<String> {
    let mut states = sides.deployment.library.states().iter();
    let state = states.find(|state| state.ways().any(|one| one == way))?;
    state.task.clone()
}
