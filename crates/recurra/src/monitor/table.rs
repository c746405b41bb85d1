//! The CSV files.

use super::period::Period;
use super::tally::{Tally, share};
use recurra_data::fault::RowFaults;
use recurra_data::source::iso;

/// A row for each group and period, and one for each group as a whole, whose period is `all`.
pub(super) fn groups_csv(tally: &Tally, classes: &[String], class: usize) -> String {
    let names: Vec<String> = classes.iter().map(|name| quoted(name)).collect();
    let mut text = format!(
        "group,period,texts,{},{},low_95,high_95\n",
        names.join(","),
        quoted(&format!("share_{}", classes[class]))
    );
    let mut row = |group: &str, period: &str, counts: &[u64]| {
        let share = share(counts, class);
        let [low, high] = share.interval();
        let counted: Vec<String> = counts.iter().map(u64::to_string).collect();
        text.push_str(&format!(
            "{},{period},{},{},{:.6},{low:.6},{high:.6}\n",
            quoted(group),
            share.count,
            counted.join(","),
            share.share().unwrap_or_default()
        ));
    };
    let period = period(tally);
    for (group, counts) in tally.groups() {
        row(&group, "all", &counts);
        for (day, counts) in period
            .iter()
            .flat_map(|&period| tally.over_time(&group, period))
        {
            row(&group, &iso(day), &counts);
        }
    }
    text
}

/// How days are put together; nothing when all is of one day.
pub(super) fn period(tally: &Tally) -> Option<Period> {
    let [first, last] = tally.span()?;
    (first < last).then(|| Period::of_span(first, last))
}

/// A row for each bad row that is kept.
pub(super) fn bad_rows(faults: &RowFaults) -> String {
    let mut text = String::from("line,column,problem\n");
    for fault in &faults.first {
        let column = fault.column.trim_matches('`');
        text.push_str(&format!(
            "{},{},{}\n",
            fault.line,
            quoted(column),
            quoted(&fault.problem)
        ));
    }
    let more = faults.count - faults.first.len();
    if more > 0 {
        text.push_str(&format!(",,{more} more\n"));
    }
    text
}

/// In quotes where a comma, a quote or a line end asks for them; a text that a spreadsheet would
/// compute is made one that it does not.
fn quoted(cell: &str) -> String {
    let safe = match cell.starts_with(['=', '+', '-', '@']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    };
    match safe.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_with_a_comma_is_one_column_in_the_heading_too() {
        let classes = ["bad, \"really\"", "good"].map(str::to_owned);
        let csv = groups_csv(&Tally::new(2), &classes, 0);
        assert_eq!(
            csv,
            "group,period,texts,\"bad, \"\"really\"\"\",good,\"share_bad, \"\"really\"\"\",\
             low_95,high_95\n"
        );
    }
}
