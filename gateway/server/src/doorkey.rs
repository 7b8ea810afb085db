//! What opens the page of a referral: the token in a link, the PIN of an organization, and the cookie
//! that remembers that it was given.
//!
//! A token is a placement's id and a MAC under a key of this deployment, so there is no table of links
//! to keep or to lose. Not here: whether the placement is still open.

mod mail;

use argon2::password_hash::SaltString;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loopgate_referral::{OrgId, PersonId, PlacementId, Timestamp};

use crate::partner::PinHash;
use crate::reply_code::ReplyCode;

pub use mail::{MessageName, RecoveryLink};

const MAC_BYTES: usize = 20;
/// The least and the most characters of a PIN.
pub const PIN_CHARS: std::ops::RangeInclusive<usize> = 6..=32;

/// Makes and checks tokens and cookies.
pub struct Doorkeys {
    links: hmac::Key,
    cookies: hmac::Key,
    pseudonyms: hmac::Key,
    persons: hmac::Key,
    mails: hmac::Key,
    offices: hmac::Key,
    sheets: hmac::Key,
}

/// What a link of a person's own is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnLink {
    /// Whose.
    pub person: PersonId,
    /// It is of who speaks for them.
    pub proxy: bool,
    /// How often such links were ended before it was made.
    pub epoch: u32,
}

