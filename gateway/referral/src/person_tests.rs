//! Who is who.

use super::*;

const SHARED: &str = "urn:community:id";

fn presented(by: &str, identifiers: &[(&str, &str)]) -> Presented {
    Presented {
        by: by.parse().unwrap(),
        index: Some("urn:mrn".into()),
        identifiers: identifiers
            .iter()
            .map(|(system, value)| Identifier { system: (*system).into(), value: (*value).into() })
            .collect(),
        sameness: Sameness::of("García", "María", "1988-04-02"),
    }
}

fn check(known: &[Presented], next: &Presented) -> (usize, usize) {
    let shared = vec![SHARED.to_owned()];
    let mut persons = Persons::default();
    for (n, p) in known.iter().chain([next]).enumerate() {
        let fresh = PersonId::from_random([n as u8; 16]);
        let (_, events) = persons.decide(p, &shared, fresh);
        events.iter().for_each(|event| persons.evolve(event));
    }
    (persons.len(), persons.candidates().count())
}

#[test]
fn a_shared_identifier_makes_one_person() {
    let a = presented("hospital-a", &[("urn:a:mrn", "1"), (SHARED, "77")]);
    let b = presented("clinic-b", &[("urn:b:mrn", "9"), (SHARED, "77")]);
    assert_eq!(check(&[a], &b), (1, 0));
}

#[test]
fn the_same_name_and_birth_date_make_a_candidate_only() {
    let a = presented("hospital-a", &[("urn:a:mrn", "1")]);
    let b = presented("clinic-b", &[("urn:b:mrn", "9")]);
    assert_eq!(check(&[a], &b), (2, 1));
}

#[test]
fn a_name_that_many_share_makes_few_candidates() {
    let mrns: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let known: Vec<Presented> =
        mrns.iter().map(|mrn| presented("hospital-a", &[("urn:mrn", mrn)])).collect();
    let next = presented("hospital-a", &[("urn:mrn", "new")]);
    let before: usize = (0..20).map(|n| n.min(CANDIDATES_MAX)).sum();
    assert_eq!(check(&known, &next), (21, before + CANDIDATES_MAX));
}

#[test]
fn another_organizations_mrn_links_nobody() {
    let a = presented("hospital-a", &[("urn:mrn", "1")]);
    let b = presented("clinic-b", &[("urn:mrn", "1")]);
    assert_eq!(check(&[a], &b).0, 2);
}

#[test]
fn an_organization_that_presents_its_own_identifier_again_means_the_same_person() {
    let a = presented("hospital-a", &[("urn:mrn", "1")]);
    assert_eq!(check(std::slice::from_ref(&a), &a), (1, 0));
}

#[test]
fn a_patient_that_is_replaced_is_the_person_it_was_or_refused() {
    let mut persons = Persons::default();
    let shared = vec![SHARED.to_owned()];
    let [maria, other] = [[1; 16], [2; 16]].map(PersonId::from_random);
    let insured = presented("hospital-a", &[("urn:insurance", "7")]);
    let somebody = presented("hospital-a", &[("urn:mrn", "9")]);
    for (one, fresh) in [(&insured, maria), (&somebody, other)] {
        let (_, events) = persons.decide(one, &shared, fresh);
        events.iter().for_each(|event| persons.evolve(event));
    }
    let again = |one: &Presented| persons.again(one, &shared, maria);
    let more = presented("hospital-a", &[("urn:insurance", "7"), (SHARED, "77")]);
    let Some(linked) = again(&more) else { panic!("the same card") };
    // Another name, and no card of hers; the same name alone; somebody else's own number.
    let renamed = Presented { sameness: None, ..presented("hospital-a", &[("urn:mrn", "5")]) };
    assert_eq!(again(&renamed), None);
    assert!(again(&presented("hospital-a", &[("urn:mrn", "5")])).is_some());
    assert_eq!(again(&somebody), None);
    persons.evolve(&linked);
    let shared_id = Identifier { system: SHARED.into(), value: "77".into() };
    assert_eq!(persons.holding(&shared_id), [maria]);
}

#[test]
fn who_has_no_number_is_known_again_by_name_and_birth_date_alone() {
    let mut persons = Persons::default();
    let maria = PersonId::from_random([1; 16]);
    let nameless = presented("hospital-a", &[]);
    let (_, events) = persons.decide(&nameless, &[], maria);
    events.iter().for_each(|event| persons.evolve(event));
    assert!(persons.again(&nameless, &[], maria).is_some());
    let other = Presented { sameness: Sameness::of("Quist", "Ada", "1950-01-01"), ..nameless };
    assert_eq!(persons.again(&other, &[], maria), None);
}

#[test]
fn an_identifier_that_is_not_of_its_index_links_nobody() {
    let mother = presented("hospital-a", &[("urn:insurance", "7")]);
    assert_eq!(check(std::slice::from_ref(&mother), &mother), (2, 1));
}

#[test]
fn identifiers_of_two_persons_link_to_neither() {
    let a = presented("hospital-a", &[("urn:mrn", "1")]);
    let b = presented("hospital-a", &[("urn:mrn", "2")]);
    let both = presented("hospital-a", &[("urn:mrn", "1"), ("urn:mrn", "2")]);
    assert_eq!(check(&[a, b], &both).0, 3);
}
