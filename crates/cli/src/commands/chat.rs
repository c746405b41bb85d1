//! `recurra chat`: a conversation, a line at a time.

use crate::args::Chat as Args;
use crate::commands::Ending;
use crate::commands::predict::InputLines;
use crate::error::CliError;
use crate::output::{Output, notice};
use recurra::{Chat, ChatOptions};
use serde_json::json;
use std::path::Path;

pub(crate) fn run(args: &Args, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let options = ChatOptions {
        temperature: args.temperature.and_then(drawn_at),
        history: args.history.into(),
        seed: args.seed,
    };
    let mut chat =
        recurra::chat(&args.run, options, args.precision.into()).map_err(CliError::of_request)?;
    let mut ending = Ending::Fine;
    let mut turns = Vec::new();
    for line in InputLines::open(Path::new("-"))? {
        let line = line?;
        let text = match line.text {
            Ok(text) => text,
            Err(message) => {
                notice(format_args!("line {}: {message}", line.number));
                ending = Ending::Incomplete;
                continue;
            }
        };
        match text.trim() {
            "/quit" => break,
            command if command.starts_with('/') => obey(command, &mut chat),
            said => {
                let reply = chat.answer(said)?;
                for text in &reply.notices {
                    notice(format_args!("{text}"));
                }
                if output.json() {
                    turns.push(json!({ "said": said, "answer": reply.text }));
                } else {
                    output.line(reply.text)?;
                }
            }
        }
    }
    if output.json() {
        output.object(&json!({ "turns": turns }))?;
    }
    Ok(ending)
}

/// The temperature of draws: at 0 none are made, and the run's own search answers.
fn drawn_at(temperature: f64) -> Option<f64> {
    (temperature != 0.0).then_some(temperature)
}

/// Does what a line with a slash says; what that is, is told on standard error.
fn obey(command: &str, chat: &mut Chat) {
    if command == "/reset" {
        chat.reset();
        notice("forgotten");
        return;
    }
    let temperature = command.strip_prefix("/temperature ").map(str::trim);
    match temperature.map(str::parse::<f64>) {
        Some(Ok(temperature)) => match chat.set_temperature(drawn_at(temperature)) {
            Ok(()) => notice(format_args!("temperature {temperature}")),
            Err(error) => notice(format_args!("{error}")),
        },
        Some(Err(_)) => notice("/temperature: expected a number of at least 0"),
        None => notice("there are /reset, /temperature T and /quit"),
    }
}
