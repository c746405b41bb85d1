//! `recurra completions`: a script for a shell.

use crate::args::{Cli, Completions};
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use clap::CommandFactory;
use serde_json::json;

pub(crate) fn run(args: &Completions, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "recurra", &mut script);
    let script = String::from_utf8_lossy(&script);
    if output.json() {
        output.object(&json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        output.line(script.trim_end())?;
    }
    Ok(Ending::Fine)
}
