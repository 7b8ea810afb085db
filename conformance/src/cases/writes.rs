//! What a write answers, and writes that depend on what is there.

use serde_json::{Value, json};

use super::HTTP;
use crate::case::{Check, Fail, Level, Suite, fail, hold};
use crate::client::Answer;
use crate::people::{MADE_UP, create, patient};
use crate::world::World;

/// Adds them.
pub fn add(suite: &mut Suite) {
    prefer(suite);
    bodies(suite);
    if_none_exist(suite);
    conditional_update(suite);
    others(suite);
}

/// A new Patient's body, and a search that finds it alone.
fn newcomer(world: &World) -> (Value, String) {
    let body = patient(world, "Nwosu", "Ife");
    let number = body["identifier"][0]["value"].as_str().unwrap_or_default();
    let query = format!("identifier={MADE_UP}%7C{number}");
    (body, query)
}

/// A search by a business identifier is what these need; a server need not have it.
fn document(world: &World) -> Result<(Value, String), Fail> {
    let mut body = super::types::twin(world, "DocumentReference")?;
    let number = world.unique();
    body["identifier"] = json!([{ "system": MADE_UP, "value": number }]);
    Ok((body, format!("identifier={MADE_UP}%7C{number}")))
}

fn prefer(suite: &mut Suite) {
    let clause = format!("{HTTP}#ops");
    suite.add("prefer.minimal", Level::Should, clause.clone(), &[], |world| {
        let answer = preferring(world, "return=minimal")?;
        hold(answer.text.is_empty(), || format!("minimal is {}", answer.shown()))
    });
    suite.add("prefer.representation", Level::Should, clause.clone(), &[], |world| {
        let answer = preferring(world, "return=representation")?;
        let read = world.source.get(&answer.created()?).expect(200)?;
        hold(answer.json == read.json, || "the representation is not what is read".into())
    });
    suite.add("prefer.outcome", Level::Should, clause, &[], |world| {
        let answer = preferring(world, "return=OperationOutcome")?;
        hold(answer.json["resourceType"] == "OperationOutcome", || answer.shown())
    });
}

fn preferring(world: &World, prefer: &str) -> Result<Answer, Fail> {
    let body = super::types::twin(world, "Condition")?;
    world.source.post_with("Condition", &body, &[("prefer", prefer)]).expect(201)
}

fn bodies(suite: &mut Suite) {
    let update = format!("{HTTP}#update");
    suite.add("write.own-id", Level::Shall, format!("{HTTP}#create"), &[], |world| {
        let (mut body, _) = newcomer(world);
        let wish = format!("wish-{}", world.unique());
        body["id"] = json!(wish);
        let made = world.source.post("Patient", &body).expect(201)?.created()?;
        hold(!made.ends_with(&wish), || "the id is the client's wish".into())
    });
    suite.add("write.another-id", Level::Shall, update.clone(), &[], |world| {
        let (at, mut body) = condition(world)?;
        body["id"] = json!("another");
        world.source.put(&at, &body).refused(&[400, 422]).map(drop)
    });
    suite.add("write.without-id", Level::Shall, update.clone(), &[], |world| {
        let (at, mut body) = condition(world)?;
        if let Some(members) = body.as_object_mut() {
            members.remove("id");
        }
        world.source.put(&at, &body).refused(&[400, 422]).map(drop)
    });
    suite.add("write.meta-is-ours", Level::Shall, format!("{HTTP}#create"), &[], |world| {
        let mut body = super::types::twin(world, "Condition")?;
        body["meta"]["versionId"] = json!("977");
        body["meta"]["lastUpdated"] = json!("2001-01-01T00:00:00Z");
        let at = create(&world.source, &body)?;
        let meta = world.source.get(&at).expect(200)?.json["meta"].clone();
        hold(meta["versionId"] != "977", || "versionId is the client's".into())?;
        let changed = meta["lastUpdated"].as_str().unwrap_or_default();
        hold(!changed.starts_with("2001"), || format!("lastUpdated is {changed}"))
    });
    suite.add("write.kept", Level::Should, "SDOHCC mustsupport, conf-6 and conf-7", &["conf-6", "conf-7"], |world| {
        let mut body = super::types::twin(world, "Condition")?;
        body["extension"] = json!([{ "url": "urn:example:not-known-here", "valueString": "kept" }]);
        body["note"] = json!([{ "text": "An element that no profile marks" }]);
        body["text"] = json!({ "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Told</div>" });
        let read = world.source.get(&create(&world.source, &body)?).expect(200)?.json;
        for member in ["extension", "note", "text", "code", "category"] {
            hold(read[member] == body[member], || format!("{member} is not read back as sent"))?;
        }
        Ok(())
    });
    suite.add(
        "write.data-absent",
        Level::Shall,
        "SDOHCC mustsupport, conf-9",
        &["conf-9"],
        |world| {
            let mut body = super::types::twin(world, "Observation")?;
            if let Some(members) = body.as_object_mut() {
                members.remove("valueCodeableConcept");
            }
            let absent = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
            body["dataAbsentReason"] = crate::people::concept(absent, "asked-declined");
            let read = world.source.get(&create(&world.source, &body)?).expect(200)?.json;
            hold(read["dataAbsentReason"] == body["dataAbsentReason"], || {
                "it is not read back".into()
            })
        },
    );
    suite.add("write.new-by-put", Level::Shall, update, &[], |world| {
        let (mut body, _) = newcomer(world);
        let id = format!("wish-{}", world.unique());
        body["id"] = json!(id);
        // Either it lets clients choose ids, or it says that there is none.
        let answer = world.source.put(&format!("Patient/{id}"), &body);
        match answer.status {
            201 => Ok(()),
            400 | 404 | 405 | 422 => answer.outcome(),
            _ => fail(answer.told()),
        }
    });
}

