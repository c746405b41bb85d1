//! Vectors times the panels of a matrix.
//!
//! One vector reads memory once and in order, without software prefetch: the processor's own
//! follows the streams better. Several vectors are a product of matrices in f32; in bf16 and int8
//! all of them are multiplied with a few panels before the next panels are read, which have then
//! to come from far away only once.

use super::panels::Panels;
use super::rows::{Rows, RowsMut};
use crate::arch::{Int8Machine, LANES, Line, Machine, Simd, VectorWork, Work, multiply_add};
use crate::matrix::{self, Multiply, Selection, Target};

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

/// `y += W·x` for each row of `x`; those of `y` are whole panels.
///
/// An element starts from what `y` is and goes through x from first to last, whatever stands
/// beside it.
pub(super) fn f32_product(
    machine: Machine,
    panels: &Panels<f32>,
    x: Rows<'_, f32>,
    y: &mut RowsMut<'_>,
) {
    if x.count() == 1 {
        for (x, y) in x.iter().zip(y.iter_mut()) {
            side_by_side!(
                machine.vector_len(),
                panels.count(),
                f32_panels(machine, panels, x, y)
            );
        }
        return;
    }
    let segments = x.len().div_ceil(LANES);
    let left = matrix::Panels::of_rows(segments, x.count(), |row| x.row(row));
    let (values, columns) = y.values_and_stride();
    let product = Multiply {
        rows: x.count(),
        depth: x.len(),
        a: left.view(0, 0),
        b: panels.view(),
        panels: Selection::all(panels.count()),
        c: Target::RowMajor {
            values,
            columns,
            replace: false,
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

/// Vectors in int8: `x = scale · q`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Int8Operands<'a> {
    /// Filled up with zeros to whole fours.
    pub(super) q: Rows<'a, [i8; 4]>,
    /// One for each.
    pub(super) scales: &'a [f32],
}

/// `y += (W·q) · scale · scales` for each row, each word of the panels four neighbours of a row
/// of W.
pub(super) fn int8_product(
    machine: Int8Machine,
    panels: &Panels<[i8; 4]>,
    scales: &[f32],
    x: Int8Operands<'_>,
    y: &mut RowsMut<'_>,
) {
    side_by_side!(
        machine.vector_len(),
        panels.count(),
        int8_panels(machine, panels, scales, x, y)
    );
}

/// The integers are the same on every machine; each then becomes a float in one order of
/// operations, none of them fused, so the results are the same bits.
fn int8_panels<const AT_ONCE: usize>(
    first: usize,
    machine: Int8Machine,
    panels: &Panels<[i8; 4]>,
    scales: &[f32],
    x: Int8Operands<'_>,
    y: &mut RowsMut<'_>,
) {
    let panels = panels.get::<AT_ONCE>(first);
    let (scales, _) = scales.as_chunks::<LANES>();
    let scales = &scales[first..][..AT_ONCE];
    for ((q, x_scale), y) in x.q.iter().zip(x.scales).zip(y.iter_mut()) {
        let sums = machine.sums::<AT_ONCE>(panels, q);
        let y: &mut [[f32; LANES]; AT_ONCE] = sums_of(first, y);
        for (panel, scales) in scales.iter().enumerate() {
            for row in 0..LANES {
                y[panel][row] += sums[panel][row] as f32 * (x_scale * scales[row]);
            }
        }
    }
}
