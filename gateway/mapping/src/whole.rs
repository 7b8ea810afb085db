//! Forms of HL7 v2 that take several components to say one value: an assigning authority, a telephone
//! number, a type of content, a document.
//!
//! Each has an inverse: what is written reads back as the same. Not here: which row has which form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::constants::Constants;

/// The link's table of assigning authorities: system and name.
const AUTHORITIES: &str = "authorities";

/// A form that takes several components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// An assigning authority in the three subcomponents of one component (HD).
    Hd,
    /// An assigning authority in three components, from this one on (EI.2 to EI.4).
    Ei,
    /// XTN.
    Telephone,
    /// Type and subtype of ED, from this component on.
    Mime,
    /// Encoding and data of ED, or a text.
    Document,
}

impl Whole {
    /// Every form with its name in mapping files.
    pub(crate) const ALL: [(&str, Whole); 5] = [
        ("hd", Whole::Hd),
        ("ei", Whole::Ei),
        ("xtn", Whole::Telephone),
        ("mime", Whole::Mime),
        ("document", Whole::Document),
    ];

    /// The components that may take part, counted from the one that a row names.
    pub(crate) fn parts(self) -> std::ops::RangeInclusive<u16> {
        match self {
            Whole::Hd | Whole::Ei => 1..=3,
            Whole::Telephone => 1..=12,
            Whole::Mime => 1..=2,
            Whole::Document => 1..=5,
        }
    }

    /// From HL7's components to the pivot's value; `None` if they are not of that form.
    pub(crate) fn to_left(self, of: Components<'_>, constants: &Constants) -> Option<Together> {
        match self {
            Whole::Hd | Whole::Ei => authority(of, constants),
            Whole::Telephone => telephone(of),
            Whole::Mime => mime(of),
            Whole::Document => document(of),
        }
    }

    /// From the pivot's value to HL7's components; `None` if it is not of that form.
    pub(crate) fn to_right(self, value: &str, constants: &Constants) -> Option<Vec<(u16, String)>> {
        match self {
            Whole::Hd | Whole::Ei => authority_written(value, constants),
            Whole::Telephone => Some(telephone_written(value)),
            Whole::Mime => mime_written(value),
            Whole::Document => document_written(value),
        }
    }
}

/// The components of one repetition, from the one that a row names on: number and text.
pub(crate) type Components<'a> = &'a dyn Fn(u16) -> Option<&'a str>;

/// What components say together, and which of them say it.
pub(crate) type Together = (String, Vec<u16>);

/// Namespace, id and type of id as the identifier system that they name: by the link's table, else by
/// what the id says itself.
fn authority(of: Components<'_>, constants: &Constants) -> Option<Together> {
    if let Some(system) = of(1).and_then(|name| constants.to_left(AUTHORITIES, name)) {
        let there = (1..=3).filter(|n| of(*n).is_some()).collect();
        return Some((system.to_owned(), there));
    }
    let id = of(2)?;
    let system = match of(3)? {
        "ISO" if is_oid(id) => format!("urn:oid:{id}"),
        "UUID" | "GUID" if is_uuid(id) => format!("urn:uuid:{}", id.to_ascii_lowercase()),
        "URI" | "DNS" => id.to_owned(),
        _ => return None,
    };
    Some((system, vec![2, 3]))
}

/// R4's form of an OID: arcs without leading zeros, the first of 0 to 2, and at least one more.
fn is_oid(id: &str) -> bool {
    let is_arc = |arc: &str| {
        let digits = !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit());
        digits && (arc == "0" || !arc.starts_with('0'))
    };
    id.split_once('.').is_some_and(|(first, others)| {
        matches!(first, "0" | "1" | "2") && others.split('.').all(is_arc)
    })
}

