//! Pages, order, includes, and less than the whole.

use serde_json::{Value, json};

use super::{CP, SEARCH};
use crate::case::{Check, Fail, Level, Suite, fail, hold};
use crate::client::{Page, escaped, reference_of};
use crate::guide;
use crate::people::{create, patient};
use crate::world::World;

/// How many are paged through.
const MANY: usize = 7;
/// Pages until a walk is said not to end.
const PAGES_MAX: usize = 30;

/// Adds them.
pub fn add(suite: &mut Suite) {
    for count in [1, 2, 3, 7, 50] {
        let id = format!("paging.walk.{count}");
        suite
            .add(id, Level::Shall, format!("{SEARCH}#count"), &[], move |world| walk(world, count));
    }
    suite.add("paging.grows", Level::Should, "R4 http.html#paging", &[], grows);
    suite.add("paging.not-others", Level::Shall, "R4 security.html", &[], theirs);
    for (id, sort, reversed) in [("up", "_lastUpdated", false), ("down", "-_lastUpdated", true)] {
        suite.add(
            format!("sort.{id}"),
            Level::Should,
            format!("{SEARCH}#sort"),
            &[],
            move |world| sorted(world, sort, reversed),
        );
    }
    includes(suite);
    subsets(suite);
}

/// Conditions of one new person, oldest first.
fn many(world: &World) -> Result<(String, Vec<String>), Fail> {
    let patient = create(&world.source, &patient(world, "Okafor", "Uma"))?;
    let made: Result<Vec<String>, Fail> = (0..MANY).map(|_| one(world, &patient)).collect();
    Ok((patient, made?))
}

fn one(world: &World, patient: &str) -> Result<String, Fail> {
    let mut body = super::types::twin(world, "Condition")?;
    body["subject"] = json!({ "reference": patient });
    if let Some(members) = body.as_object_mut() {
        members.remove("evidence");
    }
    create(&world.source, &body)
}

/// Every page from this one on; no page is longer than asked for.
fn pages(world: &World, first: Page, count: usize) -> Result<Vec<String>, Fail> {
    let mut seen = Vec::new();
    let mut page = first;
    for _ in 0..PAGES_MAX {
        let found = page.matches();
        hold(found.len() <= count, || format!("{} on a page of {count}", found.len()))?;
        seen.extend(found);
        let Some(next) = page.link("next").map(str::to_owned) else { return Ok(seen) };
        page = world.source.get(&next).page()?;
    }
    fail(format!("{PAGES_MAX} pages, and no end"))
}

fn walk(world: &World, count: usize) -> Check {
    let (patient, made) = many(world)?;
    let first = world.source.search("Condition", &format!("patient={patient}&_count={count}"))?;
    let mut seen = pages(world, first, count)?;
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    hold(seen.len() == all, || "one was on two pages".into())?;
    let mut made = made;
    made.sort_unstable();
    hold(seen == made, || format!("{} were found of {}", seen.len(), made.len()))
}

/// What comes while somebody pages neither repeats nor hides what was there.
fn grows(world: &World) -> Check {
    let (patient, made) = many(world)?;
    let first = world.source.search("Condition", &format!("patient={patient}&_count=3"))?;
    one(world, &patient)?;
    let seen = pages(world, first, 3)?;
    for reference in made {
        let times = seen.iter().filter(|one| **one == reference).count();
        hold(times == 1, || format!("{reference} was seen {times} times"))?;
    }
    Ok(())
}

/// A link to a page is no way in for somebody else.
fn theirs(world: &World) -> Check {
    let (target, _) = world.target()?;
    let (patient, made) = many(world)?;
    let first = world.source.search("Condition", &format!("patient={patient}&_count=2"))?;
    let Some(next) = first.link("next") else { return fail("no next page") };
    let answer = target.get(next);
    hold(matches!(answer.status, 200 | 400 | 403 | 404), || answer.told())?;
    let leaked = made.iter().find(|one| answer.text.contains(one.as_str()));
    hold(leaked.is_none(), || format!("the target was shown {leaked:?}"))
}

