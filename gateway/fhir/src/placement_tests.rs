use loopgate_referral::{Outcome, ReferralId};

use super::*;
use crate::{Limits, Resource, TaskIn, references};

/// A ServiceRequest with every member that R4 knows, each holding the word `secret` where it is
/// not to pass.
const SOURCE: &str = r##"{"resourceType":"ServiceRequest","id":"secret","meta":{"source":"secret"},
"language":"secret","text":{"status":"generated","div":"<div>secret</div>"},
"contained":[{"resourceType":"Patient","id":"secret"}],"extension":[{"url":"secret"}],
"identifier":[{"value":"secret"}],"instantiatesCanonical":["secret"],"instantiatesUri":["secret"],
"basedOn":[{"reference":"secret"}],"replaces":[{"reference":"secret"}],
"requisition":{"value":"secret"},"status":"active","intent":"order",
"category":[{"id":"secret","text":"secret","coding":[{"system":"s","version":"1","code":"c","display":"d","userSelected":true,"extension":[{"url":"secret"}]}]}],
"priority":"urgent","_priority":{"id":"secret"},"doNotPerform":false,
"code":{"coding":[{"system":"s","code":"k"}],"text":"secret"},
"orderDetail":[{"coding":[{"system":"t","code":"contacting-subject-prohibited"}]},{"text":"secret"}],
"quantityQuantity":{"value":1},"subject":{"reference":"Patient/secret","display":"secret"},
"encounter":{"reference":"secret"},"occurrencePeriod":{"id":"secret","start":"2026-01-01"},
"asNeededBoolean":true,"authoredOn":"2020-01-01","requester":{"reference":"secret"},
"performerType":{"text":"secret"},"performer":[{"reference":"secret"}],
"locationCode":[{"text":"secret"}],"locationReference":[{"reference":"secret"}],
"reasonCode":[{"text":"secret"}],"reasonReference":[{"reference":"secret"}],
"insurance":[{"reference":"secret"}],"supportingInfo":[{"reference":"secret"}],
"specimen":[{"reference":"secret"}],"bodySite":[{"text":"secret"}],"note":[{"text":"secret"}],
"patientInstruction":"secret","relevantHistory":[{"reference":"secret"}],"unknown":"secret"}"##;

