//! Recurrent networks over Burn tensors: what a network computes.
//!
//! It knows no file and no token string. In reading order:
//!
//! - [`cell`]: one step, and the weights that every step shares
//! - [`unroll`]: time, direction, lengths
//! - [`Recurrent`], [`Bidirectional`], [`Stack`]: layers, directions, depth
//! - [`attention`]: what of a memory matters for each query
//! - [`loss`]: one number from outputs and labels
//! - [`decode`]: from steps to whole sequences: greedy, sampling, beam search
//! - [`seq2seq`]: encoder and decoder with attention
//! - [`weights`], [`torch`]: weights by name, in and out
//!
//! Tensors are `[batch, seq_len, feature]`.

mod error;

mod mode;

mod likeliest;

mod activation;

mod init;

mod norm;

mod lengths;

mod look_back;

mod dropout;

mod ops;

pub mod cell;

mod unroll;

mod recurrent;

mod linear;

mod pooling;

mod stack;

pub mod attention;

pub mod loss;

pub mod decode;

pub mod seq2seq;

pub mod optim;

pub mod weights;

pub mod streaming;

pub mod torch;

pub use activation::{Activation, log_softmax};
pub use burn::tensor::{Device, Tensor};
pub use cell::{AnyCell, Cell, CellName, State};
pub use dropout::{DropoutMask, dropout, token_dropout, variational_dropout};
pub use error::NnError;
pub use init::Initialiser;
pub use likeliest::likeliest;
pub use linear::{Embedding, Linear, one_hot};
pub use mode::{Mode, Rng, rng};
pub use norm::LayerNorm;
pub use pooling::{AttentionPooling, SequencePooling, pool};
pub use recurra_kernels::{Direction, Isa, Products};
pub use recurrent::{Bidirectional, Layer, LayerState, Merge, Recurrent};
pub use stack::{LayerConfig, LayerSummary, Shortcut, Stack, StackConfig, StackState};
pub use unroll::{Path, RecurrentNoise, Unroll, Unrolled, unroll, unroll_by_steps};
