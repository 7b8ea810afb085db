//! CapabilityStatement: what this gateway does, as the caller lists it from its routes, and no more.

use loopgate_referral::Timestamp;

use crate::{Json, print_instant};

/// SDOHCC's statement of what a coordination platform shall do. To be named under `instantiates`
/// only by a gateway that does all of it.
pub const COORDINATION_PLATFORM: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CapabilityStatement/SDOHCC-CoordinationPlatform";

/// A search parameter that is routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchParam {
    /// Its name.
    pub name: &'static str,
    /// Its type: `token`, `reference`, `date`.
    pub kind: &'static str,
}

/// A resource type that is routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoutedResource {
    /// The type.
    pub kind: &'static str,
    /// The canonicals of the profiles it is read and written in.
    pub profiles: &'static [&'static str],
    /// `read`, `create`, `update`, `search-type`.
    pub interactions: &'static [&'static str],
    /// The parameters of its search.
    pub search_params: &'static [SearchParam],
    /// `If-None-Exist` is obeyed.
    pub conditional_create: bool,
}

/// What is said of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability<'a> {
    /// When the statement was made.
    pub date: Timestamp,
    /// The software's version.
    pub software_version: &'a str,
    /// The base URL, if it is known.
    pub url: Option<&'a str>,
    /// Canonicals of the statements it lives up to, [`COORDINATION_PLATFORM`].
    pub instantiates: &'a [&'a str],
    /// How callers are known, in words.
    pub security: &'a str,
    /// Interactions with the whole system: `transaction`.
    pub system: &'a [&'a str],
    /// The resource types.
    pub resources: &'a [RoutedResource],
}

/// The CapabilityStatement of this gateway.
pub fn capability_statement(says: &Capability<'_>) -> Json {
    let mut statement = Json::object([
        ("resourceType", "CapabilityStatement".into()),
        ("status", "active".into()),
        ("date", print_instant(says.date).into()),
        ("kind", "instance".into()),
    ]);
    if !says.instantiates.is_empty() {
        statement.set("instantiates", strings(says.instantiates));
    }
    let software =
        Json::object([("name", "loopgate".into()), ("version", says.software_version.into())]);
    statement.set("software", software);
    let mut implementation = Json::object([("description", "Referral gateway".into())]);
    if let Some(url) = says.url {
        implementation.set("url", url.into());
    }
    statement.set("implementation", implementation);
    statement.set("fhirVersion", "4.0.1".into());
    statement.set("format", strings(&["json"]));
    let mut rest = Json::object([
        ("mode", "server".into()),
        ("security", Json::object([("description", says.security.into())])),
    ]);
    if !says.resources.is_empty() {
        rest.set("resource", Json::array(says.resources.iter().map(resource)));
    }
    if !says.system.is_empty() {
        rest.set("interaction", interactions(says.system));
    }
    statement.set("rest", Json::array([rest]));
    statement
}

fn resource(routed: &RoutedResource) -> Json {
    let mut resource = Json::object([("type", routed.kind.into())]);
    if !routed.profiles.is_empty() {
        resource.set("supportedProfile", strings(routed.profiles));
    }
    if !routed.interactions.is_empty() {
        resource.set("interaction", interactions(routed.interactions));
    }
    resource.set("versioning", "versioned".into());
    if routed.conditional_create {
        resource.set("conditionalCreate", Json::Bool(true));
    }
    if !routed.search_params.is_empty() {
        let params = routed
            .search_params
            .iter()
            .map(|param| Json::object([("name", param.name.into()), ("type", param.kind.into())]));
        resource.set("searchParam", Json::array(params));
    }
    resource
}

fn interactions(codes: &[&str]) -> Json {
    Json::array(codes.iter().map(|code| Json::object([("code", (*code).into())])))
}

fn strings(texts: &[&str]) -> Json {
    Json::array(texts.iter().map(|text| (*text).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_claimed() {
        let task = RoutedResource {
            kind: "Task",
            profiles: &["p"],
            interactions: &["read", "create"],
            search_params: &[SearchParam { name: "_id", kind: "token" }],
            conditional_create: true,
        };
        let says = Capability {
            date: Timestamp(0),
            software_version: "0.1.0",
            url: None,
            instantiates: &[],
            security: "mutual TLS",
            system: &["transaction"],
            resources: &[task],
        };
        let want = concat!(
            r#"{"resourceType":"CapabilityStatement","status":"active","#,
            r#""date":"1970-01-01T00:00:00.000Z","kind":"instance","#,
            r#""software":{"name":"loopgate","version":"0.1.0"},"#,
            r#""implementation":{"description":"Referral gateway"},"fhirVersion":"4.0.1","#,
            r#""format":["json"],"rest":[{"mode":"server","#,
            r#""security":{"description":"mutual TLS"},"resource":[{"type":"Task","#,
            r#""supportedProfile":["p"],"interaction":[{"code":"read"},{"code":"create"}],"#,
            r#""versioning":"versioned","conditionalCreate":true,"#,
            r#""searchParam":[{"name":"_id","type":"token"}]}],"#,
            r#""interaction":[{"code":"transaction"}]}]}"#
        );
        assert_eq!(capability_statement(&says).to_string(), want);
        let instantiates = [COORDINATION_PLATFORM];
        let says = Capability {
            url: Some("https://gate.example/fhir"),
            instantiates: &instantiates,
            system: &[],
            resources: &[],
            ..says
        };
        let statement = capability_statement(&says);
        assert_eq!(statement.list("instantiates"), [COORDINATION_PLATFORM.into()]);
        assert_eq!(statement.text("implementation.url"), says.url);
        assert_eq!(statement.list("rest")[0].members().len(), 2);
    }
}
