//! What can go wrong above the crates below.

use recurra_data::DataError;
use recurra_nn::NnError;
use recurra_nn::streaming::Precision;
use recurra_train::TrainError;
use std::path::PathBuf;

/// Errors of the library; those of the crates below pass through unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No recipe of this name is built in, and no file has it either.
    #[error("no recipe `{name}`: `recurra recipes` lists them all, and a path to a .toml file works too{}", nearest(suggestion.as_deref()))]
    UnknownRecipe {
        /// What was asked for.
        name: String,
        /// The built-in recipe with the most similar name.
        suggestion: Option<String>,
    },
    /// A recipe file cannot be read.
    #[error("{}: cannot read the recipe", path.display())]
    RecipeFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A recipe is no TOML, has an unknown key, or a value of the wrong type.
    #[error("{origin}: {message}{}", nearest(suggestion.as_deref()))]
    Recipe {
        /// The file or the built-in recipe.
        origin: String,
        /// What is wrong, and where.
        message: String,
        /// The known key that is most similar to an unknown one.
        suggestion: Option<String>,
    },
    /// A `--set` that is not `key=value`, or whose key goes through a value.
    #[error("--set {given}: {message}")]
    Override {
        /// The argument.
        given: String,
        /// What is wrong with it.
        message: String,
    },
    /// A recipe's value is outside its range, or two do not go together.
    #[error("{key}: expected {want}, got {got}")]
    Config {
        /// The key, with its section.
        key: String,
        /// What is allowed.
        want: String,
        /// What came.
        got: String,
    },
    /// An input line that a model cannot take.
    #[error("line {line}: {message}")]
    Input {
        /// The line's number, from 1.
        line: usize,
        /// What was expected and what came.
        message: String,
    },
    /// A label that does not fit the task or the run.
    #[error("{}:{line}: expected {want}, got `{got}`", path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What labels may be.
        want: String,
        /// The label.
        got: String,
    },
    /// The run has nothing to show yet.
    #[error("{}: training has not finished; `recurra train --resume {}` goes on with it", dir.display(), dir.display())]
    Unfinished {
        /// The run's directory.
        dir: PathBuf,
    },
    /// There is nothing left to train.
    #[error("{}: this run is finished; `recurra eval` and `recurra predict` use it", dir.display())]
    AlreadyFinished {
        /// The run's directory.
        dir: PathBuf,
    },
    /// Something that the run's task does not do.
    #[error("{}: a {task} run {why}", dir.display())]
    NotOfTask {
        /// The run's directory.
        dir: PathBuf,
        /// Its task.
        task: &'static str,
        /// What it does not do, and which runs do.
        why: &'static str,
    },
    /// Nobody takes what is written.
    #[error("cannot write the text")]
    Say(#[source] std::io::Error),
    /// Nobody has made the run's weights in this precision.
    #[error("{}: no {precision} weights; `recurra quantize {} --to {precision}` makes them", dir.display(), dir.display())]
    NotQuantized {
        /// The run's directory.
        dir: PathBuf,
        /// What was asked for.
        precision: Precision,
    },
    /// A file that a run wrote can no longer be read.
    #[error("{}: damaged ({reason}); train again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the reader found.
        reason: String,
    },
    /// Something that was to be kept in a run, and that JSON cannot hold.
    #[error("{}: cannot be written as JSON", path.display())]
    NoJson {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A cell of a table that cannot be what it should.
    #[error("{}:{line}: column {column}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Its name or number.
        column: String,
        /// What was expected, and what came.
        problem: String,
    },
    /// Reading or writing data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Building or running a network.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// Fitting, or a run directory.
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl Error {
    /// An [`Error::Config`] from anything printable.
    pub(crate) fn config(
        key: impl Into<String>,
        want: impl Into<String>,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Config {
            key: key.into(),
            want: want.into(),
            got: got.to_string(),
        }
    }
}

fn nearest(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
