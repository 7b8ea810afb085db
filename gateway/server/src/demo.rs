//! `loopgate demo`: the main story, played on this machine over real TLS sockets.
//!
//! Clinic B refers Maria for food and for housing by FHIR, hospital A for food by HL7 v2; her consent
//! covers food. The pantry, which has only e-mail, books, waits, books again and serves; housing is
//! refused with the need named; each source learns in its own dialect how it ended; an auditor
//! verifies the ledger offline, and catches one flipped byte.
#![allow(clippy::print_stdout)]

mod browser;
mod engine;
mod network;
mod peer;
mod post;
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

use browser::Browser;
use engine::field;
use network::{Network, PIN, Ports};
use peer::Peer;
use tell::Teller;

const MARIA: &str = include_str!("../samples/maria.json");
/// One segment a line, as an editor shows it.
const REF_I12: &str = include_str!("../samples/hospital-a.hl7");
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
    println!("  people      https://{}/", addresses.people);
    println!("  MLLP        {} (mutual TLS)", addresses.mllp);
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
    let housing = network.peer("housing")?;
    let food = at_the_clinic(teller, &clinic, &housing).await?;
    let from_clinic = mailed(teller, network)?;
    at_the_hospital(teller, network)?;
    let from_hospital = mailed(teller, network)?;
    at_the_pantry(teller, network, &from_clinic, &from_hospital).await?;
    the_loop_closes(teller, network, &clinic, &food).await?;

    teller.scene("A stranger knocks");
    let stranger = network.stranger()?;
    stranger.get(&food).await?.expect(401)?;
    stranger.get("/cbo/v1/referrals").await?.expect(401)?;
    teller.step("nobody", "asks without a certificate, twice: 401, and learns nothing");
    let found = network.browser()?.open(&from_clinic).await;
    ensure!(found.is_err(), "a closed referral's link still leads somewhere");
    teller.step("nobody", "opens the old link: it leads nowhere any more");
    Ok(())
}

async fn at_the_clinic(teller: &Teller, clinic: &Peer, housing: &Peer) -> anyhow::Result<String> {
    teller.scene("Clinic B refers, by FHIR");
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
    let lost = &answer.body["entry"][5]["response"]["outcome"]["issue"][0]["expression"];
    let lost = lost.as_array().context("nothing is said of what was not carried")?.len();
    teller.step(
        "loopgate",
        &format!("places the food referral with the pantry, and names {lost} elements it does not pass on"),
    );
    let task = clinic.get(&home).await?.expect(200)?.body;
    ensure!(task["status"] == "rejected", "the housing referral was not rejected: {task}");
    let reason = text(&task["statusReason"]["text"]);
    ensure!(reason.starts_with("need not covered: "), "the refusal does not name its class");
    teller.step("loopgate", &format!("rejects the housing referral at once: {reason}"));
    let inbox = housing.get("/cbo/v1/referrals").await?.expect(200)?.body;
    ensure!(inbox["referrals"] == json!([]), "housing learnt of Maria");
    teller.step("housing", "looks into its inbox by REST: nothing there, and no trace of her");

    let other = clinic.post("/fhir", peer::FHIR, SECOND_MARIA).await?.expect(200)?;
    let task = clinic.get(&other.location(3)?).await?.expect(200)?.body;
    let waits = text(&task["businessStatus"]["text"]);
    ensure!(waits == "waiting for consent", "the first Maria's consent reached the second");
    teller.step(
        "clinic B",
        "refers another Maria, same name, same birth date: a different person, waiting for her own consent",
    );
    Ok(food)
}

/// The link in the next e-mail, which says nothing of the person.
fn mailed(teller: &Teller, network: &Network) -> anyhow::Result<String> {
    let mail = network.post.next(CALL).context("no e-mail came")?;
    for hidden in ["Maria", "Lindqvist", "food", "0142"] {
        ensure!(!mail.text.contains(hidden), "the e-mail says whom or what it is about");
    }
    ensure!(mail.to.contains("intake@pantry.example"), "the e-mail went to somebody else");
    teller.step("pantry", "gets an e-mail: a link, no name, no need");
    mail.link().map(str::to_owned).context("the e-mail holds no link")
}

