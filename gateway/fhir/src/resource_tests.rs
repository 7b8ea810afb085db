use super::*;

/// The places and codes of the faults of one resource, or none.
fn check(text: &str, want: &[(&str, IssueCode)]) {
    let limits = Limits { string_bytes_max: 100, contained_max: 2, ..Limits::default() };
    let got = Resource::read(text.as_bytes(), &limits);
    let faults = got.err().unwrap_or_default();
    let got: Vec<(&str, IssueCode)> =
        faults.iter().map(|fault| (fault.expression.as_str(), fault.code)).collect();
    assert_eq!(got, want, "{text}");
    assert!(!format!("{faults:?}").contains("nonsense"), "{faults:?}");
}

fn patient(rest: &str) -> String {
    format!(r#"{{"resourceType":"Patient",{rest}}}"#)
}

#[test]
fn a_resource_keeps_what_it_was_read_from() {
    let text = " {\"resourceType\": \"Patient\", \"id\":\"a\", \"new\": 1.00} ";
    let resource = Resource::read(text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((resource.kind, resource.id()), ("Patient", Some("a")));
    assert_eq!(&*resource.received, text.as_bytes());
    assert_eq!(resource.json.to_string(), r#"{"resourceType":"Patient","id":"a","new":1.00}"#);
}

#[test]
fn the_type_comes_first() {
    use IssueCode::{NotSupported, Structure};
    check("[]", &[("Resource", Structure)]);
    check("{}", &[("Resource", Structure)]);
    check(r#"{"resourceType":7}"#, &[("Resource", Structure)]);
    check(r#"{"resourceType":"nonsense"}"#, &[("Resource", NotSupported)]);
    check(r#"{"resourceType":"Bundle"}"#, &[("Resource", NotSupported)]);
    check(r#"{"resourceType":"Appointment","implicitRules":"x"}"#, &[("Resource", NotSupported)]);
}

#[test]
fn what_cannot_be_understood_is_not_passed_over() {
    use IssueCode::{Extension, NotSupported};
    check(&patient(r#""implicitRules":"http://x""#), &[("Patient.implicitRules", NotSupported)]);
    let extension = r#""modifierExtension":[{"url":"http://x","valueBoolean":true}]"#;
    check(&patient(extension), &[("Patient.modifierExtension", Extension)]);
    check(
        &patient(&format!(
            r#""contact":[{{"name":{{"text":"n"}}}},{{"name":{{"text":"n"}},{extension}}}]"#
        )),
        &[("Patient.contact[1].modifierExtension", Extension)],
    );
    let contained = |inner: &str| {
        patient(&format!(
            r#""contained":[{{"resourceType":"Organization","id":"o",{inner}}}],
            "managingOrganization":{{"reference":"{}"}}"#,
            "#o"
        ))
    };
    let named = format!(r#""name":"n",{extension}"#);
    check(&contained(&named), &[("Patient.contained[0].modifierExtension", Extension)]);
    check(
        &contained(r#""name":"n","implicitRules":"http://x""#),
        &[("Patient.contained[0].implicitRules", NotSupported)],
    );
    check(&contained(r#""name":"n""#), &[]);
    check(&patient(r#""extension":[{"url":"http://x","valueCode":"c"}]"#), &[]);
}

#[test]
fn nothing_is_empty_and_null_only_keeps_step() {
    use IssueCode::Structure;
    check(&patient(r#""active":null"#), &[("Patient.active", Structure)]);
    check(&patient(r#""name":[]"#), &[("Patient.name", Structure)]);
    check(&patient(r#""name":[{}]"#), &[("Patient.name[0]", Structure)]);
    check(&patient(r#""meta":{}"#), &[("Patient.meta", Structure)]);
    check(&patient(r#""language":"""#), &[("Patient.language", Structure)]);
    check(&patient(r#""new":[["x"]]"#), &[("Patient.new[0]", Structure)]);
    let given = |rest: &str| patient(&format!(r#""name":[{{{rest}}}]"#));
    let said = r#"{"extension":[{"url":"http://x","valueCode":"c"}]}"#;
    check(&given(&format!(r#""given":["A",null],"_given":[null,{said}]"#)), &[]);
    check(&given(r#""given":["A",null]"#), &[("Patient.name[0].given[1]", Structure)]);
    check(
        &given(&format!(r#""given":["A",null],"_given":[{said}]"#)),
        &[("Patient.name[0].given[1]", Structure)],
    );
    check(
        &given(&format!(r#""given":[null],"_given":[null,{said}]"#)),
        &[("Patient.name[0].given[0]", Structure), ("Patient.name[0]._given[0]", Structure)],
    );
    // Every fault at once.
    check(
        &patient(r#""active":null,"name":[],"id":"not an id""#),
        &[
            ("Patient.active", Structure),
            ("Patient.name", Structure),
            ("Patient.id", IssueCode::Value),
        ],
    );
}

#[test]
fn an_element_that_says_its_type_is_of_it() {
    use IssueCode::Structure;
    for (member, value) in [
        ("birthDate", r#""0000-01-01""#),
        ("deceasedDateTime", r#""2026-11-22T25:00:00Z""#),
        ("deceasedDateTime", r#""2026-11-22T10:00:00+15:00""#),
        ("deceasedDateTime", "7"),
        ("deceasedBoolean", r#""true""#),
        ("multipleBirthInteger", r#""2""#),
    ] {
        let place = format!("Patient.{member}");
        check(&patient(&format!(r#""{member}":{value}"#)), &[(&place, Structure)]);
    }
    let sized = |value: &str| {
        let size = format!(r#"{{"url":"urn:example:size","valueQuantity":{{"value":{value}}}}}"#);
        patient(&format!(r#""extension":[{size}]"#))
    };
    check(&sized("7"), &[]);
    for wrong in [r#""7""#, "[7]", "true"] {
        check(&sized(wrong), &[("Patient.extension[0].valueQuantity.value", Structure)]);
    }
    check(&patient(r#""deceasedDateTime":"2016-12-31T23:59:60Z""#), &[]);
    check(&patient(r#""gender":"a\u0000b""#), &[("Patient.gender", Structure)]);
}

#[test]
fn everything_has_a_limit() {
    use IssueCode::{TooCostly, TooLong, Value};
    check(
        &patient(&format!(r#""language":"{}""#, "x".repeat(101))),
        &[("Patient.language", TooLong)],
    );
    let photo =
        format!(r#""photo":[{{"contentType":"image/png","data":"{}"}}]"#, "AAAA".repeat(50));
    check(&patient(&photo), &[]);
    check(&patient(&format!(r#""id":"{}""#, "x".repeat(64))), &[]);
    check(&patient(&format!(r#""id":"{}""#, "x".repeat(65))), &[("Patient.id", Value)]);
    let inner = |i: usize| format!(r#"{{"resourceType":"Organization","id":"o{i}","name":"n"}}"#);
    let contained = |n: usize| (0..n).map(inner).collect::<Vec<_>>().join(",");
    check(&patient(&format!(r#""contained":[{}]"#, contained(2))), &[]);
    check(
        &patient(&format!(r#""contained":[{}]"#, contained(3))),
        &[("Patient.contained", TooCostly)],
    );
}

#[test]
fn contained_resources_are_named_and_found() {
    use IssueCode::{Invariant, NotFound, Required};
    let inner = r#"{"resourceType":"Organization","name":"n"}"#;
    check(&patient(&format!(r#""contained":[{inner}]"#)), &[("Patient.contained[0].id", Required)]);
    let inner = r#"{"resourceType":"Organization","id":"a","name":"n","contained":[{"resourceType":"Organization","id":"b","name":"n"}]}"#;
    check(
        &patient(&format!(r#""contained":[{inner}]"#)),
        &[("Patient.contained[0].contained", Invariant)],
    );
    check(
        &patient(r##""managingOrganization":{"reference":"#a"}"##),
        &[("Patient.managingOrganization", NotFound)],
    );
}

#[test]
fn what_is_not_of_its_type_is_refused() {
    use IssueCode::{CodeInvalid, Required, Structure};
    let task = |rest: &str| format!(r#"{{"resourceType":"Task","intent":"order"{rest}}}"#);
    check(&task(""), &[("Task.status", Required)]);
    check(&task(r#","status":"nonsense""#), &[("Task.status", CodeInvalid)]);
    check(&task(r#","status":7"#), &[("Task.status", Structure)]);
    check(&patient(r#""birthDate":"nonsense""#), &[("Patient.birthDate", Structure)]);
    check(
        &patient(r#""contained":[{"resourceType":"nonsense","id":"a"}]"#),
        &[("Patient.contained[0]", Structure)],
    );
    check(
        &patient(r#""name":[{"family":"a","family":"b"}]"#),
        &[("Resource.name[0].family", Structure)],
    );
}

#[test]
fn whom_a_resource_is_about() {
    let rows = [
        (r#""Patient","id":"1""#, None),
        (r#""Organization","name":"n""#, None),
        (r#""RelatedPerson","patient":{"reference":"Patient/1"}"#, Some("Patient/1")),
        (r#""Condition","subject":{"reference":"urn:oid:1","display":"d"}"#, Some("urn:oid:1")),
        (r#""Condition","subject":{"display":"d"}"#, None),
        (
            r#""Coverage","status":"active","beneficiary":{"reference":"Patient/4"},"payor":[{"display":"p"}]"#,
            Some("Patient/4"),
        ),
        (
            r#""DiagnosticReport","status":"final","code":{"text":"c"},"subject":{"reference":"Patient/5"}"#,
            Some("Patient/5"),
        ),
        (
            r#""Encounter","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/6"}"#,
            Some("Patient/6"),
        ),
        (
            r#""Task","status":"draft","intent":"order","for":{"reference":"Patient/2"}"#,
            Some("Patient/2"),
        ),
        (
            r#""QuestionnaireResponse","status":"completed","subject":{"reference":"Patient/3"}"#,
            Some("Patient/3"),
        ),
    ];
    for (rest, want) in rows {
        let text = format!(r#"{{"resourceType":{rest}}}"#);
        let resource = Resource::read(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(person_reference(&resource), want, "{text}");
    }
}
