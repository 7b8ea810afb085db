//! Every search parameter of the server statement: it finds A and not B, B and not A, and neither.

use super::CP;
use crate::case::{Check, Fail, Level, Suite, hold};
use crate::client::escaped;
use crate::guide::{self, Row};
use crate::world::World;

/// The type, the parameter, what A has, what B has, what neither has. An empty one is not asked for.
const TABLE: &[(&str, &str, &str, &str, &str)] = &[
    ("Condition", "category", "{TMP}|food-insecurity", "{TMP}|housing-instability", "{TMP}|stress"),
    ("Condition", "clinical-status", "active", "inactive", "remission"),
    ("Condition", "code", "{SCT}|733423003", "{SCT}|1156191002", "{SCT}|706893006"),
    ("Condition", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    ("Condition", "verification-status", "confirmed", "provisional", "refuted"),
    (
        "Consent",
        "source-reference",
        "{DocumentReference A}",
        "{DocumentReference B}",
        "DocumentReference/nobody-{mark}",
    ),
    ("Goal", "achievement-status", "improving", "not-achieved", "worsening"),
    ("Goal", "category", "{TMP}|food-insecurity", "{TMP}|housing-instability", "{TMP}|stress"),
    ("Goal", "lifecycle-status", "active", "on-hold", "planned"),
    ("Goal", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    ("Goal", "target-date", "2025-12-31", "2026-12-31", "2027-12-31"),
    (
        "Group",
        "characteristic",
        "urn:example:conformance|alder",
        "urn:example:conformance|birch",
        "urn:example:conformance|cedar",
    ),
    (
        "Group",
        "characteristic-value",
        "{TMP}|sdoh-condition-category${TMP}|food-insecurity",
        "{TMP}|sdoh-condition-category${TMP}|housing-instability",
        "{TMP}|payer-coverage${TMP}|food-insecurity",
    ),
    (
        "Group",
        "managing-entity",
        "{Organization A}",
        "{Organization B}",
        "Organization/nobody-{mark}",
    ),
    ("Group", "member", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    ("HealthcareService", "location", "{Location A}", "{Location B}", "Location/nobody-{mark}"),
    (
        "Observation",
        "category",
        "{TMP}|food-insecurity",
        "{TMP}|housing-instability",
        "{TMP}|stress",
    ),
    ("Observation", "code", "{LOINC}|88122-7", "{LOINC}|71802-3", "{LOINC}|63586-2"),
    (
        "Observation",
        "code-value-concept",
        "{LOINC}|88122-7${LOINC}|LA28397-0",
        "{LOINC}|71802-3${LOINC}|LA30190-5",
        "{LOINC}|88122-7${LOINC}|LA30190-5",
    ),
    ("Observation", "date", "2025-05-06", "ge2026-01-01", "lt2025-01-01"),
    (
        "Observation",
        "derived-from",
        "{QuestionnaireResponse A}",
        "{QuestionnaireResponse B}",
        "QuestionnaireResponse/nobody-{mark}",
    ),
    ("Observation", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    ("Observation", "status", "final", "corrected", "amended"),
    (
        "PractitionerRole",
        "organization",
        "{Organization A}",
        "{Organization B}",
        "Organization/nobody-{mark}",
    ),
    (
        "PractitionerRole",
        "practitioner",
        "{Practitioner A}",
        "{Practitioner B}",
        "Practitioner/nobody-{mark}",
    ),
    (
        "Procedure",
        "based-on",
        "{ServiceRequest A}",
        "{ServiceRequest B}",
        "ServiceRequest/nobody-{mark}",
    ),
    ("Procedure", "category", "{TMP}|food-insecurity", "{TMP}|housing-instability", "{TMP}|stress"),
    ("Procedure", "code", "{SCT}|467771000124109", "{SCT}|461481000124109", "{SCT}|710824005"),
    ("Procedure", "date", "2025-05", "gt2026-01-01", "2024"),
    ("Procedure", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    (
        "Procedure",
        "performer",
        "{Practitioner A}",
        "{Practitioner B}",
        "Practitioner/nobody-{mark}",
    ),
    ("Procedure", "status", "completed", "in-progress", "stopped"),
    ("Questionnaire", "code", "{LOINC}|93025-5", "{LOINC}|96777-8", "{LOINC}|88121-9"),
    (
        "Questionnaire",
        "context-type-value",
        "focus${SCT}|733423003",
        "task${SCT}|1156191002",
        "focus${SCT}|1156191002",
    ),
    (
        "Questionnaire",
        "identifier",
        "urn:example:conformance|Q-{mark}-A",
        "urn:example:conformance|Q-{mark}-B",
        "urn:example:conformance|Q-{mark}-C",
    ),
    ("Questionnaire", "publisher", "alder", "Birch", "Cedar"),
    ("Questionnaire", "status", "active", "draft", "retired"),
    ("Questionnaire", "subject-type", "Patient", "RelatedPerson", "Group"),
    ("Questionnaire", "title", "Alder screen", "birch feed", "screening"),
    (
        "Questionnaire",
        "url",
        "https://forms.example/{mark}:A",
        "https://forms.example/{mark}:B",
        "https://forms.example/{mark}",
    ),
    ("Questionnaire", "version", "1.0", "2.0", "3.0"),
    ("QuestionnaireResponse", "author", "{Patient A}", "{Practitioner B}", "{Practitioner A}"),
    ("QuestionnaireResponse", "authored", "2025-05-06", "ge2026-05-06", "2024-05-06"),
    ("QuestionnaireResponse", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    (
        "QuestionnaireResponse",
        "questionnaire",
        "https://forms.example/{mark}:A",
        "https://forms.example/{mark}:B",
        "https://forms.example/{mark}:C",
    ),
    ("QuestionnaireResponse", "status", "completed", "in-progress", "stopped"),
    (
        "ServiceRequest",
        "category",
        "{TMP}|food-insecurity",
        "{TMP}|housing-instability",
        "{TMP}|stress",
    ),
    ("ServiceRequest", "code", "{SCT}|467771000124109", "{SCT}|461481000124109", "{SCT}|710824005"),
    ("ServiceRequest", "intent", "order", "plan", "proposal"),
    ("ServiceRequest", "occurrence", "2025", "ge2026", "lt2025"),
    ("ServiceRequest", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    ("ServiceRequest", "performer", "{HealthcareService A}", "{CareTeam B}", "{CareTeam A}"),
    ("ServiceRequest", "requester", "{PractitionerRole A}", "{Organization B}", "{Organization A}"),
    ("ServiceRequest", "status", "active", "on-hold", "revoked"),
    ("ServiceRequest", "supporting-info", "{Consent A}", "{Consent B}", "Consent/nobody-{mark}"),
    (
        "Task",
        "code",
        "http://hl7.org/fhir/CodeSystem/task-code|fulfill",
        "{SDC}|complete-questionnaire",
        "{TMP}|make-contact",
    ),
    ("Task", "focus", "{ServiceRequest A}", "{DocumentReference B}", "{ServiceRequest B}"),
    ("Task", "output", "", "{QuestionnaireResponse B}", "{QuestionnaireResponse A}"),
    ("Task", "owner", "{Target}", "{Patient B}", "{Patient A}"),
    ("Task", "patient", "{Patient A}", "{Patient B}", "Patient/nobody-{mark}"),
    ("Task", "requester", "{Source}", "{Organization B}", "{Organization A}"),
    ("Task", "status", "requested", "completed", "failed"),
];

/// Who is looked for.
#[derive(Clone, Copy, PartialEq)]
enum Looked {
    A,
    B,
    Neither,
}

/// Adds them.
pub fn add(suite: &mut Suite) {
    for kind in guide::kinds() {
        let search = guide::of_kind(&kind, "interaction.search-type");
        let search = search.first().map(|(_, row)| row.key.clone());
        for (param, row) in guide::of_kind(&kind, "search.") {
            of_param(suite, &kind, &param, &row, search.as_deref());
        }
    }
}

fn of_param(suite: &mut Suite, kind: &str, param: &str, row: &Row, search: Option<&str>) {
    let values = TABLE.iter().find(|line| line.0 == kind && line.1 == param);
    let asked = |looked: Looked| match (values, looked) {
        (Some(line), Looked::A) => !line.2.is_empty(),
        _ => true,
    };
    for (looked, name) in [(Looked::A, "a"), (Looked::B, "b"), (Looked::Neither, "neither")] {
        if !asked(looked) {
            continue;
        }
        let mut rows = vec![row.key.as_str()];
        // That there is a search, `_id` shows, or what a Questionnaire is found by.
        rows.extend(search.filter(|_| matches!(param, "_id" | "url")));
        let (of, named) = (kind.to_owned(), param.to_owned());
        suite.add(
            format!("{kind}.search.{param}.{name}"),
            row.level,
            format!("{CP}, {kind}, {param}"),
            &rows,
            move |world| look(world, &of, &named, looked),
        );
    }
}

fn look(world: &World, kind: &str, param: &str, looked: Looked) -> Check {
    let (a, b) = (format!("{kind} A"), format!("{kind} B"));
    let value = value(world, kind, param, looked)?;
    let among = match (kind, param) {
        (_, "_id") | ("Questionnaire", "url") => String::new(),
        ("Questionnaire", _) => {
            let url = "https://forms.example/{mark}";
            format!("url={}&", escaped_list(world, &[&format!("{url}:A"), &format!("{url}:B")])?)
        }
        _ => format!("_id={},{}&", world.chart().id(&a)?, world.chart().id(&b)?),
    };
    // Both have to be there, or the second check would mean nothing.
    let wanted = [world.chart().at(&a)?, world.chart().at(&b)?];
    let page = world.source.search(kind, &format!("{among}{param}={}", escaped(&value)))?;
    match looked {
        Looked::A => page.are(&wanted[..1]),
        Looked::B => page.are(&wanted[1..]),
        Looked::Neither => page.are(&[]),
    }?;
    hold(page.0.json.get("total").is_none_or(|total| total == page.matches().len()), || {
        "the total is not what was found".into()
    })
}

fn escaped_list(world: &World, texts: &[&str]) -> Result<String, Fail> {
    let all = texts.iter().map(|text| Ok(escaped(&world.chart().fill(world, text)?)));
    Ok(all.collect::<Result<Vec<_>, Fail>>()?.join(","))
}

fn value(world: &World, kind: &str, param: &str, looked: Looked) -> Result<String, Fail> {
    let chart = world.chart();
    match param {
        "_id" => {
            return Ok(match looked {
                Looked::A => chart.id(&format!("{kind} A"))?.to_owned(),
                Looked::B => chart.id(&format!("{kind} B"))?.to_owned(),
                Looked::Neither => format!("nobody-{}", chart.mark),
            });
        }
        "_lastUpdated" => {
            let a = chart.read(world, &format!("{kind} A"))?.json;
            let changed = a["meta"]["lastUpdated"].as_str().unwrap_or_default().to_owned();
            return Ok(match looked {
                Looked::A => format!("le{changed}"),
                Looked::B => format!("gt{changed}"),
                Looked::Neither => "lt2000-01-01".to_owned(),
            });
        }
        _ => {}
    }
    let Some(line) = TABLE.iter().find(|line| line.0 == kind && line.1 == param) else {
        return Err(Fail::Skipped(format!("no value is known to look for {param} of {kind} by")));
    };
    let text = match looked {
        Looked::A => line.2,
        Looked::B => line.3,
        Looked::Neither => line.4,
    };
    let text = [
        ("{TMP}", crate::people::TMP),
        ("{SCT}", crate::people::SCT),
        ("{LOINC}", crate::people::LOINC),
        ("{SDC}", crate::people::SDC),
    ]
    .iter()
    .fold(text.to_owned(), |text, (name, system)| text.replace(name, system));
    chart.fill(world, &text)
}

/// Parameters of the statement for which no value is known.
pub fn without_values() -> Vec<String> {
    let rows = guide::server().into_iter();
    let params = rows.filter_map(|row| {
        let name = row.key.split_once("/search.")?.1.to_owned();
        Some((row.group, name, row.level))
    });
    params
        .filter(|(kind, param, _)| {
            !param.starts_with('_') && !TABLE.iter().any(|line| line.0 == kind && line.1 == param)
        })
        .map(|(kind, param, level): (String, String, Level)| {
            format!("{kind}.{param} ({})", level.word())
        })
        .collect()
}
