//! By which rules an entry was made: the mapping and the templates it names, the build, the partner file in
//! force; and their text, where a file that is the same is still here.

use std::collections::BTreeMap;
use std::fs;

use loopgate_mapping::Library;
use loopgate_referral::{OrgId, PersonId};
use serde_json::{Value, json};

use super::told::Told;
use super::{Asker, instant};
use crate::catalogue::Query;
use crate::egress::Released;
use crate::gate::Gate;
use crate::journal::{BasisUsed, Disclosure, Event, LedgerEvent};
use crate::refusal::{Kind, Trouble};
use crate::roster::is_reserved;

/// Changes of the configuration that are read, newest first.
const CHANGES_MAX: usize = 10_000;
const GONE: &str = "no file that is the same is here any more";

/// The rules of one entry.
pub fn page(gate: &Gate, entry: &str) -> Result<(Told, Value), Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let index: u64 = entry.parse().map_err(|_| missing())?;
    let told = Told::read(gate, &[index])?.pop().ok_or_else(missing)?;
    let event = told.event.as_ref().ok_or_else(missing)?;
    let mut said = json!({
        "entry": index,
        "time": instant(told.at),
        "kind": told.kind,
        "written_by": told.written_by,
    });
    let (org, templates, mapping) = match event {
        Event::Disclosed(one) => (Some(&one.recipient), named(one), one.mapping.as_deref()),
        Event::Denied { org, .. } => (Some(org), Vec::new(), None),
        _ => (None, Vec::new(), None),
    };
    // The files as they are now; those that do not load are no rules.
    let library = Library::load(&gate.config.folders.mappings).ok();
    let library = library.as_ref();
    if let Some(sha256) = mapping {
        let found = library.and_then(|all| {
            all.mappings().find(|one| hex::encode(one.digest()) == sha256).map(|one| one.name())
        });
        said["mapping"] = file(gate, found.map(str::to_owned), json!({ "sha256": sha256 }));
    }
    let templates = templates.into_iter().map(|name| {
        let (id, version) = name.split_once('/').unwrap_or((&name, ""));
        let found = library.and_then(|all| all.template(id));
        let same = found.filter(|one| one.version.to_string() == version);
        let path = same.map(|one| format!("templates/{}", one.id));
        file(gate, path, json!({ "template": name }))
    });
    let templates: Vec<Value> = templates.collect();
    if !templates.is_empty() {
        said["templates"] = json!(templates);
    }
    said["configuration"] = configuration(gate, index)?;
    if let Some(org) = org.filter(|org| !is_reserved(org)) {
        said["partner"] = partner(gate, org, &told)?;
    }
    Ok((told, said))
}

/// The templates that a disclosure names.
fn named(one: &Disclosure) -> Vec<String> {
    let all = one.bases.iter().flat_map(|basis| match basis {
        BasisUsed::Consent { templates, .. } => templates.clone(),
        _ => Vec::new(),
    });
    let mut all: Vec<String> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A file of the mapping folder, by its path without the ending.
fn file(gate: &Gate, path: Option<String>, mut said: Value) -> Value {
    let text = path.as_ref().and_then(|path| {
        fs::read_to_string(gate.config.folders.mappings.join(format!("{path}.toml"))).ok()
    });
    match (path, text) {
        (Some(path), Some(text)) => {
            said["file"] = json!(format!("{path}.toml"));
            said["text"] = json!(text);
        }
        _ => said["words"] = json!(GONE),
    }
    said
}

/// The settings, mappings and templates that were in force, by hash: the newest word on each before it.
fn configuration(gate: &Gate, entry: u64) -> Result<Value, Trouble> {
    let query = Query {
        kind: Some("config.changed".to_owned()),
        below: Some(entry),
        count_max: CHANGES_MAX,
        ..Query::default()
    };
    let found = gate.scribe.published().catalogue().search(&query);
    let mut parts: BTreeMap<String, Option<[u8; 32]>> = BTreeMap::new();
    for told in Told::read(gate, &found.entries)? {
        if let Some(Event::Ledger(LedgerEvent::Configured { part, sha256, gone, .. })) = told.event
            && !part.starts_with("staff/")
        {
            parts.entry(part).or_insert((!gone).then_some(sha256));
        }
    }
    let now = gate.scribe.published().world().book.configured.clone();
    let parts = parts.into_iter().filter_map(|(part, sha256)| Some((part, sha256?)));
    let said = parts.map(|(part, sha256)| {
        let same = now.get(&part) == Some(&sha256);
        json!({ "part": part, "sha256": hex::encode(sha256), "file_is_here": same })
    });
    Ok(said.collect())
}

/// The partner file that was in force: its hash alone, since it holds a PIN's.
fn partner(gate: &Gate, org: &OrgId, told: &Told) -> Result<Value, Trouble> {
    let query = Query {
        organization: Some(org.clone()),
        kind: Some("config.changed".to_owned()),
        below: Some(told.index),
        count_max: 1,
        ..Query::default()
    };
    let found = gate.scribe.published().catalogue().search(&query);
    let then = Told::read(gate, &found.entries)?.pop();
    let Some(Told { index, event: Some(Event::Partner { sha256, suspended, .. }), .. }) = then
    else {
        return Ok(json!({ "partner": org, "words": "no file was in force" }));
    };
    let now = gate.scribe.published().roster.load();
    let same = now.iter().any(|one| one.partner.org == *org && one.sha256 == sha256);
    Ok(json!({
        "partner": org, "entry": index, "sha256": hex::encode(sha256), "suspended": suspended,
        "file_is_here": same,
    }))
}

/// Releases them.
pub fn release(
    gate: &Gate,
    asker: &Asker<'_>,
    (told, said): (Told, Value),
) -> Result<Released, Trouble> {
    let nobody: &[PersonId] = &[];
    let told = [told];
    super::release(gate, asker, ("policy", nobody), &told, &|| said.to_string().into_bytes())
}
