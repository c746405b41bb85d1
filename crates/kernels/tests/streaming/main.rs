//! Single steps: every instruction set and precision against the oracle.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod agree;
mod allocation;
#[path = "../cells/mod.rs"]
mod cells;
mod errors;
mod logits;
mod matrix;

use cells::cells;
use recurra_kernels::{CellKind, PackedCell, Precision, StepShape, Weights};
use recurra_testkit::Numbers;

/// A cell's parameters, made of pseudo-random numbers.
struct Case {
    cell: CellKind,
    shape: StepShape,
    w_ih: Vec<f32>,
    w_hh: Vec<f32>,
    vectors: Vec<f32>,
    numbers: Numbers,
}

impl Case {
    fn new(cell: CellKind, input_size: usize, hidden_size: usize) -> Case {
        let mut numbers = Numbers(input_size as u64 * 31 + hidden_size as u64);
        let scale = 1.0 / (hidden_size.max(1) as f32).sqrt();
        Case {
            cell,
            shape: StepShape {
                input_size,
                hidden_size,
            },
            w_ih: numbers.vec(cell.num_gates() * hidden_size * input_size, scale),
            w_hh: numbers.vec(cell.w_hh_len(hidden_size), scale),
            vectors: numbers.vec(cell.num_vectors() * hidden_size, 0.5),
            numbers,
        }
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            w_ih: &self.w_ih,
            w_hh: &self.w_hh,
            vectors: &self.vectors,
        }
    }

    fn pack(&self, precision: Precision) -> PackedCell {
        PackedCell::pack(self.cell, self.shape, self.weights(), precision).unwrap()
    }
}
