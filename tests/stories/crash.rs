//! The process dies at any instant of a commit: nobody was told yes too early, nothing is half
//! there, and a resend ends where an undisturbed run ends (promises P1 and P3).

use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Referral};

/// What one food referral leaves in the log, once.
pub const RECEIVED: [&str; 7] = [
    "patient.registered",
    "patient.known",
    "resource.stored",
    "consent.given",
    "referral.received",
    "referral.sent",
    "command.answered",
];

#[test]
fn a_crash_before_the_commit_is_no_answer_and_a_resend_is_one_referral() {
    for step in ["write", "torn", "sync"] {
        let mut gateway = Gateway::start();
        let bundle = Referral::food().bundle();
        gateway.die_at(step, 1);
        assert_eq!(gateway.party("clinic-b").post("/fhir", &bundle).status, 0, "{step}");
        assert!(!gateway.ended().success(), "{step}");
        gateway.serve();
        // A killed process may leave what it had written, and the system writes it out: all or nothing.
        let kinds = gateway.kinds();
        assert!(kinds.is_empty() || kinds == RECEIVED, "{step}: {kinds:?}");
        if step == "write" {
            assert!(kinds.is_empty(), "{kinds:?}");
        }
        resent_once(&gateway, &bundle);
        gateway.stop();
    }
}

#[test]
fn a_crash_after_the_commit_loses_nothing_and_a_resend_gets_the_answer() {
    let mut gateway = Gateway::start();
    let bundle = Referral::food().bundle();
    gateway.die_at("synced", 1);
    assert_eq!(gateway.party("clinic-b").post("/fhir", &bundle).status, 0);
    assert!(!gateway.ended().success());
    gateway.serve();
    assert_eq!(gateway.kinds(), RECEIVED);
    resent_once(&gateway, &bundle);
    gateway.stop();
}

/// A resend, and another: one answer, one referral, one Task in one inbox.
fn resent_once(gateway: &Gateway, bundle: &Value) {
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let first = clinic.post("/fhir", bundle).expect(200);
    let again = clinic.post("/fhir", bundle).expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(gateway.kinds(), RECEIVED);
    pantry.only_referral();
    let found = clinic.get("/fhir/Task").expect(200).json;
    assert_eq!(found["entry"].as_array().unwrap().len(), 1);
}

#[test]
fn dying_at_each_commit_before_the_sync_changes_nothing_in_the_end() {
    every_commit("sync");
}

#[test]
fn dying_at_each_commit_after_the_sync_changes_nothing_in_the_end() {
    every_commit("synced");
}

fn every_commit(step: &str) {
    let calm = run(None);
    assert_eq!(calm.deaths, 0);
    let mut n = 1;
    loop {
        let told = run(Some((step, n)));
        if told.deaths == 0 {
            break;
        }
        assert_eq!(told.world, calm.world, "{step} {n}");
        assert_eq!(told.acts, calm.acts, "{step} {n}");
        assert_same_disclosures(&told.disclosures, &calm.disclosures, &format!("{step} {n}"));
        n += 1;
    }
    // The Bundle, three acts, and what is read of them.
    assert!(n > 8, "only {n} commits were struck");
}

/// A read that died after its commit is asked for again: one summary entry more, and no more.
fn assert_same_disclosures(told: &[String], calm: &[String], case: &str) {
    let count = |kinds: &[String], kind: &str| kinds.iter().filter(|one| *one == kind).count();
    assert_eq!(count(told, "phi.disclosed"), count(calm, "phi.disclosed"), "{case}");
    assert!(told.len() <= calm.len() + 1, "{case}: {told:?}");
}

/// How a run ended.
struct Told {
    deaths: u32,
    /// Everything the parties see, but for names that are drawn anew in each run.
    world: Value,
    /// The kinds of entries, without disclosures.
    acts: Vec<String>,
    disclosures: Vec<String>,
}

/// One run, with at most one death.
struct Run {
    gateway: Gateway,
    clinic: Party,
    pantry: Party,
    deaths: u32,
}

impl Run {
    /// Does a thing until it is answered; a resend is the same bytes.
    fn insist(&mut self, ask: impl Fn(&Run) -> Answer) -> Answer {
        loop {
            let answer = ask(self);
            if answer.status != 0 {
                return answer;
            }
            assert!(!self.gateway.ended().success());
            self.deaths += 1;
            self.gateway.serve();
            self.clinic = self.gateway.party("clinic-b");
            self.pantry = self.gateway.party("pantry");
        }
    }

    fn act(&mut self, id: &str, act: &str, body: &Value) {
        let path = format!("/cbo/v1/referrals/{id}/{act}");
        let headers = [("content-type", "application/json"), ("idempotency-key", act)];
        let answer = self
            .insist(|run| run.pantry.call("POST", &path, &headers, body.to_string().into_bytes()));
        answer.expect(200);
    }
}

fn run(death: Option<(&str, u32)>) -> Told {
    let mut gateway = Gateway::start();
    if let Some((step, n)) = death {
        gateway.die_at(step, n);
    }
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let mut run = Run { gateway, clinic, pantry, deaths: 0 };

    let referral = Referral::food();
    let bundle = referral.bundle();
    let answer = run.insist(|run| run.clinic.post("/fhir", &bundle)).expect(200);
    let task = answer.entry(referral.task_entry(0));
    run.insist(|run| run.clinic.get(&task)).expect(200);
    let inbox = run.insist(|run| run.pantry.get("/cbo/v1/referrals")).expect(200);
    let id = inbox.json["referrals"][0]["referral_id"].as_str().unwrap().to_owned();
    let path = format!("/cbo/v1/referrals/{id}");
    run.insist(|run| run.pantry.get(&path)).expect(200);
    run.act(&id, "accept", &json!({}));
    run.act(&id, "appointment", &json!({ "start": "2026-11-27T16:00:00Z" }));
    run.act(&id, "served", &json!({ "outcome": { "text": "Food box" } }));
    let done = run.insist(|run| run.clinic.get(&task)).expect(200).json;
    let procedure = done["output"][0]["valueReference"]["reference"].as_str().unwrap();
    let procedure = format!("/fhir/{procedure}");
    let procedure = run.insist(|run| run.clinic.get(&procedure)).expect(200).json;

    let inbox = run.insist(|run| run.pantry.get("/cbo/v1/referrals")).expect(200).json;
    let found = run.insist(|run| run.clinic.get("/fhir/Task")).expect(200).json;
    let world = json!({
        "status": [done["status"], done["meta"]["versionId"], done["businessStatus"]],
        "outputs": done["output"].as_array().unwrap().len(),
        "procedure": [procedure["code"], procedure["status"]],
        "inbox": inbox["referrals"].as_array().unwrap().iter().map(named_anew).collect::<Vec<_>>(),
        "found": found["entry"].as_array().unwrap().len(),
    });
    // The run is over: a death still to come is called off.
    run.gateway.die_at("sync", u32::MAX);
    let (disclosures, acts) =
        run.gateway.kinds().into_iter().partition(|kind| kind.starts_with("phi."));
    Told { deaths: run.deaths, world, acts, disclosures }
}

/// A row of the inbox without what is drawn anew in each run.
fn named_anew(row: &Value) -> Value {
    let mut row = row.clone();
    let members = row.as_object_mut().unwrap();
    members.retain(|name, _| !name.ends_with("_id") && !name.contains("updated"));
    row
}
