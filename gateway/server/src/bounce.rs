//! Reads a delivery status notification (RFC 3464): which e-mail of ours it is about, and whether it failed
//! for good. Anybody can send one, so nothing of it is believed but the Message-ID, which nobody else can
//! make up (`doorkey/mail.rs`).

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use crate::outbound::mail::is_status;

/// Bytes of a notification; ours are short, and so is what comes back of them.
pub const REPORT_BYTES_MAX: usize = 256 * 1024;
/// Recipients that are looked at; an e-mail of ours has one.
const RECIPIENTS_MAX: usize = 16;

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// An e-mail was given up.
    Failed {
        /// Its Message-ID, as the returned head has it.
        message_id: String,
        /// The status code (RFC 3463), if there is one.
        status: Option<String>,
    },
    /// It is late, was delivered, or was passed on: nothing is to be done.
    NotFailed,
}

/// Why it is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Longer than [`REPORT_BYTES_MAX`].
    #[error("it is longer than {REPORT_BYTES_MAX} bytes")]
    TooLong,
    /// Not `multipart/report` of the type `delivery-status`, or without its parts.
    #[error("it is no delivery status notification")]
    NoReport,
    /// It does not bring back the head of the e-mail it is about.
    #[error("it does not say which e-mail it is about")]
    NoMessage,
}