fn at_the_hospital(teller: &Teller, network: &Network) -> anyhow::Result<()> {
    teller.scene("Hospital A refers, by HL7 v2");
    let engine = network.engine()?;
    let message = REF_I12.replace('\n', "\r");
    let ack = engine.try_send(&message).context("the REF^I12 was not answered")?;
    ensure!(field(&ack, "MSA", 1) == "CA", "the REF^I12 was not accepted: {ack}");
    teller.step(
        "hospital A",
        "sends REF^I12 over MLLP and mutual TLS: a food referral for its patient A-99871",
    );
    let lost = ack.matches("|I|").count();
    teller.step(
        "loopgate",
        &format!(
            "commit ACK {}, with {lost} ERR of severity I for what it does not pass on",
            field(&ack, "MSA", 1)
        ),
    );
    let again = engine.try_send(&message).context("the resend was not answered")?;
    ensure!(again == ack, "a resend got another answer");
    teller.step(
        "hospital A",
        "lost the ACK and sends it again: the first answer, byte for byte, and one referral",
    );
    let answer = told(network)?;
    ensure!(field(&answer, "RF1", 1) == "P", "the referral waits for consent: {answer}");
    teller.step(
        "loopgate",
        "knows her by the community id, finds her consent at clinic B, answers RRI^I12: pending at the pantry",
    );
    Ok(())
}

/// The next referral response at hospital A.
fn told(network: &Network) -> anyhow::Result<String> {
    network.inbox.within(CALL).context("hospital A was not told")
}

async fn at_the_pantry(
    teller: &Teller,
    network: &Network,
    from_clinic: &str,
    from_hospital: &str,
) -> anyhow::Result<()> {
    teller.scene("The pantry answers, from its e-mail");
    let scanner = network.browser()?;
    let page = scanner.open(from_clinic).await?;
    ensure!(page.contains("Food insecurity") && !page.contains("Maria"), "the page names her");
    teller.step(
        "mail",
        "a scanner opens the link first: it sees a need, no name, and spends nothing",
    );
    let mut browser = network.browser()?;
    browser.give(from_clinic, PIN).await?;
    let page = browser.open(from_clinic).await?;
    ensure!(page.contains("+1 555 0142"), "the pantry cannot call her");
    for hidden in ["B-20417", "A-99871", "1988", "Juniper Row", "C-5501"] {
        ensure!(!page.contains(hidden), "more than necessary reached the pantry");
    }
    teller.step(
        "pantry",
        "gives its PIN and reads name, phone, language, household; no MRN, birth date or address",
    );
    for (act, fields, words) in [
        ("accept", "", "takes it on"),
        ("appointment", "date=2026-11-27&time=16%3A00&place=Side+door", "books an appointment"),
        ("no-show", "", "Maria misses it; the loop stays open"),
        ("appointment", "date=2026-11-29&time=16%3A00&place=", "books another"),
        ("served", "text=Food+box+for+four&date=", "serves her, and says with what"),
    ] {
        browser.press(from_clinic, act, fields).await?;
        teller.step("pantry", words);
    }
    answer_the_hospital(&browser, from_hospital).await?;
    teller.step(
        "pantry",
        "opens hospital A's referral too, takes it on, and closes it with the same food box",
    );
    Ok(())
}

async fn answer_the_hospital(browser: &Browser, link: &str) -> anyhow::Result<()> {
    browser.press(link, "accept", "").await?;
    browser.press(link, "served", "text=Food+box+for+four&date=").await
}

async fn the_loop_closes(
    teller: &Teller,
    network: &Network,
    clinic: &Peer,
    food: &str,
) -> anyhow::Result<()> {
    teller.scene("The loop closes, for each in its own dialect");
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
    let accepted = told(network)?;
    ensure!(field(&accepted, "RF1", 1) == "A", "hospital A was not told of the acceptance");
    teller.step("hospital A", "gets RRI^I12: RF1-1 A, accepted");
    let served = told(network)?;
    ensure!(field(&served, "MSH", 9).starts_with("RRI^I13"), "not an outcome: {served}");
    ensure!(field(&served, "RF1", 6) == "RA-7781^HOSPA", "not under its own number");
    teller.step(
        "hospital A",
        &format!("gets RRI^I13 under its own number RA-7781: OBX \"{}\"", field(&served, "OBX", 5)),
    );
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
    copy_folder(&bundle, &tampered)?;
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

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to)?;
    for item in fs::read_dir(from)? {
        let item = item?;
        let target = to.join(item.file_name());
        if item.file_type()?.is_dir() {
            copy_folder(&item.path(), &target)?;
        } else {
            fs::copy(item.path(), target)?;
        }
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// How long one call of a peer may take.
const CALL: Duration = Duration::from_secs(20);
