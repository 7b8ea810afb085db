//! `rebuild-index`: whoever holds a whole bundle computes the index anew and holds every root the log
//! ever stated against it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::walk::{IndexWalk, WalkError, Walked};
use crate::manifest::ENTRIES;
use crate::opening::Opening;
use crate::report::{Report, Verdict};
use crate::verify::verify_bundle;

const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Verifies a bundle, then follows every chain of it. The completeness verdict says how many roots were
/// compared; a root that is not what the links make is a failure of integrity.
pub fn rebuild_index(dir: &Path, pinned_vkey: Option<&str>) -> (Report, Option<Walked>) {
    let mut report = verify_bundle(dir, pinned_vkey);
    if report.exit_code() != 0 {
        return (report, None);
    }
    match walk(dir, report.size) {
        Ok(walked) => {
            match walked.first_difference {
                Some(entry) => {
                    let text = format!("entry {entry}: the index root is not that of the entries");
                    report.integrity = Verdict::Fails(text);
                    report.first_bad = Some(entry);
                }
                None => {
                    let (roots, chains) = (walked.roots, walked.index.len());
                    let text = format!("ok, {roots} index roots are those of the {chains} chains");
                    report.completeness = Verdict::Holds(text);
                }
            }
            (report, Some(walked))
        }
        Err(why) => {
            report.completeness = Verdict::Fails(why);
            (report, None)
        }
    }
}

fn walk(dir: &Path, size: u64) -> Result<Walked, String> {
    let mut walk = IndexWalk::new();
    each(dir, &mut |opening| walk.note_erased(opening))?;
    each(dir, &mut |opening| walk.follow(opening))?;
    walk.finish(size).map_err(|why| why.to_string())
}

fn each(dir: &Path, take: &mut dyn FnMut(&Opening) -> Result<(), WalkError>) -> Result<(), String> {
    let unreadable = || format!("{ENTRIES} cannot be read");
    let mut file = BufReader::new(File::open(dir.join(ENTRIES)).map_err(|_| unreadable())?);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut file).take(LINE_BYTES_MAX + 1);
        if limited.read_until(b'\n', &mut line).map_err(|_| unreadable())? == 0 {
            return Ok(());
        }
        let opening = Opening::parse(line.strip_suffix(b"\n").unwrap_or(&line));
        let opening = opening.map_err(|why| format!("{ENTRIES}: {why}"))?;
        take(&opening).map_err(|why| why.to_string())?;
    }
}
