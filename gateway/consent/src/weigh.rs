//! Release on consent: each Grant of the person is asked in turn, newest first.
//!
//! The checks stand in the order of their codes' table; of several Grants that deny, the one that
//! came furthest names the reason, so that the answer does not depend on how many there are.

use loopgate_referral::{OrgId, ReferralId};

use crate::ask::answer_groups;
use crate::forbid::{forbidden, item_denies};
use crate::items::{Sieve, drops};
use crate::{
    Action, Ask, Back, DataClass, Denial, Detail, Dropped, Effect, FieldGroup, Grant, GrantRef,
    GrantState, Grantor, Groups, Item, Label, LegalBasis, LegalClass, Obligation, Party, Policy,
    Presented, ReasonCode, Redisclosure, Rule, Token,
};

/// What is asked of consent.
pub(crate) struct Wish<'a> {
    pub ask: &'a Ask<'a>,
    pub action: Action,
    pub from: &'a Party,
    pub token: Token<'a>,
    pub referral: Option<ReferralId>,
    pub detail: Detail,
}

/// What a Grant lets pass.
pub(crate) struct Weighed {
    pub grant: GrantRef,
    pub basis: LegalBasis,
    pub groups: Groups,
    pub templates: Vec<String>,
    pub classes: Vec<DataClass>,
    pub dropped: Vec<Dropped>,
    pub obligations: Vec<Obligation>,
    /// Less goes than was asked for.
    pub limited: bool,
}

/// How far a Grant came before it denied.
type Failed = (Step, ReasonCode, Vec<Dropped>);

/// The checks, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Named,
    State,
    Period,
    Token,
    Evidence,
    Pinned,
    Forbidden,
    Action,
    Purpose,
    Recipient,
    Standing,
    Legal,
    Onward,
    Agreement,
    Data,
}

impl Wish<'_> {
    /// Outward the recipient is named; backward it is the answering target that is.
    fn is_answer(&self) -> bool {
        matches!(self.action, Action::UpdateBack | Action::StatusRead)
    }

    /// Who must be named as a recipient.
    fn named(&self) -> &Party {
        if self.is_answer() { self.from } else { self.ask.to }
    }

    /// Who must be named as the discloser: the answer goes back to it.
    fn discloser(&self) -> &OrgId {
        if self.is_answer() { &self.ask.to.org } else { &self.from.org }
    }
}

/// Asks the Grants of the person.
pub(crate) fn consent(
    wish: &Wish<'_>,
    grants: &[Grant],
    policy: &Policy,
) -> Result<Weighed, Denial> {
    let ask = wish.ask;
    if wish.from.tenant != *ask.tenant {
        return Err(Denial::of(ReasonCode::A5));
    }
    if !ask.to.actions.contains(&wish.action) {
        return Err(Denial::of(ReasonCode::A4));
    }
    if grants.iter().any(|grant| grant.says.person != ask.person) {
        return Err(Denial::of(ReasonCode::C6));
    }
    let token = token(wish.token)?;
    if let Some(token) = token
        && grants.iter().all(|grant| grant.id != token.grant)
    {
        return Err(Denial::of(ReasonCode::C9));
    }
    // What is forbidden is so whichever Grant permits.
    let forbids = forbidden(ask, (wish.action, wish.from), grants).err().map(|denial| denial.code);
    let mut furthest: Option<(Step, Denial)> = None;
    let mut best: Option<Weighed> = None;
    // Newest first: of two that let pass as much, or fail equally late, the newer decides.
    for grant in grants.iter().rev() {
        match by_grant(wish, token, (grant, grants), forbids, policy) {
            Ok(weighed) => {
                let kept_back = |one: &Weighed| (one.dropped.len(), one.limited);
                if best.as_ref().is_none_or(|best| kept_back(&weighed) < kept_back(best)) {
                    best = Some(weighed);
                }
            }
            Err((step, code, dropped)) => {
                let further = furthest.as_ref().is_none_or(|(deepest, _)| step > *deepest);
                if further {
                    let denial = Denial { code, grant: Some(grant.reference()), dropped };
                    furthest = Some((step, denial));
                }
            }
        }
    }
    let denial = || furthest.map_or(Denial::of(ReasonCode::C9), |(_, denial)| denial);
    best.ok_or_else(denial)
}

/// The token that narrows, if it stands.
fn token<'t>(token: Token<'t>) -> Result<Option<&'t Presented>, Denial> {
    let presented = match token {
        Token::None => return Ok(None),
        Token::Missing => return Err(Denial::of(ReasonCode::T1)),
        Token::Refused(code) => return Err(Denial::of(code)),
        Token::Narrows(presented) => presented,
    };
    if !presented.bound {
        return Err(Denial::of(ReasonCode::A3));
    }
    match presented.standing {
        Some(code) => Err(Denial::of(code)),
        None => Ok(Some(presented)),
    }
}

