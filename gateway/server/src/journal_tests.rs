use super::*;

#[test]
fn a_body_reads_back_as_written() {
    let body = Body {
        event: Event::Strangers { count: 3 },
        fields: Fields::default(),
        docs: vec![
            Document::Here(b"one".to_vec()),
            Document::File([7; 32]),
            Document::Here(Vec::new()),
            Document::Here(vec![0, 255, 10]),
        ],
    };
    assert_eq!(Body::decode(&body.encode()), Ok(body));
}

#[test]
fn a_schema_of_the_future_is_not_guessed_at() {
    let body =
        Body { event: Event::Strangers { count: 3 }, fields: Fields::default(), docs: vec![] };
    let bytes = body.encode();
    let later = String::from_utf8(bytes).unwrap().replace("\"schema\":1", "\"schema\":2");
    assert_eq!(Body::decode(later.as_bytes()), Err(BadBody));
}
