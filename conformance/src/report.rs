//! What came of a run: a last line, a page to read, and JSON.

mod page;

use serde_json::{Value, json};

use crate::case::{Done, Verdict};

pub use page::html;

/// What was checked.
pub struct About<'a> {
    /// The base URL.
    pub base: &'a str,
    /// The software, as its CapabilityStatement says it.
    pub software: &'a str,
}

/// `CapabilityStatement.software`, in one line.
pub fn software(statement: &Value) -> String {
    let text = |member: &str| statement["software"][member].as_str().unwrap_or_default();
    let line = format!("{} {}", text("name"), text("version"));
    let line = line.trim().to_owned();
    if line.is_empty() { "unnamed software".to_owned() } else { line }
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// All cases.
    pub all: usize,
    /// Passed.
    pub passed: usize,
    /// Failed, and not declared.
    pub failed: usize,
    /// Not met, as declared.
    pub declared: usize,
    /// Passed, though declared not to.
    pub stale: usize,
    /// Skipped.
    pub skipped: usize,
}

impl Summary {
    /// Counts.
    pub fn of(done: &[Done]) -> Summary {
        let count = |verdict| done.iter().filter(|one| one.verdict == verdict).count();
        Summary {
            all: done.len(),
            passed: count(Verdict::Passed),
            failed: count(Verdict::Failed),
            declared: count(Verdict::Declared),
            stale: count(Verdict::Stale),
            skipped: count(Verdict::Skipped),
        }
    }

    /// Whether all is as declared.
    pub fn sound(&self) -> bool {
        self.failed == 0 && self.stale == 0
    }

    /// The last line.
    pub fn line(&self) -> String {
        format!(
            "conformance: {} cases: {} passed, {} failed, {} not met as declared, {} declared and yet passed, {} skipped",
            self.all, self.passed, self.failed, self.declared, self.stale, self.skipped
        )
    }
}

/// The run as JSON.
pub fn json(about: &About<'_>, done: &[Done]) -> String {
    let summary = Summary::of(done);
    let cases: Vec<Value> = done
        .iter()
        .map(|one| {
            let mut case = json!({
                "id": one.id, "level": one.level.word(), "clause": one.clause, "rows": one.rows,
                "verdict": one.verdict.words(), "took_ms": one.took_ms,
            });
            if !one.words.is_empty() {
                case["words"] = json!(one.words);
            }
            if let Some(reason) = &one.reason {
                case["declared"] = json!(reason);
            }
            case
        })
        .collect();
    let whole = json!({
        "base": about.base, "software": about.software,
        "guide": "hl7.fhir.us.sdoh-clinicalcare 3.0.0, CoordinationPlatform, server",
        "summary": {
            "cases": summary.all, "passed": summary.passed, "failed": summary.failed,
            "declared": summary.declared, "stale": summary.stale, "skipped": summary.skipped,
        },
        "cases": cases,
    });
    format!("{whole:#}\n")
}
