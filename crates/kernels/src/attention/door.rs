//! Rows over threads and instruction sets.

use super::call::{Attend, AttendBackward, AttentionShape, Score, ScoreGradient};
use super::row::{Backward, Forward, Inputs};
use crate::spread::spread;
use crate::{Isa, KernelError, scalar};

/// Attends to the real keys of each row with each of its queries.
///
/// A row without a real key has an alignment and a context of zeros. NaN in a query or a real key
/// makes the query's alignment and context NaN.
///
/// # Shapes
/// `queries [B, Q, H]`, `keys [B, K, H]`, `values [B, K, D]`, `alignment [B, Q, K]`,
/// `context [B, Q, D]`.
/// # Errors
/// [`KernelError::Length`] naming the first argument that does not fit the shape;
/// [`KernelError::RowLength`] for a length above K. Nothing is written then.
/// # Source
/// Additive: Bahdanau et al. 2015. Dot: Luong et al. 2015; scaled: Vaswani et al. 2017.
/// # Example
/// ```
/// use recurra_kernels::{Attend, AttentionShape, Score, attend};
/// let (mut alignment, mut context) = ([0.0; 3], [0.0; 1]);
/// attend(Attend {
///     shape: AttentionShape { batch_size: 1, query_len: 1, key_len: 3, key_size: 1, value_size: 1 },
///     score: Score::Dot { scale: 1.0 },
///     queries: &[1.0],
///     keys: &[0.0, 3f32.ln(), 9.0],
///     values: &[4.0, 8.0, 100.0],
///     lengths: Some(&[2]),
///     alignment: &mut alignment,
///     context: &mut context,
/// })?;
/// assert!((alignment[1] - 0.75).abs() < 1e-6 && alignment[2] == 0.0);
/// assert!((context[0] - 7.0).abs() < 1e-5);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn attend(call: Attend<'_>) -> Result<(), KernelError> {
    attend_on(Isa::active(), call)
}

/// [`attend`] on a chosen instruction set.
///
/// # Errors
/// As [`attend`], and [`KernelError::IsaUnavailable`].
pub fn attend_on(isa: Isa, call: Attend<'_>) -> Result<(), KernelError> {
    call.check()?;
    let machine = isa.path("attend")?;
    if call.alignment.is_empty() && call.context.is_empty() {
        // However many rows there are: their number alone may be beyond counting.
        return Ok(());
    }
    let Some(machine) = machine else {
        return scalar::attend(call);
    };
    let rows = Rows {
        shape: call.shape,
        score: call.score,
        queries: call.queries,
        keys: call.keys,
        values: call.values,
        lengths: call.lengths,
    };
    let s = call.shape;
    let mut alignment = Split::new(call.alignment, s.query_len * s.key_len);
    let mut context = Split::new(call.context, s.query_len * s.value_size);
    let parts = (0..s.batch_size)
        .map(|row| (row, alignment.next_row(), context.next_row()))
        .collect();
    spread(parts, |(row, alignment, context)| {
        let inputs = rows.inputs(row);
        let forward = Forward {
            inputs,
            alignment,
            context,
        };
        forward.carry_out(machine);
    });
    Ok(())
}

/// The gradients of [`attend`].
///
/// # Errors
/// As [`attend`].
pub fn attend_backward(call: AttendBackward<'_>) -> Result<(), KernelError> {
    attend_backward_on(Isa::active(), call)
}

/// [`attend_backward`] on a chosen instruction set.
///
/// # Errors
/// As [`attend_backward`], and [`KernelError::IsaUnavailable`].
pub fn attend_backward_on(isa: Isa, call: AttendBackward<'_>) -> Result<(), KernelError> {
    call.check()?;
    let machine = isa.path("attend_backward")?;
    if call.d_queries.is_empty() && call.d_keys.is_empty() && call.d_values.is_empty() {
        if let ScoreGradient::Additive { d_vector } = call.d_score {
            d_vector.fill(0.0);
        }
        return Ok(());
    }
    let Some(machine) = machine else {
        return scalar::attend_backward(call);
    };
    let rows = Rows {
        shape: call.shape,
        score: call.score,
        queries: call.queries,
        keys: call.keys,
        values: call.values,
        lengths: call.lengths,
    };
    let s = call.shape;
    let d_vector = match call.d_score {
        ScoreGradient::Additive { d_vector } => d_vector,
        ScoreGradient::Dot => &mut [],
    };
    // Each row's share of the one gradient that all rows add to, and room for its scores.
    let mut shares = vec![0.0; s.batch_size * d_vector.len()];
    let mut scores = vec![0.0; s.batch_size * s.key_len];
    let mut d_queries = Split::new(call.d_queries, s.query_len * s.key_size);
    let mut d_keys = Split::new(call.d_keys, s.key_len * s.key_size);
    let mut d_values = Split::new(call.d_values, s.key_len * s.value_size);
    let mut d_vectors = Split::new(&mut shares, d_vector.len());
    let mut d_scores = Split::new(&mut scores, s.key_len);
    let parts: Vec<Backward<'_>> = (0..s.batch_size)
        .map(|row| Backward {
            inputs: rows.inputs(row),
            alignment: part(call.alignment, row, s.query_len * s.key_len),
            d_context: part(call.d_context, row, s.query_len * s.value_size),
            d_alignment: (call.d_alignment).map(|d| part(d, row, s.query_len * s.key_len)),
            d_queries: d_queries.next_row(),
            d_keys: d_keys.next_row(),
            d_values: d_values.next_row(),
            d_vector: d_vectors.next_row(),
            d_scores: d_scores.next_row(),
        })
        .collect();
    spread(parts, |part| part.carry_out(machine));
    d_vector.fill(0.0);
    for share in shares.chunks_exact(d_vector.len().max(1)) {
        for (sum, share) in d_vector.iter_mut().zip(share) {
            *sum += share;
        }
    }
    Ok(())
}

/// All rows of the batch.
struct Rows<'a> {
    shape: AttentionShape,
    score: Score<'a>,
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    lengths: Option<&'a [usize]>,
}

impl<'a> Rows<'a> {
    fn inputs(&self, row: usize) -> Inputs<'a> {
        let s = self.shape;
        Inputs {
            shape: s,
            score: self.score,
            queries: part(self.queries, row, s.query_len * s.key_size),
            keys: part(self.keys, row, s.key_len * s.key_size),
            values: part(self.values, row, s.key_len * s.value_size),
            length: self.lengths.map_or(s.key_len, |lengths| lengths[row]),
        }
    }
}

fn part(values: &[f32], row: usize, len: usize) -> &[f32] {
    &values[row * len..][..len]
}

/// A buffer that is given away row by row; a row may be empty.
struct Split<'a> {
    rest: &'a mut [f32],
    len: usize,
}

impl<'a> Split<'a> {
    fn new(values: &'a mut [f32], len: usize) -> Split<'a> {
        Split { rest: values, len }
    }

    fn next_row(&mut self) -> &'a mut [f32] {
        let (row, rest) = std::mem::take(&mut self.rest).split_at_mut(self.len);
        self.rest = rest;
        row
    }
}
