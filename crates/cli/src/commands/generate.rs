//! `recurra generate`: a run goes on with a sequence.

use crate::args::Generate;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::{Output, notice};
use recurra::GenerateOptions;
use serde_json::json;

pub(crate) fn run(args: &Generate, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let options = GenerateOptions {
        prime: args.prime.clone(),
        length: args.length,
        temperature: args.temperature,
        seed: args.seed,
        out: args.out.clone(),
    };
    let generated = recurra::generate(&args.run, &options).map_err(CliError::of_request)?;
    if output.json() {
        output.object(&json!({
            "text": generated.text,
            "files": generated.files,
            "notices": generated.notices,
        }))?;
        return Ok(Ending::Fine);
    }
    for text in &generated.notices {
        notice(format_args!("note: {text}"));
    }
    output.line(&generated.text)?;
    for file in &generated.files {
        notice(format_args!("written: {}", file.display()));
    }
    Ok(Ending::Fine)
}
