//! `loopgate demo`: the main story, played on this machine over real TLS sockets.
//!
//! A clinic refers Maria for food and for housing; her consent covers food. The pantry books,
//! waits, books again and serves; housing is refused with the need named; the clinic reads how both
//! ended; an auditor verifies the ledger offline, and catches one flipped byte.
#![allow(clippy::print_stdout)]

mod network;
mod peer;
mod tell;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use loopgate_ledger::{Verdict, verify_bundle};
use loopgate_server::admin::{self, Ask};
use loopgate_server::assemble::load_config;
use loopgate_server::clock::SystemClock;
use loopgate_server::run::{Addresses, Options, Ticks, run};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use network::{Network, Ports};
use peer::Peer;
use tell::Teller;

const MARIA: &str = include_str!("../samples/maria.json");
const SECOND_MARIA: &str = include_str!("../samples/second-maria.json");

/// Plays the story. With `once` it ends there; without, the gateway stays up until it is stopped.
pub fn demo(once: bool, data: Option<PathBuf>) -> anyhow::Result<()> {
    let scratch;
    let dir = match &data {
        Some(dir) => dir.as_path(),
        None => {
            scratch = Scratch::new()?;
            scratch.0.as_path()
        }
    };
    let ports = if once { Ports::free()? } else { Ports::USUAL };
    let network = Network::make(dir, ports)?;
    let config = load_config(&dir.join("loopgate.toml"))?;
    let (ready, opened) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let options = Options {
        clock: Arc::new(SystemClock::new()),
        hook: None,
        ticks: Ticks::EverySecond,
        ready: Some(ready),
        stop: once.then_some(stopped),
    };
    let gateway = std::thread::Builder::new().name("gateway".into()).spawn({
        let config = config.clone();
        move || run(config, options)
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let addresses = match opened.blocking_recv() {
        Ok(addresses) => addresses,
        // It did not open; its own error says why.
        Err(_) => return joined(gateway),
    };
    let teller = Teller::new();
    teller.title("loopgate demo: Maria needs food and a home");
    let told = runtime.block_on(story(&teller, &network));
    let told = told.and_then(|()| evidence(&teller, dir, &config.folders.data));
    if once || told.is_err() {
        let _ = stop.send(());
        if once {
            joined(gateway)?;
        }
        told?;
        teller.end("every step held");
        return Ok(());
    }
    keep_running(&teller, addresses, dir);
    joined(gateway)
}

fn joined(gateway: std::thread::JoinHandle<anyhow::Result<()>>) -> anyhow::Result<()> {
    gateway.join().map_err(|_| anyhow::anyhow!("the gateway panicked"))?
}

fn keep_running(teller: &Teller, addresses: Addresses, dir: &Path) {
    teller.end("every step held; the gateway keeps running, Ctrl-C ends it");
    println!("  FHIR        https://{}/fhir/metadata", addresses.machines);
    println!("  CBO         https://{}/cbo/v1/referrals", addresses.machines);
    println!("  checkpoint  https://{}/ledger/checkpoint", addresses.machines);
    println!("  health      http://{}/healthz", addresses.ops);
    println!("  deployment  {}", dir.display());
}

/// A folder that goes away with the demo.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Scratch> {
        use loopgate_server::clock::Clock;
        let mut random = [0; 8];
        SystemClock::new().random(&mut random);
        Ok(Scratch(std::env::temp_dir().join(format!("loopgate-demo-{}", hex::encode(random)))))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left lies in the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn story(teller: &Teller, network: &Network) -> anyhow::Result<()> {
    let clinic = network.peer("clinic-b")?;
    let pantry = network.peer("pantry")?;
    let housing = network.peer("housing")?;

    teller.scene("The clinic refers");
    let answer = clinic.post("/fhir", peer::FHIR, MARIA).await?.expect(200)?;
    let at = |n: usize| answer.location(n);
    let (food, home) = (at(5)?, at(7)?);
    teller.step(
        "clinic B",
        "sends one Bundle: Maria, her consent (food only), a food and a housing referral",
    );
    teller.step("loopgate", "accepts it once it is on stable storage, and reads the consent");

    let task = clinic.get(&food).await?.expect(200)?.body;
    ensure!(task["status"] == "requested", "the food referral is not open");
    ensure!(task.get("businessStatus").is_none(), "the food referral waits for something");
    teller.step("loopgate", "places the food referral with the pantry");
    let task = clinic.get(&home).await?.expect(200)?.body;
    ensure!(task["status"] == "rejected", "the housing referral was not rejected: {task}");
    let reason = text(&task["statusReason"]["text"]);
    ensure!(reason == "need not covered", "the refusal does not name its class");
    teller.step("loopgate", &format!("rejects the housing referral at once: {reason}"));
    let inbox = housing.get("/cbo/v1/referrals").await?.expect(200)?.body;
    ensure!(inbox["referrals"] == json!([]), "housing learnt of Maria");
    teller.step("housing", "looks into its inbox: nothing there, and no trace of her");

    let other = clinic.post("/fhir", peer::FHIR, SECOND_MARIA).await?.expect(200)?;
    let task = clinic.get(&other.location(3)?).await?.expect(200)?.body;
    let waits = text(&task["businessStatus"]["text"]);
    ensure!(waits == "waiting for consent", "the first Maria's consent reached the second");
    teller.step(
        "clinic B",
        "refers another Maria, same name, same birth date: a different person, waiting for her own consent",
    );

    let id = at_the_pantry(teller, &pantry).await?;
    back_at_the_clinic(teller, &clinic, &pantry, &food, &id).await?;

    teller.scene("A stranger knocks");
    let stranger = network.stranger()?;
    stranger.get(&food).await?.expect(401)?;
    stranger.get(&format!("/cbo/v1/referrals/{id}")).await?.expect(401)?;
    teller.step("nobody", "asks without a certificate, twice: 401, and learns nothing");
    housing.get(&format!("/cbo/v1/referrals/{id}")).await?.expect(404)?;
    teller.step("housing", "asks for the pantry's referral: 404, as for one that never was");
    Ok(())
}

async fn at_the_pantry(teller: &Teller, pantry: &Peer) -> anyhow::Result<String> {
    teller.scene("The pantry answers");
    let inbox = pantry.get("/cbo/v1/referrals").await?.expect(200)?.body;
    let rows = inbox["referrals"].as_array().context("no list")?;
    ensure!(rows.len() == 1, "the pantry sees {} referrals", rows.len());
    ensure!(rows[0].get("client").is_none(), "the list names a person");
    let id = text(&rows[0]["referral_id"]);
    teller.step(
        "pantry",
        &format!("sees one need in its inbox: {}", text(&rows[0]["need"]["category"])),
    );
    let path = format!("/cbo/v1/referrals/{id}");
    let referral = pantry.get(&path).await?.expect(200)?.body;
    let document = referral.to_string();
    ensure!(referral["client"]["phone"].is_string(), "the pantry cannot call her");
    for hidden in ["B-20417", "1988", "Juniper", "C-5501"] {
        ensure!(!document.contains(hidden), "more than necessary reached the pantry");
    }
    teller.step(
        "pantry",
        "opens it: name, phone, language, household; no MRN, birth date or address",
    );
    let act = async |what: &str, body: Value| {
        pantry.post(&format!("{path}/{what}"), peer::JSON, &body.to_string()).await?.expect(200)
    };
    act("accept", json!({})).await?;
    teller.step("pantry", "accepts");
    act("appointment", json!({ "start": "2026-11-27T16:00:00Z", "place": "Pantry, side door" }))
        .await?;
    teller.step("pantry", "books an appointment");
    act("no-show", json!({})).await?;
    teller.step("pantry", "Maria misses it; the loop stays open");
    act("appointment", json!({ "start": "2026-11-29T16:00:00Z" })).await?;
    teller.step("pantry", "books another");
    let outcome = json!({ "outcome": { "text": "Food box for four", "system": "http://snomed.info/sct", "code": "710925007" } });
    act("served", outcome).await?;
    teller.step("pantry", "serves her, and says with what");
    Ok(id)
}

async fn back_at_the_clinic(
    teller: &Teller,
    clinic: &Peer,
    pantry: &Peer,
    food: &str,
    id: &str,
) -> anyhow::Result<()> {
    teller.scene("The loop closes");
    let page = clinic.get("/fhir/Task?status=completed").await?.expect(200)?.body;
    ensure!(
        page["entry"].as_array().is_some_and(|found| found.len() == 1),
        "the clinic finds no completed Task"
    );
    let task = clinic.get(food).await?.expect(200)?.body;
    ensure!(task["status"] == "completed", "the food referral is not completed");
    let procedure = text(&task["output"][0]["valueReference"]["reference"]);
    let procedure = clinic.get(&format!("/fhir/{procedure}")).await?.expect(200)?.body;
    teller.step(
        "clinic B",
        &format!("reads in its own chart: completed, \"{}\"", text(&procedure["code"]["text"])),
    );
    pantry.post(&format!("/cbo/v1/referrals/{id}/accept"), peer::JSON, "{}").await?.expect(409)?;
    teller.step("pantry", "tries to accept it again: 409, nothing changes");
    Ok(())
}

fn evidence(teller: &Teller, dir: &Path, data: &Path) -> anyhow::Result<()> {
    teller.scene("An auditor, offline");
    let bundle = dir.join("evidence");
    let ask = Ask::ExportBundle { out: bundle.clone(), case: "demo".into() };
    admin::ask(data, &ask)?.context("the gateway does not answer its admin socket")?;
    let report = verify_bundle(&bundle, None);
    teller.step("auditor", &format!("integrity: {}", report.integrity.text()));
    teller.step("auditor", &format!("completeness: {}", report.completeness.text()));
    teller.step("auditor", &format!("capture: {}", report.capture.text()));
    ensure!(report.exit_code() == 0, "the bundle does not verify");
    ensure!(matches!(report.capture, Verdict::NotChecked(_)), "capture cannot be proved");

    let tampered = dir.join("tampered");
    fs::create_dir(&tampered)?;
    for file in fs::read_dir(&bundle)? {
        let file = file?;
        fs::copy(file.path(), tampered.join(file.file_name()))?;
    }
    let path = tampered.join("entries.jsonl");
    let mut bytes = fs::read(&path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes)?;
    let report = verify_bundle(&tampered, None);
    ensure!(report.exit_code() == 2, "a flipped byte was not noticed");
    teller.step("auditor", &format!("one byte flipped: {}", report.integrity.text()));
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// How long one call of a peer may take.
const CALL: Duration = Duration::from_secs(20);
