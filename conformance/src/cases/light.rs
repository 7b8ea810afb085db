//! Indirect Light, all the way round: a source refers, a target without a server works on the platform's
//! Task, and the source reads what was done.

use serde_json::{Value, json};

use crate::case::{Check, Fail, Level, Suite, fail, hold};
use crate::client::{Answer, Party, reference_of};
use crate::people::{Refer, Referred, SCT, TMP, concept, in_status, placed, sdohcc, to};
use crate::world::World;

/// A referral that went round, step by step: what each was answered.
pub struct Loop {
    told: Result<Told, Fail>,
}

struct Told {
    referred: Referred,
    placed: Value,
    request: Answer,
    patient: Answer,
    included: Answer,
    accepted: Answer,
    started: Answer,
    procedure: Answer,
    completed: Answer,
    source_task: Answer,
    outcome: Answer,
}

impl Loop {
    /// Plays it.
    pub fn play(world: &World) -> Loop {
        Loop { told: play(world) }
    }

    fn told(&self) -> Result<&Told, Fail> {
        self.told.as_ref().map_err(Clone::clone)
    }
}

fn play(world: &World) -> Result<Told, Fail> {
    let (target, _) = world.target()?;
    let referred = Refer::food().send(world)?;
    let placed = placed(target, &referred.patient)?;
    let id = placed["id"].as_str().unwrap_or_default();
    let included = target.get(&format!("Task?_id={id}&_include=Task:focus"));
    let focus = literal(&placed["focus"])?;
    let patient = literal(&placed["for"])?;
    let (request, patient) = (target.get(&focus), target.get(&patient));
    let at = reference_of(&placed);
    let accepted = target.put(&at, &in_status(&placed, "accepted"));
    let now = target.get(&at).json;
    let started = target.put(&at, &in_status(&now, "in-progress"));
    let mut done = json!({
        "resourceType": "Procedure",
        "meta": { "profile": [sdohcc("Procedure")] },
        "basedOn": [to(&focus)],
        "status": "completed",
        "code": { "coding": [{ "system": SCT, "code": "467771000124109" }], "text": "Food box" },
        "subject": to(&literal(&placed["for"])?),
        "performedDateTime": "2026-02-10",
    });
    done["category"] = json!({ "coding": [
        { "system": SCT, "code": "410606002" }, { "system": TMP, "code": "food-insecurity" },
    ] });
    let procedure = target.post("Procedure", &done);
    let mut whole = in_status(&target.get(&at).json, "completed");
    if let Ok(reference) = procedure.created() {
        whole["output"] = json!([{
            "type": concept(TMP, "resulting-activity"), "valueReference": to(&reference),
        }]);
    }
    let completed = target.put(&at, &whole);
    let source_task = world.source.get(&referred.task);
    let outcome = match literal(&source_task.json["output"][0]["valueReference"]) {
        Ok(reference) => world.source.get(&reference),
        Err(_) => Answer { asked: "the output of the source's Task".into(), ..Answer::default() },
    };
    Ok(Told {
        referred,
        placed,
        request,
        patient,
        included,
        accepted,
        started,
        procedure,
        completed,
        source_task,
        outcome,
    })
}

fn literal(reference: &Value) -> Result<String, Fail> {
    match reference["reference"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => fail(format!("no literal reference: {reference}")),
    }
}

