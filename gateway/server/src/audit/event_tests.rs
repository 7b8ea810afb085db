use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use loopgate_consent::{GrantEvent, GrantRef};
use loopgate_referral::{Event as ReferralEvent, ReferralId, Timestamp};

use super::*;
use crate::journal::{BasisUsed, Disclosure, Event, StaffEvent, StoredVersion};

fn setting() -> Setting<'static> {
    Setting {
        site: "gateway.example".to_owned(),
        recorder: "https://gateway.example:8443/fhir".to_owned(),
        called: Box::new(|_| "ps1.AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        words: Box::new(|_| "words".to_owned()),
    }
}

fn person() -> PersonId {
    PersonId::from_random([1; 16])
}

fn events(event: Event) -> Vec<Value> {
    let persons = event.person().into_iter().collect();
    of(&Told::sample(event, persons), &setting())
}

fn grant() -> GrantRef {
    let id = loopgate_consent::GrantId::of_consent(&"Consent/c1".parse().unwrap());
    GrantRef { id, version: 1, epoch: 1 }
}

fn disclosed(basis: BasisUsed) -> Event {
    Event::Disclosed(Disclosure {
        person: person(),
        recipient: "pantry".parse().unwrap(),
        bases: vec![basis],
        resources: vec![("ServiceRequest/s1".parse().unwrap(), 2)],
        referral: None,
        view: "referral".to_owned(),
        channel: "cbo-rest".to_owned(),
        mapping: None,
        sha256: [7; 32],
        bytes: 10,
    })
}

fn consent() -> BasisUsed {
    BasisUsed::Consent {
        grant: grant(),
        action: "forward".to_owned(),
        purpose: Some("CAREMGT".to_owned()),
        code: "OK1".to_owned(),
        templates: vec!["food/1".to_owned()],
        groups: vec!["need".to_owned()],
        dropped: Vec::new(),
        obligations: Vec::new(),
    }
}

fn denied(grant: Option<GrantRef>) -> Event {
    Event::Denied {
        org: "housing".parse().unwrap(),
        person: Some(person()),
        referral: None,
        action: Some("forward".to_owned()),
        code: "L6".to_owned(),
        correlation: None,
        grant,
        dropped: Vec::new(),
    }
}

fn stored(person: Option<PersonId>) -> Event {
    let one = |id: &str, version| StoredVersion {
        resource: id.parse().unwrap(),
        version,
        sha256: [1; 32],
        identifiers: Vec::new(),
        rewrites: Default::default(),
        request: None,
        labels: Vec::new(),
        dated: Default::default(),
    };
    let resources = vec![one("Organization/o1", 1), one("Organization/o2", 2)];
    Event::Stored { org: "clinic-b".parse().unwrap(), person, resources }
}

/// One entry of every sort that an AuditEvent tells of.
fn all() -> Vec<Event> {
    let referral = ReferralId::from_random([2; 16]);
    let staff = |fact| Event::Staff(fact);
    vec![
        disclosed(consent()),
        disclosed(BasisUsed::Treatment),
        disclosed(BasisUsed::ReturnToSupplier),
        disclosed(BasisUsed::Audit { case: "7".to_owned() }),
        Event::Reread { person: person(), recipient: "pantry".parse().unwrap(), day: 20_000 },
        denied(Some(grant())),
        denied(None),
        stored(Some(person())),
        stored(None),
        Event::Grant(GrantEvent::Revoked { grant: grant().id, person: person(), at: None }),
        Event::Referral { referral, fact: ReferralEvent::Resumed },
        Event::Partner { org: "pantry".parse().unwrap(), sha256: [1; 32], suspended: false },
        Event::Strangers { count: 3 },
        Event::Exported { size: 3, what: Default::default(), case: "7".to_owned() },
        staff(StaffEvent::SignIn { staff: "ines".parse().unwrap(), right: false, step: None }),
        staff(StaffEvent::GlassBroken {
            org: "hospital-a".parse().unwrap(),
            person: person(),
            reason: "words of a clinician".to_owned(),
            medical_emergency: true,
            at: Timestamp(0),
        }),
    ]
}

fn profile(event: &Value) -> &str {
    let url = event["meta"]["profile"][0].as_str().unwrap_or_default();
    url.strip_prefix(BALP).unwrap_or_default()
}

fn agent<'a>(event: &'a Value, code: &str) -> &'a Value {
    let agents = event["agent"].as_array().unwrap();
    let is = |one: &&Value| one["type"]["coding"][0]["code"] == code;
    let found: Vec<&Value> = agents.iter().filter(is).collect();
    assert_eq!(found.len(), 1, "one {code} in {event}");
    found[0]
}

fn entities(event: &Value, kind: &str) -> usize {
    let entities = event["entity"].as_array().unwrap();
    entities.iter().filter(|one| one["type"]["code"] == kind).count()
}

