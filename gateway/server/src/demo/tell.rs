//! The timeline, as a person reads it.

use std::io::IsTerminal;
use std::time::Duration;

use loopgate_server::clock::{Clock, SystemClock};

/// Prints steps as they happen.
pub struct Teller {
    clock: SystemClock,
    colour: bool,
}

impl Teller {
    /// Colours on a terminal, plain lines in a pipe.
    pub fn new() -> Teller {
        Teller { clock: SystemClock::new(), colour: std::io::stdout().is_terminal() }
    }

    pub fn title(&self, words: &str) {
        println!("\n{}", self.paint("1", words));
    }

    pub fn scene(&self, words: &str) {
        println!("\n  {}", self.paint("1;36", words));
    }

    pub fn step(&self, who: &str, what: &str) {
        let at =
            Duration::from_millis(u64::try_from(self.clock.monotonic_ms()).unwrap_or_default());
        let time = format!("{:>6.2}s", at.as_secs_f64());
        println!(
            "  {}  {}  {what}",
            self.paint("2", &time),
            self.paint("33", &format!("{who:<10}"))
        );
    }

    pub fn end(&self, words: &str) {
        println!("\n{}\n", self.paint("1;32", words));
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
