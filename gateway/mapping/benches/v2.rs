//! What a message costs through the mappings: to the pivot and back, against splitting it alone, in
//! the same run; and per kilobyte up to 1 MiB, which has to stay the same.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::hint::black_box;
use std::time::{Duration, Instant};

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Limits, Message};
use loopgate_mapping::{Constants, Library, Mapping};

const FOR: Duration = Duration::from_secs(2);

fn main() {
    let library = Library::builtin();
    println!("messages a second on one core; times of splitting alone, in the same run");
    for (name, text) in [
        ("REF^I12, 1 KB", with(&referral(), 2)),
        ("ORU^R01, 2 KB", with(&report(), 20)),
        ("ORU^R01, 30 KB", with(&report(), 340)),
        ("ADT^A08, 0.3 KB", registration()),
    ] {
        let kind = text.split('|').nth(8).unwrap_or_default();
        let (code, event) = kind.split_once('^').unwrap();
        let event = event.split('^').next().unwrap();
        one(name, library.for_message(code, event).unwrap(), &text);
    }
    println!("\nto the pivot: microseconds per KiB");
    let mapping = library.for_message("ORU", "R01").unwrap();
    let mut at = Vec::new();
    for kib in [1, 16, 128, 1024] {
        let text = with(&report(), kib * 1024 / LINE.len());
        let took = timed(|| drop(black_box(mapping.read_v2(&split(&text), &link()))));
        let per = took.as_secs_f64() * 1e6 / (text.len() as f64 / 1024.0);
        println!("{kib:>5} KiB  {per:.1}");
        at.push(per);
    }
    println!("1 MiB against 16 KiB: {:.2} (linear is 1)", at[3] / at[1]);
}

fn one(name: &str, mapping: &Mapping, text: &str) {
    let link = link();
    let message = split(text);
    let pivot = mapping.read_v2(&message, &link).unwrap().pivot;
    let alone = timed(|| drop(black_box(split(text))));
    let there = timed(|| drop(black_box(mapping.read_v2(&split(text), &link).unwrap())));
    let back = timed(|| drop(black_box(mapping.write_v2(&pivot, &Groups::all(), &link).unwrap())));
    let rate = |took: Duration| 1.0 / took.as_secs_f64();
    let times = |took: Duration| took.as_secs_f64() / alone.as_secs_f64();
    println!(
        "{name:<16} split {:>8.0}  to the pivot {:>7.0} ({:.1} x)  back {:>7.0} ({:.1} x)",
        rate(alone),
        rate(there),
        times(there),
        rate(back),
        times(back)
    );
}

/// The least time of one run.
fn timed(mut run: impl FnMut()) -> Duration {
    let begun = Instant::now();
    let mut least = Duration::MAX;
    while begun.elapsed() < FOR {
        let start = Instant::now();
        run();
        least = least.min(start.elapsed());
    }
    least
}

fn split(text: &str) -> Message {
    let limits =
        Limits { delimiters_max: usize::MAX, segments_max: usize::MAX, ..Limits::default() };
    loopgate_hl7v2::read(text.as_bytes(), &limits, Charset::UTF_8).unwrap()
}

fn link() -> Constants {
    let link: Constants = [("referral", "urn:loopgate:referral")].into_iter().collect();
    link.with_table("authorities", vec![("urn:example:mrn".to_owned(), "HOSPA".to_owned())])
}

const LINE: &str =
    "OBX||ST|88122-7^Food insecurity risk^LN||Often true, she says||||||F|||20261120\r";

fn with(head: &str, lines: usize) -> String {
    format!("{head}{}", LINE.repeat(lines))
}

fn head(kind: &str) -> String {
    format!(
        "MSH|^~\\&|EHR|HOSPA|LOOPGATE|TOWN|20261122094000+0000||{kind}|1|T|2.5.1\r\
         PID|||A-99871^^^HOSPA||Lindqvist-Okafor^Maria^^^^^L||19880402|F|||14 Juniper Row^^Fernhill^OR^00000^US||^PRN^PH^^^^^^^^^+1 555 0142\r"
    )
}

fn referral() -> String {
    let (msh, pid) = (head("REF^I12^REF_I12"), "PID|");
    msh.replace(
        pid,
        "RF1|P|R|food-insecurity^Food^SDOHCC|||RA-1^HOSPA|20261120|20261220|20261122093000+0000\r\
         PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\rPID|",
    ) + "DG1|||Z59.41^Food insecurity^I10C\rPR1|||467771000124109^Assistance with food^SCT\r"
}

fn report() -> String {
    head("ORU^R01^ORU_R01")
        + "OBR|1|RA-1^HOSPA||88121-9^Screening^LN|||20261120|||||||||||||||||||F\r"
}

fn registration() -> String {
    head("ADT^A08^ADT_A01").replace("PID|", "EVN||20261122094000+0000\rPID|") + "PV1||O\r"
}
