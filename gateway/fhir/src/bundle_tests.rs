use super::*;

fn check(text: &str, want: &[(&str, IssueCode)]) {
    let limits = Limits { bundle_entries_max: 3, ..Limits::default() };
    let faults = read_posted(text.as_bytes(), &limits).err().unwrap_or_default();
    let got: Vec<(&str, IssueCode)> =
        faults.iter().map(|fault| (fault.expression.as_str(), fault.code)).collect();
    assert_eq!(got, want, "{text}");
}

fn bundle(entries: &[&str]) -> String {
    let entries = entries.join(",");
    format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#)
}

const PATIENT: &str = r#""resource":{"resourceType":"Patient","active":true}"#;
const POST: &str = r#""request":{"method":"POST","url":"Patient"}"#;
const URN: &str = r#""fullUrl":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0""#;

fn entry(parts: &[&str]) -> String {
    format!("{{{}}}", parts.join(","))
}

#[test]
fn entries_come_with_their_own_bytes() {
    let first = entry(&[URN, r#""resource": { "resourceType":"Patient", "active":true }"#, POST]);
    let conditional =
        r#""request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=s|v"}"#;
    let second = entry(&[PATIENT, conditional]);
    let entries = transaction(&[&first, &second]);
    assert_eq!(entries.len(), 2);
    assert_eq!(
        entries[0].full_url.as_deref(),
        Some("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0")
    );
    let received = br#"{ "resourceType":"Patient", "active":true }"#;
    assert_eq!(&*entries[0].resource.received, received);
    assert_eq!(entries[1].write, Write::Create(Some("identifier=s|v".into())));
    assert_eq!((entries[1].full_url.as_ref(), &entries[0].write), (None, &Write::Create(None)));
}

#[test]
fn an_update_is_of_an_id_or_of_what_matches() {
    let put = |request: &str, id: &str| {
        let patient = format!(r#""resource":{{"resourceType":"Patient"{id},"active":true}}"#);
        bundle(&[&entry(&[&patient, &format!(r#""request":{{"method":"PUT",{request}}}"#)])])
    };
    let write = |text: &str| match read_posted(text.as_bytes(), &Limits::default()).unwrap() {
        Posted::Transaction(entries) => entries[0].write.clone(),
        Posted::Batch(_) => panic!("{text}"),
    };
    let own = r#","id":"7""#;
    assert_eq!(write(&put(r#""url":"Patient/7""#, own)), Write::Update("7".into(), None));
    let matched = put(r#""url":"Patient/7","ifMatch":"W/\"2\"""#, own);
    assert_eq!(write(&matched), Write::Update("7".into(), Some("W/\"2\"".into())));
    let wherever = put(r#""url":"Patient?identifier=s|v""#, "");
    assert_eq!(write(&wherever), Write::UpdateWhere("identifier=s|v".into(), None));
    let (url, id) = ("Bundle.entry[0].request.url", "Bundle.entry[0].resource.id");
    for (request, own, at, code) in [
        (r#""url":"Patient""#, own, url, IssueCode::Value),
        (r#""url":"Patient?""#, own, url, IssueCode::Value),
        (r#""url":"Patients/7""#, own, url, IssueCode::Value),
        (r#""url":"/Patient/7""#, own, url, IssueCode::Value),
        (r#""url":"Task/7""#, own, url, IssueCode::Value),
        (r#""url":"Patient/8""#, own, id, IssueCode::Invalid),
        (r#""url":"Patient/7""#, "", id, IssueCode::Invalid),
    ] {
        check(&put(request, own), &[(at, code)]);
    }
    let none = put(r#""url":"Patient/7","ifNoneExist":"identifier=s|v""#, own);
    check(&none, &[("Bundle.entry[0].request.ifNoneExist", IssueCode::NotSupported)]);
}

#[test]
fn a_batch_is_read_entry_by_entry() {
    let good =
        r#"{"request":{"method":"GET","url":"Task?status=requested","ifNoneMatch":"W/\"1\""}}"#;
    let bare = r#"{"resource":{"resourceType":"Patient"}}"#;
    let text = bundle(&[good, bare, &entry(&[PATIENT, POST])]).replace("transaction", "batch");
    let posted = read_posted(text.as_bytes(), &Limits::default()).unwrap();
    let Posted::Batch(asked) = posted else { panic!("{text}") };
    let want = Asked {
        method: "GET".into(),
        url: "Task?status=requested".into(),
        if_none_match: Some("W/\"1\"".into()),
        ..Asked::default()
    };
    assert_eq!(asked[0], Ok(want));
    let faults = asked[1].as_ref().unwrap_err();
    assert_eq!(faults[0].expression, "Bundle.entry[1].request");
    let body = asked[2].as_ref().unwrap().body.as_deref();
    assert_eq!(body, Some(&br#"{"resourceType":"Patient","active":true}"#[..]));
}

fn transaction(entries: &[&str]) -> Vec<Entry> {
    match read_posted(bundle(entries).as_bytes(), &Limits::default()).unwrap() {
        Posted::Transaction(entries) => entries,
        Posted::Batch(_) => panic!("a transaction"),
    }
}

#[test]
fn only_transactions_that_write_are_read() {
    use IssueCode::{NotSupported, Required, Structure, TooLong};
    check("{}", &[("Bundle", Structure)]);
    check(r#"{"resourceType":"Patient"}"#, &[("Bundle", Structure)]);
    check(r#"{"resourceType":"Bundle"}"#, &[("Bundle.type", Required), ("Bundle.entry", Required)]);
    check(
        r#"{"resourceType":"Bundle","type":"collection","entry":[]}"#,
        &[("Bundle.type", NotSupported), ("Bundle.entry", Structure)],
    );
    let ok = entry(&[PATIENT, POST]);
    check(&bundle(&[&ok, &ok, &ok]), &[]);
    check(&bundle(&[&ok, &ok, &ok, &ok]), &[("Bundle.entry", TooLong)]);
    check(
        &bundle(&["7", &ok]),
        &[("Bundle.entry[0].resource", Required), ("Bundle.entry[0].request", Required)],
    );
    let signed = bundle(&[&ok]).replacen('{', r#"{"signature":{},"#, 1);
    check(&signed, &[("Bundle.signature", NotSupported)]);
    for method in ["PATCH", "DELETE", "GET", "post"] {
        let request = format!(r#""request":{{"method":"{method}","url":"Patient"}}"#);
        let place = "Bundle.entry[0].request.method";
        check(&bundle(&[&entry(&[PATIENT, &request])]), &[(place, NotSupported)]);
    }
    let request = r#""request":{"method":"POST","url":"Patient","ifMatch":"W/\"1\""}"#;
    let place = "Bundle.entry[0].request.ifMatch";
    check(&bundle(&[&entry(&[PATIENT, request])]), &[(place, NotSupported)]);
}

#[test]
fn every_entry_is_told_of_its_faults() {
    use IssueCode::{NotSupported, Required, Structure, Value};
    let url = r#""request":{"method":"POST","url":"Task"}"#;
    let empty = r#""resource":{"resourceType":"Patient","name":[]}"#;
    let unknown = r#""resource":{"resourceType":"Appointment"}"#;
    check(
        &bundle(&[
            &entry(&[PATIENT, url]),
            &entry(&[empty, r#""fullUrl":"Patient/1""#]),
            &entry(&[unknown, POST]),
        ]),
        &[
            ("Bundle.entry[0].request.url", Value),
            ("Bundle.entry[1].fullUrl", Value),
            ("Bundle.entry[1].resource.name", Structure),
            ("Bundle.entry[1].request", Required),
            ("Bundle.entry[2].resource", NotSupported),
        ],
    );
    let twice = r#""resource":{"resourceType":"Patient","active":true,"active":false}"#;
    check(&bundle(&[&entry(&[twice, POST])]), &[("Bundle.entry[0].resource.active", Structure)]);
}

#[test]
fn two_entries_have_two_names() {
    let named = entry(&[URN, PATIENT, POST]);
    let bad = entry(&[PATIENT]);
    check(
        &bundle(&[&named, &bad, &named]),
        &[
            ("Bundle.entry[1].request", IssueCode::Required),
            ("Bundle.entry[2].fullUrl", IssueCode::Duplicate),
        ],
    );
}

#[test]
fn full_urls_are_absolute() {
    for ok in ["urn:oid:1.2", "https://a.example/Patient/1", "http://a.example/Patient/1"] {
        assert!(is_full_url(ok), "{ok}");
    }
    for bad in ["", "urn:uuid:1", "urn:oid:", "https://", "https://a b", "Patient/1", "urn:x:1"] {
        assert!(!is_full_url(bad), "{bad}");
    }
}
