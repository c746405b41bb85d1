//! One step of one row.

use super::Real;
use super::step::{self, Parameters, State};
use crate::{CellKind, KernelError, Precision, StepShape, Weights};

/// A single step, as [`crate::Step`] has it, with weights as they are.
#[derive(Debug)]
pub struct Step<'a, R> {
    /// The equations.
    pub cell: CellKind,
    /// I and H.
    pub shape: StepShape,
    /// The parameters, rounded already ([`Precision::round`]).
    pub weights: Weights<'a, R>,
    /// What the vectors that `W_ih` and `W_hh` multiply are rounded to; only
    /// [`Precision::Int8`] rounds them.
    pub operands: Precision,
    /// `[I]`
    pub x: &'a [R],
    /// `[S, H]`, overwritten.
    pub state: &'a mut [R],
}

/// As [`crate::step`], in the precision of `R`.
///
/// # Errors
/// [`KernelError`] naming the first argument whose length disagrees with `shape` and `cell`.
pub fn step<R: Real>(call: Step<'_, R>) -> Result<(), KernelError> {
    let shape = call.shape.sequence();
    call.weights.check("scalar::step", call.cell, shape)?;
    let length = |argument, layout, wanted, got| {
        if wanted == got {
            return Ok(());
        }
        Err(KernelError::Length {
            op: "scalar::step",
            argument,
            layout,
            wanted,
            got,
        })
    };
    let StepShape {
        input_size,
        hidden_size,
    } = call.shape;
    length("x", "[I]", input_size, call.x.len())?;
    let state_len = call.cell.num_states() * hidden_size;
    length("state", "[S, H]", state_len, call.state.len())?;
    let parameters = Parameters {
        operands: call.operands,
        ..Parameters::new(call.weights, shape)
    };
    let (hidden, cell) = call.state.split_at(hidden_size);
    let state = State {
        hidden: hidden.to_vec(),
        cell: cell.to_vec(),
    };
    let State { hidden, cell } = step::forward(call.cell, parameters, call.x, &state);
    call.state[..hidden_size].copy_from_slice(&hidden);
    call.state[hidden_size..].copy_from_slice(&cell);
    Ok(())
}
