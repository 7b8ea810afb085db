//! Rows of what is asked for, why, and what came of it.

use super::Served;
use super::row::{
    OF_PATIENT, OF_SUBJECT, PERFORMERS, REQUESTERS, by_target, composite, date, including, sdohcc,
    sdohcc_search, served, to, token, us_core,
};

pub(super) const CONDITION: Served = served(
    "Condition",
    &[sdohcc!("SDOHCC-Condition")],
    &[
        token("category", "Condition-category", &["category"]),
        token("clinical-status", "Condition-clinical-status", &["clinicalStatus"]),
        token("code", "clinical-code", &["code"]),
        token("identifier", "clinical-identifier", &["identifier"]),
        date("onset-date", "Condition-onset-date", &["onsetDateTime", "onsetPeriod"]),
        OF_SUBJECT,
        date("recorded-date", "Condition-recorded-date", &["recordedDate"]),
        token("verification-status", "Condition-verification-status", &["verificationStatus"]),
    ],
);

pub(super) const CONSENT: Served = including(
    served(
        "Consent",
        &[sdohcc!("SDOHCC-Consent")],
        &[
            token("category", "Consent-category", &["category"]),
            date("date", "clinical-date", &["dateTime"]),
            token("identifier", "clinical-identifier", &["identifier"]),
            to("organization", "Consent-organization", &["organization"], &["Organization"]),
            OF_PATIENT,
            token("scope", "Consent-scope", &["scope"]),
            to(
                "source-reference",
                "Consent-source-reference",
                &["sourceReference"],
                &["Consent", "Contract", "QuestionnaireResponse", "DocumentReference"],
            ),
            token("status", "Consent-status", &["status"]),
        ],
    ),
    &["Consent:source-reference", "Consent:source-reference:DocumentReference"],
    &[],
);

pub(super) const DIAGNOSTIC_REPORT: Served = served(
    "DiagnosticReport",
    &[],
    &[
        token("category", "DiagnosticReport-category", &["category"]),
        token("code", "clinical-code", &["code"]),
        date("date", "clinical-date", &["effectiveDateTime", "effectivePeriod"]),
        token("identifier", "clinical-identifier", &["identifier"]),
        OF_SUBJECT,
        token("status", "DiagnosticReport-status", &["status"]),
    ],
);

pub(super) const DOCUMENT_REFERENCE: Served = by_target(served(
    "DocumentReference",
    &[us_core!("documentreference")],
    &[
        token("category", "DocumentReference-category", &["category"]),
        date("date", "DocumentReference-date", &["date"]),
        token("identifier", "clinical-identifier", &["identifier", "masterIdentifier"]),
        OF_SUBJECT,
        token("status", "DocumentReference-status", &["status"]),
        token("type", "clinical-type", &["type"]),
    ],
));

pub(super) const ENCOUNTER: Served = served(
    "Encounter",
    &[],
    &[
        token("class", "Encounter-class", &["class"]),
        token("type", "clinical-type", &["type"]),
        date("date", "clinical-date", &["period"]),
        token("identifier", "clinical-identifier", &["identifier"]),
        OF_SUBJECT,
        token("status", "Encounter-status", &["status"]),
    ],
);

pub(super) const GOAL: Served = served(
    "Goal",
    &[sdohcc!("SDOHCC-Goal")],
    &[
        token("achievement-status", "Goal-achievement-status", &["achievementStatus"]),
        token("category", "Goal-category", &["category"]),
        token("identifier", "clinical-identifier", &["identifier"]),
        token("lifecycle-status", "Goal-lifecycle-status", &["lifecycleStatus"]),
        OF_SUBJECT,
        date("target-date", "Goal-target-date", &["target.dueDate"]),
    ],
);

pub(super) const IMMUNIZATION: Served = served(
    "Immunization",
    &[],
    &[
        date("date", "clinical-date", &["occurrenceDateTime"]),
        token("identifier", "clinical-identifier", &["identifier"]),
        OF_PATIENT,
        token("status", "Immunization-status", &["status"]),
    ],
);

