//! Everything is found by whoever may read it, by every way of asking, and by nobody else.

use std::collections::BTreeSet;

use loopgate_server::admin::{Ask, Who};
use loopgate_server::journal::ShredGround;
use serde_json::{Value, json};

use crate::harness::{Gateway, Need, Party, Referral, START_MS, patient};

const TMP: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";

/// The entries of one page: mode and resource.
fn entries(party: &Party, query: &str) -> Vec<(String, Value)> {
    let page = party.get(&format!("/fhir/{query}")).expect(200).json;
    assert!(page.get("total").is_none(), "{page}");
    let entries = page["entry"].as_array().cloned().unwrap_or_default();
    let of =
        |one: &Value| (one["search"]["mode"].as_str().unwrap().to_owned(), one["resource"].clone());
    entries.iter().map(of).collect()
}

/// `Type/id` of the matches, and of what came along, each in order.
fn found(party: &Party, query: &str) -> (Vec<String>, Vec<String>) {
    let name = |one: &Value| {
        format!("{}/{}", one["resourceType"].as_str().unwrap(), one["id"].as_str().unwrap())
    };
    let all = entries(party, query);
    let of = |mode: &str| all.iter().filter(|one| one.0 == mode).map(|one| name(&one.1)).collect();
    (of("match"), of("include"))
}

/// The least that is a resource of its type, about this Patient.
fn least(kind: &str, about: &str) -> Value {
    let (subject, text) = (json!({ "reference": about }), json!({ "text": "x" }));
    let mut one = match kind {
        "Condition" => json!({ "subject": subject }),
        "Coverage" => json!({ "status": "active", "beneficiary": subject, "payor": [subject] }),
        "Device" => json!({ "patient": subject }),
        "DiagnosticReport" => json!({ "status": "final", "code": text, "subject": subject }),
        "DocumentReference" => json!({ "status": "current", "subject": subject,
            "content": [{ "attachment": { "contentType": "text/plain", "data": "eA==" } }] }),
        "Encounter" => json!({ "status": "finished", "subject": subject,
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" } }),
        "Goal" => json!({ "lifecycleStatus": "active", "description": text, "subject": subject }),
        "Immunization" => json!({ "status": "completed", "vaccineCode": text, "patient": subject,
            "occurrenceDateTime": "2026-10-01" }),
        "Observation" => json!({ "status": "final", "code": text, "subject": subject }),
        "Procedure" => json!({ "status": "completed", "subject": subject }),
        "QuestionnaireResponse" => json!({ "status": "completed", "subject": subject }),
        "RelatedPerson" => json!({ "patient": subject }),
        "ServiceRequest" => json!({ "status": "active", "intent": "order", "subject": subject,
            "category": [{ "coding": [{ "system": TMP, "code": "food-insecurity" }] }],
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "467771000124109" }] } }),
        _ => json!({}),
    };
    one["resourceType"] = json!(kind);
    one
}

#[test]
fn every_type_is_found_by_its_supplier_and_by_nobody_else() {
    let mut gateway = Gateway::start();
    let (clinic, hospital) = (gateway.party("clinic-b"), gateway.party("hospital-a"));
    let pantry = gateway.party("pantry");
    let whose = clinic.post("/fhir/Patient", &patient("clinic-b", "B-1")).expect(201).created();
    let whose = whose.strip_prefix("/fhir/").unwrap().to_owned();
    let kinds = [
        "Condition",
        "Coverage",
        "Device",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "Goal",
        "HealthcareService",
        "Immunization",
        "Location",
        "Observation",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "QuestionnaireResponse",
        "RelatedPerson",
        "ServiceRequest",
    ];
    let mut supplied = vec![whose.clone()];
    for kind in kinds {
        let mut one = least(kind, &whose);
        if kind == "Organization" {
            one["name"] = json!("Annexe");
        }
        let path = clinic.post(&format!("/fhir/{kind}"), &one).expect(201).created();
        supplied.push(path.strip_prefix("/fhir/").unwrap().to_owned());
    }
    let check = |clinic: &Party| {
        for name in &supplied {
            let (kind, id) = name.split_once('/').unwrap();
            let all = found(clinic, kind).0;
            assert!(all.contains(name), "{name}: {all:?}");
            for query in
                ["_sort=_lastUpdated", "_sort=-_lastUpdated", "_lastUpdated=ge2026", "_sort=_id"]
            {
                let found: BTreeSet<String> =
                    found(clinic, &format!("{kind}?{query}")).0.into_iter().collect();
                assert!(found.contains(name), "{name}: {query}");
            }
            assert_eq!(found(clinic, &format!("{kind}?_id={id}")).0, [name.as_str()]);
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let body = format!("_id={id}").into_bytes();
            let page =
                clinic.call("POST", &format!("/fhir/{kind}/_search"), &form, body).expect(200);
            assert_eq!(page.json["entry"][0]["resource"]["id"], id);
        }
    };
    check(&clinic);
    assert_eq!(found(&clinic, &format!("Observation?patient={whose}")).0.len(), 1);
    for other in [&hospital, &pantry] {
        for name in &supplied {
            let (kind, id) = name.split_once('/').unwrap();
            for query in [String::new(), format!("?_id={id}"), "?_sort=-_lastUpdated".into()] {
                let seen = found(other, &format!("{kind}{query}")).0;
                assert!(!seen.contains(name), "{name}: {query}");
            }
        }
    }
    // The projections are made again from the log, and find the same.
    gateway.stop();
    std::fs::remove_dir_all(gateway.root().join("data/view")).unwrap();
    gateway.serve();
    check(&gateway.party("clinic-b"));
    gateway.stop();
}