/// RFC 4122's form of a UUID, in either case.
fn is_uuid(id: &str) -> bool {
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn authority_written(system: &str, constants: &Constants) -> Option<Vec<(u16, String)>> {
    if let Some(name) = constants.to_right(AUTHORITIES, system) {
        return Some(vec![(1, name.to_owned())]);
    }
    let oid = system.strip_prefix("urn:oid:").filter(|id| is_oid(id));
    let (id, kind) = if let Some(oid) = oid {
        (oid, "ISO")
    } else if let Some(uuid) = system.strip_prefix("urn:uuid:").filter(|id| is_uuid(id)) {
        (uuid, "UUID")
    } else if system.contains(':') {
        (system, "URI")
    } else {
        (system, "DNS")
    };
    Some(vec![(2, id.to_owned()), (3, kind.to_owned())])
}

/// XTN (v2.5.1 §2.A.89), a number or an address, as the guide reads it: the unformatted number
/// (XTN.12), the number of before v2.3 (XTN.1), else its parts; for the Internet the address (XTN.4).
fn telephone(of: Components<'_>) -> Option<Together> {
    let one = |n: u16| of(n).map(|text| (text.to_owned(), vec![n]));
    if matches!(of(3), Some("Internet" | "X.400")) {
        return one(4).or_else(|| one(12)).or_else(|| one(1));
    }
    one(12).or_else(|| one(1)).or_else(|| parts(of)).or_else(|| one(4))
}

/// `+5 6 7 X8`, without what is not there.
fn parts(of: Components<'_>) -> Option<Together> {
    of(7)?;
    let signs = [(5, "+", " "), (6, "", " "), (7, "", ""), (8, " X", "")];
    let there = signs.into_iter().filter_map(|(n, before, after)| Some((n, before, of(n)?, after)));
    let mut text = String::new();
    let mut used = Vec::new();
    for (n, before, part, after) in there {
        text += &[before, part, after].concat();
        used.push(n);
    }
    Some((text, used))
}

/// Where a number or an address is written.
fn telephone_written(value: &str) -> Vec<(u16, String)> {
    let at = if value.contains('@') { 4 } else { 12 };
    vec![(at, value.to_owned())]
}

/// Table 0191's names for what MIME calls otherwise.
const TYPES: [(&str, &str); 5] =
    [("ap", "application"), ("au", "audio"), ("im", "image"), ("tx", "text"), ("ft", "text")];

/// ED.2 and ED.3 (v2.5.1 §2.A.24), counted from 1: type and subtype, as MIME writes them.
fn mime(of: Components<'_>) -> Option<Together> {
    let (kind, subtype) = (of(1)?.trim().to_lowercase(), of(2)?.trim().to_lowercase());
    let known = TYPES.iter().find(|(name, _)| *name == kind).map(|(_, mime)| *mime);
    let kind = known.unwrap_or(&kind);
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte))
    };
    (plain(kind) && plain(&subtype)).then(|| (format!("{kind}/{subtype}"), vec![1, 2]))
}

/// Type and subtype apart.
fn mime_written(value: &str) -> Option<Vec<(u16, String)>> {
    let (kind, subtype) = value.split_once('/')?;
    let there = !kind.is_empty() && !subtype.is_empty();
    there.then(|| vec![(1, kind.to_owned()), (2, subtype.to_owned())])
}

/// The data of ED (v2.5.1 §2.A.24: encoding and data, its fourth and fifth component), or a text
/// that is a document; in either case Base64, as FHIR has it.
fn document(of: Components<'_>) -> Option<Together> {
    let Some(data) = of(5) else {
        return of(1).map(|text| (STANDARD.encode(text), vec![1]));
    };
    let (data, used) = match of(4) {
        Some("Base64") => {
            let plain: String = data.chars().filter(|c| !c.is_whitespace()).collect();
            (STANDARD.decode(&plain).ok()?, vec![4, 5])
        }
        Some("Hex") => (hex(data)?, vec![4, 5]),
        Some("A") => (data.as_bytes().to_vec(), vec![4, 5]),
        Some(_) => return None,
        None => (data.as_bytes().to_vec(), vec![5]),
    };
    Some((STANDARD.encode(data), used))
}

