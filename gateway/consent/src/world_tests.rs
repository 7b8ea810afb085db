//! The base case of the decision's tests: clinic B refers Maria to the pantry for food.

pub(crate) use loopgate_referral::ReferralId;
use loopgate_referral::{NeedCode, ResourceId};

use super::*;
use crate::{Claim, FieldGroup};
use crate::{
    Dated, Detail, Effect, GrantDraft, GrantEvent, GrantId, GrantState, Grants, Item, LegalClass,
    Level, Obligation, Period, Presented, Purpose, Rule, Sensitivity, Template, TenantId, Terms,
    Token,
};
pub(crate) use loopgate_referral::{OrgId, PersonId, Timestamp};

pub(crate) fn person(n: u8) -> PersonId {
    PersonId::from_random([n; 16])
}

pub(crate) fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

pub(crate) fn purpose(code: &str) -> Purpose {
    code.parse().unwrap()
}

pub(crate) fn party(name: &str, legal: LegalClass) -> Party {
    Party {
        org: org(name),
        tenant: org("community"),
        legal,
        purpose: Some(purpose("CAREMGT")),
        purposes: std::collections::BTreeSet::from([purpose("HMARKT")]),
        treats: false,
        associate: false,
        break_glass: false,
        wants_token: false,
        actions: Action::ALL.into_iter().collect(),
        suspended: false,
        agreement_ends: Some(Timestamp(1_000)),
    }
}

pub(crate) fn rule(effect: Effect) -> Rule {
    Rule {
        recipients: vec![(org("pantry"), LegalClass::CboNonhipaa)],
        classes: vec![DataClass::Food, DataClass::Housing],
        purposes: vec![purpose("CAREMGT")],
        actions: vec![Action::Submit, Action::Forward, Action::UpdateBack],
        period: Period { start: Some(Timestamp(10)), end: Some(Timestamp(100)) },
        ..Rule::of(effect)
    }
}

pub(crate) fn draft(id: &str, rules: Vec<Rule>) -> GrantDraft {
    GrantDraft {
        consent: ResourceId::of("Consent", id).unwrap(),
        person: person(1),
        state: GrantState::Active,
        disclosers: vec![org("clinic-b")],
        rules,
        signed: Some(Timestamp(5)),
        consent_sha256: [7; 32],
        terms: Terms::default(),
    }
}

pub(crate) fn need(code: &str) -> NeedCode {
    code.parse().unwrap()
}

pub(crate) fn request(needs: &[&str]) -> Item {
    Item {
        resource: ResourceId::of("ServiceRequest", "sr").unwrap(),
        person: Some(person(1)),
        needs: needs.iter().map(|code| need(code)).collect(),
        labels: Vec::new(),
        dated: Dated::At(Timestamp(40)),
        must: true,
    }
}

/// A resource that comes along: the household, an earlier finding.
pub(crate) fn along(kind: &str, labels: &[Label]) -> Item {
    Item {
        resource: ResourceId::of(kind, "along").unwrap(),
        person: Some(person(1)),
        needs: Vec::new(),
        labels: labels.to_vec(),
        dated: Dated::At(Timestamp(40)),
        must: false,
    }
}

pub(crate) fn token() -> Presented {
    Presented {
        bound: true,
        standing: None,
        grant: GrantId::of_consent(&ResourceId::of("Consent", "c1").unwrap()),
        version: 1,
        consent_sha256: [7; 32],
        same_person: true,
        recipients: vec![org("pantry")],
        actions: vec![Action::Submit, Action::Forward, Action::UpdateBack],
        purposes: vec![purpose("CAREMGT")],
        classes: vec![DataClass::Food],
        referral: None,
    }
}

