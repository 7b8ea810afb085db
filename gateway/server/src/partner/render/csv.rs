//! `[csv]` as text.

use super::quoted;
use crate::csv::layout::{Column, Holds, Layout};
use crate::csv::moment::Dates;

pub(super) fn csv(layout: &Layout) -> String {
    let separator = match layout.separator {
        '\t' => "tab".to_owned(),
        other => other.to_string(),
    };
    let dates = if layout.dates == Dates::Iso { "iso" } else { "local" };
    let (bom, day_first) = (layout.bom, layout.day_first);
    let columns: String = if layout.columns == Layout::default().columns {
        "# columns = [{ name = \"Client name\", place = \"client.name\" }, { name = \"Status\", answer = \"status\" }]\n"
            .to_owned()
    } else {
        let lines: String =
            layout.columns.iter().map(|one| format!("  {},\n", column(one))).collect();
        format!("columns = [\n{lines}]\n")
    };
    format!(
        "\n# Its referrals as a spreadsheet: /cbo/v1/referrals.csv, and its page for people.\n\
         # columns: headings, each for a place of the dialect cbo-json or a part of its answer; the usual\n\
         # ones, if it is left out. Referral, version, \"do not contact\" and handling are always there.\n\
         [csv]\n\
         separator = \"{separator}\"  # \",\", \";\" or \"tab\"\n\
         bom = {bom}  # a mark at the start, by which Excel knows UTF-8\n\
         dates = \"{dates}\"  # \"iso\": 2026-11-27; \"local\": 11/27/2026, or 27/11/2026 with day_first\n\
         day_first = {day_first}  # how 3/4/2026 is read and written\n\
         {columns}"
    )
}

fn column(column: &Column) -> String {
    let name = quoted(&column.name);
    match &column.holds {
        Holds::Place(at) => format!("{{ name = {name}, place = {} }}", quoted(at)),
        Holds::Answer(answer) => format!("{{ name = {name}, answer = \"{}\" }}", answer.name()),
    }
}
