//! The folder of partners: every problem of every file at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use loopgate_mapping::Library;
use loopgate_referral::{Identifier, OrgId};
use sha2::{Digest, Sha256};

use super::read::{Lined, read};
use super::{ChannelKind, Partner, Role};
use crate::config::section::OnLine;
use crate::config::{Problem, read_text};
use crate::dialect;

const FILES_COUNT_MAX: usize = 10_000;

/// A partner and the file it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedPartner {
    /// The partner.
    pub partner: Partner,
    /// SHA-256 of the bytes of its file.
    pub sha256: [u8; 32],
}

/// Reads every `NAME.toml` in `dir`, in the order of the names; other files are left alone.
/// A certificate or an identifier belongs to one partner.
pub fn load_partners(dir: &Path) -> Result<Vec<LoadedPartner>, Vec<Problem>> {
    load_with(dir, None)
}

/// The same, where each partner's dialect is whole in this library of mappings.
pub fn load_speaking(dir: &Path, library: &Library) -> Result<Vec<LoadedPartner>, Vec<Problem>> {
    load_with(dir, Some(library))
}

fn load_with(dir: &Path, library: Option<&Library>) -> Result<Vec<LoadedPartner>, Vec<Problem>> {
    let paths = toml_files(dir).map_err(|problem| vec![problem])?;
    let mut owners = Owners::default();
    let (mut loaded, mut problems) = (Vec::new(), Vec::new());
    let (mut named, mut unread) = (Vec::new(), false);
    for path in &paths {
        match load(path) {
            Ok((lined, sha256)) => {
                problems.extend(owners.claim(&lined));
                problems.extend(library.into_iter().flat_map(|all| unspoken(&lined, all)));
                let Lined { partner, targets, .. } = lined;
                named.extend(targets.into_iter().map(|target| (partner.org.clone(), target)));
                loaded.push(LoadedPartner { partner, sha256 });
            }
            Err(found) => {
                unread = true;
                problems.extend(found);
            }
        }
    }
    // A file that does not load may be the very one that is named.
    if !unread {
        problems.extend(named.iter().filter_map(|(org, target)| nowhere(&loaded, org, target)));
    }
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

/// What is wrong with the dialect of a partner.
fn unspoken(lined: &Lined, library: &Library) -> Vec<Problem> {
    let partner = &lined.partner;
    let channel = partner.channel.as_ref().filter(|one| one.kind != ChannelKind::Hl7v2);
    let flaws = channel.map(|one| dialect::flaws(library, &one.dialect)).unwrap_or_default();
    let problem = |words| Problem {
        file: format!("partners/{}.toml", partner.org),
        line: lined.dialect_line,
        key: "channel.dialect".to_owned(),
        words,
    };
    flaws.into_iter().map(problem).collect()
}

/// A rule that sends orders to nobody who takes referrals.
fn nowhere(
    loaded: &[LoadedPartner],
    org: &OrgId,
    (line, target): &OnLine<OrgId>,
) -> Option<Problem> {
    let takes = |one: &LoadedPartner| {
        one.partner.org == *target && one.partner.roles.contains(&Role::Target)
    };
    if loaded.iter().any(takes) {
        return None;
    }
    Some(Problem {
        file: format!("partners/{org}.toml"),
        line: *line,
        key: "hl7v2.referrals.target".to_owned(),
        words: "is no partner with the role target".to_owned(),
    })
}

fn toml_files(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let refused = |error: std::io::Error| Problem::of_file("partners", error.kind());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    if paths.len() > FILES_COUNT_MAX {
        return Err(Problem::of_file(
            "partners",
            format!("holds more than {FILES_COUNT_MAX} files"),
        ));
    }
    paths.sort();
    Ok(paths)
}

fn load(path: &Path) -> Result<(Lined, [u8; 32]), Vec<Problem>> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = format!("partners/{name}.toml");
    let words = "the file name is not 1 to 64 of a-z, 0-9 and -";
    let org: OrgId = name.parse().map_err(|_| vec![Problem::of_file(&file, words)])?;
    if crate::roster::is_reserved(&org) {
        return Err(vec![Problem::of_file(&file, "the name is kept for loopgate itself")]);
    }
    let text = read_text(path, &file).map_err(|problem| vec![problem])?;
    let lined = read(org, &text)?;
    Ok((lined, Sha256::digest(&text).into()))
}

/// Who has what only one partner may have.
#[derive(Default)]
struct Owners {
    certificates: BTreeMap<[u8; 32], OrgId>,
    identifiers: BTreeMap<Identifier, OrgId>,
}

impl Owners {
    fn claim(&mut self, lined: &Lined) -> Vec<Problem> {
        let Lined { partner, identifier_lines, certificate_lines, .. } = lined;
        let certificates = partner.certificates.iter().zip(certificate_lines);
        let identifiers = partner.identifiers.iter().zip(identifier_lines);
        let org = &partner.org;
        let mut problems = claim(&mut self.certificates, org, certificates, "certificate_sha256");
        problems.extend(claim(&mut self.identifiers, org, identifiers, "identifiers"));
        problems
    }
}

fn claim<'a, T: Ord + Clone + 'a>(
    owners: &mut BTreeMap<T, OrgId>,
    org: &OrgId,
    items: impl Iterator<Item = (&'a T, &'a Option<u32>)>,
    key: &str,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (item, line) in items {
        if let Some(owner) = owners.get(item) {
            let (file, key) = (format!("partners/{org}.toml"), key.to_owned());
            let words = format!("is also in partners/{owner}.toml");
            problems.push(Problem { file, line: *line, key, words });
        } else {
            owners.insert(item.clone(), org.clone());
        }
    }
    problems
}
