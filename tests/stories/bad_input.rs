//! Whoever sends what cannot be taken is told so, in its own dialect and with the place, and
//! nothing of it is kept.

use std::cell::Cell;

use loopgate_server::admin::Ask;
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral};

const FHIR: [(&str, &str); 1] = [("content-type", "application/fhir+json")];

/// A deployment with one referral that its target has accepted.
struct Case {
    gateway: Gateway,
    clinic: Party,
    pantry: Party,
    /// The source's Task, as a path.
    task: String,
    /// The referral, as its target calls it.
    id: String,
    /// How often a partner asked for what is not there for it: the only thing that is recorded.
    denied: Cell<u64>,
}

impl Case {
    fn make() -> Case {
        let gateway = Gateway::start_with(&[(["limits", "http_body_bytes_max"], "20000")]);
        let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
        let referral = Referral::food();
        let answer = clinic.post("/fhir", &referral.bundle()).expect(200);
        let task = answer.entry(referral.task_entry(0));
        let id = pantry.only_referral();
        pantry.act(&id, "accept", &json!({})).expect(200);
        // So that reading it again appends nothing.
        (0..2).for_each(|_| drop(clinic.get(&task).expect(200)));
        Case { gateway, clinic, pantry, task, id, denied: Cell::new(0) }
    }

    /// A request that is refused in FHIR's words, and leaves nothing behind.
    #[track_caller]
    fn fhir(
        &self,
        name: &str,
        status: u16,
        code: &str,
        at: Option<&str>,
        ask: &dyn Fn() -> Answer,
    ) {
        let before = self.entries();
        let answer = ask();
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.json["resourceType"], "OperationOutcome", "{name}: {}", answer.text);
        let issues = answer.json["issue"].as_array().unwrap();
        let found = issues.iter().any(|issue| {
            issue["severity"] == "error"
                && issue["code"] == code
                && issue["expression"][0].as_str() == at
        });
        assert!(found, "{name}: {}", answer.text);
        assert!(
            !answer.text.contains("Lindqvist") && !answer.text.contains("secret-value"),
            "{name}"
        );
        self.nothing_but_a_denial(name, status, before);
    }

    /// The same in the words of RFC 9457.
    #[track_caller]
    fn problem(&self, name: &str, status: u16, kind: &str, ask: &dyn Fn() -> Answer) {
        let before = self.entries();
        let answer = ask();
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.json["type"], format!("urn:loopgate:problem:{kind}"), "{name}");
        assert_eq!(answer.json["status"], status, "{name}");
        assert!(answer.json["title"].is_string(), "{name}");
        assert!(!answer.text.contains("secret-value"), "{name}");
        self.nothing_but_a_denial(name, status, before);
    }

    fn entries(&self) -> u64 {
        let status = self.gateway.admin(&Ask::Status);
        status.split(' ').next().unwrap().parse().unwrap()
    }

    /// That something is not there for a partner is recorded, whether or not it is there at all.
    #[track_caller]
    fn nothing_but_a_denial(&self, name: &str, status: u16, before: u64) {
        let denied = u64::from(status == 404);
        self.denied.set(self.denied.get() + denied);
        assert_eq!(self.entries(), before + denied, "{name}");
    }

    fn raw(&self, path: &str, body: &str) -> Answer {
        self.clinic.call("POST", path, &FHIR, body.as_bytes().to_vec())
    }
}

/// A new referral, with a member of one of its entries changed; `Null` takes it out.
fn changed(entry: usize, member: &str, value: Value) -> Value {
    let mut bundle = Referral { mrn: "B-2", ..Referral::food() }.bundle();
    let resource = bundle["entry"][entry]["resource"].as_object_mut().unwrap();
    if value.is_null() {
        resource.remove(member).unwrap();
    } else {
        resource.insert(member.to_owned(), value);
    }
    bundle
}

fn at(entry: usize, rest: &str) -> String {
    format!("Bundle.entry[{entry}].resource{rest}")
}

const PATIENT: usize = 0;
const REQUEST: usize = 2;
const TASK: usize = 3;

