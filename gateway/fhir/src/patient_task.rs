//! SDOHCC TaskForPatient: what a patient, or somebody close to them, is asked to do. No referral.
//!
//! Not here: the rules of the profile for each `Task.code` (SDOH-Task-1 to -7, `validate`).

use crate::code::{SDC_TEMP, SDOHCC, TASK_CODE, is_coded};
use crate::fault::Faults;
use crate::party::{PartyRef, literal};
use crate::task::of_kind;
use crate::{Fault, IssueCode, Json, Resource};

const PROFILES: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-";
const FOR_PATIENT: &str = "TaskForPatient";
const FOR_REFERRAL: &str = "TaskForReferralManagement";

/// Value set SDOHCC-ValueSetTaskCode.
const CODES: [(&str, &str); 4] = [
    (SDOHCC, "make-contact"),
    (SDOHCC, "review-material"),
    (SDOHCC, "general-information"),
    (SDC_TEMP, "complete-questionnaire"),
];

/// Value set SDOHCC-ValueSetTaskStatus.
const STATUSES: [&str; 7] =
    ["ready", "in-progress", "completed", "cancelled", "on-hold", "failed", "entered-in-error"];

/// A Task for a patient: it is kept, and means nothing more to us.
pub struct PatientTaskIn;

impl PatientTaskIn {
    /// Whether a Task is meant for a patient, and not for a referral: its profile says so, or where
    /// it claims neither, its code. A Task to fulfill a request never is by its code.
    pub fn is_meant(task: &Resource) -> bool {
        let json = &task.json;
        match (claims(json, FOR_PATIENT), claims(json, FOR_REFERRAL)) {
            (true, false) => true,
            (false, true) => false,
            _ => CODES.iter().any(|(system, code)| is_coded(json.get("code"), system, code)),
        }
    }

    /// Whether it is what such a Task has to be.
    pub fn check(resource: &Resource) -> Result<(), Vec<Fault>> {
        let json = of_kind(resource, "Task")?;
        let mut faults = Faults::default();
        if !json.text("status").is_some_and(|status| STATUSES.contains(&status)) {
            let words = "is not a status of a Task for a patient";
            faults.push(Fault::value("Task.status", words));
        }
        if json.text("intent") != Some("order") {
            faults.push(Fault::value("Task.intent", "is not order"));
        }
        faults.take(code(json));
        faults.take(owner(json));
        faults.take(literal(json, "for", "Patient", "Task"));
        faults.or(Some(()))
    }
}

/// Whether it claims this profile, in any version of it.
fn claims(task: &Json, profile: &str) -> bool {
    let claimed = task.list("meta.profile").iter().filter_map(Json::as_str);
    let mut names = claimed.filter_map(|one| one.strip_prefix(PROFILES));
    names.any(|name| name.split('|').next() == Some(profile))
}

/// The value set is extensible, but who fulfills a request is asked by a referral.
fn code(task: &Json) -> Result<(), Fault> {
    match task.get("code") {
        code @ Some(_) if is_coded(code, TASK_CODE, "fulfill") => {
            let words = "is fulfill: the Task is a referral";
            Err(Fault::new(IssueCode::BusinessRule, "Task.code", words))
        }
        Some(_) => Ok(()),
        None => Err(Fault::required("Task.code")),
    }
}

