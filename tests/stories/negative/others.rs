//! N37, N40 to N44: what is another's is not there, and what is one's own changes only as it may.

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Need, Party, Referral, consent};

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");
const JSON: (&str, &str) = ("content-type", "application/json");

/// One referral, its parts as paths, and what each party calls it.
struct Case {
    gateway: Gateway,
    clinic: Party,
    pantry: Party,
    parts: Answer,
    task: String,
    placed: String,
    id: String,
}

fn one() -> Case {
    let gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let parts = clinic.post("/fhir", &Referral::food().bundle()).expect(200);
    let task = parts.entry(Referral::food().task_entry(0));
    let id = pantry.only_referral();
    let page = pantry.get("/fhir/Task").expect(200).json;
    let placed = format!("/fhir/Task/{}", page["entry"][0]["resource"]["id"].as_str().unwrap());
    Case { gateway, clinic, pantry, parts, task, placed, id }
}

fn with_status(task: &Value, status: &str, why: &str) -> Value {
    let mut task = task.clone();
    (task["status"], task["statusReason"]) = (json!(status), json!({ "text": why }));
    task
}

/// A path with a logical id, and one beside it that never was.
fn beside(path: &str) -> (String, String) {
    let (kind, id) = path.rsplit_once('/').unwrap();
    let never: String = id.chars().map(|c| if c == '-' { '-' } else { '0' }).collect();
    (path.to_owned(), format!("{kind}/{never}"))
}

#[test]
fn n37_what_is_anothers_is_not_there_by_any_route() {
    let case = one();
    let Case { gateway, clinic, parts, task, placed, id, .. } = &case;
    let own = clinic.get(task).expect(200).json;
    let (hospital, housing) = (gateway.party("hospital-a"), gateway.party("housing"));
    let someone = crate::harness::patient("hospital-a", "A-1");
    let someone = hospital.post("/fhir/Patient", &someone).expect(201).created();
    let consent = parts.entry(1);
    let resources = [parts.entry(0), consent.clone(), parts.entry(2), task.clone(), placed.clone()];
    let mut routes: Vec<(&str, String, String)> = Vec::new();
    for path in &resources {
        let (theirs, never) = beside(path);
        for (method, more) in [
            ("GET", ""),
            ("GET", "/_history"),
            ("GET", "/_history/1"),
            ("GET", "/$everything"),
            ("PATCH", ""),
            ("DELETE", ""),
            ("PUT", ""),
        ] {
            routes.push((method, format!("{theirs}{more}"), format!("{never}{more}")));
        }
    }
    let (theirs, never) = beside(&consent);
    routes.push(("POST", format!("{theirs}/$token"), format!("{never}/$token")));
    let never = "ref_00000000000000000000000000000000";
    let cbo = |id: &str, act: &str| format!("/cbo/v1/referrals/{id}{act}");
    routes.push(("GET", cbo(id, ""), cbo(never, "")));
    for act in ["/accept", "/decline", "/appointment", "/no-show", "/served"] {
        routes.push(("POST", cbo(id, act), cbo(never, act)));
    }
    for party in [&hospital, &housing] {
        for (method, theirs, never) in &routes {
            let asked = [theirs, never].map(|path| {
                let before = gateway.count();
                let (media, body) = body_for(method, path, (&own, &someone));
                let answer = party.call(method, path, &[media], body);
                assert!(answer.status >= 400, "{method} {path}: {}", answer.text);
                let text = answer.unnamed();
                let Answer { status, etag, location, .. } = answer;
                (status, text, etag, location, gateway.count() - before)
            });
            assert_eq!(asked[0], asked[1], "{method} {theirs}");
            assert_eq!((&asked[0].2, &asked[0].3), (&None, &None));
            let expected = match asked[0].0 {
                404 | 403 => 1,
                400 | 405 => 0,
                other => panic!("{method} {theirs}: {other}"),
            };
            assert_eq!(asked[0].4, expected, "{method} {theirs}");
        }
    }
    assert_eq!(clinic.get(task).expect(200).json["status"], "requested");
}

