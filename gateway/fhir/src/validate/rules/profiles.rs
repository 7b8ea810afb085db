//! Rules of SDOHCC and US Core profiles, by what they mean to say: where the text of one does not
//! do what its words ask for, the words hold.

use super::core::rules;
use super::{Rule, choice, coded, each, has, has_choice, implies};
use crate::{Json, RefText};

const TMP: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
const SDC: &str = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";
const US_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category";
const US_CONDITION: &str = "http://hl7.org/fhir/us/core/CodeSystem/condition-category";
const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const ASSERTER: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ExtensionConditionAsserter";
const ALTERNATE: &str = "http://hl7.org/fhir/StructureDefinition/alternate-reference";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

pub(super) const RULES: &[Rule] = rules![
    "SDOH-Con-1", "has two asserters", |j| {
        let devices = j.list("extension").iter().filter(|one| one.text("url") == Some(ASSERTER));
        devices.count() + usize::from(has(j, "asserter")) <= 1
    };
    "SDOH-Con-2", "is in no category of diagnoses, problems or health concerns", |j| {
        let category = j.get("category");
        coded(category, CATEGORY, &["encounter-diagnosis", "problem-list-item"])
            || coded(category, US_CONDITION, &["health-concern"])
    };
    "SDOH-Con-3", "is not in the category sdoh", |j| coded(j.get("category"), US_CATEGORY, &["sdoh"]);
    "SDOH-Obs-1", "needs a reference or an alternate-reference, and one alone", |j| {
        let other = j.list("extension").iter().any(|one| one.text("url") == Some(ALTERNATE));
        has(j, "reference") != other
    };
    "SDOH-Obs-2", "has a focus and no subject", |j| implies(has(j, "focus"), has(j, "subject"));
    "SDOH-Obs-3", "has neither performer nor derivedFrom", |j| {
        has(j, "performer") || has(j, "derivedFrom")
    };
    "SDOH-Obs-4", "is not in the category sdoh", |j| coded(j.get("category"), US_CATEGORY, &["sdoh"]);
    "SDOH-Race-1", "needs a race or a reason for none, and one alone", |j| {
        has(j, "dataAbsentReason") != component(j, "72826-1")
    };
    "SDOH-Ethnicity-1", "needs an ethnicity or a reason for none, and one alone", |j| {
        has(j, "dataAbsentReason") != component(j, "69490-1")
    };
    "SDOH-Task-1", "needs one questionnaire, PDF or URL to complete, and its category", |j| {
        let asked = [(SDC, "questionnaire"), (TMP, "questionnaire-pdf"), (TMP, "questionnaire-url")];
        let asked = asked.iter().filter(|(system, code)| is_in(j, "input", system, code)).count();
        let right = asked == 1 && is_in(j, "input", TMP, "questionnaire-category");
        implies(coded(j.get("code"), SDC, &["complete-questionnaire"]), right)
    };
    "SDOH-Task-2", "needs a description, and answers with general-information-response", |j| {
        let right = has(j, "description") && answers(j, TMP, "general-information-response");
        implies(coded(j.get("code"), TMP, &["general-information"]), right)
    };
    "SDOH-Task-3", "needs a DocumentReference as its focus", |j| {
        let focus = j.get("focus");
        let kind = focus.and_then(|focus| {
            let text = focus.text("reference").and_then(RefText::of);
            text.and_then(|text| text.kind().map(str::to_owned))
                .or_else(|| focus.text("type").map(str::to_owned))
        });
        let right = focus.is_some() && kind.is_none_or(|kind| kind == "DocumentReference");
        implies(coded(j.get("code"), TMP, &["review-material"]), right)
    };
    "SDOH-Task-4", "needs somebody to contact", |j| {
        let right = is_in(j, "input", TMP, "contact-entity");
        implies(coded(j.get("code"), TMP, &["make-contact"]), right)
    };
    "SDOH-Task-5", "answers a questionnaire with no questionnaire-response", |j| {
        let right = !has(j, "output") || is_in(j, "output", SDC, "questionnaire-response");
        implies(is_in(j, "input", SDC, "questionnaire"), right)
    };
    "SDOH-Task-6", "answers a PDF with no questionnaire-pdf-completed", |j| {
        let right = !has(j, "output") || is_in(j, "output", TMP, "questionnaire-pdf-completed");
        implies(is_in(j, "input", TMP, "questionnaire-pdf"), right)
    };
    "SDOH-Task-7", "needs a description, and answers with chosen-contact", |j| {
        let right = has(j, "description") && answers(j, TMP, "chosen-contact");
        implies(coded(j.get("code"), TMP, &["make-contact"]), right)
    };
    "us-core-1", "is not known to the day", |j| {
        j.as_str().is_none_or(|text| text.len() >= 10)
    };
    "us-core-2", "has neither a value nor a reason for none", |j| {
        let parts = has(j, "component") || has(j, "hasMember");
        parts || has(j, "dataAbsentReason") || has_choice(j, "value")
    };
    "us-core-3", "is in no unit of UCUM", ucum;
    "us-core-6" of "Patient", "has neither family nor given, and no reason for none", |j| {
        (has(j, "family") || has(j, "given")) != is_absent(j)
    };
    "us-core-6" of "DocumentReference", "has neither url nor data", |j| has(j, "url") || has(j, "data");
    "us-core-7", "is under way or done, and not said when", |j| {
        let done = matches!(j.text("status"), Some("completed" | "in-progress"));
        implies(done, has_choice(j, "performed"))
    };
    "us-core-8", "has results and no time they are of", |j| implies(reports(j), has_choice(j, "effective"));
    "us-core-9", "has results and was not issued", |j| implies(reports(j), has(j, "issued"));
    "us-core-10", "has results and no time they are of", |j| implies(reports(j), has_choice(j, "effective"));
    "us-core-13", "names nobody and nothing", |j| {
        ["practitioner", "organization", "healthcareService", "location"].iter().any(|one| has(j, one))
    };
    "us-core-14", "has neither name nor relationship", |j| has(j, "name") || has(j, "relationship");
    "us-core-15", "has no number of the member", |j| {
        let numbers = each(j, "identifier", "type");
        let member = numbers.iter().any(|kind| {
            coded(Some(kind), "http://terminology.hl7.org/CodeSystem/v2-0203", &["MB"])
        });
        member || has(j, "subscriberId")
    };
    "us-core-16", "is no NPI of ten digits", |j| digits(j, 10);
    "us-core-17", "is an NPI with a wrong check digit", |j| j.text("value").is_none_or(npi);
    "us-core-18", "is no CLIA number", |j| {
        j.text("value").is_none_or(|text| {
            let at = |i: usize| text.as_bytes().get(i).copied();
            text.len() == 10
                && at(2) == Some(b'D')
                && text.bytes().enumerate().all(|(i, b)| i == 2 || b.is_ascii_digit())
        })
    };
    "us-core-19", "is no NAIC code of five digits", |j| digits(j, 5);
    "us-core-22", "is in no unit of UCUM", |j| {
        ["low", "high"].iter().all(|name| j.get(name).is_none_or(ucum))
    };
    "us-core-23", "says unknown beside another race", |j| {
        let omb: Vec<&Json> = j
            .list("extension")
            .iter()
            .filter(|one| one.text("url") == Some("ombCategory"))
            .collect();
        let unknown = omb.iter().any(|one| matches!(one.text("valueCoding.code"), Some("ASKU" | "UNK")));
        implies(unknown, omb.len() == 1)
    };
    "us-core-24", "is a smoking status that is no code", |j| {
        let status = j.list("code.coding").iter().any(|one| {
            matches!(one.text("code"), Some("72166-2" | "11367-0"))
        });
        implies(status, choice(j, "value").is_some_and(|(kind, _)| kind == "CodeableConcept"))
    };
    "us-core-26", "has neither a value nor a reason for none", |j| {
        has_choice(j, "value") || has(j, "dataAbsentReason")
    };
    "vs-1", "is not known to the day", |j| j.as_str().is_none_or(|text| text.len() >= 10);
    "vs-2", "has neither a value nor a reason for none", |j| {
        let parts = has(j, "component") || has(j, "hasMember");
        parts || has(j, "dataAbsentReason") || has_choice(j, "value")
    };
    "vs-3", "has neither a value nor a reason for none", |j| {
        has_choice(j, "value") || has(j, "dataAbsentReason")
    };
    "pd-1", "says neither how to reach it nor where", |j| {
        ["telecom", "endpoint"].iter().any(|name| has(j, name))
    };
];