fn sorted(world: &World, sort: &str, reversed: bool) -> Check {
    let (patient, mut made) = many(world)?;
    if reversed {
        made.reverse();
    }
    let query = format!("patient={patient}&_sort={sort}&_count=3");
    let seen = pages(world, world.source.search("Condition", &query)?, 3)?;
    hold(seen == made, || format!("in another order: {seen:?}, not {made:?}"))
}

/// The row of the guide, who is looked for, what is asked, what comes along.
const INCLUDES: [(&str, &str, &str, &str); 12] = [
    (
        "Consent:source-reference:DocumentReference",
        "Consent A",
        "Consent:source-reference:DocumentReference",
        "DocumentReference A",
    ),
    ("Group:member", "Group A", "Group:member", "Patient A"),
    (
        "HealthCareService:location",
        "HealthcareService A",
        "HealthcareService:location",
        "Location A",
    ),
    // As the guide misspells it.
    (
        "HealthCareService:location",
        "HealthcareService B",
        "HealthCareService:location",
        "Location B",
    ),
    (
        "PractitionerRole:organization",
        "PractitionerRole A",
        "PractitionerRole:organization",
        "Organization A",
    ),
    (
        "PractitionerRole:practitioner",
        "PractitionerRole A",
        "PractitionerRole:practitioner",
        "Practitioner A",
    ),
    (
        "ServiceRequest:supporting-info",
        "ServiceRequest A",
        "ServiceRequest:supporting-info",
        "Consent A",
    ),
    ("ServiceRequest:patient", "ServiceRequest A", "ServiceRequest:patient", "Patient A"),
    (
        "ServiceRequest:requester",
        "ServiceRequest A",
        "ServiceRequest:requester",
        "PractitionerRole A",
    ),
    ("ServiceRequest:performer", "ServiceRequest B", "ServiceRequest:performer", "CareTeam B"),
    ("Task:focus", "Task A", "Task:focus", "ServiceRequest A"),
    ("Task:output", "Task B", "Task:output", "QuestionnaireResponse B"),
];

fn includes(suite: &mut Suite) {
    for (row, of, asked, wanted) in INCLUDES {
        let kind = of.split(' ').next().unwrap_or_default();
        let rows = guide::of_kind(kind, "include.");
        let Some((_, row)) = rows.iter().find(|(name, _)| name == row) else { continue };
        let id = format!("{kind}.include.{}", asked.replace(':', "."));
        suite.add(id, row.level, format!("{CP}, {kind}, _include"), &[&row.key], move |world| {
            include(world, of, asked, wanted)
        });
    }
    suite.add("include.once", Level::Shall, format!("{SEARCH}#include"), &[], |world| {
        let chart = world.chart();
        let ids = format!("{},{}", chart.id("ServiceRequest A")?, {
            let twin = create(&world.source, &super::types::twin(world, "ServiceRequest")?)?;
            twin.rsplit('/').next().unwrap_or_default().to_owned()
        });
        let page = world
            .source
            .search("ServiceRequest", &format!("_id={ids}&_include=ServiceRequest:patient"))?;
        hold(page.matches().len() == 2, || format!("found {:?}", page.matches()))?;
        let included = page.ids("include");
        hold(included == [chart.at("Patient A")?], || format!("included {included:?}"))
    });
    suite.add("include.several", Level::Shall, format!("{SEARCH}#include"), &[], |world| {
        let chart = world.chart();
        let id = chart.id("PractitionerRole A")?;
        let query = format!(
            "_id={id}&_include=PractitionerRole:organization&_include=PractitionerRole:practitioner"
        );
        let mut included = world.source.search("PractitionerRole", &query)?.ids("include");
        included.sort_unstable();
        let wanted = [chart.at("Organization A")?, chart.at("Practitioner A")?];
        hold(included == wanted, || format!("included {included:?}"))
    });
    suite.add("include.not-counted", Level::Shall, format!("{SEARCH}#include"), &[], |world| {
        let id = world.chart().id("ServiceRequest A")?;
        let query = format!("_id={id}&_count=1&_include=ServiceRequest:patient");
        let page = world.source.search("ServiceRequest", &query)?;
        let (found, included) = (page.matches().len(), page.ids("include").len());
        hold((found, included) == (1, 1), || format!("{found} found, {included} included"))
    });
    suite.add("include.not-asked", Level::Shall, format!("{SEARCH}#include"), &[], |world| {
        let page = world.source.search("Task", &format!("_id={}", world.chart().id("Task A")?))?;
        hold(page.entries().len() == 1, || format!("{} entries", page.entries().len()))
    });
}

