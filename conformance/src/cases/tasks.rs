//! Who may move a Task where (SDOHCC's state diagram, and its rule for authors and owners).

use serde_json::{Value, json};

use super::CP;
use crate::case::{Check, Fail, Level, Suite, hold};
use crate::client::{Party, reference_of};
use crate::people::{
    self, Refer, SDC, TMP, concept, create, in_status, moved, referred, sdohcc, to,
};
use crate::world::World;

const DIAGRAM: &str = "SDOHCC referral_workflow.html, Task states";

/// The way of a target's own Task to a state, and from there on what it may and may not do.
const WAYS: &[(&str, &[&str], &[&str], &[&str])] = &[
    (
        "requested",
        &[],
        &["accepted", "rejected"],
        &["in-progress", "on-hold", "completed", "failed", "draft", "received", "ready"],
    ),
    (
        "accepted",
        &["accepted"],
        &["in-progress", "on-hold", "completed", "failed", "cancelled"],
        &["rejected", "requested", "draft"],
    ),
    (
        "in-progress",
        &["accepted", "in-progress"],
        &["on-hold", "completed", "failed", "cancelled"],
        &["accepted", "rejected", "requested"],
    ),
    (
        "on-hold",
        &["accepted", "on-hold"],
        &["in-progress", "completed", "failed", "cancelled"],
        &["accepted", "rejected", "requested"],
    ),
    ("rejected", &["rejected"], &[], &["accepted", "in-progress", "completed"]),
    ("completed", &["accepted", "completed"], &[], &["in-progress", "failed", "cancelled"]),
    ("failed", &["accepted", "failed"], &[], &["in-progress", "completed"]),
];

/// Adds them.
pub fn add(suite: &mut Suite) {
    created(suite);
    edges(suite);
    owner_writes(suite);
    author_writes(suite);
    patients(suite);
}

fn created(suite: &mut Suite) {
    use Level::{Shall, Should};
    let clause = format!("{CP}, Task");
    suite.add(
        "Task.create",
        Shall,
        clause.clone(),
        &["Task/interaction.create", "refer-5"],
        |world| {
            let referred = Refer::food().send(world)?;
            let task = world.source.get(&referred.task).expect(200)?.json;
            hold(task["status"] == "requested", || format!("status {}", task["status"]))
        },
    );
    suite.add(
        "Task.create.open",
        Should,
        "SDOHCC TaskForReferralManagement, owner 0..1",
        &[],
        |world| {
            let source = people::source_of(world)?;
            let patient = create(&world.source, &people::patient(world, "Eze", "Amara"))?;
            let request = create(&world.source, &people::request(&patient, "food-insecurity"))?;
            let mut task = people::task(world, &patient, &request, &source, "");
            if let Some(members) = task.as_object_mut() {
                members.remove("owner");
            }
            create(&world.source, &task).map(drop)
        },
    );
    for (id, member, value) in [
        ("focus", "focus", Value::Null),
        ("for", "for", Value::Null),
        ("requester", "requester", Value::Null),
        ("authored-on", "authoredOn", Value::Null),
        ("status", "status", json!("received")),
        ("intent", "intent", json!("proposal")),
        ("code", "code", Value::Null),
    ] {
        let profile = "SDOHCC SDOHCC-TaskForReferralManagement";
        suite.add(
            format!("Task.create.{id}"),
            Shall,
            format!("{profile}, {member}"),
            &["Task/profile.SDOHCC-TaskForReferralManagement"],
            move |world| {
                let (_, target) = world.target()?;
                let source = people::source_of(world)?;
                let patient = create(&world.source, &people::patient(world, "Eze", "Amara"))?;
                let request = create(&world.source, &people::request(&patient, "food-insecurity"))?;
                let mut task = people::task(world, &patient, &request, &source, target);
                match &value {
                    Value::Null => {
                        drop(task.as_object_mut().and_then(|members| members.remove(member)))
                    }
                    value => task[member] = value.clone(),
                }
                let answer = world.source.post("Task", &task).refused(&[400, 422])?;
                let found = answer.expressions();
                hold(found.iter().any(|at| at.contains(&format!("Task.{member}"))), || {
                    format!("expression {found:?} says not Task.{member}")
                })
            },
        );
    }
    suite.add("Task.requester-only-sees", Shall, clause, &["priv-5"], |world| {
        let (referred, placed) = referred(world)?;
        let (target, _) = world.target()?;
        // Each has its own Task, and only that.
        target.get(&referred.task).refused(&[403, 404])?;
        world.source.get(&reference_of(&placed)).refused(&[403, 404]).map(drop)
    });
}

fn walked(world: &World, way: &[&str]) -> Result<(people::Referred, Value), Fail> {
    let (target, _) = world.target()?;
    let (referred, mut task) = referred(world)?;
    for status in way {
        task = moved(target, &task, status)?;
    }
    Ok((referred, task))
}