/// One Grant's answer.
fn by_grant(
    wish: &Wish<'_>,
    token: Option<&Presented>,
    (grant, grants): (&Grant, &[Grant]),
    forbids: Option<ReasonCode>,
    policy: &Policy,
) -> Result<Weighed, Failed> {
    let (ask, says) = (wish.ask, &grant.says);
    let fail = |step, code| Err((step, code, Vec::new()));
    let permits: Vec<&Rule> =
        says.rules.iter().filter(|rule| rule.effect == Effect::Permit).collect();
    // A recipient that passes on is no discloser, and yet not a stranger to this Grant.
    let recipient = |org: &OrgId| permits.iter().any(|rule| names(rule, org).is_some());
    let onward = !wish.is_answer() && recipient(&wish.from.org);
    if !says.disclosers.contains(wish.discloser()) && !onward {
        return fail(Step::Named, ReasonCode::C9);
    }
    match says.state {
        GrantState::Active if grant.suspended => return fail(Step::State, ReasonCode::C1),
        GrantState::Active => {}
        GrantState::Revoked => return fail(Step::State, ReasonCode::C2),
        GrantState::Uninterpretable => return fail(Step::State, ReasonCode::C8),
        GrantState::Pending => return fail(Step::State, ReasonCode::C1),
    }
    let in_force: Vec<&Rule> =
        permits.iter().copied().filter(|rule| rule.period.contains(ask.at)).collect();
    let lapsed = in_force.is_empty() && !permits.is_empty();
    let status_after_lapse = policy.status_only_after_lapse
        && wish.action == Action::UpdateBack
        && wish.detail == Detail::StatusCode
        && wish.from.legal != LegalClass::VawaGrantee;
    if lapsed && !status_after_lapse {
        return fail(Step::Period, ReasonCode::C3);
    }
    if let Some(token) = token {
        same_grant(token, grant).map_err(|code| (Step::Token, code, Vec::new()))?;
    }
    if says.terms.incomplete || permits.is_empty() {
        return fail(Step::Evidence, ReasonCode::C12);
    }
    if says.terms.authority_withdrawn || grant.doubted {
        return fail(Step::Evidence, ReasonCode::C10);
    }
    if !minor_may(says.terms.grantor, ask.items, policy) {
        return fail(Step::Evidence, ReasonCode::C11);
    }
    let pins = [says.terms.referral, token.and_then(|token| token.referral)];
    if pins.iter().flatten().any(|pinned| wish.referral != Some(*pinned)) {
        return fail(Step::Pinned, ReasonCode::X2);
    }
    if let Some(code) = forbids {
        return fail(Step::Forbidden, code);
    }
    let rules = if lapsed { &permits } else { &in_force };
    let mut furthest: Option<Failed> = None;
    let mut best: Option<Vec<(DataClass, &Rule)>> = None;
    for rule in rules {
        match by_rule(wish, token, (rule, grant), grants) {
            Ok(classes) => {
                best.get_or_insert_default().extend(classes.into_iter().map(|class| (class, *rule)))
            }
            Err((step, code)) => {
                if furthest.as_ref().is_none_or(|(deepest, ..)| step > *deepest) {
                    furthest = Some((step, code, Vec::new()));
                }
            }
        }
    }
    let Some(covered) = best else {
        return Err(furthest.unwrap_or((Step::Evidence, ReasonCode::C12, Vec::new())));
    };
    let vawa = wish.is_answer() && wish.from.legal == LegalClass::VawaGrantee;
    pass(wish, (grant, grants), covered, lapsed || vawa, policy)
}

/// The groups and items that pass under the rules that permit.
fn pass(
    wish: &Wish<'_>,
    (grant, grants): (&Grant, &[Grant]),
    covered: Vec<(DataClass, &Rule)>,
    status_alone: bool,
    policy: &Policy,
) -> Result<Weighed, Failed> {
    let (ask, terms) = (wish.ask, &grant.says.terms);
    let mut classes: Vec<DataClass> = covered.iter().map(|(class, _)| *class).collect();
    classes.sort_unstable();
    classes.dedup();
    let denies = item_denies(ask, (wish.action, wish.from), grants);
    // An item passes if one of the rules lets it pass.
    let sieves: Vec<Sieve<'_>> = covered
        .iter()
        .map(|(_, rule)| {
            let sieve = Sieve::of(rule, terms.basis, classes.clone());
            Sieve { denies: denies.clone(), ..sieve }
        })
        .collect();
    let dropped = match drops(ask, &sieves) {
        Ok(dropped) => dropped,
        Err(denial) => return Err((Step::Data, denial.code, denial.dropped)),
    };
    let back = if status_alone || terms.back == Back::StatusOnly {
        Detail::StatusCode
    } else {
        Detail::Whole
    };
    let used: Vec<_> = if wish.is_answer() {
        // The answer's groups do not depend on the need.
        Vec::new()
    } else {
        classes.iter().filter_map(|class| policy.templates.get(class)).collect()
    };
    let groups: Groups = if wish.is_answer() {
        answer_groups(back)
    } else {
        let groups = used.iter().flat_map(|template| template.groups.iter());
        groups.filter(|group| *group != FieldGroup::SourceKeys).collect()
    };
    if groups.is_empty() {
        return Err((Step::Data, ReasonCode::L6, Vec::new()));
    }
    let ends_there = ask.to.legal.is_community() && terms.redisclosure == Redisclosure::None;
    Ok(Weighed {
        grant: grant.reference(),
        basis: terms.basis,
        groups,
        templates: used.iter().map(|one| format!("{}/{}", one.id, one.version)).collect(),
        classes,
        dropped,
        obligations: if ends_there { vec![Obligation::NoRedisclosure] } else { Vec::new() },
        limited: wish.is_answer() && back == Detail::StatusCode,
    })
}

