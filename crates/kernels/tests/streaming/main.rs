//! Single steps: every instruction set and precision against the oracle.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod agree;
mod allocation;
mod errors;
mod matrix;

use recurra_kernels::{Activation, CellKind, PackedCell, Precision, Reset, StepShape, Weights};

/// Every cell with every option.
fn cells() -> Vec<CellKind> {
    let mut cells = Vec::new();
    for activation in [Activation::Tanh, Activation::Relu] {
        cells.push(CellKind::Rnn { activation });
        cells.push(CellKind::IndRnn { activation });
    }
    for reset in [Reset::AfterProduct, Reset::BeforeProduct] {
        cells.push(CellKind::Gru { reset });
    }
    for peepholes in [false, true] {
        for coupled in [false, true] {
            for clip in [None, Some(0.4)] {
                cells.push(CellKind::Lstm {
                    peepholes,
                    coupled,
                    clip,
                });
            }
        }
    }
    cells
}

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

/// Pseudo-random numbers (SplitMix64), the same on every run.
struct Numbers(u64);

impl Numbers {
    /// `len` numbers from −scale to scale.
    fn vec(&mut self, len: usize, scale: f32) -> Vec<f32> {
        (0..len).map(|_| self.next() * scale).collect()
    }

    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // 24 bits fit an f32 exactly.
        (z >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}
