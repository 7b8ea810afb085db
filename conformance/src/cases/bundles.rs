//! Batch, where each entry stands for itself, and transaction, where none does.

use serde_json::{Value, json};

use super::{CP, HTTP};
use crate::case::{Check, Fail, Level, Suite, hold, skip};
use crate::client::{Answer, reference_of};
use crate::people::{MADE_UP, entry_at, in_status, patient, referred};
use crate::world::World;

/// Adds them.
pub fn add(suite: &mut Suite) {
    batches(suite);
    transactions(suite);
}

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn get(url: &str) -> Value {
    json!({ "request": { "method": "GET", "url": url } })
}

fn post(full_url: &str, resource: &Value) -> Value {
    let kind = &resource["resourceType"];
    json!({ "fullUrl": full_url, "resource": resource, "request": { "method": "POST", "url": kind } })
}

fn send(world: &World, kind: &str, entries: &[Value]) -> Result<Answer, Fail> {
    let answer = world.source.post("", &bundle(kind, entries)).expect(200)?;
    answer.is_fhir()?;
    let wanted = format!("{kind}-response");
    hold(answer.json["type"] == wanted.as_str(), || format!("no {wanted}: {}", answer.shown()))?;
    let count = answer.json["entry"].as_array().map_or(0, Vec::len);
    hold(count == entries.len(), || format!("{count} entries for {}", entries.len()))?;
    Ok(answer)
}

fn statuses(answer: &Answer) -> Vec<u16> {
    let entries = answer.json["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let status = |entry: &Value| {
        let text = entry["response"]["status"].as_str().unwrap_or_default();
        text.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(0)
    };
    entries.iter().map(status).collect()
}

fn are(answer: &Answer, wanted: &[u16]) -> Check {
    let found = statuses(answer);
    hold(found == wanted, || format!("statuses {found:?}, not {wanted:?}: {}", answer.shown()))
}

const URN: &str = "urn:uuid:4b0e6f1c-3d52-4b0e-9d1a-00000000000";

