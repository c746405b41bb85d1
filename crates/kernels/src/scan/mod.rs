//! Cells that scan: their gates see only the input, so all products of a sequence are done before,
//! and what is left is `c' = a ⊙ c + b` along time, element by element.
//!
//! The caller multiplies the input of all steps at once; the two doors here,
//! [`scan_forward`] and [`scan_backward`], take the products. There is no product between steps
//! and hence no reason to be time-major: arrays are `[B, T, ..]`, the public layout of the layers
//! above, and nothing is copied.
//!
//! **Over time in parallel.** A row is cut into blocks of [`blocks::BLOCK`] steps. Inside a block
//! a step is written `c = A ⊙ carry + l`, where `A` is the product of the `a` since the block's
//! start, `l` the result had the block started from zero, and `carry` the state before the block.
//! With rows enough for all threads a row's blocks run one after another. With fewer, a first pass
//! finds `A` and `l` of each block's end, all blocks side by side; the carries follow from these;
//! and a second pass runs all blocks side by side. The arithmetic is the same, so is every bit.
//! Back-propagation does the same from the other end. An SRU with peepholes is not linear in `c`
//! and runs whole rows side by side.
//!
//! **No logarithms.** The paper of minGRU and minLSTM computes the scan in log space, because a
//! cumulative product divided out again overflows. Here nothing is divided out: `a` and `b` are
//! composed as pairs, with `0 <= a <= 1`, so there is nothing to overflow, the result is the same
//! number, and it needs no exponential a step. The gates of a minLSTM, whose quotient would be 0/0
//! for small ones, are formed as in log space, with the largest exponent subtracted.
//! [`crate::scalar::scan_log_space`] is the paper's form, and a test holds the two equal.
//!
//! In reading order: [`kind`] the cells; [`call`] the calls; [`curves`] the functions;
//! [`cell`] what a cell is, [`min`], [`qrnn`], [`sru`] the cells; [`blocks`] rows over time and
//! threads, [`lanes`] groups of units, [`since`] the inside of a block; [`forward`], [`backward`]
//! the driver; [`door`] from kind to cell.

mod kind;

mod call;

mod curves;

mod cell;
mod min;
mod qrnn;
mod sru;

mod blocks;
mod lanes;

mod since;

mod backward;
mod forward;

mod door;

pub use call::{ScanBackward, ScanForward, ScanShape};
pub use door::{scan_backward, scan_backward_on, scan_forward, scan_forward_on};
pub use kind::{Candidate, Highway, Pooling, ScanKind};
