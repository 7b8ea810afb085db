//! The runner is able to fail: each thing that is broken on the way is noticed by the case that is there
//! for it.

use std::path::Path;

use loopgate_conformance::case::{Suite, Verdict, run};
use loopgate_conformance::cases;
use loopgate_conformance::client::{Answer, Sent, Wire};
use loopgate_conformance::declared::Declared;
use loopgate_conformance::spawn::Gateway;
use loopgate_conformance::world::{Access, Wires, World};
use serde_json::{Value, json};

/// What is done to a request and to its answer.
struct Sabotage {
    /// What is broken.
    name: &'static str,
    /// Who notices.
    case: &'static str,
    ask: fn(&mut Sent),
    answer: fn(&Sent, &mut Answer),
}

struct Broken {
    wire: Box<dyn Wire>,
    ask: fn(&mut Sent),
    answer: fn(&Sent, &mut Answer),
}

impl Wire for Broken {
    fn send(&self, sent: &Sent) -> Answer {
        let mut asked = sent.clone();
        (self.ask)(&mut asked);
        let mut answer = self.wire.send(&asked);
        (self.answer)(sent, &mut answer);
        answer
    }
}

const ASKS: fn(&mut Sent) = |_| {};
const ANSWERS: fn(&Sent, &mut Answer) = |_, _| {};

const fn answers(
    name: &'static str,
    case: &'static str,
    answer: fn(&Sent, &mut Answer),
) -> Sabotage {
    Sabotage { name, case, ask: ASKS, answer }
}

const fn asks(name: &'static str, case: &'static str, ask: fn(&mut Sent)) -> Sabotage {
    Sabotage { name, case, ask, answer: ANSWERS }
}

const ALL: [Sabotage; 24] = [
    answers("drops ETag", "Task.read", |_, answer| without(answer, "etag")),
    answers("200 for 404", "Patient.read.absent", |_, answer| turn(answer, 404, 200)),
    asks("ignores If-Match", "Condition.update.stale", |sent| unasked(sent, "if-match")),
    asks("ignores If-Match of a Task", "version.task-stale", |sent| unasked(sent, "if-match")),
    asks("ignores If-None-Match", "version.none-match", |sent| unasked(sent, "if-none-match")),
    asks("ignores If-None-Exist", "conditional-create.one", |sent| unasked(sent, "if-none-exist")),
    answers("drops an include", "light.include-focus", |_, answer| {
        entries(answer, |all| all.retain(|entry| entry["search"]["mode"] != "include"));
    }),
    answers("drops a match", "paging.walk.3", |_, answer| {
        entries(answer, |all| drop((all.len() > 2).then(|| all.pop())));
    }),
    asks("repeats a page", "paging.walk.2", |sent| unqueried(sent, "_cursor")),
    answers("adds a total", "search.no-total", |_, answer| {
        if answer.json["type"] == "searchset" {
            change(answer, |json| json["total"] = json!(1));
        }
    }),
    asks("loses a parameter", "Condition.search.patient.a", |sent| unqueried(sent, "patient")),
    asks("passes over what it does not know", "search.unknown.strict", |sent| {
        unqueried(sent, "nonsense");
    }),
    asks("loses the order", "sort.down", |sent| unqueried(sent, "_sort")),
    answers("200 for 201", "Condition.create", |_, answer| turn(answer, 201, 200)),
    answers("another content type", "format.accept.fhir-json", |_, answer| {
        for (name, value) in &mut answer.headers {
            if name == "content-type" {
                *value = "text/plain".into();
            }
        }
    }),
    answers("drops Location", "Procedure.create", |_, answer| without(answer, "location")),
    answers("loses a member", "write.kept", |sent, answer| {
        if sent.method == "GET" {
            change(answer, |json| drop(json.as_object_mut().map(|all| all.remove("note"))));
        }
    }),
    answers("says another version", "version.read-current", |_, answer| {
        for (name, value) in &mut answer.headers {
            if name == "etag" {
                *value = "W/\"977\"".into();
            }
        }
    }),
    asks("loses an update", "Goal.update", |sent| {
        if sent.method == "PUT" {
            sent.method = "GET".into();
            sent.body.clear();
        }
    }),
    answers("drops fullUrl", "search.full-url", |_, answer| {
        entries(answer, |all| {
            for entry in all {
                drop(entry.as_object_mut().map(|entry| entry.remove("fullUrl")));
            }
        });
    }),
    answers("refuses without a reason", "refusal.unknown-type", |_, answer| {
        if answer.status >= 400 {
            answer.text.clear();
            answer.json = Value::Null;
        }
    }),
    answers("claims less", "system.batch", |_, answer| {
        if answer.json["resourceType"] == "CapabilityStatement" {
            change(answer, |json| json["rest"][0]["interaction"] = json!([]));
        }
    }),
    answers("tells another status", "Task.edge.requested.accepted", |sent, answer| {
        if sent.method == "GET" && answer.json["resourceType"] == "Task" {
            change(answer, |json| json["status"] = json!("requested"));
        }
    }),
    answers("does half of a batch", "batch.reads", |_, answer| {
        if answer.json["type"] == "batch-response" {
            entries(answer, |all| drop(all.pop()));
        }
    }),
];

