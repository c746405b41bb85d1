//! What a model is measured against: predictors without a network.
//!
//! A number means little alone, so every task prints its baseline beside it. These are the honest
//! ones: the last value, the drift and the season of a series, a linear autoregression, a 5-gram letter model with modified Kneser-Ney
//! smoothing, linear models over words, word pairs and pixels, the likeliest label of a word and an averaged perceptron, and the most that any predictor could reach.

mod best_possible;
mod completion;
mod forecast;
mod linear;
mod linear_ar;
mod naive2;
mod ngram;
mod tagging;
mod text;

pub use best_possible::{BestPossible, best_last_letter};
pub use completion::Completion;
pub use forecast::ForecastRule;
pub use linear::PixelClassifier;
pub use linear_ar::{ArOrder, LinearAr};
pub use naive2::naive2;
pub use ngram::{NgramConfig, NgramModel};
pub use tagging::{LikeliestLabel, PerceptronTagger};
pub use text::{Terms, TextClassifier, TextRule, TextRuleConfig};
