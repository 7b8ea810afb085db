//! Rows of who takes part, and where: people, organizations, services, forms.

use super::Served;
use super::row::{
    OF_SUBJECT, REQUESTERS, by_target, composite, date, including, sdohcc, served, string, to,
    token, uri, us_core,
};

pub(super) const CARE_TEAM: Served = served(
    "CareTeam",
    &[us_core!("careteam")],
    &[
        token("category", "CareTeam-category", &["category"]),
        OF_SUBJECT,
        token("identifier", "clinical-identifier", &["identifier"]),
        to(
            "participant",
            "CareTeam-participant",
            &["participant.member"],
            &[
                "Practitioner",
                "Organization",
                "CareTeam",
                "Patient",
                "PractitionerRole",
                "RelatedPerson",
            ],
        ),
        token("status", "CareTeam-status", &["status"]),
    ],
);

pub(super) const COVERAGE: Served = served(
    "Coverage",
    &[],
    &[
        token("type", "Coverage-type", &["type"]),
        to("beneficiary", "Coverage-beneficiary", &["beneficiary"], &["Patient"]),
        token("identifier", "Coverage-identifier", &["identifier"]),
        to("patient", "Coverage-patient", &["beneficiary"], &["Patient"]),
        token("status", "Coverage-status", &["status"]),
    ],
);

pub(super) const DEVICE: Served = by_target(served(
    "Device",
    &["http://hl7.org/fhir/StructureDefinition/Device"],
    &[
        token("identifier", "Device-identifier", &["identifier"]),
        to("patient", "Device-patient", &["patient"], &["Patient"]),
        token("status", "Device-status", &["status"]),
        token("type", "Device-type", &["type"]),
    ],
));

pub(super) const GROUP: Served = including(
    served(
        "Group",
        &[sdohcc!("SDOHCC-Group")],
        &[
            token("characteristic", "Group-characteristic", &["characteristic.code"]),
            composite(
                "characteristic-value",
                "Group-characteristic-value",
                "characteristic",
                &["code", "valueCodeableConcept", "valueBoolean"],
            ),
            token("identifier", "Group-identifier", &["identifier"]),
            to(
                "managing-entity",
                "Group-managing-entity",
                &["managingEntity"],
                &["Practitioner", "Organization", "PractitionerRole", "RelatedPerson"],
            ),
            to(
                "member",
                "Group-member",
                &["member.entity"],
                &[
                    "Practitioner",
                    "Group",
                    "Device",
                    "Medication",
                    "Patient",
                    "Substance",
                    "PractitionerRole",
                ],
            ),
            token("type", "Group-type", &["type"]),
        ],
    ),
    &["Group:member"],
    &[],
);

pub(super) const HEALTHCARE_SERVICE: Served = including(
    by_target(served(
        "HealthcareService",
        &[sdohcc!("SDOHCC-HealthcareService")],
        &[
            token("specialty", "HealthcareService-specialty", &["specialty"]),
            token("active", "HealthcareService-active", &["active"]),
            token("characteristic", "HealthcareService-characteristic", &["characteristic"]),
            token("identifier", "HealthcareService-identifier", &["identifier"]),
            to("location", "HealthcareService-location", &["location"], &["Location"]),
            string("name", "HealthcareService-name", &["name"]),
            to(
                "organization",
                "HealthcareService-organization",
                &["providedBy"],
                &["Organization"],
            ),
            token("program", "HealthcareService-program", &["program"]),
            token("service-category", "HealthcareService-service-category", &["category"]),
            token("service-type", "HealthcareService-service-type", &["type"]),
        ],
    )),
    &["HealthcareService:location", "HealthCareService:location", "HealthcareService:organization"],
    &[],
);

pub(super) const LOCATION: Served = by_target(served(
    "Location",
    &[sdohcc!("SDOHCC-Location")],
    &[
        string(
            "address",
            "Location-address",
            &[
                "address.text",
                "address.line",
                "address.city",
                "address.district",
                "address.state",
                "address.postalCode",
                "address.country",
            ],
        ),
        string("address-city", "Location-address-city", &["address.city"]),
        string("address-postalcode", "Location-address-postalcode", &["address.postalCode"]),
        string("address-state", "Location-address-state", &["address.state"]),
        token("identifier", "Location-identifier", &["identifier"]),
        string("name", "Location-name", &["name", "alias"]),
        token("status", "Location-status", &["status"]),
    ],
));

