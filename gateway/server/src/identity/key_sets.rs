//! The key sets of clients: by value, or fetched from the address in the partner file and kept for
//! as long as it says.
//!
//! One address for each client, written by the operator; no redirect, no private network that is not
//! listed, 64 KiB, five seconds. An unknown key id makes us look again, once a minute at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use loopgate_referral::OrgId;
use loopgate_token::KeySet;
use tokio::runtime::Handle;
use url::Url;

use super::{Client, Keys};
use crate::outbound::targets::Targets;

const BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// How soon we look again for a key id that was not there.
const AGAIN_MS_MIN: i64 = 60_000;
/// How long a set is kept if its answer does not say, and at most.
const KEPT_MS_DEFAULT: i64 = 300_000;
const KEPT_MS_MAX: i64 = 3_600_000;

/// Key sets by client.
#[derive(Default)]
pub struct KeySets {
    kept: Mutex<HashMap<OrgId, Arc<Mutex<Option<Kept>>>>>,
    way: OnceLock<(reqwest::Client, Targets, Handle)>,
}

#[derive(Clone)]
struct Kept {
    from: Url,
    set: Option<KeySet>,
    fetched_ms: i64,
    until_ms: i64,
}

impl KeySets {
    /// How key sets are fetched.
    pub fn fetch_by(&self, client: reqwest::Client, targets: Targets) {
        // A second call finds the first one's way.
        let _ = self.way.set((client, targets, Handle::current()));
    }

    /// The key set in which this key of a client is, as of this monotonic instant.
    pub fn of(&self, org: &OrgId, client: &Client, kid: &str, now_ms: i64) -> Option<KeySet> {
        let url = match &client.keys {
            Keys::Here(text) => return KeySet::parse(text.as_bytes()).ok(),
            Keys::At(url) => url,
        };
        // One fetch at a time for one client: who else asks for it waits, and finds it done. Nobody
        // waits for another client's.
        let own = {
            let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(org.clone()).or_default().clone()
        };
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = own.as_ref().filter(|kept| kept.from == *url);
        if let Some(kept) = kept {
            let fresh = now_ms < kept.until_ms;
            let has = kept.set.as_ref().is_some_and(|set| set.has(kid));
            // Whatever its answers say, an address is not asked more often than that.
            let too_soon = now_ms - kept.fetched_ms < AGAIN_MS_MIN;
            if (fresh && has) || too_soon {
                return kept.set.clone();
            }
        }
        let fetched = self.fetch(url);
        let kept_ms = fetched.as_ref().map_or(AGAIN_MS_MIN, |(_, kept_ms)| *kept_ms);
        let set = fetched.map(|(set, _)| set);
        // One that is not to be had now does not take away one that is good still.
        let still = kept.filter(|kept| now_ms < kept.until_ms).and_then(|kept| kept.set.clone());
        if set.is_none() {
            tracing::warn!(%org, "the key set of a client is not to be had");
        }
        let until_ms = match (&set, kept) {
            (None, Some(kept)) if still.is_some() => kept.until_ms,
            _ => now_ms + kept_ms,
        };
        let set = set.or(still);
        *own = Some(Kept { from: url.clone(), set: set.clone(), fetched_ms: now_ms, until_ms });
        set
    }

    fn fetch(&self, url: &Url) -> Option<(KeySet, i64)> {
        let (client, targets, runtime) = self.way.get()?;
        if !targets.allows_url(url) {
            return None;
        }
        runtime.block_on(async {
            let request = client.get(url.clone()).timeout(TIMEOUT);
            let mut answer = request.send().await.ok().filter(|one| one.status() == 200)?;
            let kept_ms =
                kept_ms(answer.headers().get("cache-control").and_then(|v| v.to_str().ok()));
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await.ok()? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > BYTES_MAX {
                    return None;
                }
            }
            Some((KeySet::parse(&bytes).ok()?, kept_ms))
        })
    }
}

/// SMART: no longer than `Cache-Control` says.
fn kept_ms(cache_control: Option<&str>) -> i64 {
    let Some(text) = cache_control else { return KEPT_MS_DEFAULT };
    let mut kept = KEPT_MS_DEFAULT;
    for directive in text.split(',').map(str::trim) {
        match directive.split_once('=') {
            None if matches!(directive, "no-store" | "no-cache") => return 0,
            Some(("max-age", seconds)) => {
                kept = seconds.parse::<i64>().unwrap_or_default().saturating_mul(1000);
            }
            _ => {}
        }
    }
    kept.clamp(0, KEPT_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_kept_no_longer_than_it_says() {
        assert_eq!(kept_ms(None), KEPT_MS_DEFAULT);
        assert_eq!(kept_ms(Some("public, max-age=60")), 60_000);
        assert_eq!(kept_ms(Some("max-age=999999999")), KEPT_MS_MAX);
        assert_eq!(kept_ms(Some("max-age=-1")), 0);
        assert_eq!(kept_ms(Some("max-age=soon")), 0);
        assert_eq!(kept_ms(Some("no-store")), 0);
        assert_eq!(kept_ms(Some("max-age=60, no-cache")), 0);
    }
}
