//! Versions: read one, read only what is new, change only what was read.

use serde_json::{Value, json};

use super::{CP, HTTP};
use crate::case::{Check, Fail, Level, Suite, fail, hold};
use crate::people::{create, in_status, referred};
use crate::world::World;

/// Adds them.
pub fn add(suite: &mut Suite) {
    use Level::{Shall, Should};
    let vread = format!("{HTTP}#vread");
    suite.add("version.read-current", Should, vread.clone(), &[], |world| {
        let (at, now) = condition(world)?;
        let read = world.source.get(&format!("{at}/_history/{}", version(&now))).expect(200)?;
        hold(read.json == now, || "the version is not what is read".into())?;
        hold(read.version()? == version(&now), || "its ETag is another's".into())
    });
    suite.add("version.read-older", Should, vread.clone(), &[], |world| {
        let (at, first) = condition(world)?;
        let mut changed = first.clone();
        changed["language"] = json!("en-AU");
        world.source.put(&at, &changed).expect(200)?;
        let read = world.source.get(&format!("{at}/_history/{}", version(&first))).expect(200)?;
        hold(read.json == first, || "the first version is not as it was".into())
    });
    suite.add("version.read-absent", Shall, vread.clone(), &[], |world| {
        let (at, now) = condition(world)?;
        world.source.get(&format!("{at}/_history/{}99", version(&now))).refused(&[404]).map(drop)
    });
    suite.add("version.read-task", Should, vread, &[], |world| {
        let at = world.chart().at("Task A")?;
        let now = world.source.get(at).expect(200)?.json;
        let read = world.source.get(&format!("{at}/_history/{}", version(&now))).expect(200)?;
        hold(read.json == now, || "the version is not what is read".into())
    });
    suite.add("version.last-modified", Should, format!("{HTTP}#read"), &[], |world| {
        world.chart().read(world, "Task A")?.must("last-modified").map(drop)
    });
    conditional_read(suite);
    matching(suite);
}

fn version(resource: &Value) -> String {
    resource["meta"]["versionId"].as_str().unwrap_or_default().to_owned()
}

fn condition(world: &World) -> Result<(String, Value), Fail> {
    let at = create(&world.source, &super::types::twin(world, "Condition")?)?;
    let read = world.source.get(&at).expect(200)?.json;
    Ok((at, read))
}

fn conditional_read(suite: &mut Suite) {
    use Level::{Shall, Should};
    let clause = format!("{CP}, Task, conditionalRead");
    let row: &[&str] = &["Task/conditionalRead.modified-since"];
    let read = |world: &World, name: &str, value: &str| -> Result<_, Fail> {
        Ok(world.source.get_with(world.chart().at("Task A")?, &[(name, value)]))
    };
    suite.add("version.not-modified-since", Shall, clause.clone(), row, move |world| {
        let modified = world.chart().read(world, "Task A")?.must("last-modified")?.to_owned();
        let answer = read(world, "if-modified-since", &modified)?.expect(304)?;
        hold(answer.text.is_empty(), || "304 with a body".into())
    });
    suite.add("version.modified-since", Shall, clause.clone(), row, move |world| {
        read(world, "if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT")?.expect(200).map(drop)
    });
    suite.add("version.moved-since", Shall, clause, row, |world| {
        let (target, _) = world.target()?;
        let (referred, placed) = referred(world)?;
        let etag = world.source.get(&referred.task).expect(200)?.must("etag")?.to_owned();
        let at = crate::client::reference_of(&placed);
        target.put(&at, &in_status(&placed, "accepted")).expect(200)?;
        let answer =
            world.source.get_with(&referred.task, &[("if-none-match", &etag)]).expect(200)?;
        hold(answer.json["status"] == "accepted", || format!("status {}", answer.json["status"]))
    });
    let clause = format!("{HTTP}#cread");
    suite.add("version.none-match", Should, clause.clone(), &[], |world| {
        let (at, now) = condition(world)?;
        let etag = format!("W/\"{}\"", version(&now));
        let answer = world.source.get_with(&at, &[("if-none-match", &etag)]).expect(304)?;
        hold(answer.text.is_empty(), || "304 with a body".into())
    });
    suite.add("version.none-match-other", Should, clause.clone(), &[], |world| {
        let (at, now) = condition(world)?;
        let etag = format!("W/\"{}9\"", version(&now));
        world.source.get_with(&at, &[("if-none-match", &etag)]).expect(200).map(drop)
    });
    suite.add("version.none-match-others", Shall, "R4 security.html", &[], |world| {
        let (target, _) = world.target()?;
        let (at, now) = condition(world)?;
        let etag = format!("W/\"{}\"", version(&now));
        // Whether it is as it was is not for somebody who may not read it.
        let since = ("if-modified-since", "Tue, 01 Jan 2030 00:00:00 GMT");
        target.get_with(&at, &[("if-none-match", &etag)]).refused(&[403, 404])?;
        target.get_with(&at, &[since]).refused(&[403, 404]).map(drop)
    });
}