fn batches(suite: &mut Suite) {
    let clause = format!("{CP}, batch; {HTTP}#transaction");
    let row: &[&str] = &["system/interaction.batch", "refer-4", "conn-1"];
    let mut batch = |id: &str, run: fn(&World) -> Check| {
        suite.add(format!("batch.{id}"), Level::Should, clause.clone(), row, run);
    };
    batch("reads", |world| {
        let chart = world.chart();
        let (patient, task) = (chart.at("Patient A")?, chart.at("Task A")?);
        let nobody = format!("Patient/nobody-{}", world.unique());
        let answer = send(world, "batch", &[get(patient), get(&nobody), get(task)])?;
        are(&answer, &[200, 404, 200])?;
        for (n, reference) in [(0, patient), (2, task)] {
            let resource = &answer.json["entry"][n]["resource"];
            hold(reference_of(resource) == reference, || format!("entry {n} is another"))?;
        }
        let outcome = &answer.json["entry"][1]["response"]["outcome"]["resourceType"];
        hold(outcome == "OperationOutcome", || "the refusal has no outcome".into())
    });
    batch("searches", |world| {
        let chart = world.chart();
        let first = format!("Task?patient={}", chart.at("Patient A")?);
        let second = format!("ServiceRequest?_id={}", chart.id("ServiceRequest A")?);
        let answer =
            send(world, "batch", &[get(&first), get(&second), get("Task?status:nonsense=1")])?;
        are(&answer, &[200, 200, 400])?;
        for (n, wanted) in [(0, chart.at("Task A")?), (1, chart.at("ServiceRequest A")?)] {
            let page = &answer.json["entry"][n]["resource"];
            hold(page["type"] == "searchset", || format!("entry {n} is no searchset"))?;
            hold(
                page["entry"][0]["resource"]["id"] == wanted.rsplit('/').next().unwrap_or_default(),
                || format!("entry {n} found another"),
            )?;
        }
        Ok(())
    });
    batch("writes", |world| {
        let sound = patient(world, "Adeyemi", "Bisi");
        let mut broken = patient(world, "Adeyemi", "Bola");
        broken["gender"] = json!("nonsense");
        let answer = send(
            world,
            "batch",
            &[post("", &sound), post("", &broken), post("", &patient(world, "Adeyemi", "Dayo"))]
                .map(without_url),
        )?;
        let found = statuses(&answer);
        hold(found[0] == 201 && found[2] == 201 && matches!(found[1], 400 | 422), || {
            format!("statuses {found:?}, not 201, 400 or 422, 201")
        })?;
        world.source.get(&entry_at(&answer, 0)?).expect(200)?;
        world.source.get(&entry_at(&answer, 2)?).expect(200).map(drop)
    });
    batch("put", |world| {
        let mut body = world.chart().read(world, "Observation B")?.json;
        let at = crate::people::create(&world.source, &super::types::twin(world, "Observation")?)?;
        let read = world.source.get(&at).expect(200)?.json;
        body.clone_from(&read);
        body["language"] = json!("en-AU");
        let put = json!({ "resource": body, "request": { "method": "PUT", "url": at, "ifMatch": format!("W/\"{}\"", read["meta"]["versionId"].as_str().unwrap_or_default()) } });
        let stale = json!({ "resource": body, "request": { "method": "PUT", "url": at, "ifMatch": "W/\"977\"" } });
        are(&send(world, "batch", &[put, stale])?, &[200, 412])
    });
    batch("others", |world| {
        let (target, _) = world.target()?;
        let patient = world.chart().at("Patient B")?;
        let answer = target.post("", &bundle("batch", &[get(patient)])).expect(200)?;
        let found = statuses(&answer);
        hold(matches!(found[..], [403 | 404]), || format!("statuses {found:?}"))?;
        hold(!answer.text.contains("Brandvold"), || "a batch shows what a read does not".into())
    });
}

fn without_url(mut entry: Value) -> Value {
    if let Some(members) = entry.as_object_mut() {
        members.remove("fullUrl");
    }
    entry
}

fn offered(world: &World) -> Check {
    let all = world.statement()["rest"][0]["interaction"].as_array().cloned().unwrap_or_default();
    if all.iter().any(|one| one["code"] == "transaction") {
        return Ok(());
    }
    skip("transaction is not offered, and the guide does not ask for it")
}

