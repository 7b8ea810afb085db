use super::*;
use crate::testing::link;

fn entry(index: u64, subject: Vec<Link>, patient: Vec<Link>, parties: Vec<Link>) -> ErasedEntry {
    let links = [(Field::Subject, subject), (Field::Patient, patient), (Field::Parties, parties)];
    ErasedEntry { index, links }
}

#[test]
fn a_payload_has_one_spelling() {
    let good = concat!(
        r#"{"erased":[{"i":3,"links":{"parties":[{"id":"o","n":4,"prev":2}],"#,
        r#""patient":[{"id":"p","n":1,"prev":-1}],"subject":[]}},"#,
        r#"{"i":9,"links":{"parties":[],"patient":[],"subject":[]}}]}"#
    );
    let entries = vec![
        entry(3, vec![], vec![link("p", 1, -1)], vec![link("o", 4, 2)]),
        entry(9, vec![], vec![], vec![]),
    ];
    assert_eq!(erased_to_payload(&entries), good.as_bytes());
    assert_eq!(erased_from_payload(good.as_bytes()), Ok(entries));
    let check = |from: &str, to: &str| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert_eq!(erased_from_payload(bad.as_bytes()), Err(ErasedError), "{bad}");
    };
    check(r#""i":9"#, r#""i":3"#);
    check(r#""i":9"#, r#""i":2"#);
    check(r#""i":9"#, r#""i":9007199254740992"#);
    check(r#""i":9"#, r#""i":-9"#);
    check(r#""i":9"#, r#""i": 9"#);
    check(r#""n":4"#, r#""n":0"#);
    check(r#""id":"o""#, r#""id":"""#);
    check(r#"{"id":"o","n":4,"prev":2}"#, r#"{"id":"o","n":4,"prev":2},{"id":"o","n":5,"prev":3}"#);
    check(r#""patient":[{"id":"p","n":1,"prev":-1}],"#, "");
    check(r#","subject":[]"#, r#","subject":[],"x":[]"#);
    check(r#""parties":[],"patient":[]"#, r#""patient":[],"parties":[]"#);
    assert_eq!(erased_from_payload(br#"{"erased":[]}"#), Err(ErasedError));
    assert_eq!(erased_from_payload(b""), Err(ErasedError));
}
