//! Messages of other projects, from the folder that LOOPGATE_CORPUS names; without it there is
//! nothing to test.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Ack, AckCode, Charset, Header, Limits, Severity, Stamp, acknowledge, read};

/// Each message's name and bytes.
pub(crate) fn messages() -> Vec<(String, Vec<u8>)> {
    let Some(corpus) = std::env::var_os("LOOPGATE_CORPUS") else {
        writeln!(std::io::stderr(), "skipped: LOOPGATE_CORPUS is not set").unwrap();
        return Vec::new();
    };
    let mut files = Vec::new();
    gather(&PathBuf::from(corpus).join("hl7v2"), &mut files);
    files.sort();
    assert!(files.len() > 300, "{} messages", files.len());
    files.into_iter().map(|file| (file.display().to_string(), fs::read(&file).unwrap())).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "hl7") {
            files.push(path);
        }
    }
}

/// The text with every line end as CR, and none at the end.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let mut lines: Vec<String> =
        text.replace("\r\n", "\r").replace('\n', "\r").split('\r').map(str::to_owned).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines.join("\r")
}

#[test]
fn every_message_is_read_whole_or_refused_in_words() {
    for (name, bytes) in messages() {
        let text = plain(&bytes);
        let lines: Vec<&str> = text.split('\r').collect();
        // The rule, said without the guard: one MSH first, then lines that begin like segments.
        let segment = |line: &&str| {
            let id: Vec<u8> = line.bytes().take(3).collect();
            let named = id.len() == 3
                && id[0].is_ascii_uppercase()
                && id.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            let header = ["MSH", "FHS", "BHS", "BTS", "FTS"].contains(&&line[..3.min(line.len())]);
            named && !header && matches!(line.as_bytes().get(3), None | Some(b'|'))
        };
        let whole = lines[0].starts_with("MSH|") && lines[1..].iter().all(segment);
        match read(&bytes, &Limits::default(), Charset::UTF_8) {
            Ok(message) => {
                assert!(whole, "{name} was read");
                // Other character sets than UTF-8: what is ASCII is enough to compare.
                let ascii = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
                let printed = message.print();
                assert!(ascii(&printed) == ascii(&text) + "\r", "{name} prints otherwise");
                assert_eq!(message.segments.len(), lines.len(), "{name}");
            }
            Err(unsound) => {
                let words = unsound.flaw.to_string();
                let charset = words.starts_with("MSH-18") || words.starts_with("MSH-2");
                let control = words.starts_with("a control character");
                assert!(!whole || charset || control, "{name}: {words}");
            }
        }
    }
}

#[test]
fn every_message_can_be_answered_and_the_answer_reads() {
    let stamp = Stamp { application: "L", facility: "T", time: "2026", control_id: "1" };
    for (name, bytes) in messages() {
        let found = read(&bytes, &Limits::default(), Charset::UTF_8);
        let (inbound, flaws) = match &found {
            Ok(message) => (Some(message), Header::of(message).err().unwrap_or_default()),
            Err(unsound) => (unsound.header.as_deref(), vec![unsound.flaw.clone()]),
        };
        let code = AckCode::of(false, flaws.first().map(|flaw| flaw.code));
        let errors = flaws.into_iter().map(|flaw| (Severity::Error, flaw)).collect();
        let answer = acknowledge(inbound, &Ack { code, errors, expected: None }, &stamp);
        let again = read(answer.print().as_bytes(), &Limits::default(), Charset::UTF_8);
        let again = again.unwrap_or_else(|unsound| panic!("{name}: {}", unsound.flaw));
        let control = inbound.and_then(|message| message.control_id()).unwrap_or_default();
        assert_eq!(again.msa(), Some((code.to_string().as_str(), control)), "{name}");
    }
}
