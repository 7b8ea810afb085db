//! What a document is, by its bytes: PDF, PNG, JPEG or plain UTF-8 text. Nothing else is taken: an office
//! document is an archive that may hold anything, and is sent as a PDF.

const PDF: &str = "application/pdf";
const PNG: &str = "image/png";
const JPEG: &str = "image/jpeg";
const TEXT: &str = "text/plain";

/// The media type, if that which is declared is what the bytes are.
pub fn media(declared: &str, bytes: &[u8]) -> Option<&'static str> {
    let mut parts = declared.split(';').map(str::trim);
    let bare = parts.next()?;
    let found = of(bytes)?;
    let utf_8 = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        let value = value.trim_matches('"');
        name.eq_ignore_ascii_case("charset")
            && ["utf-8", "us-ascii"].iter().any(|one| value.eq_ignore_ascii_case(one))
    };
    let plain = parts.all(|parameter| found == TEXT && utf_8(parameter));
    (bare.eq_ignore_ascii_case(found) && plain).then_some(found)
}

/// The same media type as was kept, for a header field.
pub fn known(media: &str) -> &'static str {
    let all = [PDF, PNG, JPEG, TEXT];
    all.into_iter().find(|one| *one == media).unwrap_or("application/octet-stream")
}

/// The ending of a name of this media type, and others that are as good.
pub fn endings(media: &str) -> &'static [&'static str] {
    match media {
        PDF => &["pdf"],
        PNG => &["png"],
        JPEG => &["jpg", "jpeg"],
        _ => &["txt", "text", "md", "csv", "log"],
    }
}

fn of(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    if begins(b"%PDF-") {
        return Some(PDF);
    }
    if begins(b"\x89PNG\r\n\x1a\n") {
        return Some(PNG);
    }
    if begins(b"\xff\xd8\xff") {
        return Some(JPEG);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let readable = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    (!text.trim().is_empty() && text.chars().all(readable)).then_some(TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(declared: &str, bytes: &[u8], wanted: Option<&str>) {
        assert_eq!(media(declared, bytes), wanted, "{declared}");
    }

    #[test]
    fn what_is_declared_is_what_the_bytes_are() {
        check("application/pdf", b"%PDF-1.7\n", Some(PDF));
        check("image/png", b"\x89PNG\r\n\x1a\n\0", Some(PNG));
        check("IMAGE/JPEG", b"\xff\xd8\xff\xe0", Some(JPEG));
        check("text/plain", "Café\n".as_bytes(), Some(TEXT));
        check("text/plain; charset=\"UTF-8\"", b"a", Some(TEXT));
    }

    #[test]
    fn what_is_something_else_is_not_taken() {
        check("application/pdf", b"\x89PNG\r\n\x1a\n", None);
        check("text/plain", b"%PDF-1.7\n", None);
        check("text/html", b"<html>", None);
        check("image/svg+xml", b"<svg/>", None);
        check("application/pdf; charset=utf-8", b"%PDF-1.7\n", None);
        check("text/plain; charset=windows-1252", b"a", None);
        check("text/plain; format=flowed", b"a", None);
        // Windows-1252, a control character, nothing at all.
        check("text/plain", b"Caf\xe9", None);
        check("text/plain", b"a\0b", None);
        check("text/plain", b" \n", None);
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        check(docx, b"PK\x03\x04", None);
        check("", b"a", None);
    }
}
