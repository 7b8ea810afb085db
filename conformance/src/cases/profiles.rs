//! A resource that claims a profile of the guide's and breaks its rules is refused, and told where.

use serde_json::{Value, json};

use crate::case::{Check, Fail, Level, Suite, hold};
use crate::people::{LOINC, SCT, SDC, TMP, concept, create, sdohcc, to};
use crate::world::World;

/// What is done to a sound resource: the member, and its new value; null takes it away.
struct Broken {
    /// The case, after `profile.`.
    id: &'static str,
    /// Of the chart's A.
    kind: &'static str,
    /// The rule.
    rule: &'static str,
    /// The member that is broken.
    member: &'static str,
    /// Its value now.
    value: fn() -> Value,
    /// How the place begins that the refusal names.
    at: &'static str,
}

const fn row(
    id: &'static str,
    kind: &'static str,
    rule: &'static str,
    member: &'static str,
    value: fn() -> Value,
    at: &'static str,
) -> Broken {
    Broken { id, kind, rule, member, value, at }
}

const GONE: fn() -> Value = || Value::Null;

const ROWS: [Broken; 31] = [
    row(
        "condition.sdoh",
        "Condition",
        "SDOH-Con-3",
        "category",
        || json!([hl7("condition-category", "problem-list-item"), concept(TMP, "food-insecurity")]),
        "Condition",
    ),
    row(
        "condition.kind",
        "Condition",
        "SDOH-Con-2",
        "category",
        || json!([us("sdoh"), concept(TMP, "food-insecurity")]),
        "Condition",
    ),
    row("condition.code", "Condition", "code 1..1", "code", GONE, "Condition"),
    row(
        "condition.body-site",
        "Condition",
        "bodySite 0..0",
        "bodySite",
        || json!([concept(SCT, "69536005")]),
        "Condition.bodySite",
    ),
    row(
        "condition.stage",
        "Condition",
        "stage 0..0",
        "stage",
        || json!([{ "summary": concept(SCT, "786005") }]),
        "Condition.stage",
    ),
    row(
        "condition.domain",
        "Condition",
        "category:SDOHCC required",
        "category",
        || {
            json!([
                hl7("condition-category", "problem-list-item"),
                us("sdoh"),
                concept(TMP, "nonsense")
            ])
        },
        "Condition",
    ),
    row(
        "consent.idscl",
        "Consent",
        "category:IDSCL 1..1",
        "category",
        || json!([hl7("v3-ActCode", "INFA")]),
        "Consent",
    ),
    row("consent.date", "Consent", "dateTime 1..1", "dateTime", GONE, "Consent"),
    row("consent.organization", "Consent", "organization 1..1", "organization", GONE, "Consent"),
    row("consent.source", "Consent", "source[x] 1..1", "sourceReference", GONE, "Consent"),
    row("consent.policy", "Consent", "ppc-1", "policyRule", GONE, "Consent"),
    row("goal.description", "Goal", "description 1..1", "description", GONE, "Goal"),
    row(
        "goal.category",
        "Goal",
        "category:SDOHCC required",
        "category",
        || json!([concept(TMP, "nonsense")]),
        "Goal",
    ),
    row("group.active", "Group", "active 1..1, fixed", "active", GONE, "Group"),
    row("group.type", "Group", "type fixed", "type", || json!("animal"), "Group"),
    row("group.characteristics", "Group", "characteristic 2..*", "characteristic", GONE, "Group"),
    row(
        "healthcare-service.telecom",
        "HealthcareService",
        "telecom 1..*",
        "telecom",
        GONE,
        "HealthcareService",
    ),
    row(
        "healthcare-service.appointment",
        "HealthcareService",
        "telecom:AppointmentContact 1..*",
        "telecom",
        || json!([{ "system": "phone", "value": "+1 555 0192" }]),
        "HealthcareService",
    ),
    row("location.address", "Location", "address 1..1", "address", GONE, "Location"),
    row(
        "observation.sdoh",
        "Observation",
        "SDOH-Obs-4",
        "category",
        || json!([hl7("observation-category", "survey"), concept(TMP, "food-insecurity")]),
        "Observation",
    ),
    row(
        "observation.survey",
        "Observation",
        "category:survey",
        "category",
        || json!([us("sdoh"), concept(TMP, "food-insecurity")]),
        "Observation",
    ),
    row(
        "observation.value",
        "Observation",
        "us-core-2",
        "valueCodeableConcept",
        GONE,
        "Observation",
    ),
    row(
        "observation.effective",
        "Observation",
        "effective[x] 1..1",
        "effectiveDateTime",
        GONE,
        "Observation",
    ),
    row(
        "observation.status",
        "Observation",
        "status, required ObservationStatus",
        "status",
        || json!("preliminary"),
        "Observation.status",
    ),
    row(
        "practitioner-role.practitioner",
        "PractitionerRole",
        "practitioner 1..1",
        "practitioner",
        GONE,
        "PractitionerRole",
    ),
    row(
        "practitioner-role.organization",
        "PractitionerRole",
        "organization 1..1",
        "organization",
        GONE,
        "PractitionerRole",
    ),
    row("procedure.performed", "Procedure", "us-core-7", "performedDateTime", GONE, "Procedure"),
    row("procedure.code", "Procedure", "code 1..1", "code", GONE, "Procedure"),
    row(
        "service-request.body-site",
        "ServiceRequest",
        "bodySite 0..0",
        "bodySite",
        || json!([concept(SCT, "69536005")]),
        "ServiceRequest.bodySite",
    ),
    row("service-request.code", "ServiceRequest", "code 1..1", "code", GONE, "ServiceRequest"),
    row(
        "service-request.domain",
        "ServiceRequest",
        "category:SDOHCC required",
        "category",
        || json!([us("sdoh"), concept(TMP, "nonsense")]),
        "ServiceRequest",
    ),
];