/// Reads a notification.
pub fn read(bytes: &[u8]) -> Result<Report, Unread> {
    if bytes.len() > REPORT_BYTES_MAX {
        return Err(Unread::TooLong);
    }
    let message = MessageParser::default().parse(bytes).ok_or(Unread::NoReport)?;
    let root = message.content_type().ok_or(Unread::NoReport)?;
    let of_delivery = root.attribute("report-type").is_some_and(|kind| is(kind, "delivery-status"));
    if !is(root.ctype(), "multipart") || !root.subtype().is_some_and(|of| is(of, "report")) {
        return Err(Unread::NoReport);
    }
    if !of_delivery {
        return Err(Unread::NoReport);
    }
    let status = part(&message, "message", &["delivery-status", "global-delivery-status"]);
    let status = status.ok_or(Unread::NoReport)?;
    let Some(status) = failed(&String::from_utf8_lossy(message.parts[status].contents())) else {
        return Ok(Report::NotFailed);
    };
    let message_id = returned(&message).ok_or(Unread::NoMessage)?;
    Ok(Report::Failed { message_id, status })
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The first part of this media type; only parts of the notification itself, not of what it brings back.
fn part(message: &Message<'_>, kind: &str, of: &[&str]) -> Option<usize> {
    message.parts.iter().position(|part| {
        part.content_type().is_some_and(|media| {
            let subtype = media.subtype().unwrap_or_default();
            is(media.ctype(), kind) && of.iter().any(|one| is(subtype, one))
        })
    })
}

/// The Message-ID of the e-mail it brings back, whole or as its head.
fn returned(message: &Message<'_>) -> Option<String> {
    let whole = part(message, "message", &["rfc822", "global"]);
    if let Some(index) = whole
        && let PartType::Message(of) = &message.parts[index].body
    {
        return of.message_id().map(str::to_owned);
    }
    let head = part(message, "text", &["rfc822-headers"])
        .or_else(|| part(message, "message", &["global-headers"]))?;
    let head = message.parts[head].contents();
    MessageParser::default().parse(head)?.message_id().map(str::to_owned)
}

/// The status of the first recipient for whom it failed, `None` within if it has none; nothing if it failed
/// for nobody. The first group of fields is about the notification itself.
fn failed(text: &str) -> Option<Option<String>> {
    let text = text.replace("\r\n", "\n");
    let groups = text.split("\n\n").map(str::trim).filter(|group| !group.is_empty());
    groups.skip(1).take(RECIPIENTS_MAX).find_map(|group| {
        let field = |name: &str| {
            group.lines().find_map(|line| {
                let (known, value) = line.split_once(':')?;
                is(known.trim(), name).then(|| value.trim())
            })
        };
        let action = field("action")?.split_ascii_whitespace().next()?;
        let status = field("status").and_then(|value| value.split_ascii_whitespace().next());
        let status = status.filter(|status| is_status(status)).map(str::to_owned);
        is(action, "failed").then_some(status)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Postfix writes it, shortened.
    fn report(action: &str, status: &str, third: &str) -> String {
        let text = format!(
            "From: MAILER-DAEMON@mx.example\n\
             To: referrals@gateway.example\n\
             Subject: Undelivered Mail Returned to Sender\n\
             Message-Id: <20261122100000.1234@mx.example>\n\
             References: <lg1.other.0.00000000000000000000000000000000.ff@gateway.example>\n\
             MIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status;\n\
             \tboundary=\"B/mx.example\"\n\
             \n\
             This is a MIME-encapsulated message.\n\
             \n\
             --B/mx.example\n\
             Content-Description: Notification\n\
             Content-Type: text/plain; charset=us-ascii\n\
             \n\
             I'm sorry. Action: failed\n\
             \n\
             --B/mx.example\n\
             Content-Description: Delivery report\n\
             Content-Type: message/delivery-status\n\
             \n\
             Reporting-MTA: dns; mx.example\n\
             X-Postfix-Sender: rfc822; referrals@gateway.example\n\
             \n\
             Final-Recipient: rfc822; intake@pantry.example\n\
             Original-Recipient: rfc822;intake@pantry.example\n\
             Action: {action}\n\
             Status: {status}\n\
             Diagnostic-Code: smtp; 550 5.1.1 <intake@pantry.example>: nobody\n\
             \n\
             --B/mx.example\n\
             {third}\n\
             --B/mx.example--\n"
        );
        text.replace('\n', "\r\n")
    }

    const WHOLE: &str = "Content-Description: Undelivered Message\nContent-Type: message/rfc822\n\n\
        From: referrals@gateway.example\nMessage-ID: <lg1.pantry.0.aa.bb@gateway.example>\n\
        Subject: A referral is waiting\n\nA referral is waiting.\n";
    const HEAD: &str = "Content-Type: text/rfc822-headers\n\n\
        From: referrals@gateway.example\nMessage-ID: <lg1.pantry.0.aa.bb@gateway.example>\n\n";

    fn failed_with(status: Option<&str>) -> Result<Report, Unread> {
        let message_id = "lg1.pantry.0.aa.bb@gateway.example".to_owned();
        Ok(Report::Failed { message_id, status: status.map(str::to_owned) })
    }

    #[test]
    fn a_failure_is_of_the_e_mail_that_it_brings_back() {
        for third in [WHOLE, HEAD] {
            let text = report("failed", "5.1.1", third);
            assert_eq!(read(text.as_bytes()), failed_with(Some("5.1.1")), "{third}");
        }
        let spelt = report("FAILED (given up)", "5.0.0 (nobody)", HEAD);
        assert_eq!(read(spelt.as_bytes()), failed_with(Some("5.0.0")));
        assert_eq!(read(report("failed", "nobody", HEAD).as_bytes()), failed_with(None));
        let bare = report("failed", "4.4.1", HEAD).replace("\r\n", "\n");
        assert_eq!(read(bare.as_bytes()), failed_with(Some("4.4.1")));
    }

    #[test]
    fn what_is_late_or_delivered_is_no_failure() {
        for action in ["delayed", "delivered", "relayed", "expanded", "fail", ""] {
            let text = report(action, "4.4.7", WHOLE);
            assert_eq!(read(text.as_bytes()), Ok(Report::NotFailed), "{action}");
        }
    }

    #[test]
    fn what_is_no_report_is_not_read() {
        let good = report("failed", "5.1.1", WHOLE);
        let other = good.replacen("report-type=delivery-status", "report-type=disposition", 1);
        assert_eq!(read(other.as_bytes()), Err(Unread::NoReport));
        let mixed = good.replacen("multipart/report", "multipart/mixed", 1);
        assert_eq!(read(mixed.as_bytes()), Err(Unread::NoReport));
        let without = good.replacen("message/delivery-status", "text/plain", 1);
        assert_eq!(read(without.as_bytes()), Err(Unread::NoReport));
        for text in ["", "\r\n", "Subject: Out of office\r\n\r\nI am away.\r\n"] {
            assert_eq!(read(text.as_bytes()), Err(Unread::NoReport), "{text}");
        }
        // References and texts name no e-mail: only what is brought back does.
        let nothing = report("failed", "5.1.1", "Content-Type: text/plain\n\nnothing\n");
        assert_eq!(read(nothing.as_bytes()), Err(Unread::NoMessage));
        let long = format!("{good}{}", " ".repeat(REPORT_BYTES_MAX));
        assert_eq!(read(long.as_bytes()), Err(Unread::TooLong));
    }

    #[test]
    fn no_nesting_and_no_cut_does_harm() {
        let good = report("failed", "5.1.1", WHOLE);
        for end in 0..good.len() {
            let _ = read(good.as_bytes().get(..end).unwrap());
        }
        let open = "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n";
        let _ = read(open.repeat(REPORT_BYTES_MAX / open.len()).as_bytes());
        let within = "Content-Type: message/rfc822\r\n\r\n";
        let _ = read(within.repeat(REPORT_BYTES_MAX / within.len()).as_bytes());
    }
}
