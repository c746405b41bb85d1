//! `recurra generate`: a run goes on by itself, written as it comes.

use crate::args::Generate;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::{Output, notice};
use recurra::{Error, GenerateOptions};
use std::path::Path;

pub(crate) fn run(args: &Generate, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let with_line_ends = |text: &String| match Path::new(text).is_file() {
        true => text.clone(),
        false => text.replace("\\n", "\n"),
    };
    let options = GenerateOptions {
        prime: args.prime.as_ref().map(with_line_ends),
        length: args.length,
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        stop: args.stop.iter().map(with_line_ends).collect(),
        seed: args.seed,
        precision: args.precision.into(),
        out: args.out.clone(),
    };
    if output.json() {
        let generated = recurra::generate(&args.run, &options, &mut |_| Ok(()))
            .map_err(CliError::of_request)?;
        output.object(&generated)?;
        return Ok(Ending::Fine);
    }
    let mut say = |piece: &str| output.piece(piece).map_err(Error::Say);
    let generated = match recurra::generate(&args.run, &options, &mut say) {
        Ok(generated) => generated,
        Err(Error::Say(source)) => return Err(CliError::Output { source }),
        Err(other) => return Err(CliError::of_request(other)),
    };
    output.line("")?;
    for text in &generated.notices {
        notice(format_args!("note: {text}"));
    }
    for file in &generated.files {
        notice(format_args!("written: {}", file.display()));
    }
    Ok(Ending::Fine)
}