fn with_view<T>(status: TaskStatus, with: impl FnOnce(&PlacementView<'_>) -> T) -> T {
    let id = |text: &str| -> ResourceId { text.parse().unwrap() };
    let (task, request, output) = (id("Task/t"), id("ServiceRequest/r"), id("Procedure/p"));
    with(&PlacementView {
        referral: ReferralId::from_random([0xab; 16]),
        task: &task,
        request: &request,
        source_task: "Task/source",
        source_request: "ServiceRequest/source",
        patient: "Patient/1",
        requester: "Organization/us",
        target: "Organization/them",
        status,
        status_reason: Some(("why", "because")),
        business: Some("served"),
        outputs: &[output],
        authored: Timestamp(0),
        version: 3,
        changed: Timestamp(1),
    })
}

fn read(json: &Json) -> Resource {
    Resource::read(&json.to_bytes(), &Limits::default()).unwrap()
}

#[test]
fn our_request_repeats_what_is_needed_and_nothing_else() {
    let source = Json::parse(SOURCE.as_bytes(), "ServiceRequest", &Limits::default()).unwrap();
    let request = with_view(TaskStatus::Requested, |view| filler_request(&source, view));
    let want = concat!(
        r#"{"resourceType":"ServiceRequest","id":"r","#,
        r#""meta":{"versionId":"3","lastUpdated":"1970-01-01T00:00:00.001Z"},"#,
        r#""basedOn":[{"reference":"ServiceRequest/source"}],"status":"active","#,
        r#""intent":"filler-order","#,
        r#""category":[{"coding":[{"system":"s","version":"1","code":"c","display":"d"}]}],"#,
        r#""priority":"urgent","code":{"coding":[{"system":"s","code":"k"}]},"#,
        r#""orderDetail":[{"coding":[{"system":"t","code":"contacting-subject-prohibited"}]}],"#,
        r#""occurrencePeriod":{"start":"2026-01-01"},"subject":{"reference":"Patient/1"},"#,
        r#""authoredOn":"1970-01-01T00:00:00.000Z","requester":{"reference":"Organization/us"},"#,
        r#""performer":[{"reference":"Organization/them"}]}"#
    );
    assert_eq!(request.to_string(), want);
    read(&request);
}

#[test]
fn our_request_follows_our_task() {
    let source = Json::parse(SOURCE.as_bytes(), "ServiceRequest", &Limits::default()).unwrap();
    let rows = [
        ("draft", "draft"),
        ("requested", "active"),
        ("accepted", "active"),
        ("rejected", "revoked"),
        ("cancelled", "revoked"),
        ("in-progress", "active"),
        ("on-hold", "on-hold"),
        ("failed", "revoked"),
        ("completed", "completed"),
        ("entered-in-error", "entered-in-error"),
    ];
    for (task, want) in rows {
        let status = TaskStatus::from_code(task).unwrap();
        let request = with_view(status, |view| filler_request(&source, view));
        assert_eq!(request.text("status"), Some(want), "{task}");
    }
}

#[test]
fn our_task_is_a_referral_task() {
    let task = with_view(TaskStatus::Failed, placement_task);
    let meaning = TaskIn::read(&read(&task)).unwrap();
    assert_eq!(meaning.status_reason.as_deref(), Some("because"));
    assert_eq!(meaning.identifiers[0].system, REFERRAL);
    assert_eq!(meaning.identifiers[0].value, format!("ref_{}", "ab".repeat(16)));
    let found: Vec<String> = references(&task).into_iter().map(|found| found.text).collect();
    let want = [
        "Task/source",
        "ServiceRequest/r",
        "Patient/1",
        "Organization/us",
        "Organization/them",
        "Procedure/p",
    ];
    assert_eq!(found, want);
    assert_eq!(task.text("businessStatus.text"), Some("served"));
    assert_eq!(task.text("meta.versionId"), Some("3"));
}

#[test]
fn an_outcome_is_a_procedure() {
    let outcome = Outcome {
        procedure: "Procedure/p".parse().unwrap(),
        code: Some(("http://snomed.info/sct".into(), "710925007".into())),
        text: "food parcel".into(),
        performed: Timestamp(0),
    };
    let given = |outcome: &Outcome, withdrawn| Given {
        outcome: outcome.clone(),
        version: 1,
        changed: Timestamp(0),
        withdrawn,
    };
    let (made, gone) = (given(&outcome, false), given(&outcome, true));
    let need = "food-insecurity".parse().unwrap();
    let view = OutcomeView {
        based_on: "ServiceRequest/source",
        patient: "Patient/1",
        performer: None,
        need: Some(&need),
        given: &made,
    };
    let want = concat!(
        r#"{"resourceType":"Procedure","id":"p","#,
        r#""meta":{"versionId":"1","lastUpdated":"1970-01-01T00:00:00.000Z","profile":["#,
        r#""http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Procedure"]},"#,
        r#""basedOn":[{"reference":"ServiceRequest/source"}],"status":"completed","#,
        r#""category":{"coding":[{"system":"http://snomed.info/sct","code":"410606002"},"#,
        r#"{"system":"SDOHCC","code":"food-insecurity"}]},"#,
        r#""code":{"coding":[{"system":"http://snomed.info/sct","code":"710925007"}],"#,
        r#""text":"food parcel"},"subject":{"reference":"Patient/1"},"#,
        r#""performedDateTime":"1970-01-01T00:00:00.000Z"}"#
    );
    let procedure = outcome_procedure(&view);
    let ours = "\"system\":\"SDOHCC\"";
    assert_eq!(procedure.to_string(), want.replace(ours, &ours.replace("SDOHCC", SDOHCC)));
    read(&procedure);

    let procedure = outcome_procedure(&OutcomeView { given: &gone, ..view.clone() });
    assert_eq!(procedure.text("status"), Some("entered-in-error"));

    let words = given(&Outcome { code: None, ..outcome.clone() }, false);
    let view =
        OutcomeView { need: None, performer: Some("Organization/them"), given: &words, ..view };
    let procedure = outcome_procedure(&view);
    assert_eq!(procedure.get("code"), Some(&Json::object([("text", "food parcel".into())])));
    assert_eq!(procedure.at("meta.profile"), None, "SDOHCC wants what was done coded");
    assert_eq!(procedure.list("performer")[0].text("actor.reference"), Some("Organization/them"));
    read(&procedure);
}
