use super::*;
use crate::Limits;

const TASK: &str = r##"{"resourceType":"Task","status":"requested","intent":"order",
"code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},
"focus":{"reference":"ServiceRequest/1"},"for":{"reference":"Patient/1"},
"authoredOn":"2026-01-02T03:04:05Z","requester":{"reference":"Organization/a"},
"owner":{"identifier":{"system":"s","value":"v"}},"partOf":[{"reference":"Task/0"}],
"identifier":[{"system":"s","value":"1"}]}"##;

fn read(text: &str) -> Result<TaskIn, Vec<Fault>> {
    TaskIn::read(&Resource::read(text.as_bytes(), &Limits::default())?)
}

/// The Task with one piece of its text replaced.
fn check(from: &str, to: &str, want: &[(&str, IssueCode)]) {
    assert!(TASK.contains(from), "{from}");
    let faults = read(&TASK.replacen(from, to, 1)).err().unwrap_or_default();
    let got: Vec<(&str, IssueCode)> =
        faults.iter().map(|fault| (fault.expression.as_str(), fault.code)).collect();
    assert_eq!(got, want, "{to}");
}

#[test]
fn a_referral_task_is_read() {
    let identifier = |value: &str| Identifier { system: "s".into(), value: value.into() };
    let want = TaskIn {
        status: TaskStatus::Requested,
        status_reason: None,
        focus: "ServiceRequest/1".into(),
        patient: "Patient/1".into(),
        authored_on: Timestamp(1_767_323_045_000),
        requester: PartyRef::Reference("Organization/a".into()),
        owner: Some(PartyRef::Identifier(identifier("v"))),
        part_of: vec!["Task/0".into()],
        has_output: false,
        identifiers: vec![identifier("1")],
    };
    assert_eq!(read(TASK), Ok(want));
    check(r#""owner":{"identifier":{"system":"s","value":"v"}},"#, "", &[]);
    check("ServiceRequest/1", "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", &[]);
    check("Patient/1", "https://ehr.example/fhir/Patient/1", &[]);
    check("Patient/1", "Patient?identifier=s|v", &[]);
}

#[test]
fn a_fault_is_where_it_is() {
    use IssueCode::{NotSupported, Required, Value};
    for (from, to, place, code) in [
        ("requested", "received", "Task.status", Value),
        ("requested", "ready", "Task.status", Value),
        (r#""order""#, r#""plan""#, "Task.intent", Value),
        ("fulfill", "approve", "Task.code", NotSupported),
        ("http://hl7.org/fhir/CodeSystem/task-code", "http://x", "Task.code", NotSupported),
        ("Patient/1", "RelatedPerson/1", "Task.for", NotSupported),
        ("Patient/1", "https://ehr.example/fhir/Group/1", "Task.for", NotSupported),
        ("Patient/1", "no reference", "Task.for.reference", Value),
        ("ServiceRequest/1", "CarePlan/1", "Task.focus", NotSupported),
        (r#""owner":{"#, r#""owner":{"reference":"Patient/1"},"x":{"#, "Task.owner", NotSupported),
        (r#""owner":{"#, r#""owner":{"type":"Patient","#, "Task.owner", NotSupported),
        (r#""owner":{"#, r#""owner":{"display":"d"},"x":{"#, "Task.owner.reference", Required),
        (r#""focus":"#, r#""x":"#, "Task.focus", Required),
        (r#""for":"#, r#""x":"#, "Task.for", Required),
        (r#""authoredOn":"#, r#""x":"#, "Task.authoredOn", Required),
        (r#""requester":"#, r#""x":"#, "Task.requester", Required),
        (r#""code":{"#, r#""x":{"#, "Task.code", Required),
    ] {
        check(from, to, &[(place, code)]);
    }
    check(
        r#""for":{"reference":"Patient/1"}"#,
        r#""for":{"type":"Group","display":"d"}"#,
        &[("Task.for", NotSupported)],
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let text = r#"{"resourceType":"Task","status":"ready","intent":"plan"}"#;
    let faults = read(text).unwrap_err();
    let places: Vec<&str> = faults.iter().map(|fault| fault.expression.as_str()).collect();
    let want = [
        "Task.status",
        "Task.intent",
        "Task.code",
        "Task.focus",
        "Task.for",
        "Task.authoredOn",
        "Task.requester",
    ];
    assert_eq!(places, want);
}

#[test]
fn a_task_that_did_not_go_well_says_why() {
    let required = [("Task.statusReason.text", IssueCode::Required)];
    for status in ["rejected", "cancelled", "on-hold", "failed"] {
        check(r#""requested""#, &format!(r#""{status}""#), &required);
        let said = format!(r#""{status}","statusReason":{{"text":" why "}}"#);
        check(r#""requested""#, &said, &[]);
    }
    check(r#""requested""#, r#""requested","statusReason":{"coding":[{"code":"c"}]}"#, &required);
    let text = TASK.replacen(
        r#""requested""#,
        r#""completed","statusReason":{"text":" why "},"output":[{"type":{"text":"t"},"valueCode":"c"}]"#,
        1,
    );
    let task = read(&text).unwrap();
    assert_eq!((task.status_reason.as_deref(), task.has_output), (Some("why"), true));
}

#[test]
fn another_resource_is_no_task() {
    let patient = Resource::read(br#"{"resourceType":"Patient","id":"1"}"#, &Limits::default());
    let faults = TaskIn::read(&patient.unwrap()).unwrap_err();
    assert_eq!(faults[0].code, IssueCode::Invalid);
}
