//! Mutations of sound resources: each is refused where it is, or let pass and told.

use std::io::Write;

use super::*;
use crate::{IssueCode, Limits, Resource};

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","active":true,
"name":[{"family":"F","given":["A","B"]}],"gender":"female","birthDate":"1980-02-29",
"deceasedBoolean":false,"managingOrganization":{"reference":"Organization/1"}}"#;

const OBSERVATION: &str = r#"{"resourceType":"Observation","status":"final","code":{"text":"c"},
"subject":{"reference":"Patient/1"},"valueQuantity":{"value":1.50},
"referenceRange":[{"text":"r"}]}"#;

const TASK: &str = r#"{"resourceType":"Task",
"meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement|2.3.0"]},
"status":"requested","intent":"order",
"code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},
"focus":{"reference":"ServiceRequest/1"},"for":{"reference":"Patient/1"},
"authoredOn":"2026-01-02T03:04:05Z","requester":{"reference":"Organization/1"}}"#;

const CONDITION: &str = r#"{"resourceType":"Condition",
"meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Condition"]},
"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},
"category":[
{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]},
{"coding":[{"system":"http://hl7.org/fhir/us/core/CodeSystem/us-core-category","code":"sdoh"}]}],
"code":{"coding":[{"system":"http://snomed.info/sct","code":"733423003"}]},
"subject":{"reference":"Patient/1"}}"#;

fn read(text: &str) -> Result<Resource, Vec<crate::Fault>> {
    Resource::read(text.as_bytes(), &Limits::default())
}

/// One change of a sound resource, and the place and kind of a fault that has to be found.
type Mutation<'a> = (&'a str, &'a str, &'a str, &'a str, IssueCode);

