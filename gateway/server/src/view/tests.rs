//! The projections against a look at everything.

use loopgate_fhir::{Handling, Json, Search, Served, as_supplied};
use loopgate_referral::Timestamp;
use loopgate_store::{Attachments, FileLog};

use super::*;
use crate::archive::Keyring;
use crate::fold::World;
use crate::journal::{Body, Document, Event, StoredVersion};
use loopgate_ledger::Fields;

fn stamp(path: &Path, sequence: u64) {
    let view = View::open(path, &[1; 32], 0).unwrap();
    view.rows.apply(vec![view.stamped(sequence)]).unwrap();
}

#[test]
fn projections_that_do_not_open_are_moved_aside_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("view");
    stamp(&path, 4);
    assert_eq!(View::open(&path, &[1; 32], 5).unwrap().folded(), 5);
    // A view that has folded more than the log holds belongs to another log.
    assert_eq!(View::open(&path, &[1; 32], 4).unwrap().folded(), 0);
    assert!(dir.path().join("view.broken-0").is_dir());

    std::fs::remove_file(path.join("db")).unwrap();
    std::fs::create_dir(path.join("db")).unwrap();
    assert_eq!(View::open(&path, &[1; 32], 9).unwrap().folded(), 0);
    assert!(dir.path().join("view.broken-1").is_dir());
}

/// So many resources there are, and so many searches.
const RESOURCES: usize = 10_000;
const SEARCHES: usize = 200;
/// Resources of one frame.
const FRAME: usize = 100;
const BASE: &str = "https://gate.example/fhir";

/// xorshift64*, from a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const CODES: [&str; 5] = ["71802-3", "88122-7", "63512-8", "93031-3", "76437-3"];
const STATUSES: [&str; 4] = ["final", "amended", "preliminary", "entered-in-error"];
const CATEGORIES: [&str; 3] = ["food-insecurity", "housing-instability", "sdoh"];

