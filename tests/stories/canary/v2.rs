//! The same for a message of HL7 v2: a word in every field of every segment of REF^I12.

use std::collections::BTreeSet;

use super::ears::{self, Ears};
use super::planted::STEM;
use super::rest;
use crate::harness::{Gateway, msh};

/// What the pantry may read of it: who, how to reach them, what is needed.
const TARGET_MAY: &[&str] = &["PID-5", "PID-13", "PR1-3.2", "RF1-3.2"];

/// The words of one message, each with its field.
#[derive(Default)]
struct Words(Vec<(String, String)>);

impl Words {
    fn word(&mut self, at: &str) -> String {
        let word = format!("{STEM}v{:04}", self.0.len());
        self.0.push((word.clone(), at.to_owned()));
        word
    }

    /// A segment: these fields as they are given, a word in each of the others up to `last`.
    fn segment(&mut self, name: &str, last: usize, given: &[(usize, &str)]) -> String {
        let fields = (1..=last).map(|n| {
            let known = given.iter().find(|(field, _)| *field == n);
            known.map_or_else(|| self.word(&format!("{name}-{n}")), |(_, text)| (*text).to_owned())
        });
        let fields: Vec<String> = fields.collect();
        format!("{name}|{}\r", fields.join("|"))
    }
}

#[test]
fn each_word_of_a_message_is_found_where_the_permit_says_and_nowhere_else() {
    let (mut gateway, engine, inbox) = Gateway::with_hospital();
    gateway.maria_consents();
    let (mut words, mut ears) = (Words::default(), Ears::default());
    let (family, phone) = (words.word("PID-5"), words.word("PID-13"));
    let (service, need) = (words.word("PR1-3.2"), words.word("RF1-3.2"));
    let message = [
        msh("REF^I12^REF_I12", "MSG-1", "AL|AL"),
        words.segment(
            "RF1",
            11,
            &[
                (1, ""),
                (2, "R"),
                (3, &format!("food-insecurity^{need}^SDOHCC")),
                (4, ""),
                (5, ""),
                (6, "RA-1^HOSPA"),
                (7, ""),
                (8, ""),
                (9, "20261122093000+0000"),
                (11, ""),
            ],
        ),
        "PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\r".to_owned(),
        words.segment(
            "PID",
            30,
            &[
                (1, ""),
                (3, "A-99871^^^HOSPA"),
                (5, &format!("{family}^Maria")),
                (7, "19880402"),
                (8, "F"),
                (13, &format!("^^PH^^^^^^^^^{phone}")),
                (15, ""),
                (24, ""),
                (25, ""),
                (29, ""),
                (30, ""),
            ],
        ),
        words.segment("NK1", 20, &[(1, "1")]),
        words.segment(
            "PR1",
            6,
            &[(1, ""), (2, ""), (3, &format!("467771000124109^{service}^SCT")), (5, "")],
        ),
        words
            .segment("OBX", 5, &[(1, ""), (2, "NM"), (3, "63512-8^^LN"), (5, "4")])
            .trim_end()
            .to_owned()
            + "||||||F\r",
    ]
    .concat();
    let ack = engine.send(&message);
    ears.say("acknowledged", ack.clone());
    assert!(ack.contains("|CA|"), "{ack}");
    ears.say("hospital-a", inbox.next());
    rest(&gateway, &mut ears);
    // What is wrong with a message is said at its place, and never what stood there.
    for (control, wrong) in [
        ("MSG-2", message.replace("food-insecurity", &words.word("RF1-3.1"))),
        ("MSG-3", message.replace("19880402", &words.word("PID-7"))),
        ("MSG-4", message.replace("A-99871^^^HOSPA", &words.word("PID-3"))),
        ("MSG-5", message.replace("REF^I12^REF_I12", &words.word("MSH-9"))),
        ("MSG-6", message.replace("Pantry^^^^^NPI^^^^pantry", &words.word("PRD-7"))),
    ] {
        let wrong = wrong.replace("MSG-1", control);
        ears.say("acknowledged", engine.try_send(&wrong).unwrap_or_default());
    }
    let evidence = gateway.evidence();
    gateway.stop();

    let found = |who: &str| -> BTreeSet<&str> {
        let heard = ears.of(who);
        words.0.iter().filter(|(word, _)| heard.contains(word)).map(|(_, at)| at.as_str()).collect()
    };
    assert!(words.0.len() > 40);
    assert_eq!(found("acknowledged"), BTreeSet::new(), "an acknowledgement repeats nothing");
    let heard = found("pantry");
    let stray: Vec<_> = heard.iter().filter(|at| !TARGET_MAY.contains(at)).collect();
    assert!(stray.is_empty(), "the pantry read {stray:?}");
    assert!(heard.contains("PID-5") && heard.contains("PID-13"), "{heard:?}");
    for place in [gateway.root(), evidence, gateway.beside("stderr")] {
        ears::nowhere_in(&place, &words.0);
    }
}
