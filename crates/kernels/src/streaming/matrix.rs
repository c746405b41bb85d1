//! A matrix that a few vectors are multiplied with.

use super::panels::{Panels, padded_rows};
use super::precision::{Int8Rows, Precision, f32_to_bf16, quantize_operand};
use super::product::{
    F32Operands, Int8Matrix, Int8Operands, bf16_product, f32_product, f32_products,
};
use super::rows::{Rows, RowsMut};
use super::workspace::{OperandSpace, Space, StepWorkspace, room, rows_of_a_part};
use crate::arch::{Int8Machine, Int8ManyMachine, LANES, Lanes, Machine};
use crate::shape::Argument;
use crate::spread::spread;
use crate::{Isa, KernelError, SequenceShape};
use std::ops::Range;

/// Columns up to which sums of int8 products, with an operand raised by 128 too, fit an i32:
/// `2¹⁷ · 127 · 128 < 2³¹`.
const MAX_INT8_COLUMNS: usize = 1 << 17;

/// A matrix `[rows, columns]`, packed for [`multiply_add`] in one [`Precision`].
///
/// # Example
/// ```
/// use recurra_kernels::*;
/// let matrix = PackedMatrix::pack(&[1.0, 2.0, 3.0, 4.0], [2, 2], Precision::F32)?;
/// let (mut y, mut workspace) = ([0.5, 0.5], StepWorkspace::new());
/// multiply_add(MatrixRows {
///     matrix: &matrix,
///     batch_size: 1,
///     x: &[1.0, 10.0],
///     bias: None,
///     y: &mut y,
///     workspace: &mut workspace,
/// })?;
/// assert_eq!(y, [21.5, 43.5]);
/// # Ok::<(), KernelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    rows: usize,
    columns: usize,
    precision: Precision,
    isa: Isa,
    packed: Packed,
}

#[derive(Clone, Debug)]
enum Packed {
    /// The oracle's: row-major, rounded.
    Scalar(Vec<f32>),
    F32(Machine, Panels<f32>),
    /// Pairs of neighbours in a row.
    Bf16(Machine, Panels<u32>),
    Int8(Int8Matrix),
}

/// `y += W·x` for each row, or with a bias `y = b + W·x`.
#[derive(Debug)]
pub struct MatrixRows<'a> {
    /// W, `[rows, columns]`.
    pub matrix: &'a PackedMatrix,
    /// B: how many vectors.
    pub batch_size: usize,
    /// `[B, columns]`
    pub x: &'a [f32],
    /// b, `[rows]`.
    pub bias: Option<&'a [f32]>,
    /// `[B, rows]`; with a bias, what it is does not matter.
    pub y: &'a mut [f32],
    /// Where it is computed.
    pub workspace: &'a mut StepWorkspace,
}

/// `y += W·x` or `y = b + W·x` for a few vectors; with int8, each `x` is rounded to int8 too, by
/// one scale for all of it.
///
/// An element of `y` is one sum in a fixed order, whatever stands beside it. With int8 the sum is
/// exact, and the results are the same bits on every instruction set. A number that is not finite
/// in `x` makes all of its `y` NaN with int8, and what it makes of it in f32 otherwise.
///
/// # Shapes
/// As noted on [`MatrixRows`].
/// # Errors
/// [`KernelError::Length`] naming the argument; then nothing is written.
pub fn multiply_add(call: MatrixRows<'_>) -> Result<(), KernelError> {
    let MatrixRows {
        matrix,
        batch_size,
        x,
        bias,
        y,
        workspace,
    } = call;
    let length = |argument, layout, wanted, got| {
        if wanted == got {
            return Ok(());
        }
        Err(KernelError::Length {
            op: "multiply_add",
            argument,
            layout,
            wanted,
            got,
        })
    };
    // No slice is as long as a product that overflows.
    let (rows, columns) = (matrix.rows, matrix.columns);
    length(
        "x",
        "[B, columns]",
        batch_size.saturating_mul(columns),
        x.len(),
    )?;
    length("y", "[B, rows]", batch_size.saturating_mul(rows), y.len())?;
    if let Some(bias) = bias {
        length("bias", "[rows]", rows, bias.len())?;
    }
    if y.is_empty() {
        return Ok(());
    }
    if x.is_empty() {
        start_from(bias, &mut RowsMut::close(y, rows));
        return Ok(());
    }
    let rows_per_part = rows_of_a_part(batch_size, rows * columns);
    let parts = workspace.parts(batch_size.div_ceil(rows_per_part));
    if let [space] = parts {
        matrix.add_to_rows(x, bias, y, space);
        return Ok(());
    }
    let x = x.chunks(rows_per_part * columns);
    let y = y.chunks_mut(rows_per_part * rows);
    let parts = x.zip(y).zip(parts).collect();
    spread(parts, |((x, y), space)| {
        matrix.add_to_rows(x, bias, y, space)
    });
    Ok(())
}

