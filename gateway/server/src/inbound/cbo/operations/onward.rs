//! Referring on, what became of it, and documents of a referral from either side.

use super::super::attachments::{self, Side};
use super::super::{inbox, refer, says, sent};
use super::{BODY, GET, Operation};
use crate::openapi::{Gives, Query, Said, Takes, bytes, of, shows, shows_onward as onward};
use crate::reply::JSON;

const WRITES: &[u16] = &[400, 404, 409, 412, 415, 422];

/// Referring a person to somebody else, and what became of it.
pub const SENT: &[Operation] = &[
    Operation {
        run: |call| refer::take(call.gate, call.session, call.request),
        said: Said {
            method: "POST",
            path: "/cbo/v1/referrals",
            id: "refer",
            tag: "sent",
            summary: "Refer a person to another organization, or back to the clinic",
            words: "Needs the role `source` beside `target` in your partner file. `about` names a referral that you hold, and the \
                    person is the same; or it has a client, and a new person is made. Without their consent it \
                    waits for it.",
            takes: Some(Takes {
                schema: of::<says::Refer>,
                examples: &[
                    (
                        "Another need of somebody you serve",
                        r#"{"to":"housing","about":{"referral":"ref_0123456789abcdef0123456789abcdef"},"need":{"category":"housing-instability"}}"#,
                    ),
                    (
                        "Somebody new",
                        r#"{"to":"housing","about":{"client":{"name":{"family":"Vidal","given":["Juan"]},"phone":"+1 555 0199"}},"need":{"category":"housing-instability","priority":"urgent"},"note":"The room is cold"}"#,
                    ),
                ],
                ..BODY
            }),
            gives: Gives {
                status: 201,
                words: "It is on stable storage.",
                body: Some((JSON, of::<onward::Referred>)),
                example: r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"new","business_status":"waiting for consent","version":2}"#,
                headers: &["etag", "location"],
                ..GET.gives
            },
            conditional: true,
            refuses: &[400, 404, 409, 412, 413, 415, 422],
            ..GET
        },
    },
    Operation {
        run: |call| sent::list(call.gate, call.session, call.request),
        said: Said {
            path: "/cbo/v1/sent",
            id: "listSent",
            tag: "sent",
            summary: "What became of what you referred",
            words: "In the order in which it changed; ask again with `next` as `after`.",
            query: &[inbox::QUERY[0], inbox::QUERY[1]],
            gives: Gives {
                words: "A page of it.",
                body: Some((JSON, of::<onward::SentPage>)),
                example: r#"{"sent":[{"referral_id":"ref_0123456789abcdef0123456789abcdef","to":"housing","status":"in-progress","business_status":"appointment scheduled","need":{"category":"housing-instability"},"version":4}]}"#,
                headers: &["loopgate-receipt"],
                ..GET.gives
            },
            refuses: &[422],
            ..GET
        },
    },
    Operation {
        run: |call| sent::read(call.gate, call.session, call.id()),
        said: Said {
            path: "/cbo/v1/sent/{id}",
            id: "readSent",
            tag: "sent",
            summary: "One of them",
            words: "Where it stands, why, what was given, and what its target wrote, as far as consent lets it back.",
            gives: Gives {
                words: "The referral.",
                body: Some((JSON, of::<onward::SentReferral>)),
                example: r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","to":"housing","status":"served","need":{"category":"housing-instability"},"client":{"name":{"family":"Vidal","given":["Juan"]}},"version":6,"services":[{"text":"A room","performed":"2026-11-24T09:30:00Z"}],"comments":[{"at":"2026-11-23T12:00:00Z","by":"pantry","text":"He works until five"}]}"#,
                headers: &["etag", "loopgate-receipt"],
                ..GET.gives
            },
            ..GET
        },
    },
    Operation {
        run: |call| sent::act(call.gate, call.session, (call.id(), "cancel"), call.request),
        said: Said {
            path: "/cbo/v1/sent/{id}/cancel",
            id: "cancelSent",
            summary: "Call it off",
            words: "What was not answered is over; what was, is asked to stop, and the target answers.",
            takes: Some(Takes {
                schema: of::<says::Because>,
                examples: &[(
                    "It is not needed any more",
                    r#"{"reason":{"code":"moved","text":"She found a room"}}"#,
                )],
                ..BODY
            }),
            ..SENT_ACT
        },
    },
    Operation {
        run: |call| sent::act(call.gate, call.session, (call.id(), "comment"), call.request),
        said: Said {
            path: "/cbo/v1/sent/{id}/comment",
            id: "commentSent",
            summary: "Write to whom you referred the person",
            words: "It moves nothing. Refused if consent lets no words of yours pass to them, or once they declined it or gave it back.",
            takes: Some(Takes {
                schema: of::<says::Text>,
                examples: &[("When to call", r#"{"text":"She works until five"}"#)],
                ..BODY
            }),
            ..SENT_ACT
        },
    },
];

const SENT_ACT: Said = Said {
    method: "POST",
    tag: "sent",
    conditional: true,
    gives: Gives {
        words: "It is recorded. Where the referral stands now.",
        body: Some((JSON, of::<shows::Standing>)),
        example: r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"cancelled","version":3}"#,
        headers: &["etag"],
        ..GET.gives
    },
    refuses: WRITES,
    ..GET
};

