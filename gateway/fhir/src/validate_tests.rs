//! What the validator refuses, and where: sound resources, each spoilt in every way of one table.

use std::collections::{BTreeMap, BTreeSet};

use super::LENIENCIES;
use crate::{Fault, IssueCode, Json, Limits, Resource};

use IssueCode::*;

/// Small resources that are sound, and claim what they can.
const SAMPLES: [&str; 9] = [
    r#"{"resourceType":"Patient","id":"p","meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|7.0.0"]},
    "identifier":[{"use":"usual","system":"urn:a","value":"1"}],"name":[{"family":"A","given":["B"]}],"gender":"female",
    "birthDate":"1988-04-02","active":true,"managingOrganization":{"reference":"Organization/o"}}"#,
    r#"{"resourceType":"Task","id":"t","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement|2.3.0"]},
    "identifier":[{"use":"usual","system":"urn:a","value":"1"}],"status":"requested","intent":"order",
    "code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},
    "focus":{"reference":"ServiceRequest/s"},"for":{"reference":"Patient/p"},"authoredOn":"2026-01-02T03:04:05Z",
    "requester":{"reference":"Organization/o"},"partOf":[{"reference":"Task/u"}]}"#,
    r#"{"resourceType":"Task","id":"t","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForPatient"]},
    "status":"ready","intent":"order","priority":"routine","description":"d",
    "code":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"complete-questionnaire"}]},
    "for":{"reference":"Patient/p"},"owner":{"reference":"Patient/p"},"authoredOn":"2026-01-02T03:04:05Z",
    "requester":{"reference":"Organization/o"},
    "input":[{"type":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"questionnaire"}]},"valueCanonical":"http://x"},
    {"type":{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"questionnaire-category"}]},
    "valueCodeableConcept":{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"risk-questionnaire"}]}}]}"#,
    r#"{"resourceType":"ServiceRequest","id":"s","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ServiceRequest"]},
    "status":"active","intent":"original-order","category":[{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"food-insecurity"}]}],
    "code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},"subject":{"reference":"Patient/p"},
    "orderDetail":[{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"contacting-subject-prohibited"}]}],
    "occurrencePeriod":{"start":"2026-01-01","end":"2026-02"}}"#,
    r#"{"resourceType":"Consent","id":"c","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Consent"]},
    "status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IDSCL"}]}],
    "patient":{"reference":"Patient/p"},"dateTime":"2026-01-01","organization":[{"reference":"Organization/o"}],
    "sourceAttachment":{"title":"f"},"policyRule":{"text":"p"}}"#,
    r#"{"resourceType":"Observation","id":"o","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ObservationAssessment"]},
    "status":"final","category":[{"coding":[{"system":"http://hl7.org/fhir/us/core/CodeSystem/us-core-category","code":"sdoh"}]}],
    "code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},"subject":{"reference":"Patient/p"},
    "effectiveDateTime":"2026-01-01","valueCodeableConcept":{"text":"v"}}"#,
    r#"{"resourceType":"Condition","id":"d","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Condition"]},
    "clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]},
    {"coding":[{"system":"http://hl7.org/fhir/us/core/CodeSystem/us-core-category","code":"sdoh"}]}],
    "code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},"subject":{"reference":"Patient/p"},"recordedDate":"2026-01-01"}"#,
    r#"{"resourceType":"Procedure","id":"e","meta":{"profile":["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Procedure"]},
    "status":"completed","category":{"coding":[{"system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes","code":"food-insecurity"}]},
    "code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},"subject":{"reference":"Patient/p"},"performedDateTime":"2026-01-01"}"#,
    r#"{"resourceType":"Questionnaire","id":"q","status":"active","item":[{"linkId":"1","type":"group","item":[
    {"linkId":"1.1","type":"choice","answerOption":[{"valueString":"a"}]}]}]}"#,
];

/// What becomes of a spoilt resource.
enum Becomes {
    /// Refused for this.
    Refused(IssueCode),
    /// Let pass under this name, with a warning at the place.
    Passes(&'static str),
}
use Becomes::{Passes, Refused};

/// A spoilt resource, and the place where it is spoilt.
type Spoilt = Option<(String, String)>;
type Way = (&'static str, Becomes, fn(&Json) -> Spoilt);

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), "Resource", &Limits::default()).unwrap()
}

