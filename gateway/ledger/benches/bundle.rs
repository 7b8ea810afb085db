//! What an offline verification costs: its time against a plain SHA-256 over the same files, in
//! the same run, and the bytes that one entry takes.
//!
//! 10,000 and 100,000 synthetic entries; a million more if `LOOPGATE_BENCH_LARGE` is set (2.3 GB
//! beside the system's other temporary files). The openings are what `loopgate export` shows:
//! thirteen fields of fourteen, about 2 KB.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use loopgate_ledger::{
    BundleParts, Checkpoint, Field, Fields, Leaf, Link, LogKey, Opening, Seed, Tree, commitment,
    leaf_hash, links_to_value, log_id, verify_bundle, write_bundle,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const ORIGIN: &str = "log.example/ledger/0";
const RUNS: usize = 5;

fn main() {
    println!("SHA instructions: {}", sha_instructions());
    println!("threads: {}", std::thread::available_parallelism().map_or(1, usize::from));
    let mut sizes = vec![10_000, 100_000];
    if std::env::var_os("LOOPGATE_BENCH_LARGE").is_some() {
        sizes.push(1_000_000);
    }
    for size in sizes {
        measure(size);
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn sha_instructions() -> &'static str {
    if std::is_x86_feature_detected!("sha") { "yes" } else { "no" }
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn sha_instructions() -> &'static str {
    "not known on this processor"
}

fn measure(size: u64) {
    let dir = TempDir::new().unwrap();
    let bundle = dir.path().join("bundle");
    let begun = Instant::now();
    generate(&bundle, size);
    println!("\n{size} entries, written in {:.2?}", begun.elapsed());
    println!("bytes per entry: {}", bytes_per_entry(&bundle, size));

    let (mut plain, mut verified) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        plain.push(timed(|| {
            std::hint::black_box(plain_sha256(&bundle));
        }));
        verified.push(timed(|| {
            let report = verify_bundle(&bundle, None);
            assert_eq!((report.exit_code(), report.entries), (0, size), "{report:?}");
        }));
    }
    let (_, bytes) = plain_sha256(&bundle);
    let (plain, verified) = (best(plain), best(verified));
    let rate = bytes as f64 / plain.as_secs_f64() / 1e6;
    println!("plain SHA-256 {plain:.2?} ({rate:.0} MB/s), verified in {verified:.2?}");
    println!("ratio {:.2}", verified.as_secs_f64() / plain.as_secs_f64());
}

fn timed(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

/// The least of some runs: what others do on the machine only ever adds.
fn best(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}

/// One pass over every byte of every file, on one thread.
fn plain_sha256(dir: &Path) -> ([u8; 32], u64) {
    let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    for (path, _) in files(dir) {
        let mut file = File::open(path).unwrap();
        loop {
            let read = file.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            bytes += read as u64;
        }
    }
    (hasher.finalize().into(), bytes)
}

fn files(dir: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut files = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let bytes = fs::metadata(&path).unwrap().len();
            files.push((path, bytes));
        }
    }
    files
}

fn bytes_per_entry(dir: &Path, size: u64) -> String {
    let (mut leaves, mut hashes, mut openings, mut manifest) = (0, 0, 0, 0);
    for (path, bytes) in files(dir) {
        let path = path.strip_prefix(dir).unwrap();
        let kind = match path.to_str().unwrap() {
            path if path.starts_with("tile/entries/") => &mut leaves,
            path if path.starts_with("tile/") => &mut hashes,
            "entries.jsonl" => &mut openings,
            _ => &mut manifest,
        };
        *kind += bytes;
    }
    let each = |bytes: u64| bytes as f64 / size as f64;
    format!(
        "leaf {:.1}, hash tiles {:.1}, opening {:.1}, manifest and notes {:.1}",
        each(leaves),
        each(hashes),
        each(openings),
        each(manifest)
    )
}

