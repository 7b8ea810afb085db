//! What a document of JSON says together, asks for, and does not know.

use loopgate_consent::{FieldGroup, Groups};
use serde_json::Value;

use super::{CODES, REPEATS, constants, file, groups, json, load, small};
use crate::{Library, Refused, Why};

const DOMAINS: &str = "[left_only]\na = \"letters\"\nb = \"letters\"\nold = \"past\"\n";

fn of(rows: &str) -> Result<Library, Vec<String>> {
    let mapping = file(rows);
    let found = Library::from_files([
        ("d/m.toml", mapping.as_str()),
        ("fhir-repeats.toml", REPEATS),
        ("codes/t.toml", CODES),
        ("codes/domain.toml", DOMAINS),
    ]);
    found.map_err(|all| all.iter().map(ToString::to_string).collect())
}

const TWO: &str = r#"
must = [{ left = "Task.status", right = "subDomain", codes = "t", also = [{ right = "domain", codes = "domain" }] }]
"#;

#[test]
fn one_value_is_said_in_two_members_and_read_from_the_one_that_says_it() {
    let library = of(TWO).unwrap();
    let mapping = library.mapping("d/m").unwrap();
    let pivot = json(r#"{"Task": {"status": "b"}}"#);
    let both = json(r#"{"subDomain": "B", "domain": "letters"}"#);
    let written = mapping.write(&pivot, &Groups::all(), &constants()).unwrap();
    assert_eq!((written.document, written.not_carried.len()), (both.clone(), 0));
    let read = mapping.read(&both, &constants()).unwrap();
    assert_eq!((read.pivot, read.not_carried.len()), (pivot.clone(), 0));
    // The other says less: it is not needed, and it is not enough.
    for said in [r#"{"subDomain": "B"}"#, r#"{"subDomain": "B", "domain": ""}"#] {
        assert_eq!(mapping.read(&json(said), &constants()).unwrap().pivot, pivot);
    }
    let alone = mapping.read(&json(r#"{"domain": "letters"}"#), &constants()).unwrap_err();
    assert_eq!(alone, Refused { path: "subDomain".to_owned(), why: Why::Missing });
    // Two members that contradict each other say nothing clearly.
    for other in [r#""past""#, r#""Letters""#, "1"] {
        let said = format!(r#"{{"subDomain": "B", "domain": {other}}}"#);
        let refused = mapping.read(&json(&said), &constants()).unwrap_err();
        assert_eq!(refused, Refused { path: "domain".to_owned(), why: Why::Conflict });
    }
}

#[test]
fn what_is_said_beside_is_a_place_of_its_own() {
    let found = of(r#"may = [
{ left = "Task.status", right = "a", codes = "t", also = [{ right = "b", codes = "t" }] },
{ left = "Task.intent", right = "b" },
{ left = "Task.note.where(text='x').text", right = "c", also = [{ right = "d", codes = "none" }] },
]"#);
    assert_eq!(
        found.unwrap_err(),
        [
            "d/m.toml:9: right overlaps b of another row",
            "d/m.toml:10: there is no file codes/none.toml"
        ]
    );
}

#[test]
fn a_local_time_that_names_no_instant_refuses_whatever_the_row() {
    let mapping = small(r#"may = [{ left = "Task.status", right = "when", as = "us-datetime" }]"#);
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let constants = constants().in_zone(zone);
    let read = |when: &str| mapping.read(&json(&format!(r#"{{"when": {when}}}"#)), &constants);
    let instant = json(r#"{"Task": {"status": "2026-11-20T10:30:00-05:00"}}"#);
    assert_eq!(read(r#""11/20/2026 10:30:00 AM""#).unwrap().pivot, instant);
    // Unknown is not a time.
    for unknown in [r#""""#, "null"] {
        assert_eq!(read(unknown).unwrap().pivot, json("{}"));
    }
    for (when, why) in [
        (r#""11/1/2026 1:30:00 AM""#, Why::Twice),
        (r#""3/8/2026 2:30:00 AM""#, Why::Never),
        (r#""soon""#, Why::BadForm),
        ("20261120", Why::BadForm),
    ] {
        assert_eq!(read(when).unwrap_err(), Refused { path: "when".to_owned(), why });
    }
    // Written, what would not read back is not said.
    let twice = json(r#"{"Task": {"status": "2026-11-01T01:30:00-04:00"}}"#);
    let written = mapping.write(&twice, &Groups::all(), &constants).unwrap();
    assert_eq!(
        (written.document, written.not_carried),
        (json("{}"), vec!["Task.status".to_owned()])
    );
    let found = load(r#"may = [{ left = "Task.status", right = "a", as = "date" }]"#).unwrap_err();
    assert_eq!(found[0].what, "as is none of us-datetime");
}

/// The file `d/NAME.toml` with this section of acts, of which `status` is a row with a value table.
fn acting(name: &str, acts: &str) -> String {
    let rows = r#"may = [{ left = "Task.status", right = "status", codes = "t" }, { left = "Task.intent", right = "id" }]"#;
    let text = file(rows).replace("d/m", &format!("d/{name}"));
    text.replace("[rows]", &format!("[acts]\n{acts}\n[rows]"))
}

fn with_acts(acts: &[&str]) -> Result<Library, Vec<String>> {
    let files = acts.iter().zip(["d/m.toml", "d/n.toml"]);
    let files = files.map(|(acts, path)| (path.to_owned(), acting(&path[2..3], acts)));
    let shared = [("fhir-repeats.toml", REPEATS), ("codes/t.toml", CODES)];
    let shared = shared.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let found = Library::from_files(files.chain(shared));
    found.map_err(|all| all.iter().map(ToString::to_string).collect())
}

const ACTS: &str = r#"of = "status"
id = "id"
door = "things"
words = [
  { said = "A", act = "one" },
  { said = "B", act = "two", lost = ["Task.note"] },
  { said = "OLD", act = "one" },
]"#;

#[test]
fn a_word_asks_for_an_act() {
    let library = with_acts(&[ACTS]).unwrap();
    let acts = library.for_door("d", "things").unwrap().acts().unwrap();
    let document = json(r#"{"status": "B", "id": "7"}"#);
    let asked = acts.asked(&document).unwrap();
    assert_eq!(
        (asked.act.as_str(), &asked.lost[..], asked.line),
        ("two", &["Task.note".to_owned()][..], 12)
    );
    assert_eq!(acts.id(&document), Some("7"));
    for silent in
        ["{}", r#"{"status": "", "id": ""}"#, r#"{"status": "C", "id": 7}"#, r#"{"status": ["A"]}"#]
    {
        let silent: Value = json(silent);
        assert_eq!((acts.asked(&silent), acts.id(&silent)), (None, None));
    }
    assert!(library.for_door("d", "thing").is_none() && library.for_door("e", "things").is_none());
}

#[test]
fn a_word_without_an_act_and_an_act_without_a_word_do_not_load() {
    let found = with_acts(&[r#"of = "status"
words = [
  { said = "A", act = "one" },
  { said = "A", act = "two" },
  { said = "C", act = "two" },
]"#]);
    let expected = [
        "d/m.toml:7: \"B\" has no act",
        "d/m.toml:7: \"OLD\" has no act",
        "d/m.toml:10: \"A\" is empty, or is there twice",
        "d/m.toml:11: \"C\" is not read by the value table",
    ];
    assert_eq!(found.unwrap_err(), expected);
    let found = with_acts(&["of = \"nowhere\"\ndoor = \"Things/x\"\nwords = []"]);
    let expected = ["d/m.toml:7: is the right of no row", "d/m.toml:8: door is not of a-z and -"];
    assert_eq!(found.unwrap_err(), expected);
    let found = with_acts(&[ACTS, ACTS]);
    assert_eq!(found.unwrap_err(), ["d/n.toml: door things is of d/m too"]);
}

/// Each dialect by its own rows: what it says is read back, or nothing is said.
#[test]
fn a_prohibition_to_contact_survives_every_dialect_or_the_message_stops() {
    let library = Library::builtin();
    let narrow = groups(&[FieldGroup::Need, FieldGroup::Status]);
    let none = groups(&[FieldGroup::Status]);
    let pivot = json(
        r#"{"Task": {"identifier": [{"system": "urn:loopgate:referral", "value": "ref_1"}], "status": "requested"},
        "ServiceRequest": {
            "category": [{"coding": [{"system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "food-insecurity"}]}],
            "orderDetail": [{"coding": [{"code": "contacting-subject-prohibited"}]}]}}"#,
    );
    let said = &pivot["ServiceRequest"]["orderDetail"];
    let mut count = 0;
    for dialect in library.dialects() {
        let mapping = library.mapping(&format!("{dialect}/referral")).unwrap();
        let written = mapping.write(&pivot, &narrow, &constants()).unwrap();
        let read = mapping.read(&written.document, &constants()).unwrap();
        assert_eq!(&read.pivot["ServiceRequest"]["orderDetail"], said, "{dialect}");
        // Without the group that it belongs to, it is there all the same, or nothing is.
        if let Ok(written) = mapping.write(&pivot, &none, &constants()) {
            let read = mapping.read(&written.document, &constants()).unwrap();
            assert_eq!(&read.pivot["ServiceRequest"]["orderDetail"], said, "{dialect}");
        }
        // In other words than the dialect has for it, the message stops.
        let mut twice = pivot.clone();
        let list = twice["ServiceRequest"]["orderDetail"].as_array_mut().unwrap();
        list.push(list[0].clone());
        assert!(mapping.write(&twice, &narrow, &constants()).is_err(), "{dialect}");
        count += 1;
    }
    assert!(count >= 2);
}
