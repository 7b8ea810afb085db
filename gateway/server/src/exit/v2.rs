//! What we say in HL7 v2: to a source what became of its referral, to a target what is asked of it.
//!
//! Which message and which fields say a state comes from the state table (`mappings/hl7v2/states.toml`),
//! what else a message says from its mapping file. Not here: when something is due, and connections.

mod content;
mod family;
mod order;
mod resources;
mod source;
mod target;
mod words;

use loopgate_hl7v2::{
    AckCode, Component, Delimiters, Envelope, Field, Message, Repetition, Segment, Stamp, envelope,
};
use loopgate_mapping::Mapping;
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::partner::{Link, Partner};
use crate::refusal::Trouble;
use crate::v2::{self, quirks::speak};

use family::Said;

pub use source::{Telling, standing, telling_id};
pub use target::{Placing, placing_id, stop_use, stop_use_id};

/// MSH of a message of ours to this partner.
fn header(
    gate: &Gate,
    (partner, link): (&Partner, &Link),
    (kind, profile): ([&str; 3], Option<&str>),
    control_id: &str,
) -> Segment {
    let time = v2::time(gate.now());
    let stamp = Stamp {
        application: v2::APPLICATION,
        facility: gate.config.tenant.name.as_str(),
        time: &time,
        control_id,
    };
    let says = Envelope {
        to: (link.application.as_str(), link.facility.as_str()),
        kind,
        processing: if partner.production { "P" } else { "T" },
        version: &link.version,
        profile,
        ..Envelope::default()
    };
    envelope(&says, &stamp)
}

/// The mapping of a message.
fn mapping<'g>(gate: &'g Gate, said: &Said) -> Result<&'g Mapping, Trouble> {
    gate.library.for_message(&said.code, &said.event).ok_or_else(|| {
        let (code, event) = (&said.code, &said.event);
        tracing::error!(code, event, "no mapping has this message");
        Trouble::Outage
    })
}

/// A segment of fields that are one text each, escaped already.
fn segment(name: &str, texts: &[&str]) -> Segment {
    let field = |text: &&str| {
        let component = Component(vec![(*text).to_owned()].into());
        let repetition = Repetition(vec![component].into());
        if text.is_empty() { Field::default() } else { Field(vec![repetition].into()) }
    };
    Segment { name: name.to_owned(), fields: texts.iter().map(field).collect() }
}

/// PID-5.2 has the first given name, PID-5.3 all further ones.
fn two_given_names(patient: &mut Value) {
    let names = patient.get_mut("name").and_then(Value::as_array_mut);
    for name in names.into_iter().flatten() {
        let given = name.get("given").and_then(Value::as_array).cloned().unwrap_or_default();
        let given: Vec<&str> = given.iter().filter_map(Value::as_str).collect();
        if let [first, further @ ..] = &given[..]
            && further.len() > 1
        {
            name["given"] = json!([first, further.join(" ")]);
        }
    }
}

/// A message of these segments, in the usual delimiters, said in the link's own way where it has one.
fn printed(segments: Vec<Segment>, link: &Link) -> Vec<u8> {
    let mut message = Message { delimiters: Delimiters::USUAL, segments };
    speak(&mut message, link);
    message.print().into_bytes()
}

/// MSA-1 as the state table has it; AA where it says nothing.
fn ack_code(fields: &[(String, String)]) -> AckCode {
    let given = fields.iter().find(|(field, _)| field == "MSA-1");
    given.and_then(|(_, code)| AckCode::parse(code)).unwrap_or(AckCode::AA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_name_has_its_place_and_the_others_share_one() {
        let given = |given: Value| {
            let mut patient = json!({ "name": [{ "given": given }] });
            two_given_names(&mut patient);
            patient["name"][0]["given"].clone()
        };
        assert_eq!(given(json!(["Maria", "Elena", "Sol"])), json!(["Maria", "Elena Sol"]));
        for same in [json!(["Maria", "Elena"]), json!(["Maria"]), json!([])] {
            assert_eq!(given(same.clone()), same);
        }
    }

    #[test]
    fn an_answer_is_positive_unless_the_state_table_says_otherwise() {
        let code = |fields: &[(&str, &str)]| {
            let fields: Vec<(String, String)> =
                fields.iter().map(|(f, v)| ((*f).to_owned(), (*v).to_owned())).collect();
            ack_code(&fields)
        };
        assert_eq!(code(&[]), AckCode::AA);
        assert_eq!(code(&[("RF1-1", "R")]), AckCode::AA);
        assert_eq!(code(&[("MSA-1", "AE")]), AckCode::AE);
    }
}
