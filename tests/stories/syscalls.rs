//! The system calls of one commit, observed: the log's file is synced after the last write to it
//! and before the first byte of the answer (promise P1, adr/0021).

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::{Gateway, Referral, skipped};

/// How the name of the log's file ends, as it is traced.
const SEGMENT: &str = ".seg>";
const TRACED: &str = "trace=fdatasync,fsync,write,writev,pwrite64,pwritev,sendto,sendmsg";

/// A system call that ended well, in the order in which it ended.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// Bytes went to the log's file.
    Write,
    /// The log's file was synced.
    Sync,
    /// Bytes went to a client.
    Send,
}

#[test]
fn the_log_is_synced_after_the_last_write_and_before_the_answer() {
    if !strace_works() {
        skipped("strace is not here, or may not trace");
        return;
    }
    let mut gateway = Gateway::prepare(&[]);
    let trace = gateway.beside("trace");
    let out = trace.to_str().unwrap();
    assert!(gateway.try_serve_under(&["strace", "-f", "-yy", "-e", TRACED, "-o", out]));
    gateway.party("clinic-b").post("/fhir", &Referral::food().bundle()).expect(200);
    gateway.stop();
    let calls = calls(&fs::read_to_string(&trace).unwrap());
    assert_eq!(judge(&calls), Ok(()), "{calls:?}");
}

#[test]
fn an_answer_before_the_sync_would_be_found_out() {
    let file = "9</d/data/log/00000000000000000000.seg>";
    let client = "12<TCP:[127.0.0.1:8443->127.0.0.1:40000]>";
    let hello = format!("7 sendto({client}, \"\", 9, 0, NULL, 0) = 9\n");
    let write = format!("8 pwrite64({file}, \"\", 4, 0) = 4\n");
    let sync = format!(
        "8 fdatasync({file} <unfinished ...>\n7 write(5<anon_inode:[eventfd]>, \"\", 8) = 8\n8 <... fdatasync resumed>) = 0\n"
    );
    let failed = format!("8 fdatasync({file}) = -1 EIO (Input/output error)\n");
    for (trace, holds) in [
        ([&hello, &write, &sync, &hello], true),
        ([&hello, &write, &hello, &sync], false),
        ([&hello, &sync, &write, &hello], false),
        ([&hello, &write, &failed, &hello], false),
        ([&hello, &sync, &sync, &hello], false),
        ([&hello, &write, &sync, &sync], false),
    ] {
        let trace: String = trace.into_iter().map(String::as_str).collect();
        assert_eq!(judge(&calls(&trace)).is_ok(), holds, "{trace}");
    }
}

/// After the handshake: writes, a sync, and only then the answer.
fn judge(calls: &[Call]) -> Result<(), &'static str> {
    let hello = calls.iter().position(|call| *call == Call::Send).ok_or("no handshake")?;
    let calls = &calls[hello..];
    let write = calls.iter().position(|call| *call == Call::Write).ok_or("nothing was written")?;
    let calls = &calls[write..];
    let answer = calls.iter().position(|call| *call == Call::Send).ok_or("no answer")?;
    let last = calls[..answer].iter().rposition(|call| *call == Call::Write).unwrap_or_default();
    if calls[last..answer].contains(&Call::Sync) {
        Ok(())
    } else {
        Err("no sync before the answer")
    }
}

/// A send counts from where it begins, all else from where it has ended.
fn calls(trace: &str) -> Vec<Call> {
    let mut begun: Vec<(&str, &str)> = Vec::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((process, text)) = line.split_once(' ') else { continue };
        let text = text.trim_start();
        if text.starts_with("<... ") {
            let at = begun.iter().position(|(known, _)| *known == process);
            let Some((_, start)) = at.map(|at| begun.swap_remove(at)) else { continue };
            calls.extend(ended(start, text).filter(|call| *call != Call::Send));
        } else if text.ends_with("<unfinished ...>") {
            begun.push((process, text));
            calls.extend(ended(text, " = 0").filter(|call| *call == Call::Send));
        } else {
            calls.extend(ended(text, text));
        }
    }
    calls
}

fn ended(start: &str, end: &str) -> Option<Call> {
    let (name, rest) = start.split_once('(')?;
    let on = rest.split([',', ')']).next()?;
    let failed = end.rsplit_once(" = ").is_none_or(|(_, result)| result.starts_with('-'));
    match name {
        _ if failed => None,
        "fdatasync" | "fsync" if on.contains(SEGMENT) => Some(Call::Sync),
        "write" | "writev" | "pwrite64" | "pwritev" if on.contains(SEGMENT) => Some(Call::Write),
        "write" | "writev" | "sendto" | "sendmsg" if on.contains("<TCP:") => Some(Call::Send),
        _ => None,
    }
}

fn strace_works() -> bool {
    let tried = Command::new("strace")
        .args(["-e", "trace=none", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}
