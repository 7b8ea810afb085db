//! CLAIMS.md: every row of the guide, and the cases that show it or the reason why it is not met.

use crate::case::Suite;
use crate::declared::Declared;

/// The page.
pub fn page(_suite: &Suite, _declared: &Declared) -> String {
    String::new()
}
