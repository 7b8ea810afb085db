//! The code on a printed sheet, by which the phone desk finds the referral: nine letters and digits in
//! the alphabet of Crockford's Base32, the last of them his check symbol (modulo 37).
//!
//! It is derived from the placement under a key of the deployment, so there is no table of codes. Not
//! here: who may enter one, and how often (`inbound/people/sheet_desk.rs`).

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters before the check symbol.
const PLACES: usize = 8;

/// A code, sound in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyCode(u64);

/// Not a code: mistyped or misheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code of a sheet")]
pub struct BadReplyCode;

impl ReplyCode {
    /// The code of the first round whose check symbol is a letter or a digit: Crockford's five other
    /// symbols are hard to say on the phone.
    pub fn derived(mac: impl Fn(u8) -> [u8; 5]) -> ReplyCode {
        let numbers = (0..=u8::MAX).map(|round| {
            mac(round).iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        });
        let found = numbers.into_iter().find(|number| number % 37 < 32);
        ReplyCode(found.unwrap_or_else(|| unreachable!("32 of 37 rounds do")))
    }

    /// Whether it is the same, in a time that does not depend on where they differ.
    pub fn is(self, other: ReplyCode) -> bool {
        crate::doorkey::constant_time_eq(&self.0.to_be_bytes(), &other.0.to_be_bytes())
    }
}

impl fmt::Display for ReplyCode {
    /// In groups of three, as it is read aloud.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut symbols: Vec<u64> = (0..PLACES).rev().map(|at| self.0 >> (5 * at) & 31).collect();
        symbols.push(self.0 % 37);
        for (at, symbol) in symbols.iter().enumerate() {
            let dash = if at > 0 && at % 3 == 0 { "-" } else { "" };
            let symbol = usize::try_from(*symbol).ok().and_then(|symbol| ALPHABET.get(symbol));
            write!(f, "{dash}{}", char::from(symbol.copied().unwrap_or(b'?')))?;
        }
        Ok(())
    }
}

impl FromStr for ReplyCode {
    type Err = BadReplyCode;

    /// Small letters, spaces and dashes are as good; O is zero, I and L are one.
    fn from_str(text: &str) -> Result<ReplyCode, BadReplyCode> {
        let typed = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        let symbols: Option<Vec<u64>> = typed.map(value).collect();
        let symbols = symbols.filter(|symbols| symbols.len() == PLACES + 1).ok_or(BadReplyCode)?;
        let (check, symbols) = symbols.split_last().ok_or(BadReplyCode)?;
        let number = symbols.iter().fold(0, |number, symbol| number << 5 | symbol);
        if number % 37 == *check { Ok(ReplyCode(number)) } else { Err(BadReplyCode) }
    }
}

fn value(c: char) -> Option<u64> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    let at = ALPHABET.iter().position(|known| char::from(*known) == c)?;
    u64::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0x12345 is 2 * 32^3 + 8 * 32^2 + 26 * 32 + 5; modulo 37 it is 10.
    const KNOWN: &str = "000-028-T5A";

    #[test]
    fn a_code_is_read_as_it_is_printed_and_as_people_type_it() {
        let code = ReplyCode::derived(|_| [0, 0, 1, 0x23, 0x45]);
        assert_eq!(code.to_string(), KNOWN);
        for typed in [KNOWN, "00002 8t5a", "oOo028-T5A", " 0-0-0-0-2-8-T-5-a "] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
        for bad in
            ["", "000-028-T5", "000-028-T5A9", "000-028-U5A", "000-028-T5*", "000\u{e9}28T5A"]
        {
            assert_eq!(bad.parse::<ReplyCode>(), Err(BadReplyCode), "{bad}");
        }
    }

    #[test]
    fn one_wrong_character_or_two_that_changed_places_is_no_code() {
        let good: Vec<char> = KNOWN.replace('-', "").chars().collect();
        let read = |typed: &[char]| typed.iter().collect::<String>().parse::<ReplyCode>();
        for at in 0..good.len() {
            for other in ALPHABET.iter().map(|byte| char::from(*byte)) {
                let mut typed = good.clone();
                typed[at] = other;
                assert_eq!(read(&typed).is_ok(), other == good[at], "{typed:?}");
            }
            let mut typed = good.clone();
            if at > 0 && typed[at] != typed[at - 1] {
                typed.swap(at, at - 1);
                assert!(read(&typed).is_err(), "{typed:?}");
            }
        }
    }

    #[test]
    fn the_check_symbol_is_a_letter_or_a_digit() {
        // 36 would be U; the next round is taken.
        let code = ReplyCode::derived(|round| [0, 0, 0, 0, 36 + round]);
        assert_eq!(code.to_string(), "000-000-150");
    }
}
