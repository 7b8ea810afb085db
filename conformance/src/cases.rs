//! The cases. Each makes its own data or shares the chart, so that a run can be repeated on one server.

mod bundles;
mod consents;
pub mod light;
mod paging;
mod params;
mod profiles;
mod search;
mod system;
mod tasks;
mod types;
mod versions;
mod writes;

pub use params::without_values;

use crate::case::Suite;

/// R4's page on the REST API.
const HTTP: &str = "R4 http.html";
/// R4's page on search.
const SEARCH: &str = "R4 search.html";
/// The guide's statement.
const CP: &str = "SDOHCC CoordinationPlatform server";

/// All of them, in the order they run.
pub fn all() -> Suite {
    let mut suite = Suite::default();
    for add in [
        system::add,
        types::add,
        params::add,
        search::add,
        paging::add,
        versions::add,
        writes::add,
        bundles::add,
        tasks::add,
        light::add,
        consents::add,
        profiles::add,
    ] {
        add(&mut suite);
    }
    suite
}
