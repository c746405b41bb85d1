//! What can go wrong when a model is fitted, and in its run directory.

use crate::diagnosis::Diagnosis;
use recurra_nn::NnError;
use std::path::{Path, PathBuf};

/// Errors of this crate; each names the key, file or update and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A value of the `[train]` section is outside its range, or clashes with another.
    #[error("`{key}`: expected {want}, got {got}")]
    Config {
        /// The key in the recipe, with its section.
        key: &'static str,
        /// The values that are allowed.
        want: String,
        /// The value that came.
        got: String,
    },
    /// The operating system refused to read or write.
    #[error("{}: cannot {action}: {}", path.display(), why(source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The refusal.
        source: std::io::Error,
    },
    /// The directory is not one that `recurra train` wrote.
    #[error("{}: not a run directory ({reason}); expected a directory that `recurra train` wrote", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What is missing or unreadable.
        reason: String,
    },
    /// The run was written by a version with another layout.
    #[error(
        "{}: a run of format {got} (written by recurra {written_by}); this recurra reads format {want}",
        path.display()
    )]
    OtherVersion {
        /// The run directory.
        path: PathBuf,
        /// The format that is understood.
        want: u32,
        /// The format that was found.
        got: u32,
        /// The version that wrote it.
        written_by: String,
    },
    /// A new run was asked for where something else is.
    #[error("{}: {found}; {advice}", path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
        /// What is there.
        found: &'static str,
        /// How to go on.
        advice: String,
    },
    /// Another process is training in the directory.
    #[error("{}: another process is training in this run directory; wait for it or stop it", path.display())]
    Locked {
        /// The run directory.
        path: PathBuf,
    },
    /// A file name that would leave the run directory.
    #[error("`{name}`: a file of a run is named by a relative path without `..`")]
    FileName {
        /// The name.
        name: String,
    },
    /// A checkpoint is incomplete, cut short or altered.
    #[error("{}: damaged checkpoint ({reason})", path.display())]
    DamagedCheckpoint {
        /// The checkpoint directory or the file in it.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A line of `metrics.jsonl` is no evaluation.
    #[error("{}: line {line}: {reason}; expected one evaluation as a JSON object", path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What does not fit.
        reason: String,
    },
    /// There is nothing to resume from.
    #[error("{}: no usable checkpoint to resume from{}; start again with `recurra train`", path.display(), tried(damaged))]
    NoCheckpoint {
        /// The run directory.
        path: PathBuf,
        /// Why each checkpoint that exists was refused.
        damaged: Vec<String>,
    },
    /// The checkpoint was made with another `[train]` section.
    #[error(
        "`train.{key}` is {got} but the checkpoint was made with {want}; resume with the recipe that started the run"
    )]
    OtherConfig {
        /// The key that differs.
        key: String,
        /// Its value in the checkpoint.
        want: String,
        /// Its value now.
        got: String,
    },
    /// The training data is not what the checkpoint was made with.
    #[error(
        "epoch {epoch} had {want} batches when the checkpoint was made and has {got} now; resume with the data that started the run"
    )]
    OtherData {
        /// Counted from 1.
        epoch: u64,
        /// Batches then.
        want: usize,
        /// Batches now.
        got: usize,
    },
    /// A metric that the recipe relies on is not among those that the task reports.
    #[error("`{key}`: the task reports no metric `{name}`; it reports {}", found.join(", "))]
    UnreportedMetric {
        /// The key that names the metric.
        key: &'static str,
        /// The metric.
        name: String,
        /// What the task reports.
        found: Vec<String>,
    },
    /// A metric was given two sequences of different length.
    #[error("{metric}: {predictions} predictions for {targets} targets; there must be one each")]
    MetricLengths {
        /// The metric's name.
        metric: &'static str,
        /// How many predictions came.
        predictions: usize,
        /// How many targets came.
        targets: usize,
    },
    /// A metric or a baseline was given something that it cannot judge or learn from.
    #[error("{op}: `{arg}` should be {want}, got {got}")]
    Argument {
        /// The metric or baseline.
        op: &'static str,
        /// Its argument.
        arg: &'static str,
        /// What fits.
        want: String,
        /// What came.
        got: String,
    },
    /// An epoch without batches.
    #[error("epoch {epoch} has no batches: there is no training data")]
    NoBatches {
        /// Counted from 1.
        epoch: u64,
    },
    /// A loss that no parameter can lower.
    #[error(
        "update {update}: the loss does not depend on any trainable weight; the model must be on a device with autodiff and must not be frozen"
    )]
    NoGradient {
        /// Counted from 1.
        update: u64,
    },
    /// Training blew up and was stopped.
    #[error(transparent)]
    Diverged(Box<Diagnosis>),
    /// The optimizer's state cannot be written or read.
    #[error("optimizer state: {reason}")]
    OptimizerState {
        /// What the serialiser said.
        reason: String,
    },
    /// The handler of Ctrl-C cannot be installed.
    #[error("cannot watch for Ctrl-C: {reason}")]
    Signals {
        /// What the system said.
        reason: String,
    },
    /// The model, its weights or its loss.
    #[error(transparent)]
    Model(#[from] NnError),
}

impl TrainError {
    /// For `map_err` on an I/O result.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }

    /// A [`TrainError::Argument`] from anything printable.
    pub(crate) fn argument(
        op: &'static str,
        arg: &'static str,
        want: impl std::fmt::Display,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Argument {
            op,
            arg,
            want: want.to_string(),
            got: got.to_string(),
        }
    }

    /// A [`TrainError::Config`] from anything printable.
    pub(crate) fn config(
        key: &'static str,
        want: impl Into<String>,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Config {
            key,
            want: want.into(),
            got: got.to_string(),
        }
    }
}

/// The cause in words that say what to do, where the system's own are terse.
fn why(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull => "the disk is full; free some space and try again".to_owned(),
        ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; choose another directory".to_owned()
        }
        ErrorKind::PermissionDenied => {
            format!("{error}; choose a directory that you may write to")
        }
        _ => error.to_string(),
    }
}

fn tried(damaged: &[String]) -> String {
    if damaged.is_empty() {
        String::new()
    } else {
        format!(" ({})", damaged.join("; "))
    }
}
