//! Which elements of each type are mandatory (minimum 1), a choice of types (`[x]`), or marked as
//! summary (R4's snapshots, `isSummary`); and which elements below a summary one are not.
//!
//! `id`, `meta` and `implicitRules` are of every summary and stand in no row.

mod first;
mod second;

/// The elements of one type, by their names without `[x]`.
#[derive(Debug)]
pub(super) struct Elements {
    /// The type.
    pub(super) kind: &'static str,
    /// Those a resource cannot be without.
    pub(super) mandatory: &'static [&'static str],
    /// Those whose member name ends with its type.
    pub(super) choices: &'static [&'static str],
    /// Those of a summary.
    pub(super) summary: &'static [&'static str],
    /// Paths below a summary element that are none themselves.
    pub(super) not_summary: &'static [&'static str],
}

/// One row for each type that is served.
pub(super) fn rows() -> impl Iterator<Item = &'static Elements> {
    first::ROWS.iter().chain(second::ROWS)
}
