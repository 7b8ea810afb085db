//! What reading and printing a message costs: messages per second of the kinds that come, cost per
//! KiB as messages grow, and both held against other readers of the same bytes in the same run.
//!
//! Python's readers time themselves in one process; without python3, or without one of them, the
//! bench says so.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // a bench measures time and prints it

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use loopgate_hl7v2::{Charset, Limits, Message, read};

/// How long one figure may take.
const MEASURE: Duration = Duration::from_millis(300);
const ROUNDS: usize = 7;

fn main() {
    let kinds = [("REF^I12", referral()), ("ORU^R01", result(30)), ("ADT^A08", registration())];
    println!(
        "{:<10}{:>8}{:>12}{:>12}{:>14}",
        "message", "bytes", "read/s", "print/s", "hl7-parser"
    );
    for (name, text) in &kinds {
        let message = ours(text);
        let own = cost(|| drop(black_box(ours(text))));
        let printed = cost(|| drop(black_box(message.print())));
        let other = cost(|| drop(black_box(hl7_parser::Message::parse(text))));
        let times = other / own;
        let (reads, prints) = (1e9 / own, 1e9 / printed);
        println!("{name:<10}{:>8}{reads:>12.0}{prints:>12.0}{times:>12.1} ×", text.len());
    }
    growth();
    python(&kinds);
}

/// Cost per KiB, which must not grow with the message.
fn growth() {
    println!("\n{:<12}{:>12}{:>12}", "KiB", "ns/KiB", "print");
    let mut found = Vec::new();
    for kib in [1, 4, 16, 64, 256, 1024] {
        let text = result(kib);
        let size = text.len() as f64 / 1024.0;
        let message = ours(&text);
        let own = cost(|| drop(black_box(ours(&text)))) / size;
        let printed = cost(|| drop(black_box(message.print()))) / size;
        println!("{kib:<12}{own:>12.0}{printed:>12.0}");
        found.push((kib, own, printed));
    }
    let at = |kib| found.iter().find(|one| one.0 == kib).map_or((1.0, 1.0), |one| (one.1, one.2));
    let ((small, small_print), (large, large_print)) = (at(16), at(1024));
    let (read, print) = (large / small, large_print / small_print);
    println!("1 MiB to 16 KiB, per KiB: read {read:.2}, print {print:.2}");
}

