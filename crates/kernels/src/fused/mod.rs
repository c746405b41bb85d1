//! The fast path: one driver for all cells.
//!
//! A forward pass multiplies the inputs of all steps with `W_ih` at once, then goes through time
//! with one product and one pass of the cell's equations per step. A backward pass goes back the
//! same way, turning the gates in place into gradients of the pre-activations, and afterwards
//! multiplies out the gradients of the weights and of the input for all steps at once.
//!
//! In reading order:
//!
//! - [`recurrence`]: what a cell is; [`rnn`], [`lstm`], [`gru`]: the cells; [`lanes`]: a cell's
//!   equations over rows and units; [`cells`]: from kind to cell.
//! - [`schedule`]: rows over time; [`threads`]: rows and units over threads; [`layout`]: sizes and
//!   packed parameters.
//! - [`forward`], [`backward`], [`weight_gradient`]: the driver.
//!
//! **Why threads never change a bit.** A row's step uses only that row, and each element of a
//! product is one sum in a fixed order, so it does not matter which rows share a block or a tile.
//! Gradients of the weights sum over all steps in one order ([`schedule::Schedule::runs`]), each
//! element in one task.

mod recurrence;

mod gru;
mod lanes;
mod lstm;
mod rnn;

mod cells;
mod layout;
mod schedule;
mod threads;

mod backward;
mod forward;
mod weight_gradient;

pub(crate) use backward::sequence_backward;
pub(crate) use forward::{Trace, sequence_forward, sequence_forward_saving};
pub(crate) use lanes::ForwardRows;
pub(crate) use layout::Layout;
pub(crate) use recurrence::{Operand, Stage};

#[cfg(test)]
mod tests;
