//! Rules of R4's data types and resources.

use super::{Rule, choice, coded, each, has, has_choice, implies, in_order, number};
use crate::Json;

const UCUM: &str = "http://unitsofmeasure.org";
const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";

macro_rules! rules {
    ($($key:literal $(of $of:literal)?, $words:literal, $holds:expr;)*) => {
        &[$(Rule { key: $key, of: rules!(@ $($of)?), words: $words, holds: $holds }),*]
    };
    (@) => { None };
    (@ $of:literal) => { Some($of) };
}
pub(super) use rules;

pub(super) const RULES: &[Rule] = rules![
    // Data types.
    "per-1", "ends before it starts", |j| in_order(j.text("start"), j.text("end"));
    "qty-3", "has a code without its system", |j| implies(has(j, "code"), has(j, "system"));
    "sqty-1", "has a comparator", |j| !has(j, "comparator");
    "rng-2", "has a low above its high", range;
    "rat-1", "has one half of a ratio", |j| {
        has(j, "numerator") == has(j, "denominator") && (has(j, "numerator") || has(j, "extension"))
    };
    "cpt-2", "has a value without a system", |j| implies(has(j, "value"), has(j, "system"));
    "att-1", "has data without a contentType", |j| implies(has(j, "data"), has(j, "contentType"));
    "age-1", "is no age", |j| ucum_value(j) && number(j, "value").is_none_or(|n| n > 0.0);
    "dis-1", "is no distance", ucum_value;
    "cnt-3", "is no count", |j| {
        ucum_value(j)
            && j.text("code").is_none_or(|code| code == "1")
            && !matches!(j.get("value"), Some(Json::Number(digits)) if digits.contains('.'))
    };
    "drt-1", "is no duration", |j| {
        implies(has(j, "code"), j.text("system") == Some(UCUM) && has(j, "value"))
    };
    "exp-1", "has neither expression nor reference", |j| has(j, "expression") || has(j, "reference");
    "trd-1", "has data and timing", |j| !(has(j, "data") && has_choice(j, "timing"));
    "trd-2", "has a condition without data", |j| implies(has(j, "condition"), has(j, "data"));
    "trd-3", "lacks what its type needs", trigger;
    "drq-1", "needs path or searchParam, and one alone", |j| has(j, "path") != has(j, "searchParam");
    "drq-2", "needs path or searchParam, and one alone", |j| has(j, "path") != has(j, "searchParam");
    "tim-1", "has a duration without its unit", |j| implies(has(j, "duration"), has(j, "durationUnit"));
    "tim-2", "has a period without its unit", |j| implies(has(j, "period"), has(j, "periodUnit"));
    "tim-4", "has a negative duration", |j| number(j, "duration").is_none_or(|n| n >= 0.0);
    "tim-5", "has a negative period", |j| number(j, "period").is_none_or(|n| n >= 0.0);
    "tim-6", "has periodMax without period", |j| implies(has(j, "periodMax"), has(j, "period"));
    "tim-7", "has durationMax without duration", |j| implies(has(j, "durationMax"), has(j, "duration"));
    "tim-8", "has countMax without count", |j| implies(has(j, "countMax"), has(j, "count"));
    "tim-9", "has an offset that nothing is offset from", |j| {
        let meal = |when: &Json| matches!(when.as_str(), Some("C" | "CM" | "CD" | "CV"));
        implies(has(j, "offset"), has(j, "when") && !j.list("when").iter().any(meal))
    };
    "tim-10", "has timeOfDay and when", |j| !(has(j, "timeOfDay") && has(j, "when"));
    // Resources.
    "inv-1", "was last modified before it was written", |j| {
        in_order(j.text("authoredOn"), j.text("lastModified"))
    };
    "prr-1", "has an orderDetail without a code", |j| implies(has(j, "orderDetail"), has(j, "code"));
    "ppc-1", "has neither policy nor policyRule", |j| has(j, "policy") || has(j, "policyRule");
    "con-1", "has neither summary nor assessment", |j| has(j, "summary") || has(j, "assessment");
    "con-2", "has neither code nor detail", |j| has(j, "code") || has(j, "detail");
    "con-4", "has abated and is not inactive, resolved or in remission", |j| {
        let over = coded(j.get("clinicalStatus"), CLINICAL, &["resolved", "remission", "inactive"]);
        implies(has_choice(j, "abatement"), over)
    };
    "con-5", "was entered in error and has a clinicalStatus", |j| {
        let wrong = coded(j.get("verificationStatus"), VERIFICATION, &["entered-in-error"]);
        !(wrong && has(j, "clinicalStatus"))
    };
    "obs-3", "has neither low, high nor text", |j| has(j, "low") || has(j, "high") || has(j, "text");
    "obs-6", "has a value and a reason for none", |j| {
        !(has(j, "dataAbsentReason") && has_choice(j, "value"))
    };
    "obs-7", "has a value and a component of the same code", same_code;
    "pat-1", "names nobody", |j| {
        ["name", "telecom", "address", "organization"].iter().any(|name| has(j, name))
    };
    "org-1", "has neither name nor identifier", |j| has(j, "name") || has(j, "identifier");
    "org-2", "is somebody's home", |j| j.text("use") != Some("home");
    "org-3", "is somebody's home", |j| j.text("use") != Some("home");
    "gol-1", "has a detail without a measure", |j| {
        implies(has_choice(j, "detail"), has(j, "measure"))
    };
    "grp-1", "is not actual and has members", |j| {
        implies(has(j, "member"), j.get("actual") == Some(&Json::Bool(true)))
    };
    "imm-1", "has neither documentType nor reference", |j| has(j, "documentType") || has(j, "reference");
];

fn range(json: &Json) -> bool {
    let (Some(low), Some(high)) = (json.get("low"), json.get("high")) else { return true };
    // Of different units, they cannot be compared.
    let same = ["unit", "system", "code"].iter().all(|name| low.get(name) == high.get(name));
    let values = number(low, "value").zip(number(high, "value"));
    !same || values.is_none_or(|(low, high)| low <= high)
}

/// A value is in a unit, and the unit is of UCUM.
fn ucum_value(json: &Json) -> bool {
    implies(has(json, "value"), has(json, "code"))
        && json.text("system").is_none_or(|system| system == UCUM)
}

fn trigger(json: &Json) -> bool {
    match json.text("type") {
        Some("named-event") => has(json, "name"),
        Some("periodic") => has_choice(json, "timing"),
        Some(kind) if kind.starts_with("data-") => has(json, "data"),
        _ => true,
    }
}

fn same_code(json: &Json) -> bool {
    if choice(json, "value").is_none() {
        return true;
    }
    // What has no code is the same as nothing.
    let code =
        |one: &Json| Some((one.text("system").map(str::to_owned), one.text("code")?.to_owned()));
    let own: Vec<_> = json.list("code.coding").iter().filter_map(code).collect();
    let of_components = each(json, "component", "code");
    let mut codings = of_components.iter().flat_map(|code| code.list("coding")).filter_map(code);
    !codings.any(|one| own.contains(&one))
}
