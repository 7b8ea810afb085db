//! One webhook on its way: signed, sent, and what the receiver made of it. Of its answer the status counts;
//! the body is not looked at.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use loopgate_referral::OrgId;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use crate::egress::Released;
use crate::gate::Gate;
use crate::outbound::targets::Targets;
use crate::partner::Push;
use crate::reply::{JSON, RECEIPT};
use crate::webhook_secret::{self as secret, Unread};

/// Of an answer's body so much is read, so that the connection can be used again.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// A receiver may ask for so much patience.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The receiver took it.
    Taken,
    /// It said no to this message, with this status.
    Refused(u16),
    /// It wants nothing any more: 410.
    Gone,
    /// It did not answer, or not now; it may say for how long to wait.
    Busy(Option<u16>, Option<Duration>),
    /// Nothing was sent: no secret, or an address that may not be connected to.
    Unsent,
    /// Consent does not let it pass, or it was cut.
    Denied,
}

/// Where and by what webhooks are sent.
#[derive(Clone)]
pub struct Post {
    /// The client.
    pub client: Client,
    /// What may be connected to.
    pub targets: Targets,
}

impl Post {
    /// Sends one webhook to a partner.
    pub async fn send(
        &self,
        gate: &Gate,
        (org, to): (&OrgId, &Push),
        id: &str,
        payload: &Released,
    ) -> Tried {
        if !self.targets.allows_url(&to.endpoint) {
            tracing::warn!(partner = %org, "the endpoint may not be connected to");
            return Tried::Unsent;
        }
        let now = gate.now();
        let at_s = now.0.div_euclid(1000);
        let mut request = self
            .client
            .post(to.endpoint.clone())
            .header("content-type", JSON)
            .header("webhook-id", id)
            .header("webhook-timestamp", at_s);
        if to.signed {
            let keys = gate.config.folders.keys.clone();
            let Ok(secrets) = secrets(&keys, org).await else {
                tracing::error!(partner = %org, "there is no secret to sign webhooks with");
                return Tried::Unsent;
            };
            request =
                request.header("webhook-signature", secrets.sign(id, at_s, &payload.bytes, now));
        }
        if let Some(receipt) = &payload.receipt {
            request = request.header(RECEIPT, receipt.as_str());
        }
        let sent = request.body(payload.bytes.clone()).send();
        // A cut one is tried again, and then consent is asked again.
        match payload.while_uncut(sent).await {
            None => Tried::Denied,
            Some(Ok(response)) => {
                let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
                let tried = judged(response.status(), response.headers(), at);
                drain(response).await;
                tried
            }
            Some(Err(error)) => {
                let timeout = error.is_timeout();
                tracing::info!(partner = %org, timeout, "a delivery failed");
                // It is left alone for as long again as it was waited for.
                Tried::Busy(None, Some(Duration::from_secs(2 * gate.config.delivery.timeout_s)))
            }
        }
    }
}

async fn secrets(keys: &Path, org: &OrgId) -> Result<secret::Secrets, Unread> {
    let (keys, org) = (keys.to_owned(), org.clone());
    let read = tokio::task::spawn_blocking(move || secret::read(&keys, &org));
    read.await.unwrap_or(Err(Unread::Line))
}

/// What a status says: 2xx is taken, 410 ends it, a server that is not up to it is left alone for a while,
/// everything else, a redirection too, is a no.
fn judged(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Tried {
    match status {
        status if status.is_success() => Tried::Taken,
        StatusCode::GONE => Tried::Gone,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Tried::Busy(Some(status.as_u16()), patience(headers, now)),
        status => Tried::Refused(status.as_u16()),
    }
}

/// `Retry-After` (RFC 9110): seconds, or a date; no longer than we are willing to.
fn patience(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// Reads what is left of a short answer, under the time-out of the whole.
async fn drain(mut response: Response) {
    let mut read = 0;
    while read < ANSWER_BYTES_MAX
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retry_after: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        match judged(StatusCode::TOO_MANY_REQUESTS, &headers, now) {
            Tried::Busy(Some(429), wait) => wait,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_receiver_says_how_long_to_wait_and_not_for_ever() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(waits("120"), seconds(120));
        assert_eq!(waits("Sun, 22 Nov 2026 10:05:00 GMT"), seconds(300));
        assert_eq!(waits("Sun, 22 Nov 2026 09:00:00 GMT"), seconds(0));
        assert_eq!(waits("99999999"), seconds(24 * 3600));
        assert_eq!(waits("Thu, 31 Dec 2099 23:59:59 GMT"), seconds(24 * 3600));
        for broken in ["", "soon", "-1", "1e3"] {
            assert_eq!(waits(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_a_status_says() {
        let of = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            judged(status, &HeaderMap::new(), Timestamp::UNIX_EPOCH)
        };
        for taken in [200, 201, 202, 204] {
            assert_eq!(of(taken), Tried::Taken);
        }
        assert_eq!(of(410), Tried::Gone);
        for busy in [408, 429, 502, 503, 504] {
            assert_eq!(of(busy), Tried::Busy(Some(busy), None));
        }
        for refused in [301, 302, 307, 308, 400, 401, 403, 404, 409, 422, 500] {
            assert_eq!(of(refused), Tried::Refused(refused));
        }
    }
}
