//! One question to one witness: `POST /add-checkpoint`, and again from where it says it is.

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine};
use loopgate_ledger::{Checkpoint, REQUEST_BYTES_MAX};
use reqwest::{Client, Response};

use crate::config::WitnessAt;
use crate::gate::Gate;
use crate::outbound::targets::Targets;

/// One may say where it is, and be asked from there; who says it twice has somebody else asking.
const ASKS_MAX: usize = 3;

/// What a witness is asked.
pub(super) struct Question {
    /// Its place in the configuration.
    pub witness: usize,
    /// The note to cosign.
    pub note: Arc<String>,
    /// What it says.
    pub signed: Checkpoint,
    /// What it has seen before, as it said.
    pub seen: u64,
}

/// What came of it.
pub(super) struct Asked {
    /// Its place in the configuration.
    pub witness: usize,
    /// What it has seen, as it said.
    pub seen: u64,
    /// Its cosignature line, verified.
    pub line: Option<String>,
}

enum Answer {
    /// The line.
    Line(String),
    /// The size it cosigned last is another one.
    Seen(u64),
    /// Neither; why, without anything the witness wrote.
    No(&'static str),
}

/// Asks, and asks again from the size that a 409 names, larger or smaller than what was thought.
pub(super) async fn ask(
    gate: Arc<Gate>,
    client: Client,
    targets: Targets,
    question: Question,
) -> Asked {
    let Question { witness, note, signed, mut seen } = question;
    let at = &gate.config.ledger.witnesses[witness];
    let mut why = "it names another size each time";
    for _ in 0..ASKS_MAX {
        let Some(body) = request(&gate, &note, seen, signed.size) else {
            why =
                "it cosigned more than is signed: another log has this origin, or this one was cut";
            break;
        };
        match post(&client, &targets, at, &note, body).await {
            Answer::Line(line) => return Asked { witness, seen: signed.size, line: Some(line) },
            Answer::Seen(size) if size == seen => {
                why = "it cosigned another root at this size";
                break;
            }
            Answer::Seen(size) => seen = size,
            Answer::No(words) => {
                why = words;
                break;
            }
        }
    }
    tracing::info!(witness = at.cosigner.name(), why, "a checkpoint was not cosigned");
    Asked { witness, seen, line: None }
}

/// The body; `None` if no proof leads from `seen` to the note.
fn request(gate: &Gate, note: &str, seen: u64, size: u64) -> Option<String> {
    let proof = match seen {
        _ if seen > size => return None,
        // The proof from nothing is empty, and so is that from a tree to itself.
        0 => Vec::new(),
        _ if seen == size => Vec::new(),
        _ => gate.grove.tree().prove_consistency(seen, size)?,
    };
    let lines: String =
        proof.iter().map(|hash| format!("{}\n", BASE64_STANDARD.encode(hash))).collect();
    Some(format!("old {seen}\n{lines}\n{note}"))
}

async fn post(
    client: &Client,
    targets: &Targets,
    at: &WitnessAt,
    note: &str,
    body: String,
) -> Answer {
    let to = format!("{}/add-checkpoint", at.url.as_str().trim_end_matches('/'));
    let allowed = to.parse().ok().filter(|to: &url::Url| targets.allows_url(to));
    let Some(to) = allowed else { return Answer::No("it may not be connected to") };
    let sent = client.post(to).header("content-type", "text/plain; charset=utf-8").body(body);
    let Ok(response) = sent.send().await else { return Answer::No("it does not answer") };
    let status = response.status().as_u16();
    let Some(text) = read(response).await else {
        return Answer::No("its answer is cut or too long");
    };
    match status {
        200 => match at.cosigner.line_for(note, &text) {
            Ok((line, _)) => Answer::Line(line),
            Err(_) => Answer::No("its cosignature does not verify"),
        },
        409 => {
            let size = text.strip_suffix('\n').and_then(|size| size.parse().ok());
            size.map_or(Answer::No("its 409 names no size"), Answer::Seen)
        }
        403 | 404 => Answer::No("it does not know this log's key"),
        422 => Answer::No("it saw another past of this log"),
        _ => Answer::No("it refuses"),
    }
}

async fn read(mut response: Response) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > REQUEST_BYTES_MAX {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}
