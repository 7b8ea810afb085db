//! What became of each row of a file: taken, unchanged or wrong, and what to do. It names rows and
//! headings, and repeats no cell.

use loopgate_referral::ReferralId;
use serde_json::{Value, json};

use super::cell;
use super::table::letters;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Something was done, and is durable.
    Taken,
    /// What it says is so already.
    Unchanged,
    /// Something of it was not done.
    Wrong,
}

impl Became {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Became::Taken => "taken",
            Became::Unchanged => "unchanged",
            Became::Wrong => "wrong",
        }
    }
}

/// What is wrong with a cell, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The heading; none if it is about the row.
    pub column: Option<String>,
    /// Which kind, for programs.
    pub code: &'static str,
    /// In words, for people.
    pub words: &'static str,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As a spreadsheet numbers it.
    pub row: usize,
    /// The referral, if the row names one.
    pub referral: Option<ReferralId>,
    /// What became of it.
    pub became: Became,
    /// What was done, in order.
    pub done: Vec<&'static str>,
    /// The version of the organization's Task now, if it is known.
    pub version: Option<u64>,
    /// What is wrong.
    pub flaws: Vec<Flaw>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// One for each row that is not empty.
    pub lines: Vec<Line>,
    /// Columns whose headings mean nothing here, counted from 0; nothing was read from them.
    pub not_read: Vec<usize>,
}

impl Report {
    /// How many rows became that.
    pub fn count(&self, became: Became) -> usize {
        self.lines.iter().filter(|line| line.became == became).count()
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self.lines.iter().map(line).collect();
        let not_read: Vec<String> = self.not_read.iter().map(|at| letters(*at)).collect();
        json!({
            "taken": self.count(Became::Taken),
            "unchanged": self.count(Became::Unchanged),
            "wrong": self.count(Became::Wrong),
            "columns_not_read": not_read,
            "rows": rows,
        })
    }

    /// As CSV: a row for each flaw, and one for each row without.
    pub fn csv(&self) -> String {
        let mut out = String::from("\u{feff}");
        let heads =
            ["Row", "Referral", "Result", "Done", "Version", "Column", "Problem", "What to do"];
        cell::record(&mut out, ',', heads);
        for line in &self.lines {
            let id = line.referral.map(|id| id.to_string()).unwrap_or_default();
            let version = line.version.map(|version| version.to_string()).unwrap_or_default();
            let (row, done) = (line.row.to_string(), line.done.join(", "));
            let mut write = |column: &str, code: &str, words: &str| {
                let cells = [&row, &id, line.became.name(), &done, &version, column, code, words];
                cell::record(&mut out, ',', cells);
            };
            if line.flaws.is_empty() {
                write("", "", "");
            }
            for flaw in &line.flaws {
                write(flaw.column.as_deref().unwrap_or_default(), flaw.code, flaw.words);
            }
        }
        out
    }
}

fn line(line: &Line) -> Value {
    let flaws = line.flaws.iter().map(|flaw| {
        let mut said = json!({ "code": flaw.code, "to_do": flaw.words });
        if let Some(column) = &flaw.column {
            said["column"] = json!(column);
        }
        said
    });
    let flaws: Vec<Value> = flaws.collect();
    let mut said = json!({ "row": line.row, "result": line.became.name() });
    if let Some(id) = line.referral {
        said["referral_id"] = json!(id.to_string());
    }
    if let Some(version) = line.version {
        said["version"] = json!(version);
    }
    if !line.done.is_empty() {
        said["done"] = json!(line.done);
    }
    if !flaws.is_empty() {
        said["problems"] = Value::Array(flaws);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_json_and_as_csv() {
        let id: ReferralId = ReferralId::from_random([1; 16]);
        let report = Report {
            lines: vec![
                Line {
                    row: 2,
                    referral: Some(id),
                    became: Became::Taken,
                    done: vec!["accept", "appointment"],
                    version: Some(4),
                    flaws: vec![],
                },
                Line {
                    row: 3,
                    referral: None,
                    became: Became::Wrong,
                    done: vec![],
                    version: None,
                    flaws: vec![Flaw {
                        column: Some("Status".into()),
                        code: "no-such-answer",
                        words: "Say it.",
                    }],
                },
            ],
            not_read: vec![27],
        };
        let json = report.json();
        assert_eq!(
            (&json["taken"], &json["wrong"], &json["columns_not_read"]),
            (&json!(1), &json!(1), &json!(["AB"]))
        );
        assert_eq!(
            json["rows"][0],
            json!({ "row": 2, "result": "taken", "referral_id": id.to_string(), "version": 4, "done": ["accept", "appointment"] })
        );
        assert_eq!(
            json["rows"][1]["problems"],
            json!([{ "column": "Status", "code": "no-such-answer", "to_do": "Say it." }])
        );
        let csv = report.csv();
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines[1], format!("2,{id},taken,\"accept, appointment\",4,,,"));
        assert_eq!(lines[2], "3,,wrong,,,Status,no-such-answer,Say it.");
    }
}
