//! Who is pushed to gets webhooks as the convention Standard Webhooks has them: they name a referral and
//! say nothing of it, tell all there is to tell, and are signed so that the library of others takes them.

use loopgate_server::admin::Ask;
use loopgate_server::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Party, Receiver, Referral, partner_file};

const HOUR_MS: i64 = 3_600_000;

pub fn start(values: &[([&str; 2], &str)]) -> (Gateway, Receiver) {
    let all = [values, &[(["delivery", "private_targets"], "[\"localhost:0\"]")]].concat();
    let mut gateway = Gateway::prepare(&all);
    let receiver = Receiver::open(&gateway.root());
    allow(&gateway, receiver.port());
    gateway.serve();
    (gateway, receiver)
}

/// It may be called at that port of this machine.
fn allow(gateway: &Gateway, port: u16) {
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("localhost:0", &format!("localhost:{port}"))).unwrap();
}

/// A referral to that partner: its Task, and the answer. Consent to it comes first, by itself: whoever brings one is answered when
/// nothing about the person is on its way, and here the story itself may be slow to take it.
pub fn submit(clinic: &Party, mrn: &'static str, to: &str) -> (String, Answer) {
    let given = consent(clinic, mrn, to);
    let patient = given.entry(0).strip_prefix("/fhir/").unwrap().to_owned();
    let referral = Referral { mrn, consent: None, owner: Some("push-pantry"), ..Referral::food() };
    let mut bundle = towards(referral.bundle(), to);
    let entries = bundle["entry"].as_array_mut().unwrap();
    let known = entries.remove(0)["fullUrl"].as_str().unwrap().to_owned();
    let bundle = bundle.to_string().replace(&known, &patient);
    let answer = clinic.post("/fhir", &serde_json::from_str(&bundle).unwrap()).expect(200);
    (answer.entry(1), answer)
}

/// The person's consent to that partner, for a long time.
fn consent(clinic: &Party, mrn: &'static str, to: &str) -> Answer {
    let period = ("2026-11-20", "2030-11-20");
    let given = Referral { mrn, period, needs: Vec::new(), ..Referral::food() };
    clinic.post("/fhir", &towards(given.bundle(), to)).expect(200)
}

fn towards(bundle: Value, to: &str) -> Value {
    serde_json::from_str(&bundle.to_string().replace("push-pantry", to)).unwrap()
}

#[test]
fn a_webhook_names_a_referral_and_says_nothing_of_it() {
    let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], "[\"localhost:0\"]")]);
    // Now, so that the library looks at the time too.
    gateway.wake_at(SystemClock::new().now().0);
    let receiver = Receiver::open(&gateway.root());
    allow(&gateway, receiver.port());
    gateway.serve();
    let secret = receiver.partner(&gateway, "hooked", "");
    submit(&gateway.party("clinic-b"), "B-1", "hooked");
    let mut hooked = receiver.next();
    assert!(hooked.verifies_now(&secret), "{}", hooked.signature);
    assert!(!hooked.verifies_now(&format!("{}AAAA", &secret[..secret.len() - 4])));
    assert_eq!(hooked.path(), "/hooks/hooked");
    hooked.answer(204, "");

    // What it says is this, and nothing else.
    let said = hooked.json();
    let id = said["data"]["referral_id"].as_str().unwrap().to_owned();
    let url = format!("{}/cbo/v1/referrals/{id}", gateway.base());
    let at = said["timestamp"].as_str().unwrap();
    let all = json!({
        "type": "referral.created", "timestamp": at, "data": { "referral_id": id, "url": url }
    });
    assert_eq!(said, all);
    assert!(at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok(), "{at}");
    assert!(hooked.body.len() < 20_000 && !hooked.id.contains('.'));

    // That there is a referral is disclosed, and taken.
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    let shown = gateway.of_kind("phi.disclosed");
    let [shown] = &shown[..] else { panic!("{shown:?}") };
    assert_eq!(
        (&shown["disclosed"]["recipient"], &shown["disclosed"]["channel"]),
        (&json!("hooked"), &json!("push"))
    );
    let delivered = gateway.of_kind("referral.delivered");
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0]["transition"]["delivered"], hooked.id.as_str());
    // It reads the rest where it was told.
    let read = gateway.party("hooked").get(url.strip_prefix(gateway.base()).unwrap()).expect(200);
    assert_eq!(read.json["client"]["phone"], "+1 555 0142");
    assert!(receiver.is_quiet());
    gateway.stop();
}

