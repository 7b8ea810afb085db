//! Law: a document with every right side filled comes back from read and write unchanged.

use std::sync::LazyLock;

use loopgate_consent::Groups;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::constants;
use crate::Library;

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::builtin);

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("FHIR has no empty texts", |text| !text.is_empty())
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![any::<i64>().prop_map(Value::from), (-1e12..1e12f64).prop_map(Value::from),]
}

fn status() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "new",
        "accepted",
        "declined",
        "in-progress",
        "on-hold",
        "served",
        "not-served",
        "cancelled",
        "withdrawn",
    ])
}

prop_compose! {
    fn referral()(
        (id, category, priority, authored_on, note) in (text(), text(), text(), text(), text()),
        (code, display, system) in (text(), text(), text()),
        (family, name, given) in (text(), text(), prop::collection::vec(text(), 1..4)),
        (phone, email, language) in (text(), text(), text()),
        size in number(),
        status in status(),
    ) -> Value {
        json!({
            "referral_id": id,
            "status": status,
            "authored_on": authored_on,
            "need": {
                "category": category,
                "contact": "do-not-contact",
                "priority": priority,
                "service": { "code": code, "display": display, "system": system },
            },
            "client": {
                "name": { "family": family, "given": given, "text": name },
                "phone": phone,
                "email": email,
                "language": language,
            },
            "household": { "size": size },
            "note": note,
        })
    }
}

/// Drop the members that `keep` says no to, in order of the walk.
fn thin(value: &mut Value, keep: &mut impl Iterator<Item = bool>) {
    if let Value::Object(members) = value {
        members.retain(|_, child| {
            thin(child, keep);
            let empty = child.as_object().is_some_and(|members| members.is_empty());
            !empty && (child.is_object() || keep.next().unwrap_or(true))
        });
    }
}

fn check(right: &Value) -> Result<(), TestCaseError> {
    let mapping = LIBRARY.mapping("cbo-json/referral").unwrap();
    let read = mapping.read(right, &constants()).unwrap();
    prop_assert!(read.not_carried.is_empty());
    let written = mapping.write(&read.pivot, &Groups::all(), &constants()).unwrap();
    prop_assert_eq!(&written.document, right);
    prop_assert!(written.not_carried.is_empty() && written.withheld.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_full_document_comes_back(right in referral()) {
        check(&right)?;
    }

    #[test]
    fn so_does_one_with_gaps(right in referral(), keep in prop::collection::vec(any::<bool>(), 16)) {
        let mut thinned = right.clone();
        thin(&mut thinned, &mut keep.into_iter());
        for path in ["referral_id", "status"] {
            thinned[path] = right[path].clone();
        }
        thinned["need"]["category"] = right["need"]["category"].clone();
        check(&thinned)?;
    }

    /// Whatever comes, it is translated or refused.
    #[test]
    fn no_document_brings_it_down(right in referral(), junk in text(), place in 0..12usize) {
        let places = ["", "/need", "/need/service", "/client", "/client/name", "/client/name/given",
            "/client/phone", "/household", "/household/size", "/status", "/referral_id", "/note"];
        let mut odd = right;
        *odd.pointer_mut(places[place]).unwrap() = json!([{ junk.clone(): junk }]);
        prop_assert!(LIBRARY.mapping("cbo-json/referral").unwrap().read(&odd, &constants()).is_err());
    }
}
