//! `recurra explain`: which words moved a classifier's answer.

use crate::args::Explain;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use recurra::Explanation;
use recurra::report::excerpt;
use serde_json::json;
use std::io::{ErrorKind, Read};

/// The longest text that is read: a bound on memory, whatever comes.
const MAX_BYTES: u64 = 1 << 20;

pub(crate) fn run(args: &Explain, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let text = match &args.text {
        Some(text) => text.clone(),
        None => read_all()?,
    };
    let explanation = recurra::explain(&args.run, &text).map_err(CliError::of_request)?;
    if let Some(path) = &args.svg {
        let svg = explanation.marked().to_svg();
        recurra::fitting::write_atomic(path, svg.as_str().as_bytes())
            .map_err(recurra::Error::from)?;
    }
    if output.json() {
        let mut object = json!(explanation);
        object["svg"] = json!(args.svg.as_ref().map(|path| path.display().to_string()));
        output.object(&object)?;
    } else {
        output.line(for_people(&explanation, args.top.into()).join("\n"))?;
    }
    Ok(Ending::Fine)
}

fn read_all() -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let text = read.and_then(|len| match len as u64 > MAX_BYTES {
        true => {
            let message = format!("expected a text of at most {MAX_BYTES} bytes, got more");
            Err(std::io::Error::new(ErrorKind::InvalidData, message))
        }
        false => String::from_utf8(bytes)
            .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error)),
    });
    text.map_err(|source| CliError::Read {
        origin: "standard input".to_owned(),
        source,
    })
}

/// The answer, and the words that did most, with a bar each.
fn for_people(explanation: &Explanation, top: usize) -> Vec<String> {
    const WIDEST: f64 = 20.0;
    /// Of a word, or of several that were taken together.
    const LETTERS: usize = 40;
    let strongest = explanation.strongest(top);
    let most = strongest.first().map_or(1.0, |one| one.effect.abs());
    let headings = [
        ("effect", Align::Right),
        ("", Align::Left),
        ("word", Align::Left),
    ];
    let mut table = Table::new(headings);
    for one in strongest {
        let len = WIDEST * one.effect.abs() / most.max(f64::MIN_POSITIVE);
        let bar = if one.effect < 0.0 { "-" } else { "+" };
        table.row([
            format!("{:+.2}", one.effect),
            bar.repeat(len.round() as usize),
            excerpt(&one.word, LETTERS),
        ]);
    }
    let first = format!("{} {:.2}", explanation.label, explanation.probability);
    let mut lines = vec![first];
    lines.extend(table.lines(2));
    lines
}
