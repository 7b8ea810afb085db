use FieldGroup::{Address, Contact, Household, Identity, Need, Note, SourceKeys, Status};

use super::*;
use crate::Limits;

/// A Patient with every member that R4 knows, holding the word `secret` where it is never to pass.
const PATIENT: &str = r##"{"resourceType":"Patient","id":"1","meta":{"source":"secret"},
"implicitRules":"secret","language":"secret","text":{"div":"secret"},
"contained":[{"id":"secret"}],"extension":[{"url":"secret"}],"modifierExtension":[{"url":"secret"}],
"identifier":[{"value":"secret"}],"active":true,"_active":{"id":"secret"},
"name":[{"family":"secret","use":"old"},{"family":"secret","use":"maiden"},
{"id":"secret","extension":[{"url":"secret"}],"use":"official","text":"A B","family":"B","_family":{"id":"secret"},
"given":["A",null,{"x":"secret"},["secret"]],"_given":[null,{"id":"secret"}],"prefix":["Dr"],"suffix":["X"],"period":{"start":"secret"},"unknown":"secret"}],
"telecom":[{"system":"phone","value":"555","use":"home","rank":1,"period":{"start":"secret"},"id":"secret"},{"value":"secret","use":"old"}],
"gender":"secret","birthDate":"secret","_birthDate":{"id":"secret"},"deceasedBoolean":true,"deceasedDateTime":"secret",
"address":[{"use":"home","type":"physical","text":"t","line":["l"],"_line":[{"id":"secret"}],"city":"c","district":"d","state":"s","postalCode":"p","country":"u","period":{"start":"secret"},"extension":[{"url":"secret"}]},{"use":"old","city":"secret"}],
"maritalStatus":{"text":"secret"},"multipleBirthBoolean":true,"multipleBirthInteger":2,"photo":[{"data":"secret"}],
"contact":[{"name":{"family":"secret"}}],
"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es","id":"secret"}],"text":"Spanish"},"preferred":true,"extension":[{"url":"secret"}]}],
"generalPractitioner":[{"reference":"secret"}],"managingOrganization":{"reference":"secret"},
"link":[{"other":{"reference":"secret"}}],"unknown":"secret"}"##;

const NAME: &str = r#","name":[{"use":"official","text":"A B","family":"B","given":["A"],"prefix":["Dr"],"suffix":["X"]}]"#;
const TELECOM: &str = r#","telecom":[{"system":"phone","value":"555","use":"home","rank":1}]"#;
const ADDRESS: &str = r#","address":[{"use":"home","type":"physical","text":"t","line":["l"],"city":"c","district":"d","state":"s","postalCode":"p","country":"u"}]"#;
const LANGUAGE: &str = r#","communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"es"}],"text":"Spanish"},"preferred":true}]"#;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes(), "Patient", &Limits::default()).unwrap()
}

