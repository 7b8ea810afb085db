//! A Group of people. It is about several persons and kept under the key of none of them, so it may
//! say who they are by literal references alone: whoever is erased, is erased from it too.

use crate::fault::Faults;
use crate::party::{PartyRef, literal};
use crate::reference::Ref;
use crate::task::of_kind;
use crate::{Fault, IssueCode, Json, Resource};

/// Each member is one more entry of the log whenever the Group is read.
const MEMBERS_MAX: usize = 1_000;

/// What a member may say beside its `entity`.
const OF_MEMBER: [&str; 4] = ["id", "entity", "period", "inactive"];

/// A Group, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupIn {
    /// Its references to Patients, with their places.
    pub members: Vec<Ref>,
}

impl GroupIn {
    /// Reads a Group of Patients, and refuses what would name one of them in another way.
    pub fn read(resource: &Resource) -> Result<GroupIn, Vec<Fault>> {
        let json = of_kind(resource, "Group")?;
        let mut faults = Faults::default();
        if json.get("contained").is_some() {
            let words = "may hold a person; send each resource by itself";
            faults.push(Fault::new(IssueCode::BusinessRule, "Group.contained", words));
        }
        // Written of resources that hold names, it holds them too.
        if json.get("text").is_some() && json.get("member").is_some() {
            let words = "may name members; a Group with members comes without it";
            faults.push(Fault::new(IssueCode::BusinessRule, "Group.text", words));
        }
        if json.list("member").len() > MEMBERS_MAX {
            let words = format!("has more than {MEMBERS_MAX} members");
            faults.push(Fault::new(IssueCode::TooCostly, "Group.member", words));
            return faults.or(None);
        }
        let members = json.list("member").iter().enumerate();
        let members =
            members.filter_map(|(n, one)| member(one, &format!("Group.member[{n}]"), &mut faults));
        let members = members.collect();
        elsewhere(json, &mut faults);
        faults.or(Some(GroupIn { members }))
    }
}

fn member(member: &Json, place: &str, faults: &mut Faults) -> Option<Ref> {
    only(member, &OF_MEMBER, place, faults);
    let text = faults.take(literal(member, "entity", "Patient", place))?;
    let expression = format!("{place}.entity");
    by_reference_alone(member.get("entity")?, &expression, faults);
    Some(Ref { expression, text })
}

/// People may be referred to beside the members: who manages the group, a value of what they share.
fn elsewhere(group: &Json, faults: &mut Faults) {
    let managing = group.get("managingEntity").map(|one| ("Group.managingEntity".to_owned(), one));
    let values = group.list("characteristic").iter().enumerate().filter_map(|(n, one)| {
        Some((format!("Group.characteristic[{n}].valueReference"), one.get("valueReference")?))
    });
    for (place, reference) in managing.into_iter().chain(values) {
        if let Some("Patient" | "RelatedPerson") = PartyRef::kind(reference).as_deref() {
            by_reference_alone(reference, &place, faults);
        }
    }
}

fn by_reference_alone(reference: &Json, place: &str, faults: &mut Faults) {
    only(reference, &["reference", "type"], place, faults);
}

fn only(json: &Json, allowed: &[&str], place: &str, faults: &mut Faults) {
    for (name, _) in json.members().iter().filter(|(name, _)| !allowed.contains(&name.as_str())) {
        let words = "is not taken here: a Group names people by literal references alone";
        faults.push(Fault::at_member(IssueCode::BusinessRule, place, name, words));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read(rest: &str) -> Result<GroupIn, Vec<Fault>> {
        let text =
            format!(r#"{{"resourceType":"Group","type":"person","actual":true,"name":"g"{rest}}}"#);
        GroupIn::read(&Resource::read(text.as_bytes(), &Limits::default())?)
    }

    fn check(rest: &str, want: &[(&str, IssueCode)]) {
        let faults = read(rest).err().unwrap_or_default();
        let got: Vec<(&str, IssueCode)> =
            faults.iter().map(|fault| (fault.expression.as_str(), fault.code)).collect();
        assert_eq!(got, want, "{rest}");
        assert!(!format!("{faults:?}").contains("nonsense"), "{faults:?}");
    }

    #[test]
    fn members_are_patients_by_literal_reference() {
        let two = r#","member":[{"entity":{"reference":"Patient/1","type":"Patient"}},
            {"id":"m","entity":{"reference":"Patient/2"},"inactive":true,
             "period":{"start":"2026-01-01"}}]"#;
        let member = |n: usize, text: &str| Ref {
            expression: format!("Group.member[{n}].entity"),
            text: text.into(),
        };
        let members = vec![member(0, "Patient/1"), member(1, "Patient/2")];
        assert_eq!(read(two), Ok(GroupIn { members }));
        assert_eq!(
            read(r#","text":{"status":"empty","div":"d"}"#),
            Ok(GroupIn { members: Vec::new() })
        );
    }

    #[test]
    fn what_would_name_a_person_in_another_way_is_refused_where_it_is() {
        use IssueCode::{BusinessRule, NotSupported, TooCostly, Value};
        let entity = |entity: &str| format!(r#","member":[{{"entity":{{{entity}}}}}]"#);
        let place = "Group.member[0].entity";
        check(&entity(r#""reference":"Practitioner/1""#), &[(place, NotSupported)]);
        check(&entity(r#""reference":"Group/1""#), &[(place, NotSupported)]);
        check(&entity(r#""reference":"no reference""#), &[(&format!("{place}.reference"), Value)]);
        check(
            &entity(r#""identifier":{"system":"s","value":"nonsense"}"#),
            &[(place, NotSupported)],
        );
        for (more, name) in [
            (r#""display":"nonsense""#, "display"),
            (r#""identifier":{"system":"s","value":"nonsense"}"#, "identifier"),
            (r#""extension":[{"url":"http://x","valueString":"nonsense"}]"#, "extension"),
            (r#""_reference":{"id":"nonsense"}"#, "_reference"),
        ] {
            let text = entity(&format!(r#""reference":"Patient/1",{more}"#));
            check(&text, &[(&format!("{place}.{name}"), BusinessRule)]);
        }
        let beside = r#","member":[{"entity":{"reference":"Patient/1"},
            "extension":[{"url":"http://x","valueString":"nonsense"}],"name":"nonsense"}]"#;
        let places = ["Group.member[0].extension", "Group.member[0].name"];
        check(beside, &places.map(|place| (place, BusinessRule)));
        let managed = r#","managingEntity":{"reference":"RelatedPerson/1","display":"nonsense"}"#;
        check(managed, &[("Group.managingEntity.display", BusinessRule)]);
        let shared = r#","characteristic":[{"code":{"text":"t"},"exclude":false,
            "valueReference":{"reference":"Patient/1","display":"nonsense"}}]"#;
        check(shared, &[("Group.characteristic[0].valueReference.display", BusinessRule)]);
        check(&shared.replace("Patient", "Organization"), &[]);
        let narrative = r#","text":{"status":"generated","div":"nonsense"}"#;
        check(narrative, &[]);
        let one = entity(r#""reference":"Patient/1""#);
        check(&format!("{narrative}{one}"), &[("Group.text", BusinessRule)]);
        check(
            r##","managingEntity":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"n"}]"##,
            &[("Group.contained", BusinessRule)],
        );
        let many = vec![r#"{"entity":{"reference":"Patient/1"}}"#; MEMBERS_MAX + 1].join(",");
        check(&format!(r#","member":[{many}]"#), &[("Group.member", TooCostly)]);
    }
}
