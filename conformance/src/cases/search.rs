//! The rules of search, each by what A and B of the chart have.

use super::{HTTP, SEARCH};
use crate::case::{Check, Level, Suite, hold};
use crate::client::{FORM, escaped};
use crate::world::World;

const OBSERVATION: &str = "Observation";
const QUESTIONNAIRE: &str = "Questionnaire";

/// The case, R4's section, the type, the parameter, its value, and which of A and B are found.
const TABLE: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("token.code", "token", OBSERVATION, "code", "88122-7", "A"),
    ("token.system-and-code", "token", OBSERVATION, "code", "{LOINC}|88122-7", "A"),
    ("token.system-alone", "token", OBSERVATION, "code", "{LOINC}|", "AB"),
    ("token.other-system", "token", OBSERVATION, "code", "{SCT}|88122-7", ""),
    ("token.without-system", "token", OBSERVATION, "code", "|88122-7", ""),
    ("token.whole-code", "token", OBSERVATION, "code", "88122", ""),
    ("token.or", "combining", OBSERVATION, "status", "final,corrected", "AB"),
    ("token.or-one", "combining", OBSERVATION, "status", "final,amended", "A"),
    ("token.not", "token", "Condition", "clinical-status:not", "active", "B"),
    ("token.not-of-several", "token", "Condition", "category:not", "{TMP}|food-insecurity", "B"),
    ("token.not-all", "token", "Condition", "category:not", "sdoh", ""),
    ("missing.reference", "modifiers", "Task", "output:missing", "true", "A"),
    ("missing.reference-not", "modifiers", "Task", "output:missing", "false", "B"),
    ("missing.token", "modifiers", "Goal", "category:missing", "false", "AB"),
    ("missing.token-none", "modifiers", "Goal", "category:missing", "true", ""),
    ("missing.date", "modifiers", OBSERVATION, "date:missing", "false", "AB"),
    ("missing.date-none", "modifiers", OBSERVATION, "date:missing", "true", ""),
    ("missing.string", "modifiers", QUESTIONNAIRE, "title:missing", "false", "AB"),
    ("missing.uri-none", "modifiers", QUESTIONNAIRE, "version:missing", "true", ""),
    ("string.starts", "string", QUESTIONNAIRE, "title", "Alder screening", "A"),
    ("string.case", "string", QUESTIONNAIRE, "title", "aLDER sCREENING", "A"),
    ("string.not-inside", "string", QUESTIONNAIRE, "title", "needs", ""),
    ("string.contains", "string", QUESTIONNAIRE, "title:contains", "NEEDS", "A"),
    ("string.contains-none", "string", QUESTIONNAIRE, "title:contains", "wants", ""),
    ("string.exact", "string", QUESTIONNAIRE, "title:exact", "Alder screening of needs", "A"),
    ("string.exact-case", "string", QUESTIONNAIRE, "title:exact", "alder screening of needs", ""),
    ("string.exact-whole", "string", QUESTIONNAIRE, "title:exact", "Alder screening", ""),
    ("string.or", "combining", QUESTIONNAIRE, "publisher", "alder,birch", "AB"),
    ("string.escape", "escaping", QUESTIONNAIRE, "title", "Birch feedback\\, yearly", "B"),
    ("date.day", "date", OBSERVATION, "date", "2025-05-06", "A"),
    ("date.month", "date", OBSERVATION, "date", "2025-05", "A"),
    ("date.year", "date", OBSERVATION, "date", "2026", "B"),
    ("date.instant", "date", OBSERVATION, "date", "2025-05-06T10:00:00Z", "A"),
    ("date.other-instant", "date", OBSERVATION, "date", "2025-05-06T10:00:01Z", ""),
    ("date.zone", "date", OBSERVATION, "date", "2025-05-06T12:00:00+02:00", "A"),
    ("date.eq", "prefix", OBSERVATION, "date", "eq2025-05-06", "A"),
    ("date.ne", "prefix", OBSERVATION, "date", "ne2025-05-06", "B"),
    ("date.gt", "prefix", OBSERVATION, "date", "gt2025-05-06", "B"),
    ("date.gt-within", "prefix", OBSERVATION, "date", "gt2026-05-06T09:00:00Z", "B"),
    ("date.lt", "prefix", OBSERVATION, "date", "lt2026-05-06", "A"),
    ("date.ge", "prefix", OBSERVATION, "date", "ge2025-05-06", "AB"),
    ("date.le", "prefix", OBSERVATION, "date", "le2026-05-06", "AB"),
    ("date.sa", "prefix", OBSERVATION, "date", "sa2025-12-31", "B"),
    ("date.eb", "prefix", OBSERVATION, "date", "eb2026-01-01", "A"),
    ("date.or", "combining", OBSERVATION, "date", "2025-05-06,2026-05-06", "AB"),
    ("reference.type-and-id", "reference", "Condition", "patient", "{Patient A}", "A"),
    ("reference.id", "reference", "Condition", "patient", "{id:Patient A}", "A"),
    ("reference.url", "reference", "Condition", "patient", "{base}/{Patient A}", "A"),
    ("reference.or", "combining", "Condition", "patient", "{Patient A},{Patient B}", "AB"),
    ("reference.typed", "reference", "Task", "focus:ServiceRequest", "{id:ServiceRequest A}", "A"),
    ("reference.other-type", "reference", "Task", "focus:Location", "{id:ServiceRequest A}", ""),
    (
        "reference.identifier",
        "reference",
        "Condition",
        "patient:identifier",
        "urn:example:conformance|SUB-{mark}",
        "A",
    ),
    (
        "reference.identifier-none",
        "reference",
        "Condition",
        "patient:identifier",
        "urn:example:conformance|SUB-{mark}-9",
        "",
    ),
];

