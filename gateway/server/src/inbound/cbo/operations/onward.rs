//! What is asked beside the inbox: referring on, documents, organizations, capacity, spreadsheets, and what is
//! said in a dialect of one's own.

use super::super::attachments::{self, Side};
use super::super::{bodies, says};
use super::super::{capacity, inbox, organizations, read, refer, say, sent, spreadsheet};
use super::{BODY, GET, Operation};
use crate::openapi::{Gives, Query, Said, Takes, bytes, of, shows};
use crate::reply::JSON;

const CSV: &str = "text/csv";
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
            words: "Needs the role `source` in your partner file. `about` names a referral that you hold, and the \
                    person is the same; or it has a client, and a new person is made. Without their consent it \
                    waits for it.",
            takes: Some(Takes {
                schema: bodies::refer,
                examples: &[(
                    "Another need of somebody you serve",
                    r#"{"to":"housing","about":{"referral":"ref_0123456789abcdef0123456789abcdef"},"need":{"category":"housing-instability"}}"#,
                )],
                ..BODY
            }),
            gives: Gives {
                status: 201,
                words: "It is on stable storage.",
                body: Some((JSON, bodies::anything)),
                example: r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"new"}"#,
                headers: &["etag", "location"],
            },
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
            query: &PAGE,
            gives: Gives {
                words: "A page of it.",
                body: Some((JSON, bodies::anything)),
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
                body: Some((JSON, bodies::anything)),
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
            takes: Some(Takes { schema: of::<says::Because>, ..BODY }),
            ..SENT_ACT
        },
    },
    Operation {
        run: |call| sent::act(call.gate, call.session, (call.id(), "comment"), call.request),
        said: Said {
            path: "/cbo/v1/sent/{id}/comment",
            id: "commentSent",
            summary: "Write to whom you referred the person",
            takes: Some(Takes { schema: of::<says::Text>, ..BODY }),
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
        headers: &["etag"],
        ..GET.gives
    },
    refuses: WRITES,
    ..GET
};

const PAGE: [Query; 2] = [
    Query {
        name: "after",
        words: "Only what changed after this place: `next` of an earlier page.",
        schema: r#"{"type":"string","pattern":"^([0-9a-f]{2})+$"}"#,
    },
    Query {
        name: "limit",
        words: "At most so many.",
        schema: r#"{"type":"integer","minimum":1,"maximum":1000}"#,
    },
];

