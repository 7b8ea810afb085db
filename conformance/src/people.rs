//! Invented people, and what is needed to refer one: Patient, Consent, ServiceRequest, Task.

use serde_json::{Value, json};

use crate::case::{Fail, fail};
use crate::client::{Answer, Party, reference_in};
use crate::world::World;

/// The guide's temporary codes.
pub const TMP: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
/// SDC's temporary codes.
pub const SDC: &str = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp";
/// SNOMED CT.
pub const SCT: &str = "http://snomed.info/sct";
/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// US Core's categories.
pub const US_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category";
/// The system of every identifier that a case makes up.
pub const MADE_UP: &str = "urn:example:conformance";

/// A profile of the guide.
pub fn sdohcc(name: &str) -> String {
    format!("http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-{name}")
}

/// A CodeableConcept of one code.
pub fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

/// A Reference.
pub fn to(reference: &str) -> Value {
    json!({ "reference": reference })
}

/// Somebody with these names, and an identifier that nobody has.
pub fn patient(world: &World, family: &str, given: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{ "system": MADE_UP, "value": format!("MRN-{}", world.unique()) }],
        "name": [{ "use": "official", "family": family, "given": [given] }],
        "telecom": [{ "system": "phone", "value": "+1 555 0133", "use": "mobile" }],
        "gender": "female",
        "birthDate": "1987-03-09",
        "address": [{ "line": ["9 Alder Walk"], "city": "Fernhill", "postalCode": "00000" }],
    })
}

/// A Consent of that patient: the target may be told about these needs.
pub fn consent(patient: &str, source: &str, target: Option<&str>, needs: &[&str]) -> Value {
    let codes: Vec<Value> = needs.iter().map(|need| concept(TMP, need)).collect();
    let role = concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
    let actors: Vec<Value> =
        target.iter().map(|target| json!({ "role": role, "reference": to(target) })).collect();
    let mut consent = json!({
        "resourceType": "Consent",
        "meta": { "profile": [sdohcc("Consent")] },
        "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IDSCL")],
        "patient": to(patient),
        "dateTime": "2025-11-20T09:30:00Z",
        "organization": [to(source)],
        "sourceAttachment": { "contentType": "application/pdf", "title": "Signed form" },
        "policyRule": concept("http://terminology.hl7.org/CodeSystem/consentpolicycodes", "hipaa-auth"),
        "provision": { "type": "deny" },
    });
    if !actors.is_empty() {
        consent["provision"]["provision"] = json!([{
            "type": "permit",
            "period": { "start": "2020-01-01", "end": "2035-12-31" },
            "actor": actors,
            "purpose": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "CAREMGT" }],
            "code": codes,
        }]);
    }
    consent
}

/// A ServiceRequest about a need.
pub fn request(patient: &str, need: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest",
        "meta": { "profile": [sdohcc("ServiceRequest")] },
        "status": "active",
        "intent": "order",
        "category": [concept(US_CATEGORY, "sdoh"), concept(TMP, need)],
        "code": concept(SCT, "467771000124109"),
        "subject": to(patient),
        "occurrenceDateTime": "2026-02-03T10:00:00Z",
        "authoredOn": "2026-02-01",
    })
}

/// A Task by which a source asks a target to fulfil a request.
pub fn task(world: &World, patient: &str, request: &str, source: &str, target: &str) -> Value {
    json!({
        "resourceType": "Task",
        "meta": { "profile": [sdohcc("TaskForReferralManagement")] },
        "identifier": [{ "system": MADE_UP, "value": format!("REF-{}", world.unique()) }],
        "status": "requested",
        "intent": "order",
        "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        "focus": to(request),
        "for": to(patient),
        "authoredOn": "2026-02-01T09:41:00Z",
        "requester": to(source),
        "owner": to(target),
    })
}

/// Creates a resource, and gives its `Type/id`.
pub fn create(party: &Party, body: &Value) -> Result<String, Fail> {
    let kind = body["resourceType"].as_str().unwrap_or_default();
    party.post(kind, body).expect(201)?.created()
}

/// The source's Organization: the one it was given, or a new one.
pub fn source_of(world: &World) -> Result<String, Fail> {
    match &world.access.source_reference {
        Some(reference) => Ok(reference.clone()),
        None => create(&world.source, &organization(world, "Alder Clinic")),
    }
}

