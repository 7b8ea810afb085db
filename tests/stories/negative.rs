//! What must not work, in the order of the threat model: one row, one test (consent-security §5.1 of
//! the design notes). Each drives a gateway over its sockets.
//!
//! Not here: what the pure parts refuse, which stands beside them.

mod authorities;
mod bodies;
mod claims;
mod clients;
mod content;
mod enforcers;
mod http;
mod jose;
mod key_sets;
mod ledger;
mod others;
mod outgoing;
mod record;
mod search;
mod signatures;
mod tls;
mod v2;

use std::path::Path;

/// A row, and where it is shown: `file::test`, more of them after a comma, from `tests/stories` or
/// from the root; or, after a dash, why nothing can be sent that would show it.
type Row = (&'static str, &'static str);

const ROWS: [Row; 72] = [
    ("N1", "negative/signatures.rs::n01_no_algorithm"),
    ("N2", "negative/signatures.rs::n02_a_public_key_as_a_secret"),
    ("N3", "negative/signatures.rs::n03_an_algorithm_of_another_key"),
    ("N4", "negative/signatures.rs::n04_key_ids_that_are_more_than_ids"),
    ("N5", "negative/signatures.rs::n05_keys_that_come_along"),
    ("N6", "negative/signatures.rs::n06_what_changes_the_meaning"),
    ("N7", "negative/claims.rs::n07_a_name_said_twice"),
    ("N8", "negative/claims.rs::n08_when_it_expires"),
    ("N9", "negative/claims.rs::n09_not_yet_and_for_too_long"),
    ("N10", "negative/claims.rs::n10_for_whom"),
    ("N11", "negative/claims.rs::n11_by_whom"),
    ("N12", "negative/clients.rs::n12_a_client_that_is_another_or_none"),
    ("N13", "negative/clients.rs::n13_an_assertion_is_of_one_use"),
    ("N14", "negative/claims.rs::n14_a_token_of_another_kind"),
    ("N15", "negative/signatures.rs::n15_signatures_that_are_none"),
    ("N16", "negative/signatures.rs::n16_other_spellings_of_the_same_bytes"),
    ("N17", "negative/signatures.rs::n17_other_serializations"),
    ("N18", "negative/clients.rs::n18_a_request_that_says_it_two_ways"),
    ("N19", "negative/clients.rs::n19_scopes_that_are_none"),
    ("N20", "negative/key_sets.rs::n20_key_sets_that_are_none"),
    (
        "N21",
        "negative/tls.rs::n21_a_certificate_that_is_not_good, negative/tls.rs::n21_no_certificate_is_taken_that_sha_1_signs",
    ),
    ("N22", "negative/clients.rs::n22_a_token_with_another_certificate"),
    (
        "N23",
        "negative/tls.rs::n23_a_certificate_revoked_while_its_connection_is_open, negative/tls.rs::n23_an_authority_revoked_while_a_connection_below_it_is_open",
    ),
    ("N24", "negative/tls.rs::n24_old_versions_and_what_was_said_before"),
    ("N25", "negative/tls.rs::n25_what_a_proxy_would_say"),
    ("N26", "negative/clients.rs::n26_a_proof_of_possession_by_another_scheme"),
    ("N27", "negative/bodies.rs::n27_xml_and_other_alphabets"),
    ("N28", "negative/bodies.rs::n28_json_that_is_nested_deep"),
    ("N29", "negative/bodies.rs::n29_a_name_said_twice"),
    ("N30", "negative/bodies.rs::n30_more_than_anybody_can_hold"),
    ("N31", "negative/bodies.rs::n31_characters_that_are_none_or_show_as_others"),
    ("N32", "negative/bodies.rs::n32_numbers_and_dates_that_are_none"),
    ("N33", "negative/outgoing.rs::n33_references_that_lead_elsewhere"),
    ("N34", "negative/outgoing.rs::n34_endpoints_that_lead_inside"),
    ("N35", "negative/search.rs::n35_searches_that_cost_or_ask_too_much"),
    ("N36", "negative/search.rs::n36_counts_that_would_tell_of_what_is_hidden"),
    ("N37", "negative/others.rs::n37_what_is_anothers_is_not_there_by_any_route"),
    ("N38", "negative/search.rs::n38_what_a_search_would_bring_along"),
    ("N39", "negative/content.rs::n39_what_is_contained"),
    ("N40", "negative/others.rs::n40_an_older_version_is_not_to_be_had"),
    ("N41", "negative/others.rs::n41_two_updates_at_one_version"),
    ("N42", "negative/others.rs::n42_conditions_that_would_find_what_is_anothers"),
    ("N43", "negative/others.rs::n43_a_transaction_is_all_or_nothing"),
    ("N44", "negative/others.rs::n44_patches"),
    ("N45", "negative/content.rs::n45_labels_that_a_sender_would_take_off"),
    ("N46", "negative/content.rs::n46_words_that_would_be_a_page"),
    ("N47", "gateway/server/src/sheet.rs::n47_no_cell_is_a_formula"),
    ("N48", "negative/v2.rs::n48_text_that_would_be_a_message"),
    ("N49", "negative/v2.rs::n49_characters_of_another_set"),
    ("N50", "negative/v2.rs::n50_streams_that_are_not_frames"),
    ("N51", "negative/v2.rs::n51_a_control_id_used_again"),
    ("N52", "negative/tls.rs::n52_mllp_without_tls_or_without_a_certificate"),
    ("N53", "negative/record.rs::n53_lines_within_lines"),
    ("N54", "negative/record.rs::n54_no_output_says_who_it_is_about"),
    ("N55", "negative/record.rs::n55_no_and_never_was_sound_and_cost_alike"),
    ("N56", "negative/record.rs::n56_nothing_is_sent_after_a_no_is_answered"),
    ("N57", "negative/record.rs::n57_a_crash_loses_no_denial"),
    ("N58", "negative/record.rs::n58_a_clock_that_jumps"),
    (
        "N59",
        "- lists are published, and none is fetched; gateway/token/src/status.rs::n59_a_list_that_is_none_is_refused",
    ),
    ("N60", "negative/ledger.rs::n60_evidence_that_was_changed"),
    ("N61", "disk.rs::a_disk_that_fails_under_a_read_lets_nothing_out"),
    ("N62", "negative/content.rs::n62_consents_that_say_what_nobody_understands"),
    ("N63", "negative/outgoing.rs::n63_forms_that_are_elsewhere_or_not_what_they_were"),
    ("N64", "negative/content.rs::n64_a_consent_of_whoever_has_this_number"),
    ("N65", "- no service is asked for a decision or for labels: both are made here"),
    ("N66", "negative/http.rs::n66_requests_within_requests_and_floods"),
    ("N67", "negative/http.rs::n67_methods_by_another_name"),
    ("N68", "negative/http.rs::n68_pages_of_other_origins"),
    ("N69", "negative/http.rs::n69_an_auditor_who_enumerates"),
    (
        "N70",
        "- a push has no secret: it goes over TLS to a certificate of the roots, and nothing is received that way",
    ),
    ("N71", "negative/clients.rs::n71_a_person_is_called_otherwise_towards_each"),
    ("N72", "negative.rs::n72_what_others_got_wrong_is_listed"),
];