pub(super) const ORGANIZATION: Served = by_target(served(
    "Organization",
    &[us_core!("organization")],
    &[
        string(
            "address",
            "Organization-address",
            &[
                "address.text",
                "address.line",
                "address.city",
                "address.district",
                "address.state",
                "address.postalCode",
                "address.country",
            ],
        ),
        string("address-city", "Organization-address-city", &["address.city"]),
        string("address-postalcode", "Organization-address-postalcode", &["address.postalCode"]),
        string("address-state", "Organization-address-state", &["address.state"]),
        token("active", "Organization-active", &["active"]),
        token("identifier", "Organization-identifier", &["identifier"]),
        string("name", "Organization-name", &["name", "alias"]),
        token("type", "Organization-type", &["type"]),
    ],
));

pub(super) const PATIENT: Served = served(
    "Patient",
    &[us_core!("patient")],
    &[
        token("telecom", "individual-telecom", &["telecom"]),
        date("birthdate", "individual-birthdate", &["birthDate"]),
        string("family", "individual-family", &["name.family"]),
        token("gender", "individual-gender", &["gender"]),
        string("given", "individual-given", &["name.given"]),
        token("identifier", "Patient-identifier", &["identifier"]),
        string(
            "name",
            "Patient-name",
            &["name.text", "name.family", "name.given", "name.prefix", "name.suffix"],
        ),
    ],
);

pub(super) const PRACTITIONER: Served = by_target(served(
    "Practitioner",
    &[us_core!("practitioner")],
    &[
        string("family", "individual-family", &["name.family"]),
        string("given", "individual-given", &["name.given"]),
        token("telecom", "individual-telecom", &["telecom"]),
        token("identifier", "Practitioner-identifier", &["identifier"]),
        string(
            "name",
            "Practitioner-name",
            &["name.text", "name.family", "name.given", "name.prefix", "name.suffix"],
        ),
    ],
));

pub(super) const PRACTITIONER_ROLE: Served = including(
    by_target(served(
        "PractitionerRole",
        &[sdohcc!("SDOHCC-practitionerrole")],
        &[
            to("location", "PractitionerRole-location", &["location"], &["Location"]),
            to(
                "service",
                "PractitionerRole-service",
                &["healthcareService"],
                &["HealthcareService"],
            ),
            token("telecom", "individual-telecom", &["telecom"]),
            token("identifier", "PractitionerRole-identifier", &["identifier"]),
            to(
                "organization",
                "PractitionerRole-organization",
                &["organization"],
                &["Organization"],
            ),
            to(
                "practitioner",
                "PractitionerRole-practitioner",
                &["practitioner"],
                &["Practitioner"],
            ),
            token("role", "PractitionerRole-role", &["code"]),
            token("specialty", "PractitionerRole-specialty", &["specialty"]),
        ],
    )),
    &["PractitionerRole:organization", "PractitionerRole:practitioner"],
    &[],
);

pub(super) const QUESTIONNAIRE: Served = by_target(served(
    "Questionnaire",
    &["http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-extr-smap"],
    &[
        token("code", "Questionnaire-code", &["item.code"]),
        composite(
            "context-type-value",
            "Questionnaire-context-type-value",
            "useContext",
            &["code", "valueCodeableConcept"],
        ),
        token("identifier", "Questionnaire-identifier", &["identifier"]),
        string("publisher", "Questionnaire-publisher", &["publisher"]),
        token("status", "Questionnaire-status", &["status"]),
        token("subject-type", "Questionnaire-subject-type", &["subjectType"]),
        string("title", "Questionnaire-title", &["title"]),
        uri("url", "Questionnaire-url", &["url"]),
        token("version", "Questionnaire-version", &["version"]),
    ],
));

pub(super) const QUESTIONNAIRE_RESPONSE: Served = by_target(served(
    "QuestionnaireResponse",
    &["http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse"],
    &[
        to(
            "based-on",
            "QuestionnaireResponse-based-on",
            &["basedOn"],
            &["CarePlan", "ServiceRequest"],
        ),
        to("author", "QuestionnaireResponse-author", &["author"], REQUESTERS),
        date("authored", "QuestionnaireResponse-authored", &["authored"]),
        token("identifier", "QuestionnaireResponse-identifier", &["identifier"]),
        to("patient", "QuestionnaireResponse-patient", &["subject"], &["Patient"]),
        to(
            "questionnaire",
            "QuestionnaireResponse-questionnaire",
            &["questionnaire"],
            &["Questionnaire"],
        ),
        token("status", "QuestionnaireResponse-status", &["status"]),
    ],
));

pub(super) const RELATED_PERSON: Served = served(
    "RelatedPerson",
    &["http://hl7.org/fhir/StructureDefinition/RelatedPerson"],
    &[
        string(
            "name",
            "RelatedPerson-name",
            &["name.text", "name.family", "name.given", "name.prefix", "name.suffix"],
        ),
        token("telecom", "individual-telecom", &["telecom"]),
        token("identifier", "RelatedPerson-identifier", &["identifier"]),
        to("patient", "RelatedPerson-patient", &["patient"], &["Patient"]),
    ],
);
