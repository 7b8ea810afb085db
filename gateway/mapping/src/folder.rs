//! The files of a mappings folder on disk.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// The longest file that is read.
pub(crate) const FILE_BYTES_MAX: usize = 64 * 1024;
/// How deep folders may lie in folders.
const FOLDERS_DEPTH_MAX: usize = 4;
/// The most entries of one folder.
const ENTRIES_COUNT_MAX: usize = 1024;

/// Every `.toml` file below `dir` outside samples, as path with `/` and text.
pub(crate) fn read(dir: &Path) -> Result<Vec<(String, String)>, Vec<Problem>> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    walk(dir, "", 0, &mut files, &mut problems);
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

type Files = Vec<(String, String)>;

fn walk(dir: &Path, prefix: &str, depth: usize, files: &mut Files, problems: &mut Vec<Problem>) {
    if depth > FOLDERS_DEPTH_MAX {
        return problems
            .push(problem(prefix, format!("is more than {FOLDERS_DEPTH_MAX} folders deep")));
    }
    let entries = match entries(dir) {
        Ok(entries) if entries.len() > ENTRIES_COUNT_MAX => {
            return problems
                .push(problem(prefix, format!("has more than {ENTRIES_COUNT_MAX} entries")));
        }
        Ok(entries) => entries,
        Err(error) => return problems.push(problem(prefix, error.to_string())),
    };
    for path in entries {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            problems.push(problem(prefix, "has an entry whose name is not UTF-8".to_owned()));
            continue;
        };
        let below = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if path.is_dir() {
            if name != "samples" {
                walk(&path, &below, depth + 1, files, problems);
            }
        } else if name.ends_with(".toml") {
            match read_text(&path) {
                Ok(text) => files.push((below, text)),
                Err(error) => problems.push(problem(&below, error.to_string())),
            }
        }
    }
}

/// At most one entry more than allowed.
fn entries(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir)?.take(ENTRIES_COUNT_MAX + 1);
    entries.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn problem(file: &str, what: String) -> Problem {
    let file = if file.is_empty() { "." } else { file };
    Problem { file: file.to_owned(), line: None, what }
}

/// One byte more than allowed is read, so that the length check sees a file that is too long.
fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