fn matching(suite: &mut Suite) {
    use Level::{Shall, Should};
    let clause = format!("{HTTP}#concurrency");
    suite.add(
        "version.task-stale",
        Shall,
        clause.clone(),
        &["Task/versioning.versioned-update"],
        |world| {
            let (target, _) = world.target()?;
            let (_, placed) = referred(world)?;
            let at = crate::client::reference_of(&placed);
            let stale = format!("W/\"{}9\"", version(&placed));
            let asked = in_status(&placed, "accepted");
            target.put_with(&at, &asked, &[("if-match", &stale)]).refused(&[412])?;
            let now = target.get(&at).expect(200)?.json;
            hold(now["status"] == "requested", || "it moved all the same".into())
        },
    );
    suite.add(
        "version.task-current",
        Shall,
        clause.clone(),
        &["Task/versioning.versioned-update"],
        |world| {
            let (target, _) = world.target()?;
            let (_, placed) = referred(world)?;
            let at = crate::client::reference_of(&placed);
            let current = format!("W/\"{}\"", version(&placed));
            let answer =
                target.put_with(&at, &in_status(&placed, "accepted"), &[("if-match", &current)]);
            let next = answer.expect(200)?.version()?;
            hold(next != version(&placed), || format!("still version {next}"))
        },
    );
    suite.add(
        "version.task-twice",
        Shall,
        clause.clone(),
        &["Task/versioning.versioned-update"],
        |world| {
            let (target, _) = world.target()?;
            let (_, placed) = referred(world)?;
            let at = crate::client::reference_of(&placed);
            let first = format!("W/\"{}\"", version(&placed));
            target
                .put_with(&at, &in_status(&placed, "accepted"), &[("if-match", &first)])
                .expect(200)?;
            // Somebody else read it before that, and would undo it.
            let answer =
                target.put_with(&at, &in_status(&placed, "rejected"), &[("if-match", &first)]);
            answer.refused(&[409, 412]).map(drop)
        },
    );
    suite.add("version.there-and-back", Shall, format!("{HTTP}#update"), &[], |world| {
        let (at, mut body) = condition(world)?;
        if let Some(members) = body.as_object_mut() {
            members.remove("meta");
        }
        // The third is the first again, and replaces the second all the same.
        for language in ["en-AU", "en-NZ", "en-AU"] {
            body["language"] = json!(language);
            world.source.put(&at, &body).expect(200)?;
        }
        let now = world.source.get(&at).expect(200)?.json;
        hold(now["language"] == "en-AU", || format!("language is {}", now["language"]))
    });
    suite.add("version.stale-same-body", Shall, clause.clone(), &[], |world| {
        let (at, mut body) = condition(world)?;
        body["language"] = json!("en-AU");
        world.source.put(&at, &body).expect(200)?;
        let stale = [("if-match", "W/\"977\"")];
        world.source.put_with(&at, &body, &stale).refused(&[409, 412]).map(drop)
    });
    suite.add("version.etag-after-create", Should, format!("{HTTP}#create"), &[], |world| {
        let answer = world.source.post("Condition", &super::types::twin(world, "Condition")?);
        let answer = answer.expect(201)?;
        let read = world.source.get(&answer.created()?).expect(200)?;
        hold(read.version()? == answer.version()?, || "the ETags of create and read differ".into())
    });
    suite.add("version.if-match-nonsense", Should, clause, &[], |world| -> Check {
        let (at, now) = condition(world)?;
        let mut changed = now.clone();
        changed["language"] = json!("en-AU");
        let answer = world.source.put_with(&at, &changed, &[("if-match", "nonsense")]);
        match answer.status {
            400 | 412 => answer.outcome(),
            _ => fail(format!("{}: an If-Match that is none was passed over", answer.told())),
        }
    });
}