/// Documents of a referral, from either side.
pub const DOCUMENTS: &[Operation] = &[
    Operation {
        run: |call| {
            attachments::add(call.gate, call.session, (Side::Target, call.id()), call.request)
        },
        said: Said { path: "/cbo/v1/referrals/{id}/attachments", id: "attach", ..ATTACH },
    },
    Operation {
        run: |call| attachments::list(call.gate, call.session, (Side::Target, call.id())),
        said: Said { path: "/cbo/v1/referrals/{id}/attachments", id: "listAttachments", ..LISTED },
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
        run: |call| {
            attachments::add(call.gate, call.session, (Side::Source, call.id()), call.request)
        },
        said: Said { path: "/cbo/v1/sent/{id}/attachments", id: "attachSent", ..ATTACH },
    },
    Operation {
        run: |call| attachments::list(call.gate, call.session, (Side::Source, call.id())),
        said: Said { path: "/cbo/v1/sent/{id}/attachments", id: "listSentAttachments", ..LISTED },
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
    words: "The bytes as they are, of the media type that they say they are of. The other side may read it as \
            far as consent lets it pass.",
    query: &[Query {
        name: "name",
        words: "What it is called.",
        schema: r#"{"type":"string","minLength":1,"maxLength":100}"#,
    }],
    takes: Some(Takes {
        media: &["application/pdf", "image/png", "image/jpeg", "text/plain"],
        schema: bytes,
        optional: false,
        examples: &[],
    }),
    gives: Gives {
        status: 201,
        words: "It is on stable storage.",
        body: Some((JSON, bodies::anything)),
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
        body: Some((JSON, bodies::anything)),
        headers: &["loopgate-receipt"],
        ..GET.gives
    },
    ..GET
};

const DOWNLOAD: Said = Said {
    tag: "documents",
    summary: "A document",
    words: "Its bytes.",
    gives: Gives {
        words: "The document.",
        body: Some(("*/*", bytes)),
        headers: &["loopgate-receipt"],
        ..GET.gives
    },
    ..GET
};

/// Who else there is, and how much each can take on.
pub const OTHERS: &[Operation] = &[
    Operation {
        run: |call| Ok(organizations::list(call.gate, call.org())),
        said: Said {
            path: "/cbo/v1/organizations",
            id: "listOrganizations",
            tag: "organizations",
            summary: "Whom a person can be referred to",
            words: "Each with the capacity it reported, if it is not over.",
            gives: Gives {
                words: "All of them.",
                body: Some((JSON, bodies::anything)),
                ..GET.gives
            },
            refuses: &[422],
            ..GET
        },
    },
    Operation {
        run: |call| Ok(capacity::read(call.gate, call.org())),
        said: Said {
            path: "/cbo/v1/capacity",
            id: "readCapacity",
            tag: "organizations",
            summary: "What you said you can take on",
            words: "As it holds now.",
            gives: Gives { words: "All of it.", body: Some((JSON, bodies::anything)), ..GET.gives },
            refuses: &[422],
            ..GET
        },
    },
    Operation {
        run: |call| capacity::report(call.gate, call.session, call.request),
        said: Said {
            method: "PUT",
            path: "/cbo/v1/capacity",
            id: "reportCapacity",
            tag: "organizations",
            summary: "Say how much you can take on",
            words: "For one kind of need, or for all.",
            takes: Some(Takes {
                schema: bodies::capacity,
                examples: &[("Full for now", r#"{"status":"no-capacity"}"#)],
                ..BODY
            }),
            gives: Gives {
                words: "It is recorded.",
                body: Some((JSON, bodies::anything)),
                ..GET.gives
            },
            refuses: &[400, 415, 422],
            ..GET
        },
    },
];

/// Spreadsheets.
pub const SHEETS: &[Operation] = &[
    Operation {
        run: |call| spreadsheet::download(call.gate, call.session, call.request),
        said: Said {
            path: "/cbo/v1/referrals.csv",
            id: "downloadReferrals",
            tag: "spreadsheets",
            summary: "Your referrals as a spreadsheet",
            words: "In the columns of your partner file.",
            query: &[Query {
                name: "status",
                words: "`open`, or `all` with what is over.",
                schema: r#"{"enum":["open","all"]}"#,
            }],
            gives: Gives {
                words: "The file.",
                body: Some((CSV, bytes)),
                headers: &["loopgate-receipt"],
                ..GET.gives
            },
            refuses: &[422],
            ..GET
        },
    },
    Operation {
        run: |call| spreadsheet::upload(call.gate, call.session, call.request),
        said: Said {
            method: "POST",
            path: "/cbo/v1/referrals.csv",
            id: "uploadReferrals",
            tag: "spreadsheets",
            summary: "The spreadsheet with your answers",
            words: "Each row is taken, unchanged or wrong, and the report says which and why. The same file again \
                    changes nothing.",
            takes: Some(Takes {
                media: &[CSV, "text/tab-separated-values"],
                schema: bytes,
                optional: false,
                examples: &[],
            }),
            gives: Gives {
                words: "The report; as CSV, if that is what you accept.",
                body: Some((JSON, bodies::anything)),
                ..GET.gives
            },
            refuses: &[413, 415, 422],
            ..GET
        },
    },
    Operation {
        run: |call| spreadsheet::hmis(call.gate, call.session, call.id()),
        said: Said {
            path: "/cbo/v1/hmis/{file}",
            id: "downloadHmis",
            tag: "spreadsheets",
            summary: "Event.csv of HMIS, or Event-not-carried.csv",
            words: "FY2026, for referrals of a need that has an event there.",
            gives: Gives {
                words: "The file.",
                body: Some((CSV, bytes)),
                headers: &["loopgate-receipt"],
                ..GET.gives
            },
            ..GET
        },
    },
];

/// What is said and read in the dialect of one's own partner file.
pub const DIALECT: &[Operation] = &[
    Operation {
        run: |call| say::status(call.gate, &call.session.partner, call.id(), call.request),
        said: Said {
            path: "/cbo/v1/referrals/{id}/say",
            id: "say",
            summary: "Say where it stands, in the words of your dialect",
            ..SAY
        },
    },
    Operation {
        run: inbox::list,
        said: Said {
            path: "/v1/referrals",
            id: "listInDialect",
            tag: "dialect",
            summary: "The inbox, for a dialect with paths of its own",
            words: "As `/cbo/v1/referrals`.",
            query: &inbox::QUERY,
            gives: Gives {
                words: "A page of it.",
                body: Some((JSON, bodies::anything)),
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
            path: "/v1/referrals/{id}",
            id: "readInDialect",
            tag: "dialect",
            summary: "A referral, for a dialect with paths of its own",
            words: "As `/cbo/v1/referrals/{id}`.",
            gives: Gives {
                words: "The referral.",
                body: Some((JSON, bodies::anything)),
                headers: &["etag", "loopgate-receipt"],
                ..GET.gives
            },
            ..GET
        },
    },
    Operation {
        run: |call| {
            let at = (call.id(), call.second());
            say::at_door(call.gate, &call.session.partner, at, call.request)
        },
        said: Said {
            path: "/v1/referrals/{id}/{door}",
            id: "sayAtDoor",
            summary: "A document at a door of your dialect, such as `outcomes`",
            ..SAY
        },
    },
];

const SAY: Said = Said {
    method: "POST",
    tag: "dialect",
    words: "What your dialect's mapping makes of it is done; what it does not take is named in the answer.",
    conditional: true,
    takes: Some(Takes { schema: bodies::anything, ..BODY }),
    gives: Gives {
        words: "It is recorded. Where the referral stands now.",
        body: Some((JSON, bodies::anything)),
        headers: &["etag"],
        ..GET.gives
    },
    refuses: WRITES,
    ..GET
};