fn edges(suite: &mut Suite) {
    for (state, way, may, may_not) in WAYS.iter().copied() {
        for status in may.iter().copied() {
            let id = format!("Task.edge.{state}.{status}");
            suite.add(
                id,
                Level::Shall,
                DIAGRAM,
                &["Task/interaction.update", "refer-6"],
                move |world| {
                    let (target, _) = world.target()?;
                    let (referred, task) = walked(world, way)?;
                    let now = moved(target, &task, status)?;
                    hold(now["status"] == status, || format!("status {}", now["status"]))?;
                    // The source reads it on its own Task.
                    let source = world.source.get(&referred.task).expect(200)?.json;
                    hold(source["status"] == status, || {
                        format!("the source reads {}", source["status"])
                    })
                },
            );
        }
        for status in may_not.iter().copied() {
            let id = format!("Task.no-edge.{state}.{status}");
            suite.add(id, Level::Shall, DIAGRAM, &["Task/interaction.update"], move |world| {
                let (target, _) = world.target()?;
                let (_, task) = walked(world, way)?;
                refused(target, &task, &in_status(&task, status))
            });
        }
    }
}

/// The move is refused, and nothing has changed.
fn refused(party: &Party, task: &Value, asked: &Value) -> Check {
    let at = reference_of(task);
    party.put(&at, asked).refused(&[400, 403, 409, 422])?;
    let now = party.get(&at).expect(200)?.json;
    hold(&now == task, || "refused, and changed all the same".into())
}

fn owner_writes(suite: &mut Suite) {
    use Level::{Shall, Should};
    let rule = format!("{CP}, Task update documentation");
    let changes: [(&str, Value); 9] = [
        ("description", json!("Something else")),
        ("for", to("Patient/another")),
        ("focus", to("ServiceRequest/another")),
        ("intent", json!("plan")),
        ("owner", to("Organization/another")),
        ("partOf", json!([to("Task/another")])),
        ("priority", json!("stat")),
        ("requester", to("Organization/another")),
        ("note", json!([{ "text": "A remark" }])),
    ];
    for (member, value) in changes {
        suite.add(
            format!("Task.owner-may-not.{member}"),
            Shall,
            rule.clone(),
            &["Task/interaction.update"],
            move |world| {
                let (target, _) = world.target()?;
                let (_, task) = referred(world)?;
                let mut asked = in_status(&task, "accepted");
                asked[member] = value.clone();
                refused(target, &task, &asked)
            },
        );
    }
    for status in ["rejected", "on-hold", "failed", "cancelled"] {
        let clause = "SDOHCC TaskForReferralManagement, statusReason";
        suite.add(format!("Task.reason.{status}"), Should, clause, &[], move |world| {
            let (target, _) = world.target()?;
            let way: &[&str] = if status == "rejected" { &[] } else { &["accepted"] };
            let (_, task) = walked(world, way)?;
            let mut asked = in_status(&task, status);
            if let Some(members) = asked.as_object_mut() {
                members.remove("statusReason");
            }
            let answer = target.put(&reference_of(&task), &asked).refused(&[400, 422])?;
            let found = answer.expressions();
            hold(found.iter().any(|at| at.starts_with("Task.statusReason")), || {
                format!("expression {found:?}")
            })
        });
    }
    suite.add(
        "Task.reason.passes",
        Should,
        "SDOHCC TaskForReferralManagement, statusReason",
        &[],
        |world| {
            let (target, _) = world.target()?;
            let (referred, task) = referred(world)?;
            moved(target, &task, "rejected")?;
            let source = world.source.get(&referred.task).expect(200)?.json;
            let text = source["statusReason"]["text"].as_str().unwrap_or_default().to_owned();
            hold(text.contains("An invented reason"), || format!("statusReason.text is {text:?}"))
        },
    );
    suite.add(
        "Task.complete.without-output",
        Shall,
        "SDOHCC referral_workflow.html, refer-9",
        &["refer-9"],
        |world| {
            let (target, _) = world.target()?;
            let (_, task) = walked(world, &["accepted", "in-progress"])?;
            let mut asked = in_status(&task, "completed");
            if let Some(members) = asked.as_object_mut() {
                members.remove("output");
            }
            refused(target, &task, &asked)
        },
    );
    suite.add(
        "Task.complete.with-code",
        Shall,
        "SDOHCC TaskForReferralManagement, output:PerformedActivityCode",
        &["refer-9"],
        |world| {
            let (target, _) = world.target()?;
            let (referred, task) = walked(world, &["accepted", "in-progress"])?;
            moved(target, &task, "completed")?;
            let source = world.source.get(&referred.task).expect(200)?.json;
            hold(source["output"].as_array().is_some_and(|all| !all.is_empty()), || {
                "no output".into()
            })
        },
    );
    suite.add("Task.complete.with-anothers-procedure", Shall, "SDOHCC TaskForReferralManagement, output", &[], |world| {
        let (target, _) = world.target()?;
        let (_, task) = walked(world, &["accepted", "in-progress"])?;
        let mut asked = in_status(&task, "completed");
        asked["output"] = json!([{ "type": concept(TMP, "resulting-activity"), "valueReference": to(world.chart().at("Procedure A")?) }]);
        refused(target, &task, &asked)
    });
}

