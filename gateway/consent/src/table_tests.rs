//! The decision table: one base case, and each variation with the effect and the code it must give.
//! Rows are numbered as in consent-security §3.10; `x` rows are boundaries of our own. Where our
//! DESIGN §2 decides otherwise (3, 37), the row says what it decides.
//!
//! Rows that only a wire form can show are driven there: 4 to 8 and 10 to 13 with real tokens in
//! `server/src/consent_token`, 19 to 21 at the door.

use super::world::*;
use super::*;
use crate::{
    Dated, Detail, Effect, GrantEvent, GrantState, Grantor, LegalBasis, LegalClass, Level,
    Obligation, Period, Presented, Redisclosure, Rule, Sensitivity,
};
use ReasonCode::*;

/// Asks a changed base case, and says what came of it: the code, and what was kept back.
fn decided(change: impl FnOnce(&mut World)) -> (ReasonCode, Vec<ReasonCode>) {
    let mut world = base();
    change(&mut world);
    let codes = |dropped: &[Dropped]| dropped.iter().map(|one| one.code).collect();
    match world.ask() {
        Ok(permit) => (permit.code(), codes(permit.dropped())),
        Err(denial) => (denial.code, codes(&denial.dropped)),
    }
}

/// All Grants of the person wait, or hold again.
fn waits(suspended: bool) -> GrantEvent {
    GrantEvent::Suspended { person: person(1), with: person(2), suspended }
}

macro_rules! rows {
    ($($name:ident: $change:expr => $code:ident $([$($dropped:ident),+])?;)*) => {$(
        #[test]
        fn $name() {
            let dropped: Vec<ReasonCode> = vec![$($($dropped),+)?];
            assert_eq!(decided($change), ($code, dropped));
        }
    )*};
}

