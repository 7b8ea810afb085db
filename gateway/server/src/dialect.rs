//! The dialect of a partner: a folder of the deployment's mappings, named in its file.
//!
//! Not here: what a mapping file may say (crate `mapping`), what becomes of what is said
//! (`inbound/cbo/say.rs`).

use loopgate_fhir::REFERRAL;
use loopgate_mapping::{Constants, Library, Mapping, Needed};
use loopgate_referral::OrgId;

use crate::gate::Gate;
use crate::partner::{ChannelKind, Partner};
use crate::refusal::Trouble;

/// The dialect of whoever names none, and of our own pages.
pub const COMMUNITY: &str = "cbo-json";

/// The mapping of a referral in it.
pub const COMMUNITY_REFERRAL: &str = "cbo-json/referral";
/// The mapping of where a referral stands in it.
pub const COMMUNITY_STATUS: &str = "cbo-json/status";

/// What a document can ask for, by the names that mapping files have for it.
pub const ACTS: [&str; 15] = [
    "none",
    "accept",
    "decline",
    "withdraw",
    "start",
    "hold",
    "not-served",
    "served",
    "appointment",
    "appointment-cancelled",
    "no-show",
    "note",
    "agree-cancel",
    "refuse-cancel",
    "not-yours",
];

/// The name of a partner's dialect of JSON. One that speaks HL7 v2 asks by REST in ours.
pub fn of(partner: &Partner) -> &str {
    let channel = partner.channel.as_ref().filter(|one| one.kind != ChannelKind::Hl7v2);
    channel.map_or(COMMUNITY, |channel| &channel.dialect)
}

/// The mapping of a message in the dialect of an organization, and what it needs to know.
pub fn mapping<'g>(
    gate: &'g Gate,
    org: &OrgId,
    message: &str,
) -> Result<(&'g Mapping, Constants), Trouble> {
    let roster = gate.scribe.published().roster.load();
    let partner = roster.get(org);
    let dialect = partner.map_or(COMMUNITY, of);
    let mapping = gate.library.mapping(&format!("{dialect}/{message}")).ok_or_else(|| {
        tracing::error!(%org, dialect, message, "a partner's dialect has no mapping of this name");
        Trouble::Outage
    })?;
    Ok((mapping, partner.map_or_else(Constants::default, constants)))
}

/// What the mappings need to know of a partner.
pub fn constants(partner: &Partner) -> Constants {
    let constants: Constants = [("referral", REFERRAL)].into_iter().collect();
    constants.in_zone(partner.time_zone.clone())
}

/// What is wrong with a dialect for a community organization, in words.
pub fn flaws(library: &Library, dialect: &str) -> Vec<String> {
    let named = |message: &str| {
        let found = library.mapping(&format!("{dialect}/{message}"));
        found.filter(|mapping| mapping.is_json())
    };
    let missing = ["referral", "status"].into_iter().filter(|message| named(message).is_none());
    let mut flaws: Vec<String> =
        missing.map(|message| format!("there is no mapping {dialect}/{message}.toml")).collect();
    if named("referral").is_some_and(|mapping| !is_safe(mapping)) {
        flaws.push(format!("{dialect}/referral.toml has no safety row for {PROHIBITED}"));
    }
    let own = |mapping: &&Mapping| {
        mapping.name().strip_prefix(dialect).is_some_and(|rest| rest.starts_with('/'))
    };
    for mapping in library.mappings().filter(own) {
        let words = mapping.acts().into_iter().flat_map(|acts| acts.words());
        let unknown = words.filter(|word| !ACTS.contains(&word.act.as_str()));
        flaws.extend(unknown.map(|word| {
            let (name, line, known) = (mapping.name(), word.line, ACTS.join(", "));
            format!("{name}.toml:{line} asks for {:?}, which is not one of {known}", word.act)
        }));
    }
    flaws
}

const PROHIBITED: &str = "contacting-subject-prohibited";

/// Whether it carries that a person must not be contacted, or stops.
fn is_safe(mapping: &Mapping) -> bool {
    let says = format!("ServiceRequest.orderDetail.where(coding.code='{PROHIBITED}')");
    mapping.rows().any(|row| row.needed == Needed::IfThere && row.left.starts_with(&says))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_whole_and_asks_for_what_there_is() {
        let all = || Library::files().map(|(path, text)| (path.to_owned(), text.to_owned()));
        let flaws = |change: &dyn Fn(&str, String) -> Option<String>| {
            let files = all().filter_map(|(path, text)| Some((path.clone(), change(&path, text)?)));
            super::flaws(&Library::from_files(files).unwrap(), "cie-hub")
        };
        assert_eq!(flaws(&|_, text| Some(text)), [""; 0]);
        for dialect in Library::builtin().dialects() {
            assert_eq!(super::flaws(&Library::builtin(), dialect), [""; 0], "{dialect}");
        }
        let without = flaws(&|path, text| (path != "cie-hub/status.toml").then_some(text));
        assert_eq!(without, ["there is no mapping cie-hub/status.toml"]);
        let unsafe_one = flaws(&|path, text| {
            Some(if path == "cie-hub/referral.toml" {
                text.replace("safety = [", "may = [")
            } else {
                text
            })
            .map(|text| {
                text.replace(
                    "]\nmay = [\n  { left = \"Task.status\"",
                    "\n  { left = \"Task.status\"",
                )
            })
        });
        assert_eq!(
            unsafe_one,
            ["cie-hub/referral.toml has no safety row for contacting-subject-prohibited"]
        );
        let odd = flaws(&|_, text| Some(text.replace("act = \"accept\"", "act = \"agree\"")));
        assert_eq!(odd.len(), 2);
        assert!(
            odd[0].starts_with(
                "cie-hub/outcome.toml:15 asks for \"agree\", which is not one of none,"
            )
        );
    }
}