impl PackedMatrix {
    /// Rounds and packs a row-major matrix for the active instruction set.
    ///
    /// # Errors
    /// [`KernelError`] when `values` does not hold `rows · columns` numbers, or when a row is too
    /// long for int8.
    pub fn pack(
        values: &[f32],
        [rows, columns]: [usize; 2],
        precision: Precision,
    ) -> Result<PackedMatrix, KernelError> {
        PackedMatrix::pack_on(Isa::active(), values, [rows, columns], precision)
    }

    /// [`PackedMatrix::pack`] for a chosen instruction set, for comparing them.
    ///
    /// # Errors
    /// As [`PackedMatrix::pack`]; also when the processor does not run `isa`.
    pub fn pack_on(
        isa: Isa,
        values: &[f32],
        [rows, columns]: [usize; 2],
        precision: Precision,
    ) -> Result<PackedMatrix, KernelError> {
        let op = "PackedMatrix::pack";
        let machine = Machine::of(isa);
        if machine.is_none() && isa != Isa::Scalar {
            return Err(KernelError::IsaUnavailable { op, isa });
        }
        let argument = Argument {
            name: "values",
            layout: "[rows, columns]",
            dimensions: &[rows, columns],
        };
        let shape = SequenceShape {
            seq_len: 1,
            batch_size: 1,
            input_size: columns,
            hidden_size: rows,
        };
        argument.check(op, shape, values.len())?;
        check_int8(op, "columns", columns, precision)?;
        let row = |r: usize| (r < rows).then(|| &values[r * columns..][..columns]);
        Ok(PackedMatrix::from_rows(
            isa,
            [rows, columns],
            precision,
            row,
        ))
    }

