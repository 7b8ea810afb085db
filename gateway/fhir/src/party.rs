//! Who somebody is: a Reference to a party, and business identifiers.

use loopgate_referral::Identifier;

use crate::{Fault, Json, RefText};

/// A party as a message names it. Who that is, the partner files know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyRef {
    /// By a literal reference.
    Reference(String),
    /// By a business identifier.
    Identifier(Identifier),
}

impl PartyRef {
    /// Reads a Reference at `place`. A literal reference wins over an identifier beside it.
    pub(crate) fn read(reference: &Json, place: &str) -> Result<PartyRef, Fault> {
        if let Some(text) = reference.text("reference") {
            return match RefText::of(text) {
                Some(_) => Ok(PartyRef::Reference(text.to_owned())),
                None => Err(Fault::value(place, "is no reference we can read")),
            };
        }
        match reference.get("identifier").and_then(identifier) {
            Some(identifier) => Ok(PartyRef::Identifier(identifier)),
            None => Err(Fault::required(format!("{place}.reference"))),
        }
    }

    /// The type of the party, where the message says it.
    pub(crate) fn kind(reference: &Json) -> Option<String> {
        let from_text = reference.text("reference").and_then(RefText::of);
        let from_text = from_text.and_then(|text| text.kind().map(str::to_owned));
        from_text.or_else(|| reference.text("type").map(str::to_owned))
    }
}

/// An identifier with both a system and a value; `None` for half of one.
pub(crate) fn identifier(json: &Json) -> Option<Identifier> {
    let system = json.text("system")?.to_owned();
    Some(Identifier { system, value: json.text("value")?.to_owned() })
}

/// The identifiers of a resource that are good without end: an old one may be somebody else's today,
/// and so may one whose period ends.
pub(crate) fn identifiers(resource: &Json) -> Vec<Identifier> {
    let current = |json: &&Json| json.text("use") != Some("old") && json.at("period.end").is_none();
    resource.list("identifier").iter().filter(current).filter_map(identifier).collect()
}

/// The identifiers by which an Organization's partner file is found.
pub fn organization_identifiers(organization: &Json) -> Vec<Identifier> {
    identifiers(organization)
}

/// The text of a literal reference at `place`, whose type must be `kind` where the text says it.
pub(crate) fn literal(
    parent: &Json,
    element: &str,
    kind: &str,
    root: &str,
) -> Result<String, Fault> {
    let place = format!("{root}.{element}");
    let Some(reference) = parent.get(element) else { return Err(Fault::required(place)) };
    match PartyRef::kind(reference) {
        Some(said) if said != kind => {
            return Err(Fault::not_supported(place, "refers to a type that is not supported here"));
        }
        _ => {}
    }
    match reference.text("reference").map(|text| (text, RefText::of(text))) {
        Some((_, None)) => Err(Fault::value(place, "is no reference we can read")),
        Some((_, Some(RefText::Contained))) => {
            Err(Fault::not_supported(place, "is contained; send it as a resource of its own"))
        }
        Some((text, Some(_))) => Ok(text.to_owned()),
        None => Err(Fault::not_supported(place, "is no literal reference")),
    }
}

/// The texts of the literal references of a list.
pub(crate) fn literals(parent: &Json, element: &str) -> Vec<String> {
    let list = parent.list(element).iter();
    list.filter_map(|item| item.text("reference")).map(str::to_owned).collect()
}