impl Doorkeys {
    /// Keys derived from the deployment's index key, one for each use.
    pub fn new(index_key: &[u8; 32]) -> Doorkeys {
        let root = hmac::Key::new(hmac::HMAC_SHA256, index_key);
        let derived =
            |label: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, label).as_ref());
        Doorkeys {
            links: derived(b"loopgate link v1"),
            cookies: derived(b"loopgate pin v1"),
            pseudonyms: derived(b"loopgate pairwise v1"),
            persons: derived(b"loopgate own v1"),
            mails: derived(b"loopgate mail v1"),
            offices: derived(b"loopgate office v1"),
            sheets: derived(b"loopgate sheet v1"),
        }
    }

    /// The token of a placement's link.
    pub fn token(&self, placement: &PlacementId) -> String {
        let mac = hmac::sign(&self.links, placement.bytes());
        URL_SAFE_NO_PAD.encode([&placement.bytes()[..], &mac.as_ref()[..MAC_BYTES]].concat())
    }

    /// The placement whose token this is.
    pub fn placement(&self, token: &str) -> Option<PlacementId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, mac) = bytes.split_first_chunk::<16>()?;
        let placement = PlacementId::from_random(*id);
        let good = hmac::sign(&self.links, id);
        let same = mac.len() == MAC_BYTES && constant_time_eq(&good.as_ref()[..MAC_BYTES], mac);
        same.then_some(placement)
    }

    /// The code on the printed sheet of a placement.
    pub fn reply_code(&self, placement: &PlacementId) -> ReplyCode {
        ReplyCode::derived(|round| {
            let mac = hmac::sign(&self.sheets, &[&placement.bytes()[..], &[round]].concat());
            let first = mac.as_ref().first_chunk::<5>();
            *first.unwrap_or_else(|| unreachable!("a SHA-256 has 32 bytes"))
        })
    }

    /// The token of an organization's own page.
    pub fn office_token(&self, org: &OrgId) -> String {
        let id = org.as_str().as_bytes();
        let mac = hmac::sign(&self.offices, id);
        URL_SAFE_NO_PAD.encode([&mac.as_ref()[..MAC_BYTES], id].concat())
    }

    /// The organization whose token this is.
    pub fn office(&self, token: &str) -> Option<OrgId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (mac, id) = bytes.split_first_chunk::<MAC_BYTES>()?;
        let good = hmac::sign(&self.offices, id);
        let same = constant_time_eq(&good.as_ref()[..MAC_BYTES], mac);
        let org = std::str::from_utf8(id).ok()?.parse().ok()?;
        same.then_some(org)
    }

    /// The token of a person's own link, or of who speaks for them, good until then.
    pub fn person_token(&self, link: OwnLink, until: Timestamp) -> String {
        let OwnLink { person, proxy, epoch } = link;
        let flags = [u8::from(proxy)];
        let said =
            [&person.bytes()[..], &flags, &epoch.to_be_bytes(), &until.0.to_be_bytes()].concat();
        let mac = self.mac(b"own link", &said);
        URL_SAFE_NO_PAD.encode([&said[..], &mac[..MAC_BYTES]].concat())
    }

    /// What a token says, if it is ours and its time is not over. Not here: whether it was ended.
    pub fn person(&self, token: &str, now: Timestamp) -> Option<OwnLink> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, mac) = bytes.split_first_chunk::<29>()?;
        let good = self.mac(b"own link", said);
        let same = mac.len() == MAC_BYTES && constant_time_eq(&good[..MAC_BYTES], mac);
        let (id, rest) = said.split_first_chunk::<16>()?;
        let (proxy, rest) = rest.split_first()?;
        let (epoch, until) = rest.split_first_chunk::<4>()?;
        let until = Timestamp(i64::from_be_bytes(until.try_into().ok()?));
        let person = PersonId::from_random(*id);
        let link = OwnLink { person, proxy: *proxy == 1, epoch: u32::from_be_bytes(*epoch) };
        (same && now < until).then_some(link)
    }

    /// The code that opens what a link leads to: eight digits.
    pub fn person_code(&self, token: &str) -> String {
        let mac = self.mac(b"own code", token.as_bytes());
        let number = mac.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:08}", number % 100_000_000)
    }

    /// A cookie that says that this link's code was given, until then.
    pub fn own_cookie(&self, token: &str, until: Timestamp) -> String {
        let said = format!("{}.{token}", until.0);
        format!("{}.{}", until.0, URL_SAFE_NO_PAD.encode(self.mac(b"own cookie", said.as_bytes())))
    }

    /// Whether a cookie says so now.
    pub fn knows_own(&self, cookie: &str, token: &str, now: Timestamp) -> bool {
        let parsed = cookie.split_once('.').and_then(|(until, _)| until.parse().ok());
        let Some(until) = parsed.map(Timestamp) else { return false };
        let good = self.own_cookie(token, until);
        now < until && constant_time_eq(good.as_bytes(), cookie.as_bytes())
    }

    /// What is made of a state that somebody carries to the OpenID provider and back.
    pub fn oidc(&self, state: &str, what: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(format!("oidc {what}").as_bytes(), state.as_bytes()))
    }

    fn mac(&self, what: &[u8], said: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.persons);
        context.update(&(what.len() as u64).to_be_bytes());
        context.update(what);
        context.update(said);
        context.sign().as_ref().to_vec()
    }

    /// What a person is called towards one organization: two of them cannot tell that it is the same
    /// person.
    pub fn pseudonym(&self, tenant: &OrgId, person: PersonId, towards: &OrgId) -> String {
        let mut context = hmac::Context::with_key(&self.pseudonyms);
        for part in [tenant.as_str(), &person.to_string(), towards.as_str()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        format!("ps1.{}", &URL_SAFE_NO_PAD.encode(context.sign())[..22])
    }

    /// A cookie that says that this organization's PIN was given, until then.
    pub fn cookie(&self, org: &OrgId, pin: &PinHash, until: Timestamp) -> String {
        let mac = self.cookie_mac(org, pin, until);
        format!("{}.{}", until.0, URL_SAFE_NO_PAD.encode(mac))
    }

    /// Whether a cookie says so now. A new PIN ends what the old one opened.
    pub fn knows(&self, cookie: &str, org: &OrgId, pin: &PinHash, now: Timestamp) -> bool {
        let parsed = cookie.split_once('.').and_then(|(until, mac)| {
            let until: i64 = until.parse().ok()?;
            Some((Timestamp(until), URL_SAFE_NO_PAD.decode(mac).ok()?))
        });
        let Some((until, mac)) = parsed else { return false };
        now < until && constant_time_eq(&self.cookie_mac(org, pin, until), &mac)
    }

    fn cookie_mac(&self, org: &OrgId, pin: &PinHash, until: Timestamp) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.cookies);
        for part in [org.as_str(), pin.as_str(), &until.0.to_string()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }
}

