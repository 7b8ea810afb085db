//! How `Consent.provision` is read. R4 leaves much of it open (consent.html, "provision"), SDOHCC
//! does not profile it; these readings are ours.
//!
//! - A permit names what it permits: an absent selector names nothing, but an absent `action` is
//!   every action. A deny that names nothing denies everything.
//! - A root `permit` is a rule if it selects anything, and its nested provisions are rules.
//!   A root `deny`, or one without a type, with nested provisions is the base that everything is
//!   measured against, and the nested ones alone are rules. A root `deny` by itself is a rule.
//! - A nested provision inherits the root's period if it has none, and nothing else.
//! - `securityLabel`, `dataPeriod`, `class` (resource types) and `data` (meaning `instance`) select
//!   some of the data (IHE PCF Intermediate and Advanced). A permit with a label permits up to that
//!   level; a deny with any of them keeps that data back, and not all.
//! - Whatever else we meet (deeper nesting, a selector we do not evaluate, a label we do not know, a
//!   value with an extension in place of or beside it) makes the whole Consent uninterpretable.

use jiff::tz::Offset;
use loopgate_consent::{Action, DataClass, Effect, Label, Period, Purpose};

use crate::code::{ACT_REASON, CONSENT_ACTION, SDOHCC, bare_codings, codings};
use crate::party::PartyRef;
use crate::{Json, Moment};

const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

/// One provision, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provision {
    /// Permit or deny.
    pub effect: Effect,
    /// The actors that receive (IRCP); `None` for one that cannot be read.
    pub recipients: Vec<Actor>,
    /// The data classes of its codes.
    pub classes: Vec<DataClass>,
    /// Its purposes.
    pub purposes: Vec<Purpose>,
    /// Its actions.
    pub actions: Vec<Action>,
    /// Its period, or the root's.
    pub period: Period,
    /// Its security labels.
    pub labels: Vec<Label>,
    /// When the data is from.
    pub data_period: Period,
    /// The resource types it is about.
    pub kinds: Vec<String>,
    /// The very resources it is about, as references.
    pub instances: Vec<String>,
}

/// An actor, if it can be read.
pub type Actor = Option<PartyRef>;

/// What the provisions of a Consent come to.
pub(crate) enum Reading {
    /// These.
    Provisions(Vec<Provision>),
    /// Nothing computable.
    Nothing,
    /// Something we do not read.
    Uninterpretable,
}

/// Reads the root provision.
pub(crate) fn read(root: Option<&Json>, zone: Offset) -> Reading {
    let Some(root) = root else { return Reading::Nothing };
    match rules(root, zone) {
        Some(rules) if rules.is_empty() => Reading::Nothing,
        Some(rules) => Reading::Provisions(rules),
        None => Reading::Uninterpretable,
    }
}

/// The rules; `None` if something cannot be interpreted.
fn rules(root: &Json, zone: Offset) -> Option<Vec<Provision>> {
    let nested = root.list("provision");
    let all = || nested.iter().chain([root]);
    if extends_a_primitive(root)
        || all().any(selects_beyond_us)
        || nested.iter().any(|inner| inner.get("provision").is_some())
    {
        return None;
    }
    let base = period(root, zone)?;
    let mut rules = Vec::new();
    match root.text("type") {
        Some("permit") if selects(root) => rules.push(rule(root, Effect::Permit, base, zone)?),
        Some("permit") => {}
        Some("deny") if nested.is_empty() => rules.push(rule(root, Effect::Deny, base, zone)?),
        // Neither permit nor deny, and yet about something.
        None if nested.is_empty() && selects(root) => return None,
        None | Some("deny") => {}
        Some(_) => return None,
    }
    for inner in nested {
        let effect = match inner.text("type") {
            Some("permit") => Effect::Permit,
            Some("deny") => Effect::Deny,
            // R4: required in all nested rules.
            _ => return None,
        };
        let own = if inner.get("period").is_some() { period(inner, zone)? } else { base };
        rules.push(rule(inner, effect, own, zone)?);
    }
    Some(rules)
}

/// Selectors that narrow a provision in a way we do not evaluate.
fn selects_beyond_us(provision: &Json) -> bool {
    let known = |label: &Json| {
        let code = label.text("code").unwrap_or_default();
        Label::read(label.text("system"), code) != Label::Unknown
    };
    let kind = |class: &Json| class.text("system") == Some(RESOURCE_TYPES);
    let instance = |data: &Json| {
        data.text("meaning") == Some("instance") && data.text("reference.reference").is_some()
    };
    !provision.list("securityLabel").iter().all(known)
        || !provision.list("class").iter().all(kind)
        || !provision.list("data").iter().all(instance)
}

/// Whether it says whom, what, why or how; a period alone says only when.
fn selects(provision: &Json) -> bool {
    const SELECTORS: [&str; 8] =
        ["actor", "action", "purpose", "code", "class", "data", "dataPeriod", "securityLabel"];
    SELECTORS.iter().any(|selector| provision.get(selector).is_some())
}

