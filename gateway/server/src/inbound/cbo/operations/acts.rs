//! The acts on a referral, each with what the document says of it.

use super::super::{act, says, verbs};
use super::{BODY, GET, NOTHING, Operation};
use crate::openapi::{Gives, Said, Takes, of, shows};
use crate::reply::JSON;

/// An act: where it leaves the referral is answered.
const ACT: Said = Said {
    method: "POST",
    tag: "acts",
    conditional: true,
    gives: Gives {
        status: 200,
        words: "It is recorded. Where the referral stands now.",
        body: Some((JSON, of::<shows::Standing>)),
        also: &[],
        example: r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"in-progress","version":3}"#,
        headers: &["etag"],
    },
    refuses: &[400, 404, 409, 412, 415, 422],
    ..GET
};

/// Each of them.
pub const ACTS: &[Operation] = &[
    Operation {
        run: |call| act(call, verbs::accept),
        said: Said {
            path: "/cbo/v1/referrals/{id}/accept",
            id: "accept",
            summary: "Take it on",
            words: "From `new`.",
            takes: Some(NOTHING),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::decline),
        said: Said {
            path: "/cbo/v1/referrals/{id}/decline",
            id: "decline",
            summary: "Do not take it on",
            words: "From `new`. What was taken on is given back by `withdraw`.",
            takes: Some(Takes {
                schema: of::<says::NotDone>,
                examples: &[
                    (
                        "No room",
                        r#"{"reason":{"code":"no-capacity","text":"We are full until January"}}"#,
                    ),
                    ("Not our client", r#"{"reason":{"code":"not-our-client"}}"#),
                ],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::withdraw),
        said: Said {
            path: "/cbo/v1/referrals/{id}/withdraw",
            id: "withdraw",
            summary: "Give back what was taken on",
            words: "From `accepted`, `in-progress` and `on-hold`; from `new` it is a `decline`.",
            takes: Some(Takes {
                schema: of::<says::Because>,
                examples: &[(
                    "No room any more",
                    r#"{"reason":{"code":"no-capacity","text":"The oven broke"}}"#,
                )],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::hold),
        said: Said {
            path: "/cbo/v1/referrals/{id}/hold",
            id: "hold",
            summary: "Suspend it for a while",
            words: "From `accepted` and `in-progress`; `new` is accepted by it. `resume` goes on.",
            takes: Some(Takes {
                schema: of::<says::Because>,
                examples: &[(
                    "Papers are missing",
                    r#"{"reason":{"code":"documents","text":"We wait for proof of address"}}"#,
                )],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::resume),
        said: Said {
            path: "/cbo/v1/referrals/{id}/resume",
            id: "resume",
            summary: "Begin, or go on after a hold",
            words: "To `in-progress`.",
            takes: Some(NOTHING),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::fail),
        said: Said {
            path: "/cbo/v1/referrals/{id}/fail",
            id: "fail",
            summary: "It ended without the service",
            words: "From `accepted`, `in-progress` and `on-hold`; `new` is accepted by it. The referral is `not-served`.",
            takes: Some(Takes {
                schema: of::<says::NotDone>,
                examples: &[
                    (
                        "Not reached",
                        r#"{"reason":{"code":"not-reached","text":"Three calls, no answer"}}"#,
                    ),
                    ("Served elsewhere", r#"{"reason":{"code":"already-served"}}"#),
                ],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::attempts),
        said: Said {
            path: "/cbo/v1/referrals/{id}/attempts",
            id: "attempt",
            summary: "An attempt to reach the person",
            words: "It moves nothing, and is told to the source. Not if `need.contact` is `do-not-contact`: then nobody makes one.",
            takes: Some(Takes {
                schema: of::<says::Attempt>,
                examples: &[
                    ("No answer", r#"{"how":"phone","reached":false,"text":"The line is busy"}"#),
                    ("At the door", r#"{"how":"visit","reached":true}"#),
                ],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::appointment),
        said: Said {
            path: "/cbo/v1/referrals/{id}/appointment",
            id: "appointment",
            summary: "There is an appointment",
            words: "Again is another time. It says that the referral was taken on and that work began.",
            takes: Some(Takes {
                schema: of::<says::Book>,
                examples: &[(
                    "At the pantry",
                    r#"{"start":"2026-11-27T16:00:00-05:00","place":"12 Mill Road, side door"}"#,
                )],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::appointment_cancelled),
        said: Said {
            path: "/cbo/v1/referrals/{id}/appointment-cancelled",
            id: "appointmentCancelled",
            summary: "The appointment is off",
            words: "The referral stays open.",
            takes: Some(NOTHING),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::no_show),
        said: Said {
            path: "/cbo/v1/referrals/{id}/no-show",
            id: "noShow",
            summary: "The person did not come",
            words: "The referral stays open: book again, or say `fail`.",
            takes: Some(NOTHING),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::note),
        said: Said {
            path: "/cbo/v1/referrals/{id}/note",
            id: "note",
            summary: "How it goes on",
            words: "A note on the way, told to the source. It says that work goes on.",
            takes: Some(Takes {
                schema: of::<says::Text>,
                examples: &[(
                    "On the way",
                    r#"{"text":"First box picked up, the next is on Friday"}"#,
                )],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::comment),
        said: Said {
            path: "/cbo/v1/referrals/{id}/comment",
            id: "comment",
            summary: "A word to the source",
            words: "It moves nothing. Unlike a note it does not say that work goes on, and it may be written after the end.",
            takes: Some(Takes {
                schema: of::<says::Text>,
                examples: &[("A question", r#"{"text":"Does she have a fridge?"}"#)],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::assign),
        said: Said {
            path: "/cbo/v1/referrals/{id}/assign",
            id: "assign",
            summary: "Who of you works on it",
            words: "For your own use; the source is not told. The inbox finds it by `assigned`.",
            takes: Some(Takes {
                schema: of::<says::Assign>,
                examples: &[("To somebody", r#"{"to":"Rosa"}"#), ("To nobody", r#"{}"#)],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::safe_contact),
        said: Said {
            path: "/cbo/v1/referrals/{id}/safe-contact",
            id: "safeContact",
            summary: "How the person is safely reached",
            words: "Told to the source. It takes no prohibition of contact away.",
            takes: Some(Takes {
                schema: of::<says::SafeContact>,
                examples: &[
                    (
                        "By day",
                        r#"{"text":"Text only, weekdays before noon; say you are the library"}"#,
                    ),
                    ("It holds no more", r#"{}"#),
                ],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::reroute),
        said: Said {
            path: "/cbo/v1/referrals/{id}/reroute",
            id: "reroute",
            summary: "It is for another organization",
            words: "From `new`. It ends here as declined, the history is kept, and it goes to the other organization if consent permits. An organization that had it before cannot get it again.",
            takes: Some(Takes {
                schema: of::<says::Reroute>,
                examples: &[(
                    "To the shelter",
                    r#"{"to":"shelter","reason":{"code":"misdirected","text":"They ask for a bed"}}"#,
                )],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::take_back),
        said: Said {
            path: "/cbo/v1/referrals/{id}/take-back",
            id: "takeBack",
            summary: "That was a mis-click",
            words: "Within 15 minutes of your last answer, unless the source asked to cancel meanwhile or called it off. Your answer is entered in error and the referral is `new` again; what was written beside it stays.",
            takes: Some(NOTHING),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::served),
        said: Said {
            path: "/cbo/v1/referrals/{id}/served",
            id: "served",
            summary: "The service was given",
            words: "It ends here. What was skipped on the way is recorded as inferred. Say one service as \
                    `outcome`, or several as `services`.",
            takes: Some(Takes {
                schema: says::served,
                examples: &[
                    (
                        "A food box",
                        r#"{"outcome":{"text":"A food box for four"},"performed":"2026-11-27T16:20:00-05:00"}"#,
                    ),
                    (
                        "Two services",
                        r#"{"services":[{"text":"A food box","code":"467771000124109","system":"http://snomed.info/sct"},{"text":"A bus ticket","performed":"2026-11-27T16:20:00-05:00"}]}"#,
                    ),
                ],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::corrected),
        said: Said {
            path: "/cbo/v1/referrals/{id}/corrected",
            id: "corrected",
            summary: "What was said of the service was not right",
            words: "From `served`. The source reads a new version.",
            takes: Some(Takes {
                schema: says::served,
                examples: &[("Two boxes", r#"{"outcome":{"text":"Two food boxes"}}"#)],
                ..BODY
            }),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::agree_cancel),
        said: Said {
            path: "/cbo/v1/referrals/{id}/agree-cancel",
            id: "agreeCancel",
            summary: "Stop, as the source asked",
            words: "While `business_status` is `cancellation requested`.",
            takes: Some(NOTHING),
            ..ACT
        },
    },
    Operation {
        run: |call| act(call, verbs::refuse_cancel),
        said: Said {
            path: "/cbo/v1/referrals/{id}/refuse-cancel",
            id: "refuseCancel",
            summary: "Do not stop, though the source asked",
            words: "While `business_status` is `cancellation requested`.",
            takes: Some(Takes {
                schema: of::<says::Because>,
                examples: &[(
                    "It is done already",
                    r#"{"reason":{"code":"begun","text":"The box is packed"}}"#,
                )],
                ..BODY
            }),
            ..ACT
        },
    },
];