/// The same, with two parameters that must both hold.
const BOTH: &[(&str, &str, &str, &str)] = &[
    ("and.range", OBSERVATION, "date=ge2025-01-01&date=lt2026-01-01", "A"),
    ("and.nothing", OBSERVATION, "date=ge2026-01-01&status=final", ""),
    ("and.two", OBSERVATION, "status=final&code=88122-7", "A"),
    ("and.same", "Condition", "category=sdoh&category=food-insecurity", "A"),
    ("and.same-nothing", "Condition", "category=food-insecurity&category=housing-instability", ""),
];

/// What a server SHALL or SHOULD refuse.
const REFUSED: &[(&str, Level, &str)] = &[
    ("modifier", Level::Shall, "Observation?status:nonsense=final"),
    ("modifier-of-another-type", Level::Shall, "Observation?status:contains=final"),
    ("date", Level::Should, "Observation?date=yesterday"),
    ("prefix", Level::Should, "Observation?date=zz2025-05-06"),
    ("month", Level::Should, "Observation?date=2025-13"),
    ("missing", Level::Should, "Observation?date:missing=maybe"),
    ("count", Level::Should, "Observation?_count=several"),
    ("count-negative", Level::Should, "Observation?_count=-1"),
    ("sort", Level::Should, "Observation?_sort=nonsense"),
    ("summary", Level::Should, "Observation?_summary=nonsense"),
];

/// Adds them.
pub fn add(suite: &mut Suite) {
    for (id, part, kind, param, value, found) in TABLE.iter().copied() {
        suite.add(
            format!("search.{id}"),
            Level::Shall,
            format!("{SEARCH}#{part}"),
            &[],
            move |world| {
                let value = filled(world, value)?;
                are(world, kind, &format!("{param}={}", escaped(&value)), found)
            },
        );
    }
    for (id, kind, query, found) in BOTH.iter().copied() {
        suite.add(
            format!("search.{id}"),
            Level::Shall,
            format!("{SEARCH}#combining"),
            &[],
            move |world| are(world, kind, query, found),
        );
    }
    for (id, level, path) in REFUSED.iter().copied() {
        let clause = format!("{SEARCH}#errors");
        suite.add(format!("search.refused.{id}"), level, clause, &[], move |world| {
            world.source.get(path).refused(&[400]).map(drop)
        });
    }
    handling(suite);
    posted(suite);
    pages(suite);
}

fn filled(world: &World, text: &str) -> Result<String, crate::case::Fail> {
    use crate::people::{LOINC, SCT, TMP};
    let text = text.replace("{TMP}", TMP).replace("{SCT}", SCT).replace("{LOINC}", LOINC);
    world.chart().fill(world, &text)
}

/// Only A and B are looked at.
fn among(world: &World, kind: &str) -> Result<String, crate::case::Fail> {
    let chart = world.chart();
    if kind == QUESTIONNAIRE {
        let url = |letter| escaped(&format!("urn:example:questionnaire:{}:{letter}", chart.mark));
        return Ok(format!("url={},{}", url('A'), url('B')));
    }
    let id = |letter| chart.id(&format!("{kind} {letter}")).map(str::to_owned);
    Ok(format!("_id={},{}", id('A')?, id('B')?))
}