#[test]
fn a_target_finds_its_placements_and_what_comes_along_and_no_more() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let housing = gateway.party("housing");
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let name = |n: usize| parts.entry(n).strip_prefix("/fhir/").unwrap().to_owned();
    let (person, request, task) = (name(0), name(2), name(3));
    let hidden = Referral { mrn: "B-2", consent: None, ..Referral::food() };
    let hidden = clinic.post("/fhir", &hidden.bundle()).expect(200);
    let hidden_person = hidden.entry(0).strip_prefix("/fhir/").unwrap().to_owned();

    let (tasks, along) = found(
        &pantry,
        "Task?_include=Task:focus&_include=Task:patient&_include=Task:owner&_include=Task:requester&_include=Task:part-of",
    );
    assert_eq!(tasks.len(), 1);
    let (requests, none) = found(&pantry, "ServiceRequest");
    assert_eq!((requests.len(), none.len()), (1, 0));
    // Each once, and not the source's own Task.
    assert_eq!(
        along,
        [
            requests[0].clone(),
            person.clone(),
            "Organization/pantry".into(),
            "Organization/loopgate".into(),
        ]
    );
    assert_eq!(found(&pantry, "Patient").0, [person.as_str()]);
    assert_eq!(found(&pantry, "Patient?_lastUpdated=ge2026-01-01").0, [person.as_str()]);
    assert_eq!(found(&pantry, &format!("Task?patient={person}")).0, tasks);
    assert_eq!(found(&pantry, "ServiceRequest?category=food-insecurity").0, requests);
    assert_eq!(
        found(&pantry, "ServiceRequest?code=http://snomed.info/sct%7C467771000124109").0,
        requests
    );
    assert_eq!(found(&pantry, "ServiceRequest?_revinclude=Task:focus").1, tasks);
    // By what it is not shown it finds nothing.
    for query in [
        "Patient?identifier=urn:example:clinic-b:mrn%7CB-20417",
        "Patient?birthdate=1988-04-02",
        "ServiceRequest?category=housing-instability",
        "ServiceRequest?requester=Organization/clinic-b",
    ] {
        assert!(found(&pantry, query).0.is_empty(), "{query}");
    }
    // What consent hides is as if it never was.
    let theirs = hidden_person.split_once('/').unwrap().1;
    for (one, other) in [
        (format!("Patient?_id={theirs}"), "Patient?_id=never".to_owned()),
        (format!("Task?patient={hidden_person}"), "Task?patient=Patient/never".to_owned()),
    ] {
        let before = gateway.count();
        assert_eq!(found(&pantry, &one), found(&pantry, &other));
        assert_eq!(gateway.count(), before);
    }
    for kind in ["Task", "Patient", "ServiceRequest", "Procedure"] {
        assert_eq!(found(&housing, kind), (vec![], vec![]), "{kind}");
    }

    // What came of it, for the source: the Task says so, and brings it along.
    let id = pantry.only_referral();
    pantry.act(&id, "accept", &json!({})).expect(200);
    pantry.act(&id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    assert!(found(&pantry, "Task?status=requested").0.is_empty());
    assert_eq!(found(&pantry, "Task?status=completed").0, tasks);
    let (done, outcome) = found(&clinic, "Task?status=completed&_include=Task:output");
    assert_eq!((done, outcome.len()), (vec![task.clone()], 1));
    assert_eq!(found(&clinic, &format!("Procedure?based-on={request}")).0, outcome);
    assert_eq!(found(&clinic, &format!("Task?output={}", outcome[0])).0, [task.as_str()]);
    let back = found(
        &clinic,
        &format!(
            "ServiceRequest?_id={}&_revinclude=Task:focus&_revinclude=Procedure:based-on",
            request.split_once('/').unwrap().1
        ),
    );
    assert_eq!(back, (vec![request], vec![task, outcome[0].clone()]));
    gateway.stop();
}

