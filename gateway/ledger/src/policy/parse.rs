//! The text of a policy, line by line. Strict where the spec is: one fault, and its line, refuses it all.

use thiserror::Error;

use super::{Log, Policy, Says, Voice};
use crate::canonical::INTEGER_MAX;
use crate::checkpoint::LogVerifier;
use crate::cosign::Cosigner;
use crate::note::{COSIGNATURE, ED25519, Key};

const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The spec asks readers to take at least 32 of each.
const LOGS_MAX: usize = 64;
const WITNESSES_MAX: usize = 64;
const GROUPS_MAX: usize = 64;
const EXTENSION: &[u8] = b"# loopgate:";

/// What is wrong, and in which line, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("line {line}: {why}")]
pub struct PolicyFault {
    /// The line.
    pub line: usize,
    /// What it breaks.
    pub why: &'static str,
}

impl Policy {
    /// Reads a policy; bytes, since names may hold any octet from 0x80 up.
    pub fn parse(text: &[u8]) -> Result<Policy, PolicyFault> {
        let whole = |why| PolicyFault { line: 1, why };
        if text.len() > TEXT_BYTES_MAX {
            return Err(whole("a policy has at most 256 KiB"));
        }
        let body = text.strip_suffix(b"\n");
        let body = body.ok_or_else(|| whole("each line ends with a newline"))?;
        let mut reader = Reader::default();
        let mut last = 0;
        for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
            last = at + 1;
            reader.line(line).map_err(|why| PolicyFault { line: last, why })?;
        }
        reader.finish().map_err(|why| PolicyFault { line: last, why })
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    voices: Vec<Voice>,
    /// Which voices are members of a group already.
    taken: Vec<bool>,
    /// The outer one: was there a quorum line?
    quorum: Option<Option<usize>>,
    retired: Vec<(LogVerifier, u64)>,
}

type Read = Result<(), &'static str>;

impl Reader {
    fn line(&mut self, line: &[u8]) -> Read {
        let allowed = |byte: &u8| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..);
        if !line.iter().all(allowed) {
            return Err("a control character");
        }
        let items: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|it| !it.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => self.comment(line),
            [b"log", vkey] => self.log(vkey, None),
            [b"log", vkey, url] => self.log(vkey, Some(url)),
            [b"witness", name, vkey] => self.witness(name, vkey, None),
            [b"witness", name, vkey, url] => self.witness(name, vkey, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => Err("the wrong number of items"),
            _ => Err("not a line of a policy"),
        }
    }

    /// Ours if it begins like ours; then it must be whole.
    fn comment(&mut self, line: &[u8]) -> Read {
        let Some(rest) = line.strip_prefix(EXTENSION) else { return Ok(()) };
        let text = std::str::from_utf8(rest).map_err(|_| "not an extension that is known")?;
        let items: Vec<&str> = text.split(' ').collect();
        let ["", "retired", vkey, size] = items.as_slice() else {
            return Err("not an extension that is known");
        };
        let key = LogVerifier::parse(vkey).ok_or("the log's key is malformed")?;
        let size = decimal(size.as_bytes()).ok_or("the size is malformed")?;
        if self.retired.iter().any(|(other, _)| *other == key) {
            return Err("the key is retired twice");
        }
        self.retired.push((key, size));
        Ok(())
    }

    fn log(&mut self, vkey: &[u8], url: Option<&[u8]>) -> Read {
        let key = key(vkey)?;
        if key.kind() != ED25519 {
            return Err("a log's key is of type 0x01");
        }
        let key = LogVerifier::parse(&key.vkey()).ok_or("the key is malformed")?;
        let same = |log: &Log| log.key.key().material() == key.key().material();
        if self.logs.iter().any(same) {
            return Err("the log is listed twice");
        }
        if self.logs.len() == LOGS_MAX {
            return Err("more than 64 logs");
        }
        self.logs.push(Log { key, url: url.map(text), size_max: None });
        Ok(())
    }

    fn witness(&mut self, name: &[u8], vkey: &[u8], url: Option<&[u8]>) -> Read {
        let parsed = key(vkey)?;
        if parsed.kind() == ED25519 {
            return Err("a witness's key is not a log's");
        }
        let (mut count, vkey) = (0, parsed.vkey());
        for voice in &self.voices {
            let Says::Witness { vkey: other, .. } = &voice.says else { continue };
            count += 1;
            if Key::parse(other).is_some_and(|other| other.material() == parsed.material()) {
                return Err("the witness is listed twice");
            }
        }
        if count == WITNESSES_MAX {
            return Err("more than 64 witnesses");
        }
        let key = (parsed.kind() == COSIGNATURE).then(|| Cosigner::parse(&vkey).ok()).flatten();
        self.define(name, Says::Witness { key, vkey, url: url.map(text) })
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Read {
        let count = self.voices.iter().filter(|voice| matches!(voice.says, Says::Group { .. }));
        if count.count() == GROUPS_MAX {
            return Err("more than 64 groups");
        }
        let threshold = match threshold {
            b"all" => Some(members.len()),
            b"any" => Some(1),
            digits => decimal(digits).and_then(|number| usize::try_from(number).ok()),
        };
        let threshold = threshold.filter(|number| (1..=members.len()).contains(number));
        let threshold = threshold.ok_or("the threshold is none of the members' number")?;
        let mut found = Vec::new();
        for member in members {
            let at = self.find(member).ok_or("a member is not defined above")?;
            if std::mem::replace(&mut self.taken[at], true) {
                return Err("a member of two groups, or twice of one");
            }
            found.push(at);
        }
        self.define(name, Says::Group { threshold, members: found })
    }

    fn quorum(&mut self, name: &[u8]) -> Read {
        if self.quorum.is_some() {
            return Err("a second quorum");
        }
        self.quorum = Some(match name {
            b"none" => None,
            name => Some(self.find(name).ok_or("the quorum is not defined above")?),
        });
        Ok(())
    }

    fn define(&mut self, name: &[u8], says: Says) -> Read {
        if name == b"none" || self.find(name).is_some() {
            return Err("the name is taken");
        }
        self.voices.push(Voice { name: name.to_vec(), says });
        self.taken.push(false);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.voices.iter().position(|voice| voice.name == name)
    }

    fn finish(mut self) -> Result<Policy, &'static str> {
        for (key, size) in self.retired {
            let log = self.logs.iter_mut().find(|log| log.key == key);
            log.ok_or("a retired key is not one of a log")?.size_max = Some(size);
        }
        let quorum = self.quorum.ok_or("there is no quorum line")?;
        Ok(Policy { logs: self.logs, voices: self.voices, quorum })
    }
}

fn key(vkey: &[u8]) -> Result<Key, &'static str> {
    let text = std::str::from_utf8(vkey).ok();
    text.and_then(Key::parse).ok_or("the key is malformed")
}

/// Without sign and leading zeros.
fn decimal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text && number <= INTEGER_MAX).then_some(number)
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
