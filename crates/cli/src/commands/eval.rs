//! `recurra eval`: a run beside its baselines.

use crate::args::Eval;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::wording;
use recurra::Evaluation;
use serde_json::{Value, json};

pub(crate) fn run(args: &Eval, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let evaluations = recurra::evaluate_in(&args.run, args.data.as_deref(), args.precision.into())
        .map_err(CliError::of_request)?;
    if output.json() {
        output.object(&one_object(&evaluations))?;
    } else {
        output.line(wording::evaluations(&evaluations).join("\n"))?;
    }
    Ok(Ending::Fine)
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