#[test]
fn what_is_not_well_formed_is_refused() {
    let case = Case::make();
    let clinic = &case.clinic;
    case.fhir("no JSON", 400, "structure", Some("Bundle.type"), &|| {
        case.raw("/fhir", "{\"type\":")
    });
    case.fhir("empty", 400, "structure", Some("Bundle"), &|| case.raw("/fhir", ""));
    let twice = r#"{"resourceType":"Patient","gender":"female","gender":"secret-value"}"#;
    case.fhir("a name twice", 400, "structure", Some("Resource.gender"), &|| {
        case.raw("/fhir/Patient", twice)
    });
    case.fhir("an empty object", 400, "structure", Some("Resource"), &|| {
        case.raw("/fhir/Patient", "{}")
    });
    case.fhir("no type we take", 404, "not-found", None, &|| {
        case.raw("/fhir/Basic", r#"{"resourceType":"Basic"}"#)
    });
    case.fhir("another type than the path's", 400, "invalid", Some("resourceType"), &|| {
        case.raw("/fhir/Patient", r#"{"resourceType":"Organization","name":"O"}"#)
    });
    case.fhir("no Bundle", 400, "structure", Some("Bundle"), &|| {
        case.raw("/fhir", r#"{"resourceType":"Patient"}"#)
    });
    let mut collection = Referral { mrn: "B-2", ..Referral::food() }.bundle();
    collection["type"] = json!("collection");
    case.fhir("a collection", 422, "not-supported", Some("Bundle.type"), &|| {
        clinic.post("/fhir", &collection)
    });
    let large = json!({ "resourceType": "Patient", "name": [{ "text": "x".repeat(20_000) }] });
    case.fhir("too large", 413, "too-long", None, &|| clinic.post("/fhir/Patient", &large));
    let body = Referral { mrn: "B-2", ..Referral::food() }.bundle().to_string().into_bytes();
    for media in
        [&[("content-type", "application/fhir+xml")][..], &[("content-type", "text/plain")], &[]]
    {
        case.fhir("another media type", 415, "not-supported", None, &|| {
            clinic.call("POST", "/fhir", media, body.clone())
        });
    }
    for (method, path) in [
        ("DELETE", case.task.as_str()),
        ("PATCH", case.task.as_str()),
        ("GET", "/fhir/Task/1/_history"),
    ] {
        case.fhir(method, 405, "not-supported", None, &|| {
            clinic.call(method, path, &FHIR, b"{}".to_vec())
        });
    }
    nothing_came_of_it(&case);
}

#[test]
fn what_cannot_be_processed_is_refused_with_its_place() {
    let case = Case::make();
    let prefer =
        |name: &str| json!({ "identifier": { "system": "urn:example:npi", "value": name } });
    let absent = json!({ "reference": "urn:uuid:00000000-0000-4000-8000-000000000000" });
    let elsewhere = json!({ "reference": "ServiceRequest/not-here" });
    let extension = json!([{ "url": "urn:example:negates", "valueBoolean": true }]);
    let mut patient_task =
        changed(TASK, "owner", json!({ "reference": "Patient/x", "type": "Patient" }));
    patient_task["entry"][TASK]["resource"]["code"]["coding"][0]["code"] = json!("fulfill");
    let rows: Vec<(&str, u16, &str, String, Value)> = vec![
        (
            "an unknown owner",
            422,
            "business-rule",
            at(TASK, ".owner"),
            changed(TASK, "owner", prefer("secret-value")),
        ),
        (
            "an owner who is no target",
            422,
            "business-rule",
            at(TASK, ".owner"),
            changed(TASK, "owner", prefer("hospital-a")),
        ),
        ("no owner", 422, "business-rule", at(TASK, ".owner"), changed(TASK, "owner", Value::Null)),
        (
            "completed already",
            422,
            "business-rule",
            at(TASK, ".status"),
            changed(TASK, "status", json!("completed")),
        ),
        ("no status", 422, "required", at(TASK, ".status"), changed(TASK, "status", Value::Null)),
        (
            "a status of another world",
            422,
            "code-invalid",
            at(TASK, ".status"),
            changed(TASK, "status", json!("secret-value")),
        ),
        (
            "a proposal",
            422,
            "value",
            at(TASK, ".intent"),
            changed(TASK, "intent", json!("proposal")),
        ),
        ("no focus", 422, "required", at(TASK, ".focus"), changed(TASK, "focus", Value::Null)),
        (
            "a focus that is not here",
            422,
            "not-found",
            at(TASK, ".focus"),
            changed(TASK, "focus", elsewhere),
        ),
        (
            "a urn that no entry has",
            422,
            "not-found",
            at(TASK, ".focus"),
            changed(TASK, "focus", absent.clone()),
        ),
        (
            "a subject that no entry has",
            422,
            "not-found",
            at(REQUEST, ".subject"),
            changed(REQUEST, "subject", absent),
        ),
        (
            "a conditional reference that matches nothing",
            422,
            "not-found",
            at(REQUEST, ".subject"),
            changed(REQUEST, "subject", json!({ "reference": "Patient?identifier=1" })),
        ),
        (
            "a modifierExtension",
            422,
            "extension",
            at(PATIENT, ".modifierExtension"),
            changed(PATIENT, "modifierExtension", extension),
        ),
        (
            "implicitRules",
            422,
            "not-supported",
            at(PATIENT, ".implicitRules"),
            changed(PATIENT, "implicitRules", json!("urn:example:rules")),
        ),
        ("a task for the patient", 422, "not-supported", at(TASK, ".owner"), patient_task),
        (
            "a request for nothing",
            422,
            "required",
            at(REQUEST, ".code.coding"),
            changed(REQUEST, "code", Value::Null),
        ),
        (
            "an empty list",
            400,
            "structure",
            at(PATIENT, ".name"),
            changed(PATIENT, "name", json!([])),
        ),
        (
            "a null",
            400,
            "structure",
            at(PATIENT, ".name[0].family"),
            changed(PATIENT, "name", json!([{ "family": null }])),
        ),
    ];
    let mut inside = changed(TASK, "focus", json!({ "reference": "#request" }));
    let nowhere = inside.clone();
    let request = json!([{ "resourceType": "ServiceRequest", "id": "request", "status": "active", "intent": "order", "subject": { "reference": "Patient/x" } }]);
    inside["entry"][TASK]["resource"]["contained"] = request;
    case.fhir("a contained focus", 422, "not-supported", Some(&at(TASK, ".focus")), &|| {
        case.clinic.post("/fhir", &inside)
    });
    case.fhir(
        "a contained focus that is not there",
        422,
        "not-found",
        Some(&at(TASK, ".focus")),
        &|| case.clinic.post("/fhir", &nowhere),
    );
    for (name, status, code, at, bundle) in rows {
        case.fhir(name, status, code, Some(&at), &|| case.clinic.post("/fhir", &bundle));
    }
    // The same business identifier with other content.
    let mut again = Referral::food().bundle();
    again["entry"][REQUEST]["resource"]["priority"] = json!("urgent");
    case.fhir(
        "a referral submitted before",
        409,
        "duplicate",
        Some(&at(TASK, ".identifier")),
        &|| case.clinic.post("/fhir", &again),
    );
    nothing_came_of_it(&case);
}

#[test]
fn an_update_or_a_search_that_is_not_open_is_refused() {
    let case = Case::make();
    let clinic = &case.clinic;
    let read = clinic.get(&case.task).expect(200);
    let mut cancelled = read.json.clone();
    cancelled["status"] = json!("cancelled");
    cancelled["statusReason"] = json!({ "text": "Moved away" });
    let put = |path: &str, body: &Value, if_match: &str| {
        let headers = [FHIR[0], ("if-match", if_match)];
        clinic.call("PUT", path, &headers, body.to_string().into_bytes())
    };
    for stale in ["W/\"1\"", "W/\"99\"", "secret-value"] {
        case.fhir("a stale version", 412, "conflict", None, &|| put(&case.task, &cancelled, stale));
    }
    let mut nameless = cancelled.clone();
    nameless["id"] = json!("another");
    case.fhir("another id", 400, "invalid", Some("Task.id"), &|| clinic.put(&case.task, &nameless));
    let mut wordless = cancelled.clone();
    wordless.as_object_mut().unwrap().remove("statusReason");
    case.fhir("no reason", 422, "required", Some("Task.statusReason.text"), &|| {
        clinic.put(&case.task, &wordless)
    });
    let mut theirs = read.json.clone();
    theirs["status"] = json!("in-progress");
    case.fhir("a move of the target's", 409, "business-rule", None, &|| {
        clinic.put(&case.task, &theirs)
    });
    let mut reprioritized = read.json.clone();
    reprioritized["priority"] = json!("stat");
    case.fhir("a member it may not change", 422, "business-rule", Some("Task.priority"), &|| {
        clinic.put(&case.task, &reprioritized)
    });
    let mut unknown = cancelled.clone();
    unknown["id"] = json!("unknown");
    case.fhir("no such Task", 404, "not-found", None, &|| {
        clinic.put("/fhir/Task/unknown", &unknown)
    });
    case.fhir("nothing to read", 404, "not-found", None, &|| clinic.get("/fhir/Task/unknown"));
    case.fhir("nothing of another's", 404, "not-found", None, &|| {
        case.gateway.party("hospital-a").get(&case.task)
    });
    for (query, code) in [
        ("unknown=secret-value", "not-supported"),
        ("status:nonsense=requested", "not-supported"),
        ("_lastUpdated=secret-value", "value"),
        ("_count=0", "not-supported"),
    ] {
        case.fhir(query, 400, code, None, &|| clinic.get(&format!("/fhir/Task?{query}")));
    }
    nothing_came_of_it(&case);
}

#[test]
fn what_a_community_organization_may_not_say_is_refused() {
    let case = Case::make();
    let (pantry, id) = (&case.pantry, case.id.as_str());
    let path = |act: &str| format!("/cbo/v1/referrals/{id}/{act}");
    let json_type = [("content-type", "application/json")];
    let raw = |act: &str, body: &str| pantry.call("POST", &path(act), &json_type, body.into());
    case.problem("no JSON", 400, "malformed", &|| raw("served", "{\"outcome\":"));
    case.problem("an unknown member", 400, "malformed", &|| raw("accept", r#"{"secret-value":1}"#));
    case.problem("a member is missing", 400, "malformed", &|| raw("decline", "{}"));
    case.problem("a local time", 422, "invalid", &|| {
        raw("appointment", r#"{"start":"2026-11-27T16:00:00"}"#)
    });
    case.problem("no words", 422, "invalid", &|| raw("served", r#"{"outcome":{"text":" "}}"#));
    case.problem("accepted twice", 409, "illegal-move", &|| raw("accept", "{}"));
    case.problem("declined after it was accepted", 409, "illegal-move", &|| {
        raw("decline", r#"{"reason":{"code":"no-capacity","text":"full"}}"#)
    });
    case.problem("no such act", 404, "not-found", &|| raw("secret-value", "{}"));
    case.problem("another media type", 415, "media-type", &|| {
        pantry.call("POST", &path("accept"), &FHIR, b"{}".to_vec())
    });
    case.problem("a stale version", 412, "version-conflict", &|| {
        let headers = [json_type[0], ("if-match", "W/\"99\"")];
        pantry.call("POST", &path("no-show"), &headers, b"{}".to_vec())
    });
    case.problem("too large", 413, "too-large", &|| raw("accept", &" ".repeat(20_001)));
    case.problem("a method", 405, "method", &|| {
        pantry.call("DELETE", &path("accept"), &[], Vec::new())
    });
    let unknown = "ref_00000000000000000000000000000000";
    for unknown in [unknown, "secret-value"] {
        case.problem("no such referral", 404, "not-found", &|| {
            pantry.get(&format!("/cbo/v1/referrals/{unknown}"))
        });
        case.problem("no such referral to act on", 404, "not-found", &|| {
            pantry.act(unknown, "accept", &json!({}))
        });
    }
    case.problem("an unknown parameter", 422, "invalid", &|| {
        pantry.get("/cbo/v1/referrals?secret-value=1")
    });
    // Another target's referral looks like one that is not there.
    let housing = case.gateway.party("housing");
    case.problem("another's referral", 404, "not-found", &|| housing.act(id, "accept", &json!({})));
    case.problem("another's referral, read", 404, "not-found", &|| {
        housing.get(&format!("/cbo/v1/referrals/{id}"))
    });
    case.problem("no such path", 404, "not-found", &|| pantry.get("/cbo/v2/referrals"));
    nothing_came_of_it(&case);
}

#[test]
fn who_knocks_at_the_wrong_door_is_refused_and_only_that_is_recorded() {
    let case = Case::make();
    let before = case.gateway.kinds();
    let new = Referral { mrn: "B-2", ..Referral::food() }.bundle();
    case.pantry.post("/fhir", &new).expect(403);
    case.clinic.get("/cbo/v1/referrals").expect(403);
    case.gateway.stranger().post("/fhir", &new).expect(401);
    let mut expected = before;
    expected.extend(["phi.denied".to_owned(), "phi.denied".to_owned()]);
    assert_eq!(case.gateway.kinds(), expected);
}

/// The referral stands where it stood.
fn nothing_came_of_it(case: &Case) {
    assert_eq!(case.clinic.get(&case.task).expect(200).json["status"], "accepted");
    case.pantry.only_referral();
    let kinds = case.gateway.kinds();
    let count = |kind: &str| kinds.iter().filter(|one| *one == kind).count() as u64;
    assert_eq!((count("command.answered"), count("phi.denied")), (1, case.denied.get()));
}
