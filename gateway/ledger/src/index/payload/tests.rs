use super::*;
use crate::testing::link;

fn erased(index: u64, links: usize) -> ErasedEntry {
    let links: Vec<Link> = (0..links).map(|at| link(&format!("p{at}"), 1, -1)).collect();
    ErasedEntry::new(
        index,
        |field| if field == Field::Subject { links.clone() } else { Vec::new() },
    )
}

#[test]
fn a_root_has_one_spelling() {
    let good = format!(r#"{{"index_root":"{}","leaves":12}}"#, "0f".repeat(32));
    let root = IndexRoot { root: [0x0f; 32], leaves: 12 };
    assert_eq!(root.to_value(), good.as_bytes());
    assert_eq!(IndexRoot::from_value(good.as_bytes()), Ok(root));
    for bad in [
        String::new(),
        format!("{good} "),
        good.replace("0f0f0f", "0F0F0F"),
        good.replace("12", "12.0"),
        good.replace("12", "9007199254740992"),
        good.replace("0f0f}", "0f}"),
        good.replace('}', r#","x":1}"#),
        format!(r#"{{"leaves":12,"index_root":"{}"}}"#, "0f".repeat(32)),
        format!(r#"{{"index_root":"{}","leaves":12}}"#, "0f".repeat(31)),
    ] {
        let refused = IndexRoot::from_value(bad.as_bytes());
        assert_eq!(refused.is_ok(), bad == good, "{bad}");
    }
}

#[test]
fn a_list_of_erased_entries_has_one_spelling() {
    let good = concat!(
        r#"{"erased":[{"i":3,"links":{"parties":[{"id":"b","n":1,"prev":-1}],"patient":[],"#,
        r#""subject":[{"id":"a","n":2,"prev":0}]}},{"i":9,"links":{"parties":[],"patient":[],"#,
        r#""subject":[]}}]}"#
    );
    let first = ErasedEntry::new(3, |field| match field {
        Field::Parties => vec![link("b", 1, -1)],
        Field::Subject => vec![link("a", 2, 0)],
        _ => Vec::new(),
    });
    assert_eq!(first.links(Field::Parties), [link("b", 1, -1)]);
    assert_eq!(first.links(Field::Note), []);
    let payload = Erased { entries: vec![first, erased(9, 0)] };
    assert_eq!(String::from_utf8(payload.to_value()).unwrap(), good);
    assert_eq!(Erased::from_value(good.as_bytes()), Ok(payload));
    let check = |bad: String, why| {
        assert_ne!(bad, good);
        assert_eq!(Erased::from_value(bad.as_bytes()), Err(why), "{bad}");
    };
    check(good.replace(r#""i":9"#, r#""i":3"#), PayloadError::Order);
    check(good.replace(r#""i":9"#, r#""i":2"#), PayloadError::Order);
    for (from, to) in [
        (r#""i":9"#, r#""i":9007199254740992"#),
        (r#"{"i":9,"#, r#"{ "i":9,"#),
        (r#","patient":[]"#, ""),
        (r#""patient":[]"#, r#""payload":[]"#),
        (r#""patient":[]"#, r#""note":[],"patient":[]"#),
        (r#""n":1"#, r#""n":0"#),
        (r#""id":"a""#, r#""id":"""#),
        (
            r#"[{"id":"a","n":2,"prev":0}]"#,
            r#"[{"id":"a","n":2,"prev":0},{"id":"a","n":2,"prev":0}]"#,
        ),
        (r#""erased""#, r#""e":1,"erased""#),
    ] {
        check(good.replacen(from, to, 1), PayloadError::NotCanonical);
    }
    check(r#"{"erased":[]}"#.to_owned(), PayloadError::NotCanonical);
    check(String::new(), PayloadError::NotCanonical);
}

#[test]
fn many_are_split_within_the_limit() {
    let check = |entries: Vec<ErasedEntry>, least: usize| {
        let payloads = Erased::split(entries.clone()).unwrap();
        for payload in &payloads {
            let value = payload.to_value();
            let spelt = serde_json::to_string(std::str::from_utf8(&value).unwrap()).unwrap();
            assert!(spelt.len() <= PAYLOAD_BYTES_MAX, "{}", spelt.len());
            assert_eq!(Erased::from_value(&value).as_ref(), Ok(payload));
        }
        // As few as can be: no two neighbours fit into one.
        for two in payloads.windows(2) {
            let both = [&two[0].entries[..], &two[1].entries[..1]].concat();
            let value = Erased { entries: both }.to_value();
            let spelt = serde_json::to_string(std::str::from_utf8(&value).unwrap()).unwrap();
            assert!(spelt.len() > PAYLOAD_BYTES_MAX - 2, "{}", spelt.len());
        }
        assert!(payloads.len() >= least, "{} payloads", payloads.len());
        let joined: Vec<ErasedEntry> =
            payloads.into_iter().flat_map(|payload| payload.entries).collect();
        assert_eq!(joined, entries);
    };
    check(Vec::new(), 0);
    check(vec![erased(0, 3)], 1);
    check((0..20_000).map(|index| erased(index, 1)).collect(), 2);
    check((0..60).map(|index| erased(index, 1_024)).collect(), 2);
}

#[test]
fn what_cannot_be_listed_is_not_split() {
    let long = |id: &str| {
        let links = |_| (0..1_024).map(|at| link(&format!("{id}{at:04}"), 1, -1)).collect();
        Erased::split(vec![ErasedEntry::new(7, links)]).map(|payloads| payloads.len())
    };
    // Each of these marks is spelt with three others before it.
    assert_eq!(long(&"\"".repeat(252)), Err(PayloadError::TooLong(7)));
    assert_eq!(long(&"x".repeat(252)), Ok(1));
    let twice = Erased::split(vec![erased(7, 1), erased(7, 1)]);
    assert_eq!(twice, Err(PayloadError::Order));
    assert_eq!(Erased::split(vec![erased(7, 1_025)]), Err(PayloadError::NotCanonical));
}
