use super::*;
use crate::{IssueCode, Limits};

const REQUEST: &str = r#"{"resourceType":"ServiceRequest","status":"active","intent":"order",
"category":[{"coding":[{"system":"http://snomed.info/sct","code":"410606002"}]},
{"coding":[{"system":"SDOHCC","code":"food-insecurity"},{"system":"SDOHCC","code":"homelessness"}]},
{"coding":[{"system":"SDOHCC","code":"food-insecurity"},{"code":"stress"}]}],
"code":{"coding":[{"system":"http://snomed.info/sct","code":"467771000124109"}],"text":"t"},
"orderDetail":[{"coding":[{"system":"s","code":"x"}]}],"subject":{"reference":"Patient/1"},
"supportingInfo":[{"reference":"Consent/1"},{"display":"d"}],"basedOn":[{"reference":"ServiceRequest/0"}]}"#;

fn read(from: &str, to: &str) -> Result<RequestIn, Vec<Fault>> {
    assert!(REQUEST.contains(from), "{from}");
    let text = REQUEST.replacen(from, to, 1).replace("SDOHCC", SDOHCC);
    RequestIn::read(&Resource::read(text.as_bytes(), &Limits::default()).unwrap())
}

fn check(from: &str, to: &str, want: &[(&str, IssueCode)]) {
    let faults = read(from, to).err().unwrap_or_default();
    let got: Vec<(&str, IssueCode)> =
        faults.iter().map(|fault| (fault.expression.as_str(), fault.code)).collect();
    assert_eq!(got, want, "{to}");
}

#[test]
fn a_request_is_read() {
    let got = read("active", "active").unwrap();
    let needs: Vec<&str> = got.needs.iter().map(NeedCode::as_str).collect();
    assert_eq!(needs, ["food-insecurity", "homelessness"]);
    assert_eq!((got.status, got.intent.as_str()), (RequestStatus::Active, "order"));
    assert_eq!((got.subject.as_str(), got.contact_prohibited), ("Patient/1", false));
    assert_eq!(got.supporting_info, ["Consent/1"]);
    assert_eq!(got.based_on, ["ServiceRequest/0"]);
}

#[test]
fn the_contact_prohibition_is_never_missed() {
    let coded =
        |system: &str| format!(r#"{{"system":"{system}","code":"contacting-subject-prohibited"}}"#);
    for coding in [coded("SDOHCC"), coded("http://x"), coded("a").replace(r#""system":"a","#, "")] {
        assert!(read(r#"{"system":"s","code":"x"}"#, &coding).unwrap().contact_prohibited);
        let beside = format!(r#"{{"system":"s","code":"x"}},{coding}"#);
        assert!(read(r#"{"system":"s","code":"x"}"#, &beside).unwrap().contact_prohibited);
    }
}

#[test]
fn a_fault_is_where_it_is() {
    use IssueCode::{NotSupported, Required, Value};
    check("Patient/1", "Group/1", &[("ServiceRequest.subject", NotSupported)]);
    check(
        r#""code":{"coding":[{"system":"http://snomed.info/sct","code":"467771000124109"}],"#,
        r#""code":{"#,
        &[("ServiceRequest.code.coding", Required)],
    );
    check(
        r#""active""#,
        r#""active","doNotPerform":true"#,
        &[("ServiceRequest.doNotPerform", NotSupported)],
    );
    check(r#""active""#, r#""active","doNotPerform":false"#, &[]);
    check("homelessness", "Not a need", &[("ServiceRequest.category[1]", Value)]);
}