pub(super) const OBSERVATION: Served = by_target(served(
    "Observation",
    &[sdohcc!("SDOHCC-ObservationAssessment"), sdohcc!("SDOHCC-ObservationScreeningResponse")],
    &[
        token("category", "Observation-category", &["category"]),
        token("code", "clinical-code", &["code"]),
        composite(
            "code-value-concept",
            "Observation-code-value-concept",
            "",
            &["code", "valueCodeableConcept"],
        ),
        date(
            "date",
            "clinical-date",
            &["effectiveDateTime", "effectivePeriod", "effectiveInstant"],
        ),
        to(
            "derived-from",
            "Observation-derived-from",
            &["derivedFrom"],
            &[
                "Media",
                "Observation",
                "ImagingStudy",
                "MolecularSequence",
                "QuestionnaireResponse",
                "DocumentReference",
            ],
        ),
        token("identifier", "clinical-identifier", &["identifier"]),
        OF_SUBJECT,
        token("status", "Observation-status", &["status"]),
    ],
));

pub(super) const PROCEDURE: Served = including(
    by_target(served(
        "Procedure",
        &[sdohcc!("SDOHCC-Procedure")],
        &[
            to("based-on", "Procedure-based-on", &["basedOn"], &["CarePlan", "ServiceRequest"]),
            token("category", "Procedure-category", &["category"]),
            token("code", "clinical-code", &["code"]),
            date("date", "clinical-date", &["performedDateTime", "performedPeriod"]),
            token("identifier", "clinical-identifier", &["identifier"]),
            OF_SUBJECT,
            to("performer", "Procedure-performer", &["performer.actor"], REQUESTERS),
            token("status", "Procedure-status", &["status"]),
        ],
    )),
    &["Procedure:based-on", "Procedure:performer"],
    &[],
);

pub(super) const SERVICE_REQUEST: Served = including(
    served(
        "ServiceRequest",
        &[sdohcc!("SDOHCC-ServiceRequest")],
        &[
            date("authored", "ServiceRequest-authored", &["authoredOn"]),
            to(
                "based-on",
                "ServiceRequest-based-on",
                &["basedOn"],
                &["CarePlan", "MedicationRequest", "ServiceRequest"],
            ),
            token("category", "ServiceRequest-category", &["category"]),
            token("code", "clinical-code", &["code"]),
            token("identifier", "clinical-identifier", &["identifier"]),
            token("intent", "ServiceRequest-intent", &["intent"]),
            date(
                "occurrence",
                "ServiceRequest-occurrence",
                &["occurrenceDateTime", "occurrencePeriod", "occurrenceTiming"],
            ),
            OF_SUBJECT,
            to("performer", "ServiceRequest-performer", &["performer"], PERFORMERS),
            token("priority", "ServiceRequest-priority", &["priority"]),
            to("requester", "ServiceRequest-requester", &["requester"], REQUESTERS),
            token("status", "ServiceRequest-status", &["status"]),
            to(
                "supporting-info",
                sdohcc_search!("ServiceRequest-supporting-info"),
                &["supportingInfo"],
                &[],
            ),
        ],
    ),
    &[
        "ServiceRequest:supporting-info",
        "ServiceRequest:patient",
        "ServiceRequest:requester",
        "ServiceRequest:performer",
        "ServiceRequest:based-on",
    ],
    &["Task:focus", "Procedure:based-on"],
);

pub(super) const TASK: Served = including(
    served(
        "Task",
        &[sdohcc!("SDOHCC-TaskForPatient"), sdohcc!("SDOHCC-TaskForReferralManagement")],
        &[
            to("based-on", "Task-based-on", &["basedOn"], &[]),
            token("group-identifier", "Task-group-identifier", &["groupIdentifier"]),
            to("subject", "Task-subject", &["for"], &[]),
            date("authored-on", "Task-authored-on", &["authoredOn"]),
            token("business-status", "Task-business-status", &["businessStatus"]),
            token("code", "Task-code", &["code"]),
            to("focus", "Task-focus", &["focus"], &[]),
            token("identifier", "Task-identifier", &["identifier"]),
            token("intent", "Task-intent", &["intent"]),
            date("modified", "Task-modified", &["lastModified"]),
            to("output", sdohcc_search!("Task-output-reference"), &["output.valueReference"], &[]),
            to("owner", "Task-owner", &["owner"], PERFORMERS),
            to("part-of", "Task-part-of", &["partOf"], &["Task"]),
            to("patient", "Task-patient", &["for"], &["Patient"]),
            token("priority", "Task-priority", &["priority"]),
            to("requester", "Task-requester", &["requester"], REQUESTERS),
            token("status", "Task-status", &["status"]),
        ],
    ),
    &["Task:focus", "Task:output", "Task:patient", "Task:owner", "Task:requester", "Task:part-of"],
    &["Task:part-of"],
);
