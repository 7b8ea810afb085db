//! What an update changes: the author may change everything, the owner only `status`,
//! `statusReason` and `output` (SDOHCC, `Task.update`); the rule itself is the server's.

use crate::Json;

/// The top-level members that differ, but for `meta.versionId` and `meta.lastUpdated`, which are
/// ours to set. Numbers differ when their digits do.
pub fn changed_members(old: &Json, new: &Json) -> Vec<String> {
    let mut names: Vec<&str> =
        old.members().iter().chain(new.members()).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = |name: &str| match name {
        "meta" => theirs(old) != theirs(new),
        name => !same(old.get(name), new.get(name)),
    };
    names.into_iter().filter(|name| differs(name)).map(str::to_owned).collect()
}

/// The members of `meta` that are the supplier's, by name.
fn theirs(resource: &Json) -> Vec<(&str, String)> {
    let mut members: Vec<(&str, String)> = resource
        .get("meta")
        .map_or(&[][..], Json::members)
        .iter()
        .filter(|(name, _)| name != "versionId" && name != "lastUpdated")
        .map(|(name, value)| (name.as_str(), sorted(value).to_string()))
        .collect();
    members.sort_unstable();
    members
}

/// Equal, whatever the order of members.
fn same(a: Option<&Json>, b: Option<&Json>) -> bool {
    a.map(sorted) == b.map(sorted)
}

fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members)
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        json => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn check(old: &str, new: &str, want: &[&str]) {
        let parse = |text: &str| Json::parse(text.as_bytes(), "Task", &Limits::default()).unwrap();
        assert_eq!(changed_members(&parse(old), &parse(new)), want, "{old} {new}");
        let mut back = changed_members(&parse(new), &parse(old));
        back.sort();
        assert_eq!(back, want, "{new} {old}");
    }

    #[test]
    fn what_differs_is_named() {
        check(r#"{"a":1,"b":{"c":1,"d":2}}"#, r#"{"b":{"d":2,"c":1},"a":1}"#, &[]);
        check(r#"{"a":1.0}"#, r#"{"a":1.00}"#, &["a"]);
        check(r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, &["a"]);
        check(r#"{"status":"a","x":1}"#, r#"{"status":"b","y":1}"#, &["status", "x", "y"]);
        check(r#"{"_status":{"id":"1"}}"#, r#"{}"#, &["_status"]);
    }

    #[test]
    fn our_part_of_meta_does_not_count() {
        let old = r#"{"meta":{"versionId":"1","lastUpdated":"x","profile":["p"]}}"#;
        check(old, r#"{"meta":{"profile":["p"],"versionId":"2"}}"#, &[]);
        check(old, r#"{"meta":{"versionId":"1"}}"#, &["meta"]);
        check(r#"{"meta":{"versionId":"1"}}"#, "{}", &[]);
        check(r#"{"meta":{"tag":[{"code":"t"}]}}"#, "{}", &["meta"]);
    }
}