fn check(groups: &[FieldGroup], want: &[&str]) {
    let groups = groups.iter().copied().collect();
    let want = format!(r#"{{"resourceType":"Patient","id":"1"{}}}"#, want.concat());
    assert_eq!(patient_copy(&parse(PATIENT), &groups).to_string(), want);
}

#[test]
fn a_patient_passes_group_by_group() {
    check(&[], &[]);
    check(&[Household, Need, Note, Status, SourceKeys], &[]);
    check(&[Identity], &[NAME]);
    check(&[Contact], &[TELECOM, LANGUAGE]);
    check(&[Address], &[ADDRESS]);
    check(&FieldGroup::ALL, &[NAME, TELECOM, ADDRESS, LANGUAGE]);
}

#[test]
fn a_request_passes_group_by_group() {
    let request = parse(
        r##"{"resourceType":"ServiceRequest","id":"1","status":"active","intent":"order",
        "category":[{"coding":[{"code":"food"}],"text":"secret"}],"code":{"coding":[{"code":"k"}],"text":"secret"},
        "orderDetail":[{"coding":[{"code":"other"}]},{"text":"secret","coding":[{"code":"contacting-subject-prohibited"}]}],
        "subject":{"reference":"Patient/1","display":"secret"},"authoredOn":"2026","occurrenceDateTime":"2027",
        "identifier":[{"value":"secret"}],"requester":{"reference":"secret"},"reasonCode":[{"text":"secret"}],
        "note":[{"text":"n","authorString":"secret"}],"supportingInfo":[{"reference":"secret"}]}"##,
    );
    let check = |groups: &[FieldGroup], want: &str| {
        let copy = request_copy(&request, &groups.iter().copied().collect());
        let head = r#"{"resourceType":"ServiceRequest","id":"1","status":"active","intent":"order","subject":{"reference":"Patient/1"}"#;
        assert_eq!(copy.to_string(), format!("{head}{want}}}"));
    };
    let prohibited = concat!(
        r#","code":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","#,
        r#""valueCode":"masked"}]},"#,
        r#""orderDetail":[{"coding":[{"code":"contacting-subject-prohibited"}]}]"#
    );
    check(&[], prohibited);
    check(&[Identity, Contact, Address, Household, Status, SourceKeys], prohibited);
    check(&[Note], &format!(r#"{prohibited},"note":[{{"text":"n"}}]"#));
    let need = concat!(
        r#","category":[{"coding":[{"code":"food"}]}],"code":{"coding":[{"code":"k"}]},"#,
        r#""orderDetail":[{"coding":[{"code":"other"}]},"#,
        r#"{"coding":[{"code":"contacting-subject-prohibited"}]}],"#,
        r#""occurrenceDateTime":"2027","authoredOn":"2026""#
    );
    check(&[Need], need);
}

#[test]
fn our_request_keeps_what_ties_it_to_its_chain_and_claims_what_holds() {
    let profile =
        "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ServiceRequest";
    let filler = parse(&format!(
        r#"{{"resourceType":"ServiceRequest","id":"1","meta":{{"profile":["{profile}"],"versionId":"2",
        "lastUpdated":"2026-01-01T00:00:00Z","source":"secret"}},"basedOn":[{{"reference":"ServiceRequest/2"}}],
        "status":"active","intent":"filler-order","code":{{"coding":[{{"system":"http://snomed.info/sct","code":"k"}}]}},
        "subject":{{"reference":"Patient/1"}},"requester":{{"reference":"Organization/a","display":"secret"}},
        "performer":[{{"reference":"Organization/b"}}],"supportingInfo":[{{"reference":"secret"}}]}}"#
    ));
    let copy = |groups: &[FieldGroup]| filler_copy(&filler, &groups.iter().copied().collect());
    let ties = concat!(
        r#""basedOn":[{"reference":"ServiceRequest/2"}],"requester":{"reference":"Organization/a"},"#,
        r#""performer":[{"reference":"Organization/b"}]}"#
    );
    let whole = copy(&[Need]).to_string();
    assert!(whole.ends_with(ties) && !whole.contains("secret"), "{whole}");
    assert!(
        whole.contains(&format!(r#""meta":{{"profile":["{profile}"],"versionId":"2""#)),
        "{whole}"
    );
    // Without its code it is no longer of the profile.
    let less = copy(&[Status]).to_string();
    assert!(less.ends_with(ties) && !less.contains("profile"), "{less}");
}

#[test]
fn a_language_that_may_not_be_said_leaves_no_communication() {
    let patient = parse(
        r#"{"resourceType":"Patient","communication":[{"language":{"extension":[{"url":"secret"}]},"preferred":true}]}"#,
    );
    let copy = patient_copy(&patient, &FieldGroup::ALL.into_iter().collect());
    assert_eq!(copy.to_string(), r#"{"resourceType":"Patient"}"#);
}

#[test]
fn a_pivot_is_keyed_by_type() {
    let json = |kind: &str| Json::object([("resourceType", kind.into())]);
    let observations = [json("Observation"), json("Observation")];
    let pivot = pivot(&json("Task"), &json("ServiceRequest"), &json("Patient"), &observations);
    assert_eq!(pivot["Task"]["resourceType"], "Task");
    assert_eq!(pivot["ServiceRequest"]["resourceType"], "ServiceRequest");
    assert_eq!(pivot["Patient"]["resourceType"], "Patient");
    assert_eq!(pivot["Observation"].as_array().map(Vec::len), Some(2));
}
