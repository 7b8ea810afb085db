//! `[[ledger.witness]]` and `quorum`: who else signs a checkpoint, and how many have to.

use loopgate_ledger::Cosigner;
use toml::de::DeValue;

use super::parts::WitnessAt;
use super::section::{OnLine, Read, Section};
use super::value;

/// More are not asked: each is asked about each checkpoint.
const WITNESSES_MAX: usize = 16;

/// The witnesses in the order of the file, and the quorum, which is all of them unless it is given.
pub(super) fn read(s: &mut Section<'_, '_>) -> (Vec<WitnessAt>, usize) {
    let line = s.line_of("witness");
    let listed = s.tables("witness", witness);
    if listed.len() > WITNESSES_MAX {
        s.note(line, "witness", format!("are more than {WITNESSES_MAX}"));
    }
    refuse_twice(s, &listed);
    let line = s.line_of("quorum");
    let quorum = s.maybe("quorum", value::integer(1..=WITNESSES_MAX));
    if quorum.is_some_and(|quorum| quorum > listed.len()) {
        s.note(line, "quorum", "is more than there are witnesses");
    }
    let quorum = quorum.unwrap_or(listed.len());
    (listed.into_iter().map(|(_, one)| one).collect(), quorum)
}

/// One witness, counted twice, would be two.
fn refuse_twice(s: &mut Section<'_, '_>, listed: &[OnLine<WitnessAt>]) {
    for (at, (line, one)) in listed.iter().enumerate() {
        let same = |(_, other): &OnLine<WitnessAt>| {
            other.cosigner.name() == one.cosigner.name()
                || other.cosigner.key_bytes() == one.cosigner.key_bytes()
        };
        if listed[..at].iter().any(same) {
            s.note(*line, "witness", "has the name or the key of another one");
        }
    }
}

fn witness(s: &mut Section<'_, '_>) -> Option<WitnessAt> {
    let name = s.must("name", value::text);
    let line = s.line_of("vkey");
    let cosigner = s.must("vkey", vkey);
    let url = s.must("url", value::https);
    if let (Some(name), Some(cosigner)) = (&name, &cosigner)
        && cosigner.name() != name
    {
        s.note(line, "vkey", "is of another name");
    }
    name?;
    Some(WitnessAt { cosigner: cosigner?, url: url? })
}

fn vkey(found: &DeValue<'_>) -> Read<Cosigner> {
    let words = "is not what `loopgate witness init` printed: name+hash+key of type 0x04";
    Cosigner::parse(&value::text(found)?).map_err(|_| words.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Config, Problem};

    /// Public keys of RFC 8032 §7.1, tests 1 and 2, as verifier keys of tlog-cosignature.
    const W1: &str = "witness.example/w1+eb762cc2+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    const W2: &str = "witness.example/w2+e0774043+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM";

    fn parse(more: &str) -> Result<Config, Vec<Problem>> {
        let text = format!(
            "[tenant]\nname = \"t\"\n[organization]\nname = \"G\"\nidentifier_system = \"urn:x:y\"\n\
             identifier_value = \"g\"\nbase_url = \"https://localhost/fhir\"\n[tls]\n\
             certificate = \"c\"\nkey = \"k\"\nclient_roots = \"r\"\n[ledger]\norigin = \"o\"\n{more}"
        );
        Config::parse(&text, Path::new("/srv"))
    }

    fn witness(name: &str, vkey: &str) -> String {
        format!(
            "[[ledger.witness]]\nname = \"{name}\"\nvkey = \"{vkey}\"\nurl = \"https://w.example/a\"\n"
        )
    }

    fn problems(more: &str) -> Vec<String> {
        let found = parse(more).err().unwrap_or_default();
        found.iter().map(|problem| format!("{} {}", problem.key, problem.words)).collect()
    }

    #[test]
    fn all_witnesses_are_the_quorum_unless_it_is_given() {
        assert_eq!(parse("").unwrap().ledger.quorum, 0);
        let two = witness("witness.example/w1", W1) + &witness("witness.example/w2", W2);
        let ledger = parse(&two).unwrap().ledger;
        assert_eq!((ledger.quorum, ledger.witnesses.len()), (2, 2));
        assert_eq!(ledger.witnesses[1].cosigner.name(), "witness.example/w2");
        assert_eq!(ledger.witnesses[1].url.as_str(), "https://w.example/a");
        assert_eq!(parse(&format!("quorum = 1\n{two}")).unwrap().ledger.quorum, 1);
    }

    #[test]
    fn what_would_count_too_much_or_nobody_is_refused() {
        let one = witness("witness.example/w1", W1);
        let other_name = witness("witness.example/w1", W2);
        assert_eq!(
            problems(&format!("quorum = 2\n{one}")),
            ["ledger.quorum is more than there are witnesses"]
        );
        assert_eq!(problems("quorum = 1"), ["ledger.quorum is more than there are witnesses"]);
        assert_eq!(problems(&format!("quorum = 0\n{one}")), ["ledger.quorum is not from 1 to 16"]);
        let twice = "ledger.witness has the name or the key of another one";
        assert_eq!(problems(&(one.clone() + &one)), [twice]);
        assert_eq!(problems(&other_name), ["ledger.witness.vkey is of another name"]);
        let log_key = "witness.example/w1+00000000+AdFZ";
        assert_eq!(
            problems(&witness("witness.example/w1", log_key)),
            [
                "ledger.witness.vkey is not what `loopgate witness init` printed: name+hash+key of type 0x04"
            ]
        );
        let plain = one.replace("https://", "http://");
        assert_eq!(
            problems(&plain),
            ["ledger.witness.url is not an https URL of host, port and path alone"]
        );
        let many: String = (0..17).map(|_| one.as_str()).collect();
        assert!(problems(&many).contains(&"ledger.witness are more than 16".to_owned()));
    }
}