/// A value with an extension, which may say anything about it, or stand for it. What is only shown
/// to people does not count.
pub(crate) fn extends_a_primitive(json: &Json) -> bool {
    let harmless = |name: &str| matches!(name, "_display" | "_text");
    json.items().iter().any(extends_a_primitive)
        || json.members().iter().any(|(name, value)| {
            (name.starts_with('_') && !harmless(name))
                || (name != "extension" && extends_a_primitive(value))
        })
}

fn rule(provision: &Json, effect: Effect, period: Period, zone: Offset) -> Option<Provision> {
    let classes = classes(provision);
    // A deny of which we read only a part would deny less than the person said.
    if effect == Effect::Deny && !reads_whole(provision) {
        return None;
    }
    Some(Provision {
        effect,
        recipients: recipients(provision, effect),
        classes,
        purposes: purposes(provision, effect),
        actions: actions(provision, effect),
        period,
        labels: provision
            .list("securityLabel")
            .iter()
            .map(|one| Label::read(one.text("system"), one.text("code").unwrap_or_default()))
            .collect(),
        data_period: named_period(provision, "dataPeriod", zone)?,
        kinds: texts(provision.list("class"), "code"),
        instances: texts(provision.list("data"), "reference.reference"),
    })
}

fn texts(list: &[Json], path: &str) -> Vec<String> {
    list.iter().filter_map(|one| one.text(path)).map(str::to_owned).collect()
}

/// Whether every code, purpose and action is one we know.
fn reads_whole(deny: &Json) -> bool {
    let class_known = |concept: &Json| {
        concept.list("coding").iter().any(|coding| {
            let need = coding.text("code").and_then(|code| code.parse().ok());
            coding.text("system") == Some(SDOHCC)
                && need.is_some_and(|need| DataClass::of(&need).is_some())
        })
    };
    let purpose_known =
        |coding: &Json| coding.text("code").is_some_and(|code| code.parse::<Purpose>().is_ok());
    let action_known = |concept: &Json| {
        concept.list("coding").iter().any(|coding| {
            matches!(
                coding.text("code"),
                Some("disclose" | "access" | "use" | "collect" | "correct")
            )
        })
    };
    deny.list("code").iter().all(class_known)
        && deny.list("purpose").iter().all(purpose_known)
        && deny.list("action").iter().all(action_known)
}

fn classes(provision: &Json) -> Vec<DataClass> {
    let needs = codings(provision.get("code"))
        .filter(|coding| coding.system == Some(SDOHCC))
        .filter_map(|coding| coding.code.parse().ok());
    let mut classes: Vec<DataClass> = needs.filter_map(|need| DataClass::of(&need)).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// The actors with role IRCP, information recipient. In a deny, an actor whose role has no code
/// may be one.
fn recipients(provision: &Json, effect: Effect) -> Vec<Actor> {
    let actors = provision.list("actor").iter();
    actors
        .filter_map(|actor| {
            let mut roles = codings(actor.get("role")).peekable();
            if roles.peek().is_none() {
                return (effect == Effect::Deny).then_some(None);
            }
            let reference = actor.get("reference");
            roles.any(|role| role.code == "IRCP").then(|| {
                reference.and_then(|party| PartyRef::read(party, "Consent.provision.actor").ok())
            })
        })
        .collect()
}

/// The purposes. A permit's must be of their code system; a deny's need not.
fn purposes(provision: &Json, effect: Effect) -> Vec<Purpose> {
    bare_codings(provision.list("purpose"))
        .filter(|coding| effect == Effect::Deny || coding.system == Some(ACT_REASON))
        .filter_map(|coding| coding.code.parse().ok())
        .collect()
}

/// The actions; absent, all of them. A permit's must be of their code system; a deny's need not.
fn actions(provision: &Json, effect: Effect) -> Vec<Action> {
    let Some(coded) = provision.get("action") else { return Action::ALL.to_vec() };
    let mut actions: Vec<Action> = codings(Some(coded))
        .filter(|coding| effect == Effect::Deny || coding.system == Some(CONSENT_ACTION))
        .flat_map(|coding| match coding.code {
            "disclose" => vec![Action::Submit, Action::Forward, Action::Notify],
            "access" => vec![Action::UpdateBack, Action::StatusRead],
            _ => Vec::new(),
        })
        .collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// The period; open where it does not say. `None` if it says something we cannot read.
fn period(provision: &Json, zone: Offset) -> Option<Period> {
    named_period(provision, "period", zone)
}

fn named_period(provision: &Json, name: &str, zone: Offset) -> Option<Period> {
    let Some(period) = provision.get(name) else { return Some(Period::default()) };
    let moment = |name: &str| match period.get(name) {
        Some(text) => Moment::parse(text.as_str()?, zone).map(Some),
        None => Some(None),
    };
    let (start, end) = (moment("start")?, moment("end")?);
    if start.is_none() && end.is_none() {
        return None;
    }
    // R4 datatypes.html, Period: the end is inclusive, to the precision given.
    Some(Period { start: start.map(|moment| moment.start), end: end.map(|moment| moment.end) })
}
