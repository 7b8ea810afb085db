use std::mem::size_of;

use super::*;

const HOUR: i64 = 3_600_000;

fn id<T: std::str::FromStr>(prefix: &str, n: u8) -> T {
    let text = format!("{prefix}_{n:032x}");
    let Ok(id) = text.parse() else { panic!("{text}") };
    id
}

fn link(id: impl ToString) -> Link {
    Link { id: id.to_string(), n: 1, prev: -1 }
}

/// What one entry is about, as a model remembers it.
struct Told {
    referral: Option<u8>,
    person: Option<u8>,
    org: Option<&'static str>,
    kind: &'static str,
    code: Option<&'static str>,
    at: Timestamp,
}

/// A stream of entries that mixes everything, two to a frame and an hour apart.
fn stream(length: u64) -> (Catalogue, Vec<Told>) {
    let (mut catalogue, mut model) = (Catalogue::default(), Vec::new());
    let mut state = 7u64;
    let mut dice = |sides: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    for index in 0..length {
        let one = |n: u64| u8::try_from(n).unwrap();
        let told = Told {
            referral: Some(one(dice(6))).filter(|n| *n < 5),
            person: Some(one(dice(5))).filter(|n| *n < 4),
            org: [Some("pantry"), Some("clinic-b"), None][dice(3) as usize],
            kind: ["phi.disclosed", "phi.denied", "referral.sent"][dice(3) as usize],
            code: [None, Some("C2"), Some("L4")][dice(3) as usize],
            at: Timestamp(i64::try_from(index / 2).unwrap() * HOUR),
        };
        let links = Links {
            subject: told.referral.iter().map(|n| link(id::<ReferralId>("ref", *n))).collect(),
            patient: told.person.iter().map(|n| link(id::<PersonId>("per", *n))).collect(),
            parties: told.org.iter().map(link).collect(),
        };
        let place = Place { sequence: index / 2, entry: (index % 2) as usize, index, at: told.at };
        catalogue.push(place, told.kind, told.code, &links);
        model.push(told);
    }
    (catalogue, model)
}

#[test]
fn a_row_is_small_and_says_where_its_entry_lies() {
    assert_eq!(size_of::<Row>(), 24);
    let (catalogue, _) = stream(9);
    let row = catalogue.row(5).unwrap();
    assert_eq!((row.sequence, row.entry, row.at), (2, 1, Timestamp(2 * HOUR)));
    assert!(["phi.disclosed", "phi.denied", "referral.sent"].contains(&catalogue.kind(&row)));
    assert_eq!((catalogue.len(), catalogue.row(9)), (9, None));
}

#[test]
fn a_search_finds_what_looking_at_every_entry_finds() {
    let (catalogue, model) = stream(400);
    let mut asked = 0;
    for referral in [None, Some(2), Some(9)] {
        for person in [None, Some(1)] {
            for organization in [None, Some("pantry"), Some("nobody")] {
                for (kind, code) in [(None, None), (Some("phi.denied"), None), (None, Some("C2"))] {
                    for (since, until) in [(None, None), (Some(20), Some(120)), (Some(500), None)] {
                        let hour = |n: i64| Timestamp(n * HOUR);
                        let query = Query {
                            referral: referral.map(|n| id("ref", n)),
                            person: person.map(|n| id("per", n)),
                            organization: organization.map(|org| org.parse().unwrap()),
                            kind: kind.map(str::to_owned),
                            code: code.map(str::to_owned),
                            since: since.map(hour),
                            until: until.map(hour),
                            below: None,
                            count_max: 7,
                        };
                        let of = |one: &Told| {
                            (referral.is_none() || one.referral == referral)
                                && (person.is_none() || one.person == person)
                                && (organization.is_none() || one.org == organization)
                                && (kind.is_none() || kind == Some(one.kind))
                                && (code.is_none() || one.code == code)
                                && since.is_none_or(|since| one.at >= hour(since))
                                && until.is_none_or(|until| one.at < hour(until))
                        };
                        let all = model.iter().enumerate().rev().filter(|(_, one)| of(one));
                        let all: Vec<u64> = all.map(|(index, _)| index as u64).collect();
                        assert_eq!(paged(&catalogue, query), all);
                        asked += 1;
                    }
                }
            }
        }
    }
    assert_eq!(asked, 162);
}

/// Every page, one after the other; none repeats what was on one before.
fn paged(catalogue: &Catalogue, mut query: Query) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::new();
    loop {
        let page = catalogue.search(&query);
        assert!(page.entries.len() <= query.count_max);
        all.extend(&page.entries);
        match page.next {
            Some(next) => {
                assert_eq!(page.entries.last(), Some(&next));
                query.below = Some(next);
            }
            None => return all,
        }
    }
}

#[test]
fn what_is_recorded_while_somebody_turns_pages_is_on_none_of_them() {
    let (mut catalogue, _) = stream(20);
    let query = Query { count_max: 8, ..Query::default() };
    let first = catalogue.search(&query);
    assert_eq!(first.entries, (12..20).rev().collect::<Vec<u64>>());
    let place = Place { sequence: 10, entry: 0, index: 20, at: Timestamp(10 * HOUR) };
    catalogue.push(place, "phi.disclosed", None, &Links::default());
    let second = catalogue.search(&Query { below: first.next, ..query });
    assert_eq!(second.entries, (4..12).rev().collect::<Vec<u64>>());
}

#[test]
fn an_erased_entry_keeps_its_place_and_its_chains_and_nothing_else() {
    let (mut catalogue, _) = stream(20);
    let person = id::<PersonId>("per", 200);
    let links = Links { patient: vec![link(person)], ..Links::default() };
    let place = Place { sequence: 10, entry: 0, index: 20, at: Timestamp(10 * HOUR) };
    catalogue.note_erased(place, &links);
    let found = catalogue.search(&Query { person: Some(person), count_max: 9, ..Query::default() });
    assert_eq!(found.entries, [20]);
    let row = catalogue.row(20).unwrap();
    assert_eq!((catalogue.kind(&row), row.code, row.erased), (ERASED, None, true));
}

#[test]
fn it_is_the_same_after_it_was_written_down() {
    let (catalogue, _) = stream(50);
    let text = serde_json::to_string(&catalogue).unwrap();
    assert_eq!(serde_json::from_str::<Catalogue>(&text).unwrap(), catalogue);
    assert_eq!(catalogue.appeared.len(), catalogue.persons.len());
    assert_eq!(catalogue.known_kinds(), ["phi.denied", "phi.disclosed", "referral.sent"]);
}
