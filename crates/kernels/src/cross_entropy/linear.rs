//! A linear map and the cross-entropy of its logits in one: some rows at a time, so that neither
//! logits nor probabilities of all rows ever exist together.
//!
//! Rows that do not count cost nothing. Every element of a product is one sum over the depth, and
//! the gradients add up chunks of rows in order: the same bits at any number of threads.

use super::door::Targets;
use super::in_panels::GradientsInPanels;
use crate::arch::{LANES, Lanes, Line, Machine};
use crate::matrix::{ColumnSums, Correlate, Multiply, Panels, Run, Selection, Start, Target, View};
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

/// Rows that are one thread's work at a time.
const PART_ROWS: usize = 96;
/// Rows whose logits exist together.
const CHUNK_ROWS: usize = 4 * PART_ROWS;
/// Panels of tokens that are one thread's work at a time, and the depth of products over tokens.
const PART_PANELS: usize = 32;

fn run(machine: Machine, call: LinearCrossEntropy<'_>) {
    let LinearLogitsShape {
        rows, input_size, ..
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
    let map = Map::new(
        machine,
        call.weight,
        call.bias,
        gradients.is_some(),
        call.shape,
    );
    let mut losses = vec![0.0; CHUNK_ROWS.min(counted.len())];
    let mut d_x = vec![0.0; losses.len() * input_size * usize::from(gradients.is_some())];
    for (index, chunk) in counted.chunks(CHUNK_ROWS).enumerate() {
        let x = |row: usize| &call.x[chunk[row] * input_size..][..input_size];
        let labels: Vec<u32> = chunk.iter().map(|&row| call.labels[row]).collect();
        let mut d_x_parts = d_x.chunks_mut((PART_ROWS * input_size).max(1));
        let mut parts: Vec<Part<'_>> = (labels.chunks(PART_ROWS))
            .zip(losses.chunks_mut(PART_ROWS))
            .enumerate()
            .map(|(index, (labels, losses))| Part {
                x: Panels::of_rows(map.input_panels(), labels.len(), |row| {
                    x(index * PART_ROWS + row)
                }),
                logits: Panels::take(map.vocab_panels(), labels.len()),
                labels,
                losses: &mut losses[..labels.len()],
                d_x: d_x_parts.next().unwrap_or_default(),
            })
            .collect();
        let scale = gradients.as_ref().map(|gradients| gradients.scale);
        spread(parts.iter_mut().collect(), |part: &mut Part<'_>| {
            part.run(&map, call.smoothing, scale);
        });
        if let Some(gradients) = &mut gradients {
            add_weight_gradients(&map, &parts, gradients, index);
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
struct Map {
    machine: Machine,
    input_size: usize,
    vocab_size: usize,
    /// `Wᵀ`, `[I, V]`
    to_logits: Panels,
    /// W, `[V, I]`; `None` where no gradient is asked for.
    to_x: Option<Panels>,
    /// A token that does not exist has a logit of `−∞`.
    biases: Vec<Lanes>,
}

impl Map {
    fn new(
        machine: Machine,
        weight: &[f32],
        bias: &[f32],
        with_gradients: bool,
        shape: LinearLogitsShape,
    ) -> Map {
        let LinearLogitsShape {
            input_size,
            vocab_size,
            ..
        } = shape;
        let token = |token: usize| match token < vocab_size {
            true => &weight[token * input_size..][..input_size],
            false => &[],
        };
        let vocab_panels = vocab_size.div_ceil(LANES);
        let biases = bias.chunks(LANES).map(|bias| {
            let mut lanes = Line([f32::NEG_INFINITY; LANES]);
            lanes.0[..bias.len()].copy_from_slice(bias);
            lanes
        });
        Map {
            machine,
            input_size,
            vocab_size,
            to_logits: Panels::of_columns(machine, vocab_panels, input_size, |panel| {
                std::array::from_fn(|lane| token(panel * LANES + lane))
            }),
            to_x: with_gradients
                .then(|| Panels::of_rows(input_size.div_ceil(LANES), vocab_panels * LANES, token)),
            biases: biases.collect(),
        }
    }

    fn input_panels(&self) -> usize {
        self.input_size.div_ceil(LANES)
    }

    fn vocab_panels(&self) -> usize {
        self.vocab_size.div_ceil(LANES)
    }
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
    fn run(&mut self, map: &Map, smoothing: f64, scale: Option<f64>) {
        let rows = self.labels.len();
        Multiply {
            rows,
            depth: map.input_size,
            a: self.x.view(0, 0),
            b: map.to_logits.view(0, 0),
            panels: Selection::all(map.vocab_panels()),
            c: Target::Biased(&map.biases, self.logits.view_mut(0, 0)),
        }
        .run(map.machine);
        map.machine.run(GradientsInPanels {
            targets: Targets {
                labels: self.labels,
                mask: None,
                smoothing,
                vocab_size: map.vocab_size,
            },
            scale: scale.unwrap_or(1.0),
            logits: self.logits.view_mut(0, 0),
            losses: self.losses,
        });
        let Some(to_x) = map.to_x.as_ref().filter(|_| map.input_size > 0) else {
            return;
        };
        for first in (0..map.vocab_panels()).step_by(PART_PANELS) {
            Multiply {
                rows,
                depth: PART_PANELS.min(map.vocab_panels() - first) * LANES,
                a: self.logits.view(first, 0),
                b: to_x.view(0, first * LANES),
                panels: Selection::all(map.input_panels()),
                c: Target::RowMajor {
                    values: self.d_x,
                    columns: map.input_size,
                    start: Start::of_part(first),
                },
            }
            .run(map.machine);
        }
    }
}

/// `d_weight += Gᵀ·x` and `d_bias += Σ G` for the gradients G `[rows, V]` of a chunk's logits.
fn add_weight_gradients(
    map: &Map,
    parts: &[Part<'_>],
    gradients: &mut LinearGradients<'_>,
    chunk: usize,
) {
    let input_size = map.input_size;
    let logits: Vec<View<'_>> = parts.iter().map(|part| part.logits.view(0, 0)).collect();
    let x: Vec<View<'_>> = parts.iter().map(|part| part.x.view(0, 0)).collect();
    let runs = parts.iter().enumerate().map(|(block, part)| Run {
        block,
        first: 0,
        count: part.labels.len(),
    });
    let runs: Vec<Run> = runs.collect();
    let tokens = PART_PANELS * LANES;
    let mut d_weights = (gradients.d_weight).chunks_mut((tokens * input_size).max(1));
    let tasks = (gradients.d_bias.chunks_mut(tokens).enumerate())
        .map(|(index, d_bias)| (index, d_bias, d_weights.next().unwrap_or_default()))
        .collect();
    spread(
        tasks,
        |(index, d_bias, d_weight): (usize, &mut [f32], &mut [f32])| {
            for (panel, d_bias) in (index * PART_PANELS..).zip(d_bias.chunks_mut(LANES)) {
                let mut sums = Lanes::ZERO;
                for (logits, run) in logits.iter().zip(&runs) {
                    map.machine.run(ColumnSums {
                        rows: logits.rows(panel, 0, run.count),
                        factors: None,
                        sums: &mut sums,
                    });
                }
                for (value, sum) in d_bias.iter_mut().zip(sums.0) {
                    *value += sum;
                }
                if input_size == 0 {
                    continue;
                }
                let first = (panel - index * PART_PANELS) * LANES * input_size;
                Correlate {
                    runs: &runs,
                    rows: d_bias.len(),
                    a: &logits,
                    a_panel: panel,
                    b: &x,
                    b_panel: 0,
                    panels: Selection::all(map.input_panels()),
                    c: Target::RowMajor {
                        values: &mut d_weight[first..],
                        columns: input_size,
                        start: Start::of_part(chunk),
                    },
                }
                .run(map.machine);
            }
        },
    );
}
