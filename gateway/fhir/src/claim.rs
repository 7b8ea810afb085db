//! Which profiles what we write claims in `meta.profile`: those it meets, and no other. A claim that does not
//! hold is worse than none, since a reader relies on it.

use crate::Json;
use crate::code::codings;

const PROFILES: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-";
const US_CORE_ORGANIZATION: &str =
    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization";

/// The code systems of US Core's procedure codes (us-core-procedure-code, 7.0.0), from which SDOHCC
/// wants the code of a service asked for or done.
const PROCEDURE_CODES: [&str; 6] = [
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://www.ama-assn.org/go/cpt",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://www.cms.gov/Medicare/Coding/ICD10",
    "http://www.ada.org/cdt",
];

/// A profile of SDOHCC by the last part of its name.
pub(crate) fn sdohcc(name: &str) -> Json {
    format!("{PROFILES}{name}").into()
}

/// Claims SDOHCC's profile of a service, if its `code` is coded as that wants it; else claims nothing.
pub(crate) fn claim_service(service: &mut Json, name: &str) {
    let holds = codings(service.get("code"))
        .any(|coding| coding.system.is_some_and(|system| PROCEDURE_CODES.contains(&system)));
    claim(service, holds.then(|| sdohcc(name)));
}

/// Replaces what is claimed.
fn claim(resource: &mut Json, profile: Option<Json>) {
    let Some(meta) = resource.get_mut("meta") else { return };
    match profile {
        Some(profile) => meta.set("profile", Json::array([profile])),
        None => {
            meta.remove("profile");
        }
    }
}

/// An organization of the directory: the pairs are system and value of its identifiers.
pub fn organization<'a>(
    id: &str,
    name: &str,
    identifiers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Json {
    let identifiers: Vec<(&str, &str)> = identifiers.into_iter().collect();
    let mut organization = Json::object([
        ("resourceType", "Organization".into()),
        ("id", id.into()),
        ("meta", Json::object([])),
    ]);
    if identifiers.iter().all(|(system, value)| is_formed(system, value)) {
        claim(&mut organization, Some(US_CORE_ORGANIZATION.into()));
    } else {
        organization.remove("meta");
    }
    if !identifiers.is_empty() {
        let pair = |(system, value): (&str, &str)| {
            Json::object([("system", system.into()), ("value", value.into())])
        };
        organization.set("identifier", Json::array(identifiers.into_iter().map(pair)));
    }
    organization.set("active", Json::Bool(true));
    organization.set("name", name.into());
    organization
}

/// us-core-16 to us-core-19: the identifiers that US Core knows have a form.
fn is_formed(system: &str, value: &str) -> bool {
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match system {
        "http://hl7.org/fhir/sid/us-npi" => digits(value, 10) && is_npi(value),
        // CLIA
        "urn:oid:2.16.840.1.113883.4.7" => {
            let parts = value.split_once('D');
            parts.is_some_and(|(before, after)| digits(before, 2) && digits(after, 7))
        }
        // NAIC
        "urn:oid:2.16.840.1.113883.6.300" => digits(value, 5),
        _ => true,
    }
}

/// The check digit of an NPI: by Luhn's formula, behind the prefix 80840, which adds 24.
fn is_npi(value: &str) -> bool {
    let digits = value.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(
            |(place, digit)| {
                if place.is_multiple_of(2) { digit } else { digit * 2 / 10 + digit * 2 % 10 }
            },
        )
        .sum();
    (sum + 24).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(system: &str) -> Json {
        let coding = Json::object([("system", system.into()), ("code", "1".into())]);
        let code = Json::object([("coding", Json::array([coding]))]);
        let meta = Json::object([("profile", Json::array(["of before".into()]))]);
        Json::object([("meta", meta), ("code", code)])
    }

    #[test]
    fn a_service_is_claimed_where_its_code_is_one_of_us_core() {
        let mut coded = service("http://snomed.info/sct");
        claim_service(&mut coded, "Procedure");
        let wanted =
            "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Procedure";
        assert_eq!(coded.at("meta").map(|meta| meta.list("profile")), Some(&[wanted.into()][..]));
        let mut other = service("urn:example:services");
        claim_service(&mut other, "Procedure");
        assert_eq!(other.at("meta"), Some(&Json::object([])));
        let mut words = Json::object([("meta", Json::object([])), ("code", Json::object([]))]);
        claim_service(&mut words, "Procedure");
        assert_eq!(words.at("meta"), Some(&Json::object([])));
    }

    #[test]
    fn an_organization_is_us_cores_if_its_numbers_are() {
        let npi = "http://hl7.org/fhir/sid/us-npi";
        for (system, value, holds) in [
            // The example of 45 CFR 162.406's standard: 1234567893.
            (npi, "1234567893", true),
            (npi, "1234567894", false),
            (npi, "123456789", false),
            (npi, "123456789X", false),
            ("urn:oid:2.16.840.1.113883.4.7", "12D3456789", true),
            ("urn:oid:2.16.840.1.113883.4.7", "123456789D", false),
            ("urn:oid:2.16.840.1.113883.6.300", "12345", true),
            ("urn:oid:2.16.840.1.113883.6.300", "1234", false),
            ("urn:example:npi", "pantry", true),
        ] {
            let made = organization("pantry", "Pantry", [(system, value)]);
            assert_eq!(made.get("meta").is_some(), holds, "{system} {value}");
        }
        let bare = organization("pantry", "Pantry", []);
        let wanted = concat!(
            r#"{"resourceType":"Organization","id":"pantry","meta":{"profile":["#,
            r#""http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"]},"#,
            r#""active":true,"name":"Pantry"}"#
        );
        assert_eq!(bare.to_string(), wanted);
    }
}
