//! Hospital A's link as an operator sees it.

use std::io::{Read, Write};

use loopgate_referral::Timestamp;
use loopgate_server::admin::{Ask, LinkAsk};
use serde_json::Value;

use super::{Gateway, START_MS};

const HOSPITAL: &str = "hospital-a";

impl Gateway {
    /// How the link stands.
    #[track_caller]
    pub fn link(&self) -> Value {
        let ask = LinkAsk::Status { name: Some(HOSPITAL.parse().unwrap()), json: true };
        let all: Value = serde_json::from_str(&self.admin(&Ask::Link { ask })).unwrap();
        all[0].clone()
    }

    /// The same, once it is so; what is recorded just now is seen a moment later.
    #[track_caller]
    pub fn link_once(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..400 {
            let link = self.link();
            if is(&link) {
                return link;
            }
            self.tick();
        }
        panic!("never so: {}", self.link());
    }

    /// Stops it, or lets it go on.
    pub fn pause(&self, paused: bool) -> anyhow::Result<String> {
        let (name, by) = (HOSPITAL.parse().unwrap(), "ops".to_owned());
        self.try_admin(&Ask::Link { ask: LinkAsk::Pause { name, paused, by } })
    }

    /// Puts a message aside, or takes it back.
    pub fn park(&self, message: &str, parked: bool) -> anyhow::Result<String> {
        let (name, by) = (HOSPITAL.parse().unwrap(), "ops".to_owned());
        let message = message.to_owned();
        self.try_admin(&Ask::Link { ask: LinkAsk::Park { name, message, parked, by } })
    }

    /// Has all told again that it was told since so long after the story began.
    pub fn replay(&self, after_ms: i64) -> String {
        let (name, by) = (HOSPITAL.parse().unwrap(), "ops".to_owned());
        let since = Timestamp(START_MS + after_ms);
        self.admin(&Ask::Link { ask: LinkAsk::Replay { name, since, by } })
    }

    /// `/metrics`.
    pub fn metrics(&self) -> String {
        let text = std::fs::read_to_string(self.root().join("loopgate.toml")).unwrap();
        let line = text.lines().find(|line| line.trim_start().starts_with("ops =")).unwrap();
        let mut stream = std::net::TcpStream::connect(line.split('"').nth(1).unwrap()).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        all
    }
}