/// An Organization.
pub fn organization(world: &World, name: &str) -> Value {
    json!({
        "resourceType": "Organization",
        "identifier": [{ "system": MADE_UP, "value": format!("ORG-{}", world.unique()) }],
        "active": true,
        "name": name,
    })
}

/// A referral as it stands: the source's references, and the target's.
#[derive(Debug, Clone, Default)]
pub struct Referred {
    /// The Patient.
    pub patient: String,
    /// The Consent, if there is one.
    pub consent: Option<String>,
    /// The source's ServiceRequest.
    pub request: String,
    /// The source's Task.
    pub task: String,
}

/// How to refer.
#[derive(Debug, Clone)]
pub struct Refer<'a> {
    /// The SDOH category.
    pub need: &'a str,
    /// What the Consent covers; none: there is no Consent.
    pub consented: Option<&'a [&'a str]>,
    /// Nobody may contact the person about it.
    pub contact_prohibited: bool,
}

impl Refer<'_> {
    /// For food, with consent to it.
    pub fn food() -> Refer<'static> {
        Refer {
            need: "food-insecurity",
            consented: Some(&["food-insecurity"]),
            contact_prohibited: false,
        }
    }

    /// Creates the Patient, the Consent, the ServiceRequest and the Task.
    pub fn send(&self, world: &World) -> Result<Referred, Fail> {
        let (_, target) = world.target()?;
        let source = source_of(world)?;
        let party = &world.source;
        let patient = create(party, &patient(world, "Okonkwo-Lind", "Astrid"))?;
        let consent = match self.consented {
            Some(needs) => Some(create(party, &consent(&patient, &source, Some(target), needs))?),
            None => None,
        };
        let mut asked = request(&patient, self.need);
        if let Some(consent) = &consent {
            asked["supportingInfo"] = json!([to(consent)]);
        }
        if self.contact_prohibited {
            asked["orderDetail"] = json!([concept(TMP, "contacting-subject-prohibited")]);
        }
        let request = create(party, &asked)?;
        let task = create(party, &task(world, &patient, &request, &source, target))?;
        Ok(Referred { patient, consent, request, task })
    }
}

/// The target's own Task about a patient, as it finds it by search.
pub fn placed(target: &Party, patient: &str) -> Result<Value, Fail> {
    let page = target.search("Task", &format!("patient={patient}"))?;
    let tasks = page.entries().iter().filter(|entry| entry["resource"]["resourceType"] == "Task");
    let tasks: Vec<Value> = tasks.map(|entry| entry["resource"].clone()).collect();
    match <[Value; 1]>::try_from(tasks) {
        Ok([task]) => Ok(task),
        Err(tasks) => {
            fail(format!("the target finds {} Tasks about its patient, not 1", tasks.len()))
        }
    }
}

/// A referral and the target's Task of it.
pub fn referred(world: &World) -> Result<(Referred, Value), Fail> {
    let (target, _) = world.target()?;
    let referred = Refer::food().send(world)?;
    let placed = placed(target, &referred.patient)?;
    Ok((referred, placed))
}

/// The same Task in another status, with a reason where the guide wants one.
pub fn in_status(task: &Value, status: &str) -> Value {
    let mut task = task.clone();
    task["status"] = json!(status);
    if let Some(members) = task.as_object_mut() {
        members.remove("statusReason");
    }
    if matches!(status, "rejected" | "cancelled" | "on-hold" | "failed") {
        task["statusReason"] = json!({ "text": "An invented reason" });
    }
    if status == "completed" {
        task["output"] = json!([{
            "type": concept(TMP, "resulting-activity"),
            "valueCodeableConcept": { "coding": [{ "system": SCT, "code": "467771000124109" }], "text": "Food box" },
        }]);
    }
    task
}

/// Moves a Task, and gives it as it is then read.
pub fn moved(party: &Party, task: &Value, status: &str) -> Result<Value, Fail> {
    let at = crate::client::reference_of(task);
    party.put(&at, &in_status(task, status)).expect(200)?;
    Ok(party.get(&at).expect(200)?.json)
}

/// Where an entry of a batch or transaction answer says that its resource is.
pub fn entry_at(answer: &Answer, n: usize) -> Result<String, Fail> {
    let location = answer.json["entry"][n]["response"]["location"].as_str();
    match location.and_then(reference_in) {
        Some(reference) => Ok(reference),
        None => fail(format!("entry {n} has no location: {}", answer.shown())),
    }
}
