//! A process that writes to the log is killed again and again, at any instant: what it acknowledged is
//! there, where it said; what it did not is there once or not at all; what was refused is not
//! (promises P1, P3, P5).

use loopgate_store::FileLog;

use crate::harness::{Dice, Heard, Held, Writer};

const KILLS: usize = 50;
const SEED: u64 = 20_261_125;

/// How often: `LOOPGATE_KILLS`, or few enough for every day.
fn kills() -> usize {
    std::env::var("LOOPGATE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap())
}

#[test]
fn what_a_killed_writer_acknowledged_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("log");
    let mut dice = Dice(SEED);
    let (mut heard, mut held) = (Heard::default(), Held::default());
    for run in 0..kills() {
        let mut writer = Writer::start(&dir, run as u64, &[]);
        writer.tell(400);
        for _ in 0..dice.roll(60) {
            writer.hear(&mut heard).unwrap();
        }
        // It goes on meanwhile: somewhere in the next few appends.
        for _ in 0..dice.roll(20_000) {
            std::hint::spin_loop();
        }
        writer.kill(&mut heard);
        let log = FileLog::open(&dir, None).unwrap();
        let case = || format!("kill {run} of seed {SEED}");
        held.read(&log).unwrap_or_else(|words| panic!("{}: {words}", case()));
        held.check(&heard, &log).unwrap_or_else(|words| panic!("{}: {words}", case()));
    }
    // All of it again, from the beginning.
    let log = FileLog::open(&dir, None).unwrap();
    let mut again = Held::default();
    again.read(&log).unwrap();
    again.check(&heard, &log).unwrap();
    assert!(heard.acknowledged() > 10 * kills());
    assert!(heard.unanswered() > kills() / 4, "hardly any kill struck an append");
}
