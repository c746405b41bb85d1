//! The task `forecast`: given a window of a series, the next value.
//!
//! The lecture's first exercise (`0.1 0.2 0.3` to `0.4`) and the user's own column of
//! numbers. A window is scaled by its own values, in 64-bit floats: 0 is its last value and
//! 1 its mean absolute change. At each step the network reads the scaled change to a value
//! and where the value lies; the state behind the last step gives **the scaled change to the
//! next value**, which is turned back into the series' numbers. So what holds for 1 to 10
//! holds for a million as well, and the forecast of `a·x + b` is `a` times the forecast of
//! `x` plus `b`.
//!
//! A column may be read beside others (`data.inputs`, and what is known beforehand: `data.known`,
//! `data.calendar`), several values ahead may be forecast (`data.horizon`), and instead of a value
//! a distribution or quantiles may be said (`model.head`). Several series may be learnt by one
//! network (`data.source = "panel"`), each judged by its end.
//!
//! Figures always stand beside the last value, the drift and the mean, with a plain word
//! when one of them is better or when the model only repeats what it saw last.

mod charts;
mod column;
mod config;
mod counts;
mod covariates;
mod data;
mod example;
mod fit;
mod infer;
mod intervals;
mod judge;
mod model;
mod outlook;
mod panel;
mod paths;
mod report;
mod rows;
mod streamed;
#[cfg(test)]
mod tests;
mod verdict;

pub use config::{
    Ahead, ArInit, ColumnConfig, DataConfig, FamilyConfig, GeneratedConfig, Head, MadeKind,
    MadeSeries, ModelConfig, Recipe, RowFilter,
};
pub use covariates::Calendar;
pub use infer::Forecast;
pub use model::{ForecastModel, Sizes};
pub use panel::PanelConfig;

use super::{Task, by_usual_files};

/// The task's name in recipes and runs.
pub const NAME: &str = "forecast";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
    by_usual_files!(quantize);
}
