//! `recurra monitor`: what is said of brands and products over time.

use crate::args::Monitor;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use recurra::data::source::ColumnSelector;
use recurra::fitting::{Control, progress};
use recurra::{GroupBy, MonitorRequest, Monitored};

pub(crate) fn run(args: &Monitor, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let column = |text: &String| -> ColumnSelector {
        let Ok(column) = text.parse();
        column
    };
    let request = MonitorRequest {
        run: args.run.clone(),
        file: args.file.clone(),
        text: column(&args.text),
        group: match (&args.group, &args.mentions[..]) {
            (Some(group), _) => GroupBy::Column(column(group)),
            (None, []) => GroupBy::Nothing,
            (None, names) => GroupBy::Mentions(names.to_vec()),
        },
        date: args.date.as_ref().map(column),
        day_first: args.day_first,
        class: args.class.clone(),
        out: args.out.clone(),
    };
    let control = Control {
        progress: progress::for_stderr(),
        ..Control::silent()
    };
    let monitored = recurra::monitor(&request, &control).map_err(CliError::of_request)?;
    if output.json() {
        output.object(&monitored)?;
    } else {
        output.line(for_people(&monitored).join("\n"))?;
    }
    Ok(match monitored.faults.count {
        0 => Ending::Fine,
        _ => Ending::Incomplete,
    })
}

/// Groups on the screen; the files have all.
const SHOWN: usize = 30;

fn for_people(monitored: &Monitored) -> Vec<String> {
    let share = format!("share of {}", monitored.class);
    let headings = [
        ("group", Align::Left),
        ("texts", Align::Right),
        (&share[..], Align::Right),
        ("95 %", Align::Left),
    ];
    let mut table = Table::new(headings);
    for group in monitored.groups.iter().take(SHOWN) {
        let [low, high] = group.interval;
        table.row([
            group.name.clone(),
            group.rows.to_string(),
            format!("{:.1} %", 100.0 * group.share),
            format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high),
        ]);
    }
    let mut lines = vec![format!("{} texts:", monitored.rows)];
    lines.extend(table.lines(2));
    if monitored.groups.len() > SHOWN {
        lines.push(format!("  … of {} groups", monitored.groups.len()));
    }
    if let Some(path) = &monitored.bad_rows {
        lines.push(format!(
            "{} rows left out: {} ({})",
            monitored.faults.count,
            monitored.faults,
            path.display()
        ));
    }
    lines.push(format!("Report: {}", monitored.report.display()));
    lines.push(format!("Table:  {}", monitored.table.display()));
    lines
}