/// A parameter of a Task with that type.
fn is_in(task: &Json, list: &str, system: &str, code: &str) -> bool {
    each(task, list, "type").into_iter().any(|kind| coded(Some(kind), system, &[code]))
}

/// There is no output yet, or all of it is of that type.
fn answers(task: &Json, system: &str, code: &str) -> bool {
    each(task, "output", "type").into_iter().all(|kind| coded(Some(kind), system, &[code]))
}

fn component(observation: &Json, code: &str) -> bool {
    each(observation, "component", "code").into_iter().any(|one| coded(Some(one), LOINC, &[code]))
}

fn is_absent(json: &Json) -> bool {
    json.list("extension").iter().any(|one| one.text("url") == Some(ABSENT))
}

fn ucum(quantity: &Json) -> bool {
    quantity.text("system").is_none_or(|system| system == UCUM)
}

fn reports(report: &Json) -> bool {
    let done = ["partial", "preliminary", "final", "amended", "corrected", "appended"];
    report.text("status").is_some_and(|status| done.contains(&status))
}

fn digits(identifier: &Json, count: usize) -> bool {
    identifier
        .text("value")
        .is_none_or(|text| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The check digit of a National Provider Identifier: Luhn's, as if 80840 stood before it.
fn npi(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(10)).collect();
    if digits.len() != 10 || text.len() != 10 {
        return true;
    }
    let doubled = |digit: u32| if digit < 5 { digit * 2 } else { digit * 2 - 9 };
    let sum = digits.iter().enumerate().map(
        |(i, digit)| {
            if i % 2 == 0 { doubled(*digit) } else { *digit }
        },
    );
    (sum.sum::<u32>() + 24) % 10 == 0
}
