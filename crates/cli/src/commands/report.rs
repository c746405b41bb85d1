//! `recurra report`: the page of a run.

use crate::args::Report;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use serde_json::json;

pub(crate) fn run(args: &Report, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let page = recurra::write_report(&args.run)?;
    if output.json() {
        output.object(&json!({ "report": page.display().to_string() }))?;
    } else {
        output.line(page.display())?;
    }
    Ok(Ending::Fine)
}
