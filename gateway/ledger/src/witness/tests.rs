use std::collections::BTreeMap;
use std::convert::Infallible;

use base64::prelude::{BASE64_STANDARD, Engine};
use proptest::prelude::*;

use super::*;
use crate::checkpoint::LogKey;
use crate::cosign::Cosigner;
use crate::testing::{ORIGIN, flips, log_key, tree};

const TIME_S: u64 = 1_795_309_323;

#[derive(Default)]
struct Memory(BTreeMap<String, Known>);

impl Shelf for Memory {
    type Error = Infallible;

    fn load(&mut self, origin: &str) -> Result<Known, Infallible> {
        Ok(self.0.get(origin).copied().unwrap_or_else(Known::nothing))
    }

    fn replace(&mut self, origin: &str, old: &Known, new: &Known) -> Result<bool, Infallible> {
        let is_there = self.load(origin)? == *old;
        if is_there {
            self.0.insert(origin.to_owned(), *new);
        }
        Ok(is_there)
    }
}

fn request(old: u64, proof: &[Hash], note: &str) -> Vec<u8> {
    let proof: String = proof.iter().map(|hash| BASE64_STANDARD.encode(hash) + "\n").collect();
    format!("old {old}\n{proof}\n{note}").into_bytes()
}

fn note(tree: &Tree) -> String {
    let origin = ORIGIN.to_owned();
    log_key().sign(&Checkpoint { origin, size: tree.len(), root: tree.root() })
}

fn grown(old: u64, tree: &Tree) -> Vec<u8> {
    request(old, &tree.prove_consistency(old, tree.len()).unwrap_or_default(), &note(tree))
}

fn cosigner() -> CosignerKey {
    CosignerKey::from_seed("w.example", [3; 32]).unwrap()
}

fn witness() -> Witness {
    Witness::new(cosigner(), vec![KnownLog::parse(&log_key().vkey()).unwrap()])
}

fn ask(shelf: &mut Memory, request: &[u8]) -> Answer {
    let Ok(answer) = add_checkpoint(&witness(), request, shelf, TIME_S);
    answer
}

#[test]
fn the_first_the_next_and_the_same_again() {
    let mut shelf = Memory::default();
    let verifier = Cosigner::parse(&witness().vkey()).unwrap();
    for (old, size) in [(0, 0), (0, 3), (3, 8), (8, 8), (8, 9)] {
        let tree = tree(size, 100);
        let answer = ask(&mut shelf, &grown(old, &tree));
        let Answer::Cosigned(lines) = &answer else { panic!("{old} {size} {answer:?}") };
        let note = note(&tree) + lines;
        assert_eq!(verifier.cosigned_at(&note), Ok(Some(TIME_S)));
        assert_eq!((answer.status(), answer.body()), (200, lines.clone()));
        assert_eq!(shelf.0[ORIGIN], Known { size, root: tree.root() });
    }
}

/// Each answer of tlog-witness; what was remembered stays.
#[test]
fn refusals_are_those_of_the_spec() {
    let mut shelf = Memory::default();
    let (five, eight, fork) = (tree(5, 100), tree(8, 100), tree(8, 4));
    assert_eq!(ask(&mut shelf, &grown(0, &five)).status(), 200);
    let before = shelf.0.clone();
    let mut check = |request: Vec<u8>, answer: Answer| {
        assert_eq!(ask(&mut shelf, &request), answer);
        assert_eq!(shelf.0, before);
    };
    check(grown(4, &eight), Answer::Conflict(5));
    check(grown(0, &eight), Answer::Conflict(5));
    check(grown(6, &eight), Answer::Conflict(5));
    check(grown(6, &five), Answer::Malformed);
    check(grown(5, &tree(5, 2)), Answer::Conflict(5));
    check(grown(5, &fork), Answer::Unproven);
    check(request(5, &[], &note(&eight)), Answer::Unproven);
    check(request(5, &[[0; 32]], &note(&five)), Answer::Unproven);
    // A rolled back log.
    check(grown(3, &tree(3, 100)), Answer::Conflict(5));
    check(grown(3, &tree(4, 100)), Answer::Conflict(5));
    let stranger = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let of = |key: &LogKey| Checkpoint { origin: key.name().into(), size: 8, root: eight.root() };
    check(request(5, &[], &stranger.sign(&of(&stranger))), Answer::Unsigned);
    let elsewhere = LogKey::from_seed("other.example", [7; 32]).unwrap();
    check(request(5, &[], &elsewhere.sign(&of(&elsewhere))), Answer::Unknown);
    let conflict = Answer::Conflict(5);
    assert_eq!(conflict.content_type(), "text/x.tlog.size");
    assert_eq!((conflict.body().as_str(), conflict.status()), ("5\n", 409));
    let refusals = [Answer::Malformed, Answer::Unsigned, Answer::Unknown, Answer::Unproven];
    assert_eq!(refusals.each_ref().map(Answer::status), [400, 403, 404, 422]);
}

#[test]
fn an_empty_tree_has_one_root() {
    let mut shelf = Memory::default();
    let note = log_key().sign(&Checkpoint { origin: ORIGIN.into(), size: 0, root: [1; 32] });
    assert_eq!(ask(&mut shelf, &request(0, &[], &note)), Answer::Conflict(0));
    let proof = request(0, &[[1; 32]], &self::note(&tree(3, 9)));
    assert_eq!(ask(&mut shelf, &proof), Answer::Unproven);
    let root = Tree::new().root();
    let note = log_key().sign(&Checkpoint { origin: ORIGIN.into(), size: 3, root });
    assert_eq!(ask(&mut shelf, &request(0, &[], &note)), Answer::Unproven);
    assert!(shelf.0.is_empty());
}

