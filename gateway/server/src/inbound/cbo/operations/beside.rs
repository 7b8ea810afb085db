//! What is asked beside the inbox: other organizations, capacity, spreadsheets, and what is said in a dialect
//! of one's own.

use super::super::{bodies, capacity, inbox, organizations, read, say, says, spreadsheet};
use super::{BODY, GET, Operation};
use crate::openapi::{Gives, Query, Said, Takes, bytes, of, shows_onward as onward};
use crate::reply::JSON;

const CSV: &str = "text/csv";

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
                body: Some((JSON, of::<onward::Organizations>)),
                example: r#"{"organizations":[{"id":"housing","name":"Harbor Housing","capacity":[{"status":"waitlist","need":"housing-instability","until":"2026-12-31","reported":"2026-11-22T10:00:00Z"}]}]}"#,
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
            gives: Gives {
                words: "All of it.",
                body: Some((JSON, of::<onward::Capacities>)),
                example: CAPACITY,
                ..GET.gives
            },
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
            words: "For one kind of need, or for all; in place of what you said of it before. Others see it before they \
                    refer.",
            takes: Some(Takes {
                schema: of::<says::Capacity>,
                examples: &[
                    ("Full for now", r#"{"status":"no-capacity"}"#),
                    (
                        "A list, for one need",
                        r#"{"status":"waitlist","need":"food-insecurity","until":"2027-12-31","note":"About two weeks"}"#,
                    ),
                ],
                ..BODY
            }),
            gives: Gives {
                words: "It is recorded. All that you said and is still so.",
                body: Some((JSON, of::<onward::Capacities>)),
                example: CAPACITY,
                ..GET.gives
            },
            refuses: &[400, 415, 422],
            ..GET
        },
    },
];

const CAPACITY: &str =
    r#"{"capacity":[{"status":"no-capacity","reported":"2026-11-22T10:00:00Z"}]}"#;

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
                schema: r#"{"type":"string","enum":["open","all"]}"#,
                required: false,
            }],
            gives: Gives {
                words: "The file.",
                body: Some((CSV, bytes)),
                headers: &["content-disposition", "loopgate-receipt"],
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
                    changes nothing. Text in UTF-8, UTF-16 or Windows-1252, separated by commas, semicolons or tabs.",
            takes: Some(Takes {
                media: &[CSV, "text/tab-separated-values"],
                schema: bytes,
                optional: false,
                examples: &[],
            }),
            gives: Gives {
                words: "The report. As CSV, if `Accept` begins with `text/csv`: a row for each problem, and one for \
                        each row without.",
                body: Some((JSON, of::<onward::SheetReport>)),
                also: &[(CSV, bytes)],
                example: r#"{"taken":1,"unchanged":0,"wrong":1,"columns_not_read":["H"],"rows":[{"row":2,"result":"taken","referral_id":"ref_0123456789abcdef0123456789abcdef","version":4,"done":["accept"]},{"row":3,"result":"wrong","problems":[{"column":"Status","code":"no-such-answer","to_do":"Write one of the answers there are."}]}]}"#,
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
                headers: &["content-disposition", "loopgate-receipt"],
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
                body: Some((JSON, bodies::page)),
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
                body: Some((JSON, bodies::document)),
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
    words: "What your dialect's mapping makes of it is done; what it cannot carry is named in \
            `not_carried` of the answer. A document that names another referral than its path is refused.",
    conditional: true,
    takes: Some(Takes {
        schema: bodies::document,
        examples: &[
            (
                "In cbo-json",
                r#"{"referral_id":"ref_0123456789abcdef0123456789abcdef","status":"accepted"}"#,
            ),
            (
                "In cie-hub",
                r#"{"referralId":"ref_0123456789abcdef0123456789abcdef","status":"Work Started"}"#,
            ),
        ],
        ..BODY
    }),
    gives: Gives {
        words: "It is recorded. Where the referral stands now.",
        body: Some((JSON, bodies::document)),
        headers: &["etag"],
        ..GET.gives
    },
    refuses: &[400, 404, 409, 412, 415, 422],
    ..GET
};
