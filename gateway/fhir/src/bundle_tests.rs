use super::*;

fn check(text: &str, want: &[(&str, IssueCode)]) {
    let limits = Limits { bundle_entries_max: 3, ..Limits::default() };
    let faults = read_transaction(text.as_bytes(), &limits).err().unwrap_or_default();
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
    let entries = read_transaction(bundle(&[&first, &second]).as_bytes(), &Limits::default());
    let entries = entries.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        entries[0].full_url.as_deref(),
        Some("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0")
    );
    let received = br#"{ "resourceType":"Patient", "active":true }"#;
    assert_eq!(&*entries[0].resource.received, received);
    assert_eq!(entries[1].if_none_exist.as_deref(), Some("identifier=s|v"));
    assert_eq!((entries[1].full_url.as_ref(), entries[0].if_none_exist.as_ref()), (None, None));
}

#[test]
fn only_transactions_that_create_are_read() {
    use IssueCode::{NotSupported, Required, Structure, TooLong};
    check("{}", &[("Bundle", Structure)]);
    check(r#"{"resourceType":"Patient"}"#, &[("Bundle", Structure)]);
    check(r#"{"resourceType":"Bundle"}"#, &[("Bundle.type", Required), ("Bundle.entry", Required)]);
    check(
        r#"{"resourceType":"Bundle","type":"batch","entry":[]}"#,
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
    for method in ["PUT", "DELETE", "GET", "post"] {
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