fn ours(text: &str) -> Message {
    read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap()
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

const TIMES: &str = r#"
import sys, time
def best(call):
    found = []
    for _ in range(5):
        begun = time.perf_counter(); call(); found.append(time.perf_counter() - begun)
    return min(found)
texts = [open(path, newline="", encoding="utf-8").read() for path in sys.argv[1:]]
try:
    import hl7
    print("hl7", *(best(lambda: hl7.parse(text)) for text in texts))
except ImportError:
    print("hl7 absent")
try:
    import hl7apy.parser
    read = lambda text: hl7apy.parser.parse_message(text, find_groups=False)
    print("hl7apy", *(best(lambda: read(text)) for text in texts))
except ImportError:
    print("hl7apy absent")
"#;

/// The ratio to what Python's readers need for the same files.
fn python(kinds: &[(&str, String)]) {
    let folder = tempfile::tempdir().unwrap();
    let files = kinds.iter().enumerate().map(|(n, (_, text))| {
        let path = folder.path().join(format!("{n}.hl7"));
        fs::write(&path, text).unwrap();
        path
    });
    let files: Vec<_> = files.collect();
    let ours: Vec<f64> =
        kinds.iter().map(|(_, text)| cost(|| drop(black_box(ours(text))))).collect();
    let Ok(out) = Command::new("python3").args(["-c", TIMES]).args(&files).output() else {
        println!("\npython3 is absent: its readers were not measured");
        return;
    };
    let text = String::from_utf8_lossy(&out.stdout);
    if !out.status.success() || text.lines().count() != 2 {
        println!("\npython3 failed: its readers were not measured");
        return;
    }
    println!("\nhow many times longer Python's readers take");
    for line in text.lines() {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        if rest == "absent" {
            println!("{name:<10} is absent: not measured");
            continue;
        }
        let seconds = rest.split(' ').map(|one| one.parse::<f64>().unwrap_or(f64::NAN));
        let ratios = seconds.zip(&ours).map(|(theirs, own)| theirs * 1e9 / own);
        let shown: Vec<String> =
            ratios.zip(kinds).map(|(ratio, (kind, _))| format!("{kind} {ratio:.0} ×")).collect();
        println!("{name:<10} {}", shown.join(", "));
    }
}

fn msh(code: &str, event: &str) -> String {
    let sides = r"MSH|^~\&|EHR|HOSPA^1.2.3^ISO|LOOPGATE|TOWN|20261120094000+0000|";
    format!("{sides}|{code}^{event}^{code}_{event}|A-17|P|2.5.1|||AL|NE||UNICODE UTF-8\r")
}

const PERSON: &str = "PID|1||A-17^^^HOSPA&1.2.3&ISO^MR~999-00-1234^^^USA^SS||Rivera^Ana^M^^Ms||\
    19880402|F||2106-3^White^CDCREC|1 Main Street^Apt 2^Springfield^IL^62701^USA^H||\
    ^PRN^PH^^1^217^5550101~^NET^Internet^ana@example.org|||M|||||||||||||||||N\r";

fn referral() -> String {
    let provider = |role: &str| {
        format!(
            "PRD|{role}^Provider^HL70286|Okafor^Ben^^^Dr|12 High Street^^Springfield^IL^62701|\
             ^^^HOSPA|^WPN^PH^^1^217^5550199||1234567893^NPI||||Springfield Pantry\r\
             CTD|PR^Primary^HL70131|Lind^Eva|12 High Street^^Springfield^IL^62701\r"
        )
    };
    let question = |n: usize| {
        format!(
            "OBX|{n}|CWE|88122-7^Within the past 12 months we worried whether our food would run \
             out^LN||LA28397-0^Often true^LN||||||F|||20261119101500\r\
             NTE|{n}|L|asked at the front desk; food \\T\\ transport are short\r"
        )
    };
    let diagnoses = "DG1|1||Z59.41^Food insecurity^I10C||20261119|W\r";
    [
        msh("REF", "I12"),
        "RF1|P^Pending^HL70283|R^Routine^HL70280|FOOD^Food assistance|||R-2026-17^EHR|20261120||\
         20261119|Z59.41^Food insecurity^I10C\r"
            .to_owned(),
        provider("RP"),
        provider("RT"),
        PERSON.to_owned(),
        "NK1|1|Rivera^Luis|SPO^Spouse^HL70063|1 Main Street^^Springfield^IL^62701|^PRN^PH\r"
            .repeat(2),
        diagnoses.to_owned(),
        "OBR|1|R-2026-17^EHR||88121-9^Hunger Vital Sign^LN|||20261119101500\r".to_owned(),
        (1..=6).map(question).collect(),
        "PV1|1|O|CLINIC^1^A||||1234567893^Okafor^Ben|||||||||||V-17\r".to_owned(),
    ]
    .concat()
}

fn registration() -> String {
    let insurance = "IN1|1|PLAN^Plan|42|Springfield Health|9 Low Road^^Springfield^IL|||||||||||\
        Rivera^Ana|SEL|19880402\r";
    let event = "EVN|A08|20261120094000\rPV1|1|O|CLINIC^1^A||||1234567893^Okafor^Ben\r";
    [&msh("ADT", "A08"), PERSON, event, insurance].concat()
}

/// A result of so many KiB: short numbers, as laboratories send them.
fn result(kib: usize) -> String {
    let mut text = [
        &msh("ORU", "R01"),
        PERSON,
        "OBR|1|R-2026-17^EHR|F-9^LAB|24323-8^Comprehensive metabolic panel^LN|||20261119101500\r",
    ]
    .concat();
    let mut n = 0;
    while text.len() < kib * 1024 {
        n += 1;
        text.push_str(&format!(
            "OBX|{n}|NM|2345-7^Glucose^LN^GLU^Glucose \\T\\ more^L||{}|mg/dL^mg/dL^UCUM|70-99|N|||F\
             |||20261119101500||LAB^Tech~SECOND^Tech\r",
            70 + n % 30
        ));
    }
    text
}