fn kind(of: &Json) -> &str {
    of.text("resourceType").unwrap()
}

/// The resource with a member set, spoilt there.
fn set(of: &Json, name: &str, value: &str) -> Spoilt {
    let mut spoilt = of.clone();
    spoilt.set(name, json(value));
    Some((spoilt.to_string(), format!("{}.{name}", kind(of))))
}

/// The same where it has that member.
fn change(of: &Json, name: &str, value: &str) -> Spoilt {
    of.get(name)?;
    set(of, name, value)
}

fn at(spoilt: Spoilt, place: &str) -> Spoilt {
    let (text, found) = spoilt?;
    Some((text, format!("{found}{place}")))
}

fn without(of: &Json, names: &[&str]) -> Spoilt {
    let name = names.iter().find(|name| of.get(name).is_some())?;
    let mut spoilt = of.clone();
    spoilt.remove(name);
    let bare = name.trim_end_matches("DateTime").trim_end_matches("Attachment");
    Some((spoilt.to_string(), format!("{}.{bare}", kind(of))))
}

/// With one more extension, spoilt at a place in it.
fn extended(of: &Json, extension: &str, place: &str) -> Spoilt {
    let mut list = of.list("extension").to_vec();
    let n = list.len();
    list.push(json(&format!("{{{extension}}}")));
    let mut spoilt = of.clone();
    spoilt.set("extension", Json::Array(list));
    Some((spoilt.to_string(), format!("{}.extension[{n}]{place}", kind(of))))
}

fn valued(of: &Json, value: &str) -> Spoilt {
    let name = value.split('"').nth(1)?;
    extended(of, &format!(r#""url":"urn:x",{value}"#), &format!(".{name}"))
}

fn in_meta(of: &Json, name: &str, value: &str) -> Spoilt {
    let mut meta = of.get("meta").cloned().unwrap_or(Json::object([]));
    meta.set(name, json(value));
    at(set(of, "meta", &meta.to_string()), &format!(".{name}"))
}

/// With one more claim.
fn claiming(of: &Json, profile: &str) -> Spoilt {
    let mut claims = of.list("meta.profile").to_vec();
    let n = claims.len();
    claims.push(profile.into());
    at(in_meta(of, "profile", &Json::Array(claims).to_string()), &format!("[{n}]"))
}

fn claims(of: &Json, name: &str) -> bool {
    let mut list = of.list("meta.profile").iter().filter_map(Json::as_str);
    list.any(|claim| claim.split('|').next().unwrap().ends_with(&format!("/{name}")))
}

/// A member of the list, once more.
fn twice(of: &Json, name: &str, index: usize) -> Spoilt {
    let mut list = of.list(name).to_vec();
    list.push(list.get(index)?.clone());
    set(of, name, &Json::Array(list).to_string())
}

fn containing(of: &Json, contained: &str, place: &str) -> Spoilt {
    at(set(of, "contained", &format!("[{contained}]")), place)
}

/// The first list of objects.
fn list(of: &Json) -> Option<(&str, &[Json])> {
    let mut lists = of.members().iter().filter(|(name, _)| name != "contained");
    lists.find_map(|(name, value)| match value {
        Json::Array(items) if matches!(items[0], Json::Object(_)) => {
            Some((name.as_str(), items.as_slice()))
        }
        _ => None,
    })
}

/// The reference that each type has to the person.
fn person(of: &Json) -> Option<&'static str> {
    ["subject", "patient", "managingOrganization", "requester"]
        .into_iter()
        .find(|name| of.get(name).is_some_and(|one| one.text("reference").is_some()))
}

/// A date of R4, whatever element it is.
fn dated(of: &Json) -> Option<&'static str> {
    [
        "birthDate",
        "authoredOn",
        "dateTime",
        "effectiveDateTime",
        "recordedDate",
        "performedDateTime",
    ]
    .into_iter()
    .find(|name| of.get(name).is_some())
}

const STATUS: [&str; 2] = ["status", "lifecycleStatus"];

fn status(of: &Json) -> Option<&'static str> {
    STATUS.into_iter().find(|name| of.text(name).is_some())
}

const TASK: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement";
const PATIENT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";