fn condition(world: &World) -> Result<(String, Value), Fail> {
    let at = create(&world.source, &super::types::twin(world, "Condition")?)?;
    let read = world.source.get(&at).expect(200)?.json;
    Ok((at, read))
}

fn if_none_exist(suite: &mut Suite) {
    let clause = format!("{HTTP}#ccreate");
    let post = |world: &World, body: &Value, query: &str| {
        world.source.post_with("DocumentReference", body, &[("if-none-exist", query)])
    };
    suite.add("conditional-create.none", Level::May, clause.clone(), &[], move |world| {
        let (body, query) = document(world)?;
        let at = post(world, &body, &query).expect(201)?.created()?;
        world.source.get(&at).expect(200).map(drop)
    });
    suite.add("conditional-create.one", Level::May, clause.clone(), &[], move |world| {
        let (mut body, query) = document(world)?;
        let first = post(world, &body, &query).expect(201)?.created()?;
        body["language"] = json!("en-AU");
        let answer = post(world, &body, &query).expect(200)?;
        let named = answer.header("location").or(answer.header("content-location"));
        let named = named.and_then(crate::client::reference_in);
        hold(named.is_none_or(|named| named == first), || "another is named".into())?;
        world.source.search("DocumentReference", &query)?.are(&[&first])
    });
    suite.add("conditional-create.several", Level::May, clause, &[], move |world| {
        let (mut body, query) = document(world)?;
        create(&world.source, &body)?;
        body["language"] = json!("en-AU");
        create(&world.source, &body)?;
        body["language"] = json!("en-NZ");
        post(world, &body, &query).refused(&[412]).map(drop)
    });
}

fn conditional_update(suite: &mut Suite) {
    let clause = format!("{HTTP}#cond-update");
    let put = |world: &World, body: &Value, query: &str| {
        world.source.put(&format!("DocumentReference?{query}"), body)
    };
    suite.add("conditional-update.none", Level::May, clause.clone(), &[], move |world| {
        let (body, query) = document(world)?;
        let at = put(world, &body, &query).expect(201)?.created()?;
        world.source.get(&at).expect(200).map(drop)
    });
    suite.add("conditional-update.one", Level::May, clause.clone(), &[], move |world| {
        let (mut body, query) = document(world)?;
        let at = create(&world.source, &body)?;
        body["language"] = json!("en-AU");
        put(world, &body, &query).expect(200)?;
        let read = world.source.get(&at).expect(200)?.json;
        hold(read["language"] == "en-AU", || "it was not changed".into())
    });
    suite.add("conditional-update.several", Level::May, clause, &[], move |world| {
        let (mut body, query) = document(world)?;
        create(&world.source, &body)?;
        body["language"] = json!("en-AU");
        create(&world.source, &body)?;
        body["language"] = json!("en-NZ");
        put(world, &body, &query).refused(&[412]).map(drop)
    });
}

fn others(suite: &mut Suite) {
    let clause = format!("{}, Task update; R4 security.html", super::CP);
    for kind in ["Condition", "Consent", "Observation", "QuestionnaireResponse", "ServiceRequest"] {
        suite.add(
            format!("write.others.{kind}"),
            Level::Shall,
            clause.clone(),
            &[],
            move |world| -> Check {
                let (target, _) = world.target()?;
                let at = create(&world.source, &super::types::twin(world, kind)?)?;
                let before = world.source.get(&at).expect(200)?;
                let mut body = before.json.clone();
                body["language"] = json!("en-AU");
                target.put(&at, &body).refused(&[403, 404, 405])?;
                let after = world.source.get(&at).expect(200)?;
                hold(after.json == before.json, || "somebody else changed it".into())
            },
        );
    }
    suite.add("write.target-about-a-stranger", Level::Shall, clause, &["priv-5"], |world| {
        let (target, _) = world.target()?;
        let mut body = super::types::twin(world, "Procedure")?;
        if let Some(members) = body.as_object_mut() {
            members.remove("basedOn");
            members.remove("performer");
        }
        body["subject"] = json!({ "reference": world.chart().at("Patient B")? });
        target.post("Procedure", &body).refused(&[403, 404, 422]).map(drop)
    });
    for kind in ["HealthcareService", "Location", "Organization", "Questionnaire"] {
        let clause = "SDOHCC referral_workflow.html, capacity; directory".to_owned();
        suite.add(format!("directory.{kind}"), Level::May, clause, &[], move |world| -> Check {
            let (target, _) = world.target()?;
            let mut body = super::types::twin(world, kind)?;
            if let Some(members) = body.as_object_mut() {
                members.remove("location");
            }
            let at = create(target, &body)?;
            let read = world.source.get(&at).expect(200)?;
            hold(read.json["resourceType"] == kind, || read.shown())
        });
    }
}
