//! The mappings that come with the program. A test compares the list with the folder.

macro_rules! files {
    ($($path:literal,)*) => {
        [$(($path, include_str!(concat!("../../../mappings/", $path))),)*]
    };
}

/// Path below the mappings folder, and text.
pub(crate) const FILES: [(&str, &str); 7] = files![
    "cbo-json/referral.toml",
    "cbo-json/status.toml",
    "codes/contact/cbo.toml",
    "codes/task-status/cbo.toml",
    "fhir-repeats.toml",
    "templates/food.toml",
    "templates/housing.toml",
];