/// Every way to spoil a resource that is tried.
fn ways() -> Vec<Way> {
    vec![
        ("a required element is missing", Refused(Required), |j| {
            without(j, &["status", "subject", "code", "scope", "lifecycleStatus"]).filter(|_| {
                !matches!(
                    kind(j),
                    "Location"
                        | "Condition"
                        | "Device"
                        | "PractitionerRole"
                        | "HealthcareService"
                        | "Group"
                )
            })
        }),
        ("a required element of a profile is missing", Refused(Required), |j| match kind(j) {
            "Task" if claims(j, "SDOHCC-TaskForReferralManagement") => without(j, &["authoredOn"]),
            "Task" if claims(j, "SDOHCC-TaskForPatient") => without(j, &["priority"]),
            "Consent" if claims(j, "SDOHCC-Consent") => {
                without(j, &["sourceAttachment", "dateTime"])
            }
            "Condition" if claims(j, "SDOHCC-Condition") => without(j, &["code"]),
            "Patient" if claims(j, "us-core-patient") => without(j, &["gender"]),
            "ServiceRequest" if claims(j, "SDOHCC-ServiceRequest") => without(j, &["code"]),
            _ => None,
        }),
        ("a code that is none", Refused(CodeInvalid), |j| change(j, status(j)?, r#""nonsense""#)),
        ("a code that a profile does not take", Refused(CodeInvalid), |j| match kind(j) {
            "Task" if claims(j, "SDOHCC-TaskForReferralManagement") => {
                change(j, "status", r#""received""#)
            }
            "Task" if claims(j, "SDOHCC-TaskForPatient") => change(j, "status", r#""accepted""#),
            _ => None,
        }),
        ("a concept of another system", Refused(CodeInvalid), |j| {
            let wrong = r#"{"coding":[{"system":"http://x","code":"active"}]}"#;
            at(change(j, "clinicalStatus", wrong), ".coding[0]")
        }),
        ("a code deep inside", Refused(CodeInvalid), |j| {
            valued(j, r#""valueIdentifier":{"use":"nonsense","value":"1"}"#)
                .map(|(text, place)| (text, format!("{place}.use")))
        }),
        ("a number for a string", Refused(Structure), |j| change(j, status(j)?, "7")),
        ("a string for an object", Refused(Structure), |j| change(j, person(j)?, r#""Patient/p""#)),
        ("a string for a boolean", Refused(Structure), |j| valued(j, r#""valueBoolean":"true""#)),
        ("a string for a decimal", Refused(Structure), |j| valued(j, r#""valueDecimal":"1""#)),
        ("an object for a string", Refused(Structure), |j| valued(j, r#""valueString":{"a":1}"#)),
        ("a list for one", Refused(Structure), |j| change(j, status(j)?, r#"["active"]"#)),
        ("one for a list", Refused(Structure), |j| {
            let (name, items) = list(j)?;
            change(j, name, &items[0].to_string())
        }),
        ("an empty list", Refused(Structure), |j| change(j, list(j)?.0, "[]")),
        ("an empty object", Refused(Structure), |j| at(change(j, list(j)?.0, "[{}]"), "[0]")),
        ("an empty string", Refused(Structure), |j| change(j, status(j)?, r#""""#)),
        ("null", Refused(Structure), |j| change(j, status(j)?, "null")),
        ("a list in a list", Refused(Structure), |j| at(change(j, list(j)?.0, "[[1]]"), "[0]")),
        ("a name twice", Refused(Structure), |j| {
            let text = j.to_string();
            let text = text.strip_suffix('}')?;
            Some((format!(r#"{text},"id":"x"}}"#), "Resource.id".into()))
        }),
        ("two values of one choice", Refused(Structure), |j| {
            extended(j, r#""url":"urn:x","valueCode":"a","valueString":"b""#, ".value")
        }),
        ("two types of one choice of its own", Refused(Structure), |j| match kind(j) {
            "Observation" => {
                j.get("valueCodeableConcept")?;
                set(j, "valueString", r#""a""#).map(|(text, _)| (text, "Observation.value".into()))
            }
            "Procedure" => {
                j.get("performedDateTime")?;
                set(j, "performedString", r#""a""#)
                    .map(|(text, _)| (text, "Procedure.performed".into()))
            }
            _ => None,
        }),
        ("a type that a choice does not take", Refused(Structure), |j| match kind(j) {
            "Patient" => set(j, "deceasedString", r#""a""#),
            "Procedure" => set(j, "performedBoolean", "true"),
            "Condition" => set(j, "onsetBoolean", "true"),
            "ServiceRequest" => set(j, "occurrenceString", r#""a""#),
            _ => None,
        }),
        ("a date that is none", Refused(Value), |j| change(j, dated(j)?, r#""2026-02-30""#)),
        ("a date in other words", Refused(Value), |j| change(j, dated(j)?, r#""02/03/2026""#)),
        ("an instant without a time", Refused(Value), |j| {
            in_meta(j, "lastUpdated", r#""2026-01-01""#)
        }),
        ("an id of another form", Refused(Value), |j| set(j, "id", r#""a b""#)),
        ("a uri with a space", Refused(Value), |j| in_meta(j, "source", r#""a b""#)),
        ("a code with a space", Refused(Value), |j| set(j, "language", r#"" en""#)),
        ("an integer with a fraction", Refused(Value), |j| valued(j, r#""valueInteger":1.5"#)),
        ("a positive integer that is zero", Refused(Value), |j| {
            valued(j, r#""valuePositiveInt":0"#)
        }),
        ("base64 that is none", Refused(Value), |j| valued(j, r#""valueBase64Binary":"a-b!""#)),
        ("a time that is none", Refused(Value), |j| valued(j, r#""valueTime":"25:00:00""#)),
        ("an oid that is none", Refused(Value), |j| valued(j, r#""valueOid":"1.2.3""#)),
        ("a uuid that is none", Refused(Value), |j| valued(j, r#""valueUuid":"urn:uuid:1""#)),
        ("an element of no standard", Passes("unknown-element"), |j| set(j, "favourite", "1")),
        ("a modifierExtension", Refused(Extension), |j| {
            set(j, "modifierExtension", r#"[{"url":"urn:x","valueCode":"a"}]"#)
        }),
        ("implicitRules", Refused(NotSupported), |j| set(j, "implicitRules", r#""urn:x""#)),
        ("an extension without its url", Refused(Required), |j| {
            extended(j, r#""valueCode":"a""#, ".url")
        }),
        ("an extension without value and extensions", Refused(Invariant), |j| {
            extended(j, r#""url":"urn:x""#, "")
        }),
        ("an element of an id alone", Refused(Invariant), |j| {
            valued(j, r#""valuePeriod":{"id":"a"}"#)
        }),
        ("a reference to another type", Refused(Value), |j| {
            change(j, person(j)?, r#"{"reference":"Schedule/x"}"#)
        }),
        ("a reference to another type by its URL", Refused(Value), |j| {
            change(j, person(j)?, r#"{"reference":"https://a.example/fhir/Schedule/x"}"#)
        }),
        ("a reference that says another type", Refused(Value), |j| {
            at(change(j, person(j)?, r#"{"display":"d","type":"Slot"}"#), ".type")
        }),
        ("a reference to no type", Refused(Value), |j| {
            change(j, person(j)?, r#"{"reference":"Person2/x"}"#)
                .map(|(text, place)| (text, format!("{place}.reference")))
        }),
        ("a reference of no form", Refused(Value), |j| {
            change(j, person(j)?, r#"{"reference":"Mrs Example"}"#)
                .map(|(text, place)| (text, format!("{place}.reference")))
        }),
        ("a reference into contained that leads nowhere", Refused(NotFound), |j| {
            change(j, person(j)?, r##"{"reference":"#nobody"}"##)
        }),
        ("a contained resource of another type", Refused(Value), |j| {
            let (text, place) = change(j, person(j)?, r##"{"reference":"#loc"}"##)?;
            let inner = r#"{"resourceType":"Schedule","id":"loc","actor":[{"display":"d"}]}"#;
            Some((containing(&json(&text), inner, "")?.0, place))
        }),
        ("a contained resource of no type", Refused(Structure), |j| {
            containing(j, r#"{"resourceType":"Nonsense","id":"a"}"#, "[0]")
        }),
        ("a contained resource without an id", Refused(Required), |j| {
            containing(j, r#"{"resourceType":"Patient","gender":"male"}"#, "[0].id")
        }),
        ("a fault in a contained resource", Refused(CodeInvalid), |j| {
            containing(j, r#"{"resourceType":"Patient","id":"a","gender":"x"}"#, "[0].gender")
        }),
        ("another system in a pattern", Refused(Value), |j| {
            (claims(j, "SDOHCC-TaskForReferralManagement")).then_some(())?;
            let wrong = r#"{"coding":[{"system":"http://x","code":"fulfill"}]}"#;
            at(change(j, "code", wrong), ".coding[0].system")
        }),
        ("another fixed value", Refused(Value), |j| {
            (kind(j) == "Task" && !j.list("meta.profile").is_empty()).then_some(())?;
            change(j, "intent", r#""plan""#)
        }),
        ("a slice too often", Refused(Structure), |j| match kind(j) {
            "Consent" if claims(j, "SDOHCC-Consent") => twice(j, "category", 0),
            "ServiceRequest" if claims(j, "SDOHCC-ServiceRequest") => twice(j, "orderDetail", 0),
            "Task" if claims(j, "SDOHCC-TaskForPatient") => {
                let first = j.list("input").first()?.text("valueCanonical");
                first.and_then(|_| twice(j, "input", 0))
            }
            _ => None,
        }),
        ("a slice missing", Refused(Required), |j| match kind(j) {
            "Consent" if claims(j, "SDOHCC-Consent") => change(j, "category", r#"[{"text":"c"}]"#),
            "Observation" if claims(j, "SDOHCC-ObservationAssessment") => {
                change(j, "category", r#"[{"coding":[{"system":"http://x","code":"sdoh"}]}]"#)
            }
            "Group" if claims(j, "SDOHCC-Group") => {
                let items = j.list("characteristic").to_vec();
                let same = Json::Array(vec![items[0].clone(), items[0].clone()]);
                change(j, "characteristic", &same.to_string())
            }
            _ => None,
        }),
        ("an element that a profile forbids", Refused(Structure), |j| match kind(j) {
            "ServiceRequest" if claims(j, "SDOHCC-ServiceRequest") => {
                set(j, "bodySite", r#"[{"text":"b"}]"#)
            }
            "Condition" if claims(j, "SDOHCC-Condition") => set(j, "bodySite", r#"[{"text":"b"}]"#),
            _ => None,
        }),
        ("a rule of R4", Refused(Invariant), |j| match kind(j) {
            "Task" => {
                j.get("authoredOn")?;
                set(j, "lastModified", r#""1999-01-01T00:00:00Z""#)
                    .map(|(text, _)| (text, "Task".into()))
            }
            "Condition" => set(j, "abatementDateTime", r#""2026-01-01""#)
                .filter(|_| j.to_string().contains(r#""code":"active""#))
                .map(|(text, _)| (text, "Condition".into())),
            "Observation" => {
                j.get("valueCodeableConcept")?;
                set(j, "dataAbsentReason", r#"{"text":"a"}"#)
                    .map(|(text, _)| (text, "Observation".into()))
            }
            "Questionnaire" => {
                let text = j.to_string().replace("1.1", "1");
                Some((text, "Questionnaire".into()))
            }
            _ => None,
        }),
        ("a rule of a profile", Refused(Invariant), |j| match kind(j) {
            "Condition" if claims(j, "SDOHCC-Condition") => {
                let text =
                    j.to_string().replace(r#""code":"sdoh""#, r#""code":"functional-status""#);
                Some((text, "Condition".into()))
            }
            "Procedure" if claims(j, "SDOHCC-Procedure") => {
                without(j, &["performedDateTime"]).map(|(text, _)| (text, "Procedure".into()))
            }
            "Observation" if claims(j, "SDOHCC-ObservationAssessment") => {
                j.get("component").is_none().then_some(())?;
                j.get("hasMember").is_none().then_some(())?;
                without(j, &["valueCodeableConcept"]).map(|(text, _)| (text, "Observation".into()))
            }
            _ => None,
        }),
        ("a period that ends before it starts", Refused(Invariant), |j| {
            valued(j, r#""valuePeriod":{"start":"2026-02-01","end":"2026-01"}"#)
        }),
        ("a quantity's code without its system", Refused(Invariant), |j| {
            valued(j, r#""valueQuantity":{"value":1,"code":"mg"}"#)
        }),
        ("a control character", Refused(Structure), |j| valued(j, "\"valueString\":\"a\\u0001b\"")),
        ("a text too long", Refused(TooLong), |j| {
            valued(j, &format!(r#""valueString":"{}""#, "x".repeat(1024 * 1024 + 1)))
        }),
        ("nested too deep", Refused(TooCostly), |j| {
            let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
            let text = j.to_string().replacen('{', &format!(r#"{{"new":{deep},"#), 1);
            Some((text, format!("Resource.new{}", "[0]".repeat(63))))
        }),
        ("a profile of another type", Refused(Structure), |j| {
            claiming(j, if kind(j) == "Task" { PATIENT } else { TASK })
        }),
        ("a profile that is not ours", Passes("unknown-profile"), |j| claiming(j, "http://x/y")),
        ("a Consent without a policy", Passes("consent-policy"), |j| {
            (kind(j) == "Consent").then_some(())?;
            without(j, &["policyRule"]).map(|(text, _)| (text, "Consent".into()))
        }),
        ("a concept in words alone", Passes("text-alone"), |j| {
            change(j, "clinicalStatus", r#"{"text":"active"}"#)
        }),
        ("an extension of a guide, not as it is there", Passes("unclaimed-extension"), |j| {
            let race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";
            (!claims(j, "us-core-patient") && kind(j) != "Patient").then_some(())?;
            let inner = r#""extension":[{"url":"detailed","valueCoding":{"code":"a"}}]"#;
            extended(j, &format!(r#""url":"{race}",{inner}"#), ".extension")
        }),
    ]
}

fn read(text: &str) -> Result<Resource, Vec<Fault>> {
    Resource::read(text.as_bytes(), &Limits::default())
}

fn spoil(name: &str, resource: &Json, done: &mut BTreeMap<&'static str, usize>) {
    for (way, becomes, make) in ways() {
        let Some((text, place)) = make(resource) else { continue };
        let got = read(&text);
        match becomes {
            Refused(code) => {
                let faults = got.err().unwrap_or_default();
                let found = faults.iter().any(|one| one.expression == place && one.code == code);
                assert!(found, "{name}, {way}: {code:?} at {place} wanted of {faults:?}");
            }
            Passes(leniency) => {
                assert!(LENIENCIES.iter().any(|one| one.name == leniency), "{leniency}");
                let warnings = got.unwrap_or_else(|f| panic!("{name}, {way}: {f:?}")).warnings;
                let found = warnings.iter().any(|one| one.expression == place);
                assert!(found, "{name}, {way}: a warning at {place} wanted of {warnings:?}");
            }
        }
        *done.entry(way).or_default() += 1;
    }
}

#[test]
fn our_samples_are_sound_and_spoilt_they_are_refused_where_they_are_spoilt() {
    let mut done = BTreeMap::new();
    for text in SAMPLES {
        let resource = read(text).unwrap_or_else(|faults| panic!("{faults:?} {text}"));
        assert_eq!(resource.warnings, [], "{text}");
        spoil(resource.kind, &resource.json, &mut done);
    }
    // The members of a Group are the corpus' alone.
    for (way, ..) in ways() {
        assert!(done.contains_key(way), "no sample can be spoilt so: {way}");
    }
    assert!(done.len() >= 60, "{}", done.len());
}

#[test]
fn every_example_spoilt_is_refused_where_it_is_spoilt() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else { return };
    let folder = std::path::Path::new(&corpus).join("sdohcc/examples");
    let (mut done, mut read_all) = (BTreeMap::new(), 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        if !text.contains(r#""resourceType""#) {
            continue;
        }
        let resource = read(&text).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        spoil(&name, &resource.json, &mut done);
        read_all += 1;
    }
    assert!(read_all >= 48, "{read_all}");
    assert!(done.values().sum::<usize>() > 1500, "{done:?}");
}

#[test]
fn a_leniency_has_one_name_and_a_reason() {
    let names: BTreeSet<&str> = LENIENCIES.iter().map(|one| one.name).collect();
    assert_eq!(names.len(), LENIENCIES.len());
    assert!(LENIENCIES.iter().all(|one| !one.what.is_empty() && !one.why.is_empty()));
}

/// SDOH-Task-1 to -7 by what they mean: each row is what the text of the guide would let pass.
#[test]
fn the_rules_of_a_patients_task_hold_by_their_meaning() {
    let check = |key: &str, change: &dyn Fn(&str) -> String| {
        let text = change(SAMPLES[2]);
        assert_ne!(text, SAMPLES[2], "{key}");
        let faults = read(&text).err().unwrap_or_default();
        let found = faults.iter().any(|one| one.words.starts_with(&format!("{key}:")));
        assert!(found, "{key}: {faults:?}");
    };
    let tmp = r#""system":"http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes""#;
    let sdc = r#""system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp""#;
    let typed = |code: &str, value: &str| {
        format!(r#"{{"type":{{"coding":[{{{tmp},"code":"{code}"}}]}},{value}}}"#)
    };
    let (pdf, url) = (
        typed("questionnaire-pdf", r#""valueReference":{"reference":"DocumentReference/1"}"#),
        typed("questionnaire-url", r#""valueUrl":"http://x""#),
    );
    // All three inputs: an xor of three is true for them.
    check("SDOH-Task-1", &|text| {
        text.replace(r#""input":["#, &format!(r#""input":[{pdf},{url},"#))
    });
    check("SDOH-Task-1", &|text| text.replace(r#""code":"questionnaire""#, r#""code":"x""#));
    let coded = |text: &str, code: &str| {
        text.replace(
            &format!(r#"{sdc},"code":"complete-questionnaire""#),
            &format!(r#"{tmp},"code":"{code}""#),
        )
    };
    let answered = |text: &str, code: &str| {
        let output = typed(code, r#""valueString":"a""#);
        text.replace(r#""input":"#, &format!(r#""output":[{output}],"input":"#))
    };
    // Answers of another type: all(…).exists() is always true.
    check("SDOH-Task-2", &|text| answered(&coded(text, "general-information"), "chosen-contact"));
    // No focus at all.
    check("SDOH-Task-3", &|text| coded(text, "review-material"));
    check("SDOH-Task-4", &|text| coded(text, "make-contact"));
    check("SDOH-Task-5", &|text| answered(text, "chosen-contact"));
    // The PDF's code is not of the system that the guide's text names.
    check("SDOH-Task-6", &|text| {
        answered(&text.replace(r#""input":["#, &format!(r#""input":[{pdf},"#)), "chosen-contact")
    });
    check("SDOH-Task-7", &|text| {
        answered(&coded(text, "make-contact"), "general-information-response")
    });
}

#[test]
fn a_rule_on_one_element_is_asked_there() {
    let organization = |more: &str| {
        let text = format!(r#"{{"resourceType":"Organization","name":"Ward",{more}}}"#);
        read(&text).err().map(|faults| (faults[0].expression.clone(), faults[0].words.to_string()))
    };
    let at = |found: Option<(String, String)>| {
        found.map(|(at, words)| (at, words.split(':').next().map(str::to_owned)))
    };
    let home = r#"[{"use":"work","city":"A"},{"use":"home","city":"A"}]"#;
    let said = at(organization(&format!(r#""address":{home}"#)));
    assert_eq!(said, Some(("Organization.address[1]".into(), Some("org-2".into()))));
    let home = r#"[{"system":"phone","value":"1","use":"home"}]"#;
    let said = at(organization(&format!(r#""telecom":{home}"#)));
    assert_eq!(said, Some(("Organization.telecom[0]".into(), Some("org-3".into()))));
    assert_eq!(organization(r#""telecom":[{"system":"phone","value":"1","use":"work"}]"#), None);
}

#[test]
fn what_cannot_be_compared_is_not_refused() {
    let with = |more: &str| {
        format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[{{"display":"BP"}}]}},{more}}}"#
        )
    };
    let period = |start: &str, end: &str| {
        with(&format!(r#""effectivePeriod":{{"start":"{start}","end":"{end}"}}"#))
    };
    // One of them has no zone: whose, only its writer knows.
    assert!(read(&period("2026-03-01T10:00:00", "2026-03-01T10:30:00+02:00")).is_ok());
    assert!(read(&period("2026-03-01T10:00:00Z", "2026-03-01T10:30:00+02:00")).is_err());
    // Two codings without a code are not the same code (obs-7).
    let component =
        r#""component":[{"code":{"coding":[{"display":"Systolic"}]},"valueString":"1"}]"#;
    assert!(read(&with(&format!(r#""valueString":"2",{component}"#))).is_ok());
}
