//! Which characters a message's bytes are: MSH-18 (table 0211), or what the link agreed on.
//!
//! Strict: bytes that are no character of the set refuse the message, since a replaced character is
//! a changed name. Not here: ISO 2022 shifts and UTF-16, which are refused by name.

use std::str::FromStr;

use encoding_rs::Encoding;

/// A character set that parts a message at ASCII bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// 7 bits.
    Ascii,
    /// Any other.
    Of(&'static Encoding),
}

/// Not the name of a character set we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a character set we read")]
pub struct UnknownCharset;

impl Charset {
    /// What we write, and what is read if neither message nor link says otherwise.
    pub const UTF_8: Charset = Charset::Of(encoding_rs::UTF_8);

    /// How table 0211 calls what we write.
    pub const WRITTEN: &str = "UNICODE UTF-8";

    /// The text, if every byte of it is a character.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Charset::Ascii if bytes.is_ascii() => String::from_utf8(bytes.to_vec()).ok(),
            Charset::Ascii => None,
            Charset::Of(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(|text| text.into_owned()),
        }
    }
}

impl FromStr for Charset {
    type Err = UnknownCharset;

    /// The names of table 0211, and the spellings engines write instead.
    fn from_str(text: &str) -> Result<Charset, UnknownCharset> {
        let plain: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '_' | '/'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let part = plain.strip_prefix("ISO").unwrap_or(&plain).strip_prefix("8859");
        if let Some(part) = part {
            let found = Encoding::for_label(format!("iso-8859-{part}").as_bytes());
            return found.map(Charset::Of).ok_or(UnknownCharset);
        }
        match plain.as_str() {
            "ASCII" | "USASCII" | "ISOIR6" => Ok(Charset::Ascii),
            "UNICODEUTF8" | "UTF8" => Ok(Charset::UTF_8),
            "WINDOWS1252" | "CP1252" | "LATIN1" => Ok(Charset::Of(encoding_rs::WINDOWS_1252)),
            _ => Err(UnknownCharset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_table_0211_and_what_engines_write() {
        for name in ["UNICODE UTF-8", "UTF-8", "utf8", "UNICODE_UTF-8"] {
            assert_eq!(name.parse(), Ok(Charset::UTF_8), "{name}");
        }
        for name in ["8859/1", "ISO-8859-1", "ISO8859-1", "iso 8859/1"] {
            let latin: Charset = name.parse().unwrap();
            assert_eq!(latin.decode(b"M\xfcller").as_deref(), Some("Müller"), "{name}");
        }
        let latin2: Charset = "8859/2".parse().unwrap();
        assert_eq!(latin2.decode(b"\xb3").as_deref(), Some("ł"));
        assert_eq!("ASCII".parse(), Ok(Charset::Ascii));
        for name in ["UNICODE", "ISO IR87", "UNICODE UTF-16", "8859/99", "JAS2020", "", "EBCDIC"] {
            assert_eq!(name.parse::<Charset>(), Err(UnknownCharset), "{name}");
        }
    }

    #[test]
    fn a_byte_that_is_no_character_is_not_replaced() {
        assert_eq!(Charset::Ascii.decode(b"M\xfcller"), None);
        assert_eq!(Charset::UTF_8.decode(b"M\xfcller"), None);
        assert_eq!(Charset::UTF_8.decode("Müller".as_bytes()).as_deref(), Some("Müller"));
    }
}
