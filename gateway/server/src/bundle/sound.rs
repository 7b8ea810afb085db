//! What an HL7 v2 message may say and FHIR may not: a code of the site's own in HL7's table, a unit's code of no
//! system, a way of contact or a document of no kind. Said so that it holds, wherever in a resource it stands.
//!
//! Not here: what a resource lacks (`fill.rs`).

use serde_json::{Map, Value};

/// Of each table, its codes: R4's code systems `v2-NNNN`.
const TABLES: &str = include_str!("../../../../mappings/hl7v2/tables.tsv");
const TABLE: &str = "http://terminology.hl7.org/CodeSystem/v2-";

const SDOHCC: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
/// What is no SDOHCC category is not said to be one. The door does not ask for this: it refuses it.
pub(super) fn need(kind: &str, resource: &mut Value) {
    let categories = resource.get_mut("category").and_then(Value::as_array_mut);
    for category in categories.filter(|_| kind == "ServiceRequest").into_iter().flatten() {
        let codings = category.get_mut("coding").and_then(Value::as_array_mut);
        for coding in codings.into_iter().flatten().filter_map(Value::as_object_mut) {
            let text = |name: &str| coding.get(name).and_then(Value::as_str).unwrap_or_default();
            if text("system") == SDOHCC && !loopgate_fhir::is_category(text("code")) {
                coding.remove("system");
            }
        }
    }
}

/// Makes sound what `name` holds, and all that is in it.
pub(super) fn sound(name: &str, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| sound(name, item)),
        Value::Object(members) => {
            match name {
                "valueQuantity" | "low" | "high" => unit(members),
                "telecom" | "valueContactPoint" => contact(members),
                "attachment" | "valueAttachment" => document(members),
                _ => {}
            }
            code(name, members);
            members.iter_mut().for_each(|(name, member)| sound(name, member));
        }
        _ => {}
    }
}

/// A code that is not in HL7's table is the site's own, and a Coding without a code is of no system.
fn code(name: &str, members: &mut Map<String, Value>) {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let Some(system) = text("system") else { return };
    let unsound = match (text("code"), system.strip_prefix(TABLE)) {
        (None, _) => name == "coding" && members.contains_key("display"),
        (Some(code), Some(table)) => codes(table).is_some_and(|mut codes| codes.all(|c| c != code)),
        (Some(_), None) => false,
    };
    if unsound {
        members.remove("system");
    }
}

/// The codes of a table, if R4 has any of it.
fn codes(table: &str) -> Option<impl Iterator<Item = &'static str>> {
    let rows = TABLES.lines().filter_map(|line| line.split_once('\t'));
    let codes = rows.filter(|(number, _)| *number == table).map(|(_, codes)| codes).next()?;
    Some(codes.split(' '))
}

/// A unit's code means something in a system only (R4, qty-3). Without one it is the unit as people
/// write it, if nothing else is (guide, CWE[Quantity]).
fn unit(members: &mut Map<String, Value>) {
    if members.contains_key("system") {
        return;
    }
    if let Some(code) = members.remove("code") {
        members.entry("unit").or_insert(code);
    }
}

/// A way of contact says of which kind it is, if it has a value (R4, cpt-2).
fn contact(members: &mut Map<String, Value>) {
    let Some(value) = members.get("value").and_then(Value::as_str) else { return };
    let system = if value.contains('@') { "email" } else { "phone" };
    members.entry("system").or_insert_with(|| system.into());
}

/// A document says what it is (R4, att-1): where the message does not, it is a text.
fn document(members: &mut Map<String, Value>) {
    if members.contains_key("data") {
        members.entry("contentType").or_insert_with(|| "text/plain".into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(mut value: Value, wanted: Value) {
        sound("", &mut value);
        assert_eq!(value, wanted);
    }

    #[test]
    fn a_sites_own_code_is_not_of_hl7s_table() {
        let coded =
            |code: &str, system: Value| json!({ "coding": [{ "system": system, "code": code }] });
        let identifier_type = "http://terminology.hl7.org/CodeSystem/v2-0203";
        let kept = coded("MR", json!(identifier_type));
        check(json!({ "type": kept }), json!({ "type": kept }));
        let own = json!({ "type": { "coding": [{ "code": "MRN" }] } });
        check(json!({ "type": coded("MRN", json!(identifier_type)) }), own);
        // No codes of this table are known here, nor of what is no table.
        for system in ["http://terminology.hl7.org/CodeSystem/v2-0112", "http://loinc.org"] {
            let other = json!({ "type": coded("x", json!(system)) });
            check(other.clone(), other);
        }
        let words = json!({ "coding": [{ "display": "High" }] });
        check(json!({ "coding": [{ "system": "urn:a", "display": "High" }] }), words);
        // An identifier has no code, and keeps its system.
        let identifier = json!({ "identifier": [{ "system": "urn:a", "value": "1" }] });
        check(identifier.clone(), identifier);
    }

    #[test]
    fn what_is_no_need_is_not_said_to_be_one() {
        let coded =
            |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
        let mut request = json!({ "category": [
            coded(SDOHCC, "food-insecurity"), coded(SDOHCC, "Med"), coded("urn:a", "Med"),
        ] });
        need("ServiceRequest", &mut request);
        let own = json!({ "coding": [{ "code": "Med" }] });
        let wanted = [coded(SDOHCC, "food-insecurity"), own, coded("urn:a", "Med")];
        assert_eq!(request, json!({ "category": wanted }));
    }

    #[test]
    fn a_unit_of_no_system_is_what_people_write() {
        check(
            json!({ "valueQuantity": { "value": 1, "code": "mg" } }),
            json!({ "valueQuantity": { "value": 1, "unit": "mg" } }),
        );
        check(
            json!({ "valueQuantity": { "value": 1, "code": "mg", "unit": "milligram" } }),
            json!({ "valueQuantity": { "value": 1, "unit": "milligram" } }),
        );
        let whole = json!({ "valueQuantity": { "value": 1, "code": "mg", "system": "urn:a" } });
        check(whole.clone(), whole);
    }

    #[test]
    fn contacts_and_documents_say_of_which_kind_they_are() {
        check(
            json!({ "contact": [{ "telecom": [{ "value": "1" }, { "value": "a@b" }, { "use": "home" }] }] }),
            json!({ "contact": [{ "telecom": [
                { "value": "1", "system": "phone" }, { "value": "a@b", "system": "email" }, { "use": "home" },
            ] }] }),
        );
        check(
            json!({ "content": [{ "attachment": { "data": "YQ==" } }, { "attachment": { "title": "a" } }] }),
            json!({ "content": [
                { "attachment": { "data": "YQ==", "contentType": "text/plain" } }, { "attachment": { "title": "a" } },
            ] }),
        );
    }
}