/// On which basis it is asked.
#[derive(Debug, Clone)]
pub(crate) enum On {
    Consent,
    Return(OrgId),
    Treatment,
    Associate,
    Law(&'static str, bool),
    Glass(Glass),
    Person(bool),
    Audit(Option<&'static str>, bool),
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub tenant: TenantId,
    pub health: Health,
    pub caller: Caller,
    pub from: Party,
    pub to: Party,
    pub drafts: Vec<GrantDraft>,
    pub events: Vec<GrantEvent>,
    pub items: Vec<Item>,
    pub action: Action,
    pub on: On,
    pub token: Option<Presented>,
    /// What is said of a token that is not there, or does not verify.
    pub no_token: Option<ReasonCode>,
    pub purpose: Option<Purpose>,
    pub policy: Policy,
    pub referral: Option<ReferralId>,
    pub detail: Detail,
    pub at: i64,
}

pub(crate) fn base() -> World {
    let template = |id: &str, groups: &[FieldGroup]| Template {
        id: id.into(),
        version: 1,
        groups: groups.iter().copied().collect(),
    };
    let food = [FieldGroup::Need, FieldGroup::Identity, FieldGroup::SourceKeys];
    World {
        tenant: org("community"),
        health: Health::Sound,
        caller: Caller::Known,
        from: party("clinic-b", LegalClass::Ce),
        to: party("pantry", LegalClass::CboNonhipaa),
        drafts: vec![draft("c1", vec![rule(Effect::Permit)])],
        events: Vec::new(),
        items: vec![request(&["food-insecurity"])],
        action: Action::Forward,
        on: On::Consent,
        token: None,
        no_token: None,
        purpose: Some(purpose("CAREMGT")),
        policy: Policy::of(std::collections::BTreeMap::from([
            (DataClass::Food, template("food", &food)),
            (DataClass::Housing, template("housing", &[FieldGroup::Need])),
        ])),
        referral: Some(ReferralId::from_random([1; 16])),
        detail: Detail::Whole,
        at: 50,
    }
}

impl World {
    /// The pantry answers clinic B.
    pub(crate) fn backward(&mut self) {
        self.action = Action::UpdateBack;
        std::mem::swap(&mut self.from, &mut self.to);
    }

    /// The pantry is a shelter under VAWA, and answers.
    pub(crate) fn shelter_answers(&mut self) {
        self.to.legal = LegalClass::VawaGrantee;
        self.drafts[0].rules[0].recipients[0].1 = LegalClass::VawaGrantee;
        self.backward();
    }

    /// The shelter's client let it answer clinic B.
    pub(crate) fn shelter_release(&mut self) {
        let mut release = draft("release", vec![rule(Effect::Permit)]);
        release.disclosers = vec![org("pantry")];
        release.rules[0].recipients = vec![(org("clinic-b"), LegalClass::Ce)];
        release.terms.basis = crate::LegalBasis::Vawa;
        self.drafts.insert(0, release);
    }

    pub(crate) fn label(&mut self, label: Label) {
        self.items[0].labels.push(label);
    }

    pub(crate) fn rule(&mut self) -> &mut Rule {
        &mut self.drafts[0].rules[0]
    }

    pub(crate) fn glass(&mut self) {
        self.on = On::Glass(Glass {
            broken: Timestamp(50),
            reason: "unconscious".into(),
            medical_emergency: false,
            is_read: true,
        });
        self.purpose = Some(purpose("ETREAT"));
        self.to = party("hospital-a", LegalClass::Ce);
        self.to.break_glass = true;
        self.drafts.clear();
    }

    pub(crate) fn grants(&self) -> Grants {
        let mut grants = Grants::default();
        let given = self.drafts.iter().map(|says| GrantEvent::Given { says: says.clone() });
        given.chain(self.events.clone()).for_each(|event| grants.evolve(&event));
        grants
    }

    pub(crate) fn ask(&self) -> Result<Permit, Denial> {
        let token = match (&self.token, self.no_token) {
            (Some(token), _) => Token::Narrows(token),
            (None, Some(ReasonCode::T1)) => Token::Missing,
            (None, Some(code)) => Token::Refused(code),
            (None, None) => Token::None,
        };
        let claim = match &self.on {
            On::Consent => Claim::Consent {
                action: self.action,
                from: &self.from,
                token,
                referral: self.referral,
                detail: self.detail,
            },
            On::Return(supplier) => Claim::ReturnToSupplier { supplier },
            On::Treatment => Claim::Treatment { from: &self.from },
            On::Associate => Claim::BusinessAssociate { from: &self.from },
            On::Law(order, part2) => Claim::Law { order, part2: *part2 },
            On::Glass(glass) => Claim::BreakGlass { glass, from: Some(&self.from) },
            On::Person(proxy) => Claim::ThePerson { proxy: *proxy },
            On::Audit(case, reveal) => Claim::Audit { case: *case, reveal: *reveal },
        };
        let ask = Ask {
            tenant: &self.tenant,
            health: self.health,
            caller: self.caller,
            to: &self.to,
            person: person(1),
            items: &self.items,
            claim,
            purpose: self.purpose.as_ref(),
            at: Timestamp(self.at),
        };
        release(&ask, self.grants().of(person(1)), &self.policy)
    }
}

pub(crate) const HIV: Label = Label::Sensitivity(Sensitivity::HIV);
pub(crate) const SDV: Label = Label::Sensitivity(Sensitivity::SDV);
pub(crate) const SUD: Label = Label::Sensitivity(Sensitivity::SUD);
pub(crate) const R: Label = Label::Confidentiality(Level::R);
pub(crate) const N: Label = Label::Confidentiality(Level::N);
pub(crate) const NO_REDISCLOSURE: Obligation = Obligation::NoRedisclosure;
