//! Readers of single values: from TOML to our types, or the words for what is wrong.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use toml::de::DeValue;
use url::Url;

use super::section::{Read, wants};

const TEXT_BYTES_MAX: usize = 255;

/// One line of text.
pub(crate) fn text(value: &DeValue<'_>) -> Read<String> {
    let DeValue::String(text) = value else { return Err(wants("a string", value)) };
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(format!("is not one line of at most {TEXT_BYTES_MAX} bytes"));
    }
    Ok(text.clone().into_owned())
}

/// Text with a form of its own; `wanted` names the form.
pub(crate) fn parsed<T: FromStr>(wanted: &'static str) -> impl Fn(&DeValue<'_>) -> Read<T> {
    move |value| text(value)?.parse().map_err(|_| format!("is not {wanted}"))
}

/// One of a few words.
pub(crate) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> Read<T> {
    move |value| {
        let text = text(value)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("is none of {}", known.join(", "))
        })
    }
}

/// `true` or `false`.
pub(crate) fn flag(value: &DeValue<'_>) -> Read<bool> {
    value.as_bool().ok_or_else(|| wants("true or false", value))
}

/// An integer within `range`.
pub(crate) fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&DeValue<'_>) -> Read<T>
where
    T: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    move |value| {
        let DeValue::Integer(integer) = value else { return Err(wants("an integer", value)) };
        let found = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let inside = found.and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n));
        inside.ok_or_else(|| format!("is not from {} to {}", range.start(), range.end()))
    }
}

/// A path; a relative one starts at `base`.
pub(crate) fn path(base: &Path) -> impl Fn(&DeValue<'_>) -> Read<PathBuf> {
    move |value| text(value).map(|text| plain(&base.join(text)))
}

/// An address and a port.
pub(crate) fn socket(value: &DeValue<'_>) -> Read<SocketAddr> {
    parsed("an address and a port, like 127.0.0.1:8443")(value)
}

/// An address of this machine only, and a port.
pub(crate) fn loopback_socket(value: &DeValue<'_>) -> Read<SocketAddr> {
    let address = socket(value)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("is not a loopback address".to_owned())
    }
}

/// An absolute URI, kept as spelt.
pub(crate) fn uri(value: &DeValue<'_>) -> Read<String> {
    let text = text(value)?;
    let spelt = !text.chars().any(char::is_whitespace) && Url::parse(&text).is_ok();
    if spelt { Ok(text) } else { Err("is not an absolute URI".to_owned()) }
}

/// An `https` URL with nothing but host, port and path.
pub(crate) fn https(value: &DeValue<'_>) -> Read<Url> {
    let refused = || "is not an https URL of host, port and path alone".to_owned();
    let url: Url = text(value)?.parse().map_err(|_| refused())?;
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    if url.scheme() == "https" && plain && bare { Ok(url) } else { Err(refused()) }
}

/// A bare e-mail address: `local@host`, in ASCII and without comments or quotes.
pub(crate) fn address(value: &DeValue<'_>) -> Read<String> {
    let text = text(value)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let sound = text.rsplit_once('@').is_some_and(|(local, host)| {
        let host_sound = !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        (1..=64).contains(&local.len()) && local.bytes().all(plain) && host_sound
    });
    if sound { Ok(text) } else { Err("is not a bare e-mail address".to_owned()) }
}

/// The path without `.` and `..`, as spelt: no symbolic link is followed.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
