use super::*;

#[test]
fn a_search_finds() {
    let served = Served::of("Task").unwrap();
    let pairs = [("status".to_owned(), "requested".to_owned())];
    let search = Search::parse(served, &pairs, "https://gate.example/fhir", Handling::Strict);
    let task = Json::object([("resourceType", "Task".into()), ("status", "requested".into())]);
    assert!(search.unwrap().matches(&task));
}
