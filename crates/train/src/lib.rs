//! How a model is fitted and judged: the update loop, what it keeps on disk, metrics.
//!
//! [`fit`] is the loop. A task gives it a [`Learner`]: batches, a loss, an evaluation.
//! What the loop does is said by [`TrainConfig`], the `[train]` section of a recipe;
//! where it writes is a [`Run`], a directory; [`Control`] interrupts and watches it.
//!
//! Killed at any moment and resumed, a run ends with the same weights to the bit as one
//! that was never stopped: every random number is a function of seed and update
//! ([`Stream`]), and a [`Checkpoint`] holds the rest.

pub mod baseline;
pub mod metric;

mod atomic;
mod averaging;
mod checkpoint;
mod config;
mod control;
mod diagnosis;
mod early_stopping;
mod error;
mod fine_tuning;
mod fit;
mod history;
mod learner;
mod optimizer;
pub mod progress;
mod run;
mod schedule;
mod stream;

pub use atomic::write_atomic;
pub use averaging::{Averaging, AveragingConfig};
pub use checkpoint::Checkpoint;
pub use config::{Precision, TrainConfig};
pub use control::{Control, Interrupt};
pub use diagnosis::{Cause, Diagnosis, EXPLOSION_FACTOR, Symptom, Watch};
pub use early_stopping::{Best, EarlyStopping, EarlyStoppingConfig, EarlyStoppingState};
pub use error::TrainError;
pub use fine_tuning::FineTuningConfig;
pub use fit::{Fitted, Outcome, fit};
pub use history::{Evaluation, read_history};
pub use learner::{Differentiated, Learner};
pub use optimizer::{Adam, AdamW, Optimizer, OptimizerConfig, RmsProp, Sgd};
pub use run::{FORMAT_VERSION, Manifest, Run, RunLock, Status};
pub use schedule::{Schedule, ScheduleConfig, ScheduleState};
pub use stream::Stream;
