use loopgate_consent::{Action, DataClass, Label, Level, Period, Purpose};
use loopgate_referral::Identifier;

use super::*;
use crate::Limits;
use crate::code::SDOHCC;

const ACTIVE: &str = r#""status":"active""#;
const DATED: &str = r#""dateTime":"2026-05-01""#;
const FOOD: &str = r#""code":[{"coding":[{"system":"SDOHCC","code":"food-insecurity"}]}]"#;
const HOUSING: &str = r#""code":[{"coding":[{"system":"SDOHCC","code":"homelessness"},{"system":"SDOHCC","code":"inadequate-housing"}]}]"#;
const RIDES: &str =
    r#""code":[{"coding":[{"system":"SDOHCC","code":"transportation-insecurity"}]}]"#;
const OTHER: &str =
    r#""code":[{"coding":[{"system":"SDOHCC","code":"sdoh-category-unspecified"}]}]"#;
const FOREIGN: &str = r#""code":[{"coding":[{"system":"http://x","code":"food-insecurity"}]}]"#;
const PERMIT: &str = r#""type":"permit""#;
const DENY: &str = r#""type":"deny""#;
const PURPOSE: &str = r#""purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"CAREMGT"}]"#;

fn actor(role: &str, organization: &str) -> String {
    format!(
        r#"{{"role":{{"coding":[{{"code":"{role}"}}]}},"reference":{{"reference":"Organization/{organization}"}}}}"#
    )
}

