//! Encoder-decoders: one sequence at once is the same as step by step, rows do not see each
//! other, gradients are those of differences, and what cannot work is refused by name.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod behaviour;
mod case;
mod copying;
mod decoding;
mod refusals;
