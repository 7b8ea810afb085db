//! What a message of HL7 v2 says of itself and of where its referral stands.

use loopgate_hl7v2::Message;
use loopgate_mapping::{By, Library, Said};
use loopgate_referral::Timestamp;
use serde_json::Value;

use super::Head;
use crate::v2;

/// A message's type is a code; what is not of that form is not said again.
pub fn is_name(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What the state table makes of the message: who speaks is not known here, so whoever may say it.
pub fn state(library: &Library, message: &Message, header: &Head, pivot: &mut Value) {
    let fields = |place: &str| v2::value(message, place);
    let said = Said { code: &header.code, event: &header.event, fields: &fields };
    let states = library.states();
    let found = [By::Target, By::Source].into_iter().find_map(|by| {
        ["requested", "accepted", "in-progress"]
            .into_iter()
            .find_map(|from| states.read(&said, by, from))
    });
    let Some(state) = found else { return };
    if let Some(status) = &state.task {
        pivot["Task"]["status"] = status.as_str().into();
    }
    if let (Some(status), Some(request)) = (&state.request, pivot.get_mut("ServiceRequest")) {
        request["status"] = status.as_str().into();
    }
}

/// The mapping of a referral in a dialect that is whole.
/// A FHIR instant as MSH-7 says it; nothing, if it has no time.
pub fn dtm(instant: &str) -> String {
    let at: Result<jiff::Timestamp, _> = instant.parse();
    at.map_or(String::new(), |at| v2::time(Timestamp(at.as_millisecond())))
}
