//! CapabilityStatement: what this gateway does, read off the table of what it serves.

use loopgate_referral::Timestamp;

use crate::served::{EVERY, Interaction, Param, SERVED, Served};
use crate::{Json, print_instant};

/// SDOHCC's statement of what a coordination platform shall do.
pub const COORDINATION_PLATFORM: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CapabilityStatement/SDOHCC-CoordinationPlatform";

const HISTORY: &str = "Every version of what was supplied is read by vread. Of what the gateway makes (Tasks and \
                       ServiceRequests of placements, Tasks with an answer, outcomes, a Patient as a target sees it) \
                       the newest alone.";
const SECURITY_SERVICE: &str = "http://terminology.hl7.org/CodeSystem/restful-security-service";
/// What is said of the gateway beside the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability<'a> {
    /// When the table last changed.
    pub date: Timestamp,
    /// The software's version.
    pub software_version: &'a str,
    /// The base URL.
    pub url: &'a str,
    /// Browsers of other sites may call.
    pub cors: bool,
}

/// The CapabilityStatement of this gateway.
pub fn capability_statement(says: &Capability<'_>) -> Json {
    let software =
        Json::object([("name", "loopgate".into()), ("version", says.software_version.into())]);
    let implementation =
        Json::object([("description", "Referral gateway".into()), ("url", says.url.into())]);
    let mut rest = Json::object([("mode", "server".into()), ("security", security(says))]);
    rest.set("documentation", HISTORY.into());
    rest.set("resource", Json::array(SERVED.iter().map(resource)));
    rest.set("interaction", codes(["transaction", "batch"]));
    Json::object([
        ("resourceType", "CapabilityStatement".into()),
        ("status", "active".into()),
        ("date", print_instant(says.date).into()),
        ("kind", "instance".into()),
        ("instantiates", strings(&[COORDINATION_PLATFORM])),
        ("software", software),
        ("implementation", implementation),
        ("fhirVersion", "4.0.1".into()),
        ("format", strings(&["json", "application/fhir+json"])),
        ("rest", Json::array([rest])),
    ])
}

fn security(says: &Capability<'_>) -> Json {
    let smart =
        Json::object([("system", SECURITY_SERVICE.into()), ("code", "SMART-on-FHIR".into())]);
    let words = "A client certificate of a known partner (mutual TLS), alone or with an access \
                 token of SMART Backend Services.";
    Json::object([
        ("cors", Json::Bool(says.cors)),
        ("service", Json::array([Json::object([("coding", Json::array([smart]))])])),
        ("description", words.into()),
    ])
}

fn resource(served: &Served) -> Json {
    let mut resource = Json::object([("type", served.kind.into())]);
    add(&mut resource, "supportedProfile", served.profiles);
    resource.set("interaction", codes(Interaction::ALL.map(Interaction::code)));
    resource.set("versioning", "versioned-update".into());
    resource.set("readHistory", Json::Bool(true));
    resource.set("updateCreate", Json::Bool(false));
    resource.set("conditionalCreate", Json::Bool(true));
    resource.set("conditionalRead", "full-support".into());
    resource.set("conditionalUpdate", Json::Bool(true));
    resource.set("conditionalDelete", "not-supported".into());
    add(&mut resource, "referencePolicy", &["literal"]);
    add(&mut resource, "searchInclude", served.includes);
    add(&mut resource, "searchRevInclude", served.rev_includes);
    resource.set("searchParam", Json::array(EVERY.iter().chain(served.params).map(search_param)));
    resource
}

fn add(resource: &mut Json, name: &'static str, texts: &[&str]) {
    if !texts.is_empty() {
        resource.set(name, strings(texts));
    }
}

fn search_param(param: &Param) -> Json {
    Json::object([
        ("name", param.name.into()),
        ("definition", param.canonical().as_str().into()),
        ("type", param.kind.code().into()),
    ])
}

fn codes<'a>(codes: impl IntoIterator<Item = &'a str>) -> Json {
    Json::array(codes.into_iter().map(|code| Json::object([("code", code.into())])))
}

fn strings(texts: &[&str]) -> Json {
    Json::array(texts.iter().map(|text| (*text).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAYS: Capability<'_> = Capability {
        date: Timestamp(0),
        software_version: "0.1.0",
        url: "https://gate.example/fhir",
        cors: false,
    };

    #[test]
    fn every_row_of_the_table_is_said_and_no_other() {
        let statement = capability_statement(&SAYS);
        assert_eq!(statement.list("instantiates"), [COORDINATION_PLATFORM.into()]);
        assert_eq!(statement.text("implementation.url"), Some(SAYS.url));
        let rest = &statement.list("rest")[0];
        let kinds: Vec<_> =
            rest.list("resource").iter().filter_map(|one| one.text("type")).collect();
        let table: Vec<_> = SERVED.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, table);
        for (said, row) in rest.list("resource").iter().zip(&SERVED) {
            let params: Vec<_> =
                said.list("searchParam").iter().filter_map(|one| one.text("name")).collect();
            let names: Vec<_> = EVERY.iter().chain(row.params).map(|param| param.name).collect();
            assert_eq!(params, names);
            assert_eq!(said.list("interaction").len(), Interaction::ALL.len());
        }
    }

    #[test]
    fn a_parameter_is_named_by_its_canonical() {
        let of = |kind: &str, name: &str| {
            Served::of(kind).and_then(|row| row.param(name)).map(Param::canonical)
        };
        let r4 = "http://hl7.org/fhir/SearchParameter/Task-status".to_owned();
        let sdohcc =
            "http://hl7.org/fhir/us/sdoh-clinicalcare/SearchParameter/Task-output-reference";
        assert_eq!(of("Task", "status"), Some(r4));
        assert_eq!(of("Task", "output").as_deref(), Some(sdohcc));
        assert_eq!(of("Task", "nothing"), None);
    }
}
