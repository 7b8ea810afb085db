//! `loopgate translate`: a local conversion, not a disclosure. It opens no socket and no log.

use anyhow::{Context, bail};
use loopgate_consent::Groups;
use loopgate_fhir::{Json, Limits, REFERRAL, RefText, TaskIn, pivot, read_transaction};
use loopgate_mapping::{Constants, Library};
use loopgate_referral::ReferralId;
use serde_json::Value;

/// A dialect that `translate` speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A transaction Bundle with one referral.
    Fhir,
    /// The community dialect.
    CboJson,
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

/// Translates one message.
pub fn translate(
    library: &Library,
    from: Dialect,
    to: Dialect,
    input: &[u8],
    groups: &Groups,
) -> Result<Translated, Stopped> {
    let mapping = library
        .mapping("cbo-json/referral")
        .context("the mapping cbo-json/referral is missing")
        .map_err(Stopped::Refused)?;
    let constants: Constants = [("referral", REFERRAL)].into_iter().collect();
    let refused = |why| Stopped::Refused(anyhow::Error::new(why));
    match (from, to) {
        (Dialect::Fhir, Dialect::CboJson) => {
            let pivot = read_pivot(input).map_err(Stopped::Unreadable)?;
            let written = mapping.write(&pivot, groups, &constants).map_err(refused)?;
            Ok(Translated {
                text: written.document.to_string(),
                not_carried: written.not_carried,
                withheld: written.withheld,
            })
        }
        (Dialect::CboJson, Dialect::Fhir) => {
            let right: Value =
                serde_json::from_slice(input).context("not JSON").map_err(Stopped::Unreadable)?;
            let read = mapping.read(&right, &constants).map_err(refused)?;
            let text = bundle_of(&read.pivot).to_string();
            Ok(Translated { text, not_carried: read.not_carried, withheld: Vec::new() })
        }
        _ => Err(Stopped::Refused(anyhow::anyhow!("both dialects are the same"))),
    }
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

/// A transaction Bundle of what the pivot holds, with urn:uuid links between its parts.
fn bundle_of(pivot: &Value) -> Value {
    let url = |n: usize| format!("urn:uuid:00000000-0000-4000-8000-{n:012}");
    let mut entries = Vec::new();
    for (n, kind) in ["Patient", "ServiceRequest", "Task"].into_iter().enumerate() {
        let Some(mut resource) = pivot.get(kind).cloned() else { continue };
        resource["resourceType"] = kind.into();
        match kind {
            "ServiceRequest" => resource["subject"] = serde_json::json!({ "reference": url(0) }),
            "Task" => {
                resource["for"] = serde_json::json!({ "reference": url(0) });
                resource["focus"] = serde_json::json!({ "reference": url(1) });
            }
            _ => {}
        }
        entries.push(serde_json::json!({
            "fullUrl": url(n),
            "resource": resource,
            "request": { "method": "POST", "url": kind },
        }));
    }
    serde_json::json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
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
        translate(&Library::builtin(), Dialect::Fhir, Dialect::CboJson, input, &groups)
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
            Dialect::CboJson,
            Dialect::Fhir,
            translated.text.as_bytes(),
            &Groups::all(),
        );
        let back = back.map_err(|_| "stopped").unwrap();
        let bundle: Value = serde_json::from_str(&back.text).unwrap();
        assert_eq!(bundle["entry"][0]["resource"]["telecom"][0]["value"], "+1 555 0142");
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
