//! From arguments to an exit code.

use crate::args::{Cli, Command, Data};
use crate::commands::{
    chat, completions, data_check, doctor, eval, explain, generate, inspect, monitor, predict,
    quantize, recipes, report, train,
};
use crate::error::CliError;
use crate::output::{Output, notice};
use serde_json::json;
use std::process::ExitCode;

/// How a command that printed its answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is well.
    Fine,
    /// Some of the input could not be answered.
    Incomplete,
    /// The user stopped it; nothing is lost.
    Interrupted,
}

/// Runs the command and tells how it went.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    let mut output = Output::new(&mut stdout, cli.json);
    match dispatch(&cli.command, &mut output) {
        Ok(Ending::Fine) => ExitCode::SUCCESS,
        Ok(Ending::Incomplete) => ExitCode::FAILURE,
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error, &mut output);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(command: &Command, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let computes = matches!(
        command,
        Command::Train(_)
            | Command::Eval(_)
            | Command::Predict(_)
            | Command::Chat(_)
            | Command::Generate(_)
            | Command::Explain(_)
            | Command::Monitor(_)
            | Command::Quantize(_)
    );
    if computes && let Some(text) = recurra::kernels::Isa::notice() {
        notice(format_args!("note: {text}"));
    }
    match command {
        Command::Recipes => recipes::run(output),
        Command::Train(args) => train::run(args, output),
        Command::Eval(args) => eval::run(args, output),
        Command::Predict(args) => predict::run(args, output),
        Command::Chat(args) => chat::run(args, output),
        Command::Generate(args) => generate::run(args, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Monitor(args) => monitor::run(args, output),
        Command::Quantize(args) => quantize::run(args, output),
        Command::Inspect(args) => inspect::run(args, output),
        Command::Report(args) => report::run(args, output),
        Command::Data(Data::Check(args)) => data_check::run(args, output),
        Command::Doctor => doctor::run(output),
        Command::Completions(args) => completions::run(args, output),
    }
}

/// For people on standard error; with `--json` also as the one object.
fn tell(error: &CliError, output: &mut Output<'_>) {
    let chain = error.chain();
    if let Some((message, causes)) = chain.split_first() {
        notice(format_args!("error: {message}"));
        for cause in causes {
            notice(format_args!("  caused by: {cause}"));
        }
        let output_works = !matches!(error, CliError::Output { .. });
        if output.json() && output_works {
            // The error itself is already told; a second one would only hide it.
            let _ = output.object(&json!({ "error": message, "causes": causes }));
        }
    }
}
