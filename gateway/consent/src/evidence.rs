//! The completeness gate: what a form has to show before what somebody read off it is a Grant, by the
//! law it rests on, and how long and how far it holds at most.
//!
//! 45 CFR 164.508(c) for an authorization, 42 CFR 2.31 for Part 2, 34 USC 12291(b)(2) for shelters;
//! words spoken are ours to limit.

use loopgate_referral::Timestamp;

use crate::{Back, DataClass, Effect, Grantor, LegalBasis, Rule, Terms};

macro_rules! elements {
    ($($element:ident $words:literal,)*) => {
        /// Something that a form has to show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Element { $(#[doc = $words] $element,)* }

        impl Element {
            /// Every element.
            pub const ALL: &'static [Element] = &[$(Element::$element,)*];

            /// What is missing, for people.
            pub fn words(self) -> &'static str {
                match self { $(Element::$element => $words,)* }
            }
        }
    };
}

elements! {
    What "what may be shared",
    To "who may receive it, by name",
    Why "for which purpose",
    Expiry "until when",
    Signature "the signature",
    Date "the day it was signed",
    RightToRevoke "that it can be withdrawn, and how",
    Redisclosure "whether it may be passed on",
    Intermediary "that it goes through this gateway",
    BirthDate "the birth date of the minor",
    Allowed "leave to take spoken words: the community does not give it, or not for this",
}

/// What somebody read off a form, or heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it permits.
    pub rules: Vec<Rule>,
    /// Its terms.
    pub terms: Terms,
    /// When it was signed.
    pub signed: Option<Timestamp>,
    /// What else it shows: of `Signature`, `RightToRevoke`, `Redisclosure`, `Intermediary`.
    pub shows: Vec<Element>,
    /// When a minor comes of age.
    pub of_age: Option<Timestamp>,
}

/// A shelter's release holds this long at most: "reasonably time-limited".
const VAWA_DAYS_MAX: u32 = 30;
/// Words spoken hold this long at most.
const VERBAL_HOURS_MAX: i64 = 72;

impl Reading {
    /// What is missing, in order; nothing if it may become a Grant. `verbal` says whether the
    /// community takes words spoken.
    pub fn missing(&self, verbal: bool) -> Vec<Element> {
        use Element::{
            Allowed, BirthDate, Date, Expiry, Intermediary, Redisclosure, RightToRevoke, Signature,
            To, What, Why,
        };
        let permits = || self.rules.iter().filter(|rule| rule.effect == Effect::Permit);
        let all = |has: fn(&Rule) -> bool| permits().next().is_some() && permits().all(has);
        let wanted: &[Element] = match self.terms.basis {
            LegalBasis::Authorization => {
                &[What, To, Why, Expiry, Signature, Date, RightToRevoke, Redisclosure]
            }
            LegalBasis::Part2 => {
                &[What, To, Why, Expiry, Signature, Date, RightToRevoke, Redisclosure, Intermediary]
            }
            LegalBasis::Vawa => &[What, To, Why, Expiry, Signature, Date, RightToRevoke],
            LegalBasis::Verbal => &[Allowed, What, To, Why],
        };
        let guarded = self.terms.grantor == Grantor::Guardian;
        let wanted = wanted.iter().chain(guarded.then_some(&BirthDate));
        let has = |element: &Element| match element {
            What => all(|rule| !rule.classes.is_empty()),
            To => all(|rule| !rule.recipients.is_empty() && !rule.recipients_unknown),
            Why => all(|rule| !rule.purposes.is_empty()),
            Expiry => all(|rule| rule.period.end.is_some()),
            Date => self.signed.is_some(),
            BirthDate => self.of_age.is_some(),
            Allowed => verbal && !self.is_of_violence(),
            Signature | RightToRevoke | Redisclosure | Intermediary => self.shows.contains(element),
        };
        wanted.copied().filter(|element| !has(element)).collect()
    }

    /// Whether two persons have to read it: Part 2, and what is about violence.
    pub fn takes_two(&self) -> bool {
        matches!(self.terms.basis, LegalBasis::Part2 | LegalBasis::Vawa) || self.is_of_violence()
    }

    fn is_of_violence(&self) -> bool {
        self.rules.iter().any(|rule| rule.classes.contains(&DataClass::Ipv))
    }

    /// The same, held to its limits: a shelter's release to its days, words spoken to their hours and
    /// to the status alone, a guardian's word to the day the minor is of age.
    pub fn limited(mut self, now: Timestamp) -> Reading {
        let mut ends: Vec<Timestamp> = Vec::new();
        match self.terms.basis {
            LegalBasis::Vawa => {
                ends.extend(self.signed.map(|signed| signed.plus_days(VAWA_DAYS_MAX)));
            }
            LegalBasis::Verbal => {
                ends.push(Timestamp(now.0 + VERBAL_HOURS_MAX * 3_600_000));
                self.terms.back = Back::StatusOnly;
            }
            LegalBasis::Authorization | LegalBasis::Part2 => {}
        }
        if self.terms.grantor == Grantor::Guardian {
            ends.extend(self.of_age);
        }
        for rule in self.rules.iter_mut().filter(|rule| rule.effect == Effect::Permit) {
            rule.period = ends.iter().fold(rule.period, |period, end| period.until(*end));
        }
        self
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
