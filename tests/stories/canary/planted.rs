//! Resources with a word of its own in every field that takes words (FHIR R4), and the list of which
//! word is where.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::harness::consent;

/// What every word begins with.
pub const STEM: &str = "zqxcanary";
/// The system of the patients' own number, which the story finds them by.
pub const MRN: &str = "urn:example:clinic-b:mrn";
const TMP: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";

/// The words that were planted, each with its place.
#[derive(Default)]
pub struct Planted(Vec<(String, String)>);

impl Planted {
    /// A word of its own for this place.
    fn word(&mut self, at: &str) -> String {
        let word = format!("{STEM}{:04}", self.0.len());
        self.0.push((word.clone(), at.to_owned()));
        word
    }

    /// Every word and its place.
    pub fn words(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    /// Whether nobody reads this place back: it was only in messages that were refused, or it is the
    /// form, which its supplier sees as base64.
    pub fn unread(&self, at: &str) -> bool {
        at == "Consent.sourceAttachment.data"
    }

    fn coded(&mut self, at: &str, system: &str, code: &str) -> Value {
        let coding = json!({
            "system": system, "code": code, "display": self.word(&format!("{at}.display")),
            "version": self.word(&format!("{at}.version")),
        });
        json!({ "coding": [coding], "text": self.word(&format!("{at}.text")) })
    }

    fn identifier(&mut self, at: &str) -> Value {
        json!({
            "use": "usual", "type": { "text": self.word(&format!("{at}.type")) },
            "system": format!("urn:example:{}", self.word(&format!("{at}.system"))),
            "value": self.word(&format!("{at}.value")),
            "assigner": { "display": self.word(&format!("{at}.assigner")) },
        })
    }

    fn reference(&mut self, at: &str) -> Value {
        json!({ "display": self.word(&format!("{at}.display")), "identifier": self.identifier(at) })
    }

    fn named(&mut self, at: &str, usage: &str) -> Value {
        json!({
            "use": usage, "text": self.word(&format!("{at}.text")),
            "family": self.word(&format!("{at}.family")), "given": [self.word(&format!("{at}.given"))],
            "prefix": [self.word(&format!("{at}.prefix"))], "suffix": [self.word(&format!("{at}.suffix"))],
        })
    }

    fn address(&mut self, at: &str) -> Value {
        let mut address = Map::new();
        for part in ["text", "city", "district", "state", "postalCode", "country"] {
            address.insert(part.to_owned(), json!(self.word(&format!("{at}.{part}"))));
        }
        address.insert("line".to_owned(), json!([self.word(&format!("{at}.line"))]));
        Value::Object(address)
    }

    fn note(&mut self, at: &str) -> Value {
        json!([{ "text": self.word(&format!("{at}.note")), "authorString": self.word(&format!("{at}.author")) }])
    }

    /// What every resource may have: text, contained, extensions, meta.
    fn domain(&mut self, kind: &str, resource: &mut Value) {
        let at = |what: &str| format!("{kind}.{what}");
        resource["text"] = json!({
            "status": "generated",
            "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{}</div>", self.word(&at("text.div"))),
        });
        resource["language"] = json!(format!("en-x-{}", self.word(&at("language"))));
        resource["extension"] = json!([{
            "url": format!("urn:example:{}", self.word(&at("extension.url"))),
            "valueString": self.word(&at("extension.value")),
        }]);
        resource["contained"] = json!([{
            "resourceType": "Condition", "id": "hidden",
            "subject": { "display": self.word(&at("contained.subject")) },
            "code": { "text": self.word(&at("contained.code")) },
            "meta": { "security": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV" }] },
        }]);
        resource["meta"] = json!({
            "source": format!("urn:example:{}", self.word(&at("meta.source"))),
            "tag": [{ "system": format!("urn:example:{}", self.word(&at("meta.tag.system"))), "code": self.word(&at("meta.tag.code")), "display": self.word(&at("meta.tag")) }],
        });
    }

    fn patient(&mut self, n: usize) -> Value {
        let at = "Patient";
        let mut patient = json!({
            "resourceType": at,
            "identifier": [{ "system": MRN, "value": format!("canary-{n}") }, self.identifier("Patient.identifier")],
            "active": true,
            "name": [self.named("Patient.name[0]", "official"), self.named("Patient.name[old]", "old"), self.named("Patient.name[maiden]", "maiden")],
            "telecom": [
                { "system": "phone", "value": self.word("Patient.telecom[phone].value") },
                { "system": "email", "value": format!("{}@example.org", self.word("Patient.telecom[email].value")) },
                { "system": "phone", "use": "old", "value": self.word("Patient.telecom[old].value") },
            ],
            "gender": "female",
            "birthDate": "1937-03-09",
            "address": [self.address("Patient.address")],
            "maritalStatus": { "text": self.word("Patient.maritalStatus") },
            "photo": [{ "title": self.word("Patient.photo.title"), "contentType": "image/png", "data": "AAAA" }],
            "contact": [{
                "relationship": [{ "text": self.word("Patient.contact.relationship") }],
                "name": self.named("Patient.contact.name", "usual"),
                "telecom": [{ "system": "phone", "value": self.word("Patient.contact.telecom") }],
                "address": self.address("Patient.contact.address"),
                "organization": { "display": self.word("Patient.contact.organization") },
            }],
            "communication": [{ "preferred": true, "language": {
                "coding": [{ "system": "urn:ietf:bcp:47", "code": "es", "display": self.word("Patient.communication.language.display") }],
                "text": self.word("Patient.communication.language.text"),
            } }],
            "generalPractitioner": [self.reference("Patient.generalPractitioner")],
            "managingOrganization": self.reference("Patient.managingOrganization"),
        });
        self.domain(at, &mut patient);
        patient
    }

    fn consent(&mut self, patient: &str) -> Value {
        let needs = [crate::harness::Need::Food];
        let mut one = consent(patient, "clinic-b", &needs, "2026-11-20", "2027-11-20");
        one["identifier"] = json!([self.identifier("Consent.identifier")]);
        one["sourceAttachment"] = json!({
            "contentType": "text/plain", "title": self.word("Consent.sourceAttachment.title"),
        });
        one["performer"] =
            json!([{ "reference": patient, "display": self.word("Consent.performer") }]);
        one["patient"]["display"] = json!(self.word("Consent.patient.display"));
        one["provision"]["provision"][0]["actor"].as_array_mut().unwrap().iter_mut().for_each(
            |actor| {
                let word = format!("{STEM}{:04}", self.0.len());
                self.0.push((word.clone(), "Consent.provision.actor.display".to_owned()));
                actor["reference"]["display"] = json!(word);
            },
        );
        self.domain("Consent", &mut one);
        one
    }

    fn request(&mut self, patient: &str, observation: &str) -> Value {
        let at = "ServiceRequest";
        let mut request = json!({
            "resourceType": at, "status": "active", "intent": "order", "priority": "urgent",
            "identifier": [self.identifier("ServiceRequest.identifier")],
            "requisition": self.identifier("ServiceRequest.requisition"),
            "category": [self.coded("ServiceRequest.category", TMP, "food-insecurity")],
            "code": self.coded("ServiceRequest.code", "http://snomed.info/sct", "467771000124109"),
            "subject": { "reference": patient, "display": self.word("ServiceRequest.subject.display") },
            "requester": self.reference("ServiceRequest.requester"),
            "performer": [self.reference("ServiceRequest.performer")],
            "performerType": { "text": self.word("ServiceRequest.performerType") },
            "locationCode": [{ "text": self.word("ServiceRequest.locationCode") }],
            "reasonCode": [{ "text": self.word("ServiceRequest.reasonCode.text") }],
            "reasonReference": [self.reference("ServiceRequest.reasonReference")],
            "insurance": [self.reference("ServiceRequest.insurance")],
            "supportingInfo": [{ "reference": observation, "display": self.word("ServiceRequest.supportingInfo.display") }],
            "bodySite": [{ "text": self.word("ServiceRequest.bodySite") }],
            "note": self.note("ServiceRequest"),
            "patientInstruction": self.word("ServiceRequest.patientInstruction"),
            "relevantHistory": [self.reference("ServiceRequest.relevantHistory")],
            "authoredOn": "2026-11-20T09:40:00Z",
        });
        self.domain(at, &mut request);
        request
    }

    fn observation(&mut self, patient: &str) -> Value {
        let at = "Observation";
        let mut observation = json!({
            "resourceType": at, "status": "final",
            "identifier": [self.identifier("Observation.identifier")],
            "category": [{ "text": self.word("Observation.category") }],
            "code": self.coded("Observation.code", "http://loinc.org", "63512-8"),
            "subject": { "reference": patient, "display": self.word("Observation.subject.display") },
            "focus": [self.reference("Observation.focus")],
            "performer": [self.reference("Observation.performer")],
            "effectiveDateTime": "2026-11-20T09:00:00Z",
            "valueQuantity": { "value": 4, "unit": self.word("Observation.unit") },
            "interpretation": [{ "text": self.word("Observation.interpretation") }],
            "note": self.note("Observation"),
            "method": { "text": self.word("Observation.method") },
            "device": self.reference("Observation.device"),
            "component": [{ "code": { "text": self.word("Observation.component") }, "valueString": self.word("Observation.component.value") }],
        });
        self.domain(at, &mut observation);
        observation
    }

    fn task(&mut self, n: usize, patient: &str, request: &str, target: &str) -> Value {
        let at = "Task";
        let npi = |value: &str| json!({ "system": "urn:example:npi", "value": value });
        let mut task = json!({
            "resourceType": at, "status": "requested", "intent": "order", "priority": "urgent",
            "identifier": [{ "system": "urn:example:clinic-b:referral", "value": format!("{}-{n}", self.word("Task.identifier")) }],
            "groupIdentifier": self.identifier("Task.groupIdentifier"),
            "code": { "coding": [{ "system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill" }], "text": self.word("Task.code.text") },
            "description": self.word("Task.description"),
            "focus": { "reference": request, "display": self.word("Task.focus.display") },
            "for": { "reference": patient, "display": self.word("Task.for.display") },
            "authoredOn": "2026-11-20T09:41:00Z",
            "requester": { "identifier": npi("clinic-b"), "reference": "Organization/clinic-b", "display": self.word("Task.requester.display") },
            "owner": { "identifier": npi(target), "display": self.word("Task.owner.display") },
            "performerType": [{ "text": self.word("Task.performerType") }],
            "location": self.reference("Task.location"),
            "reasonCode": { "text": self.word("Task.reasonCode.text") },
            "reasonReference": self.reference("Task.reasonReference"),
            "insurance": [self.reference("Task.insurance")],
            "note": self.note("Task"),
            "input": [{ "type": { "text": self.word("Task.input.type") }, "valueString": self.word("Task.input.value") }],
        });
        self.domain(at, &mut task);
        task
    }

    /// One of every other type that is taken in.
    fn others(&mut self, patient: &str) -> Vec<Value> {
        let whose = json!({ "reference": patient });
        let some = [
            ("Condition", json!({ "subject": whose })),
            ("Procedure", json!({ "status": "completed", "subject": whose })),
            (
                "Goal",
                json!({ "lifecycleStatus": "active", "subject": whose, "description": { "text": "x" } }),
            ),
            ("RelatedPerson", json!({ "patient": whose })),
            (
                "DocumentReference",
                json!({ "status": "current", "subject": whose, "content": [{ "attachment": { "contentType": "text/plain" } }] }),
            ),
            ("QuestionnaireResponse", json!({ "status": "completed", "subject": whose })),
            (
                "Immunization",
                json!({ "status": "completed", "patient": whose, "vaccineCode": { "text": "x" }, "occurrenceString": "x" }),
            ),
            ("Device", json!({ "patient": whose })),
            (
                "Coverage",
                json!({ "status": "active", "beneficiary": whose, "payor": [{ "display": "x" }] }),
            ),
            (
                "DiagnosticReport",
                json!({ "status": "final", "code": { "text": "x" }, "subject": whose }),
            ),
            (
                "Encounter",
                json!({ "status": "finished", "class": { "code": "AMB" }, "subject": whose }),
            ),
            ("Organization", json!({})),
            ("Practitioner", json!({})),
            ("PractitionerRole", json!({})),
            ("Location", json!({})),
            ("HealthcareService", json!({})),
        ];
        let some = some.into_iter().map(|(kind, mut resource)| {
            resource["resourceType"] = json!(kind);
            resource["identifier"] = json!([self.identifier(&format!("{kind}.identifier"))]);
            match kind {
                "Condition" | "Procedure" | "Immunization" | "Goal" => {
                    resource["note"] = self.note(kind);
                }
                "RelatedPerson" | "Practitioner" => {
                    resource["name"] = json!([self.named(&format!("{kind}.name"), "usual")]);
                    resource["address"] = json!([self.address(&format!("{kind}.address"))]);
                }
                "Organization" | "Location" | "HealthcareService" => {
                    resource["name"] = json!(self.word(&format!("{kind}.name")));
                }
                "DocumentReference" => {
                    resource["description"] = json!(self.word("DocumentReference.description"));
                }
                _ => {}
            }
            if kind == "QuestionnaireResponse" {
                resource["identifier"] = resource["identifier"][0].clone();
                resource["item"] = json!([{
                    "linkId": "1", "text": self.word("QuestionnaireResponse.item.text"),
                    "answer": [{ "valueString": self.word("QuestionnaireResponse.item.answer") }],
                }]);
            }
            self.domain(kind, &mut resource);
            resource
        });
        some.collect()
    }

    /// A referral to a target, with a word in every field.
    pub fn bundle(&mut self, n: usize, target: &str) -> Value {
        let url = |k: usize| format!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{n:06}{k:06}");
        let resources = [
            self.patient(n),
            self.consent(&url(0)),
            self.observation(&url(0)),
            self.request(&url(0), &url(2)),
            self.task(n, &url(0), &url(3), target),
        ];
        let others = self.others(&url(0));
        let entries = resources.into_iter().chain(others).enumerate().map(|(k, resource)| {
            let kind = resource["resourceType"].clone();
            json!({ "fullUrl": url(k), "resource": resource, "request": { "method": "POST", "url": kind } })
        });
        json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries.collect::<Vec<_>>() })
    }

    /// The same, whose consent is a form that a person has to read.
    pub fn scanned(&mut self, n: usize) -> Value {
        let mut bundle = self.bundle(n, "pantry");
        let form = self.word("Consent.sourceAttachment.data");
        let consent = &mut bundle["entry"][1]["resource"];
        consent.as_object_mut().unwrap().remove("provision");
        let data = base64::engine::general_purpose::STANDARD.encode(form);
        consent["sourceAttachment"]["data"] = json!(data);
        bundle
    }
}