#[test]
fn who_pages_while_others_write_sees_each_once() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let location = |n: usize| json!({ "resourceType": "Location", "name": format!("Room {n}"), "status": "active" });
    let paths: Vec<String> = (0..30)
        .map(|n| clinic.post("/fhir/Location", &location(n)).expect(201).created())
        .collect();
    for query in
        ["Location?_count=4", "Location?status=active&_count=4", "Location?_sort=-name&_count=4"]
    {
        let seen = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let writer = gateway.party("clinic-b");
                for (n, path) in paths.iter().enumerate().rev() {
                    let mut form = location(n);
                    form["id"] = json!(path.rsplit('/').next().unwrap());
                    form["description"] = json!(query);
                    writer.put(path, &form).expect(200);
                }
            });
            let (mut seen, mut next) = (Vec::new(), Some(format!("/fhir/{query}")));
            while let Some(path) = next {
                let page = clinic.get(&path).expect(200).json;
                let entries = page["entry"].as_array().cloned().unwrap_or_default();
                seen.extend(
                    entries.iter().map(|one| one["resource"]["id"].as_str().unwrap().to_owned()),
                );
                let links = page["link"].as_array().unwrap();
                let link = links.iter().find(|link| link["relation"] == "next");
                next = link.map(|link| {
                    let url = link["url"].as_str().unwrap();
                    format!("/fhir{}", url.split_once("/fhir").unwrap().1)
                });
                assert!(seen.len() <= 30, "{query}");
            }
            writer.join().unwrap();
            seen
        });
        let mut wanted: Vec<&str> =
            paths.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
        if query.contains("_sort") {
            wanted.sort_unstable();
            let mut seen = seen.clone();
            seen.sort();
            assert_eq!(seen, wanted, "{query}");
        } else {
            assert_eq!(seen, wanted, "{query}");
        }
    }
    gateway.stop();
}

#[test]
fn a_lenient_search_says_what_it_left_out_and_a_part_is_marked_as_one() {
    let mut gateway = Gateway::start();
    let clinic = gateway.party("clinic-b");
    let both = Referral { needs: vec![Need::Food], ..Referral::food() };
    clinic.post("/fhir", &both.bundle()).expect(200);
    clinic.get("/fhir/Task?nonsense=1").expect(400);
    let lenient = [("prefer", "handling=lenient")];
    let page = clinic.call("GET", "/fhir/Task?nonsense=1&status=requested", &lenient, Vec::new());
    let page = page.expect(200).json;
    let modes: Vec<&Value> =
        page["entry"].as_array().unwrap().iter().map(|one| &one["search"]["mode"]).collect();
    assert_eq!(modes, ["match", "outcome"]);
    assert_eq!(page["entry"][1]["resource"]["issue"][0]["severity"], "warning");
    assert!(!page["link"][0]["url"].as_str().unwrap().contains("nonsense"));
    let cut = &entries(&clinic, "Task?_elements=status")[0].1;
    assert_eq!(cut["meta"]["tag"][0]["code"], "SUBSETTED");
    assert!(cut.get("authoredOn").is_none() && cut["status"] == "requested", "{cut}");
    for refused in ["_summary=count", "_total=accurate", "_include=*"] {
        clinic.get(&format!("/fhir/Task?{refused}")).expect(400);
    }
    gateway.stop();
}

