//! Bundles that are posted (R4 http.html#transaction): a transaction, all of it or nothing, and a batch,
//! whose entries are requests of their own.
//!
//! Not here: the answers (`responses.rs`), which entry refers to which (`reference.rs`).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fault::{Faults, member};
use crate::shape::is_id;
use crate::{Fault, IssueCode, Json, Limits, Resource};

/// A Bundle that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// All of it or nothing.
    Transaction(Vec<Entry>),
    /// Each by itself; what is wrong with one is that one's alone.
    Batch(Vec<Result<Asked, Vec<Fault>>>),
}

/// One resource to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What other entries call it.
    pub full_url: Option<String>,
    /// What is to be done with it.
    pub write: Write,
    /// The resource.
    pub resource: Resource,
}

/// What is to be done with the resource of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// `POST Type`; with a query, only if nothing matches it (`ifNoneExist`).
    Create(Option<String>),
    /// `PUT Type/id`, with what `ifMatch` says.
    Update(String, Option<String>),
    /// `PUT Type?query`, with what `ifMatch` says.
    UpdateWhere(String, Option<String>),
}

/// One request of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The URL under the base, with its query.
    pub url: String,
    /// `ifMatch`.
    pub if_match: Option<String>,
    /// `ifNoneMatch`.
    pub if_none_match: Option<String>,
    /// `ifModifiedSince`, an instant.
    pub if_modified_since: Option<String>,
    /// `ifNoneExist`.
    pub if_none_exist: Option<String>,
    /// The text of its resource.
    pub body: Option<Vec<u8>>,
}

