//! The mappings that come with the program. A test compares the list with the folder.

macro_rules! files {
    ($($path:literal,)*) => {
        [$(($path, include_str!(concat!("../../../mappings/", $path))),)*]
    };
}

/// Path below the mappings folder, and text.
pub(crate) const FILES: [(&str, &str); 24] = files![
    "cbo-json/referral.toml",
    "cbo-json/status.toml",
    "codes/coding-system/hl7v2.toml",
    "codes/contact/cbo.toml",
    "codes/contact/hl7v2.toml",
    "codes/gender/hl7v2.toml",
    "codes/language/hl7v2.toml",
    "codes/priority/hl7v2.toml",
    "codes/referral-status/hl7v2.toml",
    "codes/task-status/cbo.toml",
    "fhir-repeats.toml",
    "hl7v2/ref-i12.toml",
    "hl7v2/rri-i12.toml",
    "hl7v2/states.toml",
    "templates/employment.toml",
    "templates/financial.toml",
    "templates/food.toml",
    "templates/housing.toml",
    "templates/ipv.toml",
    "templates/justice.toml",
    "templates/social.toml",
    "templates/transport.toml",
    "templates/utilities.toml",
    "templates/veteran.toml",
];
