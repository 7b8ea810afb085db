//! Messages of invented people, made to measure.

use serde_json::{Value, json};

const TMP: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";

/// What is needed, and who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Food,
    Housing,
}

impl Need {
    pub fn category(self) -> &'static str {
        match self {
            Need::Food => "food-insecurity",
            Need::Housing => "housing-instability",
        }
    }

    pub fn target(self) -> &'static str {
        match self {
            Need::Food => "pantry",
            Need::Housing => "housing",
        }
    }
}

/// A Patient with an MRN of that source, and Maria's name and birth date.
pub fn patient(source: &str, mrn: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{ "system": format!("urn:example:{source}:mrn"), "value": mrn }],
        "name": [{ "use": "official", "family": "Lindqvist-Okafor", "given": ["Maria"] }],
        "telecom": [{ "system": "phone", "value": "+1 555 0142" }],
        "birthDate": "1988-04-02",
        "address": [{ "line": ["14 Juniper Row"], "city": "Fernhill" }],
    })
}

/// A computable Consent of a patient: these needs, to their targets, disclosed by that source, in
/// force from `start` until the end of `end`.
pub fn consent(patient: &str, source: &str, needs: &[Need], start: &str, end: &str) -> Value {
    let actor = |name: &str| {
        json!({
            "role": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP" }] },
            "reference": { "identifier": { "system": "urn:example:npi", "value": name } },
        })
    };
    let codes: Vec<Value> = needs
        .iter()
        .map(|need| json!({ "coding": [{ "system": TMP, "code": need.category() }] }))
        .collect();
    json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IDSCL" }] }],
        "patient": { "reference": patient },
        "dateTime": "2026-11-20T09:30:00Z",
        "organization": [{ "identifier": { "system": "urn:example:npi", "value": source } }],
        "sourceAttachment": { "contentType": "application/pdf", "title": "Signed form" },
        "policyRule": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentpolicycodes", "code": "hipaa-auth" }] },
        "provision": { "type": "deny", "provision": [{
            "type": "permit",
            "period": { "start": start, "end": end },
            "actor": [actor("pantry"), actor("housing"), actor("push-pantry"), actor("mail-pantry")],
            "purpose": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "CAREMGT" }],
            "code": codes,
        }] },
    })
}

/// A transaction Bundle about one patient: entry 0 is the Patient, then the Consent if there is
/// one, then for each need its ServiceRequest and Task.
#[derive(Debug, Clone)]
pub struct Referral {
    pub source: &'static str,
    pub mrn: &'static str,
    /// What the consent covers; `None` sends no Consent.
    pub consent: Option<Vec<Need>>,
    /// The consent's period.
    pub period: (&'static str, &'static str),
    pub needs: Vec<Need>,
    /// The owner of every Task instead of the need's own target.
    pub owner: Option<&'static str>,
    pub contact_prohibited: bool,
}

impl Referral {
    /// Clinic B refers Maria for food, with consent to it.
    pub fn food() -> Referral {
        Referral {
            source: "clinic-b",
            mrn: "B-20417",
            consent: Some(vec![Need::Food]),
            period: ("2026-11-20", "2027-11-20"),
            needs: vec![Need::Food],
            owner: None,
            contact_prohibited: false,
        }
    }

    /// The Bundle.
    pub fn bundle(&self) -> Value {
        let url = |n: usize| format!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{n:012}");
        let entry = |n: usize, resource: Value| {
            let kind = resource["resourceType"].clone();
            json!({ "fullUrl": url(n), "resource": resource, "request": { "method": "POST", "url": kind } })
        };
        let mut entries = vec![entry(0, patient(self.source, self.mrn))];
        if let Some(needs) = &self.consent {
            let (start, end) = self.period;
            entries.push(entry(1, consent(&url(0), self.source, needs, start, end)));
        }
        for (k, need) in self.needs.iter().enumerate() {
            let (request, task) = (10 + 2 * k, 11 + 2 * k);
            entries.push(entry(request, self.request(*need, &url(0))));
            entries.push(entry(task, self.task(*need, &url(0), &url(request), k)));
        }
        json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
    }

    /// A Bundle about one person who is referred so often for the same, under a number of its own.
    pub fn many(mrn: &str, each: usize) -> Value {
        let url = |n: usize| format!("urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{n:012}");
        let one = Referral::food().bundle();
        let entries = one["entry"].as_array().unwrap();
        let mut all: Vec<Value> = entries[..2].to_vec();
        all[0]["resource"] = patient("clinic-b", mrn);
        for n in 0..each {
            let (mut request, mut task) = (entries[2].clone(), entries[3].clone());
            request["fullUrl"] = json!(url(100 + 2 * n));
            task["fullUrl"] = json!(url(101 + 2 * n));
            task["resource"]["focus"]["reference"] = json!(url(100 + 2 * n));
            task["resource"]["identifier"][0]["value"] = json!(format!("{mrn}-{n}"));
            all.extend([request, task]);
        }
        json!({ "resourceType": "Bundle", "type": "transaction", "entry": all })
    }

    /// Which entry of the answer is the Task of the nth need.
    pub fn task_entry(&self, n: usize) -> usize {
        1 + usize::from(self.consent.is_some()) + 2 * n + 1
    }

    fn request(&self, need: Need, patient: &str) -> Value {
        let mut request = json!({
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "category": [{ "coding": [{ "system": TMP, "code": need.category() }] }],
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "467771000124109" }] },
            "subject": { "reference": patient },
        });
        if self.contact_prohibited {
            request["orderDetail"] =
                json!([{ "coding": [{ "system": TMP, "code": "contacting-subject-prohibited" }] }]);
        }
        request
    }

    fn task(&self, need: Need, patient: &str, request: &str, n: usize) -> Value {
        let owner = self.owner.unwrap_or(need.target());
        json!({
            "resourceType": "Task",
            "identifier": [{ "system": format!("urn:example:{}:referral", self.source), "value": format!("{}-{n}", self.mrn) }],
            "status": "requested",
            "intent": "order",
            "code": { "coding": [{ "system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill" }] },
            "focus": { "reference": request },
            "for": { "reference": patient },
            "authoredOn": "2026-11-20T09:41:00Z",
            "requester": { "identifier": { "system": "urn:example:npi", "value": self.source }, "reference": format!("Organization/{}", self.source) },
            "owner": { "identifier": { "system": "urn:example:npi", "value": owner } },
        })
    }
}