/// What other enforcers got wrong (§2.4).
const ENFORCERS: [Row; 17] = [
    ("E01", "negative/enforcers.rs::e01_no_answer_to_a_write_holds_data"),
    (
        "E02",
        "negative/signatures.rs::n03_an_algorithm_of_another_key, negative/claims.rs::n08_when_it_expires, negative/claims.rs::n10_for_whom, negative/claims.rs::n11_by_whom",
    ),
    ("E03", "negative/enforcers.rs::e03_no_purpose_is_no_purpose"),
    ("E04", "negative/enforcers.rs::e04_each_entry_is_decided_by_itself"),
    ("E05", "negative/enforcers.rs::e05_each_keeps_its_own_identifiers"),
    ("E06", "negative/content.rs::n39_what_is_contained"),
    ("E07", "negative/enforcers.rs::e07_a_no_that_cannot_be_read_is_a_no"),
    ("E08", "negative/enforcers.rs::e08_what_is_not_named_is_not_permitted"),
    ("E09", "negative/enforcers.rs::e09_a_nested_no_is_a_no"),
    ("E10", "negative/enforcers.rs::e10_labels_keep_back_what_they_label"),
    (
        "E11",
        "negative/search.rs::n35_searches_that_cost_or_ask_too_much, negative/search.rs::n38_what_a_search_would_bring_along",
    ),
    ("E12", "negative/search.rs::n36_counts_that_would_tell_of_what_is_hidden"),
    ("E13", "negative/enforcers.rs::e13_one_thing_has_one_name"),
    (
        "E14",
        "negative/search.rs::n38_what_a_search_would_bring_along, negative/others.rs::n37_what_is_anothers_is_not_there_by_any_route",
    ),
    ("E15", "negative/enforcers.rs::e15_a_link_between_patients_carries_nobodys_consent"),
    ("E16", "negative/enforcers.rs::e16_a_push_is_a_release_like_any_other"),
    ("E17", "negative/outgoing.rs::n34_endpoints_that_lead_inside"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The tests that a row names, as files from the root and functions; none if it gives a reason.
fn tests(shown: &str) -> Vec<(String, &str)> {
    let named = match shown.strip_prefix("- ") {
        Some(reason) => reason.split_once("; ").map_or("", |(_, test)| test),
        None => shown,
    };
    let each = named.split(", ").filter_map(|one| one.split_once("::"));
    let path = |file: &str| {
        if file.starts_with("gateway/") { file.to_owned() } else { format!("tests/stories/{file}") }
    };
    each.map(|(file, test)| (path(file), test)).collect()
}

/// Every row is there, in order; and every test it names is one.
fn holds(rows: &[Row], name: impl Fn(usize) -> String) -> Vec<String> {
    let mut wrong = Vec::new();
    for (n, (row, shown)) in rows.iter().enumerate() {
        if *row != name(n + 1) {
            wrong.push(format!("{row} stands where {} should", name(n + 1)));
        }
        let found = tests(shown);
        if found.is_empty() && !shown.starts_with("- ") {
            wrong.push(format!("{row} names no test"));
        }
        for (file, test) in found {
            let text = std::fs::read_to_string(root().join(&file)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let is_there = lines
                .windows(2)
                .any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {test}(")));
            if !is_there {
                wrong.push(format!("{row}: {file} has no test {test}"));
            }
        }
    }
    wrong
}

#[test]
fn every_row_is_shown_or_says_why_not() {
    let wrong = holds(&ROWS, |n| format!("N{n}"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    // It would find one that is missing, misplaced, or made up.
    let name = |n| format!("N{n}");
    assert_eq!(holds(&[("N2", "- no such thing"), ("N2", "")], name).len(), 2);
    assert_eq!(holds(&[("N1", "negative/tls.rs::n21_no_such_test")], name).len(), 1);
    assert_eq!(holds(&[("N1", "negative/no_such_file.rs::n21")], name).len(), 1);
}

#[test]
fn n72_what_others_got_wrong_is_listed() {
    let wrong = holds(&ENFORCERS, |n| format!("E{n:02}"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each test of a row has its number in its name, and is in the list.
#[test]
fn no_numbered_test_is_left_out() {
    let folder = root().join("tests/stories/negative");
    let listed: Vec<&str> = ROWS
        .iter()
        .chain(&ENFORCERS)
        .flat_map(|(_, shown)| tests(shown))
        .map(|(_, test)| test)
        .collect();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.split("#[test]\nfn ").skip(1) {
            let test = line.split('(').next().unwrap();
            assert!(listed.contains(&test), "{test} of {} is in no row", file.display());
        }
    }
}
