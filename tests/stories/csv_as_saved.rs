//! Spreadsheets save a file each in its own way, and people move columns: it is read all the same.

use serde_json::{Value, json};

use super::csv_round_trip::{download, rows, upload};
use crate::harness::{Gateway, Referral};

const NUMBERS: [&str; 6] = ["B-1", "B-2", "B-3", "B-4", "B-5", "B-6"];

#[test]
fn a_file_is_read_as_each_spreadsheet_saves_it() {
    let mut gateway = Gateway::start();
    gateway.change_partner("pantry", |text| {
        let text = text.replace("time_zone = \"UTC\"", "time_zone = \"Europe/Berlin\"");
        text.replace("dates = \"iso\"", "dates = \"local\"")
            .replace("day_first = false", "day_first = true")
            .replace("separator = \",\"", "separator = \";\"")
    });
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let tasks = NUMBERS.map(|mrn| {
        let referral = Referral { mrn, ..Referral::food() };
        clinic.post("/fhir", &referral.bundle()).expect(200).entry(referral.task_entry(0))
    });
    let file = download(&pantry);
    let text = String::from_utf8(file).unwrap();
    assert!(text.starts_with("\u{feff}Referral;Version;Do not contact;"), "{text}");
    assert!(text.contains(";22/11/2026;"), "{text}");
    let ids: Vec<&str> = text.lines().skip(1).map(|line| line.split(';').next().unwrap()).collect();

    // Excel on a German machine: Windows-1252, semicolons, a day with points, columns moved, headings
    // in capitals, columns and rows that nobody filled in.
    let mut ansi =
        b"STATUS;appointment  DAY;Appointment Time;Referral;VERSION;Note to the referrer;;\r\n"
            .to_vec();
    ansi.extend(format!("accepted;27.11.2026;16:00;{};1;Caf", ids[0]).bytes());
    ansi.extend(b"\xe9 bitte \x80 5;;\r\n;;;;;;;\r\n;;;;;;;\r\n");
    taken(&upload(&pantry, &ansi).expect(200).json, &["accept", "appointment", "note"]);
    assert_eq!(booked(&clinic.get(&tasks[0]).expect(200).json), "appointment scheduled");

    // Excel's Unicode text: UTF-16, tabs.
    let wide: String = format!(
        "Referral\tVersion\tStatus\tReason\r\n{}\t1\tdeclined\tKein Platz – leider\r\n",
        ids[1]
    );
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(wide.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    taken(&upload(&pantry, &wide).expect(200).json, &["decline"]);
    let read = clinic.get(&tasks[1]).expect(200).json;
    assert_eq!(read["statusReason"]["text"], "Kein Platz – leider");

    // UTF-8 with a mark, a line break inside of quotes, the day as Excel's own number with its time.
    let marked = format!(
        "\u{feff}Referral,Version,Appointment day,Note to the referrer,My own column\r\n\
         {},1,46353.6666666667,\"two\r\nlines, \"\"so\"\"\",x\r\n",
        ids[2]
    );
    let report = upload(&pantry, marked.as_bytes()).expect(200).json;
    taken(&report, &["appointment", "note"]);
    assert_eq!(report["columns_not_read"], json!(["E"]));
    // 16:00 in Berlin.
    let task = pantry.get(&format!("/cbo/v1/referrals/{}", ids[2])).expect(200);
    assert_eq!(task.json["status"], "in-progress", "{}", task.text);

    // Old Mac line ends, Excel's hint, a day that is read day first.
    let hinted = format!(
        "sep=;\rReferral;Version;Status;Service given;Service day\r{};1;Served;Box;3/4/2026\r",
        ids[3]
    );
    taken(&upload(&pantry, hinted.as_bytes()).expect(200).json, &["served"]);
    let read = clinic.get(&tasks[3]).expect(200).json;
    let procedure = read["output"][0]["valueReference"]["reference"].as_str().unwrap();
    let procedure = clinic.get(&format!("/fhir/{procedure}")).expect(200).json;
    let when = procedure["performedDateTime"].as_str().unwrap();
    assert!(when.starts_with("2026-04-03T10:00"), "noon in Berlin in summer: {when}");

    // A row in a row number of its own: an empty line counts, a line break in a cell does not.
    let numbered =
        format!("Referral;Version;Status\n\n{};1;accepted\n{};1;\"no\nidea\"\n", ids[4], ids[5]);
    let report = upload(&pantry, numbered.as_bytes()).expect(200).json;
    let numbers: Vec<&Value> =
        report["rows"].as_array().unwrap().iter().map(|row| &row["row"]).collect();
    assert_eq!(numbers, [&json!(3), &json!(4)]);
    assert_eq!((&report["taken"], &report["wrong"]), (&json!(1), &json!(1)));

    // 16:00 in Berlin is 15:00 UTC, from either spelling.
    let all = pantry.bytes("/cbo/v1/referrals.csv");
    let all = String::from_utf8(all).unwrap().replace(';', ",");
    let times: Vec<String> = rows(all.as_bytes())
        .iter()
        .map(|row| format!("{} {}", row["Appointment day"], row["Appointment time"]))
        .filter(|time| time.len() > 1)
        .collect();
    assert_eq!(times, ["27/11/2026 16:00", "27/11/2026 16:00"]);
    gateway.stop();
}

#[test]
fn columns_are_what_the_partner_file_declares() {
    let mut gateway = Gateway::start();
    gateway.change_partner("pantry", |text| {
        format!(
            "{}\n",
            text.replace("# columns = [", "columns = [")
                .replace("bom = true", "bom = false")
                .replace("separator = \",\"", "separator = \"tab\"")
        )
    });
    let (clinic, pantry) = (gateway.party("clinic-b"), gateway.party("pantry"));
    let referral = Referral { contact_prohibited: true, ..Referral::food() };
    clinic.post("/fhir", &referral.bundle()).expect(200);
    let text = String::from_utf8(download(&pantry)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Referral\tVersion\tDo not contact\tClient name\tStatus\tHandling");
    let cells: Vec<&str> = lines[1].split('\t').collect();
    assert_eq!(cells[1..5], ["1", "do-not-contact", "Maria Lindqvist-Okafor", "new"]);
    // A place that the dialect does not have is a problem of the file, and the old one stays in force.
    let path = gateway.root().join("partners/pantry.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, file.replace("\"client.name\"", "\"client.birth_date\"")).unwrap();
    let refused = gateway.try_admin(&loopgate_server::admin::Ask::PartnersReload).unwrap_err();
    assert!(
        refused.to_string().contains("client.birth_date is no place of cbo-json/referral"),
        "{refused}"
    );
    assert_eq!(String::from_utf8(download(&pantry)).unwrap(), text);
    gateway.stop();
}

#[track_caller]
fn taken(report: &Value, done: &[&str]) {
    assert_eq!(report["rows"][0]["done"], json!(done), "{report}");
    assert_eq!((&report["taken"], &report["wrong"]), (&json!(1), &json!(0)), "{report}");
}

fn booked(task: &Value) -> &str {
    task["businessStatus"]["text"].as_str().unwrap_or("nothing")
}
