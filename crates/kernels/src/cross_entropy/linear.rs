//! A linear map and the cross-entropy of its logits in one: some rows at a time, so that neither
//! logits nor probabilities of all rows ever exist together.
//!
//! Rows that do not count cost nothing. Every element of a product is one sum over the depth, and
//! the gradients add up chunks of rows in order: the same bits at any number of threads.

use super::door::{Gradients, Losses, Targets};
use crate::arch::Machine;
use crate::gemm::{Panels, Product, Start, Tiles};
use crate::measure::Measure;
use crate::spread::spread;
use crate::{Isa, KernelError, scalar};

/// The sizes: N, I and V of the documentation. Any may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearLogitsShape {
    /// N: rows, one prediction each.
    pub rows: usize,
    /// I: width of a row.
    pub input_size: usize,
    /// V: the tokens that a row chooses from.
    pub vocab_size: usize,
}

/// The loss of every row, with `logits = x·Wᵀ + b`, and on demand the gradients.
#[derive(Debug)]
pub struct LinearCrossEntropy<'a, R = f32> {
    /// N, I and V.
    pub shape: LinearLogitsShape,
    /// `[N, I]`
    pub x: &'a [R],
    /// `[V, I]`
    pub weight: &'a [R],
    /// `[V]`
    pub bias: &'a [R],
    /// `[N]`: what is right, below V; not looked at where the mask is false.
    pub labels: &'a [u32],
    /// `[N]`: true for rows that count; all count where it is `None`.
    pub mask: Option<&'a [bool]>,
    /// The share of the label that is spread over all tokens, in `[0, 1]`.
    pub smoothing: f64,
    /// `[N]`, overwritten; zero for rows that do not count.
    pub losses: &'a mut [R],
    /// The gradients of the sum of all losses times a scale.
    pub gradients: Option<LinearGradients<'a, R>>,
}

/// Where the gradients of [`LinearCrossEntropy`] go; all are overwritten.
#[derive(Debug)]
pub struct LinearGradients<'a, R = f32> {
    /// The gradient of each row's loss: 1 / N for their mean.
    pub scale: f64,
    /// `[N, I]`; zeros in rows that do not count.
    pub d_x: &'a mut [R],
    /// `[V, I]`
    pub d_weight: &'a mut [R],
    /// `[V]`
    pub d_bias: &'a mut [R],
}

impl<R> LinearCrossEntropy<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let measure = Measure {
            op: "linear_cross_entropy",
        };
        let LinearLogitsShape {
            rows,
            input_size,
            vocab_size,
        } = self.shape;
        measure.len("x", "[N, I]", &[rows, input_size], self.x)?;
        measure.len("weight", "[V, I]", &[vocab_size, input_size], self.weight)?;
        measure.len("bias", "[V]", &[vocab_size], self.bias)?;
        measure.targets([rows, vocab_size], self.labels, self.mask, self.smoothing)?;
        measure.len("losses", "[N]", &[rows], self.losses)?;
        if let Some(gradients) = &self.gradients {
            measure.len("d_x", "[N, I]", &[rows, input_size], gradients.d_x)?;
            let dimensions = [vocab_size, input_size];
            measure.len("d_weight", "[V, I]", &dimensions, gradients.d_weight)?;
            measure.len("d_bias", "[V]", &[vocab_size], gradients.d_bias)?;
        }
        Ok(())
    }
}

/// The cross-entropy of `x·Wᵀ + b` with labels, and its gradients, without all the logits.
///
/// # Shapes
/// `x [N, I]`, `weight [V, I]`, `bias [V]`; `labels`, `mask`, `losses` `[N]`.
/// # Errors
/// As [`cross_entropy`](crate::cross_entropy()).
/// # Example
/// ```
/// use recurra_kernels::{LinearCrossEntropy, LinearLogitsShape, linear_cross_entropy};
/// let mut losses = [0.0];
/// linear_cross_entropy(LinearCrossEntropy {
///     shape: LinearLogitsShape { rows: 1, input_size: 1, vocab_size: 2 },
///     x: &[2.0],
///     weight: &[1.0, 0.5],
///     bias: &[0.0, 1.0], // both logits are 2
///     labels: &[0],
///     mask: None,
///     smoothing: 0.0,
///     losses: &mut losses,
///     gradients: None,
/// })?;
/// assert!((losses[0] - 2f32.ln()).abs() < 1e-6);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn linear_cross_entropy(call: LinearCrossEntropy<'_>) -> Result<(), KernelError> {
    linear_cross_entropy_on(Isa::active(), call)
}

/// [`linear_cross_entropy`] on a chosen instruction set.
///
/// # Errors
/// As [`linear_cross_entropy`], and [`KernelError::IsaUnavailable`].
pub fn linear_cross_entropy_on(isa: Isa, call: LinearCrossEntropy<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("linear_cross_entropy")? else {
        return scalar::linear_cross_entropy(call);
    };
    run(machine, call);
    Ok(())
}

/// Rows that are one thread's work at a time: as many as a product takes at once.
const PART_ROWS: usize = 96;
/// Rows whose logits exist together.
const CHUNK_ROWS: usize = 4 * PART_ROWS;
/// Tokens that are one thread's work at a time, and the depth of products over tokens.
const PART_TOKENS: usize = 512;

