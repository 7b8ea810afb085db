use super::*;
use crate::{Limits, SERVED};

const BASE: &str = "https://gate.example/fhir";

fn parse(kind: &str, query: &str) -> Result<Search, Vec<Fault>> {
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Search::parse(Served::of(kind).unwrap(), &pairs, BASE, Handling::Strict)
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), "Resource", &Limits::default()).unwrap()
}

/// Whether a query finds the resource; and if it does, that the index would have led there.
fn check(resource: &str, query: &str, want: bool) {
    let resource = json(resource);
    let kind = resource.text("resourceType").unwrap();
    let search = parse(kind, query).unwrap_or_else(|faults| panic!("{query}: {faults:?}"));
    assert_eq!(search.matches(&resource), want, "{query}");
    if want {
        let terms = index_terms(search.served(), &resource);
        for group in search.required_terms() {
            assert!(group.iter().any(|term| terms.contains(term)), "{query}: {group:?}");
        }
    }
}

const TASK: &str = r#"{"resourceType":"Task","id":"t1","meta":{"lastUpdated":"2026-05-01T10:20:30.500Z"},
    "status":"requested","intent":"order","owner":{"reference":"Organization/pantry"},
    "for":{"reference":"https://gate.example/fhir/Patient/p"},
    "focus":{"reference":"https://other.example/fhir/ServiceRequest/s/_history/2"},
    "requester":{"identifier":{"system":"urn:npi","value":"77"}},
    "identifier":[{"system":"urn:a","value":"X-1","type":{"coding":[{"system":"urn:t","code":"MR"}],"text":"Chart"}}],
    "code":{"coding":[{"system":"urn:c","code":"fulfill","display":"Fulfil the order"}]}}"#;

#[test]
fn parameters_are_alternatives_and_all_of_them_hold() {
    for (query, want) in [
        ("", true),
        ("_id=t1", true),
        ("_id=t0,t1", true),
        ("_id=T1", false),
        ("_id=t0,t1&_id=t0", false),
        ("owner=pantry", true),
        ("owner=Organization/pantry", true),
        ("owner=https://gate.example/fhir/Organization/pantry", true),
        ("owner=Patient/pantry", false),
        ("owner=Organization/other,pantry", true),
        ("owner:Organization=pantry", true),
        ("owner:Patient=pantry", false),
        ("requester=pantry", false),
        ("requester:identifier=urn:npi|77", true),
        ("requester:identifier=urn:npi|78", false),
        ("patient=Patient/p", true),
        ("patient:Patient=p", true),
        ("patient=p&owner=other", false),
        ("focus=https://other.example/fhir/ServiceRequest/s", true),
        ("focus=ServiceRequest/s", false),
        ("status=requested", true),
        ("status=REQUESTED", true),
        ("status=http://hl7.org/fhir/task-status|requested", true),
        ("status=http://hl7.org/fhir/task-status|", true),
        ("status=urn:x|requested", false),
        ("status=|requested", false),
        ("status:not=requested", false),
        ("status:not=accepted,rejected", true),
        ("priority:not=urgent", true),
        ("intent=http://hl7.org/fhir/request-intent|order", true),
        ("intent=http://hl7.org/fhir/task-intent|order", false),
        ("status=requested&status=accepted", false),
        ("identifier=x-1", true),
        ("identifier=urn:a|X-1", true),
        ("identifier=|X-1", false),
        ("identifier=urn:a|", true),
        ("identifier:of-type=urn:t|mr|x-1", true),
        ("identifier:of-type=urn:t|PI|x-1", false),
        ("identifier:text=chart", true),
        ("code:text=fulfil", true),
        ("code:text=order", false),
        ("part-of:missing=true", true),
        ("owner:missing=true", false),
        ("owner:missing=false", true),
        ("_format=json&_pretty=true&_total=none&_contained=false", true),
    ] {
        check(TASK, query, want);
    }
}

#[test]
fn dates_are_as_wide_as_they_are_written() {
    for (query, want) in [
        ("2026-05-01", true),
        ("eq2026-05", true),
        ("eq2026-05-02", false),
        ("ne2026-05-02", true),
        ("ne2026-05-01", false),
        ("ge2026-05-01", true),
        ("ge2026-05-02", false),
        ("gt2026-05-01", false),
        ("gt2026-04-30", true),
        ("gt2026-05-01T10:20Z", false),
        ("gt2026-05-01T10:20:30Z", true),
        ("gt2026-05-01T10:20:30.499Z", true),
        ("gt2026-05-01T10:20:30.500Z", false),
        ("le2026-05-01", true),
        ("le2026-04-30", false),
        ("lt2026-05-01T10:20:30.500Z", false),
        ("lt2026-05-01T10:20:30.501Z", true),
        ("sa2026-04-30", true),
        ("sa2026-05-01", false),
        ("eb2026-05-02", true),
        ("ap2026", true),
        ("eq2026-05-01T12:20:30+02:00", true),
        ("ge2026&_lastUpdated=lt2026", false),
    ] {
        check(TASK, &format!("_lastUpdated={query}"), want);
    }
    // The rows of R4 search.html#date: a period that is open at one end.
    let from =
        |start: &str| format!(r#"{{"resourceType":"Encounter","period":{{"start":"{start}"}}}}"#);
    for (start, query, want) in [
        ("2013-01-21", "ge2013-03-14", true),
        ("2013-01-21", "le2013-03-14", true),
        ("2013-03-15", "sa2013-03-14", true),
        ("2013-01-21", "sa2013-03-14", false),
        ("2013-03-15", "eb2013-03-14", false),
        ("2013-01-21", "eb2013-03-14", false),
    ] {
        check(&from(start), &format!("date={query}"), want);
    }
}

#[test]
fn strings_uris_and_composites() {
    let patient = r#"{"resourceType":"Patient","name":[{"family":"Carreño Quinones","given":["Eve","Severine"]}]}"#;
    for (query, want) in [
        ("family=carreno", true),
        ("family=QUINONES", true),
        ("given=eve", true),
        ("given=verine", false),
        ("given:contains=verine", true),
        ("given:exact=Eve", true),
        ("given:exact=eve", false),
        ("name=sev", true),
    ] {
        check(patient, query, want);
    }
    let form = r#"{"resourceType":"Questionnaire","url":"http://a.example/Q/1","version":"2",
        "useContext":[{"code":{"code":"focus"},"valueCodeableConcept":{"coding":[{"code":"food"}]}},
                      {"code":{"code":"age"},"valueCodeableConcept":{"coding":[{"code":"old"}]}}]}"#;
    for (query, want) in [
        ("url=http://a.example/Q/1", true),
        ("url=http://a.example/Q", false),
        ("url:below=http://a.example/Q", true),
        ("url:above=http://a.example/Q/1/x", true),
        ("url=http://a.example/Q/1|2", true),
        ("url=http://a.example/Q/1|3", false),
        ("context-type-value=focus$food", true),
        ("context-type-value=focus$old", false),
        ("context-type-value=x$y,age$old", true),
        ("version=2", true),
    ] {
        check(form, query, want);
    }
    let answers =
        r#"{"resourceType":"QuestionnaireResponse","questionnaire":"http://a.example/Q|2"}"#;
    check(answers, "questionnaire=http://a.example/Q", true);
    check(answers, "questionnaire=http://a.example/Q|2", true);
    check(answers, "questionnaire=http://a.example/Q|1", false);
}