    /// Packs checked rows, `row(r)`, or zeros where it is `None`.
    pub(super) fn from_rows<'a>(
        isa: Isa,
        [rows, columns]: [usize; 2],
        precision: Precision,
        row: impl Fn(usize) -> Option<&'a [f32]>,
    ) -> PackedMatrix {
        // Rows of nothing take no room, however many they are.
        let packed_rows = if columns == 0 { 0 } else { rows };
        let packed = match (Machine::of(isa), precision) {
            (None, _) => Packed::Scalar(rounded(packed_rows, columns, precision, row)),
            (Some(machine), Precision::F32) => {
                let words = |r| row(r).map(<[f32]>::to_vec);
                Packed::F32(machine, Panels::pack(packed_rows, columns, words))
            }
            (Some(machine), Precision::Bf16) => {
                let words = |r| row(r).map(pairs);
                Packed::Bf16(
                    machine,
                    Panels::pack(packed_rows, columns.div_ceil(2), words),
                )
            }
            (Some(machine), Precision::Int8) => {
                let rows = 0..padded_rows(packed_rows);
                let quantized = |r| row(r).map(|row| Int8Rows::quantize(row, columns));
                let quantized: Vec<Option<Int8Rows>> = rows.map(quantized).collect();
                let scale = |row: &Option<Int8Rows>| Some(*row.as_ref()?.scales.first()?);
                let sum = |row: &Int8Rows| row.values.iter().map(|&q| i32::from(q)).sum::<i32>();
                Packed::Int8(Int8Matrix {
                    machine: Int8Machine::of(machine),
                    panels: Panels::pack(packed_rows, columns.div_ceil(4), |r| {
                        Some(fours(&quantized[r].as_ref()?.values))
                    }),
                    scales: (quantized.iter())
                        .map(|row| scale(row).unwrap_or(0.0))
                        .collect(),
                    offsets: (quantized.iter())
                        .map(|row| row.as_ref().map_or(0, sum).wrapping_mul(-128))
                        .collect(),
                })
            }
        };
        PackedMatrix {
            rows,
            columns,
            precision,
            isa,
            packed,
        }
    }

    /// Number of rows: of outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: of inputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// What it is kept as.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The instruction set that it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes that a product with one vector reads of it.
    pub fn num_bytes(&self) -> usize {
        match &self.packed {
            Packed::Scalar(values) => size_of_val(&values[..]),
            Packed::F32(_, panels) => panels.num_bytes(),
            Packed::Bf16(_, panels) => panels.num_bytes(),
            Packed::Int8(matrix) => matrix.panels.num_bytes() + size_of_val(&matrix.scales[..]),
        }
    }

    /// Rows that lie close; neither side is empty.
    pub(super) fn add_to_rows(
        &self,
        x: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
        space: &mut Space,
    ) {
        let Space { operand, slots, .. } = space;
        let panels = self.num_panels();
        let x = Rows::close(x, self.columns);
        let mut rows = RowsMut::close(y, self.rows);
        if self.multiply(x, bias, operand, &mut rows) {
            return;
        }
        start_from(bias, &mut rows);
        if self.rows == panels * LANES {
            self.add_to(x, operand, &mut rows);
            return;
        }
        let sums = room(slots, x.count() * panels);
        let padded = panels * LANES;
        for (sums, y) in
            (Lanes::flatten_mut(sums).chunks_exact_mut(padded)).zip(y.chunks_exact(self.rows))
        {
            sums[..self.rows].copy_from_slice(y);
        }
        let mut rows = RowsMut::close(Lanes::flatten_mut(sums), padded);
        self.add_to(x, operand, &mut rows);
        for (sums, y) in rows.iter_mut().zip(y.chunks_exact_mut(self.rows)) {
            y.copy_from_slice(&sums[..self.rows]);
        }
    }

    /// Multiplies two vectors or more as a matrix, if this one can; rows of `y` may end within a
    /// panel. Tells whether it did.
    fn multiply(
        &self,
        x: Rows<'_, f32>,
        bias: Option<&[f32]>,
        space: &mut OperandSpace,
        y: &mut RowsMut<'_>,
    ) -> bool {
        let product = self.product_of_many(x, space);
        if let Some(product) = &product {
            product.run(0..self.num_panels(), bias, y);
        }
        product.is_some()
    }

    /// The product with two vectors or more as one of matrices, if this one can do that.
    pub(super) fn product_of_many<'a>(
        &'a self,
        x: Rows<'a, f32>,
        space: &'a mut OperandSpace,
    ) -> Option<ProductOfMany<'a>> {
        if x.count() < 2 {
            return None;
        }
        match &self.packed {
            Packed::F32(machine, matrix) => Some(ProductOfMany::F32 {
                machine: *machine,
                matrix,
                x: F32Operands::pack(x),
            }),
            Packed::Int8(matrix) => Some(ProductOfMany::Int8 {
                machine: matrix.machine.of_many()?,
                matrix,
                x: space.quantize_raised(x),
            }),
            Packed::Scalar(_) | Packed::Bf16(..) => None,
        }
    }

    /// Panels of outputs.
    pub(super) fn num_panels(&self) -> usize {
        self.rows.div_ceil(LANES)
    }

    /// `y += W·x` for checked arguments, each row of `y` padded to [`padded_rows`].
    pub(super) fn add_to(&self, x: Rows<'_, f32>, space: &mut OperandSpace, y: &mut RowsMut<'_>) {
        let columns = self.columns;
        if columns == 0 {
            return;
        }
        if self.multiply(x, None, space, y) {
            return;
        }
        match &self.packed {
            Packed::Scalar(weights) => {
                for (x, y) in x.iter().zip(y.iter_mut()) {
                    scalar_product(self.precision, weights, x, space, y);
                }
            }
            Packed::F32(machine, panels) => {
                for (x, y) in x.iter().zip(y.iter_mut()) {
                    f32_product(*machine, panels, x, y);
                }
            }
            Packed::Bf16(machine, panels) => {
                let len = columns.div_ceil(2);
                let pairs = room(&mut space.pairs, x.count() * len);
                for (pairs, x) in pairs.chunks_exact_mut(len).zip(x.iter()) {
                    pairs.as_flattened_mut()[..columns].copy_from_slice(x);
                    // An odd vector is one short of whole pairs.
                    pairs.as_flattened_mut()[columns..].fill(0.0);
                }
                bf16_product(*machine, panels, Rows::close(pairs, len), y);
            }
            Packed::Int8(matrix) => matrix.product(space.quantize(x), y),
        }
    }
}

/// A matrix and several vectors in the form in which they are multiplied.
pub(super) enum ProductOfMany<'a> {
    F32 {
        machine: Machine,
        matrix: &'a Panels<f32>,
        x: F32Operands,
    },
    Int8 {
        machine: Int8ManyMachine,
        matrix: &'a Int8Matrix,
        x: Int8Operands<'a, u8>,
    },
}