/// Documents of a referral, from either side.
pub const DOCUMENTS: &[Operation] = &[
    Operation {
        run: |call| attachments::list(call.gate, call.session, (Side::Target, call.id())),
        said: Said { path: "/cbo/v1/referrals/{id}/attachments", id: "listAttachments", ..LISTED },
    },
    Operation {
        run: |call| {
            attachments::add(call.gate, call.session, (Side::Target, call.id()), call.request)
        },
        said: Said { path: "/cbo/v1/referrals/{id}/attachments", id: "attach", ..ATTACH },
    },
    Operation {
        run: |call| {
            let of = (Side::Target, call.id());
            attachments::read(call.gate, call.session, of, call.second())
        },
        said: Said {
            path: "/cbo/v1/referrals/{id}/attachments/{attachment}",
            id: "readAttachment",
            ..DOWNLOAD
        },
    },
    Operation {
        run: |call| attachments::list(call.gate, call.session, (Side::Source, call.id())),
        said: Said { path: "/cbo/v1/sent/{id}/attachments", id: "listSentAttachments", ..LISTED },
    },
    Operation {
        run: |call| {
            attachments::add(call.gate, call.session, (Side::Source, call.id()), call.request)
        },
        said: Said { path: "/cbo/v1/sent/{id}/attachments", id: "attachSent", ..ATTACH },
    },
    Operation {
        run: |call| {
            let of = (Side::Source, call.id());
            attachments::read(call.gate, call.session, of, call.second())
        },
        said: Said {
            path: "/cbo/v1/sent/{id}/attachments/{attachment}",
            id: "readSentAttachment",
            ..DOWNLOAD
        },
    },
];

const ATTACH: Said = Said {
    method: "POST",
    tag: "documents",
    summary: "Add a document",
    words: "The body is the bytes as they are, and `Content-Type` says of what: a PDF, a PNG, a JPEG or plain \
            text in UTF-8. Bytes that are something else are refused with 415. The other side may read it as far \
            as consent lets it pass. The same bytes under the same name are one document, however often they come.",
    query: &[Query {
        name: "name",
        words: "What it is called. It is kept as a name that is safe to save under: without a path, with the \
                ending of its media type, of at most 100 characters.",
        schema: r#"{"type":"string"}"#,
        required: true,
    }],
    conditional: true,
    takes: Some(Takes {
        media: &["application/pdf", "image/png", "image/jpeg", "text/plain"],
        schema: bytes,
        optional: false,
        examples: &[],
    }),
    gives: Gives {
        status: 201,
        words: "It is on stable storage.",
        body: Some((JSON, of::<onward::Document>)),
        example: r#"{"id":"019b2f6c-0400-7000-8000-0123456789ab","name":"letter.pdf","media":"application/pdf","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":48213,"at":"2026-11-22T10:00:00Z","by":"pantry"}"#,
        headers: &["location"],
        ..GET.gives
    },
    refuses: &[400, 404, 409, 412, 413, 415, 422],
    ..GET
};

const LISTED: Said = Said {
    tag: "documents",
    summary: "The documents",
    words: "Those that you may read.",
    gives: Gives {
        words: "All of them, without their bytes.",
        body: Some((JSON, of::<onward::Documents>)),
        example: r#"{"attachments":[]}"#,
        headers: &["loopgate-receipt"],
        ..GET.gives
    },
    ..GET
};

const DOWNLOAD: Said = Said {
    tag: "documents",
    summary: "A document",
    words: "Its bytes, to be saved and not to be shown. Each read is recorded as a disclosure.",
    gives: Gives {
        words: "The document.",
        body: Some(("application/pdf", bytes)),
        also: &[("image/png", bytes), ("image/jpeg", bytes), ("text/plain", bytes)],
        headers: &["content-disposition", "loopgate-receipt"],
        ..GET.gives
    },
    ..GET
};