/// Adds them.
pub fn add(suite: &mut Suite) {
    use Level::{Shall, Should};
    let page = |part: &str| format!("SDOHCC referral_workflow.html, {part}");
    let light = page("Indirect Referral Light");
    let mut step =
        |id: &str, level: Level, clause: &str, rows: &[&str], look: fn(&World, &Told) -> Check| {
            suite.add(format!("light.{id}"), level, clause, rows, move |world| {
                look(world, world.story().told()?)
            });
        };
    step("target-finds-task", Shall, &light, &["refer-2"], |_, told| {
        hold(told.placed["status"] == "requested", || format!("status {}", told.placed["status"]))?;
        hold(told.placed["intent"] == "order", || format!("intent {}", told.placed["intent"]))
    });
    step("part-of", Shall, &page("refer-1 3"), &["refer-1", "refer-2"], |_, told| {
        let part_of = &told.placed["partOf"][0]["reference"];
        let wanted = &told.referred.task;
        hold(part_of.as_str().is_some_and(|text| text.ends_with(wanted.as_str())), || {
            format!("partOf is {part_of}, not {wanted}")
        })
    });
    step("filler-order", Shall, &page("refer-1 2"), &["refer-1", "refer-2"], |_, told| {
        let request = told.request.clone().expect(200)?.json;
        hold(request["intent"] == "filler-order", || format!("intent {}", request["intent"]))
    });
    step("based-on", Shall, &page("refer-1 2"), &["refer-1", "refer-2"], |_, told| {
        let request = told.request.clone().expect(200)?.json;
        let based_on = &request["basedOn"][0]["reference"];
        let wanted = &told.referred.request;
        hold(based_on.as_str().is_some_and(|text| text.ends_with(wanted.as_str())), || {
            format!("basedOn is {based_on}, not {wanted}")
        })
    });
    step("requester-is-the-platform", Shall, &page("refer-2"), &["refer-2"], |world, told| {
        let requester = literal(&told.placed["requester"])?;
        world.source.get(&requester).expect(200)?;
        let source = world.access.source_reference.as_deref();
        hold(source != Some(&requester), || "the requester is the source".into())
    });
    step("owner-is-the-target", Shall, &light, &["refer-2"], |world, told| {
        let (_, target) = world.target()?;
        let owner = literal(&told.placed["owner"])?;
        hold(owner == target, || format!("owner is {owner}"))
    });
    step("target-reads-patient", Shall, &light, &["refer-2"], |_, told| {
        let patient = told.patient.clone().expect(200)?;
        hold(patient.json["resourceType"] == "Patient", || patient.shown())
    });
    step(
        "minimum-necessary",
        Shall,
        "SDOHCC privacy_and_security.html",
        &["conf-3", "conf-8"],
        |world, told| {
            let supplied = world.source.get(&told.referred.patient).expect(200)?.json;
            let mrn = supplied["identifier"][0]["value"].as_str().unwrap_or_default().to_owned();
            let patient = told.patient.clone().expect(200)?;
            hold(!patient.text.contains(&mrn), || {
                "the target reads the source's own number".into()
            })?;
            hold(!patient.text.contains("1987-03-09"), || "the target reads the birth date".into())
        },
    );
    step(
        "include-focus",
        Shall,
        &format!("{}, Task:focus", super::CP),
        &["Task/include.Task:focus"],
        |_, told| {
            let wanted = literal(&told.placed["focus"])?;
            let included = told.included.clone().page()?.ids("include");
            hold(included == [wanted.clone()], || format!("included {included:?}, not {wanted}"))
        },
    );
    step("accept", Shall, &light, &["Task/interaction.update", "refer-6"], |_, told| {
        let accepted = told.accepted.clone().expect(200)?;
        accepted.version().map(drop)
    });
    step("start", Shall, &light, &["Task/interaction.update", "refer-6"], |_, told| {
        told.started.clone().expect(200).map(drop)
    });
    step("procedure", Shall, &light, &["Procedure/interaction.create"], |_, told| {
        told.procedure.clone().expect(201)?.created().map(drop)
    });
    step("complete", Shall, &light, &["refer-9", "refer-10"], |_, told| {
        told.completed.clone().expect(200).map(drop)
    });
    step("source-reads-completed", Shall, &light, &["refer-9"], |_, told| {
        let task = told.source_task.clone().expect(200)?.json;
        hold(task["status"] == "completed", || format!("status {}", task["status"]))?;
        hold(task["output"].as_array().is_some_and(|all| !all.is_empty()), || "no output".into())
    });
    step(
        "source-reads-procedure",
        Shall,
        &light,
        &["Procedure/interaction.read", "refer-9"],
        |_, told| {
            let procedure = told.outcome.clone().expect(200)?;
            hold(procedure.json["resourceType"] == "Procedure", || procedure.shown())?;
            let code = &procedure.json["code"]["coding"][0]["code"];
            hold(code == "467771000124109", || format!("code {code}"))
        },
    );
    step("same-procedure", Should, &light, &[], |_, told| {
        let posted = told.procedure.created()?;
        let read = literal(&told.source_task.json["output"][0]["valueReference"])?;
        hold(posted == read, || format!("posted {posted}, the source's output is {read}"))
    });
    step("outcome-based-on", Shall, "SDOHCC SDOHCC-Procedure, basedOn", &[], |_, told| {
        let based_on = &told.outcome.clone().expect(200)?.json["basedOn"][0]["reference"];
        hold(based_on == told.referred.request.as_str(), || format!("basedOn is {based_on}"))
    });
    step(
        "include-output",
        Shall,
        &format!("{}, Task:output", super::CP),
        &["Task/include.Task:output"],
        |world, told| {
            let id = told.referred.task.rsplit('/').next().unwrap_or_default();
            let page = world.source.search("Task", &format!("_id={id}&_include=Task:output"))?;
            let wanted = literal(&told.source_task.json["output"][0]["valueReference"])?;
            page.are(&[&told.referred.task])?;
            hold(page.ids("include") == [wanted.clone()], || {
                format!("included {:?}, not {wanted}", page.ids("include"))
            })
        },
    );
    step(
        "find-by-output",
        Should,
        &format!("{}, Task, output", super::CP),
        &["Task/search.output"],
        |world, told| {
            let output = literal(&told.source_task.json["output"][0]["valueReference"])?;
            world.source.search("Task", &format!("output={output}"))?.are(&[&told.referred.task])
        },
    );
    step(
        "find-by-based-on",
        Shall,
        &format!("{}, Procedure, based-on", super::CP),
        &["Procedure/search.based-on"],
        |world, told| {
            let output = literal(&told.source_task.json["output"][0]["valueReference"])?;
            let query = format!("based-on={}", told.referred.request);
            world.source.search("Procedure", &query)?.are(&[&output])
        },
    );
    step(
        "poll",
        Should,
        "SDOHCC checking_task_status.html",
        &["refer-3", "task-11"],
        |world, told| {
            let first = told.placed["meta"]["lastUpdated"].as_str().unwrap_or_default();
            let query = format!(
                "_lastUpdated=ge{}&patient={}",
                crate::client::escaped(first),
                told.referred.patient
            );
            let page = world.source.search("Task", &query)?;
            page.are(&[&told.referred.task])?;
            let (target, _) = world.target()?;
            target_polls(target, told)
        },
    );
}

fn target_polls(target: &Party, told: &Told) -> Check {
    let patient = literal(&told.placed["for"])?;
    let (now, mine) = (target.get(&reference_of(&told.placed)), reference_of(&told.placed));
    let changed = now.json["meta"]["lastUpdated"].as_str().unwrap_or_default().to_owned();
    let changed = crate::client::escaped(&changed);
    target.search("Task", &format!("_lastUpdated=ge{changed}&patient={patient}"))?.are(&[&mine])?;
    target.search("Task", &format!("_lastUpdated=gt{changed}&patient={patient}"))?.are(&[])
}