/// The case, what it is told of.
type Change = (&'static str, &'static str, &'static str, &'static str, fn() -> Value, &'static str);

fn hl7(system: &str, code: &str) -> Value {
    concept(&format!("http://terminology.hl7.org/CodeSystem/{system}"), code)
}

fn us(code: &str) -> Value {
    concept(crate::people::US_CATEGORY, code)
}

/// Adds them.
pub fn add(suite: &mut Suite) {
    for broken in ROWS {
        let profile = format!("SDOHCC profile of {}, {}", broken.kind, broken.rule);
        let rows = keys(&broken);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        suite.add(format!("profile.{}", broken.id), Level::Shall, profile, &rows, move |world| {
            let mut body = super::types::twin(world, broken.kind)?;
            set(&mut body, broken.member, (broken.value)());
            refused(world, &body, broken.at)
        });
    }
    patient_tasks(suite);
    personal(suite);
    suite.add(
        "profile.version-suffix",
        Level::Shall,
        "R4 references.html#canonical",
        &[],
        |world| {
            let mut body = super::types::twin(world, "Condition")?;
            body["meta"]["profile"] = json!([format!("{}|2.2.0", sdohcc("Condition"))]);
            body["category"] = json!([hl7("condition-category", "problem-list-item")]);
            refused(world, &body, "Condition")
        },
    );
    suite.add("profile.unclaimed", Level::Shall, "R4 profiling.html", &["conf-6"], |world| {
        let mut body = super::types::twin(world, "Condition")?;
        set(&mut body["meta"], "profile", Value::Null);
        body["category"] = json!([hl7("condition-category", "problem-list-item")]);
        create(&world.source, &body).map(drop)
    });
    suite.add("profile.unknown", Level::Shall, "R4 profiling.html", &["conf-6"], |world| {
        let mut body = super::types::twin(world, "Condition")?;
        body["meta"]["profile"] = json!(["urn:example:profile:nobody-knows"]);
        create(&world.source, &body).map(drop)
    });
}

/// The rows of the narrative that a rule shows, and its profile's own.
fn keys(broken: &Broken) -> Vec<String> {
    let mut rows = vec!["conf-1".to_owned(), "conf-5".to_owned()];
    let narrative = match broken.id {
        "observation.sdoh" | "observation.survey" => Some("assess-1"),
        "condition.kind" => Some("cond-3"),
        _ => None,
    };
    rows.extend(narrative.map(str::to_owned));
    rows
}

fn set(body: &mut Value, member: &str, value: Value) {
    let Some(members) = body.as_object_mut() else { return };
    match value {
        Value::Null => drop(members.remove(member)),
        value => drop(members.insert(member.to_owned(), value)),
    }
}

fn refused(world: &World, body: &Value, at: &str) -> Check {
    let kind = body["resourceType"].as_str().unwrap_or_default();
    let answer = world.source.post(kind, body).refused(&[400, 422])?;
    let found = answer.expressions();
    hold(found.iter().any(|place| place.starts_with(at)), || {
        format!("expression {found:?} does not begin with {at}")
    })
}

fn patient_tasks(suite: &mut Suite) {
    let rows: [Change; 7] = [
        ("priority", "review-material", "priority 1..1", "priority", GONE, "Task"),
        (
            "priority-of-another",
            "review-material",
            "priority, required TaskPriority",
            "priority",
            || json!("stat"),
            "Task.priority",
        ),
        ("questionnaire", "complete-questionnaire", "SDOH-Task-1", "input", GONE, "Task"),
        ("information", "general-information", "SDOH-Task-2", "description", GONE, "Task"),
        ("contact", "make-contact", "SDOH-Task-4", "input", GONE, "Task"),
        ("contact-description", "make-contact", "SDOH-Task-7", "description", GONE, "Task"),
        (
            "status",
            "review-material",
            "status, required TaskStatus",
            "status",
            || json!("requested"),
            "Task.status",
        ),
    ];
    for (id, code, rule, member, value, at) in rows {
        let clause = format!("SDOHCC SDOHCC-TaskForPatient, {rule}");
        let shows = ["Task/profile.SDOHCC-TaskForPatient", "conf-1"];
        suite.add(
            format!("profile.patient-task.{id}"),
            Level::Shall,
            clause,
            &shows,
            move |world| {
                let mut body = super::tasks::for_patient(world, code)?;
                set(&mut body, member, value());
                refused(world, &body, at)
            },
        );
    }
    let clause = "SDOHCC SDOHCC-TaskForPatient, SDOH-Task-5";
    suite.add("profile.patient-task.response", Level::Shall, clause, &["conf-1"], |world| {
        let mut body = super::tasks::for_patient(world, "complete-questionnaire")?;
        body["status"] = json!("completed");
        body["input"][0] =
            json!({ "type": concept(SDC, "questionnaire"), "valueCanonical": "urn:example:q" });
        body["output"] = json!([{ "type": concept(TMP, "chosen-contact"), "valueMarkdown": "x" }]);
        refused(world, &body, "Task")
    });
}

/// A personal characteristic, whole.
fn characteristic(world: &World, profile: &str, code: &str) -> Result<Value, Fail> {
    let chart = world.chart();
    Ok(json!({
        "resourceType": "Observation",
        "meta": { "profile": [sdohcc(profile)], "tag": [{ "system": crate::people::MADE_UP, "code": world.unique() }] },
        "status": "final",
        "category": [hl7("observation-category", "social-history"), concept(TMP, "personal-characteristic")],
        "code": concept(LOINC, code),
        "subject": to(chart.at("Patient A")?),
        "effectiveDateTime": "2025-05-06",
        "performer": [to(chart.at("Practitioner A")?)],
        "method": concept(TMP, "self-reported"),
        "valueCodeableConcept": concept(LOINC, "LA29518-0"),
    }))
}

fn personal(suite: &mut Suite) {
    let clause = |rule: &str| format!("SDOHCC personal characteristics, {rule}");
    for (profile, code) in [
        ("ObservationPersonalPronouns", "90778-2"),
        ("ObservationGenderIdentity", "76691-5"),
        ("ObservationSexualOrientation", "76690-7"),
    ] {
        let key = format!("Observation/profile.SDOHCC-{profile}");
        let id = format!("profile.{profile}");
        suite.add(id, Level::May, clause("kept"), &[&key], move |world| {
            let body = characteristic(world, profile, code)?;
            let read = world.source.get(&create(&world.source, &body)?).expect(200)?.json;
            hold(read["method"] == body["method"], || "method is not read back".into())
        });
    }
    let key = "Observation/profile.SDOHCC-ObservationPersonalPronouns";
    suite.add("profile.personal.method", Level::May, clause("method 1..1"), &[key], |world| {
        let mut body = characteristic(world, "ObservationPersonalPronouns", "90778-2")?;
        set(&mut body, "method", Value::Null);
        refused(world, &body, "Observation")
    });
    suite.add("profile.personal.who-says", Level::May, clause("SDOH-Obs-3"), &[key], |world| {
        let mut body = characteristic(world, "ObservationPersonalPronouns", "90778-2")?;
        set(&mut body, "performer", Value::Null);
        refused(world, &body, "Observation")
    });
    suite.add("profile.personal.code", Level::May, clause("code, fixed"), &[key], |world| {
        let mut body = characteristic(world, "ObservationPersonalPronouns", "90778-2")?;
        body["code"] = concept(LOINC, "76691-5");
        refused(world, &body, "Observation")
    });
    let key = "Observation/profile.SDOHCC-ObservationRaceOMB";
    suite.add("profile.race", Level::May, clause("SDOH-Race-1"), &[key], |world| {
        let mut body = characteristic(world, "ObservationRaceOMB", "72826-1")?;
        set(&mut body, "valueCodeableConcept", Value::Null);
        let mut unknown = body.clone();
        unknown["dataAbsentReason"] =
            concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "asked-declined");
        create(&world.source, &unknown)?;
        // Neither a race nor why there is none.
        refused(world, &body, "Observation")
    });
}