#[test]
fn what_we_do_not_know_is_refused_without_its_value() {
    use IssueCode::{NotSupported, TooCostly, Value};
    for (query, code) in [
        ("patient.name=x", NotSupported),
        ("patient:Patient.name=x", NotSupported),
        ("_has:Task:focus:code=x", NotSupported),
        ("_filter=x", NotSupported),
        ("_total=accurate", NotSupported),
        ("_summary=count", NotSupported),
        ("_count=0", NotSupported),
        ("_include=*", NotSupported),
        ("_include:iterate=Task:focus", NotSupported),
        ("_sort=nothing", NotSupported),
        ("status:in=x", NotSupported),
        ("_format=xml", NotSupported),
        ("_id=a b", Value),
        ("status=", Value),
        ("_lastUpdated=2026-13", Value),
        ("owner=a b", Value),
        ("patient:Patient=Group/1", Value),
        ("_cursor=a b", Value),
        ("_count=x", Value),
    ] {
        let faults = parse("Task", query).unwrap_err();
        assert_eq!((faults.len(), faults[0].code), (1, code), "{query}");
    }
    let many = vec!["a"; 101].join(",");
    assert_eq!(parse("Task", &format!("_id={many}")).unwrap_err()[0].code, TooCostly);
    let pairs = [("nothing".into(), "x".into()), ("status".into(), "requested".into())];
    let lenient = Search::parse(Served::of("Task").unwrap(), &pairs, BASE, Handling::Lenient);
    let lenient = lenient.unwrap();
    assert_eq!((lenient.ignored().len(), lenient.pairs()), (1, &pairs[1..]));
}

#[test]
fn every_include_of_the_table_is_read() {
    for served in &SERVED {
        for include in served.includes {
            assert!(parse(served.kind, &format!("_include={include}")).is_ok(), "{include}");
        }
        for include in served.rev_includes {
            assert!(parse(served.kind, &format!("_revinclude={include}")).is_ok(), "{include}");
        }
    }
}

#[test]
fn what_is_cut_down_says_so_and_keeps_what_is_mandatory() {
    let of = |query: &str| shaped(&json(TASK), parse("Task", query).unwrap().shape());
    let names = |json: &Json| {
        json.members().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ")
    };
    let some = of("_elements=owner");
    assert_eq!(names(&some), "resourceType id meta status intent owner");
    assert_eq!(some.list("meta.tag")[0].text("code"), Some("SUBSETTED"));
    assert_eq!(names(&of("_summary=text")), "resourceType id meta status intent");
    assert_eq!(of("_summary=false"), json(TASK));
}

/// The table against the standard's own definitions, from the folder that LOOPGATE_CORPUS names.
#[test]
fn the_table_says_what_the_standard_says() {
    use std::io::Write;
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        writeln!(std::io::stderr(), "skipped: LOOPGATE_CORPUS is not set").unwrap();
        return;
    };
    let file = std::path::PathBuf::from(corpus).join("fhir-r4/search-parameters.json");
    let all: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for served in &SERVED {
        for param in served.params {
            let canonical = param.canonical();
            let Some(known) = all.iter().find(|one| one["url"] == canonical.as_str()) else {
                let outside =
                    served.kind == "Immunization" || canonical.contains("sdoh-clinicalcare");
                assert!(outside, "{canonical}");
                continue;
            };
            let place = format!("{} {}", served.kind, param.name);
            assert_eq!(known["code"], param.name, "{place}");
            assert_eq!(known["type"], param.kind.code(), "{place}");
            let bases = known["base"].as_array().unwrap();
            assert!(bases.iter().any(|base| base == served.kind), "{place}");
            let targets: Vec<&str> = known["target"]
                .as_array()
                .map(|all| all.iter().filter_map(serde_json::Value::as_str).collect())
                .unwrap_or_default();
            let any = targets.len() > 100 && param.targets.is_empty();
            assert!(any || targets == param.targets, "{place}: {targets:?}");
        }
    }
}