/// What would be sound, were it the caller's.
fn body_for(
    method: &str,
    path: &str,
    (task, someone): (&Value, &str),
) -> ((&'static str, &'static str), Vec<u8>) {
    let last = path.rsplit('/').next().unwrap();
    let body = match (method, path.split('/').nth(1), last) {
        ("PUT", _, id) if path.starts_with("/fhir/Task/") => {
            let mut task = with_status(task, "cancelled", "No longer needed");
            task["id"] = json!(id);
            task
        }
        ("PUT", _, id) if path.starts_with("/fhir/Consent/") => {
            let mut form = consent(&someone[6..], "hospital-a", &[Need::Food], "2026", "2027");
            form["id"] = json!(id);
            form
        }
        ("POST", _, "$token") => json!({ "recipient": "pantry" }),
        ("POST", _, "decline") => json!({ "reason": { "code": "no-capacity", "text": "full" } }),
        ("POST", _, "appointment") => json!({ "start": "2026-11-27T16:00:00Z" }),
        ("POST", _, "served") => json!({ "outcome": { "text": "Food box" } }),
        _ => json!({}),
    };
    (if path.starts_with("/cbo") { JSON } else { FHIR }, body.to_string().into_bytes())
}

/// An older version is there for whoever supplied it, and for nobody else.
#[test]
fn n40_an_older_version_is_not_to_be_had() {
    let case = one();
    let Case { gateway, clinic, pantry, parts, task, placed, .. } = &case;
    let consent = parts.entry(1);
    let mut form = clinic.get(&consent).expect(200).json;
    form["provision"]["provision"][0]["period"]["end"] = json!("2028-01-01");
    clinic.put(&consent, &form).expect(200);
    let read = clinic.get(task).expect(200).json;
    clinic.put(task, &with_status(&read, "cancelled", "Moved away")).expect(200);
    let before = gateway.count();
    for party in [clinic, pantry] {
        for path in [&parts.entry(0), &consent, &parts.entry(2), task, placed] {
            for history in ["/_history", "/_history?_since=2020"] {
                let answer = party.get(&format!("{path}{history}")).expect(405);
                assert!(!answer.text.contains("Lindqvist") && answer.etag.is_none());
            }
        }
        for path in ["/fhir/_history", "/fhir/Task/_history", "/fhir/Patient/_history"] {
            let answer = party.get(path);
            assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.status);
        }
    }
    let old = clinic.get(&format!("{consent}/_history/1")).expect(200);
    assert_eq!(old.etag.as_deref(), Some("W/\"1\""));
    let housing = gateway.party("housing");
    for path in [&consent, &parts.entry(2), task] {
        pantry.get(&format!("{path}/_history/1")).expect(404);
        housing.get(&format!("{path}/_history/1")).expect(404);
    }
    // What loopgate makes has its newest version alone, and says so to whom it is there for.
    let gone = clinic.get(&format!("{task}/_history/1")).expect(404);
    assert!(gone.text.contains("newest version"), "{}", gone.text);
    let gone = pantry.get(&format!("{placed}/_history/1")).expect(404);
    assert!(!gone.text.contains("Lindqvist"), "{}", gone.text);
    for version in ["0", "01", "3", "-1", "+1", "1e0", "99999999999999999999999"] {
        clinic.get(&format!("{consent}/_history/{version}")).expect(404);
    }
    assert!(gateway.count() > before);
}

