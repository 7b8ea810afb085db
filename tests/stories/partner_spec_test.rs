//! An interface team gets a specification that is true, and an operator sees in plain words whether a
//! partner can be reached, without anything of it in the log.

use jiff::Timestamp;
use loopgate_mapping::Library;
use loopgate_server::config::Config;
use loopgate_server::partner::spec::{Deployment, Spec};
use loopgate_server::partner::{Partner, load_partners};
use loopgate_server::partner_test::{Now, Outcome, Step, test};

use crate::harness::{Gateway, field, machine_now, referral_v2};

/// A gateway's files as they are.
struct Files {
    config: Config,
    library: Library,
    partner: Partner,
}

impl Files {
    fn of(gateway: &Gateway) -> Files {
        let config = Config::load(&gateway.root().join("loopgate.toml")).unwrap();
        let library = Library::load(&config.folders.mappings).unwrap();
        let partners = load_partners(&config.folders.partners).unwrap();
        let partner = partners.into_iter().map(|one| one.partner);
        let partner = partner.into_iter().find(|one| one.org.as_str() == "hospital-a").unwrap();
        Files { config, library, partner }
    }

    fn deployment(&self) -> Deployment<'_> {
        Deployment { config: &self.config, library: &self.library, certificate: None }
    }

    fn test(&self, at: Timestamp, production: bool) -> Vec<(&'static str, Outcome, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let now = Now { at, drawn: [7; 16] };
        let steps = runtime.block_on(test(&self.partner, self.deployment(), now, production));
        steps.into_iter().map(|Step { what, outcome, words }| (what, outcome, words)).collect()
    }
}

fn outcomes(steps: &[(&'static str, Outcome, String)]) -> Vec<(&'static str, Outcome)> {
    steps.iter().map(|(what, outcome, _)| (*what, *outcome)).collect()
}

#[test]
fn what_the_specification_shows_is_taken_as_it_stands() {
    let (gateway, engine, _inbox) = Gateway::with_hospital();
    let files = Files::of(&gateway);
    let spec = Spec::of(&files.partner, files.deployment()).unwrap();
    let referral = spec.messages.iter().find(|one| one.types[0] == "REF^I12").unwrap();
    let example = referral.example.as_deref().unwrap().replace('\n', "\r");
    let ack = engine.send(&example);
    // The one thing that is not so is that the receiver exists.
    let refused = field(&ack, "MSA", 1);
    let at = field(&ack, "ERR", 2);
    assert!(refused == "CA" || (refused == "CE" && at.starts_with("PRD")), "{ack}");
    assert_eq!(field(&ack, "MSA", 2), "EXAMPLE-1");
    let known = example.replace("pantry-17", "pantry");
    assert_eq!(field(&engine.send(&known.replace("EXAMPLE-1", "EXAMPLE-2")), "MSA", 1), "CA");
}

#[test]
fn a_test_exchange_says_each_step_and_leaves_no_trace() {
    let (mut gateway, _engine, inbox) = Gateway::with_hospital();
    let before = (gateway.count(), gateway.kinds());
    let mut files = Files::of(&gateway);
    let good = ["name", "connection", "tls", "certificate", "message", "acknowledgement"];
    let all_good: Vec<(&str, Outcome)> = good.iter().map(|what| (*what, Outcome::Ok)).collect();
    let now = machine_now();
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps), all_good, "{steps:?}");
    let message = inbox.next();
    assert_eq!(
        (field(&message, "MSH", 9).as_str(), field(&message, "MSH", 11).as_str()),
        ("RRI^I13^RRI_I12", "T")
    );
    assert_eq!(field(&message, "PID", 5), "Example^Petra");
    assert!(steps[4].2.contains(&field(&message, "MSH", 10)));

    // What the other side says is told by its codes alone.
    inbox.say("AE");
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps)[5], ("acknowledgement", Outcome::Failed));
    assert!(steps[5].2.starts_with("AE: the message was refused, without ERR"), "{steps:?}");
    inbox.say("CA|OTHER");
    let steps = files.test(now, false);
    assert!(steps[5].2.contains("of another one"), "{steps:?}");
    inbox.say("");
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps)[4], ("message", Outcome::Failed));
    inbox.down(true);
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps)[2], ("tls", Outcome::Failed));
    inbox.down(false);
    inbox.say("CA");

    // Long before it is over, a certificate is worth a word.
    let late = now + jiff::SignedDuration::from_hours(24 * 720);
    assert_eq!(outcomes(&files.test(late, false))[3], ("certificate", Outcome::Warning));
    inbox.waiting();

    // On a production link nothing is ever sent, and nothing is tried unless it is asked for.
    files.partner.production = true;
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps), [("partner", Outcome::Failed)]);
    let steps = files.test(now, true);
    assert_eq!(outcomes(&steps), all_good[..5], "{steps:?}");
    assert!(inbox.waiting().is_empty(), "no message on a production link");

    gateway.tick();
    assert_eq!((gateway.count(), gateway.kinds()), before, "nothing of it is in the log");
}

#[test]
fn what_is_wrong_is_said_in_plain_words() {
    let (gateway, engine, _inbox) = Gateway::with_hospital();
    let mut files = Files::of(&gateway);
    let now = machine_now();
    let endpoint = files.partner.hl7v2.as_mut().unwrap().endpoint.as_mut().unwrap();
    let port = endpoint.port;
    // The machines' listener speaks HTTP over TLS, not MLLP.
    endpoint.port = gateway.machines();
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps).last(), Some(&("message", Outcome::Failed)), "{steps:?}");
    let endpoint = files.partner.hl7v2.as_mut().unwrap().endpoint.as_mut().unwrap();
    (endpoint.host, endpoint.port) = ("10.255.0.1".to_owned(), port);
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps), [("name", Outcome::Failed)]);
    assert!(steps[0].2.contains("private_targets"), "{steps:?}");
    files.partner.hl7v2.as_mut().unwrap().endpoint = None;
    let steps = files.test(now, false);
    assert_eq!(outcomes(&steps), [("hl7v2", Outcome::Ok)]);
    // The gateway went on as ever.
    let ack = engine.send(&referral_v2("AFTER", "AL|NE", "RA-9", "A-1"));
    assert_eq!(field(&ack, "MSA", 2), "AFTER");
}