fn owner(task: &Json) -> Result<(), Fault> {
    let Some(owner) = task.get("owner") else { return Err(Fault::required("Task.owner")) };
    match PartyRef::kind(owner).as_deref() {
        // A `urn:uuid` does not say.
        Some("Patient" | "RelatedPerson") | None => PartyRef::read(owner, "Task.owner").map(drop),
        Some(_) => Err(Fault::not_supported("Task.owner", "is no Patient and no RelatedPerson")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    const TASK: &str = r#"{"resourceType":"Task","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForPatient|3.0.0"]},
"status":"ready","intent":"order","priority":"routine","description":"d",
"authoredOn":"2026-01-02T03:04:05Z","requester":{"reference":"Organization/1"},
"input":[{"type":{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"contact-entity"}]},
"valueReference":{"reference":"HealthcareService/1"}}],
"code":{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"make-contact"}]},
"for":{"reference":"Patient/1"},"owner":{"reference":"RelatedPerson/1"}}"#;

    /// Not checked against the profile it claims: what is read of it is looked at alone.
    fn task(text: &str) -> Resource {
        let json = Json::parse(text.as_bytes(), "Task", &Limits::default()).unwrap();
        Resource { kind: "Task", json, received: text.as_bytes().into(), warnings: Vec::new() }
    }

    fn with(from: &str, to: &str) -> Resource {
        assert!(TASK.contains(from), "{from}");
        task(&TASK.replacen(from, to, 1))
    }

    #[test]
    fn a_task_for_a_patient_is_read() {
        assert_eq!(PatientTaskIn::check(&task(TASK)), Ok(()));
        let urn = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";
        assert!(PatientTaskIn::check(&with("RelatedPerson/1", urn)).is_ok());
        // The seven of the value set, and what of R4 is not among them.
        for status in STATUSES {
            assert!(PatientTaskIn::check(&with(r#""ready""#, &format!("\"{status}\""))).is_ok());
        }
    }

    #[test]
    fn a_fault_is_where_it_is() {
        use IssueCode::{BusinessRule, NotSupported, Required, Value};
        for (from, to, place, code) in [
            ("ready", "requested", "Task.status", Value),
            ("ready", "received", "Task.status", Value),
            ("ready", "accepted", "Task.status", Value),
            ("ready", "draft", "Task.status", Value),
            ("ready", "rejected", "Task.status", Value),
            (r#""order""#, r#""plan""#, "Task.intent", Value),
            (r#""code":{"#, r#""x":{"#, "Task.code", Required),
            ("RelatedPerson/1", "Organization/1", "Task.owner", NotSupported),
            (r#""owner":{"#, r#""x":{"#, "Task.owner", Required),
            (r#""owner":{"#, r#""owner":{"display":"d"},"x":{"#, "Task.owner.reference", Required),
            (r#""for":{"#, r#""x":{"#, "Task.for", Required),
            ("Patient/1", "Group/1", "Task.for", NotSupported),
            (r#""for":{"#, r#""for":{"display":"d"},"x":{"#, "Task.for", NotSupported),
            (
                r#""code":{"coding":["#,
                r#""code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"},"#,
                "Task.code",
                BusinessRule,
            ),
        ] {
            // Without a claim: what a profile asks is found before.
            let bare = TASK.replacen(r#""meta":{"#, r#""y":{"#, 1);
            assert!(bare.contains(from), "{from}");
            let faults = PatientTaskIn::check(&task(&bare.replacen(from, to, 1))).unwrap_err();
            let got: Vec<(&str, IssueCode)> =
                faults.iter().map(|fault| (fault.expression.as_str(), fault.code)).collect();
            assert_eq!(got, [(place, code)], "{to}");
        }
    }

    #[test]
    fn a_task_is_for_a_patient_by_its_profile_or_else_by_its_code() {
        let check = |from: &str, to: &str, want: bool| {
            // Whatever its profile asks besides.
            assert!(TASK.contains(from), "{from}");
            let text = TASK.replacen(from, to, 1);
            let json = Json::parse(text.as_bytes(), "Task", &Limits::default()).unwrap();
            let resource = Resource { json, ..task(TASK) };
            assert_eq!(PatientTaskIn::is_meant(&resource), want, "{to}");
        };
        let fulfill = r#""code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},"x":{"#;
        check("|3.0.0", "", true);
        check("TaskForPatient|3.0.0", "TaskForPatient|2.3.0", true);
        // The profile's word goes before the code's.
        check("TaskForPatient|3.0.0", "TaskForReferralManagement", false);
        check(r#""code":{"#, fulfill, true);
        // It claims neither: nothing but a code of the value set makes it one.
        check(r#""meta":{"#, r#""x":{"#, true);
        check("SDOHCC-TaskForPatient|3.0.0", "SDOHCC-TaskForPatientX", true);
        let bare = TASK.replacen(r#""meta":{"#, r#""y":{"#, 1);
        for (from, to, want) in [
            ("make-contact", "review-material", true),
            ("make-contact", "general-information", true),
            ("make-contact", "resulting-activity", false),
            (
                "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes\",\"code\":\"make-contact",
                "http://hl7.org/fhir/uv/sdc/CodeSystem/temp\",\"code\":\"complete-questionnaire",
                true,
            ),
            ("make-contact", "complete-questionnaire", false),
            (r#""code":{"#, fulfill, false),
        ] {
            assert!(bare.contains(from));
            let meant = PatientTaskIn::is_meant(&task(&bare.replacen(from, to, 1)));
            assert_eq!(meant, want, "{to}");
        }
    }
}
