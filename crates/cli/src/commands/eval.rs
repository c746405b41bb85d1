//! `recurra eval`: a run beside its baselines.

use crate::args::Eval;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use crate::wording;
use recurra::fitting::metric;
use recurra::fitting::metric::translation::Bootstrap;
use recurra::{Comparison, Evaluation, Precision};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &Eval, output: &mut Output<'_>) -> Result<Ending, CliError> {
    if let Some(against) = &args.against {
        let data = args.data.as_deref();
        let found = recurra::compare(&args.run, against, data, args.precision.into())
            .map_err(CliError::of_request)?;
        if output.json() {
            output.object(&found)?;
        } else {
            let runs = [
                titled(&args.run, args.precision.into()),
                titled(against, Precision::F32),
            ];
            output.line(compared(&found, runs).join("\n"))?;
        }
        return Ok(Ending::Fine);
    }
    let (data, precision) = (args.data.as_deref(), args.precision.into());
    let evaluations = recurra::evaluate_with(&args.run, data, precision, &args.overrides)
        .map_err(CliError::of_request)?;
    if output.json() {
        output.object(&one_object(&evaluations))?;
    } else {
        if precision != Precision::F32 {
            output.line(format_args!("{}:\n", titled(&args.run, precision)))?;
        }
        output.line(wording::evaluations(&evaluations).join("\n"))?;
    }
    Ok(Ending::Fine)
}

/// The run, and what its weights are kept in where that is not f32.
fn titled(run: &Path, precision: Precision) -> String {
    match precision {
        Precision::F32 => run.display().to_string(),
        _ => format!("{} in {precision}", run.display()),
    }
}

/// Both figures with their intervals, and what their difference is worth.
fn compared(found: &Comparison, [run, against]: [String; 2]) -> Vec<String> {
    const LEVEL: f64 = 0.05;
    let Bootstrap {
        baseline,
        system,
        p_value,
    } = found.bootstrap;
    let figure = metric::find(found.metric).map_or(found.metric, |metric| metric.title);
    let figures = [figure, "95 % from", "to"].map(|heading| (heading.to_owned(), Align::Right));
    let mut table = Table::new([(String::new(), Align::Left)].into_iter().chain(figures));
    for (title, interval) in [(run, system), (against, baseline)] {
        let figures = [interval.value, interval.low, interval.high];
        let figures = figures.map(|value| format!("{value:.2}"));
        table.row([title].into_iter().chain(figures));
    }
    let verdict = if system.value == baseline.value {
        "there is no difference".to_owned()
    } else if p_value < LEVEL {
        format!("p = {p_value:.3}: the difference is more than chance")
    } else {
        format!("p = {p_value:.3}: the difference may be chance")
    };
    let mut lines = vec![format!("{} lines of {}:", found.num_lines, found.split)];
    lines.extend(table.lines(2));
    lines.push(verdict);
    lines.push(found.signature.clone());
    lines
}

/// The first evaluation, and under `also` those of further splits or models.
fn one_object(evaluations: &[Evaluation]) -> Value {
    let Some((first, others)) = evaluations.split_first() else {
        return json!({});
    };
    let mut object = json!(first);
    if !others.is_empty() {
        object["also"] = json!(others);
    }
    object
}