/// Compares in a time that does not depend on where they differ.
pub fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Whether this is the organization's PIN. Slow, and as slow when it is not.
pub fn is_pin(pin: &str, hash: &PinHash) -> bool {
    let parsed = PasswordHash::new(hash.as_str());
    parsed.is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}

/// The hash of a PIN (Argon2id, RFC 9106), with 16 random bytes; `None` for one that is too short or
/// too long.
pub fn hash_pin(pin: &str, random: &[u8; 16]) -> Option<PinHash> {
    if !PIN_CHARS.contains(&pin.chars().count()) {
        return None;
    }
    let salt = SaltString::encode_b64(random).ok()?;
    let hash = Argon2::default().hash_password(pin.as_bytes(), &salt).ok()?;
    hash.to_string().parse().ok()
}

/// A PIN of eight digits.
pub fn draw_pin(random: &mut dyn FnMut(&mut [u8])) -> String {
    let mut digits = String::new();
    while digits.len() < 8 {
        let mut byte = [0];
        random(&mut byte);
        // 250 is the largest multiple of ten: no digit comes more often than another.
        if byte[0] < 250 {
            digits.push(char::from(b'0' + byte[0] % 10));
        }
    }
    digits
}

/// Whether a PIN is among the first that anybody would guess: one character again and again, a row of
/// digits up or down, or up to three characters in turn.
pub fn is_weak_pin(pin: &str) -> bool {
    let chars: Vec<char> = pin.chars().collect();
    let steps = |step: i64| {
        chars.iter().all(char::is_ascii_digit)
            && chars
                .windows(2)
                .all(|two| i64::from(two[1] as u32) - i64::from(two[0] as u32) == step)
    };
    let repeats =
        |n: usize| chars.iter().zip(chars.iter().skip(n)).all(|(one, other)| one == other);
    steps(1) || steps(-1) || (1..=3).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Doorkeys {
        Doorkeys::new(&[7; 32])
    }

    fn org(name: &str) -> OrgId {
        name.parse().unwrap()
    }

    #[test]
    fn a_token_opens_its_own_placement_and_no_token_can_be_made_up() {
        let placement = PlacementId::from_random([1; 16]);
        let token = keys().token(&placement);
        assert_eq!(keys().placement(&token), Some(placement));
        assert_eq!(Doorkeys::new(&[8; 32]).placement(&token), None);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(keys().placement(&URL_SAFE_NO_PAD.encode(other)), None, "byte {at}");
        }
        for broken in ["", "a", &token[..20], &format!("{token}A"), &format!("{token}=")] {
            assert_eq!(keys().placement(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_token_opens_the_page_of_its_own_organization() {
        let token = keys().office_token(&org("pantry"));
        assert_eq!(keys().office(&token), Some(org("pantry")));
        assert_eq!(Doorkeys::new(&[8; 32]).office(&token), None);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(keys().office(&URL_SAFE_NO_PAD.encode(other)), None, "byte {at}");
        }
        let placement = keys().token(&PlacementId::from_random([1; 16]));
        for broken in ["", "a", &token[..20], &format!("{token}A"), &placement] {
            assert_eq!(keys().office(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_cookie_is_of_one_organization_one_pin_and_some_hours() {
        let (one, two) =
            (hash_pin("123456", &[1; 16]).unwrap(), hash_pin("123456", &[2; 16]).unwrap());
        let until = Timestamp(1000);
        let cookie = keys().cookie(&org("pantry"), &one, until);
        let knows =
            |name: &str, pin: &PinHash, now| keys().knows(&cookie, &org(name), pin, Timestamp(now));
        assert!(knows("pantry", &one, 999));
        assert!(!knows("pantry", &one, 1000), "its time is over");
        assert!(!knows("housing", &one, 999), "of another organization");
        assert!(!knows("pantry", &two, 999), "the PIN was changed");
        let longer = cookie.replacen("1000", "9000", 1);
        assert!(!keys().knows(&longer, &org("pantry"), &one, Timestamp(999)));
        for broken in ["", ".", "1000.", "x.y"] {
            assert!(!keys().knows(broken, &org("pantry"), &one, Timestamp(0)), "{broken}");
        }
    }

    #[test]
    fn a_persons_link_is_theirs_and_ends() {
        let person = PersonId::from_random([1; 16]);
        for proxy in [false, true] {
            let link = OwnLink { person, proxy, epoch: 7 };
            let token = keys().person_token(link, Timestamp(1000));
            assert_eq!(keys().person(&token, Timestamp(999)), Some(link));
            assert_eq!(keys().person(&token, Timestamp(1000)), None);
            assert_eq!(Doorkeys::new(&[8; 32]).person(&token, Timestamp(999)), None);
            let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 1;
                let other = URL_SAFE_NO_PAD.encode(other);
                assert_eq!(keys().person(&other, Timestamp(0)), None, "byte {at}");
            }
        }
    }

    #[test]
    fn a_code_and_a_cookie_are_of_one_link() {
        let link = |n| {
            let person = PersonId::from_random([n; 16]);
            keys().person_token(OwnLink { person, proxy: false, epoch: 0 }, Timestamp(9000))
        };
        let (one, other) = (link(1), link(2));
        let code = keys().person_code(&one);
        assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()));
        assert_ne!(code, keys().person_code(&other));
        let cookie = keys().own_cookie(&one, Timestamp(1000));
        let knows =
            |cookie: &str, token: &str, now| keys().knows_own(cookie, token, Timestamp(now));
        assert!(knows(&cookie, &one, 999));
        assert!(!knows(&cookie, &one, 1000) && !knows(&cookie, &other, 999));
        assert!(!knows(&cookie.replacen("1000", "9000", 1), &one, 999));
        for broken in ["", ".", "1000.", "x.y"] {
            assert!(!knows(broken, &one, 0), "{broken}");
        }
    }

    #[test]
    fn n71_a_person_is_called_otherwise_towards_each() {
        let (tenant, person) = (org("dev"), PersonId::from_random([1; 16]));
        let called = |who: &str| keys().pseudonym(&tenant, person, &org(who));
        assert_eq!(called("pantry"), called("pantry"));
        assert_ne!(called("pantry"), called("housing"));
        let other = PersonId::from_random([2; 16]);
        assert_ne!(called("pantry"), keys().pseudonym(&tenant, other, &org("pantry")));
        assert_ne!(called("pantry"), keys().pseudonym(&org("else"), person, &org("pantry")));
        assert!(called("pantry").starts_with("ps1.") && called("pantry").len() == 26);
    }

    #[test]
    fn a_pin_that_anybody_would_guess_is_weak() {
        for pin in ["111111", "123456", "654321", "121212", "123123", "aaaaaaaa", "45678901", ""] {
            assert_eq!(is_weak_pin(pin), pin != "45678901", "{pin}");
        }
        for pin in ["482913", "112233", "pantry-7", "123457"] {
            assert!(!is_weak_pin(pin), "{pin}");
        }
    }

    #[test]
    fn a_pin_is_checked_against_its_hash() {
        let hash = hash_pin("482913", &[3; 16]).unwrap();
        assert!(is_pin("482913", &hash) && !is_pin("482914", &hash) && !is_pin("", &hash));
        assert_eq!(hash_pin("12345", &[0; 16]), None);
        assert_eq!(hash_pin(&"1".repeat(33), &[0; 16]), None);
        let mut n = 0u8;
        let pin = draw_pin(&mut |buffer| {
            n = n.wrapping_add(97);
            buffer[0] = n;
        });
        assert!(pin.len() == 8 && pin.bytes().all(|b| b.is_ascii_digit()));
    }
}