/// Reads a Bundle of type `transaction` or `batch`. Every entry is checked by itself, so that all their
/// faults are told at once.
pub fn read_posted(bytes: &[u8], limits: &Limits) -> Result<Posted, Vec<Fault>> {
    let mut bundle = Json::parse(bytes, "Bundle", limits)?;
    if bundle.text("resourceType") != Some("Bundle") {
        return Err(vec![Fault::new(IssueCode::Structure, "Bundle", "is not a Bundle")]);
    }
    let mut faults = Faults::default();
    let is_batch = bundle.text("type") == Some("batch");
    match bundle.text("type") {
        Some("transaction" | "batch") => {}
        Some(_) => {
            faults.push(Fault::not_supported("Bundle.type", "is neither transaction nor batch"));
        }
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
    let parts = entries.into_iter().zip(resource_texts(bytes)).enumerate();
    if is_batch {
        let asked =
            parts.map(|(i, (entry, text))| asked(&entry, text, &format!("Bundle.entry[{i}]")));
        let asked = asked.collect();
        return faults.or(Some(Posted::Batch(asked)));
    }
    let mut read = Vec::new();
    for (i, (entry, text)) in parts {
        match read_entry(entry, text, &format!("Bundle.entry[{i}]"), limits) {
            Ok(entry) => read.push((i, entry)),
            Err(more) => faults.extend(more),
        }
    }
    one_name_each(&read, &mut faults);
    let entries = read.into_iter().map(|(_, entry)| entry).collect();
    faults.or(Some(Posted::Transaction(entries)))
}

const BUNDLE_REFUSED: [&str; 5] =
    ["implicitRules", "modifierExtension", "link", "signature", "total"];
const ENTRY_REFUSED: [&str; 4] = ["modifierExtension", "link", "search", "response"];
/// Nothing is read in a transaction, so these say nothing there.
const READ_ONLY: [&str; 3] = ["modifierExtension", "ifNoneMatch", "ifModifiedSince"];

/// Members that ask for something we would not do.
fn not_understood(json: &Json, place: &str, refused: &[&str], faults: &mut Faults) {
    for name in refused.iter().filter(|name| json.get(name).is_some()) {
        faults.push(Fault::not_supported(member(place, name), "is not supported here"));
    }
}

/// A request of a batch. What its resource is worth, whoever answers it finds out.
fn asked(entry: &Json, text: Option<&RawValue>, place: &str) -> Result<Asked, Vec<Fault>> {
    let mut faults = Faults::default();
    not_understood(entry, place, &ENTRY_REFUSED, &mut faults);
    let body = text.map(|text| text.get().as_bytes().to_vec());
    let place = format!("{place}.request");
    let Some(request) = entry.get("request") else {
        faults.push(Fault::required(place));
        return faults.or(None);
    };
    not_understood(request, &place, &["modifierExtension"], &mut faults);
    let mut said = |name| faults.take(text_of(request, name, &place)).flatten();
    let [method, url] = ["method", "url"].map(&mut said);
    let [if_match, if_none_match] = ["ifMatch", "ifNoneMatch"].map(&mut said);
    let [if_modified_since, if_none_exist] = ["ifModifiedSince", "ifNoneExist"].map(&mut said);
    for name in ["method", "url"].into_iter().filter(|name| request.get(name).is_none()) {
        faults.push(Fault::required(format!("{place}.{name}")));
    }
    let asked = method.zip(url).map(|(method, url)| Asked {
        method,
        url,
        if_match,
        if_none_match,
        if_modified_since,
        if_none_exist,
        body,
    });
    faults.or(asked)
}

/// What a member of a request says.
fn text_of(request: &Json, name: &str, place: &str) -> Result<Option<String>, Fault> {
    match request.get(name) {
        None => Ok(None),
        Some(Json::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Fault::value(format!("{place}.{name}"), "is no text")),
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
    let method = request.as_ref().and_then(|request| request.text("method"));
    if let Some("GET" | "HEAD" | "PATCH" | "DELETE") = method {
        let at = format!("{place}.request.method");
        faults.push(Fault::not_supported(at, "is neither POST nor PUT"));
        return faults.or(None);
    }
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
    let Some(request) = request else {
        faults.push(Fault::required(format!("{place}.request")));
        return faults.or(None);
    };
    let write = read_write(&request, resource.as_ref(), place, &mut faults);
    faults.or(resource.zip(write).map(|(resource, write)| Entry { full_url, write, resource }))
}

fn read_write(
    request: &Json,
    resource: Option<&Resource>,
    entry: &str,
    faults: &mut Faults,
) -> Option<Write> {
    let place = format!("{entry}.request");
    let at = |name: &str| format!("{place}.{name}");
    not_understood(request, &place, &READ_ONLY, faults);
    let method = match request.text("method") {
        Some(method @ ("POST" | "PUT")) => Some(method),
        Some(_) => {
            faults.push(Fault::not_supported(at("method"), "is neither POST nor PUT"));
            None
        }
        None => {
            faults.push(Fault::required(at("method")));
            None
        }
    };
    let Some(url) = request.text("url") else {
        faults.push(Fault::required(at("url")));
        return None;
    };
    let other = if method == Some("PUT") { "ifNoneExist" } else { "ifMatch" };
    not_understood(request, &place, &[other], faults);
    let (method, resource) = (method?, resource?);
    let Some(rest) = url.strip_prefix(resource.kind) else {
        faults.push(Fault::value(at("url"), "is not the type of the resource"));
        return None;
    };
    if method == "POST" {
        if !rest.is_empty() {
            faults.push(Fault::value(at("url"), "is not the type of the resource"));
        }
        return Some(Write::Create(faults.take(text_of(request, "ifNoneExist", &place))?));
    }
    let if_match = faults.take(text_of(request, "ifMatch", &place))?;
    match (rest.strip_prefix('/'), rest.strip_prefix('?')) {
        (Some(id), _) if is_id(id) => {
            if resource.id() != Some(id) {
                let at = format!("{entry}.resource.id");
                faults.push(Fault::new(IssueCode::Invalid, at, "is not the id that the url names"));
            }
            Some(Write::Update(id.to_owned(), if_match))
        }
        (_, Some(query)) if !query.is_empty() => {
            Some(Write::UpdateWhere(query.to_owned(), if_match))
        }
        _ => {
            faults.push(Fault::value(at("url"), "names neither an id nor a query"));
            None
        }
    }
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
