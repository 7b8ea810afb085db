use loopgate_hl7v2::{Delimiters, Message};
use loopgate_mapping::Library;

use super::*;
use crate::partner::Role;

const OURS: &str = "ref_07070707070747078707070707070707";

fn housing() -> (Partner, Link) {
    let text = "name = \"Housing\"\nroles = [\"source\"]\nlegal_class = \"ce\"\n\
                [hl7v2]\napplication = \"CASES\"\nfacility = \"HOUSE\"\nauthorities = []\n";
    let link = Partner::parse("housing".parse().unwrap(), text).unwrap().hl7v2.unwrap();
    (Partner::new("housing".parse().unwrap(), Role::Target), link)
}

fn says(requests: Requests, state: &str) -> String {
    let said = said(Library::builtin().states(), requests, state).unwrap();
    let fields = said.fields.iter().map(|(field, value)| format!(" {field}={value}"));
    format!("{}^{}{}", said.code, said.event, fields.collect::<String>())
}

#[test]
fn a_target_is_asked_in_the_messages_of_its_link() {
    use Requests::{Omg, Orm, Ref};
    for (requests, state, begins) in [
        (Ref, "sent", "REF^I12"),
        (Ref, "amended", "REF^I13"),
        (Ref, "cancel-requested", "REF^I14"),
        (Omg, "sent", "OMG^O19 ORC-1=NW"),
        (Omg, "amended", "OMG^O19 ORC-1=XO"),
        (Omg, "cancel-requested", "OSU^O51 ORC-1=CA"),
        (Orm, "sent", "ORM^O01 ORC-1=NW"),
        (Orm, "amended", "ORM^O01 ORC-1=XO"),
        (Orm, "cancel-requested", "ORM^O01 ORC-1=CA"),
    ] {
        let says = says(requests, state);
        assert!(says.starts_with(begins), "{says}: {begins}");
    }
    for requests in [Ref, Omg, Orm] {
        says(requests, "entered-in-error");
    }
}

#[test]
fn a_closing_names_the_referral_and_nobody() {
    let library = Library::builtin();
    let (partner, link) = housing();
    let referral: ReferralId = OURS.parse().unwrap();
    for requests in [Requests::Ref, Requests::Omg, Requests::Orm] {
        for state in ["cancel-requested", "entered-in-error"] {
            let said = said(library.states(), requests, state).unwrap();
            let mapping = library.for_message(&said.code, &said.event).unwrap();
            let pivot = closing(referral, &partner, None);
            let written = written((&partner, &link), (mapping, &said), &pivot).unwrap();
            let text =
                Message { delimiters: Delimiters::USUAL, segments: written.segments }.print();
            let key = if requests == Requests::Ref { "RF1|" } else { "ORC|" };
            let keyed = text.split('\r').find(|line| line.starts_with(key)).unwrap();
            assert!(keyed.contains(&format!("|{OURS}^LOOPGATE")), "{text}");
            // Nothing but who is asked, which referral, and that it is off.
            let words: Vec<&str> = text
                .split(['|', '^', '~', '&', '\r'])
                .filter(|word| word.chars().any(char::is_lowercase))
                .collect();
            let known = [OURS, "housing", "sdoh-category-unspecified"];
            assert!(words.iter().all(|word| known.contains(word)), "{words:?}");
        }
    }
}

#[test]
fn a_prohibition_is_found_where_it_stands() {
    let read = |text: &str| {
        let text = format!("MSH|^~\\&|A|B|C|D|2026||REF^I12|1|T|2.5.1\r{text}");
        let limits = loopgate_hl7v2::Limits::default();
        loopgate_hl7v2::read(text.as_bytes(), &limits, loopgate_hl7v2::Charset::UTF_8).unwrap()
    };
    assert!(prohibits(&read("PD1||||||||||||Y\r").segments));
    for text in ["PD1||||||||||||N\r", "PD1|||||||||||Y\r", "PID||||||||||||Y\r"] {
        assert!(!prohibits(&read(text).segments), "{text}");
    }
}
