//! Rows over threads and instruction sets.

use super::call::{Linear, LinearBackward, LinearShape};
use super::map::{WeightGradients, Weights};
use crate::arch::{LANES, Machine};
use crate::matrix::{Panels, Start, Target, tiles};
use crate::spread::spread;
use crate::{Isa, KernelError, scalar};

/// Maps every row: `y = x·Wᵀ + b`.
///
/// # Shapes
/// `x [N, I]`, `weight [O, I]`, `bias [O]`, `y [N, O]`.
/// # Errors
/// [`KernelError::Length`] naming the first argument that does not fit the shape. Nothing is
/// written then.
/// # Example
/// ```
/// use recurra_kernels::{Linear, LinearShape, linear};
/// let mut y = [0.0; 2];
/// linear(Linear {
///     shape: LinearShape { rows: 1, input_size: 2, output_size: 2 },
///     x: &[1.0, 10.0],
///     weight: &[1.0, 2.0, 3.0, 4.0],
///     bias: Some(&[0.5, 0.0]),
///     y: &mut y,
/// })?;
/// assert_eq!(y, [21.5, 43.0]);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn linear(call: Linear<'_>) -> Result<(), KernelError> {
    linear_on(Isa::active(), call)
}

/// [`linear`] on a chosen instruction set.
///
/// # Errors
/// As [`linear`], and [`KernelError::IsaUnavailable`].
pub fn linear_on(isa: Isa, call: Linear<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("linear")? else {
        return scalar::linear(call);
    };
    if call.y.is_empty() {
        return Ok(());
    }
    let s = call.shape;
    let weights = weights(machine, call.weight, s);
    let to_outputs = weights.to_outputs();
    let mut y = call.y;
    let mut parts = Vec::new();
    for (first, rows) in tiles(s.rows, PART_ROWS) {
        let (part, rest) = y.split_at_mut(rows * s.output_size);
        parts.push((first, rows, part));
        y = rest;
    }
    spread(parts, |(first, rows, y): (usize, usize, &mut [f32])| {
        let x = packed(call.x, s.input_size, first, rows);
        for block in weights.blocks() {
            let target = Target::RowMajor {
                values: &mut *y,
                columns: s.output_size,
                start: call.bias.map_or(Start::Zero, Start::Bias),
            };
            weights.outputs(&to_outputs, rows, x.view(0, 0), block, target);
        }
    });
    Ok(())
}

/// The gradients of [`linear`].
///
/// # Errors
/// As [`linear`].
pub fn linear_backward(call: LinearBackward<'_>) -> Result<(), KernelError> {
    linear_backward_on(Isa::active(), call)
}

/// [`linear_backward`] on a chosen instruction set.
///
/// # Errors
/// As [`linear_backward`], and [`KernelError::IsaUnavailable`].
pub fn linear_backward_on(isa: Isa, mut call: LinearBackward<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("linear_backward")? else {
        return scalar::linear_backward(call);
    };
    if call.d_y.is_empty() {
        call.fill_with_zeros();
        return Ok(());
    }
    let wants_weights = call.d_weight.is_some();
    let wants_sums = wants_weights || call.d_bias.is_some();
    if !wants_sums && call.d_x.is_none() {
        return Ok(());
    }
    let s = call.shape;
    let weights = weights(machine, call.weight, s);
    let to_inputs = call.d_x.is_some().then(|| weights.to_inputs());
    let mut parts: Vec<Part<'_>> = tiles(s.rows, PART_ROWS)
        .map(|(first, rows)| Part {
            first,
            rows,
            ..Part::default()
        })
        .collect();
    if let Some(mut d_x) = call.d_x {
        for part in &mut parts {
            let (of_part, rest) = d_x.split_at_mut(part.rows * s.input_size);
            part.d_x = of_part;
            d_x = rest;
        }
    }
    spread(parts.iter_mut().collect(), |part: &mut Part<'_>| {
        let &mut Part { first, rows, .. } = part;
        part.d_y = packed(call.d_y, s.output_size, first, rows);
        if wants_weights {
            part.x = packed(call.x, s.input_size, first, rows);
        }
        if let Some(to_inputs) = &to_inputs {
            for block in weights.blocks() {
                weights.input_gradients(to_inputs, rows, &part.d_y, block, part.d_x);
            }
        }
    });
    if !wants_sums {
        return Ok(());
    }
    let d_weight = call.d_weight.unwrap_or_default();
    // The bias gets its sums anyway: they cost nothing beside the products.
    let mut unwanted = Vec::new();
    let d_bias = match call.d_bias {
        Some(d_bias) => d_bias,
        None => {
            unwanted.resize(s.output_size, 0.0);
            &mut unwanted[..]
        }
    };
    for (index, parts) in parts.chunks(PARTS_AT_ONCE).enumerate() {
        let views = parts
            .iter()
            .map(|part| (part.rows, part.x.view(0, 0), part.d_y.view(0, 0)));
        WeightGradients {
            machine,
            input_size: s.input_size,
            parts: views.collect(),
            d_weight,
            d_bias,
            continued: index > 0,
        }
        .run();
    }
    Ok(())
}

/// Rows that are one thread's work at a time: two shares of a batch of 64.
const PART_ROWS: usize = 48;
/// Parts that are summed up together: their panels stay in the first-level cache.
const PARTS_AT_ONCE: usize = 10;

/// Some rows, and what the gradient of the weights needs of them.
#[derive(Default)]
struct Part<'a> {
    first: usize,
    rows: usize,
    x: Panels,
    d_y: Panels,
    /// Empty where it is not wanted.
    d_x: &'a mut [f32],
}

fn weights(machine: Machine, values: &[f32], shape: LinearShape) -> Weights<'_> {
    Weights {
        machine,
        values,
        input_size: shape.input_size,
        output_size: shape.output_size,
    }
}

/// Rows of a row-major matrix in panels, filled up with zeros.
fn packed(values: &[f32], columns: usize, first: usize, rows: usize) -> Panels {
    Panels::of_rows(columns.div_ceil(LANES), rows, |row| {
        &values[(first + row) * columns..][..columns]
    })
}
