//! A community dialect says one of each thing: which one, where FHIR has several.

use loopgate_fhir::Json;

const CONTACT_PROHIBITED: &str = "contacting-subject-prohibited";
/// LOINC: how many people are living or staying at this address.
const HOUSEHOLD_SIZE: &str = "63512-8";

/// That the person must not be contacted, said twice, is still one prohibition: it is said once.
pub fn prohibit_once(request: &mut Json) {
    let prohibits = |detail: &Json| {
        detail.list("coding").iter().any(|coding| coding.text("code") == Some(CONTACT_PROHIBITED))
    };
    let details = request.list("orderDetail").to_vec();
    if !details.iter().any(prohibits) {
        return;
    }
    let coding = Json::object([("code", CONTACT_PROHIBITED.into())]);
    let once = Json::object([("coding", Json::array([coding]))]);
    let others = details.into_iter().filter(|detail| !prohibits(detail));
    request.set("orderDetail", Json::array(others.chain([once])));
}

/// Of several answers to how large the household is, the one that was observed last.
pub fn newest_household(observations: Vec<Json>) -> Vec<Json> {
    let is_size = |one: &Json| {
        let codings = one.at("code").map(|code| code.list("coding").to_vec()).unwrap_or_default();
        codings.iter().any(|coding| coding.text("code") == Some(HOUSEHOLD_SIZE))
    };
    let (sizes, mut others): (Vec<Json>, Vec<Json>) = observations.into_iter().partition(is_size);
    let when = |one: &Json| one.text("effectiveDateTime").unwrap_or_default().to_owned();
    others.extend(sizes.into_iter().max_by_key(when));
    others
}

/// A community dialect has one name, one telephone and one e-mail address: the official or usual
/// name, and the first of each contact by `rank`. The rest stays where it is, and is named.
pub fn prefer_one(patient: &mut Json) -> Vec<&'static str> {
    let names = patient.list("name");
    let by_use = |wanted: &str| names.iter().find(|name| name.text("use") == Some(wanted));
    let name = by_use("official").or_else(|| by_use("usual")).or_else(|| names.first()).cloned();
    let rank = |one: &&Json| match one.get("rank") {
        Some(Json::Number(rank)) => rank.parse::<u32>().unwrap_or(u32::MAX),
        _ => u32::MAX,
    };
    let first = |system: &str| {
        let of = |one: &&Json| one.text("system") == Some(system);
        patient.list("telecom").iter().filter(of).min_by_key(rank).cloned()
    };
    let contacts: Vec<Json> = [first("phone"), first("email")].into_iter().flatten().collect();
    let languages = patient.list("communication").to_vec();
    let preferred = languages
        .iter()
        .find(|one| matches!(one.get("preferred"), Some(Json::Bool(true))))
        .or(languages.first())
        .cloned();
    let mut left = Vec::new();
    for (member, path, kept) in [
        ("name", "Patient.name", name.into_iter().collect::<Vec<Json>>()),
        ("telecom", "Patient.telecom", contacts),
        ("communication", "Patient.communication", preferred.into_iter().collect()),
    ] {
        left.extend((kept.len() < patient.list(member).len()).then_some(path));
        if kept.is_empty() {
            patient.remove(member);
        } else {
            patient.set(member, Json::Array(kept));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use loopgate_fhir::Limits;

    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes(), "Test", &Limits::default()).unwrap()
    }

    #[test]
    fn a_prohibition_said_in_two_systems_is_one() {
        let mut request = json(
            r#"{"orderDetail":[{"coding":[{"system":"a","code":"contacting-subject-prohibited"}]},
            {"coding":[{"code":"other"}]},
            {"coding":[{"system":"b","code":"contacting-subject-prohibited"}]}]}"#,
        );
        prohibit_once(&mut request);
        let once = r#"{"orderDetail":[{"coding":[{"code":"other"}]},{"coding":[{"code":"contacting-subject-prohibited"}]}]}"#;
        assert_eq!(request, json(once));
        let mut silent = json(r#"{"orderDetail":[{"coding":[{"code":"other"}]}]}"#);
        let before = silent.clone();
        prohibit_once(&mut silent);
        assert_eq!(silent, before);
    }

    #[test]
    fn the_newest_household_counts() {
        let size = |when: &str| {
            json(&format!(
                r#"{{"code":{{"coding":[{{"code":"63512-8"}}]}},"effectiveDateTime":"{when}"}}"#
            ))
        };
        let other = json(r#"{"code":{"coding":[{"code":"1"}]}}"#);
        let all = vec![size("2026-01-02"), other.clone(), size("2026-11-20"), size("2025-01-01")];
        assert_eq!(newest_household(all), [other, size("2026-11-20")]);
    }

    #[test]
    fn the_official_name_and_the_first_contacts_by_rank() {
        let mut patient = json(
            r#"{"name":[{"family":"A"},{"use":"official","family":"B"}],
            "telecom":[{"system":"phone","value":"1","rank":2},{"system":"phone","value":"2","rank":1},
            {"system":"fax","value":"3"},{"system":"email","value":"4"}],
            "communication":[{"language":{"text":"x"}},{"language":{"text":"y"},"preferred":true}]}"#,
        );
        let left = prefer_one(&mut patient);
        assert_eq!(left, ["Patient.name", "Patient.telecom", "Patient.communication"]);
        let kept = json(
            r#"{"name":[{"use":"official","family":"B"}],
            "telecom":[{"system":"phone","value":"2","rank":1},{"system":"email","value":"4"}],
            "communication":[{"language":{"text":"y"},"preferred":true}]}"#,
        );
        assert_eq!(patient, kept);
    }
}