fn observation(random: &mut Random) -> Vec<u8> {
    let mut one = serde_json::json!({
        "resourceType": "Observation",
        "status": random.of(&STATUSES),
        "code": { "coding": [{ "system": "http://loinc.org", "code": random.of(&CODES) }] },
        "subject": { "reference": format!("Patient/p{}", random.below(50)) },
        "effectiveDateTime": format!("2026-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28)),
    });
    let category =
        |code: &str| serde_json::json!({ "coding": [{ "system": "urn:c", "code": code }] });
    if random.below(4) > 0 {
        one["category"] = serde_json::json!([category(random.of(&CATEGORIES))]);
    }
    if random.below(3) == 0 {
        let value = format!("n{}", random.below(2_000));
        one["identifier"] = serde_json::json!([{ "system": "urn:i", "value": value }]);
    }
    if random.below(2) == 0 {
        one["derivedFrom"] = serde_json::json!([{ "reference": format!("{BASE}/Observation/o{}", random.below(100)) }]);
    }
    one.to_string().into_bytes()
}

fn query(random: &mut Random, ids: &[ResourceId]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for _ in 0..1 + random.below(3) {
        let pair = match random.below(10) {
            0 => ("status", random.of(&STATUSES).to_owned()),
            1 => ("status", format!("{},{}", random.of(&STATUSES), random.of(&STATUSES))),
            2 => ("code", format!("http://loinc.org|{}", random.of(&CODES))),
            3 => ("code", format!("{},{}", random.of(&CODES), random.of(&CODES))),
            4 => ("patient", format!("Patient/p{}", random.below(60))),
            5 => ("patient", format!("p{},p{}", random.below(50), random.below(50))),
            6 => ("category:not", random.of(&CATEGORIES).to_owned()),
            7 => ("identifier", format!("urn:i|n{}", random.below(2_000))),
            8 => ("derived-from", format!("Observation/o{}", random.below(100))),
            _ => ("date", format!("ge2026-{:02}", 1 + random.below(12))),
        };
        pairs.push((pair.0.to_owned(), pair.1));
    }
    if random.below(20) == 0 {
        let some: Vec<&str> = (0..20).map(|_| ids[random.below(ids.len())].id()).collect();
        pairs.push(("_id".to_owned(), some.join(",")));
    }
    pairs
}

/// A deployment's worth of one organization's Observations, folded as they came.
struct Case {
    dir: tempfile::TempDir,
    world: World,
    frames: Vec<(Event, Vec<Vec<u8>>)>,
    log: FileLog,
    keyring: Keyring,
    attachments: Attachments,
}

impl Case {
    fn new() -> Case {
        let dir = tempfile::tempdir().unwrap();
        let mut random = Random(0x00C0_FFEE);
        let org: OrgId = "clinic-b".parse().unwrap();
        let mut versions: Vec<u64> = Vec::new();
        let mut frames = Vec::new();
        // Nine of ten are new; the tenth is a new version of one that is there.
        while versions.len() < RESOURCES {
            let (mut resources, mut docs) = (Vec::new(), Vec::new());
            let mut here = std::collections::BTreeSet::new();
            for _ in 0..FRAME {
                let n = match versions.len() {
                    len if len > FRAME && random.below(10) == 0 => random.below(len),
                    len => len,
                };
                if !here.insert(n) {
                    continue;
                }
                if n == versions.len() {
                    versions.push(0);
                }
                versions[n] += 1;
                resources.push(StoredVersion {
                    resource: format!("Observation/r{n}").parse().unwrap(),
                    version: versions[n],
                    sha256: [0; 32],
                    identifiers: Vec::new(),
                    rewrites: std::collections::BTreeMap::new(),
                    request: None,
                    labels: Vec::new(),
                    dated: loopgate_consent::Dated::Unknown,
                });
                docs.push(observation(&mut random));
            }
            frames.push((Event::Stored { org: org.clone(), person: None, resources }, docs));
        }
        let log = FileLog::open(&dir.path().join("log"), None).unwrap();
        let attachments = Attachments::open(&dir.path().join("vault")).unwrap();
        let keyring = Keyring::new(Vec::new());
        Case { dir, world: World::default(), frames, log, keyring, attachments }
    }

    /// A view of the frames from `from` on; the world is folded with it where it is behind.
    fn fold(&mut self, view: &View, from: usize, to: usize) {
        for (sequence, (event, docs)) in self.frames.iter().enumerate().take(to).skip(from) {
            let sequence = u64::try_from(sequence).unwrap();
            let at = Timestamp(1_700_000_000_000 + i64::try_from(sequence).unwrap());
            if self.world.frames <= sequence {
                let place = crate::fold::Place { sequence, entry: 0, index: sequence, at };
                self.world.evolve(event, place);
            }
            let docs = docs.iter().cloned().map(Document::Here).collect();
            let body = Body { event: event.clone(), fields: Fields::default(), docs };
            let mut folding = Folding::of(sequence, at);
            folding.note(0, event);
            let documents = Documents {
                sequence,
                bodies: vec![Some(&body)],
                log: &self.log,
                keyring: &self.keyring,
                attachments: &self.attachments,
            };
            view.fold(&folding, &self.world, &documents).unwrap();
        }
    }

    fn view(&self, name: &str) -> View {
        View::open(&self.dir.path().join(name), &[1; 32], 0).unwrap()
    }

    /// Every resource as its supplier reads it, in creation order.
    fn all(&self) -> Vec<(ResourceId, Json)> {
        let mut newest = Vec::new();
        for (event, docs) in &self.frames {
            let Event::Stored { resources, .. } = event else { unreachable!() };
            for (stored, doc) in resources.iter().zip(docs) {
                let json = crate::scribe::resolved(doc, &stored.rewrites).unwrap();
                let held = &self.world.resources[&stored.resource];
                let json =
                    as_supplied(&json, stored.resource.id(), held.version, held.changed, None);
                let n: usize = stored.resource.id()[1..].parse().unwrap();
                if n == newest.len() {
                    newest.push((stored.resource.clone(), json));
                } else {
                    newest[n].1 = json;
                }
            }
        }
        newest
    }
}

fn everything(view: &View) -> Vec<loopgate_store::KvRow> {
    view.rows.scan(&[], &[], usize::MAX).unwrap()
}

#[test]
fn a_search_finds_what_a_look_at_everything_finds_and_looks_at_less() {
    let mut case = Case::new();
    let view = case.view("view");
    case.fold(&view, 0, usize::MAX);
    let all = case.all();
    assert!(all.len() >= RESOURCES);
    let ids: Vec<ResourceId> = all.iter().map(|(id, _)| id.clone()).collect();
    let jsons: std::collections::BTreeMap<_, _> = all.iter().cloned().collect();
    let served = Served::of("Observation").unwrap();
    let readers: [OrgId; 1] = ["clinic-b".parse().unwrap()];
    let mut random = Random(0x5EED);
    let (mut looked_at, mut narrowed) = (0, 0);
    for n in 0..SEARCHES {
        let pairs = query(&mut random, &ids);
        let search = Search::parse(served, &pairs, BASE, Handling::Strict).unwrap();
        let naive: Vec<&ResourceId> =
            all.iter().filter(|(_, json)| search.matches(json)).map(|(id, _)| id).collect();
        let groups = search.required_terms();
        let keyed = view.keyed(&readers[0], served.kind, &groups);
        let of = (&readers[..], served.kind);
        // In change order, and by the terms of the smallest group.
        for (order, group) in [
            (Order::Created, view.smallest(of, &groups).unwrap()),
            (Order::Changed, None),
            (Order::ChangedBack, None),
        ] {
            if order != Order::Created && n % 20 > 0 {
                continue;
            }
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let rows = view.find(order, of, group, after.as_ref(), 97).unwrap();
                let Some(last) = rows.last() else { break };
                after = Some(last.place);
                for row in rows {
                    if !view.row(&readers[0], &row.id).unwrap().unwrap().meets(&keyed) {
                        continue;
                    }
                    looked_at += usize::from(order == Order::Created && !groups.is_empty());
                    if search.matches(&jsons[&row.id]) {
                        found.push(row.id);
                    }
                }
            }
            let mut found: Vec<&ResourceId> = found.iter().collect();
            if order == Order::Created {
                assert_eq!(found, naive, "{pairs:?}");
            } else {
                let mut naive = naive.clone();
                found.sort();
                naive.sort();
                assert_eq!(found, naive, "{pairs:?}");
            }
        }
        narrowed += usize::from(!groups.is_empty());
    }
    assert!(narrowed > SEARCHES / 2 && looked_at < narrowed * RESOURCES / 4, "{looked_at}");
}