/// Writes a bundle entry by entry; each is made twice, once for its leaf and once to be shown.
fn generate(dir: &Path, size: u64) {
    let key = LogKey::from_seed(ORIGIN, [7; 32]).unwrap();
    let log = log_id(ORIGIN);
    let leaf = |index: u64| {
        let (seed, fields) = entry(index);
        let time_s = 1_795_309_323 + index as i64 / 4;
        Leaf::new(commitment(&seed, &fields), index, &log, time_s).unwrap().to_bytes()
    };
    let leaves: Vec<Vec<u8>> = (0..size).map(leaf).collect();
    let mut tree = Tree::new();
    for leaf in &leaves {
        tree.append(leaf_hash(leaf));
    }
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root() };
    let shown: Vec<Field> = Field::ALL.into_iter().filter(|field| *field != Field::Note).collect();
    let parts = BundleParts {
        vkeys: &[key.vkey()],
        rotations: &[],
        checkpoint_note: &key.sign(&checkpoint),
        leaves: leaves.into_iter().map(io::Result::Ok),
        openings: (0..size).map(|index| {
            let (seed, fields) = entry(index);
            Ok(Opening::make(index, &seed, &fields, &shown))
        }),
    };
    write_bundle(dir, parts).unwrap();
}

/// Entry `index`: the step of a referral that takes ten, of a person who has two referrals, between
/// two of forty organizations.
fn entry(index: u64) -> (Seed, Fields) {
    let (referral, person) = (index / 10, index / 20);
    let mut fields = Fields::default();
    let mut set = |field, value: String| fields.set(field, value);
    set(Field::Kind, "referral.accepted".to_owned());
    set(Field::Subject, value(&[link("ref", referral, index % 10, 1)]));
    set(Field::Patient, value(&[link("plid", person, index % 20, 1)]));
    let [from, to] = [index % 40, (index + 20) % 40];
    let round = index / 20;
    let party = |number| party_link(number, round);
    set(Field::Parties, value(&[party(from), party(to)]));
    set(Field::Actor, format!(r#"{{"client":"org-{to}","method":"mtls","role":"target"}}"#));
    let basis = r#"{"consent":"grant","policy":"food-minimum","purpose":"TREAT"}"#;
    set(Field::Basis, basis.to_owned());
    set(Field::Transition, r#"{"from":"requested","to":"accepted"}"#.to_owned());
    set(Field::Disclosed, format!("Task/{referral} ServiceRequest/{referral} Patient/{person}"));
    set(Field::Payload, digest("payload", index));
    set(Field::Command, digest("command", index));
    set(Field::Time, "2026-11-22T01:02:03.456789Z".to_owned());
    set(Field::Code, "loopgate 0.1.0".to_owned());
    set(Field::Source, digest("source", index));
    set(Field::Note, "The household of four has no kitchen this week.".to_owned());
    (Seed::new(Sha256::digest(index.to_be_bytes()).into()), fields)
}

fn value(links: &[Link]) -> String {
    String::from_utf8(links_to_value(links)).unwrap()
}

/// The `step`-th entry of a chain whose entries stand `apart` from each other.
fn link(kind: &str, number: u64, step: u64, apart: u64) -> Link {
    let id = format!("{kind}_{}", &digest(kind, number)[..26]);
    let runs = if kind == "ref" { 10 } else { 20 };
    let prev = if step == 0 { -1 } else { (number * runs + (step - 1) * apart) as i64 };
    Link { id, n: step + 1, prev }
}

/// Each organization is in every twentieth entry.
fn party_link(number: u64, round: u64) -> Link {
    let first = number % 20;
    let prev = if round == 0 { -1 } else { (first + (round - 1) * 20) as i64 };
    Link { id: format!("org_{}", &digest("org", number)[..26]), n: round + 1, prev }
}

fn digest(kind: &str, number: u64) -> String {
    hex::encode(Sha256::digest(format!("{kind} {number}")))
}
