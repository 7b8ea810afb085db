//! Replay equals live: what the scribe folded as it decided is what the log says.

use std::path::PathBuf;

use loopgate_fhir::{Limits, Posted, read_posted};
use loopgate_referral::{Appointment, OrgId, TargetMove};

use loopgate_referral::Timestamp;

use super::*;
use crate::fold::World;
use crate::gate::{Request, Session};
use crate::partner::Partner;
use crate::refusal::Trouble;
use crate::reply::Reply;
use crate::scribe::{Act, AskFor, Service, Wish};
use crate::{clock::SystemClock, exit, run};

pub(super) const MARIA: &str = include_str!("../../samples/maria.json");

pub(super) fn deployment(dir: &Path) -> PathBuf {
    let root = dir.join("deployment");
    let clock = SystemClock::new();
    let now = jiff::Timestamp::from_millisecond(clock.now().0).unwrap();
    crate::init::init(&root, now, &mut |buffer: &mut [u8]| clock.random(buffer)).unwrap();
    for (path, text) in Library::files() {
        let path = root.join("mappings").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for (name, role, rest) in [
        ("clinic-b", "source", ""),
        ("pantry", "target", "[channel]\nkind = \"rest\"\ndialect = \"cbo-json\"\n"),
        ("housing", "target", "[channel]\nkind = \"rest\"\ndialect = \"cbo-json\"\n"),
    ] {
        let legal = if role == "source" { "ce" } else { "cbo-nonhipaa" };
        let text = format!(
            "name = \"{name}\"\nroles = [\"{role}\"]\nlegal_class = \"{legal}\"\npurpose = \"CAREMGT\"\n\
             identifiers = [{{ system = \"urn:example:npi\", value = \"{name}\" }}]\n\
             patient_index = \"urn:example:{name}:mrn\"\n\
             [agreement]\nreference = \"DUA\"\nexpires = \"2099-12-31\"\n{rest}"
        );
        Partner::parse(name.parse().unwrap(), &text).unwrap();
        fs::write(root.join("partners").join(format!("{name}.toml")), text).unwrap();
    }
    root
}

pub(super) fn open_at(root: &Path) -> Deployment {
    let config = load_config(&root.join("loopgate.toml")).unwrap();
    open(config, Arc::new(SystemClock::new()), None, Box::new(|| {})).unwrap()
}

pub(super) fn request(body: &str) -> Request {
    Request {
        authorization: None,
        consent: None,
        case: None,
        chain: Vec::new(),
        certificate: None,
        method: "POST".into(),
        path: "/fhir".into(),
        query: Vec::new(),
        accept: None,
        content_type: None,
        if_match: None,
        if_none_match: None,
        if_modified_since: None,
        if_none_exist: None,
        prefer: None,
        idempotency_key: None,
        body: body.into(),
    }
}

/// A transaction of that partner.
pub(super) fn submitted(gate: &Gate, org: &OrgId, request: &Request) -> Result<Reply, Trouble> {
    let partner = gate.scribe.published().roster.load().get(org).unwrap().clone();
    let session = Session { partner, scopes: None, consent: Default::default() };
    let Posted::Transaction(entries) = read_posted(&request.body, &Limits::default()).unwrap()
    else {
        panic!("a transaction")
    };
    crate::inbound::fhir::transaction::post(gate, &session, request, entries)
}

pub(super) fn world(deployment: &Deployment) -> World {
    deployment.gate.scribe.published().world().clone()
}

fn catalogue(deployment: &Deployment) -> crate::catalogue::Catalogue {
    deployment.gate.scribe.published().catalogue().clone()
}

/// The fold written down, without what only the disk knows.
fn bytes(deployment: &Deployment) -> Vec<u8> {
    let (world, catalogue) = (world(deployment), catalogue(deployment));
    let tree = deployment.gate.grove.tree();
    let leaf = |index| tree.leaf(index);
    let mut bytes = Vec::new();
    crate::state::write((&world, &catalogue), &Default::default(), leaf, |_| None, &mut bytes)
        .unwrap();
    bytes
}

#[test]
fn replay_equals_live() {
    let dir = tempfile::tempdir().unwrap();
    let root = deployment(dir.path());
    let live = open_at(&root);
    let (clinic, pantry): (OrgId, OrgId) = ("clinic-b".parse().unwrap(), "pantry".parse().unwrap());
    submitted(&live.gate, &clinic, &request(MARIA)).unwrap();
    let referral = *world(&live).by_org[&pantry].first().unwrap();
    let appointment = Appointment { start: Timestamp(1), place: None };
    let service = Service { code: None, text: "Food box".into(), performed: None };
    let served = Wish::Serve { services: vec![service] };
    let wishes = [Wish::Target(TargetMove::Accept), Wish::Book(appointment), Wish::NoShow, served];
    for (n, wish) in (0u8..).zip(wishes) {
        let act = Act {
            org: pantry.clone(),
            request: [n; 32],
            once: true,
            transport: "test",
            referral,
            if_match: None,
            happened: None,
            message: None,
            wish,
        };
        live.gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply)).unwrap();
        let shown = live.gate.referral(&referral).unwrap();
        exit::for_target(&live.gate, &shown, &shown.placements[0], AskFor::unasked).unwrap();
    }
    let before = world(&live);
    let found = catalogue(&live);
    let written = bytes(&live);
    assert_eq!(before.referrals.len(), 2);
    run::finish(live).unwrap();

    let replayed = open_at(&root);
    let after = world(&replayed);
    // The partner files did not change, so nothing was added.
    assert!(before == after, "the replayed world is another one");
    assert_eq!(found.len(), before.leaves);
    assert!(found == catalogue(&replayed), "the replayed catalogue is another one");
    assert!(written == bytes(&replayed), "the same fold is written in other bytes");
    // And what was written is read back as it was.
    let read = crate::state::read(&mut written.as_slice()).unwrap().unwrap();
    assert!(read.world == after && read.catalogue == catalogue(&replayed));
    assert_eq!(read.leaves.len() as u64, after.leaves);
    run::finish(replayed).unwrap();
}