fn actors(list: &[(&str, &str)]) -> String {
    let list: Vec<String> = list.iter().map(|(role, org)| actor(role, org)).collect();
    format!(r#""actor":[{}]"#, list.join(","))
}

/// A Consent of these members and this root provision.
fn consent(members: &[&str], provision: Option<&[&str]>) -> String {
    let provision = provision.map(|parts| format!(r#","provision":{{{}}}"#, parts.join(",")));
    format!(
        r#"{{"resourceType":"Consent","patient":{{"reference":"Patient/1"}},
        "scope":{{"coding":[{{"system":"{CONSENT_SCOPE}","code":"patient-privacy"}}]}},
        "category":[{{"coding":[{{"code":"IDSCL"}}]}}],
        "organization":[{{"reference":"Organization/pantry"}},{{"reference":"Organization/nobody"}},
        {{"identifier":{{"system":"npi","value":"1"}}}}],{}{}}}"#,
        members.join(","),
        provision.unwrap_or_default()
    )
    .replace("SDOHCC", SDOHCC)
}

fn nested(provisions: &[&[&str]]) -> String {
    let provisions: Vec<String> =
        provisions.iter().map(|parts| format!("{{{}}}", parts.join(","))).collect();
    format!(r#""provision":[{}]"#, provisions.join(","))
}

fn draft(text: &str, zone: Offset) -> GrantDraft {
    let resource = Resource::read(text.as_bytes(), &Limits::default());
    let resource = resource.unwrap_or_else(|faults| panic!("{faults:?} {text}"));
    let read = ConsentIn::read(&resource, zone).unwrap();
    assert_eq!(read.patient, "Patient/1");
    let resolve = |party: &PartyRef| match party {
        PartyRef::Reference(text) if text == "Organization/pantry" => {
            Some(("pantry".parse().unwrap(), LegalClass::CboNonhipaa))
        }
        PartyRef::Identifier(Identifier { system, value }) if system == "npi" && value == "1" => {
            Some(("clinic".parse().unwrap(), LegalClass::Ce))
        }
        _ => None,
    };
    let person = PersonId::from_random([1; 16]);
    read.to_draft(person, "Consent/1".parse().unwrap(), [7; 32], &resolve)
}

fn check_state(members: &[&str], provision: Option<&[&str]>, want: GrantState) {
    let text = consent(members, provision);
    assert_eq!(draft(&text, Offset::UTC).state, want, "{text}");
}

/// The rules of an active Consent with this root provision.
fn rules(provision: &[&str]) -> Vec<Rule> {
    let text = consent(&[ACTIVE, DATED], Some(provision));
    let draft = draft(&text, Offset::UTC);
    assert_eq!(draft.state, GrantState::Active, "{text}");
    draft.rules
}

/// The one rule of an active Consent with this root provision.
fn one(provision: &[&str]) -> Rule {
    let mut rules = rules(provision);
    assert_eq!(rules.len(), 1, "{provision:?}");
    rules.remove(0)
}

fn check_uninterpretable(provision: &[&str]) {
    check_state(&[ACTIVE, DATED], Some(provision), GrantState::Uninterpretable);
}

fn pantry() -> (OrgId, LegalClass) {
    ("pantry".parse().unwrap(), LegalClass::CboNonhipaa)
}

#[test]
fn a_permit_is_read() {
    let recipients = actors(&[("IRCP", "pantry"), ("IRCP", "nobody"), ("CST", "pantry")]);
    let period = r#""period":{"start":"2026-05-01","end":"2027-05-01"}"#;
    let root = [PERMIT, FOOD, PURPOSE, recipients.as_str(), period];
    let draft = draft(&consent(&[ACTIVE, DATED], Some(&root)), Offset::UTC);
    let at = |text: &str| Moment::parse(text, Offset::UTC).unwrap().start;
    let rule = Rule {
        effect: Effect::Permit,
        recipients: vec![pantry()],
        recipients_unknown: false,
        classes: vec![DataClass::Food],
        purposes: vec!["CAREMGT".parse().unwrap()],
        actions: Action::ALL.to_vec(),
        period: Period { start: Some(at("2026-05-01")), end: Some(at("2027-05-02")) },
        ..Rule::of(Effect::Permit)
    };
    let want = GrantDraft {
        consent: "Consent/1".parse().unwrap(),
        person: PersonId::from_random([1; 16]),
        state: GrantState::Active,
        disclosers: vec!["pantry".parse().unwrap(), "clinic".parse().unwrap()],
        rules: vec![rule],
        signed: Some(at("2026-05-01")),
        consent_sha256: [7; 32],
        // No signed form came along.
        terms: Terms { incomplete: true, ..Terms::default() },
    };
    assert_eq!(draft, want);
}

const FORM: &str = r#""sourceReference":{"reference":"DocumentReference/1"}"#;
const CHECKED: &str = r#""verification":[{"verified":true,"verificationDate":"2026-05-01"}]"#;
const UNTIL: &str = r#""period":{"end":"2027-05-01"}"#;

/// The terms of an active Consent with these members and this root provision.
fn terms(members: &[&str], provision: &[&str]) -> Terms {
    let members = [&[ACTIVE, DATED], members].concat();
    draft(&consent(&members, Some(provision)), Offset::UTC).terms
}

#[test]
fn a_form_is_signed_and_ends() {
    let permit: &[&str] = &[PERMIT, FOOD, UNTIL];
    assert!(terms(&[], permit).incomplete, "nothing shows a signature");
    assert!(!terms(&[FORM], permit).incomplete);
    assert!(!terms(&[CHECKED], permit).incomplete);
    assert!(!terms(&[r#""sourceAttachment":{"title":"form"}"#], permit).incomplete);
    assert!(terms(&[&CHECKED.replace("true", "false")], permit).incomplete);
    let undated = r#""verification":[{"verified":true}]"#;
    assert!(terms(&[undated], permit).incomplete);
    assert!(terms(&[FORM], &[PERMIT, FOOD]).incomplete, "it has no end");
    assert!(!terms(&[FORM], &[DENY, FOOD]).incomplete, "a deny needs none");
}

#[test]
fn part_2_wants_somebody_to_have_looked() {
    let part2 = |member: &str| {
        let text = consent(&[ACTIVE, DATED, member], Some(&[PERMIT, FOOD, UNTIL]));
        let coded = format!(r#"{{"system":"{ACT_CODE}","code":"42CFRPart2CD"}}"#);
        draft(&text.replace(r#"{"code":"IDSCL"}"#, &coded), Offset::UTC).terms
    };
    assert_eq!((part2(FORM).basis, part2(FORM).incomplete), (LegalBasis::Part2, true));
    assert!(!part2(CHECKED).incomplete);
    assert_eq!(terms(&[FORM], &[PERMIT]).basis, LegalBasis::Authorization);
}

#[test]
fn who_speaks_for_the_person_has_to_be_looked_at() {
    let own = r#""performer":[{"reference":"Patient/1"}]"#;
    check_state(&[ACTIVE, DATED, own], Some(&[PERMIT, FOOD]), GrantState::Active);
    for other in [
        r#""performer":[{"reference":"RelatedPerson/1"}]"#,
        r#""performer":[{"reference":"Patient/1"},{"reference":"RelatedPerson/1"}]"#,
        r#""performer":[{"display":"her sister"}]"#,
    ] {
        check_state(&[ACTIVE, DATED, other], Some(&[PERMIT, FOOD]), GrantState::Pending);
    }
}

/// IHE PCF Intermediate and Advanced.
#[test]
fn some_of_the_data_is_selected() {
    let label = |code: &str| {
        let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        format!(r#""securityLabel":[{{"system":"{system}","code":"{code}"}}]"#)
    };
    assert_eq!(one(&[PERMIT, FOOD, &label("R")]).labels, [Label::Confidentiality(Level::R)]);
    check_uninterpretable(&[PERMIT, FOOD, &label("X")]);
    let class = r#""class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]"#;
    assert_eq!(one(&[DENY, class]).kinds, ["Observation"]);
    let data = r#""data":[{"meaning":"instance","reference":{"reference":"Observation/7"}}]"#;
    assert_eq!(one(&[DENY, data]).instances, ["Observation/7".parse().unwrap()]);
    let then = r#""dataPeriod":{"start":"2026-01-01","end":"2026-03-31"}"#;
    let at = |text: &str| Some(Moment::parse(text, Offset::UTC).unwrap().start);
    let period = Period { start: at("2026-01-01"), end: at("2026-04-01") };
    assert_eq!(one(&[PERMIT, FOOD, then]).data_period, period);
    assert!(one(&[DENY, then]).selects_items());
    // Neither permit nor deny, and yet about something.
    check_uninterpretable(&[class]);
}

/// HL7 FAST: there is no organization, and a controller.
#[test]
fn the_controller_of_a_fast_consent_discloses() {
    let text = consent(&[ACTIVE, DATED], Some(&[PERMIT, FOOD]));
    let (head, tail) = text.split_once(r#""organization":"#).unwrap();
    let tail = tail.split_once("}],").unwrap().1;
    let controlled = |url: &str| {
        let who = r#"{"identifier":{"system":"npi","value":"1"}}"#;
        let text =
            format!(r#"{head}"extension":[{{"url":"{url}","valueReference":{who}}}],{tail}"#);
        draft(&text, Offset::UTC).disclosers
    };
    let clinic: OrgId = "clinic".parse().unwrap();
    assert_eq!(controlled(CONTROLLER), [clinic]);
    assert_eq!(controlled("http://x"), []);
    // Beside an organization it says nothing.
    let who = r#"{"identifier":{"system":"npi","value":"1"}}"#;
    let extension = format!(r#""extension":[{{"url":"{CONTROLLER}","valueReference":{who}}}]"#);
    let both = consent(&[ACTIVE, DATED, &extension], Some(&[PERMIT, FOOD]));
    assert_eq!(draft(&both, Offset::UTC).disclosers.len(), 2);
}

#[test]
fn status_scope_and_date_decide_first() {
    use GrantState::{Active, Pending, Revoked, Uninterpretable};
    let root: &[&str] = &[PERMIT, FOOD];
    let unread: &[&str] = &[PERMIT, r#""class":[{"code":"x"}]"#];
    check_state(&[ACTIVE, DATED], Some(root), Active);
    for (status, want) in [
        ("draft", Pending),
        ("proposed", Pending),
        ("rejected", Revoked),
        ("inactive", Revoked),
        ("entered-in-error", Revoked),
    ] {
        let status = format!(r#""status":"{status}""#);
        check_state(&[&status, DATED], Some(root), want);
        check_state(&[&status, DATED], Some(unread), want);
        assert_eq!(draft(&consent(&[&status, DATED], Some(root)), Offset::UTC).rules, []);
    }
    check_state(&[ACTIVE], Some(root), Pending);
    check_state(&[ACTIVE], Some(unread), Uninterpretable);
    let said = r#""_status":{"extension":[{"url":"http://x","valueCode":"y"}]}"#;
    check_state(&[ACTIVE, said, DATED], Some(root), Uninterpretable);

    let research = consent(&[ACTIVE, DATED], Some(root)).replace("patient-privacy", "research");
    assert_eq!(draft(&research, Offset::UTC).state, Pending);
    assert_eq!(draft(&research, Offset::UTC).rules, []);
    let elsewhere = consent(&[ACTIVE, DATED], Some(root)).replace(CONSENT_SCOPE, "http://x");
    assert_eq!(draft(&elsewhere, Offset::UTC).state, Pending);
}

#[test]
fn a_consent_without_a_date_still_denies() {
    let draft = draft(&consent(&[ACTIVE], Some(&[DENY, HOUSING])), Offset::UTC);
    assert_eq!((draft.state, draft.rules.len()), (GrantState::Pending, 1));
    assert_eq!(draft.rules[0].effect, Effect::Deny);
}

#[test]
fn nothing_computable_waits_for_a_person() {
    let period = r#""period":{"start":"2026-05-01"}"#;
    let pending = GrantState::Pending;
    check_state(&[ACTIVE, DATED], None, pending);
    for root in [&[PERMIT][..], &[PERMIT, period], &[period]] {
        check_state(&[ACTIVE, DATED], Some(root), pending);
    }
}

#[test]
fn codes_become_classes() {
    assert_eq!(one(&[PERMIT, FOOD]).classes, [DataClass::Food]);
    assert_eq!(one(&[PERMIT, HOUSING]).classes, [DataClass::Housing]);
    assert_eq!(one(&[PERMIT, RIDES]).classes, [DataClass::Transport]);
    // What no class covers is not permitted, and nothing else is either.
    assert_eq!(one(&[PERMIT, OTHER]).classes, []);
    assert_eq!(one(&[PERMIT, FOREIGN]).classes, []);
    // A deny of something unknown might be a deny of anything.
    check_uninterpretable(&[DENY, OTHER]);
    check_uninterpretable(&[DENY, FOREIGN]);
    check_uninterpretable(&[DENY, r#""code":[{"text":"food"}]"#]);
    let both = r#""code":[{"coding":[{"system":"http://x","code":"y"}]},{"coding":[{"system":"SDOHCC","code":"food-insecurity"}]}]"#;
    assert_eq!(one(&[PERMIT, both]).classes, [DataClass::Food]);
    // What is denied beside it must not slip through, whether code, purpose or action.
    check_uninterpretable(&[DENY, both]);
    check_uninterpretable(&[DENY, r#""purpose":[{"code":"HMARKT"},{"display":"research"}]"#]);
    check_uninterpretable(&[
        DENY,
        r#""action":[{"coding":[{"code":"disclose"}]},{"text":"sell"}]"#,
    ]);
    // A deny without a code is a deny of all of it.
    assert_eq!(one(&[DENY]).classes, []);
}

#[test]
fn a_permit_skips_whom_it_does_not_know_and_a_deny_does_not() {
    let cases = [
        (vec![("IRCP", "pantry")], 1, false),
        (vec![("IRCP", "pantry"), ("IRCP", "nobody")], 1, true),
        (vec![("IRCP", "nobody")], 0, true),
        (vec![("CST", "pantry")], 0, false),
    ];
    for (list, known, unknown) in cases {
        let list = actors(&list);
        let permit = one(&[PERMIT, &list]);
        assert_eq!((permit.recipients.len(), permit.recipients_unknown), (known, false), "{list}");
        let deny = one(&[DENY, &list]);
        assert_eq!((deny.recipients.len(), deny.recipients_unknown), (known, unknown), "{list}");
    }
    let nameless = r#""actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"display":"d"}}]"#;
    assert!(one(&[DENY, nameless]).recipients_unknown);
    assert!(!one(&[PERMIT, nameless]).recipients_unknown);
    let in_words =
        r#""actor":[{"role":{"text":"r"},"reference":{"reference":"Organization/pantry"}}]"#;
    assert!(one(&[DENY, in_words]).recipients_unknown);
    assert_eq!(one(&[PERMIT, in_words]).recipients, []);
}

#[test]
fn purposes_and_actions() {
    use Action::{Forward, Notify, StatusRead, Submit, UpdateBack};
    let purposes = |rule: Rule| -> Vec<String> {
        rule.purposes.iter().map(Purpose::code).map(str::to_owned).collect()
    };
    assert_eq!(purposes(one(&[PERMIT, PURPOSE])), ["CAREMGT"]);
    assert_eq!(purposes(one(&[PERMIT, FOOD])), [""; 0]);
    let foreign = PURPOSE.replace("v3-ActReason", "other");
    assert_eq!(purposes(one(&[PERMIT, &foreign])), [""; 0]);
    assert_eq!(purposes(one(&[DENY, &foreign])), ["CAREMGT"]);

    let action = |code: &str, system: &str| {
        format!(r#""action":[{{"coding":[{{"system":"{system}","code":"{code}"}}]}}]"#)
    };
    let rows = [
        ("disclose", vec![Submit, Forward, Notify]),
        ("access", vec![UpdateBack, StatusRead]),
        ("collect", vec![]),
        ("correct", vec![]),
    ];
    for (code, want) in rows {
        assert_eq!(one(&[PERMIT, &action(code, CONSENT_ACTION)]).actions, want, "{code}");
        assert_eq!(one(&[PERMIT, &action(code, "http://x")]).actions, [], "{code}");
        assert_eq!(one(&[DENY, &action(code, "http://x")]).actions, want, "{code}");
    }
    assert_eq!(one(&[PERMIT, FOOD]).actions, Action::ALL);
    assert_eq!(one(&[DENY, FOOD]).actions, Action::ALL);

    use crate::code::CONSENT_ACTION;
}

#[test]
fn a_root_permit_is_a_rule_and_so_are_its_exceptions() {
    let exceptions = nested(&[&[DENY, HOUSING], &[PERMIT, FOOD]]);
    let effects = |rules: Vec<Rule>| rules.iter().map(|rule| rule.effect).collect::<Vec<_>>();
    use Effect::{Deny, Permit};
    assert_eq!(effects(rules(&[PERMIT, FOOD, &exceptions])), [Permit, Deny, Permit]);
    // It selects nothing, so it permits nothing.
    assert_eq!(effects(rules(&[PERMIT, &exceptions])), [Deny, Permit]);
}

#[test]
fn a_root_deny_with_exceptions_is_the_base_and_no_rule() {
    let exceptions = nested(&[&[PERMIT, FOOD], &[DENY, HOUSING]]);
    let effects = |rules: Vec<Rule>| rules.iter().map(|rule| rule.effect).collect::<Vec<_>>();
    use Effect::{Deny, Permit};
    assert_eq!(effects(rules(&[DENY, &exceptions])), [Permit, Deny]);
    assert_eq!(effects(rules(&[&exceptions])), [Permit, Deny]);
    assert_eq!(effects(rules(&[DENY, FOOD, &exceptions])), [Permit, Deny]);
    // By itself it is one, even if it names nothing.
    assert_eq!(effects(rules(&[DENY])), [Deny]);
    assert_eq!(effects(rules(&[DENY, FOOD])), [Deny]);
}

#[test]
fn an_exception_inherits_the_period_alone() {
    let root = r#""period":{"end":"2027"}"#;
    let own = r#""period":{"start":"2026-06-01T12:00:00+02:00"}"#;
    let list = actors(&[("IRCP", "pantry")]);
    let exceptions = nested(&[&[PERMIT, FOOD], &[PERMIT, HOUSING, own], &[DENY]]);
    let got = rules(&[root, PURPOSE, &list, &exceptions]);
    let at = |text: &str| Some(Moment::parse(text, Offset::UTC).unwrap().start);
    let base = Period { start: None, end: at("2028") };
    let periods: Vec<Period> = got.iter().map(|rule| rule.period).collect();
    let theirs = Period { start: at("2026-06-01T10:00:00Z"), end: None };
    assert_eq!(periods, [base, theirs, base]);
    assert!(got.iter().all(|rule| rule.recipients.is_empty() && rule.purposes.is_empty()));
}

#[test]
fn dates_are_midnight_in_the_zone_given() {
    let period = r#""period":{"start":"2026-05-01","end":"2027-05-01T10:00:00Z"}"#;
    let text = consent(&[ACTIVE, DATED], Some(&[PERMIT, FOOD, period]));
    let draft = draft(&text, Offset::constant(-6));
    let at = |text: &str| Some(Moment::parse(text, Offset::UTC).unwrap().start);
    assert_eq!(draft.rules[0].period.start, at("2026-05-01T06:00:00Z"));
    assert_eq!(draft.rules[0].period.end, at("2027-05-01T10:00:01Z"));
    assert_eq!(draft.signed, at("2026-05-01T06:00:00Z"));
}

#[test]
fn what_we_do_not_read_forbids_everything() {
    // Neither permit nor deny, and yet about something.
    check_uninterpretable(&[FOOD]);
    check_uninterpretable(&[&actors(&[("IRCP", "pantry")])]);
    // A nested provision has a type.
    check_uninterpretable(&[PERMIT, FOOD, &nested(&[&[HOUSING]])]);
    let deep = nested(&[&[DENY, HOUSING, &nested(&[&[PERMIT, FOOD]])]]);
    check_uninterpretable(&[PERMIT, FOOD, &deep]);
    for selector in [
        r#""class":[{"system":"http://hl7.org/fhir/StructureDefinition","code":"x"}]"#.to_owned(),
        r#""data":[{"meaning":"related","reference":{"reference":"Task/1"}}]"#.to_owned(),
        r#""data":[{"meaning":"instance","reference":{"display":"that one"}}]"#.to_owned(),
        r#""securityLabel":[{"code":"R"}]"#.to_owned(),
    ] {
        check_uninterpretable(&[PERMIT, FOOD, &selector]);
        check_uninterpretable(&[DENY, FOOD, &selector]);
        check_uninterpretable(&[PERMIT, FOOD, &nested(&[&[DENY, &selector]])]);
    }
    let said = r#"{"extension":[{"url":"http://x","valueCode":"y"}]}"#;
    check_uninterpretable(&[PERMIT, &format!(r#""_type":{said}"#), FOOD]);
    let coded = FOOD.replace(r#""code":"f"#, &format!(r#""_code":{said},"code":"f"#));
    check_uninterpretable(&[PERMIT, &coded]);
    check_uninterpretable(&[PERMIT, FOOD, &nested(&[&[DENY, &format!(r#""_type":{said}"#)]])]);
    check_uninterpretable(&[PERMIT, FOOD, &format!(r#""period":{{"_end":{said}}}"#)]);
    check_uninterpretable(&[PERMIT, FOOD, &format!(r#""period":{said}"#)]);
    // What is only shown, and what is beside the point, does not count.
    let shown =
        FOOD.replace(r#""code":"f"#, &format!(r#""display":"d","_display":{said},"code":"f"#));
    assert_eq!(one(&[PERMIT, &shown]).classes, [DataClass::Food]);
    let extended =
        format!(r#""extension":[{{"url":"http://x","valueCode":"y","_valueCode":{said}}}]"#);
    assert_eq!(one(&[PERMIT, FOOD, &extended]).classes, [DataClass::Food]);
}

#[test]
fn a_consent_is_about_a_patient() {
    let text = consent(&[ACTIVE, DATED], None).replace("Patient/1", "Group/1");
    let faults = Resource::read(text.as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(faults[0].expression, "Consent.patient");
}

/// What the fuzzer found worth keeping, on a stable toolchain.
#[test]
fn the_corpus_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/consent");
    let mut read = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        if let Ok(resource) = Resource::read(&bytes, &Limits::default()) {
            read += usize::from(ConsentIn::read(&resource, Offset::UTC).is_ok());
        }
    }
    assert!(read >= 2, "{read}");
}
