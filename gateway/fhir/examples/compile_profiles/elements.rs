//! One element of a StructureDefinition, and the base definitions of the types that are needed.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde_json::Value;

/// What is kept of one ElementDefinition.
#[derive(Debug, Clone)]
pub struct Element {
    /// Below the type, with slice names: `input:AdditionalContent.type`.
    pub path: String,
    pub min: u32,
    /// A number, or `*`.
    pub max: String,
    /// `code`, `Reference(Patient,Group)`, `dateTime|Period`, `{}` for children of its own, `=item`
    /// for the children of another element, `*` for any type.
    pub types: String,
    /// Strength and canonical.
    pub binding: Option<(String, String)>,
    /// Keys of the rules that are errors.
    pub rules: Vec<String>,
    /// `slice(value:url)` or `closed(type:$this)`.
    pub slicing: Option<String>,
    /// `fixed …` or `pattern …`.
    pub value: Option<String>,
}

/// Which resource type a canonical is a profile of.
pub struct Names(HashMap<String, String>);

impl Names {
    pub fn of<'a>(definitions: impl Iterator<Item = &'a Value>) -> Names {
        let pair =
            |one: &Value| Some((one["url"].as_str()?.to_owned(), one["type"].as_str()?.to_owned()));
        Names(definitions.filter_map(pair).collect())
    }

    /// The type behind a target; `None` if it may be any, or is not known.
    fn target(&self, canonical: &str) -> Option<String> {
        let url = canonical.split('|').next().unwrap_or(canonical);
        if let Some(kind) = self.0.get(url) {
            return Some(kind.clone()).filter(|kind| kind != "Resource");
        }
        let core = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
        core.filter(|kind| *kind != "Resource" && kind.starts_with(char::is_uppercase))
            .map(str::to_owned)
    }
}

fn types(element: &Value, names: &Names) -> String {
    if let Some(other) = element["contentReference"].as_str() {
        return format!("={}", other.split_once('.').map_or("", |(_, path)| path));
    }
    let list = element["type"].as_array().map_or(&[][..], Vec::as_slice);
    if list.len() > 40 {
        return "*".to_owned();
    }
    let one = |entry: &Value| {
        let code = entry["code"].as_str().unwrap_or_default();
        let profile = entry["profile"][0].as_str().unwrap_or_default();
        let profile = profile.split('|').next().unwrap_or_default();
        match code {
            "BackboneElement" | "Element" => "{}".to_owned(),
            "Extension" if !profile.is_empty() => format!("Extension<{profile}>"),
            "Quantity" if profile.ends_with("/SimpleQuantity") => "SimpleQuantity".to_owned(),
            "Quantity" if profile.ends_with("/MoneyQuantity") => "MoneyQuantity".to_owned(),
            "Reference" => {
                let targets = entry["targetProfile"].as_array().map_or(&[][..], Vec::as_slice);
                let kinds =
                    targets.iter().map(|one| names.target(one.as_str().unwrap_or_default()));
                match kinds.collect::<Option<Vec<_>>>() {
                    Some(mut kinds) if !kinds.is_empty() => {
                        kinds.sort_unstable();
                        kinds.dedup();
                        format!("Reference({})", kinds.join(","))
                    }
                    _ => "Reference".to_owned(),
                }
            }
            code if code.starts_with("http") => {
                entry["extension"][0]["valueUrl"].as_str().unwrap_or("string").to_owned()
            }
            code => code.to_owned(),
        }
    };
    let list: Vec<String> = list.iter().map(one).collect();
    list.join("|")
}

fn element(json: &Value, names: &Names) -> Element {
    let id = json["id"].as_str().unwrap_or_default();
    let path = id.split_once('.').map_or("", |(_, path)| path).to_owned();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let binding = &json["binding"];
    let canonical =
        text(&binding["valueSet"]).map(|url| url.split('|').next().unwrap_or_default().to_owned());
    let rules = json["constraint"].as_array().map_or(&[][..], Vec::as_slice);
    let rules = rules
        .iter()
        .filter(|rule| rule["severity"] == "error")
        .filter_map(|rule| text(&rule["key"]))
        .filter(|key| key != "ele-1" && key != "ext-1" && !key.starts_with("dom-"))
        .collect();
    let by = json["slicing"]["discriminator"].as_array().map_or(&[][..], Vec::as_slice);
    let by: Vec<String> = by
        .iter()
        .map(|one| {
            let path = one["path"].as_str().unwrap_or_default();
            format!("{}:{path}", one["type"].as_str().unwrap_or_default())
        })
        .collect();
    let word = if json["slicing"]["rules"] == "closed" { "closed" } else { "slice" };
    let slicing = json["slicing"].is_object().then(|| format!("{word}({})", by.join(" ")));
    let members = json.as_object().into_iter().flatten();
    let value = members.into_iter().find_map(|(name, value)| {
        let word = ["fixed", "pattern"].into_iter().find(|word| name.starts_with(word))?;
        Some(format!("{word} {value}"))
    });
    Element {
        path,
        min: u32::try_from(json["min"].as_u64().unwrap_or(0)).unwrap_or(0),
        max: text(&json["max"]).unwrap_or_else(|| "*".to_owned()),
        types: types(json, names),
        binding: text(&binding["strength"]).zip(canonical),
        rules,
        slicing,
        value,
    }
}