fn run(machine: Machine, call: LinearCrossEntropy<'_>) {
    let LinearLogitsShape {
        rows,
        input_size,
        vocab_size,
    } = call.shape;
    call.losses.fill(0.0);
    let mut gradients = call.gradients;
    if let Some(gradients) = &mut gradients {
        gradients.d_x.fill(0.0);
        gradients.d_weight.fill(0.0);
        gradients.d_bias.fill(0.0);
    }
    let counts = |&row: &usize| call.mask.is_none_or(|mask| mask[row]);
    let counted: Vec<usize> = (0..rows).filter(counts).collect();
    if counted.is_empty() {
        return;
    }
    let token = |token: usize| &call.weight[token * input_size..][..input_size];
    let projection = Panels::from_columns(machine, input_size, vocab_size, |c| Some(token(c)));
    let back: Vec<Panels> = match gradients {
        None => Vec::new(),
        Some(_) => (0..vocab_size)
            .step_by(PART_TOKENS)
            .map(|first| {
                let depth = PART_TOKENS.min(vocab_size - first);
                Panels::from_rows(machine, depth, input_size, |k| Some(token(first + k)))
            })
            .collect(),
    };
    let mut logits = vec![0.0; CHUNK_ROWS.min(counted.len()) * vocab_size];
    for chunk in counted.chunks(CHUNK_ROWS) {
        let x = |row: usize| &call.x[row * input_size..][..input_size];
        let labels: Vec<u32> = chunk.iter().map(|&row| call.labels[row]).collect();
        let targets = Targets {
            labels: &labels,
            mask: None,
            smoothing: call.smoothing,
            vocab_size,
        };
        let mut losses = vec![0.0; chunk.len()];
        let mut d_x = vec![0.0; chunk.len() * input_size * usize::from(gradients.is_some())];
        let logits = &mut logits[..chunk.len() * vocab_size];
        let mut d_x_parts = d_x.chunks_mut((PART_ROWS * input_size).max(1));
        let parts: Vec<Part<'_>> = (logits.chunks_mut(PART_ROWS * vocab_size))
            .zip(losses.chunks_mut(PART_ROWS))
            .zip(chunk.chunks(PART_ROWS))
            .enumerate()
            .map(|(index, ((logits, losses), rows))| Part {
                first_row: index * PART_ROWS,
                rows,
                logits,
                losses,
                d_x: d_x_parts.next().unwrap_or_default(),
            })
            .collect();
        let scale = gradients.as_ref().map(|gradients| gradients.scale);
        spread(parts, |part| {
            let mut tiles = Tiles::default();
            tiles.pack_rows(part.rows.len(), input_size, |r| x(part.rows[r]));
            Product {
                a: &tiles,
                b: &projection,
                start: Start::Row(call.bias),
                c: part.logits,
                stride: vocab_size,
            }
            .run(machine);
            let Some(scale) = scale else {
                machine.run(Losses {
                    targets,
                    first_row: part.first_row,
                    logits: part.logits,
                    losses: part.losses,
                });
                return;
            };
            machine.run(Gradients {
                targets,
                first_row: part.first_row,
                scale,
                logits: part.logits,
                losses: part.losses,
            });
            if input_size == 0 {
                return;
            }
            for (index, panels) in back.iter().enumerate() {
                let row = |r: usize| &part.logits[r * vocab_size + index * PART_TOKENS..];
                tiles.pack_rows(part.rows.len(), panels.depth(), row);
                Product {
                    a: &tiles,
                    b: panels,
                    start: Start::Given,
                    c: part.d_x,
                    stride: input_size,
                }
                .run(machine);
            }
        });
        for (&row, loss) in chunk.iter().zip(losses) {
            call.losses[row] = loss;
        }
        if let Some(gradients) = &mut gradients {
            for (&row, d_x) in chunk.iter().zip(d_x.chunks_exact(input_size.max(1))) {
                gradients.d_x[row * input_size..][..input_size].copy_from_slice(d_x);
            }
            let operand =
                Panels::from_rows(machine, chunk.len(), input_size, |k| Some(x(chunk[k])));
            add_weight_gradients(machine, gradients, logits, &operand, vocab_size, input_size);
        }
    }
}

/// Some rows of a chunk.
struct Part<'a> {
    /// The first one's place in the chunk.
    first_row: usize,
    /// Their places in the call.
    rows: &'a [usize],
    logits: &'a mut [f32],
    losses: &'a mut [f32],
    d_x: &'a mut [f32],
}

/// `d_weight += Gᵀ·x` and `d_bias += Σ G` for the gradients G `[rows, V]` of a chunk's logits.
fn add_weight_gradients(
    machine: Machine,
    gradients: &mut LinearGradients<'_>,
    of_logits: &[f32],
    operand: &Panels,
    vocab_size: usize,
    input_size: usize,
) {
    let mut d_weights = (gradients.d_weight).chunks_mut((PART_TOKENS * input_size).max(1));
    let parts = (gradients.d_bias.chunks_mut(PART_TOKENS).enumerate())
        .map(|(index, d_bias)| (index, d_bias, d_weights.next().unwrap_or_default()))
        .collect();
    spread(
        parts,
        |(index, d_bias, d_weight): (usize, &mut [f32], &mut [f32])| {
            let mut tiles = Tiles::default();
            tiles.resize(d_bias.len(), operand.depth());
            for (k, row) in of_logits.chunks_exact(vocab_size).enumerate() {
                let column = &row[index * PART_TOKENS..][..d_bias.len()];
                tiles.set_column(k, column);
                for (sum, gradient) in d_bias.iter_mut().zip(column) {
                    *sum += gradient;
                }
            }
            if input_size > 0 {
                Product {
                    a: &tiles,
                    b: operand,
                    start: Start::Given,
                    c: d_weight,
                    stride: input_size,
                }
                .run(machine);
            }
        },
    );
}
