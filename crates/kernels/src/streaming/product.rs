//! Vectors times the panels of a matrix.
//!
//! One vector reads memory once and in order, without software prefetch: the processor's own
//! follows the streams better. Several vectors are a product of matrices in f32, and in int8 where
//! the machine has an instruction for it; otherwise all of them are multiplied with a few panels
//! before the next panels are read, which have then to come from far away only once.

use super::panels::Panels;
use super::rows::{Rows, RowsMut};
use crate::arch::{
    Int8Machine, Int8ManyMachine, Int8Tile, LANES, Line, Machine, Simd, VectorWork, Work,
    multiply_add,
};
use crate::matrix::{self, Multiply, Selection, Start, Target, tiles};
use std::ops::Range;

/// Panels side by side on machines whose registers hold 4, 8 and 16 numbers: eight registers of
/// sums, which hide the latency of an addition.
macro_rules! side_by_side {
    ($vector_len:expr, $panels:expr, $call:ident($($argument:expr),* $(,)?)) => {{
        let (mut first, panels) = (0, $panels);
        let at_once = $vector_len / 2;
        while panels - first >= 8 && at_once >= 8 {
            $call::<8>(first, $($argument),*);
            first += 8;
        }
        while panels - first >= 4 && at_once >= 4 {
            $call::<4>(first, $($argument),*);
            first += 4;
        }
        while panels - first >= 2 {
            $call::<2>(first, $($argument),*);
            first += 2;
        }
        if panels - first == 1 {
            $call::<1>(first, $($argument),*);
        }
    }};
}

/// `y += W·x` for one vector; y is whole panels.
///
/// An element starts from what `y` is and goes through x from first to last.
pub(super) fn f32_product(machine: Machine, panels: &Panels<f32>, x: &[f32], y: &mut [f32]) {
    side_by_side!(
        machine.vector_len(),
        panels.count(),
        f32_panels(machine, panels, x, y)
    );
}

/// Vectors as the left operand of [`f32_products`].
pub(super) struct F32Operands {
    rows: usize,
    panels: matrix::Panels,
}

impl F32Operands {
    pub(super) fn pack(x: Rows<'_, f32>) -> F32Operands {
        F32Operands {
            rows: x.count(),
            panels: matrix::Panels::of_rows(x.len().div_ceil(LANES), x.count(), |row| x.row(row)),
        }
    }
}

/// The same for some vectors and some panels, bit by bit; with a bias, `y = bias + W·x`.
pub(super) fn f32_products(
    machine: Machine,
    matrix: &Panels<f32>,
    panels: Range<usize>,
    x: &F32Operands,
    bias: Option<&[f32]>,
    y: &mut RowsMut<'_>,
) {
    let (values, columns) = y.values_and_stride();
    let product = Multiply {
        rows: x.rows,
        depth: matrix.depth(),
        a: x.panels.view(0, 0),
        b: matrix.view(),
        panels: Selection {
            first: panels.start,
            step: 1,
            count: panels.len(),
        },
        c: Target::RowMajor {
            values,
            columns,
            start: bias.map_or(Start::Values, Start::Bias),
        },
    };
    product.run(machine);
}

fn f32_panels<const AT_ONCE: usize>(
    first: usize,
    machine: Machine,
    panels: &Panels<f32>,
    x: &[f32],
    y: &mut [f32],
) {
    machine.run_vectors(F32Panels {
        panels: panels.get::<AT_ONCE>(first),
        x,
        y: sums_of(first, y),
    });
}

/// What some panels add to.
fn sums_of<const AT_ONCE: usize>(first: usize, y: &mut [f32]) -> &mut [[f32; LANES]; AT_ONCE] {
    let (y, _) = y.as_chunks_mut::<LANES>();
    (y[first..].first_chunk_mut()).expect("there are rows for every panel")
}

struct F32Panels<'a, const AT_ONCE: usize> {
    panels: [&'a [Line<f32>]; AT_ONCE],
    x: &'a [f32],
    y: &'a mut [[f32; LANES]; AT_ONCE],
}