fn are(world: &World, kind: &str, query: &str, found: &str) -> Check {
    let wanted: Result<Vec<&str>, _> =
        found.chars().map(|letter| world.chart().at(&format!("{kind} {letter}"))).collect();
    let page = world.source.search(kind, &format!("{}&{query}", among(world, kind)?))?;
    page.are(&wanted?)
}

fn handling(suite: &mut Suite) {
    let clause = format!("{SEARCH}#errors");
    suite.add("search.unknown.strict", Level::Should, clause.clone(), &[], |world| {
        let path = format!("Observation?{}&nonsense=1", among(world, OBSERVATION)?);
        let strict = [("prefer", "handling=strict")];
        world.source.get_with(&path, &strict).refused(&[400]).map(drop)
    });
    suite.add("search.unknown.lenient", Level::Should, clause, &[], |world| {
        let path = format!("Observation?{}&nonsense=1", among(world, OBSERVATION)?);
        let page = world.source.get_with(&path, &[("prefer", "handling=lenient")]).page()?;
        let chart = world.chart();
        page.are(&[chart.at("Observation A")?, chart.at("Observation B")?])?;
        let own = page.link("self").unwrap_or_default();
        hold(!own.contains("nonsense"), || format!("self says it was heeded: {own}"))
    });
}

fn posted(suite: &mut Suite) {
    let clause = format!("{HTTP}#search");
    let form = [("content-type", FORM)];
    suite.add("search.post", Level::Shall, clause.clone(), &[], move |world| {
        let body = format!("{}&status=final", among(world, OBSERVATION)?);
        let answer = world.source.call("POST", "Observation/_search", &form, body.as_bytes());
        answer.page()?.are(&[world.chart().at("Observation A")?])
    });
    suite.add("search.post.and-url", Level::Shall, clause.clone(), &[], move |world| {
        let path = format!("Observation/_search?{}", among(world, OBSERVATION)?);
        let answer = world.source.call("POST", &path, &form, b"status=corrected");
        answer.page()?.are(&[world.chart().at("Observation B")?])
    });
    suite.add("search.post.media", Level::Should, clause, &[], |world| {
        let media = [("content-type", "text/plain")];
        let answer = world.source.call("POST", "Observation/_search", &media, b"status=final");
        answer.refused(&[400, 415]).map(drop)
    });
}

fn pages(suite: &mut Suite) {
    use Level::{May, Shall, Should};
    let clause = format!("{SEARCH}#conformance");
    suite.add("search.self", Should, clause.clone(), &[], |world| {
        let page = world
            .source
            .search(OBSERVATION, &format!("{}&status=final", among(world, OBSERVATION)?))?;
        let own = page.link("self").unwrap_or_default();
        hold(own.starts_with(&format!("{}/Observation?", world.base())), || {
            format!("self is {own}")
        })?;
        hold(own.contains("status=final"), || format!("self says not what was asked: {own}"))
    });
    suite.add("search.full-url", Shall, "R4 bundle.html#bdl-7", &[], |world| {
        let page = world.source.search(OBSERVATION, &among(world, OBSERVATION)?)?;
        for entry in page.entries() {
            let wanted =
                format!("{}/{}", world.base(), crate::client::reference_of(&entry["resource"]));
            hold(entry["fullUrl"] == wanted.as_str(), || {
                format!("fullUrl is {}", entry["fullUrl"])
            })?;
        }
        Ok(())
    });
    suite.add("search.as-read", Shall, clause.clone(), &[], |world| {
        let page = world.source.search(OBSERVATION, &among(world, OBSERVATION)?)?;
        for entry in page.entries() {
            let at = crate::client::reference_of(&entry["resource"]);
            let read = world.source.get(&at).expect(200)?.json;
            hold(read == entry["resource"], || format!("{at} is found otherwise than it is read"))?;
        }
        Ok(())
    });
    suite.add("search.nothing", Shall, clause, &[], |world| {
        let page = world.source.search(OBSERVATION, &format!("_id=nobody-{}", world.unique()))?;
        hold(page.0.json.get("entry").is_none(), || "an empty list is no JSON of FHIR's".into())
    });
    suite.add("search.no-total", May, format!("{SEARCH}#total"), &[], |world| {
        for query in ["_count=1", "status=final"] {
            let page = world.source.search(OBSERVATION, query)?;
            hold(page.0.json.get("total").is_none(), || {
                "a total counts what consent may hide".into()
            })?;
        }
        Ok(())
    });
}