rows! {
    row_01_submit: |w| w.action = Action::Submit => OK1;
    row_02_forward: |_| {} => OK1;
    row_03_no_token_is_the_grant_on_file: |w| w.token = None => OK1;
    row_03_no_token_where_one_is_required: |w| w.no_token = Some(T1) => T1;
    row_04_token_malformed: |w| w.no_token = Some(T2) => T2;
    row_05_token_algorithm: |w| w.no_token = Some(T3) => T3;
    row_06_token_signature: |w| w.no_token = Some(T4) => T4;
    row_07_token_key: |w| w.no_token = Some(T5) => T5;
    row_08_token_typ: |w| w.no_token = Some(T6) => T6;
    row_09_token_issuer: |w| w.no_token = Some(T7) => T7;
    row_10_token_audience: |w| w.no_token = Some(T8) => T8;
    row_11_token_not_yet: |w| w.no_token = Some(T9) => T9;
    row_12_token_expired: |w| w.no_token = Some(T10) => T10;
    row_13_token_good: |w| w.token = Some(token()) => OK1;
    row_14_token_used: |w| w.token = Some(Presented { standing: Some(T11), ..token() }) => T11;
    row_15_token_revoked: |w| w.token = Some(Presented { standing: Some(T12), ..token() }) => T12;
    row_16_token_suspended: |w| w.token = Some(Presented { standing: Some(T13), ..token() }) => T13;
    row_17_token_status_unknown: |w| w.token = Some(Presented { standing: Some(T14), ..token() }) => T14;
    row_18_token_of_another_certificate: |w| w.token = Some(Presented { bound: false, ..token() }) => A3;
    row_18_access_token_of_another_certificate: |w| w.caller = Caller::Unbound => A3;
    row_19_out_of_scope: |w| w.caller = Caller::OutOfScope => A4;
    row_19_partner_file_lacks_the_action: |w| w.to.actions.clear() => A4;
    row_20_other_tenants_recipient: |w| w.to.tenant = org("else") => A5;
    row_20_other_tenants_discloser: |w| w.from.tenant = org("else") => A5;
    row_21_certificate_revoked: |w| w.caller = Caller::Revoked => A2;
    row_21_caller_unknown: |w| w.caller = Caller::Unknown => A1;
    row_22_revoked: |w| w.drafts[0].state = GrantState::Revoked => C2;
    row_23_revoked_after_it_was_given: |w| {
        let grant = w.grants().of(person(1))[0].id.clone();
        w.events.push(GrantEvent::Revoked { grant, person: person(1), at: None });
    } => C2;
    row_24_not_active: |w| w.drafts[0].state = GrantState::Pending => C1;
    row_25_period_over: |w| w.at = 100 => C3;
    row_26_last_instant: |w| w.at = 99 => OK1;
    row_26x_first_instant: |w| w.at = 10 => OK1;
    row_26x_before: |w| w.at = 9 => C3;
    row_27_token_of_an_older_version: |w| {
        w.events.push(GrantEvent::Given { says: w.drafts[0].clone() });
        w.token = Some(token());
    } => C4;
    row_28_other_consent_bytes: |w| w.token = Some(Presented { consent_sha256: [8; 32], ..token() }) => C5;
    row_29_token_of_another_person: |w| w.token = Some(Presented { same_person: false, ..token() }) => C6;
    row_29x_grant_of_another_person: |w| w.items[0].person = Some(person(2)) => C6;
    row_30_one_resource_of_another: |w| {
        let mut other = along("Observation", &[]);
        other.person = Some(person(2));
        w.items.push(other);
    } => C6;
    row_31_second_consent_denies: |w| w.drafts.push(draft("c2", vec![rule(Effect::Deny)])) => C7;
    row_31x_older_consent_denies_everything: |w| {
        w.drafts.insert(0, draft("c0", vec![Rule::of(Effect::Deny)]));
    } => C7;
    row_31x_deny_of_somebody_unknown_is_everyone: |w| {
        let unknown = Rule { recipients_unknown: true, recipients: vec![], ..rule(Effect::Deny) };
        w.drafts.push(draft("c2", vec![unknown]));
    } => C7;
    row_31x_deny_of_an_unknown_and_another: |w| {
        let mut unknown = rule(Effect::Deny);
        unknown.recipients = vec![(org("shelter"), LegalClass::CboNonhipaa)];
        unknown.recipients_unknown = true;
        w.drafts.push(draft("c2", vec![unknown]));
    } => C7;
    row_31x_deny_of_treating_providers: |w| {
        let mut deny = rule(Effect::Deny);
        deny.recipients = vec![(org("shelter"), LegalClass::CboNonhipaa)];
        deny.treating_providers = true;
        w.drafts.push(draft("c2", vec![deny]));
    } => C7;
    row_31x_deny_of_another_recipient: |w| {
        let mut other = rule(Effect::Deny);
        other.recipients = vec![(org("shelter"), LegalClass::CboNonhipaa)];
        w.drafts.push(draft("c2", vec![other]));
    } => OK1;
    row_31x_deny_of_the_discloser: |w| {
        let mut deny = rule(Effect::Deny);
        deny.recipients = vec![(org("clinic-b"), LegalClass::Ce)];
        w.drafts.push(draft("c2", vec![deny]));
    } => C7;
    row_31x_deny_that_is_over: |w| {
        let mut deny = rule(Effect::Deny);
        deny.period.end = Some(Timestamp(50));
        w.drafts.push(draft("c2", vec![deny]));
    } => OK1;
    row_31x_deny_of_another_action: |w| {
        let mut deny = rule(Effect::Deny);
        deny.actions = vec![Action::UpdateBack];
        w.drafts.push(draft("c2", vec![deny]));
    } => OK1;
    row_31x_deny_of_another_purpose: |w| {
        let mut deny = rule(Effect::Deny);
        deny.purposes = vec![purpose("HMARKT")];
        w.drafts.push(draft("c2", vec![deny]));
    } => OK1;
    row_31x_deny_of_another_class: |w| {
        let mut deny = rule(Effect::Deny);
        deny.classes = vec![DataClass::Housing];
        w.drafts.push(draft("c2", vec![deny]));
    } => OK1;
    row_31x_revoked_deny: |w| {
        let mut deny = draft("c2", vec![rule(Effect::Deny)]);
        deny.state = GrantState::Revoked;
        w.drafts.push(deny);
    } => OK1;
    row_31x_pending_deny_denies: |w| {
        let mut deny = draft("c2", vec![rule(Effect::Deny)]);
        deny.state = GrantState::Pending;
        w.drafts.push(deny);
    } => C7;
    row_32_second_consent_uninterpretable: |w| {
        let mut strange = draft("c2", vec![]);
        strange.state = GrantState::Uninterpretable;
        w.drafts.push(strange);
    } => C8;
    row_33_no_grant: |w| w.drafts.clear() => C9;
    row_33_discloser_not_named: |w| w.from.org = org("hospital-a") => C9;
    row_33_grant_of_the_token_unknown: |w| {
        w.token = Some(token());
        w.drafts.clear();
        w.drafts.push(draft("c9", vec![rule(Effect::Permit)]));
    } => C9;
    row_34_guardian_until_eighteen: |w| {
        w.drafts[0].terms.grantor = Grantor::Guardian;
        let period = w.rule().period;
        w.rule().period = period.until(Timestamp(50));
    } => C3;
    row_34x_the_day_before_eighteen: |w| {
        w.drafts[0].terms.grantor = Grantor::Guardian;
        let period = w.rule().period;
        w.rule().period = period.until(Timestamp(51));
    } => OK1;
    row_34b_who_signed_is_doubted: |w| {
        let grant = w.grants().of(person(1))[0].id.clone();
        w.events.push(GrantEvent::Doubted { grant, person: person(1), doubted: true });
    } => C10;
    row_34b_the_doubt_is_lifted: |w| {
        let grant = w.grants().of(person(1))[0].id.clone();
        let doubted = |doubted| GrantEvent::Doubted { grant: grant.clone(), person: person(1), doubted };
        w.events.extend([doubted(true), doubted(false)]);
    } => OK1;
    row_34b_authority_withdrawn: |w| w.drafts[0].terms.authority_withdrawn = true => C10;
    row_35_minor_alone: |w| {
        w.drafts[0].terms.grantor = Grantor::Guardian;
        w.policy.minor_alone = vec![Sensitivity::SUD];
        w.rule().labels = vec![SUD];
        w.label(SUD);
    } => C11;
    row_35x_the_minor_signed: |w| {
        w.drafts[0].terms.grantor = Grantor::MinorAlone;
        w.policy.minor_alone = vec![Sensitivity::SUD];
        w.rule().labels = vec![SUD];
        w.label(SUD);
    } => OK1;
    row_35x_a_guardian_for_something_else: |w| {
        w.drafts[0].terms.grantor = Grantor::Guardian;
        w.policy.minor_alone = vec![Sensitivity::SUD];
        w.rule().labels = vec![HIV];
        w.label(HIV);
    } => OK1;
    row_36_evidence_incomplete: |w| w.drafts[0].terms.incomplete = true => C12;
    row_37_nothing_computable_waits: |w| {
        w.drafts[0].state = GrantState::Pending;
        w.drafts[0].rules.clear();
    } => C1;
    row_37x_no_provision: |w| w.drafts[0].rules.clear() => C12;
    row_38_recipient_not_named: |w| w.to.org = org("shelter") => R1;
    row_38x_no_recipient_in_the_provision: |w| w.rule().recipients.clear() => R1;
    row_38x_token_names_another: |w| {
        w.token = Some(Presented { recipients: vec![org("shelter")], ..token() });
    } => R1;
    row_39_recipient_suspended: |w| w.to.suspended = true => R2;
    row_39x_discloser_suspended: |w| w.from.suspended = true => R2;
    row_40_legal_class_changed: |w| w.to.legal = LegalClass::VawaGrantee => R3;
    row_41_passing_on: |w| {
        w.from = party("pantry", LegalClass::CboNonhipaa);
        w.to = party("other-pantry", LegalClass::CboNonhipaa);
        let named = (org("other-pantry"), LegalClass::CboNonhipaa);
        w.rule().recipients.push(named);
    } => R4;
    row_41x_passing_on_to_somebody_named: |w| {
        w.from = party("pantry", LegalClass::CboNonhipaa);
        w.to = party("other-pantry", LegalClass::CboNonhipaa);
        let named = (org("other-pantry"), LegalClass::CboNonhipaa);
        w.rule().recipients.push(named);
        w.drafts[0].terms.redisclosure = Redisclosure::Named(vec![org("other-pantry")]);
    } => OK1;
    row_41x_passing_on_to_somebody_else: |w| {
        w.from = party("pantry", LegalClass::CboNonhipaa);
        w.to = party("other-pantry", LegalClass::CboNonhipaa);
        let named = (org("other-pantry"), LegalClass::CboNonhipaa);
        w.rule().recipients.push(named);
        w.drafts[0].terms.redisclosure = Redisclosure::Named(vec![org("third")]);
    } => R4;
    row_42_shelter_answers: |w| w.shelter_answers() => R5;
    row_43_shelter_answers_with_its_release: |w| {
        w.shelter_answers();
        w.shelter_release();
    } => OK2;
    row_43x_the_release_is_over: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.rule().period.end = Some(Timestamp(50));
    } => R5;
    row_43x_the_release_has_no_end: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.rule().period.end = None;
    } => R5;
    row_43x_the_release_is_withdrawn: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.drafts[0].state = GrantState::Revoked;
    } => R5;
    row_43x_the_release_is_of_another_kind: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.drafts[0].terms.basis = LegalBasis::Authorization;
    } => R5;
    row_43x_the_release_is_incomplete: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.drafts[0].terms.incomplete = true;
    } => R5;
    row_43x_the_releaser_may_not: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.drafts[0].terms.authority_withdrawn = true;
    } => R5;
    row_43x_the_release_is_anothers: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.drafts[0].disclosers = vec![org("shelter")];
    } => R5;
    row_43x_the_release_names_another: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.rule().recipients = vec![(org("hospital-a"), LegalClass::Ce)];
    } => R5;
    row_43x_the_release_is_for_something_else: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.rule().actions = vec![Action::Forward];
    } => R5;
    row_43x_the_release_denies: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.rule().effect = Effect::Deny;
        w.rule().classes = vec![DataClass::Housing];
    } => R5;
    row_43x_a_shelter_is_referred_to: |w| {
        w.shelter_answers();
        w.backward();
        w.action = Action::Forward;
    } => OK1;
    row_44_purpose_not_granted: |w| w.purpose = Some(purpose("HMARKT")) => P1;
    row_45_purpose_missing: |w| w.purpose = None => P1;
    row_45x_no_purpose_in_the_provision: |w| w.rule().purposes.clear() => P1;
    row_45x_token_for_another_purpose: |w| {
        w.token = Some(Presented { purposes: vec![purpose("HMARKT")], ..token() });
    } => P1;
    row_46_purpose_not_the_callers: |w| {
        w.rule().purposes.push(purpose("HPAYMT"));
        w.purpose = Some(purpose("HPAYMT"));
    } => P2;
    row_46x_another_purpose_of_the_callers: |w| {
        w.rule().purposes.push(purpose("HMARKT"));
        w.purpose = Some(purpose("HMARKT"));
    } => OK1;
    row_47_action_not_granted: |w| w.action = Action::Notify => X1;
    row_47x_token_for_another_action: |w| {
        w.token = Some(Presented { actions: vec![Action::Submit], ..token() });
    } => X1;
    row_48_token_of_another_referral: |w| {
        let other = ReferralId::from_random([2; 16]);
        w.token = Some(Presented { referral: Some(other), ..token() });
    } => X2;
    row_48x_token_of_this_referral: |w| w.token = Some(Presented { referral: w.referral, ..token() }) => OK1;
    row_48x_grant_of_another_referral: |w| {
        w.drafts[0].terms.referral = Some(ReferralId::from_random([2; 16]));
    } => X2;
    row_49_hiv_comes_along: |w| w.items.push(along("Condition", &[HIV])) => OK2 [L1];
    row_49x_hiv_granted: |w| {
        w.items.push(along("Condition", &[HIV]));
        w.rule().labels = vec![HIV];
    } => OK1;
    row_49x_restricted_comes_along: |w| w.items.push(along("Condition", &[R])) => OK2 [L1];
    row_49x_restricted_granted: |w| {
        w.items.push(along("Condition", &[R]));
        w.rule().labels = vec![R];
    } => OK1;
    row_49x_normal_is_more_than_moderate: |w| {
        w.items.push(along("Condition", &[N]));
        w.label(Label::Confidentiality(Level::L));
        w.rule().labels = vec![Label::Confidentiality(Level::M)];
    } => OK2 [L1];
    row_50_only_hiv: |w| w.label(HIV) => L6 [L1];
    row_50x_something_else_is_nothing_without_it: |w| {
        w.label(HIV);
        w.items.push(along("Observation", &[]));
    } => L6 [L1];
    row_50x_nothing_is_left: |w| {
        w.label(HIV);
        w.items[0].must = false;
    } => L6 [L1];
    row_51_unknown_label: |w| w.items.push(along("Observation", &[Label::Unknown])) => OK2 [L2];
    row_52_part2_under_an_authorization: |w| w.items.push(along("Condition", &[Label::Part2])) => OK2 [L3];
    row_52_part2_alone: |w| w.label(Label::Part2) => L6 [L3];
    row_53_part2_grant: |w| {
        w.label(Label::Part2);
        w.drafts[0].terms.basis = LegalBasis::Part2;
    } => OK1;
    row_54_part2_general_designation_is_no_community_organization: |w| {
        w.label(Label::Part2);
        w.drafts[0].terms.basis = LegalBasis::Part2;
        w.rule().recipients.clear();
        w.rule().treating_providers = true;
        w.to.treats = true;
    } => R1;
    row_54x_a_treating_provider: |w| {
        w.rule().recipients.clear();
        w.rule().treating_providers = true;
        w.to = party("hospital-a", LegalClass::Ce);
        w.to.treats = true;
    } => OK1;
    row_54x_a_provider_that_does_not_treat: |w| {
        w.rule().recipients.clear();
        w.rule().treating_providers = true;
        w.to = party("hospital-a", LegalClass::Ce);
    } => R1;
    row_55_class_not_granted: |w| w.items = vec![request(&["transportation-insecurity"])] => L6;
    row_55x_part_of_the_need: |w| w.items = vec![request(&["food-insecurity", "stress"])] => L6 [L4];
    row_55x_need_of_no_class: |w| w.items = vec![request(&["made-up"])] => L6;
    row_55x_no_class_in_the_provision: |w| w.rule().classes.clear() => L6;
    row_55x_token_for_less: |w| {
        w.items = vec![request(&["homelessness"])];
        w.token = Some(token());
    } => L6;
    row_55x_two_items_one_granted: |w| {
        let mut other = request(&["stress"]);
        other.resource = loopgate_referral::ResourceId::of("ServiceRequest", "other").unwrap();
        other.must = false;
        w.items.push(other);
    } => OK2 [L4];
    row_55x_kind_not_granted: |w| {
        w.items.push(along("Observation", &[]));
        w.rule().kinds = vec!["ServiceRequest".into()];
    } => OK2 [L4];
    row_55x_instance_not_granted: |w| {
        w.items.push(along("Observation", &[]));
        let granted = w.items[0].resource.clone();
        w.rule().instances = vec![granted];
    } => OK2 [L4];
    row_55x_kind_denied: |w| {
        w.items.push(along("Observation", &[]));
        let deny = Rule { kinds: vec!["Observation".into()], ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L4];
    row_55x_kind_denied_to_another: |w| {
        w.items.push(along("Observation", &[]));
        let mut deny = Rule { kinds: vec!["Observation".into()], ..Rule::of(Effect::Deny) };
        deny.recipients = vec![(org("shelter"), LegalClass::CboNonhipaa)];
        w.drafts.push(draft("c2", vec![deny]));
    } => OK1;
    row_55x_instance_denied: |w| {
        w.items.push(along("Observation", &[]));
        let deny = Rule { instances: vec![w.items[1].resource.clone()], ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L4];
    row_55x_label_denied: |w| {
        w.items.push(along("Observation", &[HIV]));
        w.rule().labels = vec![HIV];
        let deny = Rule { labels: vec![HIV], ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L1];
    row_55x_level_denied: |w| {
        w.items.push(along("Observation", &[R]));
        w.rule().labels = vec![Label::Confidentiality(Level::V)];
        let deny = Rule { labels: vec![R], ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L1];
    row_55x_more_than_the_level_denied: |w| {
        let very = Label::Confidentiality(Level::V);
        w.items.push(along("Observation", &[very]));
        w.rule().labels = vec![very];
        w.drafts.push(draft("c2", vec![Rule { labels: vec![R], ..Rule::of(Effect::Deny) }]));
    } => OK2 [L1];
    row_55x_less_than_the_level_denied: |w| {
        w.items.push(along("Observation", &[R]));
        w.rule().labels = vec![R];
        let very = vec![Label::Confidentiality(Level::V)];
        w.drafts.push(draft("c2", vec![Rule { labels: very, ..Rule::of(Effect::Deny) }]));
    } => OK1;
    row_55x_revoked_deny_of_a_kind: |w| {
        w.items.push(along("Observation", &[]));
        let deny = Rule { kinds: vec!["Observation".into()], ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
        w.drafts[1].state = GrantState::Revoked;
    } => OK1;
    row_56_outside_the_data_period: |w| {
        w.items.push(along("Observation", &[]));
        w.items[1].dated = Dated::At(Timestamp(20));
        w.rule().data_period = Period { start: Some(Timestamp(30)), end: None };
    } => OK2 [L5];
    row_56x_undated_is_outside: |w| {
        w.items.push(along("Observation", &[]));
        w.items[1].dated = Dated::Unknown;
        w.rule().data_period = Period { start: Some(Timestamp(30)), end: None };
    } => OK2 [L5];
    row_56x_timeless_is_inside: |w| {
        w.items.push(along("Patient", &[]));
        w.items[1].dated = Dated::Timeless;
        w.rule().data_period = Period { start: Some(Timestamp(30)), end: None };
    } => OK1;
    row_56x_data_period_denied: |w| {
        w.items.push(along("Observation", &[]));
        w.items[1].dated = Dated::At(Timestamp(20));
        let then = Period { start: None, end: Some(Timestamp(30)) };
        let deny = Rule { data_period: then, ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L5];
    row_56x_undated_may_be_denied: |w| {
        w.items.push(along("Observation", &[]));
        w.items[1].dated = Dated::Unknown;
        let then = Period { start: None, end: Some(Timestamp(30)) };
        let deny = Rule { data_period: then, ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L5];
    row_56x_timeless_is_not_denied: |w| {
        w.items.push(along("Patient", &[]));
        w.items[1].dated = Dated::Timeless;
        let then = Period { start: None, end: Some(Timestamp(30)) };
        let deny = Rule { data_period: then, ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK1;
    row_57_sensitive_in_contained: |w| w.items.push(along("Condition", &[SDV])) => OK2 [L1];
    row_58_status_code_after_lapse: |w| {
        w.backward();
        w.policy.status_only_after_lapse = true;
        w.detail = Detail::StatusCode;
        w.at = 100;
    } => OK2;
    row_58x_policy_off: |w| {
        w.backward();
        w.detail = Detail::StatusCode;
        w.at = 100;
    } => C3;
    row_58x_forward_after_lapse: |w| {
        w.policy.status_only_after_lapse = true;
        w.detail = Detail::StatusCode;
        w.at = 100;
    } => C3;
    row_58x_shelter_after_lapse: |w| {
        w.shelter_answers();
        w.shelter_release();
        w.drafts[0].rules[0].period.end = Some(Timestamp(500));
        w.policy.status_only_after_lapse = true;
        w.detail = Detail::StatusCode;
        w.at = 100;
    } => C3;
    row_59_note_after_lapse: |w| {
        w.backward();
        w.policy.status_only_after_lapse = true;
        w.at = 100;
    } => C3;
    row_60_break_glass: |w| w.glass() => OK3;
    row_60x_the_last_minute: |w| {
        w.glass();
        w.at = 50 + 3_600_000 - 1;
    } => OK3;
    row_60x_an_hour_later: |w| {
        w.glass();
        w.at = 50 + 3_600_000;
    } => B1;
    row_60x_before_it_was_broken: |w| {
        w.glass();
        w.at = 49;
    } => B1;
    row_60x_no_reason: |w| {
        w.glass();
        if let On::Glass(glass) = &mut w.on { glass.reason = "  ".into(); }
    } => B1;
    row_60x_not_an_emergency: |w| {
        w.glass();
        w.purpose = Some(purpose("CAREMGT"));
    } => B1;
    row_60x_btg_is_a_purpose: |w| {
        w.glass();
        w.purpose = Some(purpose("BTG"));
    } => OK3;
    row_60x_without_the_role: |w| {
        w.glass();
        w.to.break_glass = false;
    } => B1;
    row_60x_suspended: |w| {
        w.glass();
        w.to.suspended = true;
    } => B1;
    row_61_break_glass_by_a_community_organization: |w| {
        w.glass();
        w.to.legal = LegalClass::CboNonhipaa;
    } => B1;
    row_62_break_glass_on_a_push: |w| {
        w.glass();
        if let On::Glass(glass) = &mut w.on { glass.is_read = false; }
    } => B2;
    row_62_break_glass_on_violence: |w| {
        w.glass();
        w.label(SDV);
    } => B2;
    row_62x_break_glass_on_a_need_about_violence: |w| {
        w.glass();
        w.items = vec![request(&["intimate-partner-violence"])];
    } => B2;
    row_62x_break_glass_on_an_unknown_label: |w| {
        w.glass();
        w.label(Label::Unknown);
    } => B2;
    row_62x_break_glass_on_part2: |w| {
        w.glass();
        w.label(Label::Part2);
    } => B2;
    row_62x_break_glass_on_hiv: |w| {
        w.glass();
        w.label(HIV);
    } => OK3;
    row_62x_medical_emergency_on_part2: |w| {
        w.glass();
        w.label(Label::Part2);
        if let On::Glass(glass) = &mut w.on { glass.medical_emergency = true; }
    } => OK3;
    row_62x_what_a_shelter_sent: |w| {
        w.glass();
        w.from.legal = LegalClass::VawaGrantee;
    } => B2;
    row_62x_what_a_part2_program_sent: |w| {
        w.glass();
        w.from.legal = LegalClass::Part2Program;
    } => B2;
    row_62x_the_same_in_a_medical_emergency: |w| {
        w.glass();
        w.from.legal = LegalClass::Part2Program;
        if let On::Glass(glass) = &mut w.on { glass.medical_emergency = true; }
    } => OK3;
    row_63_audit_without_a_case: |w| w.on = On::Audit(None, false) => A4;
    row_63x_audit_of_nothing: |w| w.on = On::Audit(Some("  "), true) => A4;
    row_64_audit: |w| w.on = On::Audit(Some("2026-17"), false) => OK4;
    row_65_no_log: |w| w.health = Health::NoLog => S1;
    row_66_no_clock: |w| w.health = Health::NoClock => S2;
    row_67_permit_and_deny_siblings: |w| w.drafts[0].rules.push(rule(Effect::Deny)) => C7;
    row_68_uninterpretable: |w| w.drafts[0].state = GrantState::Uninterpretable => C8;
    row_70_merge_pending: |w| w.events.push(waits(true)) => C1;
    row_70x_merge_settled: |w| w.events.extend([waits(true), waits(false)]) => OK1;
    row_71_agreement_missing: |w| w.to.agreement_ends = None => R6;
    row_71_agreement_over: |w| w.to.agreement_ends = Some(Timestamp(50)) => R6;
    row_71x_agreements_last_instant: |w| w.to.agreement_ends = Some(Timestamp(51)) => OK1;
    row_72_answer: |w| w.backward() => OK1;
    row_72x_answer_to_somebody_who_may_not_disclose: |w| {
        w.backward();
        w.to.org = org("hospital-a");
    } => C9;
    row_72x_answer_status_only: |w| {
        w.backward();
        w.drafts[0].terms.back = crate::Back::StatusOnly;
    } => OK2;
    row_73_return_to_its_supplier: |w| w.on = On::Return(org("pantry")) => OK1;
    row_73x_return_to_somebody_else: |w| w.on = On::Return(org("clinic-b")) => R1;
    row_73x_return_to_a_suspended_supplier: |w| {
        w.on = On::Return(org("pantry"));
        w.to.suspended = true;
    } => R2;
    row_74x_treatment_with_what_a_shelter_sent: |w| {
        treats(w);
        w.from.legal = LegalClass::VawaGrantee;
    } => R5;
    row_74x_treatment_with_what_a_part2_program_sent: |w| {
        treats(w);
        w.from.legal = LegalClass::Part2Program;
    } => L3;
    row_74_treatment: treats => OK1;
    row_74x_treatment_not_configured: |w| {
        treats(w);
        w.to.treats = false;
    } => R1;
    row_74x_treatment_by_a_community_organization: |w| {
        treats(w);
        w.to.legal = LegalClass::CboNonhipaa;
    } => R1;
    row_74x_treatment_the_person_forbade: |w| {
        treats(w);
        w.drafts.push(draft("c2", vec![Rule::of(Effect::Deny)]));
    } => C7;
    row_74x_treatment_while_a_consent_is_uninterpretable: |w| {
        treats(w);
        w.drafts[0].state = GrantState::Uninterpretable;
    } => C8;
    row_74x_treatment_of_part2: |w| {
        treats(w);
        w.label(Label::Part2);
    } => L6 [L3];
    row_74x_treatment_keeps_back_what_is_denied: |w| {
        treats(w);
        w.items.push(along("Observation", &[]));
        let deny = Rule { kinds: vec!["Observation".into()], ..Rule::of(Effect::Deny) };
        w.drafts.push(draft("c2", vec![deny]));
    } => OK2 [L4];
    row_74x_treatment_without_a_purpose: |w| {
        treats(w);
        w.purpose = None;
    } => P1;
    row_74x_treatment_for_another_purpose: |w| {
        treats(w);
        w.purpose = Some(purpose("HPAYMT"));
    } => P2;
    row_74x_treatment_without_an_agreement: |w| {
        treats(w);
        w.to.agreement_ends = None;
    } => R6;
    row_74x_treatment_agreement_over: |w| {
        treats(w);
        w.to.agreement_ends = Some(Timestamp(50));
    } => R6;
    row_74x_treatment_suspended: |w| {
        treats(w);
        w.to.suspended = true;
    } => R2;
    row_74x_treatment_from_a_suspended_source: |w| {
        treats(w);
        w.from.suspended = true;
    } => R2;
    row_74x_treatment_from_another_tenant: |w| {
        treats(w);
        w.from.tenant = org("else");
    } => A5;
    row_75_business_associate: |w| {
        w.on = On::Associate;
        w.to.legal = LegalClass::Ba;
        w.to.associate = true;
    } => OK1;
    row_75x_not_an_associate: |w| {
        w.on = On::Associate;
        w.to.legal = LegalClass::Ba;
    } => R1;
    row_75x_an_associate_of_another_class: |w| {
        w.on = On::Associate;
        w.to.associate = true;
    } => R1;
    row_76_court_order: |w| w.on = On::Law("12-cv-345", false) => OK1;
    row_76x_no_order: |w| w.on = On::Law("", false) => A4;
    row_76x_court_order_and_part2: |w| {
        w.on = On::Law("12-cv-345", false);
        w.label(Label::Part2);
    } => L6 [L3];
    row_76x_court_order_with_part2_along: |w| {
        w.on = On::Law("12-cv-345", false);
        w.items.push(along("Condition", &[Label::Part2]));
    } => OK2 [L3];
    row_76x_order_under_part2: |w| {
        w.on = On::Law("12-cv-345", true);
        w.label(Label::Part2);
    } => OK1;
    row_76x_court_order_and_hiv: |w| {
        w.on = On::Law("12-cv-345", false);
        w.label(HIV);
        w.label(R);
    } => OK1;
    row_77_the_person: |w| w.on = On::Person(false) => OK1;
    row_77x_the_person_sees_violence: |w| {
        w.on = On::Person(false);
        w.items.push(along("Observation", &[SDV]));
    } => OK1;
    row_77x_a_proxy_does_not: |w| {
        w.on = On::Person(true);
        w.items.push(along("Observation", &[SDV]));
    } => OK2 [L1];
    row_77x_a_proxy_and_a_need_about_violence: |w| {
        w.on = On::Person(true);
        w.items = vec![request(&["intimate-partner-violence"])];
    } => L6 [L1];
    row_78_nothing_in_particular: |w| {
        w.on = On::Person(true);
        w.items.clear();
    } => OK1;
}

fn treats(world: &mut World) {
    world.on = On::Treatment;
    world.to = party("hospital-a", LegalClass::Ce);
    world.to.treats = true;
}

/// What a permit says beside its code.
mod permits {
    use super::*;
    use crate::FieldGroup::{self, *};

    fn permit(change: impl FnOnce(&mut World)) -> Permit {
        let mut world = base();
        change(&mut world);
        world.ask().unwrap()
    }

    fn groups(permit: &Permit) -> Vec<FieldGroup> {
        permit.groups().iter().collect()
    }

    #[test]
    fn the_template_of_the_need_decides_and_the_sources_keys_never_pass() {
        let food = permit(|_| {});
        assert_eq!(groups(&food), [Identity, Need]);
        assert_eq!(food.templates(), ["food/1"]);
        assert_eq!(
            (food.classes(), food.action()),
            (&[DataClass::Food][..], Some(Action::Forward))
        );
        assert_eq!((food.person(), food.recipient()), (person(1), &org("pantry")));
        assert_eq!(food.at(), Timestamp(50));
        assert_eq!(food.grant().map(|grant| (grant.version, grant.epoch)), Some((1, 1)));
        let housing = permit(|w| w.items = vec![request(&["homelessness"])]);
        assert_eq!(groups(&housing), [Need]);
        let mut none = base();
        none.policy.templates.clear();
        assert_eq!(none.ask().unwrap_err().code, L6);
    }

    #[test]
    fn an_answer_is_status_and_note_or_status_alone() {
        assert_eq!(groups(&permit(World::backward)), [Note, Status]);
        let alone = permit(|w| {
            w.shelter_answers();
            w.shelter_release();
        });
        assert_eq!(groups(&alone), [Status]);
        assert!(alone.templates().is_empty());
        let read = permit(|w| {
            w.backward();
            w.action = Action::StatusRead;
            w.rule().actions.push(Action::StatusRead);
        });
        assert_eq!(groups(&read), [Note, Status]);
    }

    #[test]
    fn what_a_community_organization_gets_ends_there() {
        assert_eq!(permit(|_| {}).obligations(), [NO_REDISCLOSURE]);
        let named = permit(|w| w.drafts[0].terms.redisclosure = Redisclosure::Named(vec![]));
        assert_eq!(named.obligations(), []);
        assert_eq!(permit(World::backward).obligations(), []);
        let part2 = permit(|w| {
            w.label(Label::Part2);
            w.drafts[0].terms.basis = LegalBasis::Part2;
        });
        assert_eq!(part2.obligations(), [NO_REDISCLOSURE, Obligation::Part2Notice]);
        let nothing_of_it = permit(|w| w.drafts[0].terms.basis = LegalBasis::Part2);
        assert_eq!(nothing_of_it.obligations(), [NO_REDISCLOSURE]);
        let kept_back = permit(|w| {
            w.items.push(along("Condition", &[Label::Part2, HIV]));
            w.drafts[0].terms.basis = LegalBasis::Part2;
        });
        assert_eq!(kept_back.obligations(), [NO_REDISCLOSURE]);
    }

    #[test]
    fn what_is_kept_back_is_named() {
        let permit = permit(|w| w.items.push(along("Condition", &[HIV])));
        let along = along("Condition", &[]).resource;
        assert!(!permit.lets_pass(&along));
        assert!(permit.lets_pass(&request(&[]).resource));
        assert_eq!(permit.dropped(), [Dropped { resource: along, code: L1 }]);
    }

    #[test]
    fn the_other_bases_pass_all_but_the_sources_keys() {
        let mut rest: Vec<FieldGroup> = FieldGroup::ALL.to_vec();
        rest.retain(|group| *group != SourceKeys);
        for on in [On::Person(false), On::Law("1", false), On::Audit(Some("1"), true)] {
            assert_eq!(groups(&permit(|w| w.on = on.clone())), rest, "{on:?}");
        }
        assert_eq!(groups(&permit(treats)), rest);
        assert_eq!(groups(&permit(World::glass)), rest);
        assert_eq!(groups(&permit(|w| w.on = On::Audit(Some("1"), false))), [Status]);
        assert_eq!(groups(&permit(|w| w.on = On::Return(org("pantry")))), FieldGroup::ALL);
        let audit = permit(|w| w.on = On::Audit(Some(" 2026-17 "), false));
        assert_eq!(audit.basis(), &Basis::Audit("2026-17".into()));
        let basis = |change: fn(&mut World)| permit(change).basis().clone();
        assert_eq!(basis(treats), Basis::Treatment);
        assert_eq!(basis(World::glass), Basis::BreakGlass);
        assert_eq!(basis(|w| w.on = On::Law("1", true)), Basis::Law("1".into()));
        assert_eq!(basis(|w| w.on = On::Person(true)), Basis::ThePerson);
        assert!(permit(treats).grant().is_none());
    }

    #[test]
    fn of_two_rules_the_one_that_keeps_back_less_decides() {
        for order in [[0, 1], [1, 0]] {
            let permit = permit(|w| {
                w.items.push(along("Condition", &[HIV]));
                let wide = Rule { labels: vec![HIV], ..rule(Effect::Permit) };
                let both = [rule(Effect::Permit), wide];
                w.drafts[0].rules = order.map(|n| both[n].clone()).to_vec();
            });
            assert_eq!(permit.code(), OK1, "{order:?}");
        }
        let fewer = permit(|w| {
            w.items.push(along("Condition", &[HIV]));
            let mut other = along("Observation", &[SUD]);
            other.must = false;
            w.items.push(other);
            let one = Rule { labels: vec![HIV], ..rule(Effect::Permit) };
            w.drafts[0].rules = vec![rule(Effect::Permit), one];
        });
        assert_eq!(fewer.dropped().len(), 1);
    }

    #[test]
    fn of_two_grants_the_one_that_keeps_back_less_decides_and_of_equals_the_newer() {
        let grant = |labels: [Vec<Label>; 2]| {
            let permit = permit(|w| {
                w.items.push(along("Condition", &[HIV]));
                let of = |labels| vec![Rule { labels, ..rule(Effect::Permit) }];
                let [older, newer] = labels.map(of);
                w.drafts = vec![draft("older", older), draft("newer", newer)];
            });
            (permit.grant().unwrap().id.to_string(), permit.code())
        };
        assert_eq!(grant([vec![HIV], vec![]]), ("grt_older".to_owned(), OK1));
        assert_eq!(grant([vec![], vec![HIV]]), ("grt_newer".to_owned(), OK1));
        assert_eq!(grant([vec![], vec![]]), ("grt_newer".to_owned(), OK2));
        assert_eq!(grant([vec![HIV], vec![HIV]]), ("grt_newer".to_owned(), OK1));
    }

    #[test]
    fn of_two_grants_the_one_that_lets_more_of_the_answer_back_decides() {
        for order in [[0, 1], [1, 0]] {
            let answer = permit(|w| {
                w.backward();
                let mut status = draft("status", vec![rule(Effect::Permit)]);
                status.terms.back = crate::Back::StatusOnly;
                let both = [status, draft("full", vec![rule(Effect::Permit)])];
                w.drafts = order.map(|n| both[n].clone()).to_vec();
            });
            assert_eq!(answer.code(), OK1, "{order:?}");
        }
    }

    #[test]
    fn of_two_rules_that_deny_the_furthest_names_the_reason() {
        let no_action = || Rule { actions: vec![], ..rule(Effect::Permit) };
        let no_purpose = || Rule { purposes: vec![], ..rule(Effect::Permit) };
        let nobody = || Rule { recipients: vec![], ..rule(Effect::Permit) };
        for rules in [
            [no_action(), nobody(), no_purpose()],
            [nobody(), no_action(), no_purpose()],
            [no_purpose(), no_action(), nobody()],
        ] {
            let mut world = base();
            world.drafts[0].rules = rules.to_vec();
            assert_eq!(world.ask().unwrap_err().code, R1);
        }
    }

    #[test]
    fn of_two_rules_that_deny_equally_late_the_first_names_the_reason() {
        let payment = || Rule { purposes: vec![purpose("HPAYMT")], ..rule(Effect::Permit) };
        let care = || rule(Effect::Permit);
        for (rules, code) in [([payment(), care()], P2), ([care(), payment()], P1)] {
            let mut world = base();
            world.drafts[0].rules = rules.to_vec();
            world.purpose = Some(purpose("HPAYMT"));
            assert_eq!(world.ask().unwrap_err().code, code);
        }
    }

    #[test]
    fn of_two_grants_the_furthest_names_the_reason_and_of_equals_the_newer() {
        let mut world = base();
        world.to.org = org("shelter");
        let mut revoked = draft("c2", vec![rule(Effect::Permit)]);
        revoked.state = GrantState::Revoked;
        world.drafts.push(revoked);
        assert_eq!(world.ask().unwrap_err().code, R1, "not C2: the older came further");
        let named = |denial: Denial| denial.grant.map(|grant| grant.id.to_string());
        assert_eq!(named(world.ask().unwrap_err()).as_deref(), Some("grt_c1"));
        world.drafts[1].state = GrantState::Active;
        assert_eq!(named(world.ask().unwrap_err()).as_deref(), Some("grt_c2"));
    }
}

#[test]
fn grants_wait_while_a_merge_is_pending_and_hold_again_after() {
    let mut world = base();
    let all = |suspended| GrantEvent::Suspended { person: person(1), with: person(2), suspended };
    world.events = vec![all(true)];
    let grants = world.grants();
    assert!(grants.are_suspended(person(1)) && !grants.are_suspended(person(2)));
    assert_eq!(grants.of(person(1))[0].epoch, 2);
    world.events.push(all(true));
    assert_eq!(world.grants().of(person(1))[0].epoch, 2, "said twice is once");
    world.events.push(all(false));
    let grants = world.grants();
    assert!(!grants.are_suspended(person(1)));
    assert_eq!(grants.of(person(1))[0].epoch, 3);
}

#[test]
fn every_code_has_words_and_a_class() {
    use crate::Class::*;
    for code in ReasonCode::ALL {
        assert!(!code.words().is_empty(), "{code}");
        assert_eq!(code.class().is_none(), code.name().starts_with("OK"), "{code}");
    }
    let class = |code: ReasonCode| code.class().unwrap();
    assert_eq!([A1, A2, A3, T10].map(class), [InvalidToken; 4]);
    assert_eq!([A4, A5, B1, B2].map(class), [AccessDenied; 4]);
    assert_eq!([C2, R5, P1, X1, L6].map(class), [ConsentDenied; 5]);
    assert_eq!([S1, S2].map(class), [Unavailable; 2]);
}

/// What a denial does to a referral that nobody accepted: our DESIGN §2.
#[test]
fn a_denial_holds_or_rejects() {
    use crate::Fate::*;
    for code in ReasonCode::ALL {
        let want = match code {
            C9 | C1 | C12 | C3 | C8 | C10 | C11 => Held,
            C2 | C7 | R1 | R4 | R6 | P1 | P2 | X1 | X2 | L4 | L6 => Rejected,
            _ => Waits,
        };
        assert_eq!(code.fate(), want, "{code}");
    }
}

#[test]
fn a_code_is_written_as_it_is_called() {
    assert_eq!((C12.to_string(), OK1.name()), ("C12".to_owned(), "OK1"));
    assert_eq!(Denial::of(C12).to_string(), "the release is denied (C12)");
}
