//! What a model is measured against: predictors without a network.
//!
//! A number means little alone, so every task prints its baseline beside it. These are the honest
//! ones: the last value and the drift of a series, a 5-gram letter model with modified Kneser-Ney
//! smoothing, and the most that any predictor could reach.

mod best_possible;
mod completion;
mod forecast;
mod ngram;

pub use best_possible::{BestPossible, best_last_letter};
pub use completion::Completion;
pub use forecast::Forecast;
pub use ngram::{NgramConfig, NgramModel};