/// The elements of a snapshot, the type itself first.
pub fn read(definition: &Value, names: &Names) -> io::Result<Vec<Element>> {
    let list = definition["snapshot"]["element"].as_array();
    let list = list.filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| io::Error::other("a definition without a snapshot"))?;
    Ok(list.iter().map(|one| element(one, names)).collect())
}

/// One type of the base standard.
pub struct Kind {
    pub base: Option<String>,
    pub root: Element,
    /// Its own elements; those of its base are the base's.
    pub elements: Vec<Element>,
}

/// The base definitions of the resource types and every data type they use.
pub struct Base {
    pub kinds: BTreeMap<String, Kind>,
}

impl Base {
    pub fn compile(
        resources: &[&str],
        core: &[Value],
        us_core: &[Value],
        names: &Names,
    ) -> io::Result<Base> {
        let mut base = Base { kinds: BTreeMap::new() };
        let mut due: Vec<String> = resources.iter().map(|one| (*one).to_owned()).collect();
        due.extend(["DomainResource", "Extension"].map(str::to_owned));
        while let Some(name) = due.pop() {
            let is_type = name.starts_with(char::is_uppercase) && name != "Resource";
            if !is_type || base.kinds.contains_key(&name) {
                continue;
            }
            let kind = match core.iter().find(|one| one["id"] == name.as_str()) {
                Some(definition) => base_kind(definition, names)?,
                None => from_profile(&name, us_core, names)?,
            };
            for element in &kind.elements {
                let types = element.types.split('|');
                due.extend(
                    types.map(|one| one[..one.find(['(', '<']).unwrap_or(one.len())].into()),
                );
            }
            due.extend(OPEN.map(str::to_owned));
            base.kinds.insert(name, kind);
        }
        Ok(base)
    }

    /// The element `name` in a type or below a path of it.
    pub fn find(&self, home: &(String, String), name: &str) -> Option<&Element> {
        let path = if home.1.is_empty() { name.to_owned() } else { format!("{}.{name}", home.1) };
        let mut kind = self.kinds.get(&home.0)?;
        loop {
            if let Some(found) = kind.elements.iter().find(|one| one.path == path) {
                return Some(found);
            }
            kind = self.kinds.get(kind.base.as_ref()?)?;
        }
    }
}

/// What a value of any type may be, beside the primitives (R4 datatypes.html#open).
pub const OPEN: [&str; 31] = [
    "Address",
    "Age",
    "Annotation",
    "Attachment",
    "CodeableConcept",
    "Coding",
    "ContactDetail",
    "ContactPoint",
    "Contributor",
    "Count",
    "DataRequirement",
    "Distance",
    "Dosage",
    "Duration",
    "Expression",
    "HumanName",
    "Identifier",
    "Meta",
    "Money",
    "ParameterDefinition",
    "Period",
    "Quantity",
    "Range",
    "Ratio",
    "Reference",
    "RelatedArtifact",
    "SampledData",
    "Signature",
    "Timing",
    "TriggerDefinition",
    "UsageContext",
];

fn base_kind(definition: &Value, names: &Names) -> io::Result<Kind> {
    let mut elements = read(definition, names)?;
    let root = elements.remove(0);
    let id = definition["id"].as_str().unwrap_or_default();
    let base = definition["baseDefinition"].as_str().and_then(|url| url.rsplit('/').next());
    let base = match base {
        _ if id == "DomainResource" || id == "Extension" => None,
        Some("DomainResource") => Some("DomainResource".to_owned()),
        Some("Quantity") => Some("Quantity".to_owned()),
        _ => None,
    };
    let inherited = |element: &Element| {
        let last = element.path.rsplit('.').next().unwrap_or_default();
        let everywhere = ["id", "extension"].contains(&last) && id != "DomainResource";
        let modifier = last == "modifierExtension" && id != "DomainResource";
        let common = ["meta", "implicitRules", "language", "text", "contained"];
        let resource = base.as_deref() == Some("DomainResource");
        everywhere || modifier || (resource && common.contains(&element.path.as_str()))
    };
    // A subtype of Quantity is one with limits of its own; the rest is inherited.
    let narrowed = |element: &Element| {
        base.as_deref() != Some("Quantity") || (element.path == "comparator" && element.max == "0")
    };
    elements.retain(|element| !inherited(element) && narrowed(element));
    Ok(Kind { base, root, elements })
}

/// A base type whose own definition is not at hand, read off a profile of it: the cardinalities are
/// those of the base, which every element of a snapshot repeats.
fn from_profile(name: &str, profiles: &[Value], names: &Names) -> io::Result<Kind> {
    let found = profiles.iter().find(|one| one["type"] == name);
    let mut definition =
        found.cloned().ok_or_else(|| io::Error::other(format!("no definition of {name}")))?;
    definition["id"] = name.into();
    definition["baseDefinition"] = "/DomainResource".into();
    if let Some(list) = definition["snapshot"]["element"].as_array_mut() {
        list.retain(|one| !one["id"].as_str().is_some_and(|id| id.contains(':')));
        for one in list {
            (one["min"], one["max"]) = (one["base"]["min"].clone(), one["base"]["max"].clone());
            one["constraint"] = Value::Null;
            one["slicing"] = Value::Null;
        }
    }
    base_kind(&definition, names)
}
