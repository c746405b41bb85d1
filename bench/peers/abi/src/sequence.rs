//! Whole sequences: inference, and a training step.

use crate::{read, status, write};
use recurra_kernels::{
    Activation, CellKind, Direction, KernelError, Products, Reset, SequenceBackward,
    SequenceForward, SequenceShape, Weights, sequence_backward, sequence_forward,
    sequence_forward_saving,
};
use std::ffi::c_int;

/// One call; `lengths` is null when every row is full, the last group when only inferring.
#[repr(C)]
#[derive(Debug)]
pub struct Sequence {
    /// As [`kind`] numbers them.
    cell: c_int,
    /// What is multiplied: 0 f32, 1 bf16.
    products: c_int,
    seq_len: usize,
    batch_size: usize,
    input_size: usize,
    hidden_size: usize,
    lengths: *const usize,
    x: *const f32,
    w_ih: *const f32,
    w_hh: *const f32,
    vectors: *const f32,
    state: *const f32,
    outputs: *mut f32,
    final_state: *mut f32,
    d_outputs: *const f32,
    d_x: *mut f32,
    d_w_ih: *mut f32,
    d_w_hh: *mut f32,
    d_vectors: *mut f32,
    d_state: *mut f32,
}

/// 0 LSTM, 1 GRU, 2 RNN (tanh), 3 IndRNN (relu).
pub(crate) fn kind(number: c_int) -> CellKind {
    match number {
        0 => CellKind::Lstm {
            peepholes: false,
            coupled: false,
            clip: None,
        },
        1 => CellKind::Gru {
            reset: Reset::AfterProduct,
        },
        2 => CellKind::Rnn {
            activation: Activation::Tanh,
        },
        _ => CellKind::IndRnn {
            activation: Activation::Relu,
        },
    }
}

impl Sequence {
    fn kind(&self) -> CellKind {
        kind(self.cell)
    }

    fn products(&self) -> Products {
        match self.products {
            0 => Products::F32,
            _ => Products::Bf16,
        }
    }

    fn shape(&self) -> SequenceShape {
        SequenceShape {
            seq_len: self.seq_len,
            batch_size: self.batch_size,
            input_size: self.input_size,
            hidden_size: self.hidden_size,
        }
    }

    fn steps_len(&self) -> usize {
        self.seq_len * self.batch_size
    }

    fn w_ih_len(&self) -> usize {
        self.kind().num_gates() * self.hidden_size * self.input_size
    }

    fn vectors_len(&self) -> usize {
        self.kind().num_vectors() * self.hidden_size
    }

    fn state_len(&self) -> usize {
        self.kind().num_states() * self.batch_size * self.hidden_size
    }

    /// # Safety
    /// As the module says of pointers.
    unsafe fn forward<'a>(&self) -> SequenceForward<'a> {
        let lengths = (!self.lengths.is_null()).then_some(self.lengths);
        // SAFETY: the lengths are those that the kernels document for these shapes.
        unsafe {
            SequenceForward {
                cell: self.kind(),
                shape: self.shape(),
                direction: Direction::Forward,
                products: self.products(),
                weights: self.weights(),
                x: read(self.x, self.steps_len() * self.input_size),
                lengths: lengths.map(|lengths| read(lengths, self.batch_size)),
                state: read(self.state, self.state_len()),
                outputs: write(self.outputs, self.steps_len() * self.hidden_size),
                final_state: write(self.final_state, self.state_len()),
            }
        }
    }

    /// # Safety
    /// As the module says of pointers.
    unsafe fn weights<'a>(&self) -> Weights<'a> {
        // SAFETY: the lengths are those that the kernels document for these shapes.
        unsafe {
            Weights {
                w_ih: read(self.w_ih, self.w_ih_len()),
                w_hh: read(self.w_hh, self.kind().w_hh_len(self.hidden_size)),
                vectors: read(self.vectors, self.vectors_len()),
            }
        }
    }

    /// # Safety
    /// As the module says of pointers.
    unsafe fn train(&self) -> Result<(), KernelError> {
        // SAFETY: the caller's promise; outputs are written before gradients are.
        unsafe {
            let forward = self.forward();
            let (cell, shape, direction) = (forward.cell, forward.shape, forward.direction);
            let (x, lengths, state) = (forward.x, forward.lengths, forward.state);
            let saved = sequence_forward_saving(forward)?;
            sequence_backward(SequenceBackward {
                cell,
                shape,
                direction,
                products: self.products(),
                weights: self.weights(),
                x,
                lengths,
                state,
                saved,
                d_outputs: Some(read(self.d_outputs, self.steps_len() * self.hidden_size)),
                d_final_state: None,
                d_x: Some(write(self.d_x, self.steps_len() * self.input_size)),
                d_w_ih: write(self.d_w_ih, self.w_ih_len()),
                d_w_hh: write(self.d_w_hh, self.kind().w_hh_len(self.hidden_size)),
                d_vectors: write(self.d_vectors, self.vectors_len()),
                d_state: write(self.d_state, self.state_len()),
            })
        }
    }
}

/// Inference.
///
/// # Safety
/// As the module says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_sequence_infer(call: &Sequence) -> c_int {
    // SAFETY: the caller's promise.
    status(unsafe { sequence_forward(call.forward()) })
}

/// Forward and backward through time.
///
/// # Safety
/// As the module says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recurra_sequence_train(call: &Sequence) -> c_int {
    // SAFETY: the caller's promise.
    status(unsafe { call.train() })
}
