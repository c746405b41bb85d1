//! Decoding: from a model that reads one token at a time to whole sequences.
//!
//! Written once, over [`Stepwise`]; a model with attention, a letter model and a table of
//! probabilities made by hand are decoded by the same code. In reading order:
//!
//! - [`Stepwise`]: what a model has to offer
//! - [`DecodeConfig`]: greedy, sampling or beam search, with their options
//! - [`decode`]: a batch of rows in, the best hypotheses of each row out
//! - [`Ensemble`]: several models as one
//!
//! What a row is decoded to depends on that row alone: not on the rows beside it, nor on
//! their order or number. Rows that are done leave the batch.

mod stepwise;

mod config;

mod start;

mod score;

mod hypothesis;

mod constraint;

mod single;

mod sample;

mod live;

mod beam;

mod search;

mod ensemble;

mod continuation;

pub use config::{BeamConfig, DecodeConfig, Ends, LengthPenalty, SampleConfig, Search};
pub use continuation::{Continuation, Said};
pub use ensemble::{Average, Ensemble};
pub use hypothesis::Hypothesis;
pub use score::coverage_penalty;
pub use search::decode;
pub use start::{Start, Symbols};
pub(crate) use stepwise::LogitSpace;
pub use stepwise::{StepOutput, Stepwise};
