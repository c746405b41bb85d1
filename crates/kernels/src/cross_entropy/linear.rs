//! A linear map and the cross-entropy of its logits in one: some rows at a time, so that neither
//! logits nor probabilities of all rows ever exist together.
//!
//! Rows that do not count cost nothing. Every element of a product is one sum over the depth, and
//! the gradients add up chunks of rows in order: the same bits at any number of threads.

use super::door::Targets;
use super::in_panels::{Block, BlockGradients, Exponentials, Softmax};
use crate::arch::{LANES, Lanes, Line, Machine};
use crate::linear::map::{WeightGradients, Weights};
use crate::matrix::{Panels, Target, tiles};
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

/// Parts of a chunk: some for each thread.
const PARTS: usize = 8;
/// Rows whose logits exist together.
const CHUNK_ROWS: usize = PARTS * 112;

fn run(machine: Machine, call: LinearCrossEntropy<'_>) {
    let LinearLogitsShape {
        rows,
        input_size,
        vocab_size,
    } = call.shape;
    call.losses.fill(0.0);
    let mut gradients = call.gradients;
    let counts = |&row: &usize| call.mask.is_none_or(|mask| mask[row]);
    let counted: Vec<usize> = (0..rows).filter(counts).collect();
    if let Some(gradients) = &mut gradients {
        gradients.d_x.fill(0.0);
        if counted.is_empty() {
            gradients.d_weight.fill(0.0);
            gradients.d_bias.fill(0.0);
        }
    }
    if counted.is_empty() {
        return;
    }
    let weights = Weights {
        machine,
        values: call.weight,
        input_size,
        output_size: vocab_size,
    };
    let map = Map {
        to_logits: weights.to_outputs(),
        to_x: gradients.is_some().then(|| weights.to_inputs()),
        biases: biases(call.bias),
        weights,
    };
    let mut losses = vec![0.0; CHUNK_ROWS.min(counted.len())];
    let mut d_x = vec![0.0; losses.len() * input_size * usize::from(gradients.is_some())];
    // Chunks and parts of like size: a small last one would cost a pass over all weights, and
    // one thread would wait for it.
    for (first, count) in tiles(counted.len(), CHUNK_ROWS) {
        let chunk = &counted[first..][..count];
        let labels: Vec<u32> = chunk.iter().map(|&row| call.labels[row]).collect();
        let (mut rest_of_losses, mut rest_of_d_x) = (&mut losses[..count], &mut d_x[..]);
        let mut parts = Vec::new();
        for (first, rows) in tiles(count, count.div_ceil(PARTS)) {
            let x = |row: usize| &call.x[chunk[first + row] * input_size..][..input_size];
            let (losses, rest) = rest_of_losses.split_at_mut(rows);
            rest_of_losses = rest;
            let d_x_len = (rows * input_size).min(rest_of_d_x.len());
            let (d_x, rest) = rest_of_d_x.split_at_mut(d_x_len);
            rest_of_d_x = rest;
            parts.push(Part {
                x: Panels::of_rows(input_size.div_ceil(LANES), rows, x),
                logits: Panels::take(map.biases.len(), rows),
                labels: &labels[first..][..rows],
                losses,
                d_x,
            });
        }
        let scale = gradients.as_ref().map(|gradients| gradients.scale);
        spread(parts.iter_mut().collect(), |part: &mut Part<'_>| {
            part.run(&map, call.smoothing, scale);
        });
        if let Some(gradients) = &mut gradients {
            let views = (parts.iter())
                .map(|part| (part.labels.len(), part.x.view(0, 0), part.logits.view(0, 0)));
            WeightGradients {
                machine,
                input_size,
                parts: views.collect(),
                d_weight: gradients.d_weight,
                d_bias: gradients.d_bias,
                continued: first > 0,
            }
            .run();
        }
        drop(parts);
        for (&row, loss) in chunk.iter().zip(&losses) {
            call.losses[row] = *loss;
        }
        if let Some(gradients) = &mut gradients {
            for (&row, d_x) in chunk.iter().zip(d_x.chunks_exact(input_size.max(1))) {
                gradients.d_x[row * input_size..][..input_size].copy_from_slice(d_x);
            }
        }
    }
}

/// The linear map, packed.
struct Map<'a> {
    weights: Weights<'a>,
    to_logits: Panels,
    /// `None` where no gradient is asked for.
    to_x: Option<Panels>,
    biases: Vec<Lanes>,
}

/// By panels; a token that does not exist has a logit of `−∞`.
fn biases(bias: &[f32]) -> Vec<Lanes> {
    let panels = bias.chunks(LANES).map(|bias| {
        let mut lanes = Line([f32::NEG_INFINITY; LANES]);
        lanes.0[..bias.len()].copy_from_slice(bias);
        lanes
    });
    panels.collect()
}

/// Some rows of a chunk.
struct Part<'a> {
    x: Panels,
    /// The logits, then their gradients.
    logits: Panels,
    labels: &'a [u32],
    losses: &'a mut [f32],
    /// Empty where no gradient is asked for.
    d_x: &'a mut [f32],
}

impl Part<'_> {
    /// From x to the losses, and back to the gradients of the logits and of x.
    fn run(&mut self, map: &Map<'_>, smoothing: f64, scale: Option<f64>) {
        let rows = self.labels.len();
        let targets = Targets {
            labels: self.labels,
            mask: None,
            smoothing,
            vocab_size: map.weights.output_size,
        };
        let mut softmax = Softmax::of_rows(rows);
        for (first, count) in map.weights.blocks() {
            let logits = Target::Biased(&map.biases, self.logits.view_mut(0, 0));
            let x = self.x.view(0, 0);
            (map.weights).outputs(&map.to_logits, rows, x, (first, count), logits);
            map.weights.machine.run(Exponentials {
                targets,
                block: Block {
                    first,
                    count,
                    logits: self.logits.view_mut(first, 0),
                },
                softmax: &mut softmax,
            });
        }
        softmax.losses(targets, self.losses);
        let (Some(to_x), Some(scale)) = (&map.to_x, scale) else {
            return;
        };
        for (index, (first, count)) in map.weights.blocks().enumerate() {
            map.weights.machine.run(BlockGradients {
                targets,
                scale,
                index,
                block: Block {
                    first,
                    count,
                    logits: self.logits.view_mut(first, 0),
                },
                softmax: &softmax,
            });
            let d_logits = &self.logits;
            (map.weights).input_gradients(to_x, rows, d_logits, (first, count), self.d_x);
        }
    }
}
