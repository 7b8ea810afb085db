//! Rows of a CSV file: the community dialect in the columns of a partner.

use loopgate_consent::Groups;
use loopgate_mapping::Library;
use serde_json::Value;

use super::{Heard, LinkOf, Stopped, Written, mapping, read_document};
use crate::csv::documents;

/// Each row of a file.
pub(super) fn read(library: &Library, input: &[u8], link: &LinkOf) -> Result<Vec<Heard>, Stopped> {
    let rows = documents::read(input, &link.csv, &link.zone);
    let rows = rows.map_err(Stopped::unreadable)?;
    let heard = rows.into_iter().map(|row| {
        let mut heard = read_document(library, "cbo-json", &row.document, link)?;
        heard.not_carried.extend(row.not_carried);
        Ok(heard)
    });
    heard.collect()
}

/// A referral as a row.
pub(super) fn write(
    library: &Library,
    pivot: &Value,
    groups: &Groups,
    link: &LinkOf,
) -> Result<Written, Stopped> {
    let mapping = mapping(library, "cbo-json")?;
    let written = mapping.write(pivot, groups, &link.constants).map_err(Stopped::by)?;
    let (text, no_column) = documents::written(&link.csv, &link.zone, &written.document);
    let lost = written.not_carried.into_iter().chain(no_column).collect();
    Ok((text, lost, written.withheld, written.carried))
}