#[test]
fn the_directory_is_everybodys_and_a_sources_rooms_are_its_own() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    for party in [&clinic, &pantry] {
        let all = found(party, "Organization").0;
        for name in ["Organization/pantry", "Organization/clinic-b", "Organization/loopgate"] {
            assert!(all.iter().any(|one| one == name), "{all:?}");
        }
        assert_eq!(
            found(party, "Organization?identifier=urn:example:npi%7Cpantry").0,
            ["Organization/pantry"]
        );
        assert_eq!(found(party, "Organization?_id=housing").0, ["Organization/housing"]);
        let mut paged = Vec::new();
        let mut next = Some("Organization?_count=2".to_owned());
        while let Some(query) = next {
            paged.extend(found(party, &query).0);
            let page = party.get(&format!("/fhir/{query}")).expect(200).json;
            let links = page["link"].as_array().unwrap();
            let link = links.iter().find(|link| link["relation"] == "next");
            next = link.map(|link| {
                link["url"].as_str().unwrap().split_once("/fhir/").unwrap().1.to_owned()
            });
        }
        assert_eq!(paged, all);
    }
    let room = json!({ "resourceType": "Location", "name": "Room", "status": "active" });
    let room = clinic.post("/fhir/Location", &room).expect(201).created();
    assert_eq!(found(&clinic, "Location").0.len(), 1);
    pantry.get(&room).expect(404);
    assert!(found(&pantry, "Location").0.is_empty());
    gateway.stop();
}

#[test]
fn who_was_erased_is_not_found_and_everybody_else_is() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut people = Vec::new();
    for mrn in ["B-1", "B-2"] {
        let referral = Referral { mrn, ..Referral::food() };
        let parts = clinic.post("/fhir", &referral.bundle()).expect(200);
        people.push(parts.entry(0).strip_prefix("/fhir/").unwrap().to_owned());
    }
    for row in pantry.inbox() {
        let id = row["referral_id"].as_str().unwrap();
        pantry.act(id, "accept", &json!({})).expect(200);
        pantry.act(id, "served", &json!({ "outcome": { "text": "Food box" } })).expect(200);
    }
    let stored = gateway.of_kind("resource.stored");
    let of = stored.iter().find(|entry| {
        let payload = entry["payload"].as_array().unwrap();
        payload.iter().any(|one| one["resource"] == json!(people[0]))
    });
    let person = of.unwrap()["patient"][0]["id"].as_str().unwrap().parse().unwrap();
    let persons = BTreeSet::from([Who::Person(person)]);
    let ground = ShredGround::Order { order: "case 4711".into() };
    gateway.admin(&Ask::Erase { persons, ground, by: "privacy-officer".into() });
    let check = |gateway: &Gateway| {
        let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
        for party in [&clinic, &pantry] {
            assert_eq!(found(party, "Patient").0, [people[1].as_str()]);
            for kind in ["Task", "ServiceRequest"] {
                for query in ["", "_sort=-_lastUpdated", "status=completed,active"] {
                    let found = found(party, &format!("{kind}?{query}")).0;
                    assert_eq!(found.len(), 1, "{kind} {query}");
                }
                assert!(found(party, &format!("{kind}?patient={}", people[0])).0.is_empty());
                assert_eq!(found(party, &format!("{kind}?patient={}", people[1])).0.len(), 1);
            }
        }
        assert_eq!(found(&clinic, "Procedure").0.len(), 1);
    };
    check(&gateway);
    gateway.stop();
    gateway.serve();
    check(&gateway);
    gateway.stop();
}

#[test]
fn who_polls_finds_a_patient_that_was_placed_since_however_old_it_is() {
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut bundle = Referral::food().bundle();
    let maria = bundle["entry"][0]["resource"].clone();
    let path = clinic.post("/fhir/Patient", &maria).expect(201).created();
    gateway.pass(60_000);
    let between = jiff::Timestamp::from_millisecond(START_MS + 30_000).unwrap();
    bundle["entry"][0]["request"]["ifNoneExist"] =
        json!("identifier=urn:example:clinic-b:mrn|B-20417");
    clinic.post("/fhir", &bundle).expect(200);
    let polled = found(&pantry, &format!("Patient?_lastUpdated=ge{between}")).0;
    assert_eq!(polled, [path["/fhir/".len()..].to_owned()]);
    gateway.stop();
}