impl<const AT_ONCE: usize> VectorWork for F32Panels<'_, AT_ONCE> {
    // Vectors by name: from arrays, a compiler for AVX-512 makes gathers across the columns.
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "numbered, so that the sums are taken apart into registers"
    )]
    fn run<S: Simd, const V: usize, const N: usize>(self, simd: S) {
        let F32Panels { panels, x, y } = self;
        let panels = panels.map(|panel| &panel[..x.len()]);
        let mut sums = [[simd.splat(0.0); V]; AT_ONCE];
        for panel in 0..AT_ONCE {
            for v in 0..V {
                sums[panel][v] = simd.load(&y[panel], v);
            }
        }
        for (k, x) in x.iter().enumerate() {
            let x = simd.broadcast(x);
            for panel in 0..AT_ONCE {
                for v in 0..V {
                    let weights = simd.load(&panels[panel][k].0, v);
                    sums[panel][v] = simd.multiply_add(weights, x, sums[panel][v]);
                }
            }
        }
        for panel in 0..AT_ONCE {
            for v in 0..V {
                simd.store(sums[panel][v], &mut y[panel], v);
            }
        }
    }
}

/// `y += W·x` for each row of `x`, each word of the panels two neighbours of a row, the first in
/// its lower half; x filled up with a zero.
pub(super) fn bf16_product(
    machine: Machine,
    panels: &Panels<u32>,
    x: Rows<'_, [f32; 2]>,
    y: &mut RowsMut<'_>,
) {
    side_by_side!(
        machine.vector_len(),
        panels.count(),
        bf16_panels(machine, panels, x, y)
    );
}

fn bf16_panels<const AT_ONCE: usize>(
    first: usize,
    machine: Machine,
    panels: &Panels<u32>,
    x: Rows<'_, [f32; 2]>,
    y: &mut RowsMut<'_>,
) {
    let panels = panels.get::<AT_ONCE>(first);
    for (x, y) in x.iter().zip(y.iter_mut()) {
        let y = sums_of(first, y);
        match machine.bf16_sums(panels, x) {
            Some(sums) => add(y, sums),
            None => machine.run(Bf16Panels { panels, x, y }),
        }
    }
}

struct Bf16Panels<'a, const AT_ONCE: usize> {
    panels: [&'a [Line<u32>]; AT_ONCE],
    x: &'a [[f32; 2]],
    y: &'a mut [[f32; LANES]; AT_ONCE],
}

impl<const AT_ONCE: usize> Work for Bf16Panels<'_, AT_ONCE> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Bf16Panels { panels, x, y } = self;
        let panels = panels.map(|panel| &panel[..x.len()]);
        let mut sums = [[0.0; LANES]; AT_ONCE];
        for (k, &[first, second]) in x.iter().enumerate() {
            for panel in 0..AT_ONCE {
                let words = &panels[panel][k].0;
                // Expanded apart: all in one loop, it is left as scalar code.
                let low = words.map(|word| f32::from_bits(word << 16));
                let high = words.map(|word| f32::from_bits(word & 0xffff_0000));
                for row in 0..LANES {
                    sums[panel][row] = multiply_add::<FUSED>(low[row], first, sums[panel][row]);
                }
                for row in 0..LANES {
                    sums[panel][row] = multiply_add::<FUSED>(high[row], second, sums[panel][row]);
                }
            }
        }
        add(y, sums);
    }
}

#[inline(always)]
fn add<const AT_ONCE: usize>(y: &mut [[f32; LANES]; AT_ONCE], sums: [[f32; LANES]; AT_ONCE]) {
    for panel in 0..AT_ONCE {
        for row in 0..LANES {
            y[panel][row] += sums[panel][row];
        }
    }
}

/// A matrix in int8, its integers four neighbours of a row to a word.
#[derive(Clone, Debug)]
pub(super) struct Int8Matrix {
    pub(super) machine: Int8Machine,
    pub(super) panels: Panels<[i8; 4]>,
    /// For each row, padding included, what its integers are multiples of.
    pub(super) scales: Vec<f32>,
    /// For each row, padding included, −128 times the sum of its integers.
    pub(super) offsets: Vec<i32>,
}

/// Vectors in int8: `x = scale · q`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Int8Operands<'a, T = i8> {
    /// Filled up with zeros to whole fours; raised by 128 where `T` has no sign.
    pub(super) q: Rows<'a, [T; 4]>,
    /// One for each.
    pub(super) scales: &'a [f32],
}

impl Int8Matrix {
    /// `y += (W·q) · (scale · scales)` for each row; those of `y` are whole panels.
    pub(super) fn product(&self, x: Int8Operands<'_>, y: &mut RowsMut<'_>) {
        side_by_side!(
            self.machine.vector_len(),
            self.panels.count(),
            int8_panels(self, x, y)
        );
    }