/// IHE BALP 1.1.4, PrivacyDisclosure.Source and AuthZconsent, element by element.
#[test]
fn a_disclosure_on_consent_is_an_export_and_a_decision() {
    let made = events(disclosed(consent()));
    let [out, decision] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!((&out["id"], &decision["id"]), (&json!("9"), &json!("9-2")));
    assert_eq!(profile(out), "PrivacyDisclosure.Source");
    assert_eq!((&out["type"]["code"], &out["action"]), (&json!("110106"), &json!("R")));
    assert_eq!(out["subtype"][0]["code"], "disclose");
    assert_eq!(out["purposeOfEvent"][0]["coding"][0]["code"], "CAREMGT");
    let source = agent(out, "110153");
    assert_eq!(source["who"], out["source"]["observer"], "val-audit-source");
    assert!(source["network"]["address"].is_string());
    let recipient = agent(out, "110152");
    assert_eq!(recipient["who"]["identifier"]["value"], "pantry");
    assert!(recipient["network"]["address"].is_string());
    agent(out, "429577009");
    assert_eq!(entities(out, "1"), 1);
    assert!(entities(out, "2") >= 1);

    assert_eq!(profile(decision), "AuthZconsent");
    assert_eq!((&decision["type"]["code"], &decision["action"]), (&json!("110113"), &json!("E")));
    assert_eq!(
        (&decision["subtype"][0]["code"], &decision["outcome"]),
        (&json!("AuthZ-Consent"), &json!("0"))
    );
    for code in ["110150", "IRCP", "PROV", "authserver"] {
        agent(decision, code);
    }
    assert_eq!(agent(decision, "authserver")["who"], decision["source"]["observer"]);
    assert_eq!(agent(decision, "IRCP")["requestor"], true);
    // The slices of entity are closed: patient, consent, token.
    assert_eq!((entities(decision, "1"), entities(decision, "Consent")), (1, 1));
    assert_eq!(decision["entity"].as_array().unwrap().len(), 2);
}

#[test]
fn a_refusal_by_consent_is_a_failed_decision_and_another_is_none() {
    let by_consent = events(denied(Some(grant())));
    assert_eq!(profile(&by_consent[0]), "AuthZconsent");
    assert_eq!(by_consent[0]["outcome"], "8");
    let other = events(denied(None));
    assert_eq!((profile(&other[0]), &other[0]["outcome"]), ("", &json!("8")));
}

#[test]
fn each_profile_has_the_parts_it_wants() {
    for event in all().into_iter().flat_map(events) {
        let parts = (entities_or_none(&event, "1"), entities_or_none(&event, "2"));
        match profile(&event) {
            "PatientRead" | "PatientCreate" | "PatientUpdate" => {
                assert_eq!(parts, (1, 1), "{event}")
            }
            "Read" | "Create" | "Update" => assert_eq!(parts, (0, 1), "{event}"),
            "PrivacyDisclosure.Recipient" => {
                assert_eq!(
                    (&event["type"]["code"], &event["action"]),
                    (&json!("110107"), &json!("C"))
                );
                assert_eq!(agent(&event, "110152")["who"], event["source"]["observer"]);
                assert!(parts.0 == 1 && parts.1 >= 1, "{event}");
            }
            "PrivacyDisclosure.Source" | "AuthZconsent" | "" => {}
            other => panic!("{other}"),
        }
        let text = event.to_string();
        for word in ["words of a clinician", "per_"] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

fn entities_or_none(event: &Value, kind: &str) -> usize {
    if event["entity"].is_null() { 0 } else { entities(event, kind) }
}

/// R4's own definition of AuditEvent, from the folder that LOOPGATE_CORPUS names: what must be there is,
/// nothing else is there than what may be, and codes of required bindings are of their system.
#[test]
fn they_are_audit_events_of_r4() {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else { return };
    let folder = PathBuf::from(corpus).join("fhir-r4");
    let read = |path: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap()
    };
    let definition = read("profiles/AuditEvent.json");
    let elements = definition["snapshot"]["element"].as_array().unwrap();
    let codes = |name: &str| -> BTreeSet<String> {
        let system = read(&format!("valuesets/CodeSystem-{name}.json"));
        let concepts = system["concept"].as_array().unwrap().iter();
        concepts.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let bound = [
        ("AuditEvent.action", codes("audit-event-action")),
        ("AuditEvent.outcome", codes("audit-event-outcome")),
        ("AuditEvent.agent.network.type", codes("network-type")),
    ];
    let mut checked = 0;
    for event in all().into_iter().flat_map(events) {
        for element in elements {
            let path = element["path"].as_str().unwrap();
            let Some((parent, name)) = path.rsplit_once('.') else { continue };
            let name = name.trim_end_matches("[x]");
            for at in found(&event, parent) {
                let here =
                    at.as_object().unwrap().keys().filter(|key| key.starts_with(name)).count();
                assert!(element["min"] == 0 || here > 0, "{path} is missing in {event}");
                checked += 1;
            }
        }
        for (path, codes) in &bound {
            for at in found(&event, path) {
                assert!(codes.contains(at.as_str().unwrap()), "{path}: {at}");
            }
        }
        // What is there is defined, down to where a data type begins.
        for parent in ["AuditEvent", "AuditEvent.agent", "AuditEvent.source", "AuditEvent.entity"] {
            for at in found(&event, parent) {
                for key in at.as_object().unwrap().keys().filter(|key| *key != "resourceType") {
                    let path = format!("{parent}.{key}");
                    assert!(elements.iter().any(|one| one["path"] == path), "{path}");
                }
            }
        }
    }
    assert!(checked > 500, "{checked}");
}

/// Everything at a path of an AuditEvent.
fn found<'a>(event: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut here = vec![event];
    for name in path.split('.').skip(1) {
        let next = here.into_iter().filter_map(|at| at.get(name));
        here = next
            .flat_map(|at| at.as_array().map_or_else(|| vec![at], |all| all.iter().collect()))
            .collect();
    }
    here
}