fn transactions(suite: &mut Suite) {
    let clause = format!("{HTTP}#transaction");
    let mut transaction = |id: &str, run: fn(&World) -> Check| {
        suite.add(format!("transaction.{id}"), Level::May, clause.clone(), &[], move |world| {
            offered(world)?;
            run(world)
        });
    };
    transaction("links", |world| {
        let person = patient(world, "Adeyemi", "Kemi");
        let mut condition = super::types::twin(world, "Condition")?;
        condition["subject"] = json!({ "reference": format!("{URN}1") });
        if let Some(members) = condition.as_object_mut() {
            members.remove("evidence");
        }
        // What is referred to may come later.
        let entries = [post(&format!("{URN}2"), &condition), post(&format!("{URN}1"), &person)];
        let answer = send(world, "transaction", &entries)?;
        are(&answer, &[201, 201])?;
        let read = world.source.get(&entry_at(&answer, 0)?).expect(200)?.json;
        let wanted = entry_at(&answer, 1)?;
        hold(read["subject"]["reference"] == wanted.as_str(), || {
            format!("subject is {}, not {wanted}", read["subject"])
        })
    });
    transaction("all-or-nothing", |world| {
        let number = world.unique();
        let mut document = super::types::twin(world, "DocumentReference")?;
        document["identifier"] = json!([{ "system": MADE_UP, "value": number }]);
        let mut broken = patient(world, "Adeyemi", "Lola");
        broken["gender"] = json!("nonsense");
        let entries = [post(&format!("{URN}1"), &document), post(&format!("{URN}2"), &broken)];
        let answer =
            world.source.post("", &bundle("transaction", &entries)).refused(&[400, 409, 422])?;
        hold(answer.expressions().iter().any(|at| at.contains("entry[1]")), || {
            format!("the refusal says not which entry: {:?}", answer.expressions())
        })?;
        let query = format!("identifier={MADE_UP}%7C{number}");
        world.source.search("DocumentReference", &query)?.are(&[])
    });
    transaction("put", |world| {
        let at = crate::people::create(&world.source, &super::types::twin(world, "Condition")?)?;
        let mut body = world.source.get(&at).expect(200)?.json;
        body["language"] = json!("en-AU");
        let put = json!({ "fullUrl": format!("{}/{at}", world.base()), "resource": body, "request": { "method": "PUT", "url": at } });
        let entries = [put, post(&format!("{URN}1"), &patient(world, "Adeyemi", "Tola"))];
        are(&send(world, "transaction", &entries)?, &[200, 201])?;
        let read = world.source.get(&at).expect(200)?.json;
        hold(read["language"] == "en-AU", || "it was not changed".into())
    });
    transaction("stale", |world| {
        let at = crate::people::create(&world.source, &super::types::twin(world, "Condition")?)?;
        let mut body = world.source.get(&at).expect(200)?.json;
        body["language"] = json!("en-AU");
        let person = patient(world, "Adeyemi", "Wale");
        let query = format!(
            "identifier={MADE_UP}%7C{}",
            person["identifier"][0]["value"].as_str().unwrap_or_default()
        );
        let put = json!({ "fullUrl": format!("{}/{at}", world.base()), "resource": body, "request": { "method": "PUT", "url": at, "ifMatch": "W/\"977\"" } });
        let entries = [post(&format!("{URN}1"), &person), put];
        world.source.post("", &bundle("transaction", &entries)).refused(&[409, 412])?;
        let found = world.source.get(&format!("Patient?{query}"));
        if found.status != 200 {
            return skip("Patients cannot be looked for by identifier");
        }
        found.page()?.are(&[])
    });
    transaction("conditional-create", |world| {
        let number = world.unique();
        let mut document = super::types::twin(world, "DocumentReference")?;
        document["identifier"] = json!([{ "system": MADE_UP, "value": number }]);
        let first = crate::people::create(&world.source, &document)?;
        document["language"] = json!("en-AU");
        let mut entry = post(&format!("{URN}1"), &document);
        entry["request"]["ifNoneExist"] = json!(format!("identifier={MADE_UP}|{number}"));
        let answer = send(world, "transaction", &[entry])?;
        are(&answer, &[200])?;
        let at = entry_at(&answer, 0)?;
        hold(at == first, || format!("{at}, not {first}"))
    });
    transaction("task-move", |world| {
        let (referred, _) = referred(world)?;
        let task = world.source.get(&referred.task).expect(200)?.json;
        let put = json!({
            "fullUrl": format!("{}/{}", world.base(), referred.task),
            "resource": in_status(&task, "cancelled"),
            "request": { "method": "PUT", "url": referred.task },
        });
        are(&send(world, "transaction", &[put])?, &[200])?;
        let task = world.source.get(&referred.task).expect(200)?.json;
        hold(task["status"] == "cancelled", || format!("status {}", task["status"]))
    });
    transaction("twice-the-same", |world| {
        let person = patient(world, "Adeyemi", "Yemi");
        let entries = [post(&format!("{URN}1"), &person), post(&format!("{URN}1"), &person)];
        world.source.post("", &bundle("transaction", &entries)).refused(&[400, 409, 422]).map(drop)
    });
    suite.add("bundle.another-type", Level::Shall, clause, &[], |world| {
        let answer = world.source.post("", &bundle("collection", &[]));
        answer.refused(&[400, 422]).map(drop)
    });
}
