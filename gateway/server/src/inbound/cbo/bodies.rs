//! Schemas of what no type of ours says: documents of a dialect, which its mapping files describe.

use serde_json::{Value, json};

use crate::openapi::Schemas;

/// A document of a dialect.
pub fn document(_: &mut Schemas) -> Value {
    json!({ "description": "A document of your dialect: its mapping files say which members it has." })
}

/// A page of them.
pub fn page(schemas: &mut Schemas) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["referrals"],
        "properties": {
            "referrals": {
                "type": "array",
                "items": document(schemas),
                "description": "Need and status of each, the one that changed last at the end.",
            },
            "next": {
                "type": "string",
                "pattern": "^[0-9a-f]{32}$",
                "description": "Where to go on: give it as `after`.",
            },
        },
    })
}