#[test]
fn all_there_is_to_tell_is_told_each_under_an_id_of_its_own() {
    let (mut gateway, receiver) = start(&[]);
    let secret = receiver.partner(&gateway, "hooked", "");
    let (clinic, hooked) = (gateway.party("clinic-b"), gateway.party("hooked"));
    let (task, _) = submit(&clinic, "B-1", "hooked");
    let created = receiver.take();
    let id = created.json()["data"]["referral_id"].as_str().unwrap().to_owned();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    hooked.act(&id, "accept", &json!({})).expect(200);

    let mut asked = clinic.get(&task).expect(200).json;
    asked["businessStatus"] = json!({ "text": "cancellation requested" });
    asked["statusReason"] = json!({ "text": "Maria has moved to her sister" });
    clinic.put(&task, &asked).expect(200);
    let stop = receiver.take();
    hooked.act(&id, "agree-cancel", &json!({})).expect(200);

    // Another is called off before it is answered.
    let (task, _) = submit(&clinic, "B-2", "hooked");
    let second = receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    let mut off = clinic.get(&task).expect(200).json;
    off["status"] = json!("entered-in-error");
    clinic.put(&task, &off).expect(200);
    let cancelled = receiver.take();

    // And a person withdraws.
    let given = consent(&clinic, "B-3", "hooked").entry(1);
    submit(&clinic, "B-3", "hooked");
    let third = receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    clinic.call("POST", &format!("{given}/$revoke"), &[], Vec::new()).expect(204);
    let last = [receiver.take(), receiver.take()];

    let all = [&created, &stop, &second, &cancelled, &third];
    let kinds = all.map(|one| one.kind());
    let expected = [
        "referral.created",
        "referral.cancel-requested",
        "referral.created",
        "referral.cancelled",
        "referral.created",
    ];
    assert_eq!(kinds, expected);
    let mut kinds = last.each_ref().map(|one| one.kind());
    kinds.sort();
    assert_eq!(kinds, ["notice.stop-use", "referral.cancelled"]);
    let mut ids: Vec<&str> = all.into_iter().chain(&last).map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    for one in all.into_iter().chain(&last) {
        assert!(one.verifies(&secret));
        let text = String::from_utf8_lossy(&one.body).into_owned();
        for hidden in ["Maria", "sister", "555 0142", "food", "per_"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    assert!(receiver.is_quiet());
    gateway.stop();
}

#[test]
fn an_amendment_and_a_comment_are_told() {
    let (mut gateway, receiver) = start(&[]);
    receiver.partner(&gateway, "hooked", "");
    let clinic = gateway.party("clinic-b");
    let (_, answer) = submit(&clinic, "B-1", "hooked");
    let created = receiver.take();
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    let request = answer.entry(0);
    let mut amended = clinic.get(&request).expect(200).json;
    assert_eq!(amended["resourceType"], "ServiceRequest");
    amended["note"] = json!([{ "text": "She can come on Tuesdays" }]);
    clinic.put(&request, &amended).expect(200);
    let told = receiver.take();
    assert_eq!(told.kind(), "referral.amended");
    assert_eq!(told.json()["data"], created.json()["data"]);
    assert_ne!(told.id, created.id);
    gateway.hooks_once("hooked", |one| one["depth"] == 0);
    let delivered = gateway.of_kind("referral.delivered");
    assert_eq!(delivered.len(), 2, "not answered: what it says now is delivered");
    gateway.stop();
}

#[test]
fn the_old_secret_signs_until_the_overlap_is_over() {
    let (mut gateway, receiver) = start(&[]);
    let old = receiver.partner(&gateway, "hooked", "");
    let clinic = gateway.party("clinic-b");
    let next = |mrn| {
        submit(&clinic, mrn, "hooked");
        receiver.take()
    };
    let first = next("B-1");
    assert!(first.verifies(&old));
    let new = gateway.next_secret("hooked", 24);
    assert_ne!(old, new);
    let both = next("B-2");
    assert!(both.verifies(&old) && both.verifies(&new));
    assert_eq!(both.signature.split(' ').count(), 2);
    assert_eq!(gateway.hooks("hooked")["old_secret_until"], "2026-11-23T10:00:00Z");
    gateway.pass(24 * HOUR_MS - 1000);
    assert!(next("B-3").verifies(&old));
    gateway.pass(1000);
    let after = next("B-4");
    assert!(!after.verifies(&old) && after.verifies(&new));
    assert_eq!(gateway.hooks("hooked")["old_secret_until"], Value::Null);
    // No secret is in the partner's file, in the data, or in what is said of it.
    let secrets = [old, new];
    for folder in ["data", "partners"] {
        let found = grep(&gateway.root().join(folder), &secrets);
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(secrets.iter().all(|one| !gateway.log().contains(one.as_str())));
    gateway.stop();
}

fn grep(folder: &std::path::Path, words: &[String]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(grep(&path, words));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            if words.iter().any(|word| text.contains(word.as_str())) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn the_whole_referral_goes_along_where_the_partner_wants_it() {
    let (mut gateway, receiver) = start(&[]);
    let secret = receiver.partner(&gateway, "hooked", "payload = \"whole\"\n");
    submit(&gateway.party("clinic-b"), "B-1", "hooked");
    let hooked = receiver.take();
    assert!(hooked.verifies(&secret));
    let said = hooked.json();
    let document = &said["data"]["referral"];
    assert_eq!(document["client"]["phone"], "+1 555 0142");
    let id = said["data"]["referral_id"].as_str().unwrap();
    let read = gateway.party("hooked").get(&format!("/cbo/v1/referrals/{id}")).expect(200);
    assert_eq!(*document, read.json);
    // Not more than the need lets pass.
    assert!(!String::from_utf8_lossy(&hooked.body).contains("1988-04-02"));
    gateway.stop();
}

#[test]
fn who_wants_no_signature_says_so_and_who_has_no_secret_is_not_pushed_to() {
    let (mut gateway, receiver) = start(&[]);
    let endpoint = format!("https://localhost:{}/hooks/plain", receiver.port());
    let channel = format!("kind = \"push\"\nendpoint = \"{endpoint}\"\nsigned = false\n");
    gateway.add_partner("plain", &partner_file("plain", "target", &channel));
    assert!(!gateway.root().join("keys/webhooks/plain").exists());
    submit(&gateway.party("clinic-b"), "B-1", "plain");
    let hooked = receiver.take();
    assert_eq!((hooked.signature.as_str(), hooked.kind().as_str()), ("", "referral.created"));
    // Without that word a secret is wanted.
    let file = gateway.root().join("partners/plain.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("signed = false", "signed = true")).unwrap();
    let refused = gateway.try_admin(&Ask::PartnersReload).unwrap_err().to_string();
    assert!(
        refused.contains("channel.signed") && refused.contains("loopgate webhook secret"),
        "{refused}"
    );
    // Nor does the gateway start.
    gateway.stop();
    assert!(!gateway.try_serve());
    let keys = gateway.root().join("keys");
    loopgate_server::webhook_secret::make(&keys, &"plain".parse().unwrap()).unwrap();
    gateway.serve();
    submit(&gateway.party("clinic-b"), "B-2", "plain");
    assert!(receiver.take().verifies(&gateway.secret("plain")));
    gateway.stop();
}

#[test]
fn an_operator_tries_an_endpoint_without_any_referral() {
    let (mut gateway, receiver) = start(&[]);
    let secret = receiver.partner(&gateway, "hooked", "");
    let before = gateway.count();
    let tried = std::thread::scope(|scope| {
        let tried = scope.spawn(|| gateway.test_hook("hooked"));
        let hooked = receiver.take();
        assert_eq!((hooked.kind().as_str(), &hooked.json()["data"]), ("webhook.test", &json!({})));
        assert!(hooked.verifies(&secret));
        tried.join().unwrap()
    });
    assert!(tried.unwrap().ends_with(" was taken"));
    let tried = std::thread::scope(|scope| {
        let tried = scope.spawn(|| gateway.test_hook("hooked"));
        receiver.next().answer(401, "");
        tried.join().unwrap()
    });
    assert!(tried.unwrap_err().to_string().ends_with(" was answered with 401"));
    assert!(gateway.test_hook("pantry").is_err(), "it is not pushed to");
    assert_eq!(gateway.count(), before, "nothing of it is kept");
    gateway.stop();
}
