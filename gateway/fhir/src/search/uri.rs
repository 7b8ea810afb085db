//! URIs (R4 search.html#uri): "matches are precise, and the entire URI must match".

use super::split::{split, unescape};
use crate::Json;

/// How a URI is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Without a modifier.
    Same,
    /// `:below`: the resource's starts with the one asked for.
    Below,
    /// `:above`: the one asked for starts with the resource's.
    Above,
}

/// One alternative; `url|version` of a canonical URL asks for the version of the resource too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UriValue {
    level: Level,
    uri: String,
    version: Option<String>,
}

impl UriValue {
    pub(super) fn parse(text: &str, level: Level) -> Option<UriValue> {
        let (uri, version) = match split(text, '|')[..] {
            [uri] => (unescape(uri)?, None),
            [uri, version] if level == Level::Same && !version.is_empty() => {
                (unescape(uri)?, Some(unescape(version)?))
            }
            _ => return None,
        };
        // "The modifiers only apply to URLs, and not URNs."
        let ok = !uri.is_empty() && (level == Level::Same || !uri.starts_with("urn:"));
        ok.then_some(UriValue { level, uri, version })
    }

    /// The URI, if all of it has to match.
    pub(super) fn whole(&self) -> Option<&str> {
        (self.level == Level::Same).then_some(self.uri.as_str())
    }

    /// Whether a URI of a resource is found.
    pub(super) fn matches(&self, uri: &str, resource: &Json) -> bool {
        let version_ok =
            self.version.as_deref().is_none_or(|asked| resource.text("version") == Some(asked));
        version_ok
            && match self.level {
                Level::Same => uri == self.uri,
                Level::Below => is_below(uri, &self.uri),
                Level::Above => is_below(&self.uri, uri),
            }
    }
}

/// Whether a URL is another or starts with it, at a `/`.
fn is_below(url: &str, start: &str) -> bool {
    let Some(rest) = url.strip_prefix(start) else { return false };
    rest.is_empty() || start.ends_with('/') || rest.starts_with(['/', '#', '?'])
}