#[test]
fn rows_that_are_rebuilt_are_those_that_were_folded_and_hold_no_word_in_the_clear() {
    let mut case = Case::new();
    case.frames.truncate(12);
    let folded = case.view("folded");
    case.fold(&folded, 0, 12);
    let rebuilt = case.view("rebuilt");
    // As at a start: the world is ahead of nothing, frame by frame.
    case.world = World::default();
    case.fold(&rebuilt, 0, 5);
    rebuilt.begin_anew().unwrap();
    assert!(everything(&rebuilt).is_empty());
    case.world = World::default();
    case.fold(&rebuilt, 0, 12);
    let rows = everything(&folded);
    assert_eq!(everything(&rebuilt), rows);
    for word in ["71802-3", "final", "food-insecurity", "Patient/p", "urn:i", "clinic-b"] {
        let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|found| found == word.as_bytes());
        assert!(!rows.iter().any(|(key, value)| holds(key) || holds(value)), "{word}");
    }
    // One row of each kind for each resource, however often it changed.
    let of = |tag: u8| rows.iter().filter(|(key, _)| key[0] == tag).count();
    let count = case.world.resources.len();
    assert_eq!((of(ROW), of(b'c'), of(rows::CHANGED)), (count, count, count));
    // And a posting for each of its terms of now.
    let terms = rows.iter().filter(|(key, _)| key[0] == ROW);
    let terms: usize = terms.map(|(_, row)| rows::Row::of(row).unwrap().terms().count()).sum();
    assert_eq!(of(b'p'), terms);
}
