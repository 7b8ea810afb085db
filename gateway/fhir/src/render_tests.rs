use super::*;
use crate::Limits;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes(), "Task", &Limits::default()).unwrap()
}

fn check(text: &str, overlay: Option<&TaskOverlay<'_>>, want: &str) {
    assert_eq!(as_supplied(&parse(text), "1", 2, Timestamp(3), overlay).to_string(), want);
}

#[test]
fn id_and_our_part_of_meta_are_set_where_they_belong() {
    check(
        r#"{"x":1.00,"resourceType":"Task","y":[{"z":"\u00e9"}]}"#,
        None,
        r#"{"x":1.00,"resourceType":"Task","id":"1","meta":{"versionId":"2","lastUpdated":"1970-01-01T00:00:00.003Z"},"y":[{"z":"é"}]}"#,
    );
    check(
        r#"{"meta":{"profile":["p"],"lastUpdated":"old","source":"s"},"id":"old","resourceType":"Task"}"#,
        None,
        r#"{"meta":{"profile":["p"],"lastUpdated":"1970-01-01T00:00:00.003Z","source":"s","versionId":"2"},"id":"1","resourceType":"Task"}"#,
    );
}

#[test]
fn a_task_shows_where_it_stands() {
    let output: ResourceId = "Procedure/9".parse().unwrap();
    let overlay = TaskOverlay {
        status: TaskStatus::Completed,
        status_reason: Some(("done", "all done")),
        business: Some("closed"),
        outputs: std::slice::from_ref(&output),
        last_modified: Timestamp(4),
    };
    let text = r#"{"resourceType":"Task","id":"1","meta":{"versionId":"1","lastUpdated":"x"},"status":"requested","_status":{"id":"s"},"businessStatus":{"coding":[{"code":"c"}],"text":"old"},"note":[{"text":"n"}]}"#;
    let want = concat!(
        r#"{"resourceType":"Task","id":"1","#,
        r#""meta":{"versionId":"2","lastUpdated":"1970-01-01T00:00:00.003Z"},"#,
        r#""status":"completed","businessStatus":{"coding":[{"code":"c"}],"text":"closed"},"#,
        r#""note":[{"text":"n"}],"statusReason":{"coding":[{"system":"urn:loopgate:status-reason","#,
        r#""code":"done"}],"text":"all done"},"output":[{"type":{"coding":[{"system":"SDOHCC","#,
        r#""code":"resulting-activity"}]},"valueReference":{"reference":"Procedure/9"}}],"#,
        r#""lastModified":"1970-01-01T00:00:00.004Z"}"#
    );
    check(text, Some(&overlay), &want.replace("SDOHCC", SDOHCC));
}

#[test]
fn without_news_the_task_keeps_its_own_words_but_not_a_reason_for_another_status() {
    let overlay = TaskOverlay {
        status: TaskStatus::Accepted,
        status_reason: None,
        business: None,
        outputs: &[],
        last_modified: Timestamp(0),
    };
    check(
        r#"{"resourceType":"Task","id":"1","meta":{"versionId":"1"},"status":"requested","statusReason":{"text":"r"},"businessStatus":{"text":"b"},"lastModified":"old","output":[{"valueCode":"c"}]}"#,
        Some(&overlay),
        r#"{"resourceType":"Task","id":"1","meta":{"versionId":"2","lastUpdated":"1970-01-01T00:00:00.003Z"},"status":"accepted","businessStatus":{"text":"b"},"lastModified":"1970-01-01T00:00:00.000Z","output":[{"valueCode":"c"}]}"#,
    );
}
