//! What the maps cost: a message to the pivot and the pivot to a message, per KiB as messages grow,
//! and how many times longer it takes than splitting the same bytes in the same run.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::hint::black_box;
use std::time::{Duration, Instant};

use loopgate_consent::Groups;
use loopgate_hl7v2::{Charset, Limits, Message, read};
use loopgate_mapping::{Constants, Library};

/// How long one figure may take.
const MEASURE: Duration = Duration::from_millis(500);
const ROUNDS: usize = 5;

fn main() {
    let library = Library::builtin();
    for (name, make) in
        [("hl7v2/ref-i12", referral as fn(usize) -> String), ("hl7v2/oru-r01", result)]
    {
        growth(&library, name, make);
    }
}

/// Cost per KiB, which must not grow with the message.
fn growth(library: &Library, name: &str, make: fn(usize) -> String) {
    let mapping = library.mapping(name).unwrap();
    let constants: Constants = [("referral", "urn:loopgate:referral")].into_iter().collect();
    println!(
        "\n{name}\n{:>6}{:>12}{:>12}{:>12}{:>16}{:>16} (times split)",
        "KiB", "split", "to pivot", "from pivot", "to pivot", "from pivot"
    );
    let mut found = Vec::new();
    for kib in [1, 4, 16, 64, 256, 1024] {
        let text = make(kib);
        let size = text.len() as f64 / 1024.0;
        let message = split(&text);
        let pivot = mapping.read_v2(&message, &constants).unwrap().pivot;
        let written = || mapping.write_v2(&pivot, &Groups::all(), &constants).unwrap();
        assert!(written().not_carried.is_empty(), "what was read is written");
        let splitting = cost(|| drop(black_box(split(&text)))) / size;
        let reading = cost(|| drop(black_box(mapping.read_v2(&message, &constants)))) / size;
        let writing = cost(|| drop(black_box(written()))) / size;
        let (read_times, write_times) = (reading / splitting, writing / splitting);
        println!(
            "{kib:>6}{splitting:>12.0}{reading:>12.0}{writing:>12.0}{read_times:>14.1} ×{write_times:>14.1} ×"
        );
        found.push((kib, reading, writing));
    }
    let at = |kib| found.iter().find(|one| one.0 == kib).map_or((1.0, 1.0), |one| (one.1, one.2));
    let ((small, small_written), (large, large_written)) = (at(16), at(1024));
    let (reading, writing) = (large / small, large_written / small_written);
    println!("1 MiB to 16 KiB, ns per KiB: to pivot {reading:.2}, from pivot {writing:.2}");
}

fn split(text: &str) -> Message {
    // A whole MiB of short fields is over the gateway's limits.
    let limits = Limits { delimiters_max: 1_000_000, segments_max: 20_000, ..Limits::default() };
    read(text.as_bytes(), &limits, Charset::UTF_8).unwrap()
}

/// Nanoseconds of one call: the best of several rounds, which other work on the machine disturbs
/// least.
fn cost(mut call: impl FnMut()) -> f64 {
    let begun = Instant::now();
    call();
    let once = begun.elapsed().max(Duration::from_nanos(100));
    let round = MEASURE.as_nanos() / ROUNDS as u128 / once.as_nanos();
    let calls = u32::try_from(round.clamp(1, 100_000)).unwrap_or(1);
    let rounds = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        for _ in 0..calls {
            call();
        }
        begun.elapsed().as_nanos() as f64 / f64::from(calls)
    });
    rounds.fold(f64::INFINITY, f64::min)
}

fn msh(code: &str, event: &str) -> String {
    let sides = r"MSH|^~\&|EHR|HOSPA^1.2.3^ISO|LOOPGATE|TOWN|20261120094000+0000|";
    format!("{sides}|{code}^{event}^{code}_{event}|A-17|P|2.5.1|||AL|NE||UNICODE UTF-8\r")
}

const PERSON: &str = "PID|1||A-17^^^&1.2.3&ISO^MR||Rivera^Ana^M||19880402|F|||\
    1 Main Street^Apt 2^Springfield^IL^62701^USA^H||^PRN^PH^^1^217^5550101\r";

/// A referral of so many KiB: as many notes as fill it, each with a line of text.
fn referral(kib: usize) -> String {
    let mut text = [
        &msh("REF", "I12"),
        "RF1|P|R|food-insecurity^Food Insecurity^SDOHCC|||R-17^^1.2.3.4^ISO|20261120||20261119|\
         Z59.41^Food insecurity^I10C\rPRD|RT|||||||||Springfield Pantry^^^^^&1.2.9&ISO^^^^P1\r",
        PERSON,
        "DG1|1||Z59.41^Food insecurity^I10C\r",
    ]
    .concat();
    let mut n = 0;
    while text.len() < kib * 1024 {
        n += 1;
        text.push_str(&format!(
            "NTE|{n}||food \\T\\ transport are short, line {n} of the desk; {}\r",
            "asked again on the way out, with the same answer. ".repeat(3)
        ));
    }
    text
}

/// A result of so many KiB: short numbers, as laboratories send them.
fn result(kib: usize) -> String {
    let mut text = [
        &msh("ORU", "R01"),
        PERSON,
        "OBR|1|R-17^^1.2.3.4^ISO|F-9^^1.2.3.5^ISO|24323-8^Metabolic panel^LN|||20261119101500\r",
    ]
    .concat();
    let mut n = 0;
    while text.len() < kib * 1024 {
        n += 1;
        text.push_str(&format!(
            "OBX|{n}|NM|2345-7^Glucose^LN||{}|mg/dL^mg/dL^UCUM|70-99|N|||F|||20261119101500\r",
            70 + n % 30
        ));
    }
    text
}