#[test]
fn each_mutation_of_a_sound_resource_is_refused_where_it_is() {
    use IssueCode::{CodeInvalid, Extension, Invariant, Required, Structure, TooLong, Value};
    let long = format!(r#""family":"{}""#, "x".repeat(1024 * 1024 + 1));
    let rows: &[Mutation<'_>] = &[
        // Missing, twice, of the wrong shape.
        (OBSERVATION, r#""status":"final","#, "", "Observation.status", Required),
        (OBSERVATION, r#""code":{"text":"c"},"#, "", "Observation.code", Required),
        (OBSERVATION, r#""valueQ"#, r#""valueString":"s","valueQ"#, "Observation.value", Structure),
        (OBSERVATION, "valueQuantity", "valueHumanName", "Observation.valueHumanName", Structure),
        (PATIENT, r#""active":true"#, r#""active":"true""#, "Patient.active", Structure),
        (PATIENT, r#""active":true"#, r#""active":[true]"#, "Patient.active", Structure),
        (PATIENT, r#"["A","B"]"#, r#""A""#, "Patient.name[0].given", Structure),
        (PATIENT, r#"["A","B"]"#, "[]", "Patient.name[0].given", Structure),
        (PATIENT, r#"["A","B"]"#, r#"["A",""]"#, "Patient.name[0].given[1]", Structure),
        (PATIENT, r#"["A","B"]"#, r#"["A",7]"#, "Patient.name[0].given[1]", Structure),
        (PATIENT, r#"["A","B"]"#, "null", "Patient.name[0].given", Structure),
        (PATIENT, r#""family":"F""#, r#""family":{}"#, "Patient.name[0].family", Structure),
        (
            PATIENT,
            r#""family":"F""#,
            r#""family":"F","family":"G""#,
            "Resource.name[0].family",
            Structure,
        ),
        (PATIENT, r#""family":"F""#, r#""family":"\u0001""#, "Patient.name[0].family", Structure),
        (PATIENT, r#""family":"F""#, &long, "Patient.name[0].family", TooLong),
        // Primitives.
        (PATIENT, "1980-02-29", "1981-02-29", "Patient.birthDate", Structure),
        (PATIENT, r#""id":"p""#, r#""id":"a_b""#, "Patient.id", Value),
        (
            PATIENT,
            r#""deceasedBoolean":false"#,
            r#""deceasedBoolean":0"#,
            "Patient.deceasedBoolean",
            Structure,
        ),
        (OBSERVATION, "1.50", r#""1.50""#, "Observation.valueQuantity.value", Structure),
        // Codes and references.
        (PATIENT, "female", "F", "Patient.gender", CodeInvalid),
        (PATIENT, "Organization/1", "Practitioner/1", "Patient.managingOrganization", Value),
        (PATIENT, "Organization/1", "the clinic", "Patient.managingOrganization.reference", Value),
        // What changes the meaning, and rules of R4.
        (
            PATIENT,
            r#""active":true"#,
            r#""modifierExtension":[{"url":"http://x","valueCode":"c"}]"#,
            "Patient.modifierExtension",
            Extension,
        ),
        (
            PATIENT,
            r#""active":true"#,
            r#""extension":[{"url":"http://x"}]"#,
            "Patient.extension[0]",
            Invariant,
        ),
        (
            PATIENT,
            r#""active":true"#,
            r#""extension":[{"valueCode":"c"}]"#,
            "Patient.extension[0].url",
            Required,
        ),
        (
            OBSERVATION,
            r#"[{"text":"r"}]"#,
            r#"[{"appliesTo":[{"text":"r"}]}]"#,
            "Observation.referenceRange[0]",
            Invariant,
        ),
        // The referral Task: a fixed value, a pattern, its statuses, what it is about.
        (TASK, r#""order""#, r#""plan""#, "Task.intent", Value),
        (TASK, "fulfill", "approve", "Task.code.coding[0].code", Value),
        (
            TASK,
            "http://hl7.org/fhir/CodeSystem/task-code",
            "http://x",
            "Task.code.coding[0].system",
            Value,
        ),
        (TASK, "requested", "ready", "Task.status", CodeInvalid),
        (TASK, "ServiceRequest/1", "CarePlan/1", "Task.focus", Value),
        (TASK, "Organization/1", "Patient/1", "Task.requester", Value),
        (TASK, r#""authoredOn":"2026-01-02T03:04:05Z","#, "", "Task.authoredOn", Required),
        // The Condition: its categories, and what the profile takes away.
        (CONDITION, r#""code":"sdoh""#, r#""code":"other""#, "Condition", Invariant),
        (CONDITION, "problem-list-item", "other", "Condition", Invariant),
        (
            CONDITION,
            r#""subject""#,
            r#""bodySite":[{"text":"b"}],"subject""#,
            "Condition.bodySite",
            Structure,
        ),
        (CONDITION, "Patient/1", "Group/1", "Condition.subject", Value),
        (
            CONDITION,
            r#""subject""#,
            r#""onsetString":"s","subject""#,
            "Condition.onsetString",
            Structure,
        ),
    ];
    for (text, from, to, place, code) in rows {
        read(text).unwrap();
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        let shown = to.get(..to.len().min(80)).unwrap_or_default();
        let Err(faults) = read(&changed) else { panic!("{from} -> {shown} passes") };
        let found = faults.iter().any(|one| (one.expression.as_str(), one.code) == (*place, *code));
        assert!(found, "{from} -> {shown}: {faults:?}");
    }
    let deep = format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70));
    assert!(read(&PATIENT.replacen("true", &deep, 1)).is_err());
}

#[test]
fn what_is_let_pass_is_told() {
    let rows = [
        (PATIENT, r#""active":true"#, r#""newer":true"#, "Patient.newer"),
        (TASK, "TaskForReferralManagement|2.3.0", "Other", "Task.meta.profile[0]"),
    ];
    for (text, from, to, place) in rows {
        let resource = read(&text.replacen(from, to, 1)).unwrap();
        let places: Vec<&str> =
            resource.warnings.iter().map(|one| one.expression.as_str()).collect();
        assert_eq!(places, [place], "{to}");
    }
    for text in [PATIENT, OBSERVATION, TASK] {
        assert_eq!(read(text).unwrap().warnings, []);
    }
    let names: std::collections::HashSet<&str> = LENIENCIES.iter().map(|one| one.name).collect();
    assert_eq!(names.len(), LENIENCIES.len());
}

/// Each served example of the guide, without each of its required elements.
#[test]
fn every_example_of_the_guide_is_refused_without_its_resource_s_required_elements() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        writeln!(std::io::stderr(), "skipped: LOOPGATE_CORPUS is not set").unwrap();
        return;
    };
    let folder = std::path::PathBuf::from(corpus).join("sdohcc/examples");
    let mut mutants = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let Ok(resource) = Resource::read(&bytes, &Limits::default()) else { continue };
        let node = &TABLES.nodes[TABLES.node(resource.kind).unwrap()];
        for element in node.elements.iter().filter(|element| element.min > 0) {
            let mut json = resource.json.clone();
            let named = json.members().iter().find(|(name, _)| {
                node.members
                    .get(name.as_str())
                    .is_some_and(|(at, _)| node.elements[*at].name == element.name)
            });
            let name = named.unwrap().0.clone();
            json.remove(&name);
            let faults = Resource::read(&json.to_bytes(), &Limits::default()).unwrap_err();
            let place = format!("{}.{}", resource.kind, element.name);
            assert!(faults.iter().any(|one| one.expression == place), "{place}: {faults:?}");
            mutants += 1;
        }
    }
    assert!(mutants > 50, "{mutants}");
}