    /// The same for two rows or more and some panels, bit by bit; with a bias it stands in the
    /// place of what `y` is.
    pub(super) fn products(
        &self,
        machine: Int8ManyMachine,
        panels: Range<usize>,
        x: Int8Operands<'_, u8>,
        bias: Option<&[f32]>,
        y: &mut RowsMut<'_>,
    ) {
        let mut work = Int8Tiles {
            machine,
            matrix: self,
            x,
            bias,
            y,
        };
        let of_fours = panels.end - panels.len() % 4;
        for panel in (panels.start..of_fours)
            .step_by(4)
            .chain(of_fours..panels.end)
        {
            for (row, height) in tiles(x.scales.len(), HEIGHT) {
                match panel < of_fours {
                    true => work.run::<4>(panel, row, height),
                    false => work.run::<1>(panel, row, height),
                }
            }
        }
    }

    /// What belongs to `AT_ONCE` panels from panel `first` on.
    fn of_panels<const AT_ONCE: usize, T>(values: &[T], first: usize) -> &[[T; LANES]; AT_ONCE] {
        let (values, _) = values.as_chunks::<LANES>();
        (values[first..].first_chunk()).expect("there are rows for every panel")
    }
}

fn int8_panels<const AT_ONCE: usize>(
    first: usize,
    matrix: &Int8Matrix,
    x: Int8Operands<'_>,
    y: &mut RowsMut<'_>,
) {
    let panels = matrix.panels.get::<AT_ONCE>(first);
    let scales = Int8Matrix::of_panels(&matrix.scales, first);
    for ((q, &scale), y) in x.q.iter().zip(x.scales).zip(y.iter_mut()) {
        (matrix.machine).add(panels, q, scale, scales, sums_of(first, y));
    }
}

/// Several vectors at once times a few panels.
struct Int8Tiles<'a, 'b> {
    machine: Int8ManyMachine,
    matrix: &'a Int8Matrix,
    x: Int8Operands<'a, u8>,
    bias: Option<&'a [f32]>,
    y: &'a mut RowsMut<'b>,
}

/// Vectors of a tile: 6 x 4 sums, 4 lines of the panels and one of a vector are 29 of 32 registers.
const HEIGHT: usize = 6;

impl Int8Tiles<'_, '_> {
    /// `height` vectors from `row` on.
    fn run<const AT_ONCE: usize>(&mut self, first: usize, row: usize, height: usize) {
        match height {
            2 => self.tile::<AT_ONCE, 2>(first, row),
            3 => self.tile::<AT_ONCE, 3>(first, row),
            4 => self.tile::<AT_ONCE, 4>(first, row),
            5 => self.tile::<AT_ONCE, 5>(first, row),
            6 => self.tile::<AT_ONCE, 6>(first, row),
            height => unreachable!("no tile of {height} vectors"),
        }
    }

    fn tile<const AT_ONCE: usize, const MANY: usize>(&mut self, first: usize, row: usize) {
        let Int8Matrix {
            panels,
            scales,
            offsets,
            ..
        } = self.matrix;
        let tile = |bias, y, stride| Int8Tile::<AT_ONCE, MANY> {
            depth: panels.depth(),
            panels: panels.lines_from(first),
            offsets: Int8Matrix::of_panels(offsets, first),
            scales: Int8Matrix::of_panels(scales, first),
            raised: self.x.q.values_from(row),
            vector_scales: (self.x.scales[row..].first_chunk())
                .expect("there is a scale for every vector"),
            bias,
            y,
            stride,
        };
        let (start, width) = (first * LANES, AT_ONCE * LANES);
        let len = width.min(self.y.len() - start);
        let (y, stride) = self.y.values_and_stride();
        let y = &mut y[row * stride + start..];
        if len == width {
            let bias = self.bias.map(|bias| Int8Matrix::of_panels(bias, first));
            self.machine.add(tile(bias, y, stride));
            return;
        }
        // The last panel ends behind the rows.
        let mut sums = [[[0.0; LANES]; AT_ONCE]; MANY];
        for (sums, y) in sums.iter_mut().zip(y.chunks(stride)) {
            let before = self.bias.map_or(y, |bias| &bias[start..]);
            sums.as_flattened_mut()[..len].copy_from_slice(&before[..len]);
        }
        self.machine.add(tile(
            None,
            sums.as_flattened_mut().as_flattened_mut(),
            width,
        ));
        for (sums, y) in sums.iter().zip(y.chunks_mut(stride)) {
            y[..len].copy_from_slice(&sums.as_flattened()[..len]);
        }
    }
}