/// Encoding and data.
fn document_written(value: &str) -> Option<Vec<(u16, String)>> {
    let known = STANDARD.decode(value).is_ok() && !value.is_empty();
    known.then(|| vec![(4, "Base64".to_owned()), (5, value.to_owned())])
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits.chunks_exact(2).map(|two| u8::try_from(two[0] * 16 + two[1]).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `a^b^c` with a form.
    fn read(form: fn(Components<'_>) -> Option<Together>, text: &str) -> Option<Together> {
        let components: Vec<&str> = text.split('^').collect();
        form(&|n| components.get(usize::from(n) - 1).copied().filter(|text| !text.is_empty()))
    }

    #[test]
    fn a_number_is_read_where_the_versions_put_it() {
        for (text, value, used) in [
            ("^PRN^PH^^^^^^^^^5550177", "5550177", &[12][..]),
            ("(555)555-0177", "(555)555-0177", &[1]),
            ("(555)555-0177^PRN^PH^^1^555^5550177", "(555)555-0177", &[1]),
            ("^PRN^PH^^1^555^5550177^9", "+1 555 5550177 X9", &[5, 6, 7, 8]),
            ("^PRN^PH^^^555^5550177", "555 5550177", &[6, 7]),
            ("^NET^Internet^j@example.org", "j@example.org", &[4]),
            ("^^^j@example.org", "j@example.org", &[4]),
            ("5550177^^CP^j@example.org", "5550177", &[1]),
        ] {
            assert_eq!(read(telephone, text), Some((value.to_owned(), used.to_vec())), "{text}");
        }
        assert_eq!(read(telephone, "^PRN^PH^^1^555"), None);
    }

    #[test]
    fn an_authority_is_the_links_or_says_itself_which_it_is() {
        let link = Constants::default().with_table(AUTHORITIES, vec![("urn:a".into(), "A".into())]);
        for (text, system, again) in [
            ("A", "urn:a", "A"),
            ("A^1.2^ISO", "urn:a", "A"),
            ("^1.2.3^ISO", "urn:oid:1.2.3", "^1.2.3^ISO"),
            ("B^1.2.3^ISO", "urn:oid:1.2.3", "^1.2.3^ISO"),
            (
                "^6F1C0B5E-3d52-4b0e-9d1a-000000000001^GUID",
                "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000001",
                "^6f1c0b5e-3d52-4b0e-9d1a-000000000001^UUID",
            ),
            ("^urn:uuid:x^URI", "urn:uuid:x", "^urn:uuid:x^URI"),
            ("^http://b^URI", "http://b", "^http://b^URI"),
            ("^urn:oid:a^URI", "urn:oid:a", "^urn:oid:a^URI"),
            ("^b.example^DNS", "b.example", "^b.example^DNS"),
        ] {
            let parts: Vec<&str> = text.split('^').collect();
            let of = |n: u16| parts.get(usize::from(n) - 1).copied().filter(|s| !s.is_empty());
            assert_eq!(authority(&of, &link).unwrap().0, system, "{text}");
            let mut written = vec![String::new(); 3];
            for (n, part) in authority_written(system, &link).unwrap() {
                written[usize::from(n) - 1] = part;
            }
            assert_eq!(written.join("^").trim_end_matches('^'), again, "{text}");
        }
        for text in [
            "B",
            "^1.2",
            "^a^ISO",
            "^45.2.3^ISO",
            "^1.02^ISO",
            "^1..2^ISO",
            "^1^ISO",
            "^0-1^UUID",
            "^x^L",
        ] {
            let parts: Vec<&str> = text.split('^').collect();
            let of = |n: u16| parts.get(usize::from(n) - 1).copied().filter(|s| !s.is_empty());
            assert_eq!(authority(&of, &link), None, "{text}");
        }
    }

    #[test]
    fn a_document_is_base64_whatever_it_was() {
        for (text, data) in [
            ("^application^pdf^Base64^JVBE Rg==", "JVBERg=="),
            ("^TEXT^plain^A^é", "w6k="),
            ("^IM^x^Hex^00FF", "AP8="),
            ("é", "w6k="),
        ] {
            assert_eq!(read(document, text).unwrap().0, data, "{text}");
        }
        for text in ["^IM^x^Base64^*", "^IM^x^Hex^0", "^IM^x^Zip^00", ""] {
            assert_eq!(read(document, text), None, "{text}");
        }
    }

    #[test]
    fn a_type_of_content_is_said_as_mime_says_it() {
        assert_eq!(read(mime, "IM^JPEG").unwrap().0, "image/jpeg");
        assert_eq!(read(mime, "application^pdf").unwrap().0, "application/pdf");
        assert_eq!(read(mime, "application"), None);
        assert_eq!(read(mime, "a b^c"), None);
    }
}
