//! What can go wrong at the command line, and the exit code that tells it.

use recurra::Error;
use recurra::fitting::TrainError;
use recurra::nn::NnError;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Errors of the command line; those of the library pass through unchanged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A recipe that is not there, is wrong, or does not take a `--set`.
    #[error(transparent)]
    Recipe(Error),
    /// Anything else that the library refuses.
    #[error(transparent)]
    Library(#[from] Error),
    /// A path that cannot become a recipe's value.
    #[error("--data {}: the path is not UTF-8, as a recipe needs it", path.display())]
    PathEncoding {
        /// The path.
        path: PathBuf,
    },
    /// A file or standard input cannot be read.
    #[error("{origin}: cannot read")]
    Read {
        /// What was read.
        origin: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{}: cannot write", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Standard output does not take what we write.
    #[error("standard output: cannot write")]
    Output {
        /// Why.
        source: std::io::Error,
    },
    /// `--graph` on something without that network.
    #[error("--network: {subject} has no such network; it has {}", names.join("; "))]
    NoGraph {
        /// What was inspected.
        subject: String,
        /// The networks that it has.
        names: Vec<String>,
    },
    /// The threads cannot be started.
    #[error("--threads {threads}: {reason}")]
    Threads {
        /// How many were asked for.
        threads: u16,
        /// What the system said.
        reason: String,
    },
}

impl CliError {
    /// Whether the reader of our output has gone, which is no error.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output { source } if source.kind() == ErrorKind::BrokenPipe)
    }

    /// 2 when the user should write something else, 1 when it failed.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Recipe(_) | Self::PathEncoding { .. } | Self::NoGraph { .. } => 2,
            _ => 1,
        }
    }

    /// An error of what was asked for: the fault of the recipe or of a flag, or not.
    pub(crate) fn of_request(error: Error) -> Self {
        let recipes_fault = match &error {
            Error::UnknownRecipe { .. }
            | Error::RecipeFile { .. }
            | Error::Recipe { .. }
            | Error::Override { .. }
            | Error::Config { .. }
            | Error::Data(recurra::data::DataError::Setting { .. }) => true,
            Error::Nn(error) | Error::Train(TrainError::Model(error)) => matches!(
                error,
                NnError::Config { .. } | NnError::ForeignOption { .. }
            ),
            Error::Train(error) => matches!(
                error,
                TrainError::Config { .. } | TrainError::UnreportedMetric { .. }
            ),
            _ => false,
        };
        if recipes_fault {
            Self::Recipe(error)
        } else {
            Self::Library(error)
        }
    }

    /// The message and its causes, without those that an outer one already quotes.
    pub(crate) fn chain(&self) -> Vec<String> {
        let mut messages = vec![self.to_string()];
        let mut next = std::error::Error::source(self);
        while let Some(error) = next {
            let text = error.to_string();
            if !messages.iter().any(|message| message.contains(&text)) {
                messages.push(text);
            }
            next = error.source();
        }
        messages
    }
}

impl From<TrainError> for CliError {
    fn from(error: TrainError) -> Self {
        Self::Library(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_is_quoted_already_is_not_repeated() {
        let no_space = || std::io::Error::from(ErrorKind::StorageFull);
        let plain = CliError::Write {
            path: "a.svg".into(),
            source: no_space(),
        };
        assert_eq!(plain.chain(), ["a.svg: cannot write", "no storage space"]);
        let quoting = CliError::from(TrainError::Io {
            path: "a.svg".into(),
            action: "write",
            source: std::io::Error::other("the dog ate it"),
        });
        assert_eq!(quoting.chain(), ["a.svg: cannot write: the dog ate it"]);
    }
}