/// The example request of tlog-witness is well formed, and of a log that nobody lists here.
#[test]
fn the_example_of_the_spec_reads() {
    let text = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n\
        example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    let (asked, _) = request::parse(text.as_bytes()).unwrap();
    assert_eq!((asked.old_size, asked.proof.len()), (20_852_014, 4));
    assert_eq!(asked.checkpoint.size, 20_852_163);
    assert_eq!(witness().read(text.as_bytes()), Err(Answer::Unknown));
}

#[test]
fn malformed_requests() {
    let note = note(&tree(8, 100));
    let hash = BASE64_STANDARD.encode([1; 32]);
    let check = |text: String| {
        assert_eq!(witness().read(text.as_bytes()), Err(Answer::Malformed), "{text}");
    };
    for old in ["old 01", "old +1", "old -1", "old", "old ", "old 1 ", "Old 1", "new 1", "old  1"] {
        check(format!("{old}\n\n{note}"));
    }
    check(format!("old 9007199254740992\n\n{note}"));
    check(format!("old 1\n{hash}\n{note}"));
    check(format!("old 1\n\n\n{note}"));
    check(format!("old 1\n{hash}=\n\n{note}"));
    check(format!("old 1\n{}\n\n{note}", &hash[4..]));
    check(format!("old 1\n{} \n\n{note}", hash));
    check(format!("old 1\r\n\r\n{note}"));
    check(format!("old 1\n{}\n{note}", format!("{hash}\n").repeat(64)));
    let most = format!("old 1\n{}\n{note}", format!("{hash}\n").repeat(63));
    assert!(witness().read(most.as_bytes()).is_ok());
    check(format!("old 1\n\n{}", note.trim_end()));
    check(format!("old 1\n\n{note}{}", "— x AAAAAAAA\n".repeat(7000)));
    assert_eq!(witness().read(b"old 1\n\n\xff"), Err(Answer::Malformed));
}

#[test]
fn no_bit_flip_is_cosigned() {
    let mut shelf = Memory::default();
    assert_eq!(ask(&mut shelf, &grown(0, &tree(5, 100))).status(), 200);
    for flipped in flips(&grown(5, &tree(8, 100))) {
        assert_ne!(
            ask(&mut shelf, &flipped).status(),
            200,
            "{}",
            String::from_utf8_lossy(&flipped)
        );
    }
}

#[test]
fn a_log_may_have_two_keys_and_an_origin_of_its_own() {
    let next = LogKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let listed = [log_key().vkey(), next.vkey()].map(|vkey| KnownLog::parse(&vkey).unwrap());
    let witness = Witness::new(cosigner(), listed.to_vec());
    assert_eq!(witness.origins().collect::<Vec<_>>(), [ORIGIN]);
    let at = Checkpoint { origin: ORIGIN.into(), size: 3, root: tree(3, 9).root() };
    let foreign = KnownLog::parse(&format!("{} an origin with spaces", next.vkey())).unwrap();
    assert_eq!(foreign.origin(), "an origin with spaces");
    for note in [next.sign(&at), log_key().sign(&at), LogKey::sign_with(&[&log_key(), &next], &at)]
    {
        assert!(witness.read(&request(0, &[], &note)).is_ok());
    }
    assert_eq!(KnownLog::parse(&format!("{} ", next.vkey())), None);
    assert_eq!(KnownLog::parse(&cosigner().vkey()), None);
}

/// Another log's checkpoint with an extension line: the line is cosigned with the rest.
#[test]
fn extension_lines_are_cosigned() {
    use ed25519_dalek::{Signer, SigningKey};
    let (origin, key) = ("other.example/log", SigningKey::from_bytes(&[7; 32]));
    let log = LogKey::from_seed(origin, [7; 32]).unwrap();
    let root = BASE64_STANDARD.encode(tree(3, 9).root());
    let body = format!("{origin}\n3\n{root}\nextension\n");
    let id = &hex::decode(log.vkey().split('+').nth(1).unwrap()).unwrap();
    let line = [&id[..], &key.sign(body.as_bytes()).to_bytes()].concat();
    let note = format!("{body}\n— {origin} {}\n", BASE64_STANDARD.encode(line));
    let witness = Witness::new(cosigner(), vec![KnownLog::parse(&log.vkey()).unwrap()]);
    let Ok(answer) =
        add_checkpoint(&witness, &request(0, &[], &note), &mut Memory::default(), TIME_S);
    let Answer::Cosigned(lines) = answer else { panic!("{answer:?}") };
    let verifier = Cosigner::parse(&witness.vkey()).unwrap();
    assert_eq!(verifier.cosigned_at(&format!("{note}{lines}")), Ok(Some(TIME_S)));
    let moved = note.replace("extension", "extensiom");
    assert_eq!(
        verifier.cosigned_at(&format!("{moved}{lines}")),
        Err(crate::CheckpointError::Signature)
    );
}

proptest! {
    /// Whatever is asked in whatever order, what was cosigned is one log's growth.
    #[test]
    fn what_is_cosigned_is_one_growing_log(asks in prop::collection::vec((0..9_u64, 0..9_u64, 0..9_u64), 1..24)) {
        let mut shelf = Memory::default();
        let mut cosigned: Vec<Tree> = Vec::new();
        for (old, size, from) in asks {
            let tree = tree(size, from);
            if ask(&mut shelf, &grown(old.min(size), &tree)).status() == 200 {
                cosigned.push(tree);
            }
        }
        for pair in cosigned.windows(2) {
            prop_assert!(pair[0].len() <= pair[1].len());
            prop_assert_eq!(pair[1].root_at(pair[0].len()), Some(pair[0].root()));
        }
    }
}