impl ProductOfMany<'_> {
    /// `y += W·x` for some panels; with a bias, `y = bias + W·x`.
    pub(super) fn run(&self, panels: Range<usize>, bias: Option<&[f32]>, y: &mut RowsMut<'_>) {
        match self {
            ProductOfMany::F32 { machine, matrix, x } => {
                f32_products(*machine, matrix, panels, x, bias, y);
            }
            ProductOfMany::Int8 { machine, matrix, x } => {
                matrix.products(*machine, panels, *x, bias, y);
            }
        }
    }
}

impl OperandSpace {
    /// Each row rounded to int8 by a scale of its own.
    fn quantize(&mut self, x: Rows<'_, f32>) -> Int8Operands<'_> {
        let len = x.len().next_multiple_of(4);
        let q = room(&mut self.int8, x.count() * len);
        let scales = room(&mut self.scales, x.count());
        for ((q, scale), x) in q.chunks_exact_mut(len).zip(&mut *scales).zip(x.iter()) {
            *scale = quantize_operand(x, q);
        }
        let (q, _) = q.as_chunks::<4>();
        Int8Operands {
            q: Rows::close(q, len / 4),
            scales,
        }
    }

    /// The same with each number raised by 128.
    fn quantize_raised(&mut self, x: Rows<'_, f32>) -> Int8Operands<'_, u8> {
        self.quantize(x);
        let len = x.len().next_multiple_of(4);
        let raised = room(&mut self.raised, x.count() * len);
        for (raised, q) in raised.iter_mut().zip(&self.int8) {
            *raised = q.cast_unsigned() ^ 128;
        }
        let (q, _) = raised.as_chunks::<4>();
        Int8Operands {
            q: Rows::close(q, len / 4),
            scales: &self.scales[..x.count()],
        }
    }
}

/// Sets each row to the bias, if there is one.
pub(super) fn start_from(bias: Option<&[f32]>, rows: &mut RowsMut<'_>) {
    if let Some(bias) = bias {
        rows.iter_mut().for_each(|row| row.copy_from_slice(bias));
    }
}

/// Refuses rows whose int8 sums would overflow.
pub(super) fn check_int8(
    op: &'static str,
    argument: &'static str,
    columns: usize,
    precision: Precision,
) -> Result<(), KernelError> {
    if precision == Precision::Int8 && columns > MAX_INT8_COLUMNS {
        return Err(KernelError::Int8Columns {
            op,
            argument,
            limit: MAX_INT8_COLUMNS,
            got: columns,
        });
    }
    Ok(())
}

/// Two neighbours of a row in each word.
fn pairs(row: &[f32]) -> Vec<u32> {
    let word = |pair: &[f32]| {
        let bits = |index: usize| pair.get(index).map_or(0, |&x| u32::from(f32_to_bf16(x)));
        bits(0) | bits(1) << 16
    };
    row.chunks(2).map(word).collect()
}

/// Four neighbours of a row in each word.
fn fours(row: &[i8]) -> Vec<[i8; 4]> {
    let word = |four: &[i8]| std::array::from_fn(|index| four.get(index).map_or(0, |&q| q));
    row.chunks(4).map(word).collect()
}

/// The rows that the oracle multiplies.
fn rounded<'a>(
    rows: usize,
    columns: usize,
    precision: Precision,
    row: impl Fn(usize) -> Option<&'a [f32]>,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * columns);
    for r in 0..rows {
        match row(r) {
            Some(row) => values.extend(precision.round(row, columns)),
            None => values.resize(values.len() + columns, 0.0),
        }
    }
    values
}

/// The oracle: one plain loop; the integers of int8 as they are defined.
fn scalar_product(
    precision: Precision,
    weights: &[f32],
    x: &[f32],
    space: &mut OperandSpace,
    y: &mut [f32],
) {
    let columns = x.len();
    let rows = weights.chunks_exact(columns).zip(y);
    if precision != Precision::Int8 {
        for (row, y) in rows {
            *y += row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
        }
        return;
    }
    let q = room(&mut space.int8, columns);
    let scale = quantize_operand(x, q);
    for (row, y) in rows {
        let row = Int8Rows::quantize(row, columns);
        let products = row.values.iter().zip(&*q);
        let sum: i32 = products.map(|(&w, &q)| i32::from(w) * i32::from(q)).sum();
        *y += sum as f32 * (scale * row.scales[0]);
    }
}
