//! Standard output, for people or as one JSON object, and notices on standard error.

use crate::error::CliError;
use serde::Serialize;
use std::fmt;
use std::io::{Write, stderr};

/// Where a command prints.
pub(crate) struct Output<'a> {
    writer: &'a mut dyn Write,
    json: bool,
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

impl<'a> Output<'a> {
    /// Prints into `writer`.
    pub(crate) fn new(writer: &'a mut dyn Write, json: bool) -> Self {
        Self { writer, json }
    }

    /// Whether a JSON object is wanted.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// One line, or several that are already broken; flushed, as a reader may wait for it.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> Result<(), CliError> {
        writeln!(self.writer, "{text}")
            .and_then(|()| self.writer.flush())
            .map_err(|source| CliError::Output { source })
    }

    /// A piece of a text that is not at its end; flushed likewise.
    pub(crate) fn piece(&mut self, text: &str) -> std::io::Result<()> {
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }

    /// The whole answer as a JSON object.
    pub(crate) fn object(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        self.line(to_json(value, serde_json::to_string_pretty))
    }

    /// A part of an answer on one line, for objects that are written bit by bit.
    pub(crate) fn json_line(
        &mut self,
        before: &str,
        value: &impl Serialize,
    ) -> Result<(), CliError> {
        self.line(format_args!(
            "{before}{}",
            to_json(value, serde_json::to_string)
        ))
    }
}

fn to_json<T: Serialize>(value: &T, write: fn(&T) -> serde_json::Result<String>) -> String {
    write(value).expect("our answers are maps with string keys, lists, text and numbers")
}

/// A line on standard error; nobody listening is no reason to stop.
pub(crate) fn notice(text: impl fmt::Display) {
    let _ = writeln!(stderr(), "{text}");
}
