//! Transaction Bundles (R4 http.html#transaction): creates only, all or nothing.
//!
//! Not here: the answers (`responses.rs`), which entry refers to which (`reference.rs`).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fault::{Faults, member};
use crate::{Fault, IssueCode, Json, Limits, Resource};

/// One resource to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What other entries call it.
    pub full_url: Option<String>,
    /// `request.ifNoneExist`: a query; nothing is created when it matches.
    pub if_none_exist: Option<String>,
    /// The resource.
    pub resource: Resource,
}

/// Reads a Bundle of type `transaction`. Every entry is checked by itself, so that all their faults
/// are told at once.
pub fn read_transaction(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>, Vec<Fault>> {
    let mut bundle = Json::parse(bytes, "Bundle", limits)?;
    if bundle.text("resourceType") != Some("Bundle") {
        return Err(vec![Fault::new(IssueCode::Structure, "Bundle", "is not a Bundle")]);
    }
    let mut faults = Faults::default();
    match bundle.text("type") {
        Some("transaction") => {}
        Some(_) => faults.push(Fault::not_supported("Bundle.type", "is not transaction")),
        None => faults.push(Fault::required("Bundle.type")),
    }
    not_understood(&bundle, "Bundle", &BUNDLE_REFUSED, &mut faults);
    let entries = match bundle.remove("entry") {
        Some(Json::Array(entries)) if !entries.is_empty() => entries,
        Some(_) => {
            let words = "is not a list of entries";
            faults.push(Fault::new(IssueCode::Structure, "Bundle.entry", words));
            return faults.or(None);
        }
        None => {
            faults.push(Fault::required("Bundle.entry"));
            return faults.or(None);
        }
    };
    if entries.len() > limits.bundle_entries_max {
        faults.push(Fault::new(IssueCode::TooLong, "Bundle.entry", "has too many entries"));
        return faults.or(None);
    }
    let mut read = Vec::new();
    for (i, (entry, text)) in entries.into_iter().zip(resource_texts(bytes)).enumerate() {
        match read_entry(entry, text, &format!("Bundle.entry[{i}]"), limits) {
            Ok(entry) => read.push((i, entry)),
            Err(more) => faults.extend(more),
        }
    }
    one_name_each(&read, &mut faults);
    faults.or(Some(read.into_iter().map(|(_, entry)| entry).collect()))
}

const BUNDLE_REFUSED: [&str; 5] =
    ["implicitRules", "modifierExtension", "link", "signature", "total"];
const ENTRY_REFUSED: [&str; 4] = ["modifierExtension", "link", "search", "response"];
const REQUEST_REFUSED: [&str; 4] =
    ["modifierExtension", "ifMatch", "ifNoneMatch", "ifModifiedSince"];

/// Members that ask for something we would not do.
fn not_understood(json: &Json, place: &str, refused: &[&str], faults: &mut Faults) {
    for name in refused.iter().filter(|name| json.get(name).is_some()) {
        faults.push(Fault::not_supported(member(place, name), "is not supported here"));
    }
}

fn read_entry(
    mut entry: Json,
    text: Option<&RawValue>,
    place: &str,
    limits: &Limits,
) -> Result<Entry, Vec<Fault>> {
    let mut faults = Faults::default();
    not_understood(&entry, place, &ENTRY_REFUSED, &mut faults);
    let full_url = entry.get("fullUrl").map(|url| match url.as_str() {
        Some(url) if is_full_url(url) => Ok(url.to_owned()),
        _ => Err(Fault::value(format!("{place}.fullUrl"), "is neither a URN nor an absolute URL")),
    });
    let full_url = full_url.and_then(|url| faults.take(url));
    let request = entry.remove("request");
    let resource = match (entry.remove("resource"), text) {
        (Some(json), Some(text)) => {
            let root = format!("{place}.resource");
            match Resource::of(json, text.get().as_bytes(), &root, limits) {
                Ok(resource) => Some(resource),
                Err(more) => {
                    faults.extend(more);
                    None
                }
            }
        }
        _ => {
            faults.push(Fault::required(format!("{place}.resource")));
            None
        }
    };
    let place = format!("{place}.request");
    let Some(request) = request else {
        faults.push(Fault::required(place));
        return faults.or(None);
    };
    not_understood(&request, &place, &REQUEST_REFUSED, &mut faults);
    match request.text("method") {
        Some("POST") => {}
        Some(_) => faults.push(Fault::not_supported(format!("{place}.method"), "is not POST")),
        None => faults.push(Fault::required(format!("{place}.method"))),
    }
    match (request.text("url"), &resource) {
        (None, _) => faults.push(Fault::required(format!("{place}.url"))),
        (Some(url), Some(resource)) if url != resource.kind => {
            let words = "is not the type of the resource";
            faults.push(Fault::value(format!("{place}.url"), words));
        }
        (Some(_), _) => {}
    }
    let if_none_exist = request.get("ifNoneExist").map(|query| match query.as_str() {
        Some(query) if !query.is_empty() => Ok(query.to_owned()),
        _ => Err(Fault::value(format!("{place}.ifNoneExist"), "is no query")),
    });
    let if_none_exist = if_none_exist.and_then(|query| faults.take(query));
    faults.or(resource.map(|resource| Entry { full_url, if_none_exist, resource }))
}

/// R4 bundle.html: an absolute URL, or a URN of a UUID or OID.
fn is_full_url(text: &str) -> bool {
    if let Some(uuid) = text.strip_prefix("urn:uuid:") {
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        return parts == [8, 4, 4, 4, 12]
            && uuid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    }
    if let Some(oid) = text.strip_prefix("urn:oid:") {
        return !oid.is_empty() && oid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
}

/// Two entries of one name would make a reference to it mean either.
fn one_name_each(entries: &[(usize, Entry)], faults: &mut Faults) {
    let mut names: Vec<(&str, usize)> =
        entries.iter().filter_map(|(i, entry)| Some((entry.full_url.as_deref()?, *i))).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let place = format!("Bundle.entry[{}].fullUrl", pair[1].1);
        faults.push(Fault::new(IssueCode::Duplicate, place, "is another entry's too"));
    }
}

/// The text of each entry's resource, for hashing and storing as received.
fn resource_texts(bundle: &[u8]) -> Vec<Option<&RawValue>> {
    #[derive(Deserialize)]
    struct RawBundle<'a> {
        #[serde(borrow)]
        entry: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct RawEntry<'a> {
        #[serde(borrow)]
        resource: Option<&'a RawValue>,
    }
    let Ok(bundle) = serde_json::from_slice::<RawBundle<'_>>(bundle) else {
        unreachable!("it was read as an object with a list of entries")
    };
    let entries = bundle.entry.into_iter();
    // An entry that is no object is refused for having no resource.
    entries.map(|entry| serde_json::from_str::<RawEntry<'_>>(entry.get()).ok()?.resource).collect()
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
