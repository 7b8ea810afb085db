//! The cases. Each makes its own data or shares the chart, so that a run can be repeated on one server.

pub mod light;
mod params;
mod system;
mod types;

use crate::case::Suite;

/// R4's page on the REST API.
pub(crate) const HTTP: &str = "R4 http.html";
/// R4's page on search.
pub(crate) const SEARCH: &str = "R4 search.html";
/// The guide's statement.
pub(crate) const CP: &str = "SDOHCC CoordinationPlatform server";

/// All of them, in the order they run.
pub fn all() -> Suite {
    let mut suite = Suite::default();
    system::add(&mut suite);
    types::add(&mut suite);
    params::add(&mut suite);
    light::add(&mut suite);
    suite
}
