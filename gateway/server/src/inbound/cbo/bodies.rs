//! Schemas of bodies that are read member by member, and not into one type.

use serde_json::{Value, json};

use crate::openapi::Schemas;

/// An object whose members another document names.
pub fn anything(_: &mut Schemas) -> Value {
    json!({ "type": "object" })
}

/// What a referral on needs.
pub fn refer(_: &mut Schemas) -> Value {
    json!({
        "type": "object",
        "required": ["to", "about", "need"],
        "properties": {
            "to": { "type": "string", "pattern": "^[a-z0-9-]{1,64}$" },
            "about": { "type": "object" },
            "need": {
                "type": "object",
                "required": ["category"],
                "properties": { "category": { "type": "string" } },
            },
            "note": { "type": "string", "maxLength": 1000 },
        },
    })
}

/// How much can be taken on.
pub fn capacity(_: &mut Schemas) -> Value {
    json!({
        "type": "object",
        "required": ["status"],
        "additionalProperties": false,
        "properties": {
            "status": { "type": "string" },
            "need": { "type": "string" },
            "until": { "type": "string", "format": "date" },
            "note": { "type": "string", "minLength": 1, "maxLength": 1000 },
        },
    })
}