fn without(answer: &mut Answer, header: &str) {
    answer.headers.retain(|(name, _)| name != header);
}

fn turn(answer: &mut Answer, from: u16, to: u16) {
    if answer.status == from {
        answer.status = to;
    }
}

fn unasked(sent: &mut Sent, header: &str) {
    sent.headers.retain(|(name, _)| name != header);
}

fn unqueried(sent: &mut Sent, param: &str) {
    let Some((path, query)) = sent.url.split_once('?') else { return };
    let start = format!("{param}=");
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(&start)).collect();
    sent.url = format!("{path}?{}", kept.join("&"));
}

fn change(answer: &mut Answer, with: impl FnOnce(&mut Value)) {
    if answer.json.is_object() {
        with(&mut answer.json);
        answer.text = answer.json.to_string();
    }
}

fn entries(answer: &mut Answer, with: impl FnOnce(&mut Vec<Value>)) {
    change(answer, |json| {
        if let Some(all) = json["entry"].as_array_mut() {
            with(all);
        }
    });
}

/// What came of one case, and in what words.
fn verdict(suite: &Suite, world: &World, case: &str) -> (Verdict, String) {
    let done = run(suite, world, Some(case), &Declared::default(), &mut |_| {});
    let one = done.into_iter().find(|one| one.id == case);
    one.map_or_else(|| panic!("no case {case}"), |one| (one.verdict, one.words))
}

fn broken(access: &Access, sabotage: &Sabotage) -> World {
    let wires = access.wires().unwrap();
    let (ask, answer) = (sabotage.ask, sabotage.answer);
    let between = |wire| -> Box<dyn Wire> { Box::new(Broken { wire, ask, answer }) };
    let wires = Wires {
        source: between(wires.source),
        target: wires.target.map(between),
        stranger: between(wires.stranger),
    };
    World::new(access.clone(), wires, None)
}

#[test]
fn whatever_is_broken_is_noticed_by_the_case_that_is_there_for_it() {
    let gateway = Gateway::start(Path::new(env!("CARGO_BIN_EXE_loopgate-conformance"))).unwrap();
    let access = &gateway.access;
    let suite = cases::all();
    let sound = World::new(access.clone(), access.wires().unwrap(), None);
    for sabotage in &ALL {
        let (found, words) = verdict(&suite, &sound, sabotage.case);
        assert_eq!(found, Verdict::Passed, "{} before: {words}", sabotage.case);
        let (found, _) = verdict(&suite, &broken(access, sabotage), sabotage.case);
        assert_eq!(found, Verdict::Failed, "nobody noticed: {}", sabotage.name);
    }
    // A target that is taken for the source reads what nobody referred to it.
    let mut wires = access.wires().unwrap();
    wires.target = Some(access.wires().unwrap().source);
    let open = World::new(access.clone(), wires, None);
    assert_eq!(verdict(&suite, &sound, "Patient.others-read").0, Verdict::Passed);
    assert_eq!(verdict(&suite, &open, "Patient.others-read").0, Verdict::Failed);
}

#[test]
fn a_declaration_that_no_longer_holds_is_noticed() {
    let gateway = Gateway::start(Path::new(env!("CARGO_BIN_EXE_loopgate-conformance"))).unwrap();
    let world = World::new(gateway.access.clone(), gateway.access.wires().unwrap(), None);
    let suite = cases::all();
    let declared = Declared::parse("case\tPatient.read\tinvented").unwrap();
    let done = run(&suite, &world, Some("Patient.read"), &declared, &mut |_| {});
    let one = done.iter().find(|one| one.id == "Patient.read").unwrap();
    assert_eq!(one.verdict, Verdict::Stale);
}
