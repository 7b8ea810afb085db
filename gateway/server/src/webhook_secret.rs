//! Secrets of webhooks, and what they sign (Standard Webhooks, symmetric: HMAC-SHA256).
//!
//! A file for each partner, `[keys] dir`/webhooks/NAME: a secret on each line, the newest first, and behind
//! an older one the instant from which it signs no more. While two sign, a receiver may know either.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loopgate_referral::{OrgId, Timestamp};

const PREFIX: &str = "whsec_";
const UNTIL: &str = " until=";
/// Bytes of a secret that is made here.
const SECRET_BYTES: usize = 32;
/// Bytes of a secret, at least and at most.
const SECRET_BYTES_RANGE: std::ops::RangeInclusive<usize> = 24..=64;

/// What signs a partner's webhooks.
pub struct Secrets(Vec<Secret>);

struct Secret {
    text: String,
    key: hmac::Key,
    until: Option<Timestamp>,
}

/// The file is not there, or holds no secrets.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It does not open.
    #[error("there is no secret; `loopgate webhook secret` makes one")]
    File(#[from] io::Error),
    /// A line is not a secret of 24 to 64 bytes.
    #[error("the file of the secret does not read")]
    Line,
}

/// Why no secret was made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// There is one.
    #[error("there is a secret already; `loopgate webhook rotate` makes the next")]
    There,
    /// There is none to follow.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// It could not be drawn.
    #[error("no secret can be drawn")]
    Drawn,
    /// It could not be written.
    #[error("the secret cannot be written")]
    Write(#[from] io::Error),
}

/// Reads the secrets of a partner.
pub fn read(keys: &Path, org: &OrgId) -> Result<Secrets, Unread> {
    parse(&fs::read_to_string(path(keys, org))?).ok_or(Unread::Line)
}

/// The text of the secret of a partner that was made last.
pub fn newest(keys: &Path, org: &OrgId) -> Result<String, Unread> {
    let secrets = read(keys, org)?;
    secrets.0.into_iter().next().map(|one| one.text).ok_or(Unread::Line)
}

/// Makes the first secret of a partner; its text is for the receiver.
pub fn make(keys: &Path, org: &OrgId) -> Result<String, NotMade> {
    if path(keys, org).exists() {
        return Err(NotMade::There);
    }
    let text = drawn()?;
    write(keys, org, &format!("{text}\n"))?;
    Ok(text)
}

/// Makes the next secret of a partner; the one before it signs too until then.
pub fn rotate(
    keys: &Path,
    org: &OrgId,
    now: Timestamp,
    until: Timestamp,
) -> Result<String, NotMade> {
    let known = read(keys, org)?;
    let text = drawn()?;
    let mut lines = format!("{text}\n");
    for one in known.0 {
        let until = one.until.unwrap_or(until);
        if now < until {
            let until = jiff::Timestamp::from_millisecond(until.0).unwrap_or_default();
            lines += &format!("{}{UNTIL}{until}\n", one.text);
        }
    }
    write(keys, org, &lines)?;
    Ok(text)
}

impl Secrets {
    /// `webhook-signature`: one signature for each secret that signs now.
    pub fn sign(&self, id: &str, at_s: i64, body: &[u8], now: Timestamp) -> String {
        let in_force = self.0.iter().filter(|one| one.until.is_none_or(|until| now < until));
        let signed = in_force.map(|one| {
            let mut context = hmac::Context::with_key(&one.key);
            context.update(format!("{id}.{at_s}.").as_bytes());
            context.update(body);
            format!("v1,{}", STANDARD.encode(context.sign()))
        });
        signed.collect::<Vec<_>>().join(" ")
    }

    /// Until when an older secret signs, if one does.
    pub fn overlap(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().filter_map(|one| one.until).filter(|until| now < *until).max()
    }
}

fn path(keys: &Path, org: &OrgId) -> PathBuf {
    keys.join("webhooks").join(org.as_str())
}

fn parse(text: &str) -> Option<Secrets> {
    let secrets: Option<Vec<Secret>> = text.lines().map(line).collect();
    secrets.filter(|all| !all.is_empty()).map(Secrets)
}

fn line(line: &str) -> Option<Secret> {
    let (text, until) = match line.split_once(UNTIL) {
        Some((text, until)) => {
            let until: jiff::Timestamp = until.trim_end().parse().ok()?;
            (text, Some(Timestamp(until.as_millisecond())))
        }
        None => (line.trim_end(), None),
    };
    let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let sound = SECRET_BYTES_RANGE.contains(&bytes.len());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    sound.then(|| Secret { text: text.to_owned(), key, until })
}

fn drawn() -> Result<String, NotMade> {
    let mut bytes = [0; SECRET_BYTES];
    // A key, so the crypto provider draws it.
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NotMade::Drawn)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

fn write(keys: &Path, org: &OrgId, text: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(keys.join("webhooks"))?;
    loopgate_store::write_durably(&path(keys, org), text.as_bytes(), 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org() -> OrgId {
        "pantry".parse().unwrap()
    }

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let secrets = parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let signed = secrets.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
            Timestamp(0),
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (bytes, sound) in [(23, false), (24, true), (64, true), (65, false)] {
            assert_eq!(parse(&of(bytes)).is_some(), sound, "{bytes}");
        }
        for broken in ["", "whsec_", "whsec_%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(parse(broken).is_none(), "{broken}");
        }
        assert!(parse(&format!("{} until=tomorrow", of(32))).is_none());
    }

    #[test]
    fn two_sign_until_the_overlap_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let hours = |n: i64| Timestamp(n * 3_600_000);
        assert!(rotate(dir.path(), &org(), hours(0), hours(24)).is_err(), "there is none yet");
        let first = make(dir.path(), &org()).unwrap();
        assert!(matches!(make(dir.path(), &org()), Err(NotMade::There)));
        let alone = |text: &str| parse(text).unwrap().sign("a", 1, b"{}", hours(0));
        let signs = |now| read(dir.path(), &org()).unwrap().sign("a", 1, b"{}", now);
        assert_eq!(signs(hours(0)), alone(&first));
        let second = rotate(dir.path(), &org(), hours(0), hours(24)).unwrap();
        assert_ne!(first, second);
        assert_eq!(signs(hours(23)), format!("{} {}", alone(&second), alone(&first)));
        assert_eq!(signs(hours(24)), alone(&second));
        // The next overlap does not lengthen the one before.
        let third = rotate(dir.path(), &org(), hours(12), hours(36)).unwrap();
        let all = [&third, &second, &first].map(|one| alone(one)).join(" ");
        assert_eq!(signs(hours(23)), all);
        assert_eq!(signs(hours(24)), format!("{} {}", alone(&third), alone(&second)));
        assert_eq!(signs(hours(36)), alone(&third));
        // Without an overlap the others are gone from the file.
        let last = rotate(dir.path(), &org(), hours(40), hours(40)).unwrap();
        assert_eq!(fs::read_to_string(path(dir.path(), &org())).unwrap(), format!("{last}\n"));
    }
}
