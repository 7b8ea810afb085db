//! CSV: rows a second out and in over the door, durable as ever; and the reader and the writer alone, beside
//! the crate `csv` on the same bytes in the same run, since ratios hold on other machines.
//!
//! `LOOPGATE_BENCH_ROWS`: how many referrals; default 2000.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it
#![allow(dead_code, unused_imports)] // the stories' harness, of which it uses a part

mod harness;

use std::time::Instant;

use harness::{Gateway, Referral};
use loopgate_server::csv::layout::Layout;
use loopgate_server::csv::{cell, headings, table};

/// Referrals of one person, who come in one Bundle.
const EACH: usize = 3;
/// Commits are a millisecond apart at least, and the gateway's clock stands until it is moved.
const COMMIT_MS: i64 = 4;

fn main() {
    let rows = std::env::var("LOOPGATE_BENCH_ROWS").ok().and_then(|text| text.parse().ok());
    let rows: usize = rows.unwrap_or(2000);
    let mut gateway = Gateway::start();
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    for person in 0..rows.div_ceil(EACH) {
        let each = EACH.min(rows - person * EACH);
        clinic.post("/fhir", &Referral::many(&format!("B-{person}"), each)).expect(200);
        gateway.pass(COMMIT_MS);
    }
    let rate = |what: &str, did: &mut dyn FnMut()| {
        let begun = Instant::now();
        did();
        let rate = rows as f64 / begun.elapsed().as_secs_f64();
        println!("{what}: {rate:.0} rows/s");
    };
    let mut file = Vec::new();
    rate("download, first", &mut || file = pantry.bytes("/cbo/v1/referrals.csv"));
    rate("download, again", &mut || drop(pantry.bytes("/cbo/v1/referrals.csv")));
    let before = gateway.count();
    rate("upload, unchanged", &mut || drop(pantry.upload_csv(&file).expect(200)));
    assert_eq!(gateway.count(), before);
    gateway.pass(rows as i64);
    let answered = String::from_utf8(file.clone()).unwrap().replace(",new,", ",accepted,");
    rate("upload, one act a row", &mut || drop(pantry.upload_csv(answered.as_bytes()).expect(200)));
    assert!(gateway.count() >= before + rows as u64, "each row is an act");
    let before = gateway.count();
    rate("upload, the same again", &mut || {
        drop(pantry.upload_csv(answered.as_bytes()).expect(200))
    });
    assert_eq!(gateway.count(), before);
    gateway.stop();

    let layout = Layout::default();
    let mib = file.len() as f64 / (1024.0 * 1024.0);
    let speed = |did: &mut dyn FnMut()| {
        let (begun, mut times) = (Instant::now(), 0);
        while begun.elapsed().as_secs_f64() < 1.0 {
            did();
            times += 1;
        }
        mib * f64::from(times) / begun.elapsed().as_secs_f64()
    };
    let ours = speed(&mut || {
        let text = table::text(&file).unwrap();
        assert_eq!(headings::read(&text, &layout).unwrap().1.len(), rows);
    });
    let theirs = speed(&mut || {
        let records = csv::Reader::from_reader(&file[3..]).into_records();
        assert_eq!(records.filter(Result::is_ok).count(), rows);
    });
    println!("read: {ours:.0} MiB/s, the crate {theirs:.0} MiB/s, ratio {:.2}", ours / theirs);
    let all: Vec<csv::StringRecord> =
        csv::Reader::from_reader(&file[3..]).into_records().map(Result::unwrap).collect();
    let ours = speed(&mut || {
        let mut out = String::new();
        all.iter().for_each(|record| cell::record(&mut out, ',', record));
        assert!(out.len() > all.len());
    });
    let theirs = speed(&mut || {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        all.iter().for_each(|record| writer.write_record(record).unwrap());
        assert!(writer.into_inner().unwrap().len() > all.len());
    });
    println!("write: {ours:.0} MiB/s, the crate {theirs:.0} MiB/s, ratio {:.2}", ours / theirs);
}
