//! `recurra quantize`: a run's weights in fewer bits, and what that costs.

use crate::args::Quantize;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use crate::wording::heading;
use recurra::report::chart::compact;
use recurra::{Figures, Quantized};

pub(crate) fn run(args: &Quantize, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let quantized = recurra::quantize(&args.run, args.to.into()).map_err(CliError::of_request)?;
    if output.json() {
        output.object(&quantized)?;
    } else {
        output.line(for_people(&quantized).join("\n"))?;
    }
    Ok(Ending::Fine)
}

/// One row for each precision, the metrics on held-out data beside size and speed.
fn for_people(quantized: &Quantized) -> Vec<String> {
    let [exact, _] = &quantized.figures;
    let names = exact.metrics.names();
    let fixed = ["", "file in KB", "step in µs"].map(str::to_owned);
    let headings = fixed
        .into_iter()
        .chain(names.iter().map(|name| heading(name)));
    let align = |(index, text)| match index {
        0 => (text, Align::Left),
        _ => (text, Align::Right),
    };
    let mut table = Table::new(headings.enumerate().map(align));
    for figures in &quantized.figures {
        table.row(row(figures, &names));
    }
    let mut lines = vec![format!("{}, on {}:", quantized.task, quantized.split)];
    lines.extend(table.lines(2));
    lines.push(format!("written: {}", quantized.file.display()));
    lines
}

fn row(figures: &Figures, names: &[String]) -> Vec<String> {
    let mut cells = vec![
        figures.precision.to_owned(),
        format!("{:.0}", figures.size_bytes as f64 / 1e3),
        format!("{:.1}", figures.step_us),
    ];
    let values = names.iter().map(|name| figures.metrics.get(name));
    cells.extend(values.map(|value| value.map_or_else(|| "-".to_owned(), compact)));
    cells
}
