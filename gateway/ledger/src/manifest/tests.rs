use super::*;

fn manifest(paths: &[&str]) -> Manifest {
    Manifest::new(paths.iter().map(|path| ((*path).to_owned(), [0xab; 32])).collect())
}

#[test]
fn a_manifest_has_one_spelling() {
    let digits = "ab".repeat(32);
    let good = format!(
        r#"{{"files":{{"a":"{digits}","b/c":"{digits}"}},"format":"loopgate-bundle","version":2}}"#
    );
    assert_eq!(manifest(&["b/c", "a"]).to_json(), good);
    let read = Manifest::parse(good.as_bytes()).unwrap();
    assert_eq!(read.paths().collect::<Vec<_>>(), ["a", "b/c"]);
    assert_eq!(read.hash_of("b/c"), Some(&[0xab; 32]));
    assert_eq!((read.hash_of("b"), read.hash_of("b/")), (None, None));
    assert!(read.has_folder("b/") && !read.has_folder("a/") && !read.has_folder("b/c/"));

    let check = |from: &str, to: &str, why| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert_eq!(Manifest::parse(bad.as_bytes()).err(), Some(why), "{bad}");
    };
    use ManifestError::{NotCanonical, Unknown};
    check(r#""version":2"#, r#""version":1"#, Unknown);
    check(r#""version":2"#, r#""version":3"#, Unknown);
    check("loopgate-bundle", "loopgate-Bundle", Unknown);
    check(",", ", ", NotCanonical);
    check("}", "} ", NotCanonical);
    check(r#""version":2"#, r#""version":2,"x":1"#, NotCanonical);
    check(r#""version":2"#, r#""version":02"#, NotCanonical);
    check("\"a\"", "\"c\"", NotCanonical);
    check("\"a\"", "\"b/c\"", NotCanonical);
    check("\"a\"", r#""\u0061""#, NotCanonical);
    check("abab", "ABAB", NotCanonical);
    check("abab", "aba", NotCanonical);
    let longer = format!("{good}\n");
    assert!(Manifest::parse(longer.as_bytes()).is_err());
    let none = r#"{"files":{},"format":"loopgate-bundle","version":2}"#;
    assert_eq!(Manifest::parse(none.as_bytes()).unwrap().paths().len(), 0);
}

#[test]
fn a_listing_is_that_of_the_log() {
    for keys in 1..4 {
        for size in (0..600).chain([65_535, 65_536, 65_537, 70_000]) {
            let all: Vec<String> = paths(keys, size).collect();
            assert_eq!(all.len() as u64, count(keys, size), "{keys} {size}");
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            assert_eq!(manifest(&all).check_paths(keys, size), Ok(()));
            let (_, fewer) = all.split_first().unwrap();
            assert_eq!(manifest(fewer).check_paths(keys, size), Err(Some(CHECKPOINT.to_owned())));
            let more = [&all[..], &["more"]].concat();
            assert_eq!(manifest(&more).check_paths(keys, size), Err(None));
            assert!(manifest(&all).check_paths(keys + 1, size).is_err());
            assert!(manifest(&all).check_paths(keys, size + 1).is_err());
        }
    }
    assert!(manifest(&["checkpoint"]).check_paths(1, INTEGER_MAX).is_err());
}