fn author_writes(suite: &mut Suite) {
    use Level::Shall;
    let rule = format!("{CP}, Task update documentation");
    for status in ["accepted", "rejected", "in-progress", "on-hold", "completed", "failed"] {
        suite.add(
            format!("Task.author-may-not.{status}"),
            Shall,
            DIAGRAM,
            &["Task/interaction.update"],
            move |world| {
                let (referred, _) = referred(world)?;
                let task = world.source.get(&referred.task).expect(200)?.json;
                refused(&world.source, &task, &in_status(&task, status))
            },
        );
    }
    for state in ["requested", "accepted", "in-progress", "on-hold"] {
        suite.add(
            format!("Task.author-cancels.{state}"),
            Shall,
            DIAGRAM,
            &["Task/interaction.update"],
            move |world| {
                let (target, _) = world.target()?;
                let way = WAYS.iter().find(|way| way.0 == state).map_or(&[][..], |way| way.1);
                let (referred, placed) = walked(world, way)?;
                let task = world.source.get(&referred.task).expect(200)?.json;
                let now = moved(&world.source, &task, "cancelled")?;
                hold(now["status"] == "cancelled", || format!("status {}", now["status"]))?;
                let placed = target.get(&reference_of(&placed)).expect(200)?.json;
                hold(placed["status"] == "cancelled", || {
                    format!("the target reads {}", placed["status"])
                })
            },
        );
    }
    suite.add(
        "Task.author-enters-in-error",
        Shall,
        DIAGRAM,
        &["Task/interaction.update"],
        |world| {
            let (referred, _) = referred(world)?;
            let task = world.source.get(&referred.task).expect(200)?.json;
            let now = moved(&world.source, &task, "entered-in-error")?;
            hold(now["status"] == "entered-in-error", || format!("status {}", now["status"]))
        },
    );
    suite.add("Task.author-changes", Shall, rule.clone(), &[], |world| {
        let (referred, _) = referred(world)?;
        let mut task = world.source.get(&referred.task).expect(200)?.json;
        task["priority"] = json!("urgent");
        world.source.put(&referred.task, &task).expect(200).map(drop)
    });
    suite.add("Task.others-may-not", Shall, rule, &["Task/interaction.update"], |world| {
        let (target, _) = world.target()?;
        let (referred, _) = referred(world)?;
        let task = world.source.get(&referred.task).expect(200)?.json;
        target.put(&referred.task, &in_status(&task, "cancelled")).refused(&[403, 404])?;
        let now = world.source.get(&referred.task).expect(200)?.json;
        hold(now == task, || "somebody else moved it".into())
    });
}

/// A Task for the patient to do, whole.
pub fn for_patient(world: &World, code: &str) -> Result<Value, Fail> {
    let chart = world.chart();
    let patient = chart.at("Patient A")?;
    let system = if code == "complete-questionnaire" { SDC } else { TMP };
    let mut task = json!({
        "resourceType": "Task",
        "meta": { "profile": [sdohcc("TaskForPatient")], "tag": [{ "system": people::MADE_UP, "code": world.unique() }] },
        "status": "ready",
        "intent": "order",
        "priority": "routine",
        "code": concept(system, code),
        "description": "Invented words",
        "for": to(patient),
        "authoredOn": "2026-02-01T09:41:00Z",
        "requester": to(chart.at("Organization A")?),
        "owner": to(patient),
    });
    match code {
        "complete-questionnaire" => {
            let category = concept(TMP, "risk-questionnaire");
            task["input"] = json!([
                { "type": concept(TMP, "questionnaire-url"), "valueUrl": "https://forms.example/1" },
                { "type": concept(TMP, "questionnaire-category"), "valueCodeableConcept": category },
            ]);
        }
        "make-contact" => {
            let whom = to(chart.at("HealthcareService A")?);
            task["input"] =
                json!([{ "type": concept(TMP, "contact-entity"), "valueReference": whom }]);
        }
        "review-material" => task["focus"] = to(chart.at("DocumentReference A")?),
        _ => {}
    }
    Ok(task)
}

fn patients(suite: &mut Suite) {
    for code in ["complete-questionnaire", "general-information", "make-contact", "review-material"]
    {
        let clause = "SDOHCC patient_task.html".to_owned();
        let rows = ["Task/profile.SDOHCC-TaskForPatient", "Task/interaction.create"];
        suite.add(format!("Task.for-patient.{code}"), Level::Shall, clause, &rows, move |world| {
            let at = create(&world.source, &for_patient(world, code)?)?;
            let read = world.source.get(&at).expect(200)?.json;
            hold(read["status"] == "ready", || format!("status {}", read["status"]))
        });
    }
}
