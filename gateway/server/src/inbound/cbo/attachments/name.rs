//! What a document is called: a name that is safe to save under, and how a header field says it.

use super::sniff::endings;

/// No name is longer, in characters.
const CHARS_MAX: usize = 100;
/// Of a name of which nothing is left.
const NAMELESS: &str = "document";

/// A name without a path, without characters that do not show or that turn what is read around, and with an
/// ending of its media type.
pub fn sound(given: &str, media: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let shows = |c: &char| !c.is_control() && !is_unseen(*c) && !"<>:\"|?*".contains(*c);
    let name: String = last.chars().filter(shows).collect();
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let endings = endings(media);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if endings.contains(&ending.to_ascii_lowercase().as_str()) => {
            (stem, ending)
        }
        _ => (name, endings[0]),
    };
    let stem: String = stem.chars().take(CHARS_MAX - 1 - ending.len()).collect();
    let stem = if stem.is_empty() { NAMELESS } else { stem.trim_end() };
    format!("{stem}.{ending}")
}

/// Zero-width and bidirectional marks.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `Content-Disposition` (RFC 6266): to be saved under this name.
pub fn disposition(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '_' };
    let plain: String = name.chars().map(plain).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        // RFC 8187, attr-char.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, media: &str, wanted: &str) {
        assert_eq!(sound(given, media), wanted);
        assert!(sound(given, media).chars().count() <= CHARS_MAX);
    }

    #[test]
    fn a_name_is_safe_to_save_under() {
        check("letter.pdf", "application/pdf", "letter.pdf");
        check("Brief für Maria.PDF", "application/pdf", "Brief für Maria.PDF");
        check("../../etc/passwd", "text/plain", "passwd.txt");
        check("C:\\temp\\scan.png", "image/png", "scan.png");
        check("a\r\nb\0\u{202e}fdp.exe", "application/pdf", "abfdp.exe.pdf");
        check("invoice.pdf.exe", "application/pdf", "invoice.pdf.exe.pdf");
        check("\"quoted\";.jpg", "image/jpeg", "quoted;.jpg");
        check("...", "image/jpeg", "document.jpg");
        check("", "text/plain", "document.txt");
        check(&"ü".repeat(300), "image/jpeg", &format!("{}.jpg", "ü".repeat(96)));
    }

    #[test]
    fn a_header_field_says_it_to_old_readers_and_new() {
        let wanted =
            "attachment; filename=\"Brief f_r M.pdf\"; filename*=UTF-8''Brief%20f%C3%BCr%20M.pdf";
        assert_eq!(disposition("Brief für M.pdf"), wanted);
    }
}
