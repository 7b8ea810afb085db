//! What of the data may pass: labels, Part 2, classes, the time it is from.

use loopgate_referral::NeedCode;

use crate::label::level;
use crate::{
    Ask, DataClass, Dated, Denial, Dropped, Item, Label, LegalBasis, Level, Obligation, Period,
    ReasonCode, Rule,
};

/// What one permission lets pass. By itself it lets pass what is normal and not protected.
#[derive(Debug, Clone)]
pub(crate) struct Sieve<'a> {
    /// Up to this level.
    pub level_max: Level,
    /// Sensitivities, as labels.
    pub granted: Vec<Label>,
    /// Labels keep nothing back, but for unknown ones.
    pub any_label: bool,
    /// What Part 2 protects may pass.
    pub part2: bool,
    /// Only what asks for one of these; `None` for all.
    pub classes: Option<Vec<DataClass>>,
    /// Only these kinds and instances, if any are named.
    pub only: Option<&'a Rule>,
    /// Only what is from then.
    pub data_period: Period,
    /// Deny provisions that are about some of the data; no permit is among them.
    pub denies: Vec<&'a Rule>,
}

impl Default for Sieve<'_> {
    fn default() -> Self {
        Sieve {
            level_max: Level::N,
            granted: Vec::new(),
            any_label: false,
            part2: false,
            classes: None,
            only: None,
            data_period: Period::default(),
            denies: Vec::new(),
        }
    }
}

impl<'a> Sieve<'a> {
    /// What a permit provision lets pass.
    pub fn of(rule: &'a Rule, basis: LegalBasis, classes: Vec<DataClass>) -> Sieve<'a> {
        let named = rule.labels.iter().any(|label| matches!(label, Label::Confidentiality(_)));
        Sieve {
            level_max: if named { level(&rule.labels) } else { Level::N },
            granted: rule.labels.clone(),
            part2: basis == LegalBasis::Part2,
            classes: Some(classes),
            only: (!rule.kinds.is_empty() || !rule.instances.is_empty()).then_some(rule),
            data_period: rule.data_period,
            ..Sieve::default()
        }
    }

    /// The first check that an item fails.
    fn drop(&self, item: &Item) -> Option<ReasonCode> {
        if item.labels.contains(&Label::Unknown) {
            return Some(ReasonCode::L2);
        }
        if item.labels.contains(&Label::Part2) && !self.part2 {
            return Some(ReasonCode::L3);
        }
        let sensitive = item
            .labels
            .iter()
            .any(|label| matches!(label, Label::Sensitivity(_)) && !self.granted.contains(label));
        if !self.any_label && (sensitive || level(&item.labels) > self.level_max) {
            return Some(ReasonCode::L1);
        }
        if self.denies.iter().any(|rule| denies_label(rule, item)) {
            return Some(ReasonCode::L1);
        }
        if self.denies.iter().any(|rule| denies_kind(rule, item)) {
            return Some(ReasonCode::L4);
        }
        let granted =
            |classes: &Vec<DataClass>| item.needs.iter().all(|need| covers(classes, need));
        let named = |rule: &&Rule| names(rule, item);
        // A resource that asks for nothing supports the one that does.
        if !self.classes.as_ref().is_none_or(granted) || !self.only.as_ref().is_none_or(named) {
            return Some(ReasonCode::L4);
        }
        let from_then = match item.dated {
            Dated::Timeless => true,
            Dated::At(at) => self.data_period.contains(at),
            Dated::Unknown => self.data_period.is_open(),
        };
        let denied_then = |rule: &&Rule| denies_time(rule, item);
        if !from_then || self.denies.iter().any(denied_then) {
            return Some(ReasonCode::L5);
        }
        None
    }
}

/// What none of the sieves lets pass, unless that is everything; the first one names the reason.
pub(crate) fn drops(ask: &Ask<'_>, sieves: &[Sieve<'_>]) -> Result<Vec<Dropped>, Denial> {
    let fails = |item: &Item| {
        let codes: Option<Vec<ReasonCode>> = sieves.iter().map(|sieve| sieve.drop(item)).collect();
        let code = codes?.first().copied()?;
        Some(Dropped { resource: item.resource.clone(), code })
    };
    let dropped: Vec<Dropped> = ask.items.iter().filter_map(fails).collect();
    something_left(ask, &dropped)?;
    Ok(dropped)
}

/// Whether something may pass after this was kept back: what the rest says nothing without may.
pub(crate) fn something_left(ask: &Ask<'_>, dropped: &[Dropped]) -> Result<(), Denial> {
    let passes = |item: &Item| dropped.iter().all(|one| one.resource != item.resource);
    let must_all = ask.items.iter().filter(|item| item.must).all(passes);
    if must_all && (ask.items.is_empty() || ask.items.iter().any(passes)) {
        return Ok(());
    }
    Err(Denial { code: ReasonCode::L6, grant: None, dropped: dropped.to_vec() })
}

/// What goes along: Part 2's notice with what Part 2 protects, and to a community organization
/// that it ends there.
pub(crate) fn obligations(
    ask: &Ask<'_>,
    basis: LegalBasis,
    dropped: &[Dropped],
    mut more: Vec<Obligation>,
) -> Vec<Obligation> {
    let passes = |item: &&Item| dropped.iter().all(|one| one.resource != item.resource);
    let protected = |item: &Item| item.labels.contains(&Label::Part2);
    if basis == LegalBasis::Part2 && ask.items.iter().filter(passes).any(protected) {
        more.push(Obligation::Part2Notice);
    }
    more
}

/// Whether any of the classes covers a need.
pub(crate) fn covers(classes: &[DataClass], need: &NeedCode) -> bool {
    DataClass::of(need).is_some_and(|class| classes.contains(&class))
}

fn names(rule: &Rule, item: &Item) -> bool {
    let kind = rule.kinds.is_empty() || rule.kinds.iter().any(|k| k == item.resource.kind());
    let instance = rule.instances.is_empty() || rule.instances.contains(&item.resource);
    kind && instance
}

/// A deny's selectors must all match, and the one that is most telling names the code.
fn matches(rule: &Rule, item: &Item) -> bool {
    let bears = |label: &Label| match label {
        Label::Confidentiality(denied) => level(&item.labels) >= *denied,
        other => item.labels.contains(other),
    };
    // What does not say when it was so may be from then.
    let then = match item.dated {
        Dated::At(at) => rule.data_period.contains(at),
        Dated::Unknown => true,
        Dated::Timeless => rule.data_period.is_open(),
    };
    (rule.labels.is_empty() || rule.labels.iter().any(bears)) && names(rule, item) && then
}

fn denies_label(rule: &Rule, item: &Item) -> bool {
    !rule.labels.is_empty() && matches(rule, item)
}

fn denies_kind(rule: &Rule, item: &Item) -> bool {
    (!rule.kinds.is_empty() || !rule.instances.is_empty()) && matches(rule, item)
}

fn denies_time(rule: &Rule, item: &Item) -> bool {
    !rule.data_period.is_open() && matches(rule, item)
}