fn include(world: &World, of: &str, asked: &str, wanted: &str) -> Check {
    let chart = world.chart();
    let kind = of.split(' ').next().unwrap_or_default();
    let query = format!("_id={}&_include={}", chart.id(of)?, escaped(asked));
    let wanted = chart.at(wanted)?;
    let page = world.source.search(kind, &query)?;
    page.are(&[chart.at(of)?])?;
    let included = page.ids("include");
    hold(included == [wanted], || format!("included {included:?}, not {wanted}"))
}

fn subsets(suite: &mut Suite) {
    use Level::Should;
    let summary = format!("{SEARCH}#summary");
    let elements = format!("{SEARCH}#elements");
    suite.add("subset.elements", Should, elements.clone(), &[], |world| {
        let id = world.chart().id("Observation A")?;
        let page = world.source.search("Observation", &format!("_id={id}&_elements=status"))?;
        subset(
            &page.entries()[..1.min(page.entries().len())],
            &["status", "code"],
            &["derivedFrom"],
        )
    });
    suite.add("subset.elements.read", Should, elements, &[], |world| {
        let at = format!("{}?_elements=status", world.chart().at("Observation A")?);
        let read = world.source.get(&at).expect(200)?.json;
        subset(&[json!({ "resource": read })], &["status", "code"], &["derivedFrom"])
    });
    suite.add("subset.summary.true", Should, summary.clone(), &[], |world| {
        let id = world.chart().id("Questionnaire A")?;
        let query = format!(
            "url={}&_summary=true",
            escaped(&format!("https://forms.example/{}:A", world.chart().mark))
        );
        let page = world.source.search("Questionnaire", &query)?;
        page.are(&[&format!("Questionnaire/{id}")])?;
        // R4: `item` is no summary element of a Questionnaire, `status` and `url` are.
        subset(page.entries(), &["status", "url"], &["item"])
    });
    suite.add("subset.summary.data", Should, summary.clone(), &[], |world| {
        let id = world.chart().id("Observation A")?;
        let page = world.source.search("Observation", &format!("_id={id}&_summary=data"))?;
        subset(page.entries(), &["status", "derivedFrom"], &["text"])
    });
    suite.add("subset.summary.text", Should, summary.clone(), &[], |world| {
        let id = world.chart().id("Observation A")?;
        let page = world.source.search("Observation", &format!("_id={id}&_summary=text"))?;
        // Mandatory elements stay.
        subset(page.entries(), &["status", "code"], &["derivedFrom"])
    });
    suite.add("subset.summary.false", Should, summary.clone(), &[], |world| {
        let id = world.chart().id("Observation A")?;
        let page = world.source.search("Observation", &format!("_id={id}&_summary=false"))?;
        let read = world.chart().read(world, "Observation A")?.json;
        hold(page.entries().first().is_some_and(|entry| entry["resource"] == read), || {
            "it is not the whole".into()
        })
    });
    suite.add("subset.summary.count", Should, summary, &[], |world| {
        let id = world.chart().id("Observation A")?;
        let page = world.source.search("Observation", &format!("_id={id}&_summary=count"))?;
        hold(page.0.json["total"] == 1, || format!("total is {}", page.0.json["total"]))
    });
}

/// One entry with these members, without those, and marked as less than the whole.
fn subset(entries: &[Value], with: &[&str], without: &[&str]) -> Check {
    let [entry] = entries else { return fail(format!("{} entries, not 1", entries.len())) };
    let resource = &entry["resource"];
    for member in with {
        hold(resource.get(member).is_some(), || format!("{member} is missing"))?;
    }
    for member in without {
        hold(resource.get(member).is_none(), || format!("{member} is there"))?;
    }
    let marked = resource["meta"]["tag"].to_string().contains("SUBSETTED");
    hold(marked, || format!("{} is not tagged SUBSETTED", reference_of(resource)))
}
