//! Laws: what is read is written as it was, and what we set is all that changes.

use loopgate_consent::FieldGroup;
use loopgate_referral::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{Json, Limits, as_supplied, changed_members, patient_copy, request_copy, rewrite};

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?".prop_map(Json::Number),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::Array),
            object("[a-zA-Z_]{1,6}|\\PC{1,3}", inner),
        ]
    })
}

fn object(names: &'static str, inner: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    vec((names, inner), 0..6).prop_map(|mut members| {
        let mut seen = std::collections::BTreeSet::new();
        members.retain(|(name, _)| seen.insert(name.clone()));
        Json::Object(members)
    })
}

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes(), "Resource", &Limits::default()).unwrap()
}

/// Every string of a document but the names of members.
fn strings(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::String(text) => found.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Json::Object(members) => members.iter().for_each(|(_, value)| strings(value, found)),
        _ => {}
    }
}

/// Every path of members in a document.
fn paths(json: &Json, path: &str, found: &mut Vec<String>) {
    json.items().iter().for_each(|item| paths(item, path, found));
    for (name, value) in json.members() {
        let path = format!("{path}.{name}");
        paths(value, &path, found);
        found.push(path);
    }
}

/// Names of elements, so that a random document comes past the first look.
const ELEMENTS: &str = "_?(status|code|coding|system|subject|reference|type|category|component|value(Code|Quantity|CodeableConcept|Period|Reference|String)|extension|url|contained|id|item|linkId|name|period|start|end|input|output|identifier|telecom|characteristic|dataAbsentReason|use)";

const MAY_PASS: [&str; 37] = [
    ".resourceType",
    ".id",
    ".name",
    ".name.use",
    ".name.text",
    ".name.family",
    ".name.given",
    ".name.prefix",
    ".name.suffix",
    ".telecom",
    ".telecom.system",
    ".telecom.value",
    ".telecom.use",
    ".telecom.rank",
    ".address",
    ".address.use",
    ".address.type",
    ".address.text",
    ".address.line",
    ".address.city",
    ".address.district",
    ".address.state",
    ".address.postalCode",
    ".address.country",
    ".communication",
    ".communication.language",
    ".communication.language.coding",
    ".communication.language.coding.system",
    ".communication.language.coding.version",
    ".communication.language.coding.code",
    ".communication.language.coding.display",
    ".communication.language.text",
    ".communication.preferred",
    ".status",
    ".intent",
    ".subject",
    ".subject.reference",
];

proptest! {
    #[test]
    fn what_is_read_is_written_as_it_was(json in json()) {
        let text = json.to_string();
        prop_assert_eq!(&parse(&text), &json);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), json.to_value());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = crate::Resource::read(&bytes, &Limits::default());
        let _ = crate::read_posted(&bytes, &Limits::default());
    }

    #[test]
    fn no_resource_makes_the_validator_panic(
        kind in proptest::sample::select(crate::ACCEPTED.to_vec()),
        profile in "(Task|Goal|Consent|ObservationRaceOMB|Group|HealthcareService|x)?",
        mut resource in object(ELEMENTS, prop_oneof![json(), object(ELEMENTS, json()),
            vec(object(ELEMENTS, object(ELEMENTS, json())), 0..3).prop_map(Json::Array)]),
    ) {
        resource.remove("meta");
        resource.set("resourceType", kind.into());
        let profile = format!("http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-{profile}");
        let meta = Json::object([("profile", Json::array([profile.as_str().into()]))]);
        resource.set("meta", meta);
        let _ = crate::Resource::read(&resource.to_bytes(), &Limits::default());
    }

    #[test]
    fn faults_hold_no_value(secret in "[A-Z][a-z]{7,12}", at in 0..4_usize) {
        let text = [
            format!(r#"{{"resourceType":"Task","status":"{secret}","intent":"order"}}"#),
            format!(r#"{{"resourceType":"Patient","{secret}":[],"{secret}":1,"birthDate":"{secret}"}}"#),
            format!(r#"{{"resourceType":"{secret}"}}"#),
            format!(r#"{{"resourceType":"Patient","{secret}":{{"{secret}":null}}}}"#),
        ][at].clone();
        let faults = crate::Resource::read(text.as_bytes(), &Limits::default()).unwrap_err();
        prop_assert!(!format!("{faults:?}").contains(&secret), "{faults:?}");
    }

    #[test]
    fn only_what_is_ours_changes(resource in object("[a-z]{1,4}|id|meta", json())) {
        let supplied = as_supplied(&resource, "i", 7, Timestamp(1), None);
        prop_assert_eq!(supplied.text("id"), Some("i"));
        let mut kept = supplied.clone();
        let mut before = resource.clone();
        for name in ["id", "meta"] {
            kept.remove(name);
            before.remove(name);
        }
        prop_assert_eq!(kept.to_string(), before.to_string());
        let meta = |json: &Json| {
            let mut meta = json.get("meta").cloned().unwrap_or(Json::object([]));
            meta.remove("versionId");
            meta.remove("lastUpdated");
            meta.to_string()
        };
        prop_assert_eq!(meta(&supplied), meta(&resource));
        let changed = changed_members(&resource, &supplied);
        prop_assert!(changed.iter().all(|name| name == "id"), "{changed:?}");
    }

    #[test]
    fn a_copy_holds_nothing_outside_the_list(
        json in object(
            "name|telecom|address|communication|subject|birthDate|photo|identifier|id|note",
            prop_oneof![json(), object("use|family|given|value|period|language|reference", json())
                .prop_map(|item| Json::Array(vec![item]))],
        ),
        groups in proptest::sample::subsequence(FieldGroup::ALL.to_vec(), 0..=8),
    ) {
        let patient = patient_copy(&json, &groups.iter().copied().collect());
        let mut found = Vec::new();
        paths(&patient, "", &mut found);
        prop_assert!(found.iter().all(|path| MAY_PASS.contains(&path.as_str())), "{found:?}");
        let request = request_copy(&json, &[FieldGroup::Identity].into_iter().collect());
        let mut found = Vec::new();
        paths(&request, "", &mut found);
        prop_assert!(found.iter().all(|path| MAY_PASS.contains(&path.as_str())), "{found:?}");
    }

    #[test]
    fn rewriting_touches_references_alone(resource in object("[a-z]{1,3}|reference", json())) {
        let mut same = resource.clone();
        rewrite(&mut same, &|_| None);
        prop_assert_eq!(&same, &resource);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        rewrite(&mut same, &|text| Some(format!("{text}!")));
        strings(&resource, &mut before);
        strings(&same, &mut after);
        prop_assert_eq!(before.len(), after.len());
        let marked = |(before, after): (&String, &String)| *after == before.clone() + "!";
        let kept = before.iter().zip(&after).all(|pair| pair.0 == pair.1 || marked(pair));
        prop_assert!(kept);
    }
}
