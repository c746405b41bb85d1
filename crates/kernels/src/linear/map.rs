//! A linear map in panels, and its three products: outputs, gradients of inputs, and of weights.

use crate::arch::{LANES, Lanes, Machine};
use crate::matrix::{ColumnSums, Correlate, Multiply, Panels, Run, Selection, Start, Target, View};
use crate::spread::spread;

/// Rows of the weights.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub(crate) machine: Machine,
    /// `[output_size, input_size]`
    pub(crate) values: &'a [f32],
    pub(crate) input_size: usize,
    pub(crate) output_size: usize,
}

/// Panels of outputs whose products are done together, and the most that are one thread's work at
/// a time.
const BLOCK_PANELS: usize = 32;

impl<'a> Weights<'a> {
    fn row(self, output: usize) -> &'a [f32] {
        match output < self.output_size {
            true => &self.values[output * self.input_size..][..self.input_size],
            false => &[],
        }
    }

    fn output_panels(&self) -> usize {
        self.output_size.div_ceil(LANES)
    }

    fn input_panels(&self) -> usize {
        self.input_size.div_ceil(LANES)
    }

    /// The right operand of [`outputs`](Self::outputs): `Wᵀ [I, O]`.
    pub(crate) fn to_outputs(self) -> Panels {
        Panels::of_columns(
            self.machine,
            self.output_panels(),
            self.input_size,
            |panel| std::array::from_fn(|lane| self.row(panel * LANES + lane)),
        )
    }

    /// The right operand of [`input_gradients`](Self::input_gradients): `W [O, I]`, with zeros for
    /// outputs that do not exist.
    pub(crate) fn to_inputs(self) -> Panels {
        Panels::of_rows(
            self.input_panels(),
            self.output_panels() * LANES,
            |output| self.row(output),
        )
    }

    /// The outputs in blocks, whose products are done one after another: first panel and number
    /// of panels.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let panels = self.output_panels();
        (0..panels)
            .step_by(BLOCK_PANELS)
            .map(move |first| (first, BLOCK_PANELS.min(panels - first)))
    }

    /// A block of `x·Wᵀ`, from where the target starts.
    pub(crate) fn outputs(
        &self,
        to_outputs: &Panels,
        rows: usize,
        x: View<'_>,
        (first, count): (usize, usize),
        y: Target<'_, '_>,
    ) {
        Multiply {
            rows,
            depth: self.input_size,
            a: x,
            b: to_outputs.view(0, 0),
            panels: Selection {
                first,
                step: 1,
                count,
            },
            c: y,
        }
        .run(self.machine);
    }

    /// The share of a block in `d_x = d_y·W`, row-major, the first block's first; `d_y` in panels,
    /// any numbers behind its last output.
    pub(crate) fn input_gradients(
        &self,
        to_inputs: &Panels,
        rows: usize,
        d_y: &Panels,
        (first, count): (usize, usize),
        d_x: &mut [f32],
    ) {
        if self.input_size == 0 {
            return;
        }
        Multiply {
            rows,
            depth: count * LANES,
            a: d_y.view(first, 0),
            b: to_inputs.view(0, first * LANES),
            panels: Selection::all(self.input_panels()),
            c: Target::RowMajor {
                values: d_x,
                columns: self.input_size,
                start: Start::of_part(first),
            },
        }
        .run(self.machine);
    }
}

/// The sums over some rows that make the gradients of weights and bias.
pub(crate) struct WeightGradients<'a> {
    pub(crate) machine: Machine,
    pub(crate) input_size: usize,
    /// Rows in panels, part after part: how many, their inputs, the gradients of their outputs.
    pub(crate) parts: Vec<(usize, View<'a>, View<'a>)>,
    /// `[output_size, input_size]`; empty where it is not wanted.
    pub(crate) d_weight: &'a mut [f32],
    /// `[output_size]`
    pub(crate) d_bias: &'a mut [f32],
    /// Whether the sums of rows before stand there, to be added to.
    pub(crate) continued: bool,
}

/// A thread's share: its first panel of outputs, and the gradients of its weights and bias.
type Share<'a> = (usize, &'a mut [f32], &'a mut [f32]);

impl WeightGradients<'_> {
    /// `d_weight += d_yᵀ·x` and `d_bias += Σ d_y`
    pub(crate) fn run(self) {
        let runs = (self.parts.iter().enumerate()).map(|(block, &(count, ..))| Run {
            block,
            first: 0,
            count,
        });
        let runs: Vec<Run> = runs.collect();
        let x: Vec<View<'_>> = self.parts.iter().map(|&(_, x, _)| x).collect();
        let d_y: Vec<View<'_>> = self.parts.iter().map(|&(.., d_y)| d_y).collect();
        let (machine, input_size) = (self.machine, self.input_size);
        let start = Start::of_part(usize::from(self.continued));
        if !self.continued {
            self.d_bias.fill(0.0);
        }
        // Some shares for each thread, however narrow the map.
        let panels = self.d_bias.len().div_ceil(LANES);
        let panels = panels.div_ceil(8).clamp(1, BLOCK_PANELS);
        let outputs = panels * LANES;
        let mut d_weights = self.d_weight.chunks_mut((outputs * input_size).max(1));
        let shares = (self.d_bias.chunks_mut(outputs).enumerate())
            .map(|(index, d_bias)| (index * panels, d_weights.next().unwrap_or_default(), d_bias));
        spread(shares.collect(), |(first, d_weight, d_bias): Share<'_>| {
            for (panel, d_bias) in (first..).zip(d_bias.chunks_mut(LANES)) {
                let mut sums = Lanes::ZERO;
                for (d_y, run) in d_y.iter().zip(&runs) {
                    machine.run(ColumnSums {
                        rows: d_y.rows(panel, 0, run.count),
                        factors: None,
                        sums: &mut sums,
                    });
                }
                for (value, sum) in d_bias.iter_mut().zip(sums.0) {
                    *value += sum;
                }
                if d_weight.is_empty() {
                    continue;
                }
                Correlate {
                    runs: &runs,
                    rows: d_bias.len(),
                    a: &d_y,
                    a_panel: panel,
                    b: &x,
                    b_panel: 0,
                    panels: Selection::all(input_size.div_ceil(LANES)),
                    c: Target::RowMajor {
                        values: &mut d_weight[(panel - first) * LANES * input_size..],
                        columns: input_size,
                        start,
                    },
                }
                .run(machine);
            }
        });
    }
}
