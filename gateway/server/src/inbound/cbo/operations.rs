//! What there is to ask of `/cbo/v1`: one row for each, with who answers it and what the document says.

mod acts;
mod beside;
mod onward;

use super::{Call, comments, inbox, notices, read, says};
use crate::openapi::{Gives, Said, Takes, of, shows};
use crate::refusal::Trouble;
use crate::reply::{JSON, Reply};

/// Who answers.
type Run = fn(&Call<'_>) -> Result<Reply, Trouble>;

/// One thing that can be asked.
pub struct Operation {
    /// What the document says of it.
    pub said: Said,
    /// Who answers it.
    pub run: Run,
}

const REFERRALS: &str = "referrals";
const NOTICES: &str = "notices";

/// What reads nothing but what its path and query name.
const GET: Said = Said {
    method: "GET",
    path: "",
    id: "",
    tag: REFERRALS,
    summary: "",
    words: "",
    query: &[],
    conditional: false,
    takes: None,
    gives: Gives { status: 200, words: "", body: None, also: &[], example: "", headers: &[] },
    refuses: &[404, 422],
};

/// A JSON body.
const BODY: Takes =
    Takes { media: &[JSON], schema: of::<says::Nothing>, optional: false, examples: &[] };
/// No body, or an object without members.
const NOTHING: Takes = Takes { optional: true, examples: &[("Nothing to add", "{}")], ..BODY };

/// All of them: a part of the door adds a row here.
const TABLES: [&[Operation]; 8] = [
    REFERRAL,
    acts::ACTS,
    NOTICE,
    onward::SENT,
    onward::DOCUMENTS,
    beside::OTHERS,
    beside::SHEETS,
    beside::DIALECT,
];

/// All of them.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    TABLES.into_iter().flatten()
}

const REFERRAL: &[Operation] = &[
    Operation {
        run: inbox::list,
        said: Said {
            path: "/cbo/v1/referrals",
            id: "listReferrals",
            summary: "The inbox",
            words: "Need and status of each referral that you may see now, in the order in which they changed, \
                    the oldest first. What consent does not permit is not in it, and there is no count. Remember \
                    `next`, and ask again with it as `after`: nothing is skipped. With `wait` the answer comes \
                    once there is something.",
            query: &inbox::QUERY,
            gives: Gives {
                words: "A page of it.",
                body: Some((JSON, of::<shows::Inbox>)),
                example: r#"{"referrals":[{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"new","need":{"category":"food-insecurity"}}],"next":"0000019b2f6c0400000000070000000a"}"#,
                headers: &["loopgate-receipt"],
                ..GET.gives
            },
            refuses: &[422],
            ..GET
        },
    },
    Operation {
        run: read,
        said: Said {
            path: "/cbo/v1/referrals/{id}",
            id: "readReferral",
            summary: "A referral",
            words: "All of it that need and consent let pass. Each read is recorded as a disclosure before it is \
                    answered. If `need.contact` is `do-not-contact`, nobody may contact the person.",
            gives: Gives {
                words: "The referral.",
                body: Some((JSON, of::<shows::Referral>)),
                example: r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"accepted","need":{"category":"food-insecurity","priority":"routine"},"client":{"name":{"family":"Quetzal","given":["Maria"]},"phone":"+1-555-0100"},"household":{"size":4},"not_carried":[]}"#,
                headers: &["etag", "loopgate-receipt"],
                ..GET.gives
            },
            refuses: &[404, 422],
            ..GET
        },
    },
    Operation {
        run: comments,
        said: Said {
            path: "/cbo/v1/referrals/{id}/comments",
            id: "listComments",
            summary: "What you and the source wrote to each other",
            words: "The oldest first. The source's words are free text: where need and consent let none pass, it \
                    is said that there is something, and not what.",
            gives: Gives {
                words: "All of them.",
                body: Some((JSON, of::<shows::Comments>)),
                example: r#"{"comments":[{"at":"2026-11-22T10:00:00Z","by":"you","text":"Does she have a fridge?"}]}"#,
                headers: &["etag", "loopgate-receipt"],
                ..GET.gives
            },
            refuses: &[404, 422],
            ..GET
        },
    },
];

const NOTICE: &[Operation] = &[
    Operation {
        run: |call| Ok(notices::list(call.gate, call.org())),
        said: Said {
            path: "/cbo/v1/notices",
            id: "listNotices",
            tag: NOTICES,
            summary: "What has to be stopped",
            words: "A person withdrew: stop using what you hold about them from these referrals. Each is here \
                    until you say that you read it.",
            gives: Gives {
                words: "Those that you did not say you read.",
                body: Some((JSON, of::<shows::Notices>)),
                example: r#"{"notices":[]}"#,
                ..GET.gives
            },
            refuses: &[422],
            ..GET
        },
    },
    Operation {
        run: |call| notices::read(call.gate, call.org(), call.id()),
        said: Said {
            method: "POST",
            path: "/cbo/v1/notices/{id}/read",
            id: "readNotice",
            tag: NOTICES,
            summary: "It was read",
            words: "Twice is once.",
            takes: Some(NOTHING),
            gives: Gives { status: 204, words: "It is recorded.", ..GET.gives },
            refuses: &[404, 415, 422],
            ..GET
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_have_one_name_or_one_place() {
        for (at, one) in operations().enumerate() {
            for other in operations().skip(at + 1) {
                assert_ne!(one.said.id, other.said.id);
                assert_ne!((one.said.method, one.said.path), (other.said.method, other.said.path));
            }
        }
    }
}