/// Whether a token was made from this Grant as it is.
fn same_grant(token: &Presented, grant: &Grant) -> Result<(), ReasonCode> {
    if token.grant != grant.id {
        return Err(ReasonCode::C9);
    }
    if token.version != grant.version {
        return Err(ReasonCode::C4);
    }
    if token.consent_sha256 != grant.says.consent_sha256 {
        return Err(ReasonCode::C5);
    }
    if token.same_person { Ok(()) } else { Err(ReasonCode::C6) }
}

/// What the law lets a minor alone consent to, nobody else consents to.
fn minor_may(grantor: Grantor, items: &[Item], policy: &Policy) -> bool {
    let alone = |label: &Label| matches!(label, Label::Sensitivity(about) if policy.minor_alone.contains(about));
    grantor != Grantor::Guardian || !items.iter().flat_map(|item| &item.labels).any(alone)
}

/// The classes of the need that one permit covers, or the check it fails.
fn by_rule(
    wish: &Wish<'_>,
    token: Option<&Presented>,
    (rule, grant): (&Rule, &Grant),
    grants: &[Grant],
) -> Result<Vec<DataClass>, (Step, ReasonCode)> {
    let (ask, to, named) = (wish.ask, wish.ask.to, wish.named());
    let narrowed = |allows: &dyn Fn(&Presented) -> bool| token.is_none_or(allows);
    if !rule.actions.contains(&wish.action) || !narrowed(&|t| t.actions.contains(&wish.action)) {
        return Err((Step::Action, ReasonCode::X1));
    }
    let Some(purpose) = ask.purpose.filter(|purpose| rule.purposes.contains(purpose)) else {
        return Err((Step::Purpose, ReasonCode::P1));
    };
    if !narrowed(&|token| token.purposes.contains(purpose)) {
        return Err((Step::Purpose, ReasonCode::P1));
    }
    if !to.acts_for(purpose) {
        return Err((Step::Purpose, ReasonCode::P2));
    }
    let treats = rule.treating_providers && named.treats && named.legal.may_treat();
    let legal = names(rule, &named.org).or(treats.then_some(named.legal));
    let Some(legal) = legal.filter(|_| narrowed(&|t| t.recipients.contains(&named.org))) else {
        return Err((Step::Recipient, ReasonCode::R1));
    };
    if to.suspended || wish.from.suspended {
        return Err((Step::Standing, ReasonCode::R2));
    }
    if legal != named.legal {
        return Err((Step::Legal, ReasonCode::R3));
    }
    let discloses = grant.says.disclosers.contains(wish.discloser());
    let may_pass_on = match &grant.says.terms.redisclosure {
        Redisclosure::None => false,
        Redisclosure::Named(orgs) => orgs.contains(&to.org),
    };
    if !discloses && !may_pass_on {
        return Err((Step::Onward, ReasonCode::R4));
    }
    if wish.is_answer()
        && wish.from.legal == LegalClass::VawaGrantee
        && !grants.iter().any(|grant| is_release(grant, wish))
    {
        return Err((Step::Onward, ReasonCode::R5));
    }
    if to.agreement_ends.is_none_or(|ends| ask.at >= ends) {
        return Err((Step::Agreement, ReasonCode::R6));
    }
    let mut classes: Vec<DataClass> = ask
        .items
        .iter()
        .flat_map(|item| &item.needs)
        .filter_map(DataClass::of)
        .filter(|class| rule.classes.contains(class))
        .filter(|class| narrowed(&|token| token.classes.contains(class)))
        .collect();
    classes.dedup();
    if classes.is_empty() { Err((Step::Data, ReasonCode::L6)) } else { Ok(classes) }
}

/// Whether this Grant is the release of its own that a shelter's answer needs: given to the
/// shelter, naming whom the answer goes to, in force (34 USC 12291(b)(2)).
fn is_release(grant: &Grant, wish: &Wish<'_>) -> bool {
    let says = &grant.says;
    let names_it = |rule: &Rule| {
        rule.effect == Effect::Permit
            && rule.period.contains(wish.ask.at)
            && rule.period.end.is_some()
            && rule.actions.contains(&Action::UpdateBack)
            && names(rule, &wish.ask.to.org).is_some()
    };
    says.state == GrantState::Active
        && says.terms.basis == LegalBasis::Vawa
        && !says.terms.incomplete
        && !says.terms.authority_withdrawn
        && !grant.doubted
        && says.disclosers.contains(&wish.from.org)
        && says.rules.iter().any(names_it)
}

fn names(rule: &Rule, org: &OrgId) -> Option<LegalClass> {
    rule.recipients.iter().find(|(named, _)| named == org).map(|(_, legal)| *legal)
}