#[test]
fn n41_two_updates_at_one_version() {
    let case = one();
    let Case { gateway, clinic, task, id, .. } = &case;
    // Two at once, at the same version: one of them is right.
    let path = |act: &str| format!("/cbo/v1/referrals/{id}/{act}");
    let at_once: Vec<u16> = std::thread::scope(|scope| {
        let tries = [
            ("accept", json!({})),
            ("decline", json!({ "reason": { "code": "no-capacity", "text": "full" } })),
        ];
        let tries = tries.map(|(act, body)| {
            let path = path(act);
            scope.spawn(move || {
                let party = gateway.party("pantry");
                let headers = [JSON, ("if-match", "W/\"1\"")];
                party.call("POST", &path, &headers, body.to_string().into_bytes()).status
            })
        });
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut sorted = at_once.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [200, 412], "{at_once:?}");
    let moves = |gateway: &Gateway| {
        let kinds = gateway.kinds().into_iter();
        kinds
            .filter(|kind| {
                kind == "referral.accepted"
                    || kind == "referral.refused"
                    || kind == "referral.declined"
            })
            .count()
    };
    assert_eq!(moves(gateway), 1);

    let read = clinic.get(task).expect(200);
    let version = read.etag.unwrap();
    let strong = version.trim_start_matches("W/").to_owned();
    assert_ne!(version, strong);
    let other = Referral { mrn: "B-2", ..Referral::food() };
    let task = clinic.post("/fhir", &other.bundle()).expect(200).entry(other.task_entry(0));
    let read = clinic.get(&task).expect(200).json;
    let put = |if_match: &[&str], why: &str| {
        let mut headers = vec![FHIR];
        headers.extend(if_match.iter().map(|one| ("if-match", *one)));
        let body = with_status(&read, "cancelled", why).to_string().into_bytes();
        clinic.call("PUT", &task, &headers, body).status
    };
    for stale in ["W/\"0\"", "\"2\"", "W/\"99\"", "1", "*", "", "W/\"1\", W/\"2\"", "W/\"-1\""] {
        assert_eq!(put(&[stale], "stale"), 412, "{stale}");
    }
    assert_eq!(put(&["W/\"1\"", "W/\"1\""], "twice"), 400);
    assert_eq!(clinic.get(&task).expect(200).json["status"], "requested");
    // Weak or strong, it names the version; and it is not needed.
    assert_eq!(put(&["\"1\""], "strong"), 200);
    let third = Referral { mrn: "B-3", ..Referral::food() };
    let task = clinic.post("/fhir", &third.bundle()).expect(200).entry(third.task_entry(0));
    let read = clinic.get(&task).expect(200).json;
    clinic.put(&task, &with_status(&read, "cancelled", "none")).expect(200);

    // The same words on one condition are one Patient, whoever wins the race.
    let before = gateway.of_kind("patient.registered").len();
    let all: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let party = gateway.party("clinic-b");
                    let headers =
                        [FHIR, ("if-none-exist", "identifier=urn:example:clinic-b:mrn|B-9")];
                    let body = crate::harness::patient("clinic-b", "B-9").to_string().into_bytes();
                    party.call("POST", "/fhir/Patient", &headers, body).status
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(all, [201; 8]);
    assert_eq!(gateway.of_kind("patient.registered").len(), before + 1);
}

#[test]
fn n42_conditions_that_would_find_what_is_anothers() {
    let case = one();
    let Case { gateway, clinic, task, .. } = &case;
    let hospital = gateway.party("hospital-a");
    // The clinic's numbers, and numbers that nobody has.
    for mrn in ["B-20417", "B-nobody"] {
        let query = format!("identifier=urn:example:clinic-b:mrn%7C{mrn}");
        let patient = crate::harness::patient("hospital-a", "A-1").to_string().into_bytes();
        let headers = [FHIR, ("if-none-exist", query.as_str())];
        // What is another's matches nothing, just as what is nobody's.
        hospital.call("POST", "/fhir/Patient", &headers, patient.clone()).expect(201);
        for kind in ["Patient", "Task", "Consent"] {
            for (method, status) in [("PUT", 400), ("DELETE", 405), ("PATCH", 405)] {
                let path = format!("/fhir/{kind}?{query}");
                let status = if (method, kind) == ("PUT", "Patient") { 201 } else { status };
                hospital.call(method, &path, &[FHIR], patient.clone()).expect(status);
            }
        }
        let mut bundle = Referral { source: "hospital-a", mrn: "A-1", ..Referral::food() }.bundle();
        bundle["entry"][2]["resource"]["subject"] =
            json!({ "reference": format!("Patient?{query}") });
        let refused = hospital.post("/fhir", &bundle).expect(422);
        assert_eq!(refused.expressions()[0], "Bundle.entry[2].resource.subject");
        for (n, condition) in ["ifMatch", "ifNoneMatch", "ifModifiedSince"].iter().enumerate() {
            let mut bundle =
                Referral { source: "hospital-a", mrn: "A-1", ..Referral::food() }.bundle();
            bundle["entry"][n]["request"][condition] = json!("W/\"1\"");
            hospital.post("/fhir", &bundle).expect(422);
        }
    }
    let maria = clinic.get(&case.parts.entry(0)).expect(200);
    assert_eq!(maria.etag.as_deref(), Some("W/\"1\""));
    assert_eq!(clinic.get(task).expect(200).json["status"], "requested");
}

#[test]
fn n43_a_transaction_is_all_or_nothing() {
    let case = one();
    let Case { gateway, clinic, pantry, parts, .. } = &case;
    let key = gateway.is_client("clinic-b", "system/Patient.c system/Consent.c system/Task.c", "");
    let fresh = || Referral { mrn: "B-2", ..Referral::food() }.bundle();
    let before = gateway.count();
    let refused = |what: &str, status: u16, change: &dyn Fn(&mut Value)| {
        let mut bundle = fresh();
        change(&mut bundle["entry"]);
        let answer = clinic.post("/fhir", &bundle);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(gateway.count(), before, "{what}");
    };
    refused("two entries of one name", 422, &|entry| {
        entry[2]["fullUrl"] = entry[0]["fullUrl"].clone()
    });
    refused("a url of another server", 422, &|entry| {
        entry[0]["request"]["url"] = json!("https://other.example/fhir/Patient");
    });
    let here = format!("{}/fhir/Patient", gateway.base());
    refused("an absolute url", 422, &|entry| entry[0]["request"]["url"] = json!(here));
    refused("another type", 422, &|entry| entry[0]["request"]["url"] = json!("Organization"));
    refused("a path", 422, &|entry| entry[0]["request"]["url"] = json!("../Patient"));
    for method in ["PUT", "DELETE", "PATCH", "GET", "HEAD"] {
        refused(method, 422, &|entry| entry[3]["request"]["method"] = json!(method));
    }
    refused("an owner who is nobody", 422, &|entry| {
        entry[3]["resource"]["owner"]["identifier"]["value"] = json!("nobody");
    });
    refused("a subject that is another's", 422, &|entry| {
        entry[2]["resource"]["subject"] = json!({ "reference": "Patient/not-here" });
    });
    refused("one entry that is none", 422, &|entry| {
        entry[1]["resource"] = json!({ "resourceType": "Basic" })
    });
    // Another source may not tie its own to what the clinic brought.
    let hospital = gateway.party("hospital-a");
    let mut theirs = Referral { source: "hospital-a", mrn: "A-1", ..Referral::food() }.bundle();
    let maria = parts.entry(0).trim_start_matches("/fhir/").to_owned();
    theirs["entry"][2]["resource"]["subject"] = json!({ "reference": maria });
    theirs["entry"][3]["resource"]["for"] = json!({ "reference": maria });
    hospital.post("/fhir", &theirs).expect(422);
    assert_eq!(gateway.count(), before);
    // A token that covers all entries but one covers none.
    let scope = "system/Patient.c system/Consent.c system/Task.c";
    let assertion = key.assertion(gateway, "1", |_| {});
    let fields = crate::harness::credentials(&assertion, scope);
    let token = crate::harness::form(clinic, "/oauth/token", &fields).expect(200).json;
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let headers = [FHIR, ("authorization", bearer.as_str())];
    let before = gateway.kinds();
    clinic.call("POST", "/fhir", &headers, fresh().to_string().into_bytes()).expect(403);
    assert_eq!(gateway.kinds(), [before, vec!["phi.denied".to_owned()]].concat());
    assert_eq!(pantry.inbox().len(), 1);
}

/// JSON Patch (RFC 6902) and its like are not offered: its `test` would tell what is there.
#[test]
fn n44_patches() {
    let case = one();
    let Case { gateway, clinic, pantry, parts, task, placed, .. } = &case;
    let before = gateway.count();
    let patches = [
        json!([{ "op": "replace", "path": "/owner", "value": { "reference": "Organization/housing" } }]),
        json!([{ "op": "replace", "path": "/for", "value": { "reference": "Patient/x" } }]),
        json!([{ "op": "remove", "path": "/meta/security" }]),
        json!([{ "op": "replace", "path": "/id", "value": "x" }]),
        json!([{ "op": "test", "path": "/status", "value": "requested" }]),
        json!([{ "op": "test", "path": "/status", "value": "completed" }]),
    ];
    let mut told = Vec::new();
    for party in [clinic, pantry] {
        for path in [task, placed, &parts.entry(0), &parts.entry(1)] {
            for media in [
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/fhir+json",
            ] {
                for patch in &patches {
                    let headers = [("content-type", media)];
                    let body = patch.to_string().into_bytes();
                    told.push(party.call("PATCH", path, &headers, body).expect(405).text);
                }
            }
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "one answer, whatever is there: {told:?}");
    assert_eq!(gateway.count(), before);
    assert_eq!(clinic.get(task).expect(200).json["meta"]["versionId"], "1");
}
