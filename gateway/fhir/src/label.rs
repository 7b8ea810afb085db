//! What a resource says of how it may be handled (`meta.security`), and when what it says was so.

use jiff::tz::Offset;
use loopgate_consent::{Dated, Label};

use crate::{Json, Moment};

/// The security labels of a resource. What it contains is never passed on, and is not looked at.
pub fn labels(resource: &Json) -> Vec<Label> {
    let codings = resource.get("meta").map(|meta| meta.list("security")).unwrap_or_default();
    let mut labels: Vec<Label> = codings
        .iter()
        .map(|coding| Label::read(coding.text("system"), coding.text("code").unwrap_or_default()))
        .collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// When what a resource says was so: the element that says it, by its type.
pub fn dated(resource: &Json, zone: Offset) -> Dated {
    let elements: &[&str] = match resource.text("resourceType") {
        Some("Observation") => &["effectiveDateTime", "effectivePeriod.end", "effectiveInstant"],
        Some("ServiceRequest" | "Task") => &["authoredOn", "lastModified"],
        Some("Condition") => &["recordedDate", "onsetDateTime"],
        Some("Goal") => &["startDate", "statusDate"],
        Some("Consent") => &["dateTime"],
        Some("Procedure") => &["performedDateTime", "performedPeriod.end"],
        Some("QuestionnaireResponse") => &["authored"],
        Some("DocumentReference") => &["date"],
        Some("DiagnosticReport") => &["effectiveDateTime", "effectivePeriod.end", "issued"],
        Some("CareTeam" | "Encounter" | "Coverage") => &["period.end", "period.start"],
        // Who somebody is, and what is about nobody in particular.
        _ => return Dated::Timeless,
    };
    let said = elements.iter().find_map(|element| resource.text(element));
    match said.and_then(|text| Moment::parse(text, zone)) {
        Some(moment) => Dated::At(moment.start),
        None => Dated::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use loopgate_consent::{Level, Sensitivity};

    use super::*;
    use crate::Limits;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes(), "Test", &Limits::default()).unwrap()
    }

    #[test]
    fn labels_are_those_of_the_resource_itself() {
        let read = labels(&json(
            r#"{"meta":{"security":[
                {"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"},
                {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"},
                {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"},
                {"system":"urn:own","code":"X"},{"display":"no code"}]},
              "contained":[{"meta":{"security":[
                {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SDV"}]}}]}"#,
        ));
        let hiv = Label::Sensitivity(Sensitivity::HIV);
        assert_eq!(read, [Label::Confidentiality(Level::R), hiv, Label::Unknown]);
        assert_eq!(labels(&json(r#"{"id":"1"}"#)), []);
    }

    #[test]
    fn the_element_that_says_when_depends_on_the_type() {
        let dated = |text: &str| dated(&json(text), Offset::UTC);
        let day = Dated::At(Moment::parse("2026-05-01", Offset::UTC).unwrap().start);
        let observed = r#"{"resourceType":"Observation","effectiveDateTime":"2026-05-01"}"#;
        assert_eq!(dated(observed), day);
        let asked = r#"{"resourceType":"ServiceRequest","authoredOn":"2026-05-01"}"#;
        assert_eq!(dated(asked), day);
        assert_eq!(dated(r#"{"resourceType":"Observation"}"#), Dated::Unknown);
        let soon = r#"{"resourceType":"Condition","recordedDate":"soon"}"#;
        assert_eq!(dated(soon), Dated::Unknown);
        assert_eq!(dated(r#"{"resourceType":"CareTeam","period":{"end":"2026-05-01"}}"#), day);
        assert_eq!(dated(r#"{"resourceType":"CareTeam"}"#), Dated::Unknown);
        for kind in ["Patient", "Group", "Questionnaire"] {
            assert_eq!(dated(&format!(r#"{{"resourceType":"{kind}"}}"#)), Dated::Timeless);
        }
    }
}
