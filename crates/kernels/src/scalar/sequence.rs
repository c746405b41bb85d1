//! Time: rows one after another, each through its own steps.

use super::Real;
use super::step::{self, Gradients, Parameters, State};
use crate::sequence::Kept;
use crate::{CellKind, KernelError, Saved, SequenceBackward, SequenceForward, SequenceShape};

/// The state before each step, `[T, B]`; `None` at padding.
#[derive(Debug)]
pub(crate) struct Trace<R>(Vec<Option<State<R>>>);

/// As [`crate::sequence_forward`], in the precision of `R`.
///
/// # Errors
/// As [`crate::sequence_forward`].
pub fn sequence_forward<R: Real>(call: SequenceForward<'_, R>) -> Result<(), KernelError> {
    call.check("scalar::sequence_forward")?;
    run(call, |_, _| ());
    Ok(())
}

/// As [`crate::sequence_forward_saving`], in the precision of `R`.
///
/// # Errors
/// As [`crate::sequence_forward`].
pub fn sequence_forward_saving<R: Real>(
    call: SequenceForward<'_, R>,
) -> Result<Saved<R>, KernelError> {
    call.check("scalar::sequence_forward_saving")?;
    let origin = call.origin();
    let mut states = Vec::new();
    if !call.shape.has_no_state() {
        states.resize(call.shape.seq_len * call.shape.batch_size, None);
    }
    run(call, |index, state| states[index] = Some(state.clone()));
    let kept = Kept::Scalar(Trace(states));
    Ok(Saved { origin, kept })
}

/// Runs a checked call; `keep` gets the state before each step and the step's place in `[T, B]`.
fn run<R: Real>(call: SequenceForward<'_, R>, mut keep: impl FnMut(usize, &State<R>)) {
    if call.shape.has_no_state() {
        return;
    }
    let SequenceShape {
        seq_len,
        batch_size,
        input_size,
        hidden_size,
    } = call.shape;
    let parameters = Parameters {
        products: call.products,
        ..Parameters::new(call.weights, call.shape)
    };
    call.outputs.fill(R::ZERO);
    for row in 0..batch_size {
        let mut state = read_state(call.cell, call.shape, call.state, row);
        let length = call.lengths.map_or(seq_len, |lengths| lengths[row]);
        for time in call.direction.times(length) {
            let index = time * batch_size + row;
            keep(index, &state);
            let x = &call.x[index * input_size..][..input_size];
            state = step::forward(call.cell, parameters, x, &state);
            call.outputs[index * hidden_size..][..hidden_size].copy_from_slice(&state.hidden);
        }
        write_state(call.shape, &state, row, call.final_state);
    }
}

/// As [`crate::sequence_backward`], in the precision of `R`.
///
/// # Errors
/// As [`crate::sequence_backward`]; also when `saved` comes from another path than the oracle.
pub fn sequence_backward<R: Real>(call: SequenceBackward<'_, R>) -> Result<(), KernelError> {
    const OP: &str = "scalar::sequence_backward";
    call.check(OP)?;
    let Kept::Scalar(Trace(states)) = call.saved.kept else {
        return Err(KernelError::SavedMismatch {
            op: OP,
            wanted: "the oracle".to_owned(),
            got: "the fused path".to_owned(),
        });
    };
    let SequenceShape {
        seq_len,
        batch_size,
        input_size,
        hidden_size,
    } = call.shape;
    let parameters = Parameters {
        products: call.products,
        ..Parameters::new(call.weights, call.shape)
    };
    let mut gradients = Gradients {
        d_w_ih: call.d_w_ih,
        d_w_hh: call.d_w_hh,
        d_vectors: call.d_vectors,
    };
    gradients.d_w_ih.fill(R::ZERO);
    gradients.d_w_hh.fill(R::ZERO);
    gradients.d_vectors.fill(R::ZERO);
    let mut unwanted = Vec::new();
    let d_x = call.d_x.unwrap_or_else(|| {
        unwanted.resize(call.x.len(), R::ZERO);
        &mut unwanted
    });
    d_x.fill(R::ZERO);
    if call.shape.has_no_state() {
        return Ok(());
    }

    for row in 0..batch_size {
        let mut d_state = match call.d_final_state {
            Some(d_final_state) => read_state(call.cell, call.shape, d_final_state, row),
            None => State::zeros_like(&read_state(call.cell, call.shape, call.state, row)),
        };
        let length = call.lengths.map_or(seq_len, |lengths| lengths[row]);
        for time in call.direction.times(length).rev() {
            let index = time * batch_size + row;
            if let Some(d_outputs) = call.d_outputs {
                let d_outputs = &d_outputs[index * hidden_size..][..hidden_size];
                for (d_hidden, &d_output) in d_state.hidden.iter_mut().zip(d_outputs) {
                    *d_hidden += d_output;
                }
            }
            let state = states[index].as_ref().expect("every real step was kept");
            d_state = step::backward(
                call.cell,
                parameters,
                &call.x[index * input_size..][..input_size],
                state,
                &d_state,
                &mut d_x[index * input_size..][..input_size],
                &mut gradients,
            );
        }
        write_state(call.shape, &d_state, row, call.d_state);
    }
    Ok(())
}

/// One row of `[S, B, H]`.
fn read_state<R: Real>(cell: CellKind, shape: SequenceShape, values: &[R], row: usize) -> State<R> {
    let hidden_size = shape.hidden_size;
    let part = |state: usize| {
        values[(state * shape.batch_size + row) * hidden_size..][..hidden_size].to_vec()
    };
    State {
        hidden: part(0),
        cell: if cell.num_states() > 1 {
            part(1)
        } else {
            Vec::new()
        },
    }
}

fn write_state<R: Real>(shape: SequenceShape, state: &State<R>, row: usize, values: &mut [R]) {
    let hidden_size = shape.hidden_size;
    for (index, part) in [&state.hidden, &state.cell].into_iter().enumerate() {
        if !part.is_empty() {
            values[(index * shape.batch_size + row) * hidden_size..][..hidden_size]
                .copy_from_slice(part);
        }
    }
}
